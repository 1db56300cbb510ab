"""The place of one worker in its node: starts its process, watches it, replaces it.

In: heartbeats of the process, and the time. Out: a new process when the old one crashed, hung or
never got ready. It knows nothing of the other workers and never touches a connection.
"""

import asyncio
import contextlib
import random
import signal
import socket
import sys
from collections.abc import Callable, Sequence

import structlog

from sos.metrics import Metrics, Snapshot, keep_totals, merge_snapshots
from sos.rollout.offers import Offer
from sos.rollout.shelf import ReleaseFile
from sos.settings import Settings
from sos.web.channel import (
    Beat,
    Channel,
    Drain,
    Listen,
    Load,
    Loaded,
    Offered,
    Refused,
    Start,
    Swap,
    Told,
    ToSupervisor,
    ToWorker,
    Want,
)

READY_SECONDS = 20.0
"""A worker that is not ready by then counts as crashed."""

SUSPECT_SECONDS = 1.5
"""Silence after which new connections go to the other workers."""

HEALTHY_SECONDS = 2.0
"""Time in service after which earlier crashes are forgotten. A start takes half a second of a
processor: a worker that lives that long and then crashes, always again, takes a fifth of a core."""

EXIT_SECONDS = 2.0
"""Time between the end of a worker's channel and the end of its process."""

LONGEST_BACKOFF = 5.0

log = structlog.get_logger()


def decide_backoff(failures: int, draw: float) -> float:
    """Seconds to wait before start number ``failures`` + 1; ``draw`` is from [0, 1).

    The first replacement comes at once. From then on full jitter under a doubling bound of 0.25 s
    to 5 s, so that workers that fail together do not start together.
    """
    bound = min(LONGEST_BACKOFF, 0.125 * 2.0 ** min(failures, 10))
    return draw * bound if failures > 1 else 0.0


