"""Keys as files of a folder, for a laptop, a small site or a test, behind the port `KeyStore`.

In: names and values. Out: the same, with an index that is derived from the files alone, so that
``echo 20260101-120000-0a1b2c3d > var/pointer/templateRelease`` is a change like any other. Reading
writes nothing: the folder may be read-only, or not be there yet. Never leaves its folder.

The name of a key is its path below the folder: ``templateRelease``, ``www/templateRelease``.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import stat
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self, TypeVar

from sos.errors import KeyStoreDeniedError, KeyStoreError, SettingsError
from sos.rollout.ports import KeyEntry, KeyRead, Write

POLL_SECONDS = 0.04
"""How often a waiting read looks at the files: a change is seen within 50 ms."""

LOCK_SECONDS = 5.0
"""Longest wait for another process that writes, seconds."""

MAX_VALUE_BYTES = 512 * 1024
"""Largest value; that of Consul."""

MAX_KEYS, MAX_DEPTH = 1000, 8
"""Files and folders below each other that may be under one prefix."""

_NAME = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")
_LOCK, _NEW = ".lock", ".new-"
_DIGEST_BITS = 22

T = TypeVar("T")


class FileKeys:
    """A `KeyStore` in ``folder``, which is made by the first write.

    Writes of several keys are all or nothing towards everybody who uses this class. A process that
    is killed between two renames, which is well below a millisecond, leaves the first ones done.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The store of a ``file:FOLDER`` URL. Raises SettingsError naming ``pointer``."""
        scheme, _, folder = url.partition(":")
        if scheme != "file" or not folder:
            raise SettingsError(f"pointer: expected file:FOLDER, got {url!r}")
        return cls(Path(folder))

    async def fetch(
        self, prefix: str, *, index: int = 0, wait: float = 0.0, consistent: bool = False
    ) -> KeyRead:
        """See `KeyStore.fetch`; every read is consistent. A wait asks the files, 25 times a second.

        An index tells one state from another; it grows with each write, but not when a key is
        deleted, nor when a file is edited while the clock goes back.
        """
        deadline = time.monotonic() + wait
        while True:
            read = await self._run(lambda: self._read(prefix))
            remaining = deadline - time.monotonic()
            if not index or read.index != index or remaining <= 0:
                return read
            await asyncio.sleep(min(POLL_SECONDS, remaining))

    async def compare_and_set(self, writes: Sequence[Write]) -> bool:
        """See `KeyStore.compare_and_set`. What was written is on disk when this returns."""
        return await self._run(lambda: self._write(writes))

    async def aclose(self) -> None:
        """Nothing is kept open."""

    async def _run(self, work: Callable[[], T]) -> T:
        """Do it in a thread: a network disk may hang, and must not take the event loop with it."""
        try:
            return await asyncio.to_thread(work)
        except PermissionError as exc:
            raise KeyStoreDeniedError(f"{self._folder}: {exc.strerror}") from exc
        except OSError as exc:
            place = exc.filename if isinstance(exc.filename, str | Path) else self._folder
            raise KeyStoreError(f"{place}: {exc.strerror or exc}") from exc

    # ------------------------------------------------------------ in a thread

    def _read(self, prefix: str) -> KeyRead:
        with self._locked(fcntl.LOCK_SH):
            entries = dict(sorted(self._read_entries(prefix)))
        return KeyRead(_derive_index(entries), entries)

    def _read_entries(self, prefix: str) -> Iterator[tuple[str, KeyEntry]]:
        for count, name in enumerate(self._find_names(prefix)):
            if count >= MAX_KEYS:
                raise KeyStoreError(f"{self._folder}: more than {MAX_KEYS} files")
            entry = _read_entry(self._folder / name)
            if entry is not None:
                yield name, entry

    def _find_names(self, prefix: str) -> Iterator[str]:
        """Names of files that begin with ``prefix``; hidden and oddly named ones are not ours."""
        parent, _, _ = prefix.rpartition("/")
        folders = [parent] if not parent or _NAME.fullmatch(parent) else []
        while folders:
            folder = folders.pop()
            for entry in _scan(self._folder / folder):
                name = f"{folder}/{entry.name}" if folder else entry.name
                if not _NAME.fullmatch(name):
                    continue
                if not entry.is_dir():
                    if name.startswith(prefix):
                        yield name
                elif name.count("/") < MAX_DEPTH and f"{name}/".startswith(prefix):
                    folders.append(name)

    def _write(self, writes: Sequence[Write]) -> bool:
        for write in writes:
            if not _NAME.fullmatch(write.name):
                raise KeyStoreError(f"{write.name[:80]!r} can't be the name of a file")
            if write.value is not None and len(write.value) > MAX_VALUE_BYTES:
                raise KeyStoreError(f"{write.name}: more than {MAX_VALUE_BYTES} bytes")
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked(fcntl.LOCK_EX):
            present = {write.name: _read_entry(self._folder / write.name) for write in writes}
            for write in writes:
                entry = present[write.name]
                if write.index is not None and write.index != (entry.index if entry else 0):
                    return False
            self._replace(writes, [entry.index for entry in present.values() if entry])
        return True

    def _replace(self, writes: Sequence[Write], indices: Sequence[int]) -> None:
        """Have every new file whole on disk, then put them in place."""
        # Never the time of what it replaces, however coarse or wrong the clock is.
        milliseconds = [time.time_ns() // 1_000_000, *((i >> _DIGEST_BITS) + 1 for i in indices)]
        parents = {(self._folder / write.name).parent for write in writes}
        with contextlib.ExitStack() as stack:
            for parent in parents:
                for leftover in parent.glob(f"{_NEW}*"):  # of one who was killed; we have the lock
                    leftover.unlink(missing_ok=True)
            ready: list[tuple[Path | None, Path]] = []
            for write in writes:
                target = self._folder / write.name
                if write.value is None:
                    ready.append((None, target))
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                new = _write_aside(target.parent, write.value, max(milliseconds))
                stack.callback(new.unlink, missing_ok=True)
                ready.append((new, target))
            for source, target in ready:
                if source is None:
                    target.unlink(missing_ok=True)
                else:
                    source.replace(target)
            for parent in parents:
                if parent.is_dir():
                    _flush(parent)

    @contextlib.contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        """Keep writers out, or (LOCK_EX) everybody. Who may not open the lock reads without."""
        exclusive = kind == fcntl.LOCK_EX
        flags = (os.O_RDWR | os.O_CREAT) if exclusive else os.O_RDONLY
        lock = -1
        try:
            lock = os.open(self._folder / _LOCK, flags | os.O_CLOEXEC, 0o666)
        except (FileNotFoundError, PermissionError):
            if exclusive:
                raise
        try:
            if lock >= 0:
                _take(lock, kind)
            yield
        finally:
            if lock >= 0:
                os.close(lock)


def _take(lock: int, kind: int) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise KeyStoreError(f"locked by another process for {LOCK_SECONDS:.0f} s") from None
            time.sleep(0.002)


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read_entry(path: Path) -> KeyEntry | None:
    """Value and index of a key, None where there is no such file. Raises KeyStoreError, OSError."""
    try:
        # Not blocking, should it be a named pipe.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(file, "rb") as stream:
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode):
            raise KeyStoreError(f"{path}: not a file")
        value = stream.read(MAX_VALUE_BYTES + 1)
    if len(value) > MAX_VALUE_BYTES:
        raise KeyStoreError(f"{path}: more than {MAX_VALUE_BYTES} bytes")
    # ctime too: a file that was moved here keeps the time of its content.
    milliseconds = max(facts.st_mtime_ns, facts.st_ctime_ns, 0) // 1_000_000
    return KeyEntry(value, _build_index(milliseconds, value))


def _derive_index(entries: dict[str, KeyEntry]) -> int:
    """One number for all keys, which is another one when anything about them is."""
    if not entries:
        return 1
    latest = max(entry.index for entry in entries.values()) >> _DIGEST_BITS
    return _build_index(latest, repr([(n, e.index) for n, e in entries.items()]).encode())


def _build_index(milliseconds: int, content: bytes) -> int:
    """Time, and a digest for what changes twice within one tick of the kernel's clock."""
    digest = zlib.crc32(content) & ((1 << _DIGEST_BITS) - 1)
    return max(1, milliseconds << _DIGEST_BITS | digest)


def _write_aside(folder: Path, value: bytes, milliseconds: int) -> Path:
    """A new file on disk with this content and time, under a name that nobody looks for."""
    file, name = tempfile.mkstemp(prefix=_NEW, dir=folder)
    path = Path(name)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(value)
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)  # nodes may run as another user
            nanoseconds = milliseconds * 1_000_000
            os.utime(stream.fileno(), ns=(nanoseconds, nanoseconds))
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _flush(folder: Path) -> None:
    """Have the renames on disk."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
