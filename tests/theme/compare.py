"""Two pictures of a page in, what differs out; and a page of HTML that shows it. Pure but for files.

A pixel differs when it is outside of what its neighbours in the other picture are, by more than
another version of the browser or a rounded half pixel would explain. That is judged in small
squares, so that one lost colour counts on a long page.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops, ImageFilter

NOISE = 28
"""Steps of 255 that a channel may be off: the baseline has few colours."""

SQUARE = 8
"""Pixels of a side of the squares that are judged one by one."""

SPOILED = 0.08
"""The part of a square that may differ."""

TALLER = 0.01
"""How much taller or shorter a page may be: line boxes are rounded differently here and there."""


class Difference(NamedTuple):
    """What is wrong with one picture; ``marked`` shows where."""

    name: str
    reason: str
    before: Image.Image | None
    after: Image.Image | None
    marked: Image.Image | None


def compare_pictures(
    name: str, before: Image.Image, after: Image.Image, noise: int = NOISE
) -> Difference | None:
    """None when they look alike."""
    was, now = before.height, after.height
    if before.width != after.width:
        return Difference(name, f"is {after.width} wide, was {before.width}", before, after, None)
    taller = abs(was - now) > max(2, was * TALLER)
    reason = f"is {now} pixels tall, was {was}" if taller else ""
    size = (after.width, min(was, now))
    old, new = before.convert("RGB").crop((0, 0, *size)), after.convert("RGB").crop((0, 0, *size))
    differing = ImageChops.lighter(_excess(old, new), _excess(new, old))
    mask = differing.point(lambda value: 255 if value > noise else 0)
    squares = mask.reduce(SQUARE).point(lambda value: 255 if value > 255 * SPOILED else 0)
    spoiled = squares.histogram()[255]
    if not (spoiled or reason):
        return None
    reason = reason or f"{spoiled} of {squares.width * squares.height} squares differ"
    marked = Image.composite(Image.new("RGB", size, "#e0115f"), _faded(new), mask)
    return Difference(name, reason, before, after, marked)


def _excess(one: Image.Image, other: Image.Image) -> Image.Image:
    """How far each pixel of ``one`` is outside of the range of its neighbourhood in ``other``."""
    low, high = other.filter(ImageFilter.MinFilter(3)), other.filter(ImageFilter.MaxFilter(3))
    outside = ImageChops.lighter(ImageChops.subtract(one, high), ImageChops.subtract(low, one))
    red, green, blue = outside.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _faded(picture: Image.Image) -> Image.Image:
    grey = picture.convert("L").convert("RGB")
    return Image.blend(grey, Image.new("RGB", picture.size, "white"), 0.6)


def write_report(folder: Path, differences: Sequence[Difference], renew: str) -> Path:
    """One HTML file with before, after and difference of each, largest first; its path."""
    rows = []
    for difference in differences:
        sides = {
            "before": difference.before,
            "after": difference.after,
            "difference": difference.marked,
        }
        figures = "".join(_figure(label, picture) for label, picture in sides.items())
        title = html.escape(f"{difference.name}: {difference.reason}")
        rows.append(f"<section><h2>{title}</h2><div>{figures}</div></section>")
    text = (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>What looks different</title>'
        "<style>body{font:16px sans-serif;margin:2rem}section div{display:flex;gap:1rem;"
        "align-items:start;overflow-x:auto}figure{margin:0}img{border:1px solid #999}</style>"
        f"<h1>What looks different: {len(rows)}</h1><p>Letters are drawn as bars. Where all of it "
        f"is meant to be so: <code>{html.escape(renew)}</code></p>{''.join(rows)}</html>"
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "differences.html"
    path.write_text(text, encoding="utf-8")
    return path


def _figure(label: str, picture: Image.Image | None) -> str:
    if picture is None:
        return f"<figure><figcaption>{label}: none</figcaption></figure>"
    out = io.BytesIO()
    picture.save(out, "PNG")
    data = base64.b64encode(out.getvalue()).decode()
    source = f"data:image/png;base64,{data}"
    return (
        f'<figure><figcaption>{label}</figcaption><img src="{source}" alt="{label}" '
        f'width="{picture.width}" height="{picture.height}"></figure>'
    )


def compare_with_baseline(
    folder: Path, pictures: Mapping[str, Image.Image]
) -> tuple[Difference, ...]:
    """What differs from the files of ``folder``; pictures that only one side has differ, too."""
    known = {path.stem: path for path in folder.glob("*.png")}
    found: list[Difference] = []
    for name, picture in pictures.items():
        if name not in known:
            found.append(Difference(name, "is new", None, picture, None))
            continue
        with Image.open(known[name]) as before:
            if difference := compare_pictures(name, before.convert("RGB"), picture):
                found.append(difference)
    return tuple(found)
