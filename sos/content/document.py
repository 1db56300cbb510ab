"""Wire documents: from the bytes that WordPress's REST API gave to typed, sanitised values.

In: JSON of one document. Out: a frozen `Post`, `Term`, `User`, `Menu` or `SiteDocument`. This is
where content stops being hostile: HTML is sanitised here, once, and numbers are numbers afterwards.
Never fetches; never raises anything but DocumentError.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from sos.content.formula import put_formulas, take_formulas
from sos.content.sanitize import plain_text, sanitize_html, sanitize_inline
from sos.content.search_head import NO_HEAD, Head, parse_head
from sos.content.site_styles import SiteStyles, parse_site_styles
from sos.content.unscripted import link_tabs, without_scripts
from sos.errors import DocumentError

MAX_BYTES = 8 * 1024 * 1024
"""Larger documents are refused. WordPress itself allows 4 GiB in a post; no page needs that."""

CALLOUT = "sos_callout"
"""The post type of what the front page alone shows, as apply.lua knows it."""

MAX_PRIORITY = 100


class Size(msgspec.Struct, frozen=True):
    """One size of a picture; pixels."""

    url: str
    width: int
    height: int


class Media(msgspec.Struct, frozen=True):
    """What an attachment has beyond a post."""

    url: str
    mime: str
    alt: str
    caption: str
    width: int
    height: int
    bytes: int
    sizes: tuple[Size, ...]


class CalloutTerms(msgspec.Struct, frozen=True):
    """Where on the front page a callout wants to stand, and how much: 0 to 100."""

    placement: Literal["banner", "takeover"]
    priority: int


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A post, page, attachment or item of a custom type. Times are epoch seconds, UTC.

    ``parts`` are its body; none at all where that was not read.
    """

    id: int
    type: str
    slug: str
    title: str
    parts: tuple[str, ...]
    excerpt: str
    protected: bool
    published: int
    modified: int
    author: int
    featured: int
    parent: int
    format: str
    template: str
    sticky: bool
    terms: Mapping[str, tuple[int, ...]]
    media: Media | None
    css: str
    head: Head = NO_HEAD
    callout: CalloutTerms | None = None


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


Json = Mapping[str, Any]


def parse_post(
    data: bytes, embed_hosts: frozenset[str] | None = None, *, body: bool = True
) -> Post:
    """A post document, sanitised. A protected one has neither body nor excerpt, whatever came.

    Without ``body`` its ``parts`` are none at all: a list takes a fraction of the time to read.
    """
    doc = _parse(data)
    sos = _object(doc, "sos")
    protected = any(_object(doc, f).get("protected") is True for f in ("content", "excerpt"))

    def html(raw: str) -> str:
        return parse_body(raw, embed_hosts)

    def field(name: str) -> str:
        return "" if protected else _rendered(doc, name)

    published = _first_time(doc, "date_gmt", "date", "modified_gmt")
    kind = _text(doc, "type") or "post"
    return Post(
        id=_whole(doc, "id"),
        type=kind,
        slug=unquote(_text(doc, "slug")),
        title=sanitize_inline(_rendered(doc, "title")),
        parts=()
        if not body
        else tuple(
            html(part)
            for part in split_parts(
                field("content")
                if kind != "attachment"
                else _WHOLE_PICTURE.sub("", field("description"))
            )
        ),
        excerpt=_without_more_link(html(field("excerpt" if kind != "attachment" else "caption"))),
        protected=protected,
        published=published,
        modified=max(published, _first_time(doc, "modified_gmt", "modified")),
        author=_whole(doc, "author"),
        featured=_whole(doc, "featured_media"),
        parent=_whole(doc, "post" if kind == "attachment" else "parent"),
        format=_text(doc, "format") or "standard",
        template=_text(doc, "template"),
        sticky=doc.get("sticky") is True,
        terms={k: t for k, v in doc.items() if (t := _ids(v))},
        media=_parse_media(doc) if kind == "attachment" else None,
        css=_safe_css(_text(sos, "css")),
        head=parse_head(doc) if body else NO_HEAD,
        callout=_parse_callout(_object(sos, "callout")) if kind == CALLOUT else None,
    )


