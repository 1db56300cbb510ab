"""Verification finds every kind of drift between a site and the store, and mends it when told to."""

from __future__ import annotations

import msgspec
import pytest
from aiohttp import web
from sos.adapters.redis import RedisStore
from sos.content.store import Operation
from sos.wordpress.drift import Drift, same_document
from sos.wordpress.source import Credentials

from tests.servers.fake_wordpress import FakeSite, break_items, close_route, serve_fake
from tests.wordpress.importing import OWNER, document_of, paths_of, run_import, run_verify


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("plain", [False, True])
async def test_a_fresh_import_agrees_with_the_site(
    store: RedisStore, deep: bool, plain: bool
) -> None:
    """Everything is compared, and nothing differs."""
    site = FakeSite(plain=plain).fill(posts=120)
    site.add_type("book", "books", has_archive=True, archive="/book/")
    site.add("books", 500)
    site.add("posts", 900, status="future", date_gmt="2090-01-01T00:00:00")
    async with serve_fake(site) as url:
        await run_import(url, store, credentials=OWNER)
        report = await run_verify(url, store, credentials=OWNER, deep=deep)
    assert report.drift == []
    assert report.checked["posts"] == 120
    assert report.checked["books"] == 1
    assert report.checked["scheduled posts"] == 1
    assert report.missing == []


async def _change_everything(site: FakeSite) -> None:
    site.remove("posts", 100)
    site.edit("posts", 101)
    site.edit("posts", 102, slug="elsewhere", modified_gmt=site.items["posts"][102]["modified_gmt"])
    site.add("posts", 103)
    site.edit("categories", 1, name="Renamed")
    site.edit("users", 1, slug="lovelace")
    site.remove("media", 9)
    site.language = "fr-FR"


EXPECTED = {
    ("post:100", "gone"),
    ("post:101", "outdated"),
    ("post:102", "moved"),
    ("post:103", "missing"),
    ("post:9", "gone"),
    ("term:1", "outdated"),
    ("user:1", "moved"),
    ("site", "outdated"),
}


async def test_every_kind_of_drift_is_found_and_nothing_is_written(store: RedisStore) -> None:
    """Missing, outdated, moved and gone, of every kind of document."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        await _change_everything(site)
        before = await store.fetch_meta()
        report = await run_verify(url, store)
        after = await store.fetch_meta()
    assert {(d.ref, d.kind) for d in report.drift} == EXPECTED
    assert before["rev"] == after["rev"]
    assert report.healed == 0


async def test_healing_mends_what_differs_and_nothing_else(store: RedisStore) -> None:
    """Afterwards there is no drift, and documents that agreed were not written."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        await _change_everything(site)
        kept = (await store.fetch_all_entries())["post:50"]
        report = await run_verify(url, store, heal=True)
        again = await run_verify(url, store, deep=True)
    assert report.healed == len(EXPECTED)
    assert report.left == []
    assert again.drift == []
    entries = await store.fetch_all_entries()
    assert entries["post:50"] == kept
    assert (await paths_of(store))["post:102"] == "/2020/elsewhere/"
    assert "post:100" not in entries
    assert (await document_of(store, "term:1"))["name"] == "Renamed"


