"""aiohttp as one writes it first: its router, its Response, the finished page in memory.

As a program (``python -m bench.peers.plain_aiohttp PAGES PORT``) it is the server itself; it prints
its port once it listens. It has gzipped the page before, and knows its entity tag.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import pickle
import socket
import sys
from pathlib import Path

import uvloop
from aiohttp import ETag, web
from tests.servers.wordpress_process import ServerProcess

from bench.peers import CACHED, NOT_MODIFIED, Running, Stage
from bench.peers.starting import wait_for_page


class PlainAiohttp:
    """aiohttp without sos."""

    name = "aiohttp"
    title = "aiohttp, Response of a cached string"
    suites = (CACHED, NOT_MODIFIED)

    def lacks(self) -> str:
        """Nothing: sos needs it as well."""
        return ""

    def start(self, stage: Stage) -> Running:
        """Start a process for each worker; they share a port."""
        source = stage.folder / "pages"
        source.write_bytes(pickle.dumps(stage.pages))
        processes: list[ServerProcess] = []
        port = 0

        def stop() -> None:
            for process in processes:
                process.stop()

        try:
            for n in range(stage.workers):
                log = stage.folder / f"log-{n}"
                command = [sys.executable, "-m", __name__, str(source), str(port)]
                processes.append(ServerProcess(command, log))
                port = processes[-1].wait_until(lambda log=log: read_port(log))
            processes[-1].wait_until(lambda: wait_for_page(port, "/", stage.host))
        except BaseException:
            stop()
            raise
        return Running(port, [process.pid for process in processes], stop)


def read_port(log: Path) -> int | None:
    """The port that a server named in its log, once it did."""
    line, end, _ = log.read_text().partition("\n")
    return int(line) if end and line.isdigit() else None


def build_app(pages: dict[str, bytes]) -> web.Application:
    """A route for each page."""
    app = web.Application()
    for path, body in pages.items():
        app.router.add_get(path, build_handler(body))
    return app


def build_handler(body: bytes) -> web.Handler:  # type: ignore[name-defined]
    """What answers with one page."""
    packed = gzip.compress(body, 9, mtime=0)
    tag = hashlib.sha256(body).hexdigest()[:16]
    shared = {"Vary": "Accept-Encoding", "Cache-Control": "public, max-age=0", "ETag": f'"{tag}"'}

    async def handle(request: web.Request) -> web.Response:
        held = request.if_none_match
        if held and ETag(tag) in held:
            return web.Response(status=304, headers=shared)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers = {**shared, "Content-Encoding": "gzip"}
            return web.Response(body=packed, headers=headers, content_type="text/html")
        return web.Response(body=body, headers=shared, content_type="text/html")

    return handle


async def serve(source: Path, port: int) -> None:
    """Listen until the process ends."""
    runner = web.AppRunner(build_app(pickle.loads(source.read_bytes())), access_log=None)
    await runner.setup()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind(("127.0.0.1", port))
    await web.SockSite(runner, sock, backlog=1024).start()
    print(sock.getsockname()[1], flush=True)
    await asyncio.Event().wait()


PEERS = [PlainAiohttp()]

if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
