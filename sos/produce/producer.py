"""From a route to a cached page or a verdict: read, build, render.

In: a `Route`. Out: a `CachedPage`, or `Missing` where there is no page. `produce/reading` asks the
store. It keeps no pages: the caller does.
"""

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from sos.cache.encodings import build_hasty
from sos.cache.pages import CachedPage, Missing
from sos.content.post import Post
from sos.content.store import Candidate, ContentReader, Found
from sos.errors import DocumentError, StoreIncompleteError, StoreUnavailableError, TemplateError
from sos.metrics import Metrics
from sos.page.archive import list_base
from sos.page.build import build_error, build_page, with_excerpts
from sos.page.cards import Library
from sos.page.feed import build_feed
from sos.page.frame import BuiltPage, numbered, paged
from sos.page.model import BodyNeededError
from sos.page.routes import PageRoute, RobotsRoute, Route, SitemapRoute
from sos.page.site import Site
from sos.page.sitemap import (
    HIDDEN_TYPES,
    PER_PAGE,
    UNLISTING_WORDS,
    build_robots,
    build_sitemap,
    build_sitemap_index,
    find_unlisted,
)
from sos.produce.documents import DocumentCache, Pace
from sos.produce.reading import FRONT, Reading
from sos.release.environment import Release
from sos.render import RenderedPage, build_rendered, render_page

log = structlog.get_logger()

SUGGESTIONS = 5
"""Posts offered on an error page."""

MAX_AT_ONCE = 512 * 1024
"""Longer pages are compressed in a thread, bytes: this takes a millisecond."""

HEAVY = 128 * 1024
"""Pages of longer bodies are built and rendered in a thread, characters."""

