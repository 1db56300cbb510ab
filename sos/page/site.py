"""What every page of a site shares: its settings, types, taxonomies and menus, ready for building.

In: the common records of the store. Out: one `Site`. Built once per revision of those documents,
not once per page; holds no clock and does no I/O.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, tzinfo

import msgspec
from markupsafe import Markup

from sos.content.document import (
    Menu,
    PostType,
    SiteDocument,
    Taxonomy,
    parse_menu,
    parse_site,
    parse_taxonomies,
    parse_types,
)
from sos.content.post import Media, parse_post
from sos.content.sanitize import plain_text, sanitize_inline
from sos.content.store import Brief, Record, Topics
from sos.errors import DocumentError
from sos.page.dates import build_moment, direction, site_zone
from sos.page.images import build_image
from sos.page.model import MenuItem, Moment, SiteView
from sos.page.rewrite import Rewriter
from sos.page.routes import canonical_path
from sos.page.site_css import build_site_css

MAX_DEPTH = 20
"""Menus deeper than this are cut; WordPress itself stops at 11."""


MAX_MARKED = 64
"""Paths whose marked menus are remembered."""

MAX_TOPIC_PATHS = 64
"""Entries of a menu among which the topics of the front page are looked for."""


class Site(msgspec.Struct, frozen=True):
    """The site as pages see it. ``marked`` remembers menus by the path that is marked in them.

    ``topics`` are what its front page has rows of.
    """

    document: SiteDocument
    view: SiteView
    types: dict[str, PostType]
    taxonomies: dict[str, Taxonomy]
    menus: dict[str, tuple[MenuItem, ...]]
    rewriter: Rewriter
    zone: tzinfo
    linked: frozenset[str] = frozenset()
    topics: Topics | None = None
    marked: dict[str, dict[str, tuple[MenuItem, ...]]] = {}

    @property
    def basis(self) -> tuple[object, ...]:
        """All of it that parts of a document depend on: of equal ones comes the same."""
        d = self.document
        return (
            self.rewriter,
            self.zone,
            d.language,
            d.date_format,
            d.time_format,
            self.taxonomies,
        )

    def menus_at(self, path: str) -> dict[str, tuple[MenuItem, ...]]:
        """The menus with the entries of ``path`` marked: the same objects for the same path."""
        if path not in self.linked:
            return self.menus
        found = self.marked.get(path)
        if found is None:
            found = {where: mark_current(items, path) for where, items in self.menus.items()}
            if len(self.marked) >= MAX_MARKED:
                self.marked.clear()
            self.marked[path] = found
        return found

    def moment(self, epoch: int) -> Moment:
        """``epoch`` seconds in the site's zone, language and formats."""
        d = self.document
        return build_moment(epoch, self.zone, d.language, d.date_format, d.time_format)


def build_site(
    public: str,
    records: Sequence[Record] = (),
    top_pages: Sequence[Brief] = (),
    hidden: Set[str] = frozenset(),
) -> tuple[Site, tuple[str, ...]]:
    """The site, and the references of documents that could not be read (defaults stand in)."""
    document, types, taxonomies = SiteDocument(), dict[str, PostType](), dict[str, Taxonomy]()
    menus: list[Menu] = []
    logo: Media | None = None
    unreadable: list[str] = []
    for record in records:
        try:
            if record.ref == "site":
                document = parse_site(record.json)
            elif record.ref == "types":
                types = parse_types(record.json)
            elif record.ref == "taxonomies":
                taxonomies = parse_taxonomies(record.json)
            elif record.ref.startswith("menu:"):
                menus.append(without_hidden(parse_menu(record.json), hidden))
            elif record.ref.startswith("post:"):
                logo = parse_post(record.json).media
        except DocumentError:
            unreadable.append(record.ref)
    rewriter = Rewriter(public, *(u for u in (document.home, document.url) if u))
    name = document.name or rewriter.html(public).partition("//")[2]
    view = SiteView(
        title=rewriter.html(name),
        tagline=rewriter.html(document.description),
        url=public,
        language=document.language,
        direction=direction(document.language),
        logo=build_image(rewriter, logo) if logo else None,
        icon=rewriter.path(document.icon_url),
        css=build_site_css(document.styles),
    )
    zone = site_zone(document.timezone, document.gmt_offset) if document.home else UTC
    built = _menus(menus, top_pages, rewriter)
    linked = frozenset(url for items in built.values() for url in _urls(items))
    topics = decide_topics(built)
    site = Site(document, view, types, taxonomies, built, rewriter, zone, linked, topics, {})
    return site, tuple(unreadable)


