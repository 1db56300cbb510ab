"""Themes that extend the default one: what becomes of their folders, and who is told what."""

from __future__ import annotations

from pathlib import Path

import pytest
from sos.errors import ReleaseError, TemplateError
from sos.release.check import check_release
from sos.release.environment import build_release
from sos.release.fixtures import build_fixtures
from sos.release.folder import find_templates, read_folder
from sos.release.theme import VERSION, Theme, locate_error, read_theme
from sos.web.loaded import load_first

DEFAULT = read_folder(find_templates())
SINGLE = """{% extends 'default/single.html' %}
{% block after %}
<p>mine</p>
{{ super() }}
{% endblock %}
"""


def write_theme(folder: Path, **files: str) -> Theme:
    """A theme with these files; ``__`` stands for a slash, one ending for each kind."""
    folder.mkdir(exist_ok=True)
    (folder / "theme.toml").write_text('extends = "default"\n')
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path = path.with_suffix(".css" if path.parent.name == "assets" else ".html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_theme(folder)


def test_folder_without_theme_file_is_what_it_holds(tmp_path: Path) -> None:
    """A whole theme needs no such file, and nothing is added to it."""
    (tmp_path / "index.html").write_text("x")
    assert read_theme(tmp_path).files == {"index.html": b"x"}


def test_empty_theme_is_the_default_one(tmp_path: Path) -> None:
    """And says which; the file that says so is no file of the release."""
    files = dict(write_theme(tmp_path).files)
    assert files.pop(VERSION).startswith(b"sos ")
    assert files == DEFAULT


def test_override_is_shown_and_what_it_overrides_stays_within_reach(tmp_path: Path) -> None:
    """A template extends the very one that it replaces, and the rest is as it was."""
    theme = write_theme(tmp_path, single=SINGLE)
    assert theme.files["default/single.html"] == DEFAULT["single.html"]
    assert not check_release(theme.files)
    page = build_fixtures()["single full"]
    mine, plain = build_release(theme.files).render(page), build_release(DEFAULT).render(page)
    assert "<p>mine</p>" in mine
    assert mine.replace("<p>mine</p>", "").split() == plain.split()


def test_only_what_is_asked_for_is_kept_twice(tmp_path: Path) -> None:
    """A bundle does not hold the whole default theme a second time."""
    theme = write_theme(tmp_path, single=SINGLE, page="{% extends 'singular.html' %}")
    assert [n for n in theme.files if n.startswith("default/")] == [VERSION, "default/single.html"]


def test_default_templates_use_the_overriding_parts(tmp_path: Path) -> None:
    """A part that is changed is changed on every page."""
    theme = write_theme(
        tmp_path, parts__footer="{% include 'default/parts/footer.html' %}<p>foot</p>"
    )
    release = build_release(theme.files)
    for name in ("home full", "404 full", "page full"):
        assert "<p>foot</p>" in release.render(build_fixtures()[name]), name


def test_style_sheet_is_joined_with_the_default_one(tmp_path: Path) -> None:
    """At the place of its import; a comment that mentions one is no import."""
    sheet = '/* @import "default/style.css"; */\n@import "default/tokens.css";\n:root { --x: 1 }\n'
    theme = write_theme(tmp_path, assets__tokens=sheet)
    text = theme.files["assets/tokens.css"].decode()
    assert text.startswith('/* @import "default/style.css"; */\n')
    assert text.endswith("\n:root { --x: 1 }\n")
    assert DEFAULT["assets/tokens.css"].decode().rstrip() in text
    assert "\n@import" not in text


def test_problem_is_told_by_the_file_and_line_that_somebody_wrote(tmp_path: Path) -> None:
    """Below an import as well, and in a file of the default theme by its whole path."""
    sheet = '@import "default/tokens.css";\n\na { background: url(nowhere.png) }\n'
    theme = write_theme(
        tmp_path, assets__tokens=sheet, single="{{ page.titel }}", parts__image="{# no macro #}"
    )
    found = [locate_error(theme, e) for e in check_release(theme.files)]
    assert ("assets/tokens.css", 3) in [(e.template, e.line) for e in found]
    assert ("single.html", 1) in [(e.template, e.line) for e in found]
    error = TemplateError("wrong", "page.html", 2)
    located = locate_error(theme, error)
    assert (located.template, located.line) == (str(find_templates().resolve() / "page.html"), 2)
    first = theme.locate("assets/tokens.css", 5)
    assert first == (str(find_templates().resolve() / "assets/tokens.css"), 5)


def test_unknown_default_file_is_a_problem(tmp_path: Path) -> None:
    """By file and line, like any template or asset that is not there."""
    theme = write_theme(
        tmp_path,
        single="{% extends 'default/sngle.html' %}",
        assets__tokens='@import "default/tokn.css";',
    )
    found = list(map(str, check_release(theme.files)))
    assert any(t.startswith("single.html:1: there is no template") for t in found), found
    assert any(t.startswith("assets/tokens.css:1: refers to") for t in found), found


def test_node_with_a_folder_of_templates_shows_the_whole_theme(tmp_path: Path) -> None:
    """SOS_TEMPLATES may name a theme that extends; the node's name for it is that of all files."""
    theme = write_theme(tmp_path, single=SINGLE)
    (release,) = load_first((), str(tmp_path))
    assert release.files == theme.files
    assert release.id == build_release(theme.files).id


def test_same_folder_gives_the_same_release(tmp_path: Path) -> None:
    """On every machine with the same sos: the order of files on disk has no say."""
    one = write_theme(tmp_path / "a", single=SINGLE, parts__footer="x")
    two = write_theme(tmp_path / "b", parts__footer="x", single=SINGLE)
    assert list(one.files.items()) == list(two.files.items())


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('extends = "defualt"', "there is only"),
        ("extends = 1", "there is only"),
        ('extend = "default"', "did you mean 'extends'"),
        ("extends = ", "can't be read"),
    ],
)
def test_wrong_theme_file_is_refused_by_name(tmp_path: Path, said: str, told: str) -> None:
    """Nobody's theme is taken for a whole one because of a slip."""
    (tmp_path / "theme.toml").write_text(said)
    with pytest.raises(ReleaseError, match=told) as caught:
        read_theme(tmp_path)
    assert "theme.toml" in str(caught.value)


def test_folder_of_the_default_theme_is_not_ones_own(tmp_path: Path) -> None:
    """What is there would be taken for the default theme's, or the other way round."""
    with pytest.raises(ReleaseError, match="default/ is for"):
        write_theme(tmp_path, default__single="x")
