"""The web server of ``sos dev``: every request in, a page of the newest build or what is wrong out.

It answers this machine alone unless it is told to listen elsewhere, and only to the names that it
was given. Nothing that it sends may be kept.
"""

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec
import structlog
from aiohttp import hdrs, web

from sos.cache.headers import SECURITY, page_headers
from sos.cache.pages import CachedPage, Missing
from sos.dev.builds import Build
from sos.dev.error_page import build_error_page
from sos.dev.events import Events, State, build_state
from sos.dev.injection import EVENTS, STATIC, insert_client
from sos.dev.pages import DevPages
from sos.dev.problems import Problem, explain
from sos.errors import SosError, TemplateError
from sos.page.routes import Refusal, canonical_path
from sos.release.assets import ASSETS_URL, Asset, decide_media_type
from sos.release.environment import Release
from sos.render import RenderedPage
from sos.web.uploads import PREFIX as UPLOADS_URL
from sos.web.uploads import Uploads

log = structlog.get_logger()

GOOD: Final = "sos-good"
"""The query that asks for a page of the last release that was sound."""

PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", **SECURITY}
ERROR_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'"
KEPT_RELEASES = 20
"""How many builds keep their assets: a page that is loading may ask for those before."""

_STATIC_FOLDER = Path(__file__).parent / "static"


class DevServer:
    """Serves one site with whatever the newest build is."""

    def __init__(
        self,
        build: Build,
        good: Release,
        pages: DevPages,
        *,
        hosts: frozenset[str],
        uploads: Uploads | None = None,
    ) -> None:
        self.build = build
        self.good = good
        self.events = Events(build_state(build))
        self._pages = pages
        self._hosts = hosts
        self._uploads = uploads
        self._assets: dict[str, Asset] = {}
        self._static = {f.name: f.read_bytes() for f in _STATIC_FOLDER.iterdir() if f.is_file()}
        self._keep_assets(good)
        self._releases: list[Release] = [good]
        self.app = web.Application(client_max_size=1024)
        self.app.router.add_route("*", "/{path:.*}", self._handle)
        self.app.on_shutdown.append(self._end_streams)

    def show(self, build: Build, good: Release) -> None:
        """From now on this is the newest build, and this the last sound release."""
        self.build, self.good = build, good
        self._keep_assets(good)
        self.events.tell(build_state(build, self._pages.revision))

    def follow_content(self) -> None:
        """Tell browsers when the content has another revision than they know."""
        state = self.events.state
        if state.content != self._pages.revision:
            content = self._pages.revision
            self.events.tell(
                msgspec.structs.replace(state, number=state.number + 1, content=content)
            )

    def _keep_assets(self, release: Release) -> None:
        self._assets.update(release.assets)

    async def _end_streams(self, _: web.Application) -> None:
        self.events.close()

    # ------------------------------------------------------------ requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get(hdrs.HOST, "").lower() not in self._hosts:
            return _plain(421, "not a host of this site; name it in SOS_HOSTS\n")
        if request.method not in ("GET", "HEAD"):
            return _plain(405, "only GET and HEAD\n")
        path, _, query = request.raw_path.partition("?")
        try:
            return await self._answer(request, path, query)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as exc:
            log.exception("request_failed", path=path)
            return _plain(500, f"{type(exc).__name__}: {exc}\n")

    async def _answer(self, request: web.Request, path: str, query: str) -> web.StreamResponse:
        if path == EVENTS:
            return await self.events.stream(request)
        if path.startswith(STATIC):
            return self._answer_static(path.removeprefix(STATIC))
        if path.startswith(ASSETS_URL):
            return self._answer_asset(path)
        if path.startswith(UPLOADS_URL):
            return await self._answer_upload(request, path)
        if path == "/favicon.ico":
            return self._answer_icon()
        return await self._answer_page(path, query)

    async def _answer_page(self, path: str, query: str) -> web.Response:
        query, good = _part_query(query)
        state, release = self.events.state, self.build.release
        if release is None and good:
            release = self.good
        else:
            good = False
        if release is None:
            return self._answer_problems(
                state, [explain(p, self.build) for p in self.build.problems], path
            )
        try:
            made = await self._pages.make(path, query, release)
        except TemplateError as exc:
            return self._answer_problems(state, [explain(exc, self.build)], path)
        except SosError as exc:
            return _plain(503, f"{exc}\n")
        if isinstance(made, Missing):
            return web.Response(status=made.status, headers={**PRIVATE, "Location": made.location})
        return _build_page(made, state, good=good)

    def _answer_problems(self, state: State, problems: list[Problem], path: str) -> web.Response:
        html = build_error_page(problems, state, good=f"{path}?{GOOD}")
        headers = {**PRIVATE, "Content-Security-Policy": ERROR_POLICY}
        return web.Response(status=500, text=html, content_type="text/html", headers=headers)

    def _answer_static(self, name: str) -> web.Response:
        content = self._static.get(name)
        if content is None:
            return _plain(404, "not found\n")
        headers = {**PRIVATE, "Content-Type": decide_media_type(name)}
        return web.Response(body=content, headers=headers)

    def _answer_asset(self, path: str) -> web.Response:
        asset = self._assets.get(path)
        if asset is None:
            return _plain(404, "not found\n")
        headers = {**PRIVATE, "Cache-Control": "max-age=3600", "Content-Type": asset.media_type}
        return web.Response(body=asset.content, headers=headers)

    async def _answer_upload(self, request: web.Request, path: str) -> web.StreamResponse:
        if self._uploads is None or isinstance(canonical_path(path), Refusal):
            return _plain(404, "not found\n")
        found = await self._uploads.answer(request, path)
        return _plain(found, "not to be had\n") if isinstance(found, int) else found

    def _answer_icon(self) -> web.Response:
        icon = self._pages.icon
        own = (a.url for a in self.good.assets.values() if a.name.startswith("icon."))
        if not icon.startswith("/") or icon.startswith("//"):
            icon = next(own, "")
        if not icon:
            return _plain(404, "not found\n")
        return web.Response(status=302, headers={**PRIVATE, "Location": icon})


def _build_page(made: CachedPage, state: State, *, good: bool) -> web.Response:
    page: RenderedPage = made.page
    headers = {**page_headers(page, https=False), **PRIVATE}
    body = page.body
    if page.content_type.startswith("text/html"):
        body = insert_client(body, state, good=good)
    return web.Response(status=page.status, body=body, headers=headers)


def _part_query(query: str) -> tuple[str, bool]:
    """The query of the site, and whether the last sound release was asked for."""
    if GOOD not in query:
        return query, False
    given = parse_qsl(query, keep_blank_values=True)
    return urlencode([(n, v) for n, v in given if n != GOOD]), any(n == GOOD for n, _ in given)


def _plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers=PRIVATE)
