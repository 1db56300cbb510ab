"""An import can be interrupted, repeated, and run beside other writers, and nothing is lost by it."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiohttp import web
from sos.adapters.redis import RedisStore
from sos.content.store import Operation
from sos.wordpress.resume import MAX_AGE, STATE
from sos.wordpress.source import PassingSourceError

from tests.servers.fake_wordpress import FakeSite, answer_always, break_items, serve_fake
from tests.wordpress.importing import OWNER, document_of, is_ready, paths_of, run_import

DOWN = lambda: web.Response(status=503)  # noqa: E731


async def interrupt(site: FakeSite, url: str, store: RedisStore, at: str) -> None:
    """Import until the site goes away at the first request that contains `at`."""
    gone = answer_always(DOWN, containing=at)
    site.faults.append(gone)
    with pytest.raises(PassingSourceError):
        await run_import(url, store, concurrency=1)
    site.faults.remove(gone)
    site.requests.clear()


async def test_an_interrupted_import_goes_on_where_it_stopped(store: RedisStore) -> None:
    """What is done is not asked for again; the store is ready only at the end."""
    site = FakeSite().fill(posts=450)
    async with serve_fake(site) as url:
        await interrupt(site, url, store, "page=4")
        assert not await is_ready(store)
        summary = await run_import(url, store)
    asked = [r for r in site.requests if "/wp/v2/posts?" in r and "per_page=100" in r]
    assert sorted(r.rpartition("page=")[2] for r in asked) == ["4", "5"]
    assert summary.resumed
    assert summary.complete
    assert len(await store.fetch_all_entries()) == 450 + 8
    assert await is_ready(store)


async def test_an_interrupted_import_removes_what_has_gone_when_it_ends(store: RedisStore) -> None:
    """Pages that were read before the interruption count as read."""
    site = FakeSite().fill(posts=250)
    async with serve_fake(site) as url:
        await run_import(url, store)
        site.remove("posts", 349)
        site.remove("pages", 51)
        await interrupt(site, url, store, "page=2")
        await run_import(url, store)
    entries = await store.fetch_all_entries()
    assert "post:349" not in entries
    assert "post:51" not in entries
    assert len([e for e in entries.values() if e.type == "post"]) == 249


async def test_restart_ignores_an_interrupted_import(store: RedisStore) -> None:
    """Everything is read again."""
    site = FakeSite().fill(posts=250)
    async with serve_fake(site) as url:
        await interrupt(site, url, store, "page=3")
        summary = await run_import(url, store, restart=True)
    assert not summary.resumed
    assert any("page=1&" in f"{r}&" and "/posts?" in r for r in site.requests)


@pytest.mark.parametrize("change", ["url", "age", "epoch", "nonsense"])
async def test_only_a_recent_import_of_the_same_site_into_the_same_store_is_resumed(
    store: RedisStore, change: str
) -> None:
    """Otherwise what was read then may not be there any more."""
    site = FakeSite().fill(posts=250)
    async with serve_fake(site) as url:
        await interrupt(site, url, store, "page=3")
        data = await store.fetch_state(STATE)
        assert data is not None
        state = msgspec.json.decode(data)
        state["url"] += "/other" if change == "url" else ""
        state["started"] -= MAX_AGE + 1 if change == "age" else 0
        state["epoch"] += "x" if change == "epoch" else ""
        await store.save_state(
            STATE, b"{nonsense" if change == "nonsense" else msgspec.json.encode(state)
        )
        summary = await run_import(url, store)
    assert not summary.resumed
    assert summary.complete


async def test_a_finished_import_leaves_no_state(store: RedisStore) -> None:
    """The next one begins anew."""
    async with serve_fake(FakeSite().fill()) as url:
        await run_import(url, store)
        assert await store.fetch_state(STATE) is None
        assert not (await run_import(url, store)).resumed


async def test_an_import_can_be_cancelled_and_resumed(store: RedisStore) -> None:
    """As Ctrl-C does."""
    site = FakeSite().fill(posts=350)
    reached = asyncio.Event()

    async def stall(request: web.Request, route: str) -> None:
        if route == "/wp/v2/posts" and request.query.get("page") == "3":
            reached.set()
            await asyncio.Event().wait()

    site.faults.append(stall)
    async with serve_fake(site) as url:
        task = asyncio.create_task(run_import(url, store, concurrency=1))
        await asyncio.wait_for(reached.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        site.faults.clear()
        site.requests.clear()
        assert (await run_import(url, store)).complete
    asked = [r for r in site.requests if "/wp/v2/posts?" in r and "per_page=100" in r]
    assert sorted(r.rpartition("page=")[2] for r in asked) == ["3", "4"]


async def test_a_second_import_of_the_same_changes_nothing(store: RedisStore) -> None:
    """No document is written, no page is told to render anew."""
    async with serve_fake(FakeSite().fill(posts=120)) as url:
        await run_import(url, store)
        before = await store.fetch_meta()
        summary = await run_import(url, store)
        after = await store.fetch_meta()
    assert (before["rev"], before["docs"]) == (after["rev"], after["docs"])
    assert sum(c.applied for c in summary.collections.values()) == 0
    assert summary.collections["posts"].unchanged == 120


async def test_a_second_import_brings_changes_and_removes_what_has_gone(store: RedisStore) -> None:
    """Of every kind; a moved post leaves a redirect, a removed one a tombstone."""
    site = FakeSite().fill()
    site.add("categories", 2, slug="old")
    site.add("tags", 3)
    site.add("users", 4)
    async with serve_fake(site) as url:
        await run_import(url, store)
        site.remove("posts", 100)
        site.remove("pages", 50)
        site.remove("media", 9)
        site.remove("categories", 2)
        site.remove("tags", 3)
        site.remove("users", 4)
        site.edit("posts", 101, slug="moved", title={"rendered": "New"})
        site.add("posts", 103)
        summary = await run_import(url, store)
    refs = {r for r in await store.fetch_all_entries() if ":" in r}
    assert refs == {"post:101", "post:102", "post:103", "post:51", "term:1", "user:1"}
    assert (await paths_of(store))["post:101"] == "/2020/moved/"
    assert sum(c.removed for c in summary.collections.values()) == 6


async def test_what_could_not_be_read_is_not_taken_for_gone(store: RedisStore) -> None:
    """The last good copy stays."""
    site = FakeSite().fill(posts=150)
    async with serve_fake(site) as url:
        await run_import(url, store)
        site.faults.append(break_items("posts", 120, response=lambda: web.Response(status=500)))
        summary = await run_import(url, store)
    assert [s.ref for s in summary.skipped] == ["post:120"]
    assert "post:120" in await store.fetch_all_entries()


async def test_what_could_not_be_read_stays_when_the_import_is_resumed(store: RedisStore) -> None:
    """The state remembers it."""
    site = FakeSite().fill(posts=250)
    async with serve_fake(site) as url:
        await run_import(url, store)
        site.faults.append(break_items("posts", 120, response=lambda: web.Response(status=500)))
        await interrupt(site, url, store, "page=3")
        await run_import(url, store)
    assert "post:120" in await store.fetch_all_entries()


async def test_a_closed_collection_is_not_taken_for_an_empty_one(store: RedisStore) -> None:
    """Nothing is removed of what was not listed to its end."""
    site = FakeSite().fill()
    site.add("tags", 3)
    site.add_type("book", "books", has_archive=False)
    site.add("books", 200)
    async with serve_fake(site) as url:
        await run_import(url, store)
        for closed in ("/wp/v2/tags", "/wp/v2/books", "/wp/v2/users"):
            site.faults.append(
                answer_always(
                    lambda: web.json_response({"code": "x", "message": "no"}, status=403),
                    containing=closed,
                )
            )
        summary = await run_import(url, store)
        refs = (await store.fetch_all_entries()).keys()
        assert {"term:3", "post:200", "user:1"} <= refs
        site.faults.clear()
        del site.types["book"]
        await run_import(url, store)
    assert "post:200" in await store.fetch_all_entries()
    assert any(m.startswith("tags") for m in summary.missing)


async def test_users_that_only_the_owner_sees_are_removed_by_the_owner(store: RedisStore) -> None:
    """A visitor's import leaves them alone."""
    site = FakeSite().fill()
    site.add("users", 4)

    async def closed(request: web.Request, route: str) -> web.Response | None:
        if route == "/wp/v2/users" and "Authorization" not in request.headers:
            return web.json_response({"code": "x", "message": "no"}, status=401)
        return None

    site.faults.append(closed)
    async with serve_fake(site) as url:
        await run_import(url, store, credentials=OWNER)
        site.remove("users", 4)
        await run_import(url, store)
        assert "user:4" in await store.fetch_all_entries()
        await run_import(url, store, credentials=OWNER)
    assert "user:4" not in await store.fetch_all_entries()


