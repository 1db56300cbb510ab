"""What pages say of themselves to search engines and link previews."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sos.content.search_head import Head
from sos.page.model import Image, PageModel
from sos.page.seo import choose_size, decide_robots, open_graph_locale

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
    term,
    user,
)
from tests.page.fake_store import FakeStore
from tests.page.samples import SAMPLES

YOAST: dict[str, Any] = {
    "title": "Tide tables – The Example",
    "description": "When the water comes.",
    "robots": {
        "index": "index",
        "follow": "follow",
        "max-snippet": "max-snippet:-1",
        "max-image-preview": "max-image-preview:large",
        "max-video-preview": "max-video-preview:-1",
    },
    "canonical": f"{ADMIN}/post-5/",
    "og_locale": "en_US",
    "og_type": "article",
    "og_title": "Tides, shared",
    "og_description": "Shared words",
    "og_url": f"{ADMIN}/post-5/",
    "og_site_name": "The Example",
    "og_image": [
        {
            "width": 1200,
            "height": 630,
            "url": f"{ADMIN}/wp-content/uploads/shared.png",
            "type": "image/png",
        }
    ],
    "author": "Jo",
    "twitter_card": "summary_large_image",
    "twitter_site": "@example",
    "twitter_image": f"{ADMIN}/wp-content/uploads/x.png",
    "schema": {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": ["Article", "BlogPosting"]},
            {"@type": "Organization", "sameAs": ["https://social.example/@tides", f"{ADMIN}/"]},
        ],
    },
}


async def model(store: FakeStore, path: str, query: str = "") -> PageModel:
    built = await build_at(store, path, query)
    assert built is not None, f"nothing at {path}"
    return built.page


# ---------------------------------------------------------------- addresses and robots


@pytest.mark.parametrize(
    "path", ["/", "/page/2/", "/post-5/", "/category/news/", "/category/news/page/2/"]
)
async def test_canonical_addresses_are_absolute_and_the_page_s_own(path: str) -> None:
    """Also that of a further page of a list, whose posts are on no other page."""
    store = make_store(
        *(post(n, categories=[7]) for n in range(1, 16)), term(7, "News"), site=site()
    )
    assert (await model(store, path)).canonical == PUBLIC + path


@pytest.mark.parametrize(
    ("said", "robots"),
    [
        ("", "max-image-preview:large"),
        ("index, follow", "index, follow, max-image-preview:large"),
        ("noindex, follow", "noindex, follow"),
        ("none", "none"),
        ("max-image-preview:none", "max-image-preview:none"),
    ],
)
def test_robots_are_told_what_wordpress_tells_them(said: str, robots: str) -> None:
    """Large pictures are welcome where the page is to be found, and nobody said otherwise."""
    assert decide_robots(said, indexable=True) == robots
    assert decide_robots(said, indexable=False) == "noindex, nofollow"


@pytest.mark.parametrize(
    ("wanted", "robots"), [(1, "max-image-preview:large"), (0, "noindex, follow")]
)
async def test_pages_of_attachments_are_found_where_a_site_wants_them(
    wanted: int, robots: str
) -> None:
    """WordPress 6.4 made them an option, which is off on new sites."""
    settings = site(sos={"settings": {"wp_attachment_pages_enabled": wanted}})
    store = make_store(media(9), post(5), site=settings)
    assert (await model(store, "/picture-9/")).robots == robots
    assert (await model(store, "/post-5/")).robots == "max-image-preview:large"


# ---------------------------------------------------------------- link previews


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("en-GB", "en_GB"),
        ("de", "de_DE"),
        ("en", "en_US"),
        ("ar", "ar_AR"),
        ("pt-br", "pt_BR"),
        ("zh-Hans", "zh_CN"),
        ("es-419", "es_ES"),
    ],
)
def test_languages_are_written_as_open_graph_writes_them(language: str, locale: str) -> None:
    """With a country, which most languages of WordPress have."""
    assert open_graph_locale(language) == locale


def test_previews_of_every_kind_have_a_title_and_a_type() -> None:
    """An error page has none at all."""
    types = {}
    for name, sample in SAMPLES.items():
        assert (sample.sharing is None) == (sample.status != 200), name
        if sample.sharing:
            assert sample.sharing.title
            types[sample.kind] = sample.sharing.type
    assert types.pop("single") == "article"
    assert types.pop("author") == "profile"
    assert set(types.values()) == {"website"}


async def test_a_picture_for_previews_is_large_enough_and_no_larger() -> None:
    """The featured one in the smallest size of at least 1200 pixels."""
    big = Image(
        url="/full.jpg",
        width=6000,
        height=4000,
        srcset="/a.jpg 300w, /b.jpg 1536w, /c.jpg 2048w, /full.jpg 6000w",
    )
    chosen = choose_size(big)
    assert (chosen.url, chosen.width, chosen.height) == ("/b.jpg", 1536, 1024)
    odd = Image(url="/full.jpg", width=200_000, height=100, srcset="x" * 200_000 + " 200000w, w, ")
    assert choose_size(odd).url == "/full.jpg"
    small = Image(url="/full.jpg", width=900, height=600, srcset="/a.jpg 300w, /full.jpg 900w")
    assert choose_size(small) is small


async def test_the_first_picture_of_the_text_stands_in_for_a_featured_one() -> None:
    """If it is known to be large enough; icons are none. The logo stands in for that."""
    text = (
        f'<p><img src="{ADMIN}/icon.png" width="16" height="16" alt=""></p>'
        f'<p><img src="{ADMIN}/a.jpg?x=1&amp;y=2" width="800" height="600" alt="A &amp; B"></p>'
    )
    store = make_store(
        post(5, content={"rendered": text}), post(6), media(9), site=site(site_logo=9)
    )
    sharing = (await model(store, "/post-5/")).sharing
    assert sharing
    assert sharing.image
    assert (sharing.image.url, sharing.image.alt) == (f"{PUBLIC}/a.jpg?x=1&y=2", "A & B")
    assert sharing.card == "summary_large_image"


async def test_a_drawing_is_no_picture_for_previews() -> None:
    """No network shows an SVG; the text's first picture does better."""
    text = '<p><img src="/a.jpg" width="800" height="600" alt=""></p>'
    drawing = media(9, mime_type="image/svg+xml")
    store = make_store(post(5, featured_media=9, content={"rendered": text}), drawing)
    p = await model(store, "/post-5/")
    assert p.sharing
    assert p.sharing.image
    assert p.sharing.image.url == "/a.jpg"


