"""``sos release new``: a theme of one's own that works from the start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sos.release.bundle import parse_seal, read_bundle
from sos.release.check import check_release
from sos.release.environment import build_release
from sos.release.fixtures import build_fixtures
from sos.release.folder import find_templates, read_folder
from sos.release.theme import VERSION, read_theme


def sos(place: Path, *arguments: str, code: int = 0) -> str:
    """What the command says, on stdout."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SOS_")}
    done = subprocess.run(
        [sys.executable, "-m", "sos", *arguments],
        cwd=place,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout + (done.stderr if code else "")


def test_new_theme_is_sound_and_shows_what_is_its_own(tmp_path: Path) -> None:
    """It has every page of the default theme, in colours and with words of its own."""
    written = sos(tmp_path, "release", "new", "mine").split()
    assert written == [
        f"mine/{name}" for name in ("README.md", "assets/tokens.css", "single.html", "theme.toml")
    ]
    theme = read_theme(tmp_path / "mine")
    assert not check_release(theme.files)
    release = build_release(theme.files)
    fixtures = build_fixtures()
    assert "First published on" in release.render(fixtures["single full"])
    default = build_release(read_folder(find_templates()))
    assert default.templates == tuple(t for t in release.templates)
    assert b"--accent: #7a1f5c" in theme.files["assets/tokens.css"]
    assert b"sos dev --templates mine" in theme.files["README.md"]


def test_theme_that_extends_is_built_whole(tmp_path: Path) -> None:
    """The bundle needs nothing else, and is the same for the same folder and time."""
    sos(tmp_path, "release", "new", "mine")
    os.environ["SOURCE_DATE_EPOCH"] = "1700000000"
    try:
        ids = {sos(tmp_path, "release", "build", "mine", "--out", d).strip() for d in "ab"}
    finally:
        del os.environ["SOURCE_DATE_EPOCH"]
    (release,) = ids
    content = (tmp_path / "a" / f"{release}.tar.gz").read_bytes()
    assert content == (tmp_path / "b" / f"{release}.tar.gz").read_bytes()
    seal = parse_seal((tmp_path / "a" / f"{release}.json").read_bytes(), release)
    files = read_bundle(content, seal).files
    assert read_folder(find_templates()).keys() <= files.keys()
    assert {VERSION, "default/single.html"} <= files.keys()
    assert "theme.toml" not in files


def test_problem_below_an_inherited_file_is_told_by_its_path(tmp_path: Path) -> None:
    """What the default theme needs and a theme took away; its own files by their short names."""
    sos(tmp_path, "release", "new", "mine")
    (tmp_path / "mine/parts").mkdir()
    (tmp_path / "mine/parts/words.html").write_text("{% set skip = 'x' %}")
    (tmp_path / "mine/404.html").write_text("{{ page.titel }}")
    said = sos(tmp_path, "release", "check", "--no-live", "mine", code=65)
    assert "mine/404.html:1: PageModel has no field 'titel'" in said
    (tmp_path / "mine/404.html").unlink()
    said = sos(tmp_path, "release", "check", "--no-live", "mine", code=65)
    assert f"\n{find_templates().resolve()}/" in f"\n{said}"
    assert "mine//" not in said


def test_copy_of_the_whole_theme_extends_nothing(tmp_path: Path) -> None:
    """For who wants to be independent of the default theme."""
    sos(tmp_path, "release", "new", "mine", "--whole")
    assert read_theme(tmp_path / "mine").files == read_folder(find_templates())


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """A folder that holds something stays as it is."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/index.html").write_text("x")
    assert "exists already" in sos(tmp_path, "release", "new", "mine", code=2)
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["index.html"]


@pytest.mark.parametrize("name", ["mine", "themes/mine"])
def test_result_is_told_to_scripts(tmp_path: Path, name: str) -> None:
    """As one JSON object."""
    told = json.loads(sos(tmp_path, "release", "new", name, "--json"))
    assert told["folder"] == name
    assert "theme.toml" in told["files"]
    assert Path(told["extends"]) == find_templates()
