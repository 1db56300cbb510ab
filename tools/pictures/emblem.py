"""The emblem of the fictitious initiative: a lighthouse over waves, as logo and as site icon."""

from tools.pictures import parts
from tools.pictures.canvas import Canvas, mix


def logo() -> Canvas:
    """A round emblem on nothing."""
    c = Canvas(512, 512)
    c.circle(256, 256, 254, "#0f3d4c")
    c.circle(256, 256, 240, "#fff4dc")
    scene = Canvas(512, 512)
    _draw_scene(scene)
    hole = Canvas(512, 512)
    hole.circle(256, 256, 228, "#ffffff")
    c.image.paste(scene.image, (0, 0), hole.image.getchannel("A"))
    return c


def icon() -> Canvas:
    """The same scene to the edges of a square with round corners."""
    c = Canvas(512, 512)
    _draw_scene(c)
    shape = Canvas(512, 512)
    shape.rect(0, 0, 512, 512, "#ffffff", radius=108)
    c.image.putalpha(shape.image.getchannel("A"))
    return c


def _draw_scene(c: Canvas) -> None:
    c.rect(0, 0, 512, 330, [(0, "#2f8a94"), (0.7, "#f4b27a"), (1, "#ffd98f")])
    c.circle(346, 236, 74, "#fff1c2")
    c.polygon([(226, 118), (-60, 40), (-60, 210)], "#fff6d8", 0.4)
    c.polygon([(226, 118), (572, 30), (572, 200)], "#fff6d8", 0.3)
    parts.lighthouse(c, 226, 372, 300)
    for top, color in ((330, "#2b7f8c"), (372, "#1c6375"), (418, "#0f3d4c")):
        crest = []
        for step in range(129):
            x = 512 * step / 128
            t = ((x + top * 1.7) % 128) / 128
            crest.append((x, top - 22 * (1 - abs(2 * t - 1)) ** 1.6))
        c.polygon([(0, 512), *crest, (512, 512)], color)
        c.line([(x, y + 3) for x, y in crest], mix(color, "#ffffff", 0.75), 6)
