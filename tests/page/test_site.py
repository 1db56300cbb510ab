"""What all pages share: the site's own words, and its menus."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from sos.content.store import Brief, Record
from sos.page.model import MenuItem
from sos.page.site import Site, build_site, mark_current

from tests.page.documents import ADMIN, PUBLIC, entry, media, menu, site

Tree = list[Any]


def record(ref: str, document: dict[str, Any] | bytes) -> Record:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Record(ref, 1, "", data)


def whole(*menus: dict[str, Any], pages: tuple[Brief, ...] = (), **changes: Any) -> Site:
    records = [record("site", site(**changes))]
    records += [record(f"menu:{m['id']}", m) for m in menus]
    built, unreadable = build_site(PUBLIC, records, pages)
    assert not unreadable
    return built


def tree(items: tuple[MenuItem, ...]) -> Tree:
    """Titles, nested."""
    return [[str(i.title), *([tree(i.children)] if i.children else [])] for i in items]


def primary(*items: dict[str, Any]) -> tuple[MenuItem, ...]:
    return whole(menu(*items)).menus["primary"]


# ---------------------------------------------------------------- the site


def test_the_site_speaks_for_the_public_host() -> None:
    """Its words and pictures name the admin host nowhere."""
    view = whole(
        name="News of cms.example.org",
        description=f"More at {ADMIN}",
        site_icon_url=f"{ADMIN}/icon.png",
    ).view
    assert view.title == "News of www.example.com"
    assert view.tagline == f"More at {PUBLIC}"
    assert view.icon == "/icon.png"
    assert view.url == PUBLIC


def test_a_site_without_a_name_is_called_by_its_host() -> None:
    """A title is never empty."""
    assert whole(name="").view.title == "www.example.com"
    assert build_site(PUBLIC)[0].view.title == "www.example.com"


@pytest.mark.parametrize("gmt_offset", [25, -25, 1e9, "nan", "x", None, [], {}])
def test_an_absurd_offset_is_utc(gmt_offset: Any) -> None:
    """Bad settings are not the end of the site."""
    assert whole(gmt_offset=gmt_offset).moment(0).iso == "1970-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "bad", [b"", b"{", b"[]", b"null", b"\xff", b'{"a":' * 100_000, b'"\\ud800"', b"1" * 99]
)
def test_documents_that_cannot_be_read_are_named_and_replaced_by_defaults(bad: bytes) -> None:
    """The rest of the site stays."""
    refs = ["types", "taxonomies", "menu:1", "post:9"]
    records = [record("site", site()), *(record(r, bad) for r in refs)]
    built, unreadable = build_site(PUBLIC, records)
    assert list(unreadable) == refs
    assert built.view.title == "The Example"
    assert built.menus["primary"] == ()


def test_the_logo_is_a_picture_of_the_library() -> None:
    """It comes along with the common documents."""
    built, _ = build_site(PUBLIC, [record("site", site(site_logo=9)), record("post:9", media(9))])
    assert built.view.logo
    assert built.view.logo.url == "/wp-content/uploads/2024/05/picture-9.jpg"


# ---------------------------------------------------------------- menus


def test_a_menu_is_a_tree_in_the_editor_s_order() -> None:
    """By menu order, whatever the order of the documents; paths where the public site is meant."""
    items = primary(
        entry(3, "Team", f"{ADMIN}/about/team/", parent=2),
        entry(2, "About", f"{ADMIN}/about/"),
        entry(1, "Home", f"{ADMIN}/"),
        entry(4, "Shop", "https://shop.test/"),
    )
    assert tree(items) == [["Home"], ["About", [["Team"]]], ["Shop"]]
    assert [i.url for i in items] == ["/", "/about/", "https://shop.test/"]
    assert items[1].children[0].url == "/about/team/"


def test_entries_without_their_parent_move_to_the_top() -> None:
    """Nothing that the editor made is lost."""
    assert tree(primary(entry(1, "A", "/a/", parent=77), entry(2, "B", "/b/", parent=1))) == [
        ["A", [["B"]]]
    ]


def test_rings_are_cut_open() -> None:
    """A below B below A, or below itself."""
    items = primary(
        entry(1, "A", "/a/", parent=2),
        entry(2, "B", "/b/", parent=1),
        entry(3, "C", "/c/", parent=3),
        entry(4, "D", "/d/", parent=2),
    )
    assert tree(items) == [["C"], ["A", [["B", [["D"]]]]]]


def test_a_menu_has_an_end() -> None:
    """A chain of 500 entries is cut into pieces that a template can walk."""
    items = primary(*(entry(n, f"E{n}", f"/{n}/", parent=n - 1) for n in range(1, 501)))

    def depth(items: tuple[MenuItem, ...]) -> int:
        return 1 + max((depth(i.children) for i in items), default=0)

    def count(items: tuple[MenuItem, ...]) -> int:
        return sum(1 + count(i.children) for i in items)

    assert depth(items) <= 21
    assert count(items) == 500


@pytest.mark.parametrize("bad", [0, None, "x", -1, True])
def test_entries_without_an_id_take_nothing_along(bad: Any) -> None:
    """An id that can't be read is not the parent of the whole top level."""
    items = primary(entry(1, "A", "/a/"), {**entry(2, "B", "/b/"), "id": bad}, entry(3, "C", "/c/"))
    assert {str(i.title) for i in items} == {"A", "B", "C"}
    assert not any(i.children for i in items)


