"""All peers there are: the modules of bench/peers go in, peers come out, in the order of tables."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any

import bench.peers
from bench.peers import CACHED, NOT_MODIFIED, UNCACHED, Peer

ORDER = (
    "nginx",
    "sos",
    "varnish",
    "sos-no-front",
    "aiohttp",
    "koa-cached",
    "next",
    "wordpress",
    "sos-uncached",
    "koa-nunjucks",
)
"""Beginnings of names; what is not here comes last."""

SUITES = {
    "koa-cached": (CACHED, NOT_MODIFIED),
    "koa-nunjucks": (UNCACHED,),
}
"""Of peers that do not say what they take part in."""

CONNECTIONS = {"wordpress": 4}
"""Of peers so slow that answers to all others would still be under way when the time is over."""


def load_peers(names: Iterable[str] = ()) -> list[Peer]:
    """All peers, or those whose names are given. Raises KeyError for one that there is not."""
    found: dict[str, Peer] = {}
    for module in pkgutil.iter_modules(bench.peers.__path__):
        for peer in _read_peers(importlib.import_module(f"bench.peers.{module.name}")):
            found[peer.name] = peer
    wanted = list(names)
    if unknown := set(wanted) - set(found):
        raise KeyError(f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(found)}")
    return sorted((found[name] for name in wanted or found), key=lambda peer: _place(peer.name))


def suites_of(peer: Peer) -> tuple[str, ...]:
    """What a peer takes part in."""
    said: tuple[str, ...] | None = getattr(peer, "suites", None)
    return said or SUITES.get(peer.name, (CACHED,))


def connections_of(peer: Peer, usual: int) -> int:
    """How many connections it is asked on: at most as many as all others."""
    return min(usual, CONNECTIONS.get(peer.name, usual))


def _read_peers(module: Any) -> list[Peer]:
    listed: list[Peer] | None = getattr(module, "PEERS", None)
    if listed is not None:
        return list(listed)
    return [
        kind()
        for kind in vars(module).values()
        if isinstance(kind, type)
        and kind.__module__ == module.__name__
        and all(hasattr(kind, word) for word in ("name", "title", "lacks", "start"))
    ]


def _place(name: str) -> tuple[int, str]:
    best = [(len(own), n) for n, own in enumerate(ORDER) if name.startswith(own)]
    return (max(best)[1] if best else len(ORDER)), name
