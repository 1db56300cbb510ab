"""Keys in a folder: what people, other users, full disks and other processes do to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sos.adapters import file_keys
from sos.adapters.file_keys import FileKeys
from sos.errors import KeyStoreDeniedError, KeyStoreError, SettingsError
from sos.rollout.ports import KeyRead, Write

NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "var/pointer"


@pytest.fixture
def keys(folder: Path) -> FileKeys:
    """The store in it."""
    return FileKeys(folder)


async def read_key(keys: FileKeys) -> tuple[bytes, int]:
    """Value and index of ``key``."""
    entry = (await keys.fetch("key")).entries["key"]
    return entry.value, entry.index


@contextlib.contextmanager
def as_another_user() -> Iterator[None]:
    """Within, this process may do what nobody may, if it could do everything before."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


# ---------------------------------------------------------------- where


def test_url_names_the_folder() -> None:
    """``file:FOLDER``, and nothing else."""
    assert FileKeys.from_url("file:var/pointer")._folder == Path("var/pointer").absolute()
    for url in ("consul:sos", "file:", "/var/pointer"):
        with pytest.raises(SettingsError, match="pointer"):
            FileKeys.from_url(url)


async def test_reading_makes_no_folder(keys: FileKeys, folder: Path) -> None:
    """A store that nobody wrote to is empty; the first write makes it."""
    assert await keys.fetch("") == KeyRead(1, {})
    assert not folder.exists()
    assert await keys.compare_and_set([Write("key", b"1", 0)])
    assert (folder / "key").read_bytes() == b"1"


async def test_file_is_readable_by_other_users(keys: FileKeys, folder: Path) -> None:
    """The command that writes and the node that reads need not be one user."""
    await keys.compare_and_set([Write("key", b"1", 0)])
    assert (folder / "key").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "name",
    ["", "../key", "/key", "a/../../key", "a//b", ".hidden", "a/.b", "a b", "ключ", "k" * 201],
)
async def test_name_that_is_no_file_of_ours_is_refused(
    keys: FileKeys, folder: Path, name: str
) -> None:
    """Nothing is written, and nothing outside of the folder is read."""
    folder.mkdir(parents=True)
    (folder.parent / "key").write_bytes(b"outside")
    with pytest.raises(KeyStoreError, match="name"):
        await keys.compare_and_set([Write(name, b"1", None)])
    assert {path.name for path in folder.parent.rglob("*")} == {folder.name, "key"}
    assert (await keys.fetch(name)).entries == {}


async def test_links_are_followed(keys: FileKeys, folder: Path, tmp_path: Path) -> None:
    """A folder that Kubernetes fills from a ConfigMap consists of them; a dangling one is no key."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data/key").write_bytes(b"1")
    folder.mkdir(parents=True)
    (folder / "key").symlink_to(tmp_path / "..data/key")
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    assert {n: e.value for n, e in (await keys.fetch("")).entries.items()} == {"key": b"1"}


# ---------------------------------------------------------------- by hand


async def test_echo_is_a_change(keys: FileKeys, folder: Path) -> None:
    """As the documentation shows it; the newline is the pointer's business."""
    await keys.compare_and_set([Write("key", b"1", 0)])
    _, before = await read_key(keys)
    subprocess.run(["sh", "-c", f"echo 20260101-120000-0a1b2c3d > {folder}/key"], check=True)
    value, after = await read_key(keys)
    assert value == b"20260101-120000-0a1b2c3d\n"
    assert after > before


def test_edits_within_one_millisecond_differ(keys: FileKeys, folder: Path) -> None:
    """Most kernels keep the time of a file in steps of milliseconds; content tells the rest."""
    folder.mkdir(parents=True)
    indices = set()
    for number in range(500):
        (folder / "key").write_bytes(b"%03d" % number)
        indices.add(keys._read("key").entries["key"].index)
    assert len(indices) == 500


async def test_file_that_is_moved_in_place_is_a_change(keys: FileKeys, folder: Path) -> None:
    """Also one that is older than what it replaces."""
    await keys.compare_and_set([Write("key", b"new", 0)])
    _, before = await read_key(keys)
    (folder / "other").write_bytes(b"old")
    os.utime(folder / "other", (1_000_000, 1_000_000))
    (folder / "other").rename(folder / "key")
    value, after = await read_key(keys)
    assert value == b"old"
    assert after > before


async def test_index_grows_although_the_clock_went_back(keys: FileKeys, folder: Path) -> None:
    """A write is never older than what it replaces."""
    await keys.compare_and_set([Write("key", b"1", 0)])
    future = time.time() + 86_400
    os.utime(folder / "key", (future, future))
    _, before = await read_key(keys)
    assert await keys.compare_and_set([Write("key", b"2", before)])
    _, after = await read_key(keys)
    assert after > before


async def test_a_hundred_writes_in_a_row_have_growing_indices(keys: FileKeys) -> None:
    """However fast they come."""
    indices = [0]
    for number in range(100):
        assert await keys.compare_and_set([Write("key", b"%d" % number, indices[-1])])
        indices.append((await read_key(keys))[1])
    assert indices == sorted(set(indices))


# ---------------------------------------------------------------- what can't be used


async def test_file_instead_of_a_folder_is_an_error(keys: FileKeys, folder: Path) -> None:
    """It is not an empty store."""
    folder.parent.mkdir(parents=True)
    folder.write_bytes(b"")
    with pytest.raises(KeyStoreError, match="Not a directory"):
        await keys.fetch("")
    with pytest.raises(KeyStoreError):
        await keys.compare_and_set([Write("key", b"1", None)])


