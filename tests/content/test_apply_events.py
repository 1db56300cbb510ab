"""What apply.lua says has changed: names, the common revision, the event, revision and epoch."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.content.raw_store import HOME, NOW, Json, RawStore, assert_sound, page, post, term

FAR = "2040-01-01T00:00:00"


@pytest.fixture(autouse=True)
def _sound(raw: RawStore):  # type: ignore[no-untyped-def]
    """Whatever a test did, the laws of the store hold at its end."""
    yield
    assert_sound(raw)


@pytest.fixture
def site(raw: RawStore) -> RawStore:
    """Five posts one day apart in category 1, below which 2 is, and a menu; all complete."""
    raw.fill(
        {
            "site": {"home": HOME, "url": HOME, "site_logo": 90},
            "term:1": term(1),
            "term:2": term(2, parent=1),
            "user:1": {"id": 1, "name": "A", "link": f"{HOME}/author/a/"},
            "post:90": post(90, type="attachment", status="inherit", author=0),
            "menu:1": {"id": 1, "sos": {"items": [{"type": "post_type", "object_id": 30}]}},
            **{f"post:{n}": post(n, categories=[2]) for n in (1, 2, 3, 4, 5)},
            "post:30": page(30),
            "post:31": page(31),
        }
    )
    return raw


def names_of(store: RawStore, change: Callable[[], str]) -> set[str]:
    """What one applied change touches."""
    rev = store.rev()
    assert change() == "applied"
    assert store.rev() == rev + 1
    touched = store.touched(rev)
    assert store.events()[-1] == (f"{rev + 1}-0", " ".join(sorted(touched)))
    return touched


LISTS = {"list:type:post", "list:author:1", "list:term:1", "list:term:2"}


def test_new_text_touches_the_document_alone(site: RawStore) -> None:
    """Pages that show it depend on its name; lists are as they were."""
    document = post(3, categories=[2], title={"rendered": "New"})
    assert names_of(site, lambda: site.put("post:3", document)) == {"post:3"}


def test_new_post_touches_its_lists_and_its_neighbour(site: RawStore) -> None:
    """The last one before it gets a link to it."""
    names = names_of(site, lambda: site.put("post:9", post(9, categories=[2])))
    assert names == {"post:9", "post:5", *LISTS}


def test_post_between_two_touches_both(site: RawStore) -> None:
    """Each of them links to it now."""
    document = post(9, date_gmt="2020-01-03T12:00:00", author=0)
    assert names_of(site, lambda: site.put("post:9", document)) == {
        *("post:9", "post:2", "post:3", "list:type:post"),
    }


def test_removed_post_touches_its_lists_and_both_neighbours(site: RawStore) -> None:
    """They link to each other now."""
    assert names_of(site, lambda: site.remove("post:3")) == {"post:3", "post:2", "post:4", *LISTS}


def test_new_date_touches_old_and_new_neighbours(site: RawStore) -> None:
    """Those that it leaves and those that it comes to."""
    document = post(2, categories=[2], date_gmt="2020-01-05T12:00:00")
    names = names_of(site, lambda: site.put("post:2", document))
    assert names == {"post:2", "post:1", "post:3", "post:4", "post:5", *LISTS}


def test_neighbours_behind_expired_posts_are_touched(site: RawStore) -> None:
    """A reader skips what has expired; who stands behind it shows the change."""
    over = {"sos": {"expires_gmt": "2021-01-01T00:00:00"}, "author": 0}
    for number, hour in ((11, 10), (12, 11), (13, 13), (14, 14)):
        moment = f"2020-01-04T{hour}:00:00"
        site.put(f"post:{number}", post(number, date_gmt=moment, **over))
    document = post(9, date_gmt="2020-01-04T12:00:00", author=0)
    names = names_of(site, lambda: site.put("post:9", document))
    assert {"post:3", "post:4"} <= names
    assert not {"post:2", "post:5"} & names


def test_other_category_touches_both_archives(site: RawStore) -> None:
    """The one that is left, those above it, and the one that is entered."""
    names = names_of(site, lambda: site.put("post:3", post(3, categories=[7])))
    assert names == {"post:3", "list:term:1", "list:term:2", "list:term:7"}


@pytest.mark.parametrize(
    ("changes", "lists"),
    [
        ({"sticky": True}, {"list:sticky"}),
        ({"author": 2}, {"list:author:1", "list:author:2"}),
        ({"format": "aside"}, {"list:format:aside"}),
        ({"link": f"{HOME}/other/"}, set()),
        ({"content": {"rendered": "", "protected": True}}, set()),
    ],
)
def test_lists_that_change_are_touched(site: RawStore, changes: Json, lists: set[str]) -> None:
    """And only those."""
    document = post(3, categories=[2], **changes)
    assert names_of(site, lambda: site.put("post:3", document)) == {"post:3", *lists}


def test_page_touches_the_children_it_leaves_and_joins(site: RawStore) -> None:
    """Parents list their children."""
    site.put("post:32", page(32, parent=30))
    names = names_of(site, lambda: site.put("post:32", page(32, parent=31)))
    assert names == {"post:32", "list:children:30", "list:children:31"}
    names = names_of(site, lambda: site.put("post:32", page(32, parent=31, menu_order=4)))
    assert names == {"post:32", "list:children:31"}


def test_term_that_moves_touches_the_archives_above_it(site: RawStore) -> None:
    """Its posts leave one and enter another; its own archive is as it was."""
    site.put("term:3", term(3))
    names = names_of(site, lambda: site.put("term:2", term(2, parent=3)))
    assert names == {"term:2", "list:term:1", "list:term:3"}


def test_renamed_term_touches_itself(site: RawStore) -> None:
    """Posts that show its name depend on it."""
    assert names_of(site, lambda: site.put("term:2", term(2, parent=1, name="N"))) == {"term:2"}


def test_taking_a_path_touches_who_had_it(site: RawStore) -> None:
    """A cached page there shows the other document."""
    document = post(9, "p3", author=0, date_gmt="2020-02-20T00:00:00")
    assert "post:3" in names_of(site, lambda: site.put("post:9", document))


# ---------------------------------------------------------------- common documents


@pytest.mark.parametrize(
    ("ref", "document", "name"),
    [
        ("site", {"home": HOME, "name": "New"}, "site"),
        ("types", {"event": {}}, "site"),
        ("taxonomies", {"category": {"rest_base": "categories"}}, "site"),
        ("menu:1", {"id": 1, "name": "New"}, "menus"),
        ("menu:2", {"id": 2}, "menus"),
        ("post:90", post(90, type="attachment", status="inherit", alt_text="New"), "site"),
        ("post:30", page(30, title={"rendered": "New"}), "menus"),
        ("post:30", page(30, slug="elsewhere"), "menus"),
        ("post:30", page(30, date_gmt=FAR, status="future"), "menus"),
        ("post:30", page(30, sos={"expires_gmt": FAR}), "menus"),
        ("post:30", page(30, status="draft"), "menus"),
    ],
)
def test_what_stands_on_every_page_moves_the_common_revision(
    site: RawStore, ref: str, document: Json, name: str
) -> None:
    """The site, its types, taxonomies, menus, logo, and what a menu leads to."""
    assert name in names_of(site, lambda: site.put(ref, document))
    assert int(site.meta()["common"]) == site.rev()


@pytest.mark.parametrize(
    ("ref", "document"),
    [
        ("post:3", post(3, title={"rendered": "New"})),
        ("post:31", page(31, title={"rendered": "New"})),
        ("post:33", page(33)),
        ("post:30", page(30, content={"rendered": "New"})),
        ("term:1", term(1, name="New")),
        ("user:1", {"id": 1, "name": "New", "link": f"{HOME}/author/a/"}),
    ],
)
def test_other_documents_leave_the_common_revision(
    site: RawStore, ref: str, document: Json
) -> None:
    """Where there is a menu, pages that are not in it stand on no other page."""
    before = site.meta()["common"]
    assert not names_of(site, lambda: site.put(ref, document)) & {"site", "menus"}
    assert site.meta()["common"] == before


@pytest.mark.parametrize(
    ("document", "common"),
    [
        (page(31, title={"rendered": "New"}), True),
        (page(31, slug="new"), True),
        (page(31, menu_order=5), True),
        (page(31, parent=30), True),
        (page(31, status="private"), True),
        (page(31, status="future", date_gmt=FAR), True),
        (page(31, content={"rendered": "New"}), False),
        (page(32, parent=30), False),
        (page(33), True),
        (post(34), False),
    ],
)
def test_without_a_menu_top_pages_stand_on_every_page(
    site: RawStore, document: Json, common: bool
) -> None:
    """WordPress shows them where no menu is assigned (wp_page_menu)."""
    assert "menus" in names_of(site, lambda: site.remove("menu:1"))
    ref = f"post:{document['id']}"
    names = names_of(site, lambda: site.put(ref, document))
    assert ("menus" in names) is common
    assert (int(site.meta()["common"]) == site.rev()) is common


# ---------------------------------------------------------------- revision, event, epoch


def test_one_call_is_one_revision_and_one_event(raw: RawStore) -> None:
    """However many documents it brings; all of them carry the revision."""
    words: list[object] = []
    for number in range(1, 20):
        words += ["put", f"post:{number}", 1, json.dumps(post(number))]
    raw.call(*words)
    assert raw.rev() == 1
    assert [ident for ident, _ in raw.events()] == ["1-0"]
    assert {raw.entry(f"post:{n}").rev for n in range(1, 20)} == {1}


def test_unchanged_stale_and_refused_make_no_event(site: RawStore) -> None:
    """Nobody has to look."""
    rev, events = site.rev(), site.events()
    assert site.put("post:3", post(3, categories=[2])) == "unchanged"
    assert site.put("post:3", post(3), seq=0) == "stale"
    assert site.put("post:3", "nonsense").startswith("error")
    assert site.ready() == "unchanged"
    assert (site.rev(), site.events()) == (rev, events)


def test_very_large_change_is_told_as_a_star(raw: RawStore) -> None:
    """The event stays small; the names are in ``touched``."""
    words: list[object] = []
    for number in range(1, 502):
        words += ["put", f"post:{number}", 1, json.dumps(post(number))]
    raw.call(*words)
    assert raw.events() == [("1-0", "*")]
    assert len(raw.touched(0)) == 501 + 2


def test_stream_is_bounded(raw: RawStore) -> None:
    """About 10,000 events; Redis drops them in blocks of a hundred."""
    raw.client.xadd(raw.key("events"), {"touched": ""}, id="1-0")
    with raw.client.pipeline(transaction=False) as pipe:
        for number in range(2, 10_300):
            pipe.xadd(raw.key("events"), {"touched": "x"}, id=f"{number}-0")
        pipe.execute()
    raw.client.hset(raw.key("meta"), mapping={"schema": "1", "rev": "10299", "epoch": "e"})
    raw.put("post:1", post(1))
    assert 10_000 <= raw.client.xlen(raw.key("events")) <= 10_200
    assert raw.events()[-1][0] == "10300-0"


def test_deleted_stream_starts_again(site: RawStore) -> None:
    """Nothing is lost with it but a wake-up."""
    site.client.delete(site.key("events"))
    assert names_of(site, lambda: site.put("post:3", post(3)))
    assert len(site.events()) == 1
    assert site.meta()["ready"] == "1"


def test_stream_that_outlived_its_store_starts_again(raw: RawStore) -> None:
    """Its ids are higher than the new revisions."""
    raw.put("post:1", post(1))
    raw.client.xadd(raw.key("events"), {"touched": "old"}, id="900-0")
    raw.put("post:2", post(2))
    assert [ident for ident, _ in raw.events()] == ["2-0"]


@pytest.mark.parametrize("lost", [["meta"], ["meta", "touched"], ["meta", "events"]])
def test_revisions_go_on_after_the_state_was_lost(site: RawStore, lost: list[str]) -> None:
    """Entries carry revisions: a second document of revision 7 could be taken for the first."""
    for number in range(1, 20):
        site.put("post:3", post(3, title={"rendered": str(number)}))
    rev = site.rev()
    site.client.delete(*(site.key(name) for name in lost))
    assert site.put("post:9", post(9, author=0)) == "applied"
    assert site.rev() == rev + 1
    assert site.touched(rev) == {"post:9", "post:5", "list:type:post"}
    assert site.events()[-1][0] == f"{rev + 1}-0"


def test_epoch_stays_while_the_store_lives(site: RawStore) -> None:
    """And differs between two stores."""
    epoch = site.meta()["epoch"]
    site.put("post:9", post(9))
    site.remove("post:9")
    assert site.meta()["epoch"] == epoch
    other = RawStore(site.client)
    other.put("post:9", post(9))
    assert other.meta()["epoch"] != epoch


def test_ready_mark_touches_the_site_once(raw: RawStore) -> None:
    """Whoever waits for it looks at everything."""
    raw.put("post:1", post(1))
    assert "ready" not in raw.meta()
    assert names_of(raw, raw.ready) == {"site"}
    assert raw.meta()["ready"] == "1"
    assert raw.ready() == "unchanged"


def test_time_of_the_call_may_be_the_servers(raw: RawStore) -> None:
    """An empty first argument; what is due then is decided by the server's clock."""
    raw.put("post:1", post(1, status="future", date_gmt="2020-06-01T00:00:00"), now="")
    assert raw.client.exists(raw.key("at")) == 0
    raw.put("post:2", post(2, status="future", date_gmt="2020-06-01T00:00:00"), now=NOW - 2 * 10**8)
    assert raw.client.zcard(raw.key("at")) == 1
