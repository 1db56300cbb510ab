"""The gallery shows everything that a theme has, at two widths, and follows like any page."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from sos.dev.builds import Build, Builder
from sos.dev.gallery import Gallery
from sos.dev.gallery.blocks import read_samples
from sos.errors import TemplateError
from sos.release.environment import build_release
from sos.release.fixtures import build_fixtures
from sos.release.folder import find_templates, read_folder

from tests.dev.running import Dev


@pytest.fixture(scope="module")
def build() -> Build:
    """The theme that comes with sos."""
    good = build_release(read_folder(find_templates()))
    return Builder(find_templates(), good).build()


@pytest.fixture(scope="module")
def gallery(build: Build) -> Gallery:
    """The gallery of it."""
    return Gallery(build, {})


def test_every_kind_of_page_block_and_part_is_in_it(gallery: Gallery, build: Build) -> None:
    """Each fixture, each sample, and each file of parts that prints something."""
    titles = {item.title for group in gallery.groups for item in group.items}
    assert build_fixtures().keys() <= titles
    assert read_samples().keys() <= titles
    assert len(read_samples()) > 40
    parts = {n.removeprefix("parts/").removesuffix(".html") for n in build.files if "parts/" in n}
    shown = {title.partition(":")[0] for title in titles}
    # Words are said by the others.
    assert parts - shown <= {"words"}, parts - shown


def test_everything_in_it_can_be_shown(gallery: Gallery) -> None:
    """No item of the default theme fails, in either direction."""
    failed = []
    for group in gallery.groups:
        for item in group.items:
            try:
                page = gallery.render(item, "rtl")
                assert b'dir="rtl"' in page.body
            except TemplateError as exc:
                failed.append((item.slug, str(exc)))
    assert not failed, failed


def test_addresses_of_items_are_their_own(gallery: Gallery) -> None:
    """No two items share one."""
    slugs = [item.slug for group in gallery.groups for item in group.items]
    assert len(slugs) == len(set(slugs))
    assert all(gallery.find(slug) for slug in slugs)


def test_sample_is_sanitised_like_content(gallery: Gallery) -> None:
    """The gallery shows what readers get: an embed that asks first."""
    item = gallery.find("block-embed-of-a-film")
    assert item
    body = gallery.render(item).body.decode()
    assert "sos-embed" in body
    assert 'src="https://www.youtube-nocookie.com' not in body


@pytest.mark.browser
async def test_gallery_shows_both_widths_side_by_side(dev: Dev, browser_page: Page) -> None:
    """As wide as they say inside, and as they fit outside; what can't be seen is not loaded."""
    await browser_page.set_viewport_size({"width": 1440, "height": 900})
    await browser_page.goto(f"{dev.url}/__gallery/?q=table")
    item = browser_page.locator("article:visible").first
    widths = []
    for name in ("phone", "desktop"):
        frame = item.locator(f".{name} iframe")
        await expect(frame).to_have_attribute("src", "/__gallery/show/block-table")
        inner = frame.content_frame
        await expect(inner.locator("table")).to_be_visible()
        widths.append(
            await inner.locator("html").evaluate("e => e.ownerDocument.defaultView.innerWidth")
        )
    assert widths == [360, 1280]
    boxes = [await item.locator(f".{name}").bounding_box() for name in ("phone", "desktop")]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[1]["x"] + boxes[1]["width"] <= 1440
    loaded = await browser_page.locator("iframe[src]").count()
    assert loaded < await browser_page.locator("iframe").count() / 4


@pytest.mark.browser
async def test_gallery_is_shown_dark_and_from_right_to_left(dev: Dev, browser_page: Page) -> None:
    """Whatever the browser prefers itself; what was chosen is in the address."""
    await browser_page.emulate_media(color_scheme="light")
    await browser_page.goto(f"{dev.url}/__gallery/?q=single+full")
    frame = browser_page.locator("#single-full .phone iframe")
    inner = frame.content_frame
    paper = "getComputedStyle(document.body).backgroundColor"
    light = await inner.locator("body").evaluate(f"() => {paper}")
    await browser_page.get_by_label("Colours").select_option("dark")
    await expect(inner.locator("body")).not_to_have_css("background-color", light)
    await browser_page.get_by_label("Direction").select_option("rtl")
    await expect(inner.locator("html")).to_have_attribute("dir", "rtl")
    await browser_page.reload()
    await expect(frame.content_frame.locator("html")).to_have_attribute("dir", "rtl")
    assert "scheme=dark" in browser_page.url


@pytest.mark.browser
async def test_filter_and_deep_link_lead_to_an_item(dev: Dev, browser_page: Page) -> None:
    """By words of its title, and by its name behind the hash."""
    await browser_page.goto(f"{dev.url}/__gallery/#block-quote")
    await expect(browser_page.locator("#block-quote")).to_be_in_viewport()
    await browser_page.get_by_label("Filter").fill("pull quote")
    await expect(browser_page.locator("#block-pull-quote")).to_be_visible()
    await expect(browser_page.locator("#block-table")).to_be_hidden()


@pytest.mark.browser
async def test_part_is_shown_alone(dev: Dev, browser_page: Page) -> None:
    """Whatever a theme has around its main element is not there, and the part itself is."""
    for part, inside in (("archive-header", "h1"), ("header", "header"), ("menu-flat-menu", "nav")):
        await browser_page.goto(f"{dev.url}/__gallery/show/part-{part}")
        await expect(browser_page.locator(f"[data-sos-part] {inside}").first).to_be_visible()
        await expect(browser_page.locator("body > footer")).to_be_hidden()


@pytest.mark.browser
async def test_frames_of_the_gallery_follow(dev: Dev, browser_page: Page) -> None:
    """A template and a style sheet, in every frame that was loaded; the list itself stays."""
    await browser_page.goto(f"{dev.url}/__gallery/?q=part-footer")
    inner = browser_page.locator("#part-footer .phone iframe").content_frame
    await expect(inner.locator("main footer")).to_be_visible()
    await browser_page.evaluate("window.stays = true")
    dev.edit("parts/footer.html", lambda text: f"{text}<p id='fresh'>x</p>")
    await expect(inner.locator("#fresh").first).to_be_attached()
    dev.edit("assets/style.css", lambda text: f"{text}\nbody {{ color: rgb(1, 2, 3) }}")
    await expect(inner.locator("body")).to_have_css("color", "rgb(1, 2, 3)")
    assert await browser_page.evaluate("window.stays")


@pytest.mark.browser
async def test_broken_theme_is_said_in_the_gallery(dev: Dev, browser_page: Page) -> None:
    """In each frame, and it comes back when the error is mended."""
    await browser_page.goto(f"{dev.url}/__gallery/?q=part-footer")
    inner = browser_page.locator("#part-footer .phone iframe").content_frame
    await expect(inner.locator("main footer")).to_be_visible()
    dev.edit("404.html", lambda text: f"{text}{{{{ nowhere }}}}")
    await expect(inner.locator("h2")).to_contain_text("nowhere")
    dev.edit("404.html", lambda text: text.replace("{{ nowhere }}", ""))
    await expect(inner.locator("main footer")).to_be_visible()
