"""The access log: one request in so many, as a structured line of the worker's log.

In: what was asked and answered. Out: the event ``request``. Never a query, an address or any other
word of a visitor's: they may tell who that is.
"""

import structlog

log = structlog.get_logger()


class AccessLog:
    """Logs each ``every``-th request; none for 0."""

    def __init__(self, every: int) -> None:
        self.every = every or float("inf")
        self._left = self.every

    def note(
        self, target: str, method: str, status: int, kind: str, cache: str, seconds: float
    ) -> None:
        """Count one request, and log it when it is its turn."""
        self._left -= 1
        if self._left <= 0:
            self._left = self.every
            self.write(target, method, status, kind, cache, seconds)

    def write(
        self, target: str, method: str, status: int, kind: str, cache: str, seconds: float
    ) -> None:
        """Log one request. ``target`` may have a query."""
        log.info(
            "request",
            path=target.partition("?")[0],
            method=method,
            status=status,
            kind=kind,
            cache=cache,
            ms=round(seconds * 1000, 3),
        )
