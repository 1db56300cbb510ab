"""Pictures of streets and workshops: the square at dusk, a bus stop, a repair table, the gauge.

A drawing is a list of shapes from back to front; cutting one into smaller functions would hide
the order, so these are long.
"""

# ruff: noqa: C901

import math
from random import Random

from tools.pictures import parts
from tools.pictures.canvas import Canvas, mix
from tools.pictures.scenes_town import _person

GLASS = [(0.0, "#ffe3a0"), (1.0, "#f5b458")]


def dusk_square() -> Canvas:
    """People on their way into the lit town hall on a blue evening."""
    c = Canvas()
    c.gradient([(0, "#1c2f57"), (0.55, "#6b5f86"), (0.85, "#e58e6b"), (1, "#f6bd7e")], 0, 760)
    random = Random(7)
    for _ in range(70):
        y = random.uniform(0, 330)
        c.circle(random.uniform(0, 1600), y, random.uniform(1, 2.4), "#fdf3d8", 0.85 - y / 480)
    for x, y, s in ((60, 300, 420), (1120, 250, 460), (520, 420, 300)):
        parts.cloud(c, x, y, s, "#c9788a", 0.35)
    c.ridge(720, 150, 21, [(0, "#3d4a70"), (1, "#4a4a68")], 1.2)
    x, number = -40.0, 0
    while x < 1600:
        width = (140, 118, 152, 128)[number % 4]
        if not 430 < x + width / 2 < 1170:
            tint = parts.HOUSE_COLORS[(number * 3 + 2) % 8]
            height = (210, 260, 190, 240)[number % 4]
            parts.house(c, x, 778, width, height, tint, 210 + number, 0.6, "#22304a", 0.55)
        x, number = x + width + 4, number + 1
    wall, dark = "#8c6f7a", "#3b3450"
    c.glow(800, 620, 700, "#ffb765", 0.45)
    c.rect(450, 430, 700, 350, [(0, mix(wall, "#24284a", 0.3)), (1, "#b98a78")])
    c.polygon([(410, 434), (500, 340), (1100, 340), (1190, 434)], [(0, "#2d2c48"), (1, "#453a54")])
    c.rect(716, 200, 168, 580, [(0, "#6a5a78"), (1, "#c69a80")])
    c.polygon([(700, 204), (800, 40), (900, 204)], [(0, "#1f4a58"), (1, "#2c5f62")])
    c.line([(800, 44), (800, 4)], "#1b2440", 5)
    c.polygon([(802, 6), (850, 18), (802, 32)], "#e4633f")
    c.glow(800, 296, 190, "#ffd98c", 0.55)
    c.circle(800, 296, 62, "#4a3d58")
    c.circle(800, 296, 53, "#fff1c9")
    for hour in range(12):
        a = math.tau * hour / 12
        mark = (800 + 44 * math.sin(a), 296 - 44 * math.cos(a))
        c.circle(*mark, 3.5, "#3b3450")
    c.line([(800, 296), (800 - 34, 296 + 10)], "#3b3450", 7)
    c.line([(800, 296), (800, 296 - 42)], "#3b3450", 5)
    for y in (466, 612):
        for wx in (488, 572, 656, 906, 990, 1074):
            c.rect(wx - 7, y - 7, 62, 110, dark, 0.55, radius=31)
            c.rect(wx, y, 48, 98, GLASS, radius=24)
            c.line([(wx + 24, y + 4), (wx + 24, y + 98)], "#7c5a52", 4)
            c.line([(wx, y + 54), (wx + 48, y + 54)], "#7c5a52", 4)
    c.rect(738, 420, 124, 100, GLASS, radius=10)
    c.line([(800, 420), (800, 520)], "#7c5a52", 4)
    c.rect(700, 520, 200, 14, dark)
    for i in range(9):
        c.rect(706 + i * 23, 490, 5, 32, dark)
    c.line([(702, 490), (898, 490)], dark, 5)
    c.rect(728, 596, 144, 190, dark, radius=70)
    c.rect(742, 610, 116, 176, [(0, "#fff0bd"), (1, "#ffc76d")], radius=56)
    for i in range(4):
        step = mix("#d6a884", "#5c4a5e", i * 0.2)
        c.rect(690 - i * 26, 778 + i * 12, 220 + i * 52, 13, step)
    c.gradient([(0, "#7a6478"), (0.3, "#4e4763"), (1, "#2a2a48")], 824)
    c.polygon([(690, 824), (910, 824), (1260, 1067), (340, 1067)], "#ffc27a", 0.34)
    c.polygon([(745, 824), (855, 824), (1010, 1067), (590, 1067)], "#ffd998", 0.3)
    for i in range(9):
        c.line([(800 + (i - 4) * 110, 824), (800 + (i - 4) * 430, 1067)], "#1d1e38", 3, 0.35)
    for y in (852, 896, 962):
        c.line([(0, y), (1600, y)], "#1d1e38", 3, 0.35)
    parts.lamp(c, 300, 900, 230, "#1b2038", 0.8)
    parts.lamp(c, 1300, 900, 230, "#1b2038", 0.8)
    for x, y, size, tint in (
        (752, 812, 84, "#3b4468"),
        (846, 818, 88, "#7a3f4e"),
        (640, 880, 128, "#2c4a63"),
        (700, 888, 92, "#c8553d"),
        (1000, 900, 134, "#3f6d6b"),
        (1066, 906, 140, "#4d3a5e"),
        (420, 985, 190, "#5a3d4c"),
        (512, 1000, 200, "#24415c"),
        (1214, 1012, 206, "#b5703f"),
    ):
        c.polygon(
            [(x - 10, y), (x + 10, y), (x + (x - 800) * 0.22 + 24, y + size * 0.75),
             (x + (x - 800) * 0.22 - 24, y + size * 0.75)],
            "#14152c",
            0.3,
        )  # fmt: skip
        _person(c, x, y, size, tint)
    return c


