"""Embeds in Chromium, under the policy of the page: who is asked, when, and by what key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, Request, Route
from sos.content.sanitize import sanitize_html
from sos.page.embeds import ask_first, frame_sources
from sos.render import content_policy

from tests.release.theme import theme

pytestmark = pytest.mark.browser

SITE = "https://site.example/"
FILM = "https://www.youtube.com/embed/abcdefghijk"
HEAD = '<!DOCTYPE html><title>x</title><link rel="stylesheet" href="/blocks.css">'
PLAYER = "<!DOCTYPE html><title>Player</title><p id=player>The film</p>"


class Shown:
    """A page with one embed, and what was asked of other hosts meanwhile."""

    def __init__(self, page: Page, asked: list[Request]) -> None:
        self.page = page
        self.asked = asked
        self.frame = page.locator("iframe")
        self.link = page.frame_locator("iframe").get_by_role("link")
        self.player = page.frame_locator("iframe").locator("#player")


@asynccontextmanager
async def show(browser: Browser, markup: str, *, scripts: bool = True) -> AsyncIterator[Shown]:
    context = await browser.new_context(java_script_enabled=scripts)
    context.set_default_timeout(15_000)
    body = ask_first(sanitize_html(markup), "en", "ltr")
    asked: list[Request] = []

    policy = content_policy(theme(), frames=frame_sources(body))
    css = next(a.content for a in theme().assets.values() if a.name == "blocks.css")

    async def answer(route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        if route.request.url == SITE:
            headers = {
                "Content-Security-Policy": policy,
                "Content-Type": "text/html; charset=utf-8",
            }
            await route.fulfill(body=f"{HEAD}<div class=prose>{body}</div>", headers=headers)
        elif not route.request.url.startswith(SITE):
            asked.append(route.request)
            await route.fulfill(body=PLAYER, content_type="text/html")
        elif path == "blocks.css":
            await route.fulfill(body=css, content_type="text/css")
        else:
            await route.fulfill(status=404)

    await context.route("**/*", answer)
    page = await context.new_page()
    await page.goto(SITE)
    await page.frame_locator("iframe").first.get_by_role("link").wait_for()
    yield Shown(page, asked)
    await context.close()


@pytest.mark.parametrize("scripts", [True, False])
async def test_nothing_is_asked_before_the_reader_agrees(browser: Browser, scripts: bool) -> None:
    """With and without scripts; then the player comes into the frame, and learns the site's name."""
    markup = f'<iframe title="A film" width="500" height="281" src="{FILM}"></iframe>'
    async with show(browser, markup, scripts=scripts) as shown:
        assert shown.asked == []
        before = await shown.frame.bounding_box()
        await shown.link.click()
        await shown.player.wait_for()
        assert [request.url for request in shown.asked] == [FILM]
        assert (await shown.asked[0].all_headers())["referer"] == SITE
        assert await shown.frame.bounding_box() == before
        assert shown.page.url == SITE


async def test_one_agrees_by_keyboard_and_takes_it_back(browser: Browser) -> None:
    """The link in the frame is the first stop; going back shows the question again."""
    async with show(browser, f'<iframe title="A film" src="{FILM}"></iframe>') as shown:
        await shown.page.keyboard.press("Tab")
        await shown.page.keyboard.press("Enter")
        await shown.player.wait_for()
        await shown.page.evaluate("history.back()")
        await shown.link.wait_for()
        assert shown.page.url == SITE


async def test_policy_stops_a_frame_that_goes_elsewhere(browser: Browser) -> None:
    """Whatever a player does next, the page frames no host but those that it named."""
    async with show(browser, f'<iframe title="A film" src="{FILM}"></iframe>') as shown:
        await shown.link.click()
        await shown.player.wait_for()
        shown.asked.clear()
        await shown.page.frames[1].evaluate("location = 'https://m.youtube.com/x'")
        await shown.player.wait_for()
        async with shown.page.expect_console_message(lambda said: "frame-src" in said.text):
            await shown.page.frames[1].evaluate("location = 'https://elsewhere.example/'")
        assert [request.url for request in shown.asked] == ["https://m.youtube.com/x"]