def parse_body(raw: str, embed_hosts: frozenset[str] | None = None) -> str:
    """The body of a post or its excerpt: sanitised, and made of what needs no script."""
    raw, formulas = take_formulas(link_tabs(raw))
    clean = sanitize_html(raw, embed_hosts) if embed_hosts else sanitize_html(raw)
    whole = put_formulas(without_scripts(clean), formulas)
    return _TABLE.sub('<figure tabindex="0" ', whole)


def parse_term(data: bytes) -> Term:
    """A term document, sanitised."""
    doc = _parse(data)
    return Term(
        id=_whole(doc, "id"),
        name=sanitize_inline(_text(doc, "name")),
        slug=unquote(_text(doc, "slug")),
        taxonomy=_text(doc, "taxonomy"),
        description=sanitize_html(_text(doc, "description")),
        parent=_whole(doc, "parent"),
        count=_whole(doc, "count"),
        head=parse_head(doc),
    )


def parse_user(data: bytes) -> User:
    """A user document; nothing but name, slug and biography is kept."""
    doc = _parse(data)
    return User(
        id=_whole(doc, "id"),
        name=plain_text(_text(doc, "name")),
        slug=unquote(_text(doc, "slug")),
        description=plain_text(_text(doc, "description")),
        head=parse_head(doc),
    )


def parse_menu(data: bytes) -> Menu:
    """A menu with the items and locations of its ``sos`` member."""
    doc = _parse(data)
    sos = _object(doc, "sos")
    items = [i for i in _array(sos, "items") if isinstance(i, dict)]
    locations = _array(sos, "locations") or _array(doc, "locations")
    return Menu(
        id=_whole(doc, "id"),
        slug=_text(doc, "slug"),
        locations=tuple(x for x in locations if isinstance(x, str)),
        items=tuple(_parse_menu_entry(i) for i in items),
    )


def parse_site(data: bytes) -> SiteDocument:
    """The ``site`` document; what the settings do not tell keeps WordPress's own default."""
    doc = _parse(data)
    sos = _object(doc, "sos")
    settings = _object(sos, "settings")
    language = _text(sos, "language") or _text(settings, "language") or "en-US"
    offset = doc.get("gmt_offset")
    # The REST index tells the front page from WordPress 6.8 on, the settings do before.
    front = doc if _text(doc, "show_on_front") else settings
    per_page = _whole(settings, "posts_per_page") or 10
    return SiteDocument(
        name=plain_text(_text(doc, "name")),
        description=plain_text(_text(doc, "description")),
        home=_text(doc, "home") or _text(doc, "url"),
        url=_text(doc, "url"),
        timezone=_text(doc, "timezone_string"),
        gmt_offset=_number(offset),
        static_front=front.get("show_on_front") == "page",
        page_on_front=_whole(front, "page_on_front"),
        page_for_posts=_whole(front, "page_for_posts"),
        logo=_whole(doc, "site_logo"),
        icon_url=_text(doc, "site_icon_url"),
        language=_language(language),
        posts_per_page=min(per_page, 100),
        posts_per_feed=min(_whole(settings, "posts_per_rss") or 10, 100),
        feed_excerpts=settings.get("rss_use_excerpt") in (True, 1, "1"),
        date_format=_text(settings, "date_format") or "F j, Y",
        time_format=_text(settings, "time_format") or "g:i a",
        date_base=_text(sos, "date_base") or "/",
        indexable=settings.get("blog_public") not in (False, 0, "0"),
        attachment_pages=settings.get("wp_attachment_pages_enabled") not in (False, 0, "0"),
        styles=parse_site_styles(sos.get("styles")),
    )


def parse_types(data: bytes) -> dict[str, PostType]:
    """Post types by slug."""
    return {
        slug: PostType(
            slug=slug,
            name=plain_text(_text(t, "name")) or slug,
            archive=_text(_object(t, "sos"), "archive_path"),
            head=parse_head(t),
        )
        for slug, t in _parse(data).items()
        if isinstance(t, dict)
    }


