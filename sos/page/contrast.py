"""How well two colours can be told apart, and what to make of one so that it can be read.

In: colours of CSS. Out: numbers as WCAG 2.2 defines them, and colours as six hexadecimal digits.
Pure; a colour that no number can be had of (`currentcolor`, what lets another shine through, the
wider spaces of CSS Color 4) is none.
"""

import colorsys
import re
from typing import Final, NamedTuple

from sos.content.css_colours import NAMED_COLOURS

READABLE: Final = 4.5
"""Contrast that text needs (WCAG 2.2, success criterion 1.4.3, level AA)."""


class Rgb(NamedTuple):
    """An opaque colour of sRGB; 0 to 255."""

    red: float
    green: float
    blue: float

    @property
    def css(self) -> str:
        """``#0a5c63``."""
        return "#" + "".join(f"{round(part):02x}" for part in self)


BLACK: Final = Rgb(0, 0, 0)
WHITE: Final = Rgb(255, 255, 255)


def parse_rgb(value: str) -> Rgb | None:
    """An opaque colour: hexadecimal, a name, ``rgb()`` or ``hsl()`` of plain numbers; else None."""
    text = value.strip().lower()
    text = f"#{NAMED_COLOURS[text]}" if text in NAMED_COLOURS else text
    if text.startswith("#"):
        return _parse_hex(text[1:])
    call = _CALL.fullmatch(text)
    if call is None:
        return None
    parts = [p for p in _BETWEEN.split(call["parts"]) if p]
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] not in ("1", "1.0", "100%")):
        return None
    numbers = [float(p.rstrip("%deg")) for p in parts[:3] if _NUMBER.fullmatch(p)]
    if len(numbers) < 3:
        return None
    if call["name"].startswith("hsl"):
        hue, saturation, lightness = numbers
        mixed = colorsys.hls_to_rgb(hue % 360 / 360, _part(lightness), _part(saturation))
        return Rgb(*(255 * part for part in mixed))
    scale = 2.55 if "%" in parts[0] else 1.0
    return Rgb(*(min(max(n * scale, 0.0), 255.0) for n in numbers))


def contrast(one: Rgb, other: Rgb) -> float:
    """From 1, the same, to 21, black and white (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Rgb) -> float:
    """From 0, black, to 1, white (WCAG 2.2, "relative luminance")."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (part / 255 for part in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def is_readable(ink: Rgb, *grounds: Rgb) -> bool:
    """Whether text of this colour can be read on each of the grounds."""
    return all(contrast(ink, ground) >= READABLE for ground in grounds)


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """``share``, from 0 to 1, of the other and the rest of the one, as whole numbers."""
    pairs = zip(one, other, strict=True)
    return Rgb(*(float(round(a + (b - a) * share)) for a, b in pairs))


def adapt(colour: Rgb, ground: Rgb) -> Rgb:
    """The colour itself, or the nearest lighter or darker one that can be read on the ground."""
    towards = WHITE if contrast(WHITE, ground) >= contrast(BLACK, ground) else BLACK
    steps = (mix(colour, towards, step / 20) for step in range(20))
    return next((found for found in steps if is_readable(found, ground)), towards)


# ---------------------------------------------------------------- within

_CALL: Final = re.compile(r"(?P<name>rgba?|hsla?)\((?P<parts>[^()]*)\)")
_BETWEEN: Final = re.compile(r"[\s,/]+")
_NUMBER: Final = re.compile(r"-?(?:[0-9]{1,4}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(?:%|deg)?")


def _parse_hex(digits: str) -> Rgb | None:
    if len(digits) in (3, 4):
        digits = "".join(2 * digit for digit in digits)
    if len(digits) == 8 and digits.endswith("ff"):
        digits = digits[:6]
    if len(digits) != 6 or not all(digit in "0123456789abcdef" for digit in digits):
        return None
    return Rgb(*(float(int(digits[i : i + 2], 16)) for i in (0, 2, 4)))


def _part(percent: float) -> float:
    return min(max(percent / 100, 0.0), 1.0)
