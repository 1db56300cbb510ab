"""Promise 9: ten thousand clients that take their time cost the others next to nothing.

Real parts: a Valkey process, a node of one worker with a processor of its own, and two processes
with another: one is the crowd, one asks 500 times a second, first without the crowd and then beside
it. The test prints its figures.
"""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.filling import HOST, fill
from tests.promises.test_overload import starting_on
from tests.servers.content import build_site
from tests.servers.debian import skip_or_fail
from tests.servers.node import Node, start_node
from tests.servers.open_loop import Plan, Shot, Stream, describe, percentile, run_plan
from tests.servers.slow_clients import FILES, Crowd, Fate, Kind, crowd_of
from tests.servers.valkey_process import ValkeyProcess

pytestmark = [pytest.mark.promise, pytest.mark.timeout(240)]

CPUS = sorted(os.sched_getaffinity(0))
COUNTS: dict[Kind, int] = {
    "silent": 3000,
    "dripping": 3000,
    "not_reading": 700,
    "sipping": 300,
    "idle": 3000,
}
RATE = 500.0
SECONDS = 12.0
"""Long enough to see the end of those that are cut off, too."""

PATHS = ["/", *(f"/post-{n}/" for n in range(130, 150)), "/category/topic-1/", "/feed/"]

DEADLINE = 10.0
"""From the first byte of a head to the end of a connection that has not sent the last, seconds."""

READ_DEADLINE = 30.0
"""From when a client took the last bytes of its answers to its end, seconds."""

SWEEP = 1.5
"""How late it may be: nobody looks at ten thousand clocks all the time."""

FLOOR = 0.010
"""A p99 below this is no matter, seconds: it is what else a machine has to do."""

TRIES = 3


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node in service."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < FILES:
        skip_or_fail(f"{FILES} open files: the hard limit is {hard}")
    with starting_on(CPUS[-1]):
        valkey = ValkeyProcess(tmp_path / "valkey").start()
    try:
        asyncio.run(fill(valkey.url, build_site()))
        with starting_on(CPUS[0]):
            node = start_node(tmp_path / "node", valkey.url, workers=1)
        try:
            node.wait_in_service()
            yield node
        finally:
            node.stop()
    finally:
        valkey.stop()


def address_of(node: Node) -> tuple[str, int]:
    host, _, port = node.public.rpartition(":")
    return host, int(port)


def ask(node: Node, seconds: float = SECONDS) -> list[Shot]:
    """500 requests a second, for a while."""
    stream = Stream("visitors", PATHS, RATE, 64)
    return run_plan(Plan(address_of(node), HOST, seconds, [stream], CPUS[-1]))


def p99(shots: list[Shot]) -> float:
    return percentile([s.seconds for s in shots], 0.99)


def test_ten_thousand_slow_clients_hold_up_nobody(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    """The p99 of visitors at most doubles; slow heads are cut off after 10 s; whoever merely keeps
    an open connection keeps it."""
    ask(node, 1.0)  # have the pages in memory
    for attempt in range(TRIES):
        alone = ask(node)
        began = time.monotonic()
        with crowd_of(Crowd(address_of(node), HOST, "/", COUNTS, CPUS[-1])) as crowd:
            there = time.monotonic()
            beside = ask(node)
            # Until the last one to come has had its time, too.
            time.sleep(max(0.0, there + READ_DEADLINE + 2 * SWEEP - time.monotonic()))
            fates = crowd.fates()
        with capsys.disabled():
            print(
                f"\npromise 9: {sum(COUNTS.values())} slow clients came within "
                f"{there - began:.1f} s\n  visitors alone: {describe(alone)}"
                f"\n  beside them: {describe(beside)}\n  {tell(fates)}"
            )
        assert {s.status for s in alone + beside} == {200}
        if p99(beside) <= max(FLOOR, 2 * p99(alone)) or attempt == TRIES - 1:
            break
    judge(fates)
    assert p99(beside) <= max(FLOOR, 2 * p99(alone))
    assert all(s.good for s in beside)
    assert "Traceback" not in node.log()


def tell(fates: list[Fate]) -> str:
    """In one line for each kind: how many were cut off, and when."""
    lines = []
    for kind in COUNTS:
        ended = [f.seconds for f in fates if f.kind == kind and f.seconds >= 0]
        span = f" after {min(ended):.1f} to {max(ended):.1f} s" if ended else ""
        lines.append(f"{kind}: {len(ended)} of {COUNTS[kind]} ended{span}")
    return "; ".join(lines)


def judge(fates: list[Fate]) -> None:
    """Who drips is told so and cut off at its deadline, nobody before; who waits is left alone."""
    dripping = [f for f in fates if f.kind == "dripping"]
    assert len(dripping) == COUNTS["dripping"]
    assert all(DEADLINE - 0.5 <= f.seconds <= DEADLINE + SWEEP for f in dripping)
    assert {f.status for f in dripping} == {408}
    not_reading = [f for f in fates if f.kind == "not_reading"]
    assert all(READ_DEADLINE - 0.5 <= f.seconds <= READ_DEADLINE + 2 * SWEEP for f in not_reading)
    # Slow, but it goes on: theirs may be a bad line.
    assert all(f.seconds < 0 for f in fates if f.kind == "sipping")
    idle = [f for f in fates if f.kind == "idle"]
    assert {f.status for f in idle} == {200}
    assert all(f.seconds < 0 for f in idle)
