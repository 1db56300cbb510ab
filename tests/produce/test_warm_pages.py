"""A page made of what is remembered is the page made of nothing, whatever happened in between."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sos.cache.pages import CachedPage, Missing, PageCache
from sos.metrics import Metrics
from sos.page.routes import Refusal, decide_route
from sos.produce.documents import DocumentCache
from sos.produce.producer import Producer
from sos.release.assets import build_assets
from sos.release.check import compile_release
from sos.release.environment import Release, build_release
from sos.release.folder import read_folder
from sos.release.sandbox import Sandbox
from sos.web.pages import Pages

from tests.page.documents import (
    ADMIN,
    PUBLIC,
    entry,
    make_store,
    media,
    menu,
    post,
    protected,
    reference,
    site,
    term,
    user,
)
from tests.page.fake_store import FakeStore

NOW = 2_000_000_000.0
SETTINGS = {"sos": {"settings": {"posts_per_page": 3}}}
PATHS = (
    *("/", "/page/2/", "/page/3/", "/category/news/", "/category/world/page/2/", "/author/ann/"),
    *("/post-1/", "/post-2/", "/2024/", "/feed/", "/category/news/feed/", "/picture-50/"),
)
POSTS = range(1, 10)


@cache
def themes() -> tuple[tuple[Mapping[str, bytes], Mapping[str, Any]], ...]:
    """The default theme, one with other words, and one whose lists show whole posts."""
    default = dict(read_folder(Path(__file__).parents[2] / "templates"))
    words, card = "parts/words.html", "parts/post-card.html"
    other = {**default, words: default[words].replace(b'"by"', b'"written by"')}
    whole = {**default, card: default[card].replace(b"{{ card.excerpt }}", b"{{ card.content }}")}
    assert len({default[words], other[words]}) == len({default[card], whole[card]}) == 2
    return tuple((files, compiled(files)) for files in (default, other, whole))


def compiled(files: Mapping[str, bytes]) -> Mapping[str, Any]:
    environment = Sandbox(files, build_assets(files))
    assert not compile_release(environment, files)
    return environment.codes


def fresh_release(theme: int) -> Release:
    """A release that has rendered nothing yet."""
    files, codes = themes()[theme]
    return build_release(files, f"theme-{theme}", codes)


def first_content() -> FakeStore:
    topics = entry(2, "News", "/category/news/"), entry(3, "World", "/category/world/", 2)
    menus = {"menu:1": menu(entry(1, "Home", "/"), *topics)}
    return make_store(
        *(build_post(n, 0) for n in POSTS),
        *(user(n, name) for n, name in ((1, "Ann"), (2, "Bob"))),
        *(term(n, name) for n, name in ((1, "News"), (2, "World"))),
        *(media(n) for n in (50, 51)),
        site=site(**SETTINGS),
        **menus,
    )


def build_post(number: int, version: int) -> dict[str, Any]:
    """Each version of it is another; some are as good as the one before."""
    link = f'<a href="{ADMIN}/post-1/">v{version}</a>'
    made = post(
        number,
        title={"rendered": f"Post {number} v{version // 2}"},
        content={"rendered": f"<p>Body {number} {link}</p>", "protected": False},
        excerpt={"rendered": f"<p>Excerpt {number} {link}</p>", "protected": False},
        author=1 + (number + version) % 3,
        featured_media=(0, 50, 51, 52)[(number + version) % 4],
        categories=[1 + (number + version) % 2],
        sticky=(number + version) % 7 == 0,
    )
    return protected(made) if version % 5 == 4 else made


class World:
    """A store, a worker's producer that remembers, and a clock."""

    def __init__(self) -> None:
        self.store = first_content()
        self.now = NOW
        self.theme = 0
        self.producer = self.build_producer(fresh_release(0))
        cache = PageCache(1_000_000)
        self.pages = Pages(self.store, self.producer, cache, Metrics(), lambda: self.now)

    def build_producer(self, release: Release) -> Producer:
        metrics = Metrics()
        documents = DocumentCache(metrics, None)
        return Producer(PUBLIC, self.store, release, documents, metrics, lambda: self.now)

    def change(self, what: str, number: int, version: int) -> None:
        """One of the things that happen to a site."""
        if what == "time":
            self.now += 60 * (version % 3)
        elif what == "release":
            self.theme = version % len(themes())
            self.producer.swap(fresh_release(self.theme))
        elif what == "remove":
            if f"post:{number}" in self.store.kept:
                self.store.remove(f"post:{number}")
        elif what == "broken":
            self.store.put(f"post:{number}", build_post(number, version), b"{")
        else:
            self.store.put(*self._build(what, number, version))

    def _build(self, what: str, number: int, version: int) -> tuple[str, dict[str, Any]]:
        name = ("News", "World")[number % 2]
        links = [entry(n, f"E{n} v{version}", f"/post-{n}/") for n in range(1, 2 + number % 4)]
        at = self.now + 100 * (version % 3 - 1)
        documents = {
            "post": build_post(number, version),
            "schedule": {**build_post(number, version), **post(number, at=at)},
            "user": user(1 + number % 3, "Ann", description=f"v{version}"),
            "term": term(1 + number % 2, name),
            "rename": {**term(1 + number % 2, name), "name": f"N{version}"},
            "picture": media(50 + number % 3, alt_text=f"v{version}"),
            "menu": menu(entry(9, name, f"/category/{name.lower()}/"), *links),
            "site": site(**SETTINGS, name=f"v{version}", date_format="Y-m-d"),
        }
        document = documents[what]
        return (what if what == "site" else reference(document)), document


