"""The browser follows what is saved, without a reload by hand."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.dev.running import Dev

pytestmark = pytest.mark.browser

HALF_A_SECOND = 0.5
FOLLOWS = "script[data-follows='1']"


async def test_saved_template_is_in_the_browser_within_half_a_second(
    dev: Dev, browser_page: Page
) -> None:
    """The page is loaded again by itself, and stands where it stood."""
    await browser_page.goto(dev.url)
    await browser_page.evaluate("scrollTo(0, 600)")
    took = []
    for n in range(3):
        started = time.monotonic()
        dev.edit("parts/footer.html", lambda text, n=n: f'{text}<p id="mark-{n}">{n}</p>')
        await browser_page.wait_for_selector(f"#mark-{n}", state="attached")
        took.append(time.monotonic() - started)
    assert min(took) < HALF_A_SECOND, took
    await browser_page.wait_for_function("scrollY === 600")


async def test_an_error_is_seen_and_then_the_place_where_one_was(
    dev: Dev, browser_page: Page
) -> None:
    """Whoever works at the foot of a page sees what is wrong, mends it, and is there again."""
    await browser_page.set_viewport_size({"width": 1280, "height": 240})
    await browser_page.goto(dev.url)
    await browser_page.evaluate("scrollTo(0, 900)")
    await browser_page.wait_for_selector(FOLLOWS, state="attached")
    dev.edit("parts/footer.html", lambda text: text + "{{ page.titel }}")
    await browser_page.wait_for_selector("html[data-sos-dev=problems]")
    await browser_page.wait_for_selector(FOLLOWS, state="attached")
    await browser_page.wait_for_function("() => scrollY === 0")
    # What is wrong still is; the error page is loaded anew.
    dev.edit("parts/footer.html", lambda text: text.replace("page.titel", "page.titelei"))
    await browser_page.wait_for_selector("text=titelei")
    dev.edit("parts/footer.html", lambda text: text.replace("{{ page.titelei }}", ""))
    await browser_page.wait_for_selector("html:not([data-sos-dev=problems])")
    await browser_page.wait_for_function("() => scrollY === 900")


async def test_style_sheet_is_changed_in_place(dev: Dev, browser_page: Page) -> None:
    """Neither is the page loaded again, nor does it move."""
    await browser_page.goto(dev.url)
    await browser_page.evaluate("scrollTo(0, 400); window.stays = true")
    for colour in ("rgb(1, 2, 3)", "rgb(4, 5, 6)"):
        dev.edit("assets/style.css", lambda text, c=colour: f"{text}\nbody {{ color: {c} }}\n")
        await browser_page.wait_for_function(
            "c => getComputedStyle(document.body).color === c", arg=colour
        )
    assert await browser_page.evaluate("window.stays && scrollY === 400")
    links = "document.querySelectorAll('link[rel=stylesheet][href*=\"/style.css\"]').length"
    await browser_page.wait_for_function(f"{links} === 1")


async def test_all_open_tabs_follow(dev: Dev, browser_page: Page) -> None:
    """More of them than a browser opens connections to one host."""
    tabs = [await browser_page.context.new_page() for _ in range(8)]
    for tab in tabs:
        await tab.goto(dev.url)
    dev.edit("parts/footer.html", lambda text: f'{text}<p id="everywhere"></p>')
    await asyncio.gather(*(t.wait_for_selector("#everywhere", state="attached") for t in tabs))


async def test_lost_connection_is_shown_and_mends_itself(
    tmp_path: Path, browser_page: Page
) -> None:
    """What was saved meanwhile is shown as soon as it runs again, at the same address."""
    dev = Dev(tmp_path)
    try:
        dev.start()
        await browser_page.goto(dev.url)
        await browser_page.wait_for_selector(FOLLOWS, state="attached")
        assert dev.stop() == 0
        await browser_page.locator("#sos-dev p").get_by_text("does not answer").wait_for()
        dev.edit("parts/footer.html", lambda text: f'{text}<p id="meanwhile"></p>')
        dev.start()
        await browser_page.wait_for_selector("#meanwhile", state="attached")
        assert await browser_page.locator("#sos-dev").count() == 0
    finally:
        dev.stop()


async def test_policy_of_pages_is_that_of_the_public_site(dev: Dev, browser_page: Page) -> None:
    """It is not widened for what follows the templates: nothing is refused in the console."""
    said: list[str] = []
    browser_page.on("console", lambda message: said.append(message.text))
    answer = await browser_page.goto(dev.url)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    assert "connect-src" not in policy
    await browser_page.wait_for_function(
        "performance.getEntriesByName(`${origin}/__dev/static/client.js`).length"
    )
    assert not [s for s in said if "Content Security Policy" in s or "Refused" in s], said


async def test_scheduled_post_goes_live_while_one_watches(dev: Dev, browser_page: Page) -> None:
    """Nothing was saved, and nothing was written to the store: its time has come."""
    await browser_page.goto(dev.url)
    until = await browser_page.locator("script[data-until]").get_attribute("data-until")
    assert until
    await browser_page.clock.install()
    await browser_page.reload()
    await browser_page.evaluate("window.before = true")
    await browser_page.clock.fast_forward(3_600_000)
    await browser_page.wait_for_function("() => !window.before")
