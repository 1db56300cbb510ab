"""The driver of one node's `Follow`: does what its actions say, and tells it what came of that.

In: the pointer, the store of releases, the node's disk, its trial and its workers, each behind a
port. Out: workers that serve the right release, and a state that can be shown. It decides nothing
that `watch` and `follow` decide, and nothing it depends on can end it.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from sos.errors import SosError, StoreError
from sos.metrics import Metrics
from sos.release.bundle import is_release_id
from sos.rollout.follow import (
    Action,
    Cancel,
    Done,
    Event,
    Failed,
    Fetch,
    Follow,
    Pointed,
    Refused,
    Swap,
    Tick,
    Try,
)
from sos.rollout.pointer_watch import PointerWatch
from sos.rollout.shelf import ReleaseFile
from sos.rollout.steps import Crew, Parts, RefusedError, Steps, Terms
from sos.rollout.verdict import SLOW_SECONDS

log = structlog.get_logger()

TICK_SECONDS = 0.25
SETTLED_SECONDS = 1.0
"""Time after the start in which the workers have the processor for themselves."""

PREVIEWS = 2
"""Releases that may be on their way for a preview at once."""

FEWEST_ERRORS, ERROR_SHARE, WORSE = 3, 0.02, 5.0
"""A release is sent back after that many failed renderings, when they are that share of all and
that many times the share of the release before."""

MOST_HUNG = 1
"""And when more workers than that have hung with it: no other release did that to them."""


class Follower:
    """One per node. ``state`` and ``pointer`` may be read at any time."""

    def __init__(
        self,
        parts: Parts,
        terms: Terms,
        crew: Crew,
        metrics: Metrics,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.state = Follow(terms.node, terms.spread)
        self.pointer = PointerWatch(parts.pointer, terms.node, metrics, self._point, on_change)
        self._parts = parts
        self._terms = terms
        self._crew = crew
        self._metrics = metrics
        self._on_change = on_change
        self._steps = Steps(parts, terms, crew, metrics)
        self._job: asyncio.Task[None] | None = None
        self._previews: dict[str, asyncio.Task[None]] = {}
        self._usual_share = 0.0
        self._began = 0.0
        self._hung_before = 0

    @property
    def is_placeholder(self) -> bool:
        """Whether the node shows the theme that comes with sos, for want of a release."""
        return self.state.active == self._terms.placeholder

    def begin(self, kept: tuple[ReleaseFile, ...]) -> None:
        """Start from what the disk has (`Shelf.read_kept`), or from the placeholder."""
        self._steps.files = {file.id: file for file in kept}
        self._began = time.monotonic()
        names = tuple(self._steps.files) or (self._terms.placeholder,)
        self.state.begin(names, time.monotonic())
        self.pointer.known = bool(kept)

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.pointer.run())
                tasks.create_task(self._prepare_trials())
                tasks.create_task(self._tick())
        finally:
            jobs = [task for task in (self._job, *self._previews.values()) if task]
            for task in jobs:
                task.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            self._steps.close()

    def want(self, release: str) -> None:
        """Have a release loaded beside the live ones, for a preview."""
        full = len(self._previews) >= PREVIEWS
        if is_release_id(release) and release not in self._previews and not full:
            task = asyncio.get_running_loop().create_task(self._prepare_preview(release))
            self._previews[release] = task
            task.add_done_callback(lambda _: self._previews.pop(release, None))

    # ------------------------------------------------------------ events and actions

    def _point(self, target: str) -> None:
        self._dispatch(Pointed(target))

    async def _prepare_trials(self) -> None:
        """Have a process wait for the first trial, once the workers have started."""
        await asyncio.sleep(SETTLED_SECONDS)
        await self._parts.trials.prepare()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self.is_placeholder and self._is_pointer_silent():
                await self._ask_peers()
            self._compare()
            self._dispatch(Tick())

    def _dispatch(self, event: Event) -> None:
        state = self.state
        before = (state.target, state.active, state.phase, state.under_way)
        for action in state.handle(event, time.monotonic()):
            self._perform(action)
        if (state.target, state.active, state.phase, state.under_way) != before:
            self._on_change()

    def _perform(self, action: Action) -> None:
        if isinstance(action, Cancel):
            log.info("release_overtaken", release=action.release)
            if self._job:
                self._job.cancel()
            return
        self._job = asyncio.get_running_loop().create_task(self._do(action))

    async def _do(self, action: Fetch | Try | Swap) -> None:
        release, step = action.release, type(action).__name__.lower()
        work: dict[str, Callable[[str], Coroutine[Any, Any, None]]] = {
            "fetch": self._steps.fetch,
            "try": self._try,
            "swap": self._swap,
        }
        started = time.monotonic()
        log.info("release_step", release=release, step=step)
        event: Event
        try:
            await work[step](release)
        except RefusedError as exc:
            event = Refused(release, str(exc), again=exc.again)
            self._metrics.release_refusals.inc()
            log.error("release_refused", release=release, reason=str(exc), again=exc.again)
        except SosError as exc:
            event = Failed(release, str(exc))
            log.error("release_not_ready", release=release, step=step, reason=str(exc))
        except Exception as exc:  # whatever it is: the active release goes on, and this is retried
            event = Failed(release, f"{type(exc).__name__}: {exc}")
            log.exception("release_step_failed", release=release, step=step)
        else:
            event = Done(release)
        self._metrics.release_step_seconds.observe(time.monotonic() - started, step)
        self._dispatch(event)
        if isinstance(event, Done) and step == "swap":
            await self._steps.keep(self.state.loaded)

    async def _try(self, release: str) -> None:
        await self._steps.attempt(release, self.state.active)

    async def _swap(self, release: str) -> None:
        made, failed, hung = self._crew.count_renderings()
        await self._steps.swap(release, self.state.loaded)
        self._usual_share, self._hung_before = failed / max(1, made), hung

    def _compare(self) -> None:
        """Send the release back when it fails on live pages far more than the one before."""
        active = self.state.active
        if self.state.phase != "watching" or active is None:
            return
        made, failed, hung = self._crew.count_renderings()
        hung -= self._hung_before
        worse = failed / max(1, made) > max(ERROR_SHARE, WORSE * self._usual_share)
        if (failed >= FEWEST_ERRORS and worse) or hung > MOST_HUNG:
            reason = f"{failed} of {made} renderings failed, {hung} workers hung"
            log.error("release_sent_back", release=active, reason=reason)
            self._steps.quarantine(active, reason)
            self._metrics.release_refusals.inc()
            self._dispatch(Refused(active, reason))

    def _is_pointer_silent(self) -> bool:
        waited = time.monotonic() - self._began > SLOW_SECONDS
        return self.pointer.state == "error" or (self.pointer.state == "reading" and waited)

    async def _ask_peers(self) -> None:
        """A node that never had a release, and can't ask which: what its fleet serves."""
        if self._parts.register is None:
            return
        with contextlib.suppress(StoreError):
            majority = await self._parts.register.fetch_majority()
            if majority and is_release_id(majority) and majority != self.state.target:
                log.warning("pointer_guessed", release=majority, why="most of the fleet serves it")
                self._dispatch(Pointed(majority))

    async def _prepare_preview(self, release: str) -> None:
        try:
            await self._steps.preview(release)
        except SosError as exc:
            log.warning("preview_not_ready", release=release, reason=str(exc))
