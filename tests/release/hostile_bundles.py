"""A catalogue of bundles that must be refused: good files in, one kind of broken bundle out.

The archive is packed by hand, so that every rule can be broken alone: but for its own fault, a
bundle of the catalogue is one that would be read.
"""

import gzip
import hashlib
import io
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from sos.page.model import PAGE_MODEL_VERSION
from sos.release.archive import MANIFEST_NAME, MAX_PACKED_BYTES, build_header
from sos.release.bundle import Manifest, Seal, build_release_id
from sos.release.folder import MAX_BYTES, MAX_FILES

CREATED = 1_767_225_600
"""2026-01-01 00:00:00 UTC, when every bundle of the catalogue was packed."""

Files = Mapping[str, bytes]
Broken = tuple[bytes, Seal]

HOSTILE_PAYLOAD = b"{{ page.title }}\n"
"""What is in the members that should not be there."""

_BLOCK = tarfile.BLOCKSIZE
_MEBIBYTE = bytes(1024 * 1024)


# ---------------------------------------------------------------- packing by hand


def make_seal(content: bytes, created: int, **changes: Any) -> Seal:
    """A right seal of these bytes, whatever they are; ``changes`` replace fields of it."""
    sha256 = hashlib.sha256(content).hexdigest()
    seal = Seal(
        id=build_release_id(created, sha256),
        size=len(content),
        sha256=sha256,
        page_model=PAGE_MODEL_VERSION,
        created=created,
        files=0,
    )
    return msgspec.structs.replace(seal, **changes)


def pack_member(name: str, content: bytes, **fields: Any) -> bytes:
    """Header and content of a member; ``fields`` are those of `tarfile.TarInfo`."""
    member = tarfile.TarInfo(name)
    member.mode, member.mtime, member.size = 0o644, CREATED, len(content)
    for field, value in fields.items():
        setattr(member, field, value)
    header = member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    # The long names of GNU tar come as members of their own: the format is what is under test.
    return header + content + bytes(-len(content) % _BLOCK)


def pack_plain(name: str, content: bytes) -> bytes:
    """A member as a bundle has it, for names that are good and names that aren't."""
    raw = name.encode("utf-8", "surrogateescape")
    stand_in = build_header("x" * min(len(raw), 100), len(content), CREATED)
    header = with_field(stand_in, 0, raw[:100])
    return header + content + bytes(-len(content) % _BLOCK)


def with_field(header: bytes, offset: int, value: bytes) -> bytes:
    """A header with other bytes at an offset, and the checksum that belongs to them."""
    header = header[:offset] + value + header[offset + len(value) :]
    total = sum(header[:148]) + sum(header[156:]) + 8 * ord(" ")
    return header[:148] + b"%06o\0 " % total + header[156:]


def pack_manifest(files: Files, /, **changes: Any) -> bytes:
    """The manifest of these files; ``changes`` replace its fields."""
    digests = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    fields: dict[str, Any] = {
        "page_model": PAGE_MODEL_VERSION,
        "created": CREATED,
        "files": digests,
    } | changes
    return pack_plain(MANIFEST_NAME, msgspec.json.encode(Manifest(**fields)))


