"""Sites fail in many ways; an import loses no more than what can't be read, and says what that was."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from aiohttp import web
from sos.adapters.redis import RedisStore
from sos.adapters.wordpress import WordPressHttp
from sos.errors import SourceError
from sos.wordpress.importer import ImportOptions, import_site
from sos.wordpress.source import InvalidAnswerError, PassingSourceError

from tests.servers.fake_wordpress import (
    FakeSite,
    answer_always,
    answer_once,
    break_items,
    serve_fake,
)
from tests.wordpress.importing import QUICK, is_ready, run_import

BROKEN: dict[str, Callable[[], web.StreamResponse]] = {
    "500": lambda: web.json_response({"code": "internal_server_error"}, status=500),
    "502": lambda: web.Response(status=502, text="<h1>Bad gateway</h1>"),
    "504": lambda: web.Response(status=504, text="<h1>Gateway time-out</h1>"),
    "html": lambda: web.Response(text="<b>Fatal error</b>", content_type="text/html"),
    "half": lambda: web.Response(text='[{"id": 10', content_type="application/json"),
    "empty": lambda: web.Response(text="", content_type="application/json"),
    "object": lambda: web.json_response({"data": []}),
}


@pytest.mark.parametrize("broken", BROKEN)
async def test_only_the_item_that_breaks_is_left_out(store: RedisStore, broken: str) -> None:
    """A page of a hundred is halved down to it; its id is found without its content."""
    site = FakeSite().fill(posts=250)
    site.faults.append(break_items("posts", 137, 300, response=BROKEN[broken]))
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert sorted(s.ref for s in summary.skipped) == ["post:137", "post:300"]
    assert all(s.reason for s in summary.skipped)
    assert summary.complete
    assert summary.collections["posts"].applied == 248
    assert summary.collections["posts"].skipped == 2


async def test_an_item_that_is_too_large_to_be_read_is_left_out(store: RedisStore) -> None:
    """The limit is on an answer; smaller answers get through."""
    site = FakeSite().fill(posts=20)
    site.edit("posts", 107, content={"rendered": "x" * 600_000, "protected": False})
    async with serve_fake(site) as url, WordPressHttp(url, max_bytes=500_000) as http:
        summary = await import_site(url, store, http, ImportOptions(patience=QUICK))
    assert [s.ref for s in summary.skipped] == ["post:107"]
    assert "more than 0 MB" in summary.skipped[0].reason
    assert summary.collections["posts"].applied == 19


async def test_an_item_that_takes_too_long_is_left_out(store: RedisStore) -> None:
    """A silent answer counts as broken, too."""
    site = FakeSite().fill(posts=4)
    inner = break_items("posts", 102, response=web.Response)

    async def hang(request: web.Request, route: str) -> web.StreamResponse | None:
        if await inner(request, route) is None:
            return None
        response = web.StreamResponse(headers={"Content-Length": "9"})
        await response.prepare(request)
        assert request.transport is not None
        while not request.transport.is_closing():
            await response.write(b"")
            import asyncio

            await asyncio.sleep(0.02)
        return response

    site.faults.append(hang)
    async with serve_fake(site) as url, WordPressHttp(url, silence=0.3) as http:
        summary = await import_site(url, store, http, ImportOptions(patience=QUICK))
    assert [s.ref for s in summary.skipped] == ["post:102"]


async def test_a_collection_of_one_broken_item_is_complete(store: RedisStore) -> None:
    """Nothing is left of it, but the site is well."""
    site = FakeSite().fill(posts=1)
    site.faults.append(break_items("posts", 100, response=BROKEN["500"]))
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert [s.ref for s in summary.skipped] == ["post:100"]
    assert summary.complete


async def test_a_site_that_fails_as_a_whole_is_not_skipped_item_by_item(store: RedisStore) -> None:
    """After ten failures in a row it is asked whether it is well; it is not."""
    site = FakeSite().fill(posts=300)
    down = lambda: web.Response(status=500)  # noqa: E731
    count = [0]

    async def break_down(request: web.Request, route: str) -> web.StreamResponse | None:
        if count[0] or (route == "/wp/v2/posts" and request.query.get("page") == "2"):
            count[0] += 1
            return down()
        return None

    site.faults.append(break_down)
    async with serve_fake(site) as url:
        with pytest.raises(PassingSourceError, match="answered 500"):
            await run_import(url, store, concurrency=1)
    assert count[0] < 120
    assert not await is_ready(store)


async def test_a_site_that_goes_away_ends_the_import(store: RedisStore) -> None:
    """It is not halved: nobody is there to answer smaller questions."""
    site = FakeSite().fill(posts=300)

    async def leave(request: web.Request, route: str) -> web.StreamResponse | None:
        if request.query.get("page") != "2":
            return None
        return web.Response(status=503, text="maintenance")

    site.faults.append(leave)
    async with serve_fake(site) as url:
        with pytest.raises(PassingSourceError, match="answered 503"):
            await run_import(url, store)
    assert len([r for r in site.requests if "page=2" in r]) == QUICK.attempts
    assert not any("offset" in r for r in site.requests)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_passing_failure_is_asked_again(store: RedisStore, status: int) -> None:
    """Nothing is lost by it."""
    site = FakeSite().fill(posts=150)
    site.faults.append(answer_once(lambda: web.Response(status=status), containing="page=2"))
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.skipped == []
    assert summary.collections["posts"].applied == 150


async def test_a_site_is_not_asked_before_it_wishes(store: RedisStore) -> None:
    """Retry-After is obeyed."""
    site = FakeSite().fill(posts=150)
    times = []

    async def busy(request: web.Request, route: str) -> web.StreamResponse | None:
        if route != "/wp/v2/posts" or request.query.get("page") != "2":
            return None
        times.append(time.monotonic())
        return web.Response(status=429, headers={"Retry-After": "1"}) if len(times) == 1 else None

    site.faults.append(busy)
    async with serve_fake(site) as url:
        await run_import(url, store)
    assert times[1] - times[0] >= 1.0


async def test_a_site_that_wants_to_be_left_alone_for_long_is_not_waited_for(
    store: RedisStore,
) -> None:
    """An hour is too long; the import ends and can be resumed."""
    site = FakeSite().fill(posts=150)
    busy = lambda: web.Response(status=429, headers={"Retry-After": "3600"})  # noqa: E731
    site.faults.append(answer_always(busy, containing="page=2"))
    async with serve_fake(site) as url:
        started = time.monotonic()
        with pytest.raises(PassingSourceError, match="429"):
            await run_import(url, store)
    assert time.monotonic() - started < 10
    assert len([r for r in site.requests if "page=2" in r]) == 1


async def test_pages_end_where_wordpress_says_so(store: RedisStore) -> None:
    """Without its headers, `rest_post_invalid_page_number` is the end."""
    site = FakeSite().fill(posts=250)

    async def without_headers(request: web.Request, route: str) -> web.Response | None:
        if route != "/wp/v2/posts":
            return None
        answer = site._answer_collection(request, "posts", owner=False)
        answer.headers.popall("X-WP-Total", None)
        answer.headers.popall("X-WP-TotalPages", None)
        return answer

    site.faults.append(without_headers)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.collections["posts"].applied == 250
    assert summary.skipped == []


@pytest.mark.parametrize("pages", ["1", "9", "nonsense", "-4"])
async def test_a_wrong_number_of_pages_does_no_harm(store: RedisStore, pages: str) -> None:
    """Too many end with the error of WordPress, nonsense counts as unknown."""
    site = FakeSite().fill(posts=90)

    async def lie(request: web.Request, route: str) -> web.Response | None:
        if route != "/wp/v2/posts":
            return None
        answer = site._answer_collection(request, "posts", owner=False)
        answer.headers["X-WP-TotalPages"] = pages
        return answer

    site.faults.append(lie)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.collections["posts"].applied == 90


async def test_pages_without_an_end_are_noticed(store: RedisStore) -> None:
    """A cache that ignores the page number answers with the same items for ever."""
    site = FakeSite().fill(posts=50)

    async def ignore(request: web.Request, route: str) -> web.Response | None:
        if route != "/wp/v2/posts":
            return None
        shown = [site._show("posts", raw, {}) for raw in site.items["posts"].values()]
        return web.json_response(shown, headers={"X-WP-TotalPages": "900000"})

    site.faults.append(ignore)
    async with serve_fake(site) as url:
        with pytest.raises(InvalidAnswerError, match="ignores the parameter 'page'"):
            await run_import(url, store)
    assert len(site.requests) < 60


async def test_a_collection_that_can_not_be_ordered_by_id_is_read_as_it_is(
    store: RedisStore,
) -> None:
    """A plugin's own controller knows fewer parameters."""
    site = FakeSite().fill()
    site.add_type("book", "books", has_archive=False)
    for number in range(130):
        site.add("books", 1000 + number)

    async def refuse(request: web.Request, route: str) -> web.Response | None:
        if (
            route == "/wp/v2/books"
            and "orderby" in request.query
            and "include" not in request.query
        ):
            body = {"code": "rest_invalid_param", "message": "Invalid parameter(s): orderby"}
            return web.json_response(body, status=400)
        return None

    site.faults.append(refuse)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.collections["books"].applied == 130


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_within_the_site_are_followed(store: RedisStore, status: int) -> None:
    """Also of REST routes, such as to the form with a slash."""
    site = FakeSite().fill()

    async def canonical(request: web.Request, route: str) -> web.StreamResponse | None:
        if not request.path.endswith("/"):
            return web.Response(
                status=status,
                headers={"Location": f"{request.path}/?{request.query_string}"},
            )
        return None

    async def answer(request: web.Request, route: str) -> web.StreamResponse | None:
        return site._answer_rest(request, route.rstrip("/") or "/") if route else None

    site.faults += [canonical, answer]
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.collections["posts"].applied == 3


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://elsewhere.example/", "another host"),
        ("http://169.254.169.254/latest/meta-data/", "another host"),
        ("//elsewhere.example/x", "another host"),
        ("http://127.0.0.1:1/", "another host"),
        ("file:///etc/passwd", "no address of a web site"),
        ("http://user:pw@127.0.0.1/", "no address of a web site"),
        ("javascript:alert(1)", "no address of a web site"),
    ],
)
async def test_redirects_that_lead_away_are_refused(
    store: RedisStore, location: str, words: str
) -> None:
    """At discovery and afterwards, with the reason."""
    site = FakeSite().fill(posts=150)
    away = lambda: web.Response(status=302, headers={"Location": location})  # noqa: E731
    site.faults.append(answer_always(away, containing="/wp/v2/posts", without="per_page=1&"))
    async with serve_fake(site) as url:
        with pytest.raises(SourceError, match=words):
            await run_import(url, store)
    site.faults[:] = [answer_always(away)]
    async with serve_fake(site) as url:
        with pytest.raises(SourceError, match=words):
            await run_import(url, store)


