"""What is asked of the store for a page, and how often, as the site becomes known and changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sos.cache.pages import CachedPage
from sos.content.store import Candidate, Found, Topics
from sos.errors import StoreUnavailableError, TemplateError
from sos.metrics import Metrics
from sos.page.routes import PageRoute, decide_route
from sos.page.site import build_site
from sos.produce.documents import DocumentCache
from sos.produce.producer import Producer
from sos.produce.reading import FRONT, decide_candidates
from sos.release.environment import Release

from tests.page.documents import ADMIN, PUBLIC, entry, make_store, menu, post, site, term
from tests.page.fake_store import FakeStore
from tests.release.theme import release_of

TITLES = release_of(
    index="<html>{% for p in page.posts %}{{ p.label }};{% endfor %}"
    "{% for r in page.rows %}[{{ r.term.name }}:{% for p in r.posts %}{{ p.label }};{% endfor %}]"
    "{% endfor %}</html>"
)
BODIES = release_of(
    index="<html>{% for r in page.rows %}{% for p in r.posts %}{{ p.content }}{% endfor %}"
    "{% endfor %}</html>"
)
FEW = {"posts_per_page": 1, "posts_per_rss": 2}


def link(number: int, name: str) -> dict[str, Any]:
    return entry(number, name, f"{ADMIN}/category/{name.lower()}/")


def build_store(*entries: dict[str, Any]) -> FakeStore:
    """Six posts, by turns in two categories; one on the front page."""
    posts = [post(n, categories=[5 + n % 2]) for n in range(1, 7)]
    shown = menu(*(entries or (link(1, "News"),)))
    settings = site(sos={"settings": FEW})
    return make_store(*posts, term(5, "News"), term(6, "Town"), shown, site=settings)


def build_producer(store: FakeStore, release: Release = TITLES) -> Producer:
    metrics = Metrics()
    return Producer(
        PUBLIC, store, release, DocumentCache(metrics, None), metrics, lambda: store.now
    )


async def make(producer: Producer, path: str = "/") -> str:
    """The body of a page."""
    route = decide_route(path, "", producer.site.zone)
    assert isinstance(route, PageRoute)
    made = await producer.produce(route, partial=False)
    assert isinstance(made, CachedPage)
    return made.page.body.decode().removeprefix("<html>").removesuffix("</html>")


NEWS = "Post 6;[News:Post 6;Post 4;Post 2;]"
TOWN = "Post 6;[Town:Post 5;Post 3;Post 1;]"


async def test_first_front_page_of_all_has_rows() -> None:
    """Of what, only the first answer tells: there is a second question, once."""
    producer = build_producer(store := build_store())
    assert await make(producer) == NEWS
    assert store.reads == 2
    assert [c.topics for asked in store.asked for c in asked if c == FRONT or c.topics] == [
        None,
        Topics(("/category/news/",), "category"),
    ]
    assert await make(producer) == NEWS
    assert store.reads == 3


async def test_other_pages_ask_once_and_for_no_rows() -> None:
    """Whatever is known of the site."""
    producer = build_producer(store := build_store())
    for path in ("/post-1/", "/category/news/", "/page/2/"):
        await make(producer, path)
    assert store.reads == 3
    assert not [c for asked in store.asked for c in asked if c.topics]


async def test_menu_that_changed_while_it_was_asked_counts_at_once() -> None:
    """The page has the revision of the new menu: its rows must not be those of the old one."""
    producer = build_producer(store := build_store())
    await make(producer)
    store.put("menu:1", menu(link(2, "Town")))
    assert await make(producer) == TOWN


async def test_feed_is_as_long_as_the_site_says_when_it_is_made() -> None:
    """Be it known for long, changed just now, or not known at all."""
    producer = build_producer(store := build_store())
    assert (await make(producer, "/feed/")).count("<item>") == 2
    assert (await make(producer, "/feed/")).count("<item>") == 2
    store.put("site", site(sos={"settings": {**FEW, "posts_per_rss": 4}}))
    assert (await make(producer, "/feed/")).count("<item>") == 4


async def test_site_that_never_rests_makes_no_page_of_two_halves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a few attempts it counts as away: the last copy is better than a wrong one."""
    producer = build_producer(store := build_store())
    await producer.learn_site()
    inner: Callable[..., Any] = store.fetch_page

    async def fetch_page(*args: Any) -> Found:
        name = ("News", "Town")[store.reads % 2]
        store.put("menu:1", menu(link(store.reads, name)))
        found: Found = await inner(*args)
        return found

    monkeypatch.setattr(store, "fetch_page", fetch_page)
    before = store.reads
    with pytest.raises(StoreUnavailableError, match="faster than it can be read"):
        await make(producer)
    assert 1 < store.reads - before < 5
    await make(producer, "/post-1/")


async def test_theme_that_shows_bodies_in_rows_gets_them() -> None:
    """It is found out once; others never read them."""
    producer = build_producer(store := build_store(), BODIES)
    producer.reading.shelf.start(store.rev)
    assert "Body of 4." in await make(producer)
    before = store.reads
    assert "Body of 2." in await make(producer)
    assert store.reads - before == 1


async def test_release_that_wants_bodies_is_tried_on_a_front_page_without() -> None:
    """It must not fail for what the live release did not need."""
    producer = build_producer(build_store())
    producer.try_release(BODIES)
    await make(producer)
    producer.try_release(BODIES)
    assert producer.render_front_again()
    with pytest.raises(TemplateError):
        producer.try_release(
            release_of(index="{% for r in page.rows %}{{ r.no.where }}{% endfor %}")
        )
    producer.swap(BODIES)
    assert producer.render_front_again()
    assert "Body of 4." in await make(producer)


def test_candidates_are_those_of_the_route_for_a_site_without_topics() -> None:
    """Nothing is asked for that nobody named."""
    route = decide_route("/", "", build_site(PUBLIC)[0].zone)
    assert isinstance(route, PageRoute)
    assert decide_candidates(route, build_site(PUBLIC)[0]) == (Candidate("page", "/"),)
