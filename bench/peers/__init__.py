"""What a user would pick instead of sos: each peer serves the same site on a port of its own.

In: a `Stage` (pages, content, processor, folder). Out: a `Running` server. A peer is set up as its
own documentation says for production, with one worker, and never made slower than it has to be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

CACHED = "cached"
NOT_MODIFIED = "not-modified"
UNCACHED = "uncached"


@dataclass(frozen=True)
class Stage:
    """What a peer gets to work with.

    ``pages`` are finished pages by path (``/`` and others), as sos renders them. ``valkey_url`` is
    a store that sos's importer filled, for peers that render by themselves; ``host`` is the site's
    name in it. ``core`` is the processor that the server is pinned to, ``folder`` its own, empty.
    A server that is started while the harness waits inherits its processors: it need not pin
    itself.
    """

    pages: dict[str, bytes]
    valkey_url: str
    host: str
    core: int
    folder: Path
    workers: int = 1


@dataclass
class Running:
    """A server that answers. ``pids``: processes whose time and memory are the peer's, with all
    their children; ``paths`` are asked instead of those of the stage where a peer has its own."""

    port: int
    pids: list[int]
    stop: Stop
    paths: dict[str, str] = field(default_factory=dict)


class Stop(Protocol):
    """Ends a server and waits for its end."""

    def __call__(self) -> None: ...


class Peer(Protocol):
    """One peer. ``name`` is short and stable (the key in results), ``title`` what tables show.

    A module of this folder lists its peers as ``PEERS``; without that, each class in it that has
    ``name``, ``title``, ``lacks`` and ``start`` is one. What a peer may say besides:

    - ``suites``: a tuple of `CACHED`, `NOT_MODIFIED` and `UNCACHED`, what it takes part in. Without
      it: `CACHED`. In `UNCACHED` it is asked for ``/page/N/`` of ``stage.host``, N from 2 on, and
      has to make each page anew from ``stage.valkey_url``.
    - ``differs``: why its page is not the same as the others', in a few words. Without it the
      decoded answer has to be the page of the stage, or to be within a tenth of its size and to
      have the titles of the same posts.
    - ``slow``: True where its start takes more than some seconds; quick runs leave it out.
    """

    name: str
    title: str

    def lacks(self) -> str:
        """What is missing to run it here, in a few words; empty when it can run."""
        ...

    def start(self, stage: Stage) -> Running:
        """Start it and return once it answers ``/`` with 200. Raises RuntimeError."""
        ...
