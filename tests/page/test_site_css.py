"""The style sheet of a site's palette: WordPress's own classes, the theme's tokens, no way out."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.content.site_styles import SiteStyles, parse_site_styles
from sos.page.site_css import build_site_css
from sos.page.wordpress_presets import COLOURS, FONT_SIZES, GRADIENTS, SHADOWS, SPACING

from tests.content.test_css_values import SOUND
from tests.page.palettes import BLACK_ON_WHITE, CLASSIC, HARBOUR, NIGHT
from tests.page.test_site import whole

BRACES = r"\{(?:[^{}]|\{[^{}]*\})*\}"
DARK = "@media screen and (prefers-color-scheme:dark)"


def test_presets_are_variables_and_classes_as_wordpress_writes_them() -> None:
    """Blocks name them by variable in their style attributes, and by class."""
    css = build_site_css(BLACK_ON_WHITE)
    for said in (
        "--wp--preset--color--accent-3:#503AA8;",
        "--wp--preset--font-size--large:clamp(1.125rem, 5vw, 1.375rem);",
        "--wp--preset--spacing--20:10px;",
        ".has-accent-3-color{color:var(--wp--preset--color--accent-3)!important}",
        ".has-accent-3-background-color{background-color:var(--wp--preset--color--accent-3)!important}",
        ".has-accent-3-border-color{border-color:var(--wp--preset--color--accent-3)!important}",
        ".has-large-font-size{font-size:var(--wp--preset--font-size--large)!important}",
    ):
        assert said in css
    css = build_site_css(HARBOUR)
    assert "--wp--preset--shadow--soft:0 2px 8px rgba(0, 0, 0, 0.2);" in css
    assert ".has-dawn-gradient-background{background:var(--wp--preset--gradient--dawn)!imp" in css


def test_site_without_choices_needs_no_css() -> None:
    """WordPress's defaults, in any of its versions' spellings, are the theme's."""
    assert build_site_css(SiteStyles()) == ""
    older = {
        s: re.sub(r"rgb\(([0-9,]+)\)", r"rgba(\1,1)", v, count=1) for s, v in GRADIENTS.items()
    }
    for gradients in (GRADIENTS, older):
        plain = SiteStyles(
            colours={**COLOURS, "black": "#000", "white": "#FFFFFF"},
            gradients=gradients,
            font_sizes=FONT_SIZES,
            spacing=SPACING,
            shadows=SHADOWS,
        )
        assert build_site_css(plain) == ""


def test_default_that_was_changed_is_the_sites() -> None:
    """A theme may give a size of WordPress another value."""
    css = build_site_css(SiteStyles(font_sizes={**FONT_SIZES, "large": "24px"}))
    assert "--wp--preset--font-size--large:24px;" in css
    assert "medium" not in css


def test_tokens_of_a_light_page_are_for_readers_of_light_pages() -> None:
    """In the theme's first layer, so that a theme can still insist on its own."""
    css = build_site_css(HARBOUR)
    layer = css[css.index("@layer tokens{") :]
    light = layer.index("@media screen and (prefers-color-scheme:light){:root{--paper:#f4efe6;")
    assert light < layer.index(f"{DARK}{{:root{{--accent:#")
    assert "color-scheme:dark;" not in css


def test_dark_page_of_the_editors_adapts_nothing() -> None:
    """Its tokens hold for everybody on a screen, and each colour of text is as chosen."""
    css = build_site_css(NIGHT)
    assert "@media screen{:root{color-scheme:dark;--paper:#101820;" in css
    assert "prefers-color-scheme" not in css
    assert "--lifted" not in css


def test_text_that_could_not_be_read_on_a_dark_page_is_lighter_there() -> None:
    """But on the ground that its editor gave it, it stays as it was chosen."""
    css = build_site_css(CLASSIC)
    dark = css[css.rindex(DARK) :].partition("\n")[0]
    assert ".has-primary-color{--lifted:#" in dark
    assert "has-yellow" not in dark
    assert ".deep :is(.has-primary-color):not(" in css
    assert ":not(.has-background,.has-background *," in dark


