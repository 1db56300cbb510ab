"""Structured data of each kind of page, against what was written down for it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from markupsafe import Markup
from sos.page.json_ld import MAX_ENTRIES, MAX_HEADLINE, build_json_ld, cut_headline
from sos.page.model import PageModel
from sos.page.seo import add_metadata, build_sharing

from tests.page.samples import HOSTILE, LONG_WORD, SAMPLES, card, image, view

SITE = "https://www.harbour.example"
WEBSITE = {"@id": f"{SITE}/#website"}
ORGANIZATION = {"@id": f"{SITE}/#organization"}
PICTURE = {
    "@type": "ImageObject",
    "url": f"{SITE}/wp-content/uploads/2026/03/harbour.jpg",
    "contentUrl": f"{SITE}/wp-content/uploads/2026/03/harbour.jpg",
    "width": 1600,
    "height": 1067,
    "caption": "Boats in a harbour at low tide",
}
PERSON = {
    "@type": "Person",
    "@id": f"{SITE}/#author-3",
    "name": "The Harbour Desk",
    "url": f"{SITE}/author/harbour-desk/",
    "description": "Writes about the sea, and about those who live by it.",
}

Node = dict[str, Any]


def nodes(page: PageModel) -> dict[str, Node]:
    """The nodes of a page by their type; every reference among them leads somewhere."""
    whole = json.loads(page.json_ld)
    assert whole["@context"] == "https://schema.org"
    graph = whole["@graph"]
    known = {node["@id"] for node in _all(graph) if len(node) > 1 and "@id" in node}
    assert {node["@id"] for node in _all(graph) if set(node) == {"@id"}} <= known
    found = {node["@type"]: node for node in graph}
    assert len(found) == len(graph)
    return found


def _all(value: Any) -> list[Node]:
    if isinstance(value, list):
        return [node for item in value for node in _all(item)]
    if isinstance(value, dict):
        return [value, *(node for item in value.values() for node in _all(item))]
    return []


@pytest.mark.parametrize("name", SAMPLES)
def test_every_page_says_whose_it_is(name: str) -> None:
    """Site, publisher and page, with absolute addresses alone; an error page says nothing."""
    page = SAMPLES[name]
    if page.status != 200:
        assert page.json_ld == ""
        return
    found = nodes(page)
    assert {"WebSite", "Organization"} <= found.keys()
    assert {"WebPage", "CollectionPage", "ProfilePage"} & found.keys()
    for node in _all(list(found.values())):
        for field in ("@id", "url", "item", "contentUrl"):
            value = node.get(field, "https://")
            assert value.startswith("https://"), (field, value)
        assert all(v not in ("", None, [], {}) for v in node.values()), node


def test_a_site_and_its_organisation() -> None:
    """The logo is that of the site; where else it is, the menu `social` says."""
    found = nodes(SAMPLES["front_posts"])
    assert found["WebSite"] == {
        "@type": "WebSite",
        "@id": f"{SITE}/#website",
        "url": f"{SITE}/",
        "name": "The Harbour Post",
        "description": "Notes from the edge of the sea",
        "inLanguage": "en-GB",
        "publisher": ORGANIZATION,
    }
    assert found["Organization"] == {
        "@type": "Organization",
        "@id": f"{SITE}/#organization",
        "name": "The Harbour Post",
        "url": f"{SITE}/",
        "sameAs": ["https://social.example/@harbour"],
    }
    logo = nodes(SAMPLES["single_rtl"])["Organization"]["logo"]
    assert (logo["url"], logo["width"]) == (f"{SITE}/wp-content/uploads/2026/03/logo.jpg", 200)


def test_a_post_is_news() -> None:
    """All that Google asks of a NewsArticle, and the page that it stands on."""
    trail = SAMPLES["category"].breadcrumbs
    found = nodes(add_metadata(msgspec.structs.replace(SAMPLES["single"], breadcrumbs=trail)))
    here = f"{SITE}/2026/03/low-tide-1/"
    post = SAMPLES["single"].post
    assert post
    article = found["NewsArticle"]
    assert article == {
        "@type": "NewsArticle",
        "@id": f"{here}#article",
        "mainEntityOfPage": {"@id": here},
        "isPartOf": {"@id": here},
        "headline": "What the low tide leaves behind, part 1",
        "description": "Notes from the edge of the sea: tides, boats, nets.",
        "image": {"@id": f"{here}#picture"},
        "datePublished": "2026-03-11T09:26:53+00:00",
        "dateModified": post.card.modified.iso,
        "author": PERSON,
        "publisher": ORGANIZATION,
        "articleSection": ["News"],
        "keywords": ["Tides", "Boats & nets"],
        "inLanguage": "en-GB",
        "isAccessibleForFree": True,
    }
    assert found["WebPage"]["primaryImageOfPage"] == {"@id": f"{here}#picture", **PICTURE}
    assert found["WebPage"]["mainEntity"] == {"@id": article["@id"]}
    assert found["WebPage"]["breadcrumb"] == {"@id": f"{here}#breadcrumb"}
    steps = found["BreadcrumbList"]["itemListElement"]
    assert [(s["position"], s["name"], s.get("item")) for s in steps] == [
        (1, "Home", f"{SITE}/"),
        (2, "What the low tide leaves behind, part 1", None),
    ]


def test_what_a_plugin_says_of_the_type_and_the_organisation_wins() -> None:
    """An editor may have chosen another type of article; profiles are told once."""
    found = nodes(SAMPLES["single_seo"])
    assert "NewsArticle" not in found
    assert found["WebPage"]["primaryImageOfPage"]["width"] == 1200
    assert found["Organization"]["sameAs"] == ["https://social.example/@harbour"]


def test_a_post_without_an_author_is_the_organisations() -> None:
    """Google wants an author; a post of a type of one's own is no news."""
    page = SAMPLES["single"]
    bare = view(card(4, type="voyage", author=None, terms=(), image=None))
    found = nodes(add_metadata(msgspec.structs.replace(page, post=bare)))
    assert found["Article"]["author"] == ORGANIZATION
    assert not {"articleSection", "keywords"} & found["Article"].keys()


