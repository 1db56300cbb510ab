"""Promises 6 and 13: releases, good and broken, one after the other under load; and the way back.

Real parts: two nodes behind HAProxy with ``/health-elb`` as its check, Consul, S3, Valkey; 500
requests a second. Each test prints its figures.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sos.release.signature import generate_keys

from tests.promises.fleet import PATHS, Fleet, assert_none_failed, running_fleet, serves, until
from tests.release.hostile_bundles import HOSTILE, UNSIGNABLE
from tests.rollout.broken_releases import BROKEN, fails_on_post
from tests.servers.consul import ConsulProcess
from tests.servers.haproxy import HAProxy
from tests.servers.load import Load, Shot
from tests.servers.node import Node
from tests.servers.releases import mark, marks, theme
from tests.servers.s3 import S3

pytestmark = [pytest.mark.promise, pytest.mark.timeout(900)]

ACTIVATIONS = 100
TEMPLATES = (
    "syntax_error", "undefined_name", "undefined_field", "missing_include", "include_cycle",
    "extends_itself", "missing_index", "missing_asset", "escaping_off", "not_utf8", "empty_output",
    "output_without_end", "output_of_10_mb", "gigabyte_of_output", "memory_bomb", "endless_loop",
    "slow_page", "field_of_a_bare_post", "wrong_type", "unavailable_is_cut", "class_of_a_tuple",
)  # fmt: skip
"""Those of the catalogue that a release of this test is broken with; the rest the trial's own
tests have."""

LIVE_PAGE = "post-140"


@pytest.fixture
async def fleet(tmp_path: Path, s3: S3, consul: ConsulProcess) -> AsyncIterator[Fleet]:
    async with running_fleet(tmp_path, s3, consul) as fleet:
        fleet.releaser.private_key, fleet.public_key = generate_keys()
        yield fleet


async def begin_nodes(fleet: Fleet, count: int) -> list[Node]:
    """Nodes with a snapshot, serving a first release."""
    nodes = [
        await fleet.begin(f"node-{n}", workers=1, release_public_key=fleet.public_key)
        for n in range(count)
    ]
    await fleet.activate()
    for node in nodes:
        await until(lambda n=node: "snapshot_taken" in n.log(), 60)
    return nodes


class Judge:
    """Says whether a page is of one release only, and of one that is good."""

    def __init__(self, fleet: Fleet) -> None:
        self.names = fleet.releaser.names
        self.broken: set[str] = set()
        self.served: Counter[str] = Counter()

    def inspect(self, shot: Shot, body: str) -> str:
        release = shot.release or ""
        self.served[release] += 1
        if release in self.broken:
            return f"served by the broken release {release}"
        wanted = [] if shot.path.endswith("/feed/") else [self.names[release]] * 3
        return "" if marks(body) == wanted else f"{release} made a page of {marks(body)}"


async def test_a_hundred_releases_good_and_broken(
    fleet: Fleet, make_haproxy: Callable[..., HAProxy]
) -> None:
    """0 failed, every response from exactly one release, 0 broken ones served."""
    nodes = await begin_nodes(fleet, 2)
    balancer = make_haproxy([(n.public, n.private) for n in nodes])
    await asyncio.to_thread(balancer.wait_until_up)
    went_down = balancer.log().count("is DOWN")
    judge = Judge(fleet)
    live = (await fleet.releaser.pointer.fetch()).release or ""
    broken_ways = [*TEMPLATES, "fails_on_a_live_page", *HOSTILE][: ACTIVATIONS // 2]
    seconds: list[float] = []
    refusals: Counter[str] = Counter()
    load = Load(balancer.url, "www.example.org", PATHS, inspect=judge.inspect)
    async with load:
        for number in range(ACTIVATIONS):
            way = broken_ways[number // 2] if number % 2 and number // 2 < len(broken_ways) else ""
            if not way:
                release = await fleet.releaser.publish()
                seconds.append(await activate(fleet, release))
                live = release
                continue
            release = await publish_broken(fleet, way)
            judge.broken.add(release)
            await fleet.releaser.point(release)
            for node in nodes:
                await until(lambda n=node, r=release: is_refused(n, r), 45)
                reason = (await asyncio.to_thread(node.health))["rollout"]["refused"][release]
                refusals[way] += 1
                assert reason
                assert serves(node, live), way
            if number % 10 == 9:
                await fleet.releaser.point(live, "rollback")
        states = balancer.states()
    print(
        f"promise 6: {ACTIVATIONS} activations, {len(refusals)} of them broken in as many ways; "
        f"to every worker of both nodes: median {statistics.median(seconds):.2f} s, "
        f"longest {max(seconds):.2f} s; served by {len(judge.served)} releases"
    )
    assert_none_failed(load, load.shots, "promise 6")
    assert set(states.values()) == {"UP"}
    assert len(refusals) >= 40
    assert all(refusals[way] == len(nodes) for way in refusals)
    assert balancer.log().count("is DOWN") == went_down


async def test_a_release_that_fails_on_pages_nobody_tried_is_sent_back(fleet: Fleet) -> None:
    """The release before renders what it can't, and takes over for good; 0 failed."""
    (node,) = await begin_nodes(fleet, 1)
    live = (await fleet.releaser.pointer.fetch()).release or ""
    change = fails_on_post("post-5")
    rare = await fleet.releaser.publish(mark(change(theme()), "rare"), "rare")
    judge = Judge(fleet)
    load = Load(f"http://{node.public}", "www.example.org", ["/", "/post-5/", "/post-140/"])
    load.inspect = judge.inspect
    async with load:
        await fleet.releaser.point(rare)
        back = await until(lambda: is_refused(node, rare), 30)
        await fleet.converge(live)
        began = time.monotonic()
        await asyncio.sleep(1.0)
    assert_none_failed(load, load.shots, f"sent back after {back:.2f} s")
    assert {shot.release for shot in load.since(began + 0.5) if shot.release} == {live}
    assert node.verdict() == (200, "refused")