CARD_WEIGHT = 2048
"""What a post of a list counts as, characters: sixty-four of them take 3 ms to render."""


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
        operation: str = "fetch_page",
    ) -> None:
        self.public = public
        self._reader = reader
        self._metrics = metrics
        self._clock = clock
        self.release = release
        self.previous: Release | None = None
        self.renders = self.failures = 0
        self.reading = Reading(public, reader, documents, metrics, clock, operation)
        self._wants_bodies: set[str] = set()
        self.front: BuiltPage | None = None

    @property
    def site(self) -> Site:
        """The site as the store last told it."""
        return self.reading.site

    def begin_with(self, other: "Producer") -> None:
        """Know the site and front page that ``other`` knows, until the store has been read."""
        if not self.reading.knows_site and self.front is None:
            self.reading.site, self.front = other.site, other.front

    async def learn_site(self) -> None:
        """Read the site's common documents, unless they are known. Raises StoreUnavailableError."""
        await self.reading.learn_site()

    async def produce(self, route: Route, *, partial: bool) -> CachedPage | Missing:
        """The page of ``route``.

        Raises StoreUnavailableError; StoreIncompleteError where the store lacks keys, unless
        ``partial`` content is better than nothing; TemplateError.
        """
        if isinstance(route, PageRoute):
            return await self._produce_page(route, partial=partial)
        if isinstance(route, RobotsRoute):
            return await self._produce_robots(partial=partial)
        return await self._produce_sitemap(route)

    async def produce_error(self, status: int) -> CachedPage:
        """The page for 404 or 410; without suggestions when the store is silent."""
        try:
            found = await self.reading.fetch((Candidate("feed", "/", 1, SUGGESTIONS),))
            library, refs, rev = await self.reading.library(found), found.refs, found.rev
            partial = not found.complete
        except StoreUnavailableError:
            library, refs, rev, partial = Library(self.site, {}, {}), (), -1, True
        page = build_error(library, status, "", refs)
        return await self._finish(self._render(page), rev, partial=partial)

    def render_front_again(self) -> bool:
        """Render the last known front page once more from memory; whether it came out whole."""
        try:
            self._render(self._example())
        except TemplateError:  # logged where it was caught
            return False
        return True

    def try_release(self, release: Release) -> None:
        """Render the last known front page with another release. Raises TemplateError."""
        page = self._example()
        require_whole(render_page(page, release), page.page.url)

    def _example(self) -> BuiltPage:
        """What templates are tried on: the last known front page."""
        if self.front is None:
            return build_error(Library(self.site, {}, {}), 404, "")
        return with_excerpts(self.front)

    def swap(self, release: Release) -> None:
        """Make pages with another release; the one before takes over where it fails."""
        self.previous, self.release = self.release, release
        self.renders = self.failures = 0

    def with_release(self, release: Release) -> "Producer":
        """A producer that knows what this one knows, and makes pages with another release."""
        other = copy.copy(self)
        other.reading = copy.copy(self.reading)
        other.release, other.previous = release, None
        return other

    # ------------------------------------------------------------ pages

    async def _produce_page(self, route: PageRoute, *, partial: bool) -> CachedPage | Missing:
        whole = bool(route.feed) or self.release.id in self._wants_bodies
        try:
            return await self._produce_of(route, partial=partial, whole=whole)
        except BodyNeededError:
            log.info("bodies_in_lists", release=self.release.id)
            self._wants_bodies.add(self.release.id)
            return await self._produce_of(route, partial=partial, whole=True)

    async def _produce_of(
        self, route: PageRoute, *, partial: bool, whole: bool
    ) -> CachedPage | Missing:
        candidate, found, library = await self.reading.read_route(route, whole=whole)
        pace = Pace()
        lost = found.status == "none" or (
            found.status == "found" and not found.records and not library.listed
        )
        if not found.complete and (lost or not partial):
            raise StoreIncompleteError("the content store lacks keys")
        if found.status == "gone":
            return Missing(410)
        if found.status == "none":
            return Missing(404)
        if found.status == "moved":
            location = _moved_to(found, candidate, route)
            return Missing(301, location) if location != route.path else Missing(404)
        run: Runner = _run_at_once
        if _weigh(library) > HEAVY:
            # What is remembered belongs to the loop.
            run, library = asyncio.to_thread, msgspec.structs.replace(library, memo=None)
        built = await run(build_page, library, found, candidate)
        await pace.rest()
        if built is None:
            _require_whole(found, library)
            return Missing(404)
        if route.feed:
            return await self._produce_feed(run, route, library, found, candidate, built)
        if built.page.url != route.path:
            return Missing(301, built.page.url)
        if route.path == "/":
            self.front = built
        rendered = await run(self._render, built)
        await pace.rest()
        return await self._finish(rendered, found.rev, partial=not found.complete)

    async def _produce_feed(
        self,
        run: "Runner",
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
        feed = await run(build_feed, built.page, route.feed or "rss", path, excerpts=excerpts)
        rendered = build_rendered(
            feed.body, built.depends, self.release, content_type=feed.content_type
        )
        return await self._finish(rendered, found.rev, partial=not found.complete)

    async def _produce_robots(self, *, partial: bool) -> CachedPage:
        found = await self.reading.fetch((FRONT,))
        # A site that hides must not be opened to robots because its settings are lost.
        if not found.complete and not (partial and self.site.document.home):
            raise StoreIncompleteError("the content store lacks keys")
        rendered = build_rendered(
            build_robots(self.site).encode(),
            ("site",),
            self.release,
            content_type="text/plain; charset=utf-8",
        )
        return await self._finish(rendered, found.rev, partial=not found.complete)

    async def _produce_sitemap(self, route: SitemapRoute) -> CachedPage | Missing:
        found = await self.reading.fetch((FRONT,))
        if not found.complete:
            raise StoreIncompleteError("the content store lacks keys")
        if route.list.removeprefix("type:") in HIDDEN_TYPES:
            return Missing(404)
        if not route.list:
            text = build_sitemap_index(self.site, await self._reader.fetch_sizes())
            depends: tuple[str, ...] = ("site", "sitemap")
        else:
            start, now = (route.number - 1) * PER_PAGE, int(self._clock())
            entries = await self._reader.fetch_entries(route.list, start, PER_PAGE, now)
            front = route.list == "type:page" and route.number == 1
            if not entries and not front:
                return Missing(404)
            # Few have such a word: the store is spared from handing out the others.
            refs = [e.ref for e in entries]
            documents = await self._reader.fetch_holding(refs, UNLISTING_WORDS)
            unlisted = find_unlisted(documents)
            text = build_sitemap(self.site, entries, front=front, unlisted=unlisted)
            # Any change, that is: a document may have moved without its list having changed.
            depends = (f"list:{route.list}", "site", "sitemap")
        rendered = build_rendered(
            text.encode(), depends, self.release, content_type="application/xml; charset=utf-8"
        )
        return await self._finish(rendered, found.rev)

    # ------------------------------------------------------------ steps

    def _render(self, built: BuiltPage) -> RenderedPage:
        """Render with the live release, or with the one before where that fails."""
        started = time.perf_counter()
        self.renders += 1
        try:
            rendered = render_page(built, self.release)
            require_whole(rendered, built.page.url)
        except TemplateError as exc:
            self.failures += 1
            self._metrics.render_errors.inc(built.page.kind)
            log.error(
                "render_failed",
                path=built.page.url,
                release=self.release.id,
                reason=str(exc),
                instead=self.previous.id if self.previous else None,
            )
            if self.previous is None:
                raise
            return render_page(built, self.previous)
        finally:
            self._metrics.render_seconds.observe(time.perf_counter() - started, built.page.kind)
        return rendered

    async def _finish(
        self, rendered: RenderedPage, rev: int, *, partial: bool = False
    ) -> CachedPage:
        if len(rendered.body) > MAX_AT_ONCE:
            variants = await asyncio.to_thread(build_hasty, rendered.body)
        else:  # to change threads would take longer
            variants = build_hasty(rendered.body)
        return CachedPage(
            rendered, variants, rev, int(self._clock()), partial=partial, stale=partial
        )


Runner = Callable[..., Awaitable[Any]]
"""Calls a function with its arguments, here or elsewhere."""


async def _run_at_once(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


def _weigh(library: Library) -> int:
    """Characters of the bodies that are built and rendered, and of posts in lists."""
    posts = (d for d in library.documents.values() if isinstance(d, Post))
    bodies = sum(len(part) for post in posts for part in post.parts)
    return bodies + CARD_WEIGHT * len(library.listed)


def require_whole(page: RenderedPage, path: str) -> None:
    """Raise TemplateError for a page without its end."""
    if b"</html>" not in page.body[-200:]:
        raise TemplateError(f"the page {path} is empty, or has no end")


def feed_path(base: str, form: str) -> str:
    """Address of a feed of the list at ``base``, with a slash at its end where the list has one."""
    root, tail = (base, "/") if base.endswith("/") else (base + "/", "")
    return f"{root}feed{tail}" if form == "rss" else f"{root}feed/atom{tail}"


def _moved_to(found: Found, candidate: Candidate, route: PageRoute) -> str:
    if route.feed:
        return feed_path(found.path, route.feed)
    if candidate.number == 1:
        return found.path
    further = numbered if candidate.how == "part" else paged
    return further(found.path, candidate.number)


def _require_whole(found: Found, library: Library) -> None:
    """Before something is called missing: raise where it is only lost, or can't be read."""
    if not found.complete:
        raise StoreIncompleteError("the content store lacks keys")
    if found.primary in {r.ref for r in found.records} - library.documents.keys():
        raise DocumentError(f"{found.primary} can't be read")
