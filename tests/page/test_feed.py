"""RSS and Atom: well-formed whatever is in them, absolute, and stable."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import feedparser
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from sos.page.feed import ATOM, CONTENT, DC, absolute_html, build_feed, find_enclosures
from sos.page.model import PageModel
from sos.page.routes import FeedFormat

from tests.page.documents import (
    ADMIN,
    PUBLIC,
    build_at,
    make_store,
    post,
    protected,
    site,
    term,
    user,
)
from tests.page.samples import SAMPLES

A = f"{{{ATOM}}}"
FORMS: tuple[FeedFormat, ...] = ("rss", "atom")
HOSTILE = "]]><script>&\"'</title>\x00\x0b\x1f\ud800\ufffe\uffff𝒳日é"


async def listed(*documents: dict[str, Any], path: str = "/", **common: Any) -> PageModel:
    built = await build_at(make_store(*documents, **common), path)
    assert built is not None
    return built.page


def parse(
    page: PageModel, form: FeedFormat, path: str = "/feed/", *, excerpts: bool = False
) -> Element:
    return fromstring(build_feed(page, form, path, excerpts=excerpts).body)


def text(element: Element, path: str) -> str:
    found = element.find(path)
    assert found is not None, path
    return found.text or ""


RICH = post(
    5,
    title={"rendered": "Fish &amp; <em>chips</em>"},
    author=3,
    categories=[7],
    content={
        "rendered": f'<p><a href="/x/">x</a> <a href="{ADMIN}/y/">y</a> <img src="/a.jpg" alt="" '
        'srcset="/a.jpg 1x, /b.jpg 2x"> <code>href="/not/a/link"</code></p>'
    },
    date_gmt="2024-05-17T12:00:00",
    modified_gmt="2024-05-18T12:00:00",
)
OTHERS = (user(3, "Jo & Co"), term(7, "News &amp; <b>more</b>"))


async def test_rss_has_what_its_specification_asks_for() -> None:
    """Channel and items with title, link, description, guid, dates by RFC 822."""
    feed = build_feed(await listed(RICH, *OTHERS), "rss", "/feed/", excerpts=False)
    assert feed.content_type == "application/rss+xml; charset=utf-8"
    channel = fromstring(feed.body).find("channel")
    assert channel is not None
    assert (text(channel, "title"), text(channel, "link"), text(channel, "description")) == (
        "The Example",
        f"{PUBLIC}/",
        "All about it",
    )
    own = channel.find(f"{A}link")
    assert own is not None
    assert own.attrib == {
        "href": f"{PUBLIC}/feed/",
        "rel": "self",
        "type": "application/rss+xml",
    }
    assert text(channel, "language") == "en-US"
    item = channel.find("item")
    assert item is not None
    assert text(item, "title") == "Fish & chips"
    assert text(item, "link") == f"{PUBLIC}/post-5/"
    assert text(item, "category") == "News & more"
    assert text(item, f"{{{DC}}}creator") == "Jo & Co"
    assert text(item, "pubDate") == "Fri, 17 May 2024 12:00:00 GMT"
    assert text(channel, "lastBuildDate") == "Sat, 18 May 2024 12:00:00 GMT"
    assert parsedate_to_datetime(text(item, "pubDate")).tzinfo
    guid = item.find("guid")
    assert guid is not None
    assert (guid.text, guid.attrib) == (f"{PUBLIC}/?p=5", {"isPermaLink": "false"})


async def test_atom_has_what_its_rfc_asks_for() -> None:
    """RFC 4287: ids, titles, updated, authors, links with their relations."""
    feed = build_feed(await listed(RICH, *OTHERS), "atom", "/feed/atom/", excerpts=False)
    assert feed.content_type == "application/atom+xml; charset=utf-8"
    root = fromstring(feed.body)
    assert root.tag == f"{A}feed"
    assert (text(root, f"{A}id"), text(root, f"{A}title")) == (f"{PUBLIC}/", "The Example")
    assert text(root, f"{A}updated") == "2024-05-18T12:00:00Z"
    links = {e.attrib["rel"]: e.attrib["href"] for e in root.findall(f"{A}link")}
    assert links == {"self": f"{PUBLIC}/feed/atom/", "alternate": f"{PUBLIC}/"}
    entry = root.find(f"{A}entry")
    assert entry is not None
    assert (text(entry, f"{A}id"), text(entry, f"{A}title")) == (f"{PUBLIC}/?p=5", "Fish & chips")
    assert text(entry, f"{A}author/{A}name") == "Jo & Co"
    published = datetime.fromisoformat(text(entry, f"{A}published"))
    assert published.isoformat() == "2024-05-17T12:00:00+00:00"
    category = entry.find(f"{A}category")
    assert category is not None
    assert category.attrib == {"term": "news-&amp;-<b>more</b>", "label": "News & more"}


@pytest.mark.parametrize("form", FORMS)
async def test_a_feed_is_read_elsewhere(form: FeedFormat) -> None:
    """Links, pictures and their sizes are absolute; text that looks like a link is text."""
    root = parse(await listed(RICH, *OTHERS), form)
    body = text(root, f".//{{{CONTENT}}}encoded" if form == "rss" else f".//{A}content")
    assert f'href="{PUBLIC}/x/"' in body
    assert f'href="{PUBLIC}/y/"' in body
    assert f'src="{PUBLIC}/a.jpg"' in body
    assert f'srcset="{PUBLIC}/a.jpg 1x, {PUBLIC}/b.jpg 2x"' in body
    assert 'href="/not/a/link"' in body
    assert "cms.example.org" not in body


@pytest.mark.parametrize("form", FORMS)
async def test_feeds_of_excerpts_have_no_bodies(form: FeedFormat) -> None:
    """What the site's setting says."""
    page = await listed(RICH, *OTHERS)
    brief = build_feed(page, form, "/feed/", excerpts=True).body
    assert b"Excerpt of 5" in brief
    assert b"/x/" not in brief
    assert b"/x/" in build_feed(page, form, "/feed/", excerpts=False).body


