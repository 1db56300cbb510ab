"""Fleets for tests: nodes that are well, and what may be wrong with them."""

from __future__ import annotations

from typing import Any

import msgspec
from sos.rollout.fleet import Fleet, Live
from sos.rollout.ports import NodeReport

NEW, OLD, CANARY = (
    "20261121-101500-0a1b2c3d",
    "20261120-090000-99887766",
    "20261121-112233-c0ffee00",
)
NOW = 1795233303.0
REASON = "post.html:3: 'titel' is undefined"

LIVE = Live(release=NEW, since=NOW - 740, by="ana", why="Election night banner")


def a_node(n: int = 1, **changes: Any) -> NodeReport:
    """A node that serves what it should, reported just now."""
    well = NodeReport(
        node=f"web-{n}:8081",
        private=f"10.0.{n // 250}.{n % 250}:8081",
        public=f"10.0.{n // 250}.{n % 250}:8080",
        version="0.1.0",
        state="current",
        release=NEW,
        previous=OLD,
        target=NEW,
        phase="idle",
        content_revision=12_345,
        content_lag_seconds=0.4,
        workers=2,
        workers_ready=2,
        requests_per_second=120.0,
        started=NOW - 90_000,
        at=NOW - 0.3,
    )
    return msgspec.structs.replace(well, **changes)


REFUSED: dict[str, Any] = {
    "state": "refused", "release": OLD, "refused": NEW, "refusal": REASON, "healthy": False,
}  # fmt: skip
UNHEALTHY: dict[str, Any] = {
    "state": "unhealthy", "reason": "worker 1 does not answer", "healthy": False,
    "workers_ready": 1,
}  # fmt: skip
STALE: dict[str, Any] = {"stale": True, "content_lag_seconds": 47.0, "content_revision": 12_340}
SWITCHING: dict[str, Any] = {"state": "switching", "release": OLD, "phase": "fetching"}
LATE: dict[str, Any] = {
    "state": "late", "release": OLD, "healthy": False, "reason": f"serves {OLD}, should serve {NEW}",
}  # fmt: skip
FAILING: dict[str, Any] = {"errors_per_second": 14.0}


def a_fleet(*nodes: NodeReport, well: int = 0, **changes: Any) -> Fleet:
    """The nodes, and as many more that are well, from web-101 on."""
    others = tuple(a_node(100 + n) for n in range(1, well + 1))
    fleet = Fleet(
        nodes=(*nodes, *others), now=NOW, live=LIVE, site="www.example.org", seen_by="web-1:8081"
    )
    return msgspec.structs.replace(fleet, **changes)


def a_broken_fleet(size: int = 8) -> Fleet:
    """One of everything that goes wrong, the rest is well."""
    troubles = [REFUSED, REFUSED, UNHEALTHY, STALE, SWITCHING, FAILING]
    nodes = [a_node(n, **trouble) for n, trouble in enumerate(troubles, 1)]
    return a_fleet(*nodes, well=size - len(nodes), lost=(a_node(99, at=NOW - 132),))
