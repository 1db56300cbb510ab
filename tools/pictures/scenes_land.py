"""Pictures of gardens, paths, the marsh and the map; each function draws one.

A drawing is a list of shapes from back to front; cutting one into smaller functions would hide
the order, so these are long.
"""

# ruff: noqa: C901

import math
from itertools import pairwise
from random import Random

from tools.pictures import parts
from tools.pictures.canvas import Canvas, mix


def community_garden() -> Canvas:
    """Rows of beds on a slope above the town."""
    c = Canvas()
    c.gradient([(0, "#8cc9da"), (0.8, "#eef3d6"), (1, "#f9eec6")], 0, 560)
    c.glow(300, 170, 300, "#fffbe0", 0.9)
    c.circle(300, 170, 58, "#fffdf0")
    for x, y, s in ((620, 130, 320), (1160, 190, 360), (60, 320, 240)):
        parts.cloud(c, x, y, s, "#ffffff", 0.88)
    c.ridge(500, 180, 3, [(0, "#9cc3a6"), (1, "#cfdcae")], 1.3)
    c.ridge(530, 120, 26, [(0, "#7fb083"), (1, "#b4cf8f")], 1.7)
    for i, x in enumerate((80, 210, 330, 1280, 1400, 1520)):
        parts.tree(c, x, 560, 170 + (i * 37) % 60, ("#4f8a5b", "#5d9a63")[i % 2])
    c.polygon([(0, 548), (1600, 532), (1600, 1067), (0, 1067)], [(0, "#9cc07a"), (1, "#6f9c58")])
    # the shed
    c.rect(1060, 420, 210, 150, [(0, "#c98d5a"), (1, "#a86e42")])
    for i in range(1, 7):
        c.line([(1060 + i * 30, 424), (1060 + i * 30, 568)], "#8d5a34", 3)
    c.polygon([(1034, 428), (1165, 344), (1296, 428)], "#5f4a55")
    c.polygon([(1165, 344), (1296, 428), (1165, 428)], "#000000", 0.14)
    c.rect(1088, 476, 62, 94, "#6b4530", radius=3)
    c.rect(1184, 462, 58, 50, "#fff4dc", radius=3)
    c.rect(1190, 468, 46, 38, "#4f7f8f")
    # beds in perspective
    for row in range(7):
        _bed(c, row)
    for i in range(17):
        c.rect(i * 98 - 10, 520, 13, 62, "#f6ead0", radius=5)
    c.rect(0, 536, 1060, 8, "#f6ead0")
    c.rect(0, 560, 1060, 8, "#f6ead0")
    c.rect(1270, 536, 330, 8, "#f6ead0")
    c.rect(1270, 560, 330, 8, "#f6ead0")
    return c


