"""There is one way to write an archive, and nothing else is read."""

import subprocess
import sys
import tarfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sos.errors import BundleError
from sos.release import archive
from sos.release.archive import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    MAX_TIME,
    build_header,
    read_archive,
    write_archive,
)
from sos.release.bundle import Seal, build_bundle, encode_seal, read_bundle

from tests.release.hostile_bundles import (
    CORRUPT,
    CREATED,
    HOSTILE,
    ONLY_BADLY_SIGNED,
    compress,
    good_bundle,
    make_seal,
    pack_files,
    pack_manifest,
    pack_member,
    with_field,
)
from tests.release.theme import theme_files

FILES = {"404.html": b"no", "index.html": b"{{ page.title }}" * 200, "parts/x.html": b"", "é": b"1"}
_BLOCK = 512
_ROOM = 16 * 1024 * 1024
"""Far less than any bomb of the catalogue would take."""


# ---------------------------------------------------------------- the catalogue


def test_good_bundle_of_the_catalogue_is_read() -> None:
    """Packed by hand it is, to the byte, what the builder would have packed but for the manifest's
    layout: so each broken one has no other fault than its own."""
    content, seal = good_bundle(FILES)
    assert read_bundle(content, seal).files == FILES


@pytest.mark.parametrize("kind", sorted(set(HOSTILE) - ONLY_BADLY_SIGNED))
def test_broken_bundle_is_refused(kind: str) -> None:
    """With one printable line, in little memory; `corrupt` only where other bytes may come."""
    content, seal = HOSTILE[kind](FILES)
    tracemalloc.start()
    try:
        with pytest.raises(BundleError) as caught:
            read_bundle(content, seal)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
    assert caught.value.corrupt is (kind in CORRUPT)
    assert peak < _ROOM


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("bad digest", "sha256 is not that of its seal"),
        ("bad size", "where its seal says"),
        ("foreign id", "id is not that of"),
        ("not gzip", "not gzip"),
        ("truncated archive", "ends early"),
        ("truncated checksum", "ends early"),
        ("wrong checksum", "damaged"),
        ("trailing garbage", "follows the end of the gzip stream"),
        ("second gzip stream", "follows the end of the gzip stream"),
        ("not tar", "no tar header"),
        ("no end of the archive", "ends early"),
        ("data after the end", "follows the end of the archive"),
        ("path escape", r"'\.\./\.\./etc/cron\.d/x': the name leads out"),
        ("absolute name", "'/etc/cron.d/x': the name is absolute"),
        ("symlink", "'assets/x.css': is a symbolic link"),
        ("hardlink", "'assets/x.css': is a hard link"),
        ("block device", "'assets/x.css': is a device"),
        ("fifo", "'assets/x.css': is a pipe"),
        ("folder with data", "'assets/x': is a folder"),
        ("sparse file", "'assets/x.css': is a sparse file"),
        ("huge pax header", "is an extended header"),
        ("setuid", "'assets/x.css': has mode 4755, not 644"),
        ("duplicate", "'é': is there twice"),
        ("case collision", "on every system"),
        ("file that is a folder", "a file and a folder"),
        ("name that is not UTF-8", r"b'assets/\\xff\\xfe\.html': the name is not UTF-8"),
        ("zip bomb", "'zzz.html': .* too many times its size"),
        ("many small bombs", "too many times its size"),
        ("too many files", "more than 2,000 files"),
        ("too large", "more than 20,971,520 bytes"),
        ("unpacks to too much", "'assets/noise.bin': more than 52,428,800 bytes in all"),
        ("data in the end of the archive", "follows the end of the archive"),
        ("page model of the seal alone", "differ in page_model"),
        ("huge manifest", "manifest has more than 1,048,576 bytes"),
        ("code file", r"'assets/x\.py': a release holds no code"),
        ("manifest missing", "comes before manifest.json"),
        ("manifest lies", "'é': its sha256 is not that of the manifest"),
        ("manifest lists too much", r"'zzz\.html': is in the manifest, but not in"),
        ("manifest lists too little", "'é': is not in the manifest"),
        ("manifest of another schema", "schema 2; this sos reads 1"),
        ("wrong page-model version", "version 2 of the page model; this sos has version 1"),
        ("page model of the manifest alone", "version 2 of the page model; this sos has version 1"),
        ("sealed with another note", "differ in note"),
    ],
)
def test_refusal_names_member_and_reason(kind: str, reason: str) -> None:
    """Each for its own fault, not for another that the bundle happens to have."""
    content, seal = HOSTILE[kind](FILES)
    with pytest.raises(BundleError, match=reason):
        read_bundle(content, seal)


