"""What changes within is seen by the next request, with the front and without it, to the byte.

The front keeps bytes ready. After everything that may make them wrong, both services are asked for
all sorts of addresses, in all sorts of ways, twice: what is made first is at hand the second time.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import pytest
from sos.cache.encodings import build_hasty

from tests.front.two_services import two_services
from tests.front.wire import Reply, talk
from tests.page.documents import page, post, site
from tests.page.fake_store import FakeStore
from tests.release.theme import release_of
from tests.web.serving import HOST, Site

PATHS = ("/", "/post-5/", "/post-5/?x=y", "/post-5", "/post-10/", "/about/", "/fresh/", "/nothing/", "/feed/",
         "/robots.txt", "/sitemap.xml", "/category/news/", "/page/2/", "/post-8/", "/favicon.ico")  # fmt: skip
WAYS = (
    (),
    ("Accept-Encoding: gzip",),
    ("Accept-Encoding: br",),
    ("If-None-Match: *",),
    ("Accept-Encoding: br;q=0, *",),
)


@pytest.fixture
async def both() -> AsyncIterator[tuple[Site, Site]]:
    async with two_services() as pair:
        yield pair


def essence(reply: Reply) -> object:
    """All of it; the age of what is stale in tens of seconds."""
    line, fields, body = cast("tuple[bytes, tuple[tuple[str, str], ...], bytes]", reply.essence)
    return line, [(n, v[:-1] if n == "x-sos-stale" and v.isdigit() else v) for n, v in fields], body


async def ask(web: Site) -> dict[str, object]:
    """Everything, each twice on one line."""
    seen = {}
    for path in PATHS:
        for way in WAYS:
            for method in ("GET", "HEAD"):
                head = "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: {HOST}", *way))
                data = f"{head}\r\n\r\n{head}\r\n\r\n{head}\r\nConnection: close\r\n\r\n".encode()
                replies = (await talk(web.port, data)).replies
                assert len(replies) == 3
                seen[f"{method} {path} {way}"] = [essence(r) for r in replies]
    return seen


def store_of(web: Site) -> FakeStore:
    """What both show."""
    return cast("FakeStore", web.service._store)


async def look(*sites: Site) -> None:
    """Have them notice what was written."""
    for web in sites:
        await web.pages.follower.look()


async def publish(*sites: Site) -> None:
    store_of(sites[0]).put(
        "post:60", post(60, link="https://cms.example.org/fresh/", categories=[7])
    )
    await look(*sites)


async def edit(*sites: Site) -> None:
    words = {"rendered": "<p>Another body of 5.</p>", "protected": False}
    store_of(sites[0]).put("post:5", post(5, author=3, categories=[7], content=words))
    await look(*sites)


async def remove(*sites: Site) -> None:
    store_of(sites[0]).remove("post:10")
    await look(*sites)


async def move(*sites: Site) -> None:
    store_of(sites[0]).put("post:6", page(6, "about-us"))
    await look(*sites)


async def rename(*sites: Site) -> None:
    store_of(sites[0]).put("site", site(name="Another name"))
    await look(*sites)


async def release(*sites: Site) -> None:
    other = release_of(
        index="<!DOCTYPE html><title>{{ page.title }}</title>" + "<p>other</p>" * 99, error="gone"
    )
    for web in sites:
        web.service._loaded.add(other)
        web.service.swap(other.id)


async def lose_the_store(*sites: Site) -> None:
    store_of(sites[0]).unavailable = True
    store_of(sites[0]).happened.set()
    for web in sites:
        web.pages.follower._enter("unavailable")


CHANGES: tuple[Callable[..., Awaitable[None]], ...] = (
    publish, edit, remove, move, rename, release, lose_the_store,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
async def test_a_change_is_seen_alike(
    both: tuple[Site, Site], change: Callable[..., Awaitable[None]]
) -> None:
    """By the very next request, on both, in the same bytes; and something did change."""
    ours, theirs = both
    before = await ask(ours)
    assert before == await ask(theirs)
    await change(ours, theirs)
    after = await ask(ours)
    assert after == await ask(theirs)
    assert after != before


async def test_better_compression_is_sent_when_it_is_there(both: tuple[Site, Site]) -> None:
    """What was packed in haste is packed again; the bytes that were ready are sent no more."""
    (ours, theirs), path = both, "/post-5/"
    for web in both:
        await web.fetch(path)
        entry = web.pages.cache.peek(path)
        assert entry is not None
        good = entry.variants
        web.pages.cache.forget(path)
        entry.variants = build_hasty(entry.page.body)
        web.pages.cache.keep(path, entry)
        hasty = await web.fetch(path, "Accept-Encoding: gzip")
        assert re.search("-gzip-q[0-9a-f]+", hasty["ETag"] or "")
        held = f"If-None-Match: {hasty['ETag']}"
        web.pages.cache.replace_variants(path, entry, good)
        better = await web.fetch(path, "Accept-Encoding: gzip, br")
        assert (better["Content-Encoding"], better.body) == ("br", good.br)
        better = await web.fetch(path, "Accept-Encoding: gzip")
        assert (better["Content-Encoding"], better.body) == ("gzip", good.gzip)
        again = await web.fetch(path, "Accept-Encoding: gzip", held)
        assert (again.status, again["ETag"]) == (304, hasty["ETag"])  # it is the same text
    assert await ask(ours) == await ask(theirs)


async def test_a_page_that_time_ends_ends_in_that_second(both: tuple[Site, Site]) -> None:
    """A hit is sent no later than the second until which it holds."""
    for web in both:
        await web.fetch("/post-5/")
        entry = web.pages.cache.peek("/post-5/")
        assert entry is not None
        now = web.pages._clock()
        entry.until = int(now) + 1
        web.pages.cache.version += 1
        remaining = (await web.fetch("/post-5/"))["Cache-Control"] or ""
        assert re.search(r"s-maxage=[01],", remaining)
        store_of(web).reads = 0
        async with asyncio.timeout(10):
            while not store_of(web).reads:
                assert (await web.fetch("/post-5/")).status == 200
                await asyncio.sleep(0.01)
        assert web.pages._clock() < now + 2.5


@contextlib.asynccontextmanager
async def silent(web: Site) -> AsyncIterator[None]:
    """The store says nothing for a while."""
    store = store_of(web)
    store.gate = asyncio.Event()
    try:
        yield
    finally:
        store.gate.set()
        store.gate = None


async def test_a_page_that_is_made_when_it_changes_is_not_kept_as_it_was(
    both: tuple[Site, Site],
) -> None:
    """The answer to who asked before may be old; nobody who asks later gets it."""
    ours, theirs = both
    async with silent(ours):
        asked = [asyncio.ensure_future(web.fetch("/post-20/")) for web in both]
        await asyncio.sleep(0.05)
        words = {"rendered": "<p>New words.</p>", "protected": False}
        store_of(ours).put("post:20", post(20, content=words))
    await asyncio.gather(*asked)
    await look(ours, theirs)
    for web in both:
        assert b"New words." in (await web.fetch("/post-20/")).body
