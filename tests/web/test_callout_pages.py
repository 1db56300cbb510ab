"""Callouts as visitors meet them: at once when published, to the second when planned."""

from __future__ import annotations

from typing import Any

from sos.cache.headers import page_headers

from tests.page.documents import make_store, media, post, stamp
from tests.release.theme import theme
from tests.web.test_pages import NOW, Service, Start, patience, start

__all__ = ["patience", "start"]

LIST = "list:type:sos_callout"


def callout(number: int, **changes: Any) -> dict[str, Any]:
    """A callout that says ``Alarm NUMBER``."""
    terms = {"placement": "takeover", "priority": 10, **changes.pop("terms", {})}
    sos = {"callout": terms, **changes.pop("sos", {})}
    title = {"rendered": f"Alarm {number}"}
    return post(number, type="sos_callout", title=title, sos=sos, **changes)


async def test_published_callout_is_on_the_next_front_page(start: Start) -> None:
    """The first of all, another over it, a change of what it says, and its end by hand."""
    service = await start(make_store(post(1)), release=theme())
    assert "Alarm" not in await service.text("/")
    single = await service.ask("/post-1/")
    service.store.put("post:70", callout(70))
    await service.look()
    assert "Alarm 70" in await service.text("/")
    service.store.put("post:71", callout(71, terms={"priority": 90}))
    await service.look()
    assert "Alarm 71" in await service.text("/")
    assert "Alarm 70" not in await service.text("/")
    # Not shown now, but one of those that the page was chosen from.
    service.store.put("post:70", callout(70, terms={"priority": 99}))
    await service.look()
    assert "Alarm 70" in await service.text("/")
    service.store.remove("post:70")
    await service.look()
    assert "Alarm 71" in await service.text("/")
    # No other page was made again for any of it.
    assert (await service.ask("/post-1/")).entry is single.entry


async def test_planned_callout_comes_and_goes_at_its_second(start: Start) -> None:
    """No edge keeps the front page beyond either."""
    begin, end = int(NOW) + 100, int(NOW) + 200
    planned = callout(70, status="future", at=begin, sos={"expires_gmt": stamp(end)})
    service = await start(make_store(post(1), planned), release=theme())
    seen = []
    for now in (NOW, begin - 0.01, begin, end - 0.01, end):
        service.clock.now = now
        await service.look()
        answer = await service.ask("/")
        assert answer.entry
        seen.append((b"Alarm" in answer.entry.page.body, answer.entry.until))
    assert seen == [(False, begin), (False, begin), (True, end), (True, end), (False, 0)]


async def test_edge_is_told_what_to_forget(start: Start) -> None:
    """The list of callouts is among the first keys, however much else is on the page."""
    posts = [post(n, categories=list(range(n * 10, n * 10 + 9))) for n in range(1, 11)]
    service = await start(make_store(*posts, callout(70), callout(71)), release=theme())
    answer = await service.ask("/")
    assert answer.entry
    keys = page_headers(answer.entry.page, https=True)["Surrogate-Key"].split()
    assert keys[:4] == ["front", "home", "list-type-sos_callout", "post-71"]
    assert {"site", "post-10"} <= set(keys)


async def test_callout_has_no_page_of_its_own(start: Start) -> None:
    """Neither at the address that WordPress gave it nor by its number, nor a sitemap."""
    service = await start(make_store(post(1), callout(70, featured_media=90), media(90)))
    for path, query in (
        ("/post-70/", ""),
        ("/", "p=70"),
        ("/sitemap-posts-sos_callout-1.xml", ""),
    ):
        assert (await service.ask(path, query)).status == 404, path
    assert "callout" not in await _text(service, "/sitemap.xml")
    assert "Alarm" not in await _text(service, "/feed/")
    # What is not found offers posts, not callouts.
    missing = await service.ask("/nowhere/")
    assert missing.entry
    assert b"Alarm" not in missing.entry.page.body


async def _text(service: Service, path: str) -> str:
    return await service.text(path)
