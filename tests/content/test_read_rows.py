"""Rows of topics as read.lua answers them: which archives, which of their posts, and all of it."""

from __future__ import annotations

import msgspec
import pytest
from sos.adapters.redis import RedisStore
from sos.content.store import Candidate, Found, FoundRow, Topics

from tests.adapters.test_redis import puts
from tests.content.raw_store import HOME, NOW, Json, RawStore, page, post, read_all, term

SOON = "2023-11-14T22:13:30"  # NOW + 10
PAST = "2023-11-14T22:13:10"  # NOW - 10

ALL = "/category/c1/ /category/c2/ /category/c3/"


def build_site() -> dict[str, Json]:
    """Two posts on the front page, ten posts in two categories, a third one without any."""
    return {
        "site": {"home": HOME, "sos": {"settings": {"posts_per_page": 2}}},
        "taxonomies": {"category": {"rest_base": "categories"}, "genre": {"rest_base": "genres"}},
        **{f"term:{n}": term(n) for n in (1, 2, 3)},
        "term:5": term(5, taxonomy="genre", link=f"{HOME}/genre/g/"),
        "user:1": {"id": 1, "name": "A", "link": f"{HOME}/author/a/"},
        "post:90": post(90, type="attachment", status="inherit", author=0),
        **{
            f"post:{n}": post(n, categories=[1 + n % 2], genres=[5], featured_media=90)
            for n in range(1, 11)
        },
        "post:31": page(31),
    }


@pytest.fixture
def site(raw: RawStore) -> RawStore:
    """A complete store."""
    raw.fill(build_site())
    return raw


def read(
    store: RawStore, paths: str = ALL, how: str = "4 4 category", now: int = NOW, held: int = -1
) -> Found:
    """The front page with topics."""
    return store.read(("page", "/", 1, 0, f"{how} {paths}"), now=now, held=held)


def rows(found: Found) -> dict[str, list[int]]:
    """Ids of the posts of each term, in order."""
    return {row.term: [int(r.partition(":")[2]) for r in row.refs] for row in found.rows}


def test_each_topic_has_its_newest_posts_with_all_that_they_show(site: RawStore) -> None:
    """In the order of the paths; without those of the page's own list."""
    found = read(site, "/category/c2/ /category/c1/")
    assert found.refs == ("post:10", "post:9")
    assert rows(found) == {"term:2": [7, 5, 3, 1], "term:1": [8, 6, 4, 2]}
    refs = {r.ref for r in found.records}
    assert {"term:1", "term:2", "user:1", "post:90", *(f"post:{n}" for n in range(1, 11))} <= refs
    assert found.complete


def test_nobody_gets_rows_who_does_not_ask(site: RawStore) -> None:
    """And the rest of the answer is the same with them and without."""
    without, with_rows = site.page("/"), read(site)
    assert without.rows == ()
    same = msgspec.structs.replace(with_rows, rows=(), records=without.records)
    assert same == without
    assert with_rows.records[: len(without.records)] == without.records


@pytest.mark.parametrize(
    ("count", "left"),
    [(3, [7, 5, 3]), (4, [7, 5, 3, 1]), (5, [9, 7, 5, 3, 1]), (9, [9, 7, 5, 3, 1])],
)
def test_what_is_listed_fills_up_what_would_be_short(
    site: RawStore, count: int, left: list[int]
) -> None:
    """In its place by date."""
    assert rows(read(site, "/category/c2/", f"4 {count} category")) == {"term:2": left}


def test_sticky_posts_are_listed_too(site: RawStore) -> None:
    """A row leaves them out as well."""
    site.put("post:5", post(5, categories=[2], sticky=True))
    assert rows(read(site, "/category/c2/", "4 3 category")) == {"term:2": [7, 3, 1]}


def test_post_of_two_topics_stands_in_the_first(raw: RawStore) -> None:
    """As far as the second has others."""
    raw.fill({**build_site(), **{f"post:{n}": post(n, categories=[1, 2]) for n in range(1, 9)}})
    assert rows(read(raw, how="4 3 category")) == {
        "term:1": [8, 7, 6],
        "term:2": [5, 4, 3],
        "term:3": [],
    }


def test_rows_without_posts_do_not_count_but_are_told(site: RawStore) -> None:
    """Whoever builds the page has to notice the first post."""
    found = read(site, "/category/c3/ /category/c1/ /category/c2/", "1 2 category")
    assert rows(found) == {"term:3": [], "term:1": [8, 6]}
    assert "term:3" not in {r.ref for r in found.records}


def test_only_archives_of_terms_make_rows(site: RawStore) -> None:
    """Of the taxonomy that was named, or of any."""
    paths = "/p31/ /author/a/ /p3/ /nowhere/ /genre/g/ /category/c1/"
    assert list(rows(read(site, paths))) == ["term:1"]
    assert list(rows(read(site, paths, "4 4 *"))) == ["term:5", "term:1"]


