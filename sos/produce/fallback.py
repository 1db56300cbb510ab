"""Pages from the content snapshot on disk, for while the content store is silent.

In: the snapshot's file, and requests that nothing else can answer. Out: cached pages that say how
old they are, or None for what the snapshot does not know. It never asks the store, and keeps the
snapshot in memory only while it is needed.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from sos.cache.pages import CachedPage, Missing
from sos.content.snapshot import Snapshot, SnapshotFacts, SnapshotReader
from sos.content.snapshot_file import read_snapshot
from sos.errors import DocumentError, SosError, StoreError
from sos.metrics import Metrics
from sos.page.routes import Refusal, decide_route
from sos.produce.documents import DocumentCache
from sos.produce.producer import Producer

log = structlog.get_logger()

RETRY_SECONDS = 10.0
"""How long a file that could not be used is left alone."""


class Fallback:
    """Answers from the snapshot at ``path``; ``live`` is whose release and site it shares."""

    def __init__(
        self,
        path: Path,
        host: str,
        live: Producer,
        documents: DocumentCache,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.facts: SnapshotFacts | None = None
        self._path = path
        self._host = host
        self._live = live
        self._documents = documents
        self._metrics = metrics
        self._clock = clock
        self._opened: tuple[SnapshotReader, Producer] | None = None
        self._opening = asyncio.Lock()
        self._refused_at = -RETRY_SECONDS

    @property
    def is_open(self) -> bool:
        """Whether the snapshot is in memory."""
        return self._opened is not None

    async def begin(self) -> CachedPage | None:
        """The front page, for the start: the live producer knows the site from now on."""
        made = await self.produce("/", "")
        if self._opened is None or not isinstance(made, CachedPage):
            return None
        self._live.begin_with(self._opened[1])
        return made

    async def produce(self, raw_path: str, query: str) -> CachedPage | Missing | None:
        """The page, or where it has moved to; None when the snapshot does not know.

        Never a 404 or 410: what is missing here may be in the store.
        """
        opened = await self._open()
        if opened is None:
            return None
        reader, producer = opened
        site = producer.site
        route = decide_route(raw_path, query, site.zone, site.document.date_base)
        if isinstance(route, Refusal):
            return None
        try:
            made = await producer.produce(route, partial=False)
        except SosError:  # unknown to the snapshot, or the page can't be rendered, which is logged
            return None
        finally:
            self._count(producer)
        if isinstance(made, Missing):
            return made if made.status == 301 else None
        return self._mark(made, reader)

    async def produce_error(self, status: int) -> CachedPage | None:
        """The page for 404 or 410, with suggestions; None without a snapshot."""
        opened = await self._open()
        if opened is None:
            return None
        reader, producer = opened
        try:
            return self._mark(await producer.produce_error(status), reader)
        except SosError:
            return None
        finally:
            self._count(producer)

    def close(self) -> None:
        """Let go of the snapshot: the store answers. The next time, a newer one may be there."""
        self._opened = None
        self._refused_at = -RETRY_SECONDS

    def _mark(self, entry: CachedPage, reader: SnapshotReader) -> CachedPage:
        """Never fresh, with the age of the snapshot, and an end that time alone brings."""
        entry.stale, entry.partial = True, False
        entry.taken_at = reader.snapshot.taken_at
        entry.until = reader.next_change(frozenset(entry.page.depends), self._clock())
        return entry

    def _count(self, producer: Producer) -> None:
        """What a release does here speaks for or against it as anywhere."""
        if producer.release is self._live.release:
            self._live.renders += producer.renders
            self._live.failures += producer.failures
        producer.renders = producer.failures = 0

    async def _open(self) -> tuple[SnapshotReader, Producer] | None:
        async with self._opening:
            now = asyncio.get_running_loop().time()
            if self._opened is None and now - self._refused_at >= RETRY_SECONDS:
                self._opened = await self._load()
                self._refused_at = now
            if self._opened is not None:
                producer, live = self._opened[1], self._live
                producer.release, producer.previous = live.release, live.previous
            return self._opened

    async def _load(self) -> tuple[SnapshotReader, Producer] | None:
        try:
            snapshot = await asyncio.to_thread(read_snapshot, self._path, self._host)
            opened = await self._build(snapshot)
        except (DocumentError, StoreError) as exc:
            if isinstance(exc.__cause__, FileNotFoundError):
                log.info("snapshot_missing", path=str(self._path))
            else:
                log.warning("snapshot_refused", path=str(self._path), reason=str(exc))
            return None
        self.facts = snapshot.facts
        age = max(0, int(self._clock() - snapshot.taken_at))
        log.info("snapshot_loaded", age_seconds=age, paths=len(snapshot.kept), rev=snapshot.rev)
        return opened

    async def _build(self, snapshot: Snapshot) -> tuple[SnapshotReader, Producer]:
        reader = SnapshotReader(snapshot)
        producer = Producer(
            self._live.public,
            reader,
            self._live.release,
            self._documents,
            self._metrics,
            self._clock,
            operation="snapshot",
        )
        await producer.learn_site()
        return reader, producer