async def produce(producer: Producer, path: str) -> Any:
    """What can be told of a page."""
    if path == "!404":
        made: CachedPage | Missing = await producer.produce_error(404)
    else:
        route = decide_route(path, "", producer.site.zone)
        assert not isinstance(route, Refusal)
        made = await producer.produce(route, partial=False)
    if isinstance(made, Missing):
        return made
    page = msgspec.structs.asdict(made.page)
    return {**page, "body": page["body"].decode(), "rev": made.rev, "gzip": made.variants.gzip}


KINDS = "post schedule remove user term rename picture menu site release time".split()
change = st.tuples(st.sampled_from(KINDS), st.sampled_from(POSTS), st.integers(0, 9))
look = st.just(("look", 0, 0))
asked = st.tuples(st.just("ask"), st.sampled_from((*PATHS, "!404")), st.just(0))


@settings(max_examples=60, deadline=None)
@given(st.lists(change | look | asked | asked, max_size=25))
def test_a_page_of_what_is_remembered_is_the_page_made_of_nothing(
    happened: list[tuple[str, Any, int]],
) -> None:
    """Edits, menus, names, pictures, schedules, releases; told by the follower already, or not."""

    async def run() -> None:
        world = World()
        await world.pages.follower.look()
        steps = [("ask", path, 0) for path in PATHS[:4]] + happened
        for what, which, version in [*steps, ("look", 0, 0), *(("ask", p, 0) for p in PATHS)]:
            if what == "look":
                await world.pages.follower.look()
            elif what == "ask":
                fresh = world.build_producer(fresh_release(world.theme))
                await fresh.learn_site()
                assert await produce(world.producer, which) == await produce(fresh, which)
            else:
                world.change(what, which, version)

    asyncio.run(run())


