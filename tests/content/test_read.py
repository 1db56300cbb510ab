"""What read.lua answers: what a path means, what a page is made of, and whether all of it is there."""

from __future__ import annotations

import json

import msgspec
import pytest
import redis

from tests.content.raw_store import HOME, NOW, Json, RawStore, page, post, read_all, term
from tests.content.test_apply_damage import build_site

SOON = "2023-11-14T22:13:30"  # NOW + 10
PAST = "2023-11-14T22:13:10"  # NOW - 10


@pytest.fixture
def site(raw: RawStore) -> RawStore:
    """Something of everything; see `build_site`."""
    raw.put("post:4", post(4, "moved"))
    raw.put("post:99", post(99))
    raw.remove("post:99")
    raw.fill(build_site())
    return raw


# ---------------------------------------------------------------- what a path means


def test_front_page_is_the_latest_posts_unless_the_site_says_otherwise(raw: RawStore) -> None:
    """A static front page that is missing or not visible gives way to the posts."""
    raw.fill({"site": {"home": HOME}, "post:1": post(1)})
    assert (raw.page("/").primary, raw.page("/").list) == ("type:post", "type:post")
    raw.put("site", {"home": HOME, "show_on_front": "page", "page_on_front": 5})
    assert raw.page("/").primary == "type:post"
    raw.put("post:5", page(5, link=f"{HOME}/", status="future", date_gmt=SOON))
    assert raw.page("/").primary == "type:post"
    assert raw.page("/", now=NOW + 10).primary == "post:5"
    assert raw.page("/", now=NOW + 10).list == ""


@pytest.mark.parametrize(
    ("candidate", "primary", "listed"),
    [
        (("page", "/", 1, 0), "post:30", ""),
        (("page", "/", 2, 0), "", ""),
        (("part", "/", 2, 0), "post:30", ""),
        (("feed", "/", 1, 0), "type:post", "type:post"),
        (("page", "/p31/", 1, 0), "post:31", "type:post"),
        (("page", "/p31/", 2, 0), "post:31", "type:post"),
        (("part", "/p31/", 2, 0), "", ""),
        (("feed", "/p31/", 1, 0), "post:31", "type:post"),
        (("page", "/p3/", 1, 0), "post:3", ""),
        (("page", "/p3/", 2, 0), "", ""),
        (("part", "/p3/", 2, 0), "post:3", ""),
        (("feed", "/p3/", 1, 0), "", ""),
        (("page", "/category/c1/", 2, 0), "term:1", "term:1"),
        (("feed", "/category/c1/", 1, 0), "term:1", "term:1"),
        (("page", "/author/a/", 1, 0), "user:1", "author:1"),
        (("page", "/events/", 1, 0), "type:event", "type:event"),
        (("list", "format:video@/type/video/", 1, 0), "list:format:video", "format:video"),
        (("list", "format:audio@/type/audio/", 1, 0), "", ""),
        (("dates", "1577836800:1609459199@/2020/", 1, 0), "type:post", "type:post"),
        (("ref", "post:3", 1, 0), "post:3", ""),
        (("ref", "term:1", 1, 0), "term:1", "term:1"),
        (("ref", "post:31", 1, 0), "post:31", "type:post"),
        (("ref", "post:6", 1, 0), "", ""),
        (("ref", "post:777", 1, 0), "", ""),
        (("ref", "", 1, 0), "", ""),
        (("page", "/nowhere/", 1, 0), "", ""),
    ],
)
def test_candidate_hits_what_it_names(
    site: RawStore, candidate: tuple[str, str, int, int], primary: str, listed: str
) -> None:
    """Parts are of single posts, pages of lists, feeds of lists and of the site."""
    found = site.read(candidate)
    assert (found.primary, found.list) == (primary, listed)
    assert found.status == ("found" if primary else "none")
    assert found.complete


def test_first_candidate_that_hits_is_told(site: RawStore) -> None:
    """Counted from 0; none is -1."""
    found = site.read(("page", "/no/", 1, 0), ("page", "/p3/", 1, 0), ("page", "/p2/", 1, 0))
    assert (found.candidate, found.primary) == (1, "post:3")
    assert site.read(("page", "/no/", 1, 0)).candidate == -1
    assert site.read().status == "none"