def bus_stop() -> Canvas:
    """A bus at its stop on the hill, above the bay."""
    c = Canvas()
    c.gradient([(0, "#86c5d8"), (0.75, "#f3efd2"), (1, "#fbe3b4")], 0, 640)
    for x, y, s in ((110, 150, 380), (900, 110, 320), (1250, 240, 260)):
        parts.cloud(c, x, y, s, "#ffffff", 0.9)
    c.ridge(560, 120, 12, [(0, "#9dc0b2"), (1, "#c6d8bd")], 1.2)
    c.rect(0, 560, 1600, 120, [(0, "#6fb4bd"), (1, "#4c96a6")])
    c.ripples(565, 670, 5, "#e8f6ee", 60, 0.4)
    parts.sailboat(c, 1180, 640, 90, "#fffaf0", "#c8553d")
    parts.sailboat(c, 330, 624, 60, "#fff1d8", "#2c4a63")
    c.ridge(700, 60, 3, [(0, "#7fae74"), (1, "#5f9466")], 0.8)
    x, number = 20.0, 0
    while x < 560:
        width = (120, 104, 132, 112)[number % 4]
        height = (150, 190, 140, 170)[number % 4]
        tint = parts.HOUSE_COLORS[(number * 3) % 8]
        parts.house(c, x, 770, width, height, tint, 310 + number)
        x, number = x + width + 8, number + 1
    for x, size in ((620, 230), (1480, 320), (1390, 240)):
        parts.tree(c, x, 775, size, "#4f8b62")
    c.rect(0, 764, 1600, 70, [(0, "#e0d3b4"), (1, "#cdbd99")])
    c.gradient([(0, "#6d6f78"), (1, "#4d5059")], 834)
    c.rect(0, 826, 1600, 14, "#f1e7cf")
    for i in range(6):
        c.rect(60 + i * 290, 966, 160, 14, "#f2ead2", 0.8, radius=4)
    c.ellipse(680, 942, 430, 20, "#22252c", 0.35)
    c.rect(290, 560, 790, 350, [(0, "#2f8a86"), (1, "#22706f")], radius=36)
    c.rect(290, 800, 790, 110, "#f4ead0", radius=24)
    c.rect(290, 790, 790, 40, "#e4a33c")
    for i in range(5):
        c.rect(326 + i * 128, 604, 112, 130, [(0, "#dff0ee"), (1, "#8fbcc4")], radius=12)
    for hx, tint in ((382, "#8d5a3b"), (520, "#e6b48f"), (770, "#c98d63")):
        c.circle(hx, 690, 24, tint)
        c.rect(hx - 34, 706, 68, 28, ("#c8553d", "#f0e0bd", "#3d4a70")[int(hx) % 3], radius=10)
    c.rect(966, 604, 96, 276, [(0, "#dff0ee"), (1, "#9cc5ca")], radius=12)
    c.line([(1014, 606), (1014, 878)], "#22706f", 6)
    c.rect(330, 572, 240, 24, "#1d2c33", radius=6)
    for i in range(14):
        c.rect(344 + i * 16, 579, 9, 10, "#ffc65c", radius=2)
    for wx in (440, 880):
        c.circle(wx, 908, 58, "#262a31")
        c.circle(wx, 908, 28, "#b9bec4")
        c.circle(wx, 908, 10, "#5a6069")
    c.rect(1062, 840, 22, 26, "#fff0c0", radius=6)
    c.line([(1190, 900), (1190, 500)], "#2c3e46", 10)
    c.circle(1190, 490, 64, "#fffaf0")
    c.circle(1190, 490, 54, "#2c5f7a")
    c.rect(1158, 466, 64, 42, "#fffaf0", radius=8)
    c.rect(1164, 472, 52, 18, "#2c5f7a", radius=3)
    c.circle(1172, 510, 7, "#fffaf0")
    c.circle(1208, 510, 7, "#fffaf0")
    c.rect(1120, 570, 140, 54, "#fffaf0", radius=6)
    for i, wide in enumerate((104, 72)):
        c.rect(1138, 584 + i * 17, wide, 8, "#2c3e46", 0.75, radius=4)
    for x, y, size, tint in (
        (1290, 905, 250, "#c8553d"),
        (1358, 912, 170, "#e8b04b"),
        (1440, 908, 256, "#3d4a70"),
    ):
        _person(c, x, y, size, tint)
    for x, y, s in ((760, 330, 24), (820, 300, 17), (690, 290, 14)):
        parts.gull(c, x, y, s, "#40525c")
    return c


