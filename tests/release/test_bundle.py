"""Files become one bundle and come back as they were; whatever else there is, is refused."""

import hashlib
import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sos.errors import BundleError
from sos.page.model import PAGE_MODEL_VERSION
from sos.release import bundle
from sos.release.archive import MAX_TIME
from sos.release.bundle import (
    MAX_SEAL_BYTES,
    MAX_WORDS,
    Seal,
    build_bundle,
    build_release_id,
    check_bytes,
    encode_seal,
    is_release_id,
    parse_seal,
    read_bundle,
)
from sos.release.folder import MAX_BYTES, MAX_FILES

from tests.release.hostile_bundles import CREATED, make_seal
from tests.release.theme import theme_files

FILES = {
    "index.html": b"<h1>{{ page.title }}</h1>\n",
    "parts/é.html": b"",
    "assets/site.css": b"a { color: red }" * 100,
    f"assets/{'d' * 120}/{'n' * 100}": b"\0\xff",
}

_PART = st.text(st.sampled_from("abcDEF0123-_ é漢"), min_size=1, max_size=6)
_NAMES = st.lists(_PART, min_size=1, max_size=4).map("/".join)
_FILES = st.dictionaries(_NAMES, st.binary(max_size=2000), max_size=12)


def _is_packable(files: dict[str, bytes]) -> bool:
    """What NameRegister would take, by another way."""
    folded = [name.casefold() for name in files]
    folders: dict[str, str] = {}
    for name in files:
        for end in (i for i, letter in enumerate(name) if letter == "/"):
            folder = name[:end]
            if folders.setdefault(folder.casefold(), folder) != folder:
                return False
    return len(set(folded)) == len(folded) and not set(folded) & set(folders)


@given(files=_FILES.filter(_is_packable), created=st.integers(0, MAX_TIME))
@settings(max_examples=150, deadline=None)
def test_files_come_back_as_they_were(files: dict[str, bytes], created: int) -> None:
    """Names and contents survive, sorted; so do time and words."""
    content, seal = build_bundle(files, created=created, git="0123abc", note="Größer – 100 %")
    read = read_bundle(content, parse_seal(encode_seal(seal), seal.id))
    assert read.files == files
    assert list(read.files) == sorted(files)
    assert (read.manifest.git, read.manifest.note) == ("0123abc", "Größer – 100 %")
    assert read.manifest.created == seal.created == created
    assert read.manifest.page_model == seal.page_model == PAGE_MODEL_VERSION
    assert read.manifest.files == {n: hashlib.sha256(c).hexdigest() for n, c in files.items()}


@given(files=_FILES)
@settings(max_examples=150, deadline=None)
def test_what_is_packed_can_be_read(files: dict[str, bytes]) -> None:
    """There are no files that go in but don't come out, and none are refused without need."""
    try:
        content, seal = build_bundle(files, created=CREATED)
    except BundleError:
        assert not _is_packable(files)
    else:
        assert _is_packable(files)
        assert read_bundle(content, seal).files == files


def test_default_theme_is_a_good_release() -> None:
    """The theme that comes with sos goes through the same door as everybody's."""
    files = theme_files()
    content, seal = build_bundle(files, created=CREATED)
    assert read_bundle(content, seal).files == files
    assert seal.files == len(files) > 30


