"""Both stores of keys, held to one port: files in a folder, and Consul's real agents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from sos.adapters.consul import ConsulKeys, parse_environment
from sos.adapters.file_keys import FileKeys
from sos.rollout.ports import KeyRead, KeyStore, Write

from tests.servers.consul import ConsulProcess

NOTICE_SECONDS = 0.1
"""A waiting read has answered this long after a write, at most."""


class Rig(Protocol):
    """A store, and what anybody else may do to it."""

    def open(self) -> KeyStore:
        """One more client; closed with the test."""

    def put(self, name: str, value: bytes) -> None:
        """Write as a person would, without sos."""

    def delete(self, name: str) -> None:
        """Delete as a person would."""


class FileRig:
    """A folder, and a shell."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> KeyStore:
        return FileKeys(self._folder)

    def put(self, name: str, value: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value)

    def delete(self, name: str) -> None:
        (self._folder / name).unlink()


class ConsulRig:
    """An agent, and ``consul kv``."""

    def __init__(self, agent: ConsulProcess) -> None:
        self._agent = agent
        self.opened: list[ConsulKeys] = []

    def open(self) -> KeyStore:
        store = ConsulKeys(parse_environment({"CONSUL_HTTP_ADDR": self._agent.address}))
        self.opened.append(store)
        return store

    def put(self, name: str, value: bytes) -> None:
        self._agent.put(name, value)

    def delete(self, name: str) -> None:
        self._agent.delete(name)


@pytest.fixture(scope="module")
def shared_agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsulProcess]:
    """An agent that no test of this file breaks; each uses names of its own."""
    agent = ConsulProcess(tmp_path_factory.mktemp("consul"))
    try:
        yield agent.start()
    finally:
        agent.kill()


