"""Releases on a node's own disk: what a start begins with, and what it must not believe."""

from __future__ import annotations

import marshal
import os
import stat
from pathlib import Path

import pytest
from sos.errors import ReleaseError
from sos.release.bundle import Seal, build_bundle
from sos.release.signature import generate_keys, sign_seal
from sos.rollout.shelf import BUNDLE, CODES, CURRENT, SEAL, Shelf, put_codes, read_codes
from sos.settings import Settings

FILES = {"index.html": b"{{ page.title }}</html>"}


def a_release(created: int = 1_700_000_000) -> tuple[Seal, bytes]:
    bundle, seal = build_bundle(FILES, created=created)
    return seal, bundle


def test_what_was_put_is_found_and_begins_the_next_start(tmp_path: Path) -> None:
    """In the order in which it was loaded, the active one first; everything else is forgotten."""
    shelf = Shelf(tmp_path)
    seals = [a_release(1_700_000_000 + n) for n in range(4)]
    for seal, bundle in seals:
        shelf.put(seal, bundle)
    ids = [seal.id for seal, _ in seals]
    shelf.keep([ids[2], ids[0]], 1.0)
    again = Shelf(tmp_path)
    assert [file.id for file in again.read_kept()] == [ids[2], ids[0]]
    assert again.find(ids[1]) is None
    found = again.find(ids[2])
    assert found is not None
    assert found.seal == seals[2][0]


def test_a_new_node_has_nothing(tmp_path: Path) -> None:
    """That is no error."""
    assert Shelf(tmp_path).read_kept() == ()
    assert Shelf(tmp_path / "not" / "there").find("20260101-000000-00000000") is None


@pytest.mark.parametrize("name", [BUNDLE, SEAL])
def test_what_was_damaged_on_disk_is_left_out(tmp_path: Path, name: str) -> None:
    """One flipped byte, or a file that is cut short."""
    shelf = Shelf(tmp_path)
    first, second = a_release(), a_release(1_700_000_001)
    for seal, bundle in (first, second):
        shelf.put(seal, bundle)
    shelf.keep([first[0].id, second[0].id], 1.0)
    path = shelf.folder / first[0].id / name
    content = path.read_bytes()
    flipped = content[:40] + bytes([content[40] ^ 1]) + content[41:]
    for damaged in (content[:-3], b"", *([flipped] if name == BUNDLE else [])):
        path.write_bytes(damaged)
        assert [file.id for file in shelf.read_kept()] == [second[0].id]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"releases": ["../x"], "at": 1}'])
def test_a_list_that_can_not_be_read_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    """A start never fails for it."""
    shelf = Shelf(tmp_path)
    shelf.folder.mkdir(parents=True)
    (shelf.folder / CURRENT).write_bytes(content)
    assert shelf.read_kept() == ()


def test_with_keys_only_what_was_signed_is_believed(tmp_path: Path) -> None:
    """A key that was taken out of the settings takes its releases with it at the next start."""
    private, public = generate_keys()
    _, other = generate_keys()
    seal, bundle = a_release()
    signed = sign_seal(seal, private)
    shelf = Shelf(tmp_path, [public])
    shelf.put(signed, bundle)
    assert shelf.find(seal.id) is not None
    assert Shelf(tmp_path, [other]).find(seal.id) is None
    shelf.put(seal, bundle)
    assert shelf.find(seal.id) is None


def test_the_folder_is_this_users_alone(tmp_path: Path) -> None:
    """Compiled templates are code."""
    shelf = Shelf(tmp_path)
    seal, bundle = a_release()
    shelf.folder.mkdir(mode=0o777, parents=True)
    shelf.put(seal, bundle)
    assert stat.S_IMODE(shelf.folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_used(tmp_path: Path) -> None:
    """Whoever owns it could have written the code that would run."""
    shelf = Shelf(tmp_path)
    seal, bundle = a_release()
    file = shelf.put(seal, bundle)
    put_codes(file, marshal.dumps({}))
    os.chown(shelf.folder, 65534, 65534)
    with pytest.raises(ReleaseError, match="belongs to another user"):
        shelf.put(seal, bundle)
    assert shelf.read_kept() == ()
    assert file.id == seal.id


def test_codes_of_another_python_or_of_damaged_bytes_are_not_run(tmp_path: Path) -> None:
    """They are compiled again instead."""
    shelf = Shelf(tmp_path)
    seal, bundle = a_release()
    file = shelf.put(seal, bundle)
    assert read_codes(file) is None
    code = compile("1", "x", "eval")
    put_codes(file, marshal.dumps({"index.html": code}))
    assert read_codes(file) == {"index.html": code}
    path = Path(file.folder) / CODES
    content = path.read_bytes()
    for damaged in (content[:-1], b"sos 9.9 other\n" + content, content[:-1] + b"\0\0", b""):
        path.write_bytes(damaged)
        assert read_codes(file) is None


def test_a_disk_that_refuses_is_an_error_of_the_release(tmp_path: Path) -> None:
    """Said with a reason; what is there already stays."""
    (tmp_path / "kept").write_text("a file where a folder should be")
    with pytest.raises(ReleaseError):
        Shelf(tmp_path).put(*a_release())
    assert Shelf(tmp_path).read_kept() == ()


def test_with_default_settings_it_is_not_the_store_of_releases(tmp_path: Path) -> None:
    """What a node forgets must not be gone for all."""
    settings = Settings()
    store = Path(settings.bucket.removeprefix("file:"))
    assert Shelf(Path(settings.state_dir)).folder != store