def test_other_tools_can_look_inside() -> None:
    """A bundle is an ordinary archive, whose members tell nothing of who packed it, or where."""
    content, seal = build_bundle(FILES, created=CREATED)
    with tarfile.open(fileobj=BytesIO(content), mode="r:gz") as archive:
        members = archive.getmembers()
        unpacked = {m.name: archive.extractfile(m).read() for m in members[1:]}  # type: ignore[union-attr]
    assert [m.name for m in members] == ["manifest.json", *sorted(FILES)]
    assert unpacked == FILES
    assert {(m.mode, m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {
        (0o644, 0, 0, "", "", CREATED)
    }
    assert content[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    assert seal.size == len(content)


# ---------------------------------------------------------------- the same bytes

_PACK = """
import sys
from sos.release.bundle import build_bundle
files = {f"assets/{n}.css": n.encode() * 99 for n in "zaybxc"} | {"index.html": b"x"}
content, seal = build_bundle(files, created=1767225600, git="abc", note="n")
sys.stdout.write(seal.id + " " + seal.sha256)
"""


def test_same_files_are_the_same_bytes_in_any_process() -> None:
    """Neither the order of a hash table nor the clock, the zone, the locale or the user's name have
    a say in it."""
    worlds = [
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"},
        {"PYTHONHASHSEED": "3", "TZ": "America/New_York", "USER": "editor", "LOGNAME": "editor"},
    ]
    outcomes = {
        subprocess.run(
            [sys.executable, "-c", _PACK],
            env={**os.environ, **world},
            cwd=Path(bundle.__file__).parents[2],
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for world in worlds
    }
    assert len(outcomes) == 1
    assert outcomes.pop().startswith(b"20260101-000000-")


def test_order_of_the_files_has_no_say() -> None:
    """A folder may be listed in any order."""
    backwards = dict(sorted(FILES.items(), reverse=True))
    assert build_bundle(backwards, created=1) == build_bundle(FILES, created=1)


@pytest.mark.parametrize(
    "change", [{"created": CREATED + 1}, {"git": "b"}, {"note": "b"}], ids=lambda c: next(iter(c))
)
def test_release_that_differs_in_anything_has_an_id_of_its_own(change: dict[str, Any]) -> None:
    """Two releases can't lie in one place."""
    arguments: dict[str, Any] = {"created": CREATED, "git": "a", "note": "a"}
    one, other = (build_bundle(FILES, **given)[1] for given in (arguments, arguments | change))
    assert one.id != other.id
    assert one.sha256 != other.sha256


# ---------------------------------------------------------------- what can't be packed


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"../x.html": b""}, r"'\.\./x\.html': the name leads out"),
        ({"a.html": b"", "A.html": b""}, "on every system"),
        ({"a": b"", "a/b": b""}, "a file and a folder"),
        ({"manifest.json": b"{}"}, "manifest's"),
        ({"Manifest.JSON": b"{}"}, "on every system"),
        ({"hook.py": b""}, "no code"),
        ({"zeros.bin": bytes(3_000_000)}, "too many times its size"),
        ({f"{n}.css": b"" for n in range(MAX_FILES + 1)}, "2,001 files are more than 2,000"),
        ({"x.bin": bytes(MAX_BYTES + 1)}, "52,428,800 bytes in all"),
    ],
    ids=["escape", "case", "folder", "manifest", "Manifest", "code", "bomb", "many", "large"],
)
def test_what_a_reader_would_refuse_is_not_packed(files: dict[str, bytes], reason: str) -> None:
    """A release fails where it is built, not on every node."""
    with pytest.raises(BundleError, match=reason):
        build_bundle(files, created=CREATED)


def test_bundle_that_can_not_be_small_enough_is_not_packed() -> None:
    """Pictures that compress no further count in full."""
    noise = hashlib.shake_256(b"noise").digest(20 * 1024 * 1024)
    with pytest.raises(BundleError, match="more than 20,971,520 bytes"):
        build_bundle({"noise.bin": noise}, created=CREATED)


@pytest.mark.parametrize(
    "words", ["two\nlines", "\x1b[31mred", "\ud800", "\u202e", "x" * (MAX_WORDS + 1)]
)
@pytest.mark.parametrize("field", ["git", "note"])
def test_words_that_would_spoil_a_terminal_are_not_packed(field: str, words: str) -> None:
    """They are shown to operators in places where control characters do harm."""
    with pytest.raises(BundleError, match=f"{field} must be one line of printable text"):
        build_bundle({}, created=CREATED, **{field: words})


@pytest.mark.parametrize("created", [-1, MAX_TIME + 1])
def test_time_that_no_archive_can_tell_is_not_packed(created: int) -> None:
    """From 1970 to 2242."""
    with pytest.raises(BundleError, match="is no time"):
        build_bundle({}, created=created)


def test_as_many_files_as_allowed_can_be_packed() -> None:
    """The limit is what it says, with names of the greatest length."""
    files = {f"{'d' * 155}/{n:0100}": b"%d" % n for n in range(MAX_FILES)}
    content, seal = build_bundle(files, created=CREATED)
    assert read_bundle(content, seal).files == files


def test_as_many_bytes_as_allowed_can_be_packed() -> None:
    """50 MiB of files and the manifest on top."""
    noise = hashlib.shake_256(b"x").digest(MAX_BYTES // 4)
    parts = (noise[at : at + 16_384] * 4 for at in range(0, len(noise), 16_384))
    files = {"x.bin": b"".join(parts)}
    content, seal = build_bundle(files, created=CREATED)
    assert sum(map(len, read_bundle(content, seal).files.values())) == MAX_BYTES


# ---------------------------------------------------------------- ids


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("20260101-000000-0a1b2c3d", True),
        ("a", True),
        ("a" * 64, True),
        ("v1.2_3-4", True),
        ("a" * 65, False),
        ("", False),
        ("-a", False),
        ("..", False),
        ("a/b", False),
        ("a\n", False),
        ("é", False),
        ("٣", False),
    ],
)
def test_only_short_plain_text_is_a_release_id(text: str, good: bool) -> None:
    """It becomes part of paths, URLs and headers."""
    assert is_release_id(text) is good


