"""Bundles: the files of a release in, one immutable archive and its seal out; and back.

The manifest in the archive says what the files are; the seal beside it says what the archive is,
so that a node can tell a right bundle from a wrong one before it unpacks a byte. Never opens or
writes a file, never asks for the time.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec

from sos.errors import BundleError
from sos.page.model import PAGE_MODEL_VERSION
from sos.release.archive import (
    MANIFEST_NAME,
    MAX_PACKED_BYTES,
    MAX_TIME,
    read_archive,
    write_archive,
)
from sos.release.folder import MAX_BYTES, MAX_FILES
from sos.release.names import check_name, describe_name

RELEASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What may stand in the pointer; the id of a bundle is always one that `build_release_id` makes."""

SCHEMA = 1
"""Version of the formats of manifest and seal; another one is refused."""

MAX_SEAL_BYTES = 16 * 1024
MAX_WORDS = 500
"""Most characters of the words that people may put with a release."""

_DIGEST = r"^[0-9a-f]{64}\Z"
_Digest = Annotated[str, msgspec.Meta(pattern=_DIGEST)]
_Time = Annotated[int, msgspec.Meta(ge=0, le=MAX_TIME)]
_Version = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The first member of a bundle: every file's name and sha256 (hex), the version of the page
    model that the templates were written for, and when they were packed (epoch seconds).

    As in a seal, fields that are not known are left unread; what matters changes the schema."""

    schema: int = SCHEMA
    page_model: _Version
    created: _Time
    git: str = ""
    note: str = ""
    files: dict[str, _Digest]


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle is verified against; it lies beside it in the store.

    ``size`` and ``sha256`` are those of the bundle's bytes, ``files`` is how many it holds, ``key``
    the fingerprint of the key that made ``signature``; both are empty when it isn't signed. ``git``
    and ``note`` are one line each.
    """

    schema: int = SCHEMA
    id: str
    size: Annotated[int, msgspec.Meta(ge=1, le=MAX_PACKED_BYTES)]
    sha256: _Digest
    page_model: _Version
    created: _Time
    files: Annotated[int, msgspec.Meta(ge=0, le=MAX_FILES)]
    git: str = ""
    note: str = ""
    key: Annotated[str, msgspec.Meta(max_length=64)] = ""
    signature: Annotated[str, msgspec.Meta(max_length=128)] = ""


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that was read: ``files`` by name relative to ``templates/``, sorted."""

    manifest: Manifest
    files: dict[str, bytes]


_Record = TypeVar("_Record", Manifest, Seal)


def is_release_id(text: str) -> bool:
    """Whether a text may name a release."""
    return RELEASE_ID.fullmatch(text) is not None


def build_release_id(created: int, sha256: str) -> str:
    """Return ``YYYYMMDD-HHMMSS-<first 8 of the digest>`` (UTC); BundleError for what has none."""
    if not re.fullmatch(_DIGEST[1:], sha256) or not 0 <= created <= MAX_TIME:
        raise BundleError("a release has no id without a time and a sha256", corrupt=True)
    return f"{datetime.fromtimestamp(created, UTC):%Y%m%d-%H%M%S}-{sha256[:8]}"


# ---------------------------------------------------------------- writing


def build_bundle(
    files: Mapping[str, bytes], *, created: int, git: str = "", note: str = ""
) -> tuple[bytes, Seal]:
    """Pack files, by name relative to ``templates/``; return the bundle and its seal, unsigned.

    ``created`` is in epoch seconds. The same arguments give the same bytes on every machine with
    the same zlib. Raises BundleError for whatever `read_bundle` would refuse, which has the last
    word; whether the templates are any good is not asked here (`check_release`).
    """
    _check_files(files)
    _check_words("the manifest", git, note)
    if not 0 <= created <= MAX_TIME:
        raise BundleError(f"{created} is no time that a bundle can have")
    digests = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    manifest = Manifest(
        page_model=PAGE_MODEL_VERSION, created=created, git=git, note=note, files=digests
    )
    members = [(MANIFEST_NAME, _encode(manifest)), *((name, files[name]) for name in digests)]
    content = write_archive(members, created)
    seal = build_seal(content, manifest)
    read_bundle(content, seal)
    return content, seal


def build_seal(content: bytes, manifest: Manifest) -> Seal:
    """Return the seal of these bytes, unsigned, whatever they are."""
    sha256 = hashlib.sha256(content).hexdigest()
    return Seal(
        id=build_release_id(manifest.created, sha256),
        size=len(content),
        sha256=sha256,
        page_model=manifest.page_model,
        created=manifest.created,
        files=len(manifest.files),
        git=manifest.git,
        note=manifest.note,
    )


def encode_seal(seal: Seal) -> bytes:
    """Return a seal as the bytes that `parse_seal` reads: JSON, indented for people."""
    return _encode(seal)


def _encode(record: Manifest | Seal) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def _check_files(files: Mapping[str, bytes]) -> None:
    """Refuse early, before time is spent on packing."""
    if len(files) > MAX_FILES:
        raise BundleError(f"{len(files):,} files are more than {MAX_FILES:,}")
    if sum(map(len, files.values())) > MAX_BYTES:
        raise BundleError(f"the files have more than {MAX_BYTES:,} bytes in all")
    for name in files:
        check_name(name)
        if name == MANIFEST_NAME:
            raise BundleError(f"{describe_name(name)}: this name is the manifest's")


# ---------------------------------------------------------------- reading


def parse_seal(content: bytes, release_id: str) -> Seal:
    """Return the seal of a release from what lay in its place.

    Fields that are not known are left unread, so that nodes of an older sos read what a newer one
    published; what is known has to be of its type and within its bounds. Raises BundleError, with
    ``corrupt`` set, unless it is a seal and of this release.
    """
    if len(content) > MAX_SEAL_BYTES:
        raise BundleError(f"the seal has more than {MAX_SEAL_BYTES:,} bytes", corrupt=True)
    seal = _decode(content, Seal, "the seal", corrupt=True)
    if seal.id != release_id:
        found = describe_name(seal.id)
        wanted = describe_name(release_id)
        raise BundleError(f"the seal is that of {found}, not of {wanted}", corrupt=True)
    check_seal(seal)
    return seal


def check_seal(seal: Seal) -> None:
    """Raise BundleError, ``corrupt``, unless the id is that of the seal's own time and digest."""
    if seal.id != build_release_id(seal.created, seal.sha256):
        raise BundleError("the release's id is not that of its time and sha256", corrupt=True)


