"""The file of a content snapshot: a digest, and what it is the digest of; whole, or refused.

In: a `Snapshot`, or a file that anybody may have torn or put there. Out: bytes, or a `Snapshot` of
the right site. It is not compressed: a start would take longer to unpack it than to read it. Knows
nothing of what is in it, and blocks: call it in a thread.
"""

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path

import msgspec

from sos.content.snapshot import SCHEMA, Snapshot
from sos.errors import DocumentError

FILE = "snapshot.bin"
"""Name of the file in the state folder of a node."""

MAX_BYTES = 64 * 1024 * 1024
"""A larger file is refused."""

_MAGIC = b"sos-snapshot\n"
_DIGEST = hashlib.sha256().digest_size
_START = len(_MAGIC) + _DIGEST
_TORSO, _TORSO_SECONDS = f".{FILE}.", 600.0


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """The bytes of the file."""
    plain = msgspec.msgpack.encode(snapshot)
    return b"".join((_MAGIC, hashlib.sha256(plain).digest(), plain))


def write_snapshot(path: Path, content: bytes) -> None:
    """Put the file in place of the one before, whole or not at all; only its owner may read it.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=_TORSO, dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_snapshot(path: Path, host: str) -> Snapshot:
    """The snapshot of the site at ``host``.

    Raises DocumentError when there is none, or one that is torn, too large, of another schema or
    of another site; the message says which.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise DocumentError(f"it can't be read: {exc.strerror}") from exc
    plain = _open(content)
    try:
        head = msgspec.msgpack.decode(plain, type=_Head)
        if head.schema != SCHEMA:
            raise DocumentError(f"it is of schema {head.schema}, {SCHEMA} is understood")
        if head.host != host:
            raise DocumentError(f"it is of the site {head.host!r}, not of {host!r}")
        return msgspec.msgpack.decode(plain, type=Snapshot)
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise DocumentError(f"it is not a snapshot: {exc}") from exc


class _Head(msgspec.Struct, frozen=True):
    schema: int
    host: str


def _open(content: bytes) -> memoryview:
    if len(content) > MAX_BYTES:
        raise DocumentError(f"it is larger than {MAX_BYTES} bytes")
    if not content.startswith(_MAGIC):
        raise DocumentError("it is not a snapshot")
    plain = memoryview(content)[_START:]
    if hashlib.sha256(plain).digest() != content[len(_MAGIC) : _START]:
        raise DocumentError("it is torn: its digest is another")
    return plain


def _sweep(folder: Path) -> None:
    """Remove what processes left that were killed while they wrote."""
    for torso in folder.glob(f"{_TORSO}*"):
        with contextlib.suppress(OSError):
            if time.time() - torso.stat().st_mtime > _TORSO_SECONDS:
                torso.unlink()
