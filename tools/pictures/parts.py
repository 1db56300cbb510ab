"""Boats, houses, trees and clouds, drawn onto a canvas at a place and size that the scene gives."""

import math
from random import Random

from tools.pictures.canvas import Canvas, Point, mix

HOUSE_COLORS = (
    "#d96c4f",
    "#e8b04b",
    "#f3e3c3",
    "#6fa3a8",
    "#c94f4f",
    "#8fb08c",
    "#e9d2a6",
    "#4f7c8a",
)


def cloud(c: Canvas, x: float, y: float, size: float, color: str, alpha: float = 0.9) -> None:
    """A flat-bottomed cloud; ``size`` is its width."""
    boxes = (
        (x, y, size, size * 0.13),
        (x + size * 0.16, y - size * 0.09, size * 0.56, size * 0.19),
        (x + size * 0.3, y - size * 0.17, size * 0.26, size * 0.26),
    )
    c.pills(boxes, color, alpha)


def gull(c: Canvas, x: float, y: float, size: float, color: str) -> None:
    """A gull in flight, two strokes."""
    for side in (-1, 1):
        bow = [
            (x + side * size * t, y - size * 0.42 * math.sin(math.pi * t**0.8)) for t in _steps(10)
        ]
        c.line(bow, color, max(1.6, size * 0.11))


def pine(c: Canvas, x: float, y: float, size: float, color: str) -> None:
    """A conifer standing at (x, y); ``size`` is its height."""
    c.rect(x - size * 0.035, y - size * 0.2, size * 0.07, size * 0.2, mix(color, "#3b2a20", 0.7))
    for level in range(3):
        low, wide = y - size * (0.13 + 0.24 * level), size * (0.3 - 0.07 * level)
        tip = (x, low - size * 0.42)
        c.polygon([(x - wide, low), tip, (x + wide, low)], color)
        c.polygon([(x, low), tip, (x + wide, low)], mix(color, "#000000", 0.12))


def tree(c: Canvas, x: float, y: float, size: float, color: str) -> None:
    """A round tree standing at (x, y)."""
    c.rect(x - size * 0.04, y - size * 0.45, size * 0.08, size * 0.45, "#5a4334")
    c.ellipse(x, y - size * 0.64, size * 0.31, size * 0.36, color)
    c.ellipse(x + size * 0.1, y - size * 0.6, size * 0.2, size * 0.28, mix(color, "#000000", 0.1))
    c.ellipse(
        x - size * 0.1, y - size * 0.74, size * 0.12, size * 0.14, mix(color, "#ffffff", 0.16)
    )


def house(
    c: Canvas,
    x: float,
    ground: float,
    width: float,
    height: float,
    color: str,
    seed: int,
    lit: float = 0.0,
    glass: str = "#35505e",
    night: float = 0.0,
) -> None:
    """A gabled house; ``lit`` is the share of windows with light, ``night`` darkens the walls."""
    random = Random(seed)
    wall = mix(color, "#10203a", night)
    roof = mix(random.choice(("#7a3b32", "#4b4f5c", "#8a5a3c", "#5d3f46")), "#10203a", night)
    top, peak = ground - height, ground - height - width * random.uniform(0.42, 0.6)
    if random.random() < 0.6:
        c.rect(
            x + width * 0.68,
            peak + width * 0.06,
            width * 0.1,
            width * 0.3,
            mix(roof, "#000000", 0.25),
        )
    c.rect(x, top, width, height, wall)
    c.polygon([(x, top), (x + width / 2, peak), (x + width, top)], wall)
    c.rect(x + width * 0.8, top, width * 0.2, height, "#000000", 0.08)
    eave = width * 0.07
    c.polygon(
        [
            (x - eave, top + eave),
            (x + width / 2, peak),
            (x + width / 2, peak - eave * 1.5),
            (x - eave * 1.6, top),
        ],
        roof,
    )
    c.polygon(
        [
            (x + width + eave, top + eave),
            (x + width / 2, peak),
            (x + width / 2, peak - eave * 1.5),
            (x + width + eave * 1.6, top),
        ],
        mix(roof, "#000000", 0.16),
    )
    c.circle(x + width / 2, top - width * 0.14, width * 0.075, glass)
    rows = max(1, round(height / (width * 0.52)))
    pane_w, pane_h = width * 0.2, min(width * 0.27, height / rows * 0.55)
    for row in range(rows):
        for column in range(2):
            px = x + width * (0.17 + 0.46 * column)
            py = top + height * (row + 0.24) / rows
            if row == rows - 1 and column == 1:
                continue
            shine = "#ffd98a" if random.random() < lit else glass
            c.rect(
                px - 3,
                py - 3,
                pane_w + 6,
                pane_h + 6,
                mix(wall, "#ffffff", 0.5 * (1 - night)),
                radius=2,
            )
            c.rect(px, py, pane_w, pane_h, shine)
            c.line(
                [(px + pane_w / 2, py), (px + pane_w / 2, py + pane_h)],
                mix(wall, "#ffffff", 0.4 * (1 - night)),
                1.6,
            )
            if shine == "#ffd98a" and night:
                c.glow(px + pane_w / 2, py + pane_h / 2, width * 0.34, "#ffc766", 0.35)
    door_h = min(height / rows * 0.78, width * 0.5)
    c.rect(
        x + width * 0.6, ground - door_h, width * 0.22, door_h, mix(roof, "#1e2a38", 0.35), radius=2
    )