def test_hit_goes_before_a_redirect_of_an_earlier_candidate(site: RawStore) -> None:
    """An address that is in use is not shadowed by an old one."""
    found = site.read(("page", "/moved/", 1, 0), ("page", "/p3/", 1, 0))
    assert (found.status, found.primary) == ("found", "post:3")


@pytest.mark.parametrize(
    ("candidate", "status", "path"),
    [
        (("page", "/moved/", 1, 0), "moved", "/p4/"),
        (("page", "/moved", 1, 0), "moved", "/p4/"),
        (("part", "/moved/", 2, 0), "moved", "/p4/"),
        (("page", "/seven/", 1, 0), "moved", "/p7/"),
        (("page", "/p3", 1, 0), "moved", "/p3/"),
        (("page", "/events", 1, 0), "moved", "/events/"),
        (("page", "/p99/", 1, 0), "gone", ""),
        (("page", "/p99", 1, 0), "gone", ""),
        (("feed", "/p99/", 1, 0), "gone", ""),
        (("ref", "post:99", 1, 0), "none", ""),
        (("page", "/p6/", 1, 0), "none", ""),
    ],
)
def test_what_is_no_more_is_moved_or_gone(
    site: RawStore, candidate: tuple[str, str, int, int], status: str, path: str
) -> None:
    """With or without a slash at the end; what is still to come is neither."""
    found = site.read(candidate)
    assert (found.status, found.path, found.primary) == (status, path, "")


def test_old_address_of_what_is_still_to_come_is_not_gone(raw: RawStore) -> None:
    """410 would be kept for long, and the post is back in a minute."""
    raw.fill({"post:1": post(1, "a")})
    raw.put("post:1", post(1, "b", status="future", date_gmt=SOON))
    assert raw.page("/a/").status == "none"
    assert raw.page("/a/", now=NOW + 10).path == "/b/"


def test_redirect_to_what_has_no_address_any_more_is_gone(raw: RawStore) -> None:
    """There is nowhere to send the visitor."""
    raw.fill({"post:1": post(1, "a")})
    raw.put("post:1", post(1, "b"))
    raw.put("post:1", post(1, link=f"{HOME}/?p=1"))
    assert raw.page("/a/").status == raw.page("/b/").status == "gone"


# ---------------------------------------------------------------- time


def test_scheduled_post_appears_at_its_second(raw: RawStore) -> None:
    """At its path and in its lists, without any write."""
    raw.fill({"post:1": post(1), "post:2": post(2, status="future", date_gmt=SOON)})
    for now, refs in ((NOW + 9, ("post:1",)), (NOW + 10, ("post:2", "post:1"))):
        assert raw.page("/", now=now).refs == refs
        assert raw.page("/", now=now).total == len(refs)
        assert raw.page("/p2/", now=now).status == ("found" if len(refs) == 2 else "none")
        assert raw.read(("ref", "post:2", 1, 0), now=now).status == raw.page("/p2/", now=now).status


def test_expired_post_is_gone_at_its_second(raw: RawStore) -> None:
    """410 at its path; lists count without it."""
    expiring = post(2, sticky=True, sos={"expires_gmt": SOON})
    raw.fill({"post:1": post(1), "post:2": expiring, "post:3": post(3)})
    before, after = raw.page("/", now=NOW + 9), raw.page("/", now=NOW + 10)
    assert (before.refs, before.total) == (("post:3", "post:2", "post:1"), 3)
    assert (after.refs, after.total) == (("post:3", "post:1"), 2)
    assert (before.sticky, after.sticky) == (("post:2",), ())
    assert "post:2" not in {r.ref for r in after.records}
    assert [raw.page("/p2/", now=n).status for n in (NOW + 9, NOW + 10)] == ["found", "gone"]
    assert raw.page("/p2", now=NOW + 10).status == "gone"
    assert after.complete


def test_neighbours_pass_over_what_is_not_visible(raw: RawStore) -> None:
    """Expired ones in between, scheduled ones at the end."""
    over = {"sos": {"expires_gmt": PAST}}
    raw.fill(
        {
            "post:1": post(1),
            "post:2": post(2, **over),
            "post:3": post(3),
            "post:4": post(4, status="future", date_gmt=SOON),
        }
    )
    assert raw.page("/p3/").previous == raw.page("/p1/").next.__class__(
        "post:1", "/p1/", "Post 1", False
    )
    assert raw.page("/p1/").next == raw.page("/p1/").next.__class__(
        "post:3", "/p3/", "Post 3", False
    )
    assert raw.page("/p3/").next is None
    assert raw.page("/p3/", now=NOW + 10).next.ref == "post:4"


