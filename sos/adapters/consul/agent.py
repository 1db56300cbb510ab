"""This node as a service in Consul, so that other tools find it, with its health as the check.

In: where the node is. Out: a registration with the local agent, which asks the check itself. What
the fleet looks like to `sos` is not here: see `rollout.ports.FleetRegister`.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec

from sos.adapters.consul.connection import ConsulConnection
from sos.adapters.consul.environment import ConsulAddress, parse_environment

if TYPE_CHECKING:
    from sos.adapters.consul.driver import Driver

SERVICE = "sos"

Status = Literal["passing", "warning", "critical"]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of a service; ``status`` is the worst of its checks and its machine's."""

    id: str
    name: str = SERVICE
    address: str
    port: int
    tags: tuple[str, ...] = ()
    status: Status = "critical"


class _Instance(msgspec.Struct):
    ID: str
    Service: str
    Address: str = ""
    Port: int = 0
    Tags: list[str] | None = None


class _Check(msgspec.Struct):
    Status: str = "critical"


class _Node(msgspec.Struct):
    Address: str = ""


class _Row(msgspec.Struct):
    """One element of ``/v1/health/service/NAME``."""

    Node: _Node
    Service: _Instance
    Checks: list[_Check]


class ConsulAgent:
    """The register of services. Every method raises KeyStoreDeniedError and KeyStoreError."""

    def __init__(self, address: ConsulAddress, *, timeout: float = 5.0) -> None:
        self._connection = ConsulConnection(address, timeout)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The agent of CONSUL_HTTP_ADDR and its relatives. Raises SettingsError."""
        return cls(parse_environment(os.environ if environ is None else environ))

    async def register_service(
        self,
        service: Service,
        check_url: str,
        *,
        interval: float = 5.0,
        patience: float = 2.0,
        deregister_after: float = 86_400.0,
    ) -> None:
        """Register, or change what is registered under the same id.

        The agent asks ``check_url`` every ``interval`` seconds, for ``patience`` seconds; anything
        but 2xx is critical, 429 is a warning. After ``deregister_after`` seconds of that (at least
        60, says Consul) it forgets the service. An agent that lost its data has forgotten it too:
        ask `is_registered` from time to time.
        """

        async def question(driver: "Driver") -> None:
            from consul import Check

            check = Check.http(
                check_url,
                f"{round(interval * 1000)}ms",
                timeout=f"{round(patience * 1000)}ms",
                deregister=f"{round(deregister_after)}s",
            )
            await driver.agent.service.register(
                service.name,
                service_id=service.id,
                address=service.address,
                port=service.port,
                tags=list(service.tags),
                check=check,
                replace_existing_checks=True,
            )

        await self._connection.ask(question)

    async def deregister_service(self, service_id: str) -> None:
        """Forget a service; one that is not registered is no error."""
        await self._connection.ask(lambda driver: driver.agent.service.deregister(service_id))

    async def is_registered(self, service_id: str) -> bool:
        """Whether the local agent knows this service."""
        found = await self._connection.ask(
            lambda driver: driver.agent.service_definition(service_id)
        )
        return found is not None

    async def fetch_services(self, name: str = SERVICE) -> tuple[Service, ...]:
        """All instances of a service in the datacenter, by id; none where the token sees none."""

        async def question(driver: "Driver") -> tuple[Service, ...]:
            _, rows = await driver.health.service(name)
            return _parse_services(rows)

        return await self._connection.ask(question)

    async def aclose(self) -> None:
        """Give back connections. What is registered stays so."""
        await self._connection.aclose()


def _parse_services(rows: list[dict[str, Any]] | None) -> tuple[Service, ...]:
    found = (
        Service(
            id=row.Service.ID,
            name=row.Service.Service,
            address=row.Service.Address or row.Node.Address,
            port=row.Service.Port,
            tags=tuple(row.Service.Tags or ()),
            status=_decide_status({check.Status for check in row.Checks}),
        )
        for row in msgspec.convert(rows or [], list[_Row])
    )
    return tuple(sorted(found, key=lambda service: service.id))


def _decide_status(statuses: set[str]) -> Status:
    if statuses <= {"passing"}:
        return "passing"
    return "warning" if statuses <= {"passing", "warning"} else "critical"
