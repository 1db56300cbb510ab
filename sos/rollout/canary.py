"""A release for a part of the fleet: begun, watched, and ended when it is not well.

In: an `Order` with a percentage. Out: an `Outcome`, or the way on. A canary that nobody can watch
is never begun: it needs the register of nodes, also to find a percentage that is at least one node.
"""

import msgspec

from sos.errors import ActivationError
from sos.rollout.acknowledge import widen_canary
from sos.rollout.change import (
    Controls,
    LostError,
    Order,
    Outcome,
    build_activation,
    change_canary,
    conclude,
    find_winner,
)
from sos.rollout.fleet_watch import Ending
from sos.rollout.pointer import Activation, Canary, Pointing
from sos.rollout.ports import NodeReport


async def run_canary(controls: Controls, order: Order, expected: Pointing) -> Outcome:
    """Begin a canary and watch its nodes follow; it stands then, or was ended when they refused.

    Raises ActivationError, KeyStoreError; StoreError when the register is away.
    """
    pointing, canary, before = await _begin(controls, order, expected)
    if not order.wait:
        return Outcome(
            result="pointed", release=order.release, live=pointing.release, percent=canary.percent
        )
    ending = await _watch(controls, order, pointing, before, 0.0)
    if ending.end == "refused":
        return await _end_failed(controls, order, ending)
    outcome = conclude(order, None, ending)
    if ending.end == "complete":
        outcome = msgspec.structs.replace(outcome, result="canary")
    return msgspec.structs.replace(outcome, percent=canary.percent)


async def go_through_canary(
    controls: Controls, order: Order, expected: Pointing
) -> Outcome | Pointing:
    """What the pointer says once the canary was well for long enough; an outcome where it was not.

    Raises as `run_canary`, and LostError where the release that is live has changed meanwhile.
    """
    pointing, canary, before = await _begin(controls, order, expected)
    controls.on_note(f"canary on {canary.percent:g} % of the nodes")
    ending = await _watch(controls, order, pointing, before, order.canary_seconds)
    now = ending.pointing or pointing
    if ending.end == "overtaken":
        return conclude(order, None, ending)
    if ending.end != "complete":
        return await _end_failed(controls, order, ending)
    if now.release_index != expected.release_index:
        raise LostError(order.release, now, await find_winner(controls.pointer, now))
    controls.on_note("the canary is well")
    return now


async def end_canary(controls: Controls, by: str, why: str, expected: Pointing) -> Outcome:
    """Have the whole fleet serve what is live. Raises ActivationError where no canary stands."""
    if not expected.canary_index:
        raise ActivationError("there is no canary")
    ended = expected.canary.release if expected.canary else ""
    activation = Activation(
        release=expected.release or ended or "none",
        previous=ended,
        at=controls.clock(),
        by=by,
        why=why,
        kind="canary",
    )
    now = await change_canary(controls, None, activation, expected)
    return Outcome(
        result="canary ended", release=ended, live=now.release, changed=activation, reason=why
    )


async def _begin(
    controls: Controls, order: Order, expected: Pointing
) -> tuple[Pointing, Canary, tuple[NodeReport, ...]]:
    """Give a release to ``order.percent`` of the fleet, or as much as makes one node."""
    before = await controls.watch.fetch_nodes()
    percent = widen_canary(before, order.release, order.percent)
    if percent > order.percent:
        controls.on_note(
            f"{order.percent:g} % would not include any of the {len(before)} nodes: "
            f"made it {percent:g} %"
        )
    canary = Canary(order.release, percent)
    activation = build_activation(controls, order, "canary", expected)
    return await change_canary(controls, canary, activation, expected), canary, before


async def _watch(
    controls: Controls,
    order: Order,
    pointing: Pointing,
    before: tuple[NodeReport, ...],
    stay: float,
) -> Ending:
    """Watch the cohort follow, and be well for ``stay`` seconds."""
    return await controls.watch.watch(
        order.release, pointing, wait=order.wait, stay=stay, canary=True, before=before
    )


async def _end_failed(controls: Controls, order: Order, ending: Ending) -> Outcome:
    """End a canary that was not well, unless somebody else has done so."""
    reason = ending.reason or f"the canary could not be watched to its end ({ending.end})"
    controls.on_note(f"{reason}; ending the canary")
    now = await controls.pointer.fetch(consistent=True)
    if not now.canary or now.canary.release != order.release:
        return conclude(order, None, msgspec.structs.replace(ending, end="overtaken", pointing=now))
    outcome = await end_canary(controls, order.by, f"ended by itself: {reason}", now)
    return msgspec.structs.replace(outcome, view=ending.view, reason=reason)
