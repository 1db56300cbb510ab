"""What may stand between a client and S3: an HTTP proxy that passes on, breaks off, damages or delays.

In: the address of an S3. Out: another one, whose behaviour is switched while it runs, for all
objects or for some. It runs in a thread of its own; requests keep their signature (Host and all).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import socket
import threading
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from tests.servers.ports import bind_port, port_of, reserve_port
from tests.servers.s3 import S3, build_environ

T = TypeVar("T")
Mode = Literal[
    "pass", "down", "black_hole", "stalled", "truncated", "corrupt", "trickle", "trickle_head", "slow"
]  # fmt: skip
"""``down`` refuses connections; ``black_hole`` takes requests and says nothing; ``stalled`` falls
silent in the middle of the body, ``truncated`` breaks off there; ``corrupt`` flips some of its
bits; ``trickle`` sends a byte of the body a second, ``trickle_head`` a byte of the answer;
``slow`` lets everything wait for `S3Faults.delay` seconds."""

_CREDENTIAL = re.compile(r"Credential=([^/,]*)/\d+/([^/,]*)/")
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect", "te"}


@dataclass(frozen=True)
class Seen:
    """A request as it came: who signed it for which region is what its Authorization says."""

    method: str
    path: str
    access_key: str
    region: str


class S3Faults:
    """A proxy for the S3 at ``target``, a URL; a context manager that owns its thread and port.

    ``requests`` is what came so far. ``lost`` are methods: the next request of each reaches S3, its
    answer does not come back. Request headers in ``dropped`` (lower case) do not reach S3.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._reservation = reserve_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._site: web.SockSite | None = None
        self._changed = asyncio.Event()
        self.mode: Mode = "pass"
        self.only = ""
        self.method = ""
        self.delay = 0.3
        self.lost: list[str] = []
        self.dropped: set[str] = set()
        self.requests: list[Seen] = []
        self.url = f"http://127.0.0.1:{port_of(self._reservation)}"

    @property
    def environ(self) -> dict[str, str]:
        """As `S3.environ`, with this proxy in front."""
        return build_environ(self.url)

    def __enter__(self) -> S3Faults:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._reservation.close()

    def set(self, mode: Mode, only: str = "", method: str = "") -> None:
        """Behave so from now on, towards requests with ``only`` in their path and of this method.

        Whoever is kept waiting by the mode that was is cut off. ``down`` is for all objects.
        """
        self._run(self._set(mode, only, method))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _set(self, mode: Mode, only: str, method: str) -> None:
        self.mode, self.only, self.method = mode, only, method
        self._changed.set()
        self._changed = asyncio.Event()
        if mode == "down":
            await self._stop_listening()
        elif self._site is None:
            await self._listen()

    async def _open(self) -> None:
        self._upstream = aiohttp.ClientSession(
            auto_decompress=False, timeout=aiohttp.ClientTimeout(total=60)
        )
        handler = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(handler, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()

    async def _close(self) -> None:
        self._changed.set()
        await self._stop_listening()
        await self._runner.cleanup()
        await self._upstream.close()

    async def _listen(self) -> None:
        sock = bind_port(port_of(self._reservation))
        self._site = web.SockSite(self._runner, sock)
        await self._site.start()

    async def _stop_listening(self) -> None:
        if self._site is not None:
            await self._site.stop()
            self._site = None
        server = self._runner.server
        assert server is not None
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        signer, region = found.groups() if found else ("", "")
        self.requests.append(Seen(request.method, request.path, signer, region))
        concerned = self.only in request.path and self.method in ("", request.method)
        mode = self.mode if concerned else "pass"
        if mode == "black_hole":
            await self._changed.wait()
            return _hang_up(request)
        if "Expect" in request.headers and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if mode == "slow":
            await asyncio.sleep(self.delay)
        try:
            status, headers, body = await self._forward(request)
        except (aiohttp.ClientError, OSError):
            return _hang_up(request)
        if request.method in self.lost:
            self.lost.remove(request.method)
            return _hang_up(request)
        if mode in ("pass", "slow") or (mode != "trickle_head" and not body):
            return web.Response(status=status, headers=headers, body=body)
        if mode == "corrupt":
            return web.Response(status=status, headers=headers, body=_flip(body))
        await self._send_badly(request, mode, _build_head(status, headers, len(body)), body)
        return _hang_up(request)

    async def _forward(self, request: web.BaseRequest) -> tuple[int, dict[str, str], bytes]:
        unwanted = _HOP_BY_HOP | self.dropped
        headers = {k: v for k, v in request.headers.items() if k.lower() not in unwanted}
        async with self._upstream.request(
            request.method,
            URL(self._target + request.raw_path, encoded=True),
            headers=headers,
            data=io.BytesIO(await request.content.read()),
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        ) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
            return answer.status, kept, await answer.read()

    async def _send_badly(
        self, request: web.BaseRequest, mode: Mode, head: bytes, body: bytes
    ) -> None:
        transport, changed = request.transport, self._changed
        if transport is None:
            return
        if mode in ("stalled", "truncated"):
            transport.write(head + body[: len(body) // 2])
            if mode == "stalled":
                await changed.wait()
            return
        at_once = 0 if mode == "trickle_head" else len(head)
        transport.write(head[:at_once])
        for byte in (head + body)[at_once:]:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), 1.0)
            if changed.is_set() or transport.is_closing():
                return
            transport.write(bytes([byte]))


def _build_head(status: int, headers: dict[str, str], length: int) -> bytes:
    fields = {**headers, "Content-Length": str(length), "Connection": "close"}
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def _flip(body: bytes) -> bytes:
    """One bit in each of about a hundred places."""
    damaged = bytearray(body)
    for place in range(0, len(damaged), max(1, len(damaged) // 100)):
        damaged[place] ^= 0x04
    return bytes(damaged)


def _hang_up(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


@pytest.fixture
def s3_faults(s3: S3) -> Iterator[S3Faults]:
    """A proxy in front of `s3` that passes everything on until it is told otherwise."""
    with S3Faults(s3.url) as faults:
        yield faults


class FullBacklog:
    """A port where no connection is ever made: its queue is full, and the kernel drops what comes.

    A context manager; `url` is where a client waits until its own patience ends (Linux).
    """

    def __enter__(self) -> FullBacklog:
        self._listener = reserve_port()
        self._listener.listen(0)
        address = self._listener.getsockname()
        self._fillers = []
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            filler = socket.socket()
            filler.settimeout(0.3)
            self._fillers.append(filler)
            try:
                filler.connect(address)
            except TimeoutError:
                self.url = f"http://127.0.0.1:{address[1]}"
                return self
        self.__exit__()
        raise RuntimeError("the queue does not fill")

    def __exit__(self, *_: object) -> None:
        for sock in (*self._fillers, self._listener):
            sock.close()
