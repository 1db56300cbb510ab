"""A release made of compiled templates is the release that they were compiled from."""

from __future__ import annotations

import marshal

import pytest
from sos.errors import TemplateError
from sos.page.model import PageModel
from sos.release.assets import build_assets
from sos.release.check import compile_release
from sos.release.environment import Release, build_release
from sos.release.fixtures import build_fixtures
from sos.release.sandbox import Sandbox

from tests.page.samples import SAMPLES
from tests.release.theme import theme, theme_files

Files = dict[str, bytes]


def through_marshal(files: Files) -> Release:
    """A release of these files, by way of bytes on a disk."""
    environment = Sandbox(files, build_assets(files))
    assert compile_release(environment, files) == []
    return build_release(files, codes=marshal.loads(marshal.dumps(environment.codes)))


@pytest.fixture(scope="module")
def loaded() -> Release:
    """The theme of sos, compiled before."""
    return through_marshal(theme_files())


@pytest.mark.parametrize(
    "page", [*SAMPLES.values(), *build_fixtures().values()], ids=[*SAMPLES, *build_fixtures()]
)
def test_compiled_before_or_now_gives_the_same_bytes(page: PageModel, loaded: Release) -> None:
    """Workers that load what a trial compiled serve what the trial saw."""
    assert loaded.render(page) == theme().render(page)


def test_all_that_a_release_says_of_itself_is_the_same(loaded: Release) -> None:
    """Also what responses are sent with: assets and the hashes of inline blocks."""
    for name in ("id", "assets", "style_hashes", "script_hashes", "unavailable", "templates"):
        assert getattr(loaded, name) == getattr(theme(), name), name


@pytest.mark.parametrize(
    "broken",
    [
        {"index.html": b"one\n\n{{ page.archive.title }}"},
        {"index.html": b"\n{% include 'a.html' %}", "a.html": b"\n\n\n{{ 1 // page.url|length - 1 }}{{ 1 / 0 }}"},
        {
            "index.html": b"{% extends 'a.html' %}\n{% block b %}\n{{ page.archive.title }}{% endblock %}",
            "a.html": b"{% block b %}{% endblock %}",
        },
        {
            "index.html": b"\n{% from 'm.html' import m %}\n{{ m(page) }}",
            "m.html": b"\n\n{% macro m(x) %}\n{{ x.nope }}{% endmacro %}",
        },
        {"index.html": b"{% include page.url %}"},
    ],
)  # fmt: skip
def test_errors_name_the_same_place(broken: Files) -> None:
    """File and line survive: whoever reads the error looks into the source, not into code."""
    said = []
    for release in (build_release(broken), through_marshal(broken)):
        with pytest.raises(TemplateError) as caught:
            release.render(SAMPLES["single"])
        said.append((caught.value.template, caught.value.line, str(caught.value)))
    assert said[0] == said[1]
    assert said[0][1] > 0


def test_nothing_is_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that gets compiled templates spends no time on compiling them."""
    codes = dict(through_marshal_codes(theme_files()))

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr(Sandbox, "compile", refuse)
    monkeypatch.setattr(Sandbox, "_parse", refuse)
    release = build_release(theme_files(), codes=codes)
    assert "</html>" in release.render(SAMPLES["single"])


def through_marshal_codes(files: Files) -> dict[str, object]:
    """Compiled templates as a worker reads them."""
    environment = Sandbox(files, build_assets(files))
    compile_release(environment, files)
    codes: dict[str, object] = marshal.loads(marshal.dumps(environment.codes))
    return codes


@pytest.mark.parametrize("change", [{"single.html": None}, {"more.html": b""}])
def test_compiled_templates_of_other_files_are_refused(change: dict[str, bytes | None]) -> None:
    """A response is of exactly one release, never of one's code and the other's assets."""
    codes = through_marshal_codes(theme_files())
    files = {n: c for n, c in (theme_files() | change).items() if c is not None}
    with pytest.raises(TemplateError, match="are not those of these files"):
        build_release(files, codes=codes)  # type: ignore[arg-type]
