"""Pages without their style sheets, and without their pictures: all of it is there, in order."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route

from tests.theme.showcase import UNAVAILABLE, Showcase, build_pages

pytestmark = [pytest.mark.browser]

_OUTLINE = """() => {
  const seen = (it) => it.checkVisibility();
  const all = (selector) => [...document.querySelectorAll(selector)];
  return {
    headings: all("h1, h2, h3, h4, h5, h6").map((h) => [Number(h.tagName[1]), h.textContent.trim(), seen(h)]),
    landmarks: all("body > header, body > header nav, main, body > footer").map((it) => it.tagName),
    navigations: all("nav").map((nav) => nav.getAttribute("aria-label") ?? nav.getAttribute("aria-labelledby") ?? ""),
    skip: document.querySelector("body > a")?.getAttribute("href") ?? "",
    shut: all("main *").filter((it) => !seen(it) && it.textContent.trim() && !it.closest("details:not([open])")
      && !["SCRIPT", "STYLE", "TEMPLATE", "IFRAME"].includes(it.tagName)).map((it) => it.outerHTML.slice(0, 120)),
    pictures: all("img").map((img) => ({
      alt: img.getAttribute("alt"), width: img.clientWidth, height: img.clientHeight,
      shown: seen(img), html: img.outerHTML.slice(0, 160),
      alone: Boolean(img.closest("a")) && !img.closest("a").textContent.trim()
        && !img.closest("a").getAttribute("aria-label") && !img.closest("[aria-hidden=true]"),
    })),
    words: document.querySelector("main").innerText.length,
    styled: [...document.styleSheets].length,
  };
}"""


async def _open(browser: Browser, refused: tuple[str, ...]) -> BrowserContext:
    context = await browser.new_context(viewport={"width": 360, "height": 780})
    context.set_default_timeout(15_000)

    async def decide(route: Route) -> None:
        if route.request.resource_type in refused:
            await route.abort()
        else:
            await route.continue_()

    await context.route("**/*", decide)
    return context


@pytest.fixture
async def unstyled(browser: Browser) -> AsyncIterator[Page]:
    """A tab that takes no style sheet."""
    context = await _open(browser, ("stylesheet",))
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def unpictured(browser: Browser) -> AsyncIterator[Page]:
    """A tab that takes no picture."""
    context = await _open(browser, ("image",))
    yield await context.new_page()
    await context.close()


def _judge_outline(name: str, found: dict[str, Any]) -> list[str]:
    headings = found["headings"]
    wrong = []
    if [level for level, _, _ in headings].count(1) != 1:
        wrong.append(f"{name}: not one heading of the first level: {headings}")
    for (before, _, _), (level, text, _) in itertools.pairwise(headings):
        if level > before + 1:
            wrong.append(f"{name}: a heading of level {level} follows one of {before}: {text}")
    wrong += [f"{name}: an empty heading of level {h[0]}" for h in headings if not h[1]]
    wrong += [f"{name}: is hidden: {html}" for html in found["shut"]]
    if name == UNAVAILABLE:
        return wrong
    outer = [mark for mark in found["landmarks"] if mark != "NAV"]
    has_menu = bool(build_pages()[name].menus.get("primary"))
    if outer != ["HEADER", "MAIN", "FOOTER"] or has_menu != ("NAV" in found["landmarks"]):
        wrong.append(f"{name}: landmarks are {found['landmarks']}")
    if found["skip"] != "#sos-content":
        wrong.append(f"{name}: does not begin with a way to its content")
    labels = found["navigations"]
    if "" in labels or len(set(labels)) != len(labels):
        wrong.append(f"{name}: navigations can't be told apart: {labels}")
    return wrong


async def test_pages_are_whole_without_style_sheets(pages: Showcase, unstyled: Page) -> None:
    """One first heading, no level left out, landmarks in order, a way to the content, nothing of it
    hidden: what a reader or a machine without CSS goes by."""
    wrong = []
    for name in pages.names:
        await unstyled.goto(pages.url(name))
        # What is in the page itself goes too.
        await unstyled.evaluate("document.querySelectorAll('style').forEach((it) => it.remove())")
        found = await unstyled.evaluate(_OUTLINE)
        wrong += _judge_outline(name, found)
        assert found["words"] > 40, name
    assert not wrong, "\n".join(wrong)


async def test_pages_are_whole_without_pictures(pages: Showcase, unpictured: Page) -> None:
    """Every picture has its text, or says that it needs none; a link is never a picture alone that
    has no words; and the page leaves it its place."""
    wrong, looked = [], 0
    for name in pages.names:
        await unpictured.goto(pages.url(name))
        found = await unpictured.evaluate(_OUTLINE)
        for picture in found["pictures"]:
            looked += 1
            if picture["alt"] is None:
                wrong.append(f"{name}: says nothing in its place: {picture['html']}")
            if picture["alone"] and not picture["alt"]:
                wrong.append(f"{name}: a link of which nothing is left: {picture['html']}")
            if picture["shown"] and picture["alt"] and picture["height"] < 10:
                wrong.append(f"{name}: has no place: {picture['html']}")
        wide = await unpictured.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            wrong.append(f"{name}: {wide} pixels too wide")
    assert looked > 50
    assert not wrong, "\n".join(wrong)
