"""The protocol of a public connection: aiohttp's own, but for what it says of broken requests.

In: bytes that are no HTTP. Out: a short fixed text and the end of the connection. aiohttp itself
would send the bytes back, and log a traceback for each.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from sos.metrics import Metrics
from sos.web.responses import Responder

log = structlog.get_logger()

LOG_SECONDS = 10.0
"""Requests that can't be read are logged at most this often; the metric counts them all."""

LIMITS: dict[str, Any] = {"max_headers": 100, "max_line_size": 8190, "max_field_size": 8190}
"""Bounds of the head of a request: fields, and bytes of the first line and of each field."""

LINGERING_SECONDS = 1.0
"""How long the rest of a refused request is read, so that the client sees the answer."""


class Connection(web.RequestHandler):
    """One connection of the public port."""

    def __init__(
        self,
        refuse: Callable[[int, BaseException | None], web.Response],
        server: web.Server,
        **options: Any,
    ) -> None:
        super().__init__(server, **options)
        self._refuse = refuse

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be read, or not be handled; nothing of it is sent or logged."""
        if request.writer.output_size > 0:
            raise ConnectionError("a part of another answer was sent already")
        if status == 400 and (isinstance(exc, LineTooLong) or "Too many" in (message or "")):
            status = 431
        response = self._refuse(status, exc)
        response.force_close()
        return response


def build_factory(
    server: web.Server, responder: Responder, metrics: Metrics, **options: Any
) -> Callable[[], Connection]:
    """What makes the protocol of each connection, for ``loop.create_server``.

    ``options`` are those of aiohttp's RequestHandler, such as ``keepalive_timeout``.
    """
    loop = asyncio.get_running_loop()
    options = {"access_log": None, "lingering_time": LINGERING_SECONDS, **LIMITS, **options}
    logged = float("-inf")

    def refuse(status: int, error: BaseException | None) -> web.Response:
        nonlocal logged
        if status >= 500:  # ours, not the client's: it happened after the handler
            log.error("response_failed", status=status, exc_info=error)
            return responder.plain(status)
        metrics.rejected_requests.inc("syntax")
        if loop.time() - logged > LOG_SECONDS:
            logged = loop.time()
            log.warning("request_unreadable", status=status, reason=type(error).__name__)
        return responder.plain(status)

    return lambda: Connection(refuse, server, loop=loop, **options)
