"""A font in which every letter is a bar: nothing in, the bytes of a TrueType font out. Pure.

Pages set in it take the same room on every machine, whatever fonts are installed, and a picture of
them shows weight, size, colour and place of all text. Bold has taller bars, code has wider ones.
Tables as OpenType 1.9 has them; Chromium takes no font without any of these.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence

UNITS = 1000
ASCENT, DESCENT = 900, -250
BAR, BLANK = 1, 2
"""Glyphs: 0 stands for what a font does not have, which is nothing here."""

# Format 13 maps whole ranges to one glyph: (first, last, glyph).
RANGES = (
    (0x20, 0x20, BLANK),
    (0x21, 0x9F, BAR),
    (0xA0, 0xA0, BLANK),
    (0xA1, 0x1FFF, BAR),
    (0x2000, 0x200B, BLANK),
    (0x200C, 0x10FFFF, BAR),
)


def build_font(width: int, height: int) -> bytes:
    """A font whose bars are so high and whose letters so wide, in thousandths of the font size."""
    bar = _bar(width, height)
    tables = {
        b"OS/2": _os2(width),
        b"cmap": _cmap(),
        b"glyf": bar,
        b"head": _head(width, height),
        b"hhea": struct.pack(
            ">IhhhHhhhhhh8xhH", 0x10000, ASCENT, DESCENT, 0, width, 0, 0, width, 1, 0, 0, 0, 3
        ),
        b"hmtx": struct.pack(">Hh", width, 0) * 3,
        b"loca": struct.pack(">4I", 0, 0, len(bar), len(bar)),
        b"maxp": struct.pack(">IH13H", 0x10000, 3, 4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
        b"name": _name("Bars"),
        b"post": struct.pack(">IIhhI16x", 0x30000, 0, -100, 50, 0),
    }
    return _assemble(tables)


def build_font_css(family: str = "Bars", code: str = "Wide Bars") -> str:
    """Style rules that set a whole page in bars: regular, bold, and wide ones for code."""
    faces = (
        (family, "100 599", 500, 430),
        (family, "600 900", 540, 640),
        (code, "100 900", 620, 430),
    )
    css = []
    for name, weights, width, height in faces:
        data = base64.b64encode(build_font(width, height)).decode()
        css.append(
            f'@font-face {{ font-family: "{name}"; font-weight: {weights}; '
            f"src: url(data:font/ttf;base64,{data}); }}"
        )
    # Without hinting, which each system has its own settings of, letters are as wide everywhere.
    css.append(
        f'*, ::before, ::after {{ font-family: "{family}" !important; '
        "text-rendering: geometricPrecision !important; }"
    )
    css.append(f':is(code, kbd, pre, samp, tt) {{ font-family: "{code}" !important; }}')
    return "\n".join(css)


def _bar(width: int, height: int) -> bytes:
    right = width - 60
    flags = bytes([1, 1, 1, 1])  # on the curve, coordinates of two bytes
    xs = struct.pack(">4h", 30, 0, right - 30, 0)
    ys = struct.pack(">4h", 0, height, 0, -height)
    outline = struct.pack(">hhhhh", 1, 30, 0, right, height) + struct.pack(">HH", 3, 0)
    return _padded(outline + flags + xs + ys)


def _cmap() -> bytes:
    groups = b"".join(struct.pack(">III", *group) for group in RANGES)
    subtable = struct.pack(">HHIII", 13, 0, 16 + len(groups), 0, len(RANGES)) + groups
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + subtable


def _head(width: int, height: int) -> bytes:
    return struct.pack(
        ">IIIIHHQQhhhhHHhhh",
        0x10000, 0x10000, 0, 0x5F0F3CF5, 0, UNITS, 0, 0, 0, 0, width, height, 0, 8, 2, 1, 0,
    )  # fmt: skip


def _os2(width: int) -> bytes:
    start = struct.pack(">HhHHH", 4, width, 400, 5, 0)
    shifts = struct.pack(">10hh", 650, 600, 0, 75, 650, 600, 0, 350, 50, 250, 0)
    ranges = bytes(10) + struct.pack(">IIII", 1, 0, 0, 0) + b"SOS "
    limits = struct.pack(">HHH", 0x40, 0x20, 0xFFFF)
    lines = struct.pack(">hhhHH", ASCENT, DESCENT, 0, ASCENT, -DESCENT)
    pages = struct.pack(">II", 1, 0)
    return (
        start + shifts + ranges + limits + lines + pages + struct.pack(">hhHHH", 430, 640, 0, 32, 1)
    )


def _name(family: str) -> bytes:
    texts = {1: family, 2: "Regular", 3: family, 4: family, 6: family}
    records, storage = b"", b""
    for number, text in texts.items():
        encoded = text.encode("utf-16-be")
        records += struct.pack(">6H", 3, 1, 0x409, number, len(encoded), len(storage))
        storage += encoded
    return struct.pack(">HHH", 0, len(texts), 6 + len(records)) + records + storage


def _assemble(tables: dict[bytes, bytes]) -> bytes:
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    header = struct.pack(
        ">IHHHH", 0x10000, count, power * 16, power.bit_length() - 1, (count - power) * 16
    )
    place, records, body = 12 + 16 * count, b"", b""
    for tag, content in sorted(tables.items()):
        padded = _padded(content)
        records += struct.pack(">4sIII", tag, _checksum(padded), place + len(body), len(content))
        body += padded
    return header + records + body


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)


def _checksum(padded: bytes) -> int:
    words: Sequence[int] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