@pytest.fixture(params=["file", "consul"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Each store in turn."""
    if request.param == "file":
        yield FileRig(tmp_path / "pointer")
        return
    consul = ConsulRig(request.getfixturevalue("shared_agent"))
    yield consul
    for store in consul.opened:
        await store.aclose()


@pytest.fixture
def keys(rig: Rig) -> KeyStore:
    """A client of it."""
    return rig.open()


@pytest.fixture
def base(request: pytest.FixtureRequest) -> str:
    """A name of this test's own, below which its keys are."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in request.node.name)


def values_of(read: KeyRead, base: str) -> dict[str, bytes]:
    """Names below ``base``, and values."""
    return {name.removeprefix(f"{base}/"): entry.value for name, entry in read.entries.items()}


async def write(keys: KeyStore, *writes: Write) -> None:
    """Write what must not fail."""
    assert await keys.compare_and_set(writes) is True


async def index_of(keys: KeyStore, name: str) -> int:
    """The index of a key that is there."""
    return (await keys.fetch(name)).entries[name].index


async def time_wait(
    keys: KeyStore, prefix: str, change: Callable[[], Awaitable[None]]
) -> tuple[KeyRead, float]:
    """What a waiting read answers when something changes, and seconds since that began to change.

    The change comes when the read has been under way for a while.
    """
    index = (await keys.fetch(prefix)).index
    waiting = asyncio.create_task(keys.fetch(prefix, index=index, wait=20.0))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    started = time.monotonic()
    await change()
    read = await waiting
    assert read.index != index
    return read, time.monotonic() - started


# ---------------------------------------------------------------- reading


async def test_store_without_the_keys_answers_with_none(keys: KeyStore, base: str) -> None:
    """And with an index to wait with."""
    read = await keys.fetch(f"{base}/nothing")
    assert read.entries == {}
    assert read.index >= 1
    assert (await keys.fetch(f"{base}/nothing", consistent=True)).entries == {}


@pytest.mark.parametrize("value", [b"20260101-120000-0a1b2c3d", b"", b"line\n", b"\x00\xff<\xc3"])
async def test_value_comes_back_byte_by_byte(keys: KeyStore, base: str, value: bytes) -> None:
    """Also an empty one, a newline that an editor left, and what is no text."""
    await write(keys, Write(f"{base}/key", value, 0))
    read = await keys.fetch(f"{base}/key")
    assert values_of(read, base) == {"key": value}
    assert read.entries[f"{base}/key"].index >= 1
    assert read.index >= 1


async def test_prefix_takes_what_begins_with_it(rig: Rig, keys: KeyStore, base: str) -> None:
    """Of one folder or many, and nothing else."""
    for name in ("templateRelease", "templateReleaseCanary", "history", "templateRelease.d/x"):
        rig.put(f"{base}/{name}", b"1")
    rig.put(f"{base}2/templateRelease", b"1")
    found = values_of(await keys.fetch(f"{base}/templateRelease"), base)
    assert found.keys() == {"templateRelease", "templateReleaseCanary", "templateRelease.d/x"}
    assert len((await keys.fetch(f"{base}/")).entries) == 4
    assert len((await keys.fetch(base)).entries) == 5
    assert (await keys.fetch(f"{base}/templateRelease/")).entries == {}


# ---------------------------------------------------------------- compare and set


async def test_key_is_created_once(keys: KeyStore, base: str) -> None:
    """Index 0 means: it must not be there."""
    name = f"{base}/key"
    assert await keys.compare_and_set([Write(name, b"first", 0)])
    assert not await keys.compare_and_set([Write(name, b"second", 0)])
    assert values_of(await keys.fetch(name), base) == {"key": b"first"}


async def test_key_changes_only_from_what_was_read(keys: KeyStore, base: str) -> None:
    """An index that was right once is not right for ever."""
    name = f"{base}/key"
    await write(keys, Write(name, b"1", 0))
    first = await index_of(keys, name)
    assert await keys.compare_and_set([Write(name, b"2", first)])
    assert not await keys.compare_and_set([Write(name, b"3", first)])
    assert await index_of(keys, name) > first
    assert not await keys.compare_and_set([Write(f"{base}/none", b"3", first)])
    assert values_of(await keys.fetch(base), base) == {"key": b"2"}


async def test_key_is_deleted_only_from_what_was_read(keys: KeyStore, base: str) -> None:
    """A key that is gone already is not what was read either."""
    name = f"{base}/key"
    await write(keys, Write(name, b"1", 0))
    index = await index_of(keys, name)
    assert not await keys.compare_and_set([Write(name, None, 0)])
    assert not await keys.compare_and_set([Write(name, None, index + 1)])
    assert await keys.compare_and_set([Write(name, None, index)])
    assert not await keys.compare_and_set([Write(name, None, index)])
    assert await keys.compare_and_set([Write(name, None, 0)])
    assert (await keys.fetch(name)).entries == {}


async def test_write_without_an_index_takes_what_is_there(keys: KeyStore, base: str) -> None:
    """Writes, writes over, and deletes, twice."""
    name = f"{base}/key"
    await write(keys, Write(name, b"1", None))
    await write(keys, Write(name, b"2", None))
    assert values_of(await keys.fetch(name), base) == {"key": b"2"}
    await write(keys, Write(name, None, None))
    await write(keys, Write(name, None, None))
    assert (await keys.fetch(name)).entries == {}


@pytest.mark.parametrize("stale_first", [True, False])
async def test_several_writes_are_all_or_nothing(
    keys: KeyStore, base: str, stale_first: bool
) -> None:
    """One that is stale keeps all from being made, wherever it stands."""
    a, b, c = (f"{base}/{n}" for n in "abc")
    await write(keys, Write(a, b"1", 0), Write(b, b"1", 0))
    good = [Write(a, b"2", await index_of(keys, a)), Write(c, b"2", 0)]
    stale = Write(b, None, await index_of(keys, b) + 1)
    writes = [stale, *good] if stale_first else [*good, stale]
    assert not await keys.compare_and_set(writes)
    assert values_of(await keys.fetch(base), base) == {"a": b"1", "b": b"1"}
    await write(keys, *good, Write(b, None, await index_of(keys, b)))
    assert values_of(await keys.fetch(base), base) == {"a": b"2", "c": b"2"}


async def test_nothing_to_write_succeeds(keys: KeyStore) -> None:
    """As all of nothing was done."""
    assert await keys.compare_and_set([])


async def test_change_by_hand_makes_what_was_read_stale(
    rig: Rig, keys: KeyStore, base: str
) -> None:
    """Who overwrites what somebody typed has to have seen it."""
    name = f"{base}/key"
    await write(keys, Write(name, b"1", 0))
    index = await index_of(keys, name)
    rig.put(name, b"typed")
    assert not await keys.compare_and_set([Write(name, b"2", index)])
    await write(keys, Write(name, b"2", await index_of(keys, name)))
    index = await index_of(keys, name)
    rig.delete(name)
    assert not await keys.compare_and_set([Write(name, b"3", index)])


async def test_one_of_many_at_once_wins(rig: Rig, base: str) -> None:
    """Whichever client it is: the others are told, and what it wrote is there."""
    clients = [rig.open() for _ in range(4)]
    name = f"{base}/key"
    await write(clients[0], Write(name, b"start", 0))
    for round_number in range(3):
        index = await index_of(clients[0], name)
        writes = [Write(name, b"%d-%d" % (round_number, n), index) for n in range(24)]
        won = await asyncio.gather(
            *(clients[n % 4].compare_and_set([w]) for n, w in enumerate(writes))
        )
        assert won.count(True) == 1
        winner = writes[won.index(True)].value
        assert (await clients[1].fetch(name)).entries[name].value == winner


async def test_no_update_is_lost(rig: Rig, base: str) -> None:
    """Eight that read, add one and write, until each has succeeded four times."""
    name = f"{base}/count"

    async def count_up(keys: KeyStore) -> None:
        for _ in range(4):
            while True:
                entry = (await keys.fetch(name)).entries.get(name)
                value, index = (int(entry.value), entry.index) if entry else (0, 0)
                if await keys.compare_and_set([Write(name, b"%d" % (value + 1), index)]):
                    break

    clients = [rig.open() for _ in range(8)]
    async with asyncio.timeout(60):
        await asyncio.gather(*(count_up(keys) for keys in clients))
    assert (await clients[0].fetch(name)).entries[name].value == b"32"


# ---------------------------------------------------------------- waiting


async def test_waiting_read_answers_soon_after_a_write(
    rig: Rig, keys: KeyStore, base: str, record_property: Callable[[str, object], None]
) -> None:
    """Of another client: created, changed, deleted; the slowest of a few is measured."""
    other = rig.open()
    await write(other, Write(f"{base}/other", b"1", 0))
    times = []
    for value in (b"1", b"2", None, b"3"):
        read, seconds = await time_wait(
            keys, f"{base}/key", lambda value=value: write(other, Write(f"{base}/key", value, None))
        )
        assert values_of(read, base) == ({"key": value} if value else {})
        times.append(seconds)
    print(f"noticed after at most {max(times) * 1000:.0f} ms")
    record_property("noticed_ms", round(max(times) * 1000, 1))
    assert max(times) < NOTICE_SECONDS


async def test_waiting_read_notices_what_people_do(rig: Rig, keys: KeyStore, base: str) -> None:
    """Without sos: a key that is typed, typed again, and removed."""
    rig.put(f"{base}/keep", b"1")

    async def type_it(value: bytes) -> None:
        rig.put(f"{base}/key", value)

    async def remove() -> None:
        rig.delete(f"{base}/key")

    for change, expected in (
        (lambda: type_it(b"a\n"), {"key": b"a\n"}),
        (lambda: type_it(b"b\n"), {"key": b"b\n"}),
        (remove, {}),
    ):
        read, seconds = await time_wait(keys, f"{base}/key", change)
        assert values_of(read, base) == expected
        assert seconds < NOTICE_SECONDS


async def test_many_waiting_reads_are_all_answered(rig: Rig, base: str) -> None:
    """On one client, by one write."""
    keys = rig.open()
    await write(keys, Write(f"{base}/key", b"1", 0))
    index = (await keys.fetch(f"{base}/key")).index
    waiting = [
        asyncio.create_task(keys.fetch(f"{base}/key", index=index, wait=20.0)) for _ in range(20)
    ]
    await asyncio.sleep(0.2)
    await write(keys, Write(f"{base}/key", b"2", None))
    async with asyncio.timeout(2):
        reads = await asyncio.gather(*waiting)
    assert {read.entries[f"{base}/key"].value for read in reads} == {b"2"}


async def test_wait_without_a_change_ends_after_its_time(
    rig: Rig, keys: KeyStore, base: str
) -> None:
    """With a complete answer and the index it was asked with; a sixteenth later at most."""
    await write(keys, Write(f"{base}/key", b"1", 0))
    index = (await keys.fetch(f"{base}/key")).index
    started = time.monotonic()
    waiting = asyncio.create_task(keys.fetch(f"{base}/key", index=index, wait=0.8))
    await asyncio.sleep(0.1)
    rig.put(f"{base}/other", b"1")
    read = await waiting
    seconds = time.monotonic() - started
    assert 0.8 <= seconds < 0.8 * 17 / 16 + 0.3
    assert read.index == index
    assert values_of(read, base) == {"key": b"1"}


async def test_read_with_an_index_of_the_past_does_not_wait(
    rig: Rig, keys: KeyStore, base: str
) -> None:
    """What changed meanwhile is answered at once; so is a read that names no index, or no wait."""
    await write(keys, Write(f"{base}/key", b"1", 0))
    index = (await keys.fetch(f"{base}/key")).index
    rig.put(f"{base}/key", b"2")
    started = time.monotonic()
    read = await keys.fetch(f"{base}/key", index=index, wait=20.0)
    assert values_of(read, base) == {"key": b"2"}
    await keys.fetch(f"{base}/key", wait=20.0)
    await keys.fetch(f"{base}/key", index=read.index)
    assert time.monotonic() - started < 2


async def test_wait_that_is_given_up_leaves_the_store_as_it_was(keys: KeyStore, base: str) -> None:
    """Cancelling is how a follower ends."""
    await write(keys, Write(f"{base}/key", b"1", 0))
    index = (await keys.fetch(f"{base}/key")).index
    for _ in range(3):
        waiting = asyncio.create_task(keys.fetch(f"{base}/key", index=index, wait=20.0))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert values_of(await keys.fetch(f"{base}/key"), base) == {"key": b"1"}


async def test_closing_twice_is_fine(keys: KeyStore) -> None:
    """Also without ever having asked anything."""
    await keys.aclose()
    await keys.aclose()
