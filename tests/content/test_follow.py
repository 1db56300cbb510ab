"""ContentFollower with a store and a clock of the test's own: states, names, due times, back-off."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence, Set
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sos.content import follow
from sos.content.follow import BLOCK_MS, ContentFollower, State
from sos.content.store import Changes, Due
from sos.errors import StoreUnavailableError

T0 = 1_700_000_000.0


class FakeStore:
    """A store in memory that can be emptied, replaced, damaged, cut off; it counts looks."""

    def __init__(self) -> None:
        self.rev = 5
        self.epoch = "first"
        self.complete = True
        self.down = False
        self.due_down = False
        self.due: list[Due] = []
        self.names: dict[str, int] = {}
        self.blocks: list[int] = []
        self.asked: list[tuple[int, str]] = []
        self.due_asked: list[int] = []

    def change(self, *names: str) -> None:
        """One revision more."""
        self.rev += 1
        self.names |= dict.fromkeys(names, self.rev)

    def replace(self, epoch: str, rev: int) -> None:
        """Another store takes the place of this one."""
        self.epoch, self.rev, self.names = epoch, rev, {}

    async def fetch_changes(self, rev: int, epoch: str, block_ms: int) -> Changes:
        self.blocks.append(block_ms)
        self.asked.append((rev, epoch))
        if self.down:
            raise StoreUnavailableError("down")
        return Changes(
            rev=self.rev,
            epoch=self.epoch,
            complete=self.complete,
            touched=frozenset(n for n, r in self.names.items() if r > rev),
            everything=self.rev < rev or (bool(epoch) and epoch != self.epoch),
        )

    async def fetch_due(self, now: int, limit: int) -> tuple[Due, ...]:
        self.due_asked.append(now)
        if self.due_down:
            raise StoreUnavailableError("down")
        later = sorted((d for d in self.due if d.at > now), key=lambda d: d.at)
        return tuple(later[:limit])


class Recorder:
    """A listener that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.states: list[State] = []
        self.upcoming: tuple[Due, ...] = ()

    def on_touched(self, rev: int, names: Set[str]) -> None:
        self.told.append(("touched", rev, set(names)))

    def on_due(self, names: Set[str]) -> None:
        self.told.append(("due", set(names)))

    def on_everything(self, rev: int) -> None:
        self.told.append(("everything", rev))

    def on_start(self, rev: int) -> None:
        self.told.append(("start", rev))

    def on_upcoming(self, upcoming: Sequence[Due]) -> None:
        self.upcoming = tuple(upcoming)

    def on_state(self, state: State) -> None:
        self.states.append(state)

    def take(self) -> list[tuple[Any, ...]]:
        """What was told since the last time."""
        told, self.told = self.told, []
        return told


class World:
    """A follower with all that it knows."""

    def __init__(self) -> None:
        self.store, self.heard, self.now = FakeStore(), Recorder(), T0
        self.follower = ContentFollower(self.store, self.heard, lambda: self.now)  # type: ignore[arg-type]

    async def look(self, block_ms: int = 0) -> list[tuple[Any, ...]]:
        """One look; what the listener was told."""
        await self.follower.look(block_ms)
        return self.heard.take()


@pytest.fixture
def world() -> World:
    """A follower that has not looked yet."""
    return World()


# ---------------------------------------------------------------- looking


async def test_first_look_makes_it_current_and_tells_where_it_starts(world: World) -> None:
    """Nothing that ever changed is news; what was read before may be older."""
    world.store.change("post:1")
    assert not world.follower.is_current
    assert await world.look() == [("start", 6)]
    assert world.heard.states == ["current"]
    assert (world.follower.rev, world.follower.epoch) == (6, "first")
    assert world.follower.current_at == T0


async def test_change_is_told_once(world: World) -> None:
    """With its names and the revision; the next look asks from there."""
    await world.look()
    world.store.change("post:1", "list:type:post")
    world.store.change("post:2")
    assert await world.look() == [("touched", 7, {"post:1", "post:2", "list:type:post"})]
    assert await world.look() == []
    assert world.store.asked[-1] == (7, "first")


