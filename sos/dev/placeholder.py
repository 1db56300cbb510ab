"""Pictures for fixture content, which has none: a file name in, a drawing of its size out. Pure."""

import re

_SIZE = re.compile(r"-(\d{1,4})x(\d{1,4})\.\w+\Z")
LARGEST = (1600, 1067)

MEDIA_TYPE = "image/svg+xml"


def is_fixture_picture(path: str) -> bool:
    """Whether a path is that of a picture of the fixtures, which no library has."""
    name = path.rpartition("/")[2]
    return name.startswith("fixture") and name.endswith((".jpg", ".png", ".webp"))


def draw_picture(path: str) -> str:
    """An SVG as large as the name says: a bay, a lighthouse, and the size in a corner."""
    match = _SIZE.search(path)
    width, height = (max(1, int(match[1])), max(1, int(match[2]))) if match else LARGEST
    sun = round(min(width, height) * 0.09)
    horizon, unit = round(height * 0.62), min(width, height) / 100
    tower = round(width * 0.7)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">'
        f'<rect width="{width}" height="{height}" fill="#b9cfda"/>'
        f'<circle cx="{width * 0.25:.0f}" cy="{height * 0.3:.0f}" r="{sun}" fill="#f5e6b8"/>'
        f'<rect y="{horizon}" width="{width}" height="{height - horizon}" fill="#2f6278"/>'
        f'<path d="M{tower - unit * 5:.0f} {horizon}l{unit * 2:.1f} {-unit * 34:.1f}h{unit * 6:.1f}'
        f'l{unit * 2:.1f} {unit * 34:.1f}z" fill="#fff"/>'
        f'<rect x="{tower - unit * 2:.0f}" y="{horizon - unit * 40:.0f}" width="{unit * 4:.0f}" '
        f'height="{unit * 6:.0f}" fill="#a3231b"/>'
        f'<text x="{unit * 4:.0f}" y="{height - unit * 4:.0f}" fill="#fff" '
        f'font-family="system-ui,sans-serif" font-size="{max(10, unit * 6):.0f}">'
        f"{width} × {height}</text></svg>"
    )
