"""aiohttp's protocol of a connection, but for what it says of broken requests.

In: bytes that are no HTTP. Out: a short fixed text and the end of the connection. aiohttp itself
would send the bytes back, and log a traceback for each. It also tells whoever wants to know when an
answer is written.
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

LIMITS: dict[str, Any] = {
    "max_headers": 100,
    "max_line_size": 8190,
    "max_field_size": 8190,
    "auto_decompress": False,
}
"""Bounds of the head of a request: fields, and bytes of the first line and of each field. A body is
thrown away as it comes: nothing is unpacked."""

LINGERING_SECONDS = 1.0
"""How long the rest of a refused request is read, so that the client sees the answer."""


class Connection(web.RequestHandler):
    """One connection of the public port.

    ``finished`` is called after the last byte of each answer, with whether the connection stays.
    """

    def __init__(
        self,
        refuse: Callable[[int, BaseException | None], web.Response],
        server: web.Server,
        finished: Callable[[bool], None] = lambda _: None,
        **options: Any,
    ) -> None:
        super().__init__(server, **options)
        self._refuse = refuse
        self._finished = finished

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Write an answer to its end. aiohttp calls it once for each request."""
        resp, is_lost = await super().finish_response(request, resp, start_time)
        self._finished(bool(resp.keep_alive) and not is_lost)
        return resp, is_lost

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


class PlainPort:
    """The public port without the front; fills `service.Port`."""

    def __init__(self, server: web.Server, connect: Callable[[], asyncio.BaseProtocol]) -> None:
        self._server = server
        self._connect = connect

    def __call__(self) -> asyncio.BaseProtocol:
        """The protocol of a new connection."""
        return self._connect()

    def __len__(self) -> int:
        """Open connections."""
        return len(self._server.connections)

    def drain(self) -> None:
        """Nothing to do: aiohttp asks the worker for each answer."""

    def close_idle(self) -> None:
        """Nothing to do: the worker closes what aiohttp knows."""

    def stop(self) -> None:
        """Nothing to do."""


def build_connect(
    server: web.Server, responder: Responder, metrics: Metrics, **options: Any
) -> Callable[..., Connection]:
    """What makes the protocol of each connection; it may be given ``finished``.

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

    def connect(finished: Callable[[bool], None] = lambda _: None) -> Connection:
        return Connection(refuse, server, finished, loop=loop, **options)

    return connect
