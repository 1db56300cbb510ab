"""Posts as lists show them, kept from page to page and known to be what the store has.

In: what the store answered, and the names of what changed since. Out: `Listed` posts, built without
their bodies: a fraction of a document, so that a worker has those of ten thousand posts at hand. It
says that a post is current only as long as a follower of the store tells it everything: before the
first word, and after one that does not fit, it has nothing.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence, Set

import msgspec
import structlog

from sos.content.post import Post
from sos.content.store import Found, Record
from sos.page.cards import Library, Listed, build_listed
from sos.produce.documents import DocumentCache, Pace

log = structlog.get_logger()

POST_SIZE = 1_100
"""What a post costs beyond its texts, bytes; measured, rounded up."""


TURNS = 8
"""Where there is no room, one list in so many takes the place of what was not asked for longest.

Who reads all lists of a site one after the other, as crawlers do, would otherwise drive out each
post shortly before it is asked for again: nothing of a shelf that is a little too small would ever
be of use.
"""

Revisions = bytes
"""Revisions in one word: a tuple of numbers would take as much memory as the post's texts."""


class _Kept(msgspec.Struct, gc=False):
    """A post with the revisions of its documents; there is none for one that was not there.

    Without any, it is what was good last. ``asked`` is when it was asked for last: all of a list
    have the same.
    """

    post: Listed
    revs: Revisions
    size: int
    asked: int = 0


class Shelf:
    """Listed posts of one site by reference, the least recently used ones dropped.

    ``held_rev`` is the revision of the store at which all of them are current; -1 where nobody
    knows.
    """

    def __init__(self, documents: DocumentCache) -> None:
        self.held_rev = -1
        self._documents = documents
        self._max_bytes = documents.listed_bytes
        self._size = 0
        self._told_rev = -1
        self._turn = self._asked = 0
        self._epoch = ""
        self._basis: tuple[object, ...] = ()
        self._kept: dict[str, _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes that count against the bound."""
        return self._size

    # ------------------------------------------------------------ news

    def start(self, rev: int) -> None:
        """The store is at ``rev``, and nobody can tell what changed before."""
        self.clear()
        self._epoch = ""
        self.held_rev = self._told_rev = rev

    def follow(self, rev: int, names: Set[str]) -> None:
        """The store is at ``rev``; all that changed since the last word has these names."""
        if rev < self.held_rev:
            self.clear()
        self.drop(names)
        self.held_rev = self._told_rev = rev

    def drop(self, names: Set[str]) -> None:
        """Trust no post any more that shows something of these names."""
        for ref, kept in self._kept.items():
            if ref in names or not names.isdisjoint(kept.post.depends):
                # It stays for the case that what comes instead can't be read.
                kept.revs = b""

    def clear(self) -> None:
        """Forget everything, and that anything is known."""
        self._kept.clear()
        self._size, self.held_rev = 0, -1

    # ------------------------------------------------------------ reading

    def find(self, found: Found, refs: Iterable[str], library: Library) -> dict[str, Listed] | None:
        """The posts ``refs`` of an outline; None where one is not here, or may have changed."""
        known = found.epoch == self._epoch and library.site.basis == self._basis
        if not known or found.rev != self.held_rev:
            return None
        posts = {}
        self._asked += 1
        for ref in refs:
            kept = self._kept.get(ref)
            if kept is None or not kept.revs:
                return None
            posts[ref] = kept.post
            # To the end: the first is the one that was not asked for longest.
            kept.asked = self._asked
            self._kept[ref] = self._kept.pop(ref)
        return posts

    async def learn(self, found: Found, refs: Sequence[str], library: Library) -> dict[str, Listed]:
        """The posts ``refs`` of a whole answer: as they are here, or else built now."""
        self._adjust(found, library)
        records = {r.ref: r for r in found.records}
        known = {ref: kept for ref in refs if (kept := self._kept.get(ref)) and ref in records}
        is_new = not known
        wanted = [
            record
            for ref in dict.fromkeys(refs)
            if (record := records.get(ref))
            and (ref not in known or known[ref].revs != _revisions(known[ref], record, records))
        ]
        pace = Pace()
        for ref, post in (await self._documents.read_listed(wanted)).items():
            known[ref] = _build(post, records[ref], records, library)
            await pace.rest()
        self._asked += 1
        admitted = not is_new or self._admits(sum(kept.size for kept in known.values()))
        for ref, kept in known.items():
            if kept.revs and admitted and self._may_keep(found, library):
                self._keep(ref, kept)
        return {ref: kept.post for ref, kept in known.items()}

    def _may_keep(self, found: Found, library: Library) -> bool:
        """Whether what was read is current: a word that came meanwhile may have been about it."""
        same = found.epoch == self._epoch and library.site.basis == self._basis
        return same and found.complete and found.rev >= self._told_rev

    def _admits(self, size: int) -> bool:
        """Whether a list of posts that are all unknown may be kept."""
        if self._size + size <= self._max_bytes:
            return True
        self._turn = (self._turn + 1) % TURNS
        return not self._turn

    def _adjust(self, found: Found, library: Library) -> None:
        """Keep posts of one store and one site alone."""
        if self._epoch not in ("", found.epoch):
            self.clear()
        elif library.site.basis != self._basis:
            held = self.held_rev
            self.clear()
            self.held_rev = held
        self._epoch, self._basis = found.epoch, library.site.basis

    def _keep(self, ref: str, kept: _Kept) -> None:
        old = self._kept.pop(ref, None)
        self._size += kept.size - (old.size if old else 0)
        kept.asked = self._asked
        self._kept[ref] = kept
        while self._size > self._max_bytes:
            self._drop_list()

    def _drop_list(self) -> None:
        """Drop the posts of the list that was not asked for longest.

        All of them: a list that lacks one has to be read, and would drive out a part of the next.
        """
        asked = next(iter(self._kept.values())).asked
        for ref in [
            ref
            for ref, kept in itertools.takewhile(
                lambda item: item[1].asked == asked, self._kept.items()
            )
        ]:
            self._size -= self._kept.pop(ref).size


def _build(post: Post, record: Record, records: Mapping[str, Record], library: Library) -> _Kept:
    listed = build_listed(library, post)
    size = POST_SIZE + 2 * (len(listed.card.excerpt) + len(listed.card.summary))
    kept = _Kept(listed, b"", size)
    kept.revs = _revisions(kept, record, records)
    return kept


def _revisions(kept: _Kept, record: Record, records: Mapping[str, Record]) -> Revisions:
    names = kept.post.depends
    parts = (str(r.rev) if (r := records.get(name)) else "" for name in names)
    return f"{record.rev} {' '.join(parts)}".encode()
