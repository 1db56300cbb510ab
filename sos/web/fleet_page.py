"""The fleet page of the private port: every node on one page, live, for whoever is on call.

In: a callable that looks at the fleet. Out: ``/`` (HTML), ``/fleet.json``, ``/fleet/events``
(Server-Sent Events). It changes nothing, and believes nothing that another node says of itself.
"""

import asyncio
import socket

import structlog
from aiohttp import hdrs, web

from sos.rollout.fleet import encode_summary, summarise
from sos.web.fleet_feed import Fetch, FleetFeed, TooManyWatchersError
from sos.web.fleet_html import POLICY, build_icon, build_page
from sos.web.fleet_view import build_view

RETRY_MS = 2000
"""When a browser that lost its connection tries again, milliseconds."""

SEND_BUFFER = 128 * 1024
"""What the kernel keeps for a watcher that does not read, bytes; by itself it takes megabytes."""

_HEADERS = {
    hdrs.CACHE_CONTROL: "no-store",
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

log = structlog.get_logger()


def create_fleet_routes(app: web.Application, fetch_fleet: Fetch) -> FleetFeed:
    """Add the page to an application that has not started; it ends with it.

    ``fetch_fleet`` is asked at most twice a second, however many look.
    """
    feed = FleetFeed(fetch_fleet)

    async def page(request: web.Request) -> web.Response:
        fleet = await feed.look()
        open_all = "all" in request.query
        body = await asyncio.to_thread(
            lambda: build_page(build_view(fleet, summarise(fleet)), open_all=open_all)
        )
        return _answer(body, "text/html; charset=utf-8")

    async def listing(_request: web.Request) -> web.Response:
        fleet = await feed.look()
        body = await asyncio.to_thread(lambda: encode_summary(fleet, summarise(fleet)))
        return _answer(body + b"\n", "application/json")

    async def icon(request: web.Request) -> web.Response:
        body = build_icon(request.match_info["level"])
        if body is None:
            raise web.HTTPNotFound(headers=_HEADERS)
        return _answer(body, "image/svg+xml")

    async def events(request: web.Request) -> web.StreamResponse:
        return await _stream(request, feed)

    async def close(_app: web.Application) -> None:
        await feed.aclose()

    app.router.add_get("/", page)
    app.router.add_get("/fleet.json", listing)
    app.router.add_get("/fleet/{level}.svg", icon)
    app.router.add_get("/fleet/events", events, allow_head=False)
    app.on_shutdown.append(close)
    return feed


async def _stream(request: web.Request, feed: FleetFeed) -> web.StreamResponse:
    """Events until the page is closed, does not read, or the node ends."""
    response = web.StreamResponse(
        headers={**_HEADERS, hdrs.CONTENT_TYPE: "text/event-stream", "X-Accel-Buffering": "no"}
    )

    def drop() -> None:
        log.info("fleet_watcher_dropped")
        if request.transport:
            request.transport.abort()

    try:
        async with feed.watch(drop) as queue:
            await response.prepare(request)
            if request.transport and (sock := request.transport.get_extra_info("socket")):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            await response.write(f"retry: {RETRY_MS}\n\n".encode())
            while message := await queue.get():
                await response.write(b"event: view\ndata: " + message + b"\n\n")
    except TooManyWatchersError:
        headers = {**_HEADERS, hdrs.RETRY_AFTER: "5"}
        return web.Response(status=503, text="too many watchers on this node\n", headers=headers)
    except ConnectionResetError:
        pass  # the page was closed
    return response


def _answer(body: bytes, content_type: str) -> web.Response:
    # Compressed outside the loop: health checks do not wait for half a megabyte.
    response = web.Response(
        body=body, headers={**_HEADERS, hdrs.CONTENT_TYPE: content_type}, zlib_executor_size=4096
    )
    response.enable_compression()
    return response
