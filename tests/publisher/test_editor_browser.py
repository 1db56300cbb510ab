"""Both editors, the lists and the page under Tools, used in a browser as editors use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import ConsoleMessage, Page, Request, expect

from tests.publisher.desk import Desk

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

STATUS = "/sos/v1/status"
PANEL = ".sos-panel .sos-status"


@dataclass
class Browsing:
    """A browser that is signed in, and what it asked the plugin for."""

    desk: Desk
    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.desk.wordpress.url}/wp-admin/{path}")

    async def edit(self, path: str) -> None:
        """Open the block editor, without what greets new people."""
        await self.go(path)
        await self.page.wait_for_function(
            "window.wp && wp.data && wp.data.select('core/editor').getCurrentPostId()"
        )
        await self.page.evaluate(
            """() => ['core/edit-post', 'core'].forEach((scope) => {
              const store = wp.data.dispatch('core/preferences');
              store.set(scope, 'welcomeGuide', false);
              store.set(scope, 'enableChoosePatternModal', false);
            })"""
        )
        await expect(self.page.locator(PANEL).first).to_be_visible()

    async def title(self, text: str) -> None:
        frame = self.page.locator('iframe[name="editor-canvas"]')
        root = (
            self.page.frame_locator('iframe[name="editor-canvas"]')
            if await frame.count()
            else self.page
        )
        await root.locator(".wp-block-post-title").first.fill(text)

    async def publish(self) -> None:
        """Two clicks."""
        await self.page.click(".editor-post-publish-panel__toggle")
        await self.page.click(".editor-post-publish-button")

    async def post(self) -> int:
        return int(await self.page.evaluate("wp.data.select('core/editor').getCurrentPostId()"))


@pytest_asyncio.fixture
async def browsing(desk: Desk, browser_page: Page) -> AsyncIterator[Browsing]:
    """Signed in as administrator, with the store up to date and all nodes following."""
    await asyncio.to_thread(desk.fill)
    found = Browsing(desk, browser_page)

    def remember(request: Request) -> None:
        if "sos%2Fv1" in request.url or "/sos/v1" in request.url:
            found.asked.append(request.url)

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "sos" in message.text.lower():
            found.complaints.append(message.text)

    browser_page.on("request", remember)
    browser_page.on("console", listen)
    browser_page.on("pageerror", lambda error: found.complaints.append(str(error)))
    await browser_page.set_viewport_size({"width": 1280, "height": 1000})
    await browser_page.goto(f"{desk.wordpress.url}/wp-login.php")
    await browser_page.fill("#user_login", "admin")
    await browser_page.fill("#user_pass", "not a secret")
    await browser_page.click("#wp-submit")
    await browser_page.wait_for_url("**/wp-admin/**")
    yield found
    assert found.complaints == []


async def follow(desk: Desk, revision: int) -> None:
    """Nodes that follow as soon as the store has something newer than a revision."""
    async with asyncio.timeout(20):
        while desk.nodes.revision <= revision:
            await asyncio.sleep(0.05)
    desk.nodes.report()


async def test_sidebar_says_when_it_is_live_and_then_stops_asking(browsing: Browsing) -> None:
    """Not public, being published, live on 8 of 8 nodes; afterwards no request goes out."""
    desk, page = browsing.desk, browsing.page
    await browsing.edit("post-new.php")
    await expect(page.locator(PANEL)).to_contain_text("Not public")
    await browsing.title("The harbour is open again")
    before = desk.nodes.revision
    await browsing.publish()
    await expect(page.locator(PANEL).first).to_contain_text("Being published…")
    await follow(desk, before)
    await expect(page.locator(PANEL).first).to_contain_text("Live on 8 of 8 nodes, ")
    await expect(page.locator(".sos-panel a").first).to_have_attribute(
        "href", f"{desk.site}/" + await link_path(browsing)
    )
    count = len(browsing.asked)
    await page.wait_for_timeout(1500)
    assert len(browsing.asked) == count


async def link_path(browsing: Browsing) -> str:
    link: str = await browsing.page.evaluate(
        "wp.data.select('core/editor').getCurrentPostAttribute('link')"
    )
    return link.removeprefix(browsing.desk.wordpress.url + "/")


async def test_hidden_tab_asks_for_nothing(browsing: Browsing) -> None:
    """While nodes do not follow, the sidebar asks again and again, but not once the tab is hidden."""
    desk, page = browsing.desk, browsing.page
    await browsing.edit("post-new.php")
    await browsing.title("Waits for the nodes")
    desk.nodes.report(revision=desk.nodes.revision)
    await browsing.publish()
    await expect(page.locator(PANEL).first).to_contain_text("Being published…")
    async with page.expect_request(lambda request: "status" in request.url):
        pass
    await page.evaluate(
        """() => {
          Object.defineProperty(document, 'hidden', {configurable: true, get: () => true});
          document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    await page.wait_for_timeout(300)  # the request that was on its way
    count = len(browsing.asked)
    await page.wait_for_timeout(1500)
    assert len(browsing.asked) == count
    async with page.expect_request(lambda request: "status" in request.url):
        await page.evaluate(
            """() => {
              Object.defineProperty(document, 'hidden', {configurable: true, get: () => false});
              document.dispatchEvent(new Event('visibilitychange'));
            }"""
        )


async def test_save_works_while_the_store_is_away(browsing: Browsing) -> None:
    """The post is saved, and the sidebar says that publishing is behind; nothing is an error."""
    desk, page = browsing.desk, browsing.page
    await browsing.edit("post-new.php")
    await browsing.title("Saved all the same")
    desk.away()
    await browsing.publish()
    await expect(page.locator(PANEL).first).to_contain_text("Waiting to be published")
    await expect(page.locator(PANEL).first).to_contain_text("Publishing is behind: ")
    assert await page.locator(".components-notice.is-error").count() == 0


async def test_callout_is_a_matter_of_three_clicks(browsing: Browsing) -> None:
    """New > Callout, a title, Publish, Publish: a banner that is live now."""
    desk, page = browsing.desk, browsing.page
    await browsing.edit("post-new.php?post_type=sos_callout")
    await expect(page.get_by_role("radio", name="Banner")).to_be_checked()
    await browsing.title("Polls close at 8 pm")
    before = desk.nodes.revision
    await browsing.publish()
    await follow(desk, before)
    await expect(page.locator(PANEL).first).to_contain_text("Live on 8 of 8 nodes, ")
    callout = await browsing.post()
    document = await asyncio.to_thread(desk.document, f"post:{callout}")
    assert document is not None
    assert document["sos"]["callout"] == {"placement": "banner", "priority": 10}


async def test_callout_is_set_in_the_sidebar(browsing: Browsing) -> None:
    """Placement, start, end and priority have labels and are saved with the callout."""
    desk, page = browsing.desk, browsing.page
    await browsing.edit("post-new.php?post_type=sos_callout")
    await browsing.title("Storm on Friday")
    await page.get_by_role("radio", name="Takeover").check()
    await page.get_by_label("Starts").fill("2031-07-01T08:00")
    await page.get_by_label("Ends").fill("2031-07-02T20:30")
    await page.get_by_role("spinbutton", name="Priority").fill("42")
    before = desk.nodes.revision
    await browsing.publish()
    await follow(desk, before)
    await expect(page.locator(PANEL).first).to_contain_text("Goes live on ")
    await expect(page.locator(PANEL).first).to_contain_text("2031")
    saved = desk.editor().rest(f"/wp/v2/sos-callouts/{await browsing.post()}?context=edit")
    assert (saved["status"], saved["sos_placement"], saved["sos_priority"]) == (
        "future",
        "takeover",
        42,
    )
    assert saved["date"] == "2031-07-01T08:00:00"
    assert saved["sos_expires"] == desk.value(
        "str_replace( ' ', 'T', get_gmt_from_date( '2031-07-02 20:30:00' ) )"
    )


async def test_end_in_the_past_is_refused_with_words(browsing: Browsing) -> None:
    """Below the field at once, and as the editor's own message when one saves all the same."""
    desk, page = browsing.desk, browsing.page
    post = await asyncio.to_thread(desk.publish, "Stays as it is")
    await browsing.edit(f"post.php?post={post}&action=edit")
    await page.get_by_label("Take offline").fill("2020-01-01T10:00")
    await expect(page.locator(".sos-wrong")).to_contain_text("This time is past.")
    await page.keyboard.press("Control+s")
    await expect(page.locator(".components-notice.is-error").first).to_contain_text(
        "is past. Choose"
    )
    assert desk.value("get_post_meta( $args[0], '_sos_expires', true )", post) == ""


async def test_preview_link_is_made_in_the_sidebar(browsing: Browsing) -> None:
    """What is on the screen is saved first; the link stands in a field and can be copied."""
    desk, page = browsing.desk, browsing.page
    await browsing.edit("post-new.php")
    await browsing.title("Not for everybody yet")
    await page.get_by_label("Share a preview").select_option("604800")
    await page.get_by_role("button", name="Make the link").click()
    field = page.get_by_label("Link to the preview")
    await expect(field).to_be_visible()
    assert (await field.input_value()).startswith(f"{desk.site}/__preview/")
    await page.get_by_role("button", name="Copy", exact=True).click()
    await expect(page.locator(".sos-said")).to_have_text("Copied.")
    assert (
        desk.value("get_post( $args[0] )->post_title", await browsing.post())
        == "Not for everybody yet"
    )


async def test_classic_editor_shows_state_and_shares_previews(browsing: Browsing) -> None:
    """The publish box says where the post stands, keeps it current, and makes a link."""
    desk, page = browsing.desk, browsing.page
    await browsing.go("post-new.php?classic")
    await page.fill("#title", "Written in the classic editor")
    await page.context.add_cookies([{"name": "classic", "value": "1", "url": desk.wordpress.url}])
    before = desk.nodes.revision
    await page.click("#publish")
    box = page.locator(".sos-publish-box .sos-status")
    await expect(box).to_contain_text("Being published…")
    await follow(desk, before)
    await expect(box).to_contain_text("Live on 8 of 8 nodes, ")
    await page.get_by_role("button", name="Share a preview").click()
    await expect(page.get_by_label("Link to the preview")).to_be_visible()
    await expect(page.locator(".sos-share-said")).to_contain_text("without an account")


async def test_list_follows_a_quick_edit(browsing: Browsing) -> None:
    """The row that a quick edit replaces turns from pending to live by itself."""
    desk, page = browsing.desk, browsing.page
    post = await asyncio.to_thread(desk.publish, "Edited quickly")
    await asyncio.to_thread(desk.settle)
    desk.nodes.report()
    await browsing.go("edit.php")
    row = page.locator(f"#post-{post}")
    await row.hover()
    await row.get_by_role("button", name="Quick Edit").click()
    before = desk.nodes.revision
    await page.locator(f"#edit-{post} input[name=post_title]").fill("Edited in no time")
    await page.locator(f"#edit-{post}").get_by_role("button", name="Update").click()
    await expect(row.locator(".sos-status")).to_contain_text("Being published…")
    await follow(desk, before)
    await expect(row.locator(".sos-status")).to_contain_text("Live on 8 of 8 nodes, ")


async def test_rebuild_moves_a_bar_to_its_end(browsing: Browsing) -> None:
    """Without reloading the page, and the page says how much was sent."""
    page = browsing.page
    await browsing.go("tools.php?page=sos-publisher")
    await expect(page.locator("#sos-above")).to_contain_text("Everything is published.")
    await page.get_by_role("button", name="Rebuild everything").click()
    bar = page.get_by_role("progressbar", name="Progress of the rebuild")
    await expect(bar).to_be_visible()
    await expect(page.locator(".sos-progress-text")).to_contain_text("Done: ", timeout=60_000)
    assert await bar.evaluate("bar => bar.value") == 100
    await expect(page.get_by_role("button", name="Rebuild everything")).to_be_enabled()
    await page.get_by_role("button", name="Compare", exact=True).click()
    await expect(page.locator(".sos-result.sos-good")).to_contain_text(
        "No difference", timeout=60_000
    )


async def test_tools_page_keeps_itself_current(browsing: Browsing) -> None:
    """A node that falls ill shows up without reloading."""
    await browsing.go("tools.php?page=sos-publisher")
    browsing.desk.nodes.report("web-3", healthy=False, state="draining")
    await expect(browsing.page.locator("#sos-below tbody tr").first).to_contain_text("draining")


async def test_connection_is_tried_before_it_is_saved(browsing: Browsing) -> None:
    """The button says whether the server answers."""
    page = browsing.page
    await browsing.go("tools.php?page=sos-publisher&tab=settings")
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.locator("#sos-test-result")).to_contain_text("answers: Valkey")
