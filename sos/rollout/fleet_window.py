"""One look at a fleet: who is in the register, and what the pointer names.

In: the two stores, or what this node remembers of the pointer. Out: a `Fleet`, also when either
does not answer: then it says so, and shows the node that looks. It judges nothing.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from sos.errors import KeyStoreError, StoreUnavailableError
from sos.rollout.fleet import Fleet, Live, Roster
from sos.rollout.pointer import Activation, Pointer, Pointing
from sos.rollout.ports import FleetRegister, NodeReport

PATIENCE = 2.0
"""Time that the pointer's store gets, seconds."""

RETRY_SECONDS = 10.0
"""How long the history is not asked for again once it could not be had."""


@runtime_checkable
class RosterSource(Protocol):
    """A register that also knows who is missed."""

    async def fetch_roster(self) -> Roster:
        """Raises StoreUnavailableError."""
        ...


class FleetWindow:
    """Looks at one fleet, as often as asked.

    A node that looks gives ``fetch_own``, what it would report of itself, and ``fetch_pointing``,
    the last that its follower read and what is wrong with reading it ("" if nothing): both from
    memory. Without the latter each look reads the pointer.
    """

    def __init__(
        self,
        register: FleetRegister | None,
        pointer: Pointer | None,
        *,
        site: str = "",
        fetch_own: Callable[[], NodeReport] | None = None,
        fetch_pointing: Callable[[], tuple[Pointing | None, str]] | None = None,
    ) -> None:
        self._register = register
        self._pointer = pointer
        self._site = site
        self._fetch_own = fetch_own
        self._fetch_pointing = fetch_pointing
        self._told: tuple[tuple[int, int], tuple[Activation, ...]] | None = None
        self._retry_at = 0.0

    async def look(self) -> Fleet:
        """The fleet now.

        Raises StoreUnavailableError when the register does not answer and nobody can speak for a
        node.
        """
        (roster, problem), live = await asyncio.gather(self._fetch_roster(), self._fetch_live())
        return Fleet(
            nodes=roster.nodes,
            lost=roster.lost,
            now=roster.now,
            unreadable=roster.unreadable,
            problem=problem,
            live=live,
            site=self._site,
            seen_by=self._fetch_own().node if self._fetch_own else "",
        )

    async def _fetch_roster(self) -> tuple[Roster, str]:
        try:
            if self._register is None:
                raise StoreUnavailableError("this node has no register of nodes")
            if isinstance(self._register, RosterSource):
                return await self._register.fetch_roster(), ""
            nodes = await self._register.fetch_nodes()
            return Roster(max((n.at for n in nodes), default=time.time()), nodes), ""
        except StoreUnavailableError as exc:
            if self._fetch_own is None:
                raise
            return Roster(time.time(), (self._fetch_own(),)), str(exc)

    async def _fetch_live(self) -> Live:
        pointing, trouble = await self._read_pointing()
        if pointing is None:
            return Live(problem=trouble)
        if pointing.problem == "invalid":
            trouble = trouble or "its key holds no release id"
        latest = await self._fetch_latest(pointing)
        canary = pointing.canary
        return Live(
            release=pointing.release,
            since=latest.at if latest else 0.0,
            by=latest.by if latest else "",
            why=latest.why if latest else "",
            canary=canary.release if canary else "",
            percent=canary.percent if canary else 0.0,
            problem=trouble,
        )

    async def _read_pointing(self) -> tuple[Pointing | None, str]:
        if self._fetch_pointing:
            return self._fetch_pointing()
        if self._pointer is None:
            return None, ""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._pointer.fetch(), ""
        except (KeyStoreError, TimeoutError) as exc:
            return None, str(exc) or f"it did not answer within {PATIENCE:.0f} s"

    async def _fetch_latest(self, pointing: Pointing) -> Activation | None:
        """How the live release came to be, read again only when the pointer has changed."""
        indices = (pointing.release_index, pointing.canary_index)
        if self._told is None or self._told[0] != indices:
            if self._pointer is None or time.monotonic() < self._retry_at:
                return None
            try:
                async with asyncio.timeout(PATIENCE):
                    self._told = indices, await self._pointer.fetch_history()
            except (KeyStoreError, TimeoutError):
                self._retry_at = time.monotonic() + RETRY_SECONDS
                return None
        lines = (a for a in self._told[1] if a.release == pointing.release and a.kind != "canary")
        return next(lines, None)
