"""A watched site's changes reach the store without the plugin, and its failures are waited out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from sos.adapters.redis import RedisStore
from sos.adapters.wordpress import WordPressHttp
from sos.wordpress.watch import MAX_DELAY, Round, WatchOptions, decide_wait, watch_site

from tests.servers.fake_wordpress import FakeSite, answer_always, serve_fake
from tests.wordpress.importing import OWNER, QUICK, document_of, is_ready, run_import


class Watching:
    """A running watch, with the rounds that it has made."""

    def __init__(self) -> None:
        self.rounds: list[Round] = []
        self._news = asyncio.Event()

    def note(self, done: Round) -> None:
        self.rounds.append(done)
        self._news.set()

    async def until(self, condition: Callable[[list[Round]], bool], after: int = 0) -> None:
        """Wait until the rounds from number `after` on fulfil a condition."""
        async with asyncio.timeout(20):
            while not condition(self.rounds[after:]):
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def watching(url: str, store: RedisStore, **options: object) -> AsyncIterator[Watching]:
    watch, stop = Watching(), asyncio.Event()
    settings = WatchOptions(
        **{"interval": 0.01, "full_every": 10_000, "patience": QUICK, **options}
    )  # type: ignore[arg-type]
    async with WordPressHttp(url) as http:
        task = asyncio.create_task(watch_site(url, store, http, settings, watch.note, stop))
        try:
            yield watch
        finally:
            stop.set()
            await asyncio.wait_for(task, 20)


def light(rounds: list[Round]) -> bool:
    """Whether a light round has ended."""
    return any(r.kind == "light" for r in rounds)


async def test_an_empty_store_is_filled_first(store: RedisStore) -> None:
    """By a whole import, and then followed."""
    async with serve_fake(FakeSite().fill()) as url, watching(url, store) as watch:
        await watch.until(light)
        assert [r.kind for r in watch.rounds[:3]] == ["import", "full", "light"]
    assert await is_ready(store)


async def test_drift_from_before_is_mended_by_the_first_round(store: RedisStore) -> None:
    """Whatever happened while nobody watched."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        site.remove("posts", 100)
        site.edit("posts", 101, title={"rendered": "New"})
        async with watching(url, store) as watch:
            await watch.until(light)
    assert (watch.rounds[0].kind, watch.rounds[0].changed, watch.rounds[0].removed) == (
        "full",
        1,
        1,
    )
    assert "post:100" not in await store.fetch_all_entries()


async def test_a_changed_post_is_read_again_by_a_light_round(store: RedisStore) -> None:
    """With its terms, whose counts change, and the author and picture that are new with it."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        async with watching(url, store) as watch:
            await watch.until(light)
            seen = len(watch.rounds)
            site.edit("categories", 1, count=77)
            site.edit("posts", 101, title={"rendered": "New"})
            await watch.until(lambda r: any(x.changed for x in r), seen)
            assert {r.kind for r in watch.rounds[seen:]} == {"light"}
    assert (await document_of(store, "post:101"))["title"]["rendered"] == "New"
    assert (await document_of(store, "term:1"))["count"] == 77


async def test_two_changes_within_a_second_are_both_seen(store: RedisStore) -> None:
    """WordPress's times are whole seconds."""
    site = FakeSite().fill()
    at = "2031-01-01T00:00:00"
    async with serve_fake(site) as url:
        await run_import(url, store)
        async with watching(url, store) as watch:
            await watch.until(light)
            for ident, title in ((101, "First"), (102, "Second")):
                seen = len(watch.rounds)
                site.edit("posts", ident, title={"rendered": title}, modified_gmt=at)
                await watch.until(lambda r: any(x.changed for x in r), seen)
    assert (await document_of(store, "post:101"))["title"]["rendered"] == "First"
    assert (await document_of(store, "post:102"))["title"]["rendered"] == "Second"


@pytest.mark.parametrize("what", ["removed", "published", "scheduled goes live"])
async def test_a_change_of_length_is_looked_into(store: RedisStore, what: str) -> None:
    """Neither a removal nor a scheduled post that goes live has a new time of modification."""
    site = FakeSite().fill()
    site.add("posts", 110, status="future", modified_gmt="2019-01-01T00:00:00")
    async with serve_fake(site) as url:
        await run_import(url, store)
        async with watching(url, store) as watch:
            await watch.until(light)
            seen = len(watch.rounds)
            if what == "removed":
                site.remove("posts", 101)
            elif what == "published":
                site.add("posts", 120)
            else:
                site.items["posts"][110]["status"] = "publish"
                site.encoded.clear()
            await watch.until(lambda r: any(x.changed or x.removed for x in r), seen)
    entries = await store.fetch_all_entries()
    assert ("post:101" in entries) == (what != "removed")
    assert ("post:120" in entries) == (what == "published")
    assert ("post:110" in entries) == (what == "scheduled goes live")


