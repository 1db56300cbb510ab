"""What plugins for search engines put into REST documents, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.content.search_head import (
    MAX_DESCRIPTION,
    MAX_TITLE,
    NO_HEAD,
    Head,
    HeadImage,
    parse_head,
    sound_url,
)

AIOSEO = {
    "title": "Tides | Example",
    "description": "When the water comes.",
    "canonical_url": "https://cms.example.org/tides/",
    "robots": "noindex, max-image-preview:large",
    "keywords": "",
    "og:locale": "en_US",
    "og:type": "article",
    "og:title": "Tides, shared",
    "og:description": "Shared words",
    "og:image": "https://cms.example.org/shared.png",
    "og:image:width": 1200,
    "og:image:height": "630",
    "twitter:card": "summary",
    "twitter:site": "@example",
    "twitter:title": "On X",
    "twitter:image": "https://cms.example.org/x.png",
    "schema": {"@graph": [{"@type": "NewsArticle"}, {"@type": "Organization"}]},
}


def test_nothing_said_is_nothing_heard() -> None:
    """The same object, which costs nothing."""
    docs: list[dict[str, Any]] = [
        {},
        {"meta": []},
        {"meta": {"footnotes": ""}},
        {"yoast_head_json": None, "aioseo_meta_data": {}},
    ]
    for doc in docs:
        assert parse_head(doc) is NO_HEAD


def test_all_in_one_seo_is_heard() -> None:
    """Its names are those of the tags."""
    assert parse_head({"aioseo_head_json": AIOSEO}) == Head(
        title="Tides | Example",
        description="When the water comes.",
        canonical="https://cms.example.org/tides/",
        robots="noindex, max-image-preview:large",
        og_type="article",
        og_title="Tides, shared",
        og_description="Shared words",
        og_image=HeadImage("https://cms.example.org/shared.png", 1200, 630),
        twitter_card="summary",
        twitter_title="On X",
        twitter_image="https://cms.example.org/x.png",
        twitter_site="@example",
        schema="NewsArticle",
    )


def test_what_was_typed_into_all_in_one_seo_is_heard_without_its_variables() -> None:
    """Only the plugin itself could complete `#post_title`."""
    typed = {
        "title": "#post_title #separator_sa More",
        "description": "Typed words",
        "og_image_custom_url": "https://cms.example.org/typed.png",
        "robots_default": False,
        "robots_noindex": True,
        "robots_nofollow": False,
    }
    assert parse_head({"aioseo_meta_data": typed}) == Head(
        description="Typed words",
        robots="noindex",
        og_image=HeadImage("https://cms.example.org/typed.png"),
    )
    assert parse_head({"aioseo_meta_data": {**typed, "robots_default": True}}).robots == ""


@pytest.mark.parametrize("place", ["meta", ""])
def test_meta_fields_of_plugins_are_heard_where_a_site_shows_them(place: str) -> None:
    """Rank Math shows none by itself; sites register them, in `meta` or beside it."""
    said = {
        "rank_math_title": "%title% %sep% %sitename%",
        "rank_math_description": "Typed words",
        "rank_math_robots": ["noindex", "nofollow"],
        "rank_math_canonical_url": "https://cms.example.org/tides/",
        "rank_math_facebook_title": "Tides, shared",
        "rank_math_facebook_image": "https://cms.example.org/shared.png",
        "rank_math_twitter_title": "On X",
        "rank_math_snippet_article_type": "BlogPosting",
    }
    assert parse_head({place: said} if place else said) == Head(
        description="Typed words",
        robots="noindex, nofollow",
        canonical="https://cms.example.org/tides/",
        og_title="Tides, shared",
        og_image=HeadImage("https://cms.example.org/shared.png"),
        twitter_title="On X",
        schema="BlogPosting",
    )


@pytest.mark.parametrize(
    ("meta", "head"),
    [
        ({"_seopress_robots_index": "yes", "_seopress_titles_title": "T"},
         Head(title="T", robots="noindex")),
        ({"_genesis_noindex": 1, "_genesis_nofollow": "1", "_genesis_title": "T"},
         Head(title="T", robots="noindex, nofollow")),
        ({"_genesis_noindex": 0, "_social_image_url": "https://cms.example.org/a.png"},
         Head(og_image=HeadImage("https://cms.example.org/a.png"))),
        ({"jetpack_seo_html_title": "T", "advanced_seo_description": "D",
          "jetpack_seo_noindex": True}, Head(title="T", description="D", robots="noindex")),
    ],
)  # fmt: skip
def test_other_plugins_are_heard(meta: dict[str, Any], head: Head) -> None:
    """SEOPress, The SEO Framework, Jetpack."""
    assert parse_head({"meta": meta}) == head


def test_the_publisher_plugin_is_heard_first_and_others_complete_it() -> None:
    """It names a picture; Yoast knows how large that is."""
    url = "https://cms.example.org/shared.png"
    doc = {
        "sos": {"head": {"title": "From the publisher", "og_image": url}},
        "yoast_head_json": {
            "title": "From Yoast",
            "description": "D",
            "og_image": [{"url": url, "width": 1200, "height": 630}],
        },
    }
    assert parse_head(doc) == Head(
        title="From the publisher", description="D", og_image=HeadImage(url, 1200, 630)
    )


def test_a_canonical_address_that_is_the_link_says_nothing() -> None:
    """With plain permalinks it would be `/?p=5`, where no page is."""
    link = "https://cms.example.org/?p=5"
    assert parse_head({"link": link, "yoast_head_json": {"canonical": link}}).canonical == ""


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("//example.org/a", "https://example.org/a"),
        ("/a/", "/a/"),
        ("javascript:alert(1)", ""),
        (" java\nscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("mailto:a@example.org", ""),
        ("tel:1", ""),
        ("#a", ""),
        ("a/b", ""),
        ("https://u:p@example.org/", ""),
        ("https://[", ""),
        ("https://", ""),
        ("https://example.org/" + "a" * 5_000, ""),
        (None, ""),
        ({}, ""),
    ],
)
def test_an_address_is_http_or_a_path(value: object, kept: str) -> None:
    """Whatever else comes counts as not said."""
    assert sound_url(value) == kept


def test_texts_are_plain_and_bounded() -> None:
    """Tags go, entities become what they stand for; a text of a megabyte is not looked at."""
    said = {
        "title": "<b>A</b> &amp; B\n</title><script>alert(1)</script>",
        "description": "word " * 1_000,
        "og_title": "x" * 1_000_000,
        "og_description": ["no text"],
    }
    head = parse_head({"yoast_head_json": said})
    assert "<" not in head.title
    assert head.title.startswith("A & B")
    assert len(head.description) <= MAX_DESCRIPTION
    assert head.description.endswith("…")
    assert (head.og_title, head.og_description) == ("", "")
    assert len(parse_head({"yoast_head_json": {"title": "y" * 999}}).title) == MAX_TITLE


@pytest.mark.parametrize(
    ("value", "robots"),
    [
        ("NOINDEX,follow", "noindex, follow"),
        ("max-snippet: 20, noindex", "max-snippet:20, noindex"),
        ("noindex noindex; evil\"><script>", "noindex"),
        (["noindex", 7, None, "noarchive"], "noindex, noarchive"),
        ({"index": "noindex", "x": ["follow"]}, "noindex"),
        ("a:1:{i:0;s:7:\"noindex\";}", ""),
        (True, ""),
        ("x" * 1_000_000, ""),
    ],
)  # fmt: skip
def test_robots_are_known_words(value: object, robots: str) -> None:
    """Each once, in the order in which they were said."""
    assert parse_head({"yoast_head_json": {"robots": value}}).robots == robots


def test_pictures_of_odd_sizes_are_of_none() -> None:
    """Numbers that no picture has would end up in a page."""
    for size in (-1, 0, 10**9, True, 1.5, "1e3", None, [1]):
        said = {"og_image": [{"url": "/a.png", "width": size, "height": size}]}
        assert parse_head({"yoast_head_json": said}).og_image == HeadImage("/a.png")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["noindex", "https://a.example/", "Article", "Organization", "@me", "<b>"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["@graph", "@type", "sameAs", "url", "width", "title", "robots", "schema"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)
FIELDS = st.dictionaries(
    st.sampled_from(
        [*Head.__struct_fields__, *AIOSEO, "rank_math_robots", "_genesis_noindex", "schema_type"]
    ),
    VALUES,
    max_size=5,
)


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("sos", "yoast_head_json", "aioseo_head_json", "aioseo_meta_data", "meta", "link"), FIELDS | VALUES)
    )
)  # fmt: skip
def test_whatever_is_said_a_head_comes_of_it(doc: dict[str, Any]) -> None:
    """Typed as it says it is, however odd the document."""
    head = parse_head(doc)
    for name in Head.__struct_fields__:
        kind = {"og_image": HeadImage, "profiles": tuple}.get(name, str)
        assert isinstance(getattr(head, name), kind)
    assert hash(head) is not None