@pytest.mark.parametrize("count", [19, 20, 50])
def test_many_scheduled_posts_in_a_row_break_no_page(raw: RawStore, count: int) -> None:
    """The search for a neighbour ends, and the answer is whole."""
    future = {
        f"post:{n}": post(n, status="future", date_gmt="2040-01-01T00:00:00")
        for n in range(10, 10 + count)
    }
    raw.fill({"post:1": post(1), **future})
    found = raw.page("/p1/")
    assert (found.status, found.next, found.previous) == ("found", None, None)


# ---------------------------------------------------------------- what a page is made of


def test_single_post_comes_with_all_that_it_shows(site: RawStore) -> None:
    """Author, terms, neighbours; not the terms above its own, which it does not show."""
    found = site.page("/p3/")
    assert [r.ref for r in found.records] == ["post:3", "user:1", "term:2", "term:5"]
    assert json.loads(found.records[0].json) == build_site()["post:3"]
    assert [b and b.ref for b in (found.previous, found.next)] == ["post:2", "post:4"]
    assert {r.path for r in found.records} == {
        "/p3/",
        "/author/a/",
        "/category/c2/",
        "/category/c5/",
    }
    assert found.records[0].rev == site.entry("post:3").rev


def test_attachment_comes_with_the_post_it_hangs_on(raw: RawStore) -> None:
    """Whether it may be seen depends on that one; it has no neighbours and no ancestors."""
    picture = post(2, type="attachment", status="inherit", post=1, author=0)
    raw.fill({"post:1": post(1, author=0), "post:2": picture, "post:3": post(3)})
    found = raw.page("/p2/")
    assert [r.ref for r in found.records] == ["post:2", "post:1"]
    assert (found.previous, found.next, found.ancestors) == (None, None, ())


def test_page_comes_with_ancestors_and_children(raw: RawStore) -> None:
    """Outermost first; children by menu order; those that are not visible are left out."""
    raw.fill(
        {
            "post:1": page(1),
            "post:2": page(2, parent=1),
            "post:3": page(3, parent=2, content={"rendered": "", "protected": True}),
            "post:4": page(4, parent=2, menu_order=-1),
            "post:5": page(5, parent=2, status="future", date_gmt=SOON),
            "post:6": page(6, parent=2, sos={"expires_gmt": PAST}),
            "post:7": page(7, parent=2, link=f"{HOME}/?p=7"),
        }
    )
    found = raw.page("/p3/")
    assert [b.ref for b in found.ancestors] == ["post:1", "post:2"]
    assert [b.ref for b in raw.page("/p2/").children] == ["post:4", "post:3"]
    assert [b.protected for b in raw.page("/p2/").children] == [False, True]
    assert (found.previous, found.next) == (None, None)


def test_ancestors_end_where_one_is_missing_or_they_form_a_ring(raw: RawStore) -> None:
    """Breadcrumbs never hang."""
    raw.fill(
        {"post:1": page(1, parent=99), "post:2": page(2, parent=3), "post:3": page(3, parent=2)}
    )
    assert raw.page("/p1/").ancestors == ()
    assert len(raw.page("/p2/").ancestors) <= 20


def test_term_archive_comes_with_the_terms_above_it(raw: RawStore) -> None:
    """For its breadcrumbs; posts of the terms below it are in its list."""
    raw.fill({"term:1": term(1), "term:2": term(2, parent=1), "post:9": post(9, categories=[2])})
    assert [b.ref for b in raw.page("/category/c2/").ancestors] == ["term:1"]
    assert raw.page("/category/c1/").refs == ("post:9",)


def test_list_comes_with_the_documents_of_its_posts_once_each(site: RawStore) -> None:
    """Shared authors and terms are not repeated."""
    found = site.page("/p31/", count=2)
    refs = [r.ref for r in found.records]
    assert len(refs) == len(set(refs))
    assert {"post:31", "user:1", "term:2", *found.refs, *found.sticky} <= set(refs)


