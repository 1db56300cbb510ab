"""Templates from a folder: a path in, names and contents out.

A later bundle gives the same mapping. Never follows a link out of the folder, never writes.
"""

import stat
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from sos.errors import ReleaseError

MAX_FILES = 2_000
MAX_BYTES = 50 * 1024 * 1024


def find_templates(configured: str = "") -> Path:
    """The folder that is configured, else the theme that comes with sos."""
    if configured:
        return Path(configured)
    packaged = Path(str(files("sos"))) / "_templates"
    return packaged if packaged.is_dir() else packaged.parent.parent / "templates"


def read_folder(path: Path) -> dict[str, bytes]:
    """Return the files below a folder by POSIX path relative to it, sorted; hidden ones left out.

    Raises ReleaseError if it is not a folder, a file can't be read or is none (a device, a pipe),
    a link leads out of the folder or to another folder, a name is not UTF-8, or there are more
    than 2,000 files or 50 MiB.
    """
    try:
        root = path.resolve(strict=True)
        if not root.is_dir():
            raise ReleaseError(f"{path} is not a folder")
        return _read_all(root)
    except (OSError, RuntimeError) as exc:  # a link to itself is the latter in pathlib
        raise ReleaseError(f"can't read templates: {exc}") from exc


def _read_all(root: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    room = MAX_BYTES
    for member in _list_files(root):
        name = member.relative_to(root).as_posix()
        if not name.isprintable():
            raise ReleaseError(f"{name!r} in {root}: a name must be printable UTF-8")
        if len(files) == MAX_FILES:
            raise ReleaseError(f"{root} holds more than {MAX_FILES:,} files")
        with member.open("rb") as file:
            content = file.read(room + 1)
        room -= len(content)
        if room < 0:
            raise ReleaseError(f"{root} holds more than {MAX_BYTES:,} bytes")
        files[name] = content
    return dict(sorted(files.items()))


def _list_files(root: Path) -> Iterator[Path]:
    """Yield the regular files below a folder, without those that are hidden."""
    folders = [root]
    while folders:
        for member in folders.pop().iterdir():
            if member.name.startswith("."):
                continue
            if member.is_symlink() and not _stays_inside(member, root):
                raise ReleaseError(f"{member} is a link that leads out of {root}, or to a folder")
            mode = member.stat().st_mode
            if stat.S_ISDIR(mode):
                folders.append(member)
            elif stat.S_ISREG(mode):
                yield member
            else:
                raise ReleaseError(f"{member} is not a regular file")


def _stays_inside(link: Path, root: Path) -> bool:
    target = link.resolve(strict=True)
    return target.is_relative_to(root) and target.is_file()
