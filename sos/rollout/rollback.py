"""Going back: the last thing that was changed is undone, with one compare-and-set and no thought.

In: the pointer and its history. Out: an `Outcome`. It asks neither the store of releases nor the
register of nodes before the change is made: both may be away.
"""

import math
from collections.abc import Awaitable, Callable, Sequence

from sos.errors import ActivationError, KeyStoreError
from sos.rollout.canary import end_canary
from sos.rollout.change import Controls, LostError, Order, Outcome, build_activation, point
from sos.rollout.history import decide_rollback, find_activation, is_canary_newest
from sos.rollout.pointer import Activation, Pointing

ATTEMPTS = 5

RECENT_SECONDS = 10.0
"""A change that somebody else made in the last so many seconds is not undone without asking: two
who roll back the same release would go back twice."""

Guess = Callable[[str | None], Awaitable[str | None]]
"""From what is live to the release before it, as somebody else than history knows it."""


class RecentChangeError(ActivationError):
    """Somebody else has just changed what is live; ``newest`` is the line of history."""

    def __init__(self, newest: Activation, seconds: float) -> None:
        self.newest = newest
        done = {
            "rollback": f"rolled back to {newest.release}",
            "revert": f"went back to {newest.release} by itself, for nodes refused the other",
            "canary": "began or ended a canary",
        }
        what = done.get(newest.kind, f"activated {newest.release}")
        super().__init__(
            f"nothing was changed: {newest.by or 'somebody'} {what} {max(0.0, seconds):.1f} s ago; "
            "look with `sos release list --history`, and undo that with --force"
        )


async def roll_back(
    controls: Controls, order: Order, guess: Guess, *, began: float = math.inf, force: bool = False
) -> Outcome:
    """Undo the last activation or canary, or go to ``order.release`` if that is not empty.

    Where history tells nothing, ``guess`` is asked. The fleet is not watched. ``began`` is when the
    order was given, epoch seconds: what was changed since then was not seen by who gave it, and is
    not undone, nor what somebody else changed shortly before, unless by ``force``. Raises
    ActivationError where there is nothing to go back to, RecentChangeError, LostError,
    KeyStoreError.
    """
    for attempt in range(ATTEMPTS):
        now, history = await _read(controls)
        if not force:
            _require_calm(history, order.by, controls.clock(), began)
        if not order.release and is_canary_newest(history, now):
            return await end_canary(controls, order.by, order.why or "rolled back", now)
        release = order.release or decide_rollback(history, now.release)
        # Nodes remember what they served last, which after a rollback is what it led away from:
        # they are asked only about what history does not know.
        if release is None and not find_activation(history, now.release or ""):
            release = await guess(now.release)
        if release is None:
            raise ActivationError(
                f"nothing was changed: nobody knows what was live before {now.release or 'it'}; "
                "name the release, `sos release list` shows them"
            )
        if release == now.release:
            return Outcome(result="pointed", release=release, live=release)
        named = Order(release=release, by=order.by, why=order.why)
        activation = build_activation(controls, named, "rollback", now)
        try:
            await point(controls, activation, now)
        except LostError:
            if force and attempt + 1 < ATTEMPTS:
                continue
            raise
        return Outcome(result="pointed", release=release, live=release, changed=activation)
    raise ActivationError("others write to the pointer all the time; try again")


async def _read(controls: Controls) -> tuple[Pointing, Sequence[Activation]]:
    """Pointer and history. A history that can't be read must not stand in the way."""
    now = await controls.pointer.fetch()
    try:
        return now, await controls.pointer.fetch_history()
    except KeyStoreError:
        return now, ()


def _require_calm(history: Sequence[Activation], by: str, now: float, began: float) -> None:
    """Raise RecentChangeError where somebody else, or a revert, has just changed something."""
    newest = history[0] if history else None
    if newest is None or abs(now - newest.at) > RECENT_SECONDS:
        return
    if newest.by != by or newest.kind == "revert" or newest.at >= began:
        raise RecentChangeError(newest, now - newest.at)
