"""How long an uncached page takes with 100, 10,000 and 100,000 posts in the store: it should not
grow.

Everything is real but the network: Valkey in a process of its own, read through the adapter, built,
rendered and compressed as for a visitor. The three sizes take turns, so that what else the machine
does falls on all of them alike.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sos.adapters.redis import RedisStore
from sos.cache.pages import CachedPage
from sos.content.sanitize import DEFAULT_EMBED_HOSTS
from sos.metrics import Metrics
from sos.page.routes import PageRoute, decide_route
from sos.page.site import build_site as build_page_site
from sos.produce.documents import DocumentCache
from sos.produce.producer import Producer
from sos.release.environment import Release, build_release
from sos.release.folder import read_folder
from tests.servers.content import batches, build_site
from tests.servers.valkey_process import ValkeyProcess

from bench.fixture import THEME
from bench.machine import save

SIZES = (100, 10_000, 100_000)
ROUNDS = 60
PAGES = {"home": "/", "page 5": "/page/5/", "post": "/post-150/", "category": "/category/topic-1/"}


async def fill(url: str, host: str, posts: int) -> dict[str, float]:
    """Write a site of ``posts`` posts; documents per second, and the time to publish one more."""
    store = RedisStore(url, host, timeout_ms=60_000)
    operations = build_site(posts)
    started = time.perf_counter()
    for batch in batches(operations, 200):
        await store.apply(batch)
    rate = len(operations) / (time.perf_counter() - started)
    times = []
    for operation in build_site(posts + 50)[-51:-1]:
        started = time.perf_counter()
        assert await store.apply([operation]) == ("applied",)
        times.append(time.perf_counter() - started)
    await store.aclose()
    return {"documents_per_second": rate, "publish_ms": statistics.median(times) * 1000}


class Subject:
    """One store with its producer; documents are parsed afresh for every page."""

    def __init__(self, url: str, host: str, release: Release) -> None:
        self.store = RedisStore(url, host, timeout_ms=5000)
        self._release = release
        self._producer = self._fresh()

    def _fresh(self) -> Producer:
        metrics = Metrics()
        documents = DocumentCache(metrics, DEFAULT_EMBED_HOSTS)
        return Producer("https://www.example.org", self.store, self._release, documents, metrics)

    async def once(self, path: str) -> float:
        """Milliseconds from a route to compressed bytes."""
        route = decide_route(path, "", build_page_site("https://www.example.org")[0].zone)
        assert isinstance(route, PageRoute)
        self._producer = self._fresh()
        started = time.perf_counter()
        made = await self._producer.produce(route, partial=False)
        seconds = time.perf_counter() - started
        assert isinstance(made, CachedPage)
        assert made.page.status == 200
        return seconds * 1000


async def measure() -> dict[str, Any]:
    """Medians by size and page."""
    release = build_release(read_folder(THEME))
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        valkey = ValkeyProcess(Path(folder)).start()
        try:
            subjects = {}
            for size in SIZES:
                host = f"site-{size}.example.org"
                figures[str(size)] = await fill(valkey.url, host, size)
                subjects[size] = Subject(valkey.url, host, release)
            times: dict[tuple[int, str], list[float]] = {}
            for _ in range(ROUNDS):
                for size, subject in subjects.items():
                    for name, path in PAGES.items():
                        times.setdefault((size, name), []).append(await subject.once(path))
            for (size, name), values in times.items():
                figures[str(size)][f"{name}_ms"] = statistics.median(values)
            for subject in subjects.values():
                await subject.store.aclose()
        finally:
            valkey.stop()
    return figures


def main() -> None:
    """Measure, print, save."""
    figures = asyncio.run(measure())
    names = list(next(iter(figures.values())))
    for name in names:
        row = "  ".join(f"{figures[str(s)][name]:>10.2f}" for s in SIZES)
        ratio = figures[str(SIZES[-1])][name] / figures[str(SIZES[0])][name]
        print(f"{name:>22}: {row}   x{ratio:.2f} from {SIZES[0]:,} to {SIZES[-1]:,} posts")
    save("render_scale", figures)


if __name__ == "__main__":
    main()