def repair_table() -> Canvas:
    """A work bench from above: a lamp, a radio and a clock in parts, tools and hands' work."""
    c = Canvas()
    c.gradient([(0, "#c99a66"), (1, "#b5834f")])
    random = Random(17)
    for i in range(6):
        c.rect(0, i * 178, 1600, 174, mix("#cfa06c", "#a97a49", random.random()), 0.55)
        c.line([(0, i * 178), (1600, i * 178)], "#8a6138", 4, 0.6)
        for _ in range(7):
            y = i * 178 + random.uniform(15, 165)
            x = random.uniform(-100, 1500)
            c.line([(x, y), (x + random.uniform(90, 400), y + 3)], "#9a6f41", 2, 0.4)
    c.rect(470, 190, 690, 620, "#1f5a5c", radius=26)
    c.rect(486, 206, 658, 588, "#2a6f70", radius=18)
    for i in range(1, 13):
        c.line([(486 + i * 50, 206), (486 + i * 50, 794)], "#5e9a97", 2, 0.4)
        if i < 12:
            c.line([(486, 206 + i * 50), (1144, 206 + i * 50)], "#5e9a97", 2, 0.4)
    c.rect(548, 290, 330, 214, "#143a3c", 0.4, radius=24)
    c.rect(540, 278, 330, 214, [(0, "#d9593f"), (1, "#b8452f")], radius=24)
    c.rect(562, 300, 170, 170, "#f4e6c6", radius=12)
    for i in range(7):
        c.line([(574, 318 + i * 22), (720, 318 + i * 22)], "#7d3a2c", 6)
    c.circle(802, 348, 40, "#f4e6c6")
    c.circle(802, 348, 26, "#7d3a2c")
    c.line([(802, 348), (820, 326)], "#f4e6c6", 6)
    c.circle(776, 436, 16, "#f4e6c6")
    c.circle(830, 436, 16, "#f4e6c6")
    c.line([(850, 284), (980, 212)], "#d7dde0", 6)
    c.circle(982, 211, 9, "#eef2f3")
    c.circle(990, 610, 132, "#143a3c", 0.35)
    c.circle(984, 600, 130, "#e8b04b")
    c.circle(984, 600, 110, "#fff7e3")
    for hour in range(12):
        a = math.tau * hour / 12
        c.circle(984 + 92 * math.sin(a), 600 - 92 * math.cos(a), 6, "#2c3e46")
    c.line([(984, 600), (936, 566)], "#2c3e46", 11)
    c.line([(984, 600), (1010, 530)], "#2c3e46", 8)
    c.circle(984, 600, 10, "#d9593f")
    for x, y, r, teeth in ((610, 650, 62, 14), (716, 704, 44, 10), (700, 598, 30, 8)):
        for t in range(teeth):
            a = math.tau * t / teeth
            c.circle(x + r * math.cos(a), y + r * math.sin(a), r * 0.16, "#d8b45f")
        c.circle(x, y, r, [(0, "#e6c678"), (1, "#c79a3e")])
        c.circle(x, y, r * 0.55, "#2a6f70")
        c.circle(x, y, r * 0.2, "#e6c678")
        for a in (0.4, 2.5, 4.6):
            tip = (x + r * 0.6 * math.cos(a), y + r * 0.6 * math.sin(a))
            c.line([(x, y), tip], "#d8b45f", 7)
    for x, y, angle, tint in (
        (300, 330, 1.2, "#d9593f"),
        (250, 420, 1.05, "#e8b04b"),
        (330, 640, -0.9, "#2c5f7a"),
        (1330, 820, 2.7, "#d9593f"),
    ):
        dx, dy = math.cos(angle), math.sin(angle)
        c.line([(x + 9, y + 12), (x + 150 * dx + 9, y + 150 * dy + 12)], "#5f401f", 20, 0.3)
        c.line([(x, y), (x + 150 * dx, y + 150 * dy)], "#c9d1d5", 11)
        c.line([(x, y), (x - 110 * dx, y - 110 * dy)], tint, 36)
        c.line([(x - 30 * dx, y - 30 * dy), (x - 90 * dx, y - 90 * dy)], "#ffffff", 6, 0.4)
    for i in range(26):
        x, y = random.uniform(1200, 1420), random.uniform(250, 440)
        c.circle(x + 2, y + 3, 9, "#5f401f", 0.3)
        c.circle(x, y, 9, ("#d7dde0", "#c9a24a", "#9aa5ab")[i % 3])
        c.line([(x - 5, y - 3), (x + 5, y + 3)], "#4a5359", 3)
    coffees = ((190, 880, "#fffaf0"), (1440, 590, "#2c5f7a"))
    for x, y, tint in coffees:
        c.circle(x + 10, y + 14, 78, "#5f401f", 0.3)
        c.ellipse(x + 88, y, 34, 26, tint)
        c.ellipse(x + 88, y, 17, 12, "#b98a58")
        c.circle(x, y, 76, tint)
        c.circle(x, y, 62, "#4d2e1d")
        c.ellipse(x - 16, y - 18, 22, 12, "#7a4c30")
    c.polygon([(560, 860), (930, 838), (946, 1050), (574, 1072)], "#5f401f", 0.25)
    c.polygon([(552, 848), (920, 826), (936, 1040), (566, 1062)], "#fffaf0")
    for i, wide in enumerate((250, 300, 190, 270, 140)):
        c.line(
            [(590 + i * 2, 886 + i * 34), (590 + i * 2 + wide, 872 + i * 34 - wide * 0.01)],
            "#2c3e46" if i else "#d9593f",
            7,
            0.75,
        )
    points = [(60 + i * 12, 140 + 40 * math.sin(i / 5) + i) for i in range(32)]
    c.line(points, "#2b2b33", 10)
    c.rect(424, 148, 66, 40, "#2b2b33", radius=10)
    for y in (156, 174):
        c.rect(488, y, 28, 7, "#d7dde0", radius=3)
    return c


