"""The site's palette as its document has it: slugs and values one by one, whatever else is there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sos.content.document import parse_site
from sos.content.site_styles import MAX_PRESETS, SiteStyles, parse_site_styles

WHOLE: dict[str, Any] = {
    "presets": {
        "color": {"base": "#FFFFFF", "accent-1": "#FFEE58"},
        "gradient": {"dusk": "linear-gradient(135deg,#111 0%,#eee 100%)"},
        "font-size": {"huge": "clamp(2rem, 5vw, 4rem)"},
        "spacing": {"20": "10px"},
        "shadow": {"natural": "6px 6px 9px rgba(0, 0, 0, 0.2)"},
    },
    "background": "var(--wp--preset--color--base)",
    "text": "#111",
    "link": "currentColor",
    "button_background": "var(--wp--preset--color--accent-1)",
    "button_text": "black",
}


def colours(presets: dict[str, Any]) -> dict[str, str]:
    """What is kept of a palette."""
    return dict(parse_site_styles({"presets": {"color": presets}}).colours)


def test_palette_comes_with_the_site_document() -> None:
    """As the plugin and the importer write it, below `sos`."""
    document = json.dumps({"name": "x", "sos": {"styles": WHOLE}}).encode()
    assert parse_site(document).styles == SiteStyles(
        colours={"base": "#FFFFFF", "accent-1": "#FFEE58"},
        gradients={"dusk": "linear-gradient(135deg,#111 0%,#eee 100%)"},
        font_sizes={"huge": "clamp(2rem, 5vw, 4rem)"},
        spacing={"20": "10px"},
        shadows={"natural": "6px 6px 9px rgba(0, 0, 0, 0.2)"},
        background="var(--wp--preset--color--base)",
        text="#111",
        link="currentColor",
        button_background="var(--wp--preset--color--accent-1)",
        button_text="black",
    )


@pytest.mark.parametrize(
    "wrong", [None, [], "x", 5, True, {"presets": []}, {"presets": {"color": 5}}]
)
def test_what_is_no_palette_is_an_empty_one(wrong: Any) -> None:
    """Also for sites whose documents were written before there were palettes."""
    assert parse_site_styles(wrong) == SiteStyles()
    assert parse_site(json.dumps({"sos": {"styles": wrong}}).encode()).styles == SiteStyles()


def test_hostile_value_is_refused_and_its_neighbours_stay() -> None:
    """One bad colour doesn't cost a site its palette."""
    hostile = [
        "red;}body{display:none",
        "url(//evil.example/x)",
        "</style><script>",
        5,
        None,
        ["red"],
        {},
    ]
    presets = {f"bad-{number}": value for number, value in enumerate(hostile)}
    assert colours({"first": "#123", **presets, "last": "#456"}) == {
        "first": "#123",
        "last": "#456",
    }


@pytest.mark.parametrize(
    "slug", ["", "-a", "A", "a b", "a}", "a:b", "ä", "a" * 65, "a.b", "a\n", "a/*"]
)
def test_a_name_that_is_no_slug_is_refused(slug: str) -> None:
    """It would stand in a selector."""
    assert colours({slug: "#123", "sound": "#456"}) == {"sound": "#456"}


@pytest.mark.parametrize("name", ["background", "text", "link", "button_background", "button_text"])
def test_a_hostile_colour_of_the_page_is_none(name: str) -> None:
    """The others stay."""
    styles = parse_site_styles({**WHOLE, name: "red}*{display:none"})
    assert getattr(styles, name) == ""
    assert len({styles.background, styles.text, styles.link, styles.button_background} - {""}) >= 3


def test_a_palette_is_bounded() -> None:
    """It is in the head of each page."""
    kept = colours({f"c{number}": "#123" for number in range(10_000)})
    assert len(kept) == MAX_PRESETS
    assert "c0" in kept