async def test_gap_is_closed_by_revisions(world: World) -> None:
    """Names that changed while it was away come all at once; no event is needed for that."""
    await world.look()
    world.store.down = True
    for number in range(300):
        world.store.change(f"post:{number}")
        with pytest.raises(StoreUnavailableError):
            await world.look()
    world.store.down = False
    [(kind, rev, names)] = await world.look()
    assert (kind, rev, len(names)) == ("touched", 305, 300)


@pytest.mark.parametrize(
    ("epoch", "rev"), [("second", 5), ("second", 900), ("second", 1), ("first", 2)]
)
async def test_another_store_is_everything(world: World, epoch: str, rev: int) -> None:
    """Another epoch, or a revision that went back."""
    await world.look()
    world.store.replace(epoch, rev)
    assert await world.look() == [("everything", rev)]
    assert (world.follower.rev, world.follower.epoch) == (rev, epoch)
    assert await world.look() == []


async def test_incomplete_store_invalidates_nothing(world: World) -> None:
    """What it says has changed may only be what it lost; the last copies stay."""
    await world.look()
    world.store.complete = False
    world.store.change("post:1")
    assert await world.look() == []
    world.store.replace("second", 1)
    assert await world.look() == []
    assert world.heard.states == ["current", "incomplete"]
    assert not world.follower.is_current
    assert (world.follower.rev, world.follower.epoch, world.follower.current_at) == (5, "first", T0)


async def test_store_that_is_complete_again_tells_what_changed_meanwhile(world: World) -> None:
    """Names, if it is the same one; everything, if it had to be built anew."""
    await world.look()
    world.store.complete = False
    world.store.change("post:1")
    await world.look()
    world.store.complete = True
    assert await world.look() == [("touched", 6, {"post:1"})]
    world.store.complete = False
    await world.look()
    world.store.replace("second", 50)
    world.store.complete = True
    assert await world.look() == [("everything", 50)]
    assert world.heard.states == ["current", "incomplete"] * 2 + ["current"]


async def test_store_that_is_empty_at_first_is_followed_once_it_is_filled(world: World) -> None:
    """A node may start before the import."""
    world.store.complete, world.store.rev, world.store.epoch = False, 0, ""
    assert await world.look() == []
    world.store.complete, world.store.rev, world.store.epoch = True, 9, "first"
    assert await world.look() == [("start", 9)]


async def test_time_of_the_last_good_look_is_known(world: World) -> None:
    """It stands still while the store is silent or incomplete."""
    await world.look()
    world.now += 10
    await world.look()
    world.store.down = True
    world.now += 10
    with pytest.raises(StoreUnavailableError):
        await world.look()
    assert world.follower.current_at == T0 + 10


# ---------------------------------------------------------------- what time alone brings


def due(after: float, *names: str) -> Due:
    """Something due so many seconds after the start."""
    return Due(int(T0 + after), frozenset(names))


async def test_due_change_is_told_at_its_second_and_once(world: World) -> None:
    """Not before; several at once come as one."""
    world.store.due = [due(10, "post:1"), due(10, "post:2"), due(20, "post:3")]
    await world.look()
    assert [d.at for d in world.heard.upcoming] == [T0 + 10, T0 + 10, T0 + 20]
    world.now = T0 + 9.999
    assert await world.look() == []
    world.now = T0 + 10
    assert await world.look() == [("due", {"post:1", "post:2"})]
    assert await world.look() == []
    world.now = T0 + 35.5
    assert await world.look() == [("due", {"post:3"})]
    assert world.follower.upcoming == ()


async def test_next_change_of_a_page_is_the_first_that_touches_it(world: World) -> None:
    """0 where time changes nothing of it."""
    world.store.due = [due(30, "post:1", "list:a"), due(10, "post:2", "list:a"), due(20, "menus")]
    await world.look()
    assert world.follower.next_change({"list:a"}) == T0 + 10
    assert world.follower.next_change({"post:1", "menus"}) == T0 + 20
    assert world.follower.next_change({"post:9"}) == 0
    assert world.follower.next_change(set()) == 0


