"""Where the processor time of an uncached page goes, with its documents known and not.

A list page of a 10,000-post site (ten cards with pictures, menus, about 40 kB of HTML) from a
Valkey in a process of its own. Every figure is processor time of this process in milliseconds, but
for ``store server``, which is Valkey's own.
"""

from __future__ import annotations

import os
import random
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
from sos.content.store import Operation
from sos.metrics import Metrics
from sos.page.routes import PageRoute, decide_route
from sos.page.site import build_site as build_page_site
from sos.produce.documents import DocumentCache
from sos.produce.producer import Producer
from sos.release.environment import Release, build_release
from sos.release.folder import read_folder
from tests.servers.content import HOME, batches, build_post, build_site, put
from tests.servers.valkey_process import ValkeyProcess

from bench.machine import save

POSTS = 10_000
PICTURES = 200
PUBLIC = "https://www.example.org"
WORDS = (
    "the of and to in is for that on with as it was by at from are this have an be or not which "
    "people city council house morning river market school budget report harbour winter teacher "
    "bridge railway election programme festival orchestra library engineer question decision "
    "neighbour weather football kitchen garden history science museum hospital agreement"
).split()


def build_text(chance: random.Random, words: int) -> str:
    """Paragraphs of about 60 words with a link in each."""
    text = []
    for start in range(0, words, 60):
        run = chance.choices(WORDS, k=min(60, words - start))
        run[0] = run[0].title()
        run[len(run) // 2] = f'<a href="{HOME}/post-{chance.randrange(9000)}/">{run[0].lower()}</a>'
        text.append(f"<p>{' '.join(run)}.</p>")
    return "\n".join(text)


def build_picture(number: int) -> Operation:
    """A picture in three sizes."""
    base = f"{HOME}/wp-content/uploads/picture-{number}"
    sizes = {
        name: {"source_url": f"{base}-{w}x{h}.jpg", "width": w, "height": h}
        for name, w, h in (("medium", 300, 200), ("large", 1024, 683), ("huge", 1536, 1024))
    }
    return put(
        f"post:{number}",
        type="attachment",
        status="inherit",
        slug=f"picture-{number}",
        link=f"{HOME}/picture-{number}/",
        date_gmt="2023-01-01T00:00:00",
        title={"rendered": f"Picture {number}"},
        alt_text=f"What picture {number} shows",
        mime_type="image/jpeg",
        source_url=f"{base}.jpg",
        media_details={"width": 1800, "height": 1200, "sizes": sizes},
    )


def build_menu(number: int, location: str, entries: int) -> Operation:
    """A menu of two levels."""
    items = [
        {
            "id": n,
            "parent": 0 if n % 5 == 1 else n - (n - 1) % 5,
            "menu_order": n,
            "title": {"rendered": f"Entry number {n}"},
            "url": f"{HOME}/post-{n * 7}/",
        }
        for n in range(1, entries + 1)
    ]
    menu = {"slug": location, "sos": {"items": items, "locations": [location]}}
    return put(f"menu:{number}", **menu)


def build_content(posts: int = POSTS) -> list[Operation]:
    """The site: what the tests' small site has, with words, pictures and menus."""
    chance = random.Random(1)
    base = [o for o in build_site(0) if o.op == "put"]
    operations = [*base, build_menu(1, "primary", 30), build_menu(2, "footer", 10)]
    operations += [build_picture(20_000 + n) for n in range(PICTURES)]
    for n in range(1, posts + 1):
        operations.append(
            build_post(
                n,
                title={"rendered": " ".join(chance.choices(WORDS, k=8)).title()},
                content={"rendered": build_text(chance, 800), "protected": False},
                excerpt={"rendered": build_text(chance, 400), "protected": False},
                featured_media=20_000 + n % PICTURES,
            )
        )
    return [*operations, Operation("ready")]


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
    route = decide_route(path, "", build_page_site(PUBLIC)[0].zone)
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


async def measure(url: str, pid: int) -> dict[str, Any]:
    """Totals, and the parts of a warm page."""
    release = build_release(read_folder(Path(__file__).parent.parent / "templates"))
    store = RedisStore(url, "www.example.org", timeout_ms=60_000)
    for batch in batches(build_content(), 200):
        await store.apply(batch)
    paths = [f"/page/{n}/" for n in range(100, 120)]
    producer = build_producer(store, release)
    page = await make(producer, paths[0])
    figures: dict[str, Any] = {
        "html_bytes": len(page.page.body),
        "gzip_bytes": len(page.variants.gzip),
        "warm_ms": await measure_warm(producer, paths, 15),
        "cold_ms": await measure_cold(store, release, paths),
        "one_post_ms": await measure_warm(producer, ["/post-150/"], 100),
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
    steps.wrap(producer, "_library", "library")
    for name in ("build_page", "render_page", "build_variants"):
        if hasattr(producer_module, name):
            steps.wrap(producer_module, name, name)
    reader: Any = producer._reader
    fetch_times = []
    for _ in range(10):
        for path in paths:
            route = decide_route(path, "", producer.site.zone)
            assert isinstance(route, PageRoute)
            started = time.process_time_ns()
            await reader.fetch_page(route.candidates, int(time.time()), producer._site_of[1])
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
