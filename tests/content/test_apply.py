"""What apply.lua makes of documents: paths, lists, redirects, tombstones, order of writes."""

from __future__ import annotations

import json

import pytest

from tests.content.raw_store import HOME, NOW, Json, RawStore, assert_sound, page, post, term


@pytest.fixture(autouse=True)
def _sound(raw: RawStore):  # type: ignore[no-untyped-def]
    """Whatever a test did, the laws of the store hold at its end."""
    yield
    assert_sound(raw)


def path_of(raw: RawStore, document: Json) -> str:
    """The path that a post document gets."""
    assert raw.put(f"post:{document['id']}", document) == "applied"
    path = raw.entry(f"post:{document['id']}").path
    if path:
        assert raw.fields("path")[path] == f"post:{document['id']}"
    return path


# ---------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (f"{HOME}/2020/01/hello/", "/2020/01/hello/"),
        (f"{HOME}/no-slash", "/no-slash"),
        ("http://other.example:8080/hello/", "/hello/"),
        (f"{HOME}", "/"),
        (f"{HOME}/", "/"),
        (f"{HOME}/hello/#part", "/hello/"),
        (f"{HOME}/?p=12", ""),
        (f"{HOME}/hello/?lang=de", ""),
        ("/hello/", ""),
        ("javascript:alert(1)", ""),
        (None, ""),
        (17, ""),
        (f"{HOME}/%E6%97%A5%e6%9c%ac/", "/%e6%97%a5%e6%9c%ac/"),
        (f"{HOME}/日本/", "/%e6%97%a5%e6%9c%ac/"),
        (f"{HOME}/%41%2d%7E%5f/", "/A-~_/"),
        (f"{HOME}/a%2Fb/", "/a%2fb/"),
        (f"{HOME}/a b<c>/", "/a%20b%3cc%3e/"),
        (f"{HOME}/100%/", "/100%25/"),
        (f"{HOME}/100%25/", "/100%25/"),
        (f"{HOME}/%zz%4/", "/%25zz%254/"),
        (f"{HOME}/a+b,c;d=e@f:g!$&'()*/", "/a+b,c;d=e@f:g!$&'()*/"),
        (f"{HOME}//evil.example//x/", "/evil.example/x/"),
        (f"{HOME}/" + "a" * 2000, ""),
    ],
)
def test_path_comes_from_the_link(raw: RawStore, link: object, path: str) -> None:
    """One spelling for each path; what has no path of its own gets none."""
    assert path_of(raw, post(1, link=link)) == path


@pytest.mark.parametrize(
    ("home", "link", "path"),
    [
        ("https://x.example/blog", "https://x.example/blog/hello/", "/hello/"),
        ("https://x.example/blog/", "https://x.example/blog/", "/"),
        ("https://x.example/blog", "https://x.example/blog", "/"),
        ("https://x.example/blog", "https://x.example/blogger/", "/blogger/"),
        ("https://x.example/a/b", "https://x.example/a/b/c/", "/c/"),
        ("https://x.example/%E6%97%A5", "https://x.example/%e6%97%a5/c/", "/c/"),
        ("https://x.example/日", "https://x.example/%E6%97%A5/c/", "/c/"),
        ("https://x.example/", "https://x.example/c/", "/c/"),
        ("", "https://x.example/c/", "/c/"),
    ],
)
def test_path_does_not_hold_the_folder_that_the_site_lives_in(
    raw: RawStore, home: str, link: str, path: str
) -> None:
    """The folder of the site's home, however it is escaped, is cut off; a longer name is none."""
    raw.put("site", {"home": home, "url": "https://wp.example/wp"})
    assert path_of(raw, post(1, link=link)) == path


def test_path_of_the_sos_member_goes_before_the_link(raw: RawStore) -> None:
    """A publisher of a site with plain links says the path itself; an impossible one is ignored."""
    plain = f"{HOME}/?p=1"
    assert path_of(raw, post(1, link=plain, sos={"path": "/Grüße/"})) == "/Gr%c3%bc%c3%9fe/"
    assert path_of(raw, post(2, link=plain, sos={"path": "no-slash/"})) == "/no-slash/"
    assert path_of(raw, post(3, link=plain, sos={"path": "//evil.example/"})) == "/evil.example/"
    assert path_of(raw, post(4, sos={"path": ""})) == "/p4/"
    assert path_of(raw, post(5, sos={"path": "/" + "x" * 3000})) == "/p5/"
    assert path_of(raw, post(6, sos={"path": 5})) == "/p6/"
    assert path_of(raw, post(7, sos="nonsense")) == "/p7/"


