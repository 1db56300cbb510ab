"""Promise 3: Consul is killed, hung, leaderless or denies; nobody notices, and fresh nodes start.

Real parts: Consul agents, S3, Valkey, nodes; 500 requests a second. Each test prints its figure.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.promises.fleet import (
    Fleet,
    assert_none_failed,
    is_in_service,
    running_fleet,
    until,
)
from tests.servers.consul import ConsulCluster, ConsulProcess
from tests.servers.s3 import S3

pytestmark = [pytest.mark.promise, pytest.mark.timeout(240)]

OUTAGE = 12.0
FRESH_SECONDS = 60.0


@pytest.fixture
async def fleet(tmp_path: Path, s3: S3, consul: ConsulProcess) -> AsyncIterator[Fleet]:
    async with running_fleet(tmp_path, s3, consul) as fleet:
        yield fleet


async def endure(fleet: Fleet, break_it: Callable[[], object], what: str) -> None:
    """Load on a node while the pointer is broken; two fresh nodes start meanwhile.

    One of them has the state of a node that ran before, the other has nothing.
    """
    release = await fleet.activate()
    before = await fleet.begin("before", workers=1)
    await fleet.converge(release)
    await asyncio.to_thread(before.stop)
    node = fleet.nodes[0]
    async with fleet.load() as load:
        await asyncio.sleep(1.0)
        await asyncio.to_thread(break_it)
        broken = time.monotonic()
        words = set()
        in_service = {}
        for name in ("before", "empty"):
            fresh = await fleet.begin(name, wait=False, workers=1)
            in_service[name] = await until(lambda f=fresh: is_in_service(f), FRESH_SECONDS)
            # Not the theme that comes with sos: what the fleet serves.
            assert fresh.health()["release"] == release, name
        while time.monotonic() < broken + OUTAGE or not words:
            status, word = await asyncio.to_thread(node.verdict)
            assert status == 200
            words.add(word)
            await asyncio.sleep(0.2)
    figures = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in in_service.items())
    assert_none_failed(load, load.shots, f"promise 3, Consul {what}")
    print(
        f"  health 200 throughout ({', '.join(sorted(words))}); fresh nodes in service: {figures}"
    )


async def recover(fleet: Fleet) -> None:
    """A release that is activated afterwards reaches every node."""
    release = await fleet.releaser.publish()
    started = time.monotonic()
    while True:
        try:
            await fleet.releaser.point(release)
            break
        except Exception:
            assert time.monotonic() < started + 30
            await asyncio.sleep(0.2)
    seconds = await fleet.converge(release, 90)
    print(f"  followed again after {seconds:.2f} s")


async def test_consul_is_killed(fleet: Fleet, consul: ConsulProcess) -> None:
    """0 failed, health stays 200, fresh nodes are in service within a minute."""
    await fleet.begin("node", workers=1)
    await endure(fleet, consul.kill, "killed")
    assert fleet.nodes[0].verdict() == (200, "unverified")
    assert fleet.nodes[0].metric("sos_consul_errors_total") >= 1
    await asyncio.to_thread(consul.restart)
    await recover(fleet)


async def test_consul_hangs(fleet: Fleet, consul: ConsulProcess) -> None:
    """An agent that takes connections and says nothing."""
    await fleet.begin("node", workers=1)
    await endure(fleet, consul.pause, "hung")
    await asyncio.to_thread(consul.resume)
    await recover(fleet)


async def test_consul_has_no_leader(tmp_path: Path, s3: S3, consul_cluster: ConsulCluster) -> None:
    """Two of three servers are gone."""
    leader = consul_cluster.find_leader()
    follower = next(server for server in consul_cluster.servers if server is not leader)
    other = next(s for s in consul_cluster.servers if s not in (leader, follower))

    def lose() -> None:
        leader.kill()
        other.kill()
        follower.wait_until(follower.is_leaderless, "the leader is missed")

    async with running_fleet(tmp_path, s3, follower) as fleet:
        await fleet.begin("node", workers=1)
        await endure(fleet, lose, "leaderless")
        assert fleet.nodes[0].verdict() == (200, "unverified")
        await asyncio.to_thread(consul_cluster.restore)
        await recover(fleet)


async def test_consul_denies(tmp_path: Path, s3: S3) -> None:
    """The nodes' token was revoked."""
    consul = ConsulProcess(tmp_path / "consul", acl=True).start()
    try:
        rules = 'key_prefix "sos/" { policy = "read" }'
        token = await asyncio.to_thread(consul.create_token, rules)
        writer = await asyncio.to_thread(
            consul.create_token, 'key_prefix "sos/" { policy = "write" }'
        )
        async with running_fleet(tmp_path, s3, consul, {"CONSUL_HTTP_TOKEN": writer}) as fleet:
            fleet.environ = {**fleet.environ, "CONSUL_HTTP_TOKEN": token}
            node = await fleet.begin("node", workers=1)
            await endure(fleet, lambda: consul.delete_token(token), "denies")
            # A query that waits was allowed when it began: who starts now is denied at once.
            assert fleet.nodes[-1].verdict() == (200, "unverified")
            assert node.verdict()[0] == 200
            assert all(token not in n.log() for n in fleet.nodes)
    finally:
        await asyncio.to_thread(consul.stop)
