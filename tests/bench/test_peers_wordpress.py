"""WordPress as a peer of the bench: that it shows the stage's posts, quick or slow, and ends."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bench.fixture import FIRST_ID, build_post, post_path
from bench.peers import Stage
from bench.peers.wordpress import WordPressBare, WordPressCached

from tests.bench.peer_stage import POSTS, build_stage, fetch, running
from tests.servers.valkey_process import ValkeyProcess

pytestmark = pytest.mark.wordpress


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("wordpress")
    valkey = ValkeyProcess(folder / "valkey").start()
    try:
        yield asyncio.run(build_stage(valkey.url, folder / "own", ["/"]))
    finally:
        valkey.stop()


@pytest.fixture
def stage(filled: Stage, tmp_path: Path) -> Stage:
    """The filled stage with a folder that no other peer has been in."""
    own = tmp_path / "own"
    own.mkdir()
    return replace(filled, folder=own)


def fetch_text(port: int) -> tuple[str, dict[str, str]]:
    """The front page, which came gzipped, and its headers."""
    status, headers, body = fetch(port, "/", Accept_Encoding="gzip")
    assert status == 200
    assert headers["content-encoding"] == "gzip"
    return gzip.decompress(body).decode(), headers


def test_wordpress_shows_the_ten_newest_posts_of_the_stage(stage: Stage) -> None:
    """Their excerpts and not their bodies; asked by the stage's name it does not redirect."""
    newest = FIRST_ID + POSTS - 1
    with running(WordPressBare(), stage) as server:
        assert server.paths == {"/": "/"}
        text, _ = fetch_text(server.port)
    assert f"{post_path(newest)}" in text
    assert text.count('<h2 class="wp-block-post-title') == 10
    document = json.loads(build_post(newest).json)
    assert document["excerpt"]["rendered"].strip() in text
    assert document["content"]["rendered"][:60] not in text


def test_wordpress_with_a_page_cache_makes_a_page_once(stage: Stage) -> None:
    """The second answer comes from nginx, gzipped for who takes that and plain for who does not."""
    with running(WordPressCached(), stage) as server:
        first, _ = fetch_text(server.port)
        again, headers = fetch_text(server.port)
        assert headers["x-cache"] == "HIT"
        assert again == first
        _, plain, body = fetch(server.port, "/")
        assert "content-encoding" not in plain
        assert body.startswith(b"<!DOCTYPE html>")