def test_document_without_a_path_is_kept_but_listed_nowhere(raw: RawStore) -> None:
    """It may be another document's picture; a list could only lead nowhere."""
    raw.put("post:1", post(1, link=f"{HOME}/?p=1", categories=[2]))
    assert raw.lists_of("post:1") == set()
    assert raw.fields("doc").keys() == {"post:1"}


def test_term_user_and_menu_paths(raw: RawStore) -> None:
    """Terms and users have archives; a menu has no address, whatever its document says."""
    raw.put("term:2", term(2, "news"))
    raw.put("user:3", {"id": 3, "name": "A", "link": f"{HOME}/author/a/"})
    raw.put("menu:4", {"id": 4, "name": "Main", "link": f"{HOME}/main/"})
    assert raw.fields("path") == {"/category/news/": "term:2", "/author/a/": "user:3"}
    assert raw.lists_of("term:2") == {"terms:category"}
    assert raw.lists_of("user:3") == {"users"}
    assert raw.lists_of("menu:4") == {"menus"}


def test_change_of_the_sites_folder_reaches_documents_that_are_sent_again_unchanged(
    raw: RawStore,
) -> None:
    """Entries follow from documents *and* from the site; an equal document is no reason to stop."""
    raw.put("site", {"home": "https://x.example"})
    document = post(1, link="https://x.example/blog/hello/")
    raw.put("post:1", document)
    raw.put("site", {"home": "https://x.example/blog"})
    assert raw.put("post:1", document) == "applied"
    assert raw.entry("post:1").path == "/hello/"
    assert raw.put("post:1", document) == "unchanged"


# ---------------------------------------------------------------- lists


def test_post_stands_in_every_list_that_shows_it(raw: RawStore) -> None:
    """Type, author, format, sticky, terms of each field, and all terms above those."""
    raw.put("term:10", term(10))
    raw.put("term:11", term(11, parent=10))
    raw.put("term:12", term(12, parent=11))
    raw.put("term:20", term(20, taxonomy="post_tag"))
    raw.put("post:1", post(1, categories=[12], tags=[20], sticky=True, format="video", author=7))
    assert raw.lists_of("post:1") == {
        *("type:post", "author:7", "format:video", "sticky"),
        *("term:12", "term:11", "term:10", "term:20"),
    }
    assert raw.members("term:10") == [1]


@pytest.mark.parametrize(
    ("changes", "lists"),
    [
        ({"type": "page", "parent": 0}, {"type:page", "children:0"}),
        ({"type": "page", "parent": 9, "categories": [3], "author": 2}, {"type:page", "children:9"}),
        ({"type": "book", "categories": [3], "author": 2}, {"type:book", "term:3"}),
        ({"type": "book", "parent": 4, "sticky": True}, {"type:book", "children:4"}),
        ({"type": "attachment", "status": "inherit", "post": 4, "author": 2}, {"type:attachment"}),
        ({"format": "standard", "author": 0}, {"type:post"}),
        ({"format": "vi deo", "author": None, "sticky": "yes"}, {"type:post"}),
        ({"type": "", "author": 0}, {"type:post"}),
        ({"categories": [3, 3, 0, -1, "4", None, {}, 2.5], "author": 0}, {"type:post", "term:3", "term:4", "term:2"}),
        ({"categories": {"0": 3}, "tags": "5", "author": 0}, {"type:post"}),
    ],
)  # fmt: skip
def test_lists_follow_from_the_type(raw: RawStore, changes: Json, lists: set[str]) -> None:
    """Pages, media and items of custom types stand in fewer lists than posts; nonsense in none."""
    assert raw.put("post:1", post(1, **changes)) == "applied"
    assert raw.lists_of("post:1") == lists


