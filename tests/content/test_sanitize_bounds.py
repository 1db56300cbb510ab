"""The sanitiser's time and depth are bounded, for honest pages and for a hostile megabyte."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sos.content.sanitize import plain_text, sanitize_html, sanitize_inline
from sos.content.sanitize_balance import MAX_DEPTH

from tests.content.corpus import read_samples
from tests.content.markup import parse_tree

MEGABYTE = 1_000_000
SECONDS = 2.5
"""Processor time for a hostile megabyte. It takes under 1 s; what is quadratic takes 5 to 80 s."""

_UNITS = [
    "<div>",
    "<foo>",
    "<b>",
    "<p>",
    "</p>",
    "<b><p>",
    "<p><b>x</i>",
    "<a><div></a>",
    "<ul><li>",
    "<table><tr><td>",
    "<table>x<br>",
    "<table><caption><b><td></td>x",
    "<b><td></b></td>",
    "<select><option>",
    "<svg><title>",
    "<math><mi>",
    "<template>",
    "<object><b>",
    "<iframe>",
    "<pre>\n",
    "<form><p></form>",
    "<noscript>",
    "<center>",
    "<img src=x srcset='a 1x,b 2x' style='color:red;margin:1px'>",
    "<a href=x target=_blank>x</a>",
    "<",
    "</",
    "<!",
    "<!--",
    "<a ",
    "<a b='",
    "<x a=1 ",
    "a<b",
    "&",
    "&amp;",
    "&nbsp;",
    "\xa0",
    "&#0;",
    "<img>&",
    "<foo>&",
    "<i>&</i>",
    "\0",
    "\r",
    "<!-->&",
    "<plaintext>",
    "<textarea>",
]


def _seconds(call: Callable[[str], str], html: str) -> tuple[float, str]:
    began = time.thread_time()
    out = call(html)
    return time.thread_time() - began, out


@pytest.mark.parametrize("unit", _UNITS, ids=repr)
def test_hostile_megabyte_takes_bounded_time(unit: str) -> None:
    """However a megabyte is made of one piece, each function is done soon; the result is stable."""
    html = unit * (MEGABYTE // len(unit))
    seconds, clean = _seconds(sanitize_html, html)
    assert seconds < SECONDS
    if len(clean) < MEGABYTE:
        seconds, again = _seconds(sanitize_html, clean)
        assert seconds < SECONDS
        assert again == clean
    for call in (sanitize_inline, plain_text):
        seconds, _ = _seconds(call, html)
        assert seconds < SECONDS


@pytest.mark.parametrize(
    "html",
    [
        "<p " + " ".join(f"a{n}" for n in range(130_000)) + ">x</p>",
        "<p " + " ".join(f"{n:x}" for n in range(13_000)) + ">x</p>",
        "".join(f"<b class=q{n}>" for n in range(40_000)) + "<p>x" * 60_000,
        "".join(f"<b class=q{n}>" for n in range(500)) + "<p>x" * 490,
        ("".join(f"<b class=q{n}>" for n in range(199)) + "<p>x</p>" * 200) * 250,
        "<table>" + "<br>" * 250_000,
        "<table><tr>" + "<b>x</b>" * 100_000,
        "<img srcset='" + "a 1x," * 200_000 + "'>",
        "<img srcset='" + ",,,, " * 200_000 + "'>",
        "<p style='" + "color:red;" * 100_000 + "'>x</p>",
        "<p style='" + "var(" * 490 + "'>x</p>",
        "<a href='" + "\\" * MEGABYTE + "'>x</a>",
        "<img src='data:image/png;base64," + "A" * MEGABYTE + "'>",
        "<p title='" + "&" * 60_000 + "'>x</p>",
        "<p>" + "&" * 60_000,
    ],
    ids=lambda html: html[:24],
)
def test_hostile_tags_take_bounded_time(html: str) -> None:
    """Thousands of attributes, open formatting elements or candidates, and values of a megabyte."""
    seconds, clean = _seconds(sanitize_html, html)
    assert seconds < SECONDS
    assert sanitize_html(clean) == clean


@pytest.mark.parametrize(
    "unit", ["<div>", "<b>", "<ul><li>", "<table><tr><td>", "<blockquote>", "<details>"]
)
@pytest.mark.parametrize("levels", [100, 300, 10_000])
def test_deep_nesting_is_cut(unit: str, levels: int) -> None:
    """Ten thousand levels are no crash; what is left is too shallow for a browser to flatten."""
    clean = sanitize_html(unit * levels + "core")
    assert max(depth for depth, *_ in parse_tree(clean)) <= 2 * MAX_DEPTH < 512
    assert plain_text(clean) == "core"


def test_moderate_nesting_is_kept() -> None:
    """A hundred levels, more than any page builder makes, survive whole."""
    html = "<div>" * 100 + "x" + "</div>" * 100
    assert sanitize_html(html) == html


def test_dense_text_keeps_its_words() -> None:
    """A run of more references than prose can hold loses its markup, never its text."""
    html = "<p><b>" + "A &amp; B&nbsp;" * 20_000 + "</b></p>"
    clean = sanitize_html(html)
    assert "<" not in clean
    assert plain_text(clean) == " ".join(["A & B"] * 20_000)
    assert sanitize_html(clean) == clean


def test_result_does_not_depend_on_size() -> None:
    """A long attribute that a small page may have it may have in a large one, too."""
    html = "<img alt='" + "&amp;" * 5_000 + "' srcset='" + "a.jpg 1x," * 3_000 + "' src=x>"
    clean = sanitize_html(html)
    padding = "<p>padding</p>" * 6_000
    assert sanitize_html(padding + html) == padding + clean
    assert sanitize_html(padding + clean) == padding + clean


def test_ten_kilobytes_of_blocks_are_sanitised_in_well_under_two_milliseconds(
    record_property: Callable[[str, object], None],
) -> None:
    """The price of reading a document stays small: the best of fifty runs, printed in µs."""
    blocks = "\n\n".join(sample.html for sample in read_samples("blocks"))
    prose = "<p>" + "Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 8 + "</p>\n"
    html = (blocks[:5_000] + prose * 12)[:10_000]
    best = min(_seconds(sanitize_html, html)[0] for _ in range(50))
    record_property("microseconds", round(best * 1e6))
    print(f"10 kB of blocks and prose: {best * 1e6:.0f} µs")
    assert best < 0.002