def rain_garden() -> Canvas:
    """A back yard with rain barrels, bean poles and a compost heap, after the rain."""
    c = Canvas()
    c.gradient([(0, "#7fa6b8"), (0.7, "#d9e4d2"), (1, "#f2e3bb")], 0, 620)
    for x, y, s in ((0, 130, 460), (560, 90, 420), (1150, 170, 420)):
        parts.cloud(c, x, y, s, "#f2f4ee", 0.85)
    colors = ("#e4633f", "#f0a04b", "#f4d35e", "#7fb069", "#4f98a3", "#6a5a9a")
    for i, tint in enumerate(colors):
        radius = 560 - i * 16
        arc = [
            (820 + radius * math.cos(a / 40 * math.pi), 700 - radius * math.sin(a / 40 * math.pi))
            for a in range(41)
        ]
        c.line(arc, tint, 16, 0.34)
    c.ridge(600, 90, 44, [(0, "#8fb39a"), (1, "#b9cda6")], 1.5)
    for x, size in ((70, 360), (1540, 380), (1430, 270), (210, 250)):
        parts.tree(c, x, 690, size, "#4f8b62")
    for i in range(27):
        x = i * 62
        slat = [(x, 720), (x, 590), (x + 26, 566), (x + 52, 590), (x + 52, 720)]
        c.polygon(slat, ("#f6efdd", "#ece2c8")[i % 2])
    c.rect(0, 622, 1600, 14, "#d8cba9")
    c.gradient([(0, "#7fae5c"), (1, "#4d7f46")], 712)
    c.rect(330, 330, 470, 470, [(0, "#b86b4b"), (1, "#95513a")])
    for i in range(9):
        c.line([(330, 376 + i * 48), (800, 376 + i * 48)], "#7d4230", 3, 0.55)
    c.polygon([(280, 344), (330, 210), (800, 210), (850, 344)], [(0, "#4b5562"), (1, "#39424e")])
    c.rect(274, 338, 584, 20, "#c9d1d5", radius=8)
    c.rect(400, 470, 150, 330, "#2f6f6c", radius=6)
    c.rect(420, 492, 110, 120, [(0, "#bfdde0"), (1, "#6fa3ac")], radius=4)
    c.circle(530, 660, 9, "#e8c46a")
    c.rect(620, 450, 120, 110, "#f4ead0", radius=4)
    c.rect(630, 460, 100, 90, [(0, "#bfdde0"), (1, "#6fa3ac")])
    c.line([(680, 460), (680, 550)], "#f4ead0", 6)
    c.rect(828, 350, 20, 300, "#b4bec4", radius=8)
    for x, tint in ((880, "#2c5f7a"), (1046, "#3f7d7b")):
        c.ellipse(x, 852, 92, 20, "#2f4d2b", 0.4)
        c.rect(x - 76, 640, 152, 206, [(0, mix(tint, "#ffffff", 0.15)), (1, tint)], radius=26)
        c.ellipse(x, 648, 74, 18, mix(tint, "#10203a", 0.5))
        c.ellipse(x, 650, 62, 12, "#9fd0dc")
        for y in (700, 780):
            c.rect(x - 78, y, 156, 12, mix(tint, "#10203a", 0.35), radius=5)
        c.rect(x - 14, 806, 28, 14, "#e8c46a", radius=4)
    c.line([(838, 640), (874, 640)], "#b4bec4", 18)
    for i in range(5):
        x = 1190 + i * 70
        c.line([(x, 850), (x + 30, 520)], "#8a6138", 8)
        c.line([(x + 60, 850), (x + 30, 520)], "#8a6138", 8)
        for k in range(11):
            y = 840 - k * 29
            swing = 22 * math.sin(k * 1.7 + i)
            c.ellipse(x + 30 + swing, y, 24, 15, ("#5f9a4c", "#3f7d3f", "#79b35c")[(k + i) % 3])
            if (k + i) % 4 == 0:
                c.circle(x + 24 - swing, y - 6, 8, "#e4633f")
    random = Random(23)
    for row in range(3):
        y = 890 + row * 62
        left, right = 60 - row * 40, 1560 + row * 30
        bed = [(left, y), (right, y), (right + 30, y + 40), (left - 30, y + 40)]
        c.polygon(bed, [(0, "#6b4a33"), (1, "#533825")])
        for k in range(22):
            x = 70 - row * 30 + k * 70 + random.uniform(-8, 8)
            size = 26 + row * 8
            for side in (-1, 0, 1):
                tint = ("#8fc06a", "#6aa650", "#b7d27a")[(k + row + side) % 3]
                c.ellipse(x + side * size * 0.6, y + 2, size * 0.5, size * 0.7, tint)
    for _ in range(60):
        x, y = random.uniform(0, 1600), random.uniform(60, 860)
        c.line([(x, y), (x - 5, y + 24)], "#ffffff", 2, 0.28)
    return c


