"""The supervisor of a node: owns the listening sockets and the workers, answers the private port.

In: settings and signals. Out: a node that keeps running, until it has been drained. It never
accepts a connection of the public port, and holds no content.
"""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from sos import __version__
from sos.lean import lean_imports
from sos.metrics import Metrics, Snapshot, merge_snapshots
from sos.rollout.shelf import Shelf
from sos.settings import Settings, parse_address
from sos.web.announce import NodeAddresses, announce
from sos.web.background import Background
from sos.web.channel import Refused
from sos.web.crew import NodeCrew
from sos.web.health import NodeView, WorkerView
from sos.web.listening import (
    bind_one,
    bind_public,
    decide_listening,
    describe_address,
    stop_handshakes,
)
from sos.web.slot import Slot

if TYPE_CHECKING:  # the rest is imported while the workers start, which takes longer
    from sos.rollout.steps import Parts
    from sos.rollout.verdict import Verdict
    from sos.web.rollout import Rollout

OpenParts = Callable[[], AbstractAsyncContextManager["Parts"]]
"""Opens what the node follows releases with. May raise SettingsError; asks no server."""

TICK_SECONDS = 0.25
LINGER_SECONDS = 5.0
"""Longest time that an idle connection gets for one more request while the node drains."""

DRAIN_LIMIT = 20.0
"""Time that what is in flight gets once the node accepts no more, seconds."""

EXIT_INTERRUPTED = 130
EXIT_BROKEN = 70  # EX_SOFTWARE

log = structlog.get_logger()


