"""Pictures of the harbor and the sea; each function draws one and returns its canvas.

A drawing is a list of shapes from back to front; cutting one into smaller functions would hide
the order, so these are long.
"""

import math
from random import Random

from tools.pictures import parts
from tools.pictures.canvas import Canvas, mix


def harbor_dawn() -> Canvas:
    """The sun comes up behind the headlands; boats lie still."""
    c = Canvas()
    c.gradient([(0, "#2b4a78"), (0.3, "#7f7fa6"), (0.62, "#f0a58a"), (1, "#ffdcA0")], 0, 600)
    c.glow(1020, 520, 560, "#ffe3a6", 0.9)
    c.circle(1020, 500, 74, "#fff3cf")
    for x, y, s in ((120, 150, 360), (560, 92, 260), (1210, 200, 330), (820, 250, 190)):
        parts.cloud(c, x, y, s, "#ffd9c2", 0.5)
    c.ridge(580, 190, 4, [(0, "#a9809c"), (1, "#e8a795")], 1.1)
    c.ridge(600, 120, 11, [(0, "#6f6288"), (0.5, "#c58a90")], 1.6)
    c.gradient([(0, "#f3b795"), (0.16, "#c58f95"), (0.5, "#5c6f93"), (1, "#203a5c")], 588)
    c.glitter(1020, 594, 1060, 5, "#fff0c9", 330)
    c.ripples(600, 1067, 8, "#ffd9bd", 120, 0.28)
    # the near headland with its houses and pines
    c.polygon(
        [(0, 470), (110, 480), (230, 520), (360, 548), (470, 590), (560, 604), (0, 640)],
        [(0, "#33425f"), (1, "#22304c")],
    )
    for i, x in enumerate((28, 72, 122, 178, 300)):
        parts.pine(c, x, 500 + i * 13, 92 - i * 6, "#1f2d47")
    for i, x in enumerate((205, 258, 352)):
        parts.house(c, x, 566 + i * 16, 44, 34, "#8a6a72", 30 + i, lit=0.8, night=0.35)
    parts.sailboat(c, 560, 770, 250, "#fff1dc", "#8b3f3a")
    parts.sailboat(c, 1330, 690, 140, "#ffe6cd", "#2d4258")
    parts.trawler(c, 1210, 900, 380, "#2f6073")
    c.rect(440, 772, 260, 10, "#203a5c", 0.35, radius=5)
    c.rect(1010, 902, 400, 14, "#14263f", 0.4, radius=7)
    for x, y, s in ((700, 300, 24), (770, 268, 17), (640, 262, 14), (1260, 352, 16)):
        parts.gull(c, x, y, s, "#3f4668")
    return c


def ferry_crossing() -> Canvas:
    """The ferry at midday, hills behind it."""
    c = Canvas()
    c.gradient([(0, "#5fb0cf"), (0.7, "#c9e8ea"), (1, "#f3f4e2")], 0, 560)
    for x, y, s in ((90, 190, 420), (700, 120, 300), (1180, 215, 380), (470, 285, 200)):
        parts.cloud(c, x, y, s, "#ffffff", 0.86)
    c.ridge(560, 210, 21, [(0, "#8db7b4"), (1, "#cfe2d2")], 1.2)
    c.ridge(575, 150, 9, [(0, "#5f9488"), (0.6, "#a9cbb4")], 1.5)
    outline = c.ridge(590, 86, 2, [(0, "#3e7867"), (0.6, "#6fa286")], 1.9)
    for i in range(0, len(outline), 5):
        x, y = outline[i]
        if 200 < x < 1400 and y < 560:
            parts.pine(c, x, y + 8, 34 + (i * 7) % 22, "#2e6153")
    c.gradient([(0, "#8fcdcb"), (0.22, "#3f9aa6"), (1, "#0f5a70")], 572)
    c.ripples(578, 1067, 6, "#e6fbf5", 130, 0.34)
    parts.sailboat(c, 250, 650, 110, "#ffffff", "#d2604a")
    parts.sailboat(c, 1440, 628, 76, "#fff6e0", "#2a5566")
    parts.ferry(c, 810, 838, 860, "#15415a", "#e4633f")
    # bow wave and wake
    for i in range(9):
        c.rect(1180 + i * 40, 836 + i * 6, 150 - i * 8, 7, "#ffffff", 0.7 - i * 0.07, radius=4)
        c.rect(
            90 - i * 22 + i * 48, 842 + i * 9, 330 - i * 14, 7, "#ffffff", 0.62 - i * 0.06, radius=4
        )
    c.rect(430, 838, 770, 15, "#ffffff", 0.55, radius=8)
    for x, y, s in (
        (520, 352, 30),
        (605, 318, 22),
        (1120, 402, 26),
        (455, 300, 16),
        (1205, 376, 18),
    ):
        parts.gull(c, x, y, s, "#2c4a58")
    return c


