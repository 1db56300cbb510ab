"""Callouts in the store: they come and go by their time, on the front page and nowhere else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sos.content.post import CalloutTerms, parse_post
from sos.content.store import Found

from tests.content.raw_store import HOME, NOW, Json, RawStore, assert_sound, page, post

LIST = "type:sos_callout"


@pytest.fixture(autouse=True)
def _sound(raw: RawStore):  # type: ignore[no-untyped-def]
    """Whatever a test did, the laws of the store hold at its end."""
    yield
    assert_sound(raw)


@pytest.fixture
def site(raw: RawStore) -> RawStore:
    """Three posts, a page and a picture."""
    posts = {f"post:{n}": post(n, author=0) for n in (1, 2, 3)}
    picture = post(90, type="attachment", status="inherit", author=0)
    raw.fill({"site": {"home": HOME}, **posts, "post:30": page(30, author=0), "post:90": picture})
    return raw


def stamp(epoch: int) -> str:
    """As WordPress writes it."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def callout(number: int, at: int = -100, until: int | None = None, **changes: Any) -> Json:
    """A callout that begins and ends so many seconds after NOW."""
    return post(
        number,
        type="sos_callout",
        status="future" if at > 0 else "publish",
        date_gmt=stamp(NOW + at),
        sos={
            "expires_gmt": None if until is None else stamp(NOW + until),
            "callout": {"placement": "banner", "priority": 10},
        },
        **changes,
    )


def front(store: RawStore, seconds: int = 0) -> Found:
    """The front page, so many seconds after NOW."""
    return store.page("/", now=NOW + seconds)


def touched_by(store: RawStore, document: Json) -> set[str]:
    """Names that a put touches."""
    rev = store.rev()
    assert store.put(f"post:{document['id']}", document) == "applied"
    return store.touched(rev)


# ---------------------------------------------------------------- the writer


def test_callout_has_no_path_and_one_list(site: RawStore) -> None:
    """Whatever WordPress gave it: an address, terms, an author, a parent, a place at the top."""
    loud = callout(70, categories=[5], author=1, sticky=True, parent=30, format="aside")
    loud["sos"]["path"] = "/storm/"
    assert site.put("post:70", loud) == "applied"
    entry = site.entry("post:70")
    assert (entry.path, set(entry.lists)) == ("", {LIST})
    assert site.members(LIST) == [70]
    assert site.page("/storm/").status == site.page("/p70/").status == "none"
    assert front(site).refs == ("post:3", "post:2", "post:1")
    assert site.page("/p3/").next is None


def test_type_of_callouts_has_no_archive(site: RawStore) -> None:
    """Not even where a plugin declares one."""
    site.put("types", {"sos_callout": {"name": "x", "sos": {"archive_path": "/callouts/"}}})
    site.put("post:70", callout(70))
    assert site.page("/callouts/").status == "none"


def test_change_of_a_callout_names_what_shows_it(site: RawStore) -> None:
    """Its list when it comes, moves or goes; itself alone when it says something else."""
    assert touched_by(site, callout(70)) == {"post:70", f"list:{LIST}"}
    said = callout(70, title={"rendered": "Other"})
    assert touched_by(site, said) == {"post:70"}
    assert touched_by(site, callout(70, at=-50)) == {"post:70", f"list:{LIST}"}
    rev = site.rev()
    assert site.remove("post:70") == "applied"
    assert site.touched(rev) == {"post:70", f"list:{LIST}"}


@pytest.mark.parametrize("kind", ["sos_callout", "post"])
def test_new_end_of_what_was_over_names_its_lists(site: RawStore, kind: str) -> None:
    """A page that lacks it does not depend on it, and must hear that it is back."""
    over = {**callout(70, until=-10), "type": kind, "author": 0}
    site.put("post:70", over)
    back = {**callout(70, until=50), "type": kind, "author": 0}
    names = touched_by(site, back)
    assert {"post:70", f"list:type:{kind}"} <= names
    if kind == "post":
        assert {"post:3"} <= names  # whose neighbour it is again


# ---------------------------------------------------------------- the reader


