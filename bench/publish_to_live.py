"""How long from a write to the store until the last worker answers with it.

Two nodes of two workers each on one Valkey; the machinery is that of the test of promise 12, which
asks each worker on a connection of its own, again and again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvloop
from sos.adapters.redis import RedisStore
from sos.adapters.redis.fleet import RedisFleet
from sos.content.store import Operation
from tests.promises.filling import HOST, fill
from tests.promises.test_publish import NODES, PUBLISHES, WORKERS, Stage
from tests.promises.test_publish import measure as measure_publishes
from tests.servers.content import build_post, build_site, put
from tests.servers.node import start_node
from tests.servers.releases import file_places
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.worker_connections import WorkerConnection, connect_workers

from bench.machine import save

GOAL_MS = 150
POSTS = 150


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m bench.publish_to_live", description=__doc__)
    parser.parse_args(arguments or [])
    figures = uvloop.run(measure())
    save("publish_to_live", figures)


async def measure() -> dict[str, Any]:
    """A changed post at its own page, and a callout on the front page."""
    rows = {}
    async with open_stage() as stage:
        for what, path, publish in (
            ("a changed post", f"/post-{POSTS - 10}/", change_post),
            ("a callout on the front page", "/", put_callout),
        ):
            took = await measure_publishes(stage, path, publish)
            rows[what] = describe(took)
            print(
                f"{what}: median {rows[what]['median_ms']:.1f} ms, p99 {rows[what]['p99_ms']:.1f} "
                f"ms, longest {rows[what]['max_ms']:.1f} ms (goal: p99 {GOAL_MS} ms)",
                flush=True,
            )
    shape = {"nodes": NODES, "workers": WORKERS, "publishes": PUBLISHES}
    return {"goal_p99_ms": GOAL_MS, **shape, "kinds": rows}


def change_post(n: int) -> Operation:
    """Another sentence in a post."""
    content = {"rendered": f"<p>It says number {n}.</p>"}
    return build_post(POSTS - 10, n + 10, content=content)


def put_callout(n: int) -> Operation:
    """Another callout above the list of posts."""
    return put(
        "post:900",
        n + 10,
        type="sos_callout",
        status="publish",
        date_gmt="2024-01-01T00:00:00",
        title={"rendered": f"Alarm number {n}."},
        sos={"callout": {"placement": "takeover", "priority": n % 100}},
    )


@contextlib.asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """Nodes in service, with a connection to each worker; all of it ends with the block."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sos-bench-")))
        valkey = ValkeyProcess(folder / "valkey").start()
        stack.callback(valkey.stop)
        await fill(valkey.url, build_site(posts=POSTS - 1, ids_from=1))
        store = RedisStore(valkey.url, HOST, timeout_ms=5000)
        fleet = RedisFleet(valkey.url, HOST, timeout_ms=5000)
        stack.push_async_callback(store.aclose)
        stack.push_async_callback(fleet.aclose)
        nodes, workers = [], list[WorkerConnection]()
        for n in range(NODES):
            options = {**file_places(folder), "node": f"node-{n}", "workers": WORKERS}
            node = await asyncio.to_thread(start_node, folder / f"node-{n}", valkey.url, **options)
            stack.push_async_callback(asyncio.to_thread, node.stop)
            nodes.append(node)
            await asyncio.to_thread(node.wait_in_service)
            workers += (await stack.enter_async_context(connect_workers(node))).values()
        yield Stage(nodes, workers, store, fleet)


def describe(took: list[float]) -> dict[str, float]:
    """Milliseconds, of sorted seconds."""
    return {
        "median_ms": round(took[len(took) // 2] * 1000, 1),
        "p99_ms": round(took[int(len(took) * 0.99) - 1] * 1000, 1),
        "max_ms": round(took[-1] * 1000, 1),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