async def test_only_a_deep_look_sees_a_change_without_a_date(store: RedisStore) -> None:
    """Such as a search-replace in the database, which WordPress does not notice either."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        raw = site.items["posts"][101]
        site.edit("posts", 101, content={"rendered": "new"}, modified_gmt=raw["modified_gmt"])
        assert (await run_verify(url, store)).drift == []
        report = await run_verify(url, store, deep=True, heal=True)
    assert report.drift == [Drift("post:101", "outdated", "its content differs")]
    assert (await document_of(store, "post:101"))["content"] == {"rendered": "new"}


async def test_what_is_newer_than_the_listing_is_no_drift(store: RedisStore) -> None:
    """Another writer published, changed and removed while the site was listed."""
    site = FakeSite().fill()

    async def publish(request: web.Request, route: str) -> None:
        if route != "/wp/v2/categories" or request.query.get("per_page") != "100":
            return
        seq = await store.take_sequence()
        shown = {**site._show("posts", site.items["posts"][101], {}), "modified_gmt": "2030-01-01"}
        new = {**shown, "id": 888, "link": "https://x.example/eight/"}
        await store.apply(
            [
                Operation("put", "post:101", seq, msgspec.json.encode(shown)),
                Operation("put", "post:888", seq, msgspec.json.encode(new)),
            ]
        )

    async def late(request: web.Request, route: str) -> None:
        # The sequence numbers of the listing of posts are taken before; its answer comes after.
        if route == "/wp/v2/posts" and request.query.get("per_page") == "100":
            site.faults.remove(late)
            request_of_terms = request.clone(rel_url="/?per_page=100")
            await publish(request_of_terms, "/wp/v2/categories")

    async with serve_fake(site) as url:
        await run_import(url, store)
        site.faults.append(late)
        report = await run_verify(url, store, heal=True)
    assert report.drift == []
    assert "post:888" in await store.fetch_all_entries()


async def test_what_an_item_question_still_shows_is_not_gone(store: RedisStore) -> None:
    """An item may slip between two pages of a listing."""
    site = FakeSite().fill()

    async def hide(request: web.Request, route: str) -> web.Response | None:
        if route != "/wp/v2/posts" or "include" in request.query:
            return None
        shown = [
            site._show("posts", raw, request.query)
            for raw in site.items["posts"].values()
            if raw["id"] != 101
        ]
        return web.json_response(shown, headers={"X-WP-Total": "2", "X-WP-TotalPages": "1"})

    async with serve_fake(site) as url:
        await run_import(url, store)
        site.faults.append(hide)
        report = await run_verify(url, store, heal=True)
    assert report.drift == []
    assert "post:101" in await store.fetch_all_entries()


async def test_a_visitor_can_not_tell_whether_scheduled_posts_are_gone(store: RedisStore) -> None:
    """They stay, also when their time has come and WP-Cron has not; the owner sees them gone."""
    site = FakeSite().fill()
    site.add("posts", 110, status="future", date_gmt="2090-05-01T08:00:00")
    site.add("posts", 111, status="future", date_gmt="2001-05-01T08:00:00")
    async with serve_fake(site) as url:
        await run_import(url, store, credentials=OWNER)
        site.remove("posts", 110)
        assert (await run_verify(url, store, heal=True)).drift == []
        assert {"post:110", "post:111"} <= (await store.fetch_all_entries()).keys()
        report = await run_verify(url, store, credentials=OWNER, heal=True)
    assert [(d.ref, d.kind) for d in report.drift] == [("post:110", "gone")]
    assert "post:111" in await store.fetch_all_entries()


async def test_a_scheduled_post_that_went_live_is_no_drift(store: RedisStore) -> None:
    """Its path is the one that it was given before, and its document says the same."""
    site = FakeSite().fill()
    site.add("posts", 110, status="future", date_gmt="2020-05-01T08:00:00")
    async with serve_fake(site) as url:
        await run_import(url, store, credentials=OWNER)
        site.items["posts"][110]["status"] = "publish"
        site.encoded.clear()
        report = await run_verify(url, store, credentials=OWNER)
    assert report.drift == []


async def test_menus_are_compared_by_who_may_see_them(store: RedisStore) -> None:
    """Changed, new and removed ones; a visitor's verification leaves them alone."""
    site = FakeSite().fill()
    site.menus = [
        {"id": 4, "name": "Main", "slug": "main", "locations": []},
        {"id": 5, "name": "Old", "slug": "old", "locations": []},
    ]
    async with serve_fake(site) as url:
        await run_import(url, store, credentials=OWNER)
        site.menus = [{**site.menus[0], "name": "Changed"}, {**site.menus[0], "id": 6}]
        assert (await run_verify(url, store, heal=True)).drift == []
        report = await run_verify(url, store, credentials=OWNER, heal=True)
    assert {(d.ref, d.kind) for d in report.drift} == {
        ("menu:4", "outdated"),
        ("menu:5", "gone"),
        ("menu:6", "missing"),
    }
    assert {r for r in await store.fetch_all_entries() if r.startswith("menu")} == {
        "menu:4",
        "menu:6",
    }


async def test_what_can_not_be_mended_is_left_and_told(store: RedisStore) -> None:
    """An item whose content breaks the site stays as it is in the store."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        site.edit("posts", 101)
        site.edit("pages", 50)
        site.faults.append(break_items("posts", 101, response=lambda: web.Response(status=500)))
        report = await run_verify(url, store, heal=True)
    assert [d.ref for d in report.left] == ["post:101"]
    assert report.healed == 1
    assert any("not mended" in m for m in report.missing)


async def test_a_closed_collection_is_not_compared(store: RedisStore) -> None:
    """And nothing of it is removed."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        site.faults.append(close_route("/wp/v2/users", "/wp/v2/tags"))
        report = await run_verify(url, store, heal=True)
    assert report.drift == []
    assert "users" not in report.checked
    assert "user:1" in await store.fetch_all_entries()


async def test_a_picture_that_yields_its_path_to_a_page_is_no_drift(store: RedisStore) -> None:
    """The writer leaves the path to the page."""
    site = FakeSite().fill()
    site.add("pages", 60, slug="picture")
    site.add("media", 10, slug="other", link="")
    async with serve_fake(site) as url:
        site.items["media"][10]["link"] = f"{site.home}/picture/"
        site.items["media"][9]["link"] = f"{site.home}/page-50/"
        await run_import(url, store)
        await run_import(url, store)
        report = await run_verify(url, store)
    assert report.drift == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": "wp-block-gallery-1"}, {"a": "wp-block-gallery-12"}, True),
        ({"a": ["x wp-container-7 y"]}, {"a": ["x wp-container-9 y"]}, True),
        ({"a": "wp-elements-5 <p>old</p>"}, {"a": "wp-elements-6 <p>new</p>"}, False),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": [1, 2]}, {"a": [1]}, False),
        ({"a": None}, {"a": ""}, False),
        ("page-2", "page-3", False),
    ],
)
def test_numbers_that_wordpress_gives_blocks_anew_are_no_difference(
    one: object, other: object, same: bool
) -> None:
    """They count within a request."""
    assert same_document(one, other) is same


@pytest.mark.parametrize("credentials", [None, OWNER])
@pytest.mark.parametrize("rest", [False, True])
async def test_callouts_of_the_plugin_are_left_alone(
    store: RedisStore, rest: bool, credentials: Credentials | None
) -> None:
    """REST shows none of them, or to their owner alone: that is no reason to take one away."""
    site = FakeSite().fill()
    if rest:
        site.add_type("sos_callout", "sos_callout")
    body = b'{"id": 700, "type": "sos_callout", "status": "publish", "title": "Storm"}'
    put = Operation("put", "post:700", await store.take_sequence(), body)
    assert await store.apply([put]) == ("applied",)
    async with serve_fake(site) as url:
        await run_import(url, store, credentials=credentials)
        report = await run_verify(url, store, credentials=credentials, heal=True, deep=True)
        # A second full run removes what the site does not have any more.
        await run_import(url, store, credentials=credentials)
    assert report.drift == []
    assert (await document_of(store, "post:700"))["title"] == "Storm"
