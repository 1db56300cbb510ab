"""What activations are tried with: keys in memory that may fail, and a fleet that follows at will."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sos.errors import KeyStoreError, StoreUnavailableError
from sos.rollout.acknowledge import View
from sos.rollout.change import Controls
from sos.rollout.fleet_watch import FleetWatch, Pace
from sos.rollout.follow import decide_target
from sos.rollout.pointer import Activation, Pointer, Pointing
from sos.rollout.ports import KeyEntry, KeyRead, NodeReport, Quorum, Write

A, B, C, D = (f"20260101-00000{n}-0000000{n}" for n in range(4))

QUICK = Pace(look=0.002, blind=0.05, empty=0.05)


class MemoryKeys:
    """A `KeyStore` in memory. ``before_write`` runs before each write, as somebody else would."""

    def __init__(self) -> None:
        self.entries: dict[str, KeyEntry] = {}
        self.index = 10
        self.down = False
        self.loses_answers = False
        self.before_write: Callable[[], None] | None = None

    async def fetch(
        self, prefix: str, *, index: int = 0, wait: float = 0.0, consistent: bool = False
    ) -> KeyRead:
        if self.down:
            raise KeyStoreError("no leader")
        found = {name: e for name, e in self.entries.items() if name.startswith(prefix)}
        return KeyRead(self.index, found)

    async def compare_and_set(self, writes: Sequence[Write]) -> bool:
        if self.down:
            raise KeyStoreError("no leader")
        if self.before_write:
            work, self.before_write = self.before_write, None
            work()
        for write in writes:
            present = self.entries.get(write.name)
            if write.index is not None and write.index != (present.index if present else 0):
                return False
        for write in writes:
            self.put(write.name, write.value)
        if self.loses_answers:
            self.loses_answers = False
            raise KeyStoreError("the answer was lost")
        return True

    def put(self, name: str, value: bytes | None) -> None:
        """Write whatever is there."""
        self.index += 1
        if value is None:
            self.entries.pop(name, None)
        else:
            self.entries[name] = KeyEntry(value, self.index)

    async def aclose(self) -> None: ...


@dataclass
class FakeFleet:
    """A `FleetRegister` whose nodes follow the pointer with each look, unless told otherwise.

    ``refusing`` refuse every release of ``bad``, ``stuck`` never move.
    """

    pointer: Pointer
    nodes: dict[str, str | None] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    down: bool = False
    looks: int = 0
    pointing: Pointing = Pointing(index=1)  # noqa: RUF009 - frozen

    async def fetch_nodes(self) -> tuple[NodeReport, ...]:
        if self.down:
            raise StoreUnavailableError("the register is away")
        self.looks += 1
        with contextlib.suppress(KeyStoreError):  # then nodes stay where they are
            self.pointing = await self.pointer.fetch()
        pointing = self.pointing
        return tuple(self._report(n, decide_target(pointing, n)) for n in sorted(self.nodes))

    def _report(self, node: str, target: str | None) -> NodeReport:
        refuses = target in self.bad and node in self.refusing
        if target and not refuses and node not in self.stuck:
            self.nodes[node] = target
        report = NodeReport(
            node=node,
            private="127.0.0.1:1",
            state="refused" if refuses else "current",
            release=self.nodes[node],
            target=target,
            refused=target or "" if refuses else "",
            refusal="single.html:3: there is no field 'titel'" if refuses else "",
            phase="fetching" if node in self.stuck else "idle",
            requests_per_second=100.0,
        )
        return msgspec.structs.replace(report, **self.changes.get(node, {}))

    async def fetch_majority(self) -> str | None:
        return None

    async def report(self, report: NodeReport, ttl: float) -> Quorum:
        raise NotImplementedError

    async def withdraw(self, node: str) -> None:
        raise NotImplementedError

    async def aclose(self) -> None: ...


@dataclass
class Stage:
    """Everything together; ``changed``, ``notes`` and ``views`` are what was told."""

    keys: MemoryKeys
    pointer: Pointer
    fleet: FakeFleet
    controls: Controls
    changed: list[Activation]
    notes: list[str]
    views: list[View]
    now: list[float]

    async def history(self) -> list[tuple[str, str]]:
        """Kind and release of each line, newest first."""
        return [(a.kind, a.release) for a in await self.pointer.fetch_history()]

    async def live(self) -> str | None:
        return (await self.pointer.fetch()).release

    async def put(self, *releases: str, by: str = "ann", seconds: float = 60.0) -> None:
        """Have these activated, one after another, so many seconds apart."""
        for release in releases:
            now = await self.pointer.fetch()
            line = Activation(
                release=release, previous=now.release or "", at=self.now[0], by=by, why="a test"
            )
            assert await self.pointer.activate(line, now)
            self.now[0] += seconds
        await self.fleet.fetch_nodes()


def build_stage(nodes: int = 3, pace: Pace = QUICK) -> Stage:
    """A pointer that was never set, and ``nodes`` nodes that follow it."""
    keys = MemoryKeys()
    pointer = Pointer(keys, "sos")
    fleet = FakeFleet(pointer, {f"web-{n}": None for n in range(1, nodes + 1)})
    changed: list[Activation] = []
    notes: list[str] = []
    views: list[View] = []
    now = [1_775_000_000.0]
    controls = Controls(
        pointer=pointer,
        watch=FleetWatch(pointer, fleet, views.append, pace),
        on_change=changed.append,
        on_note=notes.append,
        clock=lambda: now[0],
    )
    return Stage(keys, pointer, fleet, controls, changed, notes, views, now)