def compress(archive: bytes | Iterable[bytes], level: int = 6) -> bytes:
    """gzip as a bundle has it; an iterable is packed without ever being in memory as a whole."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed, crc, length = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"], 0, 0
    for part in [archive] if isinstance(archive, bytes) else archive:
        packed.append(deflate.compress(part))
        crc, length = zlib.crc32(part, crc), length + len(part)
    return b"".join([*packed, deflate.flush(), struct.pack("<LL", crc, length & 0xFFFFFFFF)])


def seal_archive(archive: bytes | Iterable[bytes], files: int) -> Broken:
    """Compress an archive and seal what comes out."""
    content = compress(archive)
    return content, make_seal(content, CREATED, files=files)


def pack_files(files: Files, *, end: bytes = bytes(2 * _BLOCK)) -> bytes:
    """A good archive of these files, before compression."""
    members = [pack_plain(name, files[name]) for name in sorted(files)]
    return b"".join([pack_manifest(files), *members, end])


def good_bundle(files: Files) -> Broken:
    """What all of them would be without their fault."""
    return seal_archive(pack_files(files), len(files))


def with_member(files: Files, member: bytes, name: str, content: bytes = HOSTILE_PAYLOAD) -> Broken:
    """A bundle with one more member, which the manifest lists; it comes where its name belongs."""
    every = {**files, name: content}
    before = [pack_plain(n, files[n]) for n in sorted(files) if n < name]
    after = [pack_plain(n, files[n]) for n in sorted(files) if n >= name]
    parts = [pack_manifest(every), *before, member, *after, bytes(2 * _BLOCK)]
    return seal_archive(b"".join(parts), len(every))


# ---------------------------------------------------------------- kinds of faults

_Maker = Callable[[Files], Broken]


def _named(name: str) -> _Maker:
    def make(files: Files) -> Broken:
        # JSON has no place for bytes that are not UTF-8: the manifest lists something like it.
        listed = name.encode("utf-8", "replace").decode()
        return with_member(files, pack_plain(name, HOSTILE_PAYLOAD), listed)

    return make


def _typed(name: str, kind: bytes, content: bytes = b"", **fields: Any) -> _Maker:
    member = pack_member(name, content, type=kind, **fields)
    return lambda files: with_member(files, member, name, content)


def _headed(offset: int, value: bytes) -> _Maker:
    def make(files: Files) -> Broken:
        member = pack_plain("assets/x.css", HOSTILE_PAYLOAD)
        member = with_field(member[:_BLOCK], offset, value) + member[_BLOCK:]
        return with_member(files, member, "assets/x.css")

    return make


def _before_member(prefix: bytes) -> _Maker:
    """An extended header and the plain member that it is about."""
    member = prefix + pack_plain("assets/x.css", HOSTILE_PAYLOAD)
    return lambda files: with_member(files, member, "assets/x.css")


def _resealed(change: Callable[[bytes], bytes]) -> _Maker:
    """Bytes that were broken before they were sealed."""

    def make(files: Files) -> Broken:
        content = change(good_bundle(files)[0])
        return content, make_seal(content, CREATED, files=len(files))

    return make


def _sealed(**changes: Any) -> _Maker:
    """A good bundle under another seal."""

    def make(files: Files) -> Broken:
        content, seal = good_bundle(files)
        return content, msgspec.structs.replace(seal, **changes)

    return make


def _bad_digest(files: Files) -> Broken:
    content, seal = good_bundle(files)
    return content[:-1] + bytes([content[-1] ^ 1]), seal


def _bad_size(files: Files) -> Broken:
    content, seal = good_bundle(files)
    return content + b"\0", seal


def _cut_short(files: Files) -> Broken:
    content, seal = good_bundle(files)
    return content[: len(content) // 2], seal


def _foreign_id(files: Files) -> Broken:
    content, seal = good_bundle(files)
    return content, msgspec.structs.replace(seal, id="20260101-000000-00000000")


def _rearchived(change: Callable[[bytes], bytes]) -> _Maker:
    return lambda files: seal_archive(change(pack_files(files)), len(files))


def _manifested(**changes: Any) -> _Maker:
    def make(files: Files) -> Broken:
        members = [pack_plain(name, files[name]) for name in sorted(files)]
        parts = [pack_manifest(files, **changes), *members, bytes(2 * _BLOCK)]
        return seal_archive(b"".join(parts), len(changes.get("files", files)))

    return make


def _manifest_text(text: bytes) -> _Maker:
    def make(files: Files) -> Broken:
        members = [pack_plain(name, files[name]) for name in sorted(files)]
        parts = [pack_plain(MANIFEST_NAME, text), *members, bytes(2 * _BLOCK)]
        return seal_archive(b"".join(parts), len(files))

    return make


def _manifest_lies(files: Files) -> Broken:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    digests[max(digests)] = hashlib.sha256(b"something else").hexdigest()
    return _manifested(files=digests)(files)


def _manifest_lists_more(files: Files) -> Broken:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return _manifested(files={**digests, "zzz.html": digests[max(digests)]})(files)


def _manifest_lists_less(files: Files) -> Broken:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    del digests[max(digests)]
    return _manifested(files=digests)(files)


def _manifest_missing(files: Files) -> Broken:
    members = [pack_plain(name, files[name]) for name in sorted(files)]
    return seal_archive(b"".join([*members, bytes(2 * _BLOCK)]), len(files))


def _manifest_last(files: Files) -> Broken:
    members = [pack_plain(name, files[name]) for name in sorted(files)]
    parts = [*members, pack_manifest(files), bytes(2 * _BLOCK)]
    return seal_archive(b"".join(parts), len(files))


def _members_out_of_order(files: Files) -> Broken:
    members = [pack_plain(name, files[name]) for name in sorted(files, reverse=True)]
    parts = [pack_manifest(files), *members, bytes(2 * _BLOCK)]
    return seal_archive(b"".join(parts), len(files))


def _duplicate(files: Files) -> Broken:
    name = max(files)
    archive = pack_files(files, end=b"") + pack_plain(name, files[name]) + bytes(2 * _BLOCK)
    return seal_archive(archive, len(files))


def _case_collision(files: Files) -> Broken:
    name = max(files)
    twin = name.swapcase()
    return with_member(files, pack_plain(twin, HOSTILE_PAYLOAD), twin)


def _file_and_folder(files: Files) -> Broken:
    name = f"{max(files)}/x.html"
    return with_member(files, pack_plain(name, HOSTILE_PAYLOAD), name)


def _zip_bomb(files: Files) -> Broken:
    """One file of 300 MiB in 300 kB."""
    size = 300 * len(_MEBIBYTE)
    digests = {"zzz.html": "0" * 64}
    header = build_header("zzz.html", size, CREATED)
    parts = [pack_manifest({}, files=digests), header, *[_MEBIBYTE] * 300, bytes(2 * _BLOCK)]
    return seal_archive(parts, 1)


def _many_small_bombs(files: Files) -> Broken:
    """Files of 25 kB each, 48 MB in all: no limit but that of the ratio is passed."""
    bombs = {f"assets/{number:04}.css": bytes(25_000) for number in range(MAX_FILES - 10)}
    return good_bundle(bombs)


def _too_many_files(files: Files) -> Broken:
    many = {f"assets/{number:04}.css": b"%d" % number for number in range(MAX_FILES + 1)}
    return good_bundle({**files, **many})


def _unpacks_to_too_much(files: Files) -> Broken:
    """51 MiB in a quarter of that: neither too large a bundle nor too compressible."""
    noise = hashlib.shake_256(b"noise").digest((MAX_BYTES + len(_MEBIBYTE)) // 4)
    parts = (noise[at : at + 16_384] * 4 for at in range(0, len(noise), 16_384))
    return good_bundle({**files, "assets/noise.bin": b"".join(parts)})


def _too_large(files: Files) -> Broken:
    """21 MiB that can't be compressed, which is more than a bundle may have."""
    noise = hashlib.shake_256(b"noise").digest(MAX_PACKED_BYTES + len(_MEBIBYTE))
    return good_bundle({**files, "assets/noise.bin": noise})


