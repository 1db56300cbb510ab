"""Pages of the content store, made anew for every request with the release of the moment.

In: a path and a release. Out: the page, as that release shows it. Nothing that a page says is kept;
documents are, until the store says that they changed.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from sos.adapters.redis import RedisStore
from sos.cache.pages import CachedPage, Missing
from sos.page.routes import Refusal, decide_route
from sos.release.environment import Release
from sos.settings import Settings
from sos.web.app import build_pages
from sos.web.service import WorkerContext

START_SECONDS = 2.0
"""How long a start waits to know which revision the content has."""

STORE_MS = 5000
"""How long the store may take, milliseconds: nobody else waits, and the machine may be busy."""


class DevPages:
    """The site's pages; open it before it is asked. ``changed`` is called when content has."""

    def __init__(
        self, settings: Settings, release: Release, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._store = RedisStore(settings.redis_url, settings.host, STORE_MS)
        self._changed = changed
        self._news = asyncio.Event()
        context = WorkerContext(settings, changed=self._hear)
        self._pages = build_pages(context, self._store, release)
        self._following: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "DevPages":
        self._following = asyncio.get_running_loop().create_task(self._pages.run())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while not self._pages.follower.is_current:
                    await self._news.wait()
                    self._news.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._following:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self._pages.aclose()
        await self._store.aclose()

    def _hear(self) -> None:
        self._news.set()
        self._changed()

    @property
    def revision(self) -> int:
        """That of the content as it is known, 0 before it is."""
        return max(self._pages.follower.rev, 0)

    @property
    def icon(self) -> str:
        """Address of the site's icon, empty where there is none."""
        return self._pages.producer.site.view.icon

    def find_change(self, depends: Iterable[str]) -> float:
        """When a page that is made of these changes by itself, epoch seconds; 0 for never."""
        return float(self._pages.follower.next_change(frozenset(depends)))

    async def make(self, path: str, query: str, release: Release) -> CachedPage | Missing:
        """The page at a path, as ``release`` shows it. Raises SosError.

        Made at once, without the queue that lets visitors of a node wait in turn.
        """
        await self._pages.producer.learn_site()
        producer = self._pages.producer.with_release(release)
        site = producer.site
        route = decide_route(path, query, site.zone, site.document.date_base)
        if isinstance(route, Refusal):
            return await producer.produce_error(404)
        if route.path not in (path, "?"):
            return Missing(301, route.path)
        made = await producer.produce(route, partial=True)
        if isinstance(made, Missing) and made.status != 301:
            return await producer.produce_error(made.status)
        return made