async def test_a_list_that_is_known_takes_one_call_without_documents() -> None:
    """And so does the next one, as long as nothing happens; an edit costs one whole answer."""
    world = World()
    await world.pages.follower.look()
    answers = []
    inner = world.store.fetch_page

    async def fetch_page(*args: Any) -> Any:
        answers.append(await inner(*args))
        return answers[-1]

    world.store.fetch_page = fetch_page  # type: ignore[method-assign]

    async def ask(path: str) -> list[bool]:
        answers.clear()
        await produce(world.producer, path)
        return [found.outline for found in answers]

    assert await ask("/page/2/") == [True, False]  # nothing was known
    assert await ask("/page/2/") == [False]
    assert await ask("/page/2/") == [True]
    assert await ask("/category/news/") == [True, False]
    assert await ask("/category/news/") == [False]
    assert await ask("/category/news/") == [True]
    world.change("post", 5, 2)
    assert await ask("/page/2/") == [False]  # the store is past what the follower told
    await world.pages.follower.look()
    await ask("/page/2/")
    await ask("/page/2/")
    assert await ask("/page/2/") == [True]
    assert await ask("/post-1/") == [False]


async def test_front_page_with_rows_is_a_list_like_others() -> None:
    """What its rows show comes from what is known, too."""
    world = World()
    await world.pages.follower.look()
    answers = []
    inner = world.store.fetch_page

    async def fetch_page(*args: Any) -> Any:
        answers.append(await inner(*args))
        return answers[-1]

    world.store.fetch_page = fetch_page  # type: ignore[method-assign]
    text = ""
    for _ in range(3):
        answers.clear()
        text = (await produce(world.producer, "/"))["body"]
    assert [found.outline for found in answers] == [True]
    assert [row.term for row in answers[0].rows] == ["term:1", "term:2"]
    assert {r.ref for r in answers[0].records} == {"term:1", "term:2"}
    assert ">World<" in text
    assert len({ref for row in answers[0].rows for ref in row.refs}) > 3


@pytest.mark.parametrize("lose", ["epoch", "flush"])
async def test_what_is_known_of_another_store_is_worth_nothing(lose: str) -> None:
    """Its revisions may be the same, and its documents are not."""
    world = World()
    await world.pages.follower.look()
    for _ in range(3):
        await produce(world.producer, "/page/2/")
    assert len(world.producer.reading.shelf)
    if lose == "flush":
        world.store.flush()
    for number in POSTS:
        world.store.kept.pop(f"post:{number}", None)
        world.store.put(f"post:{number}", build_post(number, 8))
    world.store.rev = world.producer.reading.shelf.held_rev
    world.store.epoch = "2.2"
    world.store.ready = True
    world.store.put("site", site(**SETTINGS))
    world.store.rev = world.producer.reading.shelf.held_rev
    fresh = world.build_producer(fresh_release(0))
    await fresh.learn_site()
    ours, theirs = [await produce(p, "/page/2/") for p in (world.producer, fresh)]
    assert ours["body"] == theirs["body"]


async def test_a_theme_that_shows_whole_posts_in_lists_gets_them() -> None:
    """It is found out with its first list, and once."""
    world = World()
    await world.pages.follower.look()
    assert "Body 4" not in (await produce(world.producer, "/page/2/"))["body"]
    world.change("release", 1, 2)
    before = world.store.reads
    assert "Body 4" in (await produce(world.producer, "/page/2/"))["body"]
    assert world.store.reads - before <= 3
    before = world.store.reads
    assert "Body 4" in (await produce(world.producer, "/page/2/"))["body"]
    assert world.store.reads - before == 1


async def test_of_a_post_that_became_unreadable_lists_show_the_last_copy() -> None:
    """As other pages do, until it can be read again; one that never could be is left out."""
    world = World()
    await world.pages.follower.look()
    for _ in range(3):
        await produce(world.producer, "/page/2/")
    for version in (2, 3):
        world.change("broken", 5, version)
        await world.pages.follower.look()
        for _ in range(2):
            text = (await produce(world.producer, "/page/2/"))["body"]
            assert "Post 5 v0" in text
    never = world.build_producer(fresh_release(0))
    assert "Post 5" not in (await produce(never, "/page/2/"))["body"]
    world.change("post", 5, 6)
    await world.pages.follower.look()
    for _ in range(3):
        assert "Post 5 v3" in (await produce(world.producer, "/page/2/"))["body"]
