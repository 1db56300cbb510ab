"""Documents about a site: from the bytes of WordPress's REST API to typed, sanitised values.

In: JSON of one document. Out: a frozen `Term`, `User`, `Menu` or `SiteDocument` (`post` has the
posts). This is where content stops being hostile: HTML is sanitised here, once, and numbers are
numbers afterwards. Never fetches; never raises anything but DocumentError.
"""

from collections.abc import Callable
from urllib.parse import unquote

import msgspec

from sos.content.fields import (
    Json,
    array_of,
    object_of,
    parse_object,
    rendered_of,
    text_of,
    whole_of,
)
from sos.content.sanitize import plain_text, sanitize_html, sanitize_inline
from sos.content.search_head import NO_HEAD, Head, parse_head
from sos.content.site_styles import SiteStyles, parse_site_styles


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A category, tag or term of a custom taxonomy."""

    id: int
    name: str
    slug: str
    taxonomy: str
    description: str
    parent: int
    count: int
    head: Head = NO_HEAD


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An author, as far as WordPress shows one to the public."""

    id: int
    name: str
    slug: str
    description: str
    head: Head = NO_HEAD


class MenuEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a menu; ``title`` is inline HTML, ``target`` the document that it leads to."""

    id: int
    parent: int
    order: int
    title: str
    url: str
    target: str
    new_tab: bool
    classes: tuple[str, ...]
    description: str


class Menu(msgspec.Struct, frozen=True, kw_only=True):
    """A menu and the theme locations it stands at."""

    id: int
    slug: str
    locations: tuple[str, ...]
    items: tuple[MenuEntry, ...]


class SiteDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The REST index and settings: who the site is, and what its front page shows."""

    name: str = ""
    description: str = ""
    home: str = ""
    url: str = ""
    timezone: str = ""
    gmt_offset: float = 0.0
    static_front: bool = False
    page_on_front: int = 0
    page_for_posts: int = 0
    logo: int = 0
    icon_url: str = ""
    language: str = "en-US"
    posts_per_page: int = 10
    posts_per_feed: int = 10
    feed_excerpts: bool = False
    date_format: str = "F j, Y"
    time_format: str = "g:i a"
    indexable: bool = True
    attachment_pages: bool = True
    date_base: str = "/"
    styles: SiteStyles = SiteStyles()


class PostType(msgspec.Struct, frozen=True, kw_only=True):
    """A post type of the site."""

    slug: str
    name: str
    archive: str
    head: Head = NO_HEAD


class Taxonomy(msgspec.Struct, frozen=True, kw_only=True):
    """A taxonomy; ``field`` is the member of a post that holds its term ids."""

    slug: str
    name: str
    field: str
    singular: str


def parse_term(data: bytes) -> Term:
    """A term document, sanitised."""
    doc = parse_object(data)
    return Term(
        id=whole_of(doc, "id"),
        name=sanitize_inline(text_of(doc, "name")),
        slug=unquote(text_of(doc, "slug")),
        taxonomy=text_of(doc, "taxonomy"),
        description=sanitize_html(text_of(doc, "description")),
        parent=whole_of(doc, "parent"),
        count=whole_of(doc, "count"),
        head=parse_head(doc),
    )


def parse_user(data: bytes) -> User:
    """A user document; nothing but name, slug and biography is kept."""
    doc = parse_object(data)
    return User(
        id=whole_of(doc, "id"),
        name=plain_text(text_of(doc, "name")),
        slug=unquote(text_of(doc, "slug")),
        description=plain_text(text_of(doc, "description")),
        head=parse_head(doc),
    )


def parse_menu(data: bytes) -> Menu:
    """A menu with the items and locations of its ``sos`` member."""
    doc = parse_object(data)
    sos = object_of(doc, "sos")
    items = [i for i in array_of(sos, "items") if isinstance(i, dict)]
    locations = array_of(sos, "locations") or array_of(doc, "locations")
    return Menu(
        id=whole_of(doc, "id"),
        slug=text_of(doc, "slug"),
        locations=tuple(x for x in locations if isinstance(x, str)),
        items=tuple(_parse_menu_entry(i) for i in items),
    )