class Supervisor:
    """One node. Made and run inside one event loop, once."""

    def __init__(
        self,
        settings: Settings,
        factory: str,
        on_ready: Callable[[NodeAddresses], None] | None = None,
        open_parts: OpenParts | None = None,
    ) -> None:
        self.metrics = Metrics()
        self.rollout: Rollout | None = None
        self._open_parts = open_parts
        self._settings = settings
        self._factory = factory
        self._on_ready = on_ready
        self._addresses: NodeAddresses | None = None
        self._slots: list[Slot] = []
        self._listening: dict[int, list[int]] = {}
        self._started = time.monotonic()
        self._draining = False
        self._announced = False
        self._broken = False
        self._background = Background(self._break)
        self._stop = asyncio.Event()
        self._interrupt = asyncio.Event()
        self.metrics.node_start_time_seconds.set(time.time())
        self.metrics.build_info.set(1, __version__)
        self.metrics.node_draining.set(0)

    async def run(self, *companions: Coroutine[Any, Any, None]) -> int:
        """Run the node until it has been told to stop; the exit code of the process.

        0 after SIGTERM, SIGINT or SIGHUP and a drain; 130 after a second SIGINT; the code of the
        refusal when no worker can start with these settings; 70 after an error of the supervisor
        itself. ``companions`` run beside the workers and are cancelled at the end. Raises
        SettingsError when an address can't be had, or what ``open_parts`` raises.
        """
        self._handle_signals()
        # What the background works with is opened after it has begun, and closed after its end.
        async with contextlib.AsyncExitStack() as opened, contextlib.AsyncExitStack() as stack:
            sockets, private = self._bind(stack)
            await stack.enter_async_context(self._background)
            self._slots = [
                Slot(n, self._settings, self._factory, sockets, self.metrics, self._changed)
                for n in range(len(sockets))
            ]
            shelf = Shelf(Path(self._settings.state_dir), self._settings.release_public_key)
            crew = NodeCrew(self._slots, shelf.read_kept() if self._open_parts else ())
            workers = [self._background.spawn(slot.run()) for slot in self._slots]
            self._background.spawn(self._watch())
            for slot in self._slots:
                await slot.launched.wait()
            addresses = NodeAddresses(
                os.getpid(), describe_address(sockets[0]), describe_address(private)
            )
            await self._take_up_duties(opened, stack, crew, addresses, private)
            for companion in companions:
                self._background.spawn_companion(companion)
            stack.enter_context(announce(addresses, Path(self._settings.state_dir)))
            self._addresses = addresses
            await self._stop.wait()
            code = await self._leave(sockets, workers)
            if self.rollout:
                await self.rollout.withdraw()
            return code

    async def _take_up_duties(
        self,
        opened: contextlib.AsyncExitStack,
        stack: contextlib.AsyncExitStack,
        crew: NodeCrew,
        addresses: NodeAddresses,
        private: socket.socket,
    ) -> None:
        """Follow releases, with parts that ``opened`` closes, and answer the private port.

        What that needs is imported here: the workers' own imports run beside it, and are the
        longest part of a start.
        """
        with lean_imports():
            from sos.web.private import serve_private
            from sos.web.rollout import Rollout, build_terms

            parts = None
            if self._open_parts:
                parts = await opened.enter_async_context(self._open_parts())
        terms = build_terms(self._settings, addresses)
        self.rollout = Rollout(parts, terms, crew, self.metrics, self.view, self._tell)
        for slot in self._slots:
            slot.on_content = self.rollout.follow_content
        self._background.spawn(self.rollout.run(self.snapshot))
        await stack.enter_async_context(
            serve_private(private, self.view, self.snapshot, self.rollout)
        )

    def _tell(self, verdict: "Verdict") -> None:
        for slot in self._slots:
            slot.tell(verdict.status, verdict.word)

    async def _leave(
        self, sockets: list[socket.socket], workers: list["asyncio.Task[None]"]
    ) -> int:
        if refusal := self._refusal():
            log.error("node_refused", error=refusal.message)
            return refusal.exit_code
        drained = self._background.spawn(self._drain(sockets, workers))
        interrupted = self._background.spawn(self._interrupt.wait())
        await asyncio.wait({drained, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        log.info("node_stopped", drained=drained.done())
        if not drained.done():
            return EXIT_INTERRUPTED
        return EXIT_BROKEN if self._broken else 0

    def view(self) -> NodeView:
        """What is known of the node now, from memory."""
        now = asyncio.get_running_loop().time()
        return NodeView(
            version=__version__,
            pid=os.getpid(),
            uptime_seconds=time.monotonic() - self._started,
            draining=self._draining,
            workers=tuple(
                WorkerView(
                    worker=slot.index,
                    pid=slot.pid,
                    alive=slot.is_alive(now),
                    ready=slot.is_ready and slot.is_alive(now),
                    silent_seconds=now - slot.last_seen,
                    restarts=slot.restarts,
                    beat=slot.beat,
                )
                for slot in self._slots
            ),
        )

    def snapshot(self) -> Snapshot:
        """The metrics of the node: its own, those of its workers, and totals of ended ones."""
        self.metrics.workers.set(len(self._slots))
        self.metrics.workers_ready.set(sum(slot.is_ready for slot in self._slots))
        beats = [slot.beat.samples for slot in self._slots if slot.beat]
        totals = [slot.totals for slot in self._slots]
        return merge_snapshots([self.metrics.snapshot(), *beats, *totals])

    def _changed(self) -> None:
        """A worker came, went, or refused."""
        if self._refusal() and not any(slot.was_ready for slot in self._slots):
            self._stop.set()
        self._share_sockets()
        if self.rollout:
            self._tell(self.rollout.judge())
            self.rollout.look_again()
        if not self._announced and all(slot.is_serving for slot in self._slots):
            self._announced = True
            log.info("node_ready", seconds=round(time.monotonic() - self._started, 3))
            if self._on_ready and self._addresses:
                self._on_ready(self._addresses)

    def _refusal(self) -> Refused | None:
        """The first worker's reason not to start, as long as none ever did."""
        if any(slot.was_ready for slot in self._slots):
            return None
        return next((slot.refusal for slot in self._slots if slot.refusal), None)

    def _share_sockets(self) -> None:
        now = asyncio.get_running_loop().time()
        prompt = [slot.index for slot in self._slots if slot.is_prompt(now)]
        # With nobody prompt, a slow worker is still better than none.
        ready = prompt or [slot.index for slot in self._slots if slot.is_ready]
        shares = decide_listening(ready, len(self._slots))
        for slot in self._slots:
            share = shares.get(slot.index, [])
            if slot.is_ready and share != self._listening.get(slot.index):
                slot.listen(share)
        self._listening = {n: share for n, share in shares.items() if self._slots[n].is_ready}

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = loop.time()
            late, last = now - last > 4 * TICK_SECONDS, now
            if late:
                # This process was stopped or starved: what the workers said meanwhile is unread,
                # and to judge them by it would kill healthy ones.
                continue
            for slot in self._slots:
                slot.kill_if_overdue(now)
            self._share_sockets()

    async def _drain(
        self, sockets: list[socket.socket], workers: list["asyncio.Task[None]"]
    ) -> None:
        """Leave without a failed request. The order of steps is decision 0003."""
        self._draining = True
        self.metrics.node_draining.set(1)
        serving = any(slot.is_ready for slot in self._slots)
        seconds = self._settings.drain_seconds if serving else 0
        log.info("node_draining", seconds=seconds)
        await asyncio.sleep(seconds)
        if unfiltered := [sock.fileno() for sock in sockets if not stop_handshakes(sock)]:
            log.warning("handshake_filter_refused", sockets=len(unfiltered))
        for slot in self._slots:
            slot.drain(min(LINGER_SECONDS, seconds), DRAIN_LIMIT)
        for sock in sockets:
            # The workers hold each of them open, until its last connection has been accepted.
            sock.close()
        await asyncio.wait(workers, timeout=DRAIN_LIMIT + 5)

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup
            loop.add_signal_handler(number, self._on_signal, number)

    def _on_signal(self, number: signal.Signals) -> None:
        log.info("signal_received", signal=number.name)
        if self._stop.is_set() and number == signal.SIGINT:
            self._interrupt.set()
        self._stop.set()

    def _bind(self, stack: contextlib.AsyncExitStack) -> tuple[list[socket.socket], socket.socket]:
        settings = self._settings
        public = bind_public(parse_address(settings.listen, "listen"), settings.worker_count)
        for sock in public:
            stack.enter_context(sock)
        private = bind_one(parse_address(settings.health_listen, "health_listen"), "health_listen")
        return public, stack.enter_context(private)

    def _break(self) -> None:
        # Without one of its own tasks a supervisor is blind: better that something replaces it.
        self._broken = True
        self._stop.set()
