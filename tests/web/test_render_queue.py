"""Turns: who gets one, who waits, who is refused at once. The clock is the test's."""

from __future__ import annotations

import asyncio

import pytest
from sos.errors import OverloadedError
from sos.metrics import Metrics
from sos.web import render_queue
from sos.web.answers import Lane
from sos.web.render_queue import BURST, CONCURRENT, LIMIT, STANDING, RenderQueue, Ticket


class Turns:
    """A queue, and pages that are in the making for as long as the test says."""

    def __init__(self) -> None:
        self.now = 100.0
        self.metrics = Metrics()
        self.queue = RenderQueue(self.metrics, lambda: self.now)
        self.made: list[Ticket] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.ends: dict[Ticket, asyncio.Event] = {}

    def enter(self, lane: Lane = "visitor", patience: float = LIMIT) -> Ticket:
        ticket = self.queue.enter(lane, patience)
        self.ends[ticket] = asyncio.Event()
        self.tasks.add(asyncio.create_task(self._make(ticket)))
        return ticket

    async def _make(self, ticket: Ticket) -> None:
        try:
            async with self.queue.turn(ticket):
                self.made.append(ticket)
                await self.ends[ticket].wait()
        except OverloadedError:
            pass

    async def end(self, *tickets: Ticket) -> None:
        """Have these pages done."""
        for ticket in tickets:
            self.ends[ticket].set()
        await settle()

    async def make(self, count: int, seconds: float) -> None:
        """Pages that take so long, one after the other."""
        for _ in range(count):
            ticket = self.enter()
            await settle()
            self.now += seconds
            await self.end(ticket)

    def enter_until_refused(self, most: int = 10_000) -> int:
        """How many get in."""
        for count in range(most):
            if self.queue.refuses("visitor"):
                return count
            self.enter()
        return most


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def turns() -> Turns:
    return Turns()


@pytest.fixture(autouse=True)
def no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_queue.LoopLag, "seconds", 0.0)


async def test_who_finds_a_free_turn_has_it_at_once(turns: Turns) -> None:
    """However long pages take: else a queue that once was slow would refuse for ever."""
    await turns.make(50, LIMIT)
    tickets = [turns.enter() for _ in range(CONCURRENT)]
    assert not any(ticket.is_waiting for ticket in tickets)
    assert turns.queue.refuses("visitor")


@pytest.mark.parametrize("seconds", [0.01, 0.1])
async def test_the_queue_is_as_long_as_can_be_served_in_time(turns: Turns, seconds: float) -> None:
    """By how long pages took lately, not by a number."""
    await turns.make(100, seconds)
    waiting = turns.enter_until_refused() - CONCURRENT
    assert waiting == pytest.approx(BURST / seconds * CONCURRENT, rel=0.02)
    with pytest.raises(OverloadedError):
        turns.queue.enter("visitor")
    assert turns.metrics.refused_pages.values[("visitor", "full")] == [1]


async def test_a_queue_that_never_empties_becomes_short(turns: Turns) -> None:
    """A burst passes; what does not pass is no burst, and makes everybody wait for nothing."""
    await turns.make(100, 0.01)
    running = [turns.enter() for _ in range(CONCURRENT)]
    waiting = [turns.enter() for _ in range(int(STANDING / 0.01 * CONCURRENT))]
    assert not turns.queue.refuses("visitor")
    turns.now += BURST + 0.01
    assert turns.queue.refuses("visitor")
    for ticket in waiting:
        turns.queue.leave(ticket)
    await turns.end(*running)
    assert not turns.queue.refuses("visitor")


async def test_the_oldest_has_the_next_turn(turns: Turns) -> None:
    """Nobody who came later goes before."""
    running = [turns.enter() for _ in range(CONCURRENT)]
    waiting = [turns.enter() for _ in range(3)]
    await settle()
    await turns.end(*running[:2])
    assert [t.is_waiting for t in waiting] == [False, False, True]


async def test_what_nobody_waits_for_is_not_made(turns: Turns) -> None:
    """Whoever left gives way to the next, and what would come too late is left out."""
    running = [turns.enter() for _ in range(CONCURRENT)]
    left, late, last = turns.enter(), turns.enter(patience=0.1), turns.enter()
    turns.queue.leave(left)
    turns.now += 0.2
    await turns.end(running[0])
    assert last in turns.made
    assert not {left, late} & set(turns.made)
    assert turns.metrics.refused_pages.values[("visitor", "late")] == [2]


async def test_pages_made_ahead_yield_to_visitors_but_are_made(turns: Turns) -> None:
    """Of twenty turns under load, visitors have most, and the lane of nobody has some."""
    running = [turns.enter() for _ in range(CONCURRENT)]
    spare = [turns.enter("spare") for _ in range(20)]
    waiting = [turns.enter() for _ in range(100)]
    await settle()
    for _ in range(40):
        turns.now += 0.01
        await turns.end(running.pop(0))
        running += [t for t in turns.made if t not in running and not turns.ends[t].is_set()]
    ahead = sum(not t.is_waiting for t in spare)
    assert 1 <= ahead <= 12
    assert sum(not t.is_waiting for t in waiting) >= 25


async def test_what_takes_long_never_has_all_turns(turns: Turns) -> None:
    """Two sitemaps at a time; visitors find the other turns free."""
    heavy = [turns.enter("heavy") for _ in range(4)]
    assert [t.is_waiting for t in heavy] == [False, False, True, True]
    assert not turns.enter().is_waiting


async def test_what_is_made_ahead_becomes_a_visitors(turns: Turns) -> None:
    """Somebody asks for it: it goes to the end of the visitors, before all that is made ahead."""
    running = [turns.enter() for _ in range(CONCURRENT)]
    spare = [turns.enter("spare") for _ in range(3)]
    assert turns.queue.move(spare[2], "visitor")
    await turns.end(running[0])
    assert [t.is_waiting for t in spare] == [True, True, False]


async def test_a_page_that_fails_gives_its_turn_back(turns: Turns) -> None:
    """And so does one that is cancelled, with its turn or without."""
    running = [turns.enter() for _ in range(CONCURRENT)]
    waiting = turns.enter()
    await settle()
    for task in turns.tasks:
        task.cancel()
    await asyncio.gather(*turns.tasks, return_exceptions=True)
    assert {t.lane for t in (*running, waiting)} == {"visitor"}
    assert turns.enter_until_refused(CONCURRENT) == CONCURRENT
    assert not any(t.is_waiting for t in list(turns.ends)[-CONCURRENT:])


async def test_a_loop_that_is_late_refuses_even_a_free_turn(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request has waited that long before it was seen."""
    monkeypatch.setattr(render_queue.LoopLag, "seconds", BURST + 0.1)
    with pytest.raises(OverloadedError):
        turns.queue.enter("visitor")
    assert turns.metrics.refused_pages.values[("visitor", "lag")] == [1]
    assert not turns.queue.refuses("spare")
