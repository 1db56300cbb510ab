"""The sample site as documents: complete, sound, and the same for the same time and address."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sos.content import document
from sos.content.fields import parse_time
from sos.content.post import Post, parse_post
from sos.content.store import Operation
from sos.demo import sample_site

from tests.demo.conftest import NOW, SITE

Documents = dict[str, dict[str, Any]]

POST_KINDS = ("post", "page", "event", "attachment")


def of_type(documents: Documents, kind: str) -> list[dict[str, Any]]:
    return [d for ref, d in documents.items() if ref.startswith("post:") and d["type"] == kind]


def words(markup: str) -> int:
    return len(re.sub(r"<[^>]*>", " ", markup).split())


def test_same_time_and_address_give_the_same_bytes(operations: list[Operation]) -> None:
    """Nothing depends on a clock, on chance, or on the order of a folder's files."""
    assert sample_site(NOW, SITE) == operations


def test_slash_after_the_address_changes_nothing(operations: list[Operation]) -> None:
    """The public base URL may end with a slash."""
    assert sample_site(NOW, SITE + "/") == operations


def test_site_ends_with_ready_and_every_put_has_sequence_one(operations: list[Operation]) -> None:
    """The caller restamps the puts; the mark of completeness comes last."""
    assert operations[-1] == Operation("ready")
    assert {(o.op, o.seq) for o in operations[:-1]} == {("put", 1)}


def test_references_and_ids_are_unique_and_agree(operations: list[Operation]) -> None:
    """A document is named by its kind and its id."""
    refs = [o.ref for o in operations if o.op == "put"]
    assert len(refs) == len(set(refs))
    for operation in operations[:-1]:
        kind, _, number = operation.ref.partition(":")
        if number:
            assert msgspec.json.decode(operation.json)["id"] == int(number)
        else:
            assert kind in ("site", "types", "taxonomies")


def test_every_document_parses_as_what_it_is(operations: list[Operation]) -> None:
    """The reader of wire documents takes each one, and keeps its words."""
    parse = {
        "post": parse_post,
        "term": document.parse_term,
        "user": document.parse_user,
        "menu": document.parse_menu,
        "site": document.parse_site,
        "types": document.parse_types,
        "taxonomies": document.parse_taxonomies,
    }
    for operation in operations[:-1]:
        parsed = parse[operation.ref.partition(":")[0]](operation.json)
        if not isinstance(parsed, Post) or parsed.type == "attachment":
            continue
        content = msgspec.json.decode(operation.json)["content"]["rendered"]
        assert words("\n".join(parsed.parts)) == words(content), operation.ref
        assert parsed.published, operation.ref


def test_everything_that_is_referred_to_exists(documents: Documents) -> None:
    """Authors, featured pictures, parents, terms, the logo, and what menus lead to."""
    for ref, doc in documents.items():
        if not ref.startswith("post:"):
            continue
        needed = [f"term:{i}" for f in ("categories", "tags", "district") for i in doc.get(f, [])]
        needed += [f"user:{doc['author']}"] if "author" in doc else []
        needed += [f"post:{i}" for i in (doc["featured_media"], doc.get("parent")) if i]
        assert set(needed) <= documents.keys(), ref
    for ref, doc in documents.items():
        if ref.startswith("term:") and doc.get("parent"):
            assert documents[f"term:{doc['parent']}"]["taxonomy"] == doc["taxonomy"]
    site = documents["site"]
    assert {f"post:{site['site_logo']}", f"post:{site['site_icon']}"} <= documents.keys()
    kinds = {"post_type": "post", "taxonomy": "term"}
    for menu in (ref for ref in documents if ref.startswith("menu:")):
        for item in documents[menu]["sos"]["items"]:
            if item["type"] in kinds:
                target = documents[f"{kinds[item['type']]}:{item['object_id']}"]
                assert item["url"] == target["link"]


