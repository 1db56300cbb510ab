"""Pictures of pages, made to be compared: addresses in, small images of few colours out.

What differs between machines is kept out: fonts (see `font`), scroll bars, motion, players of the
browser's own, times of day. One tab takes every width and colour scheme of a page, loaded once.
"""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from tests.servers.quality.node_packages import require_program
from tests.theme.compare import NOISE, compare_pictures
from tests.theme.font import build_font_css

TALLEST = 5_000
"""CSS pixels of a page's height that are looked at."""

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--disable-partial-raster",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

_PREPARE = """async (css) => {
  const style = document.createElement("style");
  style.textContent = css + `
    *, ::before, ::after { transition: none !important; animation: none !important; caret-color: transparent !important }
    audio, video, iframe, embed, object { visibility: hidden }`;
  document.head.append(style);
  for (const time of document.querySelectorAll("time")) time.textContent = "March 14, 2026";
  // Dates move with the day of the test, and lines with them.
  const text = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (text.nextNode()) {
    text.currentNode.data = text.currentNode.data
      .replace(/\\b(January|February|March|April|May|June|July|August|September|October|November|December)\\b( \\d{1,2}\\b)?/g, "November 20")
      .replace(/\\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\\b/g, "Saturday");
  }
  // With every width another file would be fetched, some time after the picture was taken.
  for (const source of document.querySelectorAll("picture source")) source.remove();
  for (const image of document.images) {
    const last = image.srcset.split(", ").at(-1).trim().split(" ")[0];
    if (last) image.src = last;
    image.removeAttribute("srcset");
  }
  await document.fonts.ready;
  await Promise.all([...document.fonts].map((face) => face.load()));
  await Promise.all([...document.images].map((image) => {
    image.loading = "eager";
    return image.decode().catch(() => 0);
  }));
}"""


class Look(NamedTuple):
    """One way to look at a page; the browser draws it in ``scale`` of its size."""

    name: str
    width: int
    scale: float
    dark: bool = False
    rtl: bool = False


LOOKS = tuple(
    Look(f"{width}-{name}", width, scale, name == "dark", name == "rtl")
    for width, scale in ((360, 1.0), (768, 0.5), (1440, 0.4))
    for name in ("light", "dark", "rtl")
)


@asynccontextmanager
async def open_studio() -> AsyncIterator[Browser]:
    """A Chromium that draws alike on every machine; tests skip, or fail in CI, without one."""
    program = require_program("chromium", "chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*_FLAGS])
        try:
            yield browser
        finally:
            await browser.close()


async def take_pictures(
    browser: Browser, url: str, looks: Iterable[Look] = LOOKS
) -> dict[str, Image.Image]:
    """A picture for each look, by its name; raises playwright's Error when the page is not there."""
    context = await browser.new_context(
        viewport={"width": 360, "height": 800}, reduced_motion="reduce", bypass_csp=True
    )
    context.set_default_timeout(30_000)
    try:
        page = await context.new_page()
        await page.goto(url)
        await page.evaluate(_PREPARE, build_font_css())
        given = await page.evaluate("[document.documentElement.dir, document.documentElement.lang]")
        return {look.name: await _take(page, look, *given) for look in looks}
    finally:
        await context.close()


async def _take(page: Page, look: Look, direction: str, language: str) -> Image.Image:
    await page.emulate_media(color_scheme="dark" if look.dark else "light")
    await page.evaluate(
        "([dir, lang]) => { document.documentElement.dir = dir; document.documentElement.lang = lang }",
        ["rtl", "ar"] if look.rtl else [direction, language],
    )
    await page.set_viewport_size({"width": look.width, "height": 800})
    # A change of width or scheme is not painted before the second frame.
    await page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    session = await page.context.new_cdp_session(page)
    height = await page.evaluate("document.documentElement.scrollHeight")
    clip = {
        "x": 0,
        "y": 0,
        "width": look.width,
        "height": min(TALLEST, height),
        "scale": look.scale,
    }
    shot = await session.send(
        "Page.captureScreenshot",
        {"format": "png", "captureBeyondViewport": True, "clip": clip, "optimizeForSpeed": True},
    )
    await session.detach()
    picture = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    return picture.reduce(2)


def encode_picture(picture: Image.Image) -> bytes:
    """A PNG of few colours, as the baseline keeps it: 64, or 256 where so few would look different."""
    content = b""
    for colours in (64, 256):
        out = io.BytesIO()
        few = picture.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(out, "PNG", optimize=True)
        content = out.getvalue()
        if compare_pictures("", few.convert("RGB"), picture, noise=NOISE // 2) is None:
            break
    return content
