"""CSS values that editors chose for a whole site: text in, the same value or nothing out.

A value that passes stays within its declaration, loads nothing, and is of its kind: a colour, a
gradient, a length, a shadow. Whether it suits the page is not asked here. Never raises.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from sos.content.css_colours import NAMED_COLOURS
from sos.content.sanitize_vocabulary import words

MAX_VALUE = 500
"""Characters; the longest gradient of WordPress's own has 174."""

_MAX_LENGTH = 2000.0
_MAX_SHADOW = 200.0

# Only what these name is taken; no quote, brace, colon, semicolon, backslash or angle bracket is.
_TOKEN: Final = re.compile(
    r"(?P<hex>\#[0-9a-f]+\b)"
    r"|(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))(?P<unit>%|[a-z]*)(?![\w.])"
    r"|(?P<variable>var\(\s*--wp--preset--[a-z0-9-]{1,80}\s*\))"
    r"|(?P<function>[a-z][a-z0-9-]*)\("
    r"|(?P<word>[a-z][a-z0-9-]*)"
    r"|(?P<mark>/(?!\*)|\*(?!/)|[,+()-])"
    r"|(?P<space>\s+)",
    re.ASCII | re.IGNORECASE,
)

_COLOUR_FUNCTIONS: Final = words("rgb rgba hsl hsla hwb lab lch oklab oklch color-mix")
_COLOUR_WORDS: Final = frozenset(NAMED_COLOURS) | words("transparent currentcolor")
_MIXING_WORDS: Final = words(
    "in srgb srgb-linear lab oklab lch oklch hsl hwb xyz shorter longer hue none"
)
_GRADIENTS: Final = words(
    """
    linear-gradient radial-gradient conic-gradient repeating-linear-gradient
    repeating-radial-gradient repeating-conic-gradient
    """
)
_GRADIENT_WORDS: Final = words(
    """
    at bottom center circle closest-corner closest-side ellipse farthest-corner farthest-side from
    left right to top
    """
)
_CALCULATIONS: Final = words("calc clamp max min")
_LENGTHS: Final = words(
    "px em rem ch ex vw vh vi vb vmin vmax svw svh lvw lvh dvw dvh cqw cqi pt cm mm in %"
)
_ANGLES: Final = words("deg rad grad turn")
_SIZES: Final = words("xx-small x-small small medium large x-large xx-large smaller larger")


class _UnsoundError(ValueError):
    """The value is none of its kind."""


class _Item:
    """One value between the spaces and commas of the outermost level."""

    __slots__ = ("number", "text", "unit")

    def __init__(self, text: str, number: float | None = None, unit: str = "") -> None:
        self.text, self.number, self.unit = text, number, unit


def sound_colour(value: str) -> str:
    """One colour of CSS (Color 4 and 5), or a preset's; empty where it is none."""
    return _check(value, _COLOUR_FUNCTIONS, _MIXING_WORDS, _is_colour)


def sound_gradient(value: str) -> str:
    """Gradients (CSS Images 4), separated by commas; empty where there is anything else."""
    functions = _GRADIENTS | _COLOUR_FUNCTIONS | _CALCULATIONS
    return _check(value, functions, _GRADIENT_WORDS | _MIXING_WORDS, _is_gradient)


def sound_size(value: str) -> str:
    """A length from 0 to 2,000 of its unit, a calculation, or a size of type; else empty."""
    return _check(value, _CALCULATIONS, frozenset(), _is_size)


def sound_shadow(value: str) -> str:
    """Shadows of lengths up to 200 of a unit, so that none covers a page; else empty."""
    return _check(value, _COLOUR_FUNCTIONS, _MIXING_WORDS, _is_shadow)


# ---------------------------------------------------------------- within


def _is_colour(groups: list[list[_Item]]) -> bool:
    return len(groups) == 1 and len(groups[0]) == 1 and _names_colour(groups[0][0])


