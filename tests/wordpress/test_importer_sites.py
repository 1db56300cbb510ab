"""Sites come in many shapes and hold odd content; an import copes with what real ones do."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from sos.adapters.redis import RedisStore
from sos.errors import SourceError

from tests.servers.fake_wordpress import FakeSite, answer_always, serve_fake
from tests.wordpress.importing import OWNER, document_of, paths_of, run_import


@pytest.mark.parametrize("rest", ["wp-json", "rest_route"])
@pytest.mark.parametrize("announce", ["header", "element", "nothing"])
@pytest.mark.parametrize("prefix", ["", "/blog", "/sites/one"])
async def test_the_rest_api_is_found_wherever_it_is(
    store: RedisStore, rest: str, announce: str, prefix: str
) -> None:
    """By header, by element or by guess; below a folder; in the form with a query."""
    site = FakeSite(prefix=prefix, rest=rest, announce=announce).fill()
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.complete
    assert (await paths_of(store))["post:100"] == "/2020/post-100/"


@pytest.mark.parametrize("given", ["{url}", "{bare}", "{url}2020/post-100/", "  {bare} "])
async def test_any_address_of_the_site_will_do(store: RedisStore, given: str) -> None:
    """With or without a slash, and of a page within."""
    site = FakeSite(prefix="/blog").fill()
    async with serve_fake(site) as url:
        summary = await run_import(given.format(url=url, bare=url.rstrip("/")), store)
    assert summary.url == site.home
    assert "post:100" in await store.fetch_all_entries()


async def test_a_site_in_a_folder_keeps_its_paths_without_the_folder(store: RedisStore) -> None:
    """The public site is at the top of its own host."""
    site = FakeSite(prefix="/blog").fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
    assert set((await paths_of(store)).values()) == {
        "/2020/post-100/",
        "/2020/post-101/",
        "/2020/post-102/",
        "/page-50/",
        "/page-51/",
        "/picture/",
        "/category/news/",
        "/author/ada/",
    }


@pytest.mark.parametrize("prefix", ["", "/blog"])
async def test_plain_permalinks_are_given_paths(store: RedisStore, prefix: str) -> None:
    """Of every kind, with ancestors, unique, and the same again at the next import."""
    site = FakeSite(plain=True, rest="rest_route", prefix=prefix).fill(posts=1, pages=1)
    site.add_type("book", "books", has_archive=True)
    site.add_taxonomy("genre", "genres")
    site.add("categories", 2, slug="local", parent=1)
    site.add("tags", 3, slug="sea")
    site.add("genres", 4, slug="crime")
    site.add("books", 200, slug="dune")
    site.add("pages", 49, slug="child", parent=50)
    site.add("posts", 120, slug="page-50")
    site.add("posts", 121, slug="2024")
    site.add("posts", 122, slug="feed")
    site.add("posts", 123, slug="")
    site.add("posts", 130, slug="later", status="future", date_gmt="2090-05-01T08:00:00")
    async with serve_fake(site) as url:
        summary = await run_import(url, store, credentials=OWNER)
        first = await paths_of(store)
        again = await run_import(url, store, credentials=OWNER)
    assert first == {
        "post:9": "/attachment/picture/",
        "post:49": "/page-50/child/",
        "post:50": "/page-50-50/",
        "post:100": "/post-100/",
        "post:120": "/page-50/",
        "post:121": "/2024-121/",
        "post:122": "/feed-122/",
        "post:123": "/p-123/",
        "post:130": "/later/",
        "post:200": "/book/dune/",
        "term:1": "/category/news/",
        "term:2": "/category/news/local/",
        "term:3": "/tag/sea/",
        "term:4": "/genre/crime/",
        "user:1": "/author/ada/",
    }
    assert summary.permalinks == "plain"
    assert (await document_of(store, "site"))["sos"]["permalinks"] == "plain"
    assert (await document_of(store, "types"))["book"]["sos"]["archive_path"] == "/book/"
    assert await paths_of(store) == first
    assert sum(c.applied for n, c in again.collections.items() if n != "site") == 0


async def test_a_type_without_pretty_links_gets_paths_on_a_pretty_site(store: RedisStore) -> None:
    """`rewrite` is off for it, but visitors reach its pages."""
    site = FakeSite().fill()
    site.add_type("book", "books", has_archive=False)
    site.add("books", 200, slug="dune", link=f"{site.home}/?book=dune")
    async with serve_fake(site) as url:
        site.items["books"][200]["link"] = f"{site.home}/?book=dune"

        async def show(request: web.Request, route: str) -> web.Response | None:
            return web.Response(text="a book") if "book" in request.query else None

        site.faults.append(show)
        await run_import(url, store)
    assert (await paths_of(store))["post:200"] == "/book/dune/"


NON_LATIN = [
    ("%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82", "/2020/%d0%bf%d1%80%d0%b8%d0%b2%d0%b5%d1%82/"),
    ("%e6%b8%af%e5%8f%a3", "/2020/%e6%b8%af%e5%8f%a3/"),
    ("港口", "/2020/%e6%b8%af%e5%8f%a3/"),
    ("caf%C3%A9-%7Etilde", "/2020/caf%c3%a9-~tilde/"),
]


@pytest.mark.parametrize(("slug", "path"), NON_LATIN)
async def test_slugs_in_any_script_have_one_path(store: RedisStore, slug: str, path: str) -> None:
    """However their escapes are written."""
    site = FakeSite().fill(posts=1)
    site.edit("posts", 100, slug=slug)
    async with serve_fake(site) as url:
        await run_import(url, store)
    assert (await paths_of(store))["post:100"] == path


@pytest.mark.parametrize("slug", [s for s, _ in NON_LATIN[:3]])
async def test_plain_permalinks_in_any_script_get_paths(store: RedisStore, slug: str) -> None:
    """The slug is all there is to make one of."""
    site = FakeSite(plain=True).fill(posts=1)
    site.edit("posts", 100, slug=slug)
    async with serve_fake(site) as url:
        await run_import(url, store)
    assert (await paths_of(store))["post:100"].startswith("/%")


ODD: dict[str, dict[str, Any]] = {
    "no title": {"title": {"rendered": ""}},
    "title missing": {"title": ...},
    "content missing": {"content": ..., "excerpt": ...},
    "markup in the title": {"title": {"rendered": "<em>A</em> &amp; <script>x</script>"}},
    "zero dates": {"date": "0000-00-00T00:00:00", "date_gmt": "0000-00-00T00:00:00"},
    "negative year": {"date_gmt": "-0001-11-30T00:00:00", "modified_gmt": "-0001-11-30T00:00:00"},
    "no dates": {"date": None, "date_gmt": None, "modified": None, "modified_gmt": None},
    "words for dates": {"date_gmt": "yesterday", "modified_gmt": "today"},
    "year 1968": {"date_gmt": "1968-06-01T11:00:00"},
    "far year": {"date_gmt": "9999-12-31T23:59:59", "status": "publish"},
    "no author": {"author": 0},
    "text for numbers": {"author": "7", "featured_media": "x", "categories": "1,2"},
    "no link": {"link": None},
    "half a megabyte": {"content": {"rendered": "<p>long</p>" * 50_000, "protected": False}},
    "deep": {"acf": {"a": {"a": {"a": {"a": [[[[[[[1]]]]]]]}}}}},
    "control characters": {"title": {"rendered": "a\u0000\u0008b\u2028c\ufeff"}},
    "astral": {"title": {"rendered": "🚤⛵️👩‍✈️"}},
}


@pytest.mark.parametrize("odd", ODD, ids=lambda o: o.replace(" ", "-"))
async def test_odd_items_are_imported_as_they_are(store: RedisStore, odd: str) -> None:
    """Their document says what WordPress said, and their neighbours are there as well."""
    site = FakeSite().fill()
    site.add("posts", 101, **ODD[odd])
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.skipped == []
    assert {"post:100", "post:101", "post:102"} <= (await store.fetch_all_entries()).keys()
    document = await document_of(store, "post:101")
    for name, value in ODD[odd].items():
        assert document.get(name, ...) == value or name == "link"


async def test_half_of_an_emoji_is_replaced(store: RedisStore) -> None:
    """PHP writes lone surrogates, which are no characters; the rest of the page is kept."""
    site = FakeSite().fill()

    async def cut(request: web.Request, route: str) -> web.Response | None:
        if route != "/wp/v2/posts" or "_fields" in request.query:
            return None
        answer = site._answer_collection(request, "posts", owner=False)
        assert isinstance(answer.body, bytes)
        answer.body = answer.body.replace(b'"Post 101"', rb'"cut \ud83d here"')
        return answer

    site.faults.append(cut)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.skipped == []
    assert (await document_of(store, "post:101"))["title"]["rendered"] == "cut � here"


async def test_a_byte_order_mark_before_json_is_nothing(store: RedisStore) -> None:
    """A plugin's file was saved with one."""
    site = FakeSite().fill()

    async def mark(request: web.Request, route: str) -> web.Response | None:
        if not route.startswith("/wp/v2/posts"):
            return None
        answer = site._answer_collection(request, "posts", owner=False)
        assert isinstance(answer.body, bytes)
        answer.body = b"\xef\xbb\xbf\r\n" + answer.body
        return answer

    site.faults.append(mark)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.collections["posts"].applied == 3


