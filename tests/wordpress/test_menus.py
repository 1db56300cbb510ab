"""Menus have one shape, whether they were classic ones or blocks."""

from __future__ import annotations

import pytest
from sos.wordpress.menus import MAX_ITEMS, build_navigation, parse_navigation

from tests.servers.fake_wordpress import read_recorded


def outline(html: str) -> list[tuple[int, int, str, str]]:
    return [
        (i["id"], i["parent"], i["title"]["rendered"], i["url"]) for i in parse_navigation(html)
    ]


def test_the_navigation_of_a_real_wordpress_is_read() -> None:
    """Links and a submenu, as WordPress 7.1 rendered them."""
    menu = build_navigation(read_recorded()["navigation"], primary=True)
    assert (menu["id"], menu["slug"], menu["sos"]["locations"]) == (187, "navigation", ["primary"])
    assert [(i["parent"], i["title"]["rendered"], i["url"]) for i in menu["sos"]["items"]] == [
        (0, "Home", "https://wordpress.example/"),
        (0, "Company", "https://wordpress.example/company/"),
        (2, "Departments", "https://wordpress.example/company/departments/"),
    ]


NESTED = """
<ul class="wp-block-page-list"><li><a href="/a/">A</a>
  <button aria-label="A submenu"><svg><path/></svg></button>
  <ul><li><a href="/a/b/">B</a><ul><li><a href="/a/b/c/" target="_blank" rel="nofollow x">C</a></li></ul></li>
      <li><a href="/a/d/">D</a></li></ul></li>
<li><a href="/e/">E</a></li></ul>
"""


def test_lists_within_lists_are_children() -> None:
    """To any depth; the arrow beside a link is none."""
    assert outline(NESTED) == [
        (1, 0, "A", "/a/"),
        (2, 1, "B", "/a/b/"),
        (3, 2, "C", "/a/b/c/"),
        (4, 1, "D", "/a/d/"),
        (5, 0, "E", "/e/"),
    ]
    deepest = parse_navigation(NESTED)[2]
    assert (deepest["target"], deepest["xfn"]) == ("_blank", ["nofollow", "x"])


def test_a_submenu_that_leads_nowhere_is_a_heading() -> None:
    """Its button has the label."""
    html = '<li><button>More</button><ul><li><a href="/x/">X</a></li></ul></li>'
    assert outline(html) == [(1, 0, "More", ""), (2, 1, "X", "/x/")]


def test_labels_are_text_and_stay_text() -> None:
    """Markup in a label is dropped, and its signs are escaped again."""
    html = (
        "<li><a href='/x/'><span>Fish &amp; <em>Chips</em> &lt;3</span>\n  <svg>no</svg></a></li>"
    )
    assert outline(html) == [(1, 0, "Fish &amp; Chips &lt;3", "/x/")]


def test_the_description_below_a_label_is_no_part_of_it() -> None:
    """WordPress puts it into the same link."""
    html = (
        '<li><a href="/x/"><span class="wp-block-navigation-item__label">Label</span>'
        '<span class="wp-block-navigation-item__description">What it <span>is</span></span></a></li>'
    )
    assert outline(html) == [(1, 0, "Label", "/x/")]


def test_what_has_no_label_is_left_out() -> None:
    """Icons of social networks, for one."""
    assert outline('<li><a href="/x/"><svg></svg></a></li><li><a href="/y/">Y</a></li>') == [
        (2, 0, "Y", "/y/")
    ]


@pytest.mark.parametrize(
    "html", ["", "<ul>", "</li></ul></a>", "<li><a", "<a><a><li>", "&#xffffff;"]
)
def test_broken_html_is_no_error(html: str) -> None:
    """Whatever there is of it."""
    assert parse_navigation(html) == []


def test_a_menu_has_an_end() -> None:
    """A loop in a plugin can make a menu of a million items."""
    assert len(parse_navigation("<li><a href='/'>x</a></li>" * (MAX_ITEMS + 5))) == MAX_ITEMS
