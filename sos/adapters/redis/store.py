"""One site's content in Redis: every call of the ports, as few round trips as it takes.

Reads never retry: who asks has a last good copy to fall back on.
"""

from collections.abc import Awaitable, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, TypeVar

from redis.exceptions import NoScriptError

from sos.adapters.redis.answers import (
    is_visible,
    parse_entry,
    parse_found,
    sound_answer,
    touched_by_time,
    write_topics,
)
from sos.adapters.redis.connect import connect, deadline
from sos.content.preview import MAX_BYTES as MAX_PREVIEW
from sos.content.store import Candidate, Changes, Due, Entry, Found, Operation
from sos.errors import StoreIncompleteError, StoreUnavailableError

T = TypeVar("T")

_READ = files("sos.content").joinpath("read.lua").read_text(encoding="utf-8")
_APPLY = files("sos.content").joinpath("apply.lua").read_text(encoding="utf-8")

_HOLDING = files("sos.content").joinpath("holding.lua").read_text(encoding="utf-8")

_SHA = {s: sha1(s.encode(), usedforsecurity=False).hexdigest() for s in (_READ, _APPLY, _HOLDING)}

SCHEMA = b"1"
"""The schema that the scripts speak."""

# Fields of ``meta`` that say how long other keys are; a difference means that keys were lost.
_LENGTHS = {
    "doc": "docs", "entry": "docs", "path": "paths", "old": "old", "gone": "gone",
    "size": "lists", "at": "at", "until": "until",
}  # fmt: skip

_LENGTH_OF = {"at": "ZCARD", "until": "ZCARD"}

MAX_SEARCHED = 50
"""Documents that the server looks through at a time, for about a millisecond."""

MAX_BLOCK_MS = 10_000
"""Longest wait for an event that `RedisStore.fetch_changes` may be asked for, milliseconds."""


