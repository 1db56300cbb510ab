"""Better compression at leisure: done for those who ask, and no more of the processor than its share."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator

import msgspec
import pytest
from sos.cache.encodings import Variants, build_hasty, build_variants
from sos.cache.pages import CachedPage, PageCache
from sos.produce import compress
from sos.produce.compress import WORTH, Leisure
from sos.render import RenderedPage

PAGE = RenderedPage(
    status=200, content_type="text/html", body=b"", tag="t", depends=(), csp="", release="r"
)


def build_entry(number: int, hits: int = 0) -> CachedPage:
    body = f"<p>page {number}</p>".encode() * 100
    page = msgspec.structs.replace(PAGE, body=body, tag=str(number))
    return CachedPage(page, build_hasty(body), 1, 100, hits=hits)


@contextlib.asynccontextmanager
async def running(leisure: Leisure) -> AsyncIterator[None]:
    task = asyncio.create_task(leisure.run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def until(cache: PageCache, left: int) -> None:
    deadline = time.monotonic() + 10
    while len(cache.hasty) > left:
        assert time.monotonic() < deadline, f"{len(cache.hasty)} pages are left"
        await asyncio.sleep(0.01)


async def test_an_idle_worker_compresses_everything_better(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each page in a thread, one at a time, and never on the loop."""
    monkeypatch.setattr(compress, "TICK", 0.01)
    monkeypatch.setattr(compress, "BUSY", 100.0)
    cache, threads = PageCache(1_000_000), set[int]()

    def build(body: bytes) -> Variants:
        threads.add(threading.get_ident())
        return build_variants(body)

    entries = [build_entry(n) for n in range(5)]
    for n, entry in enumerate(entries):
        cache.keep(f"/{n}/", entry)
    async with running(Leisure(cache, build)):
        await until(cache, 0)
    assert [e.variants for e in entries] == [build_variants(e.page.body) for e in entries]
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_busy_worker_compresses_better_what_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A crawler that asks for each page once does not cost the time of those who come back."""
    monkeypatch.setattr(compress, "TICK", 0.01)
    monkeypatch.setattr(compress, "BUSY", -1.0)
    cache = PageCache(1_000_000)
    once, often, more = build_entry(1, hits=1), build_entry(2, WORTH), build_entry(3, WORTH + 1)
    done: list[bytes] = []

    def build(body: bytes) -> Variants:
        done.append(body)
        return build_variants(body)

    for n, entry in enumerate((once, often, more)):
        cache.keep(f"/{n}/", entry)
    async with running(Leisure(cache, build)):
        await until(cache, 1)
    assert done == [more.page.body, often.page.body]
    assert once.variants.mark