def test_the_same_entry_is_shown_once() -> None:
    """A menu document with a doubled item."""
    assert tree(primary(entry(1, "A", "/a/"), entry(1, "A", "/a/"))) == [["A"]]


def test_an_entry_without_a_title_has_its_address_for_one() -> None:
    """As text: an address is not markup, whatever its author put into it."""
    items = primary(
        entry(1, "", f"{ADMIN}/a/"),
        entry(2, "<b></b> ", "#"),
        entry(3, "", 'http://x.test/"><img src=x onerror=alert(1)>'),
    )
    assert [str(i.title) for i in items[:2]] == ["/a/", "#"]
    assert "<" not in items[2].title
    assert '"' not in items[2].url


@pytest.mark.parametrize(
    ("url", "expected"),
    [("javascript:alert(1)", ""), ("\x01" * 60 + "javascript:alert(1)", ""), ("#", ""), ("", ""),
     ("http://[", ""), ("data:text/html,x", ""), ("#a", "#a"), ("mailto:a@b.test", "mailto:a@b.test")],
)  # fmt: skip
def test_menus_lead_nowhere_dangerous(url: str, expected: str) -> None:
    """An entry that can't be followed is a heading."""
    assert primary(entry(1, "A", url))[0].url == expected


def test_titles_of_entries_are_inline_html() -> None:
    """Markup that is sound stays, the rest goes."""
    title = primary(entry(1, "A &amp; <em>B</em><script>x</script><a href=/>c</a>", "/"))[0].title
    assert title == Markup("A &amp; <em>B</em>c") or title == Markup("A &amp; <em>B</em>xc")
    assert "script" not in title
    assert "<a" not in title


def test_menus_stand_at_the_locations_of_the_theme() -> None:
    """`primary` always exists: its own menu, else the first that stands anywhere, else any."""
    footer = menu(entry(1, "F", "/f/"), locations=("footer",), number=1)
    loose = menu(entry(1, "L", "/l/"), locations=(), number=2)
    main = menu(entry(1, "M", "/m/"), locations=("primary", "mobile"), number=3)
    found = whole(footer, loose, main).menus
    assert {where: tree(items) for where, items in found.items()} == {
        "footer": [["F"]],
        "primary": [["M"]],
        "mobile": [["M"]],
    }
    assert tree(whole(loose, footer).menus["primary"]) == [["F"]]
    assert tree(whole(loose).menus["primary"]) == [["L"]]


def test_a_site_without_menus_shows_its_pages() -> None:
    """As wp_page_menu does; a page without a title has nothing to click on."""
    pages = (
        Brief("post:1", "/a/", "A <em>&amp;</em> cms.example.org", False),
        Brief("post:2", "/b/", "<b> </b>", False),
        Brief("post:3", "/c/", "<script>alert(1)</script>C", False),
        Brief("post:4", "", "D", False),
    )
    items = whole(pages=pages).menus["primary"]
    assert items[0].title == "A <em>&amp;</em> www.example.com"
    assert [i.url for i in items] == ["/a/", "/c/"]
    assert "script" not in items[1].title


def test_the_entry_of_a_page_is_marked_and_those_above_it() -> None:
    """However deep it stands, and wherever it stands twice."""
    items = primary(
        entry(1, "A", "/a/"),
        entry(2, "B", "/a/b/", parent=1),
        entry(3, "C", f"{ADMIN}/a/b/c/", parent=2),
        entry(4, "D", "/d/"),
        entry(5, "C", "/a/b/c/"),
    )
    a, d, c = mark_current(items, "/a/b/c/")
    assert (a.current, a.ancestor) == (False, True)
    assert (a.children[0].current, a.children[0].ancestor) == (False, True)
    assert (a.children[0].children[0].current, a.children[0].children[0].ancestor) == (True, False)
    assert (d.current, d.ancestor) == (False, False)
    assert c.current
    assert not any(i.current or i.ancestor for i in mark_current(items, "/a"))


def test_no_heading_is_current_on_an_error_page() -> None:
    """An error page has no path, and a heading leads nowhere: they are not the same place."""
    items = mark_current(
        primary(
            entry(
                1,
                "A",
                "#",
            ),
            entry(2, "B", "/b/", parent=1),
        ),
        "",
    )
    assert not items[0].current
    assert not items[0].ancestor


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
)
fields = st.sampled_from(
    ["id", "name", "sos", "items", "locations", "title", "url", "parent", "menu_order", "home",
     "gmt_offset", "timezone_string", "settings", "language", "classes", "target", "rendered",
     "archive_path", "rest_base", "labels", "date_base", "object_id", "site_icon_url"]
)  # fmt: skip
flat = st.dictionaries(fields, scalars, max_size=6)
nested = st.dictionaries(fields, scalars | flat | st.lists(flat | scalars, max_size=3), max_size=6)
documents = st.dictionaries(fields, scalars | nested, max_size=8)


@settings(max_examples=50)
@given(documents, documents, documents)
def test_no_common_document_breaks_the_site(a: Any, b: Any, c: Any) -> None:
    """Any JSON may be written where site, types and menus are; a site comes of it."""
    refs = {"site": a, "types": b, "taxonomies": c, "menu:1": b, "menu:2": c}
    built, _ = build_site(PUBLIC, [record(r, d) for r, d in refs.items()])
    assert built.view.title
    assert built.moment(1).iso
    mark_current(built.menus["primary"], "/")
