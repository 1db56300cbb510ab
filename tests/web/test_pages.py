"""The page service: one reading for all who wait, the last good copy while it can't, never a lie.

The store is a fake that stalls, fails and forgets on demand; the clock is the test's.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sos.cache.pages import CachedPage, PageCache
from sos.errors import SosError, StoreIncompleteError, StoreUnavailableError, TemplateError
from sos.metrics import Metrics
from sos.produce.documents import DocumentCache
from sos.produce.producer import Producer
from sos.release.environment import Release
from sos.web import pages as module
from sos.web import renewing
from sos.web.ahead import BUSY_HITS
from sos.web.pages import Answer, Pages
from sos.web.render_queue import CONCURRENT
from sos.web.renewing import HOT_PAGES

from tests.page.documents import (
    ADMIN,
    PUBLIC,
    entry,
    make_store,
    media,
    menu,
    page,
    post,
    site,
    term,
    user,
)
from tests.page.fake_store import FakeStore
from tests.release.theme import release_of

NOW = 2_000_000_000.0
LIMIT, PATIENCE = module.LIMIT, module.PATIENCE
THEME = release_of(
    index="{{ page.title }}|{{ page.site.title }}|{% for p in page.posts %}{{ p.label }},{% endfor %}"
    "{% if page.post %}{{ page.post.content }}{% endif %}|"
    "{% for i in page.menus.primary %}{{ i.title }},{% endfor %}</html>"
)
BROKEN = release_of(index="{{ page.title + 1 }}")
FEW = {"sos": {"settings": {"posts_per_page": 2}}}


class Clock:
    """A time that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Service:
    """A page service over a fake store."""

    def __init__(self, store: FakeStore, release: Release = THEME, max_bytes: int = 10**7) -> None:
        self.store, self.clock, self.metrics = store, Clock(), Metrics()
        store.now = NOW
        documents = DocumentCache(self.metrics, None)
        self.producer = Producer(PUBLIC, store, release, documents, self.metrics, self.clock)
        cache = PageCache(max_bytes)
        self.pages = Pages(store, self.producer, cache, self.metrics, self.clock)

    async def look(self) -> None:
        """What the follower does all the time, once."""
        try:
            await self.pages.follower.look()
        except StoreUnavailableError as exc:
            self.pages.follower._enter("unavailable", reason=str(exc))

    async def ask(self, path: str, query: str = "") -> Answer:
        return await self.pages.answer(path, query)

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
async def start() -> AsyncIterator[Start]:
    """Start a service over a store; it ends with the test, and so does all that it began."""
    running: list[Service] = []

    async def begin(store: FakeStore, **options: Any) -> Service:
        service = Service(store, **options)
        await service.look()
        running.append(service)
        return service

    yield begin
    for service in running:
        if service.store.gate is not None:
            service.store.gate.set()
        await service.pages.aclose()


async def settle() -> None:
    """Let everything run that can, threads that compress included."""
    for _ in range(20):
        await asyncio.sleep(0)
    others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
    if others:
        await asyncio.wait(others, timeout=0.2)


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def test_nobody_waits_for_a_second() -> None:
    """An answer after a second counts as failed; with a copy at hand it takes far less."""
    assert 0 < PATIENCE < LIMIT < 1


# ---------------------------------------------------------------- hits and flights


async def test_a_page_is_made_once(start: Start) -> None:
    """The second answer comes from memory, and the store is not asked."""
    service = await start(make_store(post(5)))
    first, second = await service.ask("/post-5/"), await service.ask("/post-5/")
    assert (first.status, first.cache, second.cache) == (200, "miss", "hit")
    assert first.entry is second.entry
    assert service.store.reads == 1


async def test_a_hundred_visitors_cost_one_reading(start: Start) -> None:
    """Whoever asks while a page is in the making waits for that one."""
    service = await start(make_store(post(5)))
    service.store.gate = asyncio.Event()
    asked = [asyncio.create_task(service.ask("/post-5/")) for _ in range(100)]
    await settle()
    assert service.store.reads == 1
    service.store.gate.set()
    answers = await asyncio.gather(*asked)
    assert service.store.reads == 1
    assert {id(a.entry) for a in answers} == {id(answers[0].entry)}


async def test_who_leaves_takes_nothing_from_the_others(start: Start) -> None:
    """A visitor who goes away does not end the reading that others wait for."""
    service = await start(make_store(post(5)))
    service.store.gate = asyncio.Event()
    first, second = (asyncio.create_task(service.ask("/post-5/")) for _ in range(2))
    await settle()
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await first
    service.store.gate.set()
    assert (await second).status == 200
    assert service.store.reads == 1


