"""The colours and sizes that a site's editors chose for all of it, from a document to typed values.

In: the member ``styles`` of the ``site`` document, as the plugin or the importer wrote it. Out: a
`SiteStyles` of which each name is a slug and each value of its kind (`css_values`). A value that is
neither is dropped, and the others stay. Never raises.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from sos.content.css_values import sound_colour, sound_gradient, sound_shadow, sound_size

MAX_PRESETS = 60
"""Of one kind. WordPress comes with 12 colours; large palettes of themes have 20 more."""


class SiteStyles(msgspec.Struct, frozen=True, kw_only=True):
    """Presets by slug, and colours that the site's theme and editors gave to the page itself.

    A value is CSS that is safe within a declaration, a colour perhaps a preset's own variable
    (``var(--wp--preset--color--…)``). ``background`` and what follows may be empty: not chosen.
    """

    colours: Mapping[str, str] = {}
    gradients: Mapping[str, str] = {}
    font_sizes: Mapping[str, str] = {}
    spacing: Mapping[str, str] = {}
    shadows: Mapping[str, str] = {}
    background: str = ""
    text: str = ""
    link: str = ""
    button_background: str = ""
    button_text: str = ""


def parse_site_styles(styles: object) -> SiteStyles:
    """The styles of a site; empty ones for anything that is not an object."""
    known = styles if isinstance(styles, dict) else {}
    presets = known.get("presets")
    presets = presets if isinstance(presets, dict) else {}

    def colour(name: str) -> str:
        value = known.get(name)
        return sound_colour(value) if isinstance(value, str) else ""

    return SiteStyles(
        colours=_parse_presets(presets.get("color"), sound_colour),
        gradients=_parse_presets(presets.get("gradient"), sound_gradient),
        font_sizes=_parse_presets(presets.get("font-size"), sound_size),
        spacing=_parse_presets(presets.get("spacing"), sound_size),
        shadows=_parse_presets(presets.get("shadow"), sound_shadow),
        background=colour("background"),
        text=colour("text"),
        link=colour("link"),
        button_background=colour("button_background"),
        button_text=colour("button_text"),
    )


# ---------------------------------------------------------------- within

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def _parse_presets(presets: Any, sound: Callable[[str], str]) -> dict[str, str]:
    """The first sixty that are sound, by slug, in their order."""
    kept: dict[str, str] = {}
    for slug, value in presets.items() if isinstance(presets, dict) else ():
        if len(kept) == MAX_PRESETS:
            break
        if _SLUG.fullmatch(slug) and isinstance(value, str) and (clean := sound(value)):
            kept[slug] = clean
    return kept
