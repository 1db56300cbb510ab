"""How much memory a worker has, after it has been asked for many pages, with few and many posts.

In: a node of two workers on sites of 100 to 100,000 posts. Out: the share of memory (PSS) of each
process, at the start and after up to 5,000 different pages have been asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from sos.settings import Settings
from tests.servers.node import Node

from bench.fixture import FIRST_ID, HOST, list_paths, post_path
from bench.heads import build_plain
from bench.machine import save
from bench.peers.sos_node import begin_node
from bench.processes import Cores, choose_cores, measure_memory, running_on
from bench.stage import open_theatre
from bench.wrk import run_wrk

GOAL_MB = 80
WORKERS = 2
PAGES = 5_000
DEFAULT_MB = Settings().cache_mb
CASES = ((100, DEFAULT_MB), (10_000, DEFAULT_MB), (10_000, 64), (100_000, DEFAULT_MB))
"""Posts, and `cache_mb`; the goal is for what it is where nobody says anything."""

SECONDS = 30
TIMES, MOST_ROUNDS = 2, 6
"""Each page is asked for so many times, about once for each worker, however slow the machine is,
but for no longer than so many rounds take."""


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m bench.worker_memory", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments or [])
    figures = measure(CASES[1:3], 3) if options.quick else measure(CASES, SECONDS)
    save("worker_memory_quick" if options.quick else "worker_memory", figures)


def measure(cases: Sequence[tuple[int, int]], seconds: int) -> dict[str, Any]:
    """A row for each number of posts and size of the caches."""
    cores = choose_cores(1)
    rows = []
    for posts in dict.fromkeys(posts for posts, _ in cases):
        with open_theatre(cores, posts) as theatre:
            for cache_mb in (size for own, size in cases if own == posts):
                stage = theatre.build_stage(f"cache-{cache_mb}", WORKERS)
                with running_on(cores.server):
                    node = begin_node(stage, cache_mb=cache_mb)
                try:
                    row = measure_node(node, posts, cores, seconds)
                finally:
                    node.stop()
                rows.append({"posts": posts, "cache_mb": cache_mb, **row})
                print_row(rows[-1])
    return {"goal_mb": GOAL_MB, "workers": WORKERS, "rows": rows}


def measure_node(node: Node, posts: int, cores: Cores, seconds: int) -> dict[str, Any]:
    """Memory of the largest worker, before and after."""
    lists = ["/", *list_paths(posts)]
    newest = range(FIRST_ID + posts - 1, FIRST_ID - 1, -1)
    paths = [*lists, *(post_path(number) for number in newest)][:PAGES]
    workers = [worker["pid"] for worker in node.health()["workers"]]
    before = measure_memory([node.process.pid])
    port = int(node.public.rpartition(":")[2])
    asked = failed = 0
    for _ in range(MOST_ROUNDS):
        begin = asked % len(paths)
        requests = build_plain([*paths[begin:], *paths[:begin]], HOST)
        # No more at once than it makes at once: nothing is to be refused here.
        load = run_wrk(port, requests, seconds=seconds, cores=cores.client, connections=8)
        asked, failed = asked + load.requests, failed + load.failed
        if asked >= TIMES * len(paths):
            break
    after = measure_memory([node.process.pid])
    return {
        "worker_mb_at_start": megabytes(max(before[pid] for pid in workers)),
        "worker_mb": megabytes(max(after[pid] for pid in workers)),
        "supervisor_mb": megabytes(after[node.process.pid]),
        "all_mb": megabytes(sum(after.values())),
        "processes": len(after),
        "pages": len(paths),
        "requests": asked,
        "failed": failed,
        "cached_pages": round(node.metric("sos_cache_entries")),
    }


def print_row(row: dict[str, Any]) -> None:
    """One line."""
    print(
        f"{row['posts']:,} posts, cache_mb = {row['cache_mb']}: a worker has "
        f"{row['worker_mb_at_start']} MB at the start, {row['worker_mb']} MB after "
        f"{row['requests']:,} requests for {row['pages']:,} pages (goal {GOAL_MB}), "
        f"{row['cached_pages']:,} kept by all; supervisor {row['supervisor_mb']} MB, "
        f"{row['processes']} processes {row['all_mb']} MB",
        flush=True,
    )


def megabytes(size: int) -> float:
    """Bytes for people."""
    return round(size / 1e6, 1)


if __name__ == "__main__":
    main(sys.argv[1:])
