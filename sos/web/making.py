"""Making pages: once for all who wait, when their turn has come, and into the cache.

In: keys of the cache, and what was asked for them. Out: flights that anybody may wait for. It asks
the store through the producer, and the snapshot where the store has nothing to say; whether what
comes out is worth waiting for is for the caller to say.
"""

import asyncio
import re
from collections.abc import Coroutine

import structlog

from sos.cache.pages import CachedPage, Missing, PageCache
from sos.content.follow import REBUILD
from sos.errors import OverloadedError, SosError, StoreError, StoreIncompleteError
from sos.metrics import Metrics
from sos.page.routes import Refusal, Route, decide_route
from sos.produce.fallback import Fallback
from sos.produce.producer import Producer
from sos.web.answers import Lane, Made
from sos.web.freshness import Freshness
from sos.web.render_queue import RenderQueue, Ticket

log = structlog.get_logger()

# What such a path or query means hangs on the site's zone and permalinks: these must be known.
_BY_SITE = re.compile(r"\?|/(?:\d{4}|type)(?:/|\Z)")


class Flight:
    """A page in the making. ``ticket`` is None where it needs no turn, or none yet."""

    __slots__ = ("key", "task", "ticket", "waiters")

    def __init__(self, key: str, ticket: Ticket | None = None) -> None:
        self.key = key
        self.ticket = ticket
        self.waiters = 0
        self.task: asyncio.Task[Made]

    @property
    def is_spare(self) -> bool:
        """Whether it is made ahead, and has not been begun."""
        return self.ticket is not None and self.ticket.is_waiting and self.ticket.lane == "spare"