def shore_path() -> Canvas:
    """The path along the bay, with a bicycle."""
    c = Canvas()
    c.gradient([(0, "#6fb6cf"), (0.7, "#d9ede0"), (1, "#fbeec9")], 0, 500)
    for x, y, s in ((160, 140, 360), (860, 110, 320), (1260, 230, 260)):
        parts.cloud(c, x, y, s, "#ffffff", 0.88)
    c.ridge(470, 150, 41, [(0, "#9dbfb4"), (1, "#d3e0c3")], 1.2)
    c.gradient([(0, "#9ad6d0"), (0.5, "#459fae"), (1, "#1f7388")], 466)
    c.ripples(474, 760, 14, "#eafaf3", 80, 0.4)
    parts.sailboat(c, 320, 570, 130, "#ffffff", "#d9593f")
    parts.sailboat(c, 520, 534, 80, "#fff4dc", "#2c4a63")
    parts.sailboat(c, 150, 520, 60, "#ffffff", "#3f7d7b")
    c.polygon(
        [
            (1600, 400),
            (1380, 440),
            (1180, 500),
            (1040, 560),
            (900, 650),
            (640, 800),
            (300, 950),
            (0, 1040),
            (0, 1067),
            (1600, 1067),
        ],
        [(0, "#8fbf78"), (1, "#4f8a53")],
    )
    c.polygon(
        [
            (1120, 526),
            (1040, 560),
            (900, 650),
            (640, 800),
            (300, 950),
            (0, 1040),
            (0, 1006),
            (270, 920),
            (600, 776),
            (860, 632),
        ],
        "#f0dfb2",
    )
    left = [
        (1470, 470),
        (1330, 520),
        (1240, 590),
        (1160, 690),
        (1040, 800),
        (860, 930),
        (640, 1067),
    ]
    right = [
        (1520, 470),
        (1440, 520),
        (1390, 590),
        (1370, 690),
        (1376, 800),
        (1372, 930),
        (1330, 1067),
    ]
    path = [*_smooth(left), *reversed(_smooth(right))]
    c.polygon(path, [(0, "#f2e5c6"), (1, "#d9c296")])
    middle = [((x + u) / 2, (y + v) / 2) for (x, y), (u, v) in zip(left, right, strict=True)]
    c.line(_smooth(middle), "#ffffff", 5, 0.75)
    for x, y, size, tint in (
        (1540, 500, 260, "#4f8a5b"),
        (1470, 620, 320, "#3f7a50"),
        (1560, 800, 420, "#4f8a5b"),
    ):
        c.ellipse(x, y + 4, size * 0.3, size * 0.03, "#1d3d26", 0.3)
        parts.tree(c, x, y, size, tint)
    random = Random(19)
    for _ in range(150):
        x, y = random.uniform(0, 1600), random.uniform(640, 1060)
        if y < 1090 - x * 0.52 + 60 or 560 < x < 1420:
            continue
        c.line([(x, y), (x + random.uniform(-5, 5), y - random.uniform(10, 24))], "#3f7446", 3, 0.6)
        if random.random() < 0.3:
            c.circle(x, y - 20, 5, random.choice(("#f4c95d", "#ffffff", "#e4633f")))
    parts.bench(c, 560, 985, 220, "#a86b42")
    _bicycle(c, 1010, 905, 250)
    for x, y, s in ((700, 320, 24), (770, 290, 17), (640, 284, 14)):
        parts.gull(c, x, y, s, "#3b5660")
    return c


def marsh_heron() -> Canvas:
    """A heron in the salt marsh at evening."""
    c = Canvas()
    c.gradient([(0, "#3f5f7a"), (0.45, "#c98f7f"), (0.8, "#f3be7f"), (1, "#ffe1a3")], 0, 600)
    c.glow(480, 450, 480, "#fff0b8", 0.9)
    c.circle(480, 450, 96, "#fff4cf")
    for x, y, s in ((760, 190, 420), (120, 130, 330), (1210, 290, 300)):
        parts.cloud(c, x, y, s, "#ffd9b8", 0.4)
    c.ridge(585, 120, 8, [(0, "#8d6f7d"), (1, "#d69f80")], 1.2)
    c.ridge(596, 60, 29, [(0, "#5d5668"), (1, "#9c7870")], 1.8)
    c.gradient([(0, "#f6c98c"), (0.25, "#cf8f77"), (1, "#35495f")], 592)
    c.glitter(480, 598, 1000, 7, "#fff3c8", 240)
    c.ripples(600, 1067, 20, "#ffe3b8", 70, 0.3)
    random = Random(37)
    for level, (base, tint) in enumerate(((690, "#7a6a58"), (820, "#4d5548"), (1000, "#2b3a36"))):
        for side in (0, 1):
            edge = [
                (0, base),
                (340 - level * 60, base + 26),
                (560 - level * 90, base + 64),
                (0, base + 110),
            ]
            if side:
                edge = [(1600 - x, y - 24) for x, y in edge]
            c.polygon(edge, tint)
        for _ in range(90):
            right = random.random() < 0.5
            reach = random.uniform(0, 470 - level * 70)
            x = 1600 - reach if right else reach
            tall = random.uniform(60, 120) * (1 + level * 0.75)
            y = base + 30 + reach * 0.09 - (24 if right else 0)
            lean = random.uniform(-0.22, 0.22) * tall
            c.line(
                [(x, y), (x + lean * 0.4, y - tall * 0.6), (x + lean, y - tall)],
                tint,
                2.5 + level * 1.4,
            )
            if random.random() < 0.35:
                c.line(
                    [(x + lean * 0.86, y - tall * 0.84), (x + lean, y - tall)],
                    mix(tint, "#5a2f1d", 0.6),
                    9 + level * 3,
                )
    _heron(c, 1010, 905, 470)
    for x, y, s in ((820, 330, 26), (900, 300, 18), (760, 290, 16), (985, 342, 14)):
        parts.gull(c, x, y, s, "#4d4a58")
    return c


