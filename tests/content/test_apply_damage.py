"""Keys that vanish under apply.lua: what was lost is never taken for what was never there."""

from __future__ import annotations

import json

import pytest

from tests.content.raw_store import HOME, Json, RawStore, assert_sound, page, post, read_all, term


def build_site() -> dict[str, Json]:
    """Something of everything: parents, redirects, stickies, archives, schedules, a menu."""
    return {
        "site": {
            "home": f"{HOME}/blog", "show_on_front": "page", "page_on_front": 30,
            "page_for_posts": 31, "site_logo": 90, "sos": {"settings": {"posts_per_page": 3}},
        },
        "types": {"event": {"sos": {"archive_path": "/events/"}}},
        "taxonomies": {"category": {"rest_base": "categories"}, "genre": {"rest_base": "genres"}},
        "term:1": term(1),
        "term:2": term(2, parent=1),
        "term:5": term(5, taxonomy="genre"),
        "user:1": {"id": 1, "name": "A", "link": f"{HOME}/author/a/"},
        "post:90": post(90, type="attachment", status="inherit", author=0),
        **{f"post:{n}": post(n, categories=[2], sticky=n == 2, genres=[5]) for n in range(1, 6)},
        "post:6": post(6, status="future", date_gmt="2040-01-01T00:00:00"),
        "post:7": post(7, sos={"expires_gmt": "2039-01-01T00:00:00", "redirects": ["/seven/"]}),
        "post:8": post(8, type="event", format="video"),
        "post:30": page(30, link=f"{HOME}/blog/"),
        "post:31": page(31),
        "post:32": page(32, parent=31),
        "menu:1": {"id": 1, "sos": {"items": [{"type": "post_type", "object_id": 31}]}},
    }  # fmt: skip


@pytest.fixture
def site(raw: RawStore) -> RawStore:
    """A complete store, with a redirect and a tombstone in it."""
    raw.put("post:4", post(4, "moved"))
    raw.put("post:99", post(99))
    raw.remove("post:99")
    raw.fill(build_site())
    assert_sound(raw)
    return raw


def content_of(store: RawStore) -> dict[str, object]:
    """All that a reader could see, without numbers that count changes."""
    contents = read_all(store)
    ours = ("base", "front", "posts_page", "per_page", "fields", "type_paths", "ready", "docs")
    entries = {ref: json.loads(value) for ref, value in contents["entry"].items()}
    contents["entry"] = {r: {**e, "rev": 0, "seq": 0, "rules": ""} for r, e in entries.items()}
    contents["meta"] = {k: v for k, v in contents["meta"].items() if k in ours}
    others = ("touched", "removed", "old", "gone")
    return {k: v for k, v in contents.items() if k not in others}


LOSABLE = [
    *("doc", "entry", "path", "old", "gone", "size", "at", "until"),
    *("list:type:post", "list:term:1", "list:sticky", "list:children:31", "list:menus"),
    *("list:author:1", "list:format:video", "list:terms:category", "list:users"),
]


@pytest.mark.parametrize("name", LOSABLE)
def test_store_that_lost_a_key_is_no_longer_ready_once_something_is_written(
    site: RawStore, name: str
) -> None:
    """The next write must not make the rest the new truth: that would be a false 404."""
    epoch = site.meta()["epoch"]
    assert site.client.delete(site.key(name)) == 1
    site.put("post:3", post(3, categories=[1], author=2, sticky=True, title="New"))
    site.put("post:33", page(33, parent=31))
    site.put("site", {**build_site()["site"], "name": "New"})
    assert "ready" not in site.meta()
    assert site.meta()["epoch"] != epoch


@pytest.mark.parametrize("name", [*LOSABLE, "meta", "touched", "events", "removed", "seq"])
def test_sending_everything_again_unchanged_restores_whatever_was_lost(
    site: RawStore, name: str
) -> None:
    """An importer that finds the same documents brings back every list, path and setting."""
    before = content_of(site)
    assert site.client.delete(site.key(name)) == 1
    site.fill(build_site())
    assert_sound(site)
    assert content_of(site) == before
    assert site.meta()["ready"] == "1"
    site.fill(build_site())
    assert_sound(site)


def test_sending_everything_again_restores_a_store_that_lost_half_its_keys(site: RawStore) -> None:
    """Whichever half."""
    before = content_of(site)
    names = sorted(site.names() - {"events"})
    for half in (names[::2], names[1::2]):
        site.client.delete(*(site.key(name) for name in half))
        site.fill(build_site())
        assert_sound(site)
        assert content_of(site) == before


def test_store_that_lost_nothing_says_unchanged(site: RawStore) -> None:
    """Being cautious must not mean writing everything anew."""
    rev = site.rev()
    for ref, document in build_site().items():
        assert site.put(ref, document) == "unchanged"
    assert site.rev() == rev


def test_ready_is_refused_while_a_list_is_missing(site: RawStore) -> None:
    """An import during which a key vanished must not call the store complete."""
    site.client.delete(site.key("list:term:1"))
    assert site.ready() == "error: keys were lost; write every document again"
    assert "ready" not in site.meta()


def test_import_begins_with_the_site_and_finds_a_lost_list_there(site: RawStore) -> None:
    """Its resume state belongs to an epoch, which must not change once it has begun."""
    epoch = site.meta()["epoch"]
    site.client.delete(site.key("list:term:1"))
    assert site.put("site", build_site()["site"]) == "applied"
    found = site.meta()["epoch"]
    assert found != epoch
    site.fill(build_site())
    assert site.meta()["epoch"] == found


def test_lost_names_of_changes_make_followers_look_at_everything(site: RawStore) -> None:
    """No content is missing, so the store stays ready; its epoch is a new one."""
    epoch = site.meta()["epoch"]
    site.client.delete(site.key("touched"))
    site.put("post:9", post(9))
    assert site.meta()["ready"] == "1"
    assert site.meta()["epoch"] != epoch


def test_unreadable_entry_is_a_loss_like_any_other(site: RawStore) -> None:
    """Somebody else wrote to it; the document is taken apart again."""
    site.client.hset(site.key("entry"), "post:3", "{not json")
    assert site.put("post:3", post(3, categories=[2], genres=[5])) == "applied"
    assert "ready" not in site.meta()
    site.fill(build_site())
    assert_sound(site)
    assert site.meta()["ready"] == "1"


def test_key_of_a_wrong_type_breaks_the_call_and_is_noticed_by_the_next(site: RawStore) -> None:
    """A script that errs half-way leaves counts that do not fit."""
    site.client.delete(site.key("list:author:9"))
    site.client.set(site.key("list:author:9"), "text")
    with pytest.raises(Exception, match="WRONGTYPE"):
        site.put("post:50", post(50, author=9))
    site.client.delete(site.key("list:author:9"))
    site.put("post:51", post(51))
    assert "ready" not in site.meta()
    site.put("post:50", post(50, author=9))
    site.fill(build_site())
    assert_sound(site)