def test_sticky_posts_come_with_the_first_page_of_the_posts_alone(site: RawStore) -> None:
    """Not with further pages, feeds, archives or days."""
    assert site.page("/p31/").sticky == ("post:2",)
    for candidate in (
        ("page", "/p31/", 2, 0),
        ("feed", "/", 1, 0),
        ("page", "/category/c1/", 1, 0),
        ("dates", "0:2000000000@/x/", 1, 0),
    ):
        assert site.read(candidate).sticky == ()


def test_common_documents_come_unless_the_caller_has_them(site: RawStore) -> None:
    """Site, types, taxonomies, menus, the logo; and what menus lead to but nobody may see."""
    found = site.page("/p3/")
    refs = [r.ref for r in found.common]
    assert refs == ["site", "post:90", "types", "taxonomies", "menu:1"]
    assert (found.hidden, found.top_pages) == (frozenset(), ())
    again = site.read(("page", "/p3/", 1, 0), common=found.common_rev)
    assert (again.common, again.common_rev) == ((), found.common_rev)
    items = [{"type": "post_type", "object_id": n} for n in (6, 31, 500)]
    site.put("menu:1", {"id": 1, "sos": {"items": items}})
    newer = site.read(("page", "/p3/", 1, 0), common=found.common_rev)
    assert newer.common_rev > found.common_rev
    assert newer.hidden == {"post:6", "post:500"}


def test_without_menus_top_pages_come_with_the_common_documents(raw: RawStore) -> None:
    """In menu order, without those that are hidden or lie below another."""
    raw.fill(
        {
            "post:1": page(1, menu_order=2),
            "post:2": page(2, menu_order=1),
            "post:3": page(3, parent=1),
            "post:4": page(4, status="future", date_gmt=SOON),
        }
    )
    found = raw.page("/p3/")
    assert [b.ref for b in found.top_pages] == ["post:2", "post:1"]
    assert raw.read(("page", "/p3/", 1, 0), common=found.common_rev).top_pages == ()


def test_posts_per_page_is_the_sites_unless_the_caller_says(site: RawStore) -> None:
    """Count 0 takes the setting."""
    assert len(site.page("/p31/").refs) == 3
    assert len(site.page("/p31/", count=2).refs) == 2
    assert site.page("/p31/", count=100).total == len(site.page("/p31/", count=100).refs)
    assert site.page("/p31/", number=50).refs == ()


# ---------------------------------------------------------------- is all of it there


def test_empty_store_is_not_an_empty_site(raw: RawStore) -> None:
    """No ready mark, so nothing is complete; an empty site is a store that was called complete."""
    assert not raw.page("/").complete
    raw.put("post:1", post(1))
    assert not raw.page("/p1/").complete
    raw.ready()
    assert raw.page("/p1/").complete
    raw.client.delete(*(raw.key(name) for name in raw.names()))
    found = raw.page("/p1/")
    assert (found.complete, found.status, found.epoch, found.rev) == (False, "none", "", 0)


EVERYWHERE = [("page", "/p3/", 1, 0), ("page", "/p31/", 1, 0), ("page", "/no/", 1, 0)]


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("meta", EVERYWHERE),
        ("doc", EVERYWHERE),
        ("entry", EVERYWHERE),
        ("path", EVERYWHERE),
        ("old", [("page", "/moved/", 1, 0), ("page", "/no/", 1, 0)]),
        ("gone", [("page", "/p99/", 1, 0), ("page", "/no/", 1, 0)]),
        ("size", [("page", "/p31/", 1, 0), ("page", "/category/c1/", 1, 0)]),
        ("until", [("page", "/p31/", 1, 0)]),
        ("list:type:post", [("page", "/p31/", 1, 0), ("page", "/p3/", 1, 0), ("feed", "/", 1, 0)]),
        ("list:sticky", [("page", "/p31/", 1, 0)]),
        ("list:term:1", [("page", "/category/c1/", 1, 0)]),
        ("list:author:1", [("page", "/author/a/", 1, 0)]),
        ("list:type:event", [("page", "/events/", 1, 0), ("page", "/p8/", 1, 0)]),
        ("list:children:31", [("ref", "post:31", 1, 0)]),
        ("list:format:video", [("list", "format:video@/type/video/", 1, 0)]),
        ("list:menus", EVERYWHERE),
    ],
)
def test_read_that_needs_a_lost_key_is_not_complete(
    site: RawStore, name: str, candidates: list[tuple[str, str, int, int]]
) -> None:
    """So that nobody takes it for a 404, an empty archive, or a post without neighbours."""
    assert all(site.read(c).complete for c in candidates)
    assert site.client.delete(site.key(name)) == 1
    assert not any(site.read(c).complete for c in candidates)