def quay_houses() -> Canvas:
    """A row of gabled houses and what the water makes of it."""
    c = Canvas()
    c.gradient([(0, "#88c4cf"), (0.75, "#f4e6c8"), (1, "#f9d9ae")], 0, 700)
    c.glow(330, 240, 330, "#fff7db", 0.9)
    c.circle(330, 240, 62, "#fffaf0")
    for x, y, s in ((620, 170, 330), (1120, 120, 300), (60, 360, 260)):
        parts.cloud(c, x, y, s, "#fffdf5", 0.85)
    c.ridge(640, 170, 14, [(0, "#9bb7a5"), (1, "#d6d3ad")], 1.3)
    random = Random(7)
    x, number = -24.0, 0
    while x < 1600:
        width = random.choice((128, 140, 152, 166))
        height = random.choice((190, 225, 255, 285))
        parts.house(c, x, 690, width, height, parts.HOUSE_COLORS[number * 3 % 8], 60 + number)
        x, number = x + width + random.choice((2, 4, 22)), number + 1
    c.rect(0, 680, 1600, 46, [(0, "#b7a58a"), (1, "#8f7f69")])
    for i in range(20):
        c.rect(i * 82 + 10, 684, 7, 40, "#6f6252", 0.35)
    c.rect(0, 676, 1600, 8, "#d8c9aa")
    c.gradient([(0, "#5d8f92"), (1, "#1f5566")], 726)
    c.reflect(726, 341, 3, "#3d7a84", 0.62)
    c.ripples(734, 1067, 12, "#f5e7c5", 110, 0.3)
    for px in (150, 610, 1090, 1500):
        parts.lamp(c, px, 680, 120, "#2d3c44")
    parts.sailboat(c, 440, 880, 300, "#fff7e6", "#c2503e")
    parts.trawler(c, 1150, 860, 330, "#2c5f74")
    c.rect(330, 880, 250, 9, "#10323f", 0.35, radius=5)
    c.rect(980, 860, 340, 11, "#10323f", 0.35, radius=5)
    return c


