"""What the script of the theme adds for comfort, in Chromium; without it every page works too."""

import gzip
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.page.samples import SAMPLES
from tests.release.test_theme_quality import DESK, PHONE, address, browser
from tests.release.theme import theme, theme_files

__all__ = ["address", "browser"]

pytestmark = pytest.mark.browser


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A reader with scripts, on a phone, who has been nowhere yet."""
    context = await browser.new_context(
        reduced_motion="reduce", viewport={"width": PHONE[0], "height": PHONE[1]}
    )
    yield await context.new_page()
    await context.close()


def test_theme_stays_within_its_budget() -> None:
    """15 kB of style sheets as sent, 3 kB of script as written, 60 kB for all of a front page."""
    sheets = [a.content for a in theme().assets.values() if a.name.endswith(".css")]
    assert len(sheets) == 3
    assert sum(len(gzip.compress(css)) for css in sheets) <= 15_000
    assert len(theme_files()["assets/theme.js"]) <= 3_000
    page = gzip.compress(theme().render(SAMPLES["front_posts"]).encode())
    whole = [page, *(gzip.compress(asset.content) for asset in theme().assets.values())]
    assert sum(map(len, whole)) <= 60_000


@pytest.mark.parametrize("way", ["link", "key"])
async def test_takeover_that_was_put_away_stays_away(page: Page, address: str, way: str) -> None:
    """By its link or by Escape; the address stays as it was, and so does the way back."""
    await page.goto(address + "404")
    await page.goto(address + "front_takeover")
    takeover = page.get_by_role("region", name="Special announcement")
    await expect(takeover).to_be_visible()
    if way == "link":
        await page.get_by_role("link", name="Continue to the site").click()
    else:
        await page.keyboard.press("Escape")
    await expect(takeover).to_have_count(0)
    assert page.url == address + "front_takeover"
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.closest('.site-header') !== null")

    await page.reload()
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    await expect(takeover).to_have_count(0)
    await page.go_back()
    await expect(page).to_have_url(address + "404")


async def test_one_announcement_is_put_away_without_the_other(page: Page, address: str) -> None:
    """What is new or different is shown again: it has another tag."""
    await page.goto(address + "front_callouts")
    banner = page.get_by_role("region", name="Announcement", exact=True)
    await page.get_by_role("button", name="Close this announcement").click()
    await expect(banner).to_have_count(0)
    await page.reload()
    await expect(page.get_by_role("region", name="Special announcement")).to_be_visible()
    await expect(banner).to_have_count(0)


async def test_nothing_jumps_where_an_announcement_was_put_away(page: Page, address: str) -> None:
    """It is hidden before anything is painted."""
    await page.goto(address + "front_callouts")
    await page.get_by_role("button", name="Close this announcement").click()
    await page.keyboard.press("Escape")
    await page.reload()
    shift = await page.evaluate(
        """new Promise((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) sum += entry.value;
          }).observe({ type: "layout-shift", buffered: true });
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
        })"""
    )
    assert shift == 0


async def test_announcements_work_where_nothing_may_be_stored(page: Page, address: str) -> None:
    """A browser may forbid storage: they go away all the same, and are back on the next visit."""
    await page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no') } })"
    )
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    await page.goto(address + "front_takeover")
    takeover = page.get_by_role("region", name="Special announcement")
    await page.get_by_role("link", name="Continue to the site").click()
    await expect(takeover).to_have_count(0)
    await page.reload()
    await expect(takeover).to_be_visible()
    assert failures == []


async def test_menu_of_a_phone_closes_by_key_and_by_turning_away(page: Page, address: str) -> None:
    """Escape leads back to its button, step by step; a touch or the focus elsewhere closes it."""
    await page.goto(address + "single")
    menu = page.get_by_role("navigation", name="Main")
    fold, entry = menu.locator(".menu-fold > summary"), menu.get_by_role("link", name="Timetable")
    await fold.click()
    await expect(entry).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(entry).to_be_hidden()
    await expect(fold).to_be_focused()

    await fold.click()
    await page.locator(".skip").focus()
    await expect(entry).to_be_hidden()

    await fold.click()
    await page.locator("h1").dispatch_event("click")
    await expect(entry).to_be_hidden()


async def test_menu_of_an_error_page_stays_open(page: Page, address: str) -> None:
    """There the way on is what counts."""
    await page.goto(address + "404")
    await page.locator(".site-header .site-title a").focus()
    await page.locator("h1").dispatch_event("click")
    menu = page.get_by_role("navigation", name="Main")
    await expect(menu.get_by_role("link", name="Timetable")).to_be_visible()


async def test_sheet_of_a_wide_screen_closes_by_key_and_by_turning_away(
    page: Page, address: str
) -> None:
    """One entry's sheet lies over the page, so it goes when it is no longer wanted."""
    await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    await page.goto(address + "single")
    menu = page.get_by_role("navigation", name="Main")
    history = menu.get_by_role("link", name="History", exact=True)
    below = menu.locator(".menu-fold > ul > li > details > summary").first
    await below.click()
    await expect(history).to_be_visible()
    await history.focus()
    await page.keyboard.press("Escape")
    await expect(history).to_be_hidden()
    await expect(below).to_be_focused()

    await below.click()
    await expect(history).to_be_visible()
    await page.locator("h1").dispatch_event("click")
    await expect(history).to_be_hidden()