def test_terms_count_what_is_published(documents: Documents) -> None:
    """As in WordPress: what is scheduled or gone is not counted, and no term is empty."""
    posts = [*of_type(documents, "post"), *of_type(documents, "event")]
    for ref, term in documents.items():
        if not ref.startswith("term:"):
            continue
        field = {"category": "categories", "post_tag": "tags"}.get(term["taxonomy"], "district")
        used = [p for p in posts if term["id"] in p.get(field, []) and is_public(p)]
        assert term["count"] == len(used) > 0, term["slug"]


def test_every_desk_has_written_something(documents: Documents) -> None:
    """WordPress tells anonymous visitors of an author only when there is a post."""
    authors = {post["author"] for post in of_type(documents, "post")}
    assert {f"user:{a}" for a in authors} == {r for r in documents if r.startswith("user:")}


def test_menus_are_ten_levels_deep_and_in_reading_order(documents: Documents) -> None:
    """Items come parent first, ids are unique among all post ids, and the depth is reached."""
    menu = documents["menu:1"]["sos"]
    assert menu["locations"] == ["primary"]
    assert documents["menu:2"]["sos"]["locations"] == ["footer"]
    depth = {0: 0}
    for item in menu["items"]:
        assert item["id"] not in depth
        depth[item["id"]] = depth[item["parent"]] + 1
    assert max(depth.values()) == 10
    assert [i["menu_order"] for i in menu["items"]] == list(range(1, len(menu["items"]) + 1))
    menus = {ref: doc["sos"] for ref, doc in documents.items() if ref.startswith("menu:")}
    places = [name for menu in menus.values() for name in menu["locations"]]
    assert sorted(places) == ["action", "footer", "primary", "social", "topics"]
    every = [i["id"] for menu in menus.values() for i in menu["items"]]
    assert len(every) == len(set(every))
    assert not {f"post:{i}" for i in every} & documents.keys()


