"""An import brings what visitors of a site can see into the store, and nothing else."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from sos.adapters.redis import RedisStore
from sos.adapters.wordpress import WordPressHttp
from sos.content.store import Operation
from sos.errors import SourceError, StoreIncompleteError
from sos.wordpress.batches import MAX_BATCH_BYTES, split_batches
from sos.wordpress.importer import ImportOptions, import_site
from sos.wordpress.summary import Progress

from tests.servers.fake_wordpress import (
    PASSWORD,
    FakeSite,
    FixedResolver,
    answer_always,
    close_route,
    read_recorded,
    serve_fake,
)
from tests.wordpress.importing import OWNER, QUICK, document_of, is_ready, paths_of, run_import


async def test_everything_that_visitors_see_is_imported(store: RedisStore) -> None:
    """Posts, pages, media, terms, users, types and the site; then the store is ready."""
    site = FakeSite().fill(posts=3, pages=2)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert await paths_of(store) == {
        "post:100": "/2020/post-100/",
        "post:101": "/2020/post-101/",
        "post:102": "/2020/post-102/",
        "post:50": "/page-50/",
        "post:51": "/page-51/",
        "post:9": "/picture/",
        "term:1": "/category/news/",
        "user:1": "/author/ada/",
    }
    assert {"site", "types", "taxonomies"} <= (await store.fetch_all_entries()).keys()
    assert summary.complete
    assert summary.documents == 8
    assert summary.skipped_count == 0
    assert await is_ready(store)


async def test_a_document_is_what_wordpress_said_without_its_links(store: RedisStore) -> None:
    """Verbatim but for hypermedia, the database's own identity and what plugins say twice."""
    site = FakeSite().fill(posts=1)
    site.edit("posts", 100, yoast_head="<x>", yoast_head_json={"title": "T"}, acf={"a": [1]})
    async with serve_fake(site) as url:
        await run_import(url, store)
        said = site._show("posts", site.items["posts"][100], {})
    kept = {k: v for k, v in said.items() if k not in ("_links", "guid", "yoast_head")}
    assert await document_of(store, "post:100") == kept


async def test_the_index_is_kept_without_what_only_clients_need(store: RedisStore) -> None:
    """Routes, namespaces and authentication are of no use to a page."""
    async with serve_fake(FakeSite().fill()) as url:
        await run_import(url, store)
    site = await document_of(store, "site")
    assert site["name"] == "Fake"
    assert site["show_on_front"] == "posts"
    assert not {"routes", "namespaces", "authentication", "_links"} & site.keys()


async def test_without_credentials_the_summary_says_what_is_missing(store: RedisStore) -> None:
    """Settings, menus and scheduled posts; the feed tells the language and its own length."""
    async with serve_fake(FakeSite(language="de-DE").fill(posts=8)) as url:
        summary = await run_import(url, store)
    words = " ".join(summary.missing)
    assert "settings" in words
    assert "menus" in words
    assert "scheduled posts" in words
    assert "10 posts per page are assumed" in words
    sos = (await document_of(store, "site"))["sos"]
    assert sos == {
        "settings": {"posts_per_rss": 7, "rss_use_excerpt": False},
        "language": "de-DE",
        "permalinks": "pretty",
        "date_base": "/",
    }


async def test_a_feed_of_all_posts_does_not_tell_its_length(store: RedisStore) -> None:
    """It would grow with the next one."""
    async with serve_fake(FakeSite().fill(posts=7)) as url:
        await run_import(url, store)
    assert "posts_per_rss" not in (await document_of(store, "site"))["sos"]["settings"]


async def test_posts_per_page_can_be_told(store: RedisStore) -> None:
    """Where the site keeps it to itself."""
    async with serve_fake(FakeSite().fill()) as url:
        summary = await run_import(url, store, posts_per_page=25)
    assert (await document_of(store, "site"))["sos"]["settings"]["posts_per_page"] == 25
    assert "assumed" not in " ".join(summary.missing)


