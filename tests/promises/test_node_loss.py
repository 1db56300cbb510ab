"""Promises 7 and 8: workers and nodes are killed, and nodes are told to leave; what visitors see.

Real parts: nodes behind HAProxy with ``/health-elb`` as its check, Consul, S3, Valkey; 500 requests a
second. Each test prints its figures.
"""

from __future__ import annotations

import asyncio
import http.client
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.promises.filling import HOST
from tests.promises.fleet import (
    Fleet,
    assert_none_failed,
    is_in_service,
    running_fleet,
    serves,
    until,
)
from tests.servers.consul import ConsulProcess
from tests.servers.haproxy import HAProxy
from tests.servers.load import Shot
from tests.servers.node import Node
from tests.servers.releases import marks
from tests.servers.s3 import S3

pytestmark = [pytest.mark.promise, pytest.mark.timeout(240)]

MakeHAProxy = Callable[..., HAProxy]

KILLS = 20
FEWEST_KILLS = 12
"""A node is left alone until it is whole again, so that on a busy machine there are fewer."""

SLACK = 0.25
"""How long after a kill a request may still be sent to the dead: until the balancer, which has to
get the processor first, reads that the connection is gone. Seconds."""

EXIT_SECONDS = 40.0


@pytest.fixture
async def fleet(tmp_path: Path, s3: S3, consul: ConsulProcess) -> AsyncIterator[Fleet]:
    async with running_fleet(tmp_path, s3, consul) as fleet:
        try:
            yield fleet
        finally:
            for node in fleet.nodes:  # what is left would drain for longer than anybody waits
                node.process.kill()
                node.process.wait()


def balance(make_haproxy: MakeHAProxy, nodes: Sequence[Node], **rules: object) -> HAProxy:
    """HAProxy with all of the nodes in service, each since a check that passed."""
    balancer = make_haproxy([(n.public, n.private) for n in nodes], rise=1, **rules)
    balancer.wait_until_up()
    return balancer


def worker_pids(node: Node) -> list[int]:
    """Process ids by the workers' places."""
    return [worker["pid"] for worker in node.health()["workers"]]


@dataclass
class Kill:
    """The end of a worker, or of all of a node: what was held, how soon others answered, the cost.

    ``held`` are connections; each has at most one request in flight.
    """

    at: float
    held: int
    taken_over: float = 0.0
    cost: list[Shot] = field(default_factory=list)

    def explains(self, shot: Shot) -> bool:
        """Whether a request was under way when the worker died."""
        return shot.due <= self.at + SLACK and shot.due + shot.seconds >= self.at


def kill(balancer: HAProxy, node: Node, pids: Sequence[int], victim: int) -> Kill:
    """kill -9 the victim, and say how many connections of the balancer these workers held then."""
    port = int(node.public.rpartition(":")[2])
    before = int(balancer.stats()[node.public]["connect"])
    held = sum(
        connection.laddr.port == port and connection.status == psutil.CONN_ESTABLISHED
        for pid in pids
        for connection in psutil.Process(pid).net_connections("tcp")
    )
    at = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    # Those that were made since they were counted.
    held += int(balancer.stats()[node.public]["connect"]) - before
    return Kill(at, held)


