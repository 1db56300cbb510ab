"""All open connections of a worker: how many there may be, and how long each may take.

In: connections that come and go, each with a deadline. Out: the end of those whose deadline has
passed, and of the idlest ones when there is no room for another. It reads and writes nothing.
"""

import asyncio
import heapq
from collections import Counter
from typing import Protocol

import structlog

from sos.metrics import Metrics

log = structlog.get_logger()

KEEPALIVE_SECONDS = 75.0
"""How long a connection may idle: longer than a load balancer keeps one (60 s), so that it never
loses that race."""

HEAD_SECONDS = 10.0
"""From the first byte of a head to its last."""

WRITE_SECONDS = 30.0
"""A reader that has not taken most of a full buffer (48 of 64 kB) by then is given up. Any progress
at all would be enough for ten thousand of them to hold what they hold for ever."""

UNUSUAL_SECONDS = 30.0
"""For each answer on a connection that sent a body, nonsense, or wanted another protocol."""

SWEEP_SECONDS = 0.5

AT_ONCE = 16
"""Connections that are ended before others have their turn."""

LOG_SECONDS = 10.0
"""Connections that were cut off are logged at most this often; the metric counts them all."""

FOREVER = float("inf")


class Timed(Protocol):
    """A connection: ``deadline`` in seconds of the loop's clock, ``idle`` while nobody waits."""

    deadline: float

    @property
    def idle(self) -> bool: ...

    def expire(self) -> None:
        """The deadline has passed."""
        ...

    def close(self) -> None:
        """End it, once what was written is sent."""
        ...


class Register:
    """Open connections. ``limit`` is the most of them."""

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self.limit = limit
        self._metrics = metrics
        self._open: set[Timed] = set()
        self._cut: Counter[str] = Counter()
        self._logged = float("-inf")
        self._loop = asyncio.get_running_loop()
        self.idle_until = self._loop.time() + KEEPALIVE_SECONDS + SWEEP_SECONDS
        self._timer = self._loop.call_later(SWEEP_SECONDS, self._sweep)

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Timed) -> bool:
        """Whether there is room for one more."""
        if len(self._open) >= self.limit and not self._make_room():
            return False
        self._open.add(connection)
        return True

    def remove(self, connection: Timed) -> None:
        """It is closed."""
        self._open.discard(connection)

    def cut(self, reason: str) -> None:
        """Count one that is ended for what it does, or does not do."""
        self._cut[reason] += 1
        self._metrics.rejected_requests.inc(reason)

    def close_idle(self) -> None:
        """End those that nobody waits at."""
        for connection in [c for c in self._open if c.idle]:
            connection.close()

    def stop(self) -> None:
        """Sweep no more."""
        self._timer.cancel()

    def _make_room(self) -> bool:
        """Close the idlest ones, a sixteenth at once: looking for them takes a while."""
        idle = [c for c in self._open if c.idle]
        for connection in heapq.nsmallest(self.limit // 16 + 1, idle, key=lambda c: c.deadline):
            # It is open until the loop has come round.
            self._open.discard(connection)
            connection.close()
        return bool(idle)

    def _sweep(self) -> None:
        now = self._loop.time()
        self.idle_until = now + KEEPALIVE_SECONDS + SWEEP_SECONDS
        self._expire([c for c in self._open if c.deadline < now])
        if self._cut and now - self._logged > LOG_SECONDS:
            self._logged = now
            log.warning("clients_cut_off", open=len(self._open), **self._cut)
            self._cut.clear()
        self._timer = self._loop.call_later(SWEEP_SECONDS, self._sweep)

    def _expire(self, late: list[Timed]) -> None:
        """End these, some at a time: to end thousands at once would hold up everybody else."""
        now = self._loop.time()
        for connection in late[:AT_ONCE]:
            if connection in self._open and connection.deadline < now:
                connection.expire()
        if len(late) > AT_ONCE:
            self._loop.call_soon(self._expire, late[AT_ONCE:])