def sailboat(c: Canvas, x: float, y: float, size: float, sail: str, hull: str) -> None:
    """A sailing boat whose waterline is at (x, y); ``size`` is its height."""
    c.line([(x, y - size * 0.14), (x, y - size)], mix(hull, "#2b1d16", 0.5), max(2, size * 0.018))
    main = [
        (x + size * 0.03, y - size * 0.97),
        *_bow((x + size * 0.03, y - size * 0.97), (x + size * 0.36, y - size * 0.2), 0.12),
        (x + size * 0.03, y - size * 0.2),
    ]
    c.polygon(main, sail)
    c.polygon(
        [
            (x - size * 0.03, y - size * 0.86),
            *_bow((x - size * 0.03, y - size * 0.86), (x - size * 0.27, y - size * 0.2), -0.1),
            (x - size * 0.03, y - size * 0.2),
        ],
        mix(sail, "#000000", 0.12),
    )
    deck = y - size * 0.13
    c.polygon(
        [
            (x - size * 0.33, deck),
            (x + size * 0.38, deck),
            (x + size * 0.26, y),
            (x - size * 0.24, y),
        ],
        hull,
    )
    c.rect(x - size * 0.32, deck, size * 0.69, size * 0.028, mix(hull, "#ffffff", 0.55))


def ferry(c: Canvas, x: float, y: float, size: float, hull: str, band: str) -> None:
    """A small double-ended car ferry; ``size`` its length, (x, y) the middle of its waterline."""
    s = size
    c.polygon(
        [
            (x - s * 0.5, y - s * 0.13),
            (x + s * 0.5, y - s * 0.13),
            (x + s * 0.43, y),
            (x - s * 0.43, y),
        ],
        hull,
    )
    c.polygon(
        [
            (x - s * 0.455, y - s * 0.045),
            (x + s * 0.455, y - s * 0.045),
            (x + s * 0.43, y),
            (x - s * 0.43, y),
        ],
        mix(hull, "#000000", 0.35),
    )
    c.rect(x - s * 0.5, y - s * 0.14, s, s * 0.022, band)
    c.rect(x - s * 0.34, y - s * 0.235, s * 0.68, s * 0.1, "#f7f1e3", radius=s * 0.012)
    for i in range(9):
        c.rect(
            x - s * 0.31 + i * s * 0.071, y - s * 0.215, s * 0.048, s * 0.04, "#2f5266", radius=3
        )
    c.rect(x - s * 0.23, y - s * 0.305, s * 0.46, s * 0.075, "#fffaf0", radius=s * 0.012)
    for i in range(6):
        c.rect(x - s * 0.2 + i * s * 0.07, y - s * 0.288, s * 0.048, s * 0.034, "#2f5266", radius=3)
    c.rect(x - s * 0.09, y - s * 0.37, s * 0.18, s * 0.07, "#f7f1e3", radius=s * 0.014)
    c.rect(x - s * 0.075, y - s * 0.352, s * 0.15, s * 0.03, "#2f5266", radius=3)
    c.rect(x + s * 0.13, y - s * 0.42, s * 0.055, s * 0.12, band, radius=3)
    c.rect(x + s * 0.13, y - s * 0.42, s * 0.055, s * 0.03, "#22313f", radius=3)
    c.line([(x, y - s * 0.37), (x, y - s * 0.47)], "#22313f", s * 0.006)
    c.polygon([(x, y - s * 0.47), (x - s * 0.06, y - s * 0.452), (x, y - s * 0.434)], band)
    c.line([(x - s * 0.34, y - s * 0.16), (x - s * 0.49, y - s * 0.16)], "#f7f1e3", s * 0.006)
    c.line([(x + s * 0.34, y - s * 0.16), (x + s * 0.49, y - s * 0.16)], "#f7f1e3", s * 0.006)