def test_terms_are_found_in_the_fields_that_taxonomies_name(raw: RawStore) -> None:
    """``rest_base`` names them, whatever else is a list of numbers."""
    raw.put(
        "taxonomies", {"genre": {"rest_base": "genres"}, "category": {"rest_base": "categories"}}
    )
    raw.put("post:1", post(1, genres=[5], categories=[6], tags=[7], related=[8], author=0))
    assert raw.lists_of("post:1") == {"type:post", "term:5", "term:6"}


def test_taxonomies_that_come_late_reach_posts_that_are_sent_again_unchanged(
    raw: RawStore,
) -> None:
    """The fields that hold terms are part of what entries follow from."""
    document = post(1, genres=[5], author=0)
    raw.put("post:1", document)
    assert raw.lists_of("post:1") == {"type:post"}
    raw.put("taxonomies", {"genre": {"rest_base": "genres"}})
    assert raw.put("post:1", document) == "applied"
    assert raw.lists_of("post:1") == {"type:post", "term:5"}
    raw.put("taxonomies", {"genre": {"rest_base": "genres", "name": "Renamed"}})
    assert raw.put("post:1", document) == "unchanged"


def test_posts_of_equal_date_are_in_the_order_of_their_ids(raw: RawStore) -> None:
    """2, 10 and 100: by number, not by digits."""
    for number in (100, 2, 10, 999_999_999_999, 1):
        raw.put(f"post:{number}", post(number, date_gmt="2020-01-01T00:00:00"))
    assert raw.members("type:post") == [1, 2, 10, 100, 999_999_999_999]


def test_children_are_in_the_order_of_the_menu(raw: RawStore) -> None:
    """``menu_order``, then id; wild values are brought within what WordPress can store."""
    for number, order in ((1, 3), (2, -1), (3, 0), (4, "2"), (5, 1e300), (6, None), (7, True)):
        raw.put(f"post:{number}", page(number, menu_order=order))
    assert raw.members("children:0") == [2, 3, 6, 7, 4, 1, 5]


@pytest.mark.parametrize(
    ("changes", "left", "entered"),
    [
        ({"author": 2}, {"author:1"}, {"author:2"}),
        ({"categories": [4]}, {"term:3"}, {"term:4"}),
        ({"sticky": False}, {"sticky"}, set()),
        ({"type": "book"}, {"type:post", "author:1", "sticky"}, {"type:book"}),
        ({"format": "quote"}, set(), {"format:quote"}),
        ({"link": f"{HOME}/?p=1"}, {"type:post", "author:1", "sticky", "term:3"}, set()),
    ],
)
def test_change_moves_a_post_between_lists(
    raw: RawStore, changes: Json, left: set[str], entered: set[str]
) -> None:
    """Lists that are left lose it, lists that are entered have it, and their sizes say so."""
    before = post(1, categories=[3], sticky=True)
    raw.put("post:1", before)
    old = raw.lists_of("post:1")
    raw.put("post:1", {**before, **changes})
    assert raw.lists_of("post:1") == old - left | entered


def test_change_of_date_moves_a_post_within_its_lists(raw: RawStore) -> None:
    """A later date puts it behind the others, in every list."""
    for number in (1, 2, 3):
        raw.put(f"post:{number}", post(number, categories=[5]))
    raw.put("post:1", post(1, categories=[5], date_gmt="2021-01-01T00:00:00"))
    assert raw.members("type:post") == raw.members("term:5") == [2, 3, 1]


def test_page_moves_to_another_parent(raw: RawStore) -> None:
    """It leaves one page's children for another's."""
    raw.put("post:3", page(3, parent=1))
    raw.put("post:3", page(3, parent=2, slug="two/p3"))
    assert (raw.members("children:1"), raw.members("children:2")) == ([], [3])
    assert raw.fields("old") == {"/p3/": "post:3"}