def parse_taxonomies(data: bytes) -> dict[str, Taxonomy]:
    """Taxonomies by slug."""
    return {
        slug: Taxonomy(
            slug=slug,
            name=plain_text(_text(t, "name")) or slug,
            field=_text(t, "rest_base") or slug,
            singular=plain_text(_text(_object(t, "labels"), "singular_name")),
        )
        for slug, t in _parse(data).items()
        if isinstance(t, dict)
    }


def split_parts(html: str) -> tuple[str, ...]:
    """A body split at ``<!--nextpage-->``, as WP_Query::generate_postdata does; never empty."""
    if "<!--noteaser-->" in html:
        html = _without_teaser(html)
    if "<!--nextpage-->" not in html:  # the usual case, and a fast search
        return (html,)
    return tuple(_NEXT_PAGE.split(_LEADING_PAGE.sub("", html)))


def parse_time(value: object) -> int | None:
    """Epoch seconds of WordPress's ``YYYY-MM-DDTHH:MM:SS``, taken as UTC; None for no such date.

    The twin of ``epoch`` in apply.lua, which puts documents in order.
    """
    match = _TIME.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        moment = datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None
    return int(moment.timestamp())


# ---------------------------------------------------------------- within

# The marker's own paragraph goes with it: wpautop and the classic editor put it in one.
_NEXT_PAGE = re.compile(r"(?:<p>\s*)?<!--nextpage-->(?:\s*</p>)?")
_LEADING_PAGE = re.compile(r"\A\s*(?:<p>\s*)?<!--nextpage-->(?:\s*</p>)?")
# A wide table scrolls in its figure; who has no mouse must be able to get there (WCAG 2.1.1).
_TABLE = re.compile(r'<figure (?=class="(?:[^"]* )?wp-block-table[ "])')
# What prepend_attachment() puts before the description of an attachment.
_WHOLE_PICTURE = re.compile(r'\A\s*<p class="attachment">.*?</p>', re.DOTALL)
# Within one tag only, so that no text takes more than linear time.
_LINK = re.compile(r"<a ([^<>]*)>")
_MORE_CLASS = re.compile(r'\bclass="[^"]*more-link')
_MORE_PARAGRAPH = re.compile(r'<p class="[^"<>]*link-more[^"<>]*">\s*\Z')
_DIGITS = re.compile(r"\s*[0-9]{1,20}\s*")
_MORE_SPAN = re.compile(r'<span id="more-\d+"></span>')
_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})")


def _without_more_link(html: str) -> str:
    """An excerpt without the "Continue reading" link that WordPress's theme put into it."""
    if "more-link" not in html:
        return html
    kept, last = [], 0
    for link in _LINK.finditer(html):
        if link.start() < last or not _MORE_CLASS.search(link[1]):
            continue
        end = html.find("</a>", link.end())
        if end < 0:
            break
        before, end = html[last : link.start()], end + len("</a>")
        # The theme's own paragraph around it goes as well; an excerpt's last one stays closed.
        paragraph = _MORE_PARAGRAPH.search(before, max(0, len(before) - 200))
        if paragraph and html.startswith("</p>", end):
            before, end = before[: paragraph.start()], end + len("</p>")
        kept.append(before)
        last = end
    return "".join((*kept, html[last:]))


def _without_teaser(html: str) -> str:
    """What get_the_content() leaves where an editor wants no teaser: what follows the more mark."""
    ends = []
    if (mark := html.find("<!--more")) >= 0 and (end := html.find("-->", mark)) >= 0:
        ends.append(end + 3)
    if span := _MORE_SPAN.search(html):
        ends.append(span.end())
    return html[min(ends) :] if ends else html