def check_bytes(content: bytes, seal: Seal) -> None:
    """Raise BundleError, ``corrupt``, unless these are the bytes that were sealed."""
    check_seal(seal)
    if len(content) != seal.size:
        message = f"the bundle has {len(content):,} bytes where its seal says {seal.size:,}"
        raise BundleError(message, corrupt=True)
    if hashlib.sha256(content).hexdigest() != seal.sha256:
        raise BundleError("the bundle's sha256 is not that of its seal", corrupt=True)


def read_bundle(content: bytes, seal: Seal) -> Bundle:
    """Return what a bundle holds, all of it checked, in memory only.

    Raises BundleError for bytes that were not sealed (``corrupt``), for an archive that breaks a
    rule of `archive` or `names`, a manifest that says anything but what is there, and templates
    that were written for another version of the page model.
    """
    check_bytes(content, seal)
    members = read_archive(content, seal.created)
    name, first = next(members, ("", b""))
    if not name:
        raise BundleError("the bundle holds nothing, not even a manifest")
    manifest = _decode(first, Manifest, "the manifest")
    _check_page_model(manifest.page_model)
    _check_sealed(manifest, seal)
    files: dict[str, bytes] = {}
    for name, member in members:
        sha256 = manifest.files.get(name)
        if sha256 is None:
            raise BundleError(f"{describe_name(name)}: is not in the manifest")
        if hashlib.sha256(member).hexdigest() != sha256:
            raise BundleError(f"{describe_name(name)}: its sha256 is not that of the manifest")
        files[name] = member
    for name in manifest.files:
        if name not in files:
            raise BundleError(f"{describe_name(name)}: is in the manifest, but not in the bundle")
    return Bundle(manifest=manifest, files=files)


def _check_page_model(version: int) -> None:
    if version != PAGE_MODEL_VERSION:
        raise BundleError(
            f"the templates were written for version {version} of the page model; "
            f"this sos has version {PAGE_MODEL_VERSION}"
        )


def _check_sealed(manifest: Manifest, seal: Seal) -> None:
    """Refuse a seal that tells people something else than the bundle does."""
    for field in ("page_model", "created", "git", "note"):
        if getattr(manifest, field) != getattr(seal, field):
            raise BundleError(f"manifest and seal differ in {field}")
    if len(manifest.files) != seal.files:
        raise BundleError("manifest and seal differ in the number of files")


class _Versioned(msgspec.Struct):
    schema: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


def _decode(content: bytes, kind: type[_Record], what: str, *, corrupt: bool = False) -> _Record:
    try:
        # First of all: another schema may well have other fields.
        schema = msgspec.json.decode(content, type=_Versioned).schema
        if schema != SCHEMA:
            message = f"{what} is of schema {schema}; this sos reads {SCHEMA}"
            raise BundleError(message, corrupt=corrupt)
        record = msgspec.json.decode(content, type=kind)
    except (ValueError, RecursionError) as exc:  # msgspec's errors are of the former
        raise BundleError(f"{what} can't be read: {exc}", corrupt=corrupt) from None
    _check_words(what, record.git, record.note, corrupt=corrupt)
    return record


def _check_words(what: str, git: str, note: str, *, corrupt: bool = False) -> None:
    """They are shown in terminals, logs and on the fleet page."""
    for name, text in (("git", git), ("note", note)):
        if len(text) > MAX_WORDS or not text.isprintable():
            message = f"{what}: {name} must be one line of printable text, up to {MAX_WORDS} long"
            raise BundleError(message, corrupt=corrupt)
