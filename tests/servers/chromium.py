"""Debian's Chromium for tests: one process a session, driven by Playwright, a clean context a test.

The process lives as long as the session and belongs to no event loop, so the async fixtures work
from any test whatever the scope of its loop; each test connects to it anew (about 0.3 s). A conftest
imports the fixtures; a test is marked `browser` and asks for `browser_page`.

Nothing but the loopback is reached: every other name resolves to nothing.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.servers.quality.node_packages import require_program

__all__ = ["browser", "browser_context", "browser_page", "chromium"]

START_SECONDS = 30.0
STOP_SECONDS = 10.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--mute-audio",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--remote-debugging-port=0",
)


def start_chromium(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start Chromium with its profile in `folder`; return its process and its debugging address.

    The caller ends the process with `stop_chromium`. Raises RuntimeError with the end of its log
    when it exits or is not there within 30 s. Without Chromium the test is skipped; with CI=true
    it fails.
    """
    program = require_program("chromium", "chromium")
    profile, log = folder / "profile", folder / "chromium.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    # Chromium writes the port that it was given to this file, in one go.
    port_file = profile / "DevToolsActivePort"
    deadline = time.monotonic() + START_SECONDS
    while not (port_file.exists() and port_file.read_text().strip()):
        if process.poll() is not None or time.monotonic() > deadline:
            stop_chromium(process)
            raise RuntimeError(f"Chromium did not start: {log.read_text(errors='replace')[-800:]}")
        time.sleep(0.05)
    port = int(port_file.read_text().split()[0])
    return process, f"http://127.0.0.1:{port}"


def stop_chromium(process: subprocess.Popen[bytes]) -> None:
    """End the process, politely for 10 s, and reap it."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The debugging address of the session's Chromium."""
    process, address = start_chromium(tmp_path_factory.mktemp("chromium"))
    yield address
    stop_chromium(process)


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """The session's Chromium as Playwright sees it; close no more than the contexts you open."""
    async with async_playwright() as playwright:
        connected = await playwright.chromium.connect_over_cdp(chromium)
        yield connected
        await connected.close()


@pytest.fixture
async def browser_context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A context with no cookie, cache or storage of any other test; waits are bounded to 15 s."""
    context = await browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context
    await context.close()


@pytest.fixture
async def browser_page(browser_context: BrowserContext) -> Page:
    """An empty page in a context of its own."""
    return await browser_context.new_page()
