"""Consul's keys behind the port of `rollout.ports.KeyStore`.

In: names, values, an index to wait with. Out: what Consul says, as it says it: the rules of its
index are `rollout.watch`'s business. An exception of a driver never leaves this module.
"""

import base64
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Self

import msgspec

from sos.adapters.consul.connection import ConsulConnection
from sos.adapters.consul.environment import ConsulAddress, parse_environment
from sos.errors import KeyStoreDeniedError, KeyStoreError
from sos.rollout.ports import KeyEntry, KeyRead, Write

if TYPE_CHECKING:
    from sos.adapters.consul.driver import Driver

JITTER = 1 / 16
"""Share of a wait that Consul may add to it (Consul documentation, "Blocking queries")."""

_CHECKS = frozenset({"cas", "check-index", "check-not-exists"})
"""Operations that fail when a key is not as it was."""


class _Row(msgspec.Struct):
    """One key of an answer; py-consul has decoded the value. An empty one is null."""

    Key: str
    Value: bytes | None
    ModifyIndex: Annotated[int, msgspec.Meta(ge=1)]


class _Fault(msgspec.Struct):
    """Why a transaction was rolled back: which operation, and in words that change with Consul."""

    OpIndex: int
    What: str = ""


class _Conflict(msgspec.Struct):
    Errors: list[_Fault] | None = None


class ConsulKeys:
    """A `KeyStore` in Consul. ``timeout`` bounds whatever does not wait, in seconds.

    Where Consul differs from the port: a write that changes nothing gives a key no new index, and
    while no key has the prefix, a write anywhere ends a wait.
    """

    def __init__(self, address: ConsulAddress, *, timeout: float = 5.0) -> None:
        self._connection = ConsulConnection(address, timeout)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The agent of CONSUL_HTTP_ADDR and its relatives. Raises SettingsError."""
        return cls(parse_environment(os.environ if environ is None else environ))

    async def fetch(
        self, prefix: str, *, index: int = 0, wait: float = 0.0, consistent: bool = False
    ) -> KeyRead:
        """See `KeyStore.fetch`. A wait may take a sixteenth longer; Consul bounds it to 10 min."""
        _require_name(prefix)
        waits = index > 0 and wait > 0
        timeout = self._connection.timeout + (wait * (1 + JITTER) if waits else 0)

        async def question(driver: "Driver") -> KeyRead:
            found, rows = await driver.kv.get(
                prefix,
                recurse=True,
                index=index if waits else None,
                wait=f"{max(1, round(wait * 1000))}ms" if waits else None,
                consistency="consistent" if consistent else None,
                connections_timeout=timeout,
            )
            return _parse_read(found, rows, prefix)

        read = await self._connection.ask(question)
        if prefix and prefix not in read.entries:
            await self._require_allowed(prefix)
        return read

    async def _require_allowed(self, name: str) -> None:
        """Raise KeyStoreDeniedError where the token may not read a key.

        Consul leaves keys that may not be read out of the answer for a prefix, so that "denied"
        looks like "not there"; only the key itself is answered with 403.
        """
        await self._connection.ask(lambda driver: driver.kv.get(name))

    async def compare_and_set(self, writes: Sequence[Write]) -> bool:
        """See `KeyStore.compare_and_set`: one transaction, at most 512 KiB of base64 and JSON.

        When KeyStoreError is raised, the transaction may have been made, or not, or still be made:
        a server without a leader holds it for 7 s, and a hung one until it wakes up.
        """
        if not writes:
            return True
        for write in writes:
            _require_name(write.name)
        operations = [operation for write in writes for operation in _build_operations(write)]
        payload = [{"KV": operation} for operation in operations]

        async def question(driver: "Driver") -> bool:
            from sos.adapters.consul.driver import ConflictError

            try:
                await driver.txn.put(payload)
            except ConflictError as exc:
                verbs = [operation["Verb"] for operation in operations]
                _require_lost_race(exc.body, verbs, driver.tidy)
                return False
            return True

        return await self._connection.ask(question)

    async def aclose(self) -> None:
        """Give back connections."""
        await self._connection.aclose()


def _require_name(name: str) -> None:
    # Such a path would be redirected, or be that of something else.
    if name.startswith("/") or any(part in (".", "..") for part in name.split("/")) or "//" in name:
        raise KeyStoreError(f"{name[:80]!r} is not a name of Consul's keys")


def _parse_read(index: str, rows: list[dict[str, Any]] | None, prefix: str) -> KeyRead:
    """Raises ValueError and its like for what Consul does not say."""
    if not re.fullmatch(r"\d{1,20}", index):
        raise ValueError(f"index {index[:40]!r}")
    found = msgspec.convert(rows or [], list[_Row])
    entries = {
        row.Key: KeyEntry(row.Value or b"", row.ModifyIndex)
        for row in found
        if row.Key.startswith(prefix)
    }
    return KeyRead(max(1, int(index)), entries)


def _build_operations(write: Write) -> list[Mapping[str, Any]]:
    """A write as operations of a transaction (Consul documentation, "Transactions").

    Not ``delete-cas``: that one succeeds for a key that is gone already.
    """
    if write.value is not None:
        value = base64.b64encode(write.value).decode()
        if write.index is None:
            return [{"Verb": "set", "Key": write.name, "Value": value}]
        return [{"Verb": "cas", "Key": write.name, "Value": value, "Index": write.index}]
    delete = {"Verb": "delete", "Key": write.name}
    if write.index is None:
        return [delete]
    if write.index == 0:
        return [{"Verb": "check-not-exists", "Key": write.name}]
    return [{"Verb": "check-index", "Key": write.name, "Index": write.index}, delete]


def _require_lost_race(body: str, verbs: Sequence[str], tidy: Callable[[str], str]) -> None:
    """Raise what a transaction was rolled back for, unless a key was not as it was.

    A denial comes in the same way (Consul 1.8 answers it with 409), and can be told by its words
    alone.
    """
    faults = msgspec.json.decode(body, type=_Conflict).Errors or []
    text = tidy("; ".join(dict.fromkeys(fault.What for fault in faults)))
    if "Permission denied" in text or "ACL not found" in text:
        raise KeyStoreDeniedError(f"Consul denies the change: {text}")
    if not faults or any(verbs[fault.OpIndex] not in _CHECKS for fault in faults):
        raise KeyStoreError(f"Consul rolled the change back: {text or 'no reason given'}")