class Slot:
    """One worker and its successors. Times are those of the event loop, seconds.

    ``launched`` is set once the first process was started, or could not be.
    """

    def __init__(
        self,
        index: int,
        settings: Settings,
        factory: str,
        sockets: Sequence[socket.socket],
        metrics: Metrics,
        on_change: Callable[[], None],
    ) -> None:
        self.index = index
        self.releases: tuple[ReleaseFile, ...] = ()
        self.on_want: Callable[[str], None] = lambda release: None
        self.on_content: Callable[[], None] = lambda: None
        self.beat: Beat | None = None
        self.last_seen = asyncio.get_running_loop().time()
        self.restarts = 0
        self.hangs = 0
        self.was_ready = False
        self.launched = asyncio.Event()
        self.refusal: Refused | None = None
        self.totals: Snapshot = {}
        self._settings = settings
        self._factory = factory
        self._fds = [sock.fileno() for sock in sockets]
        self._metrics = metrics
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel[ToSupervisor] | None = None
        self._started = self.last_seen
        self._ready_at: float | None = None
        self._verdict = ""
        self._stopping = asyncio.Event()
        self._loading: dict[str, asyncio.Future[str]] = {}

    @property
    def pid(self) -> int | None:
        """Id of the process that runs now."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    @property
    def is_serving(self) -> bool:
        """Whether connections reach a service that can answer them."""
        return self.is_ready and self.beat is not None and self.beat.listening

    @property
    def is_ready(self) -> bool:
        """Whether there is a process, and its service has started."""
        return self.pid is not None and self.beat is not None and self.beat.ready

    def is_prompt(self, now: float) -> bool:
        """Whether it is ready and its loop answered just now: it may accept connections."""
        return self.is_ready and now - self.last_seen <= SUSPECT_SECONDS

    def is_alive(self, now: float) -> bool:
        """Whether a process of this slot spoke within the time that a worker may be silent."""
        return now - self.last_seen <= self._settings.hang_seconds

    async def run(self) -> None:
        """Keep a worker running until it is drained or this is cancelled, which kills it."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            await self._run_once()
            if self._stopping.is_set():
                return
            healthy = self._ready_at and loop.time() - self._ready_at >= HEALTHY_SECONDS
            failures = 1 if healthy else failures + 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(decide_backoff(failures, random.random())):
                    await self._stopping.wait()
            if self._stopping.is_set():
                return
            self.restarts += 1
            self._metrics.worker_restarts.inc(self._verdict or "crashed")

    def listen(self, slots: list[int]) -> None:
        """Tell the worker which sockets to accept from."""
        self._send(Listen(slots))

    async def load(self, file: ReleaseFile) -> str:
        """Have the worker load a release; why it can't, empty when it has, or has gone.

        A worker that ends meanwhile says nothing: its successor starts with what is live then.
        """
        if not self.is_ready:
            return ""
        future = self._loading.get(file.id)
        if future is None or future.done():
            future = asyncio.get_running_loop().create_future()
            self._loading[file.id] = future
            self._send(Load(file))
        return await asyncio.shield(future)

    def swap(self, release: str) -> None:
        """Have the worker change to a release that it has loaded."""
        self._send(Swap(release))

    def tell(self, status: int, word: str) -> None:
        """Have the worker answer load balancers on the public port."""
        self._send(Told(status, word))

    def offer(self, releases: tuple[Offer, ...]) -> None:
        """Have the worker offer these to whoever previews."""
        self._send(Offered(releases))

    def drain(self, linger: float, limit: float) -> None:
        """Let the worker finish and exit; one that is not ready yet is killed. No successor."""
        self._stopping.set()
        if self.is_ready:
            self._send(Drain(linger, limit))
        else:
            self._kill("drained")

    def kill_if_overdue(self, now: float) -> None:
        """Kill the worker when it has been silent, or has not got ready, for too long."""
        if self.beat is None or not self.beat.ready:
            if now - self._started > READY_SECONDS:
                self._kill("never_ready")
        elif now - self.last_seen > self._settings.hang_seconds and not self._stopping.is_set():
            self.hangs += self._verdict == ""
            self._kill("hung", silent_seconds=round(now - self.last_seen, 1))

    def _send(self, message: ToWorker) -> None:
        if self._channel is not None:
            self._channel.send(message)

    def _kill(self, verdict: str, **fields: object) -> None:
        if self._process is None or self._process.returncode is not None or self._verdict:
            return
        self._verdict = verdict
        if verdict != "drained":
            log.error(f"worker_{verdict}", worker=self.index, pid=self._process.pid, **fields)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _run_once(self) -> None:
        loop = asyncio.get_running_loop()
        self._verdict, self._started, self._ready_at = "", loop.time(), None
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = process = await self._spawn(theirs.fileno())
            except OSError as exc:
                ours.close()
                log.exception("worker_not_started", worker=self.index, error=str(exc))
                self.launched.set()
                return
        log.info("worker_started", worker=self.index, pid=process.pid)
        channel: Channel[ToSupervisor] = await Channel.open(ours, ToSupervisor)
        self._channel = channel
        channel.send(Start(self._settings, self._factory, self.index, self._fds, self.releases))
        self.launched.set()
        try:
            await self._follow(channel)
            # The channel ends with the process. One that closed it and lives on is of no use.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EXIT_SECONDS):
                    await process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            channel.close()
            self._channel = None
            self._settle_loading()
            if self.beat is not None:
                self.totals = merge_snapshots((self.totals, keep_totals(self.beat.samples)))
            self.beat = None
            self._on_change()
        self._report(process.pid, await process.wait(), loop.time() - self._started)

    async def _spawn(self, channel: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            # -P: a file that happens to lie in the current folder is not a module of ours.
            *(sys.executable, "-P", "-m", "sos.web.worker_process", str(channel)),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(channel, *self._fds),
            # Its own session: Ctrl-C at the terminal reaches the supervisor alone.
            start_new_session=True,
        )

    async def _follow(self, channel: Channel[ToSupervisor]) -> None:
        try:
            while (message := await channel.receive()) is not None:
                if isinstance(message, Refused):
                    self.refusal = message
                    self._on_change()
                elif isinstance(message, Loaded):
                    self._settle_loading(message.release, message.error)
                elif isinstance(message, Want):
                    self.on_want(message.release)
                else:
                    self._heed(message)
        except ValueError as exc:  # too long, or not a message of this version (ValidationError)
            self._kill("not_understood", error=str(exc))

    def _settle_loading(self, release: str | None = None, error: str = "") -> None:
        """Tell who waits for ``release``, or for any, how its loading ended."""
        for name in [release] if release is not None else list(self._loading):
            future = self._loading.pop(name, None)
            if future and not future.done():
                future.set_result(error)

    def _heed(self, beat: Beat) -> None:
        before, self.beat = self.beat, beat
        self.last_seen = asyncio.get_running_loop().time()
        if beat.ready and self._ready_at is None:
            self._ready_at = self.last_seen
            self.was_ready = True
        if before is None or _shown(before) != _shown(beat):
            self._on_change()
        if before is None or _followed(before) != _followed(beat):
            self.on_content()

    def _report(self, pid: int, code: int, seconds: float) -> None:
        expected = self._verdict == "drained" or (self._stopping.is_set() and code == 0)
        reason = "drained" if expected else self._verdict or "crashed"
        if self.refusal and not self._verdict:
            reason = "refused"
        how = {"signal": signal.Signals(-code).name} if code < 0 else {"code": code}
        level = log.info if expected else log.error
        took = round(seconds, 1)
        level("worker_exited", worker=self.index, pid=pid, reason=reason, seconds=took, **how)


def _followed(beat: Beat) -> tuple[str, int]:
    return beat.status.content_epoch, beat.status.content_revision


def _shown(beat: Beat) -> tuple[bool, bool, str | None]:
    return beat.ready, beat.listening, beat.status.release
