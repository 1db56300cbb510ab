"""All that `sos release check` finds, while one goes on editing: builds in, problems out.

A build that has no problem by itself is tried on pages of every kind, beside the server and one
after the other; a newer one takes the place of that which is being tried. Never holds up a page.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from sos.dev.builds import Build
from sos.errors import TemplateError

Judge = Callable[[Build], Awaitable[Sequence[TemplateError]]]
"""Tries a build; the problems that show on its pages. May be cancelled."""

REST_SECONDS = 0.5
"""How long nobody saves before a build is tried, which takes a processor for some seconds."""

log = structlog.get_logger()


class Trying:
    """Tries the newest build; ``tell`` is called with what came of it."""

    def __init__(
        self, judge: Judge, tell: Callable[[Build, Sequence[TemplateError]], None]
    ) -> None:
        self._judge = judge
        self._tell = tell
        self._task: asyncio.Task[None] | None = None

    def begin(self, build: Build) -> None:
        """Try this one, and none before it."""
        if self._task is not None:
            self._task.cancel()
        if build.release is not None:
            self._task = asyncio.get_running_loop().create_task(self._try(build))

    async def aclose(self) -> None:
        """Stop what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _try(self, build: Build) -> None:
        await asyncio.sleep(REST_SECONDS)
        try:
            problems = await self._judge(build)
        except Exception:  # pages are shown all the same, each with its own problem
            log.critical("trial_failed", exc_info=True)
            return
        self._tell(build, problems)
