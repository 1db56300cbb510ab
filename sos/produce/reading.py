"""What a page is made of: the one question to the store, and what is known already.

In: a `Route`. Out: what the store found for it, and the documents at hand as a `Library`. It learns
the site from what all pages share, and asks for as much as the site wants; it keeps posts as lists
show them on a shelf. It builds and renders nothing, and takes nothing that is lost for missing.
"""

import time
from collections.abc import Callable, Set

import msgspec
import structlog

from sos.content.store import Candidate, ContentReader, Found, Record
from sos.errors import StoreUnavailableError
from sos.metrics import Metrics
from sos.page.archive import list_refs
from sos.page.cards import Library
from sos.page.routes import PageRoute
from sos.page.rows import row_refs
from sos.page.site import Site, build_site
from sos.produce.documents import DocumentCache
from sos.produce.shelf import Shelf

log = structlog.get_logger()

FRONT = Candidate("page", "/")

MAX_ATTEMPTS = 3
"""How often a page is read anew because the site has changed since it was decided what to ask."""


class Reading:
    """Reads the store for pages. ``site`` is what the last answer said of it, empty before any."""

    def __init__(
        self,
        public: str,
        reader: ContentReader,
        documents: DocumentCache,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
        operation: str = "fetch_page",
    ) -> None:
        self.site: Site = build_site(public)[0]
        self.shelf = Shelf(documents)
        self._public = public
        self._reader = reader
        self._documents = documents
        self._metrics = metrics
        self._clock = clock
        self._operation = operation
        self._outlines = True
        self._site_of: tuple[str, int] = ("", -1)
        self._good: dict[str, Record] = {}

    @property
    def knows_site(self) -> bool:
        """Whether the site's common documents were read, and nobody has said to forget them."""
        return self._site_of[1] >= 0

    def forget_site(self) -> None:
        """Read the site's common documents again with the next page."""
        self._site_of = ("", -1)

    async def learn_site(self) -> None:
        """Read the site's common documents, unless they are known. Raises StoreUnavailableError."""
        if not self.knows_site:
            await self.fetch((FRONT,))

    async def read_route(
        self, route: PageRoute, *, whole: bool
    ) -> tuple[Candidate, Found, Library]:
        """What the page of ``route`` is made of, and the candidate that was hit, if any.

        With the bodies of all posts where ``whole``. Raises StoreUnavailableError.
        """
        for _ in range(MAX_ATTEMPTS):
            candidates = decide_candidates(route, self.site)
            found, library = await self._read(candidates, whole=whole)
            # The answer may have told more of the site than was known when the question was put.
            if candidates == decide_candidates(route, self.site):
                return candidates[found.candidate], found, library
        raise StoreUnavailableError("the site changes faster than it can be read")

    async def fetch(self, candidates: tuple[Candidate, ...], held_rev: int = -1) -> Found:
        """What the store has for these. Raises StoreUnavailableError."""
        now = int(self._clock())
        started = time.perf_counter()
        more = (held_rev,) if held_rev >= 0 else ()
        found = await self._reader.fetch_page(candidates, now, self._site_of[1], *more)
        self._metrics.store_seconds.observe(time.perf_counter() - started, self._operation)
        if found.epoch != self._site_of[0] and not found.common and self.knows_site:
            self.forget_site()
            found = await self._reader.fetch_page(candidates, now, -1)
        known_epoch, known_rev = self._site_of
        # Answers overtake each other: what is older than what is known is left alone.
        if found.common and (found.epoch != known_epoch or found.common_rev > known_rev):
            self._learn_site(found)
        return found

    async def library(self, found: Found, but: Set[str] = frozenset()) -> Library:
        """The documents of ``found``, parsed, without those of the references ``but``."""
        records = [r for r in found.records if r.ref not in but] if but else found.records
        documents = await self._documents.read(found.epoch, records)
        paths = {r.ref: r.path for r in found.records}
        return Library(self.site, documents, paths, self._documents.memo)

    # ------------------------------------------------------------ within

    async def _read(
        self, candidates: tuple[Candidate, ...], *, whole: bool
    ) -> tuple[Found, Library]:
        """What a page is made of. Posts of lists come from the shelf as far as it has them.

        Only where it lacks one is there a second call; then the next pages are read whole at once,
        until that turns out to be for nothing.
        """
        held = self.shelf.held_rev if self._outlines and not whole else -1
        found = await self.fetch(candidates, held)
        if found.outline:
            library = await self.library(found)
            posts = self.shelf.find(found, _listed_refs(found, candidates), library)
            if posts is not None:
                return found, msgspec.structs.replace(library, listed=posts)
            self._outlines = False
            found = await self.fetch(candidates)
        refs = _listed_refs(found, candidates)
        if whole or not refs:
            return found, await self.library(found)
        posts_before = len(self.shelf)
        library = await self.library(found, but=set(refs))
        posts = await self.shelf.learn(found, refs, library)
        self._outlines = len(self.shelf) == posts_before
        return found, msgspec.structs.replace(library, listed=posts)

    def _learn_site(self, found: Found) -> None:
        """Build the site anew; of what is lost or can't be read the last good copy stays."""
        self._site_of = (found.epoch, found.common_rev)
        records = found.common
        site, unreadable = build_site(self._public, records, found.top_pages, found.hidden)
        for ref in unreadable:
            self._metrics.bad_documents.inc()
            log.warning("bad_document", ref=ref)
        if unreadable:
            records = tuple(self._good.get(r.ref, r) if r.ref in unreadable else r for r in records)
            site, unreadable = build_site(self._public, records, found.top_pages, found.hidden)
        if site.document.home or not self.site.document.home:
            self.site = site
            self._good = {r.ref: r for r in records if r.ref not in unreadable}


def decide_candidates(route: PageRoute, site: Site) -> tuple[Candidate, ...]:
    """The candidates of ``route``, and how much of them ``site`` wants: in feeds, and of topics."""
    if route.feed:
        count = site.document.posts_per_feed
        return tuple(msgspec.structs.replace(c, count=count) for c in route.candidates)
    if route.path == "/" and site.topics:
        return tuple(
            msgspec.structs.replace(c, topics=site.topics) if c == FRONT else c
            for c in route.candidates
        )
    return route.candidates


def _listed_refs(found: Found, candidates: tuple[Candidate, ...]) -> tuple[str, ...]:
    """The posts that the page shows in lists, in order, its own before its rows."""
    if found.status != "found":
        return ()
    own = list_refs(found, candidates[found.candidate]) if found.list else ()
    return (*own, *row_refs(found))
