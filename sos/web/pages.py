"""The page service of one worker: a request's path in, the best answer that can be given now out.

Fresh from the cache, else rendered once for all who wait, else the last good copy, else the one of
the snapshot on disk. It listens to the content follower and renders hot pages again before they are
asked for. Knows no HTTP.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence, Set
from typing import Any, Literal

import msgspec
import structlog

from sos.cache.pages import CachedPage, Missing, PageCache
from sos.content.follow import REBUILD, ContentFollower, State
from sos.content.store import ContentReader, Due
from sos.errors import (
    SosError,
    StoreError,
    StoreIncompleteError,
    StoreUnavailableError,
)
from sos.metrics import Metrics
from sos.page.routes import PageRoute, Refusal, Route, decide_route
from sos.produce.fallback import Fallback
from sos.produce.producer import Producer
from sos.release.environment import Release

log = structlog.get_logger()

PATIENCE = 0.3
"""How long a request waits for a fresh rendering when there is a stale copy, seconds."""

LIMIT = 0.9
"""How long it waits when there is none; an answer after a second counts as failed."""

CONCURRENT = 16
"""Pages in the making at once; the connection pool is larger than that."""

HOT_SECONDS = 60.0
HOT_PAGES = 64
"""A page asked for within HOT_SECONDS is rendered again as soon as its content changes; at most
HOT_PAGES of them for one change."""

_ERROR_PATHS = {404: "!404", 410: "!410"}

# What such a path or query means hangs on the site's zone and permalinks: these must be known.
_BY_SITE = re.compile(r"\?|/(?:\d{4}|type)(?:/|\Z)")

Made = CachedPage | Missing
CacheUse = Literal["hit", "miss", "stale", "negative", "none"]


class Answer(msgspec.Struct, frozen=True):
    """What to send. Without ``entry``, a redirect to ``location`` or a bare status."""

    status: int
    entry: CachedPage | None = None
    location: str = ""
    cache: CacheUse = "none"
    stale: bool = False
    kind: str = "page"


class _Wanted(msgspec.Struct, frozen=True):
    """What has to be made first: the page of ``key``, or the one for an error ``status``.

    ``entry`` is a copy that is not what it should be.
    """

    key: str
    entry: CachedPage | None = None
    status: int = 0
    use: CacheUse = "none"


class Pages:
    """Answers paths. Start `run` as a task, else nothing that is kept ever becomes current."""

    def __init__(
        self,
        reader: ContentReader,
        producer: Producer,
        cache: PageCache,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
        changed: Callable[[], None] = lambda: None,
        fallback: Fallback | None = None,
    ) -> None:
        self.producer = producer
        self.cache = cache
        self.follower = ContentFollower(reader, self, clock)
        self._metrics = metrics
        self._clock = clock
        self._changed = changed
        self.fallback = fallback
        self._fallen: set[str] = set()
        self._flights: dict[str, asyncio.Task[Made]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._lacking = False
        self._spare_slots = asyncio.Semaphore(2)

    async def run(self) -> None:
        """Follow the content store until cancelled."""
        await self.follower.run()

    async def begin(self) -> bool:
        """Have the front page of the snapshot, before the store is asked; whether there is one."""
        if self.fallback is None:
            return False
        try:
            entry = await self.fallback.begin()
        except Exception:  # a start never fails for a snapshot
            log.exception("snapshot_failed")
            return False
        if entry is not None:
            self._keep_fallen("/", entry)
        return entry is not None

    async def warm(self, paths: Iterable[str] = ("/",)) -> None:
        """Have these pages in the cache, as far as the store allows."""
        for path in paths:
            with contextlib.suppress(Exception):  # a start never fails for a page
                await self.answer(path, "")

    async def preview(self, raw_path: str, query: str, release: Release) -> Made:
        """A page as ``release`` shows it; nothing of it is kept. Raises SosError."""
        route = self._decide_route(raw_path, query)
        if isinstance(route, Refusal):
            return Missing(404)
        if route.path not in (raw_path, "?"):
            return Missing(301, route.path)
        producer = self.producer.with_release(release)
        made = await producer.produce(route, partial=True)
        if isinstance(made, Missing) and made.status != 301:
            return await producer.produce_error(made.status)
        return made

    def swap(self, release: Release) -> None:
        """Make pages with another release; kept ones are made again when they are asked for."""
        self.producer.swap(release)
        self.cache.version += 1
        self._make_hot_again(self.cache.paths())
        self._changed()

    async def aclose(self) -> None:
        """Stop what is under way."""
        tasks = [*self._flights.values(), *self._background]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------ answering

    async def answer(self, raw_path: str, query: str) -> Answer:
        """The answer to a request for ``raw_path``.

        Raises StoreError or TemplateError where there is nothing at all to show.
        """
        found = self._look(raw_path, query)
        if isinstance(found, Answer):
            return found
        if found.status:
            return await self._answer_error(found.status, found.use, found.entry)
        return await self._answer_made(found.key, raw_path, query, found.entry)

    def answer_now(self, raw_path: str, query: str) -> Answer | None:
        """The same where it is at hand; None where something has to be made or asked for."""
        found = self._look(raw_path, query)
        return found if isinstance(found, Answer) else None

    def count(self, answer: Answer, times: int) -> None:
        """An answer of `answer_now` was given ``times`` more times."""
        if answer.entry is not None:
            self._count(answer.entry, times, stale=answer.stale)

    def _look(self, raw_path: str, query: str) -> Answer | _Wanted:
        route = self._decide_route(raw_path, query)
        if isinstance(route, Refusal):
            if route.status == 404:
                return self._look_for_error(404, "none")
            return Answer(route.status, kind="refused")
        if route.path not in (raw_path, "?"):
            return Answer(301, location=route.path, kind="redirect")
        key = cache_key(route)
        entry = self.cache.find(key)
        if entry is not None and self.is_fresh(entry):
            return self._use(entry, "hit")
        if entry is not None and self._is_over(entry):
            entry = None
        missing = self.cache.find_missing(key)
        if missing is not None:
            return self._look_for_missing(missing, "negative")
        if entry is not None and not entry.partial and not self._may_be_replaced(entry):
            return self._use(entry, "stale")
        return _Wanted(key, entry)

    def _look_for_missing(self, missing: Missing, use: CacheUse) -> Answer | _Wanted:
        if missing.status == 301:
            return Answer(301, location=missing.location, cache=use, kind="redirect")
        return self._look_for_error(missing.status, use)

    def _look_for_error(self, status: int, use: CacheUse) -> Answer | _Wanted:
        entry = self.cache.find(_ERROR_PATHS[status])
        if entry is not None and self._is_over(entry):
            entry = None
        if entry is None or (not self.is_fresh(entry) and self.follower.is_current):
            return _Wanted(_ERROR_PATHS[status], entry, status, use)
        return self._use_error(entry, use)

    def _decide_route(self, raw_path: str, query: str) -> Route | Refusal:
        site = self.producer.site
        return decide_route(raw_path, query, site.zone, site.document.date_base)

    async def _answer_made(
        self, key: str, raw_path: str, query: str, entry: CachedPage | None
    ) -> Answer:
        flight = self._fly(key, lambda: self._make(key, raw_path, query))
        try:
            # Shielded: who gives up waiting must not take the page from the others.
            async with asyncio.timeout(LIMIT if entry is None else PATIENCE):
                made = await asyncio.shield(flight)
        except TimeoutError as exc:
            if entry is None:
                raise StoreUnavailableError(f"no page within {LIMIT} s") from exc
            return self._use(entry, "stale")
        except Exception:  # whatever it is, the last good copy is better; `_landed` has logged it
            if entry is None:
                raise
            return self._use(entry, "stale")
        if isinstance(made, Missing):
            return await self._answer_missing(made, "miss")
        return self._use(made, "miss")

    async def _answer_missing(self, missing: Missing, use: CacheUse) -> Answer:
        found = self._look_for_missing(missing, use)
        if isinstance(found, Answer):
            return found
        return await self._answer_error(found.status, use, found.entry)

    async def _answer_error(self, status: int, use: CacheUse, entry: CachedPage | None) -> Answer:
        key = _ERROR_PATHS[status]
        flight = self._fly(key, lambda: self._make_error(key, status))
        # A bare answer in time is better than a page too late, or than a failure.
        with contextlib.suppress(Exception):
            async with asyncio.timeout(PATIENCE):
                made = await asyncio.shield(flight)
                entry = made if isinstance(made, CachedPage) else entry
        return self._use_error(entry, use) if entry else Answer(status, kind="error")

    def _use_error(self, entry: CachedPage, use: CacheUse) -> Answer:
        return msgspec.structs.replace(self._use(entry, use), kind="error")

    def _use(self, entry: CachedPage, use: CacheUse) -> Answer:
        stale = use == "stale" or entry.stale or entry.partial or not self.follower.is_current
        self._count(entry, 1, stale=stale)
        return Answer(entry.page.status, entry, cache=use, stale=stale)

    def _count(self, entry: CachedPage, times: int, *, stale: bool) -> None:
        entry.hits += times
        entry.last_hit = self._clock()
        if stale:
            self._metrics.stale_responses.inc(by=times)

    def is_fresh(self, entry: CachedPage) -> bool:
        """Whether ``entry`` is known to be what the store and the live release give."""
        return (
            not entry.stale
            and self.follower.is_current
            and (not entry.until or self._clock() < entry.until)
            and entry.page.release == self.producer.release.id
        )

    def _may_be_replaced(self, entry: CachedPage) -> bool:
        """Whether making a page that is not fresh anew promises a better one."""
        if self.follower.is_current:
            return True
        # What is from the snapshot can be made again, and at the start nobody knows what answers.
        starting = self.follower.state == "starting"
        return bool(entry.taken_at) and (starting or self._is_of_old_release(entry))

    def _is_of_old_release(self, entry: CachedPage) -> bool:
        return entry.page.release != self.producer.release.id

    def _is_over(self, entry: CachedPage) -> bool:
        """Whether time has changed a page of the snapshot, so that it must not be shown."""
        return bool(entry.taken_at and entry.until) and self._clock() >= entry.until

    # ------------------------------------------------------------ making

    def _fly(self, key: str, make: Callable[[], Coroutine[Any, Any, Made]]) -> "asyncio.Task[Made]":
        """The one task that makes what belongs to ``key``, whoever asks for it meanwhile."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.get_running_loop().create_task(make())
            self._flights[key] = flight
            flight.add_done_callback(lambda t: self._landed(key, t))
        return flight

    def _landed(self, key: str, task: "asyncio.Task[Any]") -> None:
        self._flights.pop(key, None)
        if not task.cancelled() and (error := task.exception()):
            if not isinstance(error, SosError):
                log.error("page_failed", path=key, exc_info=error)
            elif isinstance(error, StoreError):
                self._note(key, error)

    def _note(self, path: str, error: StoreError) -> None:
        self._metrics.store_errors.inc("fetch_page")
        if isinstance(error, StoreIncompleteError):
            self._alarm(path)

    def _alarm(self, path: str) -> None:
        """The store lacks something that only a reader of this page could notice: a list."""
        if self.follower.is_current and not self._lacking:
            log.error("content_store_incomplete", path=path, action=REBUILD)
        self._lacking = True
        self._metrics.content_store_incomplete.set(1)

    async def _make(self, key: str, raw_path: str, query: str) -> Made:
        fallback = self._decide_fallback(key)
        # A silent store takes its time to say nothing, and keeps the slots busy meanwhile: while it
        # is known to be silent, it comes last.
        if fallback is not None and self.follower.state == "unavailable":
            made = await self._fall_back(fallback, key, raw_path, query)
            if made is not None:
                return made
        async with self._slots:
            if fallback is None:
                partial = not self._has_copy(key)
                return await self._make_live(key, raw_path, query, partial=partial)
            try:
                return await self._make_live(key, raw_path, query, partial=False)
            except StoreError as exc:
                made = await self._fall_back(fallback, key, raw_path, query)
                if made is not None:
                    self._note(key, exc)
                    return made
                if not isinstance(exc, StoreIncompleteError) or self._has_copy(key):
                    raise
            return await self._make_live(key, raw_path, query, partial=True)

    def _decide_fallback(self, key: str) -> Fallback | None:
        """The snapshot, where there is no copy of the page that is as good."""
        entry = self.cache.peek(key)
        if entry is None or self._is_over(entry):
            return self.fallback
        return self.fallback if entry.taken_at and self._is_of_old_release(entry) else None

    def _has_copy(self, key: str) -> bool:
        entry = self.cache.peek(key)
        return entry is not None and not self._is_over(entry)

    async def _fall_back(
        self, fallback: Fallback, key: str, raw_path: str, query: str
    ) -> Made | None:
        made = await fallback.produce(raw_path, query)
        # A redirect is not remembered: nothing would make it forgotten when the store answers.
        if isinstance(made, CachedPage):
            self._keep_fallen(key, made)
        return made

    async def _make_live(self, key: str, raw_path: str, query: str, *, partial: bool) -> Made:
        moment = self.cache.moment
        if _BY_SITE.search(key):
            await self.producer.learn_site()
        route = self._decide_route(raw_path, query)
        if isinstance(route, Refusal):
            return Missing(404)
        made = await self.producer.produce(route, partial=partial)
        if isinstance(made, Missing):
            self.cache.keep_missing(key, made, moment)
            return made
        self._keep(key, made, moment)
        return made

    async def _make_error(self, key: str, status: int) -> CachedPage:
        if self.fallback is not None and self.follower.state == "unavailable":
            fallen = await self.fallback.produce_error(status)
            if fallen is not None:
                self._keep_fallen(key, fallen)
                return fallen
        moment = self.cache.moment
        entry = await self.producer.produce_error(status)
        self._keep(key, entry, moment)
        return entry

    def _keep_fallen(self, key: str, entry: CachedPage) -> None:
        """Keep a page of the snapshot: until it is over, or the store answers."""
        self._fallen.add(key)
        self._put(key, entry, self.cache.moment)

    def _keep(self, key: str, entry: CachedPage, moment: int) -> None:
        entry.until = self.follower.next_change(frozenset(entry.page.depends))
        self._put(key, entry, moment)

    def _put(self, key: str, entry: CachedPage, moment: int) -> None:
        evicted = self.cache.evictions
        self.cache.keep(key, entry, moment)
        self._metrics.cache_evictions.inc(by=self.cache.evictions - evicted)
        self._metrics.cache_entries.set(len(self.cache))
        self._metrics.cache_bytes.set(self.cache.size)

    # ------------------------------------------------------------ listening

    def on_touched(self, rev: int, names: Set[str]) -> None:
        """Content of these names changed: what shows it is stale, and hot pages are made anew."""
        if names & {"site", "menus"}:
            self.producer.forget_site()
        self._lacking = False
        self._metrics.content_store_incomplete.set(0)
        self._metrics.content_events.inc()
        self._renew(self.cache.invalidate(rev, frozenset(names) | {"sitemap"}))

    def on_due(self, names: Set[str]) -> None:
        """Something appeared or disappeared at its time."""
        self._renew(self.cache.invalidate_now(frozenset(names) | {"sitemap"}))

    def on_start(self, rev: int) -> None:
        """What was made before the first look is current if nothing changed in between."""
        self._renew(self.cache.invalidate_before(rev))

    def on_everything(self, rev: int) -> None:
        """The store is another one: nothing that is kept can be trusted to be current."""
        self.producer.forget_site()
        self._lacking = False
        self._metrics.content_resyncs.inc()
        self._renew(self.cache.invalidate_all())

    def on_upcoming(self, upcoming: Sequence[Due]) -> None:
        """Pages that are kept already must not outlive their content either."""
        for due in upcoming:
            self.cache.expire(due.touched, due.at)

    def on_state(self, state: State) -> None:
        """Tell metrics and supervisor; what was fresh may be stale now, and the other way round."""
        self.cache.version += 1
        self._metrics.content_stale.set(0 if state == "current" else 1)
        self._metrics.content_store_incomplete.set(
            1 if state == "incomplete" or self._lacking else 0
        )
        if state == "current":
            self._leave_snapshot()
        elif self.fallback is not None and self.follower.current_at:
            self.fallback.close()  # the one on disk may be newer than one that was in use before
        self._changed()

    def _renew(self, paths: list[str]) -> None:
        self._metrics.cache_invalidations.inc(by=len(paths))
        self._make_hot_again(paths)
        self._changed()

    def _leave_snapshot(self) -> None:
        """The store answers: what came from the snapshot is made anew where it is hot."""
        fallen = [p for p in self._fallen if (e := self.cache.peek(p)) and e.taken_at]
        self._fallen.clear()
        self._make_hot_again(fallen)
        for path in fallen:
            # The next time that the store is lost, the snapshot may be a newer one.
            if not self._is_hot(path):
                self.cache.forget(path)
        if self.fallback is not None:
            self.fallback.close()

    def _is_hot(self, path: str) -> bool:
        entry = self.cache.peek(path)
        return entry is not None and entry.last_hit >= self._clock() - HOT_SECONDS

    def _make_hot_again(self, paths: Iterable[str]) -> None:
        hot = [p for p in paths if self._is_hot(p) and not p.startswith("!")]
        for path in hot[:HOT_PAGES]:
            task = asyncio.get_running_loop().create_task(self._refresh(path))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _refresh(self, path: str) -> None:
        async with self._spare_slots:
            entry = self.cache.peek(path)
            if entry is None or self.is_fresh(entry):
                return
            self._metrics.cache_refreshes.inc()
            with contextlib.suppress(Exception):  # `_landed` has logged it
                await asyncio.shield(self._fly(path, lambda: self._make(path, path, "")))
                # It may have joined a rendering that was under way when the change came.
                if (entry := self.cache.peek(path)) and entry.stale and not entry.partial:
                    await asyncio.shield(self._fly(path, lambda: self._make(path, path, "")))


def cache_key(route: Route) -> str:
    """What a route's page is kept under; a query that names an object has a key of its own."""
    if isinstance(route, PageRoute) and route.path == "?":
        return (
            "?"
            + "&".join(f"{c.how}:{c.value}:{c.number}" for c in route.candidates)
            + str(route.feed)
        )
    return route.path
