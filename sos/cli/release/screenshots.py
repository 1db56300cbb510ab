"""Pictures of pages with two releases, for the report of ``sos release diff``.

In: pages as both releases made them. Out: PNG files in the report's folder. Pages are shown by a
server on loopback that ends with this.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from sos.cli.release.chromium import open_camera
from sos.page.routes import Refusal, canonical_path
from sos.release.environment import Release
from sos.rollout.compare import PagePair
from sos.settings import Settings
from sos.web.uploads import PREFIX, Uploads

WIDTHS = (360, 1440)
"""A phone, and a desk; CSS pixels."""

MOST_PAGES = 12
"""Pages of which pictures are taken."""


async def take_screenshots(
    pairs: Sequence[PagePair],
    releases: tuple[Release, Release],
    settings: Settings,
    folder: Path,
) -> dict[str, list[str]]:
    """Names of the files, before and after in turn for each width, by the path of the page.

    A page that a release can't make gets none. Raises ScreenshotError.
    """
    whole = [p for p in pairs if p.before and p.after][:MOST_PAGES]
    shots: dict[str, list[str]] = {}
    async with _serve(whole, releases, settings) as base, open_camera() as camera:
        for number, pair in enumerate(whole, 1):
            names = shots[pair.path] = []
            for width in WIDTHS:
                for side in ("a", "b"):
                    content = await camera.take(f"{base}/__{side}/{number - 1}", width)
                    name = f"p{number:02}-{side}-{width}.png"
                    await asyncio.to_thread((folder / name).write_bytes, content)
                    names.append(name)
    return shots


@asynccontextmanager
async def _serve(
    pairs: Sequence[PagePair], releases: tuple[Release, Release], settings: Settings
) -> AsyncIterator[str]:
    """Show the pages and what they need of the releases and of uploads; the base URL."""
    uploads = Uploads(settings.uploads_origin) if settings.uploads_origin else None
    assets = {url: asset for release in releases for url, asset in release.assets.items()}

    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        if asset := assets.get(path):
            headers = {"Content-Type": asset.media_type}
            return web.Response(body=asset.content, headers=headers)
        if path.startswith(("/__a/", "/__b/")) and path[5:].isdecimal():
            pair = pairs[int(path[5:])]
            text = pair.before if path.startswith("/__a/") else pair.after
            return web.Response(text=text, content_type="text/html", charset="utf-8")
        if uploads and path.startswith(PREFIX) and not isinstance(canonical_path(path), Refusal):
            found = await uploads.answer(request, path)
            return web.Response(status=found) if isinstance(found, int) else found
        return web.Response(status=404)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
        if uploads:
            await uploads.aclose()
