"""Nodes that only report: the fleet register as running nodes fill it, for tests of what editors see.

In: names and revisions. Out: reports in the register, by the store's clock, as docs/fleet.md has them.
Whether real nodes report so is for the tests of the fleet; here nodes must do what a test tells them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import redis


class ReportedNodes:
    """The register of one site; `nodes` are names. Reports count for `ttl` seconds."""

    def __init__(self, url: str, host: str, nodes: Sequence[str], *, ttl: float = 300.0) -> None:
        self._redis = redis.Redis.from_url(url, decode_responses=True)
        self._prefix = f"sos:{{{host}}}:"
        self.names = list(nodes)
        self._ttl = ttl

    def close(self) -> None:
        """Take the reports back and hang up."""
        self._redis.delete(f"{self._prefix}nodes")
        self._redis.close()

    @property
    def revision(self) -> int:
        """The content's revision in the store, 0 for an empty one."""
        return int(cast("str | None", self._redis.hget(f"{self._prefix}meta", "rev")) or 0)

    @property
    def ready(self) -> bool:
        """Whether the store was said to be complete."""
        return bool(self._redis.hget(f"{self._prefix}meta", "ready"))

    @property
    def now(self) -> float:
        """The store's clock, epoch seconds."""
        seconds, microseconds = cast("tuple[int, int]", self._redis.time())
        return seconds + microseconds / 1e6

    def report(
        self,
        *names: str,
        revision: int | None = None,
        seen: Sequence[tuple[int, float]] | None = None,
        **members: Any,
    ) -> None:
        """Have nodes (all unless named) report that they follow a revision (the store's unless told).

        `seen` is what each remembers: revisions with the epoch seconds at which it had them.
        """
        at = self.now
        follows = self.revision if revision is None else revision
        history = [(follows, at)] if seen is None else seen
        for name in names or self.names:
            report = {
                "node": name,
                "private": "127.0.0.1:8081",
                "public": "127.0.0.1:8080",
                "version": "0.1.0",
                "state": "current",
                "reason": "",
                "healthy": True,
                "release": "20261122-010203-0a1b2c3d",
                "previous": None,
                "content_revision": follows,
                "content_seen": [[number, at - since] for number, since in history],
                "stale": False,
                "workers": 2,
                "workers_ready": 2,
                "ttl": self._ttl,
                "at": at,
                **members,
            }
            self._redis.hset(f"{self._prefix}nodes", name, json.dumps(report))

    def fall_silent(self, *names: str) -> None:
        """Nodes (all unless named) are gone from the register."""
        self._redis.hdel(f"{self._prefix}nodes", *(names or self.names))
