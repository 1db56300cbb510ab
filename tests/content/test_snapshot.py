"""The snapshot as a store: what it answers, what it says it does not know, and what time does to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sos.content.snapshot import Answered, Snapshot, SnapshotReader, build_snapshot
from sos.content.store import Candidate, Due, Found, FoundRow, Topics
from sos.errors import StoreUnavailableError

from tests.page.documents import (
    ADMIN,
    entry,
    make_store,
    menu,
    page,
    post,
    site,
    stamp,
    term,
    user,
)
from tests.page.fake_store import FakeStore

NOW = 2_000_000_000
FRONT = (Candidate("page", "/"),)
FEED = (Candidate("feed", "/", 1, 10),)


def at(path: str) -> tuple[Candidate, ...]:
    return (Candidate("page", path),)


async def take(store: FakeStore, *asked: tuple[Candidate, ...]) -> Snapshot:
    """A snapshot of the front page and what else is asked for."""
    answers = [Answered("/", FRONT, await store.fetch_page(FRONT, NOW, -1))]
    for candidates in asked:
        found = await store.fetch_page(candidates, NOW, store.common_rev)
        answers.append(Answered(candidates[0].value, candidates, found))
    return build_snapshot("example", NOW, answers, await store.fetch_due(NOW, 100))


def ending(number: int, seconds: int, **changes: Any) -> dict[str, Any]:
    """A post that is public for so many seconds more."""
    return post(number, sos={"expires_gmt": stamp(NOW + seconds)}, **changes)


def sorted_records(found: Found) -> list[Any]:
    return sorted((r.ref, r.rev, r.path, r.json) for r in found.records)


# ---------------------------------------------------------------- what it answers


async def test_it_answers_what_the_store_answered() -> None:
    """Lists, relations, documents: a page made of the one is the page made of the other."""
    store = make_store(
        *(post(n, author=3, categories=[7]) for n in range(1, 25)),
        page(50, "about"),
        page(51, "about/team", parent=50),
        term(7, "News"),
        user(3, "Jo"),
    )
    asked = [at("/post-20/"), at("/category/news/"), at("/about/"), at("/about/team/"), FEED]
    reader = SnapshotReader(await take(store, *asked))
    for candidates in [FRONT, *asked]:
        mine = await reader.fetch_page(candidates, NOW, -1)
        theirs = await store.fetch_page(candidates, NOW, -1)
        for name in Found.__struct_fields__:
            if name not in ("records", "common"):
                assert getattr(mine, name) == getattr(theirs, name), (candidates, name)
        assert sorted_records(mine) == sorted_records(theirs)
        assert {r.ref for r in mine.common} == {r.ref for r in theirs.common}


async def test_callouts_are_kept_until_they_end() -> None:
    """What an alarm says is said while the store is silent, and not a second too long."""
    store = make_store(
        post(5),
        ending(70, 30, type="sos_callout"),
        post(71, type="sos_callout", featured_media=9),
        post(9, type="attachment", status="inherit"),
    )
    snapshot = await take(store)
    reader = SnapshotReader(snapshot)
    found = await reader.fetch_page(FRONT, NOW + 29, -1)
    assert set(found.callouts) == {"post:70", "post:71"}
    assert {"post:70", "post:71", "post:9"} <= {r.ref for r in found.records}
    assert reader.next_change({"list:type:sos_callout"}, NOW) == NOW + 30
    found = await reader.fetch_page(FRONT, NOW + 30, -1)
    assert found.callouts == ("post:71",)
    assert "post:70" not in {r.ref for r in found.records}


async def test_rows_of_topics_are_kept_until_their_posts_end() -> None:
    """Found with whatever topics a request has: those of the menus that were kept."""
    store = make_store(post(5, categories=[7]), ending(6, 30, categories=[7]), term(7, "News"))
    asked = (Candidate("page", "/", 1, 1, Topics(("/category/news/",))),)
    answers = [Answered("/", asked, await store.fetch_page(asked, NOW, -1))]
    due = await store.fetch_due(NOW, 100)
    reader = SnapshotReader(build_snapshot("example", NOW, answers, due))
    for candidates in (asked, FRONT):
        found = await reader.fetch_page(candidates, NOW + 29, -1)
        assert found.rows == (FoundRow("term:7", ("post:6", "post:5")),)
        assert {"post:6", "post:5", "term:7"} <= {r.ref for r in found.records}
    assert (await reader.fetch_page(asked, NOW + 30, -1)).rows == (FoundRow("term:7", ("post:5",)),)
    assert reader.next_change({"list:term:7"}, NOW) == NOW + 30


async def test_each_document_is_kept_once() -> None:
    """A post is on the front page, in its category and at its own address: one copy of it."""
    store = make_store(post(5, categories=[7]), term(7, "News"))
    snapshot = await take(store, at("/post-5/"), at("/category/news/"), FEED)
    assert sorted(snapshot.records) == ["post:5", "site", "term:7"]
    assert all(not k.found.records and not k.found.common for k in snapshot.kept)
    assert snapshot.paths == ("/", "/post-5/", "/category/news/", "/")


async def test_of_two_copies_the_newer_one_is_kept() -> None:
    """A document may change while the snapshot is taken."""
    store = make_store(post(5))
    before = Answered("/", FRONT, await store.fetch_page(FRONT, NOW, -1))
    store.put("post:5", post(5, title={"rendered": "Changed"}))
    after = Answered("/post-5/", at("/post-5/"), await store.fetch_page(at("/post-5/"), NOW, -1))
    for answers in ([before, after], [after, before]):
        snapshot = build_snapshot("example", NOW, answers)
        kept = snapshot.record("post:5")
        assert kept
        assert b"Changed" in kept.json
        assert snapshot.rev == before.found.rev


async def test_what_all_pages_share_is_told_once() -> None:
    """Who knows the common documents does not get them again, as with the store."""
    reader = SnapshotReader(await take(make_store(post(5))))
    first = await reader.fetch_page(FRONT, NOW, -1)
    assert [r.ref for r in first.common] == ["site"]
    assert not (await reader.fetch_page(FRONT, NOW, first.common_rev)).common


async def test_fewer_posts_may_be_asked_for_than_were_kept() -> None:
    """The number of posts hangs on a setting of the site; candidates match without it."""
    store = make_store(*(post(n) for n in range(1, 25)))
    reader = SnapshotReader(await take(store, FEED))
    found = await reader.fetch_page((Candidate("feed", "/", 1, 4),), NOW, -1)
    assert found.refs == ("post:24", "post:23", "post:22", "post:21")
    assert len((await reader.fetch_page((Candidate("feed", "/", 1, 99),), NOW, -1)).refs) == 10


@pytest.mark.parametrize(
    "candidates",
    [
        at("/other/"),
        (Candidate("page", "/", 2),),
        (Candidate("part", "/post-5/"),),
        (Candidate("page", "/post-5/"), Candidate("page", "/x/")),
        (),
    ],
)
async def test_what_it_lacks_is_no_answer_and_not_a_404(candidates: tuple[Candidate, ...]) -> None:
    """It can't know what else is in the store."""
    reader = SnapshotReader(await take(make_store(post(5)), at("/post-5/")))
    with pytest.raises(StoreUnavailableError):
        await reader.fetch_page(candidates, NOW, -1)