@pytest.mark.parametrize("form", FORMS)
async def test_archives_say_which_feed_it_is(form: FeedFormat) -> None:
    """The main feed has the site's name, that of a category its own."""
    page = await listed(RICH, *OTHERS)
    assert (
        text(parse(page, form), "channel/title" if form == "rss" else f"{A}title") == "The Example"
    )
    page = await listed(post(5, categories=[8]), term(8, "Boats"), path="/category/boats/")
    title = text(parse(page, form), "channel/title" if form == "rss" else f"{A}title")
    assert title == "Boats – The Example"


@pytest.mark.parametrize("form", FORMS)
async def test_an_empty_feed_is_a_feed(form: FeedFormat) -> None:
    """A site without posts; what is required is there."""
    body = build_feed(await listed(), form, "/feed/", excerpts=False).body
    parsed = feedparser.parse(body)
    assert not parsed.bozo
    assert parsed.feed.title == "The Example"
    assert parsed.entries == []


@pytest.mark.parametrize("form", FORMS)
async def test_guids_stay_when_the_address_changes(form: FeedFormat) -> None:
    """A post that moved is not a new one to its readers."""
    path = ".//guid" if form == "rss" else f".//{A}entry/{A}id"
    moved = {
        **RICH,
        "link": f"{ADMIN}/elsewhere/",
        "slug": "elsewhere",
        "title": {"rendered": "New"},
    }
    before, after = await listed(RICH, *OTHERS), await listed(moved, *OTHERS)
    assert text(parse(before, form), path) == text(parse(after, form), path)


@pytest.mark.parametrize("form", FORMS)
async def test_a_protected_post_has_a_title_and_no_text(form: FeedFormat) -> None:
    """It is in the feed as it is in the list."""
    body = build_feed(await listed(protected(post(5))), form, "/feed/", excerpts=False).body
    assert b"Post 5" in body
    assert b"SECRET" not in body
    assert not feedparser.parse(body).bozo


# ---------------------------------------------------------------- hostile text


@pytest.mark.parametrize("form", FORMS)
async def test_feeds_of_hostile_documents_are_well_formed(form: FeedFormat) -> None:
    """Control characters, half surrogates, ends of CDATA and of elements in every field."""
    clean = HOSTILE.replace("\ud800", "")
    page = await listed(
        post(5, title={"rendered": clean}, content={"rendered": clean}, excerpt={"rendered": clean},
             author=3, categories=[7]),
        {**user(3, "x"), "name": clean, "description": clean},
        {**term(7, "x"), "name": clean, "slug": "a%0b%00b", "description": clean},
        site=site(name=clean, description=clean, sos={"language": 'en"<'}),
    )  # fmt: skip
    body = build_feed(page, form, "/feed/", excerpts=False).body
    fromstring(body)
    assert not feedparser.parse(body).bozo
    assert b"<script" not in body


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_any_page_model_makes_a_feed(form: FeedFormat, name: str) -> None:
    """Of every kind, hostile ones among them."""
    body = build_feed(SAMPLES[name], form, "/x/feed/", excerpts=False).body
    fromstring(body)


