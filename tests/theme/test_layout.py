"""What stands beside or below something else leaves it its room: pictures, large letters, large text,
and the theme's own rules, which do not reach into what editors put into a page."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from tests.theme.showcase import Showcase

pytestmark = [pytest.mark.browser]

_PUT = "(html) => { document.querySelector('article .prose').innerHTML = html }"


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A tab on a desk."""
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, reduced_motion="reduce", bypass_csp=True
    )
    context.set_default_timeout(15_000)
    yield await context.new_page()
    await context.close()


async def test_takeover_is_read_beside_its_picture(pages: Showcase, page: Page) -> None:
    """Its title is not covered, though the text has a picture of its own, and is larger than the
    window; the picture beside it stays within the window."""
    await page.goto(pages.url("front-page-full"))
    found = await page.evaluate(
        """() => {
          const takeover = document.querySelector(".callout-takeover");
          const title = takeover.querySelector(".callout-title").getBoundingClientRect();
          const top = document.elementFromPoint(title.left + 20, title.top + title.height / 2);
          const picture = takeover.querySelector(".callout-image").getBoundingClientRect();
          const own = takeover.querySelector(".prose img").getBoundingClientRect();
          return { seen: top.className, picture: picture.height, left: picture.left, own: own.right,
            long: takeover.getBoundingClientRect().height };
        }"""
    )
    assert found["seen"] == "callout-title"
    assert found["long"] > 900 >= found["picture"] > 600
    assert found["own"] <= found["left"] + 1


async def test_classes_of_wordpress_are_not_those_of_the_theme(pages: Showcase, page: Page) -> None:
    """A post in a query loop is `post`, a list below a category `children`: both are plain entries."""
    await page.goto(pages.url("page-full"))
    await page.evaluate(
        _PUT,
        """<ul class="wp-block-post-template"><li class="wp-block-post post type-post">One</li></ul>
        <ul class="wp-block-categories-list"><li>Town<ul class="children"><li>Budget</li></ul></li></ul>
        <ul class="wp-block-categories-list"><li>Town<ul class="plain"><li>Budget</li></ul></li></ul>""",
    )
    found = await page.evaluate(
        """() => {
          const of = (selector, names) => {
            const style = getComputedStyle(document.querySelector(`.prose ${selector}`));
            return names.map((name) => style[name]);
          };
          const names = ["inlineSize", "marginInline", "marginBlock"];
          return { post: of(".post", ["paddingBlockEnd"]), below: of(".children", names), plain: of(".plain", names),
            line: of(".children li", ["borderBlockStartWidth"]) };
        }"""
    )
    assert found["post"] == ["0px"]
    assert found["below"] == found["plain"]
    assert found["line"] == ["0px"]


async def test_large_first_letter_of_few_words_keeps_off_what_follows(
    pages: Showcase, page: Page
) -> None:
    """A letter three lines high is in a paragraph of one line."""
    await page.goto(pages.url("page-full"))
    await page.evaluate(_PUT, '<p class="has-drop-cap">Ahoy.</p><p>Next.</p>')
    height, line = await page.evaluate(
        """() => {
          const first = document.querySelector(".prose .has-drop-cap");
          return [first.clientHeight, parseFloat(getComputedStyle(first).lineHeight)];
        }"""
    )
    assert height >= 3 * line - 1


async def test_titles_keep_half_of_their_card_where_text_is_twice_as_large(
    pages: Showcase, page: Page
) -> None:
    """The little picture beside a title does not grow with the text until nothing is left of it."""
    await page.set_viewport_size({"width": 360, "height": 780})
    for name in ("front-of-posts-full", "category-full", "404-full"):
        await page.goto(pages.url(name))
        await page.add_style_tag(content="html { font-size: 200% }")
        shares = await page.evaluate(
            """() => [...document.querySelectorAll(".card:has(.card-image) .card-title")].map((title) =>
              title.clientWidth / title.closest(".card").clientWidth)"""
        )
        assert min(shares) >= 0.45, (name, shares)