async def test_it_can_not_be_followed_nor_listed() -> None:
    """Its revision must not pass for the store's, nor its few pages for a sitemap."""
    reader = SnapshotReader(await take(make_store(post(5))))
    for call in (
        reader.fetch_changes(0, "", 0),
        reader.fetch_sizes(),
        reader.fetch_entries("type:page", 0, 10, NOW),
    ):
        with pytest.raises(StoreUnavailableError):
            await call


def test_a_snapshot_without_the_common_documents_is_not_built() -> None:
    """No page could be made of it."""
    found = Found(rev=1, epoch="e", complete=True, status="found")
    with pytest.raises(ValueError, match="share"):
        build_snapshot("example", NOW, [Answered("/", FRONT, found)])


# ---------------------------------------------------------------- time


async def test_a_post_whose_time_is_over_is_shown_nowhere() -> None:
    """Not in lists, not as a neighbour, not as sticky, and what is at its address is not known."""
    store = make_store(
        post(4, categories=[7]),
        ending(5, 60, sticky=True, categories=[7]),
        post(6, categories=[7]),
        term(7, "News"),
    )
    asked = [at("/post-4/"), at("/post-5/"), at("/post-6/"), at("/category/news/")]
    reader = SnapshotReader(await take(store, *asked))
    for now, shown in ((NOW + 59, True), (NOW + 60, False)):
        front = await reader.fetch_page(FRONT, now, -1)
        assert ("post:5" in front.refs) is shown
        assert ("post:5" in front.sticky) is shown
        assert front.total == (3 if shown else 2)
        assert ("post:5" in {r.ref for r in front.records}) is shown
        archive = await reader.fetch_page(at("/category/news/"), now, -1)
        assert ("post:5" in archive.refs) is shown
        after = await reader.fetch_page(at("/post-6/"), now, -1)
        before = await reader.fetch_page(at("/post-4/"), now, -1)
        assert bool(after.previous) is shown
        assert bool(before.next) is shown
        own = await reader.fetch_page(at("/post-5/"), now, -1)
        assert (own.status, own.complete) == (("found", True) if shown else ("none", False))


