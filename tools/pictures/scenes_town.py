"""Pictures of the town: its hall, library, market, votes and meetings.

A drawing is a list of shapes from back to front; cutting one into smaller functions would hide
the order, so these are long.
"""

# ruff: noqa: C901

import math
from random import Random

from tools.pictures import parts
from tools.pictures.canvas import Canvas, mix

BOOKS = ("#c8553d", "#e8b04b", "#f0e0bd", "#3f7d7b", "#2c4a63", "#8fae8b", "#7c3f4e", "#d98e5f")


def town_hall() -> Canvas:
    """The hall with its clock, seen across the square."""
    c = Canvas()
    c.gradient([(0, "#7fb8d4"), (0.8, "#e9f1e0"), (1, "#f7ecce")], 0, 800)
    for x, y, s in ((70, 180, 380), (1130, 140, 380), (420, 110, 230)):
        parts.cloud(c, x, y, s, "#ffffff", 0.88)
    c.ridge(770, 190, 18, [(0, "#a9c6b4"), (1, "#d5dfbf")], 1.3)
    for x, size, tint in (
        (90, 330, "#5d9470"),
        (230, 260, "#4e8564"),
        (1500, 340, "#5d9470"),
        (1370, 270, "#4e8564"),
    ):
        parts.tree(c, x, 812, size, tint)
    wall, shade, stone = "#e9d8b4", "#d8c39a", "#c9ad7f"
    c.rect(390, 470, 820, 340, [(0, wall), (1, shade)])
    c.polygon([(350, 474), (430, 372), (1170, 372), (1250, 474)], [(0, "#8d4a3b"), (1, "#74392f")])
    for i in range(5):
        x = 470 + i * 165
        if i == 2:
            continue
        c.polygon([(x - 36, 448), (x, 404), (x + 36, 448)], "#6a332a")
        c.rect(x - 22, 424, 44, 36, "#f3e6c8")
        c.rect(x - 12, 430, 24, 30, "#41606d")
    c.rect(700, 210, 200, 600, [(0, "#efe0be"), (1, "#dcc79f")])
    c.rect(850, 210, 50, 600, "#000000", 0.07)
    c.rect(684, 200, 232, 22, stone, radius=4)
    c.rect(690, 384, 220, 16, stone, radius=4)
    c.polygon([(680, 202), (800, 40), (920, 202)], [(0, "#3f7d7b"), (1, "#2c5f62")])
    c.polygon([(800, 40), (920, 202), (800, 202)], "#0d2a2d", 0.18)
    c.line([(800, 44), (800, -6)], "#2c3e46", 5)
    c.polygon([(800, 0), (858, 14), (800, 30)], "#d9593f")
    c.circle(800, 300, 66, stone)
    c.circle(800, 300, 57, "#fffaf0")
    for hour in range(12):
        a = math.tau * hour / 12
        c.line(
            [
                (800 + 44 * math.sin(a), 300 - 44 * math.cos(a)),
                (800 + 51 * math.sin(a), 300 - 51 * math.cos(a)),
            ],
            "#2c3e46",
            4,
        )
    c.line([(800, 300), (800 - 24, 300 - 22)], "#2c3e46", 7)
    c.line([(800, 300), (800 + 10, 300 - 42)], "#2c3e46", 5)
    c.circle(800, 300, 6, "#d9593f")
    for row, y in enumerate((510, 650)):
        for x in (430, 520, 610, 950, 1040, 1130):
            c.rect(x, y, 52, 100, "#fbf3df", radius=26)
            c.rect(x + 7, y + 8, 38, 92, [(0, "#5b8798"), (1, "#36586a")], radius=19)
            c.line([(x + 26, y + 10), (x + 26, y + 100)], "#fbf3df", 3)
            if row == 0:
                c.rect(x - 6, y + 100, 64, 9, stone, radius=3)
                for i in range(6):
                    c.circle(x + 2 + i * 10, y + 97, 7, ("#d9593f", "#e8b04b")[i % 2])
    c.rect(724, 440, 152, 110, "#fbf3df", radius=10)
    c.rect(738, 454, 124, 96, [(0, "#5b8798"), (1, "#36586a")], radius=6)
    c.rect(700, 548, 200, 14, stone)
    for i in range(9):
        c.rect(706 + i * 22, 520, 5, 30, "#2c3e46")
    c.line([(702, 520), (898, 520)], "#2c3e46", 5)
    c.rect(744, 630, 112, 180, "#6b4a33", radius=56)
    c.rect(744, 700, 112, 110, "#6b4a33")
    c.line([(800, 640), (800, 810)], "#4a3324", 4)
    for i in range(3):
        c.rect(690 - i * 22, 800 + i * 13, 220 + i * 44, 14, mix("#e6d7b6", "#9c8a69", i * 0.2))
    c.gradient([(0, "#d7c59f"), (1, "#b49a72")], 838)
    for i in range(9):
        c.line([(800 + (i - 4) * 110, 838), (800 + (i - 4) * 420, 1067)], "#9d8560", 3, 0.5)
    for y in (866, 908, 970):
        c.line([(0, y), (1600, y)], "#9d8560", 3, 0.5)
    parts.lamp(c, 330, 900, 190, "#2c3e46")
    parts.lamp(c, 1270, 900, 190, "#2c3e46")
    parts.bench(c, 1060, 965, 210, "#a86b42")
    parts.bench(c, 360, 985, 210, "#a86b42")
    for x, y, tint in (
        (560, 950, "#d9593f"),
        (610, 962, "#2c5f7a"),
        (1010, 935, "#e8b04b"),
        (955, 948, "#6b8f5a"),
    ):
        _person(c, x, y, 96, tint)
    for i in range(7):
        c.ellipse(200 + i * 26, 1034 - (i % 2) * 10, 13, 8, "#5d6b74")
        c.circle(212 + i * 26, 1026 - (i % 2) * 10, 5, "#46535b")
    return c


