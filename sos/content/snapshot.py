"""The last known content that the homepage needs: what every start begins with.

In: what a `ContentReader` found for each path, once. Out: a `Snapshot`, and a `ContentReader` that
answers from it what it knows. It never asks a store, and never says that something does not exist:
what is not in it raises StoreUnavailableError.
"""

from collections.abc import Iterator, Sequence, Set
from typing import Any

import msgspec

from sos.content.fields import parse_time
from sos.content.store import Brief, Candidate, Changes, Due, Entry, Found, FoundRow, Record
from sos.errors import StoreUnavailableError

SCHEMA = 1
"""To be raised when what is kept here, `Found` and `Record` included, gets another meaning."""

Key = tuple[tuple[str, str, int], ...]


class SnapshotFacts(msgspec.Struct, frozen=True):
    """What is known of the snapshot on disk: epoch seconds, and number of paths."""

    taken_at: int
    paths: int


class KeptPath(msgspec.Struct, frozen=True, kw_only=True):
    """What a path leads to. ``found`` lacks its records, of which ``records`` has the names."""

    path: str
    candidates: tuple[Candidate, ...]
    found: Found
    records: tuple[str, ...]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The content of some paths, as it was at ``taken_at`` (epoch seconds) or just after.

    ``rev`` and ``epoch`` are the store's at that time. ``common`` has the names of what all pages
    share, ``upcoming`` what time alone was going to change, ``until`` the end of a document. Each
    of the ``records`` stays where it was read from, so that all go at once when they go.
    """

    schema: int = SCHEMA
    host: str
    taken_at: int
    rev: int
    epoch: str
    kept: tuple[KeptPath, ...]
    records: dict[str, msgspec.Raw]
    common_rev: int
    common: tuple[str, ...]
    top_pages: tuple[Brief, ...]
    hidden: frozenset[str]
    upcoming: tuple[Due, ...]
    until: dict[str, int]

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths that can be answered, the front page first."""
        return tuple(k.path for k in self.kept)

    def record(self, ref: str) -> Record | None:
        """A document by reference."""
        raw = self.records.get(ref)
        try:
            return None if raw is None else _RECORDS.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    @property
    def facts(self) -> SnapshotFacts:
        """What one wants to know without reading it."""
        return SnapshotFacts(self.taken_at, len(self.kept))


_RECORDS = msgspec.msgpack.Decoder(Record)


class Answered(msgspec.Struct, frozen=True):
    """A path with its candidates, as `decide_route` gave them, and what the store found."""

    path: str
    candidates: tuple[Candidate, ...]
    found: Found


def build_snapshot(
    host: str, taken_at: int, answers: Sequence[Answered], upcoming: Sequence[Due] = ()
) -> Snapshot:
    """A snapshot of these answers, of which at least one has the common documents. Pure.

    Answers that were read at different times may have different copies of a document: the newest
    one is kept. Raises ValueError when the common documents lack.
    """
    shared = max((a.found for a in answers if a.found.common), key=lambda f: f.rev, default=None)
    if shared is None:
        raise ValueError("no answer has the documents that all pages share")
    newest: dict[str, Record] = {}
    for record in (*shared.common, *(r for a in answers for r in a.found.records)):
        if record.ref not in newest or newest[record.ref].rev < record.rev:
            newest[record.ref] = record
    bare: dict[str, Any] = {"records": (), "common": (), "top_pages": (), "hidden": frozenset()}
    return Snapshot(
        host=host,
        taken_at=taken_at,
        rev=min(a.found.rev for a in answers),
        epoch=shared.epoch,
        kept=tuple(
            KeptPath(
                path=a.path,
                candidates=a.candidates,
                found=msgspec.structs.replace(a.found, **bare),
                records=tuple(r.ref for r in a.found.records),
            )
            for a in answers
        ),
        records={ref: msgspec.Raw(msgspec.msgpack.encode(r)) for ref, r in newest.items()},
        common_rev=shared.common_rev,
        common=tuple(r.ref for r in shared.common),
        top_pages=shared.top_pages,
        hidden=shared.hidden,
        upcoming=tuple(sorted(upcoming, key=lambda d: d.at)),
        until={r.ref: until for r in newest.values() if (until := _until(r))},
    )


# ---------------------------------------------------------------- reading


