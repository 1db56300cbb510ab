"""A release for a part of the fleet: begun, watched, activated or ended."""

from __future__ import annotations

import asyncio

import pytest
from sos.errors import ActivationError, StoreError
from sos.rollout import acknowledge
from sos.rollout.activation import activate
from sos.rollout.canary import end_canary, run_canary
from sos.rollout.change import LostError, Order
from sos.rollout.follow import is_in_cohort
from sos.rollout.pointer import Canary

from tests.rollout.steering import A, B, C, Stage, build_stage

ORDER = Order(release=B, by="ann", why="careful", wait=5.0, percent=20.0, canary_seconds=0.02)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals and errors count at once."""
    monkeypatch.setattr(acknowledge, "REFUSAL_SECONDS", 0.0)
    monkeypatch.setattr(acknowledge, "ERROR_SECONDS", 0.0)
    monkeypatch.setattr(acknowledge, "SILENT_SECONDS", 0.0)


async def begin(nodes: int = 30) -> Stage:
    stage = build_stage(nodes)
    await stage.put(A)
    return stage


def cohort(stage: Stage, percent: float) -> set[str]:
    return {n for n in stage.fleet.nodes if is_in_cohort(n, B, percent)}


async def test_canary_is_on_its_cohort_only() -> None:
    """And stands until somebody decides."""
    stage = await begin()
    outcome = await run_canary(stage.controls, ORDER, await stage.pointer.fetch())
    assert (outcome.result, outcome.live, outcome.percent) == ("canary", A, 20.0)
    assert {n for n, r in stage.fleet.nodes.items() if r == B} == cohort(stage, 20.0) != set()
    assert (await stage.pointer.fetch()).canary == Canary(B, 20.0)
    assert (await stage.history())[0] == ("canary", B)


async def test_percentage_of_a_small_fleet_is_raised_to_one_node() -> None:
    """And that is said."""
    stage = await begin(nodes=3)
    order = Order(release=B, percent=0.01, wait=5.0)
    outcome = await run_canary(stage.controls, order, await stage.pointer.fetch())
    assert outcome.result == "canary"
    assert list(stage.fleet.nodes.values()).count(B) == 1
    assert stage.notes == [
        f"0.01 % would not include any of the 3 nodes: made it {outcome.percent:g} %"
    ]


async def test_canary_that_a_node_refuses_ends() -> None:
    """One is enough, however large the fleet is."""
    stage = await begin()
    stage.fleet.bad, stage.fleet.refusing = {B}, {min(cohort(stage, 20.0))}
    outcome = await run_canary(stage.controls, ORDER, await stage.pointer.fetch())
    assert (outcome.result, outcome.live) == ("canary ended", A)
    assert "refuse it" in outcome.reason
    assert (await stage.pointer.fetch()).canary is None
    assert (await stage.history())[:2] == [("canary", A), ("canary", B)]
    await stage.fleet.fetch_nodes()
    assert set(stage.fleet.nodes.values()) == {A}


async def test_canary_is_not_begun_blindly() -> None:
    """Without the register nobody could end it."""
    stage = await begin()
    stage.fleet.down = True
    with pytest.raises(StoreError):
        await run_canary(stage.controls, ORDER, await stage.pointer.fetch())
    assert (await stage.pointer.fetch()).canary is None


async def test_activation_through_a_canary() -> None:
    """First some, then all; the canary's key goes with it."""
    stage = await begin()
    outcome = await activate(stage.controls, ORDER, await stage.pointer.fetch())
    assert (outcome.result, outcome.live) == ("live", B)
    assert set(stage.fleet.nodes.values()) == {B}
    assert (await stage.pointer.fetch()).canary is None
    assert await stage.history() == [("activate", B), ("canary", B), ("activate", A)]
    assert "the canary is well" in stage.notes


async def test_activation_stops_at_a_canary_with_errors() -> None:
    """The rest of the fleet never sees the release."""
    stage = await begin()
    stage.fleet.changes = {n: {"errors_per_second": 9.0} for n in cohort(stage, 20.0)}
    before = await stage.pointer.fetch()

    async def healthy_before() -> tuple[object, ...]:
        stage.fleet.changes, kept = {}, stage.fleet.changes
        try:
            return await type(stage.fleet).fetch_nodes(stage.fleet)
        finally:
            stage.fleet.changes = kept
            del stage.fleet.fetch_nodes

    stage.fleet.fetch_nodes = healthy_before  # type: ignore[method-assign, assignment]
    outcome = await activate(stage.controls, ORDER, before)
    assert (outcome.result, outcome.live) == ("canary ended", A)
    assert "errors" in outcome.reason
    assert await stage.live() == A
    assert all(k == "canary" for k, _ in (await stage.history())[:2])


async def test_activation_stops_when_the_live_release_changed_meanwhile() -> None:
    """The canary was compared with another release."""
    stage = await begin()
    order = Order(release=B, wait=5.0, percent=20.0, canary_seconds=0.1)
    work = asyncio.create_task(activate(stage.controls, order, await stage.pointer.fetch()))
    while not stage.views:
        await asyncio.sleep(0)
    await stage.put(C, by="bob")
    with pytest.raises(LostError, match=f"by bob.* to {C}"):
        await work
    assert await stage.live() == C


async def test_activation_stops_when_somebody_ends_its_canary() -> None:
    """Somebody saw what it did not."""
    stage = await begin()
    order = Order(release=B, wait=5.0, percent=20.0, canary_seconds=5.0)
    work = asyncio.create_task(activate(stage.controls, order, await stage.pointer.fetch()))
    while not stage.views:
        await asyncio.sleep(0)
    await end_canary(stage.controls, "bob", "it is ugly", await stage.pointer.fetch())
    outcome = await work
    assert (outcome.result, outcome.live) == ("overtaken", A)


async def test_canary_that_nobody_follows_ends() -> None:
    """Late is not well."""
    stage = await begin()
    stage.fleet.stuck = set(stage.fleet.nodes)
    order = Order(release=B, wait=0.05, percent=20.0)
    outcome = await activate(stage.controls, order, await stage.pointer.fetch())
    assert (outcome.result, outcome.live) == ("canary ended", A)
    assert "have not followed" in outcome.reason


async def test_ending_needs_a_canary() -> None:
    """There is an error, and no line of history."""
    stage = await begin()
    with pytest.raises(ActivationError, match="there is no canary"):
        await end_canary(stage.controls, "ann", "", await stage.pointer.fetch())
    assert len(await stage.history()) == 1


async def test_canary_that_can_not_be_read_can_be_ended() -> None:
    """Somebody wrote nonsense into the key."""
    stage = await begin()
    stage.keys.put("sos/templateReleaseCanary", b"nonsense")
    await end_canary(stage.controls, "ann", "", await stage.pointer.fetch())
    assert (await stage.pointer.fetch()).canary_index == 0


async def test_canary_is_not_begun_over_somebody_elses() -> None:
    """Which was begun since the pointer was read."""
    stage = await begin()
    before = await stage.pointer.fetch()
    stage.keys.put("sos/templateReleaseCanary", b'{"release":"%s","percent":5}' % C.encode())
    with pytest.raises(ActivationError, match="somebody changed the canary"):
        await run_canary(stage.controls, ORDER, before)
