"""Callouts on the front page: which are shown, what of them, and when the page is made again."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sos.content.post import parse_post
from sos.page.callouts import build_callout, with_callout
from sos.page.cards import Library
from sos.page.feed import build_feed
from sos.page.frame import BuiltPage
from sos.page.model import Callout
from sos.page.site import build_site
from sos.page.sitemap import build_sitemap_index
from sos.render import render_page

from tests.page.documents import (
    ADMIN,
    PUBLIC,
    build_at,
    make_store,
    media,
    page,
    post,
    protected,
    site,
)
from tests.page.fake_store import FakeStore
from tests.release.theme import theme

LIST = "list:type:sos_callout"


def callout(
    number: int, placement: str = "banner", priority: int = 0, css: str = "", **changes: Any
) -> dict[str, Any]:
    """A callout; the higher the number, the newer."""
    terms = {"placement": placement, "priority": priority}
    return post(number, type="sos_callout", sos={"callout": terms, "css": css}, **changes)


async def build(store: FakeStore, path: str = "/") -> BuiltPage:
    """The page at a path."""
    built = await build_at(store, path)
    assert built is not None
    return built


async def shown(*documents: dict[str, Any], **common: Any) -> list[tuple[str, int]]:
    """Placements and ids of what the front page shows."""
    built = await build(make_store(post(1), *documents, **common))
    return [(c.placement, c.id) for c in built.page.callouts]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ((), []),
        ((callout(70), callout(71)), [("banner", 71)]),
        ((callout(70, priority=5), callout(71)), [("banner", 70)]),
        (
            (callout(70), callout(71, "takeover"), callout(72, "takeover", priority=1)),
            [("takeover", 72), ("banner", 70)],
        ),
        ((callout(70), protected(callout(71, priority=9))), [("banner", 70)]),
        ((callout(70), callout(71, title="", content="", priority=9)), [("banner", 70)]),
        ((callout(70, status="future", at=2_100_000_000.0),), []),
    ],
)
async def test_one_of_each_placement_is_shown(documents: Any, expected: Any) -> None:
    """The highest priority, then the newest; nothing that is empty, protected or still to come."""
    assert await shown(*documents) == expected


async def test_static_front_page_shows_them_too() -> None:
    """Whatever the front page is, it is where everybody comes by."""
    static = site(show_on_front="page", page_on_front=30)
    documents = (page(30, "welcome"), callout(70, "takeover"))
    assert await shown(*documents, site=static) == [("takeover", 70)]


async def test_front_page_is_made_of_every_callout_that_may_be_shown() -> None:
    """One that is not shown may be as soon as another changes, and its picture with it."""
    store = make_store(post(1), callout(70, priority=9), callout(71, featured_media=90), media(90))
    built = await build(store)
    assert {"front", LIST, "post:70", "post:71", "post:90"} <= set(built.depends)
    assert built.depends[:4] == ("front", "list:type:post", LIST, "post:70")
    assert len(set(built.depends)) == len(built.depends)
    # Without any, too: the first one has to be noticed.
    assert LIST in (await build(make_store())).depends
    static = site(show_on_front="page", page_on_front=30)
    assert LIST in (await build(make_store(page(30, "welcome"), site=static))).depends


async def test_no_other_page_depends_on_them() -> None:
    """A callout costs one page, not a site."""
    store = make_store(
        *(post(n) for n in range(1, 5)),
        callout(70),
        page(30, "about"),
        site=site(sos={"settings": {"posts_per_page": 2}}),
    )
    for path in ("/page/2/", "/post-1/", "/about/", "/feed/"):
        built = await build(store, path)
        assert built.page.callouts == ()
        assert not {LIST, "post:70"} & set(built.depends), path


async def test_neither_feeds_nor_sitemaps_have_them() -> None:
    """Who reads along or indexes the site finds what has an address."""
    store = make_store(post(1), callout(70))
    built = await build(store, "/feed/")
    feed = build_feed(built.page, "rss", "/feed/", excerpts=False)
    assert b"Body of 1" in feed.body
    assert b"Body of 70" not in feed.body
    sizes = await store.fetch_sizes()
    assert sizes["type:sos_callout"] == 1
    index = build_sitemap_index(library_of().site, sizes)
    assert "posts-post-1" in index
    assert "callout" not in index


def library_of(*documents: dict[str, Any]) -> Library:
    """A library of these documents alone."""
    posts = {f"post:{d['id']}": parse_post(json.dumps(d).encode()) for d in documents}
    return Library(build_site(PUBLIC)[0], dict(posts), {})


async def test_hostile_callout_is_sanitised_like_any_content() -> None:
    """It stands before all else: nothing in it may run, nor leave its element."""
    bad = callout(
        70,
        "takeover",
        title={"rendered": "<b>Hi</b><script>alert(1)</script>"},
        content={"rendered": "<p onclick=x>Text</p><script>alert(2)</script></div></section>"},
        css="</style><script>alert(3)</script>",
        featured_media=90,
    )
    built = await build(make_store(bad, media(90)))
    (found,) = built.page.callouts
    assert found.css == ""
    assert found.image
    assert "<script" not in found.title + found.content
    html = render_page(built, theme()).body.decode()
    assert "alert(3)" not in html
    assert (
        re.findall(r"<script(?! src=\"/_assets/)(?! type=\"application/ld)(?!>\ntry)", html) == []
    )
    assert "onclick" not in html
    assert html.count("<section") == html.count("</section>") == 1


async def test_links_within_lead_to_the_public_site() -> None:
    """As in any content."""
    body = {"rendered": f'<p><a href="{ADMIN}/post-1/">On</a></p>'}
    built = await build(make_store(post(1), callout(70, content=body)))
    assert ADMIN not in built.page.callouts[0].content


async def test_css_of_a_callout_is_allowed_by_the_policy() -> None:
    """Else its columns would fall apart, in browsers alone."""
    store = make_store(callout(70, css=".wp-container-70{gap:1em}"))
    rendered = render_page(await build(store), theme())
    assert b"<style>.wp-container-70{gap:1em}</style>" in rendered.body
    plain = render_page(await build(make_store(callout(70))), theme())
    assert rendered.csp.count("'sha256-") == plain.csp.count("'sha256-") + 1


def test_tag_changes_with_what_is_said_and_with_nothing_else() -> None:
    """A dismissal is forgotten when there is something new to read, and not before."""

    def tag_of(document: dict[str, Any]) -> str:
        library = library_of(document)
        built = build_callout(library, library.post(document["id"]))  # type: ignore[arg-type]
        assert isinstance(built, Callout)
        return built.tag

    base = callout(70)
    same = [callout(70, priority=50), callout(70, at=5.0), callout(70, author=3)]
    assert {tag_of(d) for d in same} == {tag_of(base)}
    others = [
        callout(71, title=base["title"], content=base["content"]),
        callout(70, "takeover"),
        callout(70, title={"rendered": "Other"}),
        callout(70, content={"rendered": "<p>Other</p>"}),
    ]
    tags = {tag_of(d) for d in (base, *others)}
    assert len(tags) == 1 + len(others)
    assert all(len(t) == 12 and t.isalnum() for t in tags)


async def test_previewed_callout_is_the_one_that_is_shown() -> None:
    """Neither its time nor its priority counts; the other placement stays as it is."""
    store = make_store(post(1), callout(70, priority=100), callout(71, "takeover"))
    built = await build(store)
    draft = callout(72, status="draft", title={"rendered": "Draft"})
    again = with_callout(library_of(draft), built, "post:72")
    assert [(c.placement, c.id) for c in again.page.callouts] == [("takeover", 71), ("banner", 72)]
    assert "post:72" in again.depends
    # One that moves to the other placement leaves its own.
    moved = with_callout(library_of(callout(70, "takeover")), built, "post:70")
    assert [(c.placement, c.id) for c in moved.page.callouts] == [("takeover", 70)]
    # What is no callout, or has nothing to say, changes nothing.
    for document in (post(73), callout(73, title="", content="")):
        assert with_callout(library_of(document), built, "post:73") is built
    assert with_callout(library_of(), built, "post:99") is built


async def test_ids_of_a_callout_are_its_own() -> None:
    """An anchor that the page below or another callout has too gets another name, and its links."""
    text = (
        '<h2 id="join">Join</h2><p id="alone">id="join" <a href="#join">there</a> '
        '<a href="#alone">and</a> <a href="/#join">away</a></p>'
        '<p aria-labelledby="join alone" id="dues">x</p>'
    )
    static = site(show_on_front="page", page_on_front=30)
    below = page(30, "welcome", content='<p id="join">Below</p><a href="#join">x</a>')
    store = make_store(
        below,
        callout(70, "takeover", content=text),
        callout(71, content='<p id="dues">x</p>'),
        site=static,
    )
    built = await build(store)
    takeover, banner = built.page.callouts
    assert takeover.content == text.replace(
        '<h2 id="join">', f'<h2 id="sos-callout-{takeover.tag}-join">'
    ).replace('<a href="#join">', f'<a href="#sos-callout-{takeover.tag}-join">').replace(
        '="join alone"', f'="sos-callout-{takeover.tag}-join alone"'
    )
    assert banner.content == f'<p id="sos-callout-{banner.tag}-dues">x</p>'
    html = render_page(built, theme()).body.decode()
    ids = re.findall(r'<[a-z][^<>]* id="([^"]*)"', html)
    assert len(ids) == len(set(ids)), ids
    assert built.page.post
    assert 'href="#join"' in built.page.post.content
