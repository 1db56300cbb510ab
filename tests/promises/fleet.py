"""A whole tier for the promise tests: Valkey, Consul, S3, nodes; every part a real process.

Nodes are on ports of their own on the loopback; S3 is reached through a proxy that can break it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.promises.filling import HOST, fill
from tests.servers.consul import ConsulProcess
from tests.servers.content import build_site
from tests.servers.load import Load, Shot
from tests.servers.node import Node, start_node
from tests.servers.releases import Releaser, open_releaser
from tests.servers.s3 import S3
from tests.servers.s3_faults import S3Faults
from tests.servers.valkey_process import ValkeyProcess

PATHS = ["/", *(f"/post-{n}/" for n in range(140, 150)), "/category/topic-1/", "/page/2/", "/feed/"]
PREFIX = "sos"


@dataclass
class Fleet:
    """The parts; `begin` starts nodes, which end with the fleet."""

    folder: Path
    valkey: ValkeyProcess
    s3: S3
    s3_faults: S3Faults
    releaser: Releaser
    environ: Mapping[str, str]
    nodes: list[Node] = field(default_factory=list)
    public_key: str = ""
    """What nodes believe; unset, they believe everybody."""

    async def begin(self, name: str, *, wait: bool = True, **settings: object) -> Node:
        """Start a node with its state in a folder of this name, and wait until it is in service."""
        given = {
            "bucket": self.s3.bucket_url,
            "pointer": f"consul:{PREFIX}",
            "node": name,
            **settings,
        }
        node = await asyncio.to_thread(
            start_node,
            self.folder / name,
            self.valkey.url,
            wait=False,
            environ=self.environ,
            **given,
        )
        self.nodes.append(node)
        if wait:
            await asyncio.to_thread(node.wait_in_service)
        return node

    async def activate(self, release: str | None = None) -> str:
        """Publish (unless it is) and activate a release, and wait until every node serves it."""
        release = release or await self.releaser.publish()
        await self.releaser.point(release)
        await self.converge(release)
        return release

    async def converge(self, release: str, seconds: float = 30.0) -> float:
        """Seconds until every worker of every node serves a release."""
        return await until(lambda: all(serves(n, release) for n in self.nodes), seconds)

    def load(self, base: str = "", **options: object) -> Load:
        """500 requests a second on ``base``, by default the first node."""
        base = base or f"http://{self.nodes[0].public}"
        return Load(base, HOST, PATHS, **options)  # type: ignore[arg-type]


def serves(node: Node, release: str) -> bool:
    """Whether every worker of a node that runs serves a release."""
    if node.process.poll() is not None:
        return True
    with contextlib.suppress(OSError):
        return node.fetch_private(f"/health?templateRelease={release}")[0] == 200
    return False


def is_in_service(node: Node) -> bool:
    """Whether ``/health-elb`` of a node says 200; False while it does not answer."""
    try:
        return node.verdict()[0] == 200
    except OSError:
        return False


async def until(condition: Callable[[], object], seconds: float = 15.0) -> float:
    """Seconds until the condition held."""
    started = time.monotonic()
    while not await asyncio.to_thread(condition):
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        await asyncio.sleep(0.01)
    return time.monotonic() - started


@contextlib.asynccontextmanager
async def running_fleet(
    folder: Path, s3: S3, consul: ConsulProcess, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Fleet]:
    """A fleet without nodes, content filled in; everything of it ends with this."""
    valkey = ValkeyProcess(folder / "valkey").start()
    own = {"CONSUL_HTTP_ADDR": consul.address, **(environ or {})}
    # Another process must not inherit what the shell of the developer says.
    aws_of_shell = [name for name in os.environ if name.startswith(("AWS_", "CONSUL_"))]
    with contextlib.ExitStack() as stack:
        stack.callback(valkey.stop)
        faults = stack.enter_context(S3Faults(s3.url))
        kept = {name: os.environ.pop(name) for name in aws_of_shell}
        stack.callback(os.environ.update, kept)
        await fill(valkey.url, build_site(posts=149, ids_from=1))
        async with open_releaser(
            bucket=s3.bucket_url, pointer=f"consul:{PREFIX}", environ={**own, **s3.environ}
        ) as releaser:
            fleet = Fleet(folder, valkey, s3, faults, releaser, {**own, **faults.environ})
            try:
                yield fleet
            finally:
                for node in fleet.nodes:
                    await asyncio.to_thread(node.stop)


def assert_none_failed(load: Load, shots: Iterable[Shot], what: str) -> None:
    """Print the figure of a promise, and hold it to it."""
    shots = list(shots)
    failed = [shot for shot in shots if shot.failed]
    print(f"{what}: {load.summary(shots)}")
    assert shots, "no requests were made"
    assert not failed, failed[:3]
