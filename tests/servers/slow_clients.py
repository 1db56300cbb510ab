"""Thousands of clients that take their time, in a process of its own.

A program: it needs more descriptors than a test should have. In: a `Crowd` as JSON on standard
input. Out: one JSON line when all have begun, and one with a `Fate` for each when standard input ends.
They come from several loopback addresses, because one address has too few ports.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Literal, cast

import msgspec
import uvloop

Kind = Literal["silent", "dripping", "not_reading", "sipping", "idle"]
"""Says nothing; sends a head byte by byte; asks for much and reads next to nothing, or a little now
and then; has been answered once, and waits."""

DRIP_SECONDS = 3.0
SIP_SECONDS = 0.4
ASKED_AT_ONCE = 200
"""Requests that a client sends who does not read: their answers fill every buffer on the way."""

LOOK_SECONDS = 0.5

ADDRESSES = 8
AT_ONCE = 100
FILES = 20_000


class Crowd(msgspec.Struct):
    """How many of each kind come, from where they ask, and the processor that they have."""

    address: tuple[str, int]
    host: str
    path: str
    counts: dict[Kind, int]
    cpu: int = -1


class Fate(msgspec.Struct, array_like=True):
    """What became of one: seconds from its first byte to its end, below 0 while it lives.

    ``status`` is that of the last answer it got, 0 for none.
    """

    kind: Kind
    seconds: float = -1.0
    status: int = 0


class Client(asyncio.Protocol):
    """One of them."""

    def __init__(self, kind: Kind, crowd: Crowd) -> None:
        self.fate = Fate(kind)
        self._request = f"GET {crowd.path} HTTP/1.1\r\nHost: {crowd.host}\r\n\r\n".encode()
        self._began = time.monotonic()
        self._sent = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._began = time.monotonic()
        if self.fate.kind == "dripping":
            self._drip()
        elif self.fate.kind == "idle":
            self._transport.write(self._request)
        elif self.fate.kind in ("not_reading", "sipping"):
            # Later: uvloop begins to read after this call, whatever was asked for in it.
            asyncio.get_running_loop().call_soon(self._ask_much)

    def data_received(self, data: bytes) -> None:
        if self.fate.kind == "sipping":
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(SIP_SECONDS, self._sip)
        with contextlib.suppress(ValueError):
            if data.startswith(b"HTTP/1.1 "):
                self.fate.status = int(data[9:12])

    def connection_lost(self, exc: Exception | None) -> None:
        self.look(ended=True)

    def look(self, *, ended: bool) -> None:
        """Note its end. Who does not read is not told of it, but finds it in the kernel's books."""
        if self.fate.seconds < 0 and (ended or not self._is_established()):
            self.fate.seconds = time.monotonic() - self._began

    def _is_established(self) -> bool:
        sock = self._transport.get_extra_info("socket")
        state: int = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return state == 1

    def _ask_much(self) -> None:
        self._transport.pause_reading()
        self._transport.write(self._request * ASKED_AT_ONCE)
        if self.fate.kind == "sipping":
            self._sip()

    def _sip(self) -> None:
        if self.fate.seconds < 0:
            self._transport.resume_reading()

    def _drip(self) -> None:
        if self.fate.seconds < 0:
            self._transport.write(self._request[self._sent : self._sent + 1])
            self._sent += 1
            asyncio.get_running_loop().call_later(DRIP_SECONDS, self._drip)


async def _come(crowd: Crowd) -> list[Client]:
    """All of them connect, some at a time."""
    loop = asyncio.get_running_loop()
    room = asyncio.Semaphore(AT_ONCE)
    clients: list[Client] = []

    async def connect(kind: Kind, number: int) -> None:
        async with room:
            sock = socket.socket()
            sock.setblocking(False)
            # The port is chosen when it connects: each address has all of them for itself.
            sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            sock.bind((f"127.0.0.{2 + number % ADDRESSES}", 0))
            if kind in ("not_reading", "sipping"):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(sock, crowd.address)
            _, client = await loop.create_connection(lambda: Client(kind, crowd), sock=sock)
            clients.append(client)

    kinds = [kind for kind, count in crowd.counts.items() for _ in range(count)]
    await asyncio.gather(*(connect(kind, n) for n, kind in enumerate(kinds)))
    return clients


async def _run(crowd: Crowd) -> None:
    clients = await _come(crowd)
    print("begun", flush=True)
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    while not over.done():
        for client in clients:
            if client.fate.kind in ("not_reading", "sipping"):
                client.look(ended=False)
        await asyncio.wait({over}, timeout=LOOK_SECONDS)
    sys.stdout.buffer.write(msgspec.json.encode([client.fate for client in clients]))
    sys.stdout.flush()
    os._exit(0)  # thousands of open connections end with the process


def main() -> None:
    """Read a crowd, be it, tell what became of it."""
    crowd = msgspec.json.decode(sys.stdin.buffer.readline(), type=Crowd)
    if crowd.cpu >= 0:
        os.sched_setaffinity(0, {crowd.cpu})
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    uvloop.run(_run(crowd))


class Running:
    """A crowd that is there. `fates` sends it away."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def fates(self) -> list[Fate]:
        """What has become of each by now."""
        out, _ = self._process.communicate(timeout=30)
        return msgspec.json.decode(out, type=list[Fate])


@contextlib.contextmanager
def crowd_of(crowd: Crowd) -> Iterator[Running]:
    """Clients that have all connected; they are gone when this ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.slow_clients"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write(msgspec.json.encode(crowd) + b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"begun\n", "they did not get in"
        yield Running(process)
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    main()