def library_hall() -> Canvas:
    """Shelves, an arched window, a reading table."""
    c = Canvas()
    c.gradient([(0, "#3a2a2c"), (1, "#5b3f37")])
    c.rect(0, 0, 1600, 820, [(0, "#6b4a3c"), (1, "#7d5845")])
    c.rect(560, 70, 480, 700, "#4a332b", radius=240)
    c.rect(580, 90, 440, 660, [(0, "#8ec7d6"), (0.55, "#dff0e2"), (1, "#f6e2b3")], radius=220)
    c.circle(700, 300, 52, "#fff7da")
    c.glow(700, 300, 170, "#fff3c4", 0.7)
    hills = [(580, 610), (680, 560), (790, 590), (900, 540), (1020, 585), (1020, 700), (580, 700)]
    c.polygon(hills, "#8fb39a")
    c.rect(580, 640, 440, 112, "#4f98a3")
    parts.sailboat(c, 870, 686, 120, "#fffaf0", "#c8553d")
    c.rect(580, 744, 440, 28, "#4a332b")
    for x in (690, 800, 910):
        c.line([(x, 92), (x, 750)], "#4a332b", 9)
    for y in (300, 470, 620):
        c.line([(582, y), (1018, y)], "#4a332b", 9)
    c.polygon([(600, 760), (1000, 760), (1270, 1067), (330, 1067)], "#ffe9b0", 0.14)
    random = Random(12)
    for left in (-20, 1090):
        c.rect(left, 40, 530, 790, "#3d2820", radius=8)
        for shelf in range(5):
            top = 62 + shelf * 152
            c.rect(left + 22, top, 486, 132, "#2a1a15")
            x = left + 28.0
            while x < left + 490:
                width = random.choice((18, 22, 26, 32))
                height = random.choice((92, 104, 112, 120))
                if random.random() < 0.1:
                    x += 26
                    continue
                if x + width > left + 504:
                    break
                tint = random.choice(BOOKS)
                c.rect(x, top + 132 - height, width, height, tint, radius=2)
                c.rect(x, top + 132 - height * 0.84, width, 5, mix(tint, "#fff6df", 0.55))
                c.rect(x, top + 132 - height * 0.25, width, 5, mix(tint, "#fff6df", 0.55))
                c.rect(x + width * 0.72, top + 132 - height, width * 0.28, height, "#000000", 0.13)
                x += width + 1.5
            c.rect(left + 14, top + 132, 502, 16, [(0, "#7d563f"), (1, "#5a3b2c")])
    c.line([(1230, 850), (1138, 60)], "#a67850", 11)
    c.line([(1300, 850), (1208, 60)], "#a67850", 11)
    for i in range(11):
        x, y = 1146 + i * 8, 110 + i * 70
        c.line([(x, y), (x + 70, y)], "#c08f62", 9)
    c.gradient([(0, "#8a5f42"), (1, "#5c3d2c")], 822)
    for i in range(13):
        c.line([(800 + (i - 6) * 130, 822), (800 + (i - 6) * 330, 1067)], "#4a3022", 3, 0.55)
    c.ellipse(800, 1000, 620, 74, "#20120d", 0.35)
    c.ellipse(800, 960, 600, 92, [(0, "#b98555"), (1, "#9a6a41")])
    c.ellipse(800, 950, 600, 88, [(0, "#d3a06b"), (1, "#bd8855")])
    for x, tint in ((520, "#c8553d"), (1040, "#3f7d7b")):
        c.polygon([(x - 90, 950), (x, 928), (x, 968), (x - 84, 990)], "#fff9ea")
        c.polygon([(x + 90, 950), (x, 928), (x, 968), (x + 84, 990)], "#f2e7cd")
        c.line([(x - 92, 954), (x, 972), (x + 92, 954)], tint, 6)
        for i in range(3):
            c.line([(x - 72, 953 + i * 9), (x - 14, 942 + i * 9)], "#b9ac92", 2.5)
            c.line([(x + 14, 942 + i * 9), (x + 72, 953 + i * 9)], "#b9ac92", 2.5)
    c.glow(790, 850, 260, "#ffe6a3", 0.75)
    c.rect(782, 840, 14, 104, "#c9a24a")
    c.ellipse(789, 946, 60, 15, "#a88338")
    c.polygon([(720, 848), (754, 782), (826, 782), (860, 848)], [(0, "#2f7d6a"), (1, "#1f5e50")])
    for i, tint in enumerate(("#7c3f4e", "#e8b04b", "#2c4a63")):
        c.rect(640 - i * 6, 932 - i * 20, 106, 19, tint, radius=3)
        c.rect(642 - i * 6, 936 - i * 20, 98, 11, "#f6ecd5", radius=2)
    return c


