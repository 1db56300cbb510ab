"""The register of a fleet in Redis: nodes say there that they live, and read who else does.

In: reports of this node. Out: how many nodes live, and who they are. Only the server's clock
counts. What others wrote is not trusted: an entry that is no sound report is skipped and counted.
"""

import math
import struct
from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any

import msgspec
from redis.exceptions import NoScriptError

from sos.adapters.redis.answers import sound_answer
from sos.adapters.redis.connect import connect, deadline
from sos.errors import StoreUnavailableError
from sos.rollout.fleet import LOST_SECONDS, Roster
from sos.rollout.ports import NodeReport, Quorum

MAX_TTL = 600.0
"""Longest time to live of a report, seconds."""

LONGEST_REPORT = 16 * 1024
"""Longest entry that is read, bytes. A report is about 1,500."""

LONGEST_TEXT = 2000
"""Characters of a reason that are kept: it may be an error with the whole of a template in it."""

_LONGEST_JSON = 3 * LONGEST_TEXT
"""Bytes that such a text may take; two of them leave room for the rest of a report."""

MAX_NODES = 5000
"""Nodes that are read at once."""

IDLE_SECONDS = 3600
"""A register that nobody writes to vanishes after this time."""

_REPORT, _ROSTER, _MAJORITY = (
    files("sos.adapters.redis").joinpath(f"{name}.lua").read_text(encoding="utf-8")
    for name in ("report", "roster", "majority")
)

_decoder = msgspec.json.Decoder(NodeReport)


class RedisFleet:
    """The nodes of one site; fills FleetRegister."""

    def __init__(self, url: str, host: str, timeout_ms: int = 250) -> None:
        self._client: Any = connect(url, timeout_ms, max_connections=4)
        self._key = f"sos:{{{host}}}:nodes"
        self._deadline = timeout_ms / 1000 * 2

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()
        # Clients of sentinels belong to whoever asked for the master.
        pool = getattr(self._client, "connection_pool", None)
        if sentinel := getattr(pool, "sentinel_manager", None):
            await sentinel.aclose()

    async def report(self, report: NodeReport, ttl: float) -> Quorum:
        """Say that this node lives, for ``ttl`` seconds, at most 600; ``report.at`` is not used.

        ``serving`` of the answer is 0 as long as the register is younger than ``ttl``: it was
        emptied, and nodes that serve something else may not have spoken yet.
        """
        if not 0 < ttl <= MAX_TTL:
            raise ValueError(f"a time to live between 0 and {MAX_TTL:.0f} s is needed, not {ttl}")
        words = [report.release or "", report.target or "", _encode(report, ttl)]
        return await self._write(report.node, ttl, *words)

    async def withdraw(self, node: str) -> None:
        """This node ends; it is not missed."""
        await self._write(node, 0, "", "", b"")

    async def fetch_nodes(self) -> tuple[NodeReport, ...]:
        """The nodes that live, by name."""
        return (await self.fetch_roster()).nodes

    async def fetch_roster(self) -> Roster:
        """The nodes that live, and those that fell silent in the last five minutes."""
        words = [LOST_SECONDS, LONGEST_REPORT, MAX_NODES]
        answer = await self._script(_ROSTER, words)
        with sound_answer():
            now, unreadable, *rest = answer
            nodes: list[NodeReport] = []
            lost: list[NodeReport] = []
            for name, body, alive in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
                if report := parse_report(name, body):
                    (nodes if alive else lost).append(report)
                else:
                    unreadable += 1
            for found in (nodes, lost):
                found.sort(key=lambda r: r.node)
            return Roster(float(now), tuple(nodes), tuple(lost), unreadable)

    async def fetch_majority(self) -> str | None:
        """The release that most live nodes serve, of equals the newest; None without any."""
        answer = await self._script(_MAJORITY, [])
        with sound_answer():
            return answer.decode() or None

    async def _write(self, node: str, *words: Any) -> Quorum:
        answer = await self._script(_REPORT, [node, *words, LOST_SECONDS, MAX_TTL, IDLE_SECONDS])
        with sound_answer():
            live, serving = answer
            return Quorum(live, serving)

    async def _script(self, script: str, words: Sequence[Any]) -> Any:
        """Run a script under one deadline, with the driver's errors made our own."""
        sha = sha1(script.encode(), usedforsecurity=False).hexdigest()
        try:
            async with deadline(self._deadline):
                try:
                    return await self._client.evalsha(sha, 1, self._key, *words)
                except NoScriptError:  # a server that is new, restarted, or had SCRIPT FLUSH
                    return await self._client.eval(script, 1, self._key, *words)
        # Given nonsense, the driver raises whatever its parsers happen to.
        except Exception as exc:
            detail = str(exc) or type(exc).__name__
            raise StoreUnavailableError(f"the register of nodes did not answer: {detail}") from exc


def parse_report(name: bytes, body: bytes) -> NodeReport | None:
    """The report that ``name`` left in the register; None for anything that is not sound.

    Sound are JSON of the right types, the node's own name, finite numbers that fit 64 bits.
    """
    try:
        report = _decoder.decode(body)
        if report.node.encode() != name:
            return None
        seen = (number for pair in report.content_seen for number in pair)
        for value in (*msgspec.structs.astuple(report), *seen):
            if isinstance(value, float) and not math.isfinite(value):
                return None
            if isinstance(value, int):
                struct.pack("q", value)
    except (msgspec.MsgspecError, UnicodeError, struct.error):
        return None
    return report


def _encode(report: NodeReport, ttl: float) -> bytes:
    """A report as the script wants it: without its end, and with ``ttl`` for other readers."""
    members = msgspec.structs.asdict(report)
    del members["at"]
    for name in ("reason", "refusal"):
        members[name] = _shorten(members[name])
    return msgspec.json.encode({**members, "ttl": ttl})[:-1]


def _shorten(text: str) -> str:
    """As much of a text as a report has room for: one character may take up to six bytes."""
    text = text[:LONGEST_TEXT]
    while len(msgspec.json.encode(text)) > _LONGEST_JSON:
        text = text[: len(text) * 3 // 4]
    return text