async def test_with_credentials_settings_and_menus_come_too(store: RedisStore) -> None:
    """Menus with their items in order; of the settings only what pages are made of."""
    site = FakeSite().fill()
    site.menus = [{"id": 4, "name": "Main", "slug": "main", "locations": ["primary"], "_links": {}}]
    site.menu_items = [
        {"id": 8, "menus": 4, "menu_order": 2, "title": {"rendered": "B"}, "url": "/b/"},
        {"id": 7, "menus": 4, "menu_order": 1, "title": {"rendered": "A"}, "url": "/a/"},
        {"id": 6, "menus": 4, "menu_order": 3, "title": {"rendered": "C"}, "invalid": True},
        {"id": 5, "menus": 4, "menu_order": 4, "title": {"rendered": "D"}, "status": "draft"},
    ]
    async with serve_fake(site) as url:
        summary = await run_import(url, store, credentials=OWNER)
    menu = await document_of(store, "menu:4")
    assert [i["id"] for i in menu["sos"]["items"]] == [7, 8]
    assert menu["sos"]["locations"] == ["primary"]
    settings = (await document_of(store, "site"))["sos"]["settings"]
    assert settings["posts_per_page"] == 7
    assert settings["date_format"] == "j. F Y"
    assert "email" not in settings
    assert summary.missing == []


async def test_the_password_goes_only_where_a_visitor_can_not(store: RedisStore) -> None:
    """Content is read as a visitor sees it, and the password is in no message."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        summary = await run_import(url, store, credentials=OWNER)
    routes = {r.partition("?")[0].removeprefix("/wp-json/wp/v2/") for r in site.secret_requests}
    assert routes == {"users/me", "settings", "menus", "posts", "pages"}
    listings = [r for r in site.secret_requests if "/posts?" in r or "/pages?" in r]
    assert all("status=future" in r for r in listings)
    assert PASSWORD not in json.dumps(summary.to_json())


async def test_wrong_credentials_end_the_import_before_it_began(store: RedisStore) -> None:
    """Rather than an import that silently lacks menus."""
    bad = type(OWNER)("owner", "wrong")
    async with serve_fake(FakeSite().fill()) as url:
        with pytest.raises(SourceError, match="refused the user name or the application password"):
            await run_import(url, store, credentials=bad)
    assert not await is_ready(store)


async def test_an_import_without_credentials_keeps_what_an_owner_brought(store: RedisStore) -> None:
    """Settings and menus stay."""
    site = FakeSite().fill()
    site.menus = [{"id": 4, "name": "Main", "slug": "main", "locations": []}]
    site.items["navigation"][30] = _navigation(30)
    async with serve_fake(site) as url:
        await run_import(url, store, credentials=OWNER)
        await run_import(url, store)
    assert (await document_of(store, "site"))["sos"]["settings"]["posts_per_page"] == 7
    assert await document_of(store, "menu:4")
    assert not await document_of(store, "menu:30")


async def test_block_navigation_stands_in_for_menus(store: RedisStore) -> None:
    """The newest stands at the primary location, with its lists as children."""
    site = FakeSite().fill()
    site.items["navigation"] = {30: _navigation(30), 31: _navigation(31, date_gmt="2025-01-01")}
    async with serve_fake(site) as url:
        await run_import(url, store)
    assert (await document_of(store, "menu:31"))["sos"]["locations"] == ["primary"]
    menu = await document_of(store, "menu:30")
    assert menu["sos"]["locations"] == []
    titles = [(i["id"], i["parent"], i["title"]["rendered"]) for i in menu["sos"]["items"]]
    assert titles == [(1, 0, "Home"), (2, 0, "Company"), (3, 2, "Departments")]


async def test_classic_menus_take_the_place_of_block_navigation(store: RedisStore) -> None:
    """Once an owner's import can see that there are some."""
    site = FakeSite().fill()
    site.items["navigation"][30] = _navigation(30)
    async with serve_fake(site) as url:
        await run_import(url, store)
        site.menus = [{"id": 4, "name": "Main", "slug": "main", "locations": []}]
        await run_import(url, store, credentials=OWNER)
    refs = {r for r in await store.fetch_all_entries() if r.startswith("menu:")}
    assert refs == {"menu:4"}


