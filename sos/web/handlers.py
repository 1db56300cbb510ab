"""The public port's requests: refuse what no visitor sends, then let the page service answer.

In: an aiohttp request. Out: a response of the `Responder`. One handler for every path: which page
a path means is decided by `page.routes` on the raw path, not by aiohttp's router.
"""

import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import HttpVersion10, HttpVersion11, hdrs, web

from sos.errors import SosError
from sos.metrics import Metrics
from sos.page.routes import Refusal, canonical_path
from sos.release.assets import ASSETS_URL
from sos.web.access_log import AccessLog
from sos.web.answers import REFUSED, Answer
from sos.web.content_previews import PREFIX as PREVIEWS_URL
from sos.web.content_previews import ContentPreviews
from sos.web.loaded import LoadedReleases
from sos.web.pages import Pages
from sos.web.previews import RELEASE, Previews
from sos.web.responses import Responder
from sos.web.uploads import PREFIX as UPLOADS_URL
from sos.web.uploads import Uploads

log = structlog.get_logger()

MAX_HEAD = 32_768
"""Most bytes in the fields of a request's head."""


HEALTH_PATH = "/health-elb"
ICON_PATH = "/favicon.ico"

_OWN_PATHS = frozenset({HEALTH_PATH, ICON_PATH})
_OWN_FOLDERS = (ASSETS_URL, UPLOADS_URL, PREVIEWS_URL)
"""Paths that never are a page of the site."""


