"""The seam between a worker process and what it serves.

In: a `WorkerContext`, made once per worker. Out: a `WorkerService`. It holds no
behaviour, and who implements it never sees the supervisor.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sos.metrics import Metrics
from sos.rollout.offers import Offer
from sos.rollout.shelf import ReleaseFile
from sos.settings import Settings
from sos.web.channel import ServiceStatus

if TYPE_CHECKING:  # the supervisor names a service long before it needs a web server
    from aiohttp import web

DEFAULT_FACTORY = "sos.web.app:create_service"
"""Where a worker finds its service: ``module:callable``, called with a WorkerContext."""


def _nothing(*_: object) -> None:
    return


@dataclass
class WorkerContext:
    """What a worker gives its service. ``worker`` counts from 0 within the node."""

    settings: Settings
    worker: int = 0
    metrics: Metrics = field(default_factory=Metrics)
    changed: Callable[[], None] = _nothing
    """Call it when the status has changed, to have the supervisor told at once."""
    releases: tuple[ReleaseFile, ...] = ()
    """What to start with, the active one first; empty for the theme that comes with sos."""
    want: Callable[[str], None] = _nothing
    """Call it with a release's id to have it loaded beside the live ones; with an empty one to have
    ``offers`` filled."""
    offers: tuple[Offer, ...] = ()
    """Releases that whoever previews may choose from; ``offered`` is set when they are told."""
    offered: asyncio.Event = field(default_factory=asyncio.Event)
    verdict: tuple[int, str] = (503, "starting")
    """The node's answer to load balancers: status and word. Set by the worker."""
    draining: bool = False
    """True once the worker stops: every answer closes its connection. Set by the worker.

    Answers of ``app`` get their ``Connection: close`` from the worker; a port that writes to a
    connection itself is told by `Port.drain`."""


class Port(Protocol):
    """The connections of a worker's public port; called, it makes the protocol of a new one."""

    def __call__(self) -> asyncio.BaseProtocol: ...

    def __len__(self) -> int:
        """Open connections."""
        ...

    def drain(self) -> None:
        """From now on every answer tells its client that the connection ends."""
        ...

    def close_idle(self) -> None:
        """End connections that nobody waits at, beside those that aiohttp knows."""
        ...

    def stop(self) -> None:
        """Watch over connections no more."""
        ...


class WorkerService(Protocol):
    """What a worker serves."""

    @property
    def app(self) -> "web.Application":
        """The application of the public port, not yet started."""
        ...

    async def start(self) -> None:
        """Get ready to answer: load a release, connect. It must not need the content store.

        A SosError from here (or from the factory) says that this set-up can't work: the node
        refuses to start with its exit code. Later on, the worker is tried again.
        """
        ...

    async def load(self, file: ReleaseFile) -> None:
        """Have a release ready beside the active one. Raises ReleaseError or OSError."""
        ...

    def swap(self, release: str) -> None:
        """Change to a release that is loaded; every request uses one from start to end.

        Ignored for one that is not loaded: the supervisor sees that, and asks again.
        """
        ...

    def build_port(self, server: "web.Server", **options: Any) -> Port:
        """What makes the protocol of each connection to ``app``; ``options`` are aiohttp's own.

        Where a protocol is aiohttp's it must be ``server``'s: the worker drains what is registered
        there.
        """
        ...

    def status(self) -> ServiceStatus:
        """What it serves now, from memory: no I/O, under a millisecond."""
        ...

    async def self_render(self) -> bool:
        """Render the front page from memory as for a visitor; whether it came out whole.

        Called every 2 s, cancelled after 2 s. An exception counts as a failure.
        """
        ...

    async def aclose(self) -> None:
        """Give back what `start` took; called once, after the last answer."""
        ...
