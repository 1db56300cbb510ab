"""The bytes of a bundle: files in, a gzip'd tar out; and back, member by member, nothing else.

There is one way to write an archive, and only what was written that way is read: the header of
every member has to be, to the byte, the one that this module would have written. So a link, a
device, a sparse map, an extended header, an owner, a mode, or bytes that another reader might
understand otherwise have no place to be in. Never extracts: a member's name never reaches a disk.

`tarfile` parses each header (one block, by `TarInfo.frombuf`). Its `TarFile` is left out: it reads
extended headers and sparse maps of any length into memory, forgives a missing end, and its
`extract` is what archives attack. Headers are packed here because those of `tarfile` have changed
from one Python to the next, and the digest of a bundle should not.
"""

import struct
import tarfile
import zlib
from collections.abc import Iterable, Iterator

from sos.errors import BundleError
from sos.release.folder import MAX_BYTES, MAX_FILES
from sos.release.names import NameRegister, check_name, describe_name, split_name

MANIFEST_NAME = "manifest.json"
"""The first member; it does not count as a file of the release."""

MAX_PACKED_BYTES = 20 * 1024 * 1024
MAX_MANIFEST_BYTES = 1024 * 1024
MAX_RATIO = 100
FREE_BYTES = 1024 * 1024
"""Whatever a bundle says that it holds, its reader makes room for no more than `FREE_BYTES` and
`MAX_RATIO` times the bundle's own size, and never for more than `MAX_BYTES` and a manifest."""

MAX_TIME = 8**11 - 1
"""The last second that a USTAR header can tell, in the year 2242."""

MODE = 0o644

_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_CHUNK = 16 * 1024

LEVEL = 6
"""Of deflate. 9 saves next to nothing on templates and can take a minute for a large bundle."""

# RFC 1952: deflate, no flags, no time, neither best nor fastest compression, unknown system.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

_KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.DIRTYPE: "a folder",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
    tarfile.XHDTYPE: "an extended header",
    tarfile.SOLARIS_XHDTYPE: "an extended header",
    tarfile.XGLTYPE: "an extended header",
    tarfile.GNUTYPE_LONGNAME: "an extended header",
    tarfile.GNUTYPE_LONGLINK: "an extended header",
}


def write_archive(members: Iterable[tuple[str, bytes]], created: int) -> bytes:
    """Return the archive of members in the order given; every one gets ``created`` as its time.

    The same members give the same bytes wherever the same zlib is at work. Raises BundleError for
    a name that a header can't hold.
    """
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc = length = 0
    packed = [_GZIP_HEADER]
    for block in _write_blocks(members, created):
        crc = zlib.crc32(block, crc)
        length += len(block)
        packed.append(deflate.compress(block))
    packed.append(deflate.flush())
    packed.append(struct.pack("<LL", crc, length & 0xFFFFFFFF))
    return b"".join(packed)


def _write_blocks(members: Iterable[tuple[str, bytes]], created: int) -> Iterator[bytes]:
    for name, content in members:
        yield build_header(name, len(content), created)
        yield content
        yield bytes(-len(content) % _BLOCK)
    yield _END


def build_header(name: str, size: int, created: int) -> bytes:
    """Return the USTAR header of a plain file: mode 0644, owner and group 0, without names.

    Raises BundleError for what its fields can't hold.
    """
    fields = split_name(name)
    if fields is None or not (0 <= size <= MAX_TIME and 0 <= created <= MAX_TIME):
        raise BundleError(f"{describe_name(name)}: name, size or time don't fit a tar header")
    block = struct.pack(
        "100s8s8s8s12s12s8sc100s6s2s80s155s12x",
        fields[1],
        b"%07o\0" % MODE,
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        b"%011o\0" % size,
        b"%011o\0" % created,
        b" " * 8,
        tarfile.REGTYPE,
        b"",
        b"ustar\0",
        b"00",
        b"",
        fields[0],
    )
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def read_archive(content: bytes, created: int) -> Iterator[tuple[str, bytes]]:
    """Yield the members of an archive, the manifest first; each is checked before it is read.

    Nothing of it may be used before the iterator has ended: only then is it known that the checksum
    of the whole is right and that nothing follows. Raises BundleError that names member and reason.
    What is in memory besides ``content`` stays below twice the largest member plus 64 KiB.
    """
    if len(content) > MAX_PACKED_BYTES:
        raise BundleError(f"the bundle has more than {MAX_PACKED_BYTES:,} bytes")
    if not content.startswith(_GZIP_HEADER):
        raise BundleError("the bundle is not gzip, or not as `sos release build` writes it")
    stream = _Stream(content)
    admission = _Admission(len(content))
    while header := _read_header(stream, created):
        name, size = header
        admission.take(name, size)
        member = stream.read(size)
        if any(stream.read(-size % _BLOCK)):
            raise BundleError(f"{describe_name(name)}: what fills its last block is not zero")
        yield name, member
    stream.check_end()


