"""Keep-alive clients that keep asking, and tell what went wrong, as a load balancer would see it.

Only loopback, only a bounded number of requests per second.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What the clients saw. ``failures`` names the process that had answered on that connection."""

    answered: int = 0
    refused: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    slowest: float = 0.0
    pids: set[str] = field(default_factory=set)


class Load:
    """``clients`` connections, each asking ``path`` every ``pause`` seconds until told to stop."""

    def __init__(
        self,
        address: tuple[str, int],
        clients: int = 16,
        path: str = "/",
        pause: float = 0.02,
        keep_alive: bool = True,
    ) -> None:
        self.tally = Tally()
        self.may_connect = True
        self._address = address
        self._clients = clients
        self._pause = pause
        self._keep_alive = keep_alive
        connection = "keep-alive" if keep_alive else "close"
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n"
        self._request = head.encode()
        self._stop = asyncio.Event()

    async def __aenter__(self) -> "Load":
        self._tasks = [asyncio.create_task(self._ask_on()) for _ in range(self._clients)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def _ask_on(self) -> None:
        while not self._stop.is_set() and self.may_connect:
            try:
                async with asyncio.timeout(5):
                    reader, writer = await asyncio.open_connection(*self._address)
            except ConnectionRefusedError:
                self.tally.refused += 1
                await asyncio.sleep(0.05)
                continue
            await self._use(reader, writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _use(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pid = ""
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                async with asyncio.timeout(10):
                    writer.write(self._request)
                    head = (await reader.readuntil(b"\r\n\r\n")).lower()
                    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
                    body = await reader.readexactly(length)
            except (OSError, EOFError, TimeoutError) as error:
                self.tally.failures.append((pid, f"{type(error).__name__} {error}"))
                return
            if not head.startswith(b"http/1.1 200 "):
                self.tally.failures.append((pid, head.decode().splitlines()[0]))
            pid = body.decode()
            self.tally.answered += 1
            self.tally.pids.add(pid)
            self.tally.slowest = max(self.tally.slowest, time.monotonic() - began)
            if b"\r\nconnection: close" in head:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._stop.wait()

    async def reach(self, answered: int) -> None:
        """Return once that many more requests have been answered."""
        goal = self.tally.answered + answered
        async with asyncio.timeout(20):
            while self.tally.answered < goal:
                await asyncio.sleep(0.01)
