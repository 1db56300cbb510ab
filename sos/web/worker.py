"""One worker process: serves the public port, tells its supervisor twice a second how it is.

In: orders of the supervisor (see `channel`), connections of inherited sockets. Out: answers of the
`WorkerService`, and heartbeats. It restarts nothing, binds nothing, and never outlives its
supervisor. `worker_process` runs it.
"""

import asyncio
import contextlib
import gc
import importlib
import os
import resource
import socket
import sys
from pathlib import Path

import aiohttp.http
import structlog
import uvloop
from aiohttp import hdrs, web
from aiohttp.http_parser import HttpRequestParserPy

from sos.errors import SettingsError, SosError
from sos.lean import lean_imports
from sos.log import configure_logging
from sos.rollout.shelf import ReleaseFile
from sos.web.accepting import Acceptor
from sos.web.channel import (
    Beat,
    Channel,
    Drain,
    Listen,
    Load,
    Loaded,
    Offered,
    Refused,
    SelfRender,
    Start,
    Swap,
    Told,
    ToWorker,
    Want,
)
from sos.web.listening import BACKLOG, SETTLE_SECONDS, count_waiting
from sos.web.service import Port, WorkerContext, WorkerService

BEAT_SECONDS = 0.5
SELF_RENDER_SECONDS = 2.0
KEEPALIVE_SECONDS = 75.0
"""Longer than a load balancer keeps an idle connection (60 s), so that it never loses that race."""

CLOSE_SECONDS = 2.0
"""Time for the service to give back what it holds; nobody waits for answers any more."""

EXIT_CRASHED = 70  # EX_SOFTWARE

log = structlog.get_logger()