def test_term_with_a_new_parent_takes_its_posts_along(raw: RawStore) -> None:
    """Posts of a term stand in the archives above it, and leave them when the term does."""
    for number in (1, 2, 3):
        raw.put(f"term:{number}", term(number))
    raw.put("term:4", term(4, parent=3))
    raw.put("post:9", post(9, categories=[4]))
    assert raw.lists_of("post:9") >= {"term:4", "term:3"}
    raw.put("term:3", term(3, parent=2))
    assert raw.lists_of("post:9") >= {"term:4", "term:3", "term:2"}
    raw.put("term:3", term(3, parent=1))
    assert raw.lists_of("post:9") & {"term:1", "term:2"} == {"term:1"}
    raw.put("term:4", term(4))
    assert raw.lists_of("post:9") & {"term:1", "term:3"} == set()


def test_removed_term_no_longer_leads_to_the_terms_above_it(raw: RawStore) -> None:
    """What is derived does not depend on what was there once."""
    raw.put("term:1", term(1))
    raw.put("term:2", term(2, parent=1))
    raw.put("post:9", post(9, categories=[2]))
    assert raw.members("term:1") == [9]
    raw.remove("term:2")
    assert (raw.members("term:1"), raw.members("term:2")) == ([], [9])


def test_order_of_arrival_does_not_matter_to_lists(raw: RawStore) -> None:
    """Posts may come before their terms, and terms before the terms above them."""
    raw.put("post:9", post(9, categories=[4]))
    raw.put("term:4", term(4, parent=3))
    raw.put("term:2", term(2))
    raw.put("term:3", term(3, parent=2))
    assert raw.lists_of("post:9") >= {"term:4", "term:3", "term:2"}


def test_ring_of_terms_ends(raw: RawStore) -> None:
    """Terms above each other are a mistake of WordPress's database, not of ours to hang on."""
    raw.put("term:1", term(1, parent=2))
    raw.put("term:2", term(2, parent=1))
    raw.put("term:3", term(3, parent=3))
    raw.put("post:9", post(9, categories=[1, 3]))
    assert raw.lists_of("post:9") >= {"term:1", "term:2", "term:3"}
    assert raw.put("term:1", term(1, parent=3)) == "applied"
    assert raw.remove("term:3") == "applied"


# ---------------------------------------------------------------- moved, gone, taken


def status(raw: RawStore, path: str) -> tuple[str, str]:
    """What a reader is told of a path: a status, and what it leads to."""
    found = raw.page(path)
    return found.status, found.primary or found.path


def test_changed_path_redirects_and_chains_lead_to_the_current_one(raw: RawStore) -> None:
    """a to b to c: both old addresses lead to c at once."""
    for slug in ("a", "b", "c"):
        raw.put("post:1", post(1, slug))
    assert status(raw, "/a/") == status(raw, "/b/") == ("moved", "/c/")
    raw.put("post:1", post(1, "a"))
    assert status(raw, "/a/") == ("found", "post:1")
    assert status(raw, "/b/") == status(raw, "/c/") == ("moved", "/a/")


def test_path_that_another_document_takes_is_that_documents(raw: RawStore) -> None:
    """A redirect gives way to who lives there now, and comes back as that one's own."""
    raw.put("post:1", post(1, "a"))
    raw.put("post:1", post(1, "b"))
    raw.put("post:2", post(2, "a"))
    assert status(raw, "/a/") == ("found", "post:2")
    raw.put("post:2", post(2, "c"))
    assert status(raw, "/a/") == ("moved", "/c/")


def test_two_documents_can_swap_their_paths(raw: RawStore) -> None:
    """Events of a swap come one after the other; afterwards nothing redirects."""
    raw.put("post:1", post(1, "a"))
    raw.put("post:2", post(2, "b"))
    raw.put("post:1", post(1, "b"))
    raw.put("post:2", post(2, "a"))
    assert raw.fields("path") == {"/a/": "post:2", "/b/": "post:1"}
    assert raw.fields("old") == {}


def test_document_gets_its_path_back_when_sent_again_after_a_thief_left(raw: RawStore) -> None:
    """Two documents with one link: the last one has it. When it goes, the first is not lost."""
    first = post(1, "a")
    raw.put("post:1", first)
    raw.put("post:2", post(2, "a"))
    assert raw.put("post:1", first) == "unchanged"
    raw.remove("post:2")
    assert status(raw, "/a/") == ("gone", "")
    assert raw.put("post:1", first) == "applied"
    assert status(raw, "/a/") == ("found", "post:1")


