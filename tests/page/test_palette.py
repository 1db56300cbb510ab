"""Which of a site's colours the theme takes for its own: those that can be read wherever they go."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.content.site_styles import SiteStyles
from sos.page.contrast import Rgb, contrast, is_readable, luminance, parse_rgb
from sos.page.palette import (
    DARK_GROUND,
    LIGHT_GROUND,
    Tokens,
    choose_ink,
    decide_tokens,
    resolve,
)

from tests.page.palettes import BLACK_ON_WHITE, CLASSIC, HARBOUR, NIGHT, preset

TOKENS = Path(__file__).parents[2] / "templates/assets/tokens.css"

HEX = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


def colour(value: str) -> Rgb:
    found = parse_rgb(value)
    assert found is not None, value
    return found


def judge(tokens: dict[str, str]) -> None:
    """Fail unless each pair of a whole set of tokens has the contrast that it needs."""
    value = {name.removeprefix("--"): colour(css) for name, css in tokens.items()}
    for ground in (value["paper"], value["raised"]):
        for ink in ("ink", "quiet", "accent"):
            assert contrast(value[ink], ground) >= 4.5, (ink, tokens)
        assert contrast(value["focus"], ground) >= 3, tokens
    assert contrast(value["accent-ink"], value["accent"]) >= 4.5, tokens
    for ground in (value["deep"], value["deep-raised"]):
        for ink in ("deep-ink", "deep-quiet"):
            assert contrast(value[ink], ground) >= 4.5, (ink, tokens)


@pytest.mark.parametrize("styles", [BLACK_ON_WHITE, HARBOUR, NIGHT])
def test_page_of_a_block_theme_has_the_colours_of_its_editors(styles: SiteStyles) -> None:
    """Background and text as chosen; what goes between them is mixed of both, and readable."""
    tokens = decide_tokens(styles)
    assert colour(tokens.light["--paper"]) == resolve(styles, styles.background)
    assert colour(tokens.light["--ink"]) == resolve(styles, styles.text)
    judge(dict(tokens.light))


def test_links_have_the_colour_of_links() -> None:
    """The site's accent is what its links have; where that is the text's, it is."""
    assert decide_tokens(HARBOUR).light["--accent"] == "#a4243b"
    assert decide_tokens(BLACK_ON_WHITE).light["--accent"] == "#111111"


def test_accent_that_cannot_be_read_is_not_taken() -> None:
    """Lime on white was meant for a button, with black on it."""
    lime = msgspec.structs.replace(
        HARBOUR, colours={**HARBOUR.colours, "primary": "#9dff20"}, button_background="#345c00"
    )
    assert decide_tokens(lime).light["--accent"] == "#345c00"
    none = msgspec.structs.replace(lime, button_background="")
    assert decide_tokens(none).light["--accent"] == decide_tokens(none).light["--ink"]


def test_dark_page_of_the_theme_takes_the_accent_alone() -> None:
    """Editors chose a light page: who prefers dark ones gets the theme's, with the site's accent."""
    tokens = decide_tokens(HARBOUR)
    assert not tokens.fixed
    assert tokens.dark.keys() == {"--accent", "--accent-ink"}
    accent = colour(tokens.dark["--accent"])
    assert is_readable(accent, DARK_GROUND)
    assert accent.red > max(accent.green, accent.blue)
    assert is_readable(colour(tokens.dark["--accent-ink"]), accent)


def test_dark_page_of_the_editors_is_dark_for_everybody() -> None:
    """They saw those pairs of colours, and nothing is adapted."""
    tokens = decide_tokens(NIGHT)
    assert tokens.fixed
    assert tokens.dark == tokens.light
    assert tokens.light["--accent"] == "#ffd166"


def test_pair_that_cannot_be_read_leaves_the_theme_its_own() -> None:
    """Grey on grey is not for a whole site."""
    grey = SiteStyles(background="#999999", text="#777777")
    assert decide_tokens(grey) == Tokens()


@pytest.mark.parametrize(
    "styles",
    [
        SiteStyles(),
        SiteStyles(background="#123456"),
        SiteStyles(text="#123456", background="transparent"),
        SiteStyles(background=preset("gone"), text=preset("lost")),
        SiteStyles(
            colours={"a": preset("b"), "b": preset("a")}, background=preset("a"), text="#000"
        ),
        SiteStyles(colours={"primary": "#ffee58"}),
    ],
)
def test_half_a_choice_is_none(styles: SiteStyles) -> None:
    """A background needs its text; names may lead nowhere, or in a ring."""
    assert decide_tokens(styles) == Tokens()


def test_conventional_names_do_where_nothing_is_said_of_the_page() -> None:
    """`base` and `contrast` are what WordPress's themes call them."""
    named = msgspec.structs.replace(HARBOUR, background="", text="", link="")
    assert decide_tokens(named) == decide_tokens(HARBOUR)


def test_classic_theme_gives_its_accent() -> None:
    """Its page is not known; an accent that suits any light page is taken, and lightened for dark."""
    tokens = decide_tokens(CLASSIC)
    assert tokens.light["--accent"] == "#0b6e4f"
    assert tokens.light["--accent-ink"] == "#ffffff"
    assert "--paper" not in tokens.light
    assert is_readable(colour(tokens.dark["--accent"]), DARK_GROUND)


@given(HEX, HEX, HEX, HEX)
def test_tokens_of_any_colours_can_be_read(paper: str, ink: str, link: str, button: str) -> None:
    """Whatever editors choose, a whole set has AA on all its surfaces, or there is none."""
    styles = SiteStyles(background=paper, text=ink, link=link, button_background=button)
    tokens = decide_tokens(styles)
    if "--paper" in tokens.light:
        judge(dict(tokens.light))
        assert tokens.light["--paper"] == paper
        assert is_readable(colour(tokens.dark["--accent-ink"]), colour(tokens.dark["--accent"]))
    else:
        assert not is_readable(colour(ink), colour(paper))


@given(HEX, HEX, HEX)
def test_ink_for_any_ground_is_the_better_one(ground: str, other: str, text: str) -> None:
    """One of the two ends can be read on any single colour, and the site's text goes first."""
    ink = choose_ink((colour(ground),), colour(text))
    assert contrast(ink, colour(ground)) >= 4.0
    if is_readable(colour(text), colour(ground), colour(other)):
        assert choose_ink((colour(ground), colour(other)), colour(text)) == colour(text)


def test_grounds_bound_the_surfaces_of_the_default_theme() -> None:
    """What is readable on them is so on its paper and its raised parts, light and dark."""
    light, dark = re.split(r"prefers-color-scheme: dark", TOKENS.read_text())[:2]
    for name in ("paper", "raised"):
        for css, ground, sign in ((light, LIGHT_GROUND, 1), (dark, DARK_GROUND, -1)):
            found = re.search(rf"--{name}: (#[0-9a-f]+)", css)
            assert found is not None
            assert sign * (luminance(colour(found[1])) - luminance(ground)) >= 0, (name, found[1])