async def test_collections_of_the_same_name_are_told_apart(store: RedisStore) -> None:
    """A plugin's type in a namespace of its own may be called like a taxonomy."""
    site = FakeSite().fill()
    site.add_type("shelf", "tags", rest_namespace="books/v1", has_archive=False)
    site.add("tags", 3)

    async def other(request: web.Request, route: str) -> web.Response | None:
        if route != "/books/v1/tags":
            return None
        shelf = {"id": 700, "type": "shelf", "status": "publish", "slug": "s"}
        shelf["link"] = f"{site.home}/page-50/"
        return web.json_response([shelf], headers={"X-WP-Total": "1", "X-WP-TotalPages": "1"})

    site.faults.append(other)
    async with serve_fake(site) as url:
        await run_import(url, store)
    assert {"term:3", "post:700"} <= (await store.fetch_all_entries()).keys()


async def test_an_item_that_slipped_between_two_pages_is_not_taken_for_gone(
    store: RedisStore,
) -> None:
    """Deleting one from a page that was read moves the others forward by one."""
    site = FakeSite().fill(posts=300)
    async with serve_fake(site) as url:
        await run_import(url, store)
        site.faults.append(_delete_when(site, page=2))
        summary = await run_import(url, store, concurrency=1)
    entries = await store.fetch_all_entries()
    assert "post:200" in entries
    assert "post:100" not in entries
    assert summary.collections["posts"].removed == 1


