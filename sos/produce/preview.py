"""From an editor's preview to a page: what the public would get if it were published now.

In: a `ContentPreview`, a release, the store. Out: a rendered page. One read of the store (for the
front page two), then the same building and rendering as for the public, in a thread of its own: a
payload may be large, and visitors do not wait for an editor. It keeps nothing, and touches nothing
that is live.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec

from sos.content.post import CALLOUT, Post, parse_post
from sos.content.preview import ContentPreview
from sos.content.store import Candidate, ContentReader, Entry, Found, Record
from sos.errors import DocumentError, SosError
from sos.metrics import Metrics
from sos.page.build import build_page
from sos.page.callouts import with_callout
from sos.page.cards import Library
from sos.page.preview import link_parts, overlay_found, overlay_library
from sos.page.site import Site, build_site
from sos.produce.documents import DocumentCache
from sos.produce.producer import require_whole
from sos.produce.reading import FRONT
from sos.release.environment import Release
from sos.render import RenderedPage, render_page

NEIGHBOURS = 20
"""Newest entries of a type among which an unpublished post finds its neighbours."""

WITHOUT_NEIGHBOURS = frozenset({"page", "attachment", CALLOUT})


class PreviewedPage(msgspec.Struct, frozen=True):
    """A page as it would be; ``public`` is the path of what is public of it now, or empty."""

    page: RenderedPage
    site: Site
    public: str
    post: Post


class _Read(msgspec.Struct, frozen=True):
    """What is public now, as far as it belongs to the page."""

    site: Site
    found: Found
    candidate: Candidate
    neighbours: tuple[Entry, ...]


class PreviewProducer:
    """Makes pages of previews from the live content and one payload each."""

    def __init__(
        self,
        public: str,
        reader: ContentReader,
        embed_hosts: frozenset[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._public = public
        self._reader = reader
        self._embed_hosts = embed_hosts
        self._clock = clock
        # What is wrong with a draft is its editor's affair: it is in no count of the site's.
        self._unseen = Metrics()

    async def produce(
        self, preview: ContentPreview, release: Release, part: int, link: Callable[[int], str]
    ) -> PreviewedPage:
        """The page, or ``part`` of it (from 1); ``link`` says where a part of this preview is.

        Raises StoreUnavailableError; DocumentError for a document that can't be shown;
        TemplateError.
        """
        post = await asyncio.to_thread(parse_post, bytes(preview.shown.json), self._embed_hosts)
        if f"post:{post.id}" != preview.ref:
            raise DocumentError("the preview's document has another id than its reference")
        read = await self._read(post, part)
        return await asyncio.to_thread(self._build, preview, post, read, release, link)

    async def _read(self, post: Post, part: int) -> _Read:
        now = int(self._clock())
        candidate = FRONT if post.type == CALLOUT else Candidate("ref", f"post:{post.id}", part)
        found = await self._reader.fetch_page((candidate,), now, -1)
        site = build_site(self._public, found.common, found.top_pages, found.hidden)[0]
        front = msgspec.structs.replace(FRONT, topics=site.topics)
        is_front = candidate == FRONT or (part == 1 and _is_front(site, post))
        if is_front and candidate != front:
            # What stands on the front page alone is found there alone.
            candidate = front
            found = await self._reader.fetch_page((candidate,), now, -1)
        return _Read(site, found, candidate, await self._fetch_neighbours(found, post, now))

    async def _fetch_neighbours(self, found: Found, post: Post, now: int) -> tuple[Entry, ...]:
        if found.primary == f"post:{post.id}" or post.type in WITHOUT_NEIGHBOURS:
            return ()
        try:
            name = f"type:{post.type}"
            return await self._reader.fetch_entries(name, -NEIGHBOURS, NEIGHBOURS, now)
        except SosError:  # the page is a page without them, too
            return ()

    def _build(
        self,
        preview: ContentPreview,
        post: Post,
        read: _Read,
        release: Release,
        link: Callable[[int], str],
    ) -> PreviewedPage:
        documents = DocumentCache(self._unseen, self._embed_hosts)
        parsed = documents.parse(read.found.epoch, read.found.records)
        live = Library(read.site, parsed, {r.ref: r.path for r in read.found.records})
        records = [Record(d.ref, 0, d.path, bytes(d.json)) for d in preview.documents[1:]]
        drafts = {**documents.parse("preview", records), preview.ref: post}
        library = overlay_library(live, preview, drafts)
        found = overlay_found(read.found, library, post, read.neighbours)
        built = build_page(library, found, read.candidate)
        if built is None:
            raise DocumentError("what it hangs on is not public: it would have no page")
        if post.type == CALLOUT:
            bare, built = built, with_callout(library, built, preview.ref)
            if built is bare:
                raise DocumentError("it says nothing yet: no title, no text, no picture")
        page = render_page(link_parts(built, link), release)
        require_whole(page, built.page.url)
        return PreviewedPage(
            page=page,
            site=read.site,
            public="/" if post.type == CALLOUT else live.path(preview.ref),
            post=post,
        )


def _is_front(site: Site, post: Post) -> bool:
    return site.document.static_front and site.document.page_on_front == post.id
