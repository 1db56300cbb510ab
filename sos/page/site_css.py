"""The style sheet of a site's own colours and sizes, for the head of each of its pages.

In: what editors chose (`SiteStyles`). Out: CSS that is safe within `<style>`: WordPress's own
variables and classes for its presets (WP_Theme_JSON::PRESETS_METADATA), the theme's tokens as far
as the site's colours are fit for them (`palette`), and what keeps colours readable on a dark page,
which their editors never saw, and on paper. Empty for a site that has nothing but WordPress's
defaults, which themes have. Pure: built once per revision of the site.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from sos.content.site_styles import SiteStyles
from sos.page.contrast import WHITE, Rgb, adapt, contrast, is_readable, parse_rgb
from sos.page.palette import DARK_GROUND, Tokens, choose_ink, decide_tokens, resolve
from sos.page.wordpress_presets import COLOURS, FONT_SIZES, GRADIENTS, SHADOWS, SPACING


def build_site_css(styles: SiteStyles) -> str:
    """The CSS of a site; its order is that of the presets, so that equal styles give equal CSS."""
    own = SiteStyles(
        colours=_without(styles.colours, COLOURS),
        gradients=_without(styles.gradients, GRADIENTS),
        font_sizes=_without(styles.font_sizes, FONT_SIZES),
        spacing=_without(styles.spacing, SPACING),
        shadows=_without(styles.shadows, SHADOWS),
    )
    tokens = decide_tokens(styles)
    rules = [
        _variables(own),
        _layer([*_token_rules(tokens), *_colour_rules(own, styles, tokens)]),
        *_class_rules(own),
        _on_screen([*_ground_rules(own, styles), *_button_rules(styles, tokens)]),
    ]
    return "\n".join(rule for rule in rules if rule)


# ---------------------------------------------------------------- within

# Text that stands on the page itself, not on a colour that an editor gave to its block.
_ON_PAGE: Final = (
    ":not(.has-background,.has-background *,.wp-block-cover *,.wp-element-button,"
    '[class*="is-style-section"] *,[class*="-background-color"],[style*="background-color:#"])'
)
_BUTTON: Final = ".wp-block-button:not(.is-style-outline,.deep *)>.wp-block-button__link"

# Contrast from which a button without a border is told from its page.
_VISIBLE: Final = 1.6

# The stops of a gradient: hexadecimal, by rgb() or hsl(), or a preset's.
_STOP: Final = re.compile(
    r"#[0-9a-f]{3,8}|(?:rgb|hsl)a?\([^()]*\)|var\([^()]*\)", re.ASCII | re.IGNORECASE
)


def _without(presets: Mapping[str, str], defaults: Mapping[str, str]) -> dict[str, str]:
    """The presets that are not WordPress's own with WordPress's own value."""
    return {s: v for s, v in presets.items() if _plain(v) != _plain(defaults.get(s, ""))}


def _plain(value: str) -> str:
    """The same for all ways in which versions of WordPress write the same default."""
    text = value.replace(" ", "").lower()
    colour = parse_rgb(text)
    if colour is not None:
        return colour.css
    return _OPAQUE.sub(r"rgb(\1)", text)


_OPAQUE: Final = re.compile(r"rgba\(([0-9]+,[0-9]+,[0-9]+),1\)")


def _variables(own: SiteStyles) -> str:
    presets = {
        "color": own.colours,
        "gradient": own.gradients,
        "font-size": own.font_sizes,
        "spacing": own.spacing,
        "shadow": own.shadows,
    }
    said = "".join(
        f"--wp--preset--{kind}--{slug}:{value};"
        for kind, values in presets.items()
        for slug, value in values.items()
    )
    return f":root{{{said}}}" if said else ""


def _layer(rules: list[str]) -> str:
    """In the theme's first layer: its tokens give way, and no !important elsewhere wins."""
    return "@layer tokens{" + "".join(rules) + "}" if rules else ""


def _token_rules(tokens: Tokens) -> Iterator[str]:
    if tokens.fixed:
        yield f"@media screen{{:root{{color-scheme:dark;{_declare(tokens.light)}}}}}"
        return
    for scheme, values in (("light", tokens.light), ("dark", tokens.dark)):
        if values:
            wanted = f"screen and (prefers-color-scheme:{scheme})"
            yield f"@media {wanted}{{:root{{{_declare(values)}}}}}"


def _declare(values: Mapping[str, str]) -> str:
    return "".join(f"{name}:{value};" for name, value in values.items())


