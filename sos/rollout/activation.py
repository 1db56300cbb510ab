"""Making a release live: an `Order` in; pointer changed, fleet watched, and an `Outcome` out.

When nodes refuse the release it goes back by itself. Whether the release is any good has been asked
by then (`sos release check`); of two that order at once exactly one wins (`change`).
"""

import msgspec

from sos.errors import KeyStoreError, StoreError
from sos.rollout.canary import go_through_canary
from sos.rollout.change import (
    Controls,
    LostError,
    Order,
    Outcome,
    build_activation,
    conclude,
    point,
)
from sos.rollout.fleet_watch import Ending
from sos.rollout.pointer import Activation, Pointing
from sos.rollout.ports import NodeReport

REVERT_WAIT = 20.0
"""How long a fleet is watched after a revert, seconds."""


async def activate(controls: Controls, order: Order, expected: Pointing) -> Outcome:
    """Make a release live, after a canary if one is asked for, and watch the fleet follow.

    ``expected`` is what the pointer said before anything was checked. Raises what `point` raises;
    StoreError when there has to be a canary and the register is away.
    """
    if order.percent:
        ended = await go_through_canary(controls, order, expected)
        if isinstance(ended, Outcome):
            return ended
        expected = ended
    before = await _fetch_before(controls) if order.wait else ()
    activation = build_activation(controls, order, "activate", expected)
    pointing = await point(controls, activation, expected)
    return await follow(controls, order, activation, pointing, before)


async def follow(
    controls: Controls,
    order: Order,
    activation: Activation | None,
    pointing: Pointing,
    before: tuple[NodeReport, ...] = (),
) -> Outcome:
    """Watch the fleet follow a pointer that names the release already; revert what was activated.

    Without ``activation`` it was somebody else's change, and is left alone.
    """
    release = order.release
    if not order.wait:
        return Outcome(result="pointed", release=release, live=release, changed=activation)
    ending = await controls.watch.watch(release, pointing, wait=order.wait, before=before)
    if ending.end == "refused" and activation and activation.kind == "activate":
        return await _revert(controls, order, activation, ending)
    return conclude(order, activation, ending)


async def _fetch_before(controls: Controls) -> tuple[NodeReport, ...]:
    """The fleet as it is before the change; nothing where it can't be seen."""
    try:
        return await controls.watch.fetch_nodes()
    except StoreError:
        return ()


async def _revert(controls: Controls, order: Order, failed: Activation, ending: Ending) -> Outcome:
    """Point back to what was live before, unless somebody else has pointed elsewhere.

    Raises KeyStoreError when the pointer can't be changed back now.
    """
    if not failed.previous:
        reason = f"{ending.reason}. There is no release to go back to"
        return conclude(order, failed, msgspec.structs.replace(ending, reason=reason))
    controls.on_note(f"{ending.reason}; going back to {failed.previous}")
    back = msgspec.structs.replace(order, release=failed.previous, why=ending.reason)
    try:
        now = await controls.pointer.fetch(consistent=True)
        if now.release != failed.release:
            return conclude(order, failed, _overtaken(ending, now))
        activation = build_activation(controls, back, "revert", now)
        pointing = await point(controls, activation, now)
    except LostError:
        return conclude(order, failed, _overtaken(ending, await controls.pointer.fetch()))
    except KeyStoreError as exc:
        raise KeyStoreError(
            f"{failed.release} is live, and {ending.reason}; going back to {failed.previous} "
            f"failed: {exc}; try `sos release rollback`"
        ) from exc
    after = await controls.watch.watch(failed.previous, pointing, wait=REVERT_WAIT)
    return Outcome(
        result="reverted",
        release=order.release,
        live=after.pointing.release if after.pointing else failed.previous,
        changed=activation,
        reason=ending.reason,
        view=ending.view,
    )


def _overtaken(ending: Ending, now: Pointing) -> Ending:
    return msgspec.structs.replace(ending, end="overtaken", pointing=now)
