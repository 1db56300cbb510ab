"""Every kind of page is judged by the Nu HTML Checker, and in Chromium as visitors meet it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright, expect
from sos.release.environment import style_hash

from tests.page.samples import SAMPLES
from tests.release.theme import theme
from tests.servers.quality import check_accessibility, check_html, describe_problems
from tests.servers.quality.node_packages import require_program

PHONE, DESK = (360, 780), (1440, 900)

_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="1067" viewBox="0 0 16 10">'
    '<path fill="#7a6" d="M0 0h16v10H0z"/></svg>'
)


def _pages() -> dict[str, str]:
    return {name: theme().render(page) for name, page in SAMPLES.items()} | {
        "unavailable": theme().unavailable
    }


def test_every_page_passes_the_html_checker() -> None:
    """No error in any kind of page, nor in the page for 503."""
    problems = check_html({name: html.encode() for name, html in _pages().items()})
    assert not problems, describe_problems(problems)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = require_program("chromium", "chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=flags)
        yield launched
        await launched.close()


@pytest.fixture
async def address(
    aiohttp_server: Callable[[web.Application], Awaitable[TestServer]],
) -> str:
    """Where the samples are served, under the policy that a node would send with them."""
    pages = _pages()

    async def show(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        page = SAMPLES.get(name)
        css = [page.post.css] if page and page.post else []
        css += [callout.css for callout in page.callouts] if page else []
        allowed = " ".join([*theme().style_hashes, *map(style_hash, css)])
        scripts = " ".join(theme().script_hashes)
        policy = (
            "default-src 'none'; img-src 'self'; "
            f"script-src 'self' {scripts}; style-src 'self' {allowed}; "
            "style-src-attr 'unsafe-inline'"
        )
        headers = {"Content-Security-Policy": policy}
        return web.Response(text=pages[name], content_type="text/html", headers=headers)

    async def send_asset(request: web.Request) -> web.Response:
        asset = theme().assets[request.path]
        return web.Response(body=asset.content, headers={"Content-Type": asset.media_type})

    async def send_picture(_: web.Request) -> web.Response:
        return web.Response(text=_PICTURE, content_type="image/svg+xml")

    app = web.Application()
    app.router.add_get("/samples/{name}", show)
    app.router.add_get("/_assets/{digest}/{name}", send_asset)
    app.router.add_get("/wp-content/{rest:.*}", send_picture)
    app.router.add_get("/favicon.ico", send_picture)
    server = await aiohttp_server(app)
    return str(server.make_url("/samples/"))


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "viewport"), [("dark", PHONE), ("light", DESK)])
async def test_every_page_is_accessible(
    browser: Browser, address: str, scheme: Literal["light", "dark"], viewport: tuple[int, int]
) -> None:
    """No violation on a phone by night, nor on a desk by day."""
    urls = [address + name for name in _pages()]
    problems = await check_accessibility(browser, urls, color_scheme=scheme, viewport=viewport)
    assert not problems, describe_problems(problems)


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 768, 1440])
async def test_no_page_scrolls_sideways_and_the_policy_is_kept(
    browser: Browser, address: str, width: int
) -> None:
    """Long words, wide tables and deep menus fit; nothing is asked that the policy forbids."""
    page = await browser.new_page(viewport={"width": width, "height": 800})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for name in _pages():
        await page.goto(address + name)
        await _open_everything(page)
        spill = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert spill <= 0, f"{name} is {spill} px too wide"
    # An embed in a post asks for its host, which this test does not allow.
    assert [text for text in said if not re.search(r"frame-src|default-src.*frame", text)] == []
    await page.close()


@pytest.mark.browser
async def test_menu_works_by_keyboard_without_scripts(browser: Browser, address: str) -> None:
    """On a phone the menu unfolds by one key; on a desk its entries are there at once."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    menu = page.get_by_role("navigation", name="Main")
    history = menu.get_by_role("link", name="History", exact=True)
    timetable = menu.get_by_role("link", name="Timetable")

    await page.set_viewport_size({"width": 360, "height": 780})
    await page.goto(address + "single")
    assert not await timetable.is_visible()
    for _ in range(3):  # skip link, title, menu
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await timetable.is_visible()
    assert not await history.is_visible()
    for _ in range(3):  # home, about, what is below it
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await history.is_visible()

    await page.set_viewport_size({"width": 1440, "height": 900})
    await page.goto(address + "single")
    assert await timetable.is_visible()
    assert not await history.is_visible()
    for _ in range(5):  # skip link, title, home, about, what is below it
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await history.is_visible()
    await context.close()


async def _open_everything(page: Page) -> None:
    await page.evaluate(
        "document.querySelectorAll('details').forEach(d => { d.removeAttribute('name'); d.open = true })"
    )


@pytest.mark.browser
async def test_takeover_is_taken_away_by_keyboard_without_scripts(
    browser: Browser, address: str
) -> None:
    """Nobody is held up: the page is below, and the one link at its end leads to all of it."""
    context = await browser.new_context(java_script_enabled=False, reduced_motion="reduce")
    page = await context.new_page()
    for name, viewport in (("front_takeover", PHONE), ("front_callouts", DESK)):
        await page.set_viewport_size({"width": viewport[0], "height": viewport[1]})
        await page.goto(address + name)
        takeover = page.get_by_role("region", name="Special announcement")
        on = page.get_by_role("link", name="Continue to the site")
        # However long it is, the way out is in sight from the start.
        box = await on.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= viewport[1]
        for _ in range(10):
            await page.keyboard.press("Tab")
            if await on.evaluate("link => link === document.activeElement"):
                break
        await page.keyboard.press("Enter")
        await takeover.wait_for(state="hidden")
        await page.keyboard.press("Tab")
        after = page.get_by_role("region", name="Announcement", exact=True).get_by_role("link")
        first = after.first if await after.count() else page.locator(".site-header .site-title a")
        assert await first.evaluate("link => link === document.activeElement")
        await page.go_back()
        assert await takeover.is_visible()
    await context.close()


@pytest.mark.browser
async def test_skip_link_passes_a_takeover(browser: Browser, address: str) -> None:
    """Who never wants to see it needs two keys, as on any page."""
    page = await browser.new_page(viewport={"width": 360, "height": 780})
    await page.goto(address + "front_takeover")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("main h1")).to_be_in_viewport()
    await page.close()