@given(st.text(st.characters(codec=None), max_size=30), st.text(max_size=30))  # type: ignore[arg-type]
@settings(max_examples=60)
def test_no_text_breaks_the_xml(wild: str, other: str) -> None:
    """In any field of the page model."""
    model = SAMPLES["category"]
    card = msgspec.structs.replace(
        model.posts[0],
        label=Markup.escape(wild),
        content=Markup.escape(other) + Markup(f'<audio src="https://x.test/{other}.mp3"></audio>'),
        excerpt=Markup.escape(wild),
        terms=tuple(msgspec.structs.replace(t, slug=wild, name=Markup.escape(other))
                    for t in model.posts[0].terms),
    )  # fmt: skip
    model = msgspec.structs.replace(
        model, title=wild, description=other, posts=(card,), url=f"/{wild}"
    )
    for form in FORMS:
        fromstring(build_feed(model, form, f"/{wild}/feed/", excerpts=False).body)


# ---------------------------------------------------------------- enclosures


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<audio controls src="https://x.test/a.mp3"></audio>', [("https://x.test/a.mp3", "audio/mpeg")]),
        ('<video src="https://x.test/a.MP4?x=1&amp;y=2"></video>',
         [("https://x.test/a.MP4?x=1&y=2", "video/mp4")]),
        ('<video><source src="https://x.test/a.webm"><source src="https://x.test/a.mp4"></video>',
         [("https://x.test/a.webm", "video/webm"), ("https://x.test/a.mp4", "video/mp4")]),
        ('<p><a class="y" href="https://x.test/a.ogg#t=5">listen</a></p>',
         [("https://x.test/a.ogg#t=5", "audio/ogg")]),
        ('<audio src="https://x.test/a.mp3"></audio><a href="https://x.test/a.mp3">a</a>',
         [("https://x.test/a.mp3", "audio/mpeg")]),
        ('<img src="https://x.test/a.jpg"><a href="https://x.test/a.pdf">pdf</a>', []),
        ('<audio data-src="https://x.test/a.mp3"></audio>', []),
        ('<audio src="javascript:a.mp3">', []),
        ('<a href="https://[x/a.mp3">', [("https://[x/a.mp3", "audio/mpeg")]),
        ("https://x.test/a.mp3", []),
    ],
)  # fmt: skip
def test_audio_and_video_are_enclosures(html: str, expected: list[tuple[str, str]]) -> None:
    """Embedded or linked to; pictures are not, as in WordPress."""
    assert [(e.url, e.type) for e in find_enclosures(html)] == expected


async def test_rss_has_one_enclosure_and_atom_all() -> None:
    """On the public host, with a length even where it is not known."""
    body = f'<figure><audio src="{ADMIN}/a.mp3"></audio></figure><video src="/b.mp4"></video>'
    page = await listed(post(5, content={"rendered": body}, featured_media=9))
    found = parse(page, "rss").findall(".//enclosure")
    assert [e.attrib for e in found] == [
        {"url": f"{PUBLIC}/a.mp3", "type": "audio/mpeg", "length": "0"}
    ]
    links = [e for e in parse(page, "atom").iter(f"{A}link") if e.attrib["rel"] == "enclosure"]
    assert [e.attrib["href"] for e in links] == [f"{PUBLIC}/a.mp3", f"{PUBLIC}/b.mp4"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="/x">', '<a href="https://s/x">'),
        ('<a href="//x/y">', '<a href="//x/y">'),
        ('<a href="#fn1">', '<a href="#fn1">'),
        ('<a data-href="/x">', '<a data-href="/x">'),
        ('<p>href="/x"</p>', '<p>href="/x"</p>'),
        ('<img alt="a > b" src="/x">', '<img alt="a > b" src="https://s/x">'),
        ('<img srcset="/a 1x,/b 2x,https://o/c 3x">', '<img srcset="https://s/a 1x, https://s/b 2x,https://o/c 3x">'),
        ('<video poster="/p.jpg" src="/v.mp4">', '<video poster="https://s/p.jpg" src="https://s/v.mp4">'),
    ],
)  # fmt: skip
def test_rooted_paths_become_absolute(html: str, expected: str) -> None:
    """Within tags only; other hosts and fragments stay."""
    assert absolute_html(html, "https://s") == expected