async def test_closed_users_are_taken_from_what_posts_embed(store: RedisStore) -> None:
    """Names, slugs and links of authors, for sites whose security plugin closes /users."""
    site = FakeSite().fill()
    site.faults.append(close_route("/wp/v2/users", status=403))
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    user = await document_of(store, "user:1")
    assert (user["name"], user["slug"]) == ("Ada", "ada")
    assert (await paths_of(store))["user:1"] == "/author/ada/"
    assert any("authors are taken from what posts embed" in m for m in summary.missing)
    assert summary.complete


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_an_import_without_any_users_is_complete(store: RedisStore, status: int) -> None:
    """Where not even posts tell who wrote them."""
    site = FakeSite().fill()
    site.faults.append(close_route("/wp/v2/users", status=status))
    for raw in (*site.items["posts"].values(), *site.items["pages"].values()):
        raw["author"] = 99
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.complete
    assert not [r for r in await store.fetch_all_entries() if r.startswith("user:")]


async def test_an_owner_sees_users_that_are_closed_to_visitors(store: RedisStore) -> None:
    """Only those with published posts: WordPress would show subscribers, too."""
    site = FakeSite().fill()

    async def closed(request: web.Request, route: str) -> web.Response | None:
        if route == "/wp/v2/users" and "Authorization" not in request.headers:
            return web.json_response({"code": "x", "message": "no"}, status=401)
        return None

    site.faults.append(closed)
    async with serve_fake(site) as url:
        summary = await run_import(url, store, credentials=OWNER)
    assert await document_of(store, "user:1")
    assert any("has_published_posts=true" in r for r in site.secret_requests)
    assert not any(m.startswith("users") for m in summary.missing)


async def test_custom_types_and_taxonomies_are_imported(store: RedisStore) -> None:
    """With the archive of the type and the terms of its items."""
    site = FakeSite().fill()
    site.add_type("book", "books", has_archive="library", archive="/library/")
    site.add_taxonomy("genre", "genres")
    site.add("genres", 5, slug="crime", name="Crime")
    site.add("books", 200, slug="dune", genres=[5])
    async with serve_fake(site) as url:
        await run_import(url, store)
    paths = await paths_of(store)
    assert paths["post:200"] == "/book/dune/"
    assert paths["term:5"] == "/genre/crime/"
    assert "term:5" in (await store.fetch_all_entries())["post:200"].lists
    types = await document_of(store, "types")
    assert types["book"]["sos"] == {"archive_path": "/library/"}
    assert "sos" not in types["post"]


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        ({"has_archive": True, "archive": "/book/"}, "/book/"),
        ({"has_archive": True, "archive": "/shelf/", "prefix": "shelf"}, "/shelf/"),
        ({"has_archive": ..., "archive": "/book/"}, "/book/"),
        ({"has_archive": ..., "archive": ""}, ""),
        ({"has_archive": False, "archive": "/book/"}, ""),
        ({"has_archive": True, "archive": ""}, ""),
    ],
)
async def test_the_archive_of_a_type_is_found_and_checked(
    store: RedisStore, described: dict[str, object], expected: str
) -> None:
    """From what REST tells, from an item's own link, or by asking; never a page that is no archive."""
    site = FakeSite().fill()
    site.add_type("book", "books", **described)
    if described["has_archive"] is ...:
        del site.types["book"]["has_archive"]
    site.add("books", 200, slug="dune")
    async with serve_fake(site) as url:
        await run_import(url, store)
    found = (await document_of(store, "types"))["book"].get("sos", {})
    assert found.get("archive_path", "") == expected


async def test_a_type_whose_pages_are_not_public_is_left_out(store: RedisStore) -> None:
    """REST shows some that visitors can't reach, such as a page builder's templates."""
    site = FakeSite().fill()
    site.add_type("layout", "layouts", has_archive=False, public=False)
    site.add("layouts", 300)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert "post:300" not in await store.fetch_all_entries()
    assert any(m.startswith("layouts: not public") for m in summary.missing)


@pytest.mark.parametrize("pages", ["blank", "with text", "broken"])
async def test_the_front_page_of_an_older_wordpress_is_found(store: RedisStore, pages: str) -> None:
    """Its index does not tell, but its pages' links and body classes do."""
    site = FakeSite(old=True, front=50, posts_page=52).fill(pages=4)
    if pages == "blank":
        site.edit("pages", 52, content={"rendered": "\n", "protected": False})
    if pages == "broken":
        fail = answer_always(lambda: web.Response(status=500), containing="_fields=id,link,content")
        site.faults.append(fail)
    async with serve_fake(site) as url:
        await run_import(url, store)
    index = await document_of(store, "site")
    assert (index["show_on_front"], index["page_on_front"]) == ("page", 50)
    assert index["page_for_posts"] == 52


