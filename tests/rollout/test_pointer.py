"""What the pointer's keys mean, and how they change: together with their history, or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.adapters.consul import ConsulKeys, parse_environment
from sos.adapters.file_keys import FileKeys
from sos.errors import ActivationError, KeyStoreError
from sos.release.bundle import is_release_id
from sos.rollout.pointer import (
    HISTORY_ENTRIES,
    Activation,
    Canary,
    Pointer,
    Pointing,
    parse_history,
    parse_pointing,
)
from sos.rollout.ports import KeyEntry, KeyRead, KeyStore, Write

from tests.servers.consul import ConsulProcess

A, B, C = (f"20260101-12000{n}-0a1b2c3{n}" for n in (1, 2, 3))


def build_read(
    release: bytes | None = None, canary: bytes | None = None, at: str = "sos"
) -> KeyRead:
    """Keys as a store answers them; the release's index is 5, the canary's 6."""
    entries = {}
    if release is not None:
        entries[f"{at}/templateRelease"] = KeyEntry(release, 5)
    if canary is not None:
        entries[f"{at}/templateReleaseCanary"] = KeyEntry(canary, 6)
    return KeyRead(9, entries)


# ---------------------------------------------------------------- what keys mean


def test_release_is_the_id_in_plain_text() -> None:
    """With the indices that waiting and changing need."""
    found = parse_pointing(build_read(A.encode()), "sos")
    assert found == Pointing(9, A, "", A.encode(), release_index=5)


@pytest.mark.parametrize("value", [f"{A}\n", f"{A}\r\n", f"  {A} \n\n"])
def test_white_space_around_the_id_is_not_part_of_it(value: str) -> None:
    """An editor, or echo, leaves a newline."""
    found = parse_pointing(build_read(value.encode()), "sos")
    assert (found.release, found.problem, found.raw) == (A, "", value.encode())


def test_key_that_is_not_there_is_missing() -> None:
    """Which is what a site without releases begins with; others' keys do not count."""
    assert parse_pointing(KeyRead(9, {}), "sos") == Pointing(9, None, "missing")
    assert parse_pointing(build_read(A.encode(), at="other"), "sos").problem == "missing"
    assert parse_pointing(build_read(A.encode()), "").problem == "missing"
    assert parse_pointing(KeyRead(9, {"templateRelease": KeyEntry(b"a", 1)}), "").release == "a"


@pytest.mark.parametrize(
    "value",
    [
        b"", b"\n", b"{}", b"-a", b".", b"../etc/passwd", b"a b", b"a\nb", b"a\x00", b"<html>",
        b"\xff\xfe", "релиз".encode(), b"a" * 65, b"a" + b" " * 300, b'"a"', b"a/b", b"x" * 524_288,
    ],
)  # fmt: skip
def test_value_that_is_no_release_id_is_invalid(value: bytes) -> None:
    """It names no release, but what stands there can be told, and overwritten."""
    found = parse_pointing(build_read(value), "sos")
    assert (found.release, found.problem, found.release_index) == (None, "invalid", 5)
    assert found.raw == value[:128]


def test_canary_is_json() -> None:
    """A release and a share of the fleet; what else stands there is for later versions."""
    value = json.dumps({"release": B, "percent": 5, "note": "n"}).encode()
    found = parse_pointing(build_read(A.encode(), value), "sos")
    assert (found.release, found.canary, found.canary_index) == (A, Canary(B, 5.0), 6)
    assert found.canary_problem == ""
    assert parse_pointing(build_read(None, value), "sos").canary == Canary(B, 5.0)


@pytest.mark.parametrize(
    "value",
    [
        b"", b"null", b"5", b"[]", b"{", b'{"release": "a"}', b'{"percent": 5}', b"\xff",
        b'{"release": "a", "percent": 0}', b'{"release": "a", "percent": 100.1}',
        b'{"release": "a", "percent": -1}', b'{"release": "a", "percent": "5"}',
        b'{"release": "a", "percent": true}', b'{"release": "a", "percent": NaN}',
        b'{"release": "../a", "percent": 5}', b'{"release": 5, "percent": 5}',
        b'{"release": "a", "percent": 5}' + b" " * 1024, b"[" * 1000,
    ],
)  # fmt: skip
def test_canary_that_makes_no_sense_is_none(value: bytes) -> None:
    """The release is followed as if it were not there; the problem can be told."""
    found = parse_pointing(build_read(A.encode(), value), "sos")
    assert (found.release, found.canary, found.canary_index) == (A, None, 6)
    assert found.canary_problem


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_can_be_read(release: bytes, canary: bytes) -> None:
    """Whatever stands there, there is an answer, and it names release ids only."""
    found = parse_pointing(build_read(release, canary), "sos")
    assert (found.release is None) == (found.problem == "invalid")
    assert found.release is None or is_release_id(found.release)
    assert found.canary is None or is_release_id(found.canary.release)
    assert isinstance(parse_history(release), tuple)


