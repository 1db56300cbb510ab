"""The page service when more is asked of it than it can make: refusals, old copies, nothing lost.

The store is a fake that holds its answers back; pages are said to take so long that none more can
be had in time.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sos.web import pages as module
from sos.web.answers import REFUSED
from sos.web.render_queue import CONCURRENT

from tests.page.documents import make_store, post
from tests.web.serving import serving
from tests.web.test_pages import Service, Start, patience, settle, start, until

__all__ = ["patience", "start"]  # fixtures


async def fill(service: Service, seconds: float = 1.0) -> list[asyncio.Task[Any]]:
    """Have all turns taken, by pages that take so long."""
    service.store.gate = asyncio.Event()
    asked = [asyncio.create_task(service.ask(f"/post-{n}/")) for n in range(100, 100 + CONCURRENT)]
    await settle()
    for line in service.pages._queue._lines.values():
        line.mean = seconds
    return asked


async def release(service: Service, asked: list[asyncio.Task[Any]]) -> None:
    assert service.store.gate is not None
    service.store.gate.set()
    assert {answer.status for answer in await asyncio.gather(*asked)} == {200}


def crowd() -> list[dict[str, Any]]:
    return [post(n) for n in (5, *range(100, 100 + CONCURRENT))]


async def test_what_cannot_be_had_in_time_is_refused_at_once(start: Start) -> None:
    """Without a question to the store; and as soon as there is room, it is made."""
    service = await start(make_store(*crowd()))
    asked = await fill(service)
    reads = service.store.reads
    assert await service.ask("/post-5/") is REFUSED
    assert service.pages.answer_now("/post-5/", "") is REFUSED
    assert service.store.reads == reads
    assert service.metrics.refused_pages.values[("visitor", "full")][0] >= 2
    await release(service, asked)
    assert service.pages.answer_now("/post-5/", "") is None
    assert (await service.ask("/post-5/")).status == 200


async def test_pages_in_memory_are_not_refused(start: Start) -> None:
    """Nor what is known to be missing, nor those who wait for a page that is being made."""
    service = await start(make_store(*crowd()))
    await service.ask("/post-5/")
    await service.ask("/nothing/")
    asked = await fill(service)
    for path, status in (("/post-5/", 200), ("/nothing/", 404)):
        answer = service.pages.answer_now(path, "")
        assert answer
        assert answer.status == status
    assert (await service.ask("/post-5/")).cache == "hit"
    assert service.pages.answer_now("/post-100/", "") is None
    asked.append(asyncio.create_task(service.ask("/post-100/")))
    await release(service, asked)


async def test_an_old_copy_is_better_than_a_refusal(start: Start) -> None:
    """It is shown at once, and made anew when there is time, without being asked for again."""
    service = await start(make_store(*crowd()))
    await service.ask("/post-5/")
    service.clock.now += 1000  # long ago: nobody makes it again by himself
    service.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()
    asked = await fill(service)
    for _ in range(2):
        answer = service.pages.answer_now("/post-5/", "")
        assert answer
        assert (answer.status, answer.cache, answer.stale) == (200, "stale", True)
    assert (await service.ask("/post-5/")).cache == "stale"
    await release(service, asked)

    def renewed() -> bool:
        entry = service.pages.cache.peek("/post-5/")
        return entry is not None and b"Changed" in entry.page.body

    await until(renewed)


async def test_a_page_whose_visitors_have_left_is_not_made(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They gave up while it waited for its turn: the store is not asked for it."""
    service = await start(make_store(*crowd()))
    asked = await fill(service, 0.001)
    reads = service.store.reads
    with monkeypatch.context() as hurry:
        hurry.setattr(module, "LIMIT", 0.02)
        assert await service.ask("/post-5/") is REFUSED
    await release(service, asked)
    await settle()
    assert service.store.reads == reads
    assert service.pages.cache.peek("/post-5/") is None


async def test_sitemaps_leave_room_for_pages(start: Start) -> None:
    """However many are asked for: two at a time, and visitors have the other turns."""
    service = await start(make_store(*crowd()))
    await service.ask("/")
    service.store.gate = asyncio.Event()
    maps = [f"/sitemap-posts-post-{n}.xml" for n in range(1, 10)]
    asked = [asyncio.create_task(service.ask(path)) for path in maps]
    await settle()
    reads = service.store.reads
    pages = [asyncio.create_task(service.ask(f"/post-{n}/")) for n in range(100, 110)]
    await settle()
    assert service.store.reads == reads + 10
    service.store.gate.set()
    assert {a.status for a in await asyncio.gather(*pages)} == {200}
    await asyncio.gather(*asked)


async def test_a_visitor_makes_what_is_made_ahead_urgent(start: Start) -> None:
    """A page that waits its turn among those that are warmed is the visitor's from then on."""
    service = await start(make_store(*crowd()))
    asked = await fill(service, 0.001)
    warming = asyncio.create_task(service.pages.warm(["/post-5/"]))
    await settle()
    flight = service.pages._maker._flights["/post-5/"]
    assert flight.is_spare
    asked.append(asyncio.create_task(service.ask("/post-5/")))
    await settle()
    assert not flight.is_spare
    await release(service, asked)
    await warming
    assert service.pages._maker._flights == {}


async def test_a_refusal_is_short_and_says_when_to_try_again() -> None:
    """503 with Retry-After, which nobody keeps, on a connection that stays; the log is quiet."""
    async with serving(make_store(*crowd())) as site:
        site.pages._queue._decide_refusal = lambda *_: "full"  # type: ignore[method-assign]
        answer = await site.fetch("/post-5/")
        assert (answer.status, answer["Retry-After"], answer["Cache-Control"]) == (
            503,
            "2",
            "no-store",
        )
        assert answer.body == b"Try again shortly\n"
        assert not answer.closed
        assert site.context.metrics.requests.values[("unavailable", "503", "none")] == [1]
