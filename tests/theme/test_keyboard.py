"""A reader with nothing but a keyboard: every menu, takeover and embed, with scripts and without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect
from sos.page.model import MenuItem
from sos.release.fixtures.parts import build_entry

from tests.theme.showcase import Showcase, build_pages

pytestmark = [pytest.mark.browser]

LEVELS = 10
PHONE, DESK = (360, 780), (1440, 900)

# What has the focus, and whether its reader can see that.
_FOCUS = """() => {
  const it = document.activeElement;
  const box = it.getBoundingClientRect();
  const style = getComputedStyle(it);
  return {
    tag: it.tagName, text: it.textContent.trim(), region: it.closest("header, main, footer, section")?.className ?? "",
    shut: it.tagName === "SUMMARY" && !it.parentElement.open,
    seen: box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight
      && box.right > 0 && box.left < innerWidth,
    marked: style.outlineStyle !== "none" || style.boxShadow !== "none",
  };
}"""


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
async def context(
    browser: Browser, request: pytest.FixtureRequest
) -> AsyncIterator[BrowserContext]:
    """A reader with scripts, and one without."""
    opened = await browser.new_context(
        java_script_enabled=request.param, reduced_motion="reduce", bypass_csp=True
    )
    opened.set_default_timeout(15_000)
    yield opened
    await opened.close()


async def _tab(page: Page) -> dict[str, Any]:
    await page.keyboard.press("Tab")
    focus: dict[str, Any] = await page.evaluate(_FOCUS)
    if focus["tag"] not in ("BODY", "IFRAME"):
        assert focus["seen"], f"the focus is where nobody sees it: {focus}"
        assert focus["marked"], f"nothing shows where the focus is: {focus}"
    return focus


def _deep_entry() -> MenuItem:
    entry = build_entry(f"Level {LEVELS}", "/deep/")
    for level in range(LEVELS - 1, 0, -1):
        entry = build_entry(f"Level {level}", f"/level-{level}/", entry)
    return entry


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_menu_of_ten_levels_is_walked_by_keyboard(
    pages: Showcase, context: BrowserContext, size: tuple[int, int]
) -> None:
    """Level after level unfolds by one key, the last is followed by one, and the way out is ahead."""
    plain = build_pages()["single-full"]
    menus = {"primary": (build_entry("Home", "/"), _deep_entry(), build_entry("Last", "/last/"))}
    url = pages.add_page("deep-menu", msgspec.structs.replace(plain, menus=menus))
    page = await context.new_page()
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.goto(url)
    deepest = page.get_by_role("navigation", name="Main").get_by_role(
        "link", name=f"Level {LEVELS}", exact=True
    )
    assert not await deepest.is_visible()
    met = []
    for _ in range(4 * LEVELS):
        focus = await _tab(page)
        met.append(focus["text"])
        if focus["text"] == f"Level {LEVELS}":
            break
        if focus["shut"]:
            await page.keyboard.press("Enter")
    assert met[-1] == f"Level {LEVELS}", met
    assert [text for text in met if text in {f"Level {n}" for n in range(1, LEVELS + 1)}] == [
        f"Level {n}" for n in range(1, LEVELS + 1)
    ]
    assert (await _tab(page))["text"] == "Last"
    for _ in range(4):  # nothing holds the focus back
        focus = await _tab(page)
    assert focus["region"] != "site-header"
    await page.goto(url)
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_takeover_holds_nobody(
    pages: Showcase, context: BrowserContext, size: tuple[int, int]
) -> None:
    """Who only goes on, key by key, comes out below it; its button takes it away at once."""
    page = await context.new_page()
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.goto(pages.url("front-page-full"))
    takeover = page.locator(".callout-takeover")
    await expect(takeover).to_be_visible()
    regions = []
    for _ in range(25):
        regions.append((await _tab(page))["region"])
        if "site-header" in regions[-1]:
            break
    assert "site-header" in regions[-1], regions
    while "callout-takeover" not in (await page.evaluate(_FOCUS))["region"]:
        await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(takeover).to_be_hidden()
    after = [await _tab(page) for _ in range(4)]
    assert "callout-takeover" not in [focus["region"] for focus in after]
    assert len({focus["text"] for focus in after}) > 1, "the focus does not move"


async def test_takeover_goes_away_by_escape_and_stays_away(
    pages: Showcase, browser: Browser
) -> None:
    """One key, and not again on the next visit."""
    context = await browser.new_context(reduced_motion="reduce", bypass_csp=True)
    page = await context.new_page()
    await page.goto(pages.url("front-page-full"))
    takeover = page.locator(".callout-takeover")
    await expect(takeover).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(takeover).to_be_hidden()
    await page.reload()
    await expect(page.locator("main")).to_be_visible()
    await expect(takeover).to_be_hidden()
    await context.close()


async def test_embed_asks_nobody_before_its_reader_agrees_by_key(
    pages: Showcase, context: BrowserContext
) -> None:
    """Two keys lead into the frame and load it; until then its host hears nothing."""
    asked: list[str] = []

    async def play(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(
            body="<!DOCTYPE html><title>Film</title><p>A film", content_type="text/html"
        )

    await context.route(lambda url: not url.startswith(pages.base), play)
    page = await context.new_page()
    await page.goto(pages.url("single-full"))
    frame = page.frame_locator(".sos-embed iframe")
    link = frame.get_by_role("link")
    await page.locator(".sos-embed").scroll_into_view_if_needed()
    await expect(link).to_contain_text("www.youtube-nocookie.com")
    assert not asked
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await link.evaluate("link => link === document.activeElement"):
            break
    else:
        pytest.fail("the link in the frame is never reached")
    await page.keyboard.press("Enter")
    await expect(frame.get_by_text("A film")).to_be_visible()
    assert asked == ["https://www.youtube-nocookie.com/embed/x"]
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    out = await page.evaluate("document.activeElement.tagName")
    assert out != "IFRAME", "the frame holds the focus"
