"""The driver of one node's `Follow`: does what its actions say, and tells it what came of that.

In: the pointer, the store of releases, the node's disk, its trial and its workers, each behind a
port. Out: workers that serve the right release, and a state that can be shown. It decides nothing
that `watch` and `follow` decide, and nothing it depends on can end it.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
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
        self.outnumbered = False
        self._usual_share = 0.0
        self._began = 0.0
        self._hung_before = 0

    @property
    def is_placeholder(self) -> bool:
        """Whether the node shows the theme that comes with sos, for want of a release."""
        return self.state.active == self._terms.placeholder

    def begin(
        self, kept: tuple[ReleaseFile, ...], refused: Mapping[str, str] | None = None
    ) -> None:
        """Start from what the disk has (`Shelf.read_kept`), or from the placeholder.

        ``refused`` are releases that were sent back before the node ended, with the reason.
        """
        self._steps.files = {file.id: file for file in kept}
        self._began = time.monotonic()
        self.state.begin(
            tuple(self._steps.files), self._began, self._terms.placeholder, refused or {}
        )
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
            if self._needs_peers():
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
            await self._steps.keep(self.state, {*self._previews, self.state.under_way or ""})

    async def _try(self, release: str) -> None:
        await self._steps.attempt(release, self.state.active)

    async def _swap(self, release: str) -> None:
        made, failed, hung = self._crew.count_renderings()
        await self._steps.swap(release, self.state.loaded)
        self._usual_share, self._hung_before = failed / max(1, made), hung

    def _compare(self) -> None:
        """Send the release back when it fails on live pages far more than the one before."""
        active = self.state.active
        if time.monotonic() >= self.state.watched_until or active is None:
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

    def _needs_peers(self) -> bool:
        """Whether the node has nothing good to show, or can't know what it should show."""
        waited = time.monotonic() - self._began > SLOW_SECONDS
        return self.state.shows_nothing_good and (waited or self.pointer.state == "error")

    async def _ask_peers(self) -> None:
        """What the fleet serves: a hint where the pointer is no help, and a reason to wait."""
        if self._parts.register is None:
            return
        try:
            majority = await self._parts.register.fetch_majority()
        except StoreError:
            return
        # The theme that comes with sos is no release that could be fetched.
        real = majority if majority and not majority.startswith("folder-") else None
        self.outnumbered = self.is_placeholder and real is not None
        helpless = self.pointer.state != "ok" or self.state.is_refused
        if real and is_release_id(real) and helpless and real != self.state.target:
            log.warning("pointer_guessed", release=real, why="most of the fleet serves it")
            self._dispatch(Pointed(real))

    async def _prepare_preview(self, release: str) -> None:
        try:
            await self._steps.preview(release)
        except SosError as exc:
            log.warning("preview_not_ready", release=release, reason=str(exc))
