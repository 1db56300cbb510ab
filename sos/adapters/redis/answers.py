"""From what Redis answers to the plain types of the port; anything else counts as no answer.

In: bytes and numbers as the scripts write them. Out: `Found`, `Entry`. The other way round go the
words of a question that are not plain. Pure.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sos.content.store import Brief, Entry, Found, FoundRow, Record, Topics
from sos.errors import StoreUnavailableError


@contextlib.contextmanager
def sound_answer() -> Iterator[None]:
    """Within, an answer that is not what the scripts write counts as none."""
    try:
        yield
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as exc:
        raise StoreUnavailableError(f"the content store answered nonsense: {exc}") from exc


def touched_by_time(entry: Entry, dependents: Iterable[bytes]) -> frozenset[str]:
    """What changes when a document appears or disappears; ``menus`` where they lead to it."""
    names = {entry.ref, *(f"list:{name}" for name in entry.lists)}
    if "children:0" in entry.lists or any(d.startswith(b"menu:") for d in dependents):
        names.add("menus")
    return frozenset(names)


def is_visible(entry: Entry, now: int) -> bool:
    return entry.at <= now and (not entry.until or entry.until > now)


def parse_entry(ref: bytes, json: bytes | None) -> Entry | None:
    if json is None:
        return None
    try:
        # Lua can't tell an empty array from an empty object.
        sound = json.replace(b'"deps":{}', b'"deps":[]')
        return msgspec.structs.replace(msgspec.json.decode(sound, type=Entry), ref=ref.decode())
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def write_topics(topics: Topics | None) -> str:
    """The word that read.lua understands; no path has a space."""
    if topics is None or not topics.paths:
        return ""
    return f"{topics.rows} {topics.posts} {topics.taxonomy or '*'} {' '.join(topics.paths)}"


def _parse_brief(words: list[Any]) -> Brief | None:
    if not words:
        return None
    ref, path, title, protected = words
    return Brief(ref.decode(), path.decode(), title.decode(errors="replace"), bool(protected))


def _parse_briefs(rows: list[list[Any]]) -> tuple[Brief, ...]:
    return tuple(b for row in rows if (b := _parse_brief(row)))


def _parse_records(rows: list[list[Any]]) -> tuple[Record, ...]:
    return tuple(
        Record(ref.decode(), int(rev), path.decode(), json) for ref, rev, path, json in rows
    )


def parse_found(a: list[Any]) -> Found:
    return Found(
        rev=a[0],
        epoch=a[1].decode(),
        complete=bool(a[2]),
        status=a[3].decode(),
        candidate=a[4] - 1,
        primary=a[5].decode(),
        path=a[6].decode(),
        list=a[7].decode(),
        total=a[8],
        refs=tuple(r.decode() for r in a[9]),
        records=_parse_records(a[10]),
        previous=_parse_brief(a[11]),
        next=_parse_brief(a[12]),
        children=_parse_briefs(a[13]),
        ancestors=_parse_briefs(a[14]),
        common_rev=a[15],
        common=_parse_records(a[16]),
        top_pages=_parse_briefs(a[17]),
        sticky=tuple(r.decode() for r in a[18]),
        hidden=frozenset(r.decode() for r in a[19]),
        callouts=tuple(r.decode() for r in a[20]),
        outline=bool(a[21]),
        rows=tuple(FoundRow(t.decode(), tuple(r.decode() for r in refs)) for t, refs in a[22]),
    )
