"""Which of a site's colours become colours of the theme itself: decided by contrast alone.

In: what editors chose (`SiteStyles`). Out: values for the theme's own tokens (`--paper`, `--ink`,
`--accent` and those that go with them), for readers who like a light page and for those who like a
dark one. A colour is taken only where all text that it meets can be read (WCAG 2.2, AA); else the
theme keeps its own. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from sos.content.site_styles import SiteStyles
from sos.page.contrast import (
    BLACK,
    WHITE,
    Rgb,
    adapt,
    contrast,
    is_readable,
    luminance,
    mix,
    parse_rgb,
)

LIGHT_GROUND: Final = Rgb(232, 232, 232)
DARK_GROUND: Final = Rgb(46, 48, 53)
"""What is readable on these is so on every surface of a theme's own: its light ones are lighter,
its dark ones darker."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens by name, with two hyphens; none where the theme's own are to stay.

    ``dark`` are for readers who prefer dark pages. ``fixed`` says that editors chose a dark page:
    both are the same then, and no colour is adapted for anybody.
    """

    light: Mapping[str, str] = {}
    dark: Mapping[str, str] = {}
    fixed: bool = False


def resolve(styles: SiteStyles, value: str) -> Rgb | None:
    """The colour that a value stands for, which may be a preset's; None where none can be had."""
    for _ in range(4):
        preset = _VARIABLE.fullmatch(value)
        if preset is None:
            return parse_rgb(value)
        value = styles.colours.get(preset[1], "")
    return None


def decide_tokens(styles: SiteStyles) -> Tokens:
    """The theme's tokens as far as the site's colours are fit for them."""
    paper = resolve(styles, styles.background) or _of_slug(styles, _PAPERS)
    ink = resolve(styles, styles.text) or _of_slug(styles, _INKS)
    if paper is None or ink is None or not is_readable(ink, paper):
        return _decide_accent(styles)
    raised = mix(paper, ink, 0.05)
    if not is_readable(ink, raised):
        raised = paper
    found = (c for c in _accents(styles) if c != ink and is_readable(c, paper, raised))
    accent = next(found, ink)
    shares = (mix(paper, ink, share / 100) for share in (65, 72, 79, 86, 93))
    chosen = {
        "--paper": paper,
        "--raised": raised,
        "--line": mix(paper, ink, 0.18),
        "--ink": ink,
        "--quiet": next((c for c in shares if is_readable(c, paper, raised)), ink),
        "--accent": accent,
        "--accent-ink": paper,
        "--focus": accent,
        **_deep(accent),
    }
    light = {name: colour.css for name, colour in chosen.items()}
    if luminance(paper) < luminance(ink):
        return Tokens(light=light, dark=light, fixed=True)
    return Tokens(light=light, dark=_dark_accent(paper if accent == ink else accent))


def choose_ink(grounds: tuple[Rgb, ...], *preferred: Rgb | None) -> Rgb:
    """The first of the preferred that can be read on all grounds; else nearly black, or white."""
    known = [c for c in preferred if c is not None]
    fit = (c for c in known if is_readable(c, *grounds))
    ends = sorted((_INK, WHITE), key=lambda c: -min(contrast(c, g) for g in grounds))
    return next(fit, ends[0])


# ---------------------------------------------------------------- within

_VARIABLE: Final = re.compile(r"var\(\s*--wp--preset--color--([a-z0-9-]+)\s*\)")

# Slugs that WordPress's own themes have used for these since they have had a theme.json.
_PAPERS: Final = ("base", "background")
_INKS: Final = ("contrast", "foreground")
_ACCENTS: Final = ("primary", "accent", "brand")

_INK: Final = Rgb(29, 31, 34)

_DEEPEST: Final = Rgb(16, 20, 24)
_DEEP_INK: Final = Rgb(251, 250, 247)
_DEEP_QUIET: Final = Rgb(188, 204, 206)


def _of_slug(styles: SiteStyles, slugs: tuple[str, ...]) -> Rgb | None:
    found = (resolve(styles, styles.colours[slug]) for slug in slugs if slug in styles.colours)
    return next((colour for colour in found if colour is not None), None)


def _accents(styles: SiteStyles) -> Iterator[Rgb]:
    """Colours that could be the accent, the likeliest first."""
    values = [styles.link, *(styles.colours.get(slug, "") for slug in _ACCENTS)]
    found = (resolve(styles, value) for value in (*values, styles.button_background))
    yield from (colour for colour in found if colour is not None)


def _decide_accent(styles: SiteStyles) -> Tokens:
    """For a site whose paper and ink are not known: its accent on the theme's own surfaces."""
    accent = _of_slug(styles, _ACCENTS)
    if accent is None or not is_readable(accent, LIGHT_GROUND):
        return Tokens()
    light = {"--accent": accent, "--accent-ink": choose_ink((accent,), WHITE), **_deep(accent)}
    return Tokens(light={n: c.css for n, c in light.items()}, dark=_dark_accent(accent))


def _deep(accent: Rgb) -> dict[str, Rgb]:
    """The bands that stand out from a page: as much of the accent as leaves their text readable."""
    for share in range(50, 100, 5):
        deep = mix(accent, _DEEPEST, share / 100)
        raised = mix(deep, WHITE, 0.12)
        if is_readable(_DEEP_QUIET, deep, raised):
            break
    return {
        "--deep": deep,
        "--deep-raised": raised,
        "--deep-line": mix(deep, WHITE, 0.3),
        "--deep-ink": _DEEP_INK,
        "--deep-quiet": _DEEP_QUIET,
    }


def _dark_accent(accent: Rgb) -> dict[str, str]:
    """An accent for a dark page of the theme's own: the site's, made lighter if need be."""
    lighter = adapt(accent, DARK_GROUND)
    ink = choose_ink((lighter,), _INK, BLACK)
    return {"--accent": lighter.css, "--accent-ink": ink.css}
