"""What a Datadog agent receives, read from a real UDP socket."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest
from sos.adapters import statsd
from sos.adapters.statsd import StatsdPush, create_statsd_push
from sos.metrics import Metrics


@pytest.fixture
def agent() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        yield sock


def receive(agent: socket.socket) -> set[str]:
    """Lines of the packets that have arrived, without the library's own origin fields."""
    lines = agent.recv(65536).decode().split("\n")
    agent.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            lines += agent.recv(65536).decode().split("\n")
    agent.settimeout(5)
    parts = [line.split("|") for line in lines if line]
    return {"|".join(p for p in part if p[:2] not in {"c:", "e:"}) for part in parts}


def test_counts_are_sent_as_differences_and_gauges_as_values(agent: socket.socket) -> None:
    """An agent adds up what it gets: a total that is sent twice would count twice."""
    metrics = Metrics()
    metrics.requests.inc("front", "200", "hit", by=3)
    metrics.cache_bytes.set(1000)
    with contextlib.closing(StatsdPush("127.0.0.1", agent.getsockname()[1])) as push:
        push.push(metrics.snapshot())
        assert receive(agent) == {
            "sos.requests:3.0|c|#kind:front,status:200,cache:hit",
            "sos.cache_bytes:1000|g",
        }
        metrics.requests.inc("front", "200", "hit", by=2)
        push.push(metrics.snapshot())
        assert receive(agent) == {
            "sos.requests:2.0|c|#kind:front,status:200,cache:hit",
            "sos.cache_bytes:1000|g",
        }
        push.push(metrics.snapshot())
        assert receive(agent) == {"sos.cache_bytes:1000|g"}


def test_histogram_is_sent_as_count_and_sum(agent: socket.socket) -> None:
    """Both together give the mean of any interval."""
    metrics = Metrics()
    metrics.render_seconds.observe(0.5, "single")
    metrics.render_seconds.observe(0.25, "single")
    with contextlib.closing(StatsdPush("127.0.0.1", agent.getsockname()[1])) as push:
        push.push(metrics.snapshot())
    assert receive(agent) == {
        "sos.render_seconds.count:2.0|c|#kind:single",
        "sos.render_seconds.sum:0.75|c|#kind:single",
    }


async def test_push_repeats_and_survives_a_name_that_does_not_resolve(
    agent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that is away, or not there yet, costs nothing but its own metrics."""
    monkeypatch.setattr(statsd, "PUSH_SECONDS", 0.01)
    metrics = Metrics()
    metrics.workers.set(2)
    lost = StatsdPush("agent.invalid", 1)
    task = asyncio.create_task(lost.run(metrics.snapshot))
    found = asyncio.create_task(
        StatsdPush("127.0.0.1", agent.getsockname()[1]).run(metrics.snapshot)
    )
    for _ in range(2):
        assert await asyncio.to_thread(receive, agent) == {"sos.workers:2|g"}
    assert not task.done()
    for each in (task, found):
        each.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await each


def test_only_an_agent_host_in_the_environment_starts_it() -> None:
    """The ecosystem's own variable decides; without it nothing is sent anywhere."""
    assert create_statsd_push({}) is None
    assert create_statsd_push({"DD_AGENT_HOST": "127.0.0.1"}) is not None
