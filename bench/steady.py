"""How long answers take at a fixed rate, with publishing and releases going on.

2,500 requests a second for each processor of the server, once for pages that many ask for and once
for traffic of which one in a hundred is for a page that hardly anybody asks for. All of the node,
supervisor and trials of releases included, is on the server's processor.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from bench.disturb import Disturbance, disturbed
from bench.fixture import FIRST_ID, HOST, list_paths, post_path
from bench.heads import build_browsers
from bench.machine import save
from bench.peers import Peer, Running, Stage
from bench.processes import choose_cores, count_cpu, measure_cpu, pin, running_on
from bench.roster import load_peers
from bench.stage import POSTS, Theatre, open_theatre

RATE = 2500
"""Requests a second for each processor that the server has."""

GOAL_MS = 5.0
CONNECTIONS = 64
PEERS = ("sos", "sos-no-front")
HOT, WARM = 10, 500
SHARES = (90, 9, 1)
"""Hot, warm and cold, in a hundred requests."""

EDITS_PER_SECOND = 5.0
FLIP_EVERY = 3.0


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m bench.steady", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--edits", type=float, default=EDITS_PER_SECOND, help="a second")
    options = parser.parse_args(arguments or [])
    seconds = 5 if options.quick else options.seconds
    figures = measure(load_peers(PEERS), seconds, options.rate, options.edits)
    save("steady_quick" if options.quick else "steady", figures)


def measure(
    peers: Sequence[Peer], seconds: int, rate: int, edits: float = EDITS_PER_SECOND
) -> dict[str, Any]:
    """Both kinds of traffic, at rest and disturbed."""
    cores = choose_cores(1)
    figures: dict[str, Any] = {
        "rate": rate,
        "seconds": seconds,
        "goal_ms": GOAL_MS,
        "edits_per_second": edits,
        "release_every_seconds": FLIP_EVERY,
        "cores": cores.describe(),
        "runs": {},
    }
    with open_theatre(cores, POSTS) as theatre:
        for peer in peers:
            if reason := peer.lacks():
                print(f"{peer.title} is left out: {reason}", flush=True)
                continue
            for traffic, paths in (("hot", hot_paths()), ("mixed", draw_paths(20_000))):
                for disturbance in ("nothing else", "publishing", "publishing and releases"):
                    name = f"{peer.name}, {traffic}, {disturbance}"
                    kind = (traffic, disturbance)
                    try:
                        run = measure_run(peer, theatre, paths, kind, seconds, rate, edits)
                    except (RuntimeError, OSError) as exc:
                        print(f"{name} failed: {str(exc)[:1000]}", flush=True)
                        continue
                    figures["runs"][name] = run
                    print_run(peer.title, run)
    return figures


def measure_run(
    peer: Peer,
    theatre: Theatre,
    paths: Sequence[str],
    kind: tuple[str, str],
    seconds: int,
    rate: int,
    edits: float,
) -> dict[str, Any]:
    """One run on a node of its own, whose cache is warm."""
    traffic, disturbance = kind
    stage = theatre.build_stage(peer.name)
    with running_on(theatre.cores.server):
        running = peer.start(stage)
    try:
        pin(running.pids, theatre.cores.server)
        requests = build_browsers(paths, HOST, len(paths))
        generate(running, requests, theatre, 2, rate)
        plan = build_disturbance(stage, disturbance, edits)
        before = measure_cpu(running.pids)
        with contextlib.ExitStack() as stack:
            done = stack.enter_context(disturbed(plan, theatre.cores.client)) if plan else {}
            figures = generate(running, requests, theatre, seconds, rate)
        cpu = count_cpu(before, measure_cpu(running.pids))
    finally:
        running.stop()
    busy = round(cpu / figures["seconds"] / len(theatre.cores.server), 2)
    row = {"peer": peer.name, "traffic": traffic, "disturbance": disturbance}
    return {**row, **figures, **done, "busy": busy}


def build_disturbance(stage: Stage, disturbance: str, edits: float) -> Disturbance | None:
    """What goes on beside it."""
    if disturbance == "nothing else":
        return None
    flips = FLIP_EVERY if "releases" in disturbance else 0.0
    return Disturbance(stage.valkey_url, str(stage.folder), edits, posts=HOT, flip_every=flips)


def generate(
    running: Running, requests: Sequence[bytes], theatre: Theatre, seconds: float, rate: float
) -> dict[str, Any]:
    """Have the generator send these requests from the client's processor."""
    plan = {
        "port": running.port,
        "requests": [one.decode("latin-1") for one in requests],
        "rate": rate * len(theatre.cores.server),
        "seconds": seconds,
        "connections": CONNECTIONS,
    }
    with running_on(theatre.cores.client):
        ran = subprocess.run(
            [sys.executable, "-m", "bench.open_loop"],
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            timeout=seconds + 60,
        )
    if ran.returncode:
        raise RuntimeError(f"the generator failed: {ran.stderr.strip()[-500:]}")
    figures: dict[str, Any] = json.loads(ran.stdout)
    return figures


# ------------------------------------------------------------ traffic


def hot_paths() -> list[str]:
    """The front page and the newest posts, the front page as often as all of them."""
    newest = [post_path(FIRST_ID + POSTS - 1 - n) for n in range(HOT - 1)]
    return ["/", *newest[:4], "/", *newest[4:]]


def draw_paths(count: int) -> list[str]:
    """Paths of mixed traffic over all pages of the site, always the same ones."""
    draw = random.Random(11)
    hot = hot_paths()
    posts = [post_path(FIRST_ID + POSTS - 1 - n) for n in range(POSTS)]
    warm = [*list_paths(POSTS, 50), *posts[HOT : HOT + WARM - 50]]
    cold = [*posts[HOT + WARM :], *list_paths(POSTS)[50:]]
    kinds = draw.choices((hot, warm, cold), weights=SHARES, k=count)
    return [draw.choice(kind) for kind in kinds]


def print_run(title: str, run: dict[str, Any]) -> None:
    """One line."""
    failed = run["broken"] + sum(n for status, n in run["statuses"].items() if status != "200")
    print(
        f"{title}, {run['traffic']}, {run['disturbance']}: {run['answered_per_second']:,.0f}/s, "
        f"p50 {run['p50_ms']:.2f} ms, p99 {run['p99_ms']:.2f} ms (goal {GOAL_MS:g}), "
        f"p99.9 {run['p99.9_ms']:.1f} ms, longest {run['max_ms']:.0f} ms, {failed} failed, "
        f"processor {run['busy']:.0%}; "
        f"generator late by {run['generator_late_p99_ms']:.2f} ms (p99)",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