async def test_a_page_is_kept_even_when_all_have_left(start: Start) -> None:
    """What was begun is finished, for the next one."""
    service = await start(make_store(post(5)))
    service.store.gate = asyncio.Event()
    only = asyncio.create_task(service.ask("/post-5/"))
    await settle()
    only.cancel()
    service.store.gate.set()
    await until(lambda: service.pages.cache.peek("/post-5/") is not None)
    assert (await service.ask("/post-5/")).cache == "hit"


async def test_pages_in_the_making_are_few_at_a_time(start: Start) -> None:
    """The store is asked for no more pages at once than there are connections to it."""
    service = await start(make_store(*(post(n) for n in range(1, 60))))
    service.store.gate = asyncio.Event()
    asked = [asyncio.create_task(service.ask(f"/post-{n}/")) for n in range(1, 60)]
    await settle()
    assert service.store.reads == CONCURRENT
    service.store.gate.set()
    assert {a.status for a in await asyncio.gather(*asked)} == {200}


async def test_unknown_paths_are_remembered(start: Start) -> None:
    """Asked twice, read once; and forgotten with any change."""
    service = await start(make_store(post(5)))
    assert [(await service.ask("/x/")).cache for _ in range(2)] == ["miss", "negative"]
    reads = service.store.reads
    await service.ask("/x/")
    assert service.store.reads == reads
    service.store.put("post:6", post(6, link=f"{ADMIN}/x/"))
    await service.look()
    assert (await service.ask("/x/")).status == 200


async def test_a_flood_of_unknown_paths_costs_one_error_page(start: Start) -> None:
    """It is made once, and made again when what it shows has changed."""
    service = await start(make_store(post(5)))
    for n in range(200):
        assert (await service.ask(f"/x{n}/")).status == 404
    assert len(service.pages.cache) == 1
    assert "Post 5" in await service.text("/x/")
    service.store.put("post:6", post(6))
    await service.look()
    assert "Post 6" in await service.text("/x/")


# ---------------------------------------------------------------- changes


async def test_a_change_is_shown_with_the_next_request(start: Start) -> None:
    """Only on the pages that are made of it; the others stay."""
    service = await start(make_store(post(5), post(6, title={"rendered": "Other"})))
    for path in ("/post-5/", "/post-6/", "/"):
        await service.ask(path)
    service.clock.now += 1000  # long ago: nobody makes them again by himself
    service.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()
    await settle()
    assert (await service.ask("/post-5/")).cache == "miss"
    assert "Changed" in await service.text("/post-5/")
    assert "Changed" in await service.text("/")


async def test_hot_pages_are_made_anew_before_they_are_asked_for(start: Start) -> None:
    """A page that was asked for in the last minute is fresh again without a visitor's waiting."""
    service = await start(make_store(post(5)))
    await service.ask("/")
    service.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()

    def fresh() -> bool:
        kept = service.pages.cache.peek("/")
        return kept is not None and not kept.stale

    await until(fresh)
    answer = await service.ask("/")
    assert answer.cache == "hit"
    assert answer.entry
    assert b"Changed" in answer.entry.page.body
    assert service.metrics.cache_refreshes.values[()] == [1]


async def ask_often(service: Service, path: str = "/") -> bytes:
    """Make a page a busy one; what it shows."""
    for _ in range(BUSY_HITS):
        answer = await service.ask(path)
    assert answer.entry
    return answer.entry.page.body


async def test_nobody_waits_for_a_busy_page_that_is_made_anew(start: Start) -> None:
    """It is shown as it was, marked as old, until the new one is there: as fast as one can wait."""
    service = await start(make_store(post(5)))
    before = await ask_often(service)
    service.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()
    meanwhile = service.pages.answer_now("/", "")
    assert meanwhile is not None
    assert meanwhile.entry
    assert (meanwhile.entry.page.body, meanwhile.stale, meanwhile.cache) == (before, True, "stale")
    await until(lambda: (kept := service.pages.cache.peek("/")) is not None and not kept.stale)
    answer = service.pages.answer_now("/", "")
    assert answer is not None
    assert answer.entry
    assert (b"Changed" in answer.entry.page.body, answer.stale) == (True, False)


