"""Colours and sizes that a site's editors chose, as its public pages tell them.

In: the HTML of a public page. Out: presets and colours in the shape that the plugin sends
(`Global_Styles` in PHP), or None where the page does not tell: an optimiser has merged its style
sheets, or the theme has none. Nothing is checked here; that is done when the document is read.
"""

import re
from typing import Final

from sos.wordpress.site_reader import Json

_STYLE: Final = re.compile(
    r"<style\b[^<>]*\bid=[\"']?global-styles-inline-css\b[^<>]*>([^<]{0,500000})", re.IGNORECASE
)
_COMMENT: Final = re.compile(r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/")
_VARIABLE: Final = re.compile(
    r"--wp--preset--(color|gradient|font-size|spacing|shadow)--([a-z0-9-]+):\s*([^;]+)"
)
_DECLARATION: Final = re.compile(r"(?:^|;)\s*(background-color|background|color):\s*([^;]+)")

_PAGE: Final = frozenset({":root", "body"})

# As WP_Theme_JSON::ELEMENTS and to_ruleset() of WordPress 6.1 to 7.1 write them, without spaces.
_LINK: Final = "a:where(:not(.wp-element-button))"
_BUTTON: Final = ".wp-element-button,.wp-block-button__link"

_OF_BUTTON: Final = ("button_background", "button_text")
_PLAIN_BUTTON: Final = ["#32373c", "#fff"]
"""WordPress's own, which is nobody's choice; older versions don't tell of it."""


def find_global_styles(html: str) -> Json | None:
    """What WordPress's own style element of global styles says; None where there is none."""
    element = _STYLE.search(html)
    if element is None:
        return None
    presets: dict[str, dict[str, str]] = {}
    colours: dict[str, str] = {}
    for rule in _COMMENT.sub("", element[1]).split("}"):
        selector, _, body = rule.partition("{")
        selector = _simplify(selector)
        if selector in _PAGE:
            for kind, slug, value in _VARIABLE.findall(body):
                presets.setdefault(kind, {})[slug] = value.strip()
        colours |= _colours(selector, dict(_DECLARATION.findall(body)))
    if [colours.get(name) for name in _OF_BUTTON] == _PLAIN_BUTTON:
        colours = {name: value for name, value in colours.items() if name not in _OF_BUTTON}
    return {"presets": presets, **colours} if presets else None


def _simplify(selector: str) -> str:
    """A selector without spaces, and without what WordPress wraps around some to weaken them."""
    bare = "".join(selector.split())
    inner = re.fullmatch(r":root:where\((.*)\)", bare)
    return inner[1] if inner else bare


def _colours(selector: str, declared: dict[str, str]) -> dict[str, str]:
    ground = declared.get("background-color", declared.get("background", ""))
    text = declared.get("color", "")
    named = {
        "body": {"background": ground, "text": text},
        _LINK: {"link": text},
        _BUTTON: {"button_background": ground, "button_text": text},
    }
    return {name: value.strip() for name, value in named.get(selector, {}).items() if value}
