"""The import of a whole WordPress site: from its public REST API to the content store.

In: a site's address and a way to ask it. Out: documents through the store's one writer, and a
`Summary`. Holds no more of the site than the pages being read. Never writes what a visitor could
not see, and never removes what it has not looked for.
"""

import time
from urllib.parse import urlsplit

import msgspec

from sos.content.store import ContentWriter, Operation
from sos.errors import ContentError, StoreIncompleteError
from sos.wordpress.batches import apply_operations
from sos.wordpress.catalogue import USERS
from sos.wordpress.commons import plan_menus, plan_singles
from sos.wordpress.discovery import discover_site
from sos.wordpress.fetching import Patience
from sos.wordpress.listing import Listing, Page
from sos.wordpress.making import DocumentMaker, open_paths
from sos.wordpress.mending import Mender
from sos.wordpress.resume import (
    CollectionState,
    ImportState,
    fetch_import_state,
    save_import_state,
)
from sos.wordpress.site_reader import Collection, SiteReader
from sos.wordpress.site_url import parse_site_url
from sos.wordpress.source import Credentials, RestError, SourceHttp
from sos.wordpress.summary import OnProgress, Progress, Summary
from sos.wordpress.survey import Survey, survey_site


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to import. ``posts_per_page`` 0 means unknown; ``restart`` ignores an interrupted one."""

    credentials: Credentials | None = None
    concurrency: int = 4
    posts_per_page: int = 0
    restart: bool = False
    patience: Patience = Patience()


async def import_site(
    url: str,
    writer: ContentWriter,
    http: SourceHttp,
    options: ImportOptions | None = None,
    progress: OnProgress | None = None,
) -> Summary:
    """Import the site at ``url``, resuming an import of it that was interrupted within a day.

    Afterwards the store is marked as ready, and holds nothing of what was listed completely that
    the site no longer has. ``progress`` is called after each page.
    Raises SourceError when the site can't be read, StoreUnavailableError and StoreIncompleteError
    when the store fails; what was written stays, and a second call goes on from there.
    """
    options = options or ImportOptions()
    started = time.monotonic()
    found = await discover_site(http, url, options.patience)
    reader = SiteReader(http, found, options.credentials, options.patience)
    survey = await survey_site(
        reader,
        writer.take_sequence,
        html=found.html,
        posts_per_page=options.posts_per_page,
        concurrency=options.concurrency,
    )
    summary = Summary(
        url=found.home,
        name=str(survey.site.get("name", "")),
        permalinks=survey.permalinks,
        missing=list(survey.missing),
    )
    given = parse_site_url(url)
    if urlsplit(given)[:2] != urlsplit(found.root)[:2]:
        summary.notes.append(f"the site was given as {given} and is read at {found.root}")
    run = _Import(reader, writer, survey, options, summary, progress)
    try:
        await run.run()
    finally:
        summary.seconds = round(time.monotonic() - started, 3)
    return summary


class _Import:
    """One import under way: what its stages share."""

    def __init__(
        self,
        reader: SiteReader,
        writer: ContentWriter,
        survey: Survey,
        options: ImportOptions,
        summary: Summary,
        progress: OnProgress | None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._survey = survey
        self._options = options
        self._summary = summary
        self._progress = progress
        self._state = ImportState(url=reader.home, epoch="", started=int(time.time()))
        self._maker = DocumentMaker(reader, survey, None)
        self._users = USERS
        self._done = 0
        samples = [*survey.terms, survey.users, *survey.posts]
        self._total = sum(s.total for s in samples)

    async def run(self) -> None:
        """All stages, in an order in which each finds what it refers to."""
        survey, reader, writer = self._survey, self._reader, self._writer
        await self._write_singles()
        await self._open_state()
        self._maker = DocumentMaker(reader, survey, await open_paths(reader, survey, writer))
        for sample in survey.terms:
            await self._import_collection(sample.collection)
        hidden = not await self._import_users()
        for sample in survey.posts:
            embed = hidden and sample.collection.type != "attachment"
            await self._import_collection(sample.collection, embed_authors=embed)
        for collection in survey.scheduled:
            await self._import_collection(collection)
        await self._import_menus()
        await self._finish()

    # ------------------------------------------------------------ stages

    async def _open_state(self) -> None:
        """Take up an interrupted import, or begin a new one."""
        meta = await self._writer.fetch_meta()
        # The second changes when the store has to be told everything again.
        self._state.epoch = f"{meta.get('epoch', '')} {meta.get('rules', '')}"
        if not self._options.restart:
            known = await fetch_import_state(
                self._writer, self._state.url, self._state.epoch, self._state.started
            )
            self._summary.resumed = known is not None
            self._state = known or self._state
        await save_import_state(self._writer, self._state)

    async def _import_users(self) -> bool:
        """The authors; False where the site hides them."""
        error = self._survey.users.error
        if not error and await self._import_collection(USERS):
            return True
        # WordPress shows an owner subscribers as well, unless it is told not to.
        published = (("has_published_posts", "true"),)
        self._users = msgspec.structs.replace(USERS, authenticated=True, params=published)
        if self._reader.has_credentials and await self._import_collection(self._users):
            return True
        self._summary.missing.append(
            f"users: {error or 'closed to visitors'}; authors are taken from what posts embed"
        )
        return False

    async def _import_collection(
        self, collection: Collection, *, embed_authors: bool = False
    ) -> bool:
        """Read a collection from where it was left; False where WordPress refuses it."""
        state = self._state.collections.get(collection.key)
        if state is None:
            state = CollectionState(seq=await self._writer.take_sequence())
            self._state.collections[collection.key] = state
        if state.complete:
            self._advance(collection, state.total)
            return True
        self._advance(collection, state.pages * 100)
        finished: set[int] = set()

        async def on_page(page: Page) -> None:
            await self._write_page(collection, state, page, embed_authors=embed_authors)
            finished.add(page.number)
            while state.pages + 1 in finished:
                state.pages += 1
                finished.discard(state.pages)
            await save_import_state(self._writer, self._state)

        listing = Listing(
            self._reader,
            collection,
            self._writer.take_sequence,
            concurrency=self._options.concurrency,
            extra={"_embed": "author"} if embed_authors else None,
        )
        try:
            listed = await listing.read(on_page, start=state.pages + 1)
        except RestError as exc:
            if state.pages:
                raise
            del self._state.collections[collection.key]
            if collection.kind != "user":
                self._summary.missing.append(f"{collection.name}: {exc}")
            return False
        state.moved |= listed.moved or state.total not in (0, listed.total)
        state.total = listed.total
        state.complete = True
        await save_import_state(self._writer, self._state)
        return True

    async def _write_page(
        self, collection: Collection, state: CollectionState, page: Page, *, embed_authors: bool
    ) -> None:
        operations, skipped = await self._maker.make(collection, page.items, page.seq)
        if embed_authors:
            authors = self._maker.make_embedded_authors(page.items, page.seq)
            self._summary.count("users").listed += len(authors)
            await apply_operations(self._writer, authors, "users", self._summary)
        await apply_operations(self._writer, operations, collection.name, self._summary)
        left_out = [*page.skipped, *skipped]
        self._summary.skip(*left_out)
        state.spared += [s.ref for s in left_out if s.ref and s.ref not in state.spared]
        state.total = max(state.total, page.total or 0)
        self._summary.count(collection.name).listed += len(page.items)
        self._summary.documents += len(operations)
        self._advance(collection, len(page.items) + len(page.skipped))

    async def _write_singles(self) -> None:
        operations = await plan_singles(
            self._writer, self._survey, with_settings=self._reader.has_credentials
        )
        self._summary.count("site").listed += len(operations)
        await apply_operations(self._writer, operations, "site", self._summary)
        if self._summary.skipped:
            # Without the site's own description no page can be made.
            refused = self._summary.skipped[0]
            raise ContentError(f"the store refused the document {refused.ref}: {refused.reason}")

    async def _import_menus(self) -> None:
        refs = await self._writer.fetch_all_entries()
        plan = await plan_menus(self._reader, self._writer, refs)
        if plan.missing:
            self._summary.missing.append(plan.missing)
        listed = len([o for o in plan.operations if o.op == "put"])
        self._summary.count("menus").listed += listed
        self._summary.documents += listed
        await apply_operations(self._writer, plan.operations, "menus", self._summary)

    async def _finish(self) -> None:
        """Mend what moved meanwhile, remove what has gone, and call the store complete."""
        states = self._state.collections
        collections = [s.collection for s in (*self._survey.terms, *self._survey.posts)]
        collections += [self._users, *self._survey.scheduled]
        listed = [(c, states[c.key]) for c in collections if c.key in states]
        listed = [(c, state) for c, state in listed if state.complete]
        mender = Mender(self._reader, self._writer, self._maker, self._summary)
        await mender.fill_gaps(listed)
        await mender.remove_gone(listed)
        await self._mark_ready()
        await save_import_state(self._writer, None)
        self._summary.complete = True

    async def _mark_ready(self) -> None:
        meta = await self._writer.fetch_meta()
        if meta.get("epoch", "") != self._state.epoch.partition(" ")[0]:
            raise StoreIncompleteError(
                "the content store was emptied while the import ran; run it again"
            )
        outcome = (await self._writer.apply([Operation("ready")]))[0]
        if outcome.startswith("error"):
            # What was written before keys were lost has to be written again, too.
            await save_import_state(self._writer, None)
            raise StoreIncompleteError(
                f"the content store lost keys while the import ran ({outcome}); run it again"
            )

    def _advance(self, collection: Collection, items: int) -> None:
        self._done += items
        if self._progress is not None:
            total = max(self._total, self._done)
            self._progress(Progress(collection.name, self._done, total))
