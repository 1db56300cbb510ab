"""Both of WordPress's editors, as one drives them in a browser: open, write, press Preview, save, publish."""

from __future__ import annotations

import json

from playwright.async_api import Page

from tests.servers.wordpress import WordPressServer

WRITE = """([title, html]) => {
  const edit = {};
  if (title) { edit.title = title; }
  wp.data.dispatch('core/editor').editPost(edit);
  wp.data.dispatch('core/block-editor').resetBlocks(wp.blocks.parse(html));
}"""
TOGGLE = "button.editor-preview-dropdown__toggle, button.block-editor-post-preview__button-toggle"
SETTLED = """() => {
  const editor = window.wp && wp.data && wp.data.select('core/editor');
  return editor && editor.getCurrentPostId() && !editor.isSavingPost() && !editor.isAutosavingPost();
}"""


class BlockEditor:
    """The block editor."""

    name = "block"

    def __init__(self, page: Page, wordpress: WordPressServer) -> None:
        self.page = page
        self._wordpress = wordpress

    async def open(self, post: int) -> None:
        """An item that is there."""
        await self._go(f"/wp-admin/post.php?post={post}&action=edit")

    async def begin(self, kind: str) -> None:
        """A new item of a type."""
        await self._go(f"/wp-admin/post-new.php?post_type={kind}")

    async def _go(self, path: str) -> None:
        await self.page.goto(self._wordpress.url + path)
        await self.page.wait_for_function(SETTLED)
        # What greets new people lies over everything.
        await self.page.evaluate(
            """() => ['core/edit-post', 'core'].forEach((scope) => {
              const store = wp.data.dispatch('core/preferences');
              if (store) { store.set(scope, 'welcomeGuide', false); store.set(scope, 'enableChoosePatternModal', false); }
            })"""
        )

    async def write(self, title: str, html: str) -> None:
        """Title (empty: as it is) and text, not saved yet."""
        await self.page.evaluate(WRITE, [title, f"<!-- wp:html -->{html}<!-- /wp:html -->"])

    async def preview(self) -> Page:
        """Press Preview, "Preview in new tab"; the tab that opens."""
        async with self.page.context.expect_page() as opened:
            await self.press_preview()
        return await opened.value

    async def press_preview(self) -> None:
        """As `preview`, where a tab may be open already."""
        await self.page.wait_for_function(SETTLED)
        item = self.page.get_by_role("menuitem", name="Preview in new tab").first
        if not await item.is_visible():  # WordPress 6.1 leaves its menu open
            await self.page.locator(TOGGLE).first.click()
        await item.click()

    async def post_id(self) -> int:
        """Of what is being edited."""
        number: int = await self.page.evaluate(
            "() => wp.data.select('core/editor').getCurrentPostId()"
        )
        return number

    async def save(self, **fields: object) -> None:
        """Save what was written, with more fields (`status`)."""
        await self.page.evaluate(
            """async (edit) => {
              wp.data.dispatch('core/editor').editPost(edit);
              await wp.data.dispatch('core/editor').savePost();
            }""",
            fields,
        )
        await self.page.wait_for_function(SETTLED)


class ClassicEditor:
    """The classic editor."""

    name = "classic"

    def __init__(self, page: Page, wordpress: WordPressServer) -> None:
        self.page = page
        self._wordpress = wordpress

    async def open(self, post: int) -> None:
        """An item that is there."""
        await self.page.goto(f"{self._wordpress.url}/wp-admin/post.php?post={post}&action=edit")

    async def begin(self, kind: str) -> None:
        """A new item of a type."""
        await self.page.goto(f"{self._wordpress.url}/wp-admin/post-new.php?post_type={kind}")

    async def write(self, title: str, html: str) -> None:
        """Title (empty: as it is) and text, not saved yet."""
        if title:
            await self.page.fill("#title", title)
        text = self.page.locator("#content-html")
        if await text.count():
            await text.click()
        await self.page.fill("#content", html)

    async def preview(self) -> Page:
        """Press the button Preview (Preview Changes); the tab that opens."""
        async with self.page.context.expect_page() as opened:
            await self.press_preview()
        return await opened.value

    async def press_preview(self) -> None:
        """As `preview`, where a tab may be open already."""
        await self.page.click("#post-preview")

    async def post_id(self) -> int:
        """Of what is being edited."""
        return int(await self.page.input_value("#post_ID"))

    async def save(self, **fields: object) -> None:
        """Press Publish or Update, or Save Draft."""
        button = "#publish" if fields.get("status") == "publish" else "#save-post"
        async with self.page.expect_navigation():
            await self.page.click(button)


Editor = BlockEditor | ClassicEditor


def as_html(text: str) -> str:
    """A paragraph."""
    return f"<p>{json.dumps(text)[1:-1]}</p>"