def test_front_page_brings_its_callouts_with_their_documents(site: RawStore) -> None:
    """The newest first, and the picture of each; a static front page has them as well."""
    site.put("post:70", callout(70, at=-200, featured_media=90))
    site.put("post:71", callout(71, at=-100))
    found = front(site)
    assert found.callouts == ("post:71", "post:70")
    assert {"post:70", "post:71", "post:90"} <= {r.ref for r in found.records}
    site.put("site", {"home": HOME, "show_on_front": "page", "page_on_front": 30})
    found = front(site)
    assert (found.primary, found.callouts) == ("post:30", ("post:71", "post:70"))
    assert {"post:70", "post:71", "post:90"} <= {r.ref for r in found.records}


@pytest.mark.parametrize(
    "candidate",
    [
        ("page", "/", 2, 2),
        ("feed", "/", 1, 10),
        ("page", "/p3/", 1, 0),
        ("page", "/p30/", 1, 0),
        ("ref", "post:3", 1, 0),
        ("dates", "0:2000000000@/2020/", 1, 0),
        ("page", "/nowhere/", 1, 0),
    ],
)
def test_no_other_page_brings_any(site: RawStore, candidate: tuple[str, str, int, int]) -> None:
    """Nor does a feed, or a further page of the front."""
    site.put("post:70", callout(70))
    found = site.read(candidate)
    assert found.callouts == ()
    assert "post:70" not in {r.ref for r in found.records}


def test_callout_comes_and_goes_at_its_second(site: RawStore) -> None:
    """With no write in between; readers can ask when."""
    site.put("post:70", callout(70, at=10, until=20))
    seen = {s: bool(front(site, s).callouts) for s in (0, 9, 10, 19, 20, 99)}
    assert seen == {0: False, 9: False, 10: True, 19: True, 20: False, 99: False}
    assert site.client.zscore(site.key("at"), "post:70") == NOW + 10
    assert site.client.zscore(site.key("until"), "post:70") == NOW + 20


def test_at_most_twenty_come_however_many_there_are(site: RawStore) -> None:
    """The newest of those that are not over, however many of those stand before them."""
    words: list[object] = []
    for n in range(100, 130):
        words += ["put", f"post:{n}", n, json.dumps(callout(n, at=-1000 + n))]
    for n in range(200, 600):
        words += ["put", f"post:{n}", n, json.dumps(callout(n, at=-700 + n, until=-1))]
    assert set(site.call(*words)) == {"applied"}
    assert front(site).callouts == tuple(f"post:{n}" for n in range(129, 109, -1))


def test_read_of_the_front_page_is_not_complete_when_the_list_was_lost(site: RawStore) -> None:
    """An alarm that vanished must not pass for one that was never there."""
    site.put("post:70", callout(70))
    assert front(site).complete
    kept = site.client.dump(site.key(f"list:{LIST}"))
    site.client.delete(site.key(f"list:{LIST}"))
    assert not front(site).complete
    assert site.page("/p3/").complete
    site.client.restore(site.key(f"list:{LIST}"), 0, kept)


def test_member_without_a_document_makes_the_front_page_incomplete(site: RawStore) -> None:
    """As in any list."""
    site.put("post:70", callout(70))
    kept = site.client.hget(site.key("entry"), "post:70")
    site.client.hset(site.key("entry"), "post:70", "{")
    found = front(site)
    assert ({r.ref for r in found.records} & {"post:70"}, found.complete) == (set(), False)
    site.client.hset(site.key("entry"), "post:70", kept)


# ---------------------------------------------------------------- the document


@pytest.mark.parametrize(
    ("sos", "terms"),
    [
        ({"placement": "takeover", "priority": 30}, CalloutTerms("takeover", 30)),
        ({"placement": "banner", "priority": "7"}, CalloutTerms("banner", 7)),
        ({"placement": "wall", "priority": 10**9}, CalloutTerms("banner", 100)),
        ({"placement": ["takeover"], "priority": -5}, CalloutTerms("banner", 0)),
        ({"priority": True}, CalloutTerms("banner", 0)),
        ({}, CalloutTerms("banner", 0)),
        ("takeover", CalloutTerms("banner", 0)),
        (None, CalloutTerms("banner", 0)),
    ],
)
def test_terms_of_a_callout_are_sound_whatever_comes(sos: object, terms: CalloutTerms) -> None:
    """What can't be read is the quieter."""
    document = {**callout(70), "sos": {"callout": sos}}
    assert parse_post(json.dumps(document).encode()).callout == terms


def test_other_types_have_no_terms() -> None:
    """A post does not become a callout by a member."""
    document = post(1, sos={"callout": {"placement": "takeover", "priority": 100}})
    assert parse_post(json.dumps(document).encode()).callout is None
