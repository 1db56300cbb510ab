"""``sos release diff``: a release reviewed as the pages of the live site."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sos.adapters.redis import RedisStore
from sos.cli.release.chromium import find_chromium

from tests.cli.release_shell import INDEX, ReleaseShell
from tests.servers.content import batches, build_site
from tests.servers.debian import skip_or_fail


@pytest_asyncio.fixture
async def site(releases: ReleaseShell) -> AsyncIterator[ReleaseShell]:
    """A shell whose site has content, and a second folder of templates, ``changed``."""
    store = RedisStore(releases.redis_url, releases.host, timeout_ms=5000)
    for batch in batches(build_site(20)):
        await store.apply(batch)
    await store.aclose()
    releases.write("changed/index.html", INDEX.replace("<body>", "<body data-new='&'>"))
    releases.write("changed/assets/style.css", "h1 { color: red }\n")
    yield releases


async def test_difference_is_told_as_pages_and_as_files(site: ReleaseShell) -> None:
    """What is the same on all pages is told once."""
    old = await site.publish(INDEX)
    words = await site.run("diff", old, "changed")
    assert words.code == 0, words.err
    assert f"{old} -> changed: " in words.out
    assert "changed assets/style.css (20 -> 18 bytes)" in words.out
    assert words.out.count("+<body data-new='&'>") == 1
    report = (await site.run("diff", old, "changed", "--json")).json
    assert report["changed"] == len(report["pages"]) > 5
    kinds = {p["path"].partition("/")[2].partition("/")[0] for p in report["pages"]}
    assert {"", "category", "author"} <= kinds
    assert report["content"].startswith("content store, revision")


async def test_same_release_differs_in_nothing(site: ReleaseShell) -> None:
    """Folder or release."""
    report = (await site.run("diff", "templates", "templates", "--json")).json
    assert report["changed"] == 0
    assert report["files"] == []


async def test_page_that_fails_with_the_new_release_stands_out(site: ReleaseShell) -> None:
    """With template and line."""
    site.write("changed/index.html", INDEX.replace("<h1>", "<h1>{{ page.posts[50].url }}"))
    ended = await site.run("diff", "templates", "changed", "--paths", "/,/nope/")
    assert ended.code == 0
    assert "/ FAILS with changed: index.html:5: " in ended.out
    assert "no such page" in ended.err


async def test_report_shows_hostile_text_as_text(site: ReleaseShell) -> None:
    """Pages side by side; nothing of them is markup of the report."""
    hostile = "<script>alert(1)</script>"
    site.write("changed/index.html", INDEX.replace("</body>", f"{hostile}</body>"))
    ended = await site.run("diff", "templates", "changed", "--html", "out", "--no-screenshots")
    assert ended.code == 0, ended.err
    report = (site.folder / "out/index.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in report
    assert "<script" not in report
    assert report.count("<details") >= 6
    assert [p.name for p in (site.folder / "out").iterdir()] == ["index.html"]


@pytest.mark.browser
async def test_screenshots_of_both_lie_beside_the_report(site: ReleaseShell) -> None:
    """A phone and a desk, of each page that differs."""
    if not find_chromium():
        skip_or_fail("no Chromium for screenshots")
    arguments = ("diff", "templates", "changed", "--html", "out", "--paths", "/")
    ended = await site.run(*arguments, "--screenshots")
    assert ended.code == 0, ended.err
    names = sorted(p.name for p in (site.folder / "out").glob("*.png"))
    assert names == ["p01-a-1440.png", "p01-a-360.png", "p01-b-1440.png", "p01-b-360.png"]
    report = (site.folder / "out/index.html").read_text()
    for name in names:
        content = (site.folder / "out" / name).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert int.from_bytes(content[16:20], "big") == int(name[6:].removesuffix(".png"))
        assert f'src="{name}"' in report
    old, new = ((site.folder / f"out/p01-{x}-360.png").read_bytes() for x in "ab")
    assert old != new


async def test_screenshots_that_nobody_can_take_are_an_error(site: ReleaseShell) -> None:
    """Only where they were asked for."""
    python = shutil.which("python3") or ""
    path = {"PATH": str(site.folder)}
    assert python
    arguments = ("diff", "templates", "changed", "--html", "out", "--paths", "/")
    asked = await site.run(*arguments, "--screenshots", **path)
    assert asked.code == 69
    assert "none of chromium" in asked.err
    not_asked = await site.run(*arguments, **path)
    assert not_asked.code == 0, not_asked.err


async def test_without_content_there_is_nothing_to_compare(releases: ReleaseShell) -> None:
    """Neither a store nor a snapshot."""
    ended = await releases.run("diff", "templates", "templates")
    assert ended.code == 69
    assert "there is no live content to compare pages of" in ended.err


async def test_check_makes_pages_of_live_content(site: ReleaseShell) -> None:
    """A template that fails on one post only is found."""
    broken = INDEX.replace("<h1>", "{% if page.url == '/post-107/' %}{{ [1][5].x }}{% endif %}<h1>")
    site.write("templates/index.html", broken)
    ended = await site.run("check")
    assert ended.code == 65, ended.err
    assert "/post-107/" in ended.out
    assert (await site.run("check", "--no-live")).code == 0


async def test_theme_that_extends_is_compared_as_the_release_that_it_makes(
    site: ReleaseShell,
) -> None:
    """A published one with its folder: pages and files are those of a whole theme."""
    site.write("mine/theme.toml", 'extends = "default"\n')
    published = (await site.run("publish", "mine")).id
    site.write("mine/parts/footer.html", "{% include 'default/parts/footer.html' %}<p>New</p>\n")
    report = (await site.run("diff", published, "mine", "--json")).json
    assert report["changed"] == len(report["pages"]) > 5
    changed = {file["name"] for file in report["files"]}
    assert changed == {"parts/footer.html", "default/parts/footer.html"}
    assert any("+<p>New</p>" in hunk["lines"] for hunk in report["hunks"])