def test_a_protected_post_is_not_free() -> None:
    """Nor is anything told of its picture."""
    hidden = view(card(5, protected=True, summary="", image=None))
    page = msgspec.structs.replace(SAMPLES["single"], post=hidden, description="")
    article = nodes(add_metadata(page))["NewsArticle"]
    assert article["isAccessibleForFree"] is False
    assert not {"description", "image"} & article.keys()


def test_a_page_is_a_page() -> None:
    """With its times and its trail, and no article in it."""
    found = nodes(SAMPLES["page"])
    assert set(found) == {"WebSite", "Organization", "WebPage", "BreadcrumbList"}
    page = found["WebPage"]
    assert (page["@id"], page["isPartOf"]) == (f"{SITE}/about/team/", WEBSITE)
    assert {"datePublished", "dateModified"} <= page.keys()
    names = [s["name"] for s in found["BreadcrumbList"]["itemListElement"]]
    assert names[:2] == ["Home", "About & people"]


@pytest.mark.parametrize(
    "name", ["front_posts", "category", "category_page_2", "tag", "taxonomy", "date", "type"]
)
def test_a_list_is_a_collection_of_what_it_shows(name: str) -> None:
    """In its order, each with its address: what it is called, its own page says."""
    page = SAMPLES[name]
    found = nodes(page)
    collection, entries = found["CollectionPage"], found["ItemList"]["itemListElement"]
    assert collection["@id"] == page.canonical
    assert collection["mainEntity"] == {"@id": found["ItemList"]["@id"]}
    assert found["ItemList"]["numberOfItems"] == len(page.posts) == len(entries)
    assert [e["position"] for e in entries] == list(range(1, len(entries) + 1))
    assert [e["url"] for e in entries] == [SITE + p.url for p in page.posts]


def test_a_long_list_is_told_in_part() -> None:
    """Its first entries, and no more than are told is said to be there."""
    posts = tuple(card(n, url=f"/post-{n}/") for n in range(1, 101))
    page = add_metadata(msgspec.structs.replace(SAMPLES["front_posts"], posts=posts))
    found = nodes(page)["ItemList"]
    assert len(found["itemListElement"]) == found["numberOfItems"] == MAX_ENTRIES


def test_an_empty_list_lists_nothing() -> None:
    """A list without entries is no valid one."""
    assert "ItemList" not in nodes(SAMPLES["category_empty"])


def test_an_author_has_a_profile() -> None:
    """Google: ProfilePage, whose main entity is the person."""
    found = nodes(SAMPLES["author"])
    assert found["ProfilePage"]["mainEntity"] == PERSON


def test_the_front_page_is_about_the_organisation() -> None:
    """Whether it shows posts or a page; it has no trail."""
    for name, kind in (("front_posts", "CollectionPage"), ("front_banner", "WebPage")):
        found = nodes(SAMPLES[name])
        assert found[kind]["about"] == ORGANIZATION
        assert "BreadcrumbList" not in found


def test_an_attachment_is_its_picture() -> None:
    """Of another file there is only the page."""
    assert nodes(SAMPLES["attachment"])["WebPage"]["mainEntity"] == PICTURE
    assert "mainEntity" not in nodes(SAMPLES["attachment_file"])["WebPage"]


def test_nothing_ends_the_element_that_it_stands_in() -> None:
    """Whatever an editor writes, within the JSON there is no `<`, `>` or `&` at all."""
    breakers = [HOSTILE, "<!--", "</script>", "\u2028", "]]>", "&lt;/script&gt;"]
    page = msgspec.structs.replace(
        SAMPLES["single"],
        title="".join(breakers),
        post=view(card(1, label=Markup("{}").format("".join(breakers)))),
    )
    text = str(add_metadata(page).json_ld)
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text)["@graph"][2]["name"] == page.title


@pytest.mark.parametrize("text", ["", "a", "word " * 40, LONG_WORD * 3, "a" * 110, "a" * 111])
def test_a_headline_is_short_enough(text: str) -> None:
    """At most 110 characters, cut at a word where there is one."""
    short = cut_headline(text)
    assert len(short) <= MAX_HEADLINE
    assert short == text or short.endswith("…")
    assert not text or short.rstrip("…")


def test_addresses_are_ascii() -> None:
    """As they are in links: percent signs stay, other alphabets are encoded."""
    picture = image("größe%20a", 1000, 700)
    page = msgspec.structs.replace(SAMPLES["single"], post=view(card(1, image=picture)))
    text = build_json_ld(page, build_sharing(page))
    assert f"{SITE}/wp-content/uploads/2026/03/gr%C3%B6%C3%9Fe%20a.jpg" in text