def test_text_in_the_colour_of_the_page_stays_that_of_the_page() -> None:
    """An editor who sets the default colour by hand means no grey."""
    assert ".has-contrast-color{--lifted:var(--ink,#" in build_site_css(BLACK_ON_WHITE)


def test_ground_without_a_colour_of_text_gets_one_that_can_be_read() -> None:
    """The site's own where it can be read, in both schemes; else the better end."""
    css = build_site_css(HARBOUR)
    by_ink = {
        found[2]: found[1]
        for found in re.finditer(r":is\(([^)]*)\):where\(:not\([^)]*\)\)\{color:(#\w+)\}", css)
    }
    assert set(by_ink) >= {"#1b2a41", "#ffffff"}
    assert ".has-sand-background-color" in by_ink["#1b2a41"]
    assert ".has-dawn-gradient-background" in by_ink["#1b2a41"]
    assert ".has-contrast-background-color" in by_ink["#ffffff"]
    assert ".has-night-gradient-background" in by_ink["#ffffff"]


def test_grounds_are_for_screens() -> None:
    """On paper they are not printed, and bright text that suits them could not be read."""
    css = build_site_css(BLACK_ON_WHITE)
    paper = re.sub(rf"@media screen\{{(?:[^{{}}]*{BRACES})*\}}", "", css)
    assert "background-color:var(" not in paper
    assert ".has-accent-3-color{" in paper
    assert ".has-accent-1-color{" not in paper
    assert ".has-accent-1-color{" in css


def test_buttons_have_the_pair_of_the_site() -> None:
    """Not those with an outline, nor those that have a colour of their own."""
    css = build_site_css(BLACK_ON_WHITE)
    button = (
        ".wp-block-button:not(.is-style-outline,.deep *)>.wp-block-button__link:where(:not(.has-"
    )
    assert f"{button}background)){{background-color:var(--wp--preset--color--contrast)}}" in css
    assert f"{button}text-color)){{color:var(--wp--preset--color--base)}}" in css
    half = msgspec.structs.replace(BLACK_ON_WHITE, button_text="")
    assert ".wp-block-button" not in build_site_css(half)


VALUES = st.sampled_from([v for vs in SOUND.values() for v in vs]) | st.text(max_size=30)
PRESETS = st.dictionaries(st.from_regex(r"[a-z0-9-]{1,9}", fullmatch=True), VALUES, max_size=6)
STYLES = st.fixed_dictionaries(
    {
        "presets": st.dictionaries(
            st.sampled_from(["color", "gradient", "font-size", "spacing", "shadow"]), PRESETS
        )
    },
    optional=dict.fromkeys(
        ["background", "text", "link", "button_background", "button_text"], VALUES
    ),
)


@given(STYLES)
def test_css_of_any_palette_is_whole(styles: object) -> None:
    """Braces match, nothing is loaded, nothing ends the element, and twice gives the same."""
    parsed = parse_site_styles(styles)
    css = build_site_css(parsed)
    assert css == build_site_css(parse_site_styles(json.loads(json.dumps(styles))))
    depth = 0
    for mark in re.findall(r"[{}]", css):
        depth += 1 if mark == "{" else -1
        assert depth in (0, 1, 2, 3)
    assert depth == 0
    assert not re.search(r"url\(|@import|</|<|\\|/\*", css)


@pytest.mark.parametrize("styles", [BLACK_ON_WHITE, HARBOUR, NIGHT, CLASSIC])
def test_css_is_small(styles: SiteStyles) -> None:
    """It is in the head of each page."""
    assert len(build_site_css(styles)) < 5000


def test_pages_have_the_css_of_their_site() -> None:
    """From the site document to the page model."""
    assert whole().view.css == ""
    styles = {"presets": {"color": {"brand": "#0b6e4f", "bad": "red}*{display:none"}}}
    css = whole(sos={"styles": styles}).view.css
    assert ".has-brand-color" in css
    assert "bad" not in css
