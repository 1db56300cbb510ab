"""What trials are made of: bundles on a disk, and the content snapshot of a small site."""

from __future__ import annotations

from pathlib import Path

from sos.content.snapshot_file import encode_snapshot, write_snapshot
from sos.metrics import Metrics
from sos.produce.documents import DocumentCache
from sos.produce.keep_snapshot import take_snapshot
from sos.produce.producer import Producer
from sos.release.bundle import build_bundle
from sos.release.environment import Release
from sos.rollout.shelf import ReleaseFile, Shelf

from tests.page.documents import NOON, PUBLIC, Json, make_store, page, post, term, user
from tests.page.fake_store import FakeStore
from tests.rollout.broken_releases import LIVE_SLUG, Files

SITE = PUBLIC
HOST = "www.example.com"


def lay_down(folder: Path, files: Files, created: int = 1_770_000_000) -> ReleaseFile:
    """A release of these files where a node keeps releases."""
    bundle, seal = build_bundle(files, created=created)
    return Shelf(folder).put(seal, bundle)


def small_site(*more: Json) -> FakeStore:
    """A store with a few pages, posts and lists, and one post of LIVE_SLUG."""
    store = make_store(
        term(5, "News"),
        user(3, "Ada"),
        page(40, "about"),
        *(post(n, categories=[5], author=3) for n in range(1, 12)),
        _named(LIVE_SLUG, 20),
        *more,
    )
    store.now = NOON.timestamp() + 86400
    return store


def _named(slug: str, number: int) -> Json:
    return post(number, slug=slug, link=f"https://cms.example.org/{slug}/")


def build_producer(store: FakeStore, release: Release) -> Producer:
    """What makes the pages of a store."""
    metrics = Metrics()
    documents = DocumentCache(metrics, None)
    return Producer(SITE, store, release, documents, metrics, lambda: store.now)


async def write_small_snapshot(path: Path, store: FakeStore) -> tuple[str, ...]:
    """Write what a node keeps of a store; return the paths that are in it."""
    snapshot = await take_snapshot(store, SITE, HOST, lambda: store.now, pause=0)
    write_snapshot(path, encode_snapshot(snapshot))
    return snapshot.paths
