"""What a change of content does to kept pages: those made of it are stale, hot ones are made anew.

In: calls of the content follower. Out: marks in the cache, and flights for pages that are asked for
most, made ahead of the next request. It answers nobody.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence, Set

from sos.cache.pages import CachedPage, PageCache
from sos.content.follow import State
from sos.content.store import Due
from sos.metrics import Metrics
from sos.produce.fallback import Fallback
from sos.produce.producer import Producer
from sos.web.ahead import is_busy
from sos.web.freshness import Freshness
from sos.web.making import Maker

HOT_SECONDS = 60.0
HOT_PAGES = 64
"""A page asked for within HOT_SECONDS is rendered again as soon as its content changes; at most
HOT_PAGES of them for one change."""

CONTENT_GRACE = 0.1
"""How long a busy page is shown as it was while it is made anew, seconds, after its content
changed: longer than that takes, unless the worker is busy. Half of all requests may be for one
page, and none of them is to wait for it. (A release is another matter: once a worker says that
it serves one, no page is of the one before. `ahead` makes them before.)"""


class Renewal:
    """Fills `Listener` for one worker; `attach` it before the follower runs."""

    def __init__(
        self,
        producer: Producer,
        cache: PageCache,
        metrics: Metrics,
        clock: Callable[[], float],
        changed: Callable[[], None],
        fallback: Fallback | None,
    ) -> None:
        self._producer = producer
        self._cache = cache
        self._metrics = metrics
        self._clock = clock
        self._changed = changed
        self._fallback = fallback
        self._background: set[asyncio.Task[None]] = set()
        # Copies that are shown as they are, and until when, in the loop's time.
        self._covered: dict[str, tuple[CachedPage, float]] = {}
        self._freshness: Freshness
        self._maker: Maker

    def attach(self, freshness: Freshness, maker: Maker) -> None:
        """Name those who themselves look at the follower, which must have its listener first."""
        self._freshness, self._maker = freshness, maker

    async def aclose(self) -> None:
        """Stop what is under way."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def is_covered(self, path: str, entry: CachedPage) -> bool:
        """Whether a copy may be shown as it is, because the page is being made anew."""
        covered, until = self._covered.get(path, (None, 0.0))
        return covered is entry and asyncio.get_running_loop().time() < until

    # ------------------------------------------------------------ news

    def on_touched(self, rev: int, names: Set[str]) -> None:
        """Content of these names changed: what shows it is stale, and hot pages are made anew."""
        if names & {"site", "menus"}:
            self._producer.reading.forget_site()
        self._producer.reading.shelf.follow(rev, names)
        self._maker.lacking = False
        self._metrics.content_store_incomplete.set(0)
        self._metrics.content_events.inc()
        self._renew(self._cache.invalidate(rev, frozenset(names) | {"sitemap"}), CONTENT_GRACE)

    def on_due(self, names: Set[str]) -> None:
        """Something appeared or disappeared at its time."""
        self._producer.reading.shelf.drop(names)
        self._renew(self._cache.invalidate_now(frozenset(names) | {"sitemap"}))

    def on_start(self, rev: int) -> None:
        """What was made before the first look is current if nothing changed in between."""
        self._producer.reading.shelf.start(rev)
        self._renew(self._cache.invalidate_before(rev))

    def on_everything(self, rev: int) -> None:
        """The store is another one: nothing that is kept can be trusted to be current."""
        self._producer.reading.forget_site()
        self._producer.reading.shelf.start(rev)
        self._maker.lacking = False
        self._metrics.content_resyncs.inc()
        self._renew(self._cache.invalidate_all())

    def on_upcoming(self, upcoming: Sequence[Due]) -> None:
        """Pages that are kept already must not outlive their content either."""
        for due in upcoming:
            self._cache.expire(due.touched, due.at)

    def on_state(self, state: State) -> None:
        """Tell metrics and supervisor; what was fresh may be stale now, and the other way round."""
        self._cache.version += 1
        self._metrics.content_stale.set(0 if state == "current" else 1)
        self._metrics.content_store_incomplete.set(
            1 if state == "incomplete" or self._maker.lacking else 0
        )
        if state == "current":
            self._leave_snapshot()
        elif self._fallback is not None and self._freshness.follower.current_at:
            self._fallback.close()  # the one on disk may be newer than one that was in use before
        self._changed()

    def on_release(self) -> None:
        """Another release is live: no kept page is of it, but those that were made ahead."""
        self._cache.version += 1
        self._make_hot_again(self._cache.paths())
        self._changed()

    # ------------------------------------------------------------ making anew

    def _renew(self, paths: list[str], grace: float = 0.0) -> None:
        self._metrics.cache_invalidations.inc(by=len(paths))
        self._make_hot_again(paths, grace)
        self._changed()

    def _leave_snapshot(self) -> None:
        """The store answers: what came from the snapshot is made anew where it is hot."""
        fallen = [p for p in self._maker.fallen if (e := self._cache.peek(p)) and e.taken_at]
        self._maker.fallen.clear()
        self._make_hot_again(fallen)
        for path in fallen:
            # The next time that the store is lost, the snapshot may be a newer one.
            if not self._is_hot(path):
                self._cache.forget(path)
        if self._fallback is not None:
            self._fallback.close()

    def _is_hot(self, path: str) -> bool:
        entry = self._cache.peek(path)
        return entry is not None and entry.last_hit >= self._clock() - HOT_SECONDS

    def _make_hot_again(self, paths: Iterable[str], grace: float = 0.0) -> None:
        hot = [p for p in paths if self._is_hot(p) and not p.startswith("!")]
        for path in hot[:HOT_PAGES]:
            task = asyncio.get_running_loop().create_task(self._refresh(path))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
            self._cover(path, grace)

    async def _refresh(self, path: str) -> None:
        entry = self._cache.peek(path)
        if entry is None or self._freshness.is_fresh(entry):
            return
        self._metrics.cache_refreshes.inc()
        with contextlib.suppress(Exception):  # the maker has logged it
            await self._make_ahead(path)
            # It may have joined a rendering that was under way when the change came.
            if (entry := self._cache.peek(path)) and entry.stale and not entry.partial:
                self._cover(path, CONTENT_GRACE)
                await self._make_ahead(path)

    async def _make_ahead(self, path: str) -> None:
        await self._maker.wait(self._maker.fly(path, path, "", "spare", 0), None)

    def _cover(self, path: str, grace: float) -> None:
        """Have the copy of a busy page shown as it is; the same copy never for longer."""
        entry = self._cache.peek(path)
        if entry is None or not is_busy(entry, self._clock()):
            return
        if self._covered.get(path, (None,))[0] is not entry:
            loop = asyncio.get_running_loop()
            self._covered[path] = entry, loop.time() + grace
            loop.call_later(grace, self._uncover, path, entry)

    def _uncover(self, path: str, entry: CachedPage) -> None:
        if self._covered.get(path, (None,))[0] is entry:
            del self._covered[path]
        self._cache.version += 1  # what was answered with it is not to be repeated by heart
