"""From the name of a Debian package to its unpacked files in the cache folder; nothing is ever installed.

What is in the cache is whole: it is built aside under a lock and renamed. Asking the mirror is
debian_apt's part.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.servers.debian_apt import MissingServerError as MissingServerError
from tests.servers.debian_apt import download_archive, run_tool

RECHECK_AFTER = 30 * 24 * 3600.0
"""Seconds after which a package that is in the cache is looked up again (suites such as sid move)."""
LINKED_PACKAGES: tuple[tuple[str, str], ...] = (
    (r"usr/share/php/getid3/", "php-getid3"),
    (r"usr/share/php/libphp-phpmailer/", "libphp-phpmailer"),
    (r"usr/share/php/([A-Za-z0-9]+)/", r"php-\1"),
    (r"usr/share/javascript/([^/]+)/", r"libjs-\1"),
    (r"usr/share/nodejs/([^/@]+)/", r"node-\1"),
    (r"usr/share/fonts/truetype/([^/]+)/", r"fonts-\1"),
)
"""Where Debian's links lead to, and the package that holds it (first match counts)."""


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the test whose server is missing; fail it where CI=true says that all of them must be here."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true and {reason}", pytrace=False)
    pytest.skip(reason)


def fetch_cache_folder() -> Path:
    """Return the folder that keeps downloads and unpacked servers between runs; make it if need be."""
    configured = os.environ.get("SOS_TEST_CACHE")
    if configured:
        folder = Path(configured)
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sos-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@contextmanager
def hold_lock(name: str) -> Iterator[None]:
    """Keep other processes (and threads) out of the part of the cache called `name`; not re-entrant."""
    locks = fetch_cache_folder() / "locks"
    locks.mkdir(exist_ok=True)
    with (locks / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def build_atomically(target: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `target` if the block succeeds, and vanishes if it does not.

    A killed run leaves only a `.new-…` folder beside it, which the next successful build removes.
    The caller holds a lock under which nobody else builds `target`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".new-{target.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".new-{target.name}-", dir=target.parent))
    scratch.chmod(0o755)
    try:
        yield scratch
        if target.exists():
            shutil.rmtree(target)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def fetch_package(name: str, suite: str) -> Path:
    """Return the folder that holds the unpacked files of a package of a Debian suite (`etc/`, `usr/` …).

    Served from the cache when it is there and younger than 30 days, and whenever the mirror fails.
    Raises MissingServerError when the package is neither in the cache nor to be had.
    """
    record = fetch_cache_folder() / "packages" / suite / f"{name}.json"
    with hold_lock(f"apt-{suite}"):
        known = _read_record(record)
        if known is not None and time.time() - record.stat().st_mtime < RECHECK_AFTER:
            return known
        try:
            return _download(name, suite, record)
        except MissingServerError:
            if known is None:
                raise
            tomorrow = time.time() - RECHECK_AFTER + 24 * 3600
            os.utime(record, (tomorrow, tomorrow))
            return known


def fetch_tree(
    packages: Sequence[tuple[str, str]], own_files: Mapping[str, str] | None = None
) -> Path:
    """Return one folder with the files of several (name, suite) laid over each other, later ones winning.

    Packages that a symbolic link in it leads to, and that are not in it yet, are added from the
    suite of the first package until no such link is left dangling. `own_files` (path in the tree:
    text) come last. The other files are hard links into the packages' folders: never write to them.
    """
    roots = {name: fetch_package(name, suite) for name, suite in packages}
    parts = [*(root.name for root in roots.values()), json.dumps(own_files or {}, sort_keys=True)]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    tree = fetch_cache_folder() / "trees" / f"{parts[0]}-{digest}"
    with hold_lock("trees"):
        if not tree.is_dir():
            with build_atomically(tree) as scratch:
                for root in roots.values():
                    _lay_over(root, scratch)
                _add_linked_packages(scratch, suite=packages[0][1], present=set(roots))
                for path, text in (own_files or {}).items():
                    (scratch / path).unlink(missing_ok=True)
                    (scratch / path).write_text(text)
    return tree


def find_dangling_links(root: Path) -> list[tuple[Path, str]]:
    """Return the symbolic links below `root` that lead to nothing below it, with their target in it.

    Absolute targets count from `root`, as they would once the package is installed.
    """
    dangling = []
    for link in sorted(path for path in root.rglob("*") if path.is_symlink()):
        where = link.readlink()
        relative = (
            str(where).lstrip("/")
            if where.is_absolute()
            else str(link.parent.relative_to(root) / where)
        )
        inside = os.path.normpath(relative)
        if not os.path.lexists(root / inside):
            dangling.append((link, inside))
    return dangling


def _read_record(record: Path) -> Path | None:
    try:
        root = fetch_cache_folder() / "packages" / json.loads(record.read_text())["folder"]
    except (OSError, ValueError, KeyError):
        return None
    return root if root.is_dir() else None


def _download(name: str, suite: str, record: Path) -> Path:
    packages = fetch_cache_folder() / "packages"
    packages.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=packages) as scratch:
        archive = download_archive(name, suite, fetch_cache_folder() / "apt" / suite, Path(scratch))
        root = packages / archive.stem.replace("%3a", "-")
        if not root.is_dir():
            with build_atomically(root) as unpacked:
                run_tool(["dpkg", "-x", str(archive), str(unpacked)])
    record.parent.mkdir(parents=True, exist_ok=True)
    written = record.with_suffix(".new")
    written.write_text(json.dumps({"folder": root.name}))
    written.replace(record)
    return root


def _lay_over(source: Path, target: Path) -> None:
    """Put the files of `source` into `target` as hard links; a file that is there already gives way."""

    def link(origin: str, destination: str) -> None:
        Path(destination).unlink(missing_ok=True)
        os.link(origin, destination, follow_symlinks=False)

    shutil.copytree(source, target, symlinks=True, copy_function=link, dirs_exist_ok=True)


def _add_linked_packages(root: Path, suite: str, present: set[str]) -> None:
    while True:
        wanted = {_package_of(target) for _, target in find_dangling_links(root)} - present - {None}
        if not wanted:
            return
        for name in sorted(filter(None, wanted)):
            present.add(name)
            _lay_over(fetch_package(name, suite), root)


def _package_of(target: str) -> str | None:
    for pattern, name in LINKED_PACKAGES:
        match = re.match(pattern, target)
        if match:
            return match.expand(name)
    return None
