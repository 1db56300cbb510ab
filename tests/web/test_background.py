"""The tasks of a supervisor end with it, whatever they do about it, and never fail unnoticed."""

from __future__ import annotations

import asyncio

import pytest
from sos.web import background
from sos.web.background import Background


async def test_task_that_forgets_its_cancellation_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A driver may lose one: the node ends all the same."""
    monkeypatch.setattr(background, "FORGOTTEN_SECONDS", 0.05)
    told = 0

    async def go_on() -> None:
        nonlocal told
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told += 1
                if told == 3:
                    raise

    async with asyncio.timeout(10):
        async with Background(pytest.fail) as tasks:
            task = tasks.spawn(go_on())
            await asyncio.sleep(0)
    assert told == 3
    assert task.cancelled()


async def test_failed_task_breaks_the_node_and_a_companion_does_not() -> None:
    """What a supervisor can't do without is noticed; what it can is logged."""
    broken = asyncio.Event()

    async def fail() -> None:
        raise RuntimeError("this is wrong")

    async with Background(broken.set) as tasks:
        tasks.spawn_companion(fail())
        await asyncio.sleep(0.01)
        assert not broken.is_set()
        tasks.spawn(fail())
        async with asyncio.timeout(5):
            await broken.wait()


async def test_background_without_tasks_ends_at_once() -> None:
    """A node may be refused before it has any."""
    async with asyncio.timeout(5), Background(pytest.fail):
        pass
