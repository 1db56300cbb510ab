"""Where the processor time of an uncached page goes, with its documents known and not.

A list page of the site that all peers of the bench show (10,000 posts, 30 cards to a page, about
40 kB of HTML) from a Valkey in a process of its own. Every figure is processor time of this process
in milliseconds, but for ``store server``, which is Valkey's own.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop
from sos.adapters.redis import RedisStore
from sos.cache.pages import CachedPage
from sos.content.sanitize import DEFAULT_EMBED_HOSTS
from sos.metrics import Metrics
from sos.page.routes import PageRoute, decide_route
from sos.produce.documents import DocumentCache
from sos.produce.producer import Producer
from sos.release.environment import Release, build_release
from sos.release.folder import read_folder
from tests.servers.content import batches
from tests.servers.valkey_process import ValkeyProcess

from bench.fixture import FIRST_ID, THEME, build_site, post_path
from bench.machine import save

POSTS = 10_000
PUBLIC = "https://www.example.org"


class Steps:
    """Processor time by step."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}

    def wrap(self, owner: Any, attribute: str, name: str) -> None:
        """Count the time of a function that does not wait."""
        inner: Callable[..., Any] = getattr(owner, attribute)

        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.process_time_ns()
            try:
                return inner(*args, **kwargs)
            finally:
                spent = (time.process_time_ns() - started) / 1e6
                self.times.setdefault(name, []).append(spent)

        setattr(owner, attribute, timed)

    def per_page(self, pages: int) -> dict[str, float]:
        """Milliseconds per page of each step."""
        return {name: sum(values) / pages for name, values in self.times.items()}


def build_producer(store: RedisStore, release: Release) -> Producer:
    metrics = Metrics()
    documents = DocumentCache(metrics, DEFAULT_EMBED_HOSTS)
    return Producer(PUBLIC, store, release, documents, metrics)


def child_seconds(pid: int) -> float:
    """Processor time of another process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def make(producer: Producer, path: str) -> CachedPage:
    route = decide_route(path, "", producer.site.zone)
    assert isinstance(route, PageRoute)
    made = await producer.produce(route, partial=False)
    assert isinstance(made, CachedPage)
    assert made.page.status == 200
    return made


async def measure_warm(producer: Producer, paths: list[str], rounds: int) -> float:
    """Median processor time of a page, all of whose documents are known; milliseconds."""
    for path in paths:
        await make(producer, path)
    times = []
    for _ in range(rounds):
        started = time.process_time_ns()
        for path in paths:
            await make(producer, path)
        times.append((time.process_time_ns() - started) / 1e6 / len(paths))
    return statistics.median(times)


async def measure_cold(store: RedisStore, release: Release, paths: list[str]) -> float:
    """Median processor time of a page, none of whose documents are known; milliseconds."""
    times = []
    for path in paths:
        producer = build_producer(store, release)
        await producer.learn_site()
        started = time.process_time_ns()
        await make(producer, path)
        times.append((time.process_time_ns() - started) / 1e6)
    return statistics.median(times)


async def measure(url: str, pid: int, posts: int = POSTS) -> dict[str, Any]:
    """Totals, and the parts of a warm page."""
    release = build_release(read_folder(THEME))
    store = RedisStore(url, "www.example.org", timeout_ms=60_000)
    for batch in batches(build_site(posts), 200):
        await store.apply(batch)
    paths = [f"/page/{n}/" for n in range(100, 120)]
    producer = build_producer(store, release)
    producer.reading.shelf.start((await store.fetch_changes(0, "", 0)).rev)
    page = await make(producer, paths[0])
    figures: dict[str, Any] = {
        "html_bytes": len(page.page.body),
        "gzip_bytes": len(page.variants.gzip),
        "warm_ms": await measure_warm(producer, paths, 15),
        "cold_ms": await measure_cold(store, release, paths),
        "one_post_ms": await measure_warm(producer, [post_path(FIRST_ID + 150)], 100),
    }
    # The server's clock ticks a hundred times a second: many pages for one figure.
    before, count = child_seconds(pid), 0
    for _ in range(25):
        for path in paths:
            await make(producer, path)
            count += 1
    figures["store_server_ms"] = (child_seconds(pid) - before) * 1000 / count
    figures["steps_ms"] = await measure_steps(producer, paths)
    await store.aclose()
    return figures


async def measure_steps(producer: Producer, paths: list[str]) -> dict[str, float]:
    """Each step of a warm page; what they hold of each other counts twice."""
    from sos.adapters.redis import store as store_module
    from sos.produce import producer as producer_module

    steps = Steps()
    steps.wrap(store_module, "parse_found", "parse_found")
    steps.wrap(producer.reading, "library", "library")
    for name in ("build_page", "render_page", "build_hasty"):
        if hasattr(producer_module, name):
            steps.wrap(producer_module, name, name)
    fetch_times = []
    for _ in range(10):
        for path in paths:
            route = decide_route(path, "", producer.site.zone)
            assert isinstance(route, PageRoute)
            started = time.process_time_ns()
            await producer.reading.fetch(route.candidates, producer.reading.shelf.held_rev)
            fetch_times.append((time.process_time_ns() - started) / 1e6)
    steps.times.clear()
    started = time.process_time_ns()
    for _ in range(10):
        for path in paths:
            await make(producer, path)
    pages = 10 * len(paths)
    total = (time.process_time_ns() - started) / 1e6 / pages
    found = {"fetch_page": statistics.mean(fetch_times), **steps.per_page(pages)}
    found["total"] = total
    return found


def main() -> None:
    """Measure, print, save with ``--save``."""
    with tempfile.TemporaryDirectory() as folder:
        valkey = ValkeyProcess(Path(folder)).start()
        try:
            assert valkey.process is not None
            figures = uvloop.run(measure(valkey.url, valkey.process.pid))
        finally:
            valkey.stop()
    for name, value in figures.items():
        if isinstance(value, dict):
            for step, ms in value.items():
                print(f"{step:>24}: {ms:9.3f} ms")
        else:
            print(f"{name:>24}: {value:9.3f}")
    if "--save" in sys.argv:
        save("profile_uncached", figures)


if __name__ == "__main__":
    main()