async def test_scheduled_posts_come_with_the_path_they_will_have(store: RedisStore) -> None:
    """Their link is plain until they are live; an owner's import knows better."""
    site = FakeSite().fill()
    site.add(
        "posts", 110, status="future", date="2090-05-01T10:00:00", date_gmt="2090-05-01T08:00:00"
    )
    async with serve_fake(site) as url:
        await run_import(url, store)
        assert "post:110" not in await store.fetch_all_entries()
        await run_import(url, store, credentials=OWNER)
        entry = (await store.fetch_all_entries())["post:110"]
        assert (entry.path, entry.at) == ("/2090/post-110/", 3797308800)
        await run_import(url, store)
    assert "post:110" in await store.fetch_all_entries()


async def test_an_unscheduled_post_goes_when_the_owner_imports(store: RedisStore) -> None:
    """Only the owner's import can tell that it is gone."""
    site = FakeSite().fill()
    site.add("posts", 110, status="future", date_gmt="2090-05-01T08:00:00")
    async with serve_fake(site) as url:
        await run_import(url, store, credentials=OWNER)
        site.edit("posts", 110, status="draft")
        await run_import(url, store)
        assert "post:110" in await store.fetch_all_entries()
        await run_import(url, store, credentials=OWNER)
    assert "post:110" not in await store.fetch_all_entries()


async def test_what_is_protected_loses_its_text_whatever_was_answered(store: RedisStore) -> None:
    """A plugin that gives it away, and a plugin's own fields, must not fill the store."""
    site = FakeSite().fill()
    site.edit(
        "posts",
        100,
        content={"rendered": "SECRET", "protected": True},
        excerpt={"rendered": "SECRET", "protected": True},
        yoast_head_json={"description": "SECRET"},
        acf={"body": "SECRET"},
    )
    async with serve_fake(site) as url:
        await run_import(url, store)
    document = await document_of(store, "post:100")
    assert "SECRET" not in json.dumps(document)
    assert document["content"] == {"rendered": "", "protected": True}
    assert document["categories"] == [1]
    assert (await store.fetch_all_entries())["post:100"].protected


@pytest.mark.parametrize("status", ["private", "draft", "pending", "trash", "auto-draft", None])
async def test_what_is_not_public_is_never_stored(store: RedisStore, status: str | None) -> None:
    """Even where a plugin lists it."""
    site = FakeSite().fill()

    async def leak(request: web.Request, route: str) -> web.Response | None:
        if route != "/wp/v2/posts" or "_fields" in request.query or "include" in request.query:
            return None
        shown = [site._show("posts", raw, {}) for raw in site.items["posts"].values()]
        shown[1]["status"] = status
        return web.json_response(shown, headers={"X-WP-Total": "3", "X-WP-TotalPages": "1"})

    site.faults.append(leak)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert "post:101" not in await store.fetch_all_entries()
    assert "not public" in summary.skipped[0].reason
    assert summary.complete


async def test_closed_posts_and_pages_end_the_import(store: RedisStore) -> None:
    """With what to do about it; the store is not marked as ready."""
    site = FakeSite().fill()
    site.faults.append(close_route("/wp/v2/posts", "/wp/v2/pages", code="rest_login_required"))
    async with serve_fake(site) as url:
        with pytest.raises(SourceError, match=r"neither posts nor pages .*rest_login_required"):
            await run_import(url, store)
    assert not await is_ready(store)


async def test_progress_counts_to_the_total(store: RedisStore) -> None:
    """It never goes back, and ends with everything done."""
    seen: list[Progress] = []
    site = FakeSite().fill(posts=230)
    async with serve_fake(site) as url, WordPressHttp(url) as http:
        await import_site(url, store, http, ImportOptions(patience=QUICK), seen.append)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert (seen[-1].done, seen[-1].total) == (235, 235)
    assert {p.collection for p in seen} >= {"posts", "pages", "media", "users", "categories"}