def test_empty_topics_are_looked_at_up_to_a_bound(raw: RawStore) -> None:
    """A menu of two hundred archives without posts holds nobody up."""
    raw.fill({"site": {"home": HOME}, **{f"term:{n}": term(n) for n in range(1, 60)}})
    found = read(raw, " ".join(f"/category/c{n}/" for n in range(1, 60)))
    assert 10 < len(found.rows) < 30
    assert not any(row.refs for row in found.rows)


def test_static_front_page_has_rows_as_well(site: RawStore) -> None:
    """It lists nothing, so that nothing is left out."""
    site.put("site", {"home": HOME, "show_on_front": "page", "page_on_front": 31})
    found = read(site, "/category/c1/")
    assert (found.primary, found.list) == ("post:31", "")
    assert rows(found) == {"term:1": [10, 8, 6, 4]}
    outline = read(site, "/category/c1/", held=found.rev)
    assert outline.outline
    assert rows(outline) == rows(found)
    assert {r.ref for r in outline.records} == {"post:31", "user:1", "term:1"}


def test_scheduled_and_expired_posts_are_in_no_row(site: RawStore) -> None:
    """To the second, with no write."""
    site.put("post:7", post(7, categories=[2], status="future", date_gmt=SOON))
    site.put("post:5", post(5, categories=[2], sos={"expires_gmt": SOON}))
    site.put("post:3", post(3, categories=[2], sos={"expires_gmt": PAST}))
    how, path = "4 2 category", "/category/c2/"
    assert rows(read(site, path, how)) == {"term:2": [5, 1]}
    assert rows(read(site, path, how, now=NOW + 10)) == {"term:2": [9, 1]}
    assert read(site, path, how, now=NOW + 10).refs == ("post:7", "post:10")


def test_many_expired_posts_in_a_row_leave_none_out(raw: RawStore) -> None:
    """Whatever lies between, the row has what there is."""
    over = {f"post:{n}": post(n, categories=[1], sos={"expires_gmt": PAST}) for n in range(5, 80)}
    left = {f"post:{n}": post(n, categories=[1], date_gmt="2019-01-01T00:00:00") for n in (1, 2, 3)}
    raw.fill({"site": {"home": HOME}, "term:1": term(1), **over, **left, "post:81": post(81)})
    raw.put("site", {"home": HOME, "sos": {"settings": {"posts_per_page": 1}}})
    assert rows(read(raw, "/category/c1/")) == {"term:1": [3, 2, 1]}


def test_outline_has_the_rows_without_their_posts(site: RawStore) -> None:
    """What tells their names still comes along."""
    whole = read(site)
    outline = read(site, held=whole.rev)
    assert (whole.outline, outline.outline) == (False, True)
    assert (outline.rows, outline.refs) == (whole.rows, whole.refs)
    assert [r.ref for r in outline.records] == ["term:1", "term:2"]
    assert read(site, held=whole.rev - 1) == whole


@pytest.mark.parametrize("name", ["list:term:1", "until", "path", "entry", "doc"])
def test_lost_key_makes_rows_incomplete(site: RawStore, name: str) -> None:
    """Nobody takes a lost topic for one without posts; in an outline as well."""
    site.put("post:2", post(2, categories=[1], sos={"expires_gmt": "2039-01-01T00:00:00"}))
    rev = read(site).rev
    assert read(site).complete
    assert site.client.delete(site.key(name)) == 1
    assert not read(site).complete
    assert not read(site, held=rev).complete


def test_member_without_a_document_is_noticed(site: RawStore) -> None:
    """The page is not complete, and has the rest."""
    for name in ("doc", "entry"):
        site.client.hdel(site.key(name), "post:6")
        site.client.hset(site.key(name), "post:600", "{}")
    found = read(site, "/category/c1/")
    assert not found.complete
    assert {"post:8", "post:4"} <= {r.ref for r in found.records}


def test_reading_rows_writes_nothing(site: RawStore) -> None:
    """It can be asked of a replica."""
    before = read_all(site)
    read(site)
    assert read_all(site) == before


async def test_rows_come_in_plain_types(store: RedisStore) -> None:
    """Through the port, of a candidate that is not the first."""
    await store.apply(puts(build_site()))
    topics = Topics(("/category/c1/", "/genre/g/"), rows=2, posts=1)
    asked = [Candidate("page", "/no/"), Candidate("page", "/", topics=topics)]
    found = await store.fetch_page(asked, NOW, -1)
    assert found.candidate == 1
    assert found.rows == (FoundRow("term:1", ("post:8",)), FoundRow("term:5", ("post:7",)))
    nothing = Candidate("page", "/", topics=Topics(()))
    assert (await store.fetch_page([nothing], NOW, -1)).rows == ()
