"""Better compression, later: what is kept in haste is compressed again while nobody waits for it.

In: a `PageCache`. Out: nothing; entries have other `Variants` afterwards. One page at a time, in a
thread of its own, with rests in between: it never takes more than a fifth of a processor, and
while the worker is busy it works for pages that were asked for again alone.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from heapq import nlargest

from sos.cache.encodings import Variants, build_variants
from sos.cache.pages import CachedPage, PageCache

TICK = 0.25
"""How often it looks for work, seconds."""

BATCH = 32
"""Pages that are compressed again between two looks."""

REST = 4
"""It rests for so many times as long as it worked."""

WORTH = 2
"""Requests after which a page is worth the time of a busy worker."""

BUSY = 0.2
"""Share of a processor above which a worker is busy. On a machine that others share, it may not get
more than that."""


class Leisure:
    """Compresses the pages of ``cache`` again; start `run` as a task."""

    def __init__(
        self, cache: PageCache, build: Callable[[bytes], Variants] = build_variants
    ) -> None:
        self._cache = cache
        self._build = build

    async def run(self) -> None:
        """Work until cancelled."""
        pool = ThreadPoolExecutor(1, thread_name_prefix="compress")
        try:
            wall, processor = time.monotonic(), time.process_time()
            while True:
                await asyncio.sleep(TICK)
                if self._cache.hasty:
                    load = (time.process_time() - processor) / (time.monotonic() - wall)
                    await self._work(pool, WORTH if load > BUSY else 0)
                wall, processor = time.monotonic(), time.process_time()
        finally:
            pool.shutdown(wait=False)  # a loop that ends waits for no page

    async def _work(self, pool: ThreadPoolExecutor, worth: int) -> None:
        loop = asyncio.get_running_loop()
        for path, entry in self._choose(worth):
            started = time.monotonic()
            variants = await loop.run_in_executor(pool, self._build, entry.variants.identity)
            self._cache.replace_variants(path, entry, variants)
            await asyncio.sleep((time.monotonic() - started) * REST)

    def _choose(self, worth: int) -> list[tuple[str, CachedPage]]:
        """Those that were asked for most."""
        found = ((p, e) for p, e in self._cache.hasty.items() if e.hits >= worth)
        return nlargest(BATCH, found, key=lambda item: item[1].hits)
