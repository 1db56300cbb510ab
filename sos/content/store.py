"""The read and write port of the content store: what the rest of sos may ask of it.

In: candidates that `page.routes` decided on, operations of an importer. Out: bytes of documents as
they were written, and names of what changed. Never parses a document; never knows a driver.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

How = Literal["page", "part", "feed", "list", "dates", "ref"]


class Topics(msgspec.Struct, frozen=True):
    """Rows of posts that a page is to have below its own list.

    Of the term archives at ``paths``, in this order and of ``taxonomy`` alone where one is named,
    the first ``rows`` that have posts, with at most so many ``posts`` each.
    """

    paths: tuple[str, ...]
    taxonomy: str = ""
    rows: int = 4
    posts: int = 4


class Candidate(msgspec.Struct, frozen=True):
    """One thing that a requested path may mean; see the head of ``read.lua``."""

    how: How
    value: str
    number: int = 1
    count: int = 0
    topics: Topics | None = None


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A document as it lies in the store, with the revision that wrote it and its public path."""

    ref: str
    rev: int
    path: str
    json: bytes


class Brief(msgspec.Struct, frozen=True, array_like=True):
    """Just enough of a document to link to it. ``title`` is unsanitised HTML."""

    ref: str
    path: str
    title: str
    protected: bool


class FoundRow(msgspec.Struct, frozen=True, array_like=True):
    """Posts of the archive of ``term``, newest first; none where it has none."""

    term: str
    refs: tuple[str, ...]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """All that one page is made of, read at one moment.

    In an ``outline`` the posts of the list and of rows, and what they show, are not among the
    ``records``.
    """

    rev: int
    epoch: str
    complete: bool
    status: Literal["found", "moved", "gone", "none"]
    candidate: int = -1
    primary: str = ""
    path: str = ""
    list: str = ""
    total: int = 0
    refs: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    previous: Brief | None = None
    next: Brief | None = None
    children: tuple[Brief, ...] = ()
    ancestors: tuple[Brief, ...] = ()
    common_rev: int = 0
    common: tuple[Record, ...] = ()
    top_pages: tuple[Brief, ...] = ()
    sticky: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    callouts: tuple[str, ...] = ()
    outline: bool = False
    rows: tuple[FoundRow, ...] = ()


class Changes(msgspec.Struct, frozen=True):
    """What was touched since a revision: names of documents and of lists (``list:type:post``).

    ``everything`` means that the store can't tell: another epoch, or a revision that went back.
    """

    rev: int
    epoch: str
    complete: bool
    touched: frozenset[str]
    everything: bool = False


class Due(msgspec.Struct, frozen=True):
    """A document that appears or disappears at ``at`` (epoch seconds), and what that touches."""

    at: int
    touched: frozenset[str]


class Entry(msgspec.Struct, frozen=True, rename={"until": "til", "modified": "mod"}):
    """What the writer derived from a document; lists and verification need no more than this."""

    ref: str = ""
    seq: int = 0
    rev: int = 0
    type: str = ""
    path: str = ""
    title: str = ""
    at: int = 0
    modified: int = 0
    until: int = 0
    parent: int = 0
    protected: bool = False
    lists: dict[str, float] = {}
    deps: tuple[str, ...] = ()


class Operation(msgspec.Struct, frozen=True):
    """One word to the writer. ``seq`` was taken before the document was read from WordPress."""

    op: Literal["put", "remove", "ready"]
    ref: str = ""
    seq: int = 0
    json: bytes = b""


class ContentReader(Protocol):
    """What a node asks of the store. Every method raises StoreUnavailableError on any failure."""

    async def fetch_page(
        self, candidates: Sequence[Candidate], now: int, common_rev: int, held_rev: int = -1
    ) -> Found:
        """All that the first candidate that hits is made of, in one round trip.

        Lists may come as an outline where the store is still at ``held_rev``.
        """
        ...

    async def fetch_changes(self, rev: int, epoch: str, block_ms: int) -> Changes:
        """What was touched after ``rev``; waits up to ``block_ms`` for something to happen."""
        ...

    async def fetch_due(self, now: int, limit: int) -> tuple[Due, ...]:
        """The next changes that time alone brings, soonest first."""
        ...

    async def fetch_sizes(self) -> dict[str, int]:
        """Length of every list, by name without the ``list:``."""
        ...

    async def fetch_entries(self, name: str, start: int, count: int, now: int) -> tuple[Entry, ...]:
        """The visible ones of ``count`` entries of a list, by ascending score, from ``start``.

        With ``start`` equal to ``-count``, the last ``count``.
        """
        ...

    async def fetch_holding(self, refs: Sequence[str], words: Sequence[str]) -> dict[str, bytes]:
        """The JSON of those documents in which one of ``words`` stands, by reference."""
        ...


class PreviewReader(Protocol):
    """What a node asks of the store for who previews. Raises StoreUnavailableError as above."""

    async def fetch_preview(self, preview_id: str) -> bytes | None:
        """What WordPress left, as it came, cut after a bound; None where there is nothing left."""
        ...


class ContentWriter(Protocol):
    """What an importer asks of the store. Raises StoreUnavailableError as above."""

    async def take_sequence(self) -> int:
        """The next sequence number; take it before reading from WordPress what it will order."""
        ...

    async def apply(self, operations: Sequence[Operation]) -> tuple[str, ...]:
        """Write atomically; an outcome each: applied, unchanged, stale, or ``error: why``."""
        ...

    async def fetch_all_entries(self) -> dict[str, Entry]:
        """Every entry by reference; for verification, not for a request."""
        ...

    async def fetch_documents(self, refs: Sequence[str]) -> dict[str, bytes]:
        """Documents as written; absent ones are left out."""
        ...

    async def fetch_meta(self) -> dict[str, str]:
        """The store's own state: revision, epoch, ready mark, schema."""
        ...

    async def save_state(self, name: str, value: bytes | None) -> None:
        """Keep (or, with None, forget) a small piece of an importer's state beside the content."""
        ...

    async def fetch_state(self, name: str) -> bytes | None:
        """What `save_state` kept."""
        ...