class Worker:
    """The life of one worker: start, serve, drain."""

    def __init__(self, start: Start, channel: Channel[ToWorker]) -> None:
        self._start = start
        self._channel = channel
        self._sockets = [socket.socket(fileno=fd) for fd in start.sockets]
        self._servers: dict[int, Acceptor] = {}
        self._context = WorkerContext(
            start.settings,
            start.worker,
            changed=self._changed,
            releases=start.releases,
            want=lambda release: self._channel.send(Want(release)),
        )
        self._loads: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._port: Port | None = None
        self._service: WorkerService | None = None
        self._ready = False
        self._changes = asyncio.Event()
        self._render = SelfRender()
        self._rendered_at = 0.0
        self._cut = 0

    async def run(self) -> int:
        """Serve until told to drain; the exit code. Ends the process when the supervisor goes."""
        drain: asyncio.Future[Drain] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(self._obey(drain))]
            try:
                self._service = service = _create_service(self._start.factory, self._context)
                background.append(tasks.create_task(self._beat(service)))
                await service.start()
                await self._serve(service)
            except SosError as exc:
                self._channel.send(Refused(str(exc), exc.exit_code))
                await self._channel.flush()
                os._exit(exc.exit_code)
            background.append(tasks.create_task(self._render_again_and_again(service)))
            await self._drain(await drain)
            for task in background:
                task.cancel()
        await self._close(service)
        return 0

    async def _serve(self, service: WorkerService) -> None:
        service.app.on_response_prepare.append(self._close_when_draining)
        self._runner = web.AppRunner(
            service.app,
            access_log=None,
            keepalive_timeout=KEEPALIVE_SECONDS,
            shutdown_timeout=0.1,  # the drain before it was the patient part
        )
        await self._runner.setup()
        if server := self._runner.server:
            self._port = service.build_port(server, keepalive_timeout=KEEPALIVE_SECONDS)
        await self._render_once(service)
        # What lives now lives as long as the process: the collector need not walk it again.
        gc.collect()
        gc.freeze()
        self._ready = True
        self._changed()
        log.info("worker_ready", release=service.status().release)

    async def _obey(self, drain: asyncio.Future[Drain]) -> None:
        while True:
            message = await self._channel.receive()
            if isinstance(message, Listen):
                self._listen(message.slots)
            elif isinstance(message, Drain):
                if not drain.done():
                    drain.set_result(message)
            elif isinstance(message, Load | Swap):
                self._obey_release(message)
            elif isinstance(message, Offered):
                self._context.offers = message.releases
                self._context.offered.set()
            elif isinstance(message, Told):
                self._context.verdict = (message.status, message.word)
            elif message is None:
                # The supervisor is gone: nobody would replace or stop this process any more.
                os._exit(EXIT_CRASHED)

    def _obey_release(self, order: Load | Swap) -> None:
        if self._service is None:
            return
        if isinstance(order, Swap):
            self._service.swap(order.release)
            self._changed()
            return
        task = asyncio.get_running_loop().create_task(self._load(self._service, order.release))
        self._loads.add(task)
        task.add_done_callback(self._loads.discard)

    async def _load(self, service: WorkerService, file: ReleaseFile) -> None:
        error = ""
        try:
            await service.load(file)
        except Exception as exc:  # the active release goes on whatever this one does
            error = str(exc) or type(exc).__name__
            log.exception("release_not_loaded", release=file.id)
        self._channel.send(Loaded(file.id, error))

    def _listen(self, slots: list[int]) -> None:
        if self._port is None or self._context.draining:
            return
        for slot in self._servers.keys() - set(slots):
            self._servers.pop(slot).close()
        for slot in slots:
            if slot not in self._servers:
                # A duplicate, because closing a server closes its descriptor.
                self._servers[slot] = Acceptor(self._sockets[slot].dup(), BACKLOG, self._port)
        self._changed()

    async def _beat(self, service: WorkerService) -> None:
        loop = asyncio.get_running_loop()
        metrics = self._context.metrics
        while True:
            self._changes.clear()
            if not self._channel.is_clogged:
                self._send_beat(service)
            due = loop.time() + BEAT_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._changes.wait()
            metrics.worker_loop_lag_seconds.set(max(0.0, loop.time() - due))

    def _send_beat(self, service: WorkerService) -> None:
        metrics = self._context.metrics
        metrics.worker_memory_bytes.set(_fetch_memory())
        metrics.connections.set(self._count_connections())
        status = service.status()
        metrics.content_revision.set(status.content_revision)
        metrics.content_stale.set(float(status.stale))
        metrics.active_release.clear()
        if status.release is not None:
            metrics.active_release.set(1, status.release)
        if status.content_lag_seconds is not None:
            metrics.content_lag_seconds.set(status.content_lag_seconds)
        render = self._render
        if self._rendered_at:
            age = asyncio.get_running_loop().time() - self._rendered_at
            render = SelfRender(render.failures, render.passed, round(age, 3))
        listening = bool(self._servers)
        self._channel.send(Beat(self._ready, status, render, metrics.snapshot(), listening))

    def _changed(self) -> None:
        self._changes.set()

    async def _render_again_and_again(self, service: WorkerService) -> None:
        while True:
            await asyncio.sleep(SELF_RENDER_SECONDS)
            await self._render_once(service)

    async def _render_once(self, service: WorkerService) -> None:
        before = self._render
        try:
            async with asyncio.timeout(SELF_RENDER_SECONDS):
                passed = await service.self_render()
        except Exception:  # whatever it is, visitors may meet it too
            log.exception("self_render_raised")
            passed = False
        if not passed:
            self._context.metrics.self_render_failures.inc()
            log.error("self_render_failed", in_a_row=before.failures + 1)
        self._render = SelfRender(0 if passed else before.failures + 1, passed or before.passed)
        self._rendered_at = asyncio.get_running_loop().time()
        if bool(before.failures) == passed:
            self._changed()

    async def _close_when_draining(
        self, _request: web.Request, response: web.StreamResponse
    ) -> None:
        if self._context.draining:
            response.force_close()
            response.headers[hdrs.CONNECTION] = "close"

    async def _drain(self, order: Drain) -> None:
        """Answer what has arrived, then let go. The order of steps is decision 0003."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._context.draining = True
        if self._port:
            self._port.drain()
        await asyncio.sleep(SETTLE_SECONDS)
        while loop.time() - started < 1 and self._count_waiting():  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
        for server in self._servers.values():
            server.close()
        self._servers.clear()
        for sock in self._sockets:
            sock.close()
        until = started + min(order.linger, order.limit)
        while self._count_connections() and loop.time() < until:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)
        await self._close_connections(started + order.limit)
        log.info(
            "worker_drained",
            seconds=round(loop.time() - started, 3),
            cut=self._cut,
        )

    async def _close_connections(self, deadline: float) -> None:
        """Close idle connections now, busy ones after their answer, all at the deadline."""
        server = self._runner.server if self._runner else None
        if server is None or self._port is None:
            return
        transports = [connection.transport for connection in server.connections]
        closing = asyncio.create_task(server.shutdown(None))
        loop = asyncio.get_running_loop()
        while not closing.done() and loop.time() < deadline:
            # A connection that was idle wakes up and sees that it is to close. Again and again,
            # because one that was accepted just now does not wait yet.
            server.pre_shutdown()
            self._port.close_idle()
            await asyncio.wait({closing}, timeout=0.02)
        self._cut = 0 if closing.done() else len(server.connections)
        closing.cancel()
        await asyncio.wait({closing})
        # An answer may be complete for aiohttp while its end waits here for a slow reader.
        while loop.time() < deadline and (self._count_connections() or _count_unsent(transports)):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)

    async def _close(self, service: WorkerService) -> None:
        if self._port:
            self._port.stop()
        if self._runner:
            await self._runner.cleanup()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await service.aclose()
        self._send_beat(service)
        await self._channel.flush()

    def _count_waiting(self) -> int:
        return sum(count_waiting(self._sockets[slot]) for slot in self._servers)

    def _count_connections(self) -> int:
        return len(self._port) if self._port else 0


def _create_service(factory: str, context: WorkerContext) -> WorkerService:
    # The pure-Python parser of aiohttp was open to request smuggling more than once.
    if aiohttp.http.HttpRequestParser is HttpRequestParserPy:
        raise SettingsError("aiohttp has no C parser here: install aiohttp from a wheel")
    module, _, name = factory.partition(":")
    with lean_imports():
        create = getattr(importlib.import_module(module), name)
    service: WorkerService = create(context)
    return service


def _count_unsent(transports: list[asyncio.Transport | None]) -> int:
    return sum(t.get_write_buffer_size() for t in transports if t is not None)


def _fetch_memory() -> float:
    """Resident memory of this process, bytes."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * resource.getpagesize()
    return 0.0


async def _run(sock: socket.socket) -> int:
    channel: Channel[ToWorker] = await Channel.open(sock, ToWorker)
    start = await channel.receive()
    if not isinstance(start, Start):
        return EXIT_CRASHED
    configure_logging(start.settings.log_level, start.settings.log_format)
    structlog.contextvars.bind_contextvars(worker=start.worker)
    return await Worker(start, channel).run()


def run_worker(channel: int) -> None:
    """Live as the worker at the other end of this inherited descriptor; never returns."""
    try:
        code = uvloop.run(_run(socket.socket(fileno=channel)))
    except BaseException:
        log.exception("worker_crashed")
        code = EXIT_CRASHED
    # Nothing is left to tidy, and a thread of a driver must not hold up the exit.
    sys.stderr.flush()
    os._exit(code)
