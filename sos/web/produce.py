"""From a route to a cached page or a verdict: one read of the store, then build and render.

In: a `Route`. Out: a `CachedPage`, or `Missing` where there is no page. All I/O is the store's one
call. It keeps no pages: the caller does.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from sos.cache.encodings import build_variants
from sos.cache.pages import CachedPage, Missing
from sos.content.store import Candidate, ContentReader, Found
from sos.errors import StoreIncompleteError, StoreUnavailableError, TemplateError
from sos.metrics import Metrics
from sos.page.archive import list_base
from sos.page.build import build_error, build_page
from sos.page.cards import Library
from sos.page.feed import build_feed
from sos.page.frame import BuiltPage, paged
from sos.page.routes import PageRoute, RobotsRoute, Route, SitemapRoute
from sos.page.site import Site, build_site
from sos.page.sitemap import PER_PAGE, build_robots, build_sitemap, build_sitemap_index
from sos.release.environment import Release
from sos.render import RenderedPage, build_rendered, render_page
from sos.web.documents import DocumentCache

log = structlog.get_logger()

SUGGESTIONS = 5
"""Posts offered on an error page."""


class Producer:
    """Makes pages. ``site`` is what the last read said of the site, empty before the first."""

    def __init__(
        self,
        public: str,
        reader: ContentReader,
        release: Release,
        documents: DocumentCache,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._public = public
        self._reader = reader
        self._documents = documents
        self._metrics = metrics
        self._clock = clock
        self.release = release
        self.site: Site = build_site(public)[0]
        self.front: BuiltPage | None = None
        self._site_of: tuple[str, int] = ("", -1)

    def forget_site(self) -> None:
        """Read the site's common documents again with the next page."""
        self._site_of = ("", -1)

    async def produce(self, route: Route, *, partial: bool) -> CachedPage | Missing:
        """The page of ``route``.

        Raises StoreUnavailableError; StoreIncompleteError where the store lacks keys, unless
        ``partial`` content is better than nothing; TemplateError.
        """
        if isinstance(route, PageRoute):
            return await self._produce_page(route, partial=partial)
        if isinstance(route, RobotsRoute):
            found = await self._fetch((Candidate("page", "/"),))
            body = build_robots(self.site).encode()
            rendered = build_rendered(
                body, ("site",), self.release, content_type="text/plain; charset=utf-8"
            )
            return await self._finish(rendered, found.rev)
        return await self._produce_sitemap(route)

    async def produce_error(self, status: int) -> CachedPage:
        """The page for 404 or 410; without suggestions when the store is silent."""
        try:
            found = await self._fetch((Candidate("feed", "/", 1, SUGGESTIONS),))
            library, refs, rev = self._library(found), found.refs, found.rev
        except StoreUnavailableError:
            library, refs, rev = Library(self.site, {}, {}), (), -1
        page = build_error(library, status, "", refs)
        return await self._finish(self._render(page), rev, partial=rev < 0)

    def render_front_again(self) -> bool:
        """Render the last known front page once more from memory; whether it came out whole."""
        page = self.front or build_error(Library(self.site, {}, {}), 404, "")
        return b"</html>" in render_page(page, self.release).body[-200:]

    # ------------------------------------------------------------ pages

    async def _produce_page(self, route: PageRoute, *, partial: bool) -> CachedPage | Missing:
        found = await self._fetch(route.candidates)
        if not found.complete and (found.status == "none" or not partial):
            raise StoreIncompleteError("the content store lacks keys")
        if found.status == "gone":
            return Missing(410)
        if found.status == "none":
            return Missing(404)
        candidate = route.candidates[found.candidate]
        if found.status == "moved":
            return Missing(301, _moved_to(found, candidate, route))
        library = self._library(found)
        built = build_page(library, found, candidate)
        if built is None:
            return Missing(404)
        if route.feed:
            return await self._produce_feed(route, library, found, candidate, built)
        if built.page.url != route.path:
            return Missing(301, built.page.url)
        if route.path == "/":
            self.front = built
        rendered = self._render(built)
        return await self._finish(rendered, found.rev, partial=not found.complete)

    async def _produce_feed(
        self,
        route: PageRoute,
        library: Library,
        found: Found,
        candidate: Candidate,
        built: BuiltPage,
    ) -> CachedPage | Missing:
        path = feed_path(list_base(library, found, candidate), route.feed or "rss")
        if path != route.path:
            return Missing(301, path)
        excerpts = self.site.document.feed_excerpts
        feed = build_feed(built.page, route.feed or "rss", path, excerpts=excerpts)
        rendered = build_rendered(
            feed.body, built.depends, self.release, content_type=feed.content_type
        )
        return await self._finish(rendered, found.rev, partial=not found.complete)

    async def _produce_sitemap(self, route: SitemapRoute) -> CachedPage | Missing:
        found = await self._fetch((Candidate("page", "/"),))
        if not found.complete:
            raise StoreIncompleteError("the content store lacks keys")
        if not route.list:
            text = build_sitemap_index(self.site, await self._reader.fetch_sizes())
            depends: tuple[str, ...] = ("site", "sitemap")
        else:
            start, now = (route.number - 1) * PER_PAGE, int(self._clock())
            entries = await self._reader.fetch_entries(route.list, start, PER_PAGE, now)
            front = route.list == "type:page" and route.number == 1
            if not entries and not front:
                return Missing(404)
            text = build_sitemap(self.site, entries, front=front)
            depends = (f"list:{route.list}", "site", "sitemap")
        rendered = build_rendered(
            text.encode(), depends, self.release, content_type="application/xml; charset=utf-8"
        )
        return await self._finish(rendered, found.rev)

    # ------------------------------------------------------------ steps

    async def _fetch(self, candidates: tuple[Candidate, ...]) -> Found:
        now = int(self._clock())
        found = await self._reader.fetch_page(candidates, now, self._site_of[1])
        if found.epoch != self._site_of[0] and not found.common and self._site_of[1] >= 0:
            self.forget_site()
            found = await self._reader.fetch_page(candidates, now, -1)
        if (found.epoch, found.common_rev) != self._site_of and (
            found.common or not self._site_of[0]
        ):
            self.site, unreadable = build_site(
                self._public, found.common, found.top_pages, found.hidden
            )
            self._site_of = (found.epoch, found.common_rev)
            for ref in unreadable:
                self._metrics.bad_documents.inc()
                log.warning("bad_document", ref=ref)
        return found

    def _library(self, found: Found) -> Library:
        documents = self._documents.parse(found.epoch, found.records)
        return Library(self.site, documents, {r.ref: r.path for r in found.records})

    def _render(self, built: BuiltPage) -> RenderedPage:
        started = time.perf_counter()
        try:
            return render_page(built, self.release)
        except TemplateError as exc:
            self._metrics.render_errors.inc(built.page.kind)
            log.error("render_failed", path=built.page.url, reason=str(exc))
            raise
        finally:
            self._metrics.render_seconds.observe(time.perf_counter() - started, built.page.kind)

    async def _finish(
        self, rendered: RenderedPage, rev: int, *, partial: bool = False
    ) -> CachedPage:
        # Both compressors let go of the interpreter lock while they work.
        variants = await asyncio.to_thread(build_variants, rendered.body)
        return CachedPage(
            rendered, variants, rev, int(self._clock()), partial=partial, stale=partial
        )


def feed_path(base: str, form: str) -> str:
    """Address of a feed of the list at ``base``, with a slash at its end where the list has one."""
    root, tail = (base, "/") if base.endswith("/") else (base + "/", "")
    return f"{root}feed{tail}" if form == "rss" else f"{root}feed/atom{tail}"


def _moved_to(found: Found, candidate: Candidate, route: PageRoute) -> str:
    if route.feed:
        return feed_path(found.path, route.feed)
    return paged(found.path, candidate.number) if candidate.number > 1 else found.path
