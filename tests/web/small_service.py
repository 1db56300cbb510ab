"""A service just large enough to test the process model: what it does is steered by its requests.

Files in ``state_dir`` steer what has no request: ``refuse`` (start raises), ``crash`` (start dies),
``fail-self-render``, ``bad-status``.
"""

import asyncio
import os
import signal
from pathlib import Path

from aiohttp import web
from sos.errors import ReleaseError
from sos.rollout.shelf import ReleaseFile
from sos.web.channel import ServiceStatus
from sos.web.protocol import PlainPort
from sos.web.service import WorkerContext


class SmallService:
    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self._folder = Path(context.settings.state_dir)
        self._requests = 0
        self._loaded = {file.id for file in context.releases}
        self._release = context.releases[0].id if context.releases else "small-1"
        self.app = web.Application()
        self.app.router.add_get("/", self._page)
        self.app.router.add_get("/slow", self._slow)
        self.app.router.add_get("/stream", self._stream)
        self.app.router.add_get("/big", self._big)

    async def start(self) -> None:
        if (self._folder / "refuse").exists():
            raise ReleaseError("templates: folder 'nowhere' does not exist")
        if (self._folder / "crash").exists():
            os.kill(os.getpid(), signal.SIGKILL)

    def build_port(self, server: web.Server, **_: object) -> PlainPort:
        return PlainPort(server, server)

    def status(self) -> ServiceStatus:
        release = self._folder / "release"
        if (self._folder / "bad-status").exists():
            return ServiceStatus(release=5)  # type: ignore[arg-type]
        return ServiceStatus(
            release=release.read_text() if release.exists() else self._release,
            content_revision=7 + self._context.worker,
            content_lag_seconds=0.5,
            store_ok=False,
            stale=True,
            requests=self._requests,
        )

    async def load(self, file: ReleaseFile) -> None:
        if (self._folder / f"refuse-{file.id}").exists():
            raise ReleaseError(f"release {file.id} is refused")
        self._loaded.add(file.id)

    def swap(self, release: str) -> None:
        if release in self._loaded:
            self._release = release

    async def self_render(self) -> bool:
        return not (self._folder / "fail-self-render").exists()

    async def aclose(self) -> None:
        (self._folder / f"closed-{os.getpid()}").touch()

    def _count(self) -> None:
        self._requests += 1
        self._context.metrics.requests.inc("page", "200", "none")

    async def _page(self, _request: web.Request) -> web.Response:
        self._count()
        return web.Response(text=str(os.getpid()))

    async def _slow(self, request: web.Request) -> web.Response:
        await asyncio.sleep(float(request.query["seconds"]))
        self._count()
        return web.Response(text=str(os.getpid()))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begin ")
        await asyncio.sleep(float(request.query["seconds"]))
        await response.write(b"end")
        return response

    async def _big(self, request: web.Request) -> web.Response:
        return web.Response(body=b"x" * int(request.query["bytes"]))


def create_service(context: WorkerContext) -> SmallService:
    return SmallService(context)
