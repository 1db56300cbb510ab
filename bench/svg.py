"""Charts as SVG: a few shapes in, one file out that reads well on light and on dark pages.

Colours are classes; the style sheet is in the file itself, because a page that shows it as an image
gives it none. Numbers are rounded so that the same data always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def number(value: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


class Drawing:
    """Shapes on a page of ``width`` and ``height`` pixels, with a title and a description for those
    who do not see it."""

    def __init__(self, width: float, height: float, title: str, description: str) -> None:
        self._size = f"{number(width)} {number(height)}"
        self._head = f"<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n"
        self._shapes: list[str] = []

    def rect(self, x: float, y: float, width: float, height: float, look: str) -> None:
        """A rectangle; ``look`` is its class."""
        self._shapes.append(
            f'<rect class="{look}" x="{number(x)}" y="{number(y)}"'
            f' width="{number(width)}" height="{number(height)}"/>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, look: str) -> None:
        """A straight line."""
        self._shapes.append(
            f'<path class="{look}" d="M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"/>'
        )

    def area(self, points: Iterable[tuple[float, float]], look: str) -> None:
        """A closed shape."""
        path = "L".join(f"{number(x)} {number(y)}" for x, y in points)
        self._shapes.append(f'<path class="{look}" d="M{path}Z"/>')

    def text(self, x: float, y: float, words: str, look: str = "", anchor: str = "start") -> None:
        """Words whose baseline begins (``start``), is centred (``middle``) or ends at ``x``."""
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        kind = f' class="{look}"' if look else ""
        start = f'<text{kind} x="{number(x)}" y="{number(y)}"{place}>'
        self._shapes.append(f"{start}{escape(words, quote=False)}</text>")

    def render(self, light: Mapping[str, str], dark: Mapping[str, str], rules: str) -> str:
        """The whole file. ``light`` and ``dark`` give colours to the names that ``rules`` use as
        ``var(--name)``."""
        style = (
            f":root{{{_declare(light)}}}\n"
            f"@media (prefers-color-scheme: dark){{:root{{{_declare(dark)}}}}}\n"
            f"text{{font-family:{FONT};fill:var(--ink)}}\n{rules.strip()}"
        )
        shapes = "\n".join(self._shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._size}" role="img">\n'
            f"{self._head}<style>\n{style}\n</style>\n{shapes}\n</svg>\n"
        )


def _declare(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colours.items())