class RedisStore:
    """One site's content in Redis; fills ContentReader and ContentWriter."""

    def __init__(self, url: str, host: str, timeout_ms: int = 250) -> None:
        self._client: Any = connect(url, timeout_ms)
        # Waiting for events must outlast the time-out of ordinary calls.
        self._waiter: Any = connect(url, timeout_ms + MAX_BLOCK_MS, max_connections=4)
        self._prefix = f"sos:{{{host}}}:"
        self._timeout = timeout_ms / 1000

    async def aclose(self) -> None:
        """Close every connection."""
        for client in (self._client, self._waiter):
            await client.aclose()
            # Clients of sentinels belong to whoever asked for the master.
            if sentinel := getattr(
                getattr(client, "connection_pool", None), "sentinel_manager", None
            ):
                await sentinel.aclose()

    # ------------------------------------------------------------ reading

    async def fetch_page(
        self, candidates: Sequence[Candidate], now: int, common_rev: int, held_rev: int = -1
    ) -> Found:
        words: list[Any] = [now, common_rev, held_rev]
        for c in candidates:
            words += [c.how, c.value, c.number, c.count, write_topics(c.topics)]
        answer = await self._guard(self._script(_READ, words))
        with sound_answer():
            return parse_found(answer)

    async def fetch_changes(self, rev: int, epoch: str, block_ms: int) -> Changes:
        if block_ms:
            await self._wait_for_event(rev, block_ms)
        state, *lengths, touched = await self._transaction(
            ("HGETALL", self._key("meta")),
            *((_LENGTH_OF.get(n, "HLEN"), self._key(n)) for n in _LENGTHS),
            ("ZRANGEBYSCORE", self._key("touched"), f"({rev}", "+inf"),
        )
        with sound_answer():
            meta = {k.decode(): v for k, v in state.items()}
            if meta.get("schema", SCHEMA) != SCHEMA:
                raise StoreUnavailableError("the content store is of another schema than 1")
            now_rev, now_epoch = int(meta.get("rev", 0)), meta.get("epoch", b"").decode()
            known = [int(meta.get(field, -1)) for field in _LENGTHS.values()]
            return Changes(
                rev=now_rev,
                epoch=now_epoch,
                complete=meta.get("ready") == b"1" and known == lengths,
                touched=frozenset(t.decode() for t in touched),
                # Every revision has names; where there are none, they were lost.
                everything=now_rev < rev
                or (bool(epoch) and now_epoch != epoch)
                or (now_rev > rev and not touched),
            )

    async def fetch_due(self, now: int, limit: int) -> tuple[Due, ...]:
        some = ("WITHSCORES", "LIMIT", 0, limit)
        answers = await self._transaction(
            *(("ZRANGEBYSCORE", self._key(n), f"({now}", "+inf", *some) for n in ("at", "until"))
        )
        with sound_answer():
            flat = [word for answer in answers for word in answer]
            times = sorted(
                (int(float(at)), ref) for ref, at in zip(flat[::2], flat[1::2], strict=True)
            )[:limit]
        if not times:
            return ()
        entries, *dependents = await self._transaction(
            ("HMGET", self._key("entry"), *(ref for _, ref in times)),
            *(("SMEMBERS", self._key("rdeps:") + ref.decode()) for _, ref in times),
        )
        with sound_answer():
            return tuple(
                Due(at, touched_by_time(entry, refs))
                for (at, ref), json, refs in zip(times, entries, dependents, strict=True)
                if (entry := parse_entry(ref, json))
            )

    async def fetch_sizes(self) -> dict[str, int]:
        sizes = await self._guard(self._client.hgetall(self._key("size")))
        with sound_answer():
            return {name.decode(): int(size) for name, size in sizes.items()}

    async def fetch_entries(self, name: str, start: int, count: int, now: int) -> tuple[Entry, ...]:
        key = self._key(f"list:{name}")
        members, length, size = await self._transaction(
            ("ZRANGE", key, start, start + count - 1),
            ("ZCARD", key),
            ("HGET", self._key("size"), name),
        )
        kind = "term" if name.startswith("terms:") else "user" if name == "users" else "post"
        with sound_answer():
            if length != int(size or 0):
                raise StoreIncompleteError(f"the content store lost the list {name}")
            refs = [f"{kind}:{int(m)}".encode() for m in members]
            return tuple(e for e in await self._entries(refs) if e and is_visible(e, now))

    async def fetch_holding(self, refs: Sequence[str], words: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for start in range(0, len(refs), MAX_SEARCHED):
            asked = [len(words), *words, *refs[start : start + MAX_SEARCHED]]
            answer = await self._guard(self._script(_HOLDING, asked))
            with sound_answer():
                pairs = zip(answer[::2], answer[1::2], strict=True)
                found |= {ref.decode(): bytes(memoryview(json)) for ref, json in pairs}
        return found

    async def fetch_preview(self, preview_id: str) -> bytes | None:
        # Not GET: what lies there may be longer than anything that is read. One byte more tells.
        key = self._key(f"preview:{preview_id}")
        value = await self._guard(self._client.getrange(key, 0, MAX_PREVIEW))
        return bytes(memoryview(value)) or None

    # ------------------------------------------------------------ writing

    async def take_sequence(self) -> int:
        number = await self._guard(self._client.incr(self._key("seq")))
        with sound_answer():
            return int(number)

    async def apply(self, operations: Sequence[Operation]) -> tuple[str, ...]:
        words: list[Any] = [""]
        for o in operations:
            words += [o.op, o.ref, o.seq, o.json]
        outcomes = await self._guard(self._script(_APPLY, words), patient=True)
        with sound_answer():
            told = tuple(o.decode() for o in outcomes)
            if len(told) != len(operations):
                raise ValueError(f"{len(told)} outcomes of {len(operations)} operations")
            return told

    async def fetch_all_entries(self) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        cursor = 0
        while True:
            cursor, batch = await self._guard(
                self._client.hscan(self._key("entry"), cursor, count=1000), patient=True
            )
            with sound_answer():
                for ref, json in batch.items():
                    if entry := parse_entry(ref, json):
                        entries[entry.ref] = entry
            if not cursor:
                return entries

    async def fetch_documents(self, refs: Sequence[str]) -> dict[str, bytes]:
        if not refs:
            return {}
        found = await self._guard(self._client.hmget(self._key("doc"), list(refs)), patient=True)
        with sound_answer():
            return {
                r: bytes(memoryview(d)) for r, d in zip(refs, found, strict=True) if d is not None
            }

    async def fetch_meta(self) -> dict[str, str]:
        meta = await self._guard(self._client.hgetall(self._key("meta")))
        with sound_answer():
            return {k.decode(): v.decode(errors="replace") for k, v in meta.items()}

    async def save_state(self, name: str, value: bytes | None) -> None:
        if value is None:
            await self._guard(self._client.hdel(self._key("state"), name))
        else:
            await self._guard(self._client.hset(self._key("state"), name, value))

    async def fetch_state(self, name: str) -> bytes | None:
        value = await self._guard(self._client.hget(self._key("state"), name))
        with sound_answer():
            return None if value is None else bytes(memoryview(value))

    # ------------------------------------------------------------ within

    def _key(self, name: str) -> str:
        return self._prefix + name

    async def _script(self, script: str, words: list[Any]) -> Any:
        try:
            return await self._client.evalsha(_SHA[script], 1, self._key("meta"), *words)
        except NoScriptError:  # a server that is new, restarted, or had SCRIPT FLUSH
            return await self._client.eval(script, 1, self._key("meta"), *words)

    async def _wait_for_event(self, rev: int, block_ms: int) -> None:
        """Return when the stream has an event past ``rev`` or the time is over."""
        await self._guard(
            self._waiter.xread({self._key("events"): f"{rev}-0"}, count=1, block=block_ms),
            extra=block_ms / 1000,
        )

    async def _entries(self, refs: Sequence[bytes]) -> list[Entry | None]:
        if not refs:
            return []
        found = await self._guard(self._client.hmget(self._key("entry"), list(refs)))
        return [parse_entry(r, json) for r, json in zip(refs, found, strict=True)]

    async def _transaction(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Answers to commands, all of one moment."""

        async def execute() -> list[Any]:
            async with self._client.pipeline(transaction=True) as pipe:
                for command in commands:
                    # The methods named after commands fail in a cluster's transactions.
                    pipe.execute_command(*command)
                answers: list[Any] = await pipe.execute()
                return answers

        return await self._guard(execute())

    async def _guard(self, call: Awaitable[T], *, patient: bool = False, extra: float = 0.0) -> T:
        """Await a driver's call under one deadline, with the driver's errors made our own."""
        # The socket's own time-outs restart with every byte and every reconnect; this one does not.
        seconds = 30.0 if patient else self._timeout * 2 + extra
        try:
            async with deadline(seconds):
                return await call
        # Given nonsense, the driver raises whatever its parsers happen to.
        except Exception as exc:
            detail = str(exc) or type(exc).__name__
            raise StoreUnavailableError(f"the content store did not answer: {detail}") from exc
