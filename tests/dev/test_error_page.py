"""What is wrong is said in the page, until it is mended."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.dev.running import Dev

pytestmark = pytest.mark.browser


async def test_error_is_shown_and_goes_away_when_it_is_mended(dev: Dev, browser_page: Page) -> None:
    """With its file, line and source, what was meant, and what there is; by itself, both ways."""
    await browser_page.goto(dev.url)
    await browser_page.evaluate("scrollTo(0, 500)")
    original = (dev.theme / "parts/footer.html").read_text()
    dev.edit("parts/footer.html", lambda text: f"{text}\n{{{{ page.sight.title }}}}\n")
    line = len(original.splitlines()) + 2
    place = browser_page.locator(".place")
    await expect(place).to_have_text(re.compile(rf"parts/footer\.html:{line}$"))
    await expect(browser_page.locator("h2")).to_have_text("PageModel has no field 'sight'")
    await expect(browser_page.locator(".meant")).to_contain_text("site")
    await expect(browser_page.locator(".source .here")).to_have_text("{{ page.sight.title }}")
    names = browser_page.locator("details[open] tr", has_text="breadcrumbs")
    await expect(names).to_contain_text("From the front page to the parent of this page")
    dev.edit("parts/footer.html", lambda _: f"{original}<p id='mended'></p>")
    await browser_page.wait_for_selector("#mended", state="attached")
    await browser_page.wait_for_function("scrollY === 500")


async def test_last_good_page_is_one_click_away(dev: Dev, browser_page: Page) -> None:
    """It says that it is one, and becomes the page itself when the error is mended."""
    await browser_page.goto(f"{dev.url}/about/")
    dev.edit("index.html", lambda text: f"{{% extnds 'x' %}}{text}")
    await browser_page.get_by_role("link", name="The last good page").click()
    await expect(browser_page.locator("h1")).to_contain_text("About")
    await expect(browser_page.locator("#sos-dev p")).to_contain_text("from before the error")
    dev.edit("index.html", lambda text: text.replace("{% extnds 'x' %}", ""))
    await browser_page.wait_for_url(f"{dev.url}/about/")
    await expect(browser_page.locator("#sos-dev")).to_have_count(0)


async def test_all_problems_are_listed(dev: Dev, browser_page: Page) -> None:
    """Those of several files at once, as `sos release check` lists them; in the terminal too."""
    await browser_page.goto(dev.url)
    dev.edit("404.html", lambda text: f"{text}{{{{ nowhere }}}}")
    dev.edit("page.html", lambda text: f"{text}{{% include 'parts/footr.html' %}}")
    dev.edit("assets/style.css", lambda text: f"{text}a {{ background: url(nope.png) }}")
    await expect(browser_page.locator(".problem")).to_have_count(3)
    meant = browser_page.locator(".problem", has_text="footr.html").locator(".meant")
    await expect(meant).to_contain_text("parts/footer.html")
    said = dev.said()
    assert "there is no variable 'nowhere'" in said
    assert "did you mean 'parts/footer.html'" in said


async def test_error_of_one_page_names_what_it_has_at_that_line(
    dev: Dev, browser_page: Page
) -> None:
    """What only shows on a page is explained with the values of that page; others are shown."""
    dev.edit("404.html", lambda text: text.replace("{% block main %}", f"{{% block main %}}{LOOP}"))
    await browser_page.goto(f"{dev.url}/nowhere/")
    await expect(browser_page.locator("h2")).to_contain_text("'None' has no attribute 'url'")
    await expect(browser_page.locator(".meant")).to_contain_text("Ask first")
    row = browser_page.locator("tr", has=browser_page.locator("th", has_text="wrong"))
    await expect(row).to_contain_text("NoneType")
    answer = await browser_page.goto(dev.url)
    assert answer
    assert answer.status == 200


LOOP = "{% set wrong = none %}\n{% if page.status == 404 %}{{ wrong.url }}{% endif %}\n"


async def test_problem_of_another_page_is_said_in_a_corner(dev: Dev, browser_page: Page) -> None:
    """A moment after a save, whichever page is open; the list follows as well."""
    await browser_page.goto(dev.url)
    dev.edit("archive.html", lambda text: text.replace("{% block main %}", BROKEN))
    corner = browser_page.locator("#sos-dev p")
    await expect(corner).to_contain_text("on other pages", timeout=60_000)
    await corner.get_by_role("link").click()
    await expect(browser_page.locator(".place").first).to_contain_text("archive.html:")
    dev.edit("archive.html", lambda text: text.replace(BROKEN, "{% block main %}"))
    await expect(browser_page.locator("h1")).to_have_text("0 problems", timeout=60_000)


BROKEN = "{% block main %}{{ page.archive.title.nothing }}"


async def test_block_that_nobody_sees_is_an_error(dev: Dev, browser_page: Page) -> None:
    """Jinja2 itself leaves it out without a word."""
    await browser_page.goto(dev.url)
    dev.edit("page.html", lambda text: f"{text}{{% block mian %}}lost{{% endblock %}}")
    await expect(browser_page.locator("h2")).to_contain_text("no block 'mian'")
    await expect(browser_page.locator(".meant")).to_contain_text("main")


def test_only_names_that_are_known_are_answered(dev: Dev) -> None:
    """A page on another site that resolves its name to this machine gets nothing."""
    request = urllib.request.Request(dev.url, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 421
    caught.value.close()


async def test_theme_that_is_broken_from_the_start_is_served_all_the_same(
    tmp_path: Path, browser_page: Page
) -> None:
    """With what is wrong, here and in the terminal; until then the default theme is the last good
    one."""
    dev = Dev(tmp_path)
    dev.theme.mkdir()
    (dev.theme / "theme.toml").write_text('extends = "default"\n')
    (dev.theme / "index.html").write_text("{% extends 'default/index.html' %}{% blok main %}")
    try:
        dev.start()
        assert "index.html:1" in dev.said()
        await browser_page.goto(dev.url)
        await expect(browser_page.locator("h2")).to_contain_text("unknown tag 'blok'")
        await expect(browser_page.locator(".meant")).to_contain_text("block")
        await browser_page.get_by_role("link", name="The last good page").click()
        await expect(browser_page.locator("h1")).to_contain_text("Tidewick")
        (dev.theme / "theme.toml").write_text('extend = "default"\n')
        await browser_page.goto(dev.url)
        await expect(browser_page.locator("h2")).to_contain_text("did you mean 'extends'")
        (dev.theme / "index.html").unlink()
        (dev.theme / "theme.toml").write_text('extends = "default"\n')
        await expect(browser_page.locator("h1")).to_contain_text("Tidewick")
    finally:
        dev.stop()
