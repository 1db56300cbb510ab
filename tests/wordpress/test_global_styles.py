"""The palette of a site without the plugin: what its front page says of it, or nothing at all."""

from __future__ import annotations

import time

import pytest
from sos.adapters.redis import RedisStore
from sos.content.document import parse_site
from sos.wordpress.commons import keep_settings
from sos.wordpress.global_styles import find_global_styles

from tests.servers.fake_wordpress import FakeSite, serve_fake
from tests.servers.wordpress import WordPressServer
from tests.wordpress.importing import document_of, run_import

OLD = """<head><style id='wp-block-library-inline-css'>body{color: red}</style>
<style id='global-styles-inline-css' type='text/css'>
body{--wp--preset--color--base: #ffffff;--wp--preset--color--primary: #9DFF20;
--wp--preset--gradient--dawn: linear-gradient(135deg,rgba(6,147,227,1) 0%,rgb(155,81,224) 100%);
--wp--preset--duotone--midnight: url('#wp-duotone-midnight');--wp--preset--font-size--small: clamp(1rem, 2vw, 2rem);
--wp--preset--spacing--30: 1rem;}body { margin: 0;--wp--style--global--content-size: 650px; }
body{background-color: var(--wp--preset--color--base);color: #000;font-size: 1rem;}
a:where(:not(.wp-element-button)){color: var(--wp--preset--color--primary);text-decoration: underline;}
a:where(:not(.wp-element-button)):hover{color: red;}
.wp-element-button, .wp-block-button__link{background-color: black;color: var(--wp--preset--color--base);}
.has-base-color{color: var(--wp--preset--color--base) !important;}
</style>"""
"""As WordPress 6.1 writes it."""

NEW = """<style id="global-styles-inline-css">/* from the theme { */
:root{--wp--preset--aspect-ratio--square: 1;--wp--preset--color--base: #FFFFFF;
--wp--preset--shadow--crisp: 6px 6px 0px rgb(0, 0, 0);}
.wp-block-button{--wp--preset--color--base: #123456;--wp--preset--dimension--25: 25%;}
:root { --wp--style--block-gap: 1.2rem; }body{background: #fff;color: var(--wp--preset--color--base);}
:root :where(.wp-element-button, .wp-block-button__link){background-color: #32373c;color: #fff;}
:root :where(.wp-block-code){background-color: red;color: blue;}
</style>"""
"""As WordPress 7.1 writes it."""


def test_older_wordpress_tells_its_palette() -> None:
    """Presets of the kinds that pages use, and the colours of page, links and buttons."""
    assert find_global_styles(OLD) == {
        "presets": {
            "color": {"base": "#ffffff", "primary": "#9DFF20"},
            "gradient": {
                "dawn": "linear-gradient(135deg,rgba(6,147,227,1) 0%,rgb(155,81,224) 100%)"
            },
            "font-size": {"small": "clamp(1rem, 2vw, 2rem)"},
            "spacing": {"30": "1rem"},
        },
        "background": "var(--wp--preset--color--base)",
        "text": "#000",
        "link": "var(--wp--preset--color--primary)",
        "button_background": "black",
        "button_text": "var(--wp--preset--color--base)",
    }


def test_newer_wordpress_tells_its_palette() -> None:
    """Those of single blocks are not the page's, and WordPress's own button is nobody's choice."""
    assert find_global_styles(NEW) == {
        "presets": {
            "color": {"base": "#FFFFFF"},
            "shadow": {"crisp": "6px 6px 0px rgb(0, 0, 0)"},
        },
        "background": "#fff",
        "text": "var(--wp--preset--color--base)",
    }


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<html><head></head>",
        "<style>:root{--wp--preset--color--base:#fff}</style>",
        "<style id='global-styles-inline-css'></style>",
        "<style id='global-styles-inline-css'>body{color:red}</style>",
        "<p>global-styles-inline-css: :root{--wp--preset--color--base:#fff}</p>",
    ],
)
def test_page_that_does_not_tell_says_nothing(html: str) -> None:
    """An optimiser has merged its style sheets, or it is no WordPress of these days."""
    assert find_global_styles(html) is None


@pytest.mark.parametrize(
    "mark", ["{", "}", "/*", "*", "--wp--preset--color--a:", "a{b}", " ", "<style id="]
)
def test_no_page_takes_long(mark: str) -> None:
    """A quarter of a megabyte of any one thing is read in a moment."""
    begun = time.process_time()
    find_global_styles(f"<style id='global-styles-inline-css'>{mark * (250_000 // len(mark))}")
    assert time.process_time() - begun < 2


def test_visitor_who_is_told_no_palette_leaves_that_of_the_store() -> None:
    """What the plugin or an earlier import has sent outlives a front page that is silent."""
    known = {"home": "https://a.example", "sos": {"settings": {}, "styles": {"text": "#000"}}}
    silent = {"home": "https://a.example", "sos": {"settings": {}, "language": "en"}}
    assert keep_settings(silent, known)["sos"]["styles"] == {"text": "#000"}
    told = {**silent, "sos": {**silent["sos"], "styles": {"text": "#111"}}}  # type: ignore[dict-item]
    assert keep_settings(told, known)["sos"]["styles"] == {"text": "#111"}
    other = {**silent, "home": "https://b.example"}
    assert "styles" not in keep_settings(other, known)["sos"]


async def test_silent_site_is_imported_without_a_word(store: RedisStore) -> None:
    """A palette is nothing that anybody misses."""
    async with serve_fake(FakeSite().fill()) as url:
        summary = await run_import(url, store)
    assert "styles" not in (await document_of(store, "site"))["sos"]
    assert not [line for line in summary.missing if "style" in line or "colour" in line]


@pytest.mark.wordpress
async def test_block_theme_gives_its_palette_without_the_plugin(
    wordpress: WordPressServer, store: RedisStore
) -> None:
    """Twenty Twenty-Three of WordPress 6.1, Twenty Twenty-Five of 7.1."""
    await run_import(wordpress.url, store)
    styles = parse_site((await store.fetch_documents(["site"]))["site"]).styles
    own = {"6.1": ("tertiary", "#F6F6F6"), "7.1": ("accent-3", "#503AA8")}
    slug, value = own[wordpress.edition.name]
    assert styles.colours[slug] == value
    assert styles.background == "var(--wp--preset--color--base)"
    assert styles.text == "var(--wp--preset--color--contrast)"
    assert len(styles.font_sizes) == 5
    assert len(styles.gradients) == 12