def without_hidden(menu: Menu, hidden: Set[str]) -> Menu:
    """The menu without items that lead to what is not public; what hangs on them moves up."""
    parents = {i.id: i.parent for i in menu.items if i.target in hidden}
    if not parents:
        return menu

    def above(parent: int) -> int:
        for _ in parents:
            parent = parents.get(parent, parent)
        return parent

    items = (i for i in menu.items if i.id not in parents)
    kept = tuple(msgspec.structs.replace(i, parent=above(i.parent)) for i in items)
    return msgspec.structs.replace(menu, items=kept)


def _menus(
    menus: Sequence[Menu], top_pages: Sequence[Brief], rewriter: Rewriter
) -> dict[str, tuple[MenuItem, ...]]:
    """Menus by location. ``primary`` always exists: the first menu, or else the top-level pages."""
    by_location: dict[str, tuple[MenuItem, ...]] = {}
    built = [(m, build_menu(m, rewriter)) for m in menus]
    for menu, items in built:
        for location in menu.locations:
            by_location.setdefault(location, items)
    if "primary" not in by_location:
        placed = next((items for m, items in built if m.locations), None)
        first = placed or next((items for _, items in built), None)
        by_location["primary"] = first if first is not None else _page_menu(top_pages, rewriter)
    return by_location


def _page_menu(pages: Sequence[Brief], rewriter: Rewriter) -> tuple[MenuItem, ...]:
    """What WordPress shows where no menu is assigned (wp_page_menu), first level only."""
    return tuple(
        MenuItem(title=Markup(title), url=p.path)  # noqa: S704 - sanitised in the line below
        for p in pages
        if p.path and plain_text(title := rewriter.html(sanitize_inline(p.title)))
    )


def build_menu(menu: Menu, rewriter: Rewriter) -> tuple[MenuItem, ...]:
    """The tree of a menu. Items whose parent is missing, or that form a ring, move to the top."""
    known = {i.id for i in menu.items}
    below: dict[int, list[int]] = {}
    by_id = {i.id: i for i in menu.items}
    for item in sorted(menu.items, key=lambda i: (i.order, i.id)):
        parent = item.parent if item.parent in known and item.parent != item.id else 0
        below.setdefault(parent, []).append(item.id)
    placed: set[int] = set()

    def build(item_id: int, depth: int) -> MenuItem:
        placed.add(item_id)
        item = by_id[item_id]
        # An id of 0 is one that could not be read: nothing can hang on it.
        children = below.get(item_id, []) if item_id and depth < MAX_DEPTH else []
        url = rewriter.path(item.url)
        title = Markup(rewriter.html(item.title))  # noqa: S704 - sanitised when read
        return MenuItem(
            title=title if plain_text(title) else Markup.escape(url or "#"),
            url="" if url == "#" else url,
            new_tab=item.new_tab,
            description=rewriter.html(item.description),
            classes=item.classes,
            children=tuple(build(c, depth + 1) for c in children if c not in placed),
        )

    top = [build(i, 1) for i in dict.fromkeys(below.get(0, []))]
    top += [build(i.id, 1) for i in menu.items if i.id not in placed]
    return tuple(top)


def decide_topics(menus: Mapping[str, Sequence[MenuItem]]) -> Topics | None:
    """What the front page has rows of, by the menus; None where none leads to an archive.

    Entries nearer to the top come first: four sections rather than one with all that is below it.
    An editor who gives a menu to the location ``topics`` chooses by it, be it none; there, terms
    of any taxonomy will do. Which of the paths are archives of terms is known to the store alone:
    block themes have menus of mere addresses.
    """
    chosen = menus.get("topics")
    level, found = menus["primary"] if chosen is None else chosen, dict[str, None]()
    while level:
        found |= dict.fromkeys(_archive_path(item.url) for item in level)
        level = [below for item in level for below in item.children]
    found.pop("", None)
    if not found:
        return None
    return Topics(tuple(found)[:MAX_TOPIC_PATHS], "category" if chosen is None else "")


def _archive_path(url: str) -> str:
    """``url`` as the store has paths, where an archive may be at it; else nothing."""
    path = canonical_path(url.partition("#")[0]) if url.startswith("/") else "/"
    return path if isinstance(path, str) and path != "/" else ""


def _urls(items: Sequence[MenuItem]) -> Iterator[str]:
    for item in items:
        yield item.url
        yield from _urls(item.children)


def mark_current(items: tuple[MenuItem, ...], path: str) -> tuple[MenuItem, ...]:
    """The same menu with the entry of ``path`` marked, and those above it."""
    marked = []
    for item in items:
        children = mark_current(item.children, path) if item.children else ()
        here = item.url == path != ""
        above = any(c.current or c.ancestor for c in children)
        if here or above:
            item = msgspec.structs.replace(item, current=here, ancestor=above, children=children)
        marked.append(item)
    return tuple(marked)
