"""Sitemaps and robots.txt."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import fromstring

from hypothesis import given
from hypothesis import strategies as st
from sos.content.store import Entry
from sos.page.site import Site, build_site
from sos.page.sitemap import (
    PER_PAGE,
    UNLISTING_WORDS,
    build_robots,
    build_sitemap,
    build_sitemap_index,
    find_unlisted,
)

from tests.page.documents import PUBLIC, site
from tests.page.test_site import record

NS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def whole(**settings: object) -> Site:
    return build_site(PUBLIC, [record("site", site(sos={"settings": settings}))])[0]


def locations(xml: str) -> list[str]:
    return [e.text or "" for e in fromstring(xml).iter(f"{NS}loc")]


def test_the_index_names_each_page_of_each_list() -> None:
    """2,000 addresses a page; lists that are no archive of their own are not in it."""
    sizes = {"type:post": 2 * PER_PAGE + 1, "type:page": 3, "type:attachment": 9, "type:my-type": 1,
             "terms:category": 2, "users": 1, "menus": 2, "sticky": 1, "term:5": 7, "children:0": 3,
             "author:1": 9, "format:aside": 1}  # fmt: skip
    assert locations(build_sitemap_index(whole(), sizes)) == [
        f"{PUBLIC}/sitemap-{name}.xml"
        for name in ("posts-page-1", "terms-category-1", "posts-my-type-1", "posts-post-1",
                     "posts-post-2", "posts-post-3", "users-1")
    ]  # fmt: skip


def test_an_empty_site_has_a_sitemap_of_its_front_page() -> None:
    """The index is never empty, and neither is what it names."""
    assert locations(build_sitemap_index(whole(), {})) == [f"{PUBLIC}/sitemap-posts-page-1.xml"]
    assert locations(build_sitemap(whole(), (), front=True)) == [f"{PUBLIC}/"]


def test_a_sitemap_has_absolute_addresses_and_dates() -> None:
    """The front page first, each address once, with the newest of its dates."""
    entries = [
        Entry(ref="post:1", path="/a/", modified=1_715_947_200),
        Entry(ref="post:2", path="/", modified=1_715_947_200),
        Entry(ref="post:3", path="/a/", modified=1_715_947_201),
        Entry(ref="post:4", path="", modified=5),
        Entry(ref="post:5", path="/%e6%97%a5/", modified=0),
        Entry(ref="post:6", path="/z/", modified=10**15),
    ]
    text = build_sitemap(whole(), entries, front=True)
    assert locations(text) == [f"{PUBLIC}{p}" for p in ("/", "/a/", "/%e6%97%a5/", "/z/")]
    dates = [e.text for e in fromstring(text).iter(f"{NS}lastmod")]
    assert dates == ["2024-05-17T12:00:00+00:00", "2024-05-17T12:00:01+00:00"]


def test_what_search_engines_are_asked_not_to_list_is_in_no_sitemap() -> None:
    """Whichever plugin says it; even the front page. What merely mentions the word stays."""
    said: dict[str, dict[str, Any]] = {
        "post:1": {"yoast_head_json": {"robots": {"index": "noindex", "follow": "follow"}}},
        "post:2": {"sos": {"head": {"robots": "none"}}},
        "post:3": {"meta": {"_seopress_robots_index": "yes"}},
        "term:4": {"meta": {"rank_math_robots": ["noindex"]}},
        "post:5": {"content": {"rendered": "<p>What noindex means</p>"}},
        "post:6": {"yoast_head_json": {"robots": {"index": "index"}}},
    }
    documents = {ref: json.dumps(document).encode() for ref, document in said.items()}
    for ref in ("post:1", "post:2", "post:3", "term:4"):
        assert any(word.encode() in documents[ref] for word in UNLISTING_WORDS), ref
    unlisted = find_unlisted(documents | {"post:7": b"noindex", "post:8": b'["noindex"]'})
    assert unlisted == {"post:1", "post:2", "post:3", "term:4"}
    entries = [Entry(ref="post:1", path="/"), Entry(ref="post:2", path="/b/"),
               Entry(ref="post:5", path="/c/")]  # fmt: skip
    text = build_sitemap(whole(), entries, front=True, unlisted=unlisted)
    assert locations(text) == [f"{PUBLIC}/c/"]


@given(st.lists(st.tuples(st.text(max_size=20), st.integers(-(2**60), 2**60)), max_size=5))
def test_a_sitemap_is_well_formed_whatever_is_in_the_store(rows: list[tuple[str, int]]) -> None:
    """Paths are ASCII by the writer's rule; one that is not still breaks nothing."""
    entries = [Entry(path=f"/{p}", modified=m) for p, m in rows if p.isprintable()]
    assert len(locations(build_sitemap(whole(), entries, front=True))) >= 1
    fromstring(build_sitemap_index(whole(), {f"type:{p}": 1 for p, _ in rows if p.isprintable()}))


def test_robots_name_the_sitemap() -> None:
    """A site that is not to be found has none, and shuts nobody out: pages say so themselves."""
    assert f"Sitemap: {PUBLIC}/sitemap.xml\n" in build_robots(whole())
    assert build_robots(whole(blog_public=0)) == "User-agent: *\nDisallow: /wp-admin/\n"
