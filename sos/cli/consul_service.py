"""A node's entry in Consul's catalogue, so that other tools find it and see its health.

In: a running supervisor. Out: a service ``sos`` with ``/health-elb`` as its check, registered again
when an agent has lost it, and deregistered when the node ends. Nothing in sos relies on it.
"""

import asyncio
import contextlib

import structlog

from sos.adapters.consul import ConsulAgent, Service
from sos.errors import KeyStoreError
from sos.rollout.steps import Terms
from sos.settings import parse_address

CHECK_SECONDS = 30.0
"""How often the agent is asked whether it still knows the node."""

LEAVE_SECONDS = 1.0

log = structlog.get_logger()


async def keep_registered(terms: Terms) -> None:
    """Keep this node registered until cancelled; an agent that is away is asked again."""
    agent = ConsulAgent.from_environment()
    host, port = parse_address(terms.public, "listen")
    known_host, _ = parse_address(terms.private, "advertise")
    address = known_host if host in ("0.0.0.0", "::") else host  # noqa: S104 - nobody can call that
    service = Service(id=f"sos-{terms.node}", address=address, port=port)
    trouble, told = "", False
    try:
        while True:
            try:
                # Once in any case: the entry of a node that ran before may have another address.
                if not told or not await agent.is_registered(service.id):
                    await agent.register_service(service, f"http://{terms.private}/health-elb")
                    log.info("service_registered", service=service.id)
                    told = True
                trouble = ""
            except KeyStoreError as exc:
                if str(exc) != trouble:
                    log.warning("service_not_registered", reason=str(exc))
                trouble = str(exc)
            await asyncio.sleep(CHECK_SECONDS if not trouble else 5.0)
    finally:
        with contextlib.suppress(KeyStoreError, TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await agent.deregister_service(service.id)
        await agent.aclose()
