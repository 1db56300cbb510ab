"""Rows of topics on the front page: of which menu, with which posts, and made of what."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from sos.cache.keys import MAX_KEYS, surrogate_keys
from sos.content.store import Topics
from sos.page.build import with_excerpts
from sos.page.frame import BuiltPage
from sos.page.model import UNREAD, MenuItem, Row
from sos.page.site import MAX_TOPIC_PATHS, build_site, decide_topics

from tests.page.documents import (
    ADMIN,
    PUBLIC,
    build_at,
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

FEW = site(sos={"settings": {"posts_per_page": 2}})

Json = dict[str, Any]


def link(number: int, name: str, parent: int = 0, taxonomy: str = "category") -> Json:
    """A menu entry that leads to the archive of a term."""
    return entry(number, name, f"{ADMIN}/{taxonomy}/{name.lower()}/", parent)


NEWS, TOWN, SEA = term(5, "News"), term(6, "Town"), term(7, "Sea")


def town(*menus: Json, **common: Json) -> FakeStore:
    """Two posts on the front page, the newest, and some in each of three categories."""
    documents = [post(n, categories=[5 + n % 3]) for n in range(1, 13)]
    common = {"site": FEW, **common}
    return make_store(NEWS, TOWN, SEA, *documents, *menus, **common)


async def front(store: FakeStore, path: str = "/") -> BuiltPage:
    """The page at a path."""
    built = await build_at(store, path)
    assert built is not None
    return built


async def rows(store: FakeStore, path: str = "/") -> list[tuple[str, list[int]]]:
    """Names of the rows of a page, with the ids of their posts."""
    return [
        (str(r.term.name), [p.id for p in r.posts]) for r in (await front(store, path)).page.rows
    ]


async def test_front_page_has_a_row_for_each_category_of_the_menu() -> None:
    """In the menu's order, but those nearer to its top first; newest posts first."""
    below = entry(2, "Topics", "#"), link(3, "Sea", parent=2), link(4, "News", parent=3)
    store = town(menu(entry(1, "About", f"{ADMIN}/about/"), *below, link(9, "Town")))
    built = await front(store)
    assert [p.id for p in built.page.posts] == [12, 11]
    assert await rows(store) == [
        ("Town", [10, 7, 4, 1]),
        ("Sea", [11, 8, 5, 2]),
        ("News", [12, 9, 6, 3]),
    ]
    assert built.page.rows[1].term.url == "/category/sea/"


async def test_row_has_what_the_page_has_not_shown_or_else_is_filled_up() -> None:
    """The newest first all the same; four at most."""
    posts = [post(n, categories=[5]) for n in range(1, 9)]
    store = make_store(*posts, NEWS, menu(link(1, "News")), site=FEW)
    assert await rows(store) == [("News", [6, 5, 4, 3])]
    for gone, left in ((1, [6, 5, 4, 3]), (2, [6, 5, 4, 3]), (3, [8, 6, 5, 4])):
        store.remove(f"post:{gone}")
        assert await rows(store) == [("News", left)]
    store.put("post:4", post(4, categories=[5], sticky=True))
    assert await rows(store) == [("News", [8, 7, 6, 5])]


async def test_post_of_two_topics_stands_in_one_row() -> None:
    """As long as the other has enough without it."""
    documents = [post(n, categories=[5, 6]) for n in range(1, 11)]
    store = make_store(*documents, NEWS, TOWN, menu(link(1, "News"), link(2, "Town")), site=FEW)
    assert await rows(store) == [("News", [8, 7, 6, 5]), ("Town", [4, 3, 2, 1])]


async def test_menu_for_topics_goes_before_the_primary_one() -> None:
    """It may name terms of any taxonomy; from the primary menu come categories alone."""
    tags = term(8, "Tides", "post_tag"), post(13, tags=[8])
    primary = menu(link(1, "News"), link(2, "Tides", taxonomy="post_tag"))
    assert [name for name, _ in await rows(town(primary, *tags))] == ["News"]
    topics = menu(
        link(3, "Tides", taxonomy="post_tag"), link(4, "Sea"), locations=("topics",), number=2
    )
    assert [name for name, _ in await rows(town(primary, topics, *tags))] == ["Tides", "Sea"]


async def test_menu_for_topics_without_any_switches_rows_off() -> None:
    """It is the editor's choice, be it none."""
    topics = menu(entry(3, "About", f"{ADMIN}/about/"), locations=("topics",), number=2)
    assert await rows(town(menu(link(1, "News")), topics)) == []


async def test_topic_without_posts_has_no_row_and_takes_no_place() -> None:
    """Four rows at most, of those that have posts."""
    names = ["One", "Two", "Three", "Four", "Five", "Six"]
    terms = [term(20 + n, name) for n, name in enumerate(names)]
    posts = [post(n, categories=[20 + n]) for n in range(1, 6)]
    store = make_store(*terms, *posts, menu(*(link(n, x) for n, x in enumerate(names, 1))))
    assert [name for name, _ in await rows(store)] == names[1:5]


