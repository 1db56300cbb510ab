"""Who makes a page now, who waits for it, and who is told at once that it can't be had in time.

In: requests for a turn, each of a lane. Out: turns, at most CONCURRENT at once; or an
OverloadedError, before anything was done. It knows neither pages nor HTTP. Decision 0012 says why.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import structlog

from sos.errors import OverloadedError
from sos.metrics import Metrics
from sos.web.answers import Lane
from sos.web.loop_lag import LoopLag

CONCURRENT = 16
"""Pages in the making at once; the connection pool is larger than that."""

LIMIT = 0.9
"""How long whoever asked waits at most, seconds; an answer after a second counts as failed."""

BURST = LIMIT / 2
"""The longest wait that is foreseen for anybody, seconds: a forecast may be wrong by half."""

STANDING = 0.1
"""The same once the queue has not been empty for BURST: then it is no burst that would pass, and a
longer queue would only make everybody wait longer."""

MOST_SPARE = 256
"""Pages that wait to be made ahead of the next request."""

LOG_SECONDS = 10.0
"""Refusals are logged at most this often; the metric counts them all."""

_WEIGHT = 1 / 16  # of the newest page in the running mean
_FIRST_MEAN = 0.02

log = structlog.get_logger()


class Ticket:
    """A place in the queue; ``turn`` is done when its turn has come."""

    __slots__ = ("began", "deadline", "lane", "turn")

    def __init__(self, lane: Lane, deadline: float) -> None:
        self.lane = lane
        self.deadline = deadline
        self.began = 0.0
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_waiting(self) -> bool:
        """Whether its turn has yet to come."""
        return not self.turn.done()


class _Line:
    """One lane: who waits, oldest first, and how long a page takes."""

    def __init__(self, at_once: int, share: int) -> None:
        self.at_once = at_once
        self.share = share
        self.waiting: dict[Ticket, None] = {}
        self.running = 0
        self.mean = _FIRST_MEAN
        self.used = 0.0
        self.since = 0.0

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.running


class RenderQueue:
    """The turns of one worker. A lane with a share of 8 gets eight times the time of one with 1,
    as long as both have somebody waiting; whoever is alone gets all of it."""

    def __init__(self, metrics: Metrics, now: Callable[[], float] = time.monotonic) -> None:
        self.lag = LoopLag()
        self._metrics = metrics
        self._now = now
        self._lines: dict[Lane, _Line] = {
            "visitor": _Line(CONCURRENT, 8),
            "heavy": _Line(2, 1),
            # Two of them would follow each other without a turn for anybody else in between.
            "spare": _Line(1, 1),
        }
        self._logged = -LOG_SECONDS
        self._unlogged = 0

    def refuses(self, lane: Lane) -> bool:
        """Whether `enter` would refuse now."""
        return bool(self._decide_refusal(lane, self._lines[lane]))

    def enter(self, lane: Lane, patience: float = LIMIT) -> Ticket:
        """A place in the queue, for `turn`. Raises OverloadedError.

        After ``patience``, in seconds, nobody waits for it any more.
        """
        line, now = self._lines[lane], self._now()
        reason = self._decide_refusal(lane, line)
        if reason:
            self.count_refusal(lane, reason)
            raise OverloadedError("too much is asked for just now")
        ticket = Ticket(lane, now + patience if lane != "spare" else float("inf"))
        self._line_up(ticket, now)
        self._give_turns()
        return ticket

    def move(self, ticket: Ticket, lane: Lane, patience: float = LIMIT) -> bool:
        """Have a ticket that waits wait in another lane; whether there is room for it."""
        if not ticket.is_waiting or self.refuses(lane):
            return False
        now = self._now()
        self._lines[ticket.lane].waiting.pop(ticket)
        ticket.lane = lane
        ticket.deadline = now + patience if lane != "spare" else float("inf")
        self._line_up(ticket, now)
        self._give_turns()
        return True

    def leave(self, ticket: Ticket) -> None:
        """Nobody waits for it any more: it gets no turn."""
        if ticket.is_waiting:
            self._lines[ticket.lane].waiting.pop(ticket)
            self._turn_away(ticket)

    @contextlib.asynccontextmanager
    async def turn(self, ticket: Ticket) -> AsyncIterator[None]:
        """Wait for the turn, and have it. Raises OverloadedError where it came to nothing."""
        try:
            await ticket.turn
        except asyncio.CancelledError:
            self._lines[ticket.lane].waiting.pop(ticket, None)
            if ticket.began:
                self._end(ticket)
            raise
        try:
            yield
        finally:
            self._end(ticket)

    def count_refusal(self, lane: Lane, reason: str = "full") -> None:
        """Somebody was refused."""
        self._metrics.refused_pages.inc(lane, reason)
        if lane == "spare":
            return
        self._unlogged += 1
        if self._now() - self._logged >= LOG_SECONDS:
            line = self._lines[lane]
            log.warning(
                "pages_refused",
                refused=self._unlogged,
                lane=lane,
                waiting=len(line.waiting),
                page_seconds=round(line.mean, 4),
                lag_seconds=round(self.lag.seconds, 3),
            )
            self._logged, self._unlogged = self._now(), 0

    def _decide_refusal(self, lane: Lane, line: _Line) -> str:
        """Why somebody is refused now; empty for who is not."""
        if lane == "spare":
            return "full" if len(line.waiting) >= MOST_SPARE else ""
        lag = self.lag.seconds
        if not line.waiting and self._has_room(line):
            return "lag" if lag > BURST else ""
        # With all turns taken, one ends every mean / at_once seconds (Little's law).
        wait = (len(line.waiting) + 1) * line.mean / line.at_once
        standing = bool(line.waiting) and self._now() - line.since > BURST
        if wait > (STANDING if standing else BURST) - lag or wait + line.mean > LIMIT - lag:
            return "full"
        return ""

    def _has_room(self, line: _Line) -> bool:
        running = sum(other.running for other in self._lines.values())
        return running < CONCURRENT and line.running < line.at_once

    def _line_up(self, ticket: Ticket, now: float) -> None:
        line = self._lines[ticket.lane]
        if line.is_idle:
            # What a lane did not use while it wanted nothing is no credit.
            busy = [other.used for other in self._lines.values() if not other.is_idle]
            line.used = max([line.used, *([min(busy)] if busy else [])])
        if not line.waiting:
            line.since = now
        line.waiting[ticket] = None

    def _give_turns(self) -> None:
        now = self._now()
        while line := self._choose():
            ticket = next(iter(line.waiting))
            del line.waiting[ticket]
            if not ticket.is_waiting:  # cancelled, and has not heard of it yet
                continue
            if now + line.mean > ticket.deadline:
                self._turn_away(ticket)
                continue
            line.running += 1
            ticket.began = now
            ticket.turn.set_result(None)
        for name, line in self._lines.items():
            self._metrics.render_queue.set(len(line.waiting), name)

    def _choose(self) -> _Line | None:
        """The lane whose oldest ticket has the next turn: the one that had least for its share."""
        ready = [n for n in self._lines.values() if n.waiting and self._has_room(n)]
        return min(ready, key=lambda n: n.used, default=None)

    def _turn_away(self, ticket: Ticket) -> None:
        self.count_refusal(ticket.lane, "late")
        ticket.turn.set_exception(OverloadedError("nobody waits for it any more"))
        ticket.turn.exception()  # it may be that nobody looks

    def _end(self, ticket: Ticket) -> None:
        line = self._lines[ticket.lane]
        seconds = self._now() - ticket.began
        line.running -= 1
        line.used += seconds / line.share
        line.mean += (seconds - line.mean) * _WEIGHT
        self._give_turns()