async def test_a_new_site_title_is_seen(store: RedisStore) -> None:
    """The index is looked at in each round."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        async with watching(url, store) as watch:
            await watch.until(light)
            seen = len(watch.rounds)
            site.front = 50
            await watch.until(lambda r: any(x.kind == "full" for x in r), seen)
    assert (await document_of(store, "site"))["page_on_front"] == 50


async def test_every_so_often_everything_is_compared(store: RedisStore) -> None:
    """A renamed term shows in no date and no length."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        async with watching(url, store, full_every=3) as watch:
            await watch.until(light)
            seen = len(watch.rounds)
            site.edit("categories", 1, name="Renamed")
            await watch.until(lambda r: any(x.kind == "full" and x.changed for x in r), seen)
    assert (await document_of(store, "term:1"))["name"] == "Renamed"


async def test_what_is_rescheduled_is_seen_with_credentials(store: RedisStore) -> None:
    """Scheduled posts are watched as well."""
    site = FakeSite().fill()
    site.add("posts", 110, status="future", date_gmt="2090-01-01T00:00:00")
    async with serve_fake(site) as url:
        await run_import(url, store, credentials=OWNER)
        async with watching(url, store, credentials=OWNER) as watch:
            await watch.until(light)
            seen = len(watch.rounds)
            site.edit("posts", 110, date_gmt="2091-01-01T00:00:00")
            await watch.until(lambda r: any(x.changed for x in r), seen)
    entry = (await store.fetch_all_entries())["post:110"]
    assert entry.at == 3818448000
    assert entry.path


async def test_a_failing_site_is_waited_for_and_then_followed(store: RedisStore) -> None:
    """Its failures are told; nothing that happened meanwhile is missed."""
    site = FakeSite().fill()
    down = answer_always(lambda: web.Response(status=503))
    async with serve_fake(site) as url:
        await run_import(url, store)
        async with watching(url, store) as watch:
            await watch.until(light)
            seen = len(watch.rounds)
            site.faults.append(down)
            await watch.until(lambda r: sum(bool(x.error) for x in r) >= 2, seen)
            site.edit("categories", 1, name="Meanwhile")
            site.faults.clear()
            await watch.until(lambda r: any(x.kind == "full" and not x.error for x in r), seen)
    assert any("503" in r.error for r in watch.rounds)
    assert (await document_of(store, "term:1"))["name"] == "Meanwhile"


async def test_a_store_that_was_emptied_is_filled_again(store: RedisStore) -> None:
    """As a flush leaves it."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await run_import(url, store)
        async with watching(url, store) as watch:
            await watch.until(light)
            seen = len(watch.rounds)
            keys = await store._client.keys(f"{store._prefix}*")
            await store._client.delete(*keys)
            await watch.until(lambda r: any(x.kind == "import" and not x.error for x in r), seen)
    assert await is_ready(store)
    assert "post:102" in await store.fetch_all_entries()


async def test_a_watch_ends_at_once_also_in_the_middle_of_a_round(store: RedisStore) -> None:
    """Nobody waits for an import of an hour after Ctrl-C."""
    site = FakeSite().fill()
    reached = asyncio.Event()

    async def stall(request: web.Request, route: str) -> None:
        if route == "/wp/v2/posts":
            reached.set()
            await asyncio.Event().wait()

    site.faults.append(stall)
    async with serve_fake(site) as url, watching(url, store) as watch:
        await asyncio.wait_for(reached.wait(), 20)
    assert watch.rounds == []


def test_failures_are_waited_out_longer_and_longer_and_never_in_step() -> None:
    """Bounded by ten minutes, or by the interval where that is longer."""
    assert decide_wait(30, 0, 0.9) == 30
    assert decide_wait(30, 1, 1.0) == 60
    assert decide_wait(30, 1, 0.0) == 30
    assert decide_wait(30, 2, 1.0) == 120
    assert decide_wait(30, 99, 1.0) == MAX_DELAY
    assert decide_wait(3600, 5, 1.0) == 3600
