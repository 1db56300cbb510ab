"""One kept connection to each worker of a node, so that a test can ask a certain one.

In: a running `Node`. Out: `WorkerConnection`s by the worker's process id. Which worker has accepted
a connection is what the kernel says of its sockets (proc(5): ``/proc/net/tcp``, ``/proc/PID/fd``).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

from tests.servers.node import SITE, Node

HOST = SITE.removeprefix("http://")
TRIES = 60
"""Connections that are opened until every worker has one; the kernel deals them out by chance."""


class WorkerConnection:
    """An open connection; one request at a time."""

    def __init__(
        self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.pid = pid
        self._reader = reader
        self._writer = writer

    async def fetch(self, path: str) -> bytes:
        """The body of a page, uncompressed. Raises AssertionError for any status but 200."""
        return (await self.ask(path))[1]

    async def ask(self, path: str) -> tuple[str, bytes]:
        """Headers in lower case, and the body. Raises as `fetch`."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        assert head.startswith("http/1.1 200 "), head
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        return head, await self._reader.readexactly(length)

    def close(self) -> None:
        """Close it."""
        self._writer.close()

    async def __aenter__(self) -> WorkerConnection:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


@contextlib.asynccontextmanager
async def connect_workers(node: Node) -> AsyncIterator[dict[int, WorkerConnection]]:
    """A connection to each worker of a node, by process id."""
    workers = [w["pid"] for w in (await asyncio.to_thread(node.health))["workers"]]
    host, _, port = node.public.rpartition(":")
    found: dict[int, WorkerConnection] = {}
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(TRIES):
            reader, writer = await asyncio.open_connection(host, int(port))
            connection = WorkerConnection(0, reader, writer)
            stack.push_async_exit(connection)
            await connection.fetch("/")  # it has been accepted by then
            own = writer.get_extra_info("sockname")[1]
            connection.pid = find_owner(int(port), own, workers)
            found.setdefault(connection.pid, connection)
            if len(found) == len(workers):
                break
        assert set(found) == set(workers), f"{TRIES} connections reached {sorted(found)} alone"
        yield found


def find_owner(port: int, peer: int, pids: list[int]) -> int:
    """Which of these processes holds the connection of loopback ports ``port`` and ``peer``."""
    ends = f":{port:04X}", f":{peer:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1].endswith(ends[0]) and words[2].endswith(ends[1]):
            name = f"socket:[{words[9]}]"
            for pid in pids:
                for fd in Path(f"/proc/{pid}/fd").iterdir():
                    with contextlib.suppress(OSError):
                        if str(fd.readlink()) == name:
                            return pid
    raise AssertionError(f"no worker holds the connection from port {peer}")
