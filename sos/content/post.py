"""Posts: from the bytes that WordPress's REST API gave for one to a typed, sanitised value.

In: JSON of a post, page, attachment or item of a custom type. Out: a frozen `Post`, whose HTML is
sanitised here, once, and made of what needs no script. Never fetches; never raises anything but
DocumentError.
"""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote

import msgspec

from sos.content.fields import (
    Json,
    first_time,
    ids_of,
    object_of,
    parse_object,
    rendered_of,
    text_of,
    whole_of,
)
from sos.content.formula import put_formulas, take_formulas
from sos.content.sanitize import plain_text, sanitize_html, sanitize_inline
from sos.content.search_head import NO_HEAD, Head, parse_head
from sos.content.unscripted import link_tabs, without_scripts

CALLOUT = "sos_callout"
"""The post type of what the front page alone shows, as apply.lua knows it."""

MAX_PRIORITY = 100

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
_MORE_SPAN = re.compile(r'<span id="more-\d+"></span>')


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


def parse_post(
    data: bytes, embed_hosts: frozenset[str] | None = None, *, body: bool = True
) -> Post:
    """A post document, sanitised. A protected one has neither body nor excerpt, whatever came.

    Without ``body`` its ``parts`` are none at all: a list takes a fraction of the time to read.
    """
    doc = parse_object(data)
    sos = object_of(doc, "sos")
    protected = any(object_of(doc, f).get("protected") is True for f in ("content", "excerpt"))

    def html(raw: str) -> str:
        return parse_body(raw, embed_hosts)

    def field(name: str) -> str:
        return "" if protected else rendered_of(doc, name)

    published = first_time(doc, "date_gmt", "date", "modified_gmt")
    kind = text_of(doc, "type") or "post"
    return Post(
        id=whole_of(doc, "id"),
        type=kind,
        slug=unquote(text_of(doc, "slug")),
        title=sanitize_inline(rendered_of(doc, "title")),
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
        modified=max(published, first_time(doc, "modified_gmt", "modified")),
        author=whole_of(doc, "author"),
        featured=whole_of(doc, "featured_media"),
        parent=whole_of(doc, "post" if kind == "attachment" else "parent"),
        format=text_of(doc, "format") or "standard",
        template=text_of(doc, "template"),
        sticky=doc.get("sticky") is True,
        terms={k: t for k, v in doc.items() if (t := ids_of(v))},
        media=_parse_media(doc) if kind == "attachment" else None,
        css=_safe_css(text_of(sos, "css")),
        head=parse_head(doc) if body else NO_HEAD,
        callout=_parse_callout(object_of(sos, "callout")) if kind == CALLOUT else None,
    )


def parse_body(raw: str, embed_hosts: frozenset[str] | None = None) -> str:
    """The body of a post or its excerpt: sanitised, and made of what needs no script."""
    raw, formulas = take_formulas(link_tabs(raw))
    clean = sanitize_html(raw, embed_hosts) if embed_hosts else sanitize_html(raw)
    whole = put_formulas(without_scripts(clean), formulas)
    return _TABLE.sub('<figure tabindex="0" ', whole)


def split_parts(html: str) -> tuple[str, ...]:
    """A body split at ``<!--nextpage-->``, as WP_Query::generate_postdata does; never empty."""
    if "<!--noteaser-->" in html:
        html = _without_teaser(html)
    if "<!--nextpage-->" not in html:  # the usual case, and a fast search
        return (html,)
    return tuple(_NEXT_PAGE.split(_LEADING_PAGE.sub("", html)))


def _parse_media(doc: Json) -> Media:
    details = object_of(doc, "media_details")
    sizes = []
    for size in object_of(details, "sizes").values():
        if isinstance(size, dict) and text_of(size, "source_url"):
            sizes.append(
                Size(text_of(size, "source_url"), whole_of(size, "width"), whole_of(size, "height"))
            )
    return Media(
        url=text_of(doc, "source_url"),
        mime=text_of(doc, "mime_type"),
        alt=plain_text(text_of(doc, "alt_text")),
        caption=sanitize_inline(rendered_of(doc, "caption")),
        width=whole_of(details, "width"),
        height=whole_of(details, "height"),
        bytes=whole_of(details, "filesize"),
        sizes=tuple(sorted(sizes, key=lambda s: s.width)),
    )


def _parse_callout(terms: Json) -> CalloutTerms:
    """What is not told is the quieter: a banner of no priority."""
    placement: Literal["banner", "takeover"] = "banner"
    if terms.get("placement") == "takeover":
        placement = "takeover"
    return CalloutTerms(placement, min(whole_of(terms, "priority"), MAX_PRIORITY))


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


def _safe_css(css: str) -> str:
    """Block CSS that can't leave its ``<style>`` element or load anything; else nothing."""
    hostile = (
        *("<", "\\", "@import", "url(", "expression(", "javascript:"),
        *("image-set(", "image(", "src("),  # these load what a mere string names
    )
    return "" if any(h in css.lower() for h in hostile) else css
