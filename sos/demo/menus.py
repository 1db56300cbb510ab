"""Menus of `site.toml` go in, menu documents with their items come out, as `wp/v2/menus` has them.

The items stand in the ``sos`` member, in the shape of `wp/v2/menu-items`. Fetches nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sos.demo.documents import Json
from sos.demo.inline import texturize

FIRST_ITEM_ID = 5000
"""Ids of menu items; posts of the sample site stay below."""


def build_menu(menu: Mapping[str, Any], targets: Mapping[str, Json], site: str) -> Json:
    """A menu. Raises KeyError when an item leads to nothing that exists."""
    items = list(_number(menu["items"], 0, FIRST_ITEM_ID + 100 * menu["id"]))
    return {
        "id": menu["id"],
        "description": "",
        "name": menu["name"],
        "slug": menu["slug"],
        "meta": [],
        "locations": menu["locations"],
        "auto_add": False,
        "sos": {
            "items": [
                _build_item(item, number, parent, order, targets, menu["id"], site)
                for order, (item, number, parent) in enumerate(items, 1)
            ],
            "locations": menu["locations"],
        },
    }


def _number(
    items: list[Mapping[str, Any]], parent: int, first: int
) -> Iterator[tuple[Mapping[str, Any], int, int]]:
    """Each item with its id and its parent's, in the order of a reader."""
    following = first
    for item in items:
        number = following
        following += 1
        yield item, number, parent
        for deeper in _number(item.get("items", []), number, following):
            following = max(following, deeper[1] + 1)
            yield deeper


def _build_item(
    item: Mapping[str, Any],
    number: int,
    parent: int,
    order: int,
    targets: Mapping[str, Json],
    menu: int,
    site: str,
) -> Json:
    kind, _, slug = item.get("object", "custom:").partition(":")
    target = targets[f"{kind}:{slug}"] if kind not in ("custom", "archive") else {}
    if kind == "archive":
        url, sort, label = f"{site}/{slug}s/", "post_type_archive", "Post Type Archive"
    elif target:
        term = "taxonomy" in target
        sort, label = ("taxonomy", "Term") if term else ("post_type", "Post")
        url = target["link"]
    else:
        url = site + item["url"] if item["url"].startswith("/") else item["url"]
        sort, label = "custom", "Custom Link"
    title = item.get("title") or target.get("name") or target["title"]["rendered"]
    return {
        "id": number,
        "title": {"rendered": texturize(title) if "title" in item else title},
        "status": "publish",
        "url": url,
        "attr_title": "",
        "description": item.get("description", ""),
        "type": sort,
        "type_label": label,
        "object": slug if kind == "archive" else kind,
        "object_id": target.get("id", number if sort == "custom" else 0),
        "parent": parent,
        "menu_order": order,
        "target": "_blank" if item.get("new_tab") else "",
        "classes": item.get("classes", [""]),
        "xfn": [""],
        "invalid": False,
        "meta": [],
        "menus": menu,
    }