async def test_a_picture_of_another_host_keeps_its_host() -> None:
    """A link without a scheme gets one, and one to nowhere is none."""
    text = (
        '<p><img src="a.jpg" width="800" height="600" alt=""></p>'
        '<p><img src="//media.example/b.jpg" width="800" height="600" alt=""></p>'
    )
    p = await model(make_store(post(5, content={"rendered": text})), "/post-5/")
    assert p.sharing
    assert p.sharing.image
    assert p.sharing.image.url == "https://media.example/b.jpg"
    assert "https://media.example/b.jpg" in p.json_ld


async def test_terms_of_a_post_are_section_and_tags() -> None:
    """As Open Graph has them for articles."""
    store = make_store(
        post(5, categories=[7], tags=[8], author=3),
        term(7, "News"),
        term(8, "Boats", "post_tag"),
        user(3, "Jo"),
    )
    sharing = (await model(store, "/post-5/")).sharing
    assert sharing
    assert (sharing.section, sharing.tags, sharing.card) == ("News", ("Boats",), "summary")


# ---------------------------------------------------------------- plugins


async def test_yoast_is_heard_on_a_post() -> None:
    """Everything that it says, on the public host."""
    p = await model(make_store(post(5, yoast_head_json=YOAST)), "/post-5/")
    assert (p.title, p.description) == ("Tide tables – The Example", "When the water comes.")
    assert p.canonical == f"{PUBLIC}/post-5/"
    assert p.robots == (
        "index, follow, max-snippet:-1, max-image-preview:large, max-video-preview:-1"
    )
    sharing = p.sharing
    assert sharing
    assert sharing.image
    assert (sharing.title, sharing.description) == ("Tides, shared", "Shared words")
    assert (sharing.image.url, sharing.image.width, sharing.image.height) == (
        f"{PUBLIC}/wp-content/uploads/shared.png",
        1200,
        630,
    )
    assert sharing.twitter_image == f"{PUBLIC}/wp-content/uploads/x.png"
    assert (sharing.card, sharing.twitter_site) == ("summary_large_image", "@example")
    graph = {node["@type"]: node for node in json.loads(p.json_ld)["@graph"]}
    assert graph["BlogPosting"]["headline"] == "Post 5"
    assert graph["Organization"]["sameAs"] == ["https://social.example/@tides"]
    assert "cms.example.org" not in repr(p)


