"""Requests at fixed rates from a process of its own, whatever the server does with them.

A program, so that neither the test nor its fixtures share the loop or the processor with it. In: a
`Plan` as JSON on standard input. Out: a `Shot` for each request as JSON lines; `run_plan` does both.
A stream with a rate sends when a request is due; one without sends as fast as its connections are
answered. Latency counts from the moment at which the request was handed over for sending, and how
late that was is told as well: a server is not blamed for a generator that had no processor.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import cast

import msgspec
import uvloop

TICK = 0.002
"""How often due requests are sent, seconds."""

GIVE_UP = 5.0
"""How long the last answers are waited for, seconds."""

GOOD_SECONDS = 1.0
"""An answer later than this counts as failed (design, section 8)."""


class Stream(msgspec.Struct):
    """Requests of one kind, for ``paths`` in turn. ``rate`` 0 is a closed loop."""

    name: str
    paths: list[str]
    rate: float
    connections: int


class Plan(msgspec.Struct):
    """What is asked, for how long. ``cpu`` is where the program runs; below 0 anywhere."""

    address: tuple[str, int]
    host: str
    seconds: float
    streams: list[Stream]
    cpu: int = -1


class Shot(msgspec.Struct, array_like=True):
    """One request: when it left (monotonic), how late that was, how long the answer took.

    ``status`` is 0 where there was none. ``retry`` says whether it named a time for another try.
    """

    stream: str
    at: float
    late: float
    seconds: float
    status: int
    retry: bool = False

    @property
    def good(self) -> bool:
        """A page, within a second."""
        return self.status == 200 and self.seconds <= GOOD_SECONDS


class Line(asyncio.Protocol):
    """One kept connection, with at most one request under way."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._transport: asyncio.Transport
        self._head = b""
        self._left = -1
        self.shot: Shot | None = None
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, shot: Shot) -> None:
        self.shot, self._head, self._left = shot, b"", -1
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._read_head(head.lower())
            self._left -= len(rest)
        else:
            self._left -= len(data)
        if self._left == 0:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self.shot is not None:
            self.shot.status = 0
            self._finish()

    def _read_head(self, head: bytes) -> None:
        assert self.shot is not None
        self.shot.status = int(head[9:12])
        self.shot.retry = b"\r\nretry-after:" in head
        self._left = int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])

    def _finish(self) -> None:
        shot, self.shot = self.shot, None
        assert shot is not None
        shot.seconds = time.monotonic() - shot.at
        self._sender.finished(self)


class Sender:
    """Sends one stream."""

    def __init__(self, plan: Plan, stream: Stream) -> None:
        self.shots: list[Shot] = []
        self._plan = plan
        self._stream = stream
        self._idle: list[Line] = []
        self._waiting: deque[Shot] = deque()
        self._open = 0
        self._unanswered = 0
        self._connecting: set[asyncio.Task[None]] = set()
        self._ends = float("inf")
        fields = f"Host: {plan.host}\r\nAccept-Encoding: gzip, br\r\n\r\n"
        requests = [f"GET {p} HTTP/1.1\r\n{fields}".encode() for p in stream.paths]
        self._requests = itertools.cycle(requests)

    async def run(self) -> None:
        """Send for as long as planned; then wait for what is still to come."""
        start, rate = time.monotonic(), self._stream.rate
        self._ends = start + self._plan.seconds
        if not rate:
            for _ in range(self._stream.connections):
                self._queue(time.monotonic())
        sent = 0
        while (now := time.monotonic()) < self._ends:
            while rate and start + sent / rate <= now:
                self._queue(start + sent / rate)
                sent += 1
            await asyncio.sleep(TICK)
        while self._unanswered and time.monotonic() < self._ends + GIVE_UP:
            await asyncio.sleep(0.01)
        for task in self._connecting:
            task.cancel()

    def finished(self, line: Line) -> None:
        """An answer is here, or never will be."""
        self._unanswered -= 1
        if line.closed:
            self._open -= 1
        else:
            self._idle.append(line)
        if not self._stream.rate and time.monotonic() < self._ends:
            self._queue(time.monotonic())
        self._send()

    def _queue(self, due: float) -> None:
        now = time.monotonic()
        shot = Shot(self._stream.name, now, now - due, GIVE_UP, 0)
        self.shots.append(shot)
        self._waiting.append(shot)
        self._unanswered += 1
        self._send()

    def _send(self) -> None:
        while self._waiting:
            line = self._find_idle()
            if line is None:
                room = self._stream.connections - self._open
                for _ in range(min(room, len(self._waiting) - len(self._connecting))):
                    self._begin_to_connect()
                return
            line.ask(next(self._requests), self._waiting.popleft())

    def _find_idle(self) -> Line | None:
        while self._idle:
            line = self._idle.pop()
            if not line.closed:
                return line
            self._open -= 1
        return None

    def _begin_to_connect(self) -> None:
        self._open += 1
        task = asyncio.get_running_loop().create_task(self._connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, line = await loop.create_connection(lambda: Line(self), *self._plan.address)
        except OSError:
            self._open -= 1
            if self._waiting:
                shot = self._waiting.popleft()
                shot.seconds = time.monotonic() - shot.at
                self._unanswered -= 1
            return
        self._idle.append(line)
        self._send()


async def _run(plan: Plan) -> list[Shot]:
    senders = [Sender(plan, stream) for stream in plan.streams]
    await asyncio.gather(*(sender.run() for sender in senders))
    return [shot for sender in senders for shot in sender.shots]


def main() -> None:
    """Read a plan, run it, write what came of it."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    if plan.cpu >= 0:
        os.sched_setaffinity(0, {plan.cpu})
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_run(plan))))
    sys.stdout.buffer.flush()


def run_plan(plan: Plan) -> list[Shot]:
    """Run a plan in a process of its own; its requests in the order in which they left."""
    with tempfile.TemporaryFile() as out:
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name if __spec__ else __name__],
            input=msgspec.json.encode(plan),
            stdout=out,
            stderr=subprocess.PIPE,
            timeout=plan.seconds + GIVE_UP + 20,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()[-3000:]
        out.seek(0)
        shots = msgspec.json.decode(out.read(), type=list[Shot])
    return sorted(shots, key=lambda s: s.at)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of them lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def describe(shots: Sequence[Shot]) -> str:
    """Counts and latencies in one line."""
    times = [s.seconds for s in shots]
    statuses = dict(Counter(s.status for s in shots))
    figures = ", ".join(f"p{n} {percentile(times, n / 100) * 1000:.1f} ms" for n in (50, 99))
    return f"{len(shots)} requests {statuses}, {figures}, max {max(times, default=0) * 1000:.0f} ms"


def each_second(shots: Sequence[Shot]) -> Iterator[int]:
    """How many of them were good, second after second."""
    start = shots[0].at if shots else 0.0
    counts = Counter(int(s.at - start) for s in shots if s.good)
    yield from (counts[n] for n in range(max(counts, default=-1) + 1))


if __name__ == "__main__":
    main()