def ballot_box() -> Canvas:
    """Votes on their way into the box."""
    c = Canvas()
    c.gradient([(0, "#1f4e63"), (1, "#2f8a86")])
    random = Random(23)
    for radius, tint in ((760, "#2a6d78"), (560, "#348a89"), (370, "#4ca69c")):
        c.circle(800, 690, radius, tint, 0.55)
    for i in range(24):
        a, b = math.tau * i / 24, math.tau * (i + 0.42) / 24
        c.polygon(
            [
                (800, 690),
                (800 + 1300 * math.cos(a), 690 + 1300 * math.sin(a)),
                (800 + 1300 * math.cos(b), 690 + 1300 * math.sin(b)),
            ],
            "#fff3cf",
            0.05,
        )
    for _ in range(80):
        x, y, size = random.uniform(30, 1570), random.uniform(20, 700), random.uniform(9, 20)
        if 480 < x < 1120 and y > 180:
            continue
        tilt = random.uniform(0, math.pi)
        cos, sin = math.cos(tilt) * size, math.sin(tilt) * size
        tint = random.choice(("#f4c95d", "#e4633f", "#fff4dc", "#8fd0c3"))
        c.polygon(
            [
                (x - cos, y - sin),
                (x + sin * 0.5, y - cos * 0.5),
                (x + cos, y + sin),
                (x - sin * 0.5, y + cos * 0.5),
            ],
            tint,
            0.9,
        )
    c.ellipse(800, 980, 470, 40, "#0d2e3a", 0.45)
    _ballot(c, 400, 330, -16, "#e4633f")
    _ballot(c, 1210, 300, 14, "#2f8a86")
    c.polygon([(440, 600), (520, 520), (1080, 520), (1160, 600)], [(0, "#f0d39a"), (1, "#e1ba74")])
    c.polygon([(640, 568), (656, 550), (944, 550), (960, 568)], "#3a2a20")
    _ballot(c, 800, 420, 3, "#f0a92e")
    c.polygon([(634, 569), (966, 569), (984, 588), (616, 588)], [(0, "#e6c283"), (1, "#e1ba74")])
    c.rect(440, 598, 720, 380, [(0, "#d9a85c"), (1, "#b9823c")], radius=10)
    c.rect(1010, 598, 150, 380, "#000000", 0.08, radius=10)
    c.rect(440, 598, 720, 26, "#f3dcac")
    c.circle(800, 800, 112, "#fff4dc")
    c.circle(800, 800, 96, "#1f4e63")
    c.line([(750, 802), (788, 842), (856, 758)], "#fff4dc", 24)
    c.rect(470, 650, 46, 46, "#8a5a24", radius=8)
    c.rect(1084, 650, 46, 46, "#8a5a24", radius=8)
    c.rect(470, 896, 46, 46, "#8a5a24", radius=8)
    c.rect(1084, 896, 46, 46, "#8a5a24", radius=8)
    return c