def _colour_rules(own: SiteStyles, styles: SiteStyles, tokens: Tokens) -> Iterator[str]:
    """Colours of text: as chosen, but for those that could not be read on a dark page.

    The site's own colour of text becomes that of the page, and any on a band that stands out
    (``.deep``) that of the band.
    """
    bright = []
    for slug, value in own.colours.items():
        rule = f".has-{slug}-color{{color:var(--wp--preset--color--{slug})!important}}"
        colour = resolve(styles, value)
        if colour is None or is_readable(colour, WHITE):
            yield rule
        else:
            bright.append(rule)
    if bright:
        yield _on_screen(bright)
    if tokens.fixed:
        return
    text = resolve(styles, styles.text)
    lifted = {}
    for slug, value in own.colours.items():
        colour = resolve(styles, value)
        lighter = adapt(colour, DARK_GROUND) if colour else None
        if lighter and lighter != colour:
            lifted[f".has-{slug}-color"] = (
                f"var(--ink,{lighter.css})" if colour == text else lighter.css
            )
    if lifted:
        each = "".join(f"{name}{{--lifted:{value}}}" for name, value in lifted.items())
        standing = f":is({','.join(lifted)}){_ON_PAGE}"
        yield f".deep {standing}{{color:inherit!important}}"
        rule = f"{standing}{{color:var(--lifted)!important}}"
        yield f"@media screen and (prefers-color-scheme:dark){{{each}{rule}}}"


def _on_screen(rules: list[str]) -> str:
    """Not on paper, where grounds are not printed, and text that suits them could not be read."""
    return "@media screen{" + "".join(rules) + "}" if rules else ""


def _class_rules(own: SiteStyles) -> Iterator[str]:
    """Classes for all media, each as important as WordPress says it."""
    for slug in own.colours:
        value = f"var(--wp--preset--color--{slug})!important"
        yield f".has-{slug}-border-color{{border-color:{value}}}"
    for slug in own.font_sizes:
        value = f"var(--wp--preset--font-size--{slug})!important"
        yield f".has-{slug}-font-size{{font-size:{value}}}"


def _ground_rules(own: SiteStyles, styles: SiteStyles) -> Iterator[str]:
    """Backgrounds, and text on one that came without its own: the site's, if it can be read."""
    for slug in own.colours:
        value = f"var(--wp--preset--color--{slug})!important"
        yield f".has-{slug}-background-color{{background-color:{value}}}"
    for slug in own.gradients:
        value = f"var(--wp--preset--gradient--{slug})!important"
        yield f".has-{slug}-gradient-background{{background:{value}}}"
    text = resolve(styles, styles.text)
    by_ink: dict[str, list[str]] = {}
    for slug, value in own.colours.items():
        if (ground := resolve(styles, value)) is not None:
            ink = choose_ink((ground,), text)
            by_ink.setdefault(ink.css, []).append(f".has-{slug}-background-color")
    for slug, value in own.gradients.items():
        if stops := _stops(styles, value):
            ink = choose_ink(stops, text)
            by_ink.setdefault(ink.css, []).append(f".has-{slug}-gradient-background")
    for colour, classes in by_ink.items():
        bare = ":where(:not(.has-text-color,.has-inline-color))"
        yield f":is({','.join(classes)}){bare}{{color:{colour}}}"


def _stops(styles: SiteStyles, gradient: str) -> tuple[Rgb, ...]:
    """The colours of a gradient; none where one of them is not known."""
    found = [resolve(styles, stop) for stop in _STOP.findall(gradient)]
    known = tuple(colour for colour in found if colour is not None)
    return known if len(known) == len(found) else ()


def _button_rules(styles: SiteStyles, tokens: Tokens) -> Iterator[str]:
    """Buttons in what editors write, where the site gives them a pair of colours of its own.

    One that could hardly be seen on a dark page has the theme's colours there.
    """
    pair = (styles.button_background, styles.button_text)
    if not all(pair):
        return
    rules = (
        f"{_BUTTON}:where(:not(.has-background)){{background-color:{pair[0]}}}"
        f"{_BUTTON}:where(:not(.has-text-color)){{color:{pair[1]}}}"
    )
    ground = resolve(styles, pair[0])
    is_seen = tokens.fixed or (ground is not None and contrast(ground, DARK_GROUND) >= _VISIBLE)
    yield rules if is_seen else f"@media (prefers-color-scheme:light){{{rules}}}"