def test_attachment_never_takes_a_path_from_another(raw: RawStore) -> None:
    """WordPress resolves such an address to the page; the picture stays usable without one."""
    raw.put("post:1", page(1, "about"))
    picture = post(2, "about", type="attachment", status="inherit")
    raw.put("post:2", picture)
    assert raw.fields("path") == {"/about/": "post:1"}
    assert (raw.entry("post:2").path, raw.lists_of("post:2")) == ("", set())
    assert raw.put("post:2", picture) == "unchanged"


def test_archive_of_a_type_keeps_its_path_from_a_page(raw: RawStore) -> None:
    """WordPress has the rules of archives first, in whatever order the two are sent."""
    types = {"product": {"sos": {"archive_path": "/shop/"}}}
    shop = page(1, "shop")
    raw.put("types", types)
    raw.put("post:1", shop)
    assert raw.fields("path") == {"/shop/": "type:product"}
    raw.put("types", {"product": {}})
    assert raw.fields("path") == {}
    assert raw.put("post:1", shop) == "applied"
    raw.put("types", types)
    assert status(raw, "/shop/") == ("found", "type:product")
    assert raw.put("post:1", shop) == "unchanged"


def test_removed_document_leaves_a_tombstone_at_its_path(raw: RawStore) -> None:
    """410 at its path and its former ones; lists, schedule and references forget it."""
    raw.put("post:1", post(1, "a", categories=[2]))
    raw.put("post:1", post(1, "b", categories=[2], sos={"expires_gmt": "2030-01-01T00:00:00"}))
    assert raw.remove("post:1") == "applied"
    assert status(raw, "/a/") == status(raw, "/b/") == ("gone", "")
    assert raw.fields("doc") == {}
    assert raw.names() <= {*("meta", "gone", "old", "removed", "touched", "events", "seq")}


def test_removal_is_idempotent(raw: RawStore) -> None:
    """A second one changes nothing and makes no event."""
    raw.put("post:1", post(1))
    raw.remove("post:1")
    rev, events = raw.rev(), raw.events()
    assert raw.remove("post:1") == "unchanged"
    assert raw.remove("post:99") == "unchanged"
    assert (raw.rev(), raw.events()) == (rev, events)


def test_republished_document_is_back_at_its_path(raw: RawStore) -> None:
    """No tombstone outlives it."""
    raw.put("post:1", post(1))
    raw.remove("post:1")
    assert raw.put("post:1", post(1)) == "applied"
    assert status(raw, "/p1/") == ("found", "post:1")
    assert raw.fields("gone") == {}


@pytest.mark.parametrize(
    "state", ["draft", "private", "trash", "pending", "auto-draft", "archived"]
)
def test_document_that_is_not_public_is_removed(raw: RawStore, state: str) -> None:
    """A put of it is its removal, under the path that it had: a trashed one has another link."""
    raw.put("post:1", post(1))
    assert raw.put("post:1", post(1, "p1__trashed", status=state)) == "applied"
    assert status(raw, "/p1/") == ("gone", "")
    assert status(raw, "/p1__trashed/") == ("none", "")
    assert raw.put("post:1", post(1, status=state)) == "unchanged"


def test_inherited_status_is_for_attachments(raw: RawStore) -> None:
    """A revision has it as well, and is never public."""
    assert raw.put("post:1", post(1, type="revision", status="inherit")) == "unchanged"
    assert raw.put("post:2", post(2, type="attachment", status="inherit")) == "applied"


def test_redirects_of_the_sos_member_are_kept(raw: RawStore) -> None:
    """WordPress's own old slugs; an address that is in use stays what it is."""
    raw.put("post:2", post(2, "taken"))
    paths = ["/Old/", "/taken/", 5, None, "/%41/", "/" + "x" * 3000]
    raw.put("post:1", post(1, "new", sos={"redirects": paths}))
    assert raw.fields("old") == {"/Old/": "post:1", "/A/": "post:1"}
    assert status(raw, "/Old/") == ("moved", "/new/")


# ---------------------------------------------------------------- order of writes


