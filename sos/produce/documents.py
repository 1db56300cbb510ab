"""Parsed documents of one worker: records of the store in, typed documents out, each parsed once.

Bounded by bytes of JSON. A document that can't be read any more is answered with the last copy
that could be, and counted.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence

import structlog

from sos.content.document import parse_term, parse_user
from sos.content.post import Post, parse_post
from sos.content.store import Record
from sos.errors import DocumentError
from sos.metrics import Metrics
from sos.page.cards import Document
from sos.page.memo import MAX_BYTES as PARTS_BYTES
from sos.page.memo import Memo
from sos.produce.apart import parse_apart, read_one

log = structlog.get_logger()

MAX_BYTES = 2 * 1024 * 1024
"""JSON of the documents that are kept parsed, where nobody says anything; parsed they take about
twice that."""

LISTED_BYTES = 16 * 1024 * 1024
"""Posts as lists show them, where nobody says anything."""

MAX_AT_ONCE = 32 * 1024
"""Longer posts are read in a thread, bytes of JSON: it takes 3 ms and more."""

MAX_IN_THREAD = 128 * 1024
"""Longer ones are read in a process of their own: the parsers let nobody else have the interpreter
for as long as they work on one text, and to start a process (0.1 s) is the smaller evil."""

TURN = 0.001
"""How long one page may keep the event loop busy before others have their turn, seconds."""


class Pace:
    """Says when it is somebody else's turn."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def rest(self) -> None:
        """Let others have their turn, if this one has lasted for long enough."""
        if time.perf_counter() - self._since > TURN:
            await asyncio.sleep(0)
            self._since = time.perf_counter()


class DocumentCache:
    """Documents by reference and revision, least recently used ones dropped.

    ``memo`` is what was built of them; ``listed_bytes`` is how much may be kept of them elsewhere,
    as lists show them.
    """

    def __init__(
        self,
        metrics: Metrics,
        embed_hosts: frozenset[str] | None,
        max_bytes: int = MAX_BYTES,
        *,
        parts_bytes: int = PARTS_BYTES,
        listed_bytes: int = LISTED_BYTES,
    ) -> None:
        self._metrics = metrics
        self._embed_hosts = embed_hosts
        self._max_bytes = max_bytes
        self._size = 0
        self.memo = Memo(parts_bytes)
        self.listed_bytes = listed_bytes
        self._kept: OrderedDict[str, tuple[str, int, int, Document]] = OrderedDict()

    def parse(self, epoch: str, records: Sequence[Record]) -> dict[str, Document]:
        """The documents of ``records`` of the store with this ``epoch``; unreadable ones lack."""
        found: dict[str, Document] = {}
        for record in records:
            kept = self._kept.get(record.ref)
            if kept and kept[0] == epoch and kept[1] == record.rev:
                self._kept.move_to_end(record.ref)
                found[record.ref] = kept[3]
                continue
            try:
                document = self._parse_one(record)
            except DocumentError as exc:
                self._complain(record, exc)
                if kept:
                    found[record.ref] = kept[3]
                continue
            if document is not None:
                found[record.ref] = document
                self._keep(epoch, record, document)
        return found

    async def read(self, epoch: str, records: Sequence[Record]) -> dict[str, Document]:
        """The same as `parse`, for an event loop.

        What takes long is read in another process; what takes long all together lets others have
        their turn.
        """
        pace = Pace()
        large = [r for r in records if _is_large(r) and not self._is_kept(epoch, r)]
        apart = await self._read_apart(large, body=True)
        found: dict[str, Document] = {}
        for record in records:
            post = apart.get(record.ref)
            if post is not None:
                found[record.ref] = post
                self._keep(epoch, record, post)
            elif record.ref in apart:  # it can't be read
                kept = self._kept.get(record.ref)
                found |= {record.ref: kept[3]} if kept else {}
            else:
                found |= self.parse(epoch, (record,))
                await pace.rest()
        return found

    async def read_listed(self, records: Sequence[Record]) -> dict[str, Post]:
        """Posts without their bodies, which are not kept; what can't be read as it was, if it was.

        Left out is what never could be read.
        """
        pace = Pace()
        apart = await self._read_apart([r for r in records if _is_large(r)], body=False)
        found: dict[str, Post] = {}
        for record in records:
            post = apart[record.ref] if record.ref in apart else self._parse_listed(record)
            kept = self._kept.get(record.ref)
            if post is None and kept and isinstance(kept[3], Post):
                post = kept[3]
            if post is not None:
                found[record.ref] = post
            await pace.rest()
        return found

    async def _read_apart(self, records: Sequence[Record], *, body: bool) -> dict[str, Post | None]:
        """Large posts; None for those that can't be read."""
        if not records:
            return {}
        long = [r for r in records if len(r.json) > MAX_IN_THREAD]
        records = [*(r for r in records if len(r.json) <= MAX_IN_THREAD), *long]
        answers = [
            await asyncio.to_thread(read_one, r.json, self._embed_hosts, body=body)
            for r in records[: len(records) - len(long)]
        ]
        if long:
            jsons = [r.json for r in long]
            answers += await parse_apart(jsons, self._embed_hosts, body=body)
        found: dict[str, Post | None] = {}
        for record, answer in zip(records, answers, strict=True):
            if isinstance(answer, DocumentError):
                self._complain(record, answer)
            found[record.ref] = answer if isinstance(answer, Post) else None
        return found

    def _is_kept(self, epoch: str, record: Record) -> bool:
        kept = self._kept.get(record.ref)
        return kept is not None and kept[0] == epoch and kept[1] == record.rev

    def _parse_listed(self, record: Record) -> Post | None:
        try:
            return parse_post(record.json, self._embed_hosts, body=False)
        except DocumentError as exc:
            self._complain(record, exc)
            return None

    def _complain(self, record: Record, exc: DocumentError) -> None:
        self._metrics.bad_documents.inc()
        log.warning("bad_document", ref=record.ref, rev=record.rev, reason=str(exc))

    def _parse_one(self, record: Record) -> Document | None:
        kind = record.ref.partition(":")[0]
        if kind == "post":
            return parse_post(record.json, self._embed_hosts)
        if kind == "term":
            return parse_term(record.json)
        if kind == "user":
            return parse_user(record.json)
        return None

    def _keep(self, epoch: str, record: Record, document: Document) -> None:
        old = self._kept.pop(record.ref, None)
        self._size += len(record.json) - (old[2] if old else 0)
        self._kept[record.ref] = (epoch, record.rev, len(record.json), document)
        while self._size > self._max_bytes and len(self._kept) > 1:
            _, (_, _, size, _) = self._kept.popitem(last=False)
            self._size -= size


def _is_large(record: Record) -> bool:
    return len(record.json) > MAX_AT_ONCE and record.ref.startswith("post:")
