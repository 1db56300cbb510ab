"""Every colour of the theme that is read on another one has the contrast of WCAG 2.2 AA, by day and
by night; colours are as Chromium computes them from tokens.css, mixed ones too."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.release.theme import FOLDER

pytestmark = [pytest.mark.browser]

TEXT, MARK = 4.5, 3.0
"""WCAG 2.2, success criteria 1.4.3 (text) and 1.4.11 (what is not text)."""

ON_SURFACES = ("ink", "quiet", "accent")
ON_MARKS = ("focus", "control")
SURFACES = ("paper", "raised")

_READ = """(names) => {
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  const probe = document.createElement("p");
  return [document.body, document.querySelector(".deep")].map((place) => {
    place.append(probe);
    return Object.fromEntries(names.map((name) => {
      probe.style.color = `var(--${name})`;
      pen.fillStyle = getComputedStyle(probe).color;
      pen.fillRect(0, 0, 1, 1);
      return [name, [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3)];
    }));
  });
}"""
_RULE = re.compile(r"\{([^{}]*)\}")
_SELECTED = re.compile(r"([^{};]+)\{([^{}]*)\}")
_EDGE = re.compile(r"(?:^|[;\s])border:[^;]*var\(--([a-z-]+)\)")
_CONTROL = re.compile(r"(?:\b(?:a|summary|button|input|select|textarea)|-step|-link|-anchor)$")
_INK = re.compile(r"(?:^|[;\s])color:\s*var\(--([a-z-]+)\)")
_GROUND = re.compile(r"(?:^|[;\s])background(?:-color)?:\s*var\(--([a-z-]+)\)")


def measure_contrast(one: list[int], other: list[int]) -> float:
    """The contrast ratio of WCAG 2.2 of two sRGB colours, 1 to 21."""

    def brightness(colour: list[int]) -> float:
        linear = [
            v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
            for v in (channel / 255 for channel in colour)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


def find_pairs() -> dict[tuple[str, str], float]:
    """Pairs of tokens that are used, and the contrast each must have: text on the surfaces, the
    mark of focus, the edge of a control, and what rules of any style sheet name together."""
    pairs = dict.fromkeys(itertools.product(ON_SURFACES, SURFACES), TEXT)
    pairs |= {("accent-ink", "accent"): TEXT}
    pairs |= dict.fromkeys(itertools.product(ON_MARKS, SURFACES), MARK)
    for sheet in sorted((FOLDER / "assets").glob("*.css")):
        for rule in _RULE.findall(sheet.read_text(encoding="utf-8")):
            ink, ground = _INK.search(rule), _GROUND.search(rule)
            if ink and ground and not ground[1].startswith("wp-"):
                pairs[ink[1], ground[1]] = TEXT
    return pairs


async def _find_faint(page: Page, tokens: str, scheme: str) -> list[str]:
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.set_content(f'<style>{tokens}</style><body><div class="deep"></div>')
    pairs = find_pairs()
    names = sorted({name for pair in pairs for name in pair})
    faint = []
    for place, colours in zip(("page", "deep"), await page.evaluate(_READ, names), strict=True):
        for (ink, ground), wanted in pairs.items():
            if (ink, ground) == ("deep-ink", "deep") and place == "deep":
                continue
            found = measure_contrast(colours[ink], colours[ground])
            if found < wanted:
                faint.append(f"{scheme}, {place}: --{ink} on --{ground} {found:.2f} < {wanted}")
    return faint


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_pair_of_tokens_can_be_read(browser: Browser, scheme: str) -> None:
    """Text has 4.5, the mark of focus 3; a fainter grey or accent is found."""
    tokens = Path(FOLDER / "assets" / "tokens.css").read_text(encoding="utf-8")
    context = await browser.new_context()
    page = await context.new_page()
    try:
        assert len(find_pairs()) > 8
        assert await _find_faint(page, tokens, scheme) == []
        pale = tokens + ":root { --quiet: #8a8a8a; --accent: #808080 }"
        assert len(await _find_faint(page, pale, scheme)) >= 2
        lines = tokens + ":root { --control: var(--line) }"
        assert any("--control" in said for said in await _find_faint(page, lines, scheme))
    finally:
        await context.close()


def test_edges_of_controls_can_be_seen() -> None:
    """What is pressed or followed and stands in a box has the edge that is held to 3, not the fine
    line that parts one text from the next."""
    edges = {}
    for sheet in sorted((FOLDER / "assets").glob("*.css")):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        for selectors, rule in _SELECTED.findall(text):
            edge = _EDGE.search(rule)
            named = [it.strip() for it in re.split(r",(?![^(]*\))", selectors)]
            if edge and any(_CONTROL.search(it) for it in named):
                edges[selectors.strip()] = edge[1]
    assert len(edges) >= 4
    assert set(edges.values()) == {"control"}, edges


def test_contrast_is_that_of_the_standard() -> None:
    """Black on white is 21, equal colours are 1, and #767676 on white is just enough."""
    white = [255, 255, 255]
    assert measure_contrast([0, 0, 0], white) == pytest.approx(21)
    assert measure_contrast(white, white) == pytest.approx(1)
    assert measure_contrast([118, 118, 118], white) == pytest.approx(4.54, abs=0.01)