async def test_menus_and_relations_lose_what_is_over() -> None:
    """Children, ancestors, the pages that stand in for a menu, and what a menu leads to."""
    over = {"sos": {"expires_gmt": stamp(NOW + 60)}}
    store = make_store(
        page(50, "about", **over), page(51, "about/team", parent=50), page(52, "x", **over)
    )
    reader = SnapshotReader(await take(store, at("/about/team/")))
    early, late = [await reader.fetch_page(FRONT, NOW + s, -1) for s in (0, 60)]
    assert [b.ref for b in early.top_pages] == ["post:50", "post:52"]
    assert late.top_pages == ()
    assert late.hidden == {"post:50", "post:52"}
    assert (await reader.fetch_page(at("/about/team/"), NOW + 60, -1)).ancestors == ()
    # Who knows the common documents of before must be given them again.
    assert late.common_rev > early.common_rev
    assert (await reader.fetch_page(FRONT, NOW + 60, early.common_rev)).common
    assert not (await reader.fetch_page(FRONT, NOW + 60, late.common_rev)).common


async def test_the_end_of_a_shown_post_is_known_from_itself() -> None:
    """Even where so much is scheduled that the store's list of it was cut."""
    store = make_store(ending(5, 60), post(6))
    answers = [Answered("/", FRONT, await store.fetch_page(FRONT, NOW, -1))]
    reader = SnapshotReader(build_snapshot("example", NOW, answers))
    assert "post:5" in (await reader.fetch_page(FRONT, NOW + 59, -1)).refs
    assert "post:5" not in (await reader.fetch_page(FRONT, NOW + 60, -1)).refs


@pytest.mark.parametrize("value", [None, "", "soon", 7, [], {}, "2033-99-18T03:33:20"])
async def test_nonsense_for_an_end_is_none(value: Any) -> None:
    """As the writer takes it; and an empty object that PHP wrote as a list is no reason to fail."""
    store = make_store()
    store.put("post:6", post(6), json.dumps(post(6, sos={"expires_gmt": value})).encode())
    store.put("post:7", post(7), json.dumps(post(7, sos=[])).encode())
    assert (await take(store)).until == {}


async def test_it_says_when_time_changes_a_page() -> None:
    """So that a page made of it is not shown past that second."""
    store = make_store(ending(5, 60), ending(6, 90), post(7, at=NOW + 30), site=site())
    reader = SnapshotReader(await take(store))
    assert reader.next_change({"post:5", "post:6"}, NOW) == NOW + 60
    assert reader.next_change({"post:5", "post:6"}, NOW + 60) == NOW + 90
    assert reader.next_change({"post:6"}, NOW) == NOW + 90
    assert reader.next_change({"post:8", "site"}, NOW) == 0
    # A list changes when a post would appear, though the snapshot has not got it.
    assert reader.next_change({"list:type:post"}, NOW) == NOW + 30


async def test_what_is_due_is_told_in_order() -> None:
    """As the store tells it, whatever order it was given in."""
    found = await make_store(post(5)).fetch_page(FRONT, NOW, -1)
    due = [Due(NOW + n, frozenset({f"post:{n}"})) for n in (30, 10, 20)]
    reader = SnapshotReader(build_snapshot("x", NOW, [Answered("/", FRONT, found)], due))
    assert [d.at - NOW for d in await reader.fetch_due(NOW + 10, 9)] == [20, 30]
    assert [d.at - NOW for d in await reader.fetch_due(NOW, 1)] == [10]
    assert {"post:10", "post:20"} <= (await reader.fetch_page(FRONT, NOW + 20, -1)).hidden


async def test_menus_are_among_what_all_pages_share() -> None:
    """A start without a store has its navigation."""
    shown = menu(entry(1, "About", f"{ADMIN}/about/"))
    store = make_store(page(50, "about"), shown)
    reader = SnapshotReader(await take(store, at("/about/")))
    assert {r.ref for r in (await reader.fetch_page(FRONT, NOW, -1)).common} == {"site", "menu:1"}