class Handlers:
    """Handles all requests of one worker."""

    def __init__(
        self,
        pages: Pages,
        loaded: LoadedReleases,
        responder: Responder,
        metrics: Metrics,
        *,
        access_log: AccessLog,
        hosts: frozenset[str],
        public: str,
        uploads: Uploads | None = None,
        previews: Previews | None = None,
        content_previews: ContentPreviews | None = None,
        fetch_verdict: Callable[[], tuple[int, str]] = lambda: (200, "ok"),
    ) -> None:
        self._pages = pages
        self._loaded = loaded
        self._responder = responder
        self._metrics = metrics
        self._access_log = access_log
        self._hosts = hosts
        self._public = public
        self._uploads = uploads
        self._previews = previews
        self._content_previews = content_previews
        self._fetch_verdict = fetch_verdict

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; whatever fails within becomes a short 500."""
        started = time.perf_counter()
        kind, cache = "error", "none"
        try:
            kind, cache, response = await self._respond(request)
        except Exception:
            log.exception("request_failed", path=request.raw_path.partition("?")[0])
            response = self._responder.plain(500)
        seconds = time.perf_counter() - started
        self._metrics.request_seconds.observe(seconds, cache)
        self._metrics.requests.inc(kind, str(response.status), cache)
        self._access_log.note(
            request.raw_path, request.method, response.status, kind, cache, seconds
        )
        return response

    @web.middleware
    async def handle_unrouted(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Keep aiohttp's router from answering: it knows no route for ``*`` and ``host:port``."""
        unrouted = request.match_info.http_exception is not None
        return await (self.handle if unrouted else handler)(request)

    async def refuse_expectation(self, _request: web.Request) -> web.StreamResponse:
        """Instead of ``100 Continue``: there is no body to wait for (RFC 9110, section 10.1.1)."""
        self._metrics.rejected_requests.inc("expect")
        return self._responder.plain(417)

    async def _respond(self, request: web.Request) -> tuple[str, str, web.StreamResponse]:
        # Load balancers ask by address, not by name: before the host is looked at.
        if request.raw_path.partition("?")[0] == HEALTH_PATH and request.method in ("GET", "HEAD"):
            return "health", "none", self._responder.verdict(*self._fetch_verdict())
        refused = self._refuse(request)
        if refused:
            status, reason = refused
            self._metrics.rejected_requests.inc(reason)
            allow = {"Allow": "GET, HEAD"} if status == 405 else {}
            return "refused", "none", self._responder.plain(status, **allow)
        target = request.raw_path
        path, _, query = target.partition("?")
        if path.startswith(ASSETS_URL):
            asset = await self._loaded.find_asset(path)
            found = self._responder.asset(asset, request) if asset else self._responder.plain(404)
            return "asset", "none", found
        if path == ICON_PATH:
            return "redirect", "none", self._respond_icon()
        if path.startswith(UPLOADS_URL):
            return "upload", "none", await self._respond_upload(request, path)
        if path.startswith(PREVIEWS_URL) and self._content_previews:
            return "preview", "none", await self._content_previews.answer(request, path, query)
        return await self._respond_page(request, path, query)

    async def _respond_page(
        self, request: web.Request, path: str, query: str
    ) -> tuple[str, str, web.StreamResponse]:
        if query and self._previews and (shown := await self._previews.answer(path, query)):
            return "preview", "none", shown
        try:
            answer = await self._pages.answer(path, query)
        except SosError as exc:
            log.error("nothing_to_show", reason=str(exc))
            html = self._pages.producer.release.unavailable
            return "unavailable", "none", self._responder.unavailable(html)
        if answer.entry is not None:
            revision, stale_for = self.describe(answer)
            response = self._responder.page(answer, request, revision=revision, stale_for=stale_for)
            return answer.kind, answer.cache, response
        if answer.status == 301:
            return "redirect", answer.cache, self._responder.redirect(answer.location, self._public)
        return answer.kind, "none", self._responder.plain(answer.status)

    def answer_now(self, target: str) -> Answer | None:
        """What a plain GET or HEAD of ``target`` gets: a page that is at hand, or `REFUSED`."""
        path, _, query = target.partition("?")
        if path in _OWN_PATHS or path.startswith(_OWN_FOLDERS) or RELEASE in query:
            return None
        answer = self._pages.answer_now(path, query)
        return answer if answer is REFUSED or (answer and answer.entry) else None

    def describe(self, answer: Answer) -> tuple[int, int]:
        """Revision of an answer's content, and how long ago it was known to be current, seconds."""
        follower = self._pages.follower
        entry = answer.entry
        # A fresh page is what the newest revision known gives, whenever it was made.
        rev = follower.rev if not answer.stale else (entry.rev if entry else 0)
        known_at = entry.taken_at if entry and entry.taken_at else follower.current_at
        return max(rev, 0), int(max(0, time.time() - known_at)) if known_at else 0

    def _respond_icon(self) -> web.Response:
        """Browsers ask for this address whatever a page says: send them to the site's icon."""
        producer = self._pages.producer
        own = (a.url for a in producer.release.assets.values() if a.name.startswith("icon."))
        icon = producer.site.view.icon
        if not icon.startswith("/") or icon.startswith("//"):
            icon = next(own, "")
        return self._responder.redirect(icon, self._public) if icon else self._responder.plain(404)

    async def _respond_upload(self, request: web.Request, path: str) -> web.StreamResponse:
        if self._uploads is None or isinstance(canonical_path(path), Refusal):
            return self._responder.plain(404)
        found = await self._uploads.answer(request, path)
        return self._responder.plain(found) if isinstance(found, int) else found

    def _refuse(self, request: web.Request) -> tuple[int, str] | None:
        """Status and reason for what no visitor of a public page sends; None for all else."""
        headers = request.headers
        if sum(len(name) + len(value) for name, value in request.raw_headers) > MAX_HEAD:
            return 431, "head"
        if not request.raw_path.startswith("/"):
            return 400, "target"
        if request.version not in (HttpVersion10, HttpVersion11) or hdrs.UPGRADE in headers:
            return 400, "protocol"
        hosts = headers.getall(hdrs.HOST, ())
        if len(hosts) != 1:
            return 400, "host"
        if hosts[0].lower() not in self._hosts:
            return 421, "host"
        if request.method not in ("GET", "HEAD"):
            return 405, "method"
        if hdrs.TRANSFER_ENCODING in headers or headers.get(hdrs.CONTENT_LENGTH, "0") != "0":
            return 413, "body"
        return None
