"""The access log: one request in so many, as a structured line of the worker's log.

In: what was asked and answered. Out: the event ``request``. Never a query, an address or any other
word of a visitor's: they may tell who that is.
"""

import structlog

log = structlog.get_logger()


class AccessLog:
    """Logs each ``every``-th request; none for 0. ``left`` counts down to the next one."""

    def __init__(self, every: int) -> None:
        self._every = every or float("inf")
        self.left = self._every

    def note(
        self, target: str, method: str, status: int, kind: str, cache: str, seconds: float
    ) -> None:
        """Count one request, and log it when it is its turn. ``target`` may have a query."""
        self.left -= 1
        if self.left > 0:
            return
        self.left = self._every
        log.info(
            "request",
            path=target.partition("?")[0],
            method=method,
            status=status,
            kind=kind,
            cache=cache,
            ms=round(seconds * 1000, 3),
        )
