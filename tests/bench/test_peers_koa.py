"""Koa's peers of the bench: that they are the opponents that the bench says they are."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import html5lib
import pytest
from bench.fixture import FIRST_ID, build_post
from bench.peers import Stage, node_process
from bench.peers.koa import KoaCached, KoaKeeping, KoaNunjucks
from sos.adapters.redis import RedisStore
from sos.content.store import Operation

from tests.bench.peer_stage import POSTS, build_stage, fetch, running
from tests.servers.valkey_process import ValkeyProcess

PATHS = ("/", "/page/2/", "/page/4/", "/page/7/")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("koa")
    valkey = ValkeyProcess(folder / "valkey").start()
    try:
        yield asyncio.run(build_stage(valkey.url, folder / "own", PATHS))
    finally:
        valkey.stop()


@pytest.fixture
def stage(filled: Stage, tmp_path: Path) -> Stage:
    """The filled stage with a folder that no other peer has been in."""
    own = tmp_path / "own"
    own.mkdir()
    return replace(filled, folder=own)


def outline(page: bytes) -> dict[str, list[str]]:
    """What two pages have to have in common: headings, texts of cards, links, pictures, meta tags."""
    tree = html5lib.parse(page.decode(), namespaceHTMLElements=False)
    return {
        "titles": ["".join(e.itertext()).strip() for e in tree.iter("h2")],
        "cards": [" ".join("".join(e.itertext()).split()) for e in tree.iter("article")],
        "links": [e.get("href", "") for tag in ("a", "link") for e in tree.iter(tag)],
        "pictures": [e.get("srcset", e.get("src", "")) for e in tree.iter("img")],
        "meta": [str(sorted(e.items())) for e in tree.iter("meta")],
        "menus": [" ".join("".join(e.itertext()).split()) for e in tree.iter("nav")],
    }


RENDERING = pytest.mark.parametrize("peer", [KoaNunjucks(), KoaKeeping()], ids=lambda p: p.name)


@RENDERING
def test_page_of_koa_and_nunjucks_shows_what_the_page_of_sos_shows(
    peer: KoaNunjucks, stage: Stage
) -> None:
    """Same titles, cards, links, pictures, menus and meta tags in the same order; size within 3 %.

    Each page twice: the second time cards may have been kept.
    """
    with running(peer, stage) as server:
        for path, own in [*stage.pages.items()] * 2:
            status, _, body = fetch(server.port, path)
            assert status == 200
            assert outline(body) == outline(own)
            assert len(body) == pytest.approx(len(own), rel=0.03)


seq = itertools.count(3).__next__
"""Numbers of writes, above those that filled the store."""


async def write(stage: Stage, operation: Operation) -> None:
    store = RedisStore(stage.valkey_url, stage.host, timeout_ms=10_000)
    assert await store.apply([operation]) == ("applied",)
    await store.aclose()


@RENDERING
def test_koa_and_nunjucks_keeps_no_page(peer: KoaNunjucks, stage: Stage) -> None:
    """What is published shows in the next answer, with another tag; the tag of the same page is good."""
    newest = FIRST_ID + POSTS - 1
    with running(peer, stage) as server:
        _, before, _ = fetch(server.port, "/")
        assert fetch(server.port, "/", If_None_Match=before["etag"])[0] == 304
        asyncio.run(write(stage, build_post(newest, seq(), title={"rendered": "Just now"})))
        status, after, body = fetch(server.port, "/", If_None_Match=before["etag"])
        assert status == 200
        assert "Just now" in outline(body)["titles"]
        assert after["etag"] != before["etag"]
        asyncio.run(write(stage, build_post(newest, seq())))


def test_koa_and_nunjucks_answers_like_a_site(stage: Stage) -> None:
    """Gzipped where that is taken, with what caches need to know; 404 for what is not there."""
    with running(KoaNunjucks(), stage) as server:
        _, headers, body = fetch(server.port, "/", Accept_Encoding="gzip")
        assert headers["content-encoding"] == "gzip"
        assert headers["vary"] == "Accept-Encoding"
        assert "s-maxage" in headers["cache-control"]
        assert outline(gzip.decompress(body)) == outline(stage.pages["/"])
        for path in ("/page/8/", "/page/0/", "/page/two/", "/nothing/"):
            assert fetch(server.port, path)[0] == 404


def test_koa_with_pages_in_memory_answers_with_the_bytes_of_sos(stage: Stage) -> None:
    """The page as it is and gzipped, with its own tag each; 304 for a tag that fits, 404 for others."""
    with running(KoaCached(), stage) as server:
        for path, own in stage.pages.items():
            status, plain, body = fetch(server.port, path)
            assert (status, body) == (200, own)
            status, packed, body = fetch(server.port, path, Accept_Encoding="gzip")
            assert (status, gzip.decompress(body)) == (200, own)
            assert packed["vary"] == "Accept-Encoding"
            assert packed["etag"] != plain["etag"]
            status, _, body = fetch(
                server.port, path, Accept_Encoding="gzip", If_None_Match=packed["etag"]
            )
            assert (status, body) == (304, b"")
        assert fetch(server.port, "/nothing/")[0] == 404


def test_koa_runs_as_a_cluster_when_it_may_have_two_workers(stage: Stage) -> None:
    """Both workers answer on the one port, and both end with it."""
    with running(KoaCached(), replace(stage, workers=2)) as server:
        assert fetch(server.port, "/")[2] == stage.pages["/"]


def test_peer_without_node_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`lacks` names what is missing, and does not raise."""
    monkeypatch.setattr(shutil, "which", lambda *_args, **_options: None)
    monkeypatch.setenv("SOS_TEST_CACHE", str(tmp_path))
    node_process.find_node.cache_clear()
    try:
        assert KoaCached().lacks() == "node 20.9 or newer is missing, and npm is missing"
    finally:
        node_process.find_node.cache_clear()