def _huge_manifest(files: Files) -> Broken:
    note = hashlib.shake_256(b"note").hexdigest(600_000).encode()
    return _manifest_text(b'{"schema":1,"note":"%s"}' % note)(files)


def _wrong_page_model(files: Files) -> Broken:
    content, seal = _manifested(page_model=PAGE_MODEL_VERSION + 1)(files)
    return content, msgspec.structs.replace(seal, page_model=PAGE_MODEL_VERSION + 1)


def _pax(kind: bytes, *records: tuple[bytes, bytes]) -> bytes:
    """An extended header of pax, with each record's own length in it."""
    body = b""
    for key, value in records:
        length = len(key) + len(value) + 3
        length += len(str(length + len(str(length))))
        body += b"%d %s=%s\n" % (length, key, value)
    return pack_member("././@PaxHeader", body, type=kind)


def _not_tar(files: Files) -> Broken:
    return seal_archive(HOSTILE_PAYLOAD * 1000, len(files))


def _other_tar(files: Files) -> Broken:
    """The same files, packed by `tarfile` with an owner's name in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.uname, member.mtime = len(files[name]), "owner", CREATED
            archive.addfile(member, io.BytesIO(files[name]))
    return seal_archive(pack_manifest(files) + buffer.getvalue(), len(files))


def _sealed_elsewhen(files: Files) -> Broken:
    content, _ = good_bundle(files)
    return content, make_seal(content, CREATED + 1, files=len(files))


_LINK_AWAY: dict[str, Any] = {"linkname": "/etc/passwd"}

HOSTILE: Mapping[str, Callable[[Mapping[str, bytes]], tuple[bytes, Seal]]] = MappingProxyType(
    {
        # the seal, or bytes that are not those it was put on
        "bad digest": _bad_digest,
        "bad size": _bad_size,
        "cut short": _cut_short,
        "bad signature": _sealed(key="0" * 16, signature="A" * 86 + "=="),
        "foreign id": _foreign_id,
        "sealed at another time": _sealed_elsewhen,
        "sealed with another note": _sealed(note="another"),
        "sealed with another number of files": _sealed(files=1_999),
        # gzip
        "empty": _resealed(lambda content: b""),
        "not gzip": _resealed(lambda content: b"<html>not found</html>"),
        "gzip header with a name": _resealed(
            lambda content: gzip.compress(gzip.decompress(content), mtime=1)
        ),
        "truncated archive": _resealed(lambda content: content[: len(content) // 2]),
        "truncated checksum": _resealed(lambda content: content[:-3]),
        "wrong checksum": _resealed(lambda content: content[:-8] + bytes(8)),
        "trailing garbage": _resealed(lambda content: content + b"garbage"),
        "trailing zeros": _resealed(lambda content: content + bytes(100_000)),
        "second gzip stream": _resealed(lambda content: content + content),
        # tar
        "not tar": _not_tar,
        "tar of another writer": _other_tar,
        "no end of the archive": _rearchived(lambda archive: archive[: -2 * _BLOCK]),
        "half an end of the archive": _rearchived(lambda archive: archive[:-_BLOCK]),
        "data in the end of the archive": _rearchived(
            lambda archive: archive[:-_BLOCK] + b"x" * _BLOCK
        ),
        "data after the end": _rearchived(lambda archive: archive + bytes(_BLOCK)),
        "second archive after the end": _rearchived(lambda archive: archive + archive),
        "padding that is not zero": lambda files: with_member(
            files, pack_plain("assets/x.css", HOSTILE_PAYLOAD)[:-1] + b"x", "assets/x.css"
        ),
        # names
        "path escape": _named("../../etc/cron.d/x"),
        "path escape inside": _named("assets/../../x.html"),
        "absolute name": _named("/etc/cron.d/x"),
        "backslash": _named("..\\x.html"),
        "dot segment": _named("assets/./x.html"),
        "empty segment": _named("assets//x.html"),
        "folder's name": _named("assets/x.html/"),
        "hidden name": _named("assets/.htaccess"),
        "empty name": _named(""),
        "control character": _named("assets/\x1b[2Jx.html"),
        "newline": _named("assets/x\n.html"),
        "text that runs backwards": _named("assets/\u202elmth.x"),
        "name after a NUL": _headed(50, b"../../x"),
        "prefix before the name": _headed(345, b"../.."),
        "decomposed name": _named("assets/e\u0301.html"),
        "name that is not UTF-8": _named("assets/\udcff\udcfe.html"),
        "too deep": _named("/".join("a" * 17)),
        "duplicate": _duplicate,
        "case collision": _case_collision,
        "file that is a folder": _file_and_folder,
        "second manifest": lambda files: with_member(
            files, pack_plain("MANIFEST.JSON", HOSTILE_PAYLOAD), "MANIFEST.JSON"
        ),
        "members out of order": _members_out_of_order,
        # what is no plain file
        "symlink": _typed("assets/x.css", tarfile.SYMTYPE, **_LINK_AWAY),
        "hardlink": _typed("assets/x.css", tarfile.LNKTYPE, **_LINK_AWAY),
        "character device": _typed("assets/x.css", tarfile.CHRTYPE, devmajor=1, devminor=5),
        "block device": _typed("assets/x.css", tarfile.BLKTYPE, devmajor=8),
        "fifo": _typed("assets/x.css", tarfile.FIFOTYPE),
        "folder": _typed("assets/x", tarfile.DIRTYPE),
        "folder with data": _typed("assets/x", tarfile.DIRTYPE, HOSTILE_PAYLOAD),
        "sparse file": _typed("assets/x.css", tarfile.GNUTYPE_SPARSE, HOSTILE_PAYLOAD),
        "contiguous file": _typed("assets/x.css", tarfile.CONTTYPE, HOSTILE_PAYLOAD),
        "file of the old kind": _typed("assets/x.css", tarfile.AREGTYPE, HOSTILE_PAYLOAD),
        "member of an unknown kind": _typed("assets/x.css", b"Z", HOSTILE_PAYLOAD),
        "pax header": _before_member(_pax(tarfile.XHDTYPE, (b"path", b"../x.css"))),
        "global pax header": _before_member(_pax(tarfile.XGLTYPE, (b"path", b"../x.css"))),
        "pax sparse map": _before_member(
            _pax(tarfile.XHDTYPE, (b"GNU.sparse.size", b"9"), (b"GNU.sparse.map", b"0,1,5,1"))
        ),
        "huge pax header": _before_member(_pax(tarfile.XHDTYPE, (b"comment", 64 * _MEBIBYTE))),
        "long name of GNU tar": _before_member(
            pack_member("././@LongLink", b"../x.css\0", type=tarfile.GNUTYPE_LONGNAME)
        ),
        # modes, owners, sizes
        "setuid": _headed(100, b"0004755\0"),
        "executable": _headed(100, b"0000755\0"),
        "owner": _headed(108, b"0001750\0"),
        "owner's name": _headed(265, b"owner\0"),
        "another time": _headed(136, b"00000000001\0"),
        "negative size": _headed(124, b"\xff" * 12),
        "size past all bounds": _headed(124, b"\x80" + b"\x7f" * 11),
        "size that is no number": _headed(124, b"0_0000000017"),
        "wrong header checksum": lambda files: with_member(
            files,
            pack_plain("assets/x.css", HOSTILE_PAYLOAD).replace(b"ustar", b"USTAR"),
            "assets/x.css",
        ),
        # too much
        "zip bomb": _zip_bomb,
        "many small bombs": _many_small_bombs,
        "too many files": _too_many_files,
        "too large": _too_large,
        "unpacks to too much": _unpacks_to_too_much,
        "huge manifest": _huge_manifest,
        # code
        "code file": _named("assets/x.py"),
        "code file in capitals": _named("assets/X.PHP"),
        "shared library": _named("assets/libx.so.1"),
        # the manifest
        "manifest missing": _manifest_missing,
        "manifest last": _manifest_last,
        "manifest lies": _manifest_lies,
        "manifest lists too much": _manifest_lists_more,
        "manifest lists too little": _manifest_lists_less,
        "manifest is no JSON": _manifest_text(b"not JSON"),
        "manifest is nested without end": _manifest_text(b'{"schema":1,"x":' + b"[" * 100_000),
        "manifest of another schema": _manifested(schema=2),
        "manifest without schema": _manifest_text(b'{"page_model":1,"created":1,"files":{}}'),
        "manifest with a note of two lines": _manifested(note="a\nb"),
        "wrong page-model version": _wrong_page_model,
        "page model of the seal alone": _sealed(page_model=PAGE_MODEL_VERSION + 1),
        "page model of the manifest alone": _manifested(page_model=PAGE_MODEL_VERSION + 1),
    }
)
"""Kinds of broken bundles by name. All of them take the files of a good release, at least one."""

CORRUPT = frozenset(
    {"bad digest", "bad size", "cut short", "foreign id"},
)
"""Kinds whose bytes are not those that were sealed, so that another fetch may bring better ones."""

ONLY_BADLY_SIGNED = frozenset({"bad signature"})
"""Kinds that can be read: `verify_seal` alone refuses them. Signing their seals makes them good."""

UNSIGNABLE = frozenset({"foreign id"})
"""Kinds whose seals contradict themselves, so that no key signs them."""