def ask(node: Node) -> float:
    """Seconds until a new connection to a node brought a page."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(node.public, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": HOST})
        answer = connection.getresponse()
        assert answer.read()
        assert answer.status == 200
    finally:
        connection.close()
    return time.monotonic() - began


# ------------------------------------------------------------ promise 7


async def kill_workers(balancer: HAProxy, nodes: Sequence[Node]) -> list[Kill]:
    """Kill a worker a second, of each node in turn, but never the last one that a node has."""
    kills: list[Kill] = []
    began = time.monotonic()
    for number in range(KILLS):
        await asyncio.sleep(max(0.0, began + number - time.monotonic()))
        if time.monotonic() > began + KILLS:
            break
        node = nodes[number % len(nodes)]
        await until(lambda n=node: is_in_service(n))
        pid = (await asyncio.to_thread(worker_pids, node))[number // len(nodes) % 2]
        kills.append(await asyncio.to_thread(kill, balancer, node, [pid], pid))
        kills[-1].taken_over = max([await asyncio.to_thread(ask, node) for _ in range(4)])
    return kills


async def test_a_worker_is_killed_every_second(fleet: Fleet, make_haproxy: MakeHAProxy) -> None:
    """What fails is at most what that worker had in flight; its node goes on with the other."""
    nodes = [await fleet.begin(f"node-{n}") for n in range(2)]
    await fleet.activate()
    # As patient as an ELB (10 s): a node whose worker has just died says so, and is whole again in a
    # second. What is shown is what the node itself does, not how soon a balancer leaves it.
    balancer = await asyncio.to_thread(balance, make_haproxy, nodes, inter_ms=1000, fall=10)
    async with fleet.load(balancer.url) as load:
        await asyncio.sleep(1.0)
        kills = await kill_workers(balancer, nodes)
        for node in nodes:
            await until(lambda n=node: is_in_service(n))
        whole = time.monotonic()
        await asyncio.sleep(1.0)
    failed = [shot for shot in load.shots if shot.failed]
    for shot in failed:
        guilty = next((k for k in kills if k.explains(shot)), None)
        assert guilty, f"no worker died meanwhile: {shot}\n{balancer.log()[-4000:]}"
        guilty.cost.append(shot)
    in_flight = [sum(s.due <= k.at <= s.due + s.seconds for s in load.shots) for k in kills]
    print(
        f"promise 7: {len(kills)} workers killed under load, {len(failed)} requests failed, at most "
        f"{max(len(k.cost) for k in kills)} by one kill; they held {sum(k.held for k in kills)} "
        f"connections, at most {max(k.held for k in kills)}; {sum(in_flight)} requests were under "
        f"way at all workers together; new connections to the same node answered within "
        f"{max(k.taken_over for k in kills):.3f} s; {load.summary()}"
    )
    assert len(kills) >= FEWEST_KILLS
    assert all(len(k.cost) <= k.held for k in kills)
    assert max(k.taken_over for k in kills) < 1.0
    assert not [shot for shot in load.since(whole) if shot.failed]
    assert sum(node.metric("sos_worker_restarts_total") for node in nodes) == len(kills)
    assert set(balancer.states().values()) == {"UP"}


# ------------------------------------------------------------ promise 8


async def leave(node: Node) -> float:
    """SIGTERM; seconds until the node has ended, with exit code 0."""
    began = time.monotonic()
    node.process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(node.process.wait, EXIT_SECONDS + 10)
    assert code == 0, node.log()[-2000:]
    return time.monotonic() - began


@dataclass
class Regulars:
    """Clients that keep a connection, ask every 50 ms, and go elsewhere when told to close it."""

    nodes: Sequence[Node]
    answered: int = 0
    moved: int = 0
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)
    stopped: bool = False

    async def ask_on(self) -> None:
        """One client's life. Each connection is to the next node."""
        for node in itertools.cycle(self.nodes):
            host, _, port = node.public.rpartition(":")
            try:
                reader, writer = await asyncio.open_connection(host, int(port))
                await self._use(reader, writer)
                writer.close()
            except (OSError, EOFError, TimeoutError) as error:
                self.failures.append(f"{node.public}: {type(error).__name__}: {error}")
            if self.stopped:
                return
            self.moved += 1

    async def _use(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self.stopped:
            began = time.monotonic()
            async with asyncio.timeout(5):
                writer.write(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"\r\ncontent-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.answered += 1
            if not head.startswith(b"http/1.1 200 "):
                self.failures.append(head.decode().splitlines()[0])
            if b"\r\nconnection: close\r\n" in head:
                return
            await asyncio.sleep(0.05)


async def test_a_node_leaves(fleet: Fleet, make_haproxy: MakeHAProxy) -> None:
    """0 failed, behind a balancer and without one; it ends within 40 s, with the default drain.

    The balancer notices and sends no more. A client of its own gets an answer that closes its
    connection, and goes elsewhere; no connection is cut off.
    """
    leaving, staying = [await fleet.begin(f"node-{n}", drain_seconds=15) for n in range(2)]
    await fleet.activate()
    # HAProxy's own defaults: it notices within 6 s.
    balancer = await asyncio.to_thread(
        balance, make_haproxy, [leaving, staying], inter_ms=2000, fall=3
    )
    regulars = Regulars([leaving, staying])
    clients = [asyncio.create_task(regulars.ask_on()) for _ in range(8)]
    async with fleet.load(balancer.url) as load:
        await until(lambda: regulars.answered > 100)
        began = time.monotonic()
        ended = asyncio.create_task(leave(leaving))
        await until(lambda: not is_in_service(leaving), 2)
        await asyncio.to_thread(balancer.wait_until, lambda s: s[leaving.public] == "DOWN", 14)
        noticed = time.monotonic() - began
        seconds = await ended
        answered = regulars.answered
        await until(lambda: regulars.answered > answered + 100)
    regulars.stopped = True
    await asyncio.gather(*clients)
    assert_none_failed(load, load.shots, "promise 8, SIGTERM behind HAProxy")
    print(
        f"  without it: {regulars.answered} requests on {len(clients)} kept connections, "
        f"{len(regulars.failures)} failed, {regulars.moved} moved to the other node, slowest "
        f"{regulars.slowest * 1000:.0f} ms\n"
        f"  HAProxy stopped sending after {noticed:.2f} s; the node ended after {seconds:.2f} s"
    )
    assert regulars.failures == []
    assert regulars.moved == len(clients)
    assert regulars.slowest <= 1.0
    assert seconds <= EXIT_SECONDS
    assert balancer.states()[staying.public] == "UP"


async def test_every_node_restarts_in_turn_while_the_release_changes(
    fleet: Fleet, make_haproxy: MakeHAProxy
) -> None:
    """0 failed, every page of one release only, and all nodes end on the new one."""
    nodes = [
        # An address of its own, so that nobody takes a node's port while it is away.
        await fleet.begin(f"node-{n}", listen=f"127.0.0.1{n}:0", workers=1, drain_seconds=2)
        for n in range(3)
    ]
    old = await fleet.activate()
    balancer = await asyncio.to_thread(balance, make_haproxy, nodes, inter_ms=200, fall=2)
    new = await fleet.releaser.publish()

    def inspect(shot: Shot, body: str) -> str:
        name = fleet.releaser.names.get(shot.release or "")
        wanted = [] if shot.path.endswith("/feed/") else [name] * 3
        return "" if marks(body) == wanted else f"{shot.release} made a page of {marks(body)}"

    took = []
    async with fleet.load(balancer.url, inspect=inspect) as load:
        for number, node in enumerate(nodes):
            began = time.monotonic()
            leaving = asyncio.create_task(leave(node))
            if number == 1:
                await fleet.releaser.point(new)
            await leaving
            addresses: dict[str, object] = {"listen": node.public, "health_listen": node.private}
            await fleet.begin(f"node-{number}", wait=True, workers=1, drain_seconds=2, **addresses)
            await asyncio.to_thread(balancer.wait_until_up)
            took.append(time.monotonic() - began)
        await fleet.converge(new)
        since = time.monotonic() + 0.1
        await asyncio.sleep(1.0)
    assert_none_failed(load, load.shots, "promise 8, three nodes restarted in turn, a release flip")
    print(f"  each was away and back within {max(took):.2f} s")
    assert {shot.release for shot in load.shots if shot.status == 200} == {old, new}
    assert {shot.release for shot in load.since(since)} == {new}
    assert all(serves(node, new) for node in fleet.nodes)
    assert sum(node.process.poll() is None for node in fleet.nodes) == len(nodes)


# ------------------------------------------------------------ a whole node at once


async def test_a_whole_node_is_killed(fleet: Fleet, make_haproxy: MakeHAProxy) -> None:
    """Costs at most what it had in flight when the balancer connects elsewhere; and the node comes
    back with the release that it had, though it can't be fetched any more."""
    lost, other = [await fleet.begin(f"node-{n}") for n in range(2)]
    release = await fleet.activate()
    balancer = await asyncio.to_thread(
        balance, make_haproxy, [lost, other], inter_ms=500, fall=3, retries=3, redispatch=True
    )
    await until(lambda: "snapshot_taken" in lost.log(), 60)
    async with fleet.load(balancer.url) as load:
        await asyncio.sleep(1.0)
        pids = await asyncio.to_thread(worker_pids, lost)
        end = await asyncio.to_thread(kill, balancer, lost, pids, lost.process.pid)
        await asyncio.to_thread(lost.process.wait)
        await asyncio.to_thread(balancer.wait_until, lambda s: s[lost.public] == "DOWN")
        noticed = time.monotonic() - end.at
        await asyncio.sleep(1.0)
    failed = [shot for shot in load.shots if shot.failed]
    broken = [shot for shot in failed if shot.error or shot.status >= 500]
    print(
        f"a whole node killed behind HAProxy with redispatch: {len(broken)} requests broke, its "
        f"workers held {end.held} connections; {len(failed) - len(broken)} were late, HAProxy may wait "
        f"1 s before it tries again; its check noticed after {noticed:.2f} s; {load.summary()}"
    )
    assert len(broken) <= end.held
    assert all(end.explains(shot) for shot in broken)
    assert all(end.at - 1 <= shot.due <= end.at + noticed + SLACK for shot in failed)
    assert not any(psutil.pid_exists(pid) for pid in pids)

    fleet.s3_faults.set("down")
    began = time.monotonic()
    again = await fleet.begin("node-0")
    seconds = time.monotonic() - began
    assert again.health()["release"] == release
    assert again.verdict() == (200, "current")
    assert ask(again) < 1.0
    print(f"  started again without S3: in service after {seconds:.2f} s, with the release it had")
