"""A headless Chromium that takes pictures: an address and a width in, a PNG of the whole page out.

Speaks the Chrome DevTools Protocol over a socket on loopback. The process ends with the context it
was opened in, and reaches no other host than 127.0.0.1.
"""

import asyncio
import base64
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from sos.errors import RolloutError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

START_SECONDS, PAGE_SECONDS = 30.0, 20.0
TALLEST = 8_000
"""Pixels of a page's height that are taken."""

_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    # What a page embeds from elsewhere is not part of a release.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


# Those that a browser would only load when they come into view are part of the picture.
_LOAD_PICTURES = """
Promise.all(Array.from(document.images, picture => {
  picture.loading = "eager";
  return picture.decode().catch(() => 0);
})).then(() => 0)
"""


class ScreenshotError(RolloutError):
    """Chromium is not there, or does not do what it should."""


def find_chromium() -> str | None:
    """Path of a Chromium or Chrome on PATH; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def require_chromium() -> str:
    """The same. Raises ScreenshotError."""
    found = find_chromium()
    if found is None:
        raise ScreenshotError(
            f"no screenshots: none of {', '.join(NAMES)} is on PATH; "
            "install one, or leave out --screenshots"
        )
    return found


class Camera:
    """One page of a running Chromium."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last = 0
        self._session = ""

    async def open(self) -> None:
        """Have an empty page."""
        target = await self._call("Target.createTarget", url="about:blank")
        attached = await self._call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = attached["sessionId"]
        await self._call("Page.enable")

    async def take(self, url: str, width: int) -> bytes:
        """A PNG of the whole page at a width, CSS pixels. Raises ScreenshotError."""
        try:
            async with asyncio.timeout(PAGE_SECONDS):
                return await self._take(url, width)
        except TimeoutError as exc:
            raise ScreenshotError(f"Chromium does not show {url} in {PAGE_SECONDS:.0f} s") from exc
        except (aiohttp.ClientError, KeyError, TypeError, ValueError) as exc:
            raise ScreenshotError(f"Chromium does not show {url}: {exc}") from exc

    async def _take(self, url: str, width: int) -> bytes:
        height = 800
        await self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        await self._call("Page.navigate", until="Page.loadEventFired", url=url)
        await self._call("Runtime.evaluate", expression=_LOAD_PICTURES, awaitPromise=True)
        metrics = await self._call("Page.getLayoutMetrics")
        tall = min(TALLEST, max(height, int(metrics["cssContentSize"]["height"])))
        clip = {"x": 0, "y": 0, "width": width, "height": tall, "scale": 1}
        shot = await self._call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip
        )
        return base64.b64decode(shot["data"])

    async def _call(self, method: str, until: str = "", **params: Any) -> dict[str, Any]:
        """The answer to a command, once the event ``until`` has come as well."""
        self._last += 1
        command = {"id": self._last, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        await self._socket.send_json(command)
        answer: dict[str, Any] | None = None
        while answer is None or until:
            message = await self._socket.receive_json()
            if message.get("id") == self._last:
                if "error" in message:
                    raise ValueError(str(message["error"].get("message")))
                answer = message.get("result", {})
            elif message.get("method") == until:
                until = ""
        return answer


@asynccontextmanager
async def open_camera() -> AsyncIterator[Camera]:
    """Start Chromium. Raises ScreenshotError when it is not there, or does not start."""
    binary = require_chromium()
    async with contextlib.AsyncExitStack() as stack:
        profile = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="sos-", ignore_cleanup_errors=True)
        )
        flags = [*_FLAGS, f"--user-data-dir={profile}"]
        if os.geteuid() == 0:  # its sandbox refuses to work for root
            flags.append("--no-sandbox")
        process = await asyncio.create_subprocess_exec(
            binary,
            *flags,
            "about:blank",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        stack.push_async_callback(_end, process)
        address = await _find_address(process, Path(profile) / "DevToolsActivePort")
        session = await stack.enter_async_context(aiohttp.ClientSession())
        try:
            socket = await session.ws_connect(address, max_msg_size=0)
            camera = Camera(socket)
            await camera.open()
        except (aiohttp.ClientError, OSError, TypeError, ValueError) as exc:
            raise ScreenshotError(f"{binary} can't be talked to: {exc}") from exc
        stack.push_async_callback(socket.close)
        yield camera


async def _find_address(process: asyncio.subprocess.Process, file: Path) -> str:
    """Where Chromium listens, which it writes into its profile."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while asyncio.get_running_loop().time() < deadline and process.returncode is None:
        with contextlib.suppress(OSError):
            lines = await asyncio.to_thread(file.read_text)
            if lines.count("\n") >= 1:
                port, path = lines.split("\n")[:2]
                return f"ws://127.0.0.1:{port}{path}"
        await asyncio.sleep(0.05)
    raise ScreenshotError("Chromium does not start")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
