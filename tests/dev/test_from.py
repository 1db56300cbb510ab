"""One's own site, with the templates that one edits."""

from __future__ import annotations

import asyncio
import urllib.request
from pathlib import Path

from tests.dev.running import Dev
from tests.servers.fake_wordpress import FakeSite, serve_fake


def fetch(url: str) -> str:
    """The text at an address."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        text: str = answer.read().decode()
        return text


async def test_own_site_is_read_once_and_shown(tmp_path: Path) -> None:
    """Started again, it needs the site no more: it may be large, or gone."""
    async with serve_fake(FakeSite().fill(posts=12)) as url:
        dev = Dev(tmp_path, "--from", url)
        try:
            await asyncio.to_thread(dev.start)
            assert "Post 101" in await asyncio.to_thread(fetch, f"{dev.url}/2020/post-101/")
        finally:
            assert await asyncio.to_thread(dev.stop) == 0
    try:
        await asyncio.to_thread(dev.start)
        assert "--again reads it anew" in dev.said()
        assert "Post 101" in await asyncio.to_thread(fetch, f"{dev.url}/2020/post-101/")
    finally:
        await asyncio.to_thread(dev.stop)
