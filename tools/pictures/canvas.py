"""Plain shapes go in, a flat-style picture comes out: the drawing surface of the sample pictures.

All coordinates are in the units of the finished picture (1600 wide); the surface itself is larger,
and scaling down at the end makes the edges smooth. Knows nothing of boats or houses.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageOps

Point = tuple[float, float]
Stops = Sequence[tuple[float, str]]
Color = tuple[int, int, int]

OVERSAMPLING = 2


def rgb(color: str) -> Color:
    """A CSS colour as numbers."""
    red, green, blue, *_ = ImageColor.getrgb(color)
    return red, green, blue


def mix(one: str, other: str, share: float) -> str:
    """``one`` with ``share`` (0 to 1) of ``other`` in it."""
    pairs = zip(rgb(one), rgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def color_at(stops: Stops, position: float) -> Color:
    """The colour of a gradient at ``position`` (0 to 1)."""
    for (a, first), (b, second) in pairwise(stops):
        if position <= b:
            return rgb(mix(first, second, max(0.0, (position - a) / ((b - a) or 1))))
    return rgb(stops[-1][1])


class Canvas:
    """A picture in the making. ``alpha`` is 0 (not there) to 1 everywhere."""

    def __init__(self, width: int = 1600, height: int = 1067) -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGBA", (width * OVERSAMPLING, height * OVERSAMPLING))

    # ------------------------------------------------------------ fills

    def gradient(self, stops: Stops, top: float = 0, bottom: float | None = None) -> None:
        """A vertical gradient over the full width between two heights."""
        bottom = self.height if bottom is None else bottom
        strip = self._gradient_image(stops, bottom - top, (self.image.width, _px(bottom - top)))
        self.image.paste(strip, (0, _px(top)))

    def polygon(self, points: Sequence[Point], fill: str | Stops, alpha: float = 1) -> None:
        """A filled polygon in one colour, or in a gradient from its top to its bottom."""
        self._stamp(
            points,
            fill,
            alpha,
            lambda draw, shift: draw.polygon([shift(p) for p in points], fill=255),
        )

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str | Stops,
        alpha: float = 1,
        radius: float = 0,
    ) -> None:
        """A rectangle, with round corners if wanted."""
        corners = [(x, y), (x + width, y + height)]

        def paint(draw: ImageDraw.ImageDraw, shift: Callable[[Point], Point]) -> None:
            box = [shift(corners[0]), shift(corners[1])]
            draw.rounded_rectangle(box, radius * OVERSAMPLING, fill=255)

        self._stamp(corners, fill, alpha, paint)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, fill: str | Stops, alpha: float = 1
    ) -> None:
        """An ellipse around its middle."""
        corners = [(x - rx, y - ry), (x + rx, y + ry)]
        self._stamp(
            corners,
            fill,
            alpha,
            lambda draw, shift: draw.ellipse([shift(corners[0]), shift(corners[1])], fill=255),
        )

    def circle(
        self, x: float, y: float, radius: float, fill: str | Stops, alpha: float = 1
    ) -> None:
        """A circle around its middle."""
        self.ellipse(x, y, radius, radius, fill, alpha)

    def pills(
        self, boxes: Sequence[tuple[float, float, float, float]], fill: str, alpha: float
    ) -> None:
        """Several (x, y, width, height) with round ends as one shape, without seams."""
        corners = [(x, y) for x, y, _, _ in boxes] + [(x + w, y + h) for x, y, w, h in boxes]
        low = (min(p[0] for p in corners), min(p[1] for p in corners))
        high = (max(p[0] for p in corners), max(p[1] for p in corners))

        def paint(draw: ImageDraw.ImageDraw, shift: Callable[[Point], Point]) -> None:
            for x, y, width, height in boxes:
                box = [shift((x, y)), shift((x + width, y + height))]
                draw.rounded_rectangle(box, min(width, height) / 2 * OVERSAMPLING, fill=255)

        self._stamp([low, high], fill, alpha, paint)

    def line(self, points: Sequence[Point], color: str, width: float = 2, alpha: float = 1) -> None:
        """A line with round joints and ends."""
        pad = width
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        corners = [(min(xs) - pad, min(ys) - pad), (max(xs) + pad, max(ys) + pad)]
        size = max(1, round(width * OVERSAMPLING))

        def paint(draw: ImageDraw.ImageDraw, shift: Callable[[Point], Point]) -> None:
            moved = [shift(p) for p in points]
            draw.line(moved, fill=255, width=size, joint="curve")
            for x, y in (moved[0], moved[-1]):
                draw.ellipse([x - size / 2, y - size / 2, x + size / 2, y + size / 2], fill=255)

        self._stamp(corners, color, alpha, paint)

    def glow(self, x: float, y: float, radius: float, color: str, alpha: float = 0.6) -> None:
        """Soft light around a point."""
        size = 256
        disc = ImageOps.invert(Image.radial_gradient("L")).resize((size, size))
        disc = disc.point(
            [round(max(0, v - 74) * 255 / 181 * (v / 255) * alpha) for v in range(256)]
        )
        mask = disc.resize((_px(2 * radius), _px(2 * radius)), Image.Resampling.BICUBIC)
        layer = Image.new("RGBA", mask.size, rgb(color))
        layer.putalpha(mask)
        self._composite(layer, _px(x - radius), _px(y - radius))

    # ------------------------------------------------------------ nature

    def ridge(
        self, base: float, height: float, seed: int, fill: str | Stops, waves: float = 2.0
    ) -> list[Point]:
        """Rolling hills from edge to edge; returns their outline."""
        random = Random(seed)
        parts = [
            (waves * k * random.uniform(0.8, 1.25), random.uniform(0, math.tau), 1 / k**1.3)
            for k in (1, 2, 3.3)
        ]
        outline = []
        for step in range(161):
            x = self.width * step / 160
            swing = sum(w * math.sin(f * math.tau * step / 160 + p) for f, p, w in parts)
            outline.append((x, base - height * (0.5 + 0.36 * swing)))
        self.polygon([(0, self.height), *outline, (self.width, self.height)], fill)
        return outline

    def ripples(
        self, top: float, bottom: float, seed: int, color: str, count: int = 90, alpha: float = 0.3
    ) -> None:
        """Short level strokes on water, finer in the distance."""
        random = Random(seed)
        for _ in range(count):
            depth = random.random() ** 1.4
            y = top + (bottom - top) * depth
            length = 14 + 130 * depth * random.uniform(0.5, 1.2)
            x = random.uniform(-60, self.width)
            thick = 1.2 + 4.5 * depth
            self.rect(x, y, length, thick, color, alpha * random.uniform(0.4, 1), radius=thick / 2)

    def glitter(
        self, x: float, top: float, bottom: float, seed: int, color: str, spread: float = 150
    ) -> None:
        """The path of light that a low sun or the moon lays on water."""
        random = Random(seed)
        for step in range(70):
            depth = step / 69
            y = top + (bottom - top) * depth**1.3
            reach = 24 + spread * depth
            length = random.uniform(0.25, 0.9) * reach
            thick = 1.6 + 5 * depth
            middle = x + random.uniform(-0.5, 0.5) * reach
            self.rect(
                middle - length / 2,
                y,
                length,
                thick,
                color,
                (1 - depth) * 0.75 + 0.12,
                radius=thick / 2,
            )

    def reflect(self, line: float, depth: float, seed: int, tint: str, strength: float) -> None:
        """Mirror what stands above the water ``line`` into the water below it, with ripples."""
        random = Random(seed)
        top, rows = _px(line), _px(depth)
        mirror = ImageOps.flip(self.image.crop((0, top - rows, self.image.width, top)))
        cover = Image.new("RGBA", mirror.size, rgb(tint))
        mirror = Image.blend(mirror, cover, 1 - strength)
        band = 6
        for row in range(0, rows, band):
            swing = (2 + 10 * row / rows) * OVERSAMPLING
            shift = round(math.sin(row / 23 + random.uniform(-0.2, 0.2)) * swing)
            strip = mirror.crop((0, row, mirror.width, row + band))
            fade = Image.new("L", strip.size, round(235 * (1 - row / rows) ** 0.8))
            self.image.paste(strip, (shift, top + row), fade)

    # ------------------------------------------------------------ the end

    def finish(self) -> Image.Image:
        """The picture at its true size."""
        return self.image.convert("RGB").resize((self.width, self.height), Image.Resampling.LANCZOS)

    def finish_transparent(self) -> Image.Image:
        """The same, where nothing was drawn it stays transparent."""
        return self.image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def blur(self, radius: float) -> None:
        """Soften everything drawn so far."""
        self.image = self.image.filter(ImageFilter.GaussianBlur(radius * OVERSAMPLING))

    # ------------------------------------------------------------ within

    def _stamp(
        self,
        points: Sequence[Point],
        fill: str | Stops,
        alpha: float,
        paint: Callable[[ImageDraw.ImageDraw, Callable[[Point], Point]], None],
    ) -> None:
        left = math.floor(min(p[0] for p in points)) - 1
        top = math.floor(min(p[1] for p in points)) - 1
        width = math.ceil(max(p[0] for p in points)) + 1 - left
        height = math.ceil(max(p[1] for p in points)) + 1 - top
        mask = Image.new("L", (_px(width), _px(height)))
        paint(
            ImageDraw.Draw(mask),
            lambda p: ((p[0] - left) * OVERSAMPLING, (p[1] - top) * OVERSAMPLING),
        )
        if alpha < 1:
            mask = mask.point([round(v * alpha) for v in range(256)])
        if isinstance(fill, str):
            layer = Image.new("RGBA", mask.size, rgb(fill))
        else:
            layer = self._gradient_image(fill, height, mask.size).convert("RGBA")
        layer.putalpha(mask)
        self._composite(layer, _px(left), _px(top))

    def _composite(self, layer: Image.Image, left: int, top: int) -> None:
        x0, y0 = max(0, left), max(0, top)
        x1 = min(self.image.width, left + layer.width)
        y1 = min(self.image.height, top + layer.height)
        if x1 <= x0 or y1 <= y0:
            return
        part = layer.crop((x0 - left, y0 - top, x1 - left, y1 - top))
        self.image.alpha_composite(part, (x0, y0))

    @staticmethod
    def _gradient_image(stops: Stops, height: float, size: tuple[int, int]) -> Image.Image:
        rows = max(2, round(height))
        strip = Image.new("RGB", (1, rows))
        strip.putdata([color_at(stops, row / (rows - 1)) for row in range(rows)])
        return strip.resize(size, Image.Resampling.BILINEAR)


def _px(value: float) -> int:
    return max(1, round(value * OVERSAMPLING)) if value > 0 else round(value * OVERSAMPLING)
