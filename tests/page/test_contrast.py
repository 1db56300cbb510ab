"""Colours as numbers: WCAG's contrast, and a colour made readable without becoming another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.page.contrast import (
    BLACK,
    READABLE,
    WHITE,
    Rgb,
    adapt,
    contrast,
    is_readable,
    luminance,
    mix,
    parse_rgb,
)

RGB = st.builds(Rgb, *3 * [st.integers(0, 255).map(float)])


@pytest.mark.parametrize(
    ("value", "css"),
    [
        *(
            ("#0a5c63", "#0a5c63"),
            ("#0A5C63FF", "#0a5c63"),
            ("#fa3", "#ffaa33"),
            ("#fa3f", "#ffaa33"),
        ),
        *(("tomato", "#ff6347"), (" Black ", "#000000"), ("rgb(6,147,227)", "#0693e3")),
        *(("rgba(6, 147, 227, 1)", "#0693e3"), ("rgb(6 147 227 / 100%)", "#0693e3")),
        *(("rgb(100% 0% 0%)", "#ff0000"), ("rgb(300,-5,0)", "#ff0000")),
        *(("hsl(120, 100%, 25%)", "#008000"), ("hsl(480deg 100% 25%)", "#008000")),
    ],
)
def test_an_opaque_colour_is_three_numbers(value: str, css: str) -> None:
    """In each way in which themes write it."""
    colour = parse_rgb(value)
    assert colour is not None
    assert colour.css == css


@pytest.mark.parametrize(
    "value",
    [
        *("", "#0a5c6", "#0a5c6380", "#fa30", "#ggg", "transparent", "currentcolor", "nocolour"),
        *("rgba(6,147,227,.5)", "rgb(1,2)", "rgb(a,b,c)", "oklch(0.7 0.1 50)", "rgb(none 0 0)"),
        *("var(--wp--preset--color--a)", "color-mix(in srgb, red, blue)", "rgb(1.2.3,0,0)"),
    ],
)
def test_a_colour_without_numbers_is_none(value: str) -> None:
    """Nothing is concluded from a colour that depends on what is behind it."""
    assert parse_rgb(value) is None


def test_contrast_is_as_wcag_says() -> None:
    """Figures that any checker gives, and the ends of the scale."""
    grey, lighter = Rgb(118, 118, 118), Rgb(119, 119, 119)
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == 1
    assert contrast(grey, WHITE) == pytest.approx(4.54, abs=0.01)
    assert contrast(lighter, WHITE) == pytest.approx(4.48, abs=0.01)
    assert luminance(Rgb(255, 0, 0)) == pytest.approx(0.2126)
    assert is_readable(grey, WHITE)
    assert not is_readable(grey, WHITE, Rgb(240, 240, 240))


@given(RGB, RGB)
def test_contrast_does_not_ask_which_is_the_ground(one: Rgb, other: Rgb) -> None:
    """It is the same either way, from 1 to 21."""
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21.001


@given(RGB, RGB)
def test_adapted_colour_can_be_read_and_stays_where_it_could_be(colour: Rgb, ground: Rgb) -> None:
    """On any ground; no colour is changed without need."""
    adapted = adapt(colour, ground)
    assert contrast(adapted, ground) >= READABLE
    assert (adapted == colour) == is_readable(colour, ground)


def test_adapted_colour_keeps_its_hue() -> None:
    """Purple on a dark page is a lighter purple."""
    adapted = adapt(Rgb(80, 58, 168), Rgb(46, 48, 53))
    assert adapted.blue > adapted.red > adapted.green


def test_mixing_goes_from_one_to_the_other() -> None:
    """In whole steps, so that what was measured is what is written."""
    assert mix(BLACK, WHITE, 0) == BLACK
    assert mix(BLACK, WHITE, 1) == WHITE
    assert mix(BLACK, WHITE, 0.5).css == "#808080"
