"""A stage for peers of the bench in tests: a store with a small site, and the pages that sos makes of it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from bench.fixture import FIRST_ID, HOST, SITE, THEME, build_post, build_site
from bench.peers import Peer, Running, Stage
from sos.adapters.redis import RedisStore
from sos.cache.pages import CachedPage
from sos.content.sanitize import DEFAULT_EMBED_HOSTS
from sos.content.store import Operation
from sos.metrics import Metrics
from sos.page.routes import PageRoute, decide_route
from sos.page.site import build_site as build_page_site
from sos.produce.documents import DocumentCache
from sos.produce.producer import Producer
from sos.release.environment import build_release
from sos.release.folder import read_folder

from tests.servers.content import batches
from tests.servers.debian import skip_or_fail

POSTS = 200


def odd_posts() -> list[Operation]:
    """Posts of the kinds that a list shows in another way, or not at all."""
    newest = FIRST_ID + POSTS - 1
    return [
        build_post(newest - 1, 2, title={"rendered": "Fish &amp; <em>chips</em> “daily”"}),
        build_post(newest - 3, 2, sticky=True),
        build_post(newest - 5, 2, content={"rendered": "", "protected": True}),
        build_post(newest - 7, 2, featured_media=0, format="aside"),
        build_post(newest - 9, 2, author=0, date_gmt="2030-01-01T00:00:00"),
        build_post(newest - 11, 2, title={"rendered": ""}),
        build_post(newest - 100, 2, sticky=True),
    ]


async def build_stage(url: str, folder: Path, paths: Sequence[str]) -> Stage:
    """Fill the store at ``url``, and have sos make the pages at ``paths``."""
    store = RedisStore(url, HOST, timeout_ms=10_000)
    try:
        for batch in batches([*build_site(POSTS), *odd_posts()]):
            await store.apply(batch)
        metrics = Metrics()
        documents = DocumentCache(metrics, DEFAULT_EMBED_HOSTS)
        release = build_release(read_folder(THEME))
        producer = Producer(SITE, store, release, documents, metrics)
        pages = {}
        for path in paths:
            route = decide_route(path, "", build_page_site(SITE)[0].zone)
            assert isinstance(route, PageRoute)
            made = await producer.produce(route, partial=False)
            assert isinstance(made, CachedPage)
            pages[path] = made.page.body
    finally:
        await store.aclose()
    folder.mkdir()
    return Stage(pages=pages, valkey_url=url, host=HOST, core=0, folder=folder)


@contextmanager
def running(peer: Peer, stage: Stage) -> Iterator[Running]:
    """The peer, started; skips the test where something is missing. Ends with all its processes."""
    if lacking := peer.lacks():
        skip_or_fail(f"{peer.title}: {lacking}")
    server = peer.start(stage)
    processes = [psutil.Process(pid) for pid in server.pids]
    processes += [
        child for process in list(processes) for child in process.children(recursive=True)
    ]
    assert processes
    try:
        yield server
    finally:
        server.stop()
    deadline = time.monotonic() + 10
    while left := [process for process in processes if _lives(process)]:
        assert time.monotonic() < deadline, f"{peer.name} left {left}"
        time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    """Whether it still does anything: one that was reparented may wait to be reaped by init."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def fetch(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by lower-case name, and body as it came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers={"Host": HOST, **fields})
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, {n.lower(): v for n, v in answer.getheaders()}, body
    finally:
        connection.close()
