"""The page cache of one worker: bounded, invalidated by name, never consulted twice for one thing.

In: rendered pages with the names they depend on, and names that were touched. Out: entries, fresh
or stale. Holds no lock and does no I/O: it lives on one event loop. Time is passed in.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Set
from typing import Literal

import msgspec

from sos.cache.encodings import Variants
from sos.render import RenderedPage

ENTRY_OVERHEAD = 2_000
"""What an entry costs beyond its bodies, bytes; measured, rounded up."""

MAX_NEGATIVE = 4_096
"""Paths that are remembered as missing or moved."""

_RECENT_CHANGES = 512


class CachedPage(msgspec.Struct):
    """A page in memory. ``rev`` is the store's revision when it was read, ``changed`` the epoch
    second at which this worker first had these bytes, ``until`` the epoch second at which time
    alone changes it (0: never)."""

    page: RenderedPage
    variants: Variants
    rev: int
    changed: int
    until: int = 0
    partial: bool = False
    stale: bool = False
    hits: int = 0
    last_hit: float = 0.0

    @property
    def size(self) -> int:
        """Bytes that count against the cache's bound."""
        return self.variants.size + ENTRY_OVERHEAD


class Missing(msgspec.Struct, frozen=True):
    """A path that has no page, or has one elsewhere (``location``)."""

    status: Literal[301, 404, 410]
    location: str = ""


class PageCache:
    """Pages by path, least recently used ones dropped beyond ``max_bytes``."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size = 0
        self.evictions = 0
        self._pages: OrderedDict[str, CachedPage] = OrderedDict()
        self._missing: OrderedDict[str, Missing] = OrderedDict()
        self._by_name: dict[str, set[str]] = {}
        self._recent: deque[tuple[int, Set[str]]] = deque(maxlen=_RECENT_CHANGES)
        self._floor = -1

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

    def find_missing(self, path: str) -> Missing | None:
        """What is remembered of a path without a page."""
        return self._missing.get(path)

    def keep(self, path: str, entry: CachedPage) -> None:
        """Keep an entry; one that a change has overtaken while it was made is kept as stale."""
        entry.stale = entry.stale or self._overtaken(entry)
        old = self._pages.get(path)
        if old is not None:
            entry.hits, entry.last_hit = old.hits, old.last_hit
            if old.page.tag == entry.page.tag and old.page.release == entry.page.release:
                entry.changed = old.changed
            self._drop(path)
        if entry.size > self.max_bytes:
            return
        self._pages[path] = entry
        self._missing.pop(path, None)
        self.size += entry.size
        for name in entry.page.depends:
            self._by_name.setdefault(name, set()).add(path)
        while self.size > self.max_bytes:
            self._drop(next(iter(self._pages)))
            self.evictions += 1

    def keep_missing(self, path: str, missing: Missing) -> None:
        """Remember that a path has no page any more; beyond MAX_NEGATIVE the oldest is dropped."""
        self._drop(path)
        self._missing[path] = missing
        if len(self._missing) > MAX_NEGATIVE:
            self._missing.popitem(last=False)

    def invalidate(self, rev: int, names: Set[str]) -> list[str]:
        """Mark the pages made of any of ``names`` as stale; returns their paths, hottest first."""
        if len(self._recent) == self._recent.maxlen:
            self._floor = self._recent[0][0]
        self._recent.append((rev, names))
        # A document that was missing may be there now; to know which path, one would have to ask.
        self._missing.clear()
        paths: set[str] = set()
        for name in names:
            paths |= self._by_name.get(name, set())
        return self._mark(paths)

    def invalidate_all(self, rev: int) -> list[str]:
        """Mark every page as stale; returns their paths, hottest first."""
        self._floor = rev
        self._missing.clear()
        return self._mark(self._pages)

    def expire(self, names: Iterable[str], at: int) -> None:
        """Have the pages made of any of ``names`` end at ``at``, epoch seconds, or before."""
        for name in names:
            for path in self._by_name.get(name, ()):
                entry = self._pages[path]
                entry.until = min(entry.until or at, at)

    def forget(self, path: str) -> None:
        """Drop one entry, if it is there."""
        self._drop(path)

    def _mark(self, paths: Iterable[str]) -> list[str]:
        marked = []
        for path in paths:
            self._pages[path].stale = True
            marked.append(path)
        return sorted(marked, key=lambda p: -self._pages[p].hits)

    def _overtaken(self, entry: CachedPage) -> bool:
        if entry.rev < self._floor:
            return True
        return any(
            rev > entry.rev and not names.isdisjoint(entry.page.depends)
            for rev, names in self._recent
        )

    def _drop(self, path: str) -> None:
        entry = self._pages.pop(path, None)
        if entry is None:
            return
        self.size -= entry.size
        for name in entry.page.depends:
            paths = self._by_name.get(name)
            if paths is not None:
                paths.discard(path)
                if not paths:
                    del self._by_name[name]