def _first_time(doc: Json, *fields: str) -> int:
    """The first of ``fields`` that holds a time; 0 where none does."""
    times = (parse_time(doc.get(field)) for field in fields)
    return next((time for time in times if time is not None), 0)


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise DocumentError(f"document of {len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        doc = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise DocumentError(f"not a JSON document: {exc}") from exc
    if not isinstance(doc, dict):
        raise DocumentError(f"not a JSON object but {type(doc).__name__}")
    return doc


def _parse_media(doc: Json) -> Media:
    details = _object(doc, "media_details")
    sizes = []
    for size in _object(details, "sizes").values():
        if isinstance(size, dict) and _text(size, "source_url"):
            sizes.append(
                Size(_text(size, "source_url"), _whole(size, "width"), _whole(size, "height"))
            )
    return Media(
        url=_text(doc, "source_url"),
        mime=_text(doc, "mime_type"),
        alt=plain_text(_text(doc, "alt_text")),
        caption=sanitize_inline(_rendered(doc, "caption")),
        width=_whole(details, "width"),
        height=_whole(details, "height"),
        bytes=_whole(details, "filesize"),
        sizes=tuple(sorted(sizes, key=lambda s: s.width)),
    )


def _parse_callout(terms: Json) -> CalloutTerms:
    """What is not told is the quieter: a banner of no priority."""
    placement: Literal["banner", "takeover"] = "banner"
    if terms.get("placement") == "takeover":
        placement = "takeover"
    return CalloutTerms(placement, min(_whole(terms, "priority"), MAX_PRIORITY))


def _parse_menu_entry(item: Json) -> MenuEntry:
    classes = (c for c in _array(item, "classes") if isinstance(c, str) and c.strip())
    return MenuEntry(
        id=_whole(item, "id"),
        parent=_whole(item, "parent"),
        order=_whole(item, "menu_order"),
        title=sanitize_inline(_rendered(item, "title")),
        url=_text(item, "url"),
        target=_target(item),
        new_tab=item.get("target") == "_blank",
        classes=tuple(classes),
        description=plain_text(_text(item, "description")),
    )


def _target(item: Json) -> str:
    """The document that a menu item leads to, as a reference; empty for a mere address."""
    kind = {"post_type": "post", "taxonomy": "term"}.get(_text(item, "type"))
    return f"{kind}:{_whole(item, 'object_id')}" if kind else ""


def _object(doc: Json, field: str) -> Json:
    value = doc.get(field)
    return value if isinstance(value, dict) else {}


def _array(doc: Json, field: str) -> list[Any]:
    value = doc.get(field)
    return value if isinstance(value, list) else []


def _text(doc: Json, field: str) -> str:
    value = doc.get(field)
    return value if isinstance(value, str) else ""


def _rendered(doc: Json, field: str) -> str:
    value = doc.get(field)
    return value if isinstance(value, str) else _text(_object(doc, field), "rendered")


def _number(value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        return 0.0
    return number if -26 < number < 26 else 0.0


def _whole(doc: Json, field: str) -> int:
    value = doc.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        return 0
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return 0
    return number if 0 <= number < 10**14 else 0  # as in apply.lua


def _ids(value: object) -> tuple[int, ...]:
    """The value as ids, if it is a list of nothing else."""
    if isinstance(value, list) and value and all(type(v) is int and v > 0 for v in value):
        return tuple(value)
    return ()


def _language(code: str) -> str:
    """WordPress's locale (``de_DE_formal``) as a BCP 47 tag (``de-DE``)."""
    parts = code.replace("_", "-").split("-")[:2]
    sound: Callable[[str], bool] = lambda p: p.isascii() and p.isalnum() and 2 <= len(p) <= 8  # noqa: E731
    return "-".join(parts) if parts and all(map(sound, parts)) else "en-US"


def _safe_css(css: str) -> str:
    """Block CSS that can't leave its ``<style>`` element or load anything; else nothing."""
    hostile = (
        *("<", "\\", "@import", "url(", "expression(", "javascript:"),
        *("image-set(", "image(", "src("),  # these load what a mere string names
    )
    return "" if any(h in css.lower() for h in hostile) else css
