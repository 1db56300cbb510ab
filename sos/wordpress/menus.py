"""Menus of a site: classic ones from REST, or those of block themes from their rendered HTML.

In: REST objects of menus and menu items, or of ``wp_navigation`` posts. Out: ``menu`` documents of
one shape. Pure. See WP_REST_Menus_Controller, and render_block_core_navigation for the HTML.
"""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import msgspec

from sos.wordpress.site_reader import Json

_DROPPED = frozenset({"_links", "_embedded"})

MAX_ITEMS = 2000
"""Items of one menu that are kept."""


def build_menu(menu: Json, items: Sequence[Json]) -> Json:
    """The document of a classic menu. Items whose target is gone are left out, as on the site."""
    shown = [i for i in items if i.get("status", "publish") == "publish" and not i.get("invalid")]
    locations = menu.get("locations")
    document = {k: v for k, v in menu.items() if k not in _DROPPED}
    document["sos"] = {
        "items": [{k: v for k, v in i.items() if k not in _DROPPED} for i in _in_order(shown)],
        "locations": locations if isinstance(locations, list) else [],
    }
    return document


def build_navigation(post: Json, *, primary: bool) -> Json:
    """The document of a ``wp_navigation`` post, as if it were a classic menu.

    WordPress itself falls back to the newest of them (WP_Navigation_Fallback), which therefore
    stands at ``primary``.
    """
    content, title = post.get("content"), post.get("title")
    html = content.get("rendered", "") if isinstance(content, dict) else ""
    name = title.get("rendered", "") if isinstance(title, dict) else ""
    return {
        "id": post["id"],
        "name": name,
        "slug": post.get("slug", ""),
        "sos": {
            "items": parse_navigation(html),
            "locations": ["primary"] if primary else [],
        },
    }


def parse_navigation(html: str) -> list[Json]:
    """Menu items of rendered navigation blocks: links, and what lies in the lists below them."""
    parser = _NavigationParser()
    parser.feed(html)
    parser.close()
    return [item for item in map(_build_item, parser.links) if item["title"]["rendered"]]


_SILENT = frozenset({"script", "style", "svg"})


def _is_note(attributes: list[tuple[str, str | None]]) -> bool:
    """Whether a span holds the description that follows a label."""
    return "wp-block-navigation-item__description" in (dict(attributes).get("class") or "")


class _Link(msgspec.Struct):
    """A link on its way; ``parent`` is a number in document order from 1, or 0."""

    number: int
    parent: int
    url: str = ""
    target: str = ""
    rel: str = ""
    text: str = ""


class _NavigationParser(HTMLParser):
    """Collects links; a ``<ul>`` inside of an ``<li>`` makes what follows children of that item."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[_Link] = []
        self._items: list[int] = []  # open <li>, each with the number of its first link or 0
        self._open: _Link | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "li":
            self._items.append(0)
        elif tag in _SILENT or (tag == "span" and (self._silent or _is_note(attrs))):
            self._silent += 1
        elif tag in ("a", "button") and self._open is None and len(self.links) < MAX_ITEMS:
            self._begin(tag, {k: v or "" for k, v in attrs})

    def handle_endtag(self, tag: str) -> None:
        if tag == "li" and self._items:
            self._items.pop()
        elif tag in _SILENT or (tag == "span" and self._silent):
            self._silent = max(0, self._silent - 1)
        elif tag in ("a", "button"):
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None and not self._silent:
            self._open.text += data

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "button" and (not self._items or self._items[-1]):
            return  # the arrow beside a link that has its own submenu
        parent = next((n for n in reversed(self._items[:-1]) if n), 0)
        self._open = _Link(len(self.links) + 1, parent)
        self._open.url = attributes.get("href", "")
        self._open.target = attributes.get("target", "")
        self._open.rel = attributes.get("rel", "")
        self.links.append(self._open)
        if self._items and not self._items[-1]:
            self._items[-1] = self._open.number


def _build_item(link: _Link) -> Json:
    text = " ".join(link.text.split())
    for raw, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(raw, escaped)
    return {
        "id": link.number,
        "parent": link.parent,
        "menu_order": link.number,
        "title": {"rendered": text},
        "url": link.url,
        "target": link.target,
        "classes": [],
        "description": "",
        "object": "custom",
        "object_id": 0,
        "type": "custom",
        "xfn": link.rel.split(),
    }


def _in_order(items: Sequence[Json]) -> list[Json]:
    def key(item: Json) -> tuple[int, int]:
        order: Any = item.get("menu_order")
        return (order if isinstance(order, int) else 0, int(item.get("id") or 0))

    return sorted(items, key=key)
