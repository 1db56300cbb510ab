"""Busy pages made with a release before it is live, so that nobody waits for them when it is.

In: a release that a worker has loaded. Out: entries for the cache at the moment of the change.
Until then it changes nothing that anybody sees, and it never holds up a change for long.
"""

import asyncio
import contextlib
from collections.abc import Callable

from sos.cache.pages import CachedPage, PageCache
from sos.content.follow import ContentFollower
from sos.errors import SosError
from sos.page.routes import Refusal
from sos.produce.producer import Producer
from sos.release.environment import Release
from sos.web.making import Maker
from sos.web.render_queue import RenderQueue

AHEAD_SECONDS = 0.25
"""How long a change of release waits for them at most; a page takes a few milliseconds."""

AHEAD_PAGES = 64
"""How many pages are made, those that visitors ask for most."""

KEPT_SECONDS = 5.0
"""How long they are kept where the release is not live after all: somebody previews it."""

BUSY_HITS, BUSY_SECONDS = 50, 2.0
"""A page is busy that was asked for so often, and so recently. (The front counts once a second.)"""


def is_busy(entry: CachedPage, now: float) -> bool:
    """Whether so many ask for a page that making it anew would keep several of them waiting."""
    return entry.hits >= BUSY_HITS and entry.last_hit >= now - BUSY_SECONDS


class Ahead:
    """The pages of one worker that are made ahead; of one release, the last one that was loaded."""

    def __init__(
        self,
        producer: Producer,
        cache: PageCache,
        follower: ContentFollower,
        maker: Maker,
        queue: RenderQueue,
        clock: Callable[[], float],
    ) -> None:
        self._producer = producer
        self._cache = cache
        self._follower = follower
        self._maker = maker
        self._queue = queue
        self._clock = clock
        self._release: Release | None = None
        self._made: list[tuple[str, CachedPage, int]] = []

    async def make(self, release: Release) -> None:
        """Make what is busy with ``release``, as far as time allows. Raises nothing."""
        self._release, self._made = release, []
        if not self._follower.is_current:
            return
        producer = self._producer.with_release(release)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AHEAD_SECONDS):
                for path in self._choose():
                    with contextlib.suppress(SosError):  # then visitors will see, and it is logged
                        await self._make_one(producer, path)
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, self._made)

    def keep(self, release: Release) -> None:
        """Put into the cache what was made with ``release``, which is live from now on.

        What has changed since it was made is stale there.
        """
        made, self._made = self._made, []
        if release is not self._release:
            return
        for path, entry, moment in made:
            entry.until = self._follower.next_change(frozenset(entry.page.depends))
            self._cache.keep(path, entry, moment)

    def _choose(self) -> list[str]:
        now, entries = self._clock(), self._cache.paths()
        busy = [p for p in entries if (e := self._cache.peek(p)) and is_busy(e, now)]
        return [p for p in busy if p.startswith("/")][:AHEAD_PAGES]

    async def _make_one(self, producer: Producer, path: str) -> None:
        moment, route = self._cache.moment, self._maker.decide_route(path, "")
        if isinstance(route, Refusal):
            return
        async with self._queue.turn(self._queue.enter("spare", AHEAD_SECONDS)):
            made = await producer.produce(route, partial=False)
        if isinstance(made, CachedPage):
            self._made.append((path, made, moment))

    def _forget(self, made: list[tuple[str, CachedPage, int]]) -> None:
        if self._made is made:
            self._made = []
