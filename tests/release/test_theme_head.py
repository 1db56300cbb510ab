"""What the theme prints into the head of each page for search engines and link previews."""

from __future__ import annotations

import json
from typing import Any

import html5lib
import msgspec
import pytest
from sos.page.model import PageModel
from sos.page.seo import add_metadata

from tests.page.samples import HOSTILE, SAMPLES, card, view
from tests.release.theme import theme

SITE = "https://www.harbour.example"


def head(page: PageModel) -> Any:
    """The head of the page as a browser reads it."""
    return html5lib.parse(theme().render(page), namespaceHTMLElements=False).find("head")


def metas(page: PageModel) -> dict[str, list[str]]:
    """Contents of the page's `<meta>` by name or property."""
    found: dict[str, list[str]] = {}
    for element in head(page).iter("meta"):
        name = element.get("name") or element.get("property")
        if name:
            found.setdefault(name, []).append(element.get("content"))
    return found


def data(page: PageModel) -> list[dict[str, Any]]:
    """The nodes of its structured data."""
    blocks = [e for e in head(page).iter("script") if e.get("type") == "application/ld+json"]
    assert len(blocks) == 1
    whole = json.loads(blocks[0].text)
    assert whole["@context"] == "https://schema.org"
    found: list[dict[str, Any]] = whole["@graph"]
    return found


def test_a_post_tells_links_all_that_open_graph_knows() -> None:
    """Each once, but for tags; times with their offset, addresses absolute."""
    found = metas(SAMPLES["single"])
    expected = {
        "og:site_name": ["The Harbour Post"],
        "og:locale": ["en_GB"],
        "og:type": ["article"],
        "og:title": ["What the low tide leaves behind, part 1"],
        "og:description": ["Notes from the edge of the sea: tides, boats, nets."],
        "og:url": [f"{SITE}/2026/03/low-tide-1/"],
        "og:image": [f"{SITE}/wp-content/uploads/2026/03/harbour.jpg"],
        "og:image:type": ["image/jpeg"],
        "og:image:width": ["1600"],
        "og:image:height": ["1067"],
        "og:image:alt": ["Boats in a harbour at low tide"],
        "article:published_time": ["2026-03-11T09:26:53+00:00"],
        "article:author": [f"{SITE}/author/harbour-desk/"],
        "article:section": ["News"],
        "article:tag": ["Tides", "Boats & nets"],
        "twitter:card": ["summary_large_image"],
    }
    assert {name: found[name] for name in expected} == expected
    told = {n for n in found if n.startswith(("og:", "article:", "twitter:"))}
    assert told == {*expected, "article:modified_time"}


def test_what_is_for_x_alone_is_told_to_x_alone() -> None:
    """As a plugin has it; Open Graph has what it has for others."""
    found = metas(SAMPLES["single_seo"])
    assert found["og:title"] == ["The tide, as links show it"]
    assert found["og:image"] == [f"{SITE}/wp-content/uploads/2026/03/tide.png"]
    assert {n: v for n, v in found.items() if n.startswith("twitter:")} == {
        "twitter:card": ["summary_large_image"],
        "twitter:site": ["@harbour"],
        "twitter:title": ["The tide, on X"],
        "twitter:description": ["Rope, glass, a boot"],
        "twitter:image": [f"{SITE}/wp-content/uploads/2026/03/tide-square.png"],
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_every_page_has_structured_data_or_is_an_error(name: str) -> None:
    """One block, in the head, that is the page model's own."""
    page = SAMPLES[name]
    if page.status != 200:
        assert "application/ld+json" not in theme().render(page)
        assert not [n for n in metas(page) if n.startswith(("og:", "twitter:"))]
        return
    assert [node["@type"] for node in data(page)][:2] == ["WebSite", "Organization"]
    assert len(metas(page)["og:url"]) == 1


def test_hostile_words_stay_within_the_data() -> None:
    """Whatever an editor writes ends neither the block nor an attribute."""
    words = f"{HOSTILE}<!-- <script> --></script><script>alert(3)</script>"
    post = msgspec.structs.replace(card(1), label=SAMPLES["single"].json_ld.escape(words))
    page = msgspec.structs.replace(SAMPLES["single"], post=view(post), title=words)
    page = add_metadata(page)
    scripts = [e for e in head(page).iter("script") if not e.get("src")]
    assert [e.get("type") for e in scripts] == ["application/ld+json"]
    assert next(n for n in data(page) if n["@type"] == "WebPage")["name"] == words
    assert metas(page)["og:title"] == [words]
