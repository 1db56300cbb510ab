"""The page service of one worker: a request's path in, the best answer that can be given now out.

Fresh from the cache, else rendered once for all who wait, else the last good copy, else the one of
the snapshot on disk, else a refusal at once. It decides between these; `making` makes pages,
`renewing` listens to the content follower. Knows no HTTP.
"""

import contextlib
import time
from collections.abc import Callable, Iterable

import msgspec
import structlog

from sos.cache.pages import CachedPage, Missing, PageCache
from sos.content.follow import ContentFollower
from sos.content.store import ContentReader
from sos.errors import OverloadedError, StoreUnavailableError
from sos.metrics import Metrics
from sos.page.routes import PageRoute, Refusal, Route, SitemapRoute
from sos.produce.fallback import Fallback
from sos.produce.producer import Producer
from sos.release.environment import Release
from sos.web.ahead import Ahead
from sos.web.answers import REFUSED, Answer, CacheUse, Lane, Made, Wanted
from sos.web.freshness import Freshness
from sos.web.making import Flight, Maker
from sos.web.render_queue import LIMIT, RenderQueue
from sos.web.renewing import Renewal

__all__ = ["Answer", "Pages", "cache_key"]

log = structlog.get_logger()

PATIENCE = 0.3
"""How long a request waits for a fresh rendering when there is a stale copy, seconds."""

PREVIEW_LIMIT = 5.0
"""How long somebody who previews a release waits, seconds: visitors come first."""

