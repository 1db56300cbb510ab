"""What rollouts ask of the world: objects that never change, keys that do, and a register of nodes.

In: names and bytes. Out: bytes, and errors of this module's kinds alone. What the bytes mean is
decided in `releases`, `pointer` and `fleet`, once for every adapter.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class ObjectStore(Protocol):
    """Objects under names such as ``20260101-120000-0a1b2c3d/bundle.tar.gz``; never overwritten.

    Every method raises ObjectStoreError when the store fails or does not answer in time.
    """

    async def put(self, name: str, content: bytes) -> None:
        """Create an object. Raises ObjectExistsError, and then nothing was changed."""
        ...

    async def fetch(self, name: str, limit: int) -> bytes:
        """A whole object. Raises ObjectNotFoundError; ObjectStoreError for more than ``limit``
        bytes, for fewer than were announced, and for a transfer that trickles."""
        ...

    async def list_names(self) -> tuple[str, ...]:
        """The names of all objects, sorted."""
        ...

    async def delete(self, name: str) -> None:
        """Delete an object; one that is not there is no error."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...


class KeyEntry(msgspec.Struct, frozen=True):
    """The value of a key. ``index`` is what compare-and-set compares: it changes with each write
    of this key and is at least 1."""

    value: bytes
    index: int


class KeyRead(msgspec.Struct, frozen=True):
    """Keys at one moment, by name. ``index`` is what the next waiting read is asked with."""

    index: int
    entries: Mapping[str, KeyEntry]


class Write(msgspec.Struct, frozen=True):
    """One key of a compare-and-set: ``index`` of the entry that was read, 0 for a key that must not
    exist. ``value`` None deletes it. ``index`` None writes whatever is there."""

    name: str
    value: bytes | None
    index: int | None


class KeyStore(Protocol):
    """A few small keys that many read and few write.

    Raises KeyStoreDeniedError when the token may not do it, KeyStoreError for every other failure.
    """

    async def fetch(
        self, prefix: str, *, index: int = 0, wait: float = 0.0, consistent: bool = False
    ) -> KeyRead:
        """All keys whose names begin with ``prefix``.

        With ``index`` above 0 the answer comes when something under the prefix differs from what
        it was at that index, or after ``wait`` seconds; either way it is a complete answer.
        ``consistent`` asks for a read that the leader has confirmed.
        """
        ...

    async def compare_and_set(self, writes: Sequence[Write]) -> bool:
        """Write all or nothing; False where an index no longer matches."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...


class NodeReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself to its fleet, about once a second.

    ``node`` is its name, unique in the fleet; ``private`` the address at which others reach its
    private port; ``state`` the word of its ``/health-elb`` verdict and ``reason`` why it is not
    well; ``release`` what every worker of it serves, None while they differ; ``target`` what it
    should serve, ``phase`` how far it is on the way there; ``refused`` the last release it refused
    and ``refusal`` why. ``content_seen`` are the last revisions that every worker has followed,
    the newest last, each with the seconds before ``at`` at which the last of them had. ``at`` and
    ``started`` are epoch seconds: ``at`` by the register's clock.
    """

    node: str
    private: str
    public: str = ""
    version: str = ""
    state: str
    reason: str = ""
    healthy: bool = True
    release: str | None = None
    previous: str | None = None
    target: str | None = None
    phase: str = ""
    refused: str = ""
    refusal: str = ""
    canary: bool = False
    content_revision: int = 0
    content_lag_seconds: float | None = None
    content_seen: tuple[tuple[int, float], ...] = ()
    stale: bool = False
    workers: int = 0
    workers_ready: int = 0
    requests_per_second: float = 0.0
    errors_per_second: float = 0.0
    started: float = 0.0
    at: float = 0.0


class Quorum(msgspec.Struct, frozen=True):
    """How many nodes are alive, and how many of them serve the release that was asked about."""

    live: int
    serving: int


class FleetRegister(Protocol):
    """Where nodes say that they live. Raises StoreUnavailableError when it does not answer."""

    async def report(self, report: NodeReport, ttl: float) -> Quorum:
        """Say that this node lives, for ``ttl`` seconds; how many do, and serve its target."""
        ...

    async def withdraw(self, node: str) -> None:
        """This node ends; it is not missed."""
        ...

    async def fetch_nodes(self) -> tuple[NodeReport, ...]:
        """The nodes that live, by name."""
        ...

    async def fetch_majority(self) -> str | None:
        """The release that most live nodes serve; None where there are none."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...