def lighthouse_storm() -> Canvas:
    """Heavy weather over the outer mole."""
    c = Canvas()
    c.gradient([(0, "#1c2b3f"), (0.5, "#40566b"), (1, "#8fa3a4")], 0, 720)
    random = Random(31)
    for _ in range(16):
        x, y = random.uniform(-200, 1500), random.uniform(20, 330)
        parts.cloud(
            c, x, y, random.uniform(380, 700), mix("#22344a", "#5f7486", random.random()), 0.62
        )
    c.polygon([(1122, 232), (-60, 40), (-60, 330)], "#ffeeb5", 0.2)
    c.polygon([(1122, 232), (1700, 120), (1700, 330)], "#ffeeb5", 0.17)
    for level, (top, tint) in enumerate(((600, "#52707c"), (676, "#3c5f70"))):
        _waves(c, top, 22 + 8 * level, 70 + level, tint, "#b9cdcf")
    rock = [
        (800, 790),
        (880, 690),
        (960, 655),
        (1060, 640),
        (1190, 642),
        (1290, 672),
        (1400, 742),
        (1500, 800),
        (1560, 900),
        (760, 900),
    ]
    c.polygon(rock, [(0, "#4a4f58"), (1, "#23282f")])
    c.polygon(
        [(1190, 642), (1290, 672), (1400, 742), (1500, 800), (1560, 900), (1240, 900)],
        "#14181d",
        0.35,
    )
    c.rect(960, 590, 118, 66, "#efe4d0")
    c.polygon([(948, 592), (1019, 548), (1090, 592)], "#9c3b2f")
    c.rect(988, 612, 24, 24, "#ffd98a")
    c.rect(1036, 612, 26, 44, "#2b3a45")
    parts.lighthouse(c, 1122, 648, 480)
    c.glow(1122, 232, 210, "#fff0b8", 0.9)
    for level, (top, tint) in enumerate(((770, "#2d5163"), (860, "#1f4254"), (960, "#142f40"))):
        _waves(c, top, 36 + 14 * level, 80 + level, tint, "#dbe8e6")
    for _ in range(26):  # spray at the foot of the rock
        a = random.uniform(0, math.pi)
        r = random.uniform(30, 170)
        c.circle(
            850 + math.cos(a) * r,
            800 - math.sin(a) * r * 0.9,
            random.uniform(3, 11),
            "#eef5f3",
            0.7,
        )
    for _ in range(90):
        x, y = random.uniform(0, 1650), random.uniform(0, 900)
        c.line([(x, y), (x - 16, y + 46)], "#cfdde0", 1.5, 0.2)
    for x, y, s in ((420, 420, 26), (520, 470, 18), (350, 498, 15)):
        parts.gull(c, x, y, s, "#e9eef0")
    return c


def night_harbor() -> Canvas:
    """Lit windows and a moon."""
    c = Canvas()
    c.gradient([(0, "#0b1430"), (0.6, "#1d3157"), (1, "#3d5680")], 0, 660)
    random = Random(44)
    for _ in range(140):
        c.circle(
            random.uniform(0, 1600),
            random.uniform(0, 430),
            random.uniform(0.8, 2.4),
            "#fff8e1",
            random.uniform(0.3, 0.95),
        )
    c.glow(1240, 190, 300, "#d9e6ff", 0.5)
    c.circle(1240, 190, 66, "#f4f1de")
    c.circle(1264, 176, 56, "#1a2c52", 0.16)
    c.ridge(640, 240, 17, [(0, "#1c2f52"), (1, "#2d466e")], 1.2)
    c.ridge(650, 120, 23, [(0, "#14233f"), (1, "#1d3154")], 1.7)
    for _ in range(46):
        x, y = random.uniform(0, 1600), random.uniform(560, 640)
        c.circle(x, y, 2.6, "#ffd98a", 0.9)
    x, number = 20.0, 0
    while x < 1600:
        width = random.choice((92, 104, 118))
        height = random.choice((90, 130, 165))
        parts.house(
            c,
            x,
            672,
            width,
            height,
            parts.HOUSE_COLORS[number * 5 % 8],
            90 + number,
            lit=0.55,
            glass="#1c2c48",
            night=0.62,
        )
        x, number = x + width + random.choice((2, 6, 34)), number + 1
    c.rect(0, 664, 1600, 26, [(0, "#2c3a52"), (1, "#1a2538")])
    for px in (60, 360, 700, 1010, 1330):
        parts.lamp(c, px, 666, 92, "#0f1a2c", 0.75)
    c.gradient([(0, "#2b4468"), (1, "#081227")], 690)
    c.reflect(690, 330, 9, "#12264a", 0.75)
    c.glitter(1240, 700, 1060, 3, "#f4ecd0", 190)
    c.ripples(700, 1067, 15, "#9db9e6", 110, 0.2)
    parts.sailboat(c, 470, 870, 230, "#33486d", "#101b31")
    parts.sailboat(c, 880, 800, 160, "#2b3f63", "#0d172b")
    parts.trawler(c, 1220, 930, 360, "#16304b", night=0.62)
    c.glow(1130, 800, 90, "#ffd27a", 0.55)
    return c


