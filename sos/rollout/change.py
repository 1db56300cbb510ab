"""A change of the pointer: what should be live in, and it is so, or somebody else was first.

Every change is compared with what was read before, so that of two at once exactly one wins and the
other is told who did. It watches nobody and judges nothing: see `activation`, `canary`, `rollback`.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Literal

import msgspec

from sos.errors import ActivationError, KeyStoreError
from sos.rollout.acknowledge import NodeView, View
from sos.rollout.fleet_watch import Ending, FleetWatch
from sos.rollout.pointer import Activation, Canary, Kind, Pointer, Pointing

ATTEMPTS = 5
"""How often a change is tried again that lost against a change of something else."""

FINDING_OUT, FINDING_OUT_PAUSE = 5, 0.4
"""How often it is looked whether a change was made whose answer was lost, and how long between."""

Result = Literal[
    "live",
    "pointed",
    "late",
    "reverted",
    "refused",
    "overtaken",
    "unseen",
    "empty",
    "canary",
    "canary ended",
]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants. ``wait`` is how long the fleet is watched, seconds; 0: not at all.

    ``percent`` above 0 begins with a canary, which has to be well for ``canary_seconds``.
    """

    release: str
    by: str = ""
    why: str = ""
    wait: float = 90.0
    percent: float = 0.0
    canary_seconds: float = 30.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. ``live`` is what the pointer names now, ``changed`` the line of history.

    ``live`` as the result: every node that should serves it. ``pointed``: nobody looked.
    """

    result: Result
    release: str
    live: str | None
    changed: Activation | None = None
    reason: str = ""
    view: View | None = None
    percent: float = 0.0

    @property
    def nodes(self) -> tuple[NodeView, ...]:
        """The nodes as they were last seen."""
        return self.view.nodes if self.view else ()


class LostError(ActivationError):
    """Somebody else changed the pointer first. ``winner`` is their line of history, if known."""

    def __init__(self, wanted: str, now: Pointing, winner: Activation | None) -> None:
        self.winner = winner
        who = f"by {winner.by or 'somebody'}" if winner else "by hand"
        at = f" at {time.strftime('%H:%M:%S', time.localtime(winner.at))}" if winner else ""
        super().__init__(
            f"{wanted} was not activated: the pointer was changed meanwhile {who}{at}, "
            f"to {now.release or 'no release'}"
        )


class Controls(msgspec.Struct, frozen=True, kw_only=True):
    """What a change is made with. ``on_change`` is told each change that was made, at once."""

    pointer: Pointer
    watch: FleetWatch
    on_change: Callable[[Activation], None] = lambda activation: None
    on_note: Callable[[str], None] = lambda note: None
    clock: Callable[[], float] = time.time


def build_activation(controls: Controls, order: Order, kind: Kind, now: Pointing) -> Activation:
    """The line of history for a change."""
    return Activation(
        release=order.release,
        previous=now.release or "",
        at=controls.clock(),
        by=order.by,
        why=order.why,
        kind=kind,
    )


def conclude(order: Order, activation: Activation | None, ending: Ending) -> Outcome:
    """What a watch came to."""
    result: Result = "live" if ending.end == "complete" else ending.end
    return Outcome(
        result=result,
        release=order.release,
        live=ending.pointing.release if ending.pointing else order.release,
        changed=activation,
        reason=ending.reason,
        view=ending.view,
    )


async def point(controls: Controls, activation: Activation, expected: Pointing) -> Pointing:
    """Make a release live where the pointer still names what it did; what it says then.

    Raises LostError where it does not, KeyStoreError where nobody knows, and says which.
    """
    pointer = controls.pointer
    for _ in range(ATTEMPTS):
        try:
            done = await pointer.activate(activation, expected)
        except KeyStoreError as exc:
            await _find_out(pointer, activation, expected, exc)
            done = True
        if done:
            controls.on_change(activation)
            return await _look(pointer, activation)
        now = await pointer.fetch(consistent=True)
        if now.release_index != expected.release_index:
            raise LostError(activation.release, now, await find_winner(pointer, now))
        expected = now  # only history or canary were changed by somebody
    raise ActivationError(
        f"{activation.release} was not activated: others write to the pointer all the time; "
        "try again"
    )


async def change_canary(
    controls: Controls, canary: Canary | None, activation: Activation, expected: Pointing
) -> Pointing:
    """Begin, replace or end a canary where all is still as expected; what the pointer says then.

    Raises ActivationError where somebody else changed the canary, or the release that is live.
    """
    pointer = controls.pointer
    for _ in range(ATTEMPTS):
        if await pointer.set_canary(canary, expected, activation):
            controls.on_change(activation)
            return await pointer.fetch()
        now = await pointer.fetch(consistent=True)
        if (now.canary_index, now.release) != (expected.canary_index, expected.release):
            raise ActivationError(
                "nothing was changed: somebody changed the canary, or the live release, meanwhile; "
                "look with `sos release list`"
            )
        expected = now
    raise ActivationError("others write to the pointer all the time; try again")


async def require_first(pointer: Pointer, wanted: str, now: Pointing, began: float) -> None:
    """Raise LostError where somebody made something live since ``began``, epoch seconds.

    That is when the order was given: a command that begins to read after another one has written
    would not lose any comparison, and undo what its operator has not seen.
    """
    winner = await find_winner(pointer, now)
    if winner and winner.at >= began and now.release != wanted:
        raise LostError(wanted, now, winner)


async def find_winner(pointer: Pointer, now: Pointing) -> Activation | None:
    """The line of history that tells how the pointer came to be what it is; None: by hand."""
    try:
        history = await pointer.fetch_history()
    except KeyStoreError:
        return None
    newest = next((a for a in history if a.kind != "canary"), None)
    return newest if newest and newest.release == now.release else None


async def _look(pointer: Pointer, activation: Activation) -> Pointing:
    """What the pointer says after a change that was made; never raises."""
    try:
        return await pointer.fetch()
    except KeyStoreError:
        return Pointing(index=1, release=activation.release)


async def _find_out(
    pointer: Pointer, activation: Activation, expected: Pointing, exc: KeyStoreError
) -> None:
    """Whether a change was made whose answer was lost. Raises KeyStoreError unless it was."""
    for _ in range(FINDING_OUT):
        try:
            now = await pointer.fetch(consistent=True)
            history = await pointer.fetch_history()
        except KeyStoreError:
            await asyncio.sleep(FINDING_OUT_PAUSE)
            continue
        if any((a.at, a.by) == (activation.at, activation.by) for a in history[:5]):
            return
        if now.release_index == expected.release_index:
            raise KeyStoreError(f"{exc}; nothing was changed") from exc
        raise LostError(activation.release, now, await find_winner(pointer, now)) from exc
    raise KeyStoreError(
        f"{exc}; whether {activation.release} was activated is not known: see `sos release list`"
    ) from exc
