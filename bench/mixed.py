"""How much a node answers of mixed traffic over 10,000 pages, while editors publish.

Of a hundred requests 90 are for ten pages, nine for five hundred, one for any of all others. Beside
it nginx with one static page, to have something to compare with.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import sys
from typing import Any

from bench.disturb import Disturbance, disturbed
from bench.entrants import Entrant, start_peers
from bench.fixture import HOST
from bench.goals import ratio_of
from bench.heads import build_plain
from bench.machine import save
from bench.processes import choose_cores, count_cpu, measure_cpu, measure_memory, wait_idle
from bench.roster import load_peers
from bench.stage import POSTS, Theatre, open_theatre
from bench.steady import EDITS_PER_SECOND, HOT, draw_paths
from bench.wrk import run_wrk

PEERS = ("nginx", "sos", "sos-no-front")
REQUESTS = 20_000
DIGITS = {"rate": 1, "p50_ms": 3, "p99_ms": 3, "cpu_us": 1}


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m bench.mixed", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments or [])
    quick = options.quick
    save("mixed_quick" if quick else "mixed", measure(*((2, 2) if quick else (5, 5))))


def measure(rounds: int, seconds: int) -> dict[str, Any]:
    """Rounds in which the peers take turns; edits go on all the time."""
    cores = choose_cores(1)
    rows: dict[str, Any] = {}
    with open_theatre(cores, POSTS) as theatre, contextlib.ExitStack() as stack:
        left_out: dict[str, str] = {}
        entrants = start_peers(load_peers(PEERS), theatre, 1, stack, left_out)
        edits = Disturbance(theatre.valkey.url, str(theatre.folder), EDITS_PER_SECOND, posts=HOT)
        with disturbed(edits, cores.client) as done:
            for entrant in entrants:
                run(entrant, theatre, 2)  # what is warm is in the cache
                entrant.rounds["mixed"].clear()
            for _ in range(rounds):
                for entrant in random.sample(entrants, len(entrants)):
                    run(entrant, theatre, seconds)
        for entrant in entrants:
            rows[entrant.peer.name] = describe(entrant)
    baseline = rows.get("nginx")
    for row in rows.values():
        row["ratio"] = ratio_of(row["rates"], baseline["rates"]) if baseline else None
        print(
            f"{row['title']:<40} {row['rate']:>10,.0f}/s  x{row['ratio'] or 0:.2f}  "
            f"p50 {row['p50_ms']:.2f} ms  p99 {row['p99_ms']:.2f} ms  "
            f"{row['cpu_us']:.1f} µs/request  {row['failed']} failed  {row['memory_mb']:.0f} MB"
        )
    return {"rounds": rounds, "seconds": seconds, "peers": rows, "left_out": left_out, **done}


def run(entrant: Entrant, theatre: Theatre, seconds: int) -> None:
    """One round of one peer."""
    page = entrant.running.paths.get("/")
    # A server of files has but the one page.
    paths = [page] if page else draw_paths(REQUESTS)
    pids = entrant.running.pids
    before = measure_cpu(pids)
    load = run_wrk(
        entrant.running.port,
        build_plain(paths, HOST),
        seconds=seconds,
        cores=theatre.cores.client,
    )
    cpu = count_cpu(before, measure_cpu(pids)) + wait_idle(pids)
    entrant.rounds.setdefault("mixed", []).append(
        {
            "rate": load.rate,
            "failed": load.failed,
            "p50_ms": load.p50_ms,
            "p99_ms": load.p99_ms,
            "cpu_us": cpu / max(load.requests, 1) * 1e6,
        }
    )


def describe(entrant: Entrant) -> dict[str, Any]:
    """Medians of one peer."""
    rounds = entrant.rounds["mixed"]
    memory = measure_memory(entrant.running.pids)
    return {
        "title": entrant.peer.title,
        "rates": [round(one["rate"], 1) for one in rounds],
        **{
            name: round(statistics.median(one[name] for one in rounds), digits)
            for name, digits in DIGITS.items()
        },
        "failed": sum(one["failed"] for one in rounds),
        "memory_mb": round(sum(memory.values()) / 1e6, 1),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