async def test_waiting_ends_when_something_is_due(world: World) -> None:
    """The wait for an event is never longer than the time until then."""
    world.store.due = [due(10, "post:1")]
    await world.look(BLOCK_MS)
    world.now = T0 + 9.9
    await world.look(BLOCK_MS)
    assert 99 <= world.store.blocks[-1] <= 102
    world.now = T0 + 11
    await world.look(BLOCK_MS)
    assert world.store.blocks[-1] == 1
    await world.look(BLOCK_MS)
    assert world.store.blocks[-1] == BLOCK_MS
    await world.look(0)
    assert world.store.blocks[-1] == 0


async def test_upcoming_changes_are_asked_for_after_each_change(world: World) -> None:
    """A new schedule replaces the old one."""
    await world.look()
    world.store.due = [due(60, "post:1")]
    assert await world.look() == []
    assert world.follower.upcoming == ()
    world.store.change("post:1")
    await world.look()
    assert world.follower.upcoming == (due(60, "post:1"),)
    world.store.due = []
    world.store.change("post:1")
    await world.look()
    assert world.follower.upcoming == ()
    assert world.heard.upcoming == ()


async def test_upcoming_changes_that_could_not_be_asked_for_are_asked_for_again(
    world: World,
) -> None:
    """The store fell silent between two questions of one look."""
    await world.look()
    world.store.due = [due(60, "post:1")]
    world.store.change("post:1")
    world.store.due_down = True
    with pytest.raises(StoreUnavailableError):
        await world.look()
    world.store.due_down = False
    await world.look()
    assert world.follower.upcoming == (due(60, "post:1"),)


async def test_more_upcoming_changes_than_are_kept_are_asked_for_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the ones that are kept have passed."""
    monkeypatch.setattr(follow, "MAX_DUE", 2)
    world.store.due = [due(n, f"post:{n}") for n in range(1, 6)]
    told = await world.look()
    for second in range(1, 6):
        world.now = T0 + second
        told += await world.look()
    assert [t for t in told if t[0] == "due"] == [("due", {f"post:{n}"}) for n in range(1, 6)]


async def test_due_changes_wait_while_the_store_is_away_and_are_told_afterwards(
    world: World,
) -> None:
    """Late is better than never."""
    world.store.due = [due(10, "post:1")]
    await world.look()
    world.store.complete = False
    world.now = T0 + 15
    assert await world.look() == []
    world.store.complete = True
    assert await world.look() == [("due", {"post:1"})]


# ---------------------------------------------------------------- running


class Pauses:
    """Stands in for asyncio.sleep: takes no time, remembers how much was asked for."""

    def __init__(self, world: World, limit: int, at: dict[int, Callable[[], None]]) -> None:
        self.world, self.limit, self.at = world, limit, at
        self.asked: list[float] = []
        self.real = asyncio.sleep

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.world.now += seconds
        if action := self.at.get(len(self.asked)):
            action()
        if len(self.asked) >= self.limit:
            raise asyncio.CancelledError
        await self.real(0)


async def run(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: int, at: dict[int, Callable[[], None]]
) -> list[float]:
    """Run until ``limit`` pauses were made, acting after some of them; returns the pauses."""
    pauses = Pauses(world, limit, at)
    monkeypatch.setattr(follow.asyncio, "sleep", pauses)
    monkeypatch.setattr(follow.random, "uniform", lambda low, high: high)
    with pytest.raises(asyncio.CancelledError):
        await world.follower.run()
    return pauses.asked


async def test_pauses_grow_while_the_store_is_down_and_end_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0.1 s, doubled, at most 1 s: fresh within 5 s of its return, and no storm until then."""
    world.store.down = True

    def returns() -> None:
        world.store.down = False
        world.store.complete = False

    asked = await run(world, monkeypatch, 10, {7: returns})
    assert asked[:7] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]
    assert asked[7:] == [BLOCK_MS / 1000] * 3
    assert world.heard.states == ["unavailable", "incomplete"]