async def test_a_rollback_reaches_every_worker_of_every_node_within_a_second(
    fleet: Fleet, make_haproxy: Callable[..., HAProxy]
) -> None:
    """Promise 13, and the release flip before it: pointer change to the last old response."""
    nodes = await begin_nodes(fleet, 3)
    first = (await fleet.releaser.pointer.fetch()).release or ""
    balancer = make_haproxy([(n.public, n.private) for n in nodes])
    await asyncio.to_thread(balancer.wait_until_up)
    load = fleet.load(balancer.url)
    flips, rollbacks = [], []
    async with load:
        for _ in range(5):
            release = await fleet.releaser.publish()
            flips.append(await activate(fleet, release))
            rollbacks.append(await activate(fleet, first, "rollback"))
            began = time.monotonic()
            await asyncio.sleep(0.5)
            assert {s.release for s in load.since(began + 0.1) if s.release} == {first}
    print(
        f"promise 13: rollback on 3 nodes, median {statistics.median(rollbacks):.3f} s, "
        f"longest {max(rollbacks):.3f} s; flip to a release that was never there: "
        f"median {statistics.median(flips):.3f} s, longest {max(flips):.3f} s"
    )
    assert_none_failed(load, load.shots, "promise 13")
    assert max(rollbacks) <= 1.0


async def activate(fleet: Fleet, release: str, kind: str = "activate") -> float:
    """Seconds from the change of the pointer until every worker of every node serves a release."""
    started = await fleet.releaser.point(release, kind)
    await fleet.converge(release)
    return time.monotonic() - started


async def publish_broken(fleet: Fleet, way: str) -> str:
    """The id of a published release that is broken in this way."""
    files = mark(theme(), f"broken {way}")
    if way in HOSTILE:
        bundle, seal = HOSTILE[way](files)
        if way not in {"bad signature", *UNSIGNABLE}:
            seal = fleet.releaser.sign(seal)
        return await fleet.releaser.publish_bytes(bundle, seal)
    change = fails_on_post(LIVE_PAGE) if way not in BROKEN else BROKEN[way]
    return await fleet.releaser.publish(change(files), f"broken {way}")


def is_refused(node: Node, release: str) -> bool:
    """Whether a node says that it will not use a release."""
    return release in node.health()["rollout"]["refused"]
