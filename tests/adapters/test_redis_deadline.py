"""The deadline of calls to Redis: it ends what takes too long, and what was told to end."""

from __future__ import annotations

import asyncio

import pytest
from sos.adapters.redis.connect import deadline
from sos.adapters.redis.fleet import RedisFleet
from sos.errors import StoreUnavailableError


async def forget(error: Exception | None) -> None:
    """As the driver does when a cancellation comes in the wrong moment: it answers, or fails."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        if error:
            raise error from None


async def repeat(error: Exception | None) -> None:
    """A loop as nodes have it, that nothing but a cancellation ends."""
    while True:
        try:
            async with deadline(30):
                await forget(error)
        except OSError:
            continue


@pytest.mark.parametrize("error", [None, OSError("reset")])
async def test_forgotten_cancellation_ends_the_loop(error: Exception | None) -> None:
    """Whether the driver answered in that moment or failed."""
    task = asyncio.create_task(repeat(error))
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=5)
    assert done
    assert task.cancelled()


async def test_what_takes_too_long_is_a_timeout() -> None:
    """And one around it as well, also when its cancellation was forgotten."""
    with pytest.raises(TimeoutError):
        async with deadline(0.01):
            await asyncio.sleep(60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), deadline(30):
            await forget(None)
    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0


async def test_who_was_cancelled_may_still_tidy_up() -> None:
    """A cancellation that came before the call is no reason to end it."""
    tidied = False

    async def work() -> None:
        nonlocal tidied
        try:
            await asyncio.sleep(60)
        finally:
            async with deadline(5):
                await asyncio.sleep(0)
            tidied = True

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert tidied


async def test_loop_of_real_calls_ends_whenever_it_is_cancelled(valkey_url: str) -> None:
    """At any moment of a call: before, while and after it is sent."""
    fleet = RedisFleet(valkey_url, "www.example.org", 1000)

    async def ask_on() -> None:
        while True:
            try:
                await fleet.fetch_majority()
            except StoreUnavailableError:
                continue

    for number in range(200):
        task = asyncio.create_task(ask_on())
        for _ in range(number % 25):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert done, number
    await fleet.aclose()