async def test_an_item_that_slipped_between_two_pages_is_read_after_all(store: RedisStore) -> None:
    """Also at the first import, when nothing is known of it yet."""
    site = FakeSite().fill(posts=300)
    site.faults.append(_delete_when(site, page=2))
    async with serve_fake(site) as url:
        summary = await run_import(url, store, concurrency=1)
    entries = await store.fetch_all_entries()
    assert "post:200" in entries
    assert "post:100" not in entries
    assert summary.complete


async def test_an_older_reading_never_overwrites_what_another_writer_brought(
    store: RedisStore,
) -> None:
    """The page was asked for before the editor saved; its answer arrives after."""
    site = FakeSite().fill()

    async def publish(request: web.Request, route: str) -> None:
        if route == "/wp/v2/posts" and request.query.get("per_page") == "100":
            newer = site._show("posts", site.items["posts"][101], {}) | {
                "title": {"rendered": "Newer"}
            }
            seq = await store.take_sequence()
            await store.apply([Operation("put", "post:101", seq, msgspec.json.encode(newer))])

    site.faults.append(publish)
    async with serve_fake(site) as url:
        summary = await run_import(url, store)
    assert (await document_of(store, "post:101"))["title"]["rendered"] == "Newer"
    assert summary.collections["posts"].stale == 1


async def test_an_older_reading_never_brings_back_what_another_writer_removed(
    store: RedisStore,
) -> None:
    """It was trashed while its page was on the way."""
    site = FakeSite().fill()

    async def trash(request: web.Request, route: str) -> None:
        if route == "/wp/v2/posts" and request.query.get("per_page") == "100":
            seq = await store.take_sequence()
            await store.apply([Operation("remove", "post:101", seq)])

    site.faults.append(trash)
    async with serve_fake(site) as url:
        await run_import(url, store)
    assert "post:101" not in await store.fetch_all_entries()


async def test_what_another_writer_brings_meanwhile_is_not_removed(store: RedisStore) -> None:
    """The listing had passed when it was published."""
    site = FakeSite().fill()
    published = {
        "id": 999,
        "type": "post",
        "status": "publish",
        "link": "https://x.example/new/",
        "date_gmt": "2024-01-01T00:00:00",
    }

    async def publish(request: web.Request, route: str) -> None:
        if route == "/wp/v2/pages" and request.query.get("per_page") == "100":
            seq = await store.take_sequence()
            await store.apply([Operation("put", "post:999", seq, msgspec.json.encode(published))])

    async with serve_fake(site) as url:
        await run_import(url, store)
        site.faults.append(publish)
        await run_import(url, store)
        assert "post:999" in await store.fetch_all_entries()
        site.faults.clear()
        await run_import(url, store)
    assert "post:999" not in await store.fetch_all_entries()


async def test_two_imports_at_once_agree(store: RedisStore) -> None:
    """Both write the same; neither removes what the other has just written."""
    site = FakeSite().fill(posts=250)
    async with serve_fake(site) as url:
        await asyncio.gather(run_import(url, store), run_import(url, store, credentials=OWNER))
    entries = await store.fetch_all_entries()
    assert len([e for e in entries.values() if e.type == "post"]) == 250
    assert await is_ready(store)


def _delete_when(site: FakeSite, page: int):  # type: ignore[no-untyped-def]
    """Delete the first post when a page is asked for."""

    async def fault(request: web.Request, route: str) -> None:
        asked = request.query.get("page") == str(page) and request.query.get("per_page") == "100"
        if route == "/wp/v2/posts" and asked and 100 in site.items["posts"]:
            site.remove("posts", 100)

    return fault
