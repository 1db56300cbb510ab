"""What of two pages is compared, and whether the node shows what WordPress does; no requests here."""

from __future__ import annotations

import re
from dataclasses import dataclass

import lxml.html

from tests.endtoend.test_wordpress_parity import has_class, text_of


@dataclass(frozen=True)
class Shown:
    """What of an answer is compared: its status, where it leads, title, text and the posts it lists."""

    status: int
    location: str = ""
    title: str = ""
    text: str = ""
    posts: tuple[str, ...] = ()
    menu: tuple[str, ...] = ()


def same(shown: Shown, expected: Shown) -> bool:
    """Whether the node shows what WordPress does. What is gone may be 410, and what has moved may be told
    where WordPress only guesses or says 404."""
    if expected.status == 404:
        return shown.status in (404, 410)
    if expected.status in (301, 302):
        return shown.status in (301, 308) and shown.location == expected.location
    if expected.text == "(locked)":
        return (shown.status, shown.text) == (200, "(locked)")
    wanted = (expected.status, expected.text, expected.posts, expected.menu)
    given = (shown.status, shown.text, shown.posts, shown.menu)
    return given == wanted and names(shown) == names(expected)


def labels(page: lxml.html.HtmlElement, query: str) -> list[str]:
    """Labels of a menu, in order; without what leads to something that the public may not see."""
    found = []
    for element in page.xpath(query):
        # An entry that only opens what is below it says so in its summary.
        label = element.find("summary") if element.tag == "details" else element
        for note in label.xpath(
            f".//*[{has_class('hidden')} or {has_class('menu-item-description')}]"
        ):
            note.drop_tree()
        found.append(" ".join(text_of(label).split()))
    return [label for label in found if label not in ("To a draft", "To a private page")]


def names(shown: Shown) -> str:
    """The title, without what this theme says of posts that have none."""
    return re.sub(r"^Untitled – ", "", shown.title)


def difference(shown: Shown, expected: Shown) -> str:
    """What differs, in a few words."""
    for part in ("status", "location", "title", "posts", "menu", "text"):
        ours, theirs = getattr(shown, part), getattr(expected, part)
        if ours != theirs:
            if part == "text":
                at = next(
                    (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), 0
                )
                ours, theirs = ours[max(0, at - 30) : at + 60], theirs[max(0, at - 30) : at + 60]
            return f"{part} {ours!r}, WordPress {theirs!r}"
    return "nothing"