def test_id_tells_time_and_digest() -> None:
    """Ids sort by time, and name their bytes."""
    assert build_release_id(0, "0123456789abcdef" * 4) == "19700101-000000-01234567"
    assert is_release_id(build_release_id(MAX_TIME, "f" * 64))


# ---------------------------------------------------------------- seals

SEAL = make_seal(b"bundle", CREATED)
_FIELDS: dict[str, Any] = msgspec.to_builtins(SEAL)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"schema": "1"},
        {"id": "20260101-000000-00000000"},
        {"id": 5},
        {"size": 0},
        {"size": -1},
        {"size": 20 * 1024 * 1024 + 1},
        {"size": 6.0},
        {"size": "6"},
        {"size": True},
        {"sha256": SEAL.sha256.upper()},
        {"sha256": SEAL.sha256 + "\n"},
        {"sha256": SEAL.sha256[:-1]},
        {"sha256": "0" * 64},
        {"page_model": 0},
        {"page_model": None},
        {"created": -1},
        {"created": CREATED + 1},
        {"created": 10**30},
        {"files": -1},
        {"files": MAX_FILES + 1},
        {"note": "a\nb"},
        {"note": "x" * (MAX_WORDS + 1)},
        {"git": ["x"]},
        {"key": "x" * 65},
        {"signature": "x" * 129},
    ],
    ids=str,
)
def test_seal_with_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    """Nothing is guessed, converted or cut; what was damaged on the way may come right again."""
    content = msgspec.json.encode(_FIELDS | change)
    with pytest.raises(BundleError) as caught:
        parse_seal(content, str((_FIELDS | change)["id"]))
    assert caught.value.corrupt


@pytest.mark.parametrize(
    "field", ["schema", "id", "size", "sha256", "page_model", "created", "files"]
)
def test_seal_without_a_field_is_refused(field: str) -> None:
    """Only words and signature may be left out."""
    content = msgspec.json.encode({k: v for k, v in _FIELDS.items() if k != field})
    with pytest.raises(BundleError, match=field):
        parse_seal(content, SEAL.id)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b"\xff\xfe",
        encode_seal(SEAL)[:-5],
        encode_seal(SEAL) + b"x",
        b'{"x":' + b"[" * 16_000,
        b'{"note":"\\ud800"}',
        encode_seal(SEAL) + b" " * MAX_SEAL_BYTES,
    ],
    ids=lambda content: repr(content[:8]),
)
def test_what_is_no_seal_is_refused(content: bytes) -> None:
    """An error page of a store, half an object, a bomb."""
    with pytest.raises(BundleError, match="the seal") as caught:
        parse_seal(content, SEAL.id)
    assert caught.value.corrupt
    assert len(str(caught.value)) < 300


def test_seal_of_another_release_is_refused() -> None:
    """An object that lies in the wrong place does not change what an id means."""
    with pytest.raises(BundleError, match="is that of"):
        parse_seal(encode_seal(SEAL), "20260101-000000-00000000")


def test_unknown_fields_of_a_seal_are_left_unread() -> None:
    """Nodes of an older sos read what a newer one published."""
    content = msgspec.json.encode({**_FIELDS, "later": {"any": "thing"}})
    assert parse_seal(content, SEAL.id) == SEAL


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_no_seal(content: bytes) -> None:
    """Nothing but a BundleError comes out."""
    with pytest.raises(BundleError):
        parse_seal(content, SEAL.id)


def test_bytes_are_compared_with_their_seal() -> None:
    """The right ones pass; one that is shorter, longer or other is `corrupt`."""
    check_bytes(b"bundle", SEAL)
    for content in (b"bundl", b"bundle.", b"Bundle", b""):
        with pytest.raises(BundleError) as caught:
            check_bytes(content, SEAL)
        assert caught.value.corrupt


@pytest.mark.parametrize("change", [{"id": "x"}, {"created": 1}, {"sha256": "x"}, {"created": -1}])
def test_seal_that_contradicts_itself_fits_no_bytes(change: dict[str, Any]) -> None:
    """Also when it was not parsed."""
    seal: Seal = msgspec.structs.replace(SEAL, **change)
    with pytest.raises(BundleError, match="id") as caught:
        check_bytes(b"bundle", seal)
    assert caught.value.corrupt