async def test_a_post_that_no_node_would_read_is_skipped_with_its_reason(store: RedisStore) -> None:
    """Everything else is imported; what the store had of it stays."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        site.edit("posts", 101, content={"rendered": "x" * 9_000_000, "protected": False})
        summary = await run_import(url, store)
    assert [s.ref for s in summary.skipped] == ["post:101"]
    assert "8.6 MB long; at most 8 MB are read" in summary.skipped[0].reason
    assert summary.complete
    assert "post:101" in await store.fetch_all_entries()


@pytest.mark.parametrize("ident", [None, "12", 0, -3, True, 2**60])
async def test_an_item_without_a_sound_id_is_skipped(store: RedisStore, ident: object) -> None:
    """It could not be named."""
    site = FakeSite().fill()

    async def spoil(request: web.Request, route: str) -> web.Response | None:
        if route != "/wp/v2/posts" or "_fields" in request.query:
            return None
        shown: list[Any] = [site._show("posts", raw, {}) for raw in site.items["posts"].values()]
        shown[1]["id"] = ident
        shown.append("not an object")
        return web.json_response(shown, headers={"X-WP-Total": "4", "X-WP-TotalPages": "1"})

    site.faults.append(spoil)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert len(summary.skipped) == 2
    assert all(s.reason.endswith("it has no id") for s in summary.skipped)
    assert {"post:100", "post:102"} <= (await store.fetch_all_entries()).keys()


@pytest.mark.parametrize(
    "url", ["https://user:secret@site.example/", "ftp://site.example/", "https://", "http://[::1"]
)
async def test_an_address_that_is_none_is_refused_at_once(store: RedisStore, url: str) -> None:
    """Credentials do not belong into it, and are not repeated."""
    with pytest.raises(SourceError) as caught:
        await run_import(url, store)
    assert "secret" not in str(caught.value)


async def test_a_site_that_is_no_wordpress_is_told_so(store: RedisStore) -> None:
    """With what to try instead."""
    site = FakeSite()
    page = lambda: web.Response(text="<h1>Hello</h1>", content_type="text/html")  # noqa: E731
    site.faults.append(answer_always(page))
    async with serve_fake(site) as url:
        with pytest.raises(SourceError, match="no WordPress REST API") as caught:
            await run_import(url, store)
    assert caught.value.exit_code == 65


async def test_a_closed_rest_api_is_told_apart_from_none(store: RedisStore) -> None:
    """The site is a WordPress, but shows visitors nothing."""
    site = FakeSite().fill()

    async def closed(request: web.Request, route: str) -> web.Response | None:
        body = {"code": "rest_not_logged_in", "message": "<b>Log in</b>\x1b[31m first."}
        return web.json_response(body, status=401) if route else None

    site.faults.append(closed)
    async with serve_fake(site) as url:
        with pytest.raises(SourceError, match="rest_not_logged_in: Log in") as caught:
            await run_import(url, store)
    assert caught.value.exit_code == 69
    assert "\x1b" not in str(caught.value)
