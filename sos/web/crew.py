"""The workers of a node as one: they load a release side by side and change to it together.

In: releases on disk. Out: orders to each worker's slot, and counts of how they fare. A worker that
was not there for an order is told again, for as long as it serves something else.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog

from sos.errors import ReleaseError
from sos.rollout.follow import KEPT
from sos.rollout.offers import Offer
from sos.rollout.shelf import ReleaseFile
from sos.web.slot import Slot

LOAD_SECONDS = 10.0
"""A worker that has not loaded a release by then is given up on."""

REMIND_SECONDS = 1.0

log = structlog.get_logger()


class NodeCrew:
    """Fills `steps.Crew`. ``releases`` are those that workers start with, the active one first."""

    def __init__(self, slots: Sequence[Slot], releases: tuple[ReleaseFile, ...] = ()) -> None:
        self._slots = slots
        self._reminded: dict[int, float] = {}
        self._reminders: set[asyncio.Task[None]] = set()
        self.releases = releases
        self._share()

    async def load(self, file: ReleaseFile) -> None:
        """Return once every worker that is ready has it. Raises ReleaseError."""
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                errors = await asyncio.gather(*(slot.load(file) for slot in self._slots))
        except TimeoutError as exc:
            raise ReleaseError(f"a worker did not load it within {LOAD_SECONDS:.0f} s") from exc
        if error := next(filter(None, errors), ""):
            raise ReleaseError(error)

    def swap(self, file: ReleaseFile) -> None:
        """Let all workers change to it, those that start later as well."""
        others = tuple(f for f in self.releases if f.id != file.id)
        self.releases = (file, *others)[:KEPT]
        self._share()
        for slot in self._slots:
            slot.swap(file.id)

    def remind(self) -> None:
        """Tell workers again that serve something else, because they were not ready then."""
        if not self.releases:
            return
        active, now = self.releases[0], time.monotonic()
        for slot in self._slots:
            late = slot.is_ready and slot.beat and slot.beat.status.release != active.id
            if late and now - self._reminded.get(slot.index, 0.0) > REMIND_SECONDS:
                self._reminded[slot.index] = now
                task = asyncio.get_running_loop().create_task(self._remind_one(slot, active))
                self._reminders.add(task)
                task.add_done_callback(self._reminders.discard)

    def on_want(self, want: Callable[[str], None]) -> None:
        """Call ``want`` with what workers need for a preview."""
        for slot in self._slots:
            slot.on_want = want

    def offer(self, releases: tuple[Offer, ...]) -> None:
        """Let all workers offer these to whoever previews."""
        for slot in self._slots:
            slot.offer(releases)

    def count_renderings(self) -> tuple[int, int, int]:
        """Renderings with the active release, those that failed, and workers that hung so far."""
        active = self.releases[0].id if self.releases else None
        statuses = [slot.beat.status for slot in self._slots if slot.beat]
        own = [s for s in statuses if active is None or s.release == active]
        return (
            sum(s.renders for s in own),
            sum(s.render_failures for s in own),
            sum(slot.hangs for slot in self._slots),
        )

    async def _remind_one(self, slot: Slot, file: ReleaseFile) -> None:
        error = await slot.load(file)
        if error:
            log.error("release_not_loaded", release=file.id, worker=slot.index, reason=error)
        elif self.releases and self.releases[0].id == file.id:
            slot.swap(file.id)

    def _share(self) -> None:
        for slot in self._slots:
            slot.releases = self.releases
