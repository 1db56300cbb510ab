"""Open-loop load: requests leave at a fixed rate whatever the server does, and each is judged.

Each request is a task of its own, and its latency counts from the moment at which that task was
made, so that a server that hangs can't hide behind a client that waits for it; a client that was
kept from the processor makes its tasks late, and does not blame the server for that.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import aiohttp

FAILED_AFTER = 1.0
"""An answer later than this counts as failed, seconds (design, section 8)."""


@dataclass
class Shot:
    """One request: when it left (monotonic), how long it took, what came."""

    due: float
    seconds: float
    path: str
    status: int = 0
    error: str = ""
    stale: str | None = None
    release: str | None = None
    body: str = ""

    @property
    def failed(self) -> bool:
        """A 5xx, a reset, or an answer later than 1 s."""
        return bool(self.error) or self.status >= 500 or self.seconds > FAILED_AFTER


@dataclass
class Load:
    """Requests at ``rate`` per second on ``paths`` in turn, over ``connections`` kept alive."""

    base: str
    host: str
    paths: Sequence[str]
    rate: float = 500.0
    connections: int = 40
    keep_bodies: bool = False
    inspect: Callable[[Shot, str], str] | None = None
    """Says what is wrong with a body, which is not kept; empty when nothing is."""
    shots: list[Shot] = field(default_factory=list)
    _running: bool = False
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Load:
        self._running = True
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running = False
        if self._task:
            await self._task

    async def _run(self) -> None:
        connector = aiohttp.TCPConnector(limit=self.connections, keepalive_timeout=60)
        timeout = aiohttp.ClientTimeout(total=5)
        pending: set[asyncio.Task[None]] = set()
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            start = time.monotonic()
            for number, path in enumerate(itertools.cycle(self.paths)):
                if not self._running:
                    break
                due = start + number / self.rate
                pause = due - time.monotonic()
                if pause > 0:
                    await asyncio.sleep(pause)
                task = asyncio.create_task(self._shoot(session, path, time.monotonic()))
                pending.add(task)
                task.add_done_callback(pending.discard)
            await asyncio.gather(*pending)

    async def _shoot(self, session: aiohttp.ClientSession, path: str, due: float) -> None:
        shot = Shot(due, 0.0, path)
        try:
            async with session.get(
                self.base + path, headers={"Host": self.host}, allow_redirects=False
            ) as answer:
                body = await answer.read()
                shot.status = answer.status
                shot.stale = answer.headers.get("X-SOS-Stale")
                shot.release = answer.headers.get("X-SOS-Release")
                if self.inspect and shot.status == 200:
                    shot.error = self.inspect(shot, body.decode(errors="replace"))
                if self.keep_bodies or shot.status >= 500:
                    shot.body = body.decode(errors="replace")
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            shot.error = f"{type(exc).__name__}: {exc}"
        shot.seconds = time.monotonic() - due
        self.shots.append(shot)

    def since(self, moment: float, until: float = float("inf")) -> list[Shot]:
        """The requests that were due within a span of monotonic time."""
        return [s for s in self.shots if moment <= s.due < until]

    def summary(self, shots: Sequence[Shot] | None = None) -> str:
        """Counts and latencies in one line."""
        shots = self.shots if shots is None else shots
        times = sorted(s.seconds for s in shots) or [0.0]
        statuses = Counter(str(s.status) if not s.error else s.error[:40] for s in shots)
        return (
            f"{len(shots)} requests, {sum(s.failed for s in shots)} failed, "
            f"p50 {times[len(times) // 2] * 1000:.1f} ms, "
            f"p99 {times[int(len(times) * 0.99)] * 1000:.1f} ms, "
            f"max {times[-1] * 1000:.0f} ms, {dict(statuses)}"
        )
