"""The gallery's list as HTML: groups of items in, frames at two widths side by side out. Pure."""

from collections.abc import Sequence
from html import escape
from typing import Final

from sos.dev.gallery.items import Group, Item
from sos.dev.injection import STATIC

PHONE, DESKTOP = 360, 1280
"""Widths of the frames, CSS pixels."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; frame-src 'self'; connect-src 'self'"
)

CHOICES: Final = {
    "scheme": ("Colours", (("auto", "as here"), ("light", "light"), ("dark", "dark"))),
    "dir": ("Direction", (("", "as it is"), ("ltr", "left to right"), ("rtl", "right to left"))),
    "width": ("Width", (("both", "both"), ("phone", str(PHONE)), ("desktop", str(DESKTOP)))),
}
"""What one may choose, by its name in the address; the first of each is the usual one."""


def build_index(groups: Sequence[Group], show: str) -> str:
    """The page. ``show`` is what the address of an item begins with."""
    groups = [group for group in groups if group.items]
    menu = "".join(
        f'<li><a href="#{_slug(group)}">{escape(group.title)}</a> {len(group.items)}</li>'
        for group in groups
    )
    body = "".join(_build_group(group, show) for group in groups)
    choices = "".join(_choice(name, *choice) for name, choice in CHOICES.items())
    return (
        '<!DOCTYPE html>\n<html lang="en" data-width="both"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>Gallery</title><link rel="stylesheet" href="{STATIC}gallery.css">'
        f'<script src="{STATIC}gallery.js" defer></script></head><body>'
        '<header><h1><a href="/">Gallery</a></h1>'
        '<label class="filter">Filter <input type="search" name="q" autocomplete="off" '
        'placeholder="single, menu, table …"></label>'
        f"{choices}"
        '<p class="count" role="status"></p>'
        f'<nav aria-label="Groups"><ul>{menu}</ul></nav></header>'
        f"<main>{body}</main></body></html>\n"
    )


def _choice(name: str, label: str, options: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f'<option value="{value}">{escape(text)}</option>' for value, text in options)
    return f'<label>{escape(label)} <select name="{name}">{rows}</select></label>'


def _build_group(group: Group, show: str) -> str:
    items = "".join(_build_item(item, show) for item in group.items)
    title = f'<h2 id="{_slug(group)}">{escape(group.title)}</h2>'
    return f'<section class="group">{title}{items}</section>'


def _build_item(item: Item, show: str) -> str:
    title = escape(item.title)
    whole = " data-whole" if item.whole else ""
    frames = "".join(
        f'<div class="frame {name}"><iframe data-src="{escape(show + item.slug)}" '
        f'title="{title}, {width} wide" width="{width}" height="320"></iframe></div>'
        for name, width in (("phone", PHONE), ("desktop", DESKTOP))
    )
    return (
        f'<article id="{item.slug}" data-title="{title.lower()}"{whole}>'
        f'<h3><a href="#{item.slug}">{title}</a> '
        f'<a class="alone" href="{escape(show + item.slug)}">alone</a></h3>'
        f'<div class="frames">{frames}</div></article>'
    )


def _slug(group: Group) -> str:
    return "group-" + "".join(c if c.isalnum() else "-" for c in group.title.lower())