def test_older_sequence_never_overwrites_a_newer_one(raw: RawStore) -> None:
    """What was read from WordPress earlier loses, in whatever order it arrives."""
    raw.put("post:1", post(1, "new"), seq=10)
    assert raw.put("post:1", post(1, "old"), seq=9) == "stale"
    assert raw.remove("post:1", seq=9) == "stale"
    assert raw.put("post:1", post(1, status="draft"), seq=9) == "stale"
    assert raw.fields("path") == {"/new/": "post:1"}
    assert raw.put("post:1", post(1, "newer"), seq=10) == "applied"


def test_older_sequence_does_not_raise_the_dead(raw: RawStore) -> None:
    """A removal is remembered with its number, even one of a document that was never seen."""
    raw.put("post:1", post(1), seq=5)
    raw.remove("post:1", seq=10)
    assert raw.put("post:1", post(1), seq=9) == "stale"
    assert raw.remove("post:1", seq=9) == "stale"
    raw.remove("post:2", seq=10)
    assert raw.put("post:2", post(2), seq=9) == "stale"
    assert raw.put("post:1", post(1), seq=10) == "applied"


def test_unchanged_document_still_takes_the_newer_number(raw: RawStore) -> None:
    """It was read later, so what was read in between is out of date."""
    raw.put("post:1", post(1), seq=5)
    assert raw.put("post:1", post(1), seq=20) == "unchanged"
    assert raw.put("post:1", post(1, "other"), seq=19) == "stale"
    assert raw.entry("post:1").seq == 20


def test_number_stays_exact_up_to_the_largest(raw: RawStore) -> None:
    """One less is older, even where a float of 14 digits is at its end."""
    raw.put("post:1", post(1), seq=99_999_999_999_999)
    assert raw.put("post:1", post(1, "b"), seq=99_999_999_999_998) == "stale"


@pytest.mark.parametrize(
    "seq", ["", "-1", "1.5", "nan", "inf", "1e3", "0x10", "100000000000000", " 1"]
)
def test_bad_sequence_number_is_refused(raw: RawStore, seq: str) -> None:
    """An infinite one could never be outdone; one of 15 digits could not be kept."""
    assert raw.put("post:1", post(1), seq=seq) == "error: bad sequence number"
    assert raw.call("remove", "post:1", seq, "") == ["error: bad sequence number"]
    assert raw.fields("doc") == {}


def test_lost_counter_goes_on_after_the_newest_document(raw: RawStore) -> None:
    """Otherwise all that is published from there on would be taken for old, for ever."""
    raw.put("post:1", post(1), seq=5000)
    raw.client.delete(raw.key("seq"))
    assert raw.put("post:1", post(1, "b"), seq=raw.client.incr(raw.key("seq"))) == "stale"
    assert raw.put("post:1", post(1, "b"), seq=raw.client.incr(raw.key("seq"))) == "applied"


def test_absurd_number_does_not_drag_the_counter_along(raw: RawStore) -> None:
    """One publisher's mistake costs one document, not every later one."""
    raw.put("post:1", post(1), seq=99_999_999_999_999)
    assert int(raw.client.incr(raw.key("seq"))) <= 10_000_000_000_001


def test_operations_of_one_call_are_taken_in_order(raw: RawStore) -> None:
    """The same document may come more than once."""
    words = []
    for seq, slug in ((1, "a"), (3, "b"), (2, "c")):
        words += ["put", "post:1", seq, json.dumps(post(1, slug))]
    words += ["remove", "post:2", 1, "", "put", "post:2", 2, json.dumps(post(2))]
    assert raw.call(*words) == ["applied", "applied", "stale", "unchanged", "applied"]
    assert raw.fields("path") == {"/b/": "post:1", "/p2/": "post:2"}


# ---------------------------------------------------------------- the site's own documents