async def test_a_busy_page_is_not_shown_as_it_was_for_long(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store takes its time: a further change does not lengthen the grace of the same copy."""
    monkeypatch.setattr(renewing, "CONTENT_GRACE", 0.05)
    service = await start(make_store(post(5)))
    await ask_often(service)
    answered, old = asyncio.Event(), service.store.fetch_page

    async def slow(*args: Any) -> Any:
        await answered.wait()
        return await old(*args)

    service.store.fetch_page = slow  # type: ignore[method-assign]
    version = service.pages.cache.version
    loop = asyncio.get_running_loop()
    service.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()
    until_then = loop.time() + renewing.CONTENT_GRACE
    while service.pages.answer_now("/", ""):
        service.store.put("post:5", post(5, title={"rendered": f"Changed {loop.time()}"}))
        await service.look()
        await asyncio.sleep(0.001)
    assert loop.time() >= until_then
    assert service.pages.cache.version > version, "nothing keeps answering by heart"
    answered.set()
    assert "Changed" in await service.text("/")


async def test_a_quiet_page_is_waited_for(start: Start) -> None:
    """An editor who looks at what was just changed sees it, or waits for it."""
    service = await start(make_store(post(5)))
    await service.ask("/")
    service.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()
    assert service.pages.answer_now("/", "") is None
    assert "Changed" in await service.text("/")


async def test_no_busy_page_is_of_the_release_before(start: Start) -> None:
    """Who is told that a worker serves a release sees no page of another one any more."""
    service = await start(make_store(post(5)))
    await ask_often(service)
    service.pages.swap(release_of(index="New {{ page.title }}</html>"))
    assert service.pages.answer_now("/", "") is None
    assert (await service.text("/")).startswith("New")


async def test_busy_pages_are_made_before_a_release_is_live(start: Start) -> None:
    """Once it is live they are there at once; before, nothing of them is seen."""
    service = await start(make_store(post(5)))
    old = await ask_often(service)
    await service.ask("/post-5/")
    release = release_of(index="New {{ page.title }}</html>")
    await service.pages.make_ahead(release)
    assert (await service.text("/")).encode() == old
    service.pages.swap(release)
    busy = service.pages.answer_now("/", "")
    assert busy
    assert (busy.cache, busy.stale) == ("hit", False)
    assert (await service.text("/")).startswith("New")
    assert service.pages.answer_now("/post-5/", "") is None, "nobody asks for it that often"


async def test_what_changed_since_a_page_was_made_ahead_is_made_anew(start: Start) -> None:
    """What is shown when the release is live is of this content."""
    service = await start(make_store(post(5)))
    await ask_often(service)
    release = release_of(index="New {{ page.posts[0].label }}</html>")
    await service.pages.make_ahead(release)
    service.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()
    service.pages.swap(release)
    assert service.pages.answer_now("/", "") is None
    assert await service.text("/") == "New Changed</html>"


async def test_what_was_made_with_a_release_is_shown_with_no_other(start: Start) -> None:
    """Somebody previews one, and another one goes live."""
    service = await start(make_store(post(5)))
    await ask_often(service)
    await service.pages.make_ahead(release_of(index="Never {{ page.title }}</html>"))
    service.pages.swap(release_of(index="New {{ page.title }}</html>"))
    assert service.pages.answer_now("/", "") is None
    assert (await service.text("/")).startswith("New")


async def test_a_change_of_release_does_not_wait_for_a_silent_store(start: Start) -> None:
    """Whatever hangs or fails while pages are made ahead: the release is changed to."""
    service = await start(make_store(post(5)))
    await ask_often(service)
    service.store.gate = asyncio.Event()
    began = asyncio.get_running_loop().time()
    await service.pages.make_ahead(THEME)
    assert asyncio.get_running_loop().time() - began < 5
    service.store.gate.set()
    service.store.gate = None
    await service.pages.make_ahead(BROKEN)
    service.pages.swap(BROKEN)
    assert (await service.ask("/")).status == 200


async def test_hot_pages_have_a_bound(start: Start) -> None:
    """One change of the menu does not make a thousand pages at once."""
    documents = [post(n) for n in range(1, HOT_PAGES + 40)]
    service = await start(make_store(*documents))
    for n in range(1, HOT_PAGES + 40):
        await service.ask(f"/post-{n}/")
    reads = service.store.reads
    service.store.put("site", site(name="New"))
    await service.look()
    await until(lambda: service.store.reads >= reads + HOT_PAGES)
    await settle()
    assert service.store.reads == reads + HOT_PAGES


async def test_a_page_that_a_change_overtook_is_not_kept_as_current(start: Start) -> None:
    """It was read before the change, and finished after the news of it: short life, made again."""
    service = await start(make_store(post(5)))
    release, old = asyncio.Event(), service.store.fetch_page

    async def slow(*args: Any) -> Any:
        found = await old(*args)
        await release.wait()
        return found

    service.store.fetch_page = slow  # type: ignore[method-assign]
    asked = asyncio.create_task(service.ask("/post-5/"))
    await settle()
    service.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()
    release.set()
    answer = await asked
    assert answer.entry
    assert b"Post 5" in answer.entry.page.body
    assert answer.stale
    assert "Changed" in await service.text("/post-5/")


async def test_a_path_that_was_missing_is_not_remembered_past_a_change(start: Start) -> None:
    """The 404 was on its way when the post was published."""
    service = await start(make_store(post(5)))
    release, old = asyncio.Event(), service.store.fetch_page

    async def slow(*args: Any) -> Any:
        found = await old(*args)
        await release.wait()
        return found

    service.store.fetch_page = slow  # type: ignore[method-assign]
    asked = asyncio.create_task(service.ask("/post-6/"))
    await settle()
    service.store.put("post:6", post(6))
    await service.look()
    release.set()
    assert (await asked).status == 404
    assert (await service.ask("/post-6/")).status == 200


async def test_a_hot_page_that_changes_while_it_is_made_anew_is_made_once_more(
    start: Start,
) -> None:
    """The second change came while the page of the first was in the making."""
    service = await start(make_store(post(5)))
    await service.ask("/post-5/")
    release, old = asyncio.Event(), service.store.fetch_page

    async def slow(*args: Any) -> Any:
        found = await old(*args)
        await release.wait()
        return found

    service.store.fetch_page = slow  # type: ignore[method-assign]
    for title in ("First", "Second"):
        service.store.put("post:5", post(5, title={"rendered": title}))
        await service.look()
        await settle()
    release.set()

    def current() -> bool:
        kept = service.pages.cache.peek("/post-5/")
        return kept is not None and not kept.stale and b"Second" in kept.page.body

    await until(current)


async def test_what_was_read_before_the_first_look_is_checked_by_it(start: Start) -> None:
    """A node starts while the store is edited: the page of before is not taken for current."""
    store = make_store(post(5))
    service = Service(store)
    await service.ask("/post-5/")
    store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()
    assert "Changed" in await service.text("/post-5/")
    await service.pages.aclose()


# ---------------------------------------------------------------- time


async def test_a_scheduled_post_is_live_at_its_second(start: Start) -> None:
    """Its own page, the front page and what was a 404 before, without any event."""
    at = NOW + 100
    service = await start(make_store(post(4), post(5, at=at)))
    assert (await service.ask("/post-5/")).status == 404
    home = await service.ask("/")
    assert home.entry
    assert (home.entry.until, b"Post 5" in home.entry.page.body) == (at, False)
    service.clock.now = at - 0.01
    assert (await service.ask("/")).cache == "hit"
    service.clock.now = at
    assert "Post 5" in await service.text("/")
    await service.look()
    assert (await service.ask("/post-5/")).status == 200


async def test_an_expired_post_is_gone_at_its_second(start: Start) -> None:
    """From its page and from the lists."""
    at = int(NOW) + 100
    expiring = post(5, sos={"expires_gmt": "2033-05-18T03:35:00"})
    service = await start(make_store(post(4), expiring))
    answer = await service.ask("/post-5/")
    assert answer.entry
    assert answer.entry.until == at
    service.clock.now = at
    await service.look()
    assert (await service.ask("/post-5/")).status != 200
    assert "Post 5" not in await service.text("/")


async def test_a_page_that_time_overtook_is_not_kept_as_current(start: Start) -> None:
    """It was read in the last second before, and finished in the first one after."""
    at = NOW + 100
    service = await start(make_store(post(4), post(5, at=at)))
    service.clock.now = at - 0.5
    release, old = asyncio.Event(), service.store.fetch_page

    async def slow(*args: Any) -> Any:
        found = await old(*args)
        await release.wait()
        return found

    service.store.fetch_page = slow  # type: ignore[method-assign]
    home, missing = (asyncio.create_task(service.ask(p)) for p in ("/", "/post-5/"))
    await settle()
    service.clock.now = at
    await service.look()
    release.set()
    await asyncio.gather(home, missing)
    assert "Post 5" in await service.text("/")
    assert (await service.ask("/post-5/")).status == 200


async def test_pages_that_are_kept_learn_of_what_is_scheduled_later(start: Start) -> None:
    """The edge must not keep the front page beyond the second of a post that came meanwhile."""
    service = await start(make_store(post(4)))
    answer = await service.ask("/")
    assert answer.entry
    assert answer.entry.until == 0
    service.clock.now += 1000
    at = service.clock.now + 50
    service.store.put("post:5", post(5, at=at))
    await service.look()
    answer = await service.ask("/")
    assert answer.entry
    assert answer.entry.until == at


async def test_what_is_scheduled_is_asked_again_after_a_failure(start: Start) -> None:
    """The store broke between the news of a change and the question what is due."""
    service = await start(make_store(post(4)))
    at = NOW + 100
    service.store.put("post:5", post(5, at=at))
    old = service.store.fetch_due

    async def broken(*_: Any) -> Any:
        raise StoreUnavailableError("just then")

    service.store.fetch_due = broken  # type: ignore[method-assign]
    await service.look()
    assert not service.pages.follower.is_current
    service.store.fetch_due = old  # type: ignore[method-assign]
    await service.look()
    assert [d.at for d in service.pages.follower.upcoming] == [at]


# ---------------------------------------------------------------- outages


async def test_an_outage_shows_the_last_good_copy(start: Start) -> None:
    """Marked as stale, at once, without asking; what was never read is not there."""
    service = await start(make_store(post(5), post(6)))
    await service.ask("/post-5/")
    service.store.unavailable = True
    await service.look()
    reads = service.store.reads
    answer = await service.ask("/post-5/")
    assert (answer.status, answer.cache, answer.stale) == (200, "stale", True)
    assert service.store.reads == reads
    with pytest.raises(StoreUnavailableError):
        await service.ask("/post-6/")
    service.store.unavailable = False
    await service.look()
    assert (await service.ask("/post-5/")).stale is False
    assert (await service.ask("/post-6/")).status == 200


async def test_an_outage_between_two_looks_shows_the_last_good_copy_too(start: Start) -> None:
    """The follower does not know yet; the page is stale, and reading it anew fails."""
    service = await start(make_store(post(5)))
    await service.ask("/post-5/")
    service.clock.now += 1000
    service.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()
    service.store.unavailable = True
    answer = await service.ask("/post-5/")
    assert (answer.status, answer.cache, answer.stale) == (200, "stale", True)


async def test_a_slow_store_costs_little_when_there_is_a_copy(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PATIENCE with a copy, LIMIT without: nobody waits for a second."""
    service = await start(make_store(post(5), post(6)))
    await service.ask("/post-5/")
    service.clock.now += 1000
    service.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await service.look()
    service.store.gate = asyncio.Event()
    with monkeypatch.context() as hurry:
        hurry.setattr(module, "PATIENCE", 0.02)
        hurry.setattr(module, "LIMIT", 0.05)
        answer = await service.ask("/post-5/")
        assert (answer.cache, answer.stale) == ("stale", True)
        with pytest.raises(StoreUnavailableError):
            await service.ask("/post-6/")
    service.store.gate.set()
    assert "Changed" in await service.text("/post-5/")
    await until(lambda: service.pages.cache.peek("/post-6/") is not None)
    assert (await service.ask("/post-6/")).cache == "hit"


async def test_a_404_in_an_outage_is_still_a_404(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be a path is known without the store; its page is bare, and better later."""
    store = make_store(post(5))
    store.unavailable = True
    service = await start(store)
    answer = await service.ask("/a//b/")
    assert (answer.status, answer.stale) == (404, True)
    store.unavailable, store.gate = False, asyncio.Event()
    other = Service(store)
    with monkeypatch.context() as hurry:
        hurry.setattr(module, "PATIENCE", 0.02)
        assert (await other.ask("/a//b/")) == Answer(404, kind="error")
    store.gate.set()
    await other.pages.aclose()
    await service.look()
    assert "Post 5" in await service.text("/a//b/")


# ---------------------------------------------------------------- an incomplete store


async def test_a_flushed_store_is_not_an_empty_site(start: Start) -> None:
    """Copies are served; what has none is unavailable, never missing."""
    service = await start(make_store(post(5), post(6), menu(entry(1, "M", "/m/"))))
    kept = {p: await service.text(p) for p in ("/", "/post-5/", "/robots.txt", "/sitemap.xml")}
    service.store.flush()
    await service.look()
    assert service.pages.follower.state == "incomplete"
    for path, text in kept.items():
        answer = await service.ask(path)
        assert (answer.status, answer.stale) == (200, True)
        assert answer.entry
        assert answer.entry.page.body.decode() == text
    for path in ("/post-6/", "/nothing/", "/page/2/", "/feed/", "/?p=5", "/2024/"):
        with pytest.raises(StoreIncompleteError):
            await service.ask(*path.split("?"))
    assert service.producer.site.view.title == "The Example"


@pytest.mark.parametrize(
    "path", ["/", "/nothing/", "/robots.txt", "/sitemap.xml", "/feed/", "/page/2/"]
)
async def test_a_fresh_node_on_an_empty_store_shows_nothing(start: Start, path: str) -> None:
    """An empty front page would take the place of the good one at the edge."""
    service = await start(FakeStore(epoch=""))
    with pytest.raises(StoreIncompleteError):
        await service.ask(path)


async def test_a_store_that_is_being_filled_is_shown_as_far_as_it_goes(start: Start) -> None:
    """Marked as partial, and whole as soon as the store is."""
    store = make_store(post(5))
    store.ready = False
    service = await start(store)
    answer = await service.ask("/post-5/")
    assert answer.entry
    assert (answer.status, answer.stale, answer.entry.partial) == (200, True, True)
    with pytest.raises(StoreIncompleteError):
        await service.ask("/post-6/")
    store.put("post:6", post(6))
    store.ready = True
    await service.look()
    answer = await service.ask("/post-5/")
    assert answer.entry
    assert (answer.stale, answer.entry.partial) == (False, False)
    assert (await service.ask("/post-6/")).status == 200


async def test_a_list_that_lost_its_end_is_not_short(start: Start) -> None:
    """Page 2 of a list that the store can't count is unavailable, not missing."""
    service = await start(make_store(*(post(n) for n in range(1, 6)), site=site(**FEW)))
    for n in range(1, 5):
        del service.store.kept[f"post:{n}"]
    service.store.ready = False
    with pytest.raises(StoreIncompleteError):
        await service.ask("/page/2/")


async def test_a_document_that_cannot_be_read_is_not_missing(start: Start) -> None:
    """The last copy that could be stays; without one it is unavailable, and it is counted."""
    service = await start(make_store(post(5), post(6), term(7, "News"), post(8, categories=[7])))
    kept = await service.text("/post-5/")
    service.store.put("post:5", post(5), b"{broken")
    service.store.put("post:6", post(6), b"{broken")
    service.store.put("term:7", term(7, "News"), b"[]")
    service.clock.now += 1000
    await service.look()
    assert await service.text("/post-5/") == kept
    for path in ("/post-6/", "/category/news/"):
        with pytest.raises(SosError):
            await service.ask(path)
    assert "Post 6" not in await service.text("/")
    assert service.metrics.bad_documents.values[()][0] > 0
    service.store.put("post:6", post(6))
    await service.look()
    assert (await service.ask("/post-6/")).status == 200
    assert "Post 6" in await service.text("/")


async def test_a_site_document_that_cannot_be_read_leaves_the_last_one(start: Start) -> None:
    """Name, zone and the admin host do not become defaults; nor does a lost one."""
    service = await start(make_store(post(5, content={"rendered": f'<a href="{ADMIN}/x/">x</a>'})))
    await service.ask("/")
    service.store.put("site", site(), b"{")
    await service.look()
    assert "|The Example|" in await service.text("/post-5/")
    assert ADMIN not in await service.text("/post-5/")
    service.store.put("menu:1", menu(entry(1, "M", "/m/")))
    del service.store.kept["site"]
    service.store.ready = False
    service.clock.now += 1000
    service.store.put("post:6", post(6))
    assert "|The Example|" in await service.text("/post-6/")


async def test_a_menu_that_cannot_be_read_leaves_the_last_one(start: Start) -> None:
    """One broken document does not empty the menu of every page."""
    service = await start(make_store(post(5), menu(entry(1, "Way", "/m/"))))
    assert "|Way," in await service.text("/")
    service.store.put("menu:1", menu(entry(1, "Other", "/m/")), b"{")
    await service.look()
    assert "|Way," in await service.text("/post-5/")


async def test_news_of_the_site_does_not_empty_pages_in_the_making(start: Start) -> None:
    """The settings changed while a page was read: it has the old ones, not none."""
    service = await start(make_store(post(5), post(6)))
    await service.ask("/post-6/")
    release, old = asyncio.Event(), service.store.fetch_page

    async def slow(*args: Any) -> Any:
        found = await old(*args)
        await release.wait()
        return found

    service.store.fetch_page = slow  # type: ignore[method-assign]
    asked = asyncio.create_task(service.ask("/post-5/"))
    await settle()
    service.store.put("site", site(name="New name"))
    await service.look()
    release.set()
    answer = await asked
    assert answer.entry
    assert b"|The Example|" in answer.entry.page.body
    assert "|New name|" in await service.text("/post-5/")


async def test_another_store_takes_the_place_of_the_one_before(start: Start) -> None:
    """It was flushed and filled again: revisions begin anew, and everything is read again."""
    store = make_store(post(5))
    for n in range(50):
        store.put("post:5", post(5, title={"rendered": f"Title {n}"}))
    service = await start(store)
    store.put("post:5", post(5, title={"rendered": "Last"}))
    await service.look()
    await service.ask("/post-5/")
    store.flush()
    await service.look()
    store.epoch, store.ready = "2.2", True
    for ref, document in {"site": site(), "post:5": post(5, title={"rendered": "Anew"})}.items():
        store.put(ref, document)
    service.clock.now += 1000
    await service.look()
    assert "Anew" in await service.text("/post-5/")
    assert (await service.ask("/post-5/")).cache == "hit"


async def test_a_page_of_the_store_before_is_not_kept_as_current(start: Start) -> None:
    """It was read from the old store, with a revision that the new one has not reached yet."""
    store = make_store(post(5))
    for n in range(50):
        store.put("post:5", post(5, title={"rendered": f"Title {n}"}))
    service = await start(store)
    release, old = asyncio.Event(), store.fetch_page

    async def slow(*args: Any) -> Any:
        found = await old(*args)
        await release.wait()
        return found

    store.fetch_page = slow  # type: ignore[method-assign]
    asked = asyncio.create_task(service.ask("/post-5/"))
    await settle()
    store.flush()
    store.epoch, store.ready = "2.2", True
    for ref, document in {"site": site(), "post:5": post(5, title={"rendered": "Anew"})}.items():
        store.put(ref, document)
    await service.look()
    release.set()
    await asked
    assert "Anew" in await service.text("/post-5/")


# ---------------------------------------------------------------- releases and failures


async def test_another_release_renders_everything_again(start: Start) -> None:
    """A page is of one release from start to end, and the next request has the new one."""
    service = await start(make_store(post(5)))
    old = await service.ask("/post-5/")
    service.pages.swap(release_of(index="new {{ page.title }}</html>"))
    assert (await service.text("/post-5/")).startswith("new Post 5")
    assert (await service.text("/x/")).startswith("new Page not found")
    assert old.entry
    assert old.entry.page.release != service.producer.release.id


async def test_a_template_that_fails_leaves_the_last_good_copy(start: Start) -> None:
    """It is counted; a page that was never shown has none."""
    service = await start(make_store(post(5), post(6)))
    await service.ask("/post-5/")
    service.producer.release = BROKEN
    answer = await service.ask("/post-5/")
    assert (answer.status, answer.cache, answer.stale) == (200, "stale", True)
    with pytest.raises(TemplateError):
        await service.ask("/post-6/")
    assert service.metrics.render_errors.values
    assert (await service.ask("/a//b")).status == 404


async def test_a_fault_of_our_own_leaves_the_last_good_copy(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only the errors that were thought of."""
    service = await start(make_store(post(5), post(6)))
    await service.ask("/post-5/")
    service.clock.now += 1000
    service.store.put("post:5", post(5))
    await service.look()
    monkeypatch.setattr("sos.produce.producer.build_page", lambda *_: 1 / 0)
    assert (await service.ask("/post-5/")).cache == "stale"
    with pytest.raises(ZeroDivisionError):
        await service.ask("/post-6/")
    await service.pages.warm(["/post-6/", "/post-5/"])


async def test_the_self_render_tells_whether_the_release_works(start: Start) -> None:
    """From memory, also before the front page was ever made."""
    service = await start(make_store(post(5)))
    assert service.producer.render_front_again()
    await service.ask("/")
    service.store.unavailable = True
    assert service.producer.render_front_again()
    service.producer.release = release_of(index="cut off")
    assert not service.producer.render_front_again()
    service.producer.release = BROKEN
    assert not service.producer.render_front_again()
    service.producer.previous = release_of(index="{{ page.title }}</html>")
    assert service.producer.render_front_again()


async def test_a_small_cache_is_still_a_site(start: Start) -> None:
    """Pages that do not fit are made each time, and what was driven out is counted."""
    service = await start(make_store(*(post(n) for n in range(1, 20))), max_bytes=12_000)
    for n in range(1, 20):
        assert (await service.ask(f"/post-{n}/")).status == 200
    assert service.pages.cache.size <= 12_000
    assert service.metrics.cache_evictions.values[()][0] > 0
    tiny = await start(make_store(post(5)), max_bytes=1)
    assert [(await tiny.ask("/post-5/")).cache for _ in range(2)] == ["miss", "miss"]


# ---------------------------------------------------------------- feeds, sitemaps, menus


async def test_a_feed_has_as_many_posts_as_the_site_wants(start: Start) -> None:
    """`posts_per_rss` is a setting of its own, from the first reading on."""
    settings = site(sos={"settings": {"posts_per_page": 2, "posts_per_rss": 4}})
    service = await start(make_store(*(post(n) for n in range(1, 10)), site=settings))
    for path in ("/feed/", "/feed/atom/", "/2024/feed/"):
        text = await service.text(path)
        assert text.count("<item>") + text.count("<entry>") == 4, path
    assert (await service.text("/")).count("Post ") == 2


async def test_sitemaps_follow_every_change(start: Start) -> None:
    """Also a page that only moved: its list is the same, its address is not."""
    service = await start(make_store(page(6, "about"), post(5)))
    assert "/about/" in await service.text("/sitemap-posts-page-1.xml")
    service.store.put("post:6", page(6, "team"))
    service.store.touched.pop("list:type:page", None)
    await service.look()
    assert "/team/" in await service.text("/sitemap-posts-page-1.xml")
    assert (await service.ask("/sitemap-posts-post-2.xml")).status == 404
    assert (await service.ask("/sitemap-posts-attachment-1.xml")).status == 404


async def test_attachments_are_in_no_sitemap_even_by_name(start: Start) -> None:
    """Their addresses would tell what hangs on a protected post."""
    service = await start(make_store(media(9)))
    assert (await service.ask("/sitemap-posts-attachment-1.xml")).status == 404


async def test_warming_makes_pages_ready(start: Start) -> None:
    """And never fails, whatever the paths are."""
    service = await start(make_store(post(5)))
    await service.pages.warm(["/", "/post-5/", "/nothing/", "/%zz", "//", "/a#b", ""])
    reads = service.store.reads
    assert (await service.ask("/post-5/")).cache == "hit"
    assert service.store.reads == reads


async def test_following_shows_changes_by_itself(start: Start) -> None:
    """With the follower running as it does in a worker: live in well under a second."""
    service = await start(make_store(post(5, author=3), user(3, "Jo")))
    running = asyncio.create_task(service.pages.run())
    try:
        await service.ask("/post-5/")
        service.store.put("post:5", post(5, title={"rendered": "Changed"}))

        def live() -> bool:
            kept = service.pages.cache.peek("/post-5/")
            return isinstance(kept, CachedPage) and b"Changed" in kept.page.body and not kept.stale

        await until(live, 2.0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_dates_are_the_site_s_from_the_first_request_on(start: Start) -> None:
    """A node that has just started does not know the zone and the permalinks yet: it asks first."""
    tokyo = site(timezone_string="Asia/Tokyo", sos={"date_base": "/archives/"})
    late = post(5, date_gmt="2024-05-31T16:00:00", date="2024-06-01T01:00:00")
    for path, query, expected in (
        ("/archives/2024/06/", "", "June 2024"),
        ("/", "m=202406", "/archives/2024/06/"),
        ("/archives/2024/06/feed/", "", "Post 5"),
    ):
        service = await start(make_store(late, site=tokyo))
        answer = await service.ask(path, query)
        shown = answer.entry.page.body.decode() if answer.entry else answer.location
        assert expected in shown
    # The permalinks change: an address of before means nothing any more, and the new ones do.
    service = await start(make_store(late, site=tokyo))
    assert (await service.ask("/2024/06/")).status == 404
    service.store.put("site", site())
    await service.look()
    assert (await service.ask("/2024/05/")).status == 200
    assert (await service.ask("/archives/2024/06/")).status == 404


async def test_a_redirect_never_leads_to_itself(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should a store ever say so, there is no such page."""
    service = await start(make_store(post(5)))
    service.store.old["/x/"] = "post:5"
    service.store.kept["post:5"].path = "/x/"
    monkeypatch.setattr(service.store, "_hit", lambda *_: ("", ""))
    assert (await service.ask("/x/")).status == 404


SEGMENTS = ("a", "b", "2", "3", "page", "2024", "05", "17", "type", "aside", "news", "%c3%a9", "A")


@pytest.mark.parametrize("seed", range(25))
async def test_redirects_end_after_two_steps(start: Start, seed: int) -> None:
    """On sites whose addresses look like dates, parts, pages and each other, with and without slash."""
    chance = random.Random(seed)

    def path() -> str:
        segments = [chance.choice(SEGMENTS) for _ in range(chance.randrange(4))]
        return "/" + "/".join(segments) + ("/" if segments and chance.random() < 0.7 else "")

    body = {"rendered": "<p>1</p><!--nextpage--><p>2</p>"}
    documents = [
        post(n, type=chance.choice(["post", "page", "book"]), link=ADMIN + path(), content=body,
             categories=[20], author=30)
        for n in range(1, 9)
    ]  # fmt: skip
    front = {"show_on_front": "page", "page_on_front": chance.randrange(9),
             "page_for_posts": chance.randrange(9)}  # fmt: skip
    service = await start(
        make_store(
            *documents,
            term(20, "News", link=ADMIN + path()),
            {**user(30, "Jo"), "link": ADMIN + path()},
            site=site(**FEW, **(front if chance.random() < 0.5 else {})),
            types={"book": {"name": "Books", "sos": {"archive_path": "/books/"}}},
        )
    )
    queries = ("p=3", "page_id=4&page=2", "cat=20", "author=30&paged=2", "m=2024", "feed=rss2")
    asked = [(path(), "") for _ in range(20)] + [("/", query) for query in queries]
    for target in asked:
        steps = [target]
        while (answer := await service.ask(*steps[-1])).status == 301:
            steps.append((answer.location, ""))
            assert len(steps) <= 3, steps
        assert answer.status in (200, 404), steps
