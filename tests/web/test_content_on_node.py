"""A real node of two workers says when its content was live, and is right."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sos.adapters.redis import RedisStore
from sos.adapters.redis.fleet import RedisFleet
from sos.content.store import Operation
from sos.rollout.ports import NodeReport

from tests.promises.filling import HOST, fill
from tests.servers.content import build_post, build_site
from tests.servers.node import Node, start_node
from tests.servers.releases import file_places
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.worker_connections import WorkerConnection, connect_workers

PATH = "/post-110/"


class Stage:
    """A node, the store it follows and the register it reports to."""

    def __init__(self, node: Node, store: RedisStore, fleet: RedisFleet) -> None:
        self.node = node
        self.store = store
        self.fleet = fleet
        self._seq = 10

    async def publish(self, text: str) -> int:
        """Say something else in post 110; the revision that this made."""
        self._seq += 1
        (outcome,) = await self.store.apply([self.document(text)])
        assert outcome == "applied"
        return int((await self.store.fetch_meta())["rev"])

    def document(self, text: str) -> Operation:
        return build_post(110, self._seq, content={"rendered": f"<p>{text}</p>"})

    async def report(self) -> NodeReport:
        """What the node says in the register."""
        (found,) = await self.fleet.fetch_nodes()
        return found

    async def seen(self, revision: int, seconds: float = 5.0) -> tuple[float, NodeReport]:
        """When the node had a revision, epoch seconds by the server's clock, and its report."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            report = await self.report()
            for known, age in report.content_seen:
                if known >= revision:
                    return report.at - age, report
            await asyncio.sleep(0.005)
        raise AssertionError(f"revision {revision} was never seen: {report.content_seen}")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    valkey = ValkeyProcess(tmp_path / "valkey").start()
    await fill(valkey.url, build_site())
    node = await asyncio.to_thread(
        start_node, tmp_path / "node", valkey.url, **file_places(tmp_path)
    )
    store = RedisStore(valkey.url, HOST, timeout_ms=5000)
    fleet = RedisFleet(valkey.url, HOST, timeout_ms=5000)
    try:
        await asyncio.to_thread(node.wait_in_service)
        yield Stage(node, store, fleet)
    finally:
        await store.aclose()
        await fleet.aclose()
        await asyncio.to_thread(node.stop)
        valkey.stop()


async def watch(connection: WorkerConnection, text: str) -> tuple[float, float]:
    """When the worker was last seen without ``text``, and first with it; epoch seconds."""
    before = time.time()
    while text.encode() not in await connection.fetch(PATH):
        before = time.time()
        await asyncio.sleep(0.003)
    return before, time.time()


async def test_figure_agrees_with_what_visitors_of_every_worker_see(stage: Stage) -> None:
    """Server, node and test share this machine's clock: so the moments can be compared."""
    async with connect_workers(stage.node) as workers:
        for n in range(10):
            text = f"What is new, number {n}."
            watching = [asyncio.create_task(watch(w, text)) for w in workers.values()]
            written = time.time()
            revision = await stage.publish(text)
            spans = await asyncio.gather(*watching)
            seen, report = await stage.seen(revision)
            told = time.time()
            # It follows a change before it shows it, and says so only when it has followed it.
            assert written - 0.01 <= seen <= max(after for _, after in spans) + 0.1
            assert report.content_revision >= revision
            print(
                f"publish {n}: live after {max(a for _, a in spans) - written:.3f} s, "
                f"by the node's word after {seen - written:.3f} s, told after {told - written:.3f} s"
            )
            assert told - written < 1.5


async def test_worker_that_hangs_or_restarts_holds_the_node_back(stage: Stage) -> None:
    """The other one is current; the node is not until both are."""
    first = await stage.publish("Both have this.")
    await stage.seen(first)
    pid = stage.node.health()["workers"][1]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        second = await stage.publish("One has this.")
        deadline = time.monotonic() + 1.2
        while time.monotonic() < deadline:
            assert all(r < second for r, _ in (await stage.report()).content_seen)
            await asyncio.sleep(0.05)
    finally:
        os.kill(pid, signal.SIGKILL)
    ended = time.time()
    seen, _ = await stage.seen(second, seconds=15)
    assert seen >= ended - 0.01
    # What was seen before the restart was seen then, and still is.
    assert any(r == first for r, _ in (await stage.report()).content_seen)


async def test_many_revisions_make_few_reports(stage: Stage) -> None:
    """An import must not make every node of a fleet write hundreds of times a second."""
    await stage.seen(await stage.publish("first"))
    reports: set[float] = set()
    started = time.monotonic()
    revision, n = 0, 0
    while time.monotonic() - started < 3.0:
        n += 1
        revision = await stage.publish(f"number {n}")
        reports.add((await stage.report()).at)
        await asyncio.sleep(0.01)
    seconds = time.monotonic() - started
    _, report = await stage.seen(revision)
    print(f"{n} revisions in {seconds:.1f} s, {len(reports)} reports")
    assert n > 50
    assert len(reports) <= seconds * 5 + 2
    assert len(report.content_seen) == 32
