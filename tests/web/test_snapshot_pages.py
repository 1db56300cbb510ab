"""The page service with a snapshot on disk: it fills gaps, and never stands before what is newer.

The store is a fake that fails and forgets on demand; the clock is the test's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sos.cache.pages import PageCache
from sos.content.snapshot_file import FILE, encode_snapshot, read_snapshot, write_snapshot
from sos.errors import SosError, StoreError, StoreUnavailableError
from sos.metrics import Metrics
from sos.produce.documents import DocumentCache
from sos.produce.fallback import Fallback
from sos.produce.keep_snapshot import take_snapshot
from sos.produce.producer import Producer
from sos.web import app
from sos.web import pages as module
from sos.web.pages import Answer, Pages
from sos.web.render_queue import CONCURRENT
from sos.web.renewing import HOT_SECONDS

from tests.page.documents import ADMIN, PUBLIC, entry, make_store, menu, page, post, stamp, term
from tests.page.fake_store import FakeStore
from tests.release.theme import release_of
from tests.web.serving import HOST, serving
from tests.web.test_pages import Clock, until

NOW = 2_000_000_000
OLD = 1000
"""Age of the snapshot when a test begins, seconds."""

THEME = release_of(
    index="{{ page.title }}|{% for p in page.posts %}{{ p.label }},{% endfor %}|"
    "{% for i in page.menus.primary %}{{ i.title }},{% endfor %}"
    "{% for c in page.callouts %}{{ c.placement }} {{ c.title }}{% endfor %}"
    "{% for r in page.rows %}[{{ r.term.name }}:{% for p in r.posts %}{{ p.label }},{% endfor %}]"
    "{% endfor %}</html>"
)


def fill(*more: dict[str, Any]) -> FakeStore:
    """A complete store of a small site."""
    shown = menu(entry(1, "About", f"{ADMIN}/about/"))
    return make_store(post(5), post(6), page(50, "about"), shown, *more)


async def take(store: FakeStore, folder: Path, at: float = NOW - OLD) -> Path:
    """A snapshot of the store as it is."""
    path = folder / FILE
    snapshot = await take_snapshot(store, PUBLIC, HOST, lambda: at, pause=0)
    write_snapshot(path, encode_snapshot(snapshot))
    return path


class Service:
    """A page service over a fake store, with a snapshot."""

    def __init__(self, store: FakeStore, path: Path) -> None:
        self.store, self.clock, self.metrics = store, Clock(), Metrics()
        store.now = NOW
        documents = DocumentCache(self.metrics, None)
        live = Producer(PUBLIC, store, THEME, documents, self.metrics, self.clock)
        fallback = Fallback(path, HOST, live, documents, self.metrics, self.clock)
        cache = PageCache(10**7)
        self.pages = Pages(store, live, cache, self.metrics, self.clock, fallback=fallback)
        self.fallback = fallback

    async def look(self) -> None:
        """What the follower does all the time, once."""
        try:
            await self.pages.follower.look()
        except StoreUnavailableError as exc:
            self.pages.follower._enter("unavailable", reason=str(exc))

    async def ask(self, path: str) -> Answer:
        return await self.pages.answer(path, "")

    async def text(self, path: str) -> str:
        answer = await self.ask(path)
        assert answer.entry is not None, answer
        return answer.entry.page.body.decode()


Start = Callable[..., Awaitable[Service]]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a page may take longer than a visitor would wait; tests wait."""
    monkeypatch.setattr(module, "PATIENCE", 20.0)
    monkeypatch.setattr(module, "LIMIT", 20.0)


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start a service as a worker does, over a store that is there or not; the snapshot is older."""
    running: list[Service] = []

    async def begin(store: FakeStore, *, up: bool, ready: bool = True, **edit: Any) -> Service:
        path = await take(store, tmp_path)
        if edit:
            store.put("post:5", post(5, **edit))
        store.unavailable, store.ready = not up, ready
        service = Service(store, path)
        running.append(service)
        reads = store.reads
        assert await service.pages.begin()
        assert store.reads == reads
        return service

    yield begin
    for service in running:
        await service.pages.aclose()


# ---------------------------------------------------------------- while the store is away


async def test_a_fresh_worker_shows_rows_of_topics_from_the_snapshot(start: Start) -> None:
    """The whole front page, with everything down."""
    topics = menu(entry(7, "News", f"{ADMIN}/category/news/"), locations=("topics",), number=2)
    old = (post(n, categories=[3]) for n in (1, 2))
    service = await start(fill(topics, term(3, "News"), *old), up=False)
    await service.look()
    assert "[News:Post 2,Post 1,]" in await service.text("/")
    assert (await service.ask("/")).stale


async def test_a_fresh_worker_answers_from_the_snapshot(start: Start) -> None:
    """Front page, menu, posts, feed: marked, with the age of the snapshot."""
    service = await start(fill(), up=False)
    await service.look()
    for path in ("/", "/about/", "/post-5/", "/feed/", "/robots.txt"):
        answer = await service.ask(path)
        assert (answer.status, answer.stale) == (200, True)
        assert answer.entry
        assert answer.entry.taken_at == NOW - OLD
    assert await service.text("/") == "The Example – All about it|Post 6,Post 5,|About,</html>"
    assert service.metrics.stale_responses.values[()] == [6]


async def test_an_unknown_path_is_unavailable_and_not_missing(start: Start) -> None:
    """The store may have it. What no site can have is missing in any case."""
    service = await start(fill(), up=False)
    await service.look()
    with pytest.raises(StoreUnavailableError):
        await service.ask("/nope/")
    answer = await service.ask("/a//b")
    assert (answer.status, answer.kind) == (404, "error")
    assert answer.entry
    assert b"Post 6,Post 5,|About," in answer.entry.page.body


async def test_a_silent_store_is_not_asked_for_what_the_snapshot_has(start: Start) -> None:
    """Each question to a black hole takes its time-out; a page from memory takes none at all."""
    service = await start(fill(), up=False)
    await service.look()
    reads = service.store.reads
    assert (await service.ask("/post-5/")).cache == "miss"
    assert (await service.ask("/post-5/")).cache == "stale"
    assert service.store.reads == reads
    with pytest.raises(SosError):  # what it lacks may be there again
        await service.ask("/nope/")
    assert service.store.reads == reads + 1


async def test_a_black_hole_holds_up_no_page_of_the_snapshot(start: Start) -> None:
    """However many wait for answers about pages that the snapshot lacks."""
    service = await start(fill(), up=False)
    await service.look()
    service.store.gate = asyncio.Event()
    waiting = [asyncio.create_task(service.ask(f"/nope-{n}/")) for n in range(2 * CONCURRENT)]
    await until(lambda: service.store.reads >= CONCURRENT)
    async with asyncio.timeout(10):
        assert (await service.ask("/about/")).stale
    service.store.gate.set()
    assert all(
        isinstance(e, StoreError) for e in await asyncio.gather(*waiting, return_exceptions=True)
    )


async def test_a_store_that_fails_before_anybody_noticed_is_made_up_for(start: Start) -> None:
    """The follower still believes that all is well: the visitor gets the page all the same."""
    service = await start(fill(), up=True)
    await service.look()
    service.store.unavailable = True
    answer = await service.ask("/post-5/")
    assert (answer.status, answer.stale) == (200, True)
    assert service.metrics.store_errors.values[("fetch_page",)] == [1]
    assert (await service.ask("/post-5/")).stale


async def test_a_page_in_memory_is_newer_than_the_snapshot(start: Start) -> None:
    """Last copies of the store come first, as ever."""
    service = await start(fill(), up=True, title={"rendered": "Changed"})
    await service.look()
    assert "Changed" in await service.text("/post-5/")
    service.store.unavailable = True
    await service.look()
    answer = await service.ask("/post-5/")
    assert answer.entry
    assert (answer.cache, answer.entry.taken_at) == ("stale", 0)
    assert b"Changed" in answer.entry.page.body


async def test_an_outdated_page_in_memory_is_newer_than_the_snapshot_too(start: Start) -> None:
    """It changed once more, and the store fails before anybody noticed that it would."""
    service = await start(fill(), up=True, title={"rendered": "Changed"})
    await service.look()
    assert "Changed" in await service.text("/post-5/")
    service.clock.now += HOT_SECONDS + 1  # nobody makes it anew by himself
    service.store.put("post:5", post(5, title={"rendered": "Newest"}))
    await service.look()
    service.store.unavailable = True
    answer = await service.ask("/post-5/")
    assert answer.entry
    assert (answer.cache, answer.entry.taken_at) == ("stale", 0)
    assert b"Changed" in answer.entry.page.body


async def test_a_page_that_is_known_to_be_missing_stays_missing(start: Start) -> None:
    """It was removed after the snapshot was taken, and somebody has asked since."""
    store = fill()
    service = await start(store, up=True)
    store.remove("post:5")
    await service.look()
    assert (await service.ask("/post-5/")).status == 410
    store.unavailable = True
    await service.look()
    assert (await service.ask("/post-5/")).status == 410


async def test_whole_pages_of_the_snapshot_come_before_half_ones_of_the_store(start: Start) -> None:
    """Keys are lost, and this worker has never seen the page whole. What only the store has is
    shown as far as it goes."""
    store = fill()
    service = await start(store, up=True, ready=False)
    store.put("post:7", post(7))
    del store.kept["post:6"]
    await service.look()
    assert service.pages.follower.state == "incomplete"
    for path in ("/", "/feed/"):
        answer = await service.ask(path)
        assert answer.entry
        assert b"Post 6" in answer.entry.page.body
        assert answer.entry.taken_at
    half = await service.ask("/post-7/")
    assert half.entry
    assert (half.status, half.entry.partial, half.entry.taken_at) == (200, True, 0)


async def test_time_takes_an_expired_post_from_a_page_that_is_kept(start: Start) -> None:
    """Also from pages that were made of the snapshot before."""
    service = await start(fill(post(7, sos={"expires_gmt": stamp(NOW + 60)})), up=False)
    await service.look()
    assert "Post 7" in await service.text("/")
    assert "Post 7" in await service.text("/post-7/")
    service.clock.now = NOW + 60
    assert "Post 7" not in await service.text("/")
    with pytest.raises(StoreUnavailableError):
        await service.ask("/post-7/")


async def test_a_callout_is_shown_in_an_outage_until_its_end(start: Start) -> None:
    """The biggest day may be the one on which the store is away."""
    ending = {"expires_gmt": stamp(NOW + 60), "callout": {"placement": "takeover", "priority": 9}}
    alarm = post(70, type="sos_callout", title="Alarm", sos=ending)
    calm = post(71, type="sos_callout", title="Calm", sos={"callout": {"placement": "takeover"}})
    service = await start(fill(alarm, calm), up=False)
    await service.look()
    answer = await service.ask("/")
    assert answer.entry
    assert answer.entry.until == NOW + 60
    assert "takeover Alarm</html>" in await service.text("/")
    assert "Alarm" not in await service.text("/feed/")
    service.clock.now = NOW + 60
    assert "takeover Calm</html>" in await service.text("/")


async def test_a_release_that_goes_live_meanwhile_is_seen(start: Start) -> None:
    """Pages of the snapshot are made anew: their content is at hand."""
    service = await start(fill(), up=False)
    await service.look()
    await service.text("/")
    service.pages.swap(release_of(index="NEW {{ page.title }}</html>"))
    assert (await service.text("/")).startswith("NEW ")
    assert (await service.ask("/")).stale


# ---------------------------------------------------------------- when it is back


async def test_the_store_takes_over_as_soon_as_it_answers(start: Start) -> None:
    """The next request is answered from it, fresh, whatever the revisions of both."""
    service = await start(fill(), up=False, title={"rendered": "Changed"})
    await service.look()
    assert "Post 5" in await service.text("/post-5/")
    service.store.unavailable = False
    await service.look()
    answer = await service.ask("/post-5/")
    assert answer.entry
    assert (answer.stale, answer.entry.taken_at) == (False, 0)
    assert b"Changed" in answer.entry.page.body
    assert service.pages.is_fresh(answer.entry)
    assert not service.fallback.is_open


@pytest.mark.parametrize("rev", [0, 10**6])
async def test_revisions_of_another_store_confuse_nobody(start: Start, rev: int) -> None:
    """The store was rebuilt since, and counts from elsewhere: nothing old passes for current, and
    its own changes are seen."""
    store = fill()
    service = await start(store, up=False)
    store.epoch, store.rev, store.common_rev = "9.9", rev, rev
    store.put("post:5", post(5, title={"rendered": "Rebuilt"}))
    store.put("site", {**store.kept["site"].document, "name": "Rebuilt Site"})
    await service.look()
    assert "Post 5" in await service.text("/post-5/")
    store.unavailable = False
    await service.look()
    assert service.pages.follower.rev == store.rev
    assert "Rebuilt – Rebuilt Site" in await service.text("/post-5/")
    store.put("post:5", post(5, title={"rendered": "Again"}))
    await service.look()
    assert "Again" in await service.text("/post-5/")


async def test_hot_pages_are_made_anew_and_others_forgotten(start: Start) -> None:
    """The next outage must not be answered from the snapshot of this one."""
    service = await start(fill(), up=False)
    await service.look()
    for path in ("/about/", "/post-5/"):
        await service.ask(path)
    service.clock.now += HOT_SECONDS + 1
    await service.ask("/post-5/")
    service.store.unavailable = False
    await service.look()
    assert service.pages.cache.peek("/about/") is None

    def live() -> bool:
        kept = service.pages.cache.peek("/post-5/")
        return kept is not None and not kept.taken_at and not kept.stale

    await until(live)


async def test_a_redirect_of_the_snapshot_is_not_remembered(start: Start, tmp_path: Path) -> None:
    """Nothing would make it forgotten when the store says otherwise."""
    store = fill()
    store.put("post:50", page(50, "who-we-are"))
    service = await start(store, up=False)
    await service.look()
    answer = await service.ask("/about/")
    assert (answer.status, answer.location) == (301, "/who-we-are/")
    store.put("post:51", page(51, "about"))
    store.unavailable = False
    await service.look()
    assert (await service.ask("/about/")).status == 200


async def test_a_second_outage_reads_the_file_again(start: Start, tmp_path: Path) -> None:
    """It is newer by then; also where the first was so short that nobody else noticed it."""
    store = fill()
    service = await start(store, up=True)
    await service.look()
    store.unavailable = True
    assert (await service.ask("/about/")).stale  # the follower has not noticed, and never will
    store.unavailable = False
    store.put("post:6", post(6, title={"rendered": "Newer"}))
    await take(store, tmp_path, NOW)
    await service.look()
    store.unavailable = True
    await service.look()
    answer = await service.ask("/post-6/")
    assert answer.entry
    assert answer.entry.taken_at == NOW
    assert b"Newer" in answer.entry.page.body


# ---------------------------------------------------------------- the start


async def test_the_front_page_is_there_before_the_store_is_asked(start: Start) -> None:
    """The fallback is used at each start, not for the first time when it is needed."""
    service = await start(fill(), up=True)
    kept = service.pages.cache.peek("/")
    assert kept
    assert (kept.taken_at, kept.stale) == (NOW - OLD, True)
    assert service.pages.producer.render_front_again()


async def test_a_start_shows_the_store_s_page_when_it_answers(start: Start) -> None:
    """The snapshot may be a week old: it is no hit, though the follower has not looked yet."""
    service = await start(fill(), up=True, title={"rendered": "Changed"})
    assert "Changed" in await service.text("/")


async def test_without_a_snapshot_a_start_is_as_before(tmp_path: Path) -> None:
    """No file, or one that can't be used: pages come from the store, or there are none."""
    for content in (None, b"garbage"):
        path = tmp_path / FILE
        if content:
            path.write_bytes(content)
        service = Service(fill(), path)
        assert not await service.pages.begin()
        await service.look()
        assert not (await service.ask("/")).stale
        service.store.unavailable = True
        await service.look()
        assert (await service.ask("/")).cache == "stale"
        with pytest.raises(StoreError):
            await service.ask("/post-5/")
        await service.pages.aclose()


