"""Static files have addresses that change with their content, and with nothing else."""

import gzip
import re

import pytest
from sos.release.assets import build_assets, check_assets, decide_media_type

from tests.release.theme import theme

FILES = {
    "index.html": b"",
    "assets/style.css": b"@import 'base.css'; a { background: url(img/a%20b.png?x#y) }",
    "assets/base.css": b"",
    "assets/img/a b.png": b"png",
}


def test_address_holds_a_digest_of_the_whole_set() -> None:
    """A style sheet's relative addresses lead to files of the same release."""
    urls = list(build_assets(FILES))
    folders = {re.sub(r"(?<=/_assets/[0-9a-f]{12}/).*", "", url) for url in urls}
    assert len(folders) == 1
    assert re.fullmatch(r"/_assets/[0-9a-f]{12}/", folders.pop())
    assert [url.partition("/_assets/")[2][13:] for url in urls] == [
        "base.css",
        "img/a%20b.png",
        "style.css",
    ]


def test_address_changes_with_any_asset_and_with_no_template() -> None:
    """What may be cached for ever never changes under its address."""
    before = list(build_assets(FILES))
    assert list(build_assets(FILES | {"index.html": b"x"})) == before
    assert list(build_assets(FILES | {"assets/base.css": b"x"})) != before
    assert next(iter(build_assets(FILES | {"assets/more.css": b""}))) != before[0]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("style.css", "text/css; charset=utf-8"),
        ("a.b/ICON.SVG", "image/svg+xml; charset=utf-8"),
        ("font.woff2", "font/woff2"),
        ("LICENSE", "application/octet-stream"),
        ("page.html", "application/octet-stream"),
    ],
)
def test_media_type_is_the_same_on_every_machine(name: str, media_type: str) -> None:
    """The table is our own; what it lacks is a download, never a page of its own."""
    assert decide_media_type(name) == media_type


def test_existing_references_of_style_sheets_pass() -> None:
    """Quotes, escapes, queries, comments and other hosts are no mistakes."""
    css = b"""/* url(none.png) */ a { b: url("img/a b.png"); c: url(data:image/png;base64,x);
        d: url(#mask); e: url(/logo.png); f: url(https://o.example/x.png) } @import url(base.css);"""
    assert list(check_assets(FILES)) == []
    assert list(check_assets(FILES | {"assets/style.css": css})) == []


@pytest.mark.parametrize("reference", ["none.png", "'none.png'", '"../../index.html"', "../x.css"])
def test_broken_reference_of_a_style_sheet_is_named(reference: str) -> None:
    """A picture that is not there is found before a reader misses it."""
    css = f"\n\na {{ b: url({reference}) }}".encode()
    problems = list(check_assets(FILES | {"assets/style.css": css}))
    assert [(p.template, p.line) for p in problems] == [("assets/style.css", 3)]
    assert reference.strip("'\"") in str(problems[0])


def test_theme_has_a_style_sheet_that_is_small_enough() -> None:
    """The whole of the looks costs less than 15 kB on the wire."""
    sheet = next(a for a in theme().assets.values() if a.name == "style.css")
    assert len(gzip.compress(sheet.content)) < 15_000
