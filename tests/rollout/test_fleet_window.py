"""A look at a fleet, with a register and a pointer that may not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from sos.errors import KeyStoreError, StoreUnavailableError
from sos.rollout import fleet_window
from sos.rollout.fleet import Live, Roster
from sos.rollout.fleet_window import FleetWindow
from sos.rollout.pointer import Activation, Canary, Pointer, Pointing
from sos.rollout.ports import KeyEntry, KeyRead, NodeReport, Quorum, Write

from tests.rollout.fleets import CANARY, NEW, NOW, OLD, a_node


class Register:
    """A register in memory; ``down`` makes it fail."""

    def __init__(self, *nodes: NodeReport, lost: tuple[NodeReport, ...] = ()) -> None:
        self.roster = Roster(NOW, nodes, lost, 2)
        self.down = False

    async def fetch_roster(self) -> Roster:
        if self.down:
            raise StoreUnavailableError("the register of nodes did not answer: gone")
        return self.roster

    async def fetch_nodes(self) -> tuple[NodeReport, ...]:
        return (await self.fetch_roster()).nodes

    async def report(self, report: NodeReport, ttl: float) -> Quorum:
        raise NotImplementedError

    async def withdraw(self, node: str) -> None:
        raise NotImplementedError

    async def fetch_majority(self) -> str | None:
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError


class PlainRegister(Register):
    """One that knows who lives and nothing else."""

    fetch_roster = None  # type: ignore[assignment]

    async def fetch_nodes(self) -> tuple[NodeReport, ...]:
        return self.roster.nodes


class Keys:
    """Keys in memory; ``hang`` makes reads wait for ever. ``reads`` are the prefixes asked for."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[bytes, int]] = {}
        self.index = 1
        self.trouble = ""
        self.hang = False
        self.reads: list[str] = []

    async def fetch(
        self, prefix: str, *, index: int = 0, wait: float = 0.0, consistent: bool = False
    ) -> KeyRead:
        self.reads.append(prefix)
        if self.hang:
            await asyncio.Event().wait()
        if self.trouble:
            raise KeyStoreError(self.trouble)
        entries: Mapping[str, KeyEntry] = {
            name: KeyEntry(value, at)
            for name, (value, at) in self.values.items()
            if name.startswith(prefix)
        }
        return KeyRead(self.index, entries)

    async def compare_and_set(self, writes: Sequence[Write]) -> bool:
        self.index += 1
        for write in writes:
            if write.value is not None:
                self.values[write.name] = (write.value, self.index)
        return True

    async def aclose(self) -> None:
        raise NotImplementedError


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def pointer(keys: Keys) -> Pointer:
    return Pointer(keys, "sos")


async def activate(pointer: Pointer, release: str, by: str = "ana") -> None:
    line = Activation(release=release, previous=OLD, at=NOW - 60, by=by, why="because")
    assert await pointer.activate(line, await pointer.fetch())


async def test_look_has_nodes_and_what_should_be_live(pointer: Pointer) -> None:
    """Who lives, who is missed, and since when, by whom and why which release is live."""
    await activate(pointer, NEW)
    window = FleetWindow(Register(a_node(1), lost=(a_node(9),)), pointer, site="www.example.org")
    fleet = await window.look()
    assert [n.node for n in fleet.nodes] == ["web-1:8081"]
    assert [n.node for n in fleet.lost] == ["web-9:8081"]
    assert (fleet.now, fleet.unreadable, fleet.problem, fleet.seen_by) == (NOW, 2, "", "")
    assert fleet.live == Live(release=NEW, since=NOW - 60, by="ana", why="because")


async def test_canary_is_no_activation(pointer: Pointer) -> None:
    """It stands in the same history; since when a release is live is another line."""
    await activate(pointer, NEW)
    line = Activation(release=CANARY, at=NOW, by="ben", kind="canary")
    assert await pointer.set_canary(Canary(CANARY, 5), await pointer.fetch(), line)
    live = (await FleetWindow(Register(), pointer).look()).live
    assert (live.by, live.since) == ("ana", NOW - 60)
    assert (live.canary, live.percent) == (CANARY, 5)