class SnapshotReader:
    """Answers from a snapshot; fills `ContentReader` as far as one can that knows some pages only.

    A document whose time is over is not shown; one whose time came after the snapshot was taken is
    not in it.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._kept = {_key(k.candidates): k for k in snapshot.kept}

    async def fetch_page(
        self, candidates: Sequence[Candidate], now: int, common_rev: int, held_rev: int = -1
    ) -> Found:
        """What was found for these candidates; their counts may be smaller than those kept.

        Never an outline: a snapshot is small, and nobody follows it.
        """
        kept = self._kept.get(_key(candidates))
        if kept is None:
            raise StoreUnavailableError("the snapshot does not have this page")
        over = self._over(now)
        if kept.found.primary in over:  # it is not known what is there instead
            found = msgspec.structs.replace(kept.found, status="none", complete=False)
        else:
            found = _without(kept.found, over, candidates[kept.found.candidate].count)
        # Menus lead nowhere else than before until something in them is over.
        common = self.snapshot.common_rev + len(over)
        fields: dict[str, Any] = {"common_rev": common, "records": self._fetch(kept.records, over)}
        if common_rev != common:
            fields |= {
                "common": self._fetch(self.snapshot.common, over),
                "top_pages": _without_briefs(self.snapshot.top_pages, over),
                "hidden": self.snapshot.hidden | over,
            }
        return msgspec.structs.replace(found, **fields)

    async def fetch_due(self, now: int, limit: int) -> tuple[Due, ...]:
        """What was known, when the snapshot was taken, of the time after ``now``."""
        return tuple(d for d in self.snapshot.upcoming if d.at > now)[:limit]

    async def fetch_changes(self, rev: int, epoch: str, block_ms: int) -> Changes:
        """Always raises: a snapshot must not be followed."""
        raise StoreUnavailableError("a snapshot does not change")

    async def fetch_sizes(self) -> dict[str, int]:
        """Always raises: half a sitemap would take pages from search engines."""
        raise StoreUnavailableError("a snapshot has no lists")

    async def fetch_entries(self, name: str, start: int, count: int, now: int) -> tuple[Entry, ...]:
        """Always raises, as `fetch_sizes`."""
        raise StoreUnavailableError("a snapshot has no lists")

    async def fetch_holding(self, refs: Sequence[str], words: Sequence[str]) -> dict[str, bytes]:
        """Always raises: it is asked of lists, which a snapshot has none of."""
        raise StoreUnavailableError("a snapshot has no lists")

    def next_change(self, names: Set[str], now: float) -> int:
        """Epoch second after ``now`` at which what is made of ``names`` changes; 0 for never."""
        times = [d.at for d in self.snapshot.upcoming if not d.touched.isdisjoint(names)]
        times += [at for ref, at in self.snapshot.until.items() if ref in names]
        return min((at for at in times if at > now), default=0)

    def _over(self, now: int) -> frozenset[str]:
        """Documents that are not public any more. One that was in the snapshot can only end."""
        return frozenset(self._ended(now))

    def _ended(self, now: int) -> Iterator[str]:
        yield from (ref for ref, at in self.snapshot.until.items() if at <= now)
        for due in self.snapshot.upcoming:
            if due.at > now:
                break
            yield from (name for name in due.touched if _is_document(name))

    def _fetch(self, refs: Sequence[str], over: Set[str]) -> tuple[Record, ...]:
        return tuple(r for ref in refs if ref not in over and (r := self.snapshot.record(ref)))


def _key(candidates: Sequence[Candidate]) -> Key:
    """Candidates but for counts and topics, which hang on settings and menus of the site."""
    return tuple((c.how, c.value, c.number) for c in candidates)


def _is_document(name: str) -> bool:
    return ":" in name and not name.startswith("list:")


def _without(found: Found, over: Set[str], count: int) -> Found:
    """``found`` without what is over, and with at most ``count`` references where that is given."""
    refs = tuple(r for r in found.refs if r not in over)
    return msgspec.structs.replace(
        found,
        total=found.total - (len(found.refs) - len(refs)),
        refs=refs[:count] if count else refs,
        sticky=tuple(r for r in found.sticky if r not in over),
        callouts=tuple(r for r in found.callouts if r not in over),
        rows=tuple(
            FoundRow(row.term, tuple(r for r in row.refs if r not in over)) for row in found.rows
        ),
        previous=None if found.previous and found.previous.ref in over else found.previous,
        next=None if found.next and found.next.ref in over else found.next,
        children=_without_briefs(found.children, over),
        ancestors=_without_briefs(found.ancestors, over),
    )


def _without_briefs(briefs: Sequence[Brief], over: Set[str]) -> tuple[Brief, ...]:
    return tuple(b for b in briefs if b.ref not in over)


class _Sos(msgspec.Struct):
    expires_gmt: Any = None


class _Ending(msgspec.Struct):
    sos: _Sos


_DECODER = msgspec.json.Decoder(_Ending)


def _until(record: Record) -> int:
    """When a document stops being public, as apply.lua takes it from ``sos.expires_gmt``; or 0."""
    if not record.ref.startswith("post:"):
        return 0
    try:
        ending = parse_time(_DECODER.decode(record.json).sos.expires_gmt)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return 0
    return 0 if ending is None else max(ending, 1)