async def test_what_is_no_file_is_an_error(keys: FileKeys, folder: Path) -> None:
    """A pipe, which would be read for ever, and a link that leads to itself."""
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder / "loop")
    async with asyncio.timeout(5):
        with pytest.raises(KeyStoreError, match="not a file"):
            await keys.fetch("pipe")
        with pytest.raises(KeyStoreError, match="symbolic links"):
            await keys.fetch("loop")


async def test_values_are_bounded(keys: FileKeys, folder: Path) -> None:
    """Both ways."""
    limit = file_keys.MAX_VALUE_BYTES
    assert await keys.compare_and_set([Write("key", b"x" * limit, 0)])
    with pytest.raises(KeyStoreError, match="more than 524288 bytes"):
        await keys.compare_and_set([Write("key", b"x" * (limit + 1), None)])
    with (folder / "key").open("ab") as file:
        file.write(b"x")
    with pytest.raises(KeyStoreError, match="more than 524288 bytes"):
        await keys.fetch("key")


async def test_number_of_keys_is_bounded(keys: FileKeys, folder: Path) -> None:
    """Somebody gave the wrong folder."""
    folder.mkdir(parents=True)
    for number in range(file_keys.MAX_KEYS + 1):
        (folder / f"k{number}").touch()
    with pytest.raises(KeyStoreError, match="more than 1000 files"):
        await keys.fetch("k")
    assert len((await keys.fetch("k1000")).entries) == 1


async def test_folder_of_another_user_is_denied(keys: FileKeys) -> None:
    """As a token that may not read."""
    await keys.compare_and_set([Write("key", b"1", 0)])
    with as_another_user(), pytest.raises(KeyStoreDeniedError, match="Permission denied"):
        await keys.fetch("key")


async def test_folder_that_may_only_be_read_can_be_read() -> None:
    """By who may not even lock it."""
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(_open_folder()))
        keys = FileKeys(root / "pointer")
        assert await keys.compare_and_set([Write("key", b"1", 0)])
        stack.enter_context(as_another_user())
        assert (await read_key(keys))[0] == b"1"
        with pytest.raises(KeyStoreDeniedError):
            await keys.compare_and_set([Write("key", b"2", None)])
        assert (await read_key(keys))[0] == b"1"


@contextlib.contextmanager
def _open_folder() -> Iterator[str]:
    """A folder that every user may look into; pytest's are not."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield name


# ---------------------------------------------------------------- other processes

LOCKER = """
import fcntl, sys
with open(sys.argv[1], "a") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def another_process_that_writes(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """It holds the lock until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(folder / ".lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        try:
            yield process
        finally:
            process.kill()


async def test_process_that_hangs_while_it_writes_is_an_error(
    keys: FileKeys, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a bounded time; when it is killed, its lock is gone."""
    monkeypatch.setattr(file_keys, "LOCK_SECONDS", 0.2)
    await keys.compare_and_set([Write("key", b"1", 0)])
    with another_process_that_writes(folder) as process:
        for call in (keys.fetch("key"), keys.compare_and_set([Write("key", b"2", None)])):
            with pytest.raises(KeyStoreError, match="locked by another process"):
                await call
        process.kill()
        process.wait()
        assert (await read_key(keys))[0] == b"1"
        assert await keys.compare_and_set([Write("key", b"2", None)])


async def test_what_a_killed_writer_left_is_no_key_and_goes_away(
    keys: FileKeys, folder: Path
) -> None:
    """With the next write."""
    await keys.compare_and_set([Write("key", b"1", 0)])
    (folder / ".new-abc").write_bytes(b"half")
    assert (await keys.fetch("")).entries.keys() == {"key"}
    await keys.compare_and_set([Write("key", b"2", None)])
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "key"]


async def test_write_that_fails_changes_nothing(
    keys: FileKeys, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk shows before the first key is replaced."""
    await keys.compare_and_set([Write("a", b"1", 0), Write("b", b"1", 0)])
    real, calls = os.fsync, []

    def fail_later(file: int) -> None:
        calls.append(file)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(file)

    monkeypatch.setattr(os, "fsync", fail_later)
    with pytest.raises(KeyStoreError, match="No space left"):
        await keys.compare_and_set([Write("a", b"2", None), Write("b", b"2", None)])
    monkeypatch.undo()
    assert [e.value for e in (await keys.fetch("")).entries.values()] == [b"1", b"1"]
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "a", "b"]


def test_reader_never_sees_half_of_a_write(keys: FileKeys) -> None:
    """Two keys that are always written together are always read together."""
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            keys._write([Write("a", b"%d" % number, None), Write("b", b"%d" % number, None)])
            time.sleep(0.001)  # or the reader would hardly ever get the lock

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = set()
        deadline = time.monotonic() + 20
        while len(seen) < 20 and time.monotonic() < deadline:
            values = {entry.value for entry in keys._read("").entries.values()}
            assert len(values) <= 1
            seen |= values
    finally:
        ended.set()
        writer.join()
    assert len(seen) >= 20


async def test_waiting_costs_little(keys: FileKeys) -> None:
    """Processor time of this whole process for a second of waiting."""
    await keys.compare_and_set([Write("key", b"1", 0)])
    index = (await keys.fetch("key")).index
    started = time.process_time()
    await keys.fetch("key", index=index, wait=1.0)
    share = time.process_time() - started
    print(f"{share * 100:.1f} % of a core")
    assert share < 0.1


async def test_disk_that_hangs_does_not_stop_the_loop(
    keys: FileKeys, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are read in a thread."""
    folder.mkdir(parents=True)
    (folder / "key").write_bytes(b"1")
    release = threading.Event()
    real = os.open

    def hang(*arguments: object, **options: object) -> int:
        release.wait(20)
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", hang)
    reading = asyncio.create_task(keys.fetch("key"))
    await asyncio.sleep(0.05)
    assert not reading.done()
    release.set()
    assert (await reading).entries.keys() == {"key"}
