"""The tasks of a supervisor: watched while they run, ended together.

In: coroutines. Out: a call when one of them fails, which none should. It outlives none of them.
"""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

import structlog

FORGOTTEN_SECONDS = 3.0
"""Time after which a task that was cancelled and goes on has not heard of it."""

log = structlog.get_logger()


class Background:
    """A context whose end is that of its tasks; ``on_broken`` is called when one has failed."""

    def __init__(self, on_broken: Callable[[], None]) -> None:
        self._on_broken = on_broken
        self._tasks: list[asyncio.Task[Any]] = []

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run beside the others; the task."""
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._check)
        self._tasks.append(task)
        return task

    def spawn_companion(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run what others can do without: its failure is logged and nothing else."""
        self.spawn(_tolerate(work))

    def _check(self, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and task.exception():
            log.error("node_broken", exc_info=task.exception())
            self._on_broken()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pending = set(self._tasks)
        while pending:  # a driver may lose a cancellation: who goes on is told again
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=FORGOTTEN_SECONDS)


async def _tolerate(companion: Coroutine[Any, Any, Any]) -> None:
    try:
        await companion
    except Exception:  # a node serves on without its embedded store, or its metrics' push
        log.exception("companion_failed", companion=repr(companion))