def test_site_document_sets_what_the_front_page_shows(raw: RawStore) -> None:
    """From the REST index, or from the settings before WordPress 6.8."""
    raw.put(
        "site", {"home": HOME, "show_on_front": "page", "page_on_front": 5, "page_for_posts": 6}
    )
    assert (raw.meta()["front"], raw.meta()["posts_page"]) == ("5", "6")
    settings = {"show_on_front": "page", "page_on_front": 7, "posts_per_page": 3}
    raw.put("site", {"home": HOME, "sos": {"settings": settings}})
    assert (raw.meta()["front"], raw.meta()["per_page"]) == ("7", "3")
    raw.put("site", {"home": HOME, "show_on_front": "posts", "page_on_front": 5})
    assert (raw.meta()["front"], raw.meta()["posts_page"]) == ("0", "0")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (5, "5"),
        ("5", "5"),
        (0, "10"),
        (-1, "10"),
        (None, "10"),
        (1000, "100"),
        ("x", "10"),
        ([], "10"),
    ],
)
def test_posts_per_page_is_between_1_and_100(raw: RawStore, given: object, kept: str) -> None:
    """WordPress's default stands in for what is no such number."""
    raw.put("site", {"home": HOME, "sos": {"settings": {"posts_per_page": given}}})
    assert raw.meta()["per_page"] == kept


def test_types_have_archives_at_the_paths_that_they_name(raw: RawStore) -> None:
    """Those of types that are no more are gone; nonsense is passed over."""
    raw.put(
        "types",
        {
            "event": {"sos": {"archive_path": "/events/"}},
            "book": {"sos": {"archive_path": "/Bücher/"}},
            "page": {},
            "odd": 5,
            "odder": {"sos": {"archive_path": 5}},
            "bad name": {"sos": {"archive_path": "/bad/"}},
        },
    )
    assert raw.fields("path") == {"/events/": "type:event", "/B%c3%bccher/": "type:book"}
    raw.put("types", {"event": {"sos": {"archive_path": "/dates/"}}})
    assert raw.fields("path") == {"/dates/": "type:event"}


def test_removed_site_documents_take_back_what_they_set(raw: RawStore) -> None:
    """The store is as if they had never come."""
    raw.put("site", {"home": f"{HOME}/blog", "show_on_front": "page", "page_on_front": 5})
    raw.put("types", {"event": {"sos": {"archive_path": "/events/"}}})
    raw.put("taxonomies", {"genre": {"rest_base": "genres"}})
    for ref in ("site", "types", "taxonomies"):
        assert raw.remove(ref) == "applied"
    assert raw.fields("path") == {}
    raw.put("post:1", post(1, categories=[3], author=0))
    assert raw.lists_of("post:1") == {"type:post", "term:3"}
    assert raw.meta()["front"] == "0"


# ---------------------------------------------------------------- time


@pytest.mark.parametrize(
    ("dates", "at"),
    [
        ({"date_gmt": "2020-02-29T12:30:15"}, 1582979415),
        ({"date_gmt": "2020-02-29 12:30:15"}, 1582979415),
        ({"date_gmt": "1970-01-01T00:00:00"}, 0),
        ({"date_gmt": "1969-12-31T23:59:59"}, -1),
        ({"date_gmt": "2000-03-01T00:00:00"}, 951868800),
        ({"date_gmt": "1900-03-01T00:00:00"}, -2203891200),
        ({"date_gmt": "9999-12-31T23:59:59"}, 253402300799),
        ({"date_gmt": None, "date": "2020-01-01T00:00:00"}, 1577836800),
        ({"date_gmt": "0000-00-00T00:00:00", "date": "2020-01-01T00:00:00"}, 1577836800),
        ({"date_gmt": "2021-02-29T00:00:00", "date": "2020-01-01T00:00:00"}, 1577836800),
        ({"date_gmt": "2020-01-01T24:00:00", "date": "2020-01-01T00:00:00"}, 1577836800),
        ({"date_gmt": 5, "date": [], "modified_gmt": "2020-01-01T00:00:00"}, 1577836800),
        ({"date_gmt": "soon", "modified_gmt": "never"}, 0),
    ],
)
def test_time_of_a_post(raw: RawStore, dates: Json, at: int) -> None:
    """UTC; a date that does not exist is none, and the next field is asked."""
    raw.put("post:1", post(1, **dates))
    assert raw.entry("post:1").at == at