def parse_site(data: bytes) -> SiteDocument:
    """The ``site`` document; what the settings do not tell keeps WordPress's own default."""
    doc = parse_object(data)
    sos = object_of(doc, "sos")
    settings = object_of(sos, "settings")
    language = text_of(sos, "language") or text_of(settings, "language") or "en-US"
    offset = doc.get("gmt_offset")
    # The REST index tells the front page from WordPress 6.8 on, the settings do before.
    front = doc if text_of(doc, "show_on_front") else settings
    per_page = whole_of(settings, "posts_per_page") or 10
    return SiteDocument(
        name=plain_text(text_of(doc, "name")),
        description=plain_text(text_of(doc, "description")),
        home=text_of(doc, "home") or text_of(doc, "url"),
        url=text_of(doc, "url"),
        timezone=text_of(doc, "timezone_string"),
        gmt_offset=_number(offset),
        static_front=front.get("show_on_front") == "page",
        page_on_front=whole_of(front, "page_on_front"),
        page_for_posts=whole_of(front, "page_for_posts"),
        logo=whole_of(doc, "site_logo"),
        icon_url=text_of(doc, "site_icon_url"),
        language=_language(language),
        posts_per_page=min(per_page, 100),
        posts_per_feed=min(whole_of(settings, "posts_per_rss") or 10, 100),
        feed_excerpts=settings.get("rss_use_excerpt") in (True, 1, "1"),
        date_format=text_of(settings, "date_format") or "F j, Y",
        time_format=text_of(settings, "time_format") or "g:i a",
        date_base=text_of(sos, "date_base") or "/",
        indexable=settings.get("blog_public") not in (False, 0, "0"),
        attachment_pages=settings.get("wp_attachment_pages_enabled") not in (False, 0, "0"),
        styles=parse_site_styles(sos.get("styles")),
    )


def parse_types(data: bytes) -> dict[str, PostType]:
    """Post types by slug."""
    return {
        slug: PostType(
            slug=slug,
            name=plain_text(text_of(t, "name")) or slug,
            archive=text_of(object_of(t, "sos"), "archive_path"),
            head=parse_head(t),
        )
        for slug, t in parse_object(data).items()
        if isinstance(t, dict)
    }


def parse_taxonomies(data: bytes) -> dict[str, Taxonomy]:
    """Taxonomies by slug."""
    return {
        slug: Taxonomy(
            slug=slug,
            name=plain_text(text_of(t, "name")) or slug,
            field=text_of(t, "rest_base") or slug,
            singular=plain_text(text_of(object_of(t, "labels"), "singular_name")),
        )
        for slug, t in parse_object(data).items()
        if isinstance(t, dict)
    }


# ---------------------------------------------------------------- within


def _parse_menu_entry(item: Json) -> MenuEntry:
    classes = (c for c in array_of(item, "classes") if isinstance(c, str) and c.strip())
    return MenuEntry(
        id=whole_of(item, "id"),
        parent=whole_of(item, "parent"),
        order=whole_of(item, "menu_order"),
        title=sanitize_inline(rendered_of(item, "title")),
        url=text_of(item, "url"),
        target=_target(item),
        new_tab=item.get("target") == "_blank",
        classes=tuple(classes),
        description=plain_text(text_of(item, "description")),
    )


def _target(item: Json) -> str:
    """The document that a menu item leads to, as a reference; empty for a mere address."""
    kind = {"post_type": "post", "taxonomy": "term"}.get(text_of(item, "type"))
    return f"{kind}:{whole_of(item, 'object_id')}" if kind else ""


def _number(value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        return 0.0
    return number if -26 < number < 26 else 0.0


def _language(code: str) -> str:
    """WordPress's locale (``de_DE_formal``) as a BCP 47 tag (``de-DE``)."""
    parts = code.replace("_", "-").split("-")[:2]
    sound: Callable[[str], bool] = lambda p: p.isascii() and p.isalnum() and 2 <= len(p) <= 8  # noqa: E731
    return "-".join(parts) if parts and all(map(sound, parts)) else "en-US"
