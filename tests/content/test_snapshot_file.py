"""The snapshot's file: whole or refused, and never in the way of the good one before it."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sos.content import snapshot_file as module
from sos.content.snapshot import Answered, Snapshot, build_snapshot
from sos.content.snapshot_file import encode_snapshot, read_snapshot, write_snapshot
from sos.content.store import Brief, Candidate, Due, Found, Record
from sos.errors import DocumentError

HOST = "www.example.org"


def build(host: str = HOST, body: bytes = b'{"id": 5}') -> Snapshot:
    """A small snapshot with something in every member."""
    found = Found(
        rev=7,
        epoch="1.2",
        complete=True,
        status="found",
        candidate=0,
        primary="type:post",
        list="type:post",
        total=1,
        refs=("post:5",),
        records=(Record("post:5", 7, "/héllo/", body),),
        common_rev=3,
        common=(Record("site", 3, "", b"{}"),),
        top_pages=(Brief("post:9", "/x/", "<b>X</b>", True),),
        hidden=frozenset({"post:8"}),
    )
    due = [Due(99, frozenset({"post:5", "list:type:post"}))]
    return build_snapshot(host, 42, [Answered("/", (Candidate("page", "/"),), found)], due)


def seal(plain: bytes) -> bytes:
    """A file with a good digest, whatever is in it."""
    return module._MAGIC + hashlib.sha256(plain).digest() + plain


GOOD = encode_snapshot(build())


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("snapshot") / "snapshot.bin"


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Every member, the same; in a folder that is made, for its owner's eyes only."""
    path = tmp_path / "var" / "deep" / "snapshot.bin"
    write_snapshot(path, GOOD)
    assert read_snapshot(path, HOST) == build()
    assert read_snapshot(path, HOST).record("post:5") == build().record("post:5")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["snapshot.bin"]


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused(scratch: Path, place: int, change: int) -> None:
    """Wherever it is."""
    scratch.write_bytes(GOOD[:place] + bytes([GOOD[place] ^ change]) + GOOD[place + 1 :])
    with pytest.raises(DocumentError):
        read_snapshot(scratch, HOST)


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=9))
def test_a_torn_file_is_refused(scratch: Path, length: int, tail: bytes) -> None:
    """Cut anywhere, with or without something else behind the cut."""
    content = GOOD[:length] + tail
    scratch.write_bytes(content)
    if content != GOOD:
        with pytest.raises(DocumentError):
            read_snapshot(scratch, HOST)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_garbage_under_a_good_digest_is_refused(scratch: Path, plain: bytes) -> None:
    """A file of another program, or of another version of this one."""
    scratch.write_bytes(seal(plain))
    with pytest.raises(DocumentError):
        read_snapshot(scratch, HOST)


Change = dict[str, Any]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": 2}, "of schema 2"),
        ({"host": "other.example"}, "of the site 'other.example'"),
        ({"kept": 7}, "not a snapshot"),
        ({"records": [["post:5", "seven", "/", b""]]}, "not a snapshot"),
        ({"records": [7]}, "not a snapshot"),
        ({"taken_at": None}, "not a snapshot"),
    ],
)
def test_another_schema_site_or_shape_is_refused_by_name(
    tmp_path: Path, change: Change, reason: str
) -> None:
    """The log says why, so that an operator need not guess."""
    path = tmp_path / "snapshot.bin"
    members = msgspec.msgpack.decode(msgspec.msgpack.encode(build()))
    path.write_bytes(seal(msgspec.msgpack.encode(members | change)))
    with pytest.raises(DocumentError, match=reason):
        read_snapshot(path, HOST)


@pytest.mark.parametrize("record", [7, ["post:5", "seven", "/", b""], ["post:5"], {}])
def test_a_record_of_another_shape_is_as_if_it_lacked(tmp_path: Path, record: Any) -> None:
    """A version of this program that wrote what it should not have."""
    members = msgspec.msgpack.decode(msgspec.msgpack.encode(build()))
    (tmp_path / "s").write_bytes(seal(msgspec.msgpack.encode(members | {"records": {"x": record}})))
    assert read_snapshot(tmp_path / "s", HOST).record("x") is None


def test_a_site_of_another_name_is_refused(tmp_path: Path) -> None:
    """A folder that was copied from another node."""
    write_snapshot(tmp_path / "s", GOOD)
    with pytest.raises(DocumentError, match=HOST):
        read_snapshot(tmp_path / "s", "www.example.com")


def test_a_missing_file_or_folder_is_refused(tmp_path: Path) -> None:
    """With what the system says of it."""
    with pytest.raises(DocumentError, match="No such file"):
        read_snapshot(tmp_path / "none", HOST)
    with pytest.raises(DocumentError, match="directory"):
        read_snapshot(tmp_path, HOST)


def test_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is just too large, and one that would take all memory."""
    monkeypatch.setattr(module, "MAX_BYTES", 100_000)
    path = tmp_path / "snapshot.bin"
    path.write_bytes(GOOD + bytes(100_000))
    with pytest.raises(DocumentError, match="larger than"):
        read_snapshot(path, HOST)
    with path.open("wb") as file:
        file.truncate(50_000_000_000)  # sparse
    with pytest.raises(DocumentError, match="larger than"):
        read_snapshot(path, HOST)


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """A full disk costs the news, not the snapshot; nor is anything left lying around."""
    path = tmp_path / "snapshot.bin"
    write_snapshot(path, GOOD)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, broken, fail)
        with pytest.raises(OSError, match="No space"):
            write_snapshot(path, encode_snapshot(build(body=b"{}")))
    assert read_snapshot(path, HOST) == build()
    assert [p.name for p in tmp_path.iterdir()] == ["snapshot.bin"]


def test_what_killed_writers_left_is_swept(tmp_path: Path) -> None:
    """But not what another one is writing just now."""
    old, new = tmp_path / ".snapshot.bin.old", tmp_path / ".snapshot.bin.new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, time.time() - 3600))
    write_snapshot(tmp_path / "snapshot.bin", GOOD)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".snapshot.bin.new", "snapshot.bin"]
