"""The whole of a comparison, as short as it gets: real servers, a real store, real load."""

from __future__ import annotations

import psutil
import pytest
from bench.programs import lacks_program
from bench.roster import load_peers
from bench.throughput import Plan, measure

from tests.servers.debian import skip_or_fail

SHORT = Plan(rounds=1, seconds=1, warm_seconds=0, cases=("cached",), posts=40)


@pytest.mark.timeout(120)
def test_peers_are_checked_and_measured_and_ended() -> None:
    """nginx and aiohttp with sos's page: figures of both, a ratio, and no process left."""
    for name in ("nginx", "wrk"):
        if reason := lacks_program(name):
            skip_or_fail(f"{name}: {reason}")
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    figures = measure(load_peers(["nginx", "aiohttp"]), SHORT)
    peers = figures["cases"]["cached"]["peers"]
    assert figures["left_out"] == {}
    assert peers["nginx"]["page"] == peers["aiohttp"]["page"] == "the same bytes, gzip"
    assert peers["nginx"]["ratio"] == 1.0
    assert 0 < peers["aiohttp"]["ratio"] < 1
    for row in peers.values():
        assert row["failed"] == 0
        assert 1 < row["cpu_us"] < 10_000
        assert 1 < row["memory_mb"] < 500
    left = [c for c in psutil.Process().children(recursive=True) if c.pid not in before]
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not alive