def _is_gradient(groups: list[list[_Item]]) -> bool:
    return all(len(g) == 1 and (g[0].text in _GRADIENTS or g[0].text == "var") for g in groups)


def _is_size(groups: list[list[_Item]]) -> bool:
    if len(groups) != 1 or len(groups[0]) != 1:
        return False
    (item,) = groups[0]
    if item.number is None:
        return item.text in _CALCULATIONS | _SIZES or item.text == "var"
    return 0 <= item.number <= _MAX_LENGTH and (item.unit in _LENGTHS or item.number == 0)


def _is_shadow(groups: list[list[_Item]]) -> bool:
    return all(map(_is_one_shadow, groups))


def _is_one_shadow(items: list[_Item]) -> bool:
    lengths = [i for i in items if i.number is not None]
    others = [i for i in items if i.number is None and i.text != "inset"]
    return (
        2 <= len(lengths) <= 4
        and all(abs(i.number or 0) <= _MAX_SHADOW for i in lengths)
        and all(i.unit in _LENGTHS - {"%"} or i.number == 0 for i in lengths)
        and len(items) - len(lengths) - len(others) <= 1
        and len(others) <= 1
        and all(map(_names_colour, others))
    )


def _names_colour(item: _Item) -> bool:
    return (
        item.text in _COLOUR_WORDS
        or item.text in _COLOUR_FUNCTIONS
        or item.text == "var"
        or (item.text.startswith("#") and len(item.text) in (4, 5, 7, 9))
    )


def _check(
    value: str,
    functions: frozenset[str],
    inner: frozenset[str],
    decide: Callable[[list[list[_Item]]], bool],
) -> str:
    """The value with single spaces, if all of it is known and ``decide`` takes its outermost level.

    ``functions`` may be called; ``inner`` may stand within them besides colours.
    """
    text = " ".join(value.split()) if len(value) <= MAX_VALUE else ""
    try:
        groups = _read(text, functions, inner)
    except _UnsoundError:
        return ""
    return text if all(groups) and decide(groups) else ""


def _read(text: str, functions: frozenset[str], inner: frozenset[str]) -> list[list[_Item]]:
    """The outermost level, in groups parted by commas. Raises _UnsoundError."""
    groups: list[list[_Item]] = [[]]
    depth = 0
    for token in _tokens(text):
        kind, said = token.lastgroup, token[0].lower()
        if kind == "space":
            continue
        if said == ")":
            depth -= 1
            if depth < 0:
                raise _UnsoundError
            continue
        if said == ",":
            if not depth:
                groups.append([])
            continue
        item = _item(token, functions, inner, depth)
        if item is not None and not depth:
            groups[-1].append(item)
        depth += said.endswith("(")
    if depth:
        raise _UnsoundError
    return groups


def _item(
    token: re.Match[str], functions: frozenset[str], inner: frozenset[str], depth: int
) -> _Item | None:
    """What a token says; None for an operator. Raises _UnsoundError where it may not stand."""
    if (number := token["number"]) is not None:
        unit = token["unit"].lower()
        if (unit and unit not in _LENGTHS | _ANGLES) or abs(float(number)) > _MAX_LENGTH:
            raise _UnsoundError
        return _Item("", float(number), unit)
    if token["variable"] is not None:
        return _Item("var")
    if (name := token["function"]) is not None:
        if name.lower() not in functions:
            raise _UnsoundError
        return _Item(name.lower())
    if (word := token["word"]) is not None:
        known = _COLOUR_WORDS | (inner if depth else _SIZES | {"inset"})
        if word.lower() not in known:
            raise _UnsoundError
        return _Item(word.lower())
    if token["hex"] is not None:
        return _Item(token["hex"])
    if not depth:
        raise _UnsoundError
    return None


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """All of the text as tokens. Raises _UnsoundError where there is anything else."""
    end = 0
    while end < len(text):
        token = _TOKEN.match(text, end)
        if token is None:
            raise _UnsoundError
        yield token
        end = token.end()