async def test_no_more_requests_than_allowed_are_under_way(store: RedisStore) -> None:
    """The site may be small."""
    site = FakeSite().fill(posts=900)
    open_now, most = [0], [0]
    gate = asyncio.Event()

    async def count(request: web.Request, route: str) -> None:
        open_now[0] += 1
        most[0] = max(most[0], open_now[0])
        if most[0] == 3:
            gate.set()
        if route == "/wp/v2/posts" and int(request.query.get("page", 1)) > 1:
            # Nobody goes on before as many as allowed are here, so that one more would show.
            await asyncio.wait_for(gate.wait(), 10)
            for _ in range(5):
                await asyncio.sleep(0)
        open_now[0] -= 1

    site.faults.append(count)
    async with serve_fake(site) as url:
        await run_import(url, store, concurrency=3)
    assert most[0] == 3
    assert len(await store.fetch_all_entries()) == 908


async def test_a_store_that_is_emptied_meanwhile_is_not_called_complete(store: RedisStore) -> None:
    """What was written before is lost; the import says so instead of marking the rest as all."""
    site = FakeSite().fill(posts=250)
    client = store._client

    async def flush(request: web.Request, route: str) -> None:
        if route == "/wp/v2/posts" and request.query.get("page") == "3":
            keys = await client.keys(f"{store._prefix}*")
            await client.delete(*keys)

    site.faults.append(flush)
    async with serve_fake(site) as url:
        with pytest.raises(StoreIncompleteError, match="emptied while the import ran"):
            await run_import(url, store, concurrency=1)
    assert not await is_ready(store)


async def test_a_site_without_any_content_is_imported(store: RedisStore) -> None:
    """Empty collections, no terms, no users."""
    async with serve_fake(FakeSite()) as url:
        summary = await run_import(url, store)
    assert summary.complete
    assert summary.documents == 0


async def test_a_headless_site_whose_front_leads_elsewhere_is_imported(store: RedisStore) -> None:
    """Its home page redirects to another host, but its REST API is where it should be."""
    site = FakeSite().fill()

    async def away(request: web.Request, route: str) -> web.Response | None:
        if route:
            return None
        return web.Response(status=301, headers={"Location": "https://www.elsewhere.example/"})

    site.faults.append(away)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert summary.complete
    assert "post:100" in await store.fetch_all_entries()


async def test_a_site_that_moved_to_www_is_followed_and_said_so(store: RedisStore) -> None:
    """While it is discovered; the summary names the address that is read."""
    site = FakeSite().fill()

    async def canonical(request: web.Request, route: str) -> web.Response | None:
        if request.host.startswith("www."):
            return None
        return web.Response(status=301, headers={"Location": f"//www.{request.host}{request.path}"})

    site.faults.append(canonical)
    async with serve_fake(site) as url:
        port = url.rstrip("/").rpartition(":")[2]
        site.origin = f"http://www.site.example:{port}"
        given = f"http://site.example:{port}/"
        async with WordPressHttp(given, resolver=FixedResolver(["127.0.0.1"])) as http:
            summary = await import_site(given, store, http, ImportOptions(patience=QUICK))
    assert summary.complete
    assert summary.notes == [f"the site was given as {given} and is read at {site.origin}/wp-json/"]


async def test_html_instead_of_json_is_told_apart_from_a_failing_site(store: RedisStore) -> None:
    """A login wall answers 200 with a form."""
    site = FakeSite().fill()
    wall = lambda: web.Response(text="<form>log in</form>", content_type="text/html")  # noqa: E731
    site.faults.append(answer_always(wall))
    async with serve_fake(site) as url:
        with pytest.raises(SourceError, match="text/html instead of JSON") as caught:
            await run_import(url, store)
    assert caught.value.exit_code == 65


def test_batches_are_bounded_in_length_and_in_bytes() -> None:
    """The store answers nobody else while it applies one; a long document goes alone."""
    small = [Operation("put", f"post:{n}", 1, b"x" * 10) for n in range(120)]
    assert [len(b) for b in split_batches(small)] == [50, 50, 20]
    large = [Operation("put", f"post:{n}", 1, b"x" * (MAX_BATCH_BYTES // 2)) for n in range(5)]
    assert [len(b) for b in split_batches(large)] == [2, 2, 1]
    huge = [Operation("put", "post:1", 1, b"x" * MAX_BATCH_BYTES * 2)] * 2
    assert [len(b) for b in split_batches(huge)] == [1, 1]
    assert list(split_batches([])) == []


def _navigation(ident: int, **fields: object) -> dict[str, object]:
    return {**read_recorded()["navigation"], "id": ident, **fields}
