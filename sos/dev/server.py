"""The web server of ``sos dev``: every request in, a page of the newest build or what is wrong out.

It answers this machine alone unless it is told to listen elsewhere, and only to the names that it
was given. Nothing that it sends may be kept.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec
import structlog
from aiohttp import hdrs, web

from sos.cache.pages import Missing
from sos.dev.answers import (
    answer_file,
    answer_html,
    answer_page,
    answer_plain,
    answer_problems,
    answer_redirect,
)
from sos.dev.builds import Build
from sos.dev.events import Events, State, build_state
from sos.dev.gallery import PREFIX as GALLERY
from sos.dev.gallery import Gallery
from sos.dev.gallery.gallery import Direction
from sos.dev.gallery.index_page import POLICY as INDEX_POLICY
from sos.dev.gallery.index_page import build_index
from sos.dev.gallery.schemes import Scheme, force_page, force_scheme
from sos.dev.injection import EVENTS, STATIC, insert_link
from sos.dev.pages import DevPages
from sos.dev.placeholder import MEDIA_TYPE as PICTURE_TYPE
from sos.dev.placeholder import draw_picture, is_fixture_picture
from sos.errors import SosError, TemplateError
from sos.page.routes import Refusal, canonical_path
from sos.release.assets import ASSETS_URL, decide_media_type
from sos.release.check import Parts
from sos.release.environment import Release
from sos.web.uploads import PREFIX as UPLOADS_URL
from sos.web.uploads import Uploads

log = structlog.get_logger()

GOOD: Final = "sos-good"
"""The query that asks for a page of the last release that was sound."""

PROBLEMS: Final = "/__dev/problems"
SHOW: Final = "show/"

SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")

KEPT_RELEASES: Final = 10
"""How many sound builds stay at hand, for their assets, and for pages as they were."""

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
        self.elsewhere: tuple[TemplateError, ...] = ()
        self.events = Events(build_state(build, pages.revision))
        self._pages = pages
        self._hosts = hosts
        self._uploads = uploads
        self._recent = deque((good,), maxlen=KEPT_RELEASES)
        self._shown: dict[str, Release] = {}
        self._static = {f.name: f.read_bytes() for f in _STATIC_FOLDER.iterdir() if f.is_file()}
        self._gallery: Gallery | None = None
        self._gallery_parts: Parts = {}
        self._opening = asyncio.Lock()
        self.app = web.Application(client_max_size=1024)
        self.app.router.add_route("*", "/{path:.*}", self._handle)
        self.app.on_shutdown.append(self._end_streams)

    def show(self, build: Build, good: Release) -> None:
        """From now on this is the newest build, and this the last sound release."""
        self.build, self.good, self.elsewhere = build, good, ()
        if good not in self._recent:
            self._recent.append(good)
            self._shown = {p: r for p, r in self._shown.items() if r in self._recent}
        self._tell()

    def show_elsewhere(self, build: Build, problems: Sequence[TemplateError]) -> None:
        """These are the problems that only some pages of a build have, if it is the newest."""
        if build is self.build:
            self.elsewhere = tuple(problems)
            self._tell()

    def follow_content(self) -> None:
        """Tell browsers when the content has another revision than they know."""
        if self.events.state.content != self._pages.revision:
            self._tell()

    def _tell(self) -> None:
        last = self.events.state.number
        self.events.tell(build_state(self.build, self._pages.revision, self.elsewhere, last))

    async def _end_streams(self, _: web.Application) -> None:
        self.events.close()

    # ------------------------------------------------------------ requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get(hdrs.HOST, "").lower() not in self._hosts:
            return answer_plain(421, "not a host of this site; name it in SOS_HOSTS")
        if request.method not in ("GET", "HEAD"):
            return answer_plain(405, "only GET and HEAD")
        path, _, query = request.raw_path.partition("?")
        try:
            return await self._answer(request, path, query)
        except ConnectionError:
            raise
        except Exception as exc:
            log.critical("request_failed", path=path, exc_info=True)
            return answer_plain(500, f"{type(exc).__name__}: {exc}")

    async def _answer(self, request: web.Request, path: str, query: str) -> web.StreamResponse:
        if path == EVENTS:
            return await self.events.stream(request)
        if path.startswith(GALLERY):
            return await self._answer_gallery(path.removeprefix(GALLERY), query)
        if path.startswith(UPLOADS_URL):
            return await self._answer_upload(request, path)
        if path == PROBLEMS:
            problems = [*self.build.problems, *self.elsewhere]
            return answer_problems(self.build, self._still_state(), problems, overview=True)
        return self._answer_file(path) or await self._answer_page(path, query)

    async def _answer_page(self, path: str, query: str) -> web.Response:
        query, wants_good = _part_query(query)
        build, state = self.build, self.events.state
        before = self._shown.get(path, self.good)
        link = "" if before is build.release else f"{path}?{GOOD}"
        problems: Sequence[TemplateError] = build.problems
        for release in (build.release, before if wants_good and link else None):
            if release is None:
                continue
            try:
                made = await self._pages.make(path, query, release)
            except TemplateError as exc:
                problems = [exc]
                continue
            except SosError as exc:
                return answer_plain(503, str(exc))
            if isinstance(made, Missing):
                return answer_redirect(made.location, made.status)
            self._shown[path] = release
            until = self._pages.find_change(made.page.depends)
            return answer_page(made.page, state, good=release is not build.release, until=until)
        return answer_problems(build, state, problems, good=link)

    async def _answer_gallery(self, name: str, query: str) -> web.Response:
        state = self._still_state()
        for scheme in SCHEMES:
            if name.startswith(scheme + ASSETS_URL):
                return self._answer_asset(name.removeprefix(scheme), scheme)
        if self.build.release is None:
            return answer_problems(self.build, state, self.build.problems)
        gallery = await self._open_gallery()
        if not name:
            return answer_html(build_index(gallery.groups, f"{GALLERY}{SHOW}"), INDEX_POLICY)
        item = gallery.find(name.removeprefix(SHOW))
        if item is None:
            return answer_plain(404, "nothing of this name is in the gallery")
        direction, scheme = _parse_look(query)
        try:
            page = gallery.render(item, direction)
        except TemplateError as exc:
            return answer_problems(gallery.build, state, [exc])
        body = force_page(page.body.decode(), scheme, f"{GALLERY}{scheme}").encode()
        if not item.whole:
            body = insert_link(body, "alone.css")
        return answer_page(msgspec.structs.replace(page, body=body), state)

    async def _open_gallery(self) -> Gallery:
        """That of the newest build."""
        async with self._opening:
            if self._gallery is None or self._gallery.build is not self.build:
                self._gallery = await asyncio.to_thread(Gallery, self.build, self._gallery_parts)
            return self._gallery

    def _answer_file(self, path: str) -> web.Response | None:
        """A file of ours or of a theme; None for the path of a page."""
        if path.startswith(STATIC):
            content = self._static.get(path.removeprefix(STATIC))
            return answer_file(content, decide_media_type(path)) if content else _not_found()
        if path.startswith(ASSETS_URL):
            return self._answer_asset(path)
        if path == "/favicon.ico":
            icon = self._pages.icon
            if not icon.startswith("/") or icon.startswith("//"):
                own = (a.url for a in self.good.assets.values() if a.name.startswith("icon."))
                icon = next(own, "")
            return answer_redirect(icon) if icon else _not_found()
        return None

    def _answer_asset(self, path: str, scheme: Scheme = "") -> web.Response:
        # Of builds before as well: a page that is loading may ask for them.
        found = (release.assets.get(path) for release in reversed(self._recent))
        asset = next(filter(None, found), None)
        if asset is None:
            return _not_found()
        content = asset.content
        if scheme and asset.media_type.startswith("text/css"):
            content = force_scheme(content.decode("utf-8", "replace"), scheme).encode()
        return answer_file(content, asset.media_type, "max-age=3600")

    async def _answer_upload(self, request: web.Request, path: str) -> web.StreamResponse:
        if is_fixture_picture(path):
            return answer_file(draw_picture(path).encode(), PICTURE_TYPE)
        if self._uploads is None or isinstance(canonical_path(path), Refusal):
            return _not_found()
        found = await self._uploads.answer(request, path)
        return answer_plain(found, "not to be had") if isinstance(found, int) else found

    def _still_state(self) -> State:
        """The state for a page that shows no content of the store."""
        return msgspec.structs.replace(self.events.state, content=-1)


def _part_query(query: str) -> tuple[str, bool]:
    """The query of the site, and whether the last sound release was asked for."""
    if GOOD not in query:
        return query, False
    given = parse_qsl(query, keep_blank_values=True)
    return urlencode([(n, v) for n, v in given if n != GOOD]), any(n == GOOD for n, _ in given)


def _parse_look(query: str) -> tuple[Direction, Scheme]:
    """How an item of the gallery is to look; what is not known is left as it is."""
    asked = dict(parse_qsl(query))
    directions: dict[str, Direction] = {"rtl": "rtl", "ltr": "ltr"}
    schemes: dict[str, Scheme] = {name: name for name in SCHEMES}
    return directions.get(asked.get("dir", ""), ""), schemes.get(asked.get("scheme", ""), "")


def _not_found() -> web.Response:
    return answer_plain(404, "not found")
