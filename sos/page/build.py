"""From documents to the page model: the one pure function between wire type and page type.

In: what the store found for a route, with its documents parsed. Out: a `BuiltPage`, or None when
the route names a page that does not exist (page 9 of 3). No clock, no I/O: the time that matters
was given to the store when it read.
"""

from collections.abc import Sequence

import msgspec

from sos.content.store import Candidate, Found
from sos.page import hierarchy
from sos.page.archive import build_list
from sos.page.callouts import add_callouts
from sos.page.cards import Library, build_card
from sos.page.frame import BuiltPage, assemble, document_title
from sos.page.model import UNREAD, PostCard
from sos.page.rows import add_rows
from sos.page.singular import build_singular


def build_page(library: Library, found: Found, candidate: Candidate) -> BuiltPage | None:
    """The page of ``found``, which ``candidate`` hit; None where it has no such page or part."""
    post = library.post(found.primary)
    built = None
    if found.list:
        built = build_list(library, found, candidate)
    elif post is not None:
        built = build_singular(library, found, post, candidate)
    if built is not None and built.page.url == "/" and candidate.how == "page":
        return add_callouts(library, found, add_rows(library, found, built))
    return built


def with_excerpts(built: BuiltPage) -> BuiltPage:
    """The page with an excerpt for each body that was not read: templates may look at all of it."""

    def fill(cards: Sequence[PostCard]) -> tuple[PostCard, ...]:
        return tuple(
            replace(card, content=card.excerpt) if card.content is UNREAD else card
            for card in cards
        )

    replace, page = msgspec.structs.replace, built.page
    rows = tuple(replace(row, posts=fill(row.posts)) for row in page.rows)
    return BuiltPage(replace(page, posts=fill(page.posts), rows=rows), built.depends)


def build_error(
    library: Library, status: int, path: str, suggestions: Sequence[str] = ()
) -> BuiltPage:
    """The page for what is not there (404) or is there no more (410)."""
    gone = status == 410
    posts = [p for ref in suggestions if (p := library.post(ref))]
    page = assemble(
        library.site,
        kind="410" if gone else "404",
        status=status,
        templates=hierarchy.GONE_TEMPLATES if gone else hierarchy.NOT_FOUND_TEMPLATES,
        title=document_title(
            library.site, "No longer here" if gone else "Page not found", 1, front=False
        ),
        url=path,
        canonical="",
        robots="noindex",
        body_classes=("error404",),
        posts=tuple(build_card(library, p) for p in posts),
    )
    return BuiltPage(page, ("site", "menus", "list:type:post", *suggestions))
