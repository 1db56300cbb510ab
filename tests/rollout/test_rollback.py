"""Going back: the last thing is undone, whatever is down, and never twice by two people."""

from __future__ import annotations

import asyncio

import pytest
from sos.errors import ActivationError, KeyStoreError
from sos.rollout.change import LostError, Order, Outcome
from sos.rollout.pointer import Activation, Canary
from sos.rollout.rollback import RecentChangeError, roll_back

from tests.rollout.steering import A, B, C, D, Stage, build_stage

ORDER = Order(release="", by="ann")


async def no_guess(live: str | None) -> str | None:
    return None


async def back(stage: Stage, release: str = "", by: str = "ann", *, force: bool = False) -> Outcome:
    order = Order(release=release, by=by, why="it is broken")
    return await roll_back(stage.controls, order, no_guess, force=force)


async def test_back_to_the_release_before() -> None:
    """With a line of history, and without a look at the fleet."""
    stage = build_stage()
    await stage.put(A, B)
    stage.fleet.down = True
    outcome = await back(stage)
    assert (outcome.result, outcome.live) == ("pointed", A)
    newest = (await stage.pointer.fetch_history())[0]
    assert (newest.kind, newest.release, newest.previous) == ("rollback", A, B)
    assert (newest.by, newest.why) == ("ann", "it is broken")


async def test_twice_leads_further_back() -> None:
    """Not forth to the broken one."""
    stage = build_stage()
    await stage.put(A, B, C)
    assert (await back(stage)).live == B
    assert (await back(stage)).live == A
    with pytest.raises(ActivationError, match="nobody knows what was live before"):
        await back(stage)
    assert await stage.live() == A


async def test_nodes_are_not_asked_what_history_knows() -> None:
    """What they served last is, after a rollback, the release that it led away from."""
    stage = build_stage()
    await stage.put(A, B)

    async def guess(live: str | None) -> str | None:
        return B

    async def again() -> Outcome:
        order = Order(release="", by="ann")
        return await roll_back(stage.controls, order, guess)

    assert (await again()).live == A
    with pytest.raises(ActivationError, match="nobody knows what was live before"):
        await again()
    assert await stage.live() == A


async def test_to_a_named_release() -> None:
    """Whatever history says; one that is live already is no change."""
    stage = build_stage()
    await stage.put(A, B, C)
    assert (await back(stage, A)).live == A
    again = await back(stage, A)
    assert (again.result, again.changed) == ("pointed", None)
    assert len(await stage.history()) == 4


async def test_canary_that_was_begun_last_is_what_is_undone() -> None:
    """The live release stays; a second rollback goes back from it."""
    stage = build_stage()
    await stage.put(A, B)
    now = await stage.pointer.fetch()
    line = Activation(release=C, previous=B, at=stage.now[0], by="ann", kind="canary")
    await stage.pointer.set_canary(Canary(C, 10.0), now, line)
    stage.now[0] += 60
    outcome = await back(stage)
    assert (outcome.result, outcome.release, outcome.live) == ("canary ended", C, B)
    assert (await stage.pointer.fetch()).canary is None
    assert (await back(stage)).live == A


async def test_release_that_somebody_has_just_activated_is_not_undone() -> None:
    """It may be the repair: the operator is told, and asked."""
    stage = build_stage()
    await stage.put(A, B)
    await stage.put(C, by="bob", seconds=4.0)
    with pytest.raises(RecentChangeError, match=f"bob activated {C} 4.0 s ago.*--force"):
        await back(stage)
    assert await stage.live() == C
    assert (await back(stage, force=True)).live == B


async def test_ones_own_release_of_a_moment_ago_is_undone() -> None:
    """Nobody needs a second command for that."""
    stage = build_stage()
    await stage.put(A)
    await stage.put(B, by="ann", seconds=0.5)
    assert (await back(stage)).live == A


async def test_revert_of_a_moment_ago_is_not_rolled_back_over() -> None:
    """The pointer has gone back by itself while the operator was typing."""
    stage = build_stage()
    await stage.put(A, B)
    now = await stage.pointer.fetch()
    line = Activation(release=A, previous=B, at=stage.now[0], by="ann", kind="revert")
    await stage.pointer.activate(line, now)
    stage.now[0] += 2
    with pytest.raises(RecentChangeError, match="by itself"):
        await back(stage)


async def test_change_after_the_command_was_given_is_not_undone() -> None:
    """Not even one's own: two terminals of one operator."""
    stage = build_stage()
    await stage.put(A, B)
    began = stage.now[0] - 1.0
    await stage.put(C, seconds=0.5)
    with pytest.raises(RecentChangeError):
        await roll_back(stage.controls, ORDER, no_guess, began=stage.now[0] - 0.9)
    assert await stage.live() == C
    assert (await roll_back(stage.controls, ORDER, no_guess, began=began + 2)).live == B


async def test_of_two_who_roll_back_at_once_one_does() -> None:
    """The fleet goes back by one release, not by two."""
    stage = build_stage()
    await stage.put(A, B, C)
    results = await asyncio.gather(
        back(stage, by="ann"), back(stage, by="bob"), return_exceptions=True
    )
    assert sorted(isinstance(r, ActivationError) for r in results) == [False, True]
    assert await stage.live() == B


async def test_lost_race_is_not_run_again_unless_forced() -> None:
    """Somebody activated D in the very moment."""
    stage = build_stage()
    await stage.put(A, B)
    stage.keys.before_write = lambda: stage.keys.put("sos/templateRelease", D.encode())
    with pytest.raises(LostError, match=f"by hand, to {D}"):
        await back(stage)
    stage.keys.before_write = lambda: stage.keys.put("sos/templateRelease", C.encode())
    assert (await back(stage, force=True)).live == B


async def test_without_history_the_nodes_know() -> None:
    """Somebody wrote the pointer by hand, ever."""
    stage = build_stage()
    stage.keys.put("sos/templateRelease", B.encode())

    async def guess(live: str | None) -> str | None:
        assert live == B
        return A

    assert (await roll_back(stage.controls, ORDER, guess)).live == A


async def test_pointer_that_names_no_release_goes_to_the_last_one() -> None:
    """Somebody wrote nonsense into it."""
    stage = build_stage()
    await stage.put(A, B)
    stage.keys.put("sos/templateRelease", b"<html>")
    assert (await back(stage)).live == B


async def test_history_that_can_not_be_read_is_no_obstacle_to_a_named_release() -> None:
    """The key holds nonsense; it is begun anew."""
    stage = build_stage()
    await stage.put(A, B)
    stage.keys.put("sos/history", b"nonsense")
    assert (await back(stage, A)).live == A
    assert await stage.history() == [("rollback", A)]


async def test_clock_that_is_an_hour_off_stops_nobody() -> None:
    """A change in the future is not one of the last ten seconds."""
    stage = build_stage()
    await stage.put(A, B)
    await stage.put(C, by="bob", seconds=-3600.0)
    assert (await back(stage)).live == B


async def test_store_that_is_down_is_told() -> None:
    """Nothing else could be done."""
    stage = build_stage()
    await stage.put(A, B)
    stage.keys.down = True
    with pytest.raises(KeyStoreError):
        await back(stage)
