"""Reading a site's menus: classic ones for its owner, block navigation for anyone.

In: a reader. Out: ``menu`` documents, and whether they are all there are. See `menus` for their
shape.
"""

import msgspec

from sos.wordpress.menus import build_menu, build_navigation
from sos.wordpress.site_reader import Json, Params, SiteReader
from sos.wordpress.source import RestError
from sos.wordpress.wire import UnusableItemError, read_id


class Menus(msgspec.Struct, frozen=True):
    """Menu documents by id. ``complete`` means that the site has no others."""

    documents: dict[int, Json]
    complete: bool
    missing: str = ""


async def fetch_menus(reader: SiteReader) -> Menus:
    """The menus of a site, each with its items in order.

    Block themes keep them as ``wp_navigation`` posts, which stand in where no classic one is.
    """
    try:
        classic = await _fetch_classic(reader)
    except RestError as exc:
        reason = f"{exc}; use an administrator's" if reader.has_credentials else "need an"
        missing = f"menus: {reason} application password"
        return Menus(await _fetch_navigation(reader), complete=False, missing=missing)
    if classic:
        return Menus(classic, complete=True)
    return Menus(await _fetch_navigation(reader), complete=True)


async def _fetch_classic(reader: SiteReader) -> dict[int, Json]:
    secret = reader.has_credentials
    documents = {}
    for menu in await reader.fetch_list("/wp/v2/menus", {}, authenticated=secret):
        try:
            ident = read_id(menu)
        except UnusableItemError:
            continue
        params: Params = {"menus": ident, "orderby": "menu_order", "order": "asc"}
        items = await reader.fetch_list("/wp/v2/menu-items", params, authenticated=secret)
        documents[ident] = build_menu(menu, items)
    return documents


async def _fetch_navigation(reader: SiteReader) -> dict[int, Json]:
    try:
        params: Params = {"orderby": "date", "order": "desc"}
        posts = await reader.fetch_list("/wp/v2/navigation", params)
    except RestError:
        return {}  # older than block themes
    shown = [p for p in posts if p.get("status") == "publish" and isinstance(p.get("id"), int)]
    return {p["id"]: build_navigation(p, primary=p is shown[0]) for p in shown}
