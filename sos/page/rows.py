"""Rows of topics on the front page: the newest posts of what its menus lead to. Pure.

In: the front page as built, and the posts of each topic that the store found. Out: the same page
with its rows, and with the names of all that was looked at: a topic without posts may get some. No
other page has any.
"""

from collections.abc import Iterator

import msgspec

from sos.content.store import Found, FoundRow
from sos.page.cards import Library, Listed, build_term
from sos.page.frame import BuiltPage
from sos.page.model import Row


def add_rows(library: Library, found: Found, built: BuiltPage) -> BuiltPage:
    """The front page ``built`` with the rows of ``found``."""
    if not found.rows:
        return built
    rows, shown = [], list[Listed]()
    for topic in found.rows:
        listed = [p for ref in topic.refs if (p := library.in_list(ref))]
        row = _build_row(library, topic, listed)
        if row:
            rows.append(row)
            shown += listed
    depends = tuple(dict.fromkeys(_depends(found, built, shown)))
    return BuiltPage(msgspec.structs.replace(built.page, rows=tuple(rows)), depends)


def row_refs(found: Found) -> tuple[str, ...]:
    """All posts of all rows."""
    return tuple(ref for topic in found.rows for ref in topic.refs)


def _build_row(library: Library, topic: FoundRow, listed: list[Listed]) -> Row | None:
    """A row; the same object for the same parts. None where it has no posts, or no name."""
    term = build_term(library, int(topic.term.partition(":")[2]))
    posts = tuple(p.card for p in listed)
    if term is None or not posts:
        return None
    row = Row(term=term, posts=posts)
    if library.memo is None:
        return row
    # By identity: it says all, as the row itself keeps its parts alive, and looks into none.
    made_of = tuple(map(id, (term, *posts)))
    known: Row | None = library.memo.find((_build_row, topic.term), made_of)
    if known is None:
        library.memo.keep((_build_row, topic.term), made_of, row, ROW_SIZE)
    return known or row


ROW_SIZE = 500
"""What a row costs beyond its parts, bytes."""


def _depends(found: Found, built: BuiltPage, shown: list[Listed]) -> Iterator[str]:
    """An edge is told the first names only: lists come before posts, and posts before the rest."""
    posts = {found.primary, *found.sticky, *found.refs, *row_refs(found)}
    # Two names say what the page is.
    yield from built.depends[:2]
    yield from (f"list:{t.term}" for t in found.rows if t.refs)
    yield from (n for n in built.depends if ":" not in n or n.startswith("list:"))
    yield from (n for n in built.depends if n in posts)
    yield from row_refs(found)
    yield from (t.term for t in found.rows if t.refs)
    yield from built.depends
    yield from (name for post in shown for name in post.depends)
    for topic in found.rows:
        yield from (topic.term, f"list:{topic.term}")