def test_site_has_what_a_real_one_has(documents: Documents) -> None:
    """Forty posts over two years of readable length, in every shape that a theme must bear."""
    posts = of_type(documents, "post")
    live = [p for p in posts if p["status"] == "publish"]
    assert len(live) >= 40
    assert (NOW - min(seconds(p) for p in live)) / 86400 > 700
    lengths = sorted(words(p["content"]["rendered"]) for p in live)
    assert 180 < lengths[len(lengths) // 2] < 400
    assert sum(150 <= n <= 700 for n in lengths) >= 0.75 * len(lengths)
    assert sum(p["sticky"] for p in posts) == 1
    assert sum(p["content"]["protected"] for p in posts) == 1
    assert sum(not p["title"]["rendered"] for p in posts) == 1
    assert any("<!--nextpage-->" in p["content"]["rendered"] for p in posts)
    assert any(p["slug"].startswith("%d8") for p in posts)
    assert {p["format"] for p in posts} >= {"aside", "gallery", "image", "link"}
    assert {p["format"] for p in posts} >= {"audio", "chat", "quote", "standard", "status", "video"}
    assert len(of_type(documents, "event")) >= 8
    assert len([d for d in of_type(documents, "page") if d["parent"]]) >= 5
    everything = " ".join(p["content"]["rendered"] for p in posts)
    for block in (
        "button columns details file footnotes gallery heading image list media-text pullquote "
        "quote separator table verse code group"
    ).split():
        assert f"wp-block-{block}" in everything, block


def test_protected_post_tells_nothing(documents: Documents) -> None:
    """REST gives an anonymous visitor neither body nor excerpt of it."""
    (post,) = [p for p in of_type(documents, "post") if p["content"]["protected"]]
    assert post["content"] == post["excerpt"] == {"rendered": "", "protected": True}


def test_scheduled_posts_come_after_a_minute_and_an_hour(documents: Documents) -> None:
    """Both are in the store ahead of time, with WordPress's status for them."""
    future = [d for d in posts_of(documents) if d["status"] == "future"]
    assert sorted(seconds(post) - NOW for post in future) == [60, 3600]
    until = [parse_time(t) for d in posts_of(documents) if (t := expires(d))]
    assert sorted(t - NOW for t in until if t and t > NOW) == [900]
    assert len([t for t in until if t and t < NOW]) == 1


def test_nothing_leads_out_of_the_reserved_names(documents: Documents) -> None:
    """Hosts are the site's own or below example.org (RFC 2606); no mail address is a real one.

    But for the players of two films that anyone may show, which ask before they load.
    """
    text = msgspec.json.encode(documents).decode()
    hosts = set(re.findall(r"https?://([^/\"'\\<\s)]+)", text))
    own = urlsplit(SITE).netloc
    assert {h for h in hosts if h != own and not h.endswith("example.org")} == {"www.youtube.com"}
    bare = re.sub(r"<iframe .*?</iframe>", "", text)
    assert "youtube.com" not in bare
    mails = set(re.findall(r"[\w.]+@([\w.-]+\w)", text))
    assert mails == {"tidewick.example.org"}


def test_footnotes_and_anchors_lead_somewhere(documents: Documents) -> None:
    """A link to a part of the page finds it."""
    for kind in POST_KINDS[:3]:
        for doc in of_type(documents, kind):
            body = doc["content"]["rendered"]
            names = re.findall(r' id="([^"]+)"', body)
            assert len(names) == len(set(names)), doc["slug"]
            assert set(re.findall(r'href="#([^"]+)"', body)) <= set(names), doc["slug"]


def test_no_markup_of_the_source_is_left_over(documents: Documents) -> None:
    """Everything that an author writes in the light markup has become HTML."""
    for kind in POST_KINDS[:3]:
        for doc in of_type(documents, kind):
            body = re.sub(r"<(pre|code).*?</\1>", "", doc["content"]["rendered"], flags=re.DOTALL)
            text = html.unescape(re.sub(r"<[^>]*>", "", body)) + doc["excerpt"]["rendered"]
            assert not re.search(r"\{\{|\}\}|\*\*|\]\(|:::|\|\||\^\[|^#|^> ", text, re.M), doc[
                "slug"
            ]


@pytest.mark.parametrize("site", ["https://www.example.org/town", "http://[::1]:8080"])
def test_site_may_live_in_a_folder_or_on_a_bare_address(site: str) -> None:
    """Every link begins with the site's own address."""
    for operation in sample_site(NOW, site)[:-1]:
        doc = msgspec.json.decode(operation.json)
        assert doc.get("link", site).startswith(site)
        if operation.ref == "site":
            assert doc["home"] == doc["url"] == site


@settings(max_examples=15, deadline=None)
@given(st.integers(min_value=1_700_000_000, max_value=4_000_000_000))
@example(int(datetime(2028, 2, 29, 12, tzinfo=UTC).timestamp()))
@example(int(datetime(2027, 3, 14, 7, tzinfo=UTC).timestamp()))  # clocks go forward
@example(int(datetime(2026, 11, 1, 5, 30, tzinfo=UTC).timestamp()))  # an hour exists twice
@example(int(datetime(2027, 1, 1, 4, 59, 59, tzinfo=UTC).timestamp()))  # a year ends
def test_site_looks_fresh_at_any_time(now: int) -> None:
    """No two posts are of the same moment, the newest is minutes old, two are yet to come."""
    posts = [msgspec.json.decode(o.json) for o in sample_site(now, SITE)[:-1] if "post:1" in o.ref]
    posts = [p for p in posts if p["type"] == "post"]
    moments = sorted(seconds(p) for p in posts)
    assert len(set(moments)) == len(moments)
    assert [m - now for m in moments[-3:]] == [-25 * 60, 60, 3600]
    assert all(parse_time(p["modified_gmt"]) >= seconds(p) for p in posts)


def posts_of(documents: Documents) -> list[dict[str, Any]]:
    return of_type(documents, "post")


def expires(post: dict[str, Any]) -> str:
    return post.get("sos", {}).get("expires_gmt", "")


def is_public(post: dict[str, Any]) -> bool:
    until = parse_time(expires(post)) if expires(post) else None
    return post["status"] == "publish" and (until is None or until > NOW)


def seconds(post: dict[str, Any]) -> int:
    moment = parse_time(post["date_gmt"])
    assert moment is not None
    return moment
