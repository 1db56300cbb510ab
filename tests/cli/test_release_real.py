"""``sos release`` with Consul, S3, Valkey and a node, all of them real."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio
from sos.release.folder import find_templates

from tests.cli.release_shell import Ended, ReleaseShell
from tests.promises.fleet import running_fleet
from tests.servers.consul import ConsulProcess
from tests.servers.node import SITE, Node
from tests.servers.s3 import S3
from tests.servers.valkey_process import ValkeyProcess


@dataclass
class Tier:
    """A node that is in service, and a shell with its settings."""

    shell: ReleaseShell
    node: Node
    valkey: ValkeyProcess

    def served(self) -> str:
        """What all workers serve; nothing while they differ."""
        served = {w["release"] for w in self.node.health()["workers"]}
        return str(served.pop()) if len(served) == 1 else ""

    async def publish(self, name: str, text: str = "") -> str:
        """The theme with a change, published by command."""
        folder = self.shell.folder / name
        shutil.copytree(find_templates(), folder)
        path = folder / "single.html"
        path.write_text(path.read_text() + f"{{# {name} #}}{text}")
        ended = await self.shell.run("publish", name, "--no-check", "--note", name)
        assert ended.code == 0, ended.err
        return ended.id


@pytest_asyncio.fixture
async def tier(tmp_path: Path, s3: S3, consul: ConsulProcess) -> AsyncIterator[Tier]:
    async with running_fleet(tmp_path, s3, consul) as fleet:
        node = await fleet.begin("web-1")
        shell = ReleaseShell(tmp_path / "shell", fleet.valkey.url)
        shell.environment |= {
            "SOS_SITE": SITE,
            "SOS_BUCKET": s3.bucket_url,
            "SOS_POINTER": "consul:sos",
            **fleet.environ,
        }
        yield Tier(shell, node, fleet.valkey)
        await shell.aclose()


async def test_release_lives_from_a_folder_to_the_node_and_back(
    tier: Tier, consul: ConsulProcess
) -> None:
    """Published in S3, pointed to in Consul, served by every worker; refused, and gone back from."""
    run = tier.shell.run
    first, second = await tier.publish("one"), await tier.publish("two")
    live = await run("activate", first, "--why", "first", "--json")
    assert live.code == 0, live.err
    assert live.json["result"] == "live"
    assert tier.served() == first
    assert consul.fetch("sos/templateRelease") == first.encode()
    again = await run("publish", first)
    assert again.code == 0
    assert "nothing was changed" in again.err
    assert (await run("activate", second, "--no-check")).code == 0
    assert tier.served() == second
    broken = await tier.publish("three", "{{ page.titel }}")
    refused = await run("activate", broken, "--no-check", "--json")
    assert refused.code == 1, refused.err
    assert (refused.json["result"], refused.json["live"]) == ("reverted", second)
    assert "PageModel has no field 'titel'" in refused.json["reason"]
    assert tier.served() == second
    back = await run("rollback", "--force")
    assert back.code == 0, back.err
    assert tier.served() == first
    listed = (await run("list", "--json")).json
    assert [r["place"] for r in listed["releases"] if r["id"] == first] == ["live"]
    kinds = [a["kind"] for a in listed["history"]]
    assert kinds == ["rollback", "revert", "activate", "activate", "activate"]


async def test_rollback_works_when_s3_and_redis_are_down(
    tier: Tier, s3: S3, consul: ConsulProcess
) -> None:
    """Consul is all that it takes: every worker is back within a second of the change."""
    first, second = await tier.publish("one"), await tier.publish("two")
    for name in (first, second):
        assert (await tier.shell.run("activate", name, "--no-check")).code == 0
    s3.pause()
    assert tier.valkey.process
    os.kill(tier.valkey.process.pid, signal.SIGSTOP)
    try:
        command = asyncio.create_task(tier.shell.run("rollback"))
        while consul.fetch("sos/templateRelease") != first.encode():
            assert not command.done(), command.result().err
            await asyncio.sleep(0.005)
        changed = time.monotonic()
        while tier.served() != first:
            assert time.monotonic() - changed < 5
            await asyncio.sleep(0.005)
        print(f"every worker was back {time.monotonic() - changed:.3f} s after the change")
        ended: Ended = await command
    finally:
        os.kill(tier.valkey.process.pid, signal.SIGCONT)
        s3.resume()
    assert ended.code == 0, ended.err
    assert "the pointer is set; the fleet can't be seen" in ended.err


async def test_two_terminals_at_once_with_consul(tier: Tier, consul: ConsulProcess) -> None:
    """One compare-and-set wins; the other command ends with 1 and names the winner."""
    names = [await tier.publish("one"), await tier.publish("two")]
    ended = await asyncio.gather(
        *(
            tier.shell.run("activate", name, "--no-check", "--by", by)
            for name, by in zip(names, ("ann", "bob"), strict=True)
        )
    )
    live = consul.fetch("sos/templateRelease")
    assert sorted(e.code for e in ended) == [0, 1], [e.err for e in ended]
    loser = next(e for e in ended if e.code == 1)
    assert live
    assert live.decode() in loser.err


async def test_token_that_may_not_write_is_told(tier: Tier, tmp_path: Path) -> None:
    """69, with Consul's word; nothing has changed."""
    name = await tier.publish("one")
    denied = ConsulProcess(tmp_path / "acl", acl=True)
    try:
        denied.start()
        token = denied.create_token('key_prefix "sos/" { policy = "read" }')
        environment = {"CONSUL_HTTP_ADDR": denied.address, "CONSUL_HTTP_TOKEN": token}
        ended = await tier.shell.run("activate", name, "--no-check", **environment)
        assert denied.fetch("sos/templateRelease") is None
    finally:
        denied.kill()
    assert ended.code == 69, ended.err
    assert "denie" in ended.err
    assert token not in ended.err
