"""A folder of templates is read whole, or refused with the reason."""

import os
from pathlib import Path

import pytest
from sos.errors import ReleaseError
from sos.release import folder
from sos.release.folder import read_folder


def _write(root: Path, name: str, content: bytes = b"") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_come_sorted_by_path_without_hidden_ones(tmp_path: Path) -> None:
    """Names are POSIX paths; what editors and version control leave behind is not part of it."""
    for name in ("parts/b.html", "index.html", "parts/a.html", ".git/config", "a/.x.swp"):
        _write(tmp_path, name, name.encode())
    files = read_folder(tmp_path)
    assert list(files) == ["index.html", "parts/a.html", "parts/b.html"]
    assert files["parts/a.html"] == b"parts/a.html"


def test_link_within_the_folder_is_read(tmp_path: Path) -> None:
    """A theme may give a file two names."""
    target = _write(tmp_path, "a.html", b"text")
    (tmp_path / "b.html").symlink_to(target)
    assert read_folder(tmp_path)["b.html"] == b"text"


@pytest.mark.parametrize("where", ["file", "folder", "own folder", "nothing", "itself"])
def test_link_that_leads_astray_is_refused(tmp_path: Path, where: str) -> None:
    """No file outside the folder can be published by a link in it, and no loop hangs the read."""
    theme = tmp_path / "theme"
    _write(theme, "parts/a.html")
    outside = _write(tmp_path, "outside/secret.html")
    target = {
        "file": outside,
        "folder": outside.parent,
        "own folder": theme,
        "nothing": tmp_path / "nothing",
        "itself": theme / "link.html",
    }[where]
    (theme / "link.html").symlink_to(target)
    with pytest.raises(ReleaseError, match=r"link\.html|nothing"):
        read_folder(theme)


def test_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    """Deployments often switch a link from one folder to the next."""
    _write(tmp_path, "real/index.html", b"x")
    (tmp_path / "current").symlink_to(tmp_path / "real")
    assert read_folder(tmp_path / "current") == {"index.html": b"x"}


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """Reading a pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe.html")
    with pytest.raises(ReleaseError, match="not a regular file"):
        read_folder(tmp_path)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A slip in a setting is seen in the message."""
    with pytest.raises(ReleaseError, match="no-such-theme"):
        read_folder(tmp_path / "no-such-theme")
    with pytest.raises(ReleaseError, match="is not a folder"):
        read_folder(_write(tmp_path, "file"))


def test_name_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Names become parts of addresses."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.html")).write_bytes(b"")
    with pytest.raises(ReleaseError, match="printable UTF-8"):
        read_folder(tmp_path)


def test_limits_are_enforced_while_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong folder, a home directory say, is refused before it fills the memory."""
    assert (folder.MAX_FILES, folder.MAX_BYTES) == (2_000, 50 * 1024 * 1024)
    for number in range(4):
        _write(tmp_path, f"{number}.html", b"12345")
    monkeypatch.setattr(folder, "MAX_FILES", 4)
    monkeypatch.setattr(folder, "MAX_BYTES", 20)
    assert len(read_folder(tmp_path)) == 4
    monkeypatch.setattr(folder, "MAX_BYTES", 19)
    with pytest.raises(ReleaseError, match="more than 19 bytes"):
        read_folder(tmp_path)
    monkeypatch.setattr(folder, "MAX_BYTES", 20)
    monkeypatch.setattr(folder, "MAX_FILES", 3)
    with pytest.raises(ReleaseError, match="more than 3 files"):
        read_folder(tmp_path)