def rowing_boats() -> Canvas:
    """Seen from the mast: boats at a jetty."""
    c = Canvas()
    c.gradient([(0, "#2f9c9a"), (1, "#17687c")])
    random = Random(52)
    for _ in range(120):
        x, y = random.uniform(-50, 1600), random.uniform(0, 1067)
        wide = random.uniform(40, 150)
        points = [(x + wide * t / 12, y + 7 * math.sin(t / 12 * math.tau)) for t in range(13)]
        c.line(points, "#8fe0d2", 4, random.uniform(0.12, 0.35))
    c.rect(712, -10, 176, 1100, "#0d4553", 0.35)
    c.rect(700, -10, 170, 1100, "#c9a06a")
    for i in range(31):
        c.rect(700, i * 36 - 6, 170, 3, "#8c6a41", 0.8)
    for y in (130, 420, 710, 1000):
        for x in (694, 862):
            c.circle(x + 5, y + 5, 17, "#0d4553", 0.35)
            c.circle(x, y, 16, "#6d4f31")
            c.circle(x - 3, y - 3, 10, "#8c6a41")
    colors = ("#e4633f", "#f4c95d", "#f7efe0", "#3b5b8c", "#d94f5c", "#7fb069")
    places = (
        (150, 150, 8),
        (170, 440, -6),
        (140, 730, 4),
        (160, 985, -3),
        (1010, 240, -7),
        (1030, 520, 5),
        (1000, 815, -4),
    )
    for i, (x, y, tilt) in enumerate(places):
        _boat_from_above(c, x, y, 430, tilt, colors[i % 6])
        side = 700 if x < 700 else 870
        end = x + 430 if x < 700 else x
        c.line([(end, y), ((end + side) / 2, y + 14), (side, y - 10)], "#f3e6cb", 4)
    c.circle(930, 60, 26, "#e4633f")
    c.circle(930, 60, 12, "#f7efe0")
    c.circle(640, 590, 22, "#f4c95d")
    return c


def sea_wall() -> Canvas:
    """The flood wall at high water, with the gauge."""
    c = Canvas()
    c.gradient([(0, "#6d93a8"), (0.6, "#c6d6d0"), (1, "#eadfc4")], 0, 620)
    for x, y, s in (
        (60, 120, 480),
        (560, 200, 380),
        (980, 90, 520),
        (1300, 240, 320),
        (260, 280, 260),
    ):
        parts.cloud(c, x, y, s, "#e9eeea", 0.75)
    c.ridge(560, 130, 33, [(0, "#8fa9a8"), (1, "#c3cfbd")], 1.4)
    x, number = 700.0, 0
    while x < 1600:
        width = (96, 112, 104)[number % 3]
        parts.house(
            c,
            x,
            560,
            width,
            (110, 150, 128, 170)[number % 4],
            parts.HOUSE_COLORS[(number * 3 + 1) % 8],
            120 + number,
        )
        x, number = x + width + 5, number + 1
    for x, size in ((590, 190), (655, 150), (1560, 160)):
        parts.tree(c, x, 566, size, "#5f8f6a")
    c.polygon([(520, 556), (1600, 548), (1600, 640), (480, 660)], [(0, "#cfc6b2"), (1, "#a89e8a")])
    c.polygon(
        [(480, 640), (1600, 626), (1600, 920), (330, 1000)],
        [(0, "#a7a094"), (0.5, "#8a8378"), (1, "#5b5952")],
    )
    for row in range(4):
        y = 700 + row * 62
        c.line([(455 - row * 34, y + 2), (1600, y - 16 + row * 3)], "#6c675e", 3, 0.55)
        for i in range(9):
            bx = 500 + i * 132 + (row % 2) * 60
            c.line([(bx, y - 4), (bx - 4, y + 50)], "#6c675e", 3, 0.45)
    c.polygon([(470, 634), (1600, 616), (1600, 644), (476, 664)], "#ded6c3")
    for i in range(12):
        c.line([(540 + i * 96, 634 - i * 1.6), (540 + i * 96, 566 - i * 1.6)], "#3a4a52", 5)
    c.line([(536, 570), (1600, 552)], "#3a4a52", 5)
    c.line([(536, 600), (1600, 582)], "#3a4a52", 4)
    _waves(c, 800, 30, 90, "#4f8791", "#d6e8e2", slope=-0.02)
    _waves(c, 884, 36, 91, "#34707f", "#d6e8e2", slope=-0.02)
    # the gauge stands in the water
    c.rect(226, 470, 104, 500, "#f7f1e3", radius=6)
    c.rect(302, 470, 28, 500, "#000000", 0.08, radius=6)
    for i in range(10):
        y = 492 + i * 44
        c.rect(226, y, 56 if i % 2 else 78, 20, "#c8452f" if i < 3 else "#22485c")
    c.polygon([(334, 812), (392, 784), (392, 840)], "#e4633f")
    _waves(c, 968, 34, 92, "#1d5064", "#d6e8e2")
    for x, y, s in ((470, 380, 24), (400, 420, 16)):
        parts.gull(c, x, y, s, "#40525c")
    return c


