"""Pictures and files of WordPress's media library, for nodes that have to serve them themselves.

In: a path below ``/wp-content/uploads/``. Out: the file of a folder, or of the origin that the
settings name. On a site of any size the edge sends these paths elsewhere; this is for the demo and
for small sites. It follows no redirect, sends no cookie, and passes on media types only.
"""

import asyncio
from pathlib import Path
from urllib.parse import unquote

import aiohttp
import structlog
from aiohttp import web

from sos.cache.headers import SECURITY
from sos.release.assets import decide_media_type

log = structlog.get_logger()

PREFIX = "/wp-content/uploads/"
MAX_BYTES = 256 * 1024 * 1024
"""A larger file of an origin is not passed on."""

# What WordPress lets editors upload (`wp_get_mime_types`), without what a browser would run.
_PASSED = (
    *("image/", "video/", "audio/", "font/", "text/vtt", "text/csv", "text/plain", "text/calendar"),
    *("application/pdf", "application/zip", "application/epub+zip", "application/rtf"),
    *("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."),
    *("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
)
_HEADERS = {
    **SECURITY,
    "Cache-Control": "public, max-age=86400",
    # A picture may be a script in disguise (SVG): it may be shown, not run.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
_ASKED = ("Range", "If-Range", "If-None-Match", "If-Modified-Since")
_TOLD = (
    "Content-Type",
    "Content-Length",
    "Content-Range",
    "Accept-Ranges",
    "ETag",
    "Last-Modified",
)


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

    async def answer(self, request: web.Request, path: str) -> web.StreamResponse | int:
        """The file at ``path``, which begins with PREFIX and has passed `canonical_path`.

        A status where there is none to send: 404, 416, or 502 when the origin fails.
        """
        rest = path.removeprefix(PREFIX)
        if self._folder is not None:
            return await asyncio.to_thread(self._from_folder, self._folder, unquote(rest))
        return await self._from_origin(request, rest)

    def _from_folder(self, folder: Path, name: str) -> web.StreamResponse | int:
        try:
            root = folder.resolve()
            file = (root / name).resolve()
            if name.endswith("/") or not file.is_relative_to(root) or not file.is_file():
                return 404
        except (OSError, RuntimeError, ValueError):  # a name too long, a ring of links
            return 404
        # Not aiohttp's own guess: Python 3.11 knows no WebP.
        kind = decide_media_type(file.name)
        if not kind.startswith(_PASSED):
            return 404
        return web.FileResponse(file, headers={**_HEADERS, "Content-Type": kind})

    async def _from_origin(self, request: web.Request, rest: str) -> web.StreamResponse | int:
        if self._session is None:
            # No limit for the whole: a film takes as long as the visitor's line does.
            timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_read=10)
            self._session = aiohttp.ClientSession(
                timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        # Bytes are passed on as they are: a coding would be the origin's business with us.
        asked = {"Accept-Encoding": "identity"}
        asked |= {k: v for k in _ASKED if (v := request.headers.get(k))}
        try:
            async with self._session.request(
                request.method, self._base + rest, headers=asked, allow_redirects=False
            ) as origin:
                return _decide_refusal(origin) or await _pass_on(request, origin)
        except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
            log.warning("media_origin_failed", reason=str(exc) or type(exc).__name__)
            return 502


def _decide_refusal(origin: aiohttp.ClientResponse) -> int:
    """The status to send instead of what the origin answered; 0 when it may be passed on."""
    if origin.status in (304, 416):
        return 0 if origin.status == 304 else 416
    if origin.status >= 500 or "Content-Encoding" in origin.headers:
        return 502
    passed = origin.headers.get("Content-Type", "").lower().startswith(_PASSED)
    small = (origin.content_length or 0) <= MAX_BYTES
    return 0 if origin.status in (200, 206) and passed and small else 404


async def _pass_on(request: web.Request, origin: aiohttp.ClientResponse) -> web.StreamResponse:
    told = {name: origin.headers[name] for name in _TOLD if name in origin.headers}
    response = web.StreamResponse(status=origin.status, headers={**_HEADERS, **told})
    await response.prepare(request)
    if request.method == "HEAD" or origin.status == 304:
        return response
    sent = 0
    try:
        async for chunk in origin.content.iter_chunked(64 * 1024):
            sent += len(chunk)
            if sent > MAX_BYTES:
                raise aiohttp.ClientPayloadError(f"more than {MAX_BYTES:,} bytes")
            await response.write(chunk)
    except (aiohttp.ClientError, TimeoutError) as exc:
        # The head is sent: the only way left to say that the rest is missing is to cut the line.
        log.warning("media_cut", sent=sent, reason=str(exc) or type(exc).__name__)
        if request.transport is not None:
            request.transport.abort()
    return response