async def test_node_shows_itself_when_the_register_is_silent(pointer: Pointer) -> None:
    """And says why; whoever is no node has nothing to show."""
    register = Register(a_node(1), a_node(2))
    register.down = True
    window = FleetWindow(register, pointer, fetch_own=lambda: a_node(1))
    fleet = await window.look()
    assert [n.node for n in fleet.nodes] == ["web-1:8081"]
    assert (fleet.problem, fleet.seen_by) == (
        "the register of nodes did not answer: gone",
        "web-1:8081",
    )
    with pytest.raises(StoreUnavailableError):
        await FleetWindow(register, pointer).look()
    alone = await FleetWindow(None, pointer, fetch_own=lambda: a_node(1)).look()
    assert "no register" in alone.problem


async def test_register_that_only_knows_who_lives_will_do(pointer: Pointer) -> None:
    """Nobody is missed then."""
    fleet = await FleetWindow(PlainRegister(a_node(1), a_node(2)), pointer).look()
    assert (len(fleet.nodes), fleet.lost) == (2, ())
    assert fleet.now == a_node().at


async def test_pointer_that_fails_is_said(keys: Keys, pointer: Pointer) -> None:
    """Nodes are shown all the same."""
    keys.trouble = "No cluster leader"
    fleet = await FleetWindow(Register(a_node()), pointer).look()
    assert (len(fleet.nodes), fleet.live) == (1, Live(problem="No cluster leader"))


async def test_pointer_that_hangs_is_not_waited_for(
    keys: Keys, pointer: Pointer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page comes without it."""
    monkeypatch.setattr(fleet_window, "PATIENCE", 0.05)
    keys.hang = True
    fleet = await FleetWindow(Register(a_node()), pointer).look()
    assert "did not answer within" in fleet.live.problem


async def test_value_that_is_no_release_is_said(keys: Keys, pointer: Pointer) -> None:
    """Somebody wrote it by hand."""
    keys.values["sos/templateRelease"] = (b"<html>", 3)
    live = (await FleetWindow(Register(), pointer).look()).live
    assert (live.release, live.problem) == (None, "its key holds no release id")


async def test_missing_key_is_no_problem(pointer: Pointer) -> None:
    """No release was activated yet."""
    assert (await FleetWindow(Register(), pointer).look()).live == Live()


async def test_node_asks_nobody_what_it_knows(keys: Keys, pointer: Pointer) -> None:
    """The pointer comes from its follower's memory; history is read once for each change."""
    await activate(pointer, NEW)
    known: list[tuple[Pointing | None, str]] = [(await pointer.fetch(), "")]
    window = FleetWindow(Register(), pointer, fetch_pointing=lambda: known[-1])
    keys.reads.clear()
    for _ in range(3):
        assert (await window.look()).live.by == "ana"
    assert keys.reads == ["sos/history"]
    await activate(pointer, OLD, by="ben")
    known.append((await pointer.fetch(), "slow"))
    keys.reads.clear()
    for _ in range(3):
        live = (await window.look()).live
        assert (live.release, live.by, live.problem) == (OLD, "ben", "slow")
    assert keys.reads == ["sos/history"]
    known.append((None, "nothing was read yet"))
    assert (await window.look()).live == Live(problem="nothing was read yet")


async def test_history_that_fails_is_not_asked_for_with_each_look(
    keys: Keys, pointer: Pointer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is live is known without it; later it is tried again."""
    await activate(pointer, NEW)
    pointing = await pointer.fetch()
    window = FleetWindow(Register(), pointer, fetch_pointing=lambda: (pointing, ""))
    keys.trouble = "away"
    keys.reads.clear()
    for _ in range(3):
        assert (await window.look()).live == Live(release=NEW)
    assert keys.reads == ["sos/history"]
    keys.trouble = ""
    monkeypatch.setattr(fleet_window, "RETRY_SECONDS", 0.0)
    window._retry_at = 0.0
    assert (await window.look()).live.by == "ana"
