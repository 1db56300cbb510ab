"""Previews of a release: a signed link in, a page as that release would show it out.

Honoured only with a valid token for exactly that release. The page is for its reader alone: no
cache may keep it, no robot may list it. It never touches what is live, nor enters the page cache.
"""

import time
from urllib.parse import parse_qsl, urlencode

import structlog
from aiohttp import web

from sos.cache.pages import CachedPage
from sos.errors import OverloadedError, SosError
from sos.release.bundle import is_release_id
from sos.rollout.preview import check_preview
from sos.web.loaded import LoadedReleases
from sos.web.pages import Pages
from sos.web.responses import Responder
from sos.web.service import WorkerContext

PATIENCE = 5.0
"""How long a preview waits for its release to be fetched and tried on this node, seconds."""

RELEASE, TOKEN = "sos_release", "sos_token"

log = structlog.get_logger()


class Previews:
    """Answers requests that carry ``sos_release``."""

    def __init__(
        self, pages: Pages, loaded: LoadedReleases, responder: Responder, context: WorkerContext
    ) -> None:
        self._pages = pages
        self._loaded = loaded
        self._responder = responder
        self._context = context

    async def answer(self, path: str, query: str) -> web.Response | None:
        """The answer to a preview; None for a request that is none. A bad token gets 404."""
        if RELEASE not in query:
            return None
        given = parse_qsl(query, keep_blank_values=True)
        names = [name for name, _ in given]
        if names.count(RELEASE) != 1:
            return None if RELEASE not in names else self._responder.plain(404)
        release, token = dict(given)[RELEASE], dict(given).get(TOKEN, "")
        if not self._allows(release, token):
            self._context.metrics.rejected_requests.inc("preview")
            return self._responder.plain(404)
        rest = urlencode([(n, v) for n, v in given if n not in (RELEASE, TOKEN)])
        return await self._show(release, path, rest, query)

    def _allows(self, release: str, token: str) -> bool:
        settings = self._context.settings
        secrets = (settings.preview_secret,) if settings.preview_secret else ()
        return is_release_id(release) and check_preview(
            token, release, secrets, time.time(), settings.host
        )

    async def _show(self, release_id: str, path: str, rest: str, query: str) -> web.Response:
        release = self._loaded.find(release_id)
        if release is None:
            self._context.want(release_id)
            release = await self._loaded.wait_for(release_id, PATIENCE)
        if release is None:
            return self._responder.plain(503)
        try:
            made = await self._pages.preview(path, rest, release)
        except OverloadedError:
            return self._responder.plain(503)
        except SosError as exc:
            # Who holds the token is who wants to know why.
            log.warning("preview_failed", release=release_id, reason=str(exc))
            return self._responder.failed_preview(str(exc))
        if isinstance(made, CachedPage):
            return self._responder.preview(made)
        if made.status == 301:
            return self._responder.moved_preview(made.location, query)
        return self._responder.plain(made.status)
