"""How much memory a worker has on a site of 10,000 posts, after it has been asked for many pages.

In: a node of two workers. Out: the share of memory (PSS) of each process, at the start and after
5,000 different pages, with the page cache as large as it is where nobody says anything, and small.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from tests.servers.node import Node

from bench.fixture import FIRST_ID, HOST, list_paths, post_path
from bench.heads import build_plain
from bench.machine import save
from bench.peers.sos_node import begin_node
from bench.processes import Cores, choose_cores, measure_memory, running_on
from bench.stage import POSTS, open_theatre
from bench.wrk import run_wrk

GOAL_MB = 80
WORKERS = 2
PAGES = 5_000
CACHES_MB = (64, 8)
SECONDS = 20


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m bench.worker_memory", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments or [])
    figures = measure(3 if options.quick else SECONDS)
    save("worker_memory_quick" if options.quick else "worker_memory", figures)


def measure(seconds: int) -> dict[str, Any]:
    """Megabytes by size of the page cache."""
    cores = choose_cores(1)
    rows: dict[str, Any] = {}
    with open_theatre(cores, POSTS) as theatre:
        for size in CACHES_MB:
            with running_on(cores.server):
                node = begin_node(theatre.build_stage(f"cache-{size}", WORKERS), cache_mb=size)
            try:
                rows[str(size)] = measure_node(node, cores, seconds)
            finally:
                node.stop()
            row = rows[str(size)]
            print(
                f"cache of {size} MiB: a worker has {row['worker_mb_at_start']} MB at the start, "
                f"{row['worker_mb']} MB after {row['pages']:,} answers of {PAGES:,} pages (goal "
                f"{GOAL_MB}), {row['cached_pages']:,.0f} of them kept; supervisor "
                f"{row['supervisor_mb']} MB, all {row['all_mb']} MB",
                flush=True,
            )
    return {"goal_mb": GOAL_MB, "workers": WORKERS, "posts": POSTS, "caches_mb": rows}


def measure_node(node: Node, cores: Cores, seconds: int) -> dict[str, Any]:
    """Memory of the largest worker, before and after."""
    lists = list_paths(POSTS)
    posts = [post_path(FIRST_ID + POSTS - 1 - n) for n in range(PAGES - len(lists))]
    workers = [worker["pid"] for worker in node.health()["workers"]]
    before = measure_memory([node.process.pid])
    port = int(node.public.rpartition(":")[2])
    load = run_wrk(port, build_plain([*lists, *posts], HOST), seconds=seconds, cores=cores.client)
    after = measure_memory([node.process.pid])
    return {
        "worker_mb_at_start": megabytes(max(before[pid] for pid in workers)),
        "worker_mb": megabytes(max(after[pid] for pid in workers)),
        "supervisor_mb": megabytes(after[node.process.pid]),
        "all_mb": megabytes(sum(after.values())),
        "processes": len(after),
        "pages": load.requests,
        "failed": load.failed,
        "cached_pages": node.metric("sos_cache_entries"),
    }


def megabytes(size: int) -> float:
    """Bytes for people."""
    return round(size / 1e6, 1)


if __name__ == "__main__":
    main(sys.argv[1:])