class _Admission:
    """Which members are let in: their names, their order, their number and sizes."""

    def __init__(self, packed: int) -> None:
        self._free = FREE_BYTES + MAX_RATIO * packed
        self._room = MAX_BYTES
        self._count = 0
        self._last = ""
        self._names = NameRegister()

    def take(self, name: str, size: int) -> None:
        """Let one more member in, or raise BundleError."""
        self._names_fit(name)
        self._free -= size
        if self._free < 0:
            raise BundleError(
                f"{describe_name(name)}: the bundle would unpack to too many times its size"
            )
        if self._count == 0:
            if size > MAX_MANIFEST_BYTES:
                raise BundleError(f"the manifest has more than {MAX_MANIFEST_BYTES:,} bytes")
        else:
            self._room -= size
            if self._room < 0:
                raise BundleError(f"{describe_name(name)}: more than {MAX_BYTES:,} bytes in all")
        if self._count > MAX_FILES:
            raise BundleError(f"{describe_name(name)}: more than {MAX_FILES:,} files")
        self._count += 1

    def _names_fit(self, name: str) -> None:
        check_name(name)
        self._names.add(name)
        if self._count == 0:
            if name != MANIFEST_NAME:
                raise BundleError(f"{describe_name(name)}: comes before {MANIFEST_NAME}")
            return
        if name < self._last:
            raise BundleError(f"{describe_name(name)}: comes after {describe_name(self._last)}")
        self._last = name


def _read_header(stream: "_Stream", created: int) -> tuple[str, int] | None:
    """Name and size of the next member, None at the end of the archive."""
    block = stream.read(_BLOCK)
    if not any(block):
        if any(stream.read(_BLOCK)):
            raise BundleError("something follows the end of the archive")
        return None
    try:
        member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except UnicodeDecodeError:
        raise BundleError(
            f"{describe_name(block[:100].rstrip(bytes(1)))}: the name is not UTF-8"
        ) from None
    except (tarfile.HeaderError, ValueError) as exc:
        raise BundleError(f"there is no tar header where one should be: {exc}") from None
    shown = describe_name(member.name)
    if member.type != tarfile.REGTYPE:
        kind = _KINDS.get(member.type, "of a kind that is unknown")
        raise BundleError(f"{shown}: is {kind}; a bundle holds plain files only")
    if member.mode != MODE:
        raise BundleError(f"{shown}: has mode {member.mode:o}, not {MODE:o}")
    if block != build_header(member.name, member.size, created):
        raise BundleError(f"{shown}: its header is not as `sos release build` writes it")
    return member.name, member.size


class _Stream:
    """A gzip stream, unpacked by as much as is asked for."""

    def __init__(self, content: bytes) -> None:
        self._packed = memoryview(content)
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises BundleError where there are fewer or they are damaged."""
        parts: list[bytes] = []
        while size:
            part = self._read_some(size)
            if not part:
                raise BundleError("the archive ends early")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def check_end(self) -> None:
        """Raise BundleError unless the stream is complete, and nothing follows."""
        if self._read_some(1):
            raise BundleError("something follows the end of the archive")
        if not self._inflate.eof:
            raise BundleError("the gzip stream ends early")
        if self._inflate.unused_data or self._packed:
            raise BundleError("something follows the end of the gzip stream")

    def _read_some(self, size: int) -> bytes:
        """At most ``size`` bytes; none at the end of the stream, or of what there is of it."""
        while not self._inflate.eof:
            chunk = self._inflate.unconsumed_tail
            if not chunk:
                chunk, self._packed = bytes(self._packed[:_CHUNK]), self._packed[_CHUNK:]
            try:
                part = self._inflate.decompress(chunk, size)
            except zlib.error as exc:
                raise BundleError(f"the gzip stream is damaged: {exc}") from None
            if part or not chunk:
                return part
        return b""
