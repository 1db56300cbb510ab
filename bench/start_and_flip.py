"""How long a node takes to start, and a release to reach every worker; how long a way back takes.

Everything is real: Valkey, Consul, S3 over HTTP, ``sos serve`` in processes of its own. A start is
timed from outside, from the making of the process to the first 200 of ``/health-elb``; a flip from
just before the pointer is written to the first page of the new release from the last worker.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop
from tests.promises.filling import HOST, fill
from tests.promises.fleet import Fleet, running_fleet, until
from tests.servers.consul import ConsulProcess
from tests.servers.content import build_site
from tests.servers.node import Node
from tests.servers.s3 import S3

from bench.machine import save

SIZES = (150, 10_000)
WORKERS = (1, 2)
NODES = (1, 2, 3)
FAULTS = ("up", "refused", "silent")
"""Redis, Consul and S3 are all there; refuse connections; take them and say nothing."""

GOALS = {"up": 1.0, "refused": 1.5, "silent": 1.5, "flip": 1.0, "rollback": 1.0}
"""Seconds, at most."""

PAUSE = 4.0
"""Between two changes: a node has a process ready for the next trial again, as it has in life."""

ASK_EVERY = 0.01


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m bench.start_and_flip", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args(arguments or [])
    try:
        figures = uvloop.run(measure(options.runs))
    except pytest.skip.Exception as exc:  # a server that the tests would do without
        sys.exit(f"start_and_flip: {exc}")
    save("start_and_flip", figures)


async def measure(runs: int) -> dict[str, Any]:
    """All figures; each part of the tier is new for each size and number of nodes."""
    starts: dict[str, Any] = {}
    for posts in SIZES:
        async with tier(posts) as (fleet, consul):
            starts[str(posts)] = await measure_starts(fleet, consul, posts, runs)
    changes: dict[str, Any] = {}
    for count in NODES:
        async with tier(SIZES[0]) as (fleet, _):
            changes[str(count)] = await measure_changes(fleet, count, runs)
    return {"runs": runs, "goals": GOALS, "starts": starts, "changes": changes}


@contextlib.asynccontextmanager
async def tier(posts: int) -> AsyncIterator[tuple[Fleet, ConsulProcess]]:
    """Stores, filled, and no node yet."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sos-bench-")))
        s3 = S3().start()
        stack.callback(s3.stop)
        s3.create_bucket()
        consul = ConsulProcess(folder / "consul").start()
        stack.callback(consul.kill)
        async with running_fleet(folder, s3, consul) as fleet:
            await fill(fleet.valkey.url, build_site(posts))
            yield fleet, consul


# ------------------------------------------------------------ starts


async def measure_starts(
    fleet: Fleet, consul: ConsulProcess, posts: int, runs: int
) -> dict[str, Any]:
    """Starts of nodes that ran before: with a release and a snapshot on their disk."""
    release = await fleet.releaser.publish()
    await fleet.releaser.point(release)
    for workers in WORKERS:
        node = await fleet.begin(name_of(workers), workers=workers)
        await fleet.converge(release)
        await until(lambda n=node: "snapshot_taken" in n.log(), 60)
        await end(fleet, node)
    figures: dict[str, Any] = {}
    for fault in FAULTS:
        with injected(fault, fleet, consul):
            taken: dict[int, list[tuple[float, float]]] = {workers: [] for workers in WORKERS}
            for _ in range(runs):
                for workers in WORKERS:
                    taken[workers].append(await time_start(fleet, workers))
        for workers, pairs in taken.items():
            seconds, cpu = zip(*pairs, strict=True)
            row = {**describe(seconds), "cpu_median": round(statistics.median(cpu), 3)}
            figures.setdefault(fault, {})[str(workers)] = row
            show(f"start, {posts:,} posts, {fault}, {workers} workers", row, GOALS[fault])
    return figures


async def time_start(fleet: Fleet, workers: int) -> tuple[float, float]:
    """Seconds until ``/health-elb`` said 200, and processor seconds of all processes until then."""
    began = time.monotonic()
    node = await fleet.begin(name_of(workers), wait=False, workers=workers)
    while True:
        with contextlib.suppress(OSError):
            if (await asyncio.to_thread(node.verdict))[0] == 200:
                break
        if time.monotonic() - began > 30:
            raise RuntimeError(node.log()[-3000:])
        await asyncio.sleep(0.005)
    seconds = time.monotonic() - began
    cpu = measure_cpu(node)
    await end(fleet, node)
    return seconds, cpu