_ERROR_PATHS = {404: "!404", 410: "!410"}


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
        self.fallback = fallback
        self._metrics = metrics
        self._clock = clock
        self._renewal = Renewal(producer, cache, metrics, clock, changed, fallback)
        self.follower = ContentFollower(reader, self._renewal, clock)
        self._freshness = Freshness(self.follower, producer, clock)
        self._queue = RenderQueue(metrics)
        self._maker = Maker(producer, cache, self._freshness, self._queue, metrics, fallback)
        self._renewal.attach(self._freshness, self._maker)
        self._ahead = Ahead(producer, cache, self.follower, self._maker, self._queue, clock)

    async def run(self) -> None:
        """Follow the content store until cancelled."""
        self._queue.lag.start()
        try:
            await self.follower.run()
        finally:
            self._queue.lag.stop()

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
            self._maker.keep_fallen("/", entry)
        return entry is not None

    async def warm(self, paths: Iterable[str] = ("/",)) -> None:
        """Have these pages in the cache, as far as the store allows, and visitors leave time."""
        for path in paths:
            with contextlib.suppress(Exception):  # a start never fails for a page
                await self._answer(path, "", "spare")

    async def preview(self, raw_path: str, query: str, release: Release) -> Made:
        """A page as ``release`` shows it; nothing of it is kept. Raises SosError."""
        route = self._maker.decide_route(raw_path, query)
        if isinstance(route, Refusal):
            return Missing(404)
        if route.path not in (raw_path, "?"):
            return Missing(301, route.path)
        producer = self.producer.with_release(release)
        async with self._queue.turn(self._queue.enter("heavy", PREVIEW_LIMIT)):
            made = await producer.produce(route, partial=True)
            if isinstance(made, Missing) and made.status != 301:
                return await producer.produce_error(made.status)
            return made

    async def make_ahead(self, release: Release) -> None:
        """Get ready for `swap`: what visitors ask for most is made before it is live."""
        await self._ahead.make(release)

    def swap(self, release: Release) -> None:
        """Make pages with another release; kept ones are made again when they are asked for."""
        self.producer.swap(release)
        self._ahead.keep(release)
        self._renewal.on_release()

    async def aclose(self) -> None:
        """Stop what is under way."""
        await self._renewal.aclose()
        await self._maker.aclose()

    def is_fresh(self, entry: CachedPage) -> bool:
        """Whether ``entry`` is known to be what the store and the live release give."""
        return self._freshness.is_fresh(entry)

    # ------------------------------------------------------------ answering

    async def answer(self, raw_path: str, query: str) -> Answer:
        """The answer to a request for ``raw_path``; `REFUSED` when it can't be had in time.

        Raises StoreError or TemplateError where there is nothing at all to show.
        """
        return await self._answer(raw_path, query, "visitor")

    def answer_now(self, raw_path: str, query: str) -> Answer | None:
        """The same where it is at hand; None where something has to be made or asked for.

        A refusal is at hand as well: `REFUSED`, without an entry, which nobody may keep. It costs
        next to nothing, and under overload it is what most requests get.
        """
        if self._maker.refuses(raw_path, "visitor") and not self._knows(raw_path, query):
            self._queue.count_refusal("visitor")
            return REFUSED
        found = self._look(raw_path, query)
        if isinstance(found, Answer):
            return found
        if found.status or not self._maker.refuses(found.key, found.lane):
            return None
        return self._refuse(found, raw_path, query)

    def count(self, answer: Answer, times: int) -> None:
        """An answer of `answer_now` was given ``times`` more times."""
        if answer.entry is not None:
            self._count(answer.entry, times, stale=answer.stale)

    async def _answer(self, raw_path: str, query: str, lane: Lane) -> Answer:
        found = self._look(raw_path, query)
        if isinstance(found, Answer):
            return found
        if found.status:
            return await self._answer_error(found.status, found.use, found.entry)
        wanted = msgspec.structs.replace(found, lane=lane) if lane == "spare" else found
        return await self._answer_made(wanted, raw_path, query)

    def _look(self, raw_path: str, query: str) -> Answer | Wanted:
        route = self._maker.decide_route(raw_path, query)
        if isinstance(route, Refusal):
            if route.status == 404:
                return self._look_for_error(404, "none")
            return Answer(route.status, kind="refused")
        if route.path not in (raw_path, "?"):
            return Answer(301, location=route.path, kind="redirect")
        key = cache_key(route)
        entry = self.cache.find(key)
        if entry is not None and self._freshness.is_fresh(entry):
            return self._use(entry, "hit")
        if entry is not None and self._freshness.is_over(entry):
            entry = None
        missing = self.cache.find_missing(key)
        if missing is not None:
            return self._look_for_missing(missing, "negative")
        if entry is not None and not entry.partial and self._is_good_enough(key, entry):
            return self._use(entry, "stale")
        return Wanted(key, entry, lane="heavy" if isinstance(route, SitemapRoute) else "visitor")

    def _is_good_enough(self, key: str, entry: CachedPage) -> bool:
        """Whether nobody should wait for a better one."""
        return self._renewal.is_covered(key, entry) or not self._freshness.may_be_replaced(entry)

    def _look_for_missing(self, missing: Missing, use: CacheUse) -> Answer | Wanted:
        if missing.status == 301:
            return Answer(301, location=missing.location, cache=use, kind="redirect")
        return self._look_for_error(missing.status, use)

    def _look_for_error(self, status: int, use: CacheUse) -> Answer | Wanted:
        entry = self.cache.find(_ERROR_PATHS[status])
        if entry is not None and self._freshness.is_over(entry):
            entry = None
        if entry is None or (not self._freshness.is_fresh(entry) and self.follower.is_current):
            return Wanted(_ERROR_PATHS[status], entry, status, use)
        return self._use_error(entry, use)

    async def _answer_made(self, wanted: Wanted, raw_path: str, query: str) -> Answer:
        entry = wanted.entry
        patience = LIMIT if entry is None else PATIENCE
        try:
            flight = self._maker.fly(wanted.key, raw_path, query, wanted.lane, patience)
        except OverloadedError:
            return self._answer_refused(wanted, raw_path, query)
        try:
            made = await self._maker.wait(flight, patience)
        except OverloadedError:
            return REFUSED if entry is None else self._use(entry, "stale")
        except TimeoutError as exc:
            if entry is None:
                return self._give_up(flight, exc)
            return self._use(entry, "stale")
        except Exception:  # whatever it is, the last good copy is better; the maker has logged it
            if entry is None:
                raise
            return self._use(entry, "stale")
        if isinstance(made, Missing):
            return await self._answer_missing(made, "miss")
        return self._use(made, "miss")

    def _knows(self, raw_path: str, query: str) -> bool:
        """Whether anything may be at hand; no, for most of what is asked for under overload. What
        an odd path or a query means is not even looked at then."""
        kept = self.cache.peek(raw_path) or self.cache.find_missing(raw_path)
        return kept is not None or bool(query)

    def _refuse(self, wanted: Wanted, raw_path: str, query: str) -> Answer:
        """Without having asked for it to be made."""
        self._queue.count_refusal(wanted.lane)
        return self._answer_refused(wanted, raw_path, query)

    def _answer_refused(self, wanted: Wanted, raw_path: str, query: str) -> Answer:
        """A copy that is old is better than nothing, and is made anew when there is time."""
        if wanted.entry is None:
            return REFUSED
        with contextlib.suppress(OverloadedError):
            self._maker.fly(wanted.key, raw_path, query, "spare", 0)
        return self._use(wanted.entry, "stale")

    def _give_up(self, flight: Flight, error: TimeoutError) -> Answer:
        if flight.ticket is not None and not flight.ticket.began:
            return REFUSED
        raise StoreUnavailableError(f"no page within {LIMIT} s") from error

    async def _answer_missing(self, missing: Missing, use: CacheUse) -> Answer:
        found = self._look_for_missing(missing, use)
        if isinstance(found, Answer):
            return found
        return await self._answer_error(found.status, use, found.entry)

    async def _answer_error(self, status: int, use: CacheUse, entry: CachedPage | None) -> Answer:
        flight = self._maker.fly_error(_ERROR_PATHS[status], status)
        # A bare answer in time is better than a page too late, or than a failure.
        with contextlib.suppress(Exception):
            made = await self._maker.wait(flight, PATIENCE)
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


def cache_key(route: Route) -> str:
    """What a route's page is kept under; a query that names an object has a key of its own."""
    if isinstance(route, PageRoute) and route.path == "?":
        return (
            "?"
            + "&".join(f"{c.how}:{c.value}:{c.number}" for c in route.candidates)
            + str(route.feed)
        )
    return route.path