def market_square() -> Canvas:
    """Stalls under striped awnings."""
    c = Canvas()
    c.gradient([(0, "#8ccbd0"), (0.8, "#f7eccb"), (1, "#fbdfae")], 0, 720)
    c.glow(1330, 160, 300, "#fff6d2", 0.9)
    c.circle(1330, 160, 56, "#fffdf2")
    for x, y, s in ((140, 170, 330), (700, 120, 300)):
        parts.cloud(c, x, y, s, "#ffffff", 0.85)
    x, number = -30.0, 0
    while x < 1600:
        width = (150, 132, 168, 140)[number % 4]
        tint = mix(parts.HOUSE_COLORS[(number * 3 + 2) % 8], "#f7eccb", 0.3)
        parts.house(c, x, 730, width, (290, 250, 330, 270)[number % 4], tint, 150 + number)
        x, number = x + width + 3, number + 1
    for start, end, sag in ((0, 560, 70), (560, 1080, 64), (1080, 1620, 72)):
        points = [
            (start + (end - start) * i / 24, 300 + sag * math.sin(math.pi * i / 24))
            for i in range(25)
        ]
        c.line(points, "#5a4a40", 3)
        for i in range(1, 24, 2):
            px, py = points[i]
            c.polygon(
                [(px - 17, py), (px + 17, py), (px, py + 38)],
                ("#e4633f", "#f4c95d", "#2f8a86", "#fff4dc")[(i // 2) % 4],
            )
    c.gradient([(0, "#e0cfa8"), (1, "#b89e74")], 722)
    random = Random(61)
    for _ in range(150):
        depth = random.random()
        y = 740 + 320 * depth
        size = 14 + 40 * depth
        c.rect(random.uniform(-20, 1600), y, size, size * 0.32, "#a88d63", 0.28, radius=size * 0.12)
    stalls = (
        (70, "#d9593f", ("#e8893c", "#d23f35", "#f2c94c")),
        (590, "#2f8a86", ("#6fa04c", "#8fbf5a", "#d5e08a")),
        (1110, "#e0a32e", ("#8a5a8f", "#c86f8e", "#f0d9d0")),
    )
    for left, tint, goods in stalls:
        _stall(c, left, tint, goods, random)
    for x, y, tint in (
        (545, 968, "#2c4a63"),
        (1062, 985, "#c8553d"),
        (1010, 965, "#f0e0bd"),
        (40, 985, "#3f7d7b"),
    ):
        _person(c, x, y, 190, tint)
    return c


def round_table() -> Canvas:
    """A meeting from above: papers, cups and an open plan."""
    c = Canvas()
    c.gradient([(0, "#e9d7b3"), (1, "#d9c093")])
    for i in range(17):
        c.line([(i * 100, 0), (i * 100, 1067)], "#c9ae7e", 3, 0.6)
        for j in range(5):
            y = (i * 173 + j * 260) % 1100
            c.line([(i * 100, y), (i * 100 + 100, y)], "#c9ae7e", 3, 0.6)
    random = Random(71)
    tints = ("#d9593f", "#2c4a63", "#e8b04b", "#3f7d7b", "#7c3f4e", "#6b8f5a", "#d98e5f", "#41607a")
    for i in range(8):
        a = math.tau * (i + 0.5) / 8
        x, y = 800 + 610 * math.cos(a), 534 + 455 * math.sin(a)
        c.circle(x + 12, y + 14, 76, "#7d6238", 0.35)
        c.circle(x, y, 76, mix(tints[i], "#000000", 0.2))
        c.circle(x, y, 60, tints[i])
    c.ellipse(816, 552, 530, 390, "#7d6238", 0.4)
    c.ellipse(800, 534, 530, 390, "#f7f0df")
    c.ellipse(800, 534, 514, 376, [(0, "#fdf9ee"), (1, "#f1e6cc")])
    # the plan in the middle: a little map
    c.polygon([(590, 400), (1010, 380), (1024, 676), (604, 700)], "#c9bd9f", 0.5)
    c.polygon([(580, 390), (1000, 370), (1014, 666), (594, 690)], "#dff0e6")
    c.polygon([(580, 390), (730, 383), (760, 470), (720, 560), (780, 681), (594, 690)], "#7fc0c4")
    c.line([(730, 383), (760, 470), (720, 560), (780, 681)], "#fffaf0", 9)
    c.line([(745, 440), (1003, 420)], "#f0c26a", 9)
    c.line([(730, 590), (1008, 580)], "#f0c26a", 9)
    c.line([(880, 376), (906, 670)], "#f0c26a", 9)
    for x, y, w, h, tint in (
        (790, 470, 60, 40, "#d9593f"),
        (930, 460, 46, 56, "#e8b04b"),
        (800, 540, 50, 32, "#d98e5f"),
        (940, 600, 50, 44, "#6b8f5a"),
        (830, 620, 44, 38, "#2c4a63"),
    ):
        c.rect(x, y, w, h, tint, radius=5)
    for i in range(8):
        a = math.tau * (i + 0.5) / 8 + 0.12
        x, y = 800 + 400 * math.cos(a), 534 + 285 * math.sin(a)
        if i % 2:
            c.circle(x + 5, y + 6, 36, "#a89468", 0.4)
            c.circle(x, y, 36, "#ffffff")
            c.circle(x, y, 27, "#7a4e30")
            c.ellipse(x - 8, y - 8, 8, 5, "#a9764c")
            c.rect(x + 32, y - 7, 20, 14, "#ffffff", radius=7)
        else:
            tilt = a + math.pi / 2 + random.uniform(-0.25, 0.25)
            _sheet(c, x, y, 104, 74, tilt, tints[(i + 3) % 8])
    c.line([(520, 330), (602, 300)], "#d9593f", 11)
    c.line([(1072, 742), (1150, 700)], "#2c4a63", 11)
    return c


def _person(c: Canvas, x: float, y: float, size: float, coat: str) -> None:
    """Somebody, from afar: a coat and a head."""
    c.ellipse(x, y, size * 0.2, size * 0.035, "#3a2f22", 0.28)
    for side in (-1, 1):
        c.rect(
            x + side * size * 0.06 - size * 0.03,
            y - size * 0.3,
            size * 0.06,
            size * 0.3,
            "#2b3640",
            radius=size * 0.02,
        )
    c.polygon(
        [
            (x - size * 0.09, y - size * 0.72),
            (x + size * 0.09, y - size * 0.72),
            (x + size * 0.16, y - size * 0.24),
            (x - size * 0.16, y - size * 0.24),
        ],
        coat,
    )
    c.circle(x, y - size * 0.72, size * 0.09, coat)
    c.circle(
        x, y - size * 0.87, size * 0.088, ("#8d5a3b", "#e6b48f", "#c98d63", "#f0cba8")[int(x) % 4]
    )
    c.pills(
        [(x - size * 0.095, y - size * 0.975, size * 0.19, size * 0.1)],
        ("#2b1d16", "#6b4226", "#3d3d3d")[int(x) % 3],
        1,
    )


def _ballot(c: Canvas, x: float, y: float, tilt: float, mark: str) -> None:
    """A paper with a cross on it."""
    _sheet(c, x, y, 230, 290, math.radians(tilt), mark, cross=True)


def _sheet(
    c: Canvas,
    x: float,
    y: float,
    width: float,
    height: float,
    tilt: float,
    tint: str,
    cross: bool = False,
) -> None:
    cos, sin = math.cos(tilt), math.sin(tilt)

    def at(px: float, py: float) -> tuple[float, float]:
        return (
            x + px * width * cos - py * height * sin,
            y + px * width * sin + py * height * cos,
        )

    corners = [at(-0.5, -0.5), at(0.5, -0.5), at(0.5, 0.5), at(-0.5, 0.5)]
    c.polygon([(px + 7, py + 9) for px, py in corners], "#0d2e3a", 0.22)
    c.polygon(corners, "#fffdf6")
    thick = width * 0.035
    c.line([at(-0.36, -0.36), at(0.16, -0.36)], tint, thick * 1.7)
    for i in range(4):
        row = -0.12 + 0.16 * i
        c.line(
            [at(-0.14 if cross else -0.36, row), at(0.36 - 0.1 * (i % 2), row)], "#b8c2c2", thick
        )
        if cross:
            box = [
                at(-0.37, row - 0.05),
                at(-0.24, row - 0.05),
                at(-0.24, row + 0.05),
                at(-0.37, row + 0.05),
            ]
            c.line([*box, box[0]], "#5f7378", thick * 0.7)
    if cross:
        c.line([at(-0.39, -0.02), at(-0.22, 0.1)], tint, thick * 1.5)
        c.line([at(-0.22, -0.02), at(-0.39, 0.1)], tint, thick * 1.5)


def _stall(c: Canvas, left: float, tint: str, goods: tuple[str, ...], random: Random) -> None:
    width = 430
    c.ellipse(left + width / 2, 946, width * 0.54, 22, "#4a3a26", 0.3)
    for x in (left + 14, left + width - 26):
        c.rect(x, 560, 12, 380, "#7a5a3c")
    c.rect(left + 10, 640, width - 20, 150, "#4a3a2c", 0.35)
    for level, y in enumerate((700, 760)):
        for i in range(3):
            x = left + 26 + i * 130
            c.rect(x, y + 18, 118, 46, "#a87c4e", radius=4)
            c.rect(x, y + 34, 118, 5, "#8a6239")
            for k in range(6):
                c.circle(x + 15 + k * 18, y + 12 - (k % 2) * 7, 14, goods[(i + level) % 3])
                c.circle(x + 11 + k * 18, y + 8 - (k % 2) * 7, 4, "#ffffff", 0.35)
    c.rect(left, 822, width, 118, [(0, "#b98a5a"), (1, "#8f6640")], radius=5)
    for i in range(1, 6):
        c.line([(left + i * width / 6, 828), (left + i * width / 6, 938)], "#77522f", 3)
    c.rect(left + 136, 846, 158, 66, "#2f3e3a", radius=6)
    for i in range(3):
        c.rect(left + 156, 860 + i * 15, random.uniform(70, 112), 5, "#f3ead4", radius=2)
    stripes = 8
    step = (width + 40) / stripes
    for i in range(stripes):
        x = left - 20 + i * step
        color = tint if i % 2 == 0 else "#fff6e2"
        c.polygon(
            [
                (left + 24 + i * (width - 48) / stripes, 500),
                (left + 24 + (i + 1) * (width - 48) / stripes, 500),
                (x + step, 604),
                (x, 604),
            ],
            color,
        )
        c.rect(x, 602, step, 36, mix(color, "#000000", 0.07))
        c.circle(x + step / 2, 636, step / 2, mix(color, "#000000", 0.07))
    c.rect(left + 22, 494, width - 44, 10, mix(tint, "#000000", 0.25), radius=5)
