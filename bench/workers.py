"""What a second worker brings: the rate of one and of two on as many processors.

With three processors or more the load comes from one of its own. With two it has to share them, and
then the processor time of a request says more than the rate: both stand in the table.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from bench.machine import save
from bench.peers import CACHED, UNCACHED
from bench.roster import load_peers
from bench.throughput import Plan, measure

PEERS = ("nginx", "sos", "koa-cached", "sos-uncached", "koa-nunjucks")
WORKERS = (1, 2)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments or [])
    quick = options.quick
    present = {peer.name for peer in load_peers()}
    peers = load_peers(name for name in PEERS if name in present)
    figures: dict[str, Any] = {}
    for workers in WORKERS:
        plan = Plan(
            rounds=1 if quick else 3,
            seconds=1 if quick else 3,
            warm_seconds=1,
            workers=workers,
            cases=(CACHED, UNCACHED),
        )
        print(f"{workers} workers", flush=True)
        figures[str(workers)] = measure(peers, plan)
    save("workers_quick" if quick else "workers", figures)


if __name__ == "__main__":
    main(sys.argv[1:])