async def test_a_mistake_in_the_fallback_fails_no_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, and the store is asked."""
    service = Service(fill(), await take(fill(), tmp_path))

    async def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(service.fallback, "begin", fail)
    assert not await service.pages.begin()
    await service.look()
    assert (await service.ask("/")).status == 200
    await service.pages.aclose()


async def test_a_start_does_not_wait_for_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a snapshot it is ready at once, whether or not the store ever answers."""
    store = fill()
    await take(store, tmp_path)
    store.gate = asyncio.Event()
    monkeypatch.setattr(app, "START_SECONDS", 300.0)
    async with asyncio.timeout(20), serving(store, state_dir=str(tmp_path)) as running:
        kept = running.pages.cache.peek("/")
        assert kept
        assert kept.taken_at
        assert await running.service.self_render()
        assert running.pages.follower.state == "starting"
        store.gate.set()


# ---------------------------------------------------------------- over HTTP


async def test_headers_tell_the_age_of_the_snapshot(tmp_path: Path) -> None:
    """Seconds since it was taken, a short life, and its revision; health tells the same."""
    store = fill()
    store.now = 1_900_000_000
    path = await take(store, tmp_path, time.time() - 4000)
    rev = store.rev
    store.unavailable = True
    async with serving(store, state_dir=str(tmp_path)) as running, asyncio.timeout(20):
        while running.pages.follower.state != "unavailable":
            await asyncio.sleep(0.01)
        answer = await running.fetch("/post-5/")
        assert answer.status == 200
        assert 4000 <= int(answer["X-SOS-Stale"] or 0) < 4030
        assert answer["X-SOS-Content-Revision"] == str(rev)
        assert "s-maxage=1," in (answer["Cache-Control"] or "")
        details = running.service.status().details
        assert details["snapshot_paths"] == len(read_snapshot(path, HOST).paths)
        assert 4000 <= details["snapshot_age_seconds"] < 4030
        assert (await running.fetch("/nope/")).status == 503