async def test_what_is_said_of_the_first_page_is_not_said_of_the_second() -> None:
    """Else every page of a list would be the same to a search engine."""
    head = {"title": "All the news", "description": "D", "canonical": f"{ADMIN}/category/news/"}
    news = term(7, "News", yoast_head_json={**head, "robots": {"index": "noindex"}})
    store = make_store(*(post(n, categories=[7]) for n in range(1, 16)), news)
    first = await model(store, "/category/news/")
    second = await model(store, "/category/news/page/2/")
    assert (first.title, first.description, first.robots) == ("All the news", "D", "noindex")
    assert second.title == "News – Page 2 – The Example"
    assert second.canonical == f"{PUBLIC}/category/news/page/2/"
    assert second.robots == "noindex"


async def test_plugins_are_heard_on_authors_and_types() -> None:
    """The posts index, which no document stands for, is told of by the type `post`."""
    types = {
        "post": {"name": "Posts", "yoast_head_json": {"title": "The harbour's own paper"}},
        "book": {"name": "Books", "sos": {"archive_path": "/books/"},
                 "yoast_head_json": {"title": "All books"}},
    }  # fmt: skip
    store = make_store(
        post(5, author=3),
        post(6, type="book"),
        {**user(3, "Jo"), "yoast_head_json": {"title": "Jo, who writes"}},
        types=types,
    )
    assert (await model(store, "/")).title == "The harbour's own paper"
    assert (await model(store, "/books/")).title == "All books"
    assert (await model(store, "/author/jo/")).title == "Jo, who writes"


async def test_of_a_protected_post_plugins_tell_no_more_than_its_title() -> None:
    """Descriptions and pictures may tell what the password keeps."""
    p = await model(make_store(protected(post(5, yoast_head_json=YOAST))), "/post-5/")
    assert p.description == ""
    assert p.sharing
    assert (p.sharing.description, p.sharing.image, p.sharing.twitter_image) == ("", None, "")
    assert p.sharing.title == "Post 5"


@pytest.mark.parametrize(
    ("canonical", "expected"),
    [
        (f"{ADMIN}/elsewhere/", f"{PUBLIC}/elsewhere/"),
        ("//cms.example.org/elsewhere/", f"{PUBLIC}/elsewhere/"),
        ("https://original.example/story/", "https://original.example/story/"),
        ("javascript:alert(1)", ""),
        ("mailto:a@example.org", ""),
        ("relative/path", ""),
        ("#top", ""),
        ("https://user:secret@original.example/", ""),
        ("https://[", ""),
        ("x" * 1_000_000, ""),
        (["https://original.example/"], ""),
        (7, ""),
    ],
)
async def test_a_canonical_address_is_one_or_the_page_s_own(canonical: Any, expected: str) -> None:
    """Another site's is for editors to choose; what is no address is not believed."""
    store = make_store(post(5, yoast_head_json={"canonical": canonical}))
    assert (await model(store, "/post-5/")).canonical == (expected or f"{PUBLIC}/post-5/")


async def test_a_front_page_may_be_shared_as_an_editor_wants() -> None:
    """The static one, too."""
    store = make_store(
        page(1, "welcome", yoast_head_json={"og_title": "Come in", "title": "Welcome!"}),
        site=site(show_on_front="page", page_on_front=1),
    )
    p = await model(store, "/")
    assert p.sharing
    assert (p.title, p.sharing.title, p.canonical) == ("Welcome!", "Come in", f"{PUBLIC}/")


def test_a_head_has_only_what_is_hashable() -> None:
    """It is part of documents that are compared and remembered."""
    assert hash(Head(profiles=("https://social.example/@x",)))
