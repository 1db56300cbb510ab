"""The Chromium rig itself: it starts, it reaches the loopback only, and it leaves nothing behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Error, Page

from tests.servers.chromium import start_chromium, stop_chromium

pytestmark = pytest.mark.browser


async def test_page_of_a_local_server_is_shown(
    browser_page: Page, aiohttp_server: Callable[[web.Application], Awaitable[TestServer]]
) -> None:
    """A test on its own event loop sees what its server serves, and scripts run."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(
            text="<title>a</title><script>document.title += 'b'</script>", content_type="text/html"
        )

    app = web.Application()
    app.router.add_get("/", page)
    server = await aiohttp_server(app)
    await browser_page.goto(str(server.make_url("/")))
    assert await browser_page.title() == "ab"


async def test_contexts_share_nothing(browser_page: Page) -> None:
    """A test begins on an empty page, whatever the one before it has opened."""
    assert browser_page.url == "about:blank"
    assert await browser_page.context.cookies() == []


async def test_other_hosts_are_not_reached(browser_page: Page) -> None:
    """A name is not even looked up, so no test can depend on the internet."""
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        await browser_page.goto("http://example.com/")


def test_no_process_stays_behind(tmp_path: Path) -> None:
    """Chromium and all that it started are gone when it was stopped."""
    process, address = start_chromium(tmp_path)
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    assert address.startswith("http://127.0.0.1:")
    assert len(family) > 2
    stop_chromium(process)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def test_missing_chromium_skips_or_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names what is missing; a run that must be complete does not pass without it."""
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="chromium is missing"):
        start_chromium(tmp_path)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="chromium is missing"):
        start_chromium(tmp_path)


def test_chromium_that_does_not_start_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of its log is in the error."""
    broken = tmp_path / "bin" / "chromium"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho no display >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:/usr/bin:/bin")
    with pytest.raises(RuntimeError, match="no display"):
        start_chromium(tmp_path)
