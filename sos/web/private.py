"""The private port: liveness, health, metrics and the fleet page of a node, answered from memory.

In: what the workers said last (a `NodeView`). Out: HTTP. It never asks a worker, a store or a disk
while someone waits for the answer about the node itself.
"""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import msgspec
from aiohttp import hdrs, web

from sos.metrics import Snapshot
from sos.rollout.verdict import Verdict as ElbVerdict
from sos.web.exposition import CONTENT_TYPE, build_exposition
from sos.web.fleet_page import create_fleet_routes
from sos.web.health import NodeView, Verdict, decide_health, decide_livez
from sos.web.rollout import Rollout


@contextlib.asynccontextmanager
async def serve_private(
    sock: socket.socket,
    fetch_view: Callable[[], NodeView],
    fetch_snapshot: Callable[[], Snapshot],
    rollout: Rollout,
) -> AsyncIterator[None]:
    """Answer on a bound socket for as long as this is open."""

    def fetch_metrics() -> tuple[str, bytes]:
        return CONTENT_TYPE, build_exposition(fetch_snapshot())

    app = create_private_app(fetch_view, fetch_metrics, rollout)
    create_fleet_routes(app, rollout.build_window().look)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=75, shutdown_timeout=0.5)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    try:
        yield
    finally:
        await runner.cleanup()


class Judge(Protocol):
    """What knows which release the node should serve; it answers from memory."""

    def judge(self) -> ElbVerdict:
        """The verdict of ``/health-elb``."""
        ...

    def describe(self) -> dict[str, Any]:
        """How the node stands to the release that it should serve."""
        ...


def create_private_app(
    fetch_view: Callable[[], NodeView],
    fetch_metrics: Callable[[], tuple[str, bytes]],
    judge: Judge,
) -> web.Application:
    """The application of the private port. Both callables answer from memory.

    ``fetch_metrics`` gives a content type and the body of ``/metrics``.
    """

    async def livez(_request: web.Request) -> web.Response:
        return _answer(decide_livez(fetch_view()))

    async def health(request: web.Request) -> web.Response:
        status, body = decide_health(fetch_view(), request.query.get("templateRelease"))
        return _answer((status, {**body, "rollout": judge.describe()}))

    async def health_elb(_request: web.Request) -> web.Response:
        verdict = judge.judge()
        return _answer((verdict.status, {"status": verdict.word, "reason": verdict.reason}))

    async def metrics(_request: web.Request) -> web.Response:
        content_type, body = fetch_metrics()
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})

    app = web.Application()
    app.router.add_get("/livez", livez)
    app.router.add_get("/health", health)
    app.router.add_get("/health-elb", health_elb)
    app.router.add_get("/metrics", metrics)
    return app


def _answer(verdict: Verdict) -> web.Response:
    status, body = verdict
    return web.Response(
        status=status,
        body=msgspec.json.encode(body) + b"\n",
        headers={hdrs.CONTENT_TYPE: "application/json", hdrs.CACHE_CONTROL: "no-store"},
    )