async def test_a_circle_of_redirects_ends(store: RedisStore) -> None:
    """After five."""
    site = FakeSite().fill()

    async def circle(request: web.Request, route: str) -> web.StreamResponse | None:
        return web.Response(status=302, headers={"Location": request.path_qs}) if route else None

    site.faults.append(circle)
    async with serve_fake(site) as url:
        with pytest.raises(SourceError, match="redirects more than 5 times"):
            await run_import(url, store)
    assert len(site.requests) < 40


async def test_a_rest_api_on_another_host_is_named_and_not_followed(store: RedisStore) -> None:
    """The person decides whether that is the site."""
    site = FakeSite()
    link = '<https://cms.elsewhere.example/wp-json/>; rel="https://api.w.org/"'
    page = lambda: web.Response(text="<html>", headers={"Link": link})  # noqa: E731
    site.faults.append(answer_always(page))
    async with serve_fake(site) as url:
        with pytest.raises(SourceError, match=r"another host: https://cms\.elsewhere\.example"):
            await run_import(url, store)


async def test_an_unreachable_site_says_so_with_its_exit_code(store: RedisStore) -> None:
    """69, EX_UNAVAILABLE of sysexits.h."""
    site = FakeSite()
    async with serve_fake(site) as url:
        pass
    with pytest.raises(PassingSourceError, match="can't be reached") as caught:
        await run_import(url, store)
    assert caught.value.exit_code == 69
