"""Style sheets, HTML and accessibility of every kind of page, by tools that judge them; the weight
of what is sent; and nobody else is asked."""

from __future__ import annotations

import gzip
import re
import urllib.request
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser

from tests.release.theme import FOLDER
from tests.servers.quality import check_accessibility, check_html, describe_problems
from tests.servers.quality.styles import check_styles
from tests.theme.showcase import Showcase
from tests.theme.site import SampleSite

SHEETS = sorted((FOLDER / "assets").glob("*.css"))
CSS_BYTES, SCRIPT_BYTES, FIRST_VIEW_BYTES = 15_000, 3_000, 60_000

# What a browser fetches without being asked to.
_FETCHED = re.compile(
    r"<(?:img|script|iframe|video|audio|source|track|embed|input)\b[^>]*?\s(?:src|poster)=\"([^\"]+)"
    r"|<link\b(?=[^>]*rel=\"(?:stylesheet|icon|preload|preconnect|dns-prefetch|modulepreload|"
    r"apple-touch-icon|manifest)\")[^>]*?\shref=\"([^\"]+)"
    r"|\ssrcset=\"([^\"]+)|url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)"
)


def test_style_sheets_have_no_mistake(tmp_path: Path) -> None:
    """No error of stylelint; a planted one is found."""
    problems = check_styles(SHEETS, tmp_path)
    assert not problems, describe_problems(problems)
    planted = tmp_path / "planted.css"
    planted.write_text("a { colr: #fff; }\nq {}\n")
    assert len(check_styles([planted], tmp_path)) == 2


def test_every_kind_of_page_is_valid_html(pages: Showcase) -> None:
    """No error of the Nu checker in the fixtures' full pages."""
    problems = check_html({name: pages.fetch_html(name) for name in pages.names})
    assert not problems, describe_problems(problems)


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "viewport"), [("light", (360, 780)), ("dark", (1440, 900))])
async def test_every_kind_of_page_is_accessible(
    browser: Browser, pages: Showcase, scheme: Literal["light", "dark"], viewport: tuple[int, int]
) -> None:
    """No violation that axe can see, on a phone by day and on a desk by night."""
    urls = [pages.url(name) for name in pages.names]
    problems = await check_accessibility(browser, urls, color_scheme=scheme, viewport=viewport)
    assert not problems, describe_problems(problems)


def _fetch_gzipped(url: str) -> int:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        body: bytes = answer.read()
        return len(body) if answer.headers["Content-Encoding"] else len(gzip.compress(body))


def test_first_view_is_light(sample: SampleSite) -> None:
    """As a node sends them: style sheets 15 kB, script 3 kB, both and the front page 60 kB."""
    html = sample.front.decode()
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
    scripts = re.findall(r'<script src="([^"]+)"', html)
    assert sheets
    css = sum(_fetch_gzipped(sample.base + path) for path in sheets)
    script = sum(_fetch_gzipped(sample.base + path) for path in scripts)
    page = _fetch_gzipped(f"{sample.base}/")
    print(f"style sheets {css} B, scripts {script} B, page {page} B, gzipped")
    assert css <= CSS_BYTES
    assert script <= SCRIPT_BYTES
    assert (FOLDER / "assets" / "theme.js").stat().st_size <= SCRIPT_BYTES
    assert css + script + page < FIRST_VIEW_BYTES


def test_no_page_asks_another_host(sample: SampleSite, pages: Showcase) -> None:
    """Neither the pages of the sitemap nor their style sheets fetch anything from elsewhere, nor
    does a post with an embed."""
    maps = re.findall(r"<loc>https?://[^/]+(/[^<]+)", sample.fetch("/sitemap.xml").decode())
    paths = [
        path
        for part in maps
        for path in re.findall(r"<loc>https?://[^/]+(/[^<]*)", sample.fetch(part).decode())
    ]
    assert len(paths) > 60
    texts = {path: sample.fetch(path).decode() for path in paths}
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', sample.front.decode())
    texts |= {path: sample.fetch(path).decode() for path in sheets}
    texts["an embed"] = pages.fetch_html("single-full").decode()
    own = urlsplit(sample.base).netloc
    strangers = [
        f"{path}: {address}"
        for path, text in texts.items()
        for found in _FETCHED.findall(text)
        for address in ", ".join(filter(None, found)).split(", ")
        if urlsplit(address.split(" ")[0]).netloc not in ("", own)
    ]
    assert strangers == []
    assert "srcdoc=" in texts["an embed"]
    assert _FETCHED.search('<img alt="" src="https://cdn.example/x.png">')
