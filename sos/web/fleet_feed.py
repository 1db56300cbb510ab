"""Live updates of the fleet page: one look a second for all who watch, none for nobody.

In: a callable that looks at the fleet. Out: to each watcher the whole view, then what changed of
it. A watcher that does not read is dropped; there are never more than a few.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import structlog

from sos.rollout.fleet import Fleet, summarise
from sos.web.fleet_view import build_delta, build_view

WATCHERS = 20
"""Most watchers at a time."""

BACKLOG = 5
"""Updates that a watcher may be behind before it is dropped."""

TICK_SECONDS = 1.0

FRESH_SECONDS = 0.5
"""A look that was taken this short a time ago is good enough for another request."""

Fetch = Callable[[], Awaitable[Fleet]]

log = structlog.get_logger()


class TooManyWatchersError(Exception):
    """There is no place for another watcher."""


class Watcher:
    """One open page, and what ends its connection."""

    def __init__(self, drop: Callable[[], None]) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(BACKLOG)
        self.drop = drop


class FleetFeed:
    """Belongs to one event loop. ``fetch`` is called by one at a time."""

    def __init__(self, fetch: Fetch, tick: float = TICK_SECONDS) -> None:
        self._fetch = fetch
        self._tick = tick
        self._watchers: set[Watcher] = set()
        self._ticking: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[Fleet] | None = None
        self._seen: Fleet | None = None
        self._seen_at = -1e9
        self._view: dict[str, Any] = {}
        self._closed = False

    @property
    def watchers(self) -> int:
        """How many pages watch now."""
        return len(self._watchers)

    async def look(self) -> Fleet:
        """The fleet as it is, or was at most half a second ago. Raises what ``fetch`` raises."""
        loop = asyncio.get_running_loop()
        if self._seen is not None and loop.time() - self._seen_at < FRESH_SECONDS:
            return self._seen
        if self._looking is None:
            self._looking = loop.create_task(self._look())
            self._looking.add_done_callback(lambda task: task.cancelled() or task.exception())
        # One that goes away must not take the answer from the others.
        return await asyncio.shield(self._looking)

    @contextlib.asynccontextmanager
    async def watch(self, drop: Callable[[], None]) -> AsyncIterator[asyncio.Queue[bytes]]:
        """A queue of JSON: the whole view first, then about each second what changed of it; empty
        bytes are the end. ``drop`` is called, once, when five updates have not been taken.

        Raises TooManyWatchersError.
        """
        if len(self._watchers) >= WATCHERS or self._closed:
            raise TooManyWatchersError
        watcher = Watcher(drop)
        if self._view:
            watcher.queue.put_nowait(msgspec.json.encode(self._view))
        self._watchers.add(watcher)
        if self._ticking is None:
            self._ticking = asyncio.get_running_loop().create_task(self._run())
        try:
            yield watcher.queue
        finally:
            self._watchers.discard(watcher)
            if not self._watchers:
                await self._rest()

    async def aclose(self) -> None:
        """Tell every watcher that this is the end, and look no more."""
        self._closed = True
        for watcher in self._watchers:
            while not watcher.queue.empty():
                watcher.queue.get_nowait()
            watcher.queue.put_nowait(b"")
        await self._rest()
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _rest(self) -> None:
        """Stop ticking. Whoever begins to watch meanwhile starts it anew."""
        task, self._ticking, self._view = self._ticking, None, {}
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _look(self) -> Fleet:
        try:
            self._seen = await self._fetch()
            self._seen_at = asyncio.get_running_loop().time()
            return self._seen
        finally:
            self._looking = None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            next_at = loop.time() + self._tick
            try:
                fleet = await self.look()
                # Half a thousand nodes take some milliseconds, that health checks need not wait.
                message, self._view = await asyncio.to_thread(_build, fleet, self._view)
                self._tell(message)
            except Exception:  # pages say that they hear nothing; the node goes on
                log.exception("fleet_page_failed")
            await asyncio.sleep(max(0.05, next_at - loop.time()))

    def _tell(self, message: bytes) -> None:
        for watcher in tuple(self._watchers):
            try:
                watcher.queue.put_nowait(message)
            except asyncio.QueueFull:
                self._watchers.discard(watcher)
                watcher.drop()


def _build(fleet: Fleet, before: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    after = msgspec.to_builtins(build_view(fleet, summarise(fleet)))
    return msgspec.json.encode(build_delta(before, after)), after