def chart() -> Canvas:
    """The bay as a map: depths, shore, streets."""
    c = Canvas()
    c.rect(0, 0, 1600, 1067, "#2f8f9c")
    shore = [
        (x, 620 - 190 * math.sin(x / 255 + 0.5) - 74 * math.sin(x / 96))
        for x in range(-20, 1641, 20)
    ]
    for drop, tint in ((-330, "#3a9ba5"), (-230, "#4ca9ae"), (-140, "#66b9b9"), (-64, "#8ccdc6")):
        c.polygon(
            [
                (-20, 1100),
                *[(x, y + drop * (0.75 + 0.25 * math.sin(x / 140))) for x, y in shore],
                (1640, 1100),
            ],
            tint,
        )
        c.line(
            [(x, y + drop * (0.75 + 0.25 * math.sin(x / 140))) for x, y in shore],
            "#dff3ec",
            2.5,
            0.55,
        )
    land = [(-20, 1100), *shore, (1640, 1100)]
    c.polygon([(x, y - 14) for x, y in land], "#f6e6b8")
    c.polygon(land, "#e9edcf")
    for drop, tint in ((110, "#d3e2b4"), (215, "#b9d39b"), (320, "#a0c486")):
        c.polygon(
            [
                (-20, 1120),
                *[(x, y + drop * (0.8 + 0.3 * math.sin(x / 170 + drop))) for x, y in shore],
                (1640, 1120),
            ],
            tint,
        )
    for dx, width, tint in ((60, 15, "#ffffff"), (150, 11, "#ffffff"), (262, 9, "#ffffff")):
        c.line([(x, y + dx) for x, y in shore], "#c9b98a", width + 5, 0.6)
        c.line([(x, y + dx) for x, y in shore], tint, width)
    for i in range(9):
        x = 90 + i * 180
        y = shore[min(len(shore) - 1, (x + 20) // 20)][1]
        c.line([(x, y + 56), (x + 36, y + 330)], "#c9b98a", 13, 0.6)
        c.line([(x, y + 56), (x + 36, y + 330)], "#ffffff", 9)
    random = Random(83)
    for _ in range(150):
        index = random.randrange(3, len(shore) - 3)
        x, y = shore[index]
        y += random.choice((96, 192, 232)) + random.uniform(-14, 14)
        if y > 1040:
            continue
        size = random.uniform(15, 30)
        c.rect(
            x,
            y,
            size,
            size * 0.75,
            random.choice(("#d9593f", "#e8a24b", "#7d8f9c", "#c97b5a", "#b9a184")),
            radius=3,
        )
    route = [
        (400 + 900 * t, 470 - 330 * math.sin(math.pi * t) - 90 * t)
        for t in [i / 44 for i in range(45)]
    ]
    for a, b in zip(route[::2], route[1::2], strict=False):
        c.line([a, b], "#fff7e2", 7)
    for x, y in (route[0], route[-1]):
        c.circle(x, y, 25, "#123f4e", 0.3)
        c.circle(x, y - 4, 22, "#e4633f")
        c.circle(x, y - 4, 9, "#fff7e2")
    c.circle(1000, 92, 50, "#8ccdc6")
    c.circle(1000, 90, 42, "#e9edcf")
    c.circle(1004, 92, 24, "#b9d39b")
    middle = (210, 190)
    c.circle(*middle, 128, "#fff7e2", 0.22)
    for i in range(16):
        a = math.tau * i / 16
        reach = 128 if i % 4 == 0 else 84 if i % 2 == 0 else 54
        for side, tint in ((-1, "#fff7e2"), (1, "#f0cf8e")):
            b = a + side * math.tau / 32
            c.polygon(
                [
                    middle,
                    (middle[0] + reach * math.sin(a), middle[1] - reach * math.cos(a)),
                    (middle[0] + 26 * math.sin(b), middle[1] - 26 * math.cos(b)),
                ],
                tint,
            )
    c.circle(*middle, 15, "#e4633f")
    parts.sailboat(c, 800, 290, 110, "#ffffff", "#d9593f")
    return c


BED_PLANTS = ("#3f8f4f", "#7fb04a", "#d9593f", "#8a5a8f", "#e8b04b", "#4aa06a", "#c9d86a")


def _bed(c: Canvas, row: int) -> None:
    """One of seven garden beds that run towards the horizon."""
    near, wide, vanish_x, vanish_y = -420 + row * 420, 300, 800, 250

    def share(depth: float) -> float:
        return (1120 - 520 * depth - vanish_y) / (1120 - vanish_y)

    def at(x: float, depth: float) -> tuple[float, float]:
        return vanish_x + (x - vanish_x) * share(depth), 1120 - 520 * depth

    soil = [at(near, 0), at(near + wide, 0), at(near + wide, 1), at(near, 1)]
    c.polygon(soil, [(0, "#8d6440"), (1, "#6b4529")])
    edge = near + wide - 40
    shade = [at(edge, 0), at(near + wide, 0), at(near + wide, 1), at(edge, 1)]
    c.polygon(shade, "#2c1a0e", 0.2)
    for step in range(12, -1, -1):
        depth = step / 12.6
        for spot in range(3):
            x, y = at(near + 52 + spot * 98, depth)
            _plant(c, x, y, 74 * share(depth), BED_PLANTS[row], row % 3)


def _plant(c: Canvas, x: float, y: float, size: float, tint: str, kind: int) -> None:
    c.ellipse(x, y, size * 0.5, size * 0.12, "#2c1a0e", 0.3)
    leaf = "#4f8f4a"
    if kind == 0:  # a cabbage
        c.circle(x, y - size * 0.34, size * 0.46, mix(tint, "#1d3d1d", 0.25))
        c.circle(x - size * 0.08, y - size * 0.4, size * 0.34, tint)
        c.circle(x - size * 0.1, y - size * 0.44, size * 0.18, mix(tint, "#f4ffd6", 0.35))
    elif kind == 1:  # leaves
        for side in (-1, 0, 1):
            c.polygon(
                [
                    (x, y),
                    (x + side * size * 0.5 - size * 0.14, y - size * 0.5),
                    (x + side * size * 0.55, y - size * (0.95 if side == 0 else 0.75)),
                    (x + side * size * 0.5 + size * 0.14, y - size * 0.5),
                ],
                mix(tint, "#1d3d1d", 0.12 * abs(side)),
            )
    else:  # a flower or fruit on a stick
        c.line([(x, y), (x, y - size)], leaf, max(2, size * 0.07))
        c.ellipse(x, y - size * 0.5, size * 0.34, size * 0.28, leaf)
        for dx, dy in ((-0.2, 0.44), (0.18, 0.62), (0, 0.94)):
            c.circle(x + dx * size, y - dy * size, size * 0.15, tint)


def _bicycle(c: Canvas, x: float, y: float, size: float) -> None:
    """A bicycle leaning on its stand; ``size`` is its length."""
    s, dark = size, "#22313a"
    r = s * 0.2
    back, front = (x - s * 0.3, y - r), (x + s * 0.3, y - r)
    c.ellipse(x, y + 4, s * 0.5, s * 0.03, "#3d4a32", 0.3)
    for wx, wy in (back, front):
        ring = [
            (wx + r * math.cos(math.tau * i / 48), wy + r * math.sin(math.tau * i / 48))
            for i in range(49)
        ]
        c.line(ring, dark, s * 0.022)
        for i in range(8):
            a = math.tau * i / 8
            c.line([(wx, wy), (wx + r * math.cos(a), wy + r * math.sin(a))], "#8d9aa0", 1.6)
    seat, pedal, head = (
        (x - s * 0.12, y - s * 0.45),
        (x - s * 0.03, y - s * 0.2),
        (x + s * 0.2, y - s * 0.46),
    )
    for a, b in (
        (back, pedal),
        (back, seat),
        (seat, pedal),
        (seat, head),
        (pedal, head),
        (head, front),
    ):
        c.line([a, b], "#d9593f", s * 0.028)
    c.line([seat, (seat[0] - s * 0.02, seat[1] - s * 0.07)], dark, s * 0.022)
    c.rect(seat[0] - s * 0.09, seat[1] - s * 0.1, s * 0.15, s * 0.035, dark, radius=s * 0.016)
    c.line(
        [head, (head[0] - s * 0.02, head[1] - s * 0.1), (head[0] + s * 0.08, head[1] - s * 0.13)],
        dark,
        s * 0.022,
    )
    c.circle(*pedal, s * 0.045, dark)
    c.rect(front[0] - s * 0.06, head[1] - s * 0.04, s * 0.17, s * 0.13, "#c9a06a", radius=s * 0.02)


def _heron(c: Canvas, x: float, y: float, size: float) -> None:
    """A heron standing in shallow water, its feet at (x, y)."""
    s, body, dark = size, "#dfe5e6", "#2f3b4a"
    c.ellipse(x, y, s * 0.2, s * 0.025, "#1f2d3c", 0.35)
    c.line(
        [(x - s * 0.01, y), (x, y - s * 0.18), (x - s * 0.03, y - s * 0.36)], "#c9873c", s * 0.02
    )
    c.line(
        [(x + s * 0.06, y), (x + s * 0.05, y - s * 0.18), (x + s * 0.03, y - s * 0.36)],
        "#a86c2c",
        s * 0.02,
    )
    c.polygon(
        [
            (x + s * 0.32, y - s * 0.3),
            (x + s * 0.14, y - s * 0.5),
            (x - s * 0.06, y - s * 0.58),
            (x - s * 0.15, y - s * 0.52),
            (x - s * 0.12, y - s * 0.42),
            (x + s * 0.02, y - s * 0.34),
        ],
        body,
    )
    c.ellipse(x - s * 0.03, y - s * 0.46, s * 0.125, s * 0.115, body)
    c.polygon(
        [
            (x + s * 0.36, y - s * 0.27),
            (x + s * 0.16, y - s * 0.5),
            (x - s * 0.03, y - s * 0.53),
            (x - s * 0.02, y - s * 0.42),
            (x + s * 0.1, y - s * 0.36),
        ],
        "#7f93a3",
    )
    c.polygon(
        [
            (x + s * 0.36, y - s * 0.27),
            (x + s * 0.2, y - s * 0.43),
            (x + s * 0.05, y - s * 0.4),
            (x + s * 0.14, y - s * 0.345),
        ],
        dark,
    )
    neck = [
        (x - s * 0.1, y - s * 0.5),
        (x - s * 0.19, y - s * 0.58),
        (x - s * 0.17, y - s * 0.68),
        (x - s * 0.09, y - s * 0.76),
        (x - s * 0.09, y - s * 0.85),
        (x - s * 0.15, y - s * 0.9),
    ]
    c.line(_smooth(neck), body, s * 0.055)
    c.ellipse(x - s * 0.16, y - s * 0.9, s * 0.06, s * 0.036, body)
    c.polygon(
        [(x - s * 0.2, y - s * 0.925), (x - s * 0.42, y - s * 0.875), (x - s * 0.2, y - s * 0.88)],
        "#e8a23c",
    )
    c.polygon(
        [
            (x - s * 0.19, y - s * 0.93),
            (x - s * 0.1, y - s * 0.945),
            (x + s * 0.05, y - s * 0.88),
            (x - s * 0.11, y - s * 0.905),
        ],
        dark,
    )
    c.circle(x - s * 0.18, y - s * 0.905, s * 0.008, dark)


def _smooth(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A line through the points, its corners rounded (Chaikin, three times)."""
    for _ in range(3):
        cut = [points[0]]
        for (x0, y0), (x1, y1) in pairwise(points):
            cut += [
                (x0 * 0.75 + x1 * 0.25, y0 * 0.75 + y1 * 0.25),
                (x0 * 0.25 + x1 * 0.75, y0 * 0.25 + y1 * 0.75),
            ]
        points = [*cut, points[-1]]
    return points
