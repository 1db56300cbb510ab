"""Which documents a page is made of, and what the writer derived from each.

In: a public path. Out: an `Explanation` for a person. Reads the store only, and renders nothing.
"""

import time
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from sos.content.paths import canonical_path
from sos.content.store import Candidate, ContentReader, ContentWriter, Entry, Found


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One document of a page; ``role`` is what the page has it for."""

    ref: str
    role: str
    type: str = ""
    title: str = ""
    revision: int = 0
    path: str = ""
    protected: bool = False
    lists: tuple[str, ...] = ()
    deps: tuple[str, ...] = ()


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A page. ``target`` is where a moved one went; ``list`` and ``total`` are for lists of posts.

    ``common`` are the documents that stand on every page.
    """

    path: str
    status: Literal["found", "moved", "gone", "none"]
    words: str
    revision: int
    complete: bool
    target: str = ""
    list: str = ""
    total: int = 0
    parts: tuple[Part, ...] = ()
    common: tuple[Part, ...] = ()


async def explain_path(reader: ContentReader, writer: ContentWriter, path: str) -> Explanation:
    """What the page at ``path`` (or at a URL) is made of. Raises StoreUnavailableError."""
    parts = urlsplit(path)
    public = canonical_path(parts.path or "/")
    found = await reader.fetch_page([Candidate("page", public)], int(time.time()), -1)
    entries = await writer.fetch_all_entries()
    return build_explanation(public, found, entries)


def build_explanation(path: str, found: Found, entries: Mapping[str, Entry]) -> Explanation:
    """The pure half of `explain_path`."""
    shown = [r.ref for r in found.records]
    order = sorted(set(shown), key=lambda ref: (ref != found.primary, shown.index(ref)))
    linked = [
        *((b.ref, "previous") for b in [found.previous] if b),
        *((b.ref, "next") for b in [found.next] if b),
        *((b.ref, "ancestor") for b in found.ancestors),
        *((b.ref, "child") for b in found.children),
    ]
    common = [
        *((r.ref, "every page") for r in found.common),
        *((b.ref, "menu of pages") for b in found.top_pages),
    ]
    return Explanation(
        path=path,
        status=found.status,
        words=_describe(path, found),
        revision=found.rev,
        complete=found.complete,
        target=found.path,
        list=found.list,
        total=found.total,
        parts=tuple(
            _build_part(ref, role, entries)
            for ref, role in [*((r, _decide_role(r, found, entries)) for r in order), *linked]
        ),
        common=tuple(_build_part(ref, role, entries) for ref, role in common),
    )


def _decide_role(ref: str, found: Found, entries: Mapping[str, Entry]) -> str:
    if ref == found.primary:
        return "primary"
    if ref in found.refs:
        return "listed"
    if ref in found.sticky:
        return "sticky"
    if ref in found.callouts:
        return "callout"
    kind = ref.partition(":")[0]
    entry = entries.get(ref)
    names = {"user": "author", "term": "term", "menu": "menu"}
    return names.get(kind, "media" if entry and entry.type == "attachment" else "related")


def _build_part(ref: str, role: str, entries: Mapping[str, Entry]) -> Part:
    entry = entries.get(ref, Entry(ref=ref))
    return Part(
        ref=ref,
        role=role,
        type=entry.type,
        title=entry.title,
        revision=entry.rev,
        path=entry.path,
        protected=entry.protected,
        lists=tuple(sorted(entry.lists)),
        deps=entry.deps,
    )


def _describe(path: str, found: Found) -> str:
    if found.status == "moved":
        return f"{path} has moved to {found.path}"
    if found.status == "gone":
        return f"{path} was removed: there is a tombstone, and visitors get 410"
    if found.status == "none":
        if not found.complete:
            return f"{path} is not in the store, which is not complete: import the site first"
        return f"{path} does not exist: nothing lives there, and nothing ever did"
    if found.list:
        return f"{path} lists {found.list}: {len(found.refs)} of {found.total} on its first page"
    return f"{path} is {found.primary}"
