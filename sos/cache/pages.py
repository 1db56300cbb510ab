"""The page cache of one worker: bounded, invalidated by name, never consulted twice for one thing.

In: rendered pages with the names they depend on, and names that were touched. Out: entries, fresh
or stale, whose bodies it holds compressed alone (`packed`). Holds no lock and does no I/O: it lives
on one event loop. Time is passed in.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Set
from typing import Literal

import msgspec

from sos.cache.encodings import Variants
from sos.cache.packed import pack
from sos.render import RenderedPage

ENTRY_OVERHEAD = 900
"""What an entry costs beyond its bodies and names, bytes; measured, rounded up."""

NAME_OVERHEAD = 200
"""What each name that a page depends on costs, bytes, where no other page has it; measured."""

MAX_NEGATIVE = 4_096
MAX_NEGATIVE_BYTES = 1_048_576
"""Paths that are remembered as missing or moved: how many, and how long all together."""

_RECENT_CHANGES, _RECENT_NAMES = 512, 20_000
_ANY_REV = 2**63


class CachedPage(msgspec.Struct):
    """A page in memory. ``rev`` is the store's revision when it was read, ``changed`` the epoch
    second at which this worker first had these bytes, ``until`` the epoch second at which time
    alone changes it (0: never), ``taken_at`` when its content was read that came from a snapshot
    (0: from the store)."""

    page: RenderedPage
    variants: Variants
    rev: int
    changed: int
    until: int = 0
    partial: bool = False
    stale: bool = False
    taken_at: int = 0
    hits: int = 0
    last_hit: float = 0.0

    @property
    def size(self) -> int:
        """Bytes that count against the cache's bound."""
        return self.variants.size + ENTRY_OVERHEAD + NAME_OVERHEAD * len(self.page.depends)


class Missing(msgspec.Struct, frozen=True):
    """A path that has no page, or has one elsewhere (``location``)."""

    status: Literal[301, 404, 410]
    location: str = ""