def test_catalogue_works_with_the_files_of_a_real_release() -> None:
    """Other tests break the theme that comes with sos."""
    files = theme_files()
    assert read_bundle(*good_bundle(files)).files == files
    for kind in ("symlink", "case collision", "manifest lies", "file that is a folder"):
        with pytest.raises(BundleError):
            read_bundle(*HOSTILE[kind](files))


# ---------------------------------------------------------------- bounds

_LIMITED = """
import resource, sys
sys.path.insert(0, ".")
from sos.errors import BundleError
from sos.release.bundle import parse_seal, read_bundle
content, text = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + 24 * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    read_bundle(content, parse_seal(text, sys.argv[3]))
except BundleError as exc:
    print("refused", exc)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no /proc/self/statm here")
@pytest.mark.parametrize("kind", ["zip bomb", "many small bombs", "huge pax header"])
def test_bomb_is_refused_in_a_process_that_has_no_room(kind: str, tmp_path: Path) -> None:
    """64 to 300 MB are packed; 24 MB of address space are enough to refuse them."""
    content, seal = HOSTILE[kind](FILES)
    (tmp_path / "bundle").write_bytes(content)
    (tmp_path / "seal").write_bytes(encode_seal(seal))
    run = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path / "bundle"), str(tmp_path / "seal"), seal.id],
        cwd=Path(archive.__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout.startswith("refused"), run.stderr


def test_sizes_are_believed_before_anything_is_unpacked() -> None:
    """A header that claims too much is the last thing that is read of an archive."""
    header = build_header("zzz.html", 10_000_000, CREATED)
    content = compress(pack_manifest({}) + header)
    members = read_archive(content, CREATED)
    assert next(members)[0] == MANIFEST_NAME
    with pytest.raises(BundleError, match="too many times its size"):
        next(members)


@pytest.mark.parametrize("tail", [b"", b"x", bytes(40_000)], ids=["none", "x", "zeros"])
@pytest.mark.parametrize("chunk", [1, 7, 512, None], ids=str)
def test_end_is_found_wherever_the_parts_end(
    tail: bytes, chunk: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle is unpacked part by part; None is a part that ends where the stream does."""
    good, _ = build_bundle(FILES, created=CREATED)
    monkeypatch.setattr(archive, "_CHUNK", chunk or len(good))
    content = good + tail
    seal = make_seal(content, CREATED, files=len(FILES))
    if not tail:
        assert read_bundle(content, seal).files == FILES
        return
    with pytest.raises(BundleError, match="follows the end of the gzip stream"):
        read_bundle(content, seal)


