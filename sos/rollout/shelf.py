"""Releases on a node's own disk: what every start begins with, and what workers load from.

In: bundles that were verified and tried. Out: `ReleaseFile`, paths that a worker reads. A release
is here with its bundle, its seal and its compiled templates; ``current.json`` says which are live.
Compiled templates are code: the folder belongs to this user alone.
"""

import contextlib
import hashlib
import marshal
import os
import shutil
import sys
from collections.abc import Mapping, Sequence, Set
from importlib.metadata import version
from pathlib import Path
from types import CodeType

import msgspec
import structlog

from sos import __version__
from sos.errors import BundleError, ReleaseError
from sos.release.bundle import Seal, check_bytes, encode_seal, is_release_id, parse_seal

log = structlog.get_logger()

BUNDLE, SEAL, CODES, CURRENT = "bundle.tar.gz", "release.json", "codes.bin", "current.json"


class ReleaseFile(msgspec.Struct, frozen=True):
    """A release that a worker can load: where it lies, and what it must be."""

    seal: Seal
    folder: str

    @property
    def id(self) -> str:
        """Id of the release."""
        return self.seal.id


class Kept(msgspec.Struct, frozen=True):
    """Releases that were loaded when this was written, the active one first; epoch seconds.

    ``refused`` are those of them that were sent back, with the reason.
    """

    releases: tuple[str, ...]
    at: float
    refused: dict[str, str] = {}


class Shelf:
    """The releases below one folder. Its methods block: call them in a thread."""

    def __init__(self, folder: Path, public_keys: Sequence[str] = ()) -> None:
        self.folder = folder / "kept"
        self._public_keys = tuple(public_keys)

    def put(self, seal: Seal, bundle: bytes) -> ReleaseFile:
        """Lay a verified bundle down. Raises ReleaseError when the disk refuses it."""
        place = self.folder / seal.id
        try:
            self._own()
            place.mkdir(mode=0o700, exist_ok=True)
            _write(place / BUNDLE, bundle)
            _write(place / SEAL, encode_seal(seal))
        except OSError as exc:
            # What is left of it would pass for one that was kept.
            shutil.rmtree(place, ignore_errors=True)
            raise ReleaseError(f"can't keep release {seal.id} on disk: {exc.strerror}") from exc
        return ReleaseFile(seal, str(place))

    def find(self, release_id: str) -> ReleaseFile | None:
        """A release that lies here whole and unchanged; None otherwise."""
        place = self.folder / release_id
        if not is_release_id(release_id) or not place.is_dir():
            return None
        try:
            seal = parse_seal((place / SEAL).read_bytes(), release_id)
            check_bytes((place / BUNDLE).read_bytes(), seal)
            if self._public_keys:
                from sos.release.signature import verify_seal  # a slow import, not for workers

                verify_seal(seal, self._public_keys)
        except (OSError, BundleError) as exc:
            log.error("kept_release_unusable", release=release_id, reason=str(exc))
            return None
        return ReleaseFile(seal, str(place))

    def read_kept(self) -> tuple[ReleaseFile, ...]:
        """The releases that were loaded when the node last ran, the active one first."""
        return tuple(filter(None, map(self.find, self._read().releases)))

    def read_refused(self) -> dict[str, str]:
        """Those that were sent back, with the reason."""
        return self._read().refused

    def keep(
        self,
        releases: Sequence[str],
        now: float,
        *,
        refused: Mapping[str, str] | None = None,
        spare: Set[str] = frozenset(),
    ) -> None:
        """Note which releases are loaded, and forget all others but ``spare``.

        Raises ReleaseError.
        """
        kept = Kept(tuple(releases), now, dict(refused or {}))
        try:
            _write(self.folder / CURRENT, msgspec.json.encode(kept))
            for place in self.folder.iterdir():
                if place.is_dir() and place.name not in {*releases, *spare}:
                    shutil.rmtree(place, ignore_errors=True)
        except OSError as exc:
            raise ReleaseError(f"can't note what is live: {exc.strerror}") from exc

    def _read(self) -> Kept:
        """What `keep` noted; nothing where that can't be read."""
        try:
            self._own()
            return msgspec.json.decode((self.folder / CURRENT).read_bytes(), type=Kept)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError, ReleaseError) as exc:
            log.error("kept_releases_unreadable", reason=str(exc))
        return Kept((), 0.0)

    def _own(self) -> None:
        """Make the folder, for this user alone. Raises OSError, or ReleaseError if it is not."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder.stat().st_uid != os.geteuid():
            raise ReleaseError(f"{self.folder} belongs to another user")
        self.folder.chmod(0o700)


def put_codes(file: ReleaseFile, codes: bytes) -> None:
    """Lay the compiled templates beside a bundle. Raises ReleaseError."""
    try:
        _write(Path(file.folder) / CODES, _frame_codes(codes))
    except OSError as exc:
        raise ReleaseError(f"can't keep release {file.id}: {exc.strerror}") from exc


def read_codes(file: ReleaseFile) -> dict[str, CodeType] | None:
    """The compiled templates of a release; None where this Python would have to compile anew."""
    try:
        content = (Path(file.folder) / CODES).read_bytes()
    except OSError:
        return None
    mark = _build_mark()
    head, body = content[: len(mark)], content[len(mark) :]
    digest, codes = body[:32], body[32:]
    if head != mark or digest != hashlib.sha256(codes).digest():
        return None
    # Written by this user's own trial into a folder that only this user can write to.
    found: dict[str, CodeType] = marshal.loads(codes)  # noqa: S302
    return found


def _build_mark() -> bytes:
    """Compiled templates are of one Python and one Jinja2; those of another are compiled again."""
    python = f"{sys.implementation.cache_tag} {sys.hexversion:x}"
    return f"sos {__version__} {python} jinja2 {version('jinja2')}\n".encode()


def _frame_codes(codes: bytes) -> bytes:
    return _build_mark() + hashlib.sha256(codes).digest() + codes


def _write(path: Path, content: bytes) -> None:
    """Replace a file: whoever reads it sees the old one or the new one, even after a crash."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