def test_scheduled_post_is_in_the_store_ahead_of_its_time(raw: RawStore) -> None:
    """In its lists, and in the schedule until it is put again without a future date."""
    soon = "2023-11-14T22:13:30"
    raw.put("post:1", post(1, status="future", date_gmt=soon))
    assert raw.members("type:post") == [1]
    assert raw.client.zscore(raw.key("at"), "post:1") == NOW + 10
    raw.put("post:1", post(1))
    assert raw.client.exists(raw.key("at")) == 0


def test_expiry_is_in_the_schedule_until_it_is_taken_back(raw: RawStore) -> None:
    """A time before 1970 is long over, not none."""
    raw.put("post:1", post(1, sos={"expires_gmt": "2024-01-01T00:00:00"}))
    assert raw.client.zscore(raw.key("until"), "post:1") == 1704067200
    raw.put("post:1", post(1, sos={"expires_gmt": "1950-01-01T00:00:00"}))
    assert raw.entry("post:1").until == 1
    for none in (None, ""):
        raw.put("post:1", post(1, sos={"expires_gmt": none}))
        assert raw.entry("post:1").until == 0
        assert raw.client.exists(raw.key("until")) == 0


@pytest.mark.parametrize("expires", ["tomorrow", 5, [], "2024-13-01T00:00:00"])
def test_expiry_that_nobody_can_read_is_refused(raw: RawStore, expires: object) -> None:
    """Else what was to disappear would stay for ever, and nobody would know."""
    raw.put("post:1", post(1))
    outcome = raw.put("post:1", post(1, "b", sos={"expires_gmt": expires}))
    assert outcome == "error: bad sos.expires_gmt"
    assert raw.fields("path") == {"/p1/": "post:1"}


# ---------------------------------------------------------------- what readers need without parsing


def test_protected_document_is_known_as_such(raw: RawStore) -> None:
    """From either field, as WordPress says it."""
    raw.put("post:1", post(1, content={"rendered": "", "protected": True}))
    raw.put("post:2", post(2, excerpt={"rendered": "", "protected": True}))
    raw.put("post:3", post(3, content={"rendered": "", "protected": "true"}))
    assert [raw.entry(f"post:{n}").protected for n in (1, 2, 3)] == [True, True, False]


def test_title_of_an_entry_is_bounded_and_always_utf8(raw: RawStore) -> None:
    """1,000 bytes, cut between characters; what is no UTF-8 must not make an entry unreadable."""
    raw.put("post:1", post(1, title={"rendered": "aä日🎈" * 500}))
    title = raw.entry("post:1").title
    assert 996 < len(title.encode()) <= 1000
    assert ("aä日🎈" * 500).startswith(title)
    broken = json.dumps(post(2, title="X")).encode().replace(b"X", b"\xff\xfe caf\xe9 \xc3\xa9")
    raw.put("post:2", broken)
    assert raw.entry("post:2").title == "?? caf? ??"
    raw.put("post:3", post(3, title="plain"))
    raw.put("term:4", term(4, name="日" * 400))
    assert (raw.entry("post:3").title, len(raw.entry("term:4").title)) == ("plain", 333)


def test_dependencies_are_kept_both_ways(raw: RawStore) -> None:
    """Author, featured picture, parent of media, terms, and what the publisher names."""
    deps = ["post:40", "menu:3", "site", "rubbish", 5, "post:1"]
    raw.put("post:1", post(1, author=7, featured_media=8, categories=[9], sos={"deps": deps}))
    expected = {"user:7", "post:8", "term:9", "post:40", "menu:3", "post:1"}
    assert set(raw.entry("post:1").deps) == expected
    raw.put("post:8", post(8, type="attachment", status="inherit", post=1, author=0))
    assert raw.entry("post:8").deps == ("post:1",)
    raw.put("site", {"home": HOME, "site_logo": 8})
    assert raw.entry("site").deps == ("post:8",)
    items = [
        {"type": "post_type", "object_id": 1},
        {"type": "taxonomy", "object_id": "9"},
        {"type": "custom", "object_id": 5},
        7,
    ]
    raw.put("menu:5", {"id": 5, "sos": {"items": items}})
    assert set(raw.entry("menu:5").deps) == {"post:1", "term:9"}
