"""Drift: where the store differs from what a site lists. Pure.

In: what a light listing told of each item, and the store's entries. Out: one `Drift` for each
difference. What was written to the store after the listing began is newer than the listing, and
never drift.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from sos.content.fields import parse_time
from sos.content.store import Entry
from sos.wordpress.site_reader import Collection, Json

DriftKind = Literal["missing", "outdated", "moved", "gone"]

FIELDS = {
    "post": "id,modified_gmt,modified,date_gmt,link,slug,parent,status",
    "term": "id,name,link,slug,parent",
    "user": "id,name,link,slug",
}
"""What a light listing asks for, by kind."""

# WordPress numbers blocks anew in each request (wp_unique_id, wp_unique_prefixed_id).
_COUNTED = re.compile(r"\b(wp-(?:block|container|elements|duotone|lightbox)-[a-z-]*?)\d+\b")


class Brief(msgspec.Struct, frozen=True):
    """What a listing tells of one item. ``seq`` was taken before it was read.

    ``path`` is None where it can't be told. ``modified`` is epoch seconds, 0 where unknown.
    """

    ref: str
    seq: int
    path: str | None
    modified: int = 0
    title: str | None = None
    parent: int | None = None


class Drift(msgspec.Struct, frozen=True):
    """A difference. ``detail`` is for a person."""

    ref: str
    kind: DriftKind
    detail: str = ""


def build_brief(collection: Collection, raw: Json, seq: int, path: str | None) -> Brief:
    """What a listing tells of an item of a collection."""
    ref = f"{collection.kind}:{raw['id']}"
    if collection.kind == "post":
        modified = parse_time(raw.get("modified_gmt")) or parse_time(raw.get("modified")) or 0
        return Brief(ref, seq, path, modified=modified)
    name, parent = raw.get("name"), raw.get("parent")
    return Brief(
        ref,
        seq,
        path,
        title=name if isinstance(name, str) else None,
        parent=parent if isinstance(parent, int) else None,
    )


def find_drift(
    briefs: Iterable[Brief], entries: Mapping[str, Entry], holders: Mapping[str, str]
) -> list[Drift]:
    """What is missing, outdated or elsewhere. ``holders`` tells whose each path is."""
    found = []
    for brief in briefs:
        entry = entries.get(brief.ref)
        if entry is None:
            found.append(Drift(brief.ref, "missing", brief.path or ""))
        elif entry.seq <= brief.seq:
            found += _compare(brief, entry, holders)
    return found


def find_gone(listed: set[str], entries: Iterable[Entry], before: int) -> list[Entry]:
    """Entries that are not listed, and were written before the listing began."""
    return [e for e in entries if e.ref not in listed and e.seq < before]


def same_document(one: Any, other: Any) -> bool:
    """Whether two documents say the same, whatever numbers WordPress gave their blocks."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other or _COUNTED.sub(r"\1", one) == _COUNTED.sub(r"\1", other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_document(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_document, one, other))
    return bool(one == other)


def _shorten(title: str) -> str:
    """As much of a title as the writer keeps for certain: it cuts within 1,000 bytes."""
    return title.encode("utf-8", "replace")[:990].decode("utf-8", "ignore")


def _compare(brief: Brief, entry: Entry, holders: Mapping[str, str]) -> list[Drift]:
    if brief.modified and brief.modified != entry.modified:
        return [Drift(brief.ref, "outdated", f"modified {brief.modified - entry.modified:+d} s")]
    if brief.title is not None and _shorten(brief.title) != _shorten(entry.title):
        return [Drift(brief.ref, "outdated", f"named {brief.title[:80]!r}")]
    if brief.parent is not None and brief.parent != entry.parent:
        return [Drift(brief.ref, "outdated", f"below {brief.parent}, not {entry.parent}")]
    if brief.path is None or brief.path == entry.path:
        return []
    # The writer leaves a path to the page that has it, rather than to a picture of that name.
    if not entry.path and holders.get(brief.path, brief.ref) != brief.ref:
        return []
    return [Drift(brief.ref, "moved", f"{entry.path or 'nowhere'} -> {brief.path or 'nowhere'}")]
