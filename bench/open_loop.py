"""Requests at a fixed rate, whatever the server does, and how late each answer was.

A program of its own, on a processor that the server does not have. In: a plan as JSON on its
standard input. Out: figures as JSON. A request has a moment at which it is due; its latency counts
from there to the last byte of its answer, so that a server that hangs, or a generator that is late,
hides nothing. How late the generator itself was is one of the figures.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

GIVE_UP = 5.0
"""Seconds after the last request is due: what has not been answered by then has failed."""


@dataclass
class Connection:
    """A kept connection with at most one request under way."""

    sock: socket.socket
    due: float = 0.0
    sent: float = 0.0
    buffer: bytearray = field(default_factory=bytearray)
    length: int = -1
    """Bytes of the answer under way, head included; -1 before its head is here."""

    def feed(self, data: bytes) -> int:
        """The status once the answer is here whole, else 0. Raises ValueError for odd ones."""
        self.buffer += data
        if self.length < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return 0
            self.length = end + 4 + parse_length(bytes(self.buffer[:end]))
        if len(self.buffer) < self.length:
            return 0
        status = int(self.buffer[9:12])
        del self.buffer[:]
        self.length = -1
        return status


def parse_length(head: bytes) -> int:
    """Content-Length of an answer's head. Raises ValueError where it has none."""
    lower = head.lower()
    start = lower.find(b"\r\ncontent-length:")
    if start < 0:
        if lower[9:12] in (b"304", b"204"):
            return 0
        raise ValueError("an answer without Content-Length")
    return int(lower[start + 17 :].split(b"\r\n", 1)[0])


class Generator:
    """Sends ``count`` requests, one every ``1 / rate`` seconds, on ``connections`` connections."""

    def __init__(self, port: int, requests: Sequence[bytes], rate: float, connections: int) -> None:
        self._port = port
        self._requests = requests
        self._rate = rate
        self._idle = deque(self._connect() for _ in range(connections))
        self._busy: dict[int, Connection] = {}
        self._waiting: deque[tuple[float, bytes]] = deque()
        self.latencies: list[float] = []
        """From when each was due, seconds."""
        self.since_sent: list[float] = []
        """From when each was sent: without what the generator, or a busy connection, held up."""
        self.lags: list[float] = []
        """How late the generator put requests into its queue, seconds."""
        self.seconds = 0.0
        """From the first request to the last answer."""
        self.statuses: dict[int, int] = {}
        self.broken = 0

    def run(self, count: int) -> None:
        """Send them all and wait for the answers."""
        start = time.perf_counter() + 0.05
        sent = 0
        while True:
            now = time.perf_counter()
            while sent < count and start + sent / self._rate <= now:
                due = start + sent / self._rate
                self.lags.append(now - due)
                self._waiting.append((due, self._requests[sent % len(self._requests)]))
                sent += 1
            while self._waiting and self._idle:
                self._send(self._idle.popleft(), *self._waiting.popleft())
            if sent >= count:
                if not self._busy and not self._waiting:
                    self.seconds = now - start
                    return
                if now > start + count / self._rate + GIVE_UP:
                    self.broken += len(self._busy) + len(self._waiting)
                    self.seconds = now - start
                    return
                pause = 0.01
            else:
                pause = max(0.0, start + sent / self._rate - time.perf_counter())
            self._receive(pause)

    def close(self) -> None:
        """Close all connections."""
        for connection in (*self._idle, *self._busy.values()):
            connection.sock.close()

    def _send(self, connection: Connection, due: float, request: bytes) -> None:
        connection.due, connection.sent = due, time.perf_counter()
        try:
            connection.sock.send(request)
        except OSError:
            self._replace(connection)
            return
        self._busy[connection.sock.fileno()] = connection

    def _receive(self, pause: float) -> None:
        # select(2), because its pause is in microseconds: epoll's is in milliseconds.
        ready, _, _ = select.select(list(self._busy), (), (), pause)
        for number in ready:
            connection = self._busy[number]
            try:
                data = connection.sock.recv(262_144)
                status = connection.feed(data) if data else -1
            except BlockingIOError:
                continue
            except (OSError, ValueError):
                status = -1
            if not status:
                continue
            del self._busy[number]
            if status < 0:
                self._replace(connection)
                continue
            now = time.perf_counter()
            self.latencies.append(now - connection.due)
            self.since_sent.append(now - connection.sent)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self._idle.append(connection)

    def _replace(self, connection: Connection) -> None:
        self.broken += 1
        connection.sock.close()
        self._idle.append(self._connect())

    def _connect(self) -> Connection:
        sock = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        return Connection(sock)


def describe(generator: Generator) -> dict[str, Any]:
    """Figures: milliseconds, and how many answers there were of each status."""
    latencies, lags = sorted(generator.latencies), sorted(generator.lags)
    return {
        "answered": len(latencies),
        "seconds": round(generator.seconds, 2),
        "answered_per_second": round(len(latencies) / generator.seconds, 1),
        "broken": generator.broken,
        "statuses": {str(k): v for k, v in sorted(generator.statuses.items())},
        **{f"p{name}_ms": percentile(latencies, share) for name, share in PERCENTILES.items()},
        "max_ms": percentile(latencies, 1.0),
        "since_sent_p99_ms": percentile(sorted(generator.since_sent), 0.99),
        "generator_late_p50_ms": percentile(lags, 0.5),
        "generator_late_p99_ms": percentile(lags, 0.99),
        "generator_late_max_ms": percentile(lags, 1.0),
    }


PERCENTILES = {"50": 0.5, "90": 0.9, "99": 0.99, "99.9": 0.999}


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of sorted seconds, in milliseconds; 0 of none."""
    if not ordered:
        return 0.0
    place = min(len(ordered) - 1, int(len(ordered) * share))
    return round(ordered[place] * 1000, 3)


def main() -> None:
    """Read a plan, run it, write figures."""
    plan = json.load(sys.stdin)
    requests = [one.encode("latin-1") for one in plan["requests"]]
    generator = Generator(plan["port"], requests, plan["rate"], plan["connections"])
    gc.disable()  # a pause of this process would count against the server
    generator.run(int(plan["rate"] * plan["seconds"]))
    json.dump(describe(generator), sys.stdout)


if __name__ == "__main__":
    main()