@pytest.mark.parametrize("name", ["touched", "events", "removed", "rdeps:user:1", "at"])
def test_read_that_does_not_need_a_lost_key_is_complete(site: RawStore, name: str) -> None:
    """Pages do not go stale for what no page shows."""
    assert site.client.delete(site.key(name)) == 1
    assert all(site.read(c).complete for c in EVERYWHERE)


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"null", b"[]", b"5", b'{"at":"x"}', b'{"at":1,"path":"/"}', b"\xff"]
)
def test_unreadable_entry_makes_a_page_incomplete_and_breaks_none(
    site: RawStore, broken: bytes
) -> None:
    """Lists go on without it."""
    site.client.hset(site.key("entry"), "post:5", broken)
    found = site.page("/p31/")
    assert (found.status, found.complete) == ("found", False)
    assert not site.page("/p5/").complete


def test_list_member_without_a_document_makes_a_page_incomplete(site: RawStore) -> None:
    """Somebody deleted fields and put others in their place."""
    for name in ("doc", "entry"):
        site.client.hdel(site.key(name), "post:5")
        site.client.hset(site.key(name), "post:500", "{}")
    found = site.page("/p31/")
    assert (found.status, found.complete) == ("found", False)


def test_reading_writes_nothing(site: RawStore) -> None:
    """It can be asked of a replica."""
    before = read_all(site)
    for candidate in EVERYWHERE:
        site.read(candidate)
    assert read_all(site) == before


def test_wrong_type_of_a_key_is_an_error_and_no_answer(site: RawStore) -> None:
    """Whoever asked falls back on the last good copy."""
    site.client.delete(site.key("path"))
    site.client.set(site.key("path"), "x")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        site.page("/p3/")


def test_protected_flag_comes_with_briefs(raw: RawStore) -> None:
    """A link to it may say so; its text is nowhere in them."""
    secret: Json = {"rendered": "secret", "protected": True}
    raw.fill({"post:1": post(1), "post:2": post(2, content=secret)})
    brief = raw.page("/p1/").next
    assert brief is not None
    assert (brief.protected, brief.title) == (True, "Post 2")


# ---------------------------------------------------------------- outlines


LISTS = (
    ("page", "/p31/", 1, 0),
    ("page", "/category/c1/", 1, 0),
    ("page", "/author/a/", 1, 0),
    ("feed", "/", 1, 0),
    ("list", "format:video@/type/video/", 1, 0),
    ("dates", "1577836800:1609459199@/2020/", 1, 0),
)


@pytest.mark.parametrize("candidate", LISTS)
def test_outline_says_the_same_without_what_the_list_shows(
    site: RawStore, candidate: tuple[str, str, int, int]
) -> None:
    """What the list itself is about still comes along, as it was asked for."""
    whole = site.read(candidate)
    outline = site.read(candidate, held=whole.rev)
    assert whole.list
    assert whole.refs
    assert (whole.outline, outline.outline) == (False, True)
    assert {r.ref for r in outline.records}.isdisjoint(set(whole.refs) - {whole.primary})
    assert set(outline.records) <= set(whole.records)
    if whole.primary in {r.ref for r in whole.records}:
        assert whole.primary in {r.ref for r in outline.records}
    same = msgspec.structs.replace(outline, records=whole.records, outline=False)
    assert same == whole


def test_outline_is_of_the_revision_that_was_named_alone(site: RawStore) -> None:
    """Before and after it, all comes along; so it does of what is no list."""
    rev = site.read(LISTS[0]).rev
    for held in (-1, 0, rev - 1, rev + 1):
        assert site.read(LISTS[0], held=held) == site.read(LISTS[0])
    post = ("page", "/p3/", 1, 0)
    assert site.read(post, held=rev) == site.read(post)
    assert site.read(post, held=rev).records


def test_lost_list_is_noticed_in_an_outline(site: RawStore) -> None:
    """Its length is compared whatever comes along."""
    rev = site.read(LISTS[1]).rev
    site.client.delete(site.key("list:term:1"))
    assert not site.read(LISTS[1], held=rev).complete