def test_manifest_has_a_bound_of_its_own() -> None:
    """It is decoded as a whole, before the files."""
    letters = bytes(range(256)) * (MAX_MANIFEST_BYTES // 256)
    content = write_archive([(MANIFEST_NAME, letters)], CREATED)
    assert next(read_archive(content, CREATED)) == (MANIFEST_NAME, letters)
    content = write_archive([(MANIFEST_NAME, letters + b"x")], CREATED)
    with pytest.raises(BundleError, match="the manifest has more than"):
        next(read_archive(content, CREATED))


def test_archive_without_members_holds_nothing() -> None:
    """It can be read, but it is no bundle."""
    content = write_archive([], CREATED)
    assert list(read_archive(content, CREATED)) == []
    with pytest.raises(BundleError, match="not even a manifest"):
        read_bundle(content, make_seal(content, CREATED))


@given(
    name=st.text(st.sampled_from("aé/-."), min_size=1, max_size=260),
    size=st.integers(0, MAX_TIME),
    created=st.integers(0, MAX_TIME),
)
@settings(max_examples=300, deadline=None)
def test_header_says_what_tarfile_understands(name: str, size: int, created: int) -> None:
    """The header that is packed here is one of USTAR."""
    try:
        header = build_header(name, size, created)
    except BundleError:
        assert len(name.encode()) > 100
        return
    assert len(header) == _BLOCK
    member = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    assert (member.name, member.size, member.mtime) == (name, size, created)
    assert (member.type, member.mode, member.uid, member.gid) == (tarfile.REGTYPE, 0o644, 0, 0)


@pytest.mark.parametrize(("size", "created"), [(-1, 0), (8**11, 0), (0, -1), (0, 8**11)])
def test_number_that_no_header_can_hold_is_refused(size: int, created: int) -> None:
    """Rather than be written in a way that one reader knows and another doesn't."""
    with pytest.raises(BundleError, match="don't fit"):
        build_header("x", size, created)


# ---------------------------------------------------------------- chance


def _read(content: bytes, seal: Seal) -> dict[str, bytes] | None:
    """The files of a bundle, None for one that was refused with a line that can be printed."""
    try:
        return read_bundle(content, seal).files
    except BundleError as exc:
        reason = str(exc)
    assert reason.isprintable()
    assert len(reason) < 400
    return None


def _mutations(data: st.DataObject, good: bytes) -> bytes:
    """The good bytes with a few of them changed, cut out, doubled, or cut off."""
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(bad) - 1)))
        kind = data.draw(st.sampled_from(["flip", "set", "cut", "drop", "double"]))
        if kind == "flip" and bad:
            bad[at] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "set" and bad:
            bad[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del bad[at:]
        elif kind == "drop":
            del bad[at : at + data.draw(st.integers(1, 2 * _BLOCK))]
        else:
            bad[at:at] = bad[at : at + data.draw(st.integers(1, 2 * _BLOCK))]
    return bytes(bad)


_GOOD, _ = build_bundle(FILES, created=CREATED)
_GOOD_TAR = pack_files(FILES)


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_damaged_bundle_is_refused_or_unharmed(data: st.DataObject) -> None:
    """However its bytes were changed before they were sealed: nothing but BundleError comes out,
    and what is read is what was packed."""
    bad = _mutations(data, _GOOD)
    assert _read(bad, make_seal(bad, CREATED, files=len(FILES))) in (None, FILES)


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_damaged_tar_is_refused_or_unharmed(data: st.DataObject) -> None:
    """The same behind the checksum of gzip, where a change can get further."""
    bad = _mutations(data, _GOOD_TAR)
    content = compress(bad, level=1)
    assert _read(content, make_seal(content, CREATED, files=len(FILES))) in (None, FILES)


@st.composite
def _headers(draw: st.DrawFn) -> bytes:
    """A member with any header whose checksum is right."""
    content = draw(st.binary(max_size=600))
    name = draw(st.sampled_from(["x.css", "index.html", "../x", "zz", "é", "x/"]))
    member = pack_member(name, content)
    fields = st.tuples(
        st.sampled_from([0, 99, 100, 108, 116, 124, 136, 156, 157, 257, 263, 265, 297, 329, 345]),
        st.binary(min_size=1, max_size=12) | st.sampled_from([b"\0", b"5", b"x", b"0000644\0"]),
    )
    header = member[:_BLOCK]
    for offset, value in draw(st.lists(fields, max_size=3)):
        header = with_field(header, offset, value)
    return header + member[_BLOCK:]


@given(members=st.lists(_headers(), max_size=3), files=st.sampled_from([FILES, {}]))
@settings(max_examples=400, deadline=None)
def test_any_member_is_refused_or_listed(members: list[bytes], files: dict[str, bytes]) -> None:
    """Whatever its header says, a member that the manifest does not know is never read."""
    tail = b"".join(members) + bytes(2 * _BLOCK)
    content = compress(pack_files(files, end=tail), level=1)
    seal = make_seal(content, CREATED, files=len(files))
    if not members:
        assert read_bundle(content, seal).files == files
        return
    with pytest.raises(BundleError):
        read_bundle(content, seal)


@given(st.lists(st.binary(max_size=3000), max_size=4), st.binary(max_size=40))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_no_bundle(parts: list[bytes], tail: bytes) -> None:
    """Compressed or not, with something behind them or not."""

    def guises() -> Iterator[bytes]:
        yield b"".join(parts)
        yield compress(parts)
        yield compress(parts) + tail
        yield compress(parts)[: -1 - len(tail)]

    for content in guises():
        with pytest.raises(BundleError):
            read_bundle(content, make_seal(content, CREATED))
