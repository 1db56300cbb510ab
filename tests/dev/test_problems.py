"""Errors are explained: what was meant, and which names there are."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from sos.dev import bounded
from sos.dev.builds import Build, Builder
from sos.dev.names import find_set_names
from sos.dev.problems import Problem, explain
from sos.dev.terminal import build_text
from sos.errors import TemplateError
from sos.release.environment import Release, build_release
from sos.release.fixtures import build_fixtures
from sos.release.folder import find_templates, read_folder


@pytest.fixture(scope="module")
def good() -> Release:
    """The theme that comes with sos."""
    return build_release(read_folder(find_templates()))


@pytest.fixture
def builder(tmp_path: Path, good: Release) -> Builder:
    """What builds a copy of it."""
    shutil.copytree(find_templates(), tmp_path / "theme")
    return Builder(tmp_path / "theme", good)


def explain_text(builder: Builder, text: str, name: str = "index.html") -> Problem:
    """What is said of a template with this text."""
    (builder.folder / name).write_text(text)
    build = builder.build()
    assert build.problems
    return explain(next(p for p in build.problems if p.template == name), build)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{{ page.titel }}", "title"),
        ("{% for card in page.posts %}{{ card.excerp }}{% endfor %}", "excerpt"),
        ("{{ pag.title }}", "page"),
        ("{% set picture = 1 %}{{ pictur }}", "picture"),
        ("{{ aset('style.css') }}", "asset"),
        ("{{ asset('styl.css') }}", "style.css"),
        ("{% include 'parts/heder.html' %}", "parts/header.html"),
        ("{% include 'header.html' %}", "parts/header.html"),
        ("{{ page.title|upcase }}", ""),
        ("{{ page.title|striptag }}", "striptags"),
        ("{{ page.title is defind }}", "defined"),
        ("{% inclde 'parts/header.html' %}", "include"),
        ("{% extends 'layouts/base.html' %}{% block mian %}{% endblock %}", "main"),
    ],
)
def test_close_name_is_offered(builder: Builder, text: str, meant: str) -> None:
    """Of fields, variables, functions, assets, templates, filters, tests, tags and blocks."""
    problem = explain_text(builder, text)
    assert (meant in problem.meant) if meant else not problem.meant, problem


def test_a_template_without_end_is_given_up(
    builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says where it was, and what is saved next is rendered as ever."""
    monkeypatch.setattr(bounded, "SECONDS", 0.2)
    page = next(iter(build_fixtures().values()))
    index = builder.folder / "index.html"
    many = "range(99999)"
    index.write_text(
        f"{{% for a in {many} %}}\n{{% for b in {many} %}}x{{% endfor %}}{{% endfor %}}"
    )
    release = builder.build().release
    assert release
    alone = msgspec.structs.replace(page, templates=("index.html",))
    with pytest.raises(TemplateError, match="takes longer than") as caught:
        release.render(alone)
    assert (caught.value.template, caught.value.line) in {("index.html", 1), ("index.html", 2)}
    index.write_text("again</html>")
    again = builder.build().release
    assert again
    assert again.render(alone) == "again</html>"


def test_a_template_does_not_take_all_memory() -> None:
    """What wants more than there should be fails; nothing else on the machine notices."""
    greedy = (
        "from sos.dev.bounded import limit_memory as l; l(); print('a'); bytearray(5 * 1024**3)"
    )
    ended = subprocess.run([sys.executable, "-c", greedy], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, b"a\n")
    assert ended.stderr.strip().endswith(b"MemoryError")


def test_fields_are_told_with_types_and_descriptions(builder: Builder) -> None:
    """Those of the type that was asked, as the documentation has them."""
    problem = explain_text(builder, "{% for card in page.posts %}\n{{ card.date }}\n{% endfor %}")
    assert problem.owner == "PostCard"
    names = {name.name: name for name in problem.names}
    assert names["image"].type == "Image or none"
    assert names["image"].text == "Featured image"
    assert (problem.line, problem.source[1]) == (2, (2, "{{ card.date }}"))


def test_value_on_the_page_is_told(builder: Builder) -> None:
    """What fails while a page is made is explained with the variables of that moment."""
    text = "{% for card in page.posts %}\n{% set x = card.slug %}\n{{ card.title.nothing.more }}{% endfor %}"
    (builder.folder / "index.html").write_text(text)
    build = builder.build()
    assert build.release
    page = next(p for p in build_fixtures().values() if p.posts)
    with pytest.raises(TemplateError) as caught:
        build.release.render(msgspec.structs.replace(page, templates=("index.html",)))
    problem = explain(caught.value, build)
    local = {name.name: name for name in problem.local}
    assert local["card"].type == "PostCard"
    assert local["x"].text == page.posts[0].slug
    assert problem.line == 3


def test_problem_without_a_place_is_explained_as_it_is(builder: Builder) -> None:
    """A folder that can't be read at all, for example."""
    shutil.rmtree(builder.folder)
    build = builder.build()
    problem = explain(build.problems[0], build)
    assert "can't read templates" in problem.message
    assert problem.place == ""


def test_names_of_a_template_are_found() -> None:
    """Whatever way they are set."""
    source = (
        "{% set a = 1 %}{%- for b, c in d %}{% macro e(f) %}"
        "{% import 'x.html' as g %}{% from 'y.html' import h, i as j with context %}"
    )
    assert find_set_names(source) == ("a", "b", "c", "e", "g", "h", "j")


def test_terminal_shows_the_line_and_what_was_meant(builder: Builder) -> None:
    """As plain text: nothing of a template is a command of the terminal."""
    problem = explain_text(builder, "{# [bold] #}\n{{ page.titel }}\n")
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(build_text(problem))
    said = console.export_text()
    assert "index.html:2: PageModel has no field 'titel'" in said
    assert "did you mean 'title'" in said
    assert "2 > {{ page.titel }}" in said
    assert "1   {# [bold] #}" in said


def test_save_without_a_change_is_no_new_build(builder: Builder) -> None:
    """Numbers grow, contents stay: browsers have nothing to do."""
    first, second = builder.build(), builder.build()
    assert second.number > first.number
    assert (second.page, second.styles, second.changed) == (first.page, first.styles, ())


def test_style_sheet_alone_changes_the_styles_alone(builder: Builder) -> None:
    """So that the page need not be loaded anew."""
    first = builder.build()
    sheet = builder.folder / "assets/style.css"
    sheet.write_text(sheet.read_text() + "\n/* */")
    second = builder.build()
    assert second.page == first.page
    assert second.styles != first.styles
    assert second.changed == ("assets/style.css",)
    assert second.sheets["style.css"] != first.sheets["style.css"]


def check_unbroken(build: Build) -> None:
    """A build that can be shown."""
    assert build.release is not None, build.problems


def test_last_sound_release_stays_at_hand(builder: Builder) -> None:
    """However often something broken is saved after it."""
    builder.build()
    check_unbroken(builder.build())
    good = builder.good
    for _ in range(2):
        explain_text(builder, "{{ page.titel }}")
    assert builder.good is good
