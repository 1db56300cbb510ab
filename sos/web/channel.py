"""What a supervisor and its workers say to each other: JSON lines over a socketpair.

In: bytes of the socketpair. Out: typed messages. It decides nothing, and nothing outside the node
ever writes to it.
"""

import asyncio
import socket
from typing import Any, Generic, TypeVar

import msgspec

from sos.metrics import Snapshot
from sos.rollout.offers import Offer
from sos.rollout.shelf import ReleaseFile
from sos.settings import Settings

LINE_LIMIT = 4 * 1024 * 1024
"""Longest message, bytes. A heartbeat is about 4 kB."""

WRITE_LIMIT = 256 * 1024
"""Unsent bytes after which heartbeats are left out, because the other side does not read."""

T = TypeVar("T")


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the service of one worker says about itself, made from memory, twice a second.

    ``release`` is the id of the active release, or None while there is none; ``renders`` counts
    the pages rendered with it since it became active, ``render_failures`` those it failed on;
    ``content_revision`` is the last one whose changes it has taken note of, 0 before the first,
    and ``content_epoch`` the history that it is of; ``content_lag_seconds`` the time since the
    worker last knew that it had every change of the content store, None before the first time;
    ``store_ok`` whether the last call to the content store succeeded; ``stale`` whether pages are
    served from copies that could not be checked. ``cache`` and ``details`` are shown, never judged.
    """

    release: str | None = None
    renders: int = 0
    render_failures: int = 0
    content_revision: int = 0
    content_epoch: str = ""
    content_lag_seconds: float | None = None
    store_ok: bool = True
    stale: bool = False
    requests: int = 0
    errors: int = 0
    cache: dict[str, float] = {}
    details: dict[str, Any] = {}


class SelfRender(msgspec.Struct, frozen=True):
    """Outcome of a worker's own renderings of its front page.

    ``failures`` counts those in a row, 0 after a success; ``passed`` says whether one ever passed;
    ``age_seconds`` is the time since the last one ended, None before the first.
    """

    failures: int = 0
    passed: bool = False
    age_seconds: float | None = None


# From the supervisor to a worker.


class Start(msgspec.Struct, frozen=True, tag="start"):
    """First message: everything a worker has to know. ``sockets`` are inherited descriptors,
    ``releases`` what to load, the active one first; empty for the theme that comes with sos."""

    settings: Settings
    factory: str
    worker: int
    sockets: list[int]
    releases: tuple[ReleaseFile, ...] = ()


class Listen(msgspec.Struct, frozen=True, tag="listen"):
    """Accept connections from exactly these of the inherited sockets (indices)."""

    slots: list[int]


class Drain(msgspec.Struct, frozen=True, tag="drain"):
    """Stop accepting, finish what is in flight, exit. Both times in seconds from now."""

    linger: float
    limit: float


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Have this release ready beside the active one, and say so (`Loaded`)."""

    release: ReleaseFile


class Swap(msgspec.Struct, frozen=True, tag="swap"):
    """Change to a release that is loaded, with the next request."""

    release: str


class Told(msgspec.Struct, frozen=True, tag="told"):
    """The node's verdict, for ``/health-elb`` on the public port."""

    status: int
    word: str


class Offered(msgspec.Struct, frozen=True, tag="offered"):
    """The releases that whoever previews may choose from."""

    releases: tuple[Offer, ...]


# From a worker to the supervisor.


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """The worker's loop runs. ``ready`` once its service has started and can answer requests,
    ``listening`` while connections reach it."""

    ready: bool
    status: ServiceStatus
    self_render: SelfRender
    samples: Snapshot
    listening: bool = True


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The service can't start as it is set up; ``exit_code`` follows sysexits.h."""

    message: str
    exit_code: int


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """The answer to `Load`; ``error`` says why it can't be loaded, empty when it is."""

    release: str
    error: str = ""


class Want(msgspec.Struct, frozen=True, tag="want"):
    """Somebody looks at this release through a preview link.

    With an empty id, they want to know which ones they could look at (`Offered`).
    """

    release: str


ToWorker = Start | Listen | Drain | Load | Swap | Told | Offered
ToSupervisor = Beat | Refused | Loaded | Want


class Channel(Generic[T]):
    """One end of the pair; ``T`` is the union of messages that it receives."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, incoming: Any
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(incoming)
        self._encoder = msgspec.json.Encoder()

    @classmethod
    async def open(cls, sock: socket.socket, incoming: Any) -> "Channel[T]":
        """Take over ``sock``, one end of a socketpair; it is closed with the channel."""
        reader, writer = await asyncio.open_unix_connection(sock=sock, limit=LINE_LIMIT)
        return cls(reader, writer, incoming)

    def send(self, message: ToWorker | ToSupervisor) -> None:
        """Queue a message; never waits. A closed channel swallows it: the reader sees the end."""
        if not self._writer.is_closing():
            self._writer.write(self._encoder.encode(message) + b"\n")

    @property
    def is_clogged(self) -> bool:
        """Whether the other side has not read for so long that a heartbeat is better left out."""
        return self._writer.transport.get_write_buffer_size() > WRITE_LIMIT

    async def receive(self) -> T | None:
        """The next message, or None once the other side is gone.

        Raises msgspec.ValidationError for a message of another version of sos.
        """
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return self._decoder.decode(line) if line.endswith(b"\n") else None

    async def flush(self) -> None:
        """Wait until everything sent has left this process, or the other side is gone."""
        try:
            # The high-water mark of 0 makes drain() wait for an empty buffer, not for a low one.
            self._writer.transport.set_write_buffer_limits(high=0)
            await self._writer.drain()
        except ConnectionError:
            return

    def close(self) -> None:
        """Close this end; the other side sees the end of the stream."""
        self._writer.close()