def _waves(
    c: Canvas, top: float, height: float, seed: int, color: str, foam: str, slope: float = 0
) -> None:
    """A band of pointed waves from edge to edge, filled down to the lower edge."""
    random = Random(seed)
    length = 190 + height * 2.4
    shift = random.uniform(0, length)
    crest = []
    for step in range(321):
        x = c.width * step / 320
        t = ((x + shift) % length) / length
        crest.append((x, top + slope * x - height * (1 - abs(2 * t - 1)) ** 1.7))
    c.polygon(
        [(0, c.height), *crest, (c.width, c.height)], [(0, color), (1, mix(color, "#06121c", 0.5))]
    )
    c.line([(x, y + 3) for x, y in crest], foam, 4, 0.6)


def _boat_from_above(c: Canvas, x: float, y: float, size: float, tilt: float, color: str) -> None:
    """A rowing boat lying along x, seen from above; ``tilt`` in degrees."""
    angle = math.radians(tilt)
    middle = x + size / 2

    def turn(
        points: list[tuple[float, float]], dx: float = 0, dy: float = 0
    ) -> list[tuple[float, float]]:
        cos, sin = math.cos(angle), math.sin(angle)
        return [
            (middle + dx + px * cos - py * sin, y + dy + px * sin + py * cos) for px, py in points
        ]

    def hull(scale: float) -> list[tuple[float, float]]:
        half, wide = size / 2, size * 0.145
        upper = []
        for i in range(25):
            t = i / 24
            upper.append(
                (
                    (2 * t - 1) * half * (0.5 + 0.5 * scale),
                    -wide * scale * math.sin(math.pi * (0.14 + 0.86 * t)) ** 0.75,
                )
            )
        return upper + [(px, -py) for px, py in reversed(upper)]

    c.polygon(turn(hull(1.0), 14, 16), "#0a3b48", 0.35)
    c.polygon(turn(hull(1.0)), color)
    c.polygon(turn(hull(0.82)), mix(color, "#3a2412", 0.55))
    for place in (-0.22, 0.02, 0.25):
        left = place * size
        c.polygon(
            turn(
                [
                    (left, -size * 0.105),
                    (left + 26, -size * 0.105),
                    (left + 26, size * 0.105),
                    (left, size * 0.105),
                ]
            ),
            "#d9b27c",
        )
    for side in (-1, 1):
        oar = turn([(-size * 0.1, side * size * 0.05), (size * 0.34, side * size * 0.062)])
        c.line(oar, "#f2dfb8", 8)
        c.polygon(
            turn(
                [
                    (size * 0.3, side * size * 0.03),
                    (size * 0.41, side * size * 0.04),
                    (size * 0.41, side * size * 0.085),
                    (size * 0.3, side * size * 0.09),
                ]
            ),
            "#f2dfb8",
        )
