"""Making a release live: who wins, who is waited for, when it goes back by itself."""

from __future__ import annotations

import asyncio

import pytest
from sos.errors import ActivationError, KeyStoreError
from sos.rollout import acknowledge, activation, change
from sos.rollout.activation import activate, follow
from sos.rollout.change import LostError, Order, point, require_first
from sos.rollout.fleet_watch import Pace
from sos.rollout.pointer import Activation

from tests.rollout.steering import A, B, C, Stage, build_stage

ORDER = Order(release=B, by="ann", why="a new banner", wait=5.0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals count at once; nobody waits for who fell silent."""
    monkeypatch.setattr(acknowledge, "REFUSAL_SECONDS", 0.0)
    monkeypatch.setattr(acknowledge, "SILENT_SECONDS", 0.0)
    monkeypatch.setattr(activation, "REVERT_WAIT", 0.2)
    monkeypatch.setattr(change, "FINDING_OUT_PAUSE", 0.001)


async def begin(**options: object) -> Stage:
    stage = build_stage(**options)  # type: ignore[arg-type]
    await stage.put(A)
    return stage


async def test_live_once_every_node_serves_it() -> None:
    """History tells who, why and instead of what."""
    stage = await begin()
    outcome = await activate(stage.controls, ORDER, await stage.pointer.fetch())
    assert (outcome.result, outcome.live) == ("live", B)
    assert [n.standing for n in outcome.nodes] == ["serves"] * 3
    newest = (await stage.pointer.fetch_history())[0]
    assert (newest.release, newest.previous, newest.by, newest.why) == (B, A, "ann", "a new banner")
    assert stage.changed == [newest]


async def test_waits_for_the_last_node() -> None:
    """A node that is on its way is waited for."""
    stage = await begin()
    stage.fleet.stuck = {"web-2"}
    work = asyncio.create_task(activate(stage.controls, ORDER, await stage.pointer.fetch()))
    while not any(v.select("serves") for v in stage.views):
        await asyncio.sleep(0)
    assert not work.done()
    stage.fleet.stuck = set()
    assert (await work).result == "live"


async def test_late_node_is_named() -> None:
    """It is not refused: the pointer stays."""
    stage = await begin()
    stage.fleet.stuck = {"web-2"}
    order = Order(release=B, wait=0.05)
    outcome = await activate(stage.controls, order, await stage.pointer.fetch())
    assert outcome.result == "late"
    assert outcome.reason == "1 of 3 nodes have not followed: web-2 (fetching)"
    assert await stage.live() == B


async def test_refused_release_goes_back_by_itself() -> None:
    """To what was live before, with the reason in history."""
    stage = await begin()
    stage.fleet.bad, stage.fleet.refusing = {B}, {"web-3"}
    outcome = await activate(stage.controls, ORDER, await stage.pointer.fetch())
    assert (outcome.result, outcome.live) == ("reverted", A)
    assert outcome.reason == (
        "1 of 3 nodes refuse it (web-3): single.html:3: there is no field 'titel'"
    )
    assert await stage.live() == A
    assert await stage.history() == [("revert", A), ("activate", B), ("activate", A)]
    assert (await stage.pointer.fetch_history())[0].why == outcome.reason
    assert set(stage.fleet.nodes.values()) == {A}


async def test_refused_first_release_has_nothing_to_go_back_to() -> None:
    """It says so, and leaves the pointer as it is."""
    stage = build_stage()
    stage.fleet.bad, stage.fleet.refusing = {B}, {"web-1", "web-2", "web-3"}
    outcome = await activate(stage.controls, ORDER, await stage.pointer.fetch())
    assert outcome.result == "refused"
    assert outcome.reason.endswith("There is no release to go back to")
    assert await stage.live() == B


async def test_does_not_go_back_over_somebody_elses_release() -> None:
    """Between the refusal and the revert somebody activated C."""
    stage = await begin()
    stage.fleet.bad, stage.fleet.refusing = {B}, {"web-3"}
    before = await stage.pointer.fetch()

    def note(text: str) -> None:
        stage.keys.put("sos/templateRelease", C.encode())

    controls = change.Controls(
        pointer=stage.pointer, watch=stage.controls.watch, on_note=note, clock=stage.controls.clock
    )
    outcome = await activate(controls, ORDER, before)
    assert (outcome.result, outcome.live) == ("overtaken", C)
    assert await stage.live() == C


async def test_way_back_that_fails_says_what_is_live() -> None:
    """The pointer's store went away meanwhile."""
    stage = await begin()
    stage.fleet.bad, stage.fleet.refusing = {B}, {"web-3"}

    def note(text: str) -> None:
        stage.keys.down = True

    controls = change.Controls(pointer=stage.pointer, watch=stage.controls.watch, on_note=note)
    with pytest.raises(KeyStoreError, match=f"{B} is live, and 1 of 3 nodes refuse it.*rollback"):
        await activate(controls, ORDER, await stage.pointer.fetch())


async def test_loser_is_told_who_and_what() -> None:
    """The pointer was changed while the release was checked."""
    stage = await begin()
    before = await stage.pointer.fetch()
    await stage.put(C, by="bob")
    with pytest.raises(LostError, match=f"{B} was not activated.*by bob at .*to {C}") as told:
        await activate(stage.controls, ORDER, before)
    assert told.value.winner
    assert told.value.winner.by == "bob"
    assert await stage.live() == C
    assert stage.changed == []


async def test_loser_to_a_change_by_hand_is_told_so() -> None:
    """There is no line of history for it."""
    stage = await begin()
    before = await stage.pointer.fetch()
    stage.keys.put("sos/templateRelease", C.encode())
    with pytest.raises(LostError, match=f"by hand, to {C}"):
        await activate(stage.controls, ORDER, before)


async def test_of_two_at_once_one_wins() -> None:
    """Both had read the same before."""
    stage = await begin()
    before = await stage.pointer.fetch()
    orders = (Order(release=B, by="ann", wait=0), Order(release=C, by="bob", wait=0))
    results = await asyncio.gather(
        *(activate(stage.controls, order, before) for order in orders), return_exceptions=True
    )
    lost = [r for r in results if isinstance(r, LostError)]
    assert len(lost) == 1
    assert await stage.live() in (B, C)
    assert len(await stage.history()) == 2


async def test_command_that_reads_after_another_has_written_loses_too() -> None:
    """What counts is when it was given; later ones follow one another as they like."""
    stage = await begin()
    began = stage.now[0]
    await stage.put(C, by="bob", seconds=1.0)
    now = await stage.pointer.fetch()
    with pytest.raises(LostError, match=f"by bob.* to {C}"):
        await require_first(stage.pointer, B, now, began)
    await require_first(stage.pointer, C, now, began)
    await require_first(stage.pointer, B, now, began + 0.5)


async def test_other_change_of_history_is_no_loss() -> None:
    """Somebody began a canary of another release at the same moment."""
    stage = await begin()
    line = Activation(release=C, previous=A, at=1.0, kind="canary", by="bob")

    def other() -> None:
        history = b"[" + change.msgspec.json.encode(line) + b"]"
        stage.keys.put("sos/history", history)

    before = await stage.pointer.fetch()
    stage.keys.before_write = other
    outcome = await activate(stage.controls, ORDER, before)
    assert outcome.result == "live"
    assert (await stage.history())[:2] == [("activate", B), ("canary", C)]


async def test_lost_answer_is_found_out() -> None:
    """The change was made, though its answer never came."""
    stage = await begin()
    stage.keys.loses_answers = True
    assert (await activate(stage.controls, ORDER, await stage.pointer.fetch())).result == "live"


async def test_failed_change_says_that_nothing_was_changed() -> None:
    """And one that nobody can tell of says that."""
    stage = await begin()
    before = await stage.pointer.fetch()

    async def fail(*_: object) -> bool:
        raise KeyStoreError("no leader")

    stage.keys.compare_and_set = fail  # type: ignore[method-assign]
    with pytest.raises(KeyStoreError, match="no leader; nothing was changed"):
        await activate(stage.controls, ORDER, before)
    stage.keys.down = True
    with pytest.raises(KeyStoreError, match=f"whether {B} was activated is not known"):
        await activate(stage.controls, ORDER, before)


async def test_overtaken_while_watching() -> None:
    """Somebody rolls back in another terminal."""
    stage = await begin()
    stage.fleet.stuck = {"web-1"}
    work = asyncio.create_task(activate(stage.controls, ORDER, await stage.pointer.fetch()))
    while not stage.views:
        await asyncio.sleep(0)
    await stage.put(A, by="bob")
    outcome = await work
    assert (outcome.result, outcome.live) == ("overtaken", A)


async def test_fleet_that_can_not_be_seen() -> None:
    """The pointer is set all the same."""
    stage = await begin()
    stage.fleet.down = True
    outcome = await activate(stage.controls, ORDER, await stage.pointer.fetch())
    assert (outcome.result, outcome.reason) == ("unseen", "the register is away")
    assert await stage.live() == B


async def test_register_that_is_away_for_a_moment_is_no_matter() -> None:
    """It is asked again."""
    stage = await begin(pace=Pace(look=0.002, blind=5.0, empty=5.0))
    stage.fleet.down = True
    work = asyncio.create_task(activate(stage.controls, ORDER, await stage.pointer.fetch()))
    while await stage.live() != B:
        await asyncio.sleep(0)
    stage.fleet.down = False
    assert (await work).result == "live"


async def test_fleet_without_nodes() -> None:
    """Whoever starts will serve it, but nobody does now."""
    stage = build_stage(nodes=0)
    outcome = await activate(stage.controls, ORDER, await stage.pointer.fetch())
    assert outcome.result == "empty"
    assert await stage.live() == B


async def test_pointer_that_goes_away_while_watching_is_no_matter() -> None:
    """What it said last counts; nodes are still seen to follow."""
    stage = await begin()
    before = await stage.pointer.fetch()
    line = change.build_activation(stage.controls, ORDER, "activate", before)
    pointing = await point(stage.controls, line, before)
    await stage.fleet.fetch_nodes()
    stage.keys.down = True
    assert (await follow(stage.controls, ORDER, None, pointing)).result == "live"


async def test_without_watching_it_is_only_pointed_to() -> None:
    """Nobody looked, and nobody is asked."""
    stage = await begin()
    looks = stage.fleet.looks
    order = Order(release=B, wait=0)
    assert (await activate(stage.controls, order, await stage.pointer.fetch())).result == "pointed"
    assert stage.fleet.looks == looks


async def test_writers_without_end_are_given_up_on() -> None:
    """An error, and no release."""
    stage = await begin()
    before = await stage.pointer.fetch()

    async def lose(*_: object) -> bool:
        return False

    stage.keys.compare_and_set = lose  # type: ignore[method-assign]
    with pytest.raises(ActivationError, match="others write to the pointer all the time"):
        await activate(stage.controls, ORDER, before)


async def test_ctrl_c_that_a_driver_loses_ends_the_watch_all_the_same() -> None:
    """`asyncio.wait_for` of Python 3.11 forgets a cancellation now and then."""
    stage = await begin()
    stage.fleet.stuck = {"web-1"}
    fetch = stage.fleet.fetch_nodes
    entered = asyncio.Event()

    async def lose() -> object:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return await fetch()

    before = await stage.pointer.fetch()
    work = asyncio.create_task(activate(stage.controls, ORDER, before))
    while not stage.views:
        await asyncio.sleep(0)
    stage.fleet.fetch_nodes = lose  # type: ignore[method-assign, assignment]
    await entered.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