def gauge_pier() -> Canvas:
    """The tide gauge on its pier, a box of instruments, and the curve it draws."""
    c = Canvas()
    c.gradient([(0, "#f2b880"), (0.5, "#f7d9a8"), (1, "#f8ebcf")], 0, 640)
    c.glow(340, 420, 420, "#fff3c8", 0.9)
    c.circle(340, 430, 64, "#fffbe6")
    for x, y, s in ((660, 180, 380), (1160, 110, 300), (60, 140, 300)):
        parts.cloud(c, x, y, s, "#fff6e4", 0.7)
    c.ridge(600, 120, 27, [(0, "#c08f86"), (1, "#dcb59a")], 1.3)
    c.ridge(640, 60, 9, [(0, "#9d7f86"), (1, "#b89a92")], 2.2)
    c.gradient([(0, "#e9b98c"), (0.25, "#7fa5a4"), (1, "#2f6678")], 628)
    c.glitter(340, 634, 1000, 3, "#fff2c4", 200)
    c.ripples(640, 1060, 8, "#f6ead0", 110, 0.35)
    parts.sailboat(c, 560, 690, 110, "#fffaf0", "#7c3f4e")
    for x in (960, 1180, 1400, 1580):
        c.rect(x, 720, 34, 347, [(0, "#5b4638"), (1, "#33302f")])
        c.ellipse(x + 17, 1000, 46, 9, "#d6e8e2", 0.5)
    c.polygon([(860, 700), (1600, 676), (1600, 742), (860, 752)], [(0, "#8a6a52"), (1, "#5b4638")])
    for i in range(12):
        c.line([(884 + i * 62, 700 - i * 2), (884 + i * 62, 750 - i)], "#4a382c", 3, 0.6)
    for i in range(7):
        c.line([(900 + i * 112, 700 - i * 3.6), (900 + i * 112, 604 - i * 3.6)], "#3a3a44", 7)
    c.line([(896, 608), (1600, 584)], "#3a3a44", 7)
    c.line([(896, 652), (1600, 628)], "#3a3a44", 5)
    c.rect(700, 380, 124, 660, "#fbf4e2", radius=8)
    c.rect(796, 380, 28, 660, "#000000", 0.09, radius=8)
    for i in range(14):
        y = 402 + i * 45
        c.rect(700, y, 62 if i % 2 else 88, 20, "#c8452f" if i < 4 else "#22485c")
    c.rect(690, 350, 144, 40, "#3a4a58", radius=8)
    c.ellipse(762, 974, 110, 18, "#d6e8e2", 0.7)
    c.rect(1130, 400, 190, 200, "#22313a", 0.25, radius=14)
    c.rect(1120, 388, 190, 204, [(0, "#e7ece9"), (1, "#bcc8c6")], radius=14)
    c.rect(1142, 412, 146, 96, "#17343d", radius=8)
    curve = [(1150 + i * 3.2, 460 + 28 * math.sin(i / 41 * math.tau * 1.5)) for i in range(41)]
    c.line(curve, "#7fe0c6", 6)
    c.circle(curve[-1][0], curve[-1][1], 8, "#f4c95d")
    for i, tint in enumerate(("#7fb069", "#e8b04b", "#c8d0cf")):
        c.circle(1160 + i * 40, 546, 11, tint)
    c.line([(1215, 388), (1215, 250)], "#3a4a58", 9)
    c.polygon([(1160, 300), (1270, 250), (1292, 290), (1182, 340)], "#24385a")
    c.line([(1180, 314), (1282, 268)], "#5f7ea8", 3)
    c.line([(1215, 276), (1237, 316)], "#5f7ea8", 3)
    c.line([(824, 420), (1120, 470)], "#3a3a44", 5)
    parts.lamp(c, 1480, 664, 300, "#3a3a44")
    for x, y, s in ((480, 300, 26), (540, 260, 18), (960, 240, 20)):
        parts.gull(c, x, y, s, "#6b5560")
    c.ellipse(762, 338, 26, 17, "#fffaf0")
    c.circle(784, 322, 11, "#fffaf0")
    c.polygon([(793, 320), (812, 325), (793, 328)], "#e8a33c")
    c.polygon([(738, 336), (716, 344), (742, 346)], "#8a97a0")
    return c


