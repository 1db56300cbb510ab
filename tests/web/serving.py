"""A site on a port of its own within the test: requests as bytes in, answers as bytes out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from aiohttp import web
from sos.adapters.redis import RedisStore
from sos.settings import Settings
from sos.web import app, pages, render_queue
from sos.web.pages import Pages
from sos.web.service import Port, WorkerContext

from tests.page.documents import PUBLIC
from tests.page.fake_store import FakeStore
from tests.release.theme import theme

HOST = PUBLIC.partition("//")[2]
SECONDS = 10.0

FRONTS = ("on", "off")
"""Whose a public connection is: the front's, or aiohttp's own. Tests run with both."""

default_front = FRONTS[0]
"""What `serving` takes where it is not told; see `conftest`."""


@dataclass
class Answer:
    """What came back: parsed, and ``raw`` as it came. ``closed``: the server ended the line."""

    status: int
    headers: Message
    body: bytes
    raw: bytes
    closed: bool

    def __getitem__(self, name: str) -> str | None:
        return self.headers[name]


class Site:
    """A running site."""

    def __init__(
        self,
        service: app.SiteService,
        context: WorkerContext,
        port: int,
        server: web.Server,
        connections: Port,
    ) -> None:
        self.service = service
        self.context = context
        self.port = port
        self.server = server
        self.connections = connections

    @property
    def pages(self) -> Pages:
        """Its page service."""
        return self.service._pages

    @property
    def address(self) -> str:
        """Where a browser finds it, after `allow_own_address`."""
        return f"http://127.0.0.1:{self.port}"

    def allow_own_address(self) -> None:
        """Answer to the address that it happens to have; settings can't know its port."""
        for route in self.service.app.router.routes():
            route.handler.__self__._hosts = frozenset({self.address.removeprefix("http://")})  # type: ignore[attr-defined]

    async def send(self, data: bytes, *, method: str = "GET") -> Answer:
        """Send bytes, and read one answer and whether the line is closed after it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(SECONDS):
                writer.write(data)
                head = await reader.readuntil(b"\r\n\r\n")
                # Whoever claims to speak HTTP/2 is answered in its words.
                plain = head.replace(b"HTTP/2.0", b"HTTP/1.1", 1)
                answer = HTTPResponse(Socket(plain), method=method)
                answer.begin()
                if method == "HEAD" or answer.status in (204, 304):
                    body = b""
                elif answer.chunked:
                    body = await reader.readuntil(b"0\r\n\r\n")
                elif answer.length is not None:
                    body = await reader.readexactly(answer.length)
                else:
                    body = await reader.read()
                closed = await is_closed(reader, SECONDS / 2 if answer.will_close else 0.01)
            return Answer(answer.status, answer.headers, body, head + body, closed)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def fetch(
        self, target: str, *fields: str, method: str = "GET", host: str = HOST
    ) -> Answer:
        """Ask for a target with more fields of the head, each ``Name: value``."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields, "", ""]
        return await self.send("\r\n".join(lines).encode("latin-1"), method=method)


class Socket:
    """Bytes that were read, for http.client."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> BytesIO:
        return BytesIO(self._data)


async def is_closed(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Whether the other side ends the line soon, rather than waiting for another request."""
    try:
        async with asyncio.timeout(seconds):
            return not await reader.read(1)
    except TimeoutError:
        return False


@contextlib.asynccontextmanager
async def serving(
    store: FakeStore | RedisStore, *, front: str = "", **settings: Any
) -> AsyncIterator[Site]:
    """The whole service over ``store``, as a worker runs it, with the theme that comes along.

    ``front``: one of FRONTS.
    """
    settings = {"front": (front or default_front) == "on", **settings}
    with contextlib.ExitStack() as stack:
        state = stack.enter_context(TemporaryDirectory())
        context = WorkerContext(Settings(**{"site": PUBLIC, "state_dir": state, **settings}))
        context.want = lambda release: None if release else context.offered.set()
        stack.enter_context(mock.patch.object(app, "load_release", return_value=theme()))
        # The same as it would read, but compiled once for all tests.
        stack.enter_context(mock.patch.object(app, "load_first", return_value=[theme()]))
        # On a busy machine a page may take longer than a visitor would wait; tests wait.
        for name in ("PATIENCE", "LIMIT"):
            stack.enter_context(mock.patch.object(pages, name, SECONDS))
        for name in ("LIMIT", "BURST", "STANDING"):
            stack.enter_context(mock.patch.object(render_queue, name, SECONDS))
        service = app.SiteService(context, store)  # type: ignore[arg-type]
        runner = web.AppRunner(service.app, access_log=None, shutdown_timeout=0.1)
        await service.start()
        await runner.setup()
        assert runner.server is not None
        factory = service.build_port(runner.server, keepalive_timeout=75.0)
        server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
        try:
            number = server.sockets[0].getsockname()[1]
            yield Site(service, context, number, runner.server, factory)
        finally:
            server.close()
            factory.stop()
            await runner.cleanup()
            await service.aclose()
