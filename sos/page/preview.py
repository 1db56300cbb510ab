"""What is public, with a draft laid over it: everything a preview's page is made of. Pure.

In: what the store found, and the parsed documents of a preview. Out: a `Library` and a `Found` as
they would be if the draft were published, for the same builders that make public pages.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from sos.content.post import CALLOUT, Post
from sos.content.preview import ContentPreview
from sos.content.store import Brief, Entry, Found
from sos.page.cards import Document, Library
from sos.page.frame import BuiltPage
from sos.page.routes import Refusal, canonical_path

MAX_ANCESTORS = 50
"""Longest row of parents that is followed; two pages may each claim to be below the other."""


def overlay_library(
    library: Library, preview: ContentPreview, documents: Mapping[str, Document]
) -> Library:
    """The library with the preview's documents in place of those that are public."""
    paths = {d.ref: _sound_path(d.path) for d in preview.documents if d.ref in documents}
    shown = documents.get(preview.ref)
    if not paths.get(preview.ref) and not (isinstance(shown, Post) and shown.type == CALLOUT):
        # What was never saved has no address of its own yet: WordPress's plain one stands in.
        paths[preview.ref] = f"/?p={preview.ref.partition(':')[2]}"
    return Library(library.site, {**library.documents, **documents}, {**library.paths, **paths})


def overlay_found(
    found: Found, library: Library, post: Post, neighbours: Sequence[Entry] = ()
) -> Found:
    """What the store would find if ``post`` were published.

    ``neighbours`` are the newest of its type, for one that the store does not have yet.
    """
    ref = f"post:{post.id}"
    if post.type == CALLOUT:
        return found
    changes: dict[str, object] = {"status": "found", "candidate": 0, "primary": ref}
    if post.type == "page":
        changes["ancestors"] = _ancestors(library, post)
    if found.primary != ref:
        # In place of a static front page that is not public yet, the store finds the posts.
        changes |= {"list": "", "total": 0, "refs": (), "sticky": ()}
        changes |= _between(ref, post, neighbours)
    return msgspec.structs.replace(found, **changes)


def link_parts(built: BuiltPage, link: Callable[[int], str]) -> BuiltPage:
    """The page with links to its parts that stay within the preview."""
    post = built.page.post
    if post is None or post.parts is None:
        return built
    links = tuple(link(number) for number in range(1, post.parts.total + 1))
    parts = msgspec.structs.replace(post.parts, links=links)
    page = msgspec.structs.replace(built.page, post=msgspec.structs.replace(post, parts=parts))
    return BuiltPage(page, built.depends)


def _sound_path(path: str) -> str:
    canonical = canonical_path(path) if path.startswith("/") else ""
    return "" if isinstance(canonical, Refusal) else canonical


def _ancestors(library: Library, post: Post) -> tuple[Brief, ...]:
    above: list[Brief] = []
    seen = {post.id}
    parent = library.post(post.parent) if post.parent else None
    while parent is not None and parent.id not in seen and len(above) < MAX_ANCESTORS:
        seen.add(parent.id)
        ref = f"post:{parent.id}"
        above.insert(0, Brief(ref, library.path(ref), parent.title, parent.protected))
        parent = library.post(parent.parent) if parent.parent else None
    return tuple(above)


def _between(ref: str, post: Post, entries: Sequence[Entry]) -> dict[str, object]:
    """The neighbours of ``post`` among ``entries``, which are in ascending order."""
    others = [e for e in entries if e.ref != ref and e.path]
    older = [e for e in others if e.at <= post.published]
    newer = [e for e in others if e.at > post.published]
    return {
        "previous": _brief(older[-1]) if older else None,
        "next": _brief(newer[0]) if newer and older else None,
    }


def _brief(entry: Entry) -> Brief:
    return Brief(entry.ref, entry.path, entry.title, entry.protected)
