"""Watching a fleet follow: register and pointer in, again and again, until there is an `Ending`.

It changes nothing. Either of the two may be away for a while; then what was last seen counts, and
in the end it says what it could not see.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

import msgspec

from sos.errors import KeyStoreError, StoreError
from sos.rollout.acknowledge import Acknowledgement, View, decide_revert
from sos.rollout.pointer import Pointer, Pointing
from sos.rollout.ports import FleetRegister, NodeReport

End = Literal["complete", "refused", "late", "unseen", "empty", "overtaken"]


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Times of a watch, seconds. ``look`` lies between two looks; ``blind`` is how long the
    register may be away before the watch ends, and ``empty`` how long it may name no node."""

    look: float = 0.25
    blind: float = 5.0
    empty: float = 5.0


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a watch ended, and the last that was seen. ``reason`` is for people."""

    end: End
    view: View
    reason: str = ""
    pointing: Pointing | None = None


class FleetWatch:
    """Watches the nodes that should serve what the pointer names for them."""

    def __init__(
        self,
        pointer: Pointer,
        register: FleetRegister | None,
        on_view: Callable[[View], None] = lambda view: None,
        pace: Pace = Pace(),  # noqa: B008 - frozen
    ) -> None:
        self._pointer = pointer
        self._register = register
        self._on_view = on_view
        self._pace = pace

    async def fetch_nodes(self) -> tuple[NodeReport, ...]:
        """The nodes that live. Raises StoreError when the register is away."""
        if self._register is None:
            raise StoreError("there is no register of nodes")
        return await self._register.fetch_nodes()

    async def watch(
        self,
        release: str,
        pointing: Pointing,
        *,
        wait: float,
        stay: float = 0.0,
        canary: bool = False,
        before: tuple[NodeReport, ...] = (),
    ) -> Ending:
        """Watch until every node that should serves ``release``, and does so for ``stay`` seconds.

        Ends early when it has to go (`decide_revert`), or the pointer names something else; after
        ``wait`` seconds, not counting ``stay``, as late. ``pointing`` is what the change made.
        """
        clock = asyncio.get_running_loop().time
        began = seen = some = clock()
        known = Acknowledgement(release, began, before)
        view = View(release=release, seconds=0.0)
        complete_since: float | None = None
        while True:
            _require_wanted()
            pointing = await self._read(pointing)
            if _names(pointing, canary=canary) != release:
                return Ending(end="overtaken", view=view, pointing=pointing)
            try:
                reports = await self.fetch_nodes()
            except StoreError as exc:
                if clock() - seen >= self._pace.blind:
                    return Ending(end="unseen", view=view, reason=str(exc), pointing=pointing)
            else:
                seen = clock()
                some = seen if reports else some
                view = known.look(reports, pointing, seen)
                self._on_view(view)
                if reason := decide_revert(view, canary=canary):
                    return Ending(end="refused", view=view, reason=reason, pointing=pointing)
            now = clock()
            complete_since = (complete_since or now) if view.is_complete else None
            if complete_since is not None and now - complete_since >= stay:
                return Ending(end="complete", view=view, pointing=pointing)
            if now - some >= self._pace.empty:
                return Ending(end="empty", view=view, pointing=pointing)
            if complete_since is None and now - began >= wait:
                return Ending(end="late", view=view, reason=_describe_late(view), pointing=pointing)
            await asyncio.sleep(self._pace.look)

    async def _read(self, last: Pointing) -> Pointing:
        """What the pointer says now, or said last."""
        try:
            async with asyncio.timeout(2.0):
                return await self._pointer.fetch()
        except (KeyStoreError, TimeoutError):
            return last


def _require_wanted() -> None:
    """Raise CancelledError where a cancellation was lost in a call of a driver.

    Python 3.11's ``asyncio.wait_for`` forgets one that comes in the moment in which what it waits
    for is done; Ctrl-C is one.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _names(pointing: Pointing, *, canary: bool) -> str | None:
    if canary:
        return pointing.canary.release if pointing.canary else None
    return pointing.release


def _describe_late(view: View) -> str:
    """Who is late, and why, as far as nodes say."""
    late = view.select("on the way", "refuses")
    if not late:
        return "no node of those that should serve it has reported"
    some = ", ".join(
        f"{n.node} ({n.reason or n.phase or n.standing})"
        for n in sorted(late, key=lambda n: n.node)[:3]
    )
    more = f" and {len(late) - 3} more" if len(late) > 3 else ""
    return f"{len(late)} of {len(view.concerned)} nodes have not followed: {some}{more}"
