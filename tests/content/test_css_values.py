"""Values of CSS that a whole site is shown with: what is of its kind passes, and nothing else does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.content.css_values import (
    MAX_VALUE,
    sound_colour,
    sound_gradient,
    sound_shadow,
    sound_size,
)

Check = Callable[[str], str]
CHECKS: list[Check] = [sound_colour, sound_gradient, sound_size, sound_shadow]

SOUND: dict[Check, list[str]] = {
    sound_colour: [
        *("#fff", "#FFFFFF", "#1118", "#11111180", "tomato", "transparent", "currentColor"),
        *("rgb(6,147,227)", "rgba(6,147,227,1)", "rgb(6 147 227 / 50%)", "hsl(120deg 50% 50%)"),
        *("oklch(0.7 0.1 50)", "var(--wp--preset--color--base)"),
        "color-mix(in srgb, currentColor 20%, transparent)",
        "color-mix(in srgb, var(--wp--preset--color--contrast) 85%, transparent)",
    ],
    sound_gradient: [
        "linear-gradient(135deg,rgb(6,147,227) 0%,rgb(155,81,224) 100%)",
        "linear-gradient(to right, var(--wp--preset--color--a) 0%, #fff 50%)",
        "radial-gradient(circle at top left, red, blue 40%)",
        "conic-gradient(from 45deg, red, blue)",
        "linear-gradient(red, blue), linear-gradient(90deg, red, transparent)",
    ],
    sound_size: [
        *("13px", "0.875rem", ".5em", "0", "144px", "5vw", "large", "calc(1px + 2vw)"),
        "clamp(1rem, 1rem + ((1vw - 0.2rem) * 0.196), 1.125rem)",
        "clamp(30px, 5vw, 50px)",
        "min(2rem, 5vw)",
        "var(--wp--preset--spacing--40)",
    ],
    sound_shadow: [
        "6px 6px 9px rgba(0, 0, 0, 0.2)",
        "6px 6px 0px -3px rgb(255, 255, 255), 6px 6px rgb(0, 0, 0)",
        "inset 0 1px 2px #000",
    ],
}

UNSOUND: dict[Check, list[str]] = {
    sound_colour: [
        *("", " ", "none", "12px", "#ffffg", "#12345", "#", "reddish", "red blue", "red, blue"),
        *("rgb(1", "rgb)1(", "rgb(1))", "RGB(url(x))", "small", "inset", "red !important"),
        *("linear-gradient(red,blue)", "expression(1)", "attr(x)", "env(x)", "var(--ink)"),
        "var(--wp--preset--color--a, url(//evil.example))",
    ],
    sound_gradient: [
        *("red", "url(x)", "linear-gradient(url(x),red)", "linear-gradient(red,blue) fixed"),
        *("linear-gradient(red,blue),", "image-set(linear-gradient(red,blue) 1x)"),
        "linear-gradient(red,blue), url(//evil.example)",
    ],
    sound_size: [
        "-1px",
        "9999px",
        "1e9px",
        "3",
        "1foo",
        "inherit",
        "red",
        "1px 2px",
        "calc(9999px)",
    ],
    sound_shadow: [
        *("none", "6px red", "0 0 0 9999px red", "red", "1px 1px 1px 1px 1px red"),
        *("inset inset 0 0 red", "0 0 red blue", "10% 10% red"),
    ],
}

BREAKS_OUT = [
    *("{};", "{}}", "{}{{", "{}\\", "{}</style>", "{}/*", "/*{}*/", "@import {}", '{}"', "'{}'"),
    *("{}:hover", "url({})", "u\\72l({})", "image({})", "src({})", "{}!important", "{}\0", "{}é"),
]


@pytest.mark.parametrize(("check", "value"), [(c, v) for c, vs in SOUND.items() for v in vs])
def test_what_is_of_its_kind_stays_as_it_is(check: Check, value: str) -> None:
    """WordPress's own presets, those of its themes, and what the editor's pickers write."""
    assert check(value) == value


@pytest.mark.parametrize(("check", "value"), [(c, v) for c, vs in UNSOUND.items() for v in vs])
def test_what_is_of_another_kind_is_refused(check: Check, value: str) -> None:
    """A length is no colour; what would lie over the whole page is no shadow."""
    assert check(value) == ""


@pytest.mark.parametrize("frame", BREAKS_OUT)
@pytest.mark.parametrize("check", CHECKS)
def test_nothing_leaves_its_declaration_or_loads_anything(check: Check, frame: str) -> None:
    """Around a sound value, whatever could end it, comment on it or ask another host."""
    for value in SOUND[check]:
        assert check(frame.replace("{}", value, 1).replace("{{", "{")) == ""


def test_white_space_of_any_kind_becomes_a_single_space() -> None:
    """A theme's file may have lines; a line feed is not told apart from a space by CSS."""
    assert sound_shadow(" 1px\n\t1px   red ") == "1px 1px red"


def test_long_values_are_refused_before_they_are_read() -> None:
    """No colour has thousands of characters."""
    assert sound_gradient(f"linear-gradient({'red,' * MAX_VALUE}red)") == ""


@given(st.text("#09afpx%(),.+-*/ \nrgbvaurl;{}<>\"'\\:@!", max_size=60) | st.text(max_size=60))
def test_no_text_gives_more_than_it_had_nor_anything_but_plain_css(text: str) -> None:
    """Whatever comes: nothing, or the very text with balanced parentheses and harmless marks."""
    for check in CHECKS:
        said = check(text)
        assert said in ("", " ".join(text.split()))
        assert re.fullmatch(r"[A-Za-z0-9#%.,+*/() -]*", said)
        assert said.count("(") == said.count(")")
        assert "/*" not in said
        assert "url(" not in said.lower()


@pytest.mark.parametrize(
    "text", ["(" * 500, "1" * 500, "calc(" * 100, "a-" * 250, "#" * 500, "+" * 500]
)
def test_no_text_takes_long(text: str) -> None:
    """Each is read once."""
    begun = time.process_time()
    for check in CHECKS:
        check(text)
    assert time.process_time() - begun < 0.2
