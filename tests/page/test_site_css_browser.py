"""A site's palette in Chromium, above the default theme: what editors chose is what readers see."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from playwright.async_api import Page
from sos.content.site_styles import SiteStyles
from sos.page.contrast import Rgb, contrast, parse_rgb
from sos.page.site_css import build_site_css

from tests.page.palettes import BLACK_ON_WHITE, CLASSIC, HARBOUR, NIGHT

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]

ASSETS = Path(__file__).parents[2] / "templates/assets"
THEME = "".join((ASSETS / f"{name}.css").read_text() for name in ("tokens", "style", "blocks"))

BODY = """<main><article class="prose">
<p id="plain">Plain <a id="link" href="/">link</a></p>
<p id="text" class="has-text-color has-primary-color">Chosen</p>
<p id="default" class="has-text-color has-contrast-color">The page's own</p>
<p id="pair" class="has-background has-text-color has-primary-background-color has-base-color">A pair</p>
<div class="wp-block-group has-background has-base-background-color">
<p id="within" class="has-text-color has-primary-color">Across blocks</p></div>
<p id="ground" class="has-background has-contrast-background-color">A ground alone</p>
<p id="gradient" class="has-background has-night-gradient-background">Another</p>
<p><mark id="mark" class="has-inline-color has-contrast-color has-sand-background-color">Marked</mark></p>
<p class="has-link-color wp-elements-1">See <a id="linked" href="/">this</a></p>
<p><mark id="lit" class="has-inline-color" style="background-color:#ffee58;color:#111111">Lit</mark></p>
<div class="wp-block-group is-style-section-1 is-style-section-1--2">
<p id="section" class="has-text-color has-primary-color">In a section</p></div>
<section id="band" class="deep"><div class="wp-block-button">
<a id="call" class="wp-block-button__link wp-element-button">Act now</a></div></section>
<p id="sized" class="has-large-font-size">Large</p>
<div class="wp-block-button"><a id="button" class="wp-block-button__link wp-element-button">Go</a></div>
<div class="wp-block-button is-style-outline"><a id="outline" class="wp-block-button__link">Go</a></div>
</article></main>"""

BLOCKS = """.wp-elements-1 a:where(:not(.wp-element-button)){color:var(--wp--preset--color--contrast)}
.is-style-section-1--2{background-color:#ffffff;color:#111111}"""
"""What WordPress makes for the blocks of a post, and sends with it."""

_LOOK = """names => {
    const pencil = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const rgb = colour => {
        pencil.clearRect(0, 0, 1, 1);
        pencil.fillStyle = colour;
        pencil.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = pencil.getImageData(0, 0, 1, 1).data;
        return alpha == 255 ? `rgb(${red}, ${green}, ${blue})` : colour;
    };
    return Object.fromEntries(names.map(name => {
        const style = getComputedStyle(name == "body" ? document.body : document.getElementById(name));
        return [name, {ink: rgb(style.color), ground: rgb(style.backgroundColor),
            image: style.backgroundImage, size: style.fontSize}];
    }));
}"""
_NAMES = ["body", *BODY.split('id="')[1:]]
NAMES = [name.partition('"')[0] for name in _NAMES]


async def look(page: Page, styles: SiteStyles, scheme: Scheme) -> dict[str, dict[str, str]]:
    """Computed colours and sizes of each element of the page, by its id."""
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await show(page, styles)
    found: dict[str, Any] = await page.evaluate(_LOOK, NAMES)
    return found


async def show(page: Page, styles: SiteStyles, more: str = "") -> None:
    """The page as `parts/head.html` puts it together."""
    css = f"{THEME}</style><style>{more}{build_site_css(styles)}</style><style>{BLOCKS}"
    await page.set_content(f"<!DOCTYPE html><style>{css}</style>{BODY}")


def colour(value: str) -> Rgb:
    found = parse_rgb(value)
    assert found is not None, value
    return found


def is_shown(value: str, chosen: str) -> bool:
    """Whether a computed colour is one that an editor chose."""
    return colour(value) == colour(chosen)


async def test_light_page_looks_as_its_editors_chose(browser_page: Page) -> None:
    """Page, links, text, pairs, grounds and sizes."""
    seen = await look(browser_page, HARBOUR, "light")
    assert is_shown(seen["body"]["ground"], "#f4efe6")
    assert is_shown(seen["plain"]["ink"], "#1b2a41")
    assert is_shown(seen["link"]["ink"], "#a4243b")
    assert is_shown(seen["text"]["ink"], "#a4243b")
    assert is_shown(seen["pair"]["ground"], "#a4243b")
    assert is_shown(seen["pair"]["ink"], "#f4efe6")
    assert is_shown(seen["ground"]["ground"], "#1b2a41")
    assert is_shown(seen["ground"]["ink"], "#ffffff")
    assert seen["gradient"]["image"].startswith("linear-gradient(135deg, rgb(2, 3, 40)")
    assert is_shown(seen["mark"]["ground"], "#e3d5b8")
    assert is_shown(seen["mark"]["ink"], "#1b2a41")


async def test_dark_page_keeps_pairs_and_lifts_what_stands_alone(browser_page: Page) -> None:
    """The theme's own dark page, with all that an editor put on a ground as it was."""
    light = await look(browser_page, HARBOUR, "light")
    seen = await look(browser_page, HARBOUR, "dark")
    page = colour(seen["body"]["ground"])
    assert contrast(page, Rgb(255, 255, 255)) > 10
    for name in ("pair", "within", "ground", "gradient", "mark", "lit", "section"):
        assert (seen[name]["ink"], seen[name]["ground"]) == (
            light[name]["ink"],
            light[name]["ground"],
        ), name
    for name in ("plain", "link", "text", "default", "linked"):
        assert contrast(colour(seen[name]["ink"]), page) >= 4.5, name
    lifted = colour(seen["text"]["ink"])
    assert lifted.red > max(lifted.green, lifted.blue)
    assert seen["default"]["ink"] == seen["plain"]["ink"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_dark_page_of_the_editors_is_the_same_for_all(
    scheme: Scheme,
    browser_page: Page,
) -> None:
    """Whatever a reader prefers."""
    seen = await look(browser_page, NIGHT, scheme)
    assert is_shown(seen["body"]["ground"], "#101820")
    assert is_shown(seen["plain"]["ink"], "#f5f1e8")
    assert is_shown(seen["link"]["ink"], "#ffd166")
    assert is_shown(seen["text"]["ink"], "#ffd166")
    assert is_shown(seen["within"]["ink"], "#ffd166")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_buttons_and_sizes_are_the_sites(
    scheme: Scheme,
    browser_page: Page,
) -> None:
    """A button keeps its pair; where none could see it, and with an outline, it is the theme's."""
    brown = msgspec.structs.replace(BLACK_ON_WHITE, button_background="#8a5a00")
    seen = await look(browser_page, brown, scheme)
    assert is_shown(seen["button"]["ground"], "#8a5a00")
    assert is_shown(seen["button"]["ink"], "#ffffff")
    seen = await look(browser_page, BLACK_ON_WHITE, scheme)
    assert is_shown(seen["button"]["ground"], "#111111") == (scheme == "light")
    for name in ("button", "call"):
        ground = colour(seen[name]["ground"])
        assert contrast(colour(seen[name]["ink"]), ground) >= 4.5
        page = colour(seen["body" if name == "button" else "band"]["ground"])
        assert contrast(ground, page) >= 3, name
    assert seen["outline"]["ground"] != seen["button"]["ground"]
    assert seen["sized"]["size"] == "22px"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_classic_theme_lends_its_accent_and_leaves_the_page(
    scheme: Scheme,
    browser_page: Page,
) -> None:
    """The theme's page, with links that can be read on it."""
    without = await look(browser_page, SiteStyles(), scheme)
    seen = await look(browser_page, CLASSIC, scheme)
    assert seen["body"] == without["body"]
    assert seen["link"]["ink"] != without["link"]["ink"]
    assert contrast(colour(seen["link"]["ink"]), colour(seen["body"]["ground"])) >= 4.5


async def test_paper_needs_no_grounds(browser_page: Page) -> None:
    """Printers leave them out: what was to be read on them is dark, and what can be read stays."""
    await look(browser_page, HARBOUR, "light")
    await browser_page.emulate_media(media="print")
    seen = await browser_page.evaluate(_LOOK, NAMES)
    white = Rgb(255, 255, 255)
    for name, found in seen.items():
        if name not in ("button", "call"):
            assert contrast(colour(found["ink"]), white) >= 4.5, name
    assert is_shown(seen["text"]["ink"], "#a4243b")


async def test_theme_that_insists_on_its_own_tokens_has_them(browser_page: Page) -> None:
    """Set outside of layers, they are stronger than what the site's colours suggest."""
    await browser_page.emulate_media(color_scheme="light")
    await show(browser_page, HARBOUR, ":root{--paper:rgb(1,2,3)}")
    seen = await browser_page.evaluate(_LOOK, NAMES)
    assert is_shown(seen["body"]["ground"], "rgb(1,2,3)")
    assert is_shown(seen["text"]["ink"], "#a4243b")
