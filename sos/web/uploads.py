"""Pictures and files of WordPress's media library, for nodes that have to serve them themselves.

In: a path below ``/wp-content/uploads/``. Out: the file of a folder, or of the origin that the
settings name. On a site of any size the edge sends these paths elsewhere; this is for the demo and
for small sites. It follows no redirect, sends no cookie, and passes on media types only.
"""

import asyncio
from pathlib import Path
from urllib.parse import unquote

import aiohttp
from aiohttp import web

from sos.cache.headers import SECURITY
from sos.release.assets import decide_media_type

PREFIX = "/wp-content/uploads/"
MAX_BYTES = 256 * 1024 * 1024
_PASSED = ("image/", "video/", "audio/", "font/", "application/pdf", "application/zip", "text/vtt")
_HEADERS = {
    **SECURITY,
    "Cache-Control": "public, max-age=86400",
    # A picture may be a script in disguise (SVG): it may be shown, not run.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}


class Uploads:
    """Files from ``origin``: ``file:FOLDER``, or the base URL of a WordPress site's uploads."""

    def __init__(self, origin: str) -> None:
        self._folder = Path(origin.removeprefix("file:")) if origin.startswith("file:") else None
        self._base = "" if self._folder else origin.rstrip("/") + "/"
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        """Close connections to the origin."""
        if self._session is not None:
            await self._session.close()

    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
        """The file at ``path``, which begins with PREFIX and has passed `canonical_path`."""
        rest = path.removeprefix(PREFIX)
        if self._folder is not None:
            return await asyncio.to_thread(self._from_folder, self._folder, unquote(rest))
        return await self._from_origin(request, rest)

    def _from_folder(self, folder: Path, name: str) -> web.StreamResponse:
        root = folder.resolve()
        file = (root / name).resolve()
        if not file.is_relative_to(root) or not file.is_file():
            raise web.HTTPNotFound(text="Not found\n", headers={"Cache-Control": "no-store"})
        # Not aiohttp's own guess: Python 3.11 knows no WebP.
        kind = {"Content-Type": decide_media_type(file.name)}
        return web.FileResponse(file, headers={**_HEADERS, **kind})

    async def _from_origin(self, request: web.Request, rest: str) -> web.StreamResponse:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=60, connect=5, sock_read=10)
            self._session = aiohttp.ClientSession(
                timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        ranges = {k: v for k in ("Range", "If-None-Match") if (v := request.headers.get(k))}
        try:
            async with self._session.request(
                request.method, self._base + rest, headers=ranges, allow_redirects=False
            ) as origin:
                return await _pass_on(request, origin)
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise web.HTTPBadGateway(
                text="The media origin did not answer\n", headers={"Cache-Control": "no-store"}
            ) from exc


async def _pass_on(request: web.Request, origin: aiohttp.ClientResponse) -> web.StreamResponse:
    kind = origin.headers.get("Content-Type", "").lower()
    length = int(origin.headers.get("Content-Length", "0") or 0)
    if origin.status not in (200, 206, 304) or (
        origin.status != 304 and not kind.startswith(_PASSED)
    ):
        raise web.HTTPNotFound(text="Not found\n", headers={"Cache-Control": "no-store"})
    if length > MAX_BYTES:
        raise web.HTTPNotFound(text="Too large\n", headers={"Cache-Control": "no-store"})
    response = web.StreamResponse(status=origin.status, headers=_HEADERS)
    for name in ("Content-Type", "Content-Length", "Content-Range", "ETag", "Last-Modified"):
        if name in origin.headers:
            response.headers[name] = origin.headers[name]
    await response.prepare(request)
    if request.method != "HEAD":
        sent = 0
        async for chunk in origin.content.iter_chunked(64 * 1024):
            sent += len(chunk)
            if sent > MAX_BYTES:
                break
            await response.write(chunk)
    return response
