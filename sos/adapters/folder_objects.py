"""Releases in a folder, for a laptop, a demo or a shared disk, behind the port `ObjectStore`.

In: names and bytes. Out: bytes of bounded size, and errors of the port alone. Never overwrites a
file, never shows one that is not whole, never leaves its folder.
"""

import asyncio
import contextlib
import os
import re
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self, TypeVar

from sos.errors import ObjectExistsError, ObjectNotFoundError, ObjectStoreError, RolloutError

SECONDS = 30.0
"""Longest time for a call. A network disk that hangs keeps a thread as long as it does."""

_NAME = re.compile(r"(?=.{1,200}$)[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")
_INCOMING = ".incoming"
_ABANDONED_SECONDS = 3600.0

T = TypeVar("T")


class FolderObjects:
    """The files below ``folder``, which is made by the first `put`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    @classmethod
    def from_url(cls, url: str) -> Self | None:
        """The store of a ``file:FOLDER`` URL, None for any other URL."""
        scheme, _, folder = url.partition(":")
        return cls(Path(folder)) if scheme == "file" and folder else None

    async def put(self, name: str, content: bytes) -> None:
        """See `ObjectStore.put`. It is on disk when this returns."""
        await _run(self._path(name), lambda path: self._write(path, content))

    async def fetch(self, name: str, limit: int) -> bytes:
        """See `ObjectStore.fetch`."""
        return await _run(self._path(name), lambda path: _read(path, limit))

    async def list_names(self) -> tuple[str, ...]:
        """See `ObjectStore.list_names`. Files that `put` would not name so are not ours."""
        return await _run(self._folder, lambda path: tuple(sorted(_find_names(path))))

    async def delete(self, name: str) -> None:
        """See `ObjectStore.delete`."""
        await _run(self._path(name), self._remove)

    async def aclose(self) -> None:
        """Nothing is kept open."""

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ObjectStoreError(f"{name[:200]!r} is not the name of an object")
        return self._folder / name

    def _write(self, path: Path, content: bytes) -> None:
        """Write aside, then link: a link to a name that exists fails, however many try at once."""
        if path.exists():
            raise ObjectExistsError(f"{path} exists already, and is kept")
        incoming = self._folder / _INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(incoming)
        aside = incoming / uuid.uuid4().hex
        try:
            with aside.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _link(aside, path)
        finally:
            aside.unlink(missing_ok=True)
        for folder in path.parents:
            with contextlib.suppress(FileNotFoundError):  # deleted again already
                _sync_folder(folder)
            if folder == self._folder:
                break

    def _remove(self, path: Path) -> None:
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
        for folder in path.parents:
            if folder == self._folder:
                break
            try:
                folder.rmdir()
            except OSError:  # not empty, or somebody puts something into it
                break


async def _run(path: Path, work: Callable[[Path], T]) -> T:
    """Do ``work`` on ``path`` in a thread; its errors become those of the port."""
    try:
        async with asyncio.timeout(SECONDS):
            return await asyncio.to_thread(work, path)
    except RolloutError:
        raise
    except TimeoutError as exc:
        raise ObjectStoreError(f"{path}: the disk did not answer in {SECONDS:.0f} s") from exc
    except OSError as exc:
        raise ObjectStoreError(f"{path}: {exc.strerror or exc}") from exc


def _link(aside: Path, path: Path) -> None:
    """Give a file its name. Raises ObjectExistsError where that is taken."""
    for _ in range(100):
        try:
            with contextlib.suppress(FileExistsError):
                path.parent.mkdir(parents=True)
            os.link(aside, path)
        except FileExistsError as exc:
            raise ObjectExistsError(f"{path} exists already, and is kept") from exc
        except FileNotFoundError:
            continue  # `delete` of the last object of a folder has removed it meanwhile
        return
    raise ObjectStoreError(f"{path.parent} is removed again and again")


def _read(path: Path, limit: int) -> bytes:
    try:
        # A pipe by this name must not make anybody wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise ObjectNotFoundError(f"{path} does not exist") from exc
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ObjectStoreError(f"{path} is not a file")
        if status.st_size > limit:
            raise ObjectStoreError(
                f"{path} has {status.st_size} bytes, more than the {limit} allowed"
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(status.st_size + 1)
    finally:
        os.close(descriptor)
    if len(content) != status.st_size:
        raise ObjectStoreError(f"{path} changed while it was read")
    return content


def _find_names(root: Path) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise error

    if not os.path.lexists(root):  # nothing was put yet
        return
    for folder, folders, files in os.walk(root, onerror=fail):
        folders[:] = [name for name in folders if _NAME.fullmatch(name)]
        inner = Path(folder).relative_to(root)
        for file in files:
            name = (inner / file).as_posix()
            if _NAME.fullmatch(name) and (root / name).is_file():
                yield name


def _remove_abandoned(incoming: Path) -> None:
    """Remove what writers left behind that were killed."""
    for path in incoming.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                path.unlink()


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