async def test_first_page_of_the_front_page_alone_has_rows() -> None:
    """Neither further pages, nor archives, nor a posts page elsewhere, nor feeds."""
    store = town(menu(link(1, "News")))
    for path in ("/page/2/", "/category/news/", "/post-1/", "/feed/"):
        assert await rows(store, path) == [], path
        assert "list:term:6" not in (await front(store, path)).depends
    static = site(show_on_front="page", page_on_front=30, page_for_posts=31)
    pages = page(30, "welcome"), page(31, "blog")
    store = make_store(*pages, post(1, categories=[5]), NEWS, menu(link(1, "News")), site=static)
    assert await rows(store, "/blog/") == []


async def test_static_front_page_has_rows_too() -> None:
    """It shows no posts of its own: a row may begin with the newest."""
    static = site(show_on_front="page", page_on_front=30)
    store = town(page(30, "welcome"), menu(link(1, "News")), site=static)
    assert await rows(store) == [("News", [12, 9, 6, 3])]
    assert (await front(store)).page.kind == "front"


async def test_row_without_a_readable_term_or_post_is_left_out() -> None:
    """One broken document costs what it shows, not the page."""
    store = town(menu(link(1, "News"), link(2, "Town"), link(3, "Sea")))
    store.put("term:5", NEWS, b"{")
    for number in (10, 7, 4, 1):
        store.put(f"post:{number}", post(number, categories=[6]), b"[]")
    store.put("post:8", post(8, categories=[7]), b"[]")
    assert await rows(store) == [("Sea", [11, 5, 2])]


async def test_front_page_is_made_of_the_lists_it_has_rows_of() -> None:
    """Of those without posts, too: their first one makes a row."""
    store = town(menu(link(1, "News"), link(2, "Void")), term(9, "Void"))
    built = await front(store)
    assert built.depends[:3] == ("front", "list:type:post", "list:type:sos_callout")
    wanted = {"list:term:5", "term:5", "list:term:9", "term:9", "post:9", "menus", "site"}
    assert wanted <= set(built.depends)
    assert len(set(built.depends)) == len(built.depends)
    assert "list:term:6" not in built.depends


async def test_what_rows_show_is_among_what_an_edge_is_told() -> None:
    """Lists and posts come first, however much else is on the page; pictures as far as they go."""
    terms = [term(n, f"Topic {n}") for n in range(50, 54)]
    posts = [
        post(
            n,
            categories=[50 + n % 4, *range(1000 + n * 9, 1009 + n * 9)],
            author=3,
            featured_media=500 + n,
        )
        for n in range(1, 41)
    ]
    links = [entry(n, f"T{n}", f"{ADMIN}/category/topic-{n}/") for n in range(50, 54)]
    pictures = [media(500 + n) for n in range(1, 41)]
    store = make_store(*terms, *posts, *pictures, user(3, "Desk"), menu(*links))
    built = await front(store)
    assert [len(r.posts) for r in built.page.rows] == [4, 4, 4, 4]
    keys = surrogate_keys(built.depends, "r1")
    assert len(keys) == MAX_KEYS
    assert {f"list-term-{n}" for n in range(50, 54)} <= set(keys)
    shown = [*built.page.posts, *(p for r in built.page.rows for p in r.posts)]
    assert {f"post-{p.id}" for p in shown} <= set(keys)
    assert {"front", "home", "site", "menus"} <= set(keys)
    everything = {f"post:{p.image.url and 500 + p.id}" for p in shown if p.image}
    assert everything <= set(built.depends)


@pytest.mark.parametrize(
    ("urls", "paths"),
    [
        ([], None),
        (["/", "#", "", "https://elsewhere.example/news/", "//cdn.example/"], None),
        (["/?cat=5", "/a b/", "/%2e%2e/"], None),
        (["/news/", "/news/#top", "/caf%C3%A9/", "/a%2Db"], ("/news/", "/caf%c3%a9/", "/a-b")),
        ([f"/{n}/" for n in range(200)], tuple(f"/{n}/" for n in range(MAX_TOPIC_PATHS))),
    ],
)
def test_only_addresses_of_this_site_are_asked_for(urls: list[str], paths: Any) -> None:
    """Once each, in the one spelling that the store has, and not without end."""
    items = tuple(MenuItem(title="x", url=url) for url in urls)  # type: ignore[arg-type]
    topics = decide_topics({"primary": items})
    assert (topics.paths if topics else None) == paths
    if topics:
        assert topics == Topics(topics.paths, "category", 4, 4)


def test_site_that_is_not_known_has_no_topics() -> None:
    """Nothing is asked for before a menu was seen."""
    assert build_site(PUBLIC)[0].topics is None


async def test_what_templates_are_tried_on_has_no_unread_bodies() -> None:
    """An excerpt stands in for each; what was read stays."""
    built = await front(town(menu(link(1, "News"))))
    page = built.page
    unread = {"content": UNREAD}
    bare = replace(
        page,
        posts=(replace(page.posts[0], **unread), *page.posts[1:]),
        rows=tuple(
            Row(term=r.term, posts=tuple(replace(p, **unread) for p in r.posts)) for r in page.rows
        ),
    )
    filled = with_excerpts(BuiltPage(bare, built.depends)).page
    assert filled.posts[0].content == page.posts[0].excerpt
    assert filled.posts[1] is page.posts[1]
    assert [p.content for r in filled.rows for p in r.posts] == [
        p.excerpt for r in page.rows for p in r.posts
    ]