@contextlib.contextmanager
def injected(fault: str, fleet: Fleet, consul: ConsulProcess) -> Iterator[None]:
    """The three stores behave so for as long as this is open."""
    if fault == "refused":
        fleet.valkey.kill()
        consul.kill()
        fleet.s3_faults.set("down")
    elif fault == "silent":
        fleet.valkey.pause()
        consul.pause()
        fleet.s3_faults.set("black_hole")
    try:
        yield
    finally:
        fleet.s3_faults.set("pass")
        if fault == "refused":
            fleet.valkey.start()
            consul.start()
        elif fault == "silent":
            fleet.valkey.resume()
            consul.resume()


# ------------------------------------------------------------ changes of the release


async def measure_changes(fleet: Fleet, count: int, runs: int) -> dict[str, Any]:
    """Flips to releases that were never there, each followed by a rollback; two workers a node."""
    for n in range(count):
        await fleet.begin(f"node-{n}", workers=2, release_spread_seconds=0)
    previous = await fleet.activate()
    for node in fleet.nodes:
        await until(lambda n=node: "snapshot_taken" in n.log(), 60)
    flips, rollbacks = [], []
    async with contextlib.AsyncExitStack() as stack:
        visitors = [v for node in fleet.nodes for v in await visit_workers(node, stack)]
        for _ in range(runs):
            release = await fleet.releaser.publish()
            await asyncio.sleep(PAUSE)
            flips.append(await time_change(fleet, visitors, release, "activate"))
            await asyncio.sleep(PAUSE / 2)
            rollbacks.append(await time_change(fleet, visitors, previous, "rollback"))
    figures = {"flip": describe(flips), "rollback": describe(rollbacks)}
    for what, row in figures.items():
        show(f"{what}, {count} nodes of 2 workers", row, GOALS[what])
    return figures


async def time_change(fleet: Fleet, visitors: list[Visitor], release: str, kind: str) -> float:
    """Seconds until the last worker answered with this release for the first time."""
    asking = [asyncio.create_task(visitor.wait_for(release)) for visitor in visitors]
    began = await fleet.releaser.point(release, kind)
    async with asyncio.timeout(30):
        return max(await asyncio.gather(*asking)) - began


class Visitor:
    """A connection to one worker that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.port: int = writer.get_extra_info("sockname")[1]

    async def wait_for(self, release: str) -> float:
        """The monotonic time at which the first page of a release was here whole."""
        while await self._ask() != release:
            await asyncio.sleep(ASK_EVERY)
        return time.monotonic()

    async def _ask(self) -> str:
        self._writer.write(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        fields = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
        await self._reader.readexactly(int(fields["content-length"]))
        return fields["x-sos-release"]


async def visit_workers(node: Node, stack: contextlib.AsyncExitStack) -> list[Visitor]:
    """A visitor for each worker of a node; the kernel spreads connections, so some are in vain."""
    host, _, port = node.public.rpartition(":")
    pids = [worker["pid"] for worker in node.health()["workers"]]
    found: dict[int, Visitor] = {}
    for _ in range(64):
        reader, writer = await asyncio.open_connection(host, int(port))
        stack.callback(writer.close)
        visitor = Visitor(reader, writer)
        await visitor._ask()
        owner = next(pid for pid in pids if visitor.port in remote_ports(pid))
        found.setdefault(owner, visitor)
        if len(found) == len(pids):
            return list(found.values())
    raise RuntimeError("64 connections did not reach every worker")


def remote_ports(pid: int) -> set[int]:
    """Ports of the clients whose connections a process holds."""
    return {c.raddr.port for c in psutil.Process(pid).net_connections("tcp") if c.raddr}


# ------------------------------------------------------------ common


def name_of(workers: int) -> str:
    """A node's name and folder."""
    return f"start-{workers}"


async def end(fleet: Fleet, node: Node) -> None:
    """Stop a node that is measured no more."""
    await asyncio.to_thread(node.stop)
    fleet.nodes.remove(node)


def measure_cpu(node: Node) -> float:
    """Processor seconds of a node's processes so far."""
    supervisor = psutil.Process(node.process.pid)
    times = [p.cpu_times() for p in (supervisor, *supervisor.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def describe(seconds: Any) -> dict[str, float]:
    """Median, quickest and slowest, seconds."""
    return {
        "median": round(statistics.median(seconds), 3),
        "min": round(min(seconds), 3),
        "max": round(max(seconds), 3),
    }


def show(what: str, row: dict[str, float], goal: float) -> None:
    """One line of figures."""
    cpu = f", processor {row['cpu_median']:.2f} s" if "cpu_median" in row else ""
    print(
        f"{what:<40} median {row['median']:.3f} s, quickest {row['min']:.3f}, "
        f"slowest {row['max']:.3f} (goal {goal:.1f}){cpu}, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
