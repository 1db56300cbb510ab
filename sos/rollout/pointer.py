"""What the pointer's keys mean: which release is live, which one is a canary, and what was before.

In: keys of a `KeyStore`, bytes that anybody may have written by hand. Out: a `Pointing`, which
never names what is not a release id. Every change is one transaction with the line of history that
tells who made it and why; nothing here decides whether a change is a good one.
"""

import string
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sos.errors import ActivationError
from sos.release.bundle import is_release_id
from sos.rollout.ports import KeyRead, KeyStore, Write

RELEASE_KEY = "templateRelease"
CANARY_KEY = "templateReleaseCanary"
HISTORY_KEY = "history"
"""Not below the name of the other two, so that who watches these is not woken by it."""

HISTORY_ENTRIES = 100
"""Activations that are remembered."""

BY_CHARACTERS, WHY_CHARACTERS = 80, 500
"""Longest name and reason that are remembered, characters."""

RAW_BYTES = 128
"""How much of a value is kept for messages."""

CANARY_BYTES = 1024
"""Longest value that may be a canary."""

Kind = Literal["activate", "rollback", "revert", "canary"]


class Canary(msgspec.Struct, frozen=True):
    """A release for a part of the fleet; ``percent`` is above 0 and at most 100."""

    release: str
    percent: Annotated[float, Meta(gt=0, le=100)]


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """One line of history: what became live instead of what, when (epoch seconds), by whom, why.

    For ``canary``, ``release`` is the canary's and ``previous`` what most of the fleet serves.
    """

    release: str
    previous: str = ""
    at: float
    by: str = ""
    why: str = ""
    kind: Kind = "activate"


class Pointing(msgspec.Struct, frozen=True):
    """What the pointer said at one moment.

    ``release`` is None when there is a ``problem``: the key is ``missing``, or its value is no
    release id (``invalid``; ``raw`` begins it). ``index`` is what to wait with; ``release_index``
    and ``canary_index`` are what a change is compared with, 0 for a key that is not there. A canary
    that can't be read counts as none; ``canary_problem`` says why.
    """

    index: int
    release: str | None = None
    problem: Literal["", "missing", "invalid"] = ""
    raw: bytes = b""
    release_index: int = 0
    canary: Canary | None = None
    canary_index: int = 0
    canary_problem: str = ""


def parse_pointing(read: KeyRead, prefix: str) -> Pointing:
    """What the keys below ``prefix`` say. White space around the id is not part of it.

    Never raises, whatever the values are: a pointer that makes no sense is a fact to be told.
    """
    canary, canary_index, canary_problem = _parse_canary(read, prefix)
    entry = read.entries.get(_name(prefix, RELEASE_KEY))
    if entry is None:
        return Pointing(
            read.index, None, "missing", b"", 0, canary, canary_index, canary_problem
        )  # fmt: skip
    release = entry.value[: 2 * RAW_BYTES].decode("ascii", "replace").strip(string.whitespace)
    valid = len(entry.value) <= 2 * RAW_BYTES and is_release_id(release)
    return Pointing(
        index=read.index,
        release=release if valid else None,
        problem="" if valid else "invalid",
        raw=entry.value[:RAW_BYTES],
        release_index=entry.index,
        canary=canary,
        canary_index=canary_index,
        canary_problem=canary_problem,
    )


def _parse_canary(read: KeyRead, prefix: str) -> tuple[Canary | None, int, str]:
    """Canary, index, problem."""
    entry = read.entries.get(_name(prefix, CANARY_KEY))
    if entry is None:
        return None, 0, ""
    if len(entry.value) > CANARY_BYTES:
        return None, entry.index, f"longer than {CANARY_BYTES} bytes"
    try:
        canary = msgspec.json.decode(entry.value, type=Canary)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        return None, entry.index, str(exc)[:200]
    if not is_release_id(canary.release):
        return None, entry.index, "names no release"
    return canary, entry.index, ""