def film_night() -> Canvas:
    """A film in the Net Loft: the beam, the sheet, heads from behind."""
    c = Canvas()
    c.gradient([(0, "#1d1a2b"), (1, "#2c2236")])
    for i in range(9):
        c.rect(i * 180, 0, 172, 900, mix("#33273a", "#241d30", (i % 3) / 2))
    for i in range(6):
        c.polygon(
            [(i * 330 - 60, 0), (i * 330 - 10, 0), (i * 330 + 120, 150), (i * 330 + 80, 150)],
            "#47344a",
        )
    c.rect(0, 0, 1600, 34, "#47344a")
    c.rect(0, 140, 1600, 26, "#3b2c40")
    for side in (0, 1):
        left = 30 if side == 0 else 1290
        for k in range(8):
            c.line([(left + k * 40, 166), (left + k * 40 - 30, 560)], "#6a5a62", 2, 0.6)
            c.line([(left, 190 + k * 50), (left + 280, 200 + k * 50)], "#6a5a62", 2, 0.6)
        for k in range(5):
            tint = ("#c8553d", "#e8b04b", "#f0e0bd")[k % 3]
            c.circle(left + 30 + k * 58, 230 + (k * 97) % 260, 17, tint, 0.75)
    c.glow(800, 420, 820, "#ffd9a0", 0.4)
    c.rect(366, 176, 868, 528, "#0f0d18", 0.5, radius=4)
    c.rect(360, 166, 868, 528, "#fff6e0")
    c.rect(384, 190, 820, 480, [(0, "#f2a65e"), (0.5, "#f6cf8a"), (1, "#f8e6b8")])
    c.circle(940, 452, 84, "#fffbe8")
    hills = [(384, 560), (520, 470), (640, 540), (760, 450), (930, 548), (1070, 480), (1204, 556)]
    c.polygon([*hills, (1204, 670), (384, 670)], "#c9835c")
    c.rect(384, 560, 820, 110, [(0, "#5d97a0"), (1, "#3d6f80")])
    for i in range(16):
        c.rect(910 + (i * 37) % 70 - 10, 566 + i * 6, 60 - i, 3, "#fff3c4", 0.8)
    parts.lighthouse(c, 560, 612, 260)
    parts.sailboat(c, 780, 628, 120, "#fffaf0", "#7c3f4e")
    for x, y, s in ((700, 280, 20), (760, 252, 14), (1060, 300, 16)):
        parts.gull(c, x, y, s, "#7a4c3e")
    c.polygon([(800, 1040), (384, 190), (1204, 190), (1204, 670)], "#fff3c8", 0.09)
    c.polygon([(800, 1040), (384, 670), (384, 190), (1204, 670)], "#fff3c8", 0.07)
    c.gradient([(0, "#3a2b3a"), (1, "#241a2a")], 900)
    random = Random(41)
    for row, (y, size) in enumerate(((800, 76), (886, 98), (996, 128))):
        count = (15, 12, 9)[row]
        for k in range(count):
            x = (k + 0.5) * 1600 / count + random.uniform(-14, 14) + row * 12
            if random.random() < 0.1:
                continue
            small = random.random() < 0.28
            r = size * (0.36 if small else 0.46)
            top = y + (size * 0.3 if small else random.uniform(-10, 8))
            tint = ("#2a2033", "#352437", "#241d33", "#3b2a35")[(k + row) % 4]
            c.rect(x - r * 1.55, top + r * 0.85, r * 3.1, r * 4, tint, radius=r * 1.1)
            c.circle(x, top, r, mix(tint, "#0c0a14", 0.25))
            c.ellipse(x, top - r * 0.72, r * 0.66, r * 0.2, "#ffcf8a", 0.22)
        c.rect(0, y + size * 1.3, 1600, 1067, "#1b1523", 0.55)
    return c
