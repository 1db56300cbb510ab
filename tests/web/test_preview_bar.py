"""The bar above a preview, in a browser: readable over any theme, on a phone, in the dark, by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Browser, BrowserContext, Page, expect
from sos.web.preview_bar import STYLE_SOURCE, Bar, Choice, allow_bar, build_bar, insert_bar

from tests.page.fake_store import FakeStore
from tests.release.theme import release_of
from tests.web.serving import Site, serving
from tests.web.test_content_previews import ID, SECRET, build_payload, draft, fake, token

__all__ = ["fake"]

BAR = Bar(
    title="A draft",
    standing="draft, not published",
    notes=("Post · made by Ann",),
    action=f"/__preview/{ID}/",
    public="/hello/",
    choices=(Choice("", "live: a"), Choice("b", "b")),
    chosen="b",
)

RUDE = """<!DOCTYPE html><html><head><style>
* { color: lime !important; background: lime !important; font-size: 2px !important; }
div, aside, form, select { display: none !important; position: fixed !important; opacity: 0 !important; }
#sos-preview-bar { display: none !important; visibility: hidden !important; height: 0 !important; }
header { position: fixed; top: 0; left: 0; right: 0; height: 400px; z-index: 99999; }
body { margin: 0; text-align: right; text-transform: uppercase; letter-spacing: 9px; }
</style></head><body class="a>b"><header>HEADER</header><main>{{ page.post.content }}</main></body></html>"""


@pytest.fixture
async def web(fake: FakeStore) -> AsyncIterator[Site]:
    """Served at the address at which a browser finds it."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/", title="A draft of a post " + "x" * 90)
    async with serving(fake, preview_secret=SECRET, site="http://127.0.0.1") as running:
        running.allow_own_address()
        yield running


async def show(page: Page, web: Site, query: str = "") -> Page:
    answer = await page.goto(f"{web.address}/__preview/{token(host='127.0.0.1')}{query}")
    assert answer is not None
    assert answer.status == 200
    return page


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_bar_is_readable_at_any_width_and_in_the_dark(
    browser: Browser, web: Site, width: int, scheme: str
) -> None:
    """Within the window, with contrast enough for small text (WCAG 2.2, 1.4.3), and no error."""
    context = await browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 700}
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    await show(page, web)
    bar = page.get_by_role("complementary", name="Preview")
    box = await bar.bounding_box()
    assert box is not None
    assert (box["x"], box["y"]) == (0, 0)
    assert box["width"] <= width
    assert 30 < box["height"] < 300
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    for part in ("p.what b", ".note", "label", "select", "button"):
        assert await contrast(page, part) >= 4.5, part
    assert not [e for e in errors if "Content Security Policy" in e]
    await context.close()


@pytest.mark.browser
async def test_no_theme_can_reach_the_bar(browser_context: BrowserContext, web: Site) -> None:
    """Neither hide nor shrink nor colour it, nor lie over it; and it does nothing to the theme."""
    rude = release_of(index=RUDE)
    web.service._loaded.add(rude)
    page = await browser_context.new_page()
    await show(page, web, f"?sos_release={rude.id}")
    bar = page.get_by_role("complementary", name="Preview")
    await expect(bar).to_be_visible()
    found = await bar.evaluate(
        """(bar) => {
          const style = getComputedStyle(bar), text = getComputedStyle(bar.querySelector('b'));
          const box = bar.getBoundingClientRect();
          const top = document.elementFromPoint(box.left + 30, box.top + box.height / 2);
          return {size: text.fontSize, upper: text.textTransform, space: text.letterSpacing,
                  colour: text.color, onTop: top && top.id};
        }"""
    )
    assert found["size"] == "15px"
    assert found["upper"] == "none"
    assert found["space"] == "normal"
    assert found["colour"] != "rgb(0, 255, 0)"
    assert found["onTop"] == "sos-preview-bar"
    await expect(page.locator("main")).to_have_css("color", "rgb(0, 255, 0)")


@pytest.mark.browser
async def test_release_is_chosen_by_keyboard_and_without_javascript(
    browser: Browser, web: Site
) -> None:
    """The form is a form: it needs no script."""
    other = release_of(index="<html><body><main>OTHER {{ page.post.content }}</main></body></html>")
    web.service._loaded.add(other)
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await show(page, web)
    select = page.get_by_label("Release")
    await page.keyboard.press("Tab")
    await expect(select).to_be_focused()
    await select.select_option(other.id)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_contain_text("OTHER")
    assert page.url.endswith(f"/__preview/{ID}/?sos_release={other.id}")
    await expect(page.get_by_label("Release")).to_have_value(other.id)
    await context.close()


@pytest.mark.browser
async def test_bar_is_not_printed(browser_page: Page, web: Site) -> None:
    """Paper has the page alone."""
    await show(browser_page, web)
    await browser_page.emulate_media(media="print")
    await expect(browser_page.get_by_role("complementary", name="Preview")).to_be_hidden()


CONTRAST = """(element) => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((v) => {
      v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let back = element;
  while (getComputedStyle(back).backgroundColor === 'rgba(0, 0, 0, 0)') { back = back.parentElement; }
  const pair = [getComputedStyle(element).color, getComputedStyle(back).backgroundColor].map(light);
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}"""


async def contrast(page: Page, part: str) -> float:
    """Contrast ratio of a part of the bar with what is behind it (WCAG 2.2)."""
    ratio: float = await page.locator(f"aside.bar {part}").first.evaluate(CONTRAST)
    return ratio


# ---------------------------------------------------------------- without a browser


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (b"<html><body><p>x</p></body></html>", b"<html><body>|<p>x</p></body></html>"),
        (b"<BODY\nclass='a>b' id=\"c>d\">x", b"<BODY\nclass='a>b' id=\"c>d\">|x"),
        (b"<head><!-- <body> --></head><body >x", b"<head><!-- <body> --></head><body >|x"),
        (b"<head></head>x", b"<head></head>|x"),
        (b"x", b"|x"),
        (b"<body class='x", b"|<body class='x"),
        (b"<bodyguard>x<body>y", b"<bodyguard>x<body>|y"),
    ],
)
def test_bar_is_the_first_thing_in_the_body(page: bytes, shown: bytes) -> None:
    """Wherever that begins; a page without one has it all the same."""
    assert insert_bar(page, BAR) == shown.replace(b"|", build_bar(BAR).encode())


@given(st.text(), st.text(), st.text())
def test_no_text_becomes_markup(title: str, note: str, release: str) -> None:
    """Whatever an editor, or who forges a payload, calls things."""
    plain = build_bar(BAR)
    bar = Bar(
        title=title or "x",
        standing=note,
        notes=(note,),
        action=f"/__preview/{ID}/",
        public="/hello/",
        choices=(Choice("", "live: a"), Choice(release, release)),
        chosen=release,
    )
    assert tags(build_bar(bar)) == tags(plain)


def tags(html: str) -> list[str]:
    return [part.split()[0].split(">")[0] for part in html.split("<")[1:]]


def test_policy_gets_one_hash_and_keeps_the_rest() -> None:
    """Only the directive of style elements is widened."""
    policy = "default-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'"
    assert allow_bar(policy) == (
        f"default-src 'self'; style-src 'self' {STYLE_SOURCE}; style-src-attr 'unsafe-inline'"
    )
