"""Promises 4 and 5: S3 is broken in one way or another; everything is down and a fresh node boots."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import aiohttp
import pytest

from tests.promises.filling import HOST
from tests.promises.fleet import (
    Fleet,
    assert_none_failed,
    is_in_service,
    running_fleet,
    until,
)
from tests.servers.consul import ConsulProcess
from tests.servers.s3 import S3
from tests.servers.s3_faults import Mode

pytestmark = [pytest.mark.promise, pytest.mark.timeout(240)]

OUTAGE = 6.0
BROKEN: tuple[Mode, ...] = ("down", "black_hole", "stalled", "truncated", "corrupt", "trickle")


@pytest.fixture
async def fleet(tmp_path: Path, s3: S3, consul: ConsulProcess) -> AsyncIterator[Fleet]:
    async with running_fleet(tmp_path, s3, consul) as fleet:
        yield fleet


async def test_s3_is_broken_in_every_way(fleet: Fleet) -> None:
    """No swap and 0 failed while it lasts; the release arrives once S3 is well."""
    assert set(BROKEN) <= set(get_args(Mode))
    node = await fleet.begin("node", workers=1)
    live = await fleet.activate()
    async with fleet.load() as load:
        for mode in BROKEN:
            began = time.monotonic()
            release = await fleet.releaser.publish()
            fleet.s3_faults.set(mode)
            await fleet.releaser.point(release)
            await asyncio.sleep(OUTAGE)
            status, word = await asyncio.to_thread(node.verdict)
            health = await asyncio.to_thread(node.health)
            assert health["release"] == live, mode
            assert (status, word) in ((200, "switching"), (200, "refused")), mode
            during = load.since(began)
            assert {shot.release for shot in during if shot.release} == {live}
            fleet.s3_faults.set("pass")
            seconds = await fleet.converge(release, 60)
            assert_none_failed(load, during, f"promise 4, S3 {mode}")
            print(f"  health {word}; the release is live {seconds:.2f} s after S3 is well")
            live = release
    assert_none_failed(load, load.shots, "promise 4, all of it")


async def test_everything_is_down_and_a_fresh_node_boots(
    fleet: Fleet, consul: ConsulProcess
) -> None:
    """It serves from its own disk what it had, and says how old it is."""
    node = await fleet.begin("node", workers=1)
    release = await fleet.activate()
    await until(lambda: "snapshot_taken" in node.log(), 60)
    await asyncio.to_thread(node.stop)
    fleet.valkey.kill()
    await asyncio.to_thread(consul.kill)
    fleet.s3_faults.set("down")
    began = time.monotonic()
    fresh = await fleet.begin("node", wait=False, workers=1)
    await until(lambda: is_in_service(fresh), 60)
    seconds = time.monotonic() - began
    async with fleet.load(f"http://{fresh.public}") as load:
        await asyncio.sleep(5.0)
    assert_none_failed(load, load.shots, "promise 5, Redis, Consul and S3 down, a fresh node")
    assert {shot.release for shot in load.shots if shot.status == 200} == {release}
    assert {shot.status for shot in load.shots} == {200}
    ages = [int(shot.stale or -1) for shot in load.shots]
    assert min(ages) >= 0
    print(f"  in service after {seconds:.2f} s; pages say that they are {max(ages)} s old")
    assert fresh.verdict() == (200, "unverified")
    details = fresh.health()["workers"][0]["details"]
    assert details["snapshot_age_seconds"] >= 0
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{fresh.public}/never-was/", headers={"Host": HOST}) as answer,
    ):
        assert answer.status == 503  # what a snapshot does not have may still be there
