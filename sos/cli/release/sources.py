"""Where a release comes from: a folder, a file, or the store; its files, bundle and seal out.

In: what a person wrote as the name of a release. Out: a `Source`, its bytes checked. It writes
nothing.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from sos.cli.parts import open_releases
from sos.errors import BundleError, ReleaseError, ReleaseNotFoundError
from sos.release.bundle import Seal, build_bundle, is_release_id, parse_seal, read_bundle
from sos.release.folder import find_templates
from sos.release.theme import Theme, read_theme
from sos.settings import Settings

GIT_SECONDS = 5.0
BUNDLE_ENDING, SEAL_ENDING = ".tar.gz", ".json"


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """Templates in a folder, not packed yet; ``place`` is its path.

    ``theme`` tells its own files from those of the theme that it extends.
    """

    files: Mapping[str, bytes]
    place: str
    theme: Theme | None = None


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A release as it is published, its bytes checked; ``place`` says where it was found."""

    files: Mapping[str, bytes]
    place: str
    bundle: bytes
    seal: Seal


Source = Folder | Packed


def builds_folder(settings: Settings) -> Path:
    """Where builds go unless --out says otherwise: ``var/builds``."""
    return Path(settings.state_dir) / "builds"


def name_source(source: Source) -> str:
    """What to call it."""
    return source.seal.id if isinstance(source, Packed) else source.place


async def fetch_source(name: str | None, settings: Settings) -> Source:
    """The release that ``name`` means: a folder, a bundle, an id among builds, an id in the store.

    None means the folder of templates. Raises ReleaseError, also for a bundle that is broken, and
    ObjectStoreError.
    """
    local = await asyncio.to_thread(_find_local, name, settings)
    if local is not None:
        return local
    if name is None or not is_release_id(name):
        raise ReleaseNotFoundError(f"{name!r} is neither a file, a folder, nor the id of a release")
    return await _fetch_published(name, settings)


def _find_local(name: str | None, settings: Settings) -> Source | None:
    path = find_templates(settings.templates) if name is None else Path(name)
    if name is None or path.is_dir():
        return read_source_folder(path)
    if not path.is_file():
        path = builds_folder(settings) / f"{name}{BUNDLE_ENDING}"
        if not is_release_id(name) or not path.is_file():
            return None
    return _read_file(path)


def read_source_folder(path: Path) -> Folder:
    """The templates of a folder. Raises ReleaseError."""
    theme = read_theme(path)
    return Folder(files=theme.files, place=str(path), theme=theme)


def pack(folder: Folder, note: str = "") -> Packed:
    """A folder as a bundle, stamped with the time (SOURCE_DATE_EPOCH) and what git knows.

    Raises BundleError for files that no bundle may hold.
    """
    git = describe_git(Path(folder.place))
    bundle, seal = build_bundle(folder.files, created=_decide_time(), git=git, note=note)
    return Packed(files=folder.files, place=folder.place, bundle=bundle, seal=seal)


def unpack(bundle: bytes, seal: Seal, place: str) -> Packed:
    """The release in a bundle. Raises BundleError for one that no node would read."""
    files = read_bundle(bundle, seal).files
    return Packed(files=files, place=place, bundle=bundle, seal=seal)


def describe_git(folder: Path) -> str:
    """The commit that a folder is at, with ``-dirty`` where it has changed; empty without git."""
    if not _run_git(folder, "ls-files", "--", "."):
        return ""  # below a work tree perhaps, but not in it
    commit = _run_git(folder, "rev-parse", "HEAD")
    dirty = _run_git(folder, "status", "--porcelain", "--", ".")
    return f"{commit}-dirty" if commit and dirty else commit


def _run_git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            command,
            capture_output=True,
            check=True,
            timeout=GIT_SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def _decide_time() -> int:
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        return int(text) if text else int(time.time())
    except ValueError:
        raise BundleError(f"SOURCE_DATE_EPOCH is {text[:40]!r}, not a number of seconds") from None


def _read_file(path: Path) -> Packed:
    name = path.name.removesuffix(BUNDLE_ENDING).removesuffix(SEAL_ENDING)
    bundle, seal = (path.with_name(f"{name}{ending}") for ending in (BUNDLE_ENDING, SEAL_ENDING))
    try:
        return unpack(bundle.read_bytes(), parse_seal(seal.read_bytes(), name), str(bundle))
    except OSError as exc:
        raise ReleaseError(
            f"{path} is half of a release: can't read {exc.filename}: {exc.strerror}"
        ) from exc
    except BundleError as exc:
        raise BundleError(f"{path}: {exc}", corrupt=exc.corrupt) from exc


async def _fetch_published(name: str, settings: Settings) -> Packed:
    try:
        async with open_releases(settings) as releases:
            seal = await releases.fetch_seal(name)
            return unpack(await releases.fetch_bundle(seal), seal, settings.bucket)
    except ReleaseNotFoundError as exc:
        raise ReleaseNotFoundError(
            f"{exc} in {settings.bucket}, and none was built in {builds_folder(settings)}"
        ) from exc