class PageCache:
    """Pages by path, least recently used ones dropped beyond ``max_bytes``.

    ``moment`` counts the changes so far. Who keeps what was read from the store says which moment
    it was read at, so that a change in between is not lost. ``version`` is another number whenever
    an answer that was given from here may no longer be the right one. ``hasty`` holds the entries
    that may be compressed better.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size = 0
        self.evictions = 0
        self.version = 0
        self.hasty: dict[str, CachedPage] = {}
        self._pages: OrderedDict[str, CachedPage] = OrderedDict()
        self._missing: OrderedDict[str, Missing] = OrderedDict()
        self._missing_size = 0
        # Most names are those of one page alone: a set for it would be the most that they take.
        self._by_name: dict[str, str | set[str]] = {}
        self.moment = 0
        # Moment, revision and names of each change; what is below the floors was forgotten.
        self._recent: deque[tuple[int, int, Set[str]]] = deque()
        self._recent_names = 0
        self._floor_rev = -1
        self._floor_moment = 0

    def __len__(self) -> int:
        return len(self._pages)

    def find(self, path: str) -> CachedPage | None:
        """The entry of ``path``, which becomes the most recently used one."""
        entry = self._pages.get(path)
        if entry is not None:
            self._pages.move_to_end(path)
        return entry

    def peek(self, path: str) -> CachedPage | None:
        """The entry of ``path``, whose place among the recently used ones stays as it is."""
        return self._pages.get(path)

    def paths(self) -> tuple[str, ...]:
        """The paths of all entries, the most recently used ones first."""
        return tuple(reversed(self._pages))

    def find_missing(self, path: str) -> Missing | None:
        """What is remembered of a path without a page."""
        return self._missing.get(path)

    def keep(self, path: str, entry: CachedPage, moment: int | None = None) -> None:
        """Keep an entry; one that a change has overtaken while it was made is kept as stale.

        ``moment`` is when the reading began; None takes it for now.
        """
        moment = self.moment if moment is None else moment
        entry.stale = entry.stale or self._overtaken(entry, moment)
        old = self._pages.get(path)
        if old is not None:
            entry.hits, entry.last_hit = old.hits, old.last_hit
            if old.page.tag == entry.page.tag and old.page.release == entry.page.release:
                entry.changed = old.changed
                if entry.variants.mark and not old.variants.mark:
                    entry.variants = old.variants
            self._drop(path)
        if old is not None or path in self._missing:
            self.version += 1
        entry.page, entry.variants = pack(entry.page, entry.variants)
        if entry.size > self.max_bytes:
            return
        self._pages[path] = entry
        if entry.variants.mark:
            self.hasty[path] = entry
        self._forget_missing(path)
        self.size += entry.size
        for name in entry.page.depends:
            known = self._by_name.setdefault(name, path)
            if isinstance(known, set):
                known.add(path)
            elif known != path:
                self._by_name[name] = {known, path}
        self._shrink()

    def replace_variants(self, path: str, entry: CachedPage, variants: Variants) -> None:
        """Give the entry of ``path`` better compressed bytes of the same body.

        Nothing is done where it is another ``entry`` by now.
        """
        if self.hasty.get(path) is not entry:
            return
        del self.hasty[path]
        self.size -= entry.size
        entry.page, entry.variants = pack(entry.page, variants)
        self.size += entry.size
        self.version += 1
        self._shrink()

    def keep_missing(self, path: str, missing: Missing, moment: int | None = None) -> None:
        """Remember that a path has no page any more; beyond the bounds the oldest is forgotten.

        Nothing is remembered where anything changed since ``moment``: it may be there by now.
        """
        if path in self._pages:
            self.forget(path)
        self._forget_missing(path)
        if moment not in (None, self.moment):
            return
        self._missing[path] = missing
        self._missing_size += len(path) + len(missing.location)
        while len(self._missing) > MAX_NEGATIVE or self._missing_size > MAX_NEGATIVE_BYTES:
            self._forget_missing(next(iter(self._missing)))

    def invalidate(self, rev: int, names: Set[str]) -> list[str]:
        """Mark the pages made of any of ``names``, and read before ``rev``, as stale.

        Returns their paths, hottest first.
        """
        self._note(rev, names)
        return self._mark(p for p in self._made_of(names) if self._pages[p].rev < rev)

    def invalidate_now(self, names: Set[str]) -> list[str]:
        """The same for a change that time alone brought: it has no revision of its own."""
        self._note(_ANY_REV, names)
        return self._mark(self._made_of(names))

    def invalidate_before(self, rev: int) -> list[str]:
        """Mark every page that was read before ``rev`` as stale; paths, hottest first."""
        self._next_moment()
        self._floor_rev = max(self._floor_rev, rev)
        return self._mark(p for p, entry in self._pages.items() if entry.rev < rev)

    def invalidate_all(self) -> list[str]:
        """Mark every page as stale, as after another store took the place of the one before.

        Its revisions have nothing to do with those so far. Returns paths, hottest first.
        """
        self._next_moment()
        self._recent.clear()
        self._recent_names = 0
        self._floor_rev, self._floor_moment = -1, self.moment
        return self._mark(list(self._pages))

    def expire(self, names: Iterable[str], at: int) -> None:
        """Have the pages made of any of ``names`` end at ``at``, epoch seconds, or before."""
        for path in self._made_of(names):
            entry = self._pages[path]
            entry.until = min(entry.until or at, at)
        self.version += 1

    def forget(self, path: str) -> None:
        """Drop one entry, if it is there."""
        self.version += 1
        self._drop(path)

    def _next_moment(self) -> None:
        # A document that was missing may be there now; to know which path, one would have to ask.
        self.moment += 1
        self.version += 1
        self._missing.clear()
        self._missing_size = 0

    def _note(self, rev: int, names: Set[str]) -> None:
        """Remember a change for what is in the making; the oldest ones only by their revision."""
        self._next_moment()
        self._recent.append((self.moment, rev, names))
        self._recent_names += len(names)
        while len(self._recent) > _RECENT_CHANGES or self._recent_names > _RECENT_NAMES:
            moment, rev, names = self._recent.popleft()
            self._recent_names -= len(names)
            if rev == _ANY_REV:
                self._floor_moment = moment
            else:
                self._floor_rev = max(self._floor_rev, rev)

    def _made_of(self, names: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for name in names:
            known = self._by_name.get(name)
            if isinstance(known, set):
                found |= known
            elif known is not None:
                found.add(known)
        return found

    def _mark(self, paths: Iterable[str]) -> list[str]:
        marked = []
        for path in paths:
            self._pages[path].stale = True
            marked.append(path)
        return sorted(marked, key=lambda p: -self._pages[p].hits)

    def _overtaken(self, entry: CachedPage, moment: int) -> bool:
        if entry.rev < self._floor_rev or moment < self._floor_moment:
            return True
        return any(
            (at > moment if rev == _ANY_REV else rev > entry.rev)
            and not names.isdisjoint(entry.page.depends)
            for at, rev, names in self._recent
        )

    def _shrink(self) -> None:
        while self.size > self.max_bytes:
            self._drop(next(iter(self._pages)))
            self.evictions += 1

    def _forget_missing(self, path: str) -> None:
        missing = self._missing.pop(path, None)
        if missing is not None:
            self._missing_size -= len(path) + len(missing.location)

    def _drop(self, path: str) -> None:
        entry = self._pages.pop(path, None)
        if entry is None:
            return
        self.hasty.pop(path, None)
        self.size -= entry.size
        for name in entry.page.depends:
            known = self._by_name.get(name)
            if isinstance(known, set):
                known.discard(path)
            if not known or known == path:
                self._by_name.pop(name, None)