def trawler(c: Canvas, x: float, y: float, size: float, hull: str, night: float = 0.0) -> None:
    """A fishing boat; ``size`` is its length, ``night`` darkens what is painted light."""
    s = size

    def dim(color: str) -> str:
        return mix(color, "#0b1730", night)

    c.line([(x + s * 0.12, y - s * 0.2), (x + s * 0.12, y - s * 0.72)], "#3d2f2a", s * 0.016)
    c.line([(x + s * 0.12, y - s * 0.68), (x + s * 0.44, y - s * 0.26)], "#3d2f2a", s * 0.008)
    c.line([(x + s * 0.12, y - s * 0.68), (x - s * 0.42, y - s * 0.2)], "#3d2f2a", s * 0.006)
    c.rect(x - s * 0.27, y - s * 0.4, s * 0.26, s * 0.24, dim("#f6ead2"), radius=s * 0.015)
    c.rect(x - s * 0.3, y - s * 0.425, s * 0.32, s * 0.04, dim("#b5483a"), radius=s * 0.015)
    for i in range(3):
        c.rect(
            x - s * 0.25 + i * s * 0.078,
            y - s * 0.36,
            s * 0.056,
            s * 0.07,
            "#ffd98a" if night else "#35505e",
            radius=2,
        )
    c.polygon(
        [
            (x - s * 0.46, y - s * 0.18),
            (x + s * 0.2, y - s * 0.16),
            (x + s * 0.52, y - s * 0.27),
            (x + s * 0.38, y),
            (x - s * 0.4, y),
        ],
        hull,
    )
    c.polygon(
        [
            (x - s * 0.46, y - s * 0.18),
            (x + s * 0.2, y - s * 0.16),
            (x + s * 0.52, y - s * 0.27),
            (x + s * 0.505, y - s * 0.235),
            (x + s * 0.2, y - s * 0.125),
            (x - s * 0.455, y - s * 0.145),
        ],
        dim(mix(hull, "#ffffff", 0.6)),
    )
    c.polygon(
        [
            (x - s * 0.415, y - s * 0.045),
            (x + s * 0.405, y - s * 0.045),
            (x + s * 0.38, y),
            (x - s * 0.4, y),
        ],
        dim("#9c3b2f"),
    )


def lighthouse(c: Canvas, x: float, y: float, size: float) -> None:
    """A banded lighthouse of height ``size`` standing at (x, y)."""
    s = size

    def half(t: float) -> float:
        return s * (0.115 - 0.05 * t)

    bands = 5
    for i in range(bands):
        a, b = i / bands * 0.78, (i + 1) / bands * 0.78
        color = "#f7efe0" if i % 2 == 0 else "#cf4b3c"
        c.polygon(
            [
                (x - half(a), y - s * a),
                (x + half(a), y - s * a),
                (x + half(b), y - s * b),
                (x - half(b), y - s * b),
            ],
            color,
        )
        c.polygon(
            [
                (x + half(a) * 0.25, y - s * a),
                (x + half(a), y - s * a),
                (x + half(b), y - s * b),
                (x + half(b) * 0.25, y - s * b),
            ],
            "#16202c",
            0.16,
        )
    for i in range(3):
        c.rect(
            x - s * 0.014, y - s * (0.2 + 0.2 * i), s * 0.028, s * 0.05, "#2b3a45", radius=s * 0.012
        )
    c.rect(x - s * 0.036, y - s * 0.075, s * 0.07, s * 0.075, "#2b3a45", radius=s * 0.03)
    c.rect(x - s * 0.1, y - s * 0.8, s * 0.2, s * 0.028, "#2b3a45", radius=s * 0.01)
    c.rect(x - s * 0.048, y - s * 0.895, s * 0.096, s * 0.1, "#ffe9a8")
    for i in range(4):
        c.line(
            [
                (x - s * 0.048 + i * s * 0.032, y - s * 0.895),
                (x - s * 0.048 + i * s * 0.032, y - s * 0.8),
            ],
            "#2b3a45",
            s * 0.007,
        )
    c.polygon(
        [(x - s * 0.068, y - s * 0.89), (x, y - s * 0.965), (x + s * 0.068, y - s * 0.89)],
        "#cf4b3c",
    )
    c.line([(x, y - s * 0.96), (x, y - s)], "#2b3a45", s * 0.009)


def lamp(c: Canvas, x: float, ground: float, size: float, color: str, glow: float = 0.0) -> None:
    """A street lamp."""
    c.line([(x, ground), (x, ground - size)], color, max(3, size * 0.025))
    c.rect(
        x - size * 0.05,
        ground - size * 1.12,
        size * 0.1,
        size * 0.13,
        "#ffe9b0",
        radius=size * 0.02,
    )
    c.polygon(
        [
            (x - size * 0.075, ground - size * 1.11),
            (x, ground - size * 1.19),
            (x + size * 0.075, ground - size * 1.11),
        ],
        color,
    )
    if glow:
        c.glow(x, ground - size * 1.05, size * 0.7, "#ffd27a", glow)


def bench(c: Canvas, x: float, ground: float, size: float, wood: str) -> None:
    """A park bench, ``size`` long."""
    for i in range(3):
        c.rect(x, ground - size * (0.52 - 0.1 * i), size, size * 0.06, wood, radius=3)
    c.rect(
        x - size * 0.03,
        ground - size * 0.24,
        size * 1.06,
        size * 0.07,
        mix(wood, "#000000", 0.15),
        radius=3,
    )
    for leg in (0.08, 0.86):
        c.rect(x + size * leg, ground - size * 0.5, size * 0.05, size * 0.5, "#2f3b43")


def _steps(count: int) -> list[float]:
    return [i / count for i in range(count + 1)]


def _bow(start: Point, end: Point, bulge: float) -> list[Point]:
    """Points from ``start`` to ``end`` on a curve that swells sideways."""
    (x0, y0), (x1, y1) = start, end
    reach = abs(y1 - y0)
    return [
        (x0 + (x1 - x0) * t + bulge * reach * math.sin(math.pi * t), y0 + (y1 - y0) * t)
        for t in _steps(14)
    ]