class Maker:
    """Makes the pages of one worker."""

    def __init__(
        self,
        producer: Producer,
        cache: PageCache,
        freshness: Freshness,
        queue: RenderQueue,
        metrics: Metrics,
        fallback: Fallback | None,
    ) -> None:
        self.fallen: set[str] = set()
        self.lacking = False
        self._producer = producer
        self._cache = cache
        self._freshness = freshness
        self._follower = freshness.follower
        self._queue = queue
        self._metrics = metrics
        self._fallback = fallback
        self._flights: dict[str, Flight] = {}

    def decide_route(self, raw_path: str, query: str) -> Route | Refusal:
        """What a request means on the site as far as it is known."""
        site = self._producer.site
        return decide_route(raw_path, query, site.zone, site.document.date_base)

    def refuses(self, key: str, lane: Lane) -> bool:
        """Whether `fly` would refuse now."""
        flight = self._flights.get(key)
        if flight is None:
            return not self._is_silent(key) and self._queue.refuses(lane)
        return flight.is_spare and lane != "spare" and self._queue.refuses(lane)

    def fly(self, key: str, raw_path: str, query: str, lane: Lane, patience: float) -> Flight:
        """The one flight for ``key``, whoever asks for it meanwhile, for `wait`.

        Raises OverloadedError when it can't be made in time.
        """
        flight = self._flights.get(key)
        if flight is not None:
            self._hurry(flight, lane, patience)
            return flight
        # What may come from the snapshot needs no turn, or one later on.
        ticket = None if self._is_silent(key) else self._queue.enter(lane, patience)
        flight = Flight(key, ticket)
        self._start(flight, self._make(flight, raw_path, query, lane, patience))
        return flight

    def fly_error(self, key: str, status: int) -> Flight:
        """The same for an error page: there are two of them, and they need no turn."""
        flight = self._flights.get(key)
        if flight is None:
            flight = Flight(key)
            self._start(flight, self._make_error(key, status))
        return flight

    async def wait(self, flight: Flight, seconds: float | None) -> Made:
        """What comes out. Raises what went wrong, and TimeoutError after ``seconds``."""
        flight.waiters += 1
        try:
            # Shielded: who gives up waiting must not take the page from the others.
            async with asyncio.timeout(seconds):
                return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters:
                self._abandon(flight)

    def keep_fallen(self, key: str, entry: CachedPage) -> None:
        """Keep a page of the snapshot: until it is over, or the store answers."""
        self.fallen.add(key)
        self._put(key, entry, self._cache.moment)

    async def aclose(self) -> None:
        """Stop what is under way."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------ flights

    def _start(self, flight: Flight, making: Coroutine[None, None, Made]) -> None:
        flight.task = asyncio.get_running_loop().create_task(making)
        self._flights[flight.key] = flight
        flight.task.add_done_callback(lambda task: self._land(flight.key, task))

    def _hurry(self, flight: Flight, lane: Lane, patience: float) -> None:
        """Whoever waits for what is made ahead makes it urgent. Raises OverloadedError."""
        if not flight.is_spare or lane == "spare" or flight.ticket is None:
            return
        if not self._queue.move(flight.ticket, lane, patience):
            self._queue.count_refusal(lane)
            raise OverloadedError("too much is asked for just now")

    def _abandon(self, flight: Flight) -> None:
        """Nobody waits any more: what was begun is finished, for the next one."""
        ticket = flight.ticket
        if ticket is None or not ticket.is_waiting or ticket.lane == "spare":
            return
        # Its copy is old: that is worth mending, when there is time.
        if not (self._has_copy(flight.key) and self._queue.move(ticket, "spare")):
            self._queue.leave(ticket)

    def _land(self, key: str, task: "asyncio.Task[Made]") -> None:
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
        if self._follower.is_current and not self.lacking:
            log.error("content_store_incomplete", path=path, action=REBUILD)
        self.lacking = True
        self._metrics.content_store_incomplete.set(1)

    # ------------------------------------------------------------ making

    async def _make(
        self, flight: Flight, raw_path: str, query: str, lane: Lane, patience: float
    ) -> Made:
        key, fallback = flight.key, self._decide_fallback(flight.key)
        if flight.ticket is None:
            made = await self._fall_back(fallback, key, raw_path, query)
            if made is not None:
                return made
            flight.ticket = self._queue.enter(lane, patience)
        async with self._queue.turn(flight.ticket):
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

    def _is_silent(self, key: str) -> bool:
        """Whether the store is known to be silent, and the snapshot may help: then it comes first.

        A silent store takes its time to say nothing, and keeps turns busy meanwhile.
        """
        silent = self._follower.state == "unavailable"
        return silent and self._decide_fallback(key) is not None

    def _decide_fallback(self, key: str) -> Fallback | None:
        """The snapshot, where there is no copy of the page that is as good."""
        entry = self._cache.peek(key)
        if entry is None or self._freshness.is_over(entry):
            return self._fallback
        old = entry.taken_at and self._freshness.is_of_old_release(entry)
        return self._fallback if old else None

    def _has_copy(self, key: str) -> bool:
        entry = self._cache.peek(key)
        return entry is not None and not self._freshness.is_over(entry)

    async def _fall_back(
        self, fallback: Fallback | None, key: str, raw_path: str, query: str
    ) -> Made | None:
        made = await fallback.produce(raw_path, query) if fallback else None
        # A redirect is not remembered: nothing would make it forgotten when the store answers.
        if isinstance(made, CachedPage):
            self.keep_fallen(key, made)
        return made

    async def _make_live(self, key: str, raw_path: str, query: str, *, partial: bool) -> Made:
        moment = self._cache.moment
        if _BY_SITE.search(key):
            await self._producer.learn_site()
        route = self.decide_route(raw_path, query)
        if isinstance(route, Refusal):
            return Missing(404)
        made = await self._producer.produce(route, partial=partial)
        if isinstance(made, Missing):
            self._cache.keep_missing(key, made, moment)
            return made
        self._keep(key, made, moment)
        return made

    async def _make_error(self, key: str, status: int) -> CachedPage:
        if self._fallback is not None and self._follower.state == "unavailable":
            fallen = await self._fallback.produce_error(status)
            if fallen is not None:
                self.keep_fallen(key, fallen)
                return fallen
        moment = self._cache.moment
        entry = await self._producer.produce_error(status)
        self._keep(key, entry, moment)
        return entry

    def _keep(self, key: str, entry: CachedPage, moment: int) -> None:
        entry.until = self._follower.next_change(frozenset(entry.page.depends))
        self._put(key, entry, moment)

    def _put(self, key: str, entry: CachedPage, moment: int) -> None:
        evicted = self._cache.evictions
        self._cache.keep(key, entry, moment)
        self._metrics.cache_evictions.inc(by=self._cache.evictions - evicted)
        self._metrics.cache_entries.set(len(self._cache))
        self._metrics.cache_bytes.set(self._cache.size)
