"""Parsed documents of one worker: records of the store in, typed documents out, each parsed once.

Bounded by bytes of JSON. A document that can't be read any more is answered with the last copy
that could be, and counted.
"""

from collections import OrderedDict
from collections.abc import Sequence

import structlog

from sos.content.document import Post, parse_post, parse_term, parse_user
from sos.content.store import Record
from sos.errors import DocumentError
from sos.metrics import Metrics
from sos.page.cards import Document
from sos.page.memo import Memo

log = structlog.get_logger()

MAX_BYTES = 16 * 1024 * 1024
"""JSON of the documents that are kept parsed; parsed they take about twice that."""


class DocumentCache:
    """Documents by reference and revision, least recently used ones dropped.

    ``memo`` is what was built of them.
    """

    def __init__(
        self, metrics: Metrics, embed_hosts: frozenset[str] | None, max_bytes: int = MAX_BYTES
    ) -> None:
        self._metrics = metrics
        self._embed_hosts = embed_hosts
        self._max_bytes = max_bytes
        self._size = 0
        self.memo = Memo()
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

    def parse_listed(self, record: Record) -> Post | None:
        """A post without its body, which is not kept; one that can't be read as it was, if it was.

        None for what is no post, or never could be read.
        """
        try:
            return parse_post(record.json, self._embed_hosts, body=False)
        except DocumentError as exc:
            self._complain(record, exc)
            kept = self._kept.get(record.ref)
            return kept[3] if kept and isinstance(kept[3], Post) else None

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
