"""How late the event loop runs what is due: the part of a visitor's wait that no queue shows.

In: the loop's own timers. Out: seconds. It decides nothing.
"""

import asyncio
import time

INTERVAL = 0.1
"""Seconds between two looks."""


class LoopLag:
    """Measures the loop that `start` was called on; 0 before that."""

    def __init__(self) -> None:
        self._last = 0.0
        self._due = float("inf")
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Measure from now on, until `stop`."""
        # Not the loop's own time: that stands still while the loop is busy.
        self._due = time.monotonic() + INTERVAL
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tick)

    def stop(self) -> None:
        """Measure no more."""
        if self._timer:
            self._timer.cancel()
        self._due, self._last = float("inf"), 0.0

    @property
    def seconds(self) -> float:
        """How late the last look was, or the next one is by now."""
        return max(self._last, time.monotonic() - self._due, 0.0)

    def _tick(self) -> None:
        self._last = time.monotonic() - self._due
        self.start()