async def test_pauses_start_small_again_after_a_good_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each outage is a new one."""
    world.store.down = True

    def returns() -> None:
        world.store.down = False
        good = world.store.fetch_changes

        async def once(rev: int, epoch: str, block_ms: int) -> Changes:
            changes = await good(rev, epoch, block_ms)
            world.store.down = True
            return changes

        monkeypatch.setattr(world.store, "fetch_changes", once)

    asked = await run(world, monkeypatch, 6, {3: returns})
    assert asked == [0.1, 0.2, 0.4, 0.1, 0.2, 0.4]
    assert world.heard.states == ["unavailable", "current", "unavailable"]


async def test_incomplete_store_is_looked_at_calmly(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its events would otherwise wake the follower at once, over and over."""
    world.store.complete = False
    asked = await run(
        world, monkeypatch, 20, {n: lambda: world.store.change("x") for n in range(20)}
    )
    assert asked == [BLOCK_MS / 1000] * 20
    assert set(world.store.blocks) == {0}


async def test_following_never_ends_for_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for one that nobody thought of; the change is told again."""
    failures = 3
    tell = world.heard.on_touched

    def on_touched(rev: int, names: Set[str]) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise KeyError("a mistake")
        tell(rev, names)
        world.store.complete = False

    monkeypatch.setattr(world.heard, "on_touched", on_touched)
    await world.look()
    world.store.change("post:1")
    await run(world, monkeypatch, 5, {})
    assert world.heard.told[-1] == ("touched", 6, {"post:1"})
    assert world.heard.states == ["current", "unavailable", "current", "incomplete"]


async def test_cancelling_ends_it(world: World) -> None:
    """The one thing that does."""
    world.store.down = True
    task = asyncio.create_task(world.follower.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# ---------------------------------------------------------------- whatever happens

STEPS = st.lists(
    st.sampled_from(
        [
            *("change a", "change b", "change c", "replace", "schedule a", "schedule b", "wait"),
            *("look", "look", "look", "down", "up", "lose", "mend"),
        ]
    ),
    max_size=40,
)


class Obedient(World):
    """A world with a cache of three things that does as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.cached: dict[str, tuple[str, int, bool]] = {}
        self.stores = 0

    def truth(self, name: str) -> tuple[str, int, bool]:
        """What a page of this name shows now: which store, which revision, what was due."""
        passed = any(d.at <= self.now and name in d.touched for d in self.store.due)
        return self.store.epoch, self.store.names.get(name, 0), passed

    def change(self, name: str) -> None:
        self.store.change(name)

    def schedule(self, name: str) -> None:
        self.store.due.append(Due(int(self.now) + 7, frozenset({name})))
        self.store.change(name)

    def replace(self) -> None:
        self.stores += 1
        self.store.replace(f"store {self.stores}", self.stores * 7 % 5 + 1)

    def wait(self) -> None:
        self.now += 3

    def down(self) -> None:
        self.store.down = True

    def up(self) -> None:
        self.store.down = False

    def lose(self) -> None:
        self.store.complete = False

    def mend(self) -> None:
        self.store.complete = True

    async def look_and_obey(self) -> None:
        """One look. Whenever it leaves the follower current, the cache must be right."""
        with contextlib.suppress(StoreUnavailableError):
            await self.follower.look()
        for kind, *rest in self.heard.take():
            for name in ("a", "b", "c"):
                if kind in ("everything", "start") or name in rest[-1]:
                    self.cached.pop(name, None)
        if self.follower.is_current and not self.store.down:
            assert {n: self.truth(n) for n in self.cached} == self.cached
            self.cached = {n: self.truth(n) for n in ("a", "b", "c")}


@settings(max_examples=200, deadline=None)
@given(steps=STEPS)
async def test_whoever_listens_knows_all_that_changed_once_it_is_current(steps: list[str]) -> None:
    """A cache that obeys is right whenever the follower says that it is current."""
    world = Obedient()
    for step in [*steps, "up", "mend", "look"]:
        action, *names = step.split()
        if action == "look":
            await world.look_and_obey()
        else:
            getattr(world, action)(*names)
    assert world.follower.is_current