def parse_history(value: bytes) -> tuple[Activation, ...]:
    """Activations, newest first; lines that are none are left out. Never raises."""
    try:
        lines = msgspec.json.decode(value, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()
    found = (_parse_activation(line) for line in lines[:HISTORY_ENTRIES])
    return tuple(activation for activation in found if activation is not None)


def _parse_activation(line: msgspec.Raw) -> Activation | None:
    try:
        activation = msgspec.json.decode(line, type=Activation)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return _bound(activation) if is_release_id(activation.release) else None


def _bound(activation: Activation) -> Activation:
    """With text that may be printed on a terminal, and is not long."""
    return msgspec.structs.replace(
        activation,
        previous=activation.previous if is_release_id(activation.previous) else "",
        by=_printable(activation.by, BY_CHARACTERS),
        why=_printable(activation.why, WHY_CHARACTERS),
    )


def _printable(text: str, limit: int) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:limit]


def _name(prefix: str, key: str) -> str:
    return f"{prefix}/{key}" if prefix else key


class Pointer:
    """The keys below ``prefix`` of a store; an empty prefix is the store's root.

    Every method raises what `KeyStore` raises.
    """

    def __init__(self, keys: KeyStore, prefix: str = "") -> None:
        self._keys = keys
        self._prefix = prefix.strip("/")

    async def fetch(
        self, index: int = 0, wait: float = 0.0, consistent: bool = False
    ) -> Pointing:  # fmt: skip
        """What the pointer says; see `KeyStore.fetch` for how ``index`` and ``wait`` wait."""
        watched = _name(self._prefix, RELEASE_KEY)
        read = await self._keys.fetch(watched, index=index, wait=wait, consistent=consistent)
        return parse_pointing(read, self._prefix)

    async def fetch_history(self) -> tuple[Activation, ...]:
        """The last 100 activations, newest first; none where the record can't be read."""
        return (await self._fetch_history())[0]

    async def activate(self, activation: Activation, expected: Pointing) -> bool:
        """Make a release live, where the pointer still is as ``expected``; False where it is not.

        One transaction with the history. A canary of the same release ends: it is everywhere now.
        False also means that somebody else wrote at the same moment: read again, then decide. When
        a KeyStoreError is raised, the change may have been made, or may still be made a few seconds
        later: read again. Raises ActivationError for what is no release id.
        """
        _require_release(activation.release)
        release = activation.release.encode()
        writes = [Write(_name(self._prefix, RELEASE_KEY), release, expected.release_index)]
        if expected.canary is not None and expected.canary.release == activation.release:
            writes.append(Write(_name(self._prefix, CANARY_KEY), None, expected.canary_index))
        return await self._write(writes, activation)

    async def set_canary(
        self, canary: Canary | None, expected: Pointing, activation: Activation
    ) -> bool:
        """Give a part of the fleet another release, or end that (None); as `activate`.

        Raises ActivationError for what is no release id, or no percentage.
        """
        value = None
        if canary is not None:
            _require_release(canary.release)
            if not 0 < canary.percent <= 100:
                raise ActivationError(f"{canary.percent} is not a percentage of the fleet")
            value = msgspec.json.encode(canary)
        write = Write(_name(self._prefix, CANARY_KEY), value, expected.canary_index)
        return await self._write([write], activation)

    async def _write(self, writes: list[Write], activation: Activation) -> bool:
        """Write keys together with a new line of history."""
        history, index = await self._fetch_history()
        lines = (_bound(activation), *history)[:HISTORY_ENTRIES]
        name = _name(self._prefix, HISTORY_KEY)
        # The pointer first: should a store stop half-way, what was asked for has happened.
        return await self._keys.compare_and_set(
            [*writes, Write(name, msgspec.json.encode(lines), index)]
        )

    async def _fetch_history(self) -> tuple[tuple[Activation, ...], int]:
        """History, and the index of its key."""
        name = _name(self._prefix, HISTORY_KEY)
        entry = (await self._keys.fetch(name)).entries.get(name)
        return (parse_history(entry.value), entry.index) if entry else ((), 0)


def _require_release(release: str) -> None:
    if not is_release_id(release):
        raise ActivationError(f"{release[:80]!r} is not a release id")