def test_history_leaves_out_what_it_does_not_know() -> None:
    """Broken lines, unknown kinds; and text that would move a terminal's cursor."""
    good = {"release": A, "previous": B, "at": 5.0, "by": "a\x1b[2J", "why": "b\n\nc", "more": 1}
    lines = [5, {}, good, good | {"kind": "joke"}, good | {"release": "../x"}, good | {"at": "?"}]
    found = parse_history(json.dumps(lines).encode())
    assert found == (Activation(release=A, previous=B, at=5.0, by="a [2J", why="b c"),)
    for broken in (b"", b"{}", b"[", b"null", b"\xff", b"[" * 100_000):
        assert parse_history(broken) == ()


# ---------------------------------------------------------------- how they change


@pytest.fixture(params=["file", "consul"])
async def keys(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[KeyStore]:
    """Each store in turn, empty."""
    if request.param == "file":
        yield FileKeys(tmp_path / "pointer")
        return
    consul: ConsulProcess = request.getfixturevalue("consul")
    store = ConsulKeys(parse_environment({"CONSUL_HTTP_ADDR": consul.address}))
    yield store
    await store.aclose()


@pytest.fixture
def pointer(keys: KeyStore) -> Pointer:
    """The pointer in it."""
    return Pointer(keys, "sos")


def build_activation(release: str, previous: str = "", **more: str) -> Activation:
    """A line of history."""
    return Activation(release=release, previous=previous, at=1_700_000_000.5, **more)  # type: ignore[arg-type]


async def activate(pointer: Pointer, release: str, previous: str = "") -> None:
    """Make a release live, as nobody else does so."""
    assert await pointer.activate(build_activation(release, previous), await pointer.fetch())


async def test_first_activation_creates_the_pointer(pointer: Pointer, keys: KeyStore) -> None:
    """In plain text, with the first line of its history."""
    before = await pointer.fetch()
    assert (before.problem, before.release_index) == ("missing", 0)
    line = build_activation(A, by="somebody", why="the first")
    assert await pointer.activate(line, before)
    after = await pointer.fetch(consistent=True)
    assert (after.release, after.problem) == (A, "")
    assert await pointer.fetch_history() == (line,)
    raw = await keys.fetch("sos/")
    assert raw.entries["sos/templateRelease"].value == A.encode()
    assert json.loads(raw.entries["sos/history"].value)[0] == {
        "release": A, "previous": "", "at": 1_700_000_000.5,
        "by": "somebody", "why": "the first", "kind": "activate",
    }  # fmt: skip


async def test_history_begins_with_the_newest(pointer: Pointer) -> None:
    """One line for each change."""
    for release, previous in ((A, ""), (B, A), (A, B)):
        await activate(pointer, release, previous)
    assert [(a.release, a.previous) for a in await pointer.fetch_history()] == [
        (A, B), (B, A), (A, ""),
    ]  # fmt: skip


async def test_activation_from_what_is_not_there_any_more_is_refused(pointer: Pointer) -> None:
    """Also when the pointer says the same again: somebody went there and back meanwhile."""
    await activate(pointer, A)
    seen = await pointer.fetch()
    await activate(pointer, B, A)
    assert not await pointer.activate(build_activation(C, A), seen)
    await activate(pointer, A, B)
    assert not await pointer.activate(build_activation(C, A), seen)
    assert (await pointer.fetch()).release == A
    assert len(await pointer.fetch_history()) == 3


async def test_two_activations_at_once_have_one_winner(pointer: Pointer) -> None:
    """The other finds out who, from the history."""
    await activate(pointer, A)
    seen = await pointer.fetch()
    lines = [build_activation(r, A, by=f"terminal {r}") for r in (B, C)]
    won = await asyncio.gather(*(pointer.activate(line, seen) for line in lines))
    assert sorted(won) == [False, True]
    winner = lines[won.index(True)]
    assert (await pointer.fetch()).release == winner.release
    assert (await pointer.fetch_history())[0] == winner


async def test_activation_of_a_canary_ends_it(pointer: Pointer) -> None:
    """It is everywhere then; the canary of another release stays."""
    await activate(pointer, A)
    line = build_activation(B, A, kind="canary")
    assert await pointer.set_canary(Canary(B, 5), await pointer.fetch(), line)
    seen = await pointer.fetch()
    assert (seen.release, seen.canary) == (A, Canary(B, 5.0))
    await activate(pointer, C, A)
    assert (await pointer.fetch()).canary == Canary(B, 5.0)
    await activate(pointer, B, C)
    seen = await pointer.fetch()
    assert (seen.release, seen.canary, seen.canary_index) == (B, None, 0)


async def test_canary_is_set_changed_and_ended(pointer: Pointer) -> None:
    """Each time from what was read, each time with a line of history."""
    await activate(pointer, A)
    line = build_activation(B, A, kind="canary")
    first = await pointer.fetch()
    assert await pointer.set_canary(Canary(B, 5), first, line)
    assert not await pointer.set_canary(Canary(C, 5), first, line)
    second = await pointer.fetch()
    assert await pointer.set_canary(Canary(B, 50), second, line)
    assert not await pointer.set_canary(None, second, line)
    assert await pointer.set_canary(None, await pointer.fetch(), line)
    assert (await pointer.fetch()).canary is None
    assert [a.kind for a in await pointer.fetch_history()] == ["canary"] * 3 + ["activate"]


async def test_change_of_the_canary_keeps_an_activation_from_ending_another(
    pointer: Pointer,
) -> None:
    """A canary that became bigger meanwhile is not what was seen."""
    await activate(pointer, A)
    line = build_activation(B, A, kind="canary")
    assert await pointer.set_canary(Canary(B, 5), await pointer.fetch(), line)
    seen = await pointer.fetch()
    assert await pointer.set_canary(Canary(B, 50), seen, line)
    assert not await pointer.activate(build_activation(B, A), seen)


async def test_broken_history_keeps_nobody_from_activating(
    pointer: Pointer, keys: KeyStore
) -> None:
    """It begins anew."""
    await activate(pointer, A)
    await keys.compare_and_set([Write("sos/history", b"\xff{not json" * 1000, None)])
    assert await pointer.fetch_history() == ()
    await activate(pointer, B, A)
    assert [a.release for a in await pointer.fetch_history()] == [B]


async def test_invalid_pointer_can_be_replaced(pointer: Pointer, keys: KeyStore) -> None:
    """That is how one gets out of it."""
    await keys.compare_and_set([Write("sos/templateRelease", b"<html>", 0)])
    await activate(pointer, A)
    assert (await pointer.fetch()).release == A


async def test_history_is_bounded(pointer: Pointer) -> None:
    """A hundred lines of bounded text, and still small enough for a transaction of Consul."""
    long = "\U0001f600" * 1000
    for number in range(HISTORY_ENTRIES + 3):
        seen = await pointer.fetch()
        line = build_activation(f"r{number}", by=long, why=f"{number}\x1b\n{long}")
        assert await pointer.activate(line, seen)
    history = await pointer.fetch_history()
    assert [a.release for a in history] == [f"r{n}" for n in range(102, 2, -1)]
    assert {(len(a.by), len(a.why)) for a in history} == {(80, 500)}
    assert all((a.by + a.why).isprintable() for a in history)


async def test_watcher_is_not_woken_by_the_history(pointer: Pointer, keys: KeyStore) -> None:
    """It waits for two keys; when these change, it sees all of the change at once."""
    await activate(pointer, A)
    line = build_activation(B, A, kind="canary")
    assert await pointer.set_canary(Canary(B, 5), await pointer.fetch(), line)
    seen = await pointer.fetch()
    waiting = asyncio.create_task(pointer.fetch(seen.index, wait=20.0))
    await asyncio.sleep(0.1)
    await keys.compare_and_set([Write("sos/history", b"[]", None)])
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await activate(pointer, B, A)
    found = await waiting
    assert (found.release, found.canary) == (B, None)


@pytest.mark.parametrize("release", ["", "../a", "a b", "a\n", "a" * 65])
async def test_what_is_no_release_id_is_never_written(
    pointer: Pointer, keys: KeyStore, release: str
) -> None:
    """Whoever asks for it."""
    seen = await pointer.fetch()
    with pytest.raises(ActivationError, match="not a release id"):
        await pointer.activate(build_activation(release), seen)
    with pytest.raises(ActivationError, match="not a release id"):
        await pointer.set_canary(Canary(release, 5), seen, build_activation(A))
    for percent in (0, -1, 100.5, float("nan")):
        with pytest.raises(ActivationError, match="percentage"):
            await pointer.set_canary(Canary(A, percent), seen, build_activation(A))
    assert (await keys.fetch("sos")).entries == {}


async def test_keys_may_be_at_the_root(tmp_path: Path) -> None:
    """With a folder of one's own there is no prefix; slashes around one are not part of it."""
    keys = FileKeys(tmp_path)
    (tmp_path / "templateRelease").write_text(f"{A}\n")
    assert (await Pointer(keys).fetch()).release == A
    await activate(Pointer(keys, "/a/b/"), B)
    assert (tmp_path / "a/b/templateRelease").read_text() == B


class RacedKeys(FileKeys):
    """Somebody else adds to the history between the read of it and the transaction."""

    async def compare_and_set(self, writes: Sequence[Write]) -> bool:
        await super().compare_and_set([Write("sos/history", b"[]", None)])
        return await super().compare_and_set(writes)


async def test_race_for_the_history_is_a_lost_race(tmp_path: Path) -> None:
    """Nothing has changed: whoever lost reads again."""
    keys = RacedKeys(tmp_path)
    pointer = Pointer(keys, "sos")
    assert not await pointer.activate(build_activation(A), await pointer.fetch())
    assert (await pointer.fetch()).problem == "missing"


async def test_store_that_fails_is_not_a_lost_race(tmp_path: Path) -> None:
    """An error is one."""
    (tmp_path / "pointer").write_text("a file")
    pointer = Pointer(FileKeys(tmp_path / "pointer"))
    for call in (
        pointer.fetch(),
        pointer.fetch_history(),
        pointer.activate(build_activation(A), Pointing(1)),
    ):
        with pytest.raises(KeyStoreError):
            await call
