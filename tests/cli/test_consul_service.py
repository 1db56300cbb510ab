"""A node in Consul's catalogue: other tools find it there, and see its health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sos.adapters.consul import ConsulAgent, Service

from tests.promises.fleet import Fleet, running_fleet
from tests.servers.consul import ConsulProcess
from tests.servers.s3 import S3


@pytest.fixture
async def fleet(tmp_path: Path, s3: S3, consul: ConsulProcess) -> AsyncIterator[Fleet]:
    async with running_fleet(tmp_path, s3, consul) as fleet:
        yield fleet


async def test_a_node_is_a_service_for_as_long_as_it_runs(
    fleet: Fleet, consul: ConsulProcess
) -> None:
    """With ``/health-elb`` as its check; a node that ends takes its entry with it."""
    agent = ConsulAgent.from_environment({"CONSUL_HTTP_ADDR": consul.address})

    async def wait_for(status: str | None) -> Service | None:
        for _ in range(1500):
            services = await agent.fetch_services()
            if [s.status for s in services] == ([status] if status else []):
                return services[0] if services else None
            await asyncio.sleep(0.02)
        raise AssertionError(f"never {status}: {services}")

    try:
        node = await fleet.begin("node-1")
        service = await wait_for("passing")
        assert service is not None
        assert (service.id, service.name) == ("sos-node-1", "sos")
        assert f"{service.address}:{service.port}" == node.public
        await asyncio.to_thread(node.stop)
        await wait_for(None)
    finally:
        await agent.aclose()
