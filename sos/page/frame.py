"""What all pages of a site share: title, robots, menus, feeds, addresses of further pages. Pure."""

import msgspec
from markupsafe import Markup

from sos.content.sanitize import plain_text, sanitize_inline
from sos.content.search_head import NO_HEAD, Head
from sos.content.store import Brief
from sos.page.cards import Library
from sos.page.model import Feed, Link, PageModel
from sos.page.seo import add_metadata, decide_robots
from sos.page.site import Site

SEPARATOR = " – "
"""Between the parts of a document title, as WordPress has it."""


class BuiltPage(msgspec.Struct, frozen=True):
    """A page model, and the names of all documents and lists that it was made of."""

    page: PageModel
    depends: tuple[str, ...]


def build_feeds(site: Site, base: str, title: str) -> tuple[Feed, ...]:
    """RSS and Atom of the list at ``base``."""
    root = base if base.endswith("/") else base + "/"
    tail = "/" if base.endswith("/") else ""
    return (
        Feed(title=f"{title} (RSS)", url=f"{root}feed{tail}", type="application/rss+xml"),
        Feed(title=f"{title} (Atom)", url=f"{root}feed/atom{tail}", type="application/atom+xml"),
    )


def assemble(
    site: Site, *, url: str, robots: str = "", head: Head = NO_HEAD, **fields: object
) -> PageModel:
    """A page model with what all pages share; ``head`` is what plugins say, for the public host."""
    own = fields.pop("feeds", ())
    page = PageModel(
        site=site.view,
        url=url,
        robots=decide_robots(robots or head.robots, indexable=site.document.indexable),
        menus=site.menus_at(url),
        feeds=(*build_feeds(site, "/", site.view.title), *own),  # type: ignore[misc]
        **fields,  # type: ignore[arg-type]
    )
    return add_metadata(page, head)


def document_title(site: Site, title: str, number: int, *, front: bool) -> str:
    """Title of the document (wp_get_document_title)."""
    parts = [site.view.title, site.view.tagline] if front else [title, site.view.title]
    if number > 1:
        parts.insert(1, f"Page {number}")
    return SEPARATOR.join(p for p in parts if p)


def paged(base: str, number: int) -> str:
    """Address of page ``number`` of the list at ``base``."""
    return f"{base}page/{number}/" if base.endswith("/") else f"{base}/page/{number}"


def numbered(base: str, number: int) -> str:
    """Address of part ``number`` of the post at ``base``."""
    return f"{base}{number}/" if base.endswith("/") else f"{base}/{number}"


def build_link(library: Library, brief: Brief | None) -> Link | None:
    """A link to a document; None where that has no page. Its path stands in for a lack of title."""
    if brief is None or not brief.path:
        return None
    title = library.markup(sanitize_inline(brief.title))
    return Link(title=title if plain_text(title) else Markup.escape(brief.path), url=brief.path)
