"""Peers that are up: each is started on the server's processors, and ends with the run.

In: peers and a `Theatre`. Out: `Entrant`s, which collect what is measured of them; one that can't
run here is named, with the reason, and left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.peers import Peer, Running, Stage
from bench.processes import pin, running_on
from bench.stage import Theatre


@dataclass
class Entrant:
    """A peer that is up, and how it is asked in each case."""

    peer: Peer
    stage: Stage
    running: Running
    requests: dict[str, list[bytes]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    rounds: dict[str, list[dict[str, float]]] = field(default_factory=dict)


def start_peers(
    peers: Sequence[Peer],
    theatre: Theatre,
    workers: int,
    stack: contextlib.ExitStack,
    left_out: dict[str, str],
) -> list[Entrant]:
    """Those that can run here, which end with the stack; others are named, with the reason."""
    entrants = []
    for peer in peers:
        reason = peer.lacks()
        if not reason:
            try:
                entrants.append(stack.enter_context(running_peer(peer, theatre, workers)))
            except (RuntimeError, OSError) as exc:
                reason = " ".join(str(exc).split())[:300]
        if reason:
            left_out[peer.name] = reason
            print(f"{peer.title} is left out: {reason}", flush=True)
    return entrants


@contextlib.contextmanager
def running_peer(peer: Peer, theatre: Theatre, workers: int) -> Iterator[Entrant]:
    """A peer on the server's processors."""
    stage = theatre.build_stage(peer.name, workers)
    with running_on(theatre.cores.server):
        running = peer.start(stage)
    try:
        pin(running.pids, theatre.cores.server)
        yield Entrant(peer, stage, running)
    finally:
        running.stop()
