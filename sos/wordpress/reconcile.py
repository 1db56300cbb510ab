"""Verification: what WordPress lists now against what the store holds, and the mending of it.

In: a site and a store. Out: a `Report` of drift. Reads light listings, or with ``deep`` every
document. Writes only when told to heal, and then only what differs.
"""

import time
from collections.abc import Sequence

import msgspec

from sos.content.store import ContentWriter, Entry, Operation
from sos.errors import SourceError
from sos.wordpress.batches import apply_operations
from sos.wordpress.catalogue import USERS, is_scheduled
from sos.wordpress.commons import drop_unchanged, plan_menus, plan_singles
from sos.wordpress.discovery import discover_site
from sos.wordpress.drift import (
    FIELDS,
    Brief,
    Drift,
    DriftKind,
    build_brief,
    find_drift,
    find_gone,
    same_document,
)
from sos.wordpress.fetching import Patience
from sos.wordpress.listing import Listing, Page
from sos.wordpress.making import DocumentMaker, open_paths
from sos.wordpress.mending import Mender, belongs, number_of
from sos.wordpress.rest import parse_json
from sos.wordpress.site_reader import PER_PAGE, Collection, Json, Params, SiteReader
from sos.wordpress.source import Credentials, RestError, SourceHttp
from sos.wordpress.summary import Summary
from sos.wordpress.survey import Survey, survey_site


class VerifyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to verify. ``deep`` compares whole documents, ``heal`` mends what differs."""

    credentials: Credentials | None = None
    concurrency: int = 4
    posts_per_page: int = 0
    deep: bool = False
    heal: bool = False
    patience: Patience = Patience()


class Report(msgspec.Struct, kw_only=True):
    """What was compared and what differs; ``left`` are differences that could not be mended.

    ``missing`` names what could not be compared.
    """

    url: str
    deep: bool = False
    checked: dict[str, int] = {}
    drift: list[Drift] = []
    healed: int = 0
    left: list[Drift] = []
    missing: list[str] = []
    seconds: float = 0.0


async def verify_site(
    url: str, writer: ContentWriter, http: SourceHttp, options: VerifyOptions | None = None
) -> Report:
    """Compare the store with the site at ``url``, and mend it where ``options.heal`` says so.

    Raises SourceError when the site can't be read and StoreUnavailableError when the store can't.
    """
    options = options or VerifyOptions()
    started = time.monotonic()
    found = await discover_site(http, url, options.patience)
    reader = SiteReader(http, found, options.credentials, options.patience)
    reconciler = await Reconciler.open(reader, writer, options, found.html)
    report = Report(url=found.home, deep=options.deep)
    report.drift = await reconciler.find_drift()
    report.checked = reconciler.checked
    if options.heal:
        report.left = await reconciler.heal()
        report.healed = len(report.drift) - len(report.left)
    report.missing = reconciler.missing
    report.seconds = round(time.monotonic() - started, 3)
    return report


class Reconciler:
    """One comparison of a surveyed site with a store: `find_drift`, then perhaps `heal`."""

    def __init__(
        self,
        reader: SiteReader,
        writer: ContentWriter,
        options: VerifyOptions,
        survey: Survey,
        maker: DocumentMaker,
    ) -> None:
        self.reader = reader
        self._writer = writer
        self._options = options
        self._maker = maker
        self.survey = survey
        self.summary = Summary(url=reader.home)
        self.mender = Mender(reader, writer, maker, self.summary)
        self.checked: dict[str, int] = {}
        self.missing = list(survey.missing)
        self._briefs: dict[Collection, list[Brief]] = {}
        self._started: dict[Collection, int] = {}
        self._differing: dict[str, int] = {}
        self._found: dict[Collection, list[Drift]] = {}
        self._common: dict[Drift, Operation] = {}

    @classmethod
    async def open(
        cls, reader: SiteReader, writer: ContentWriter, options: VerifyOptions, html: str = ""
    ) -> "Reconciler":
        """Survey the site, and read what is needed to know each item's path."""
        survey = await survey_site(
            reader,
            writer.take_sequence,
            html=html,
            posts_per_page=options.posts_per_page,
            concurrency=options.concurrency,
        )
        maker = DocumentMaker(reader, survey, await open_paths(reader, survey, writer))
        return cls(reader, writer, options, survey, maker)

    async def find_drift(self) -> list[Drift]:
        """Every difference; `checked` tells how much was compared."""
        survey = self.survey
        users = [] if survey.users.error else [USERS]
        published = [s.collection for s in (*survey.terms, *survey.posts)]
        # What goes live between the two listings of its type is then in both, not in neither.
        for collection in (*survey.scheduled, *users, *published):
            await self._list(collection)
        entries = await self._writer.fetch_all_entries()
        holders = {e.path: e.ref for e in entries.values() if e.path}
        await self._compare_commons(entries)
        for collection, briefs in self._briefs.items():
            self._found[collection] = find_drift(briefs, entries, holders)
            known = {d.ref for d in self._found[collection]}
            self._found[collection] += [
                Drift(b.ref, "outdated", "its content differs")
                for b in briefs
                if b.ref in self._differing
                and b.ref not in known
                and entries[b.ref].seq <= self._differing[b.ref]
            ]
            if not is_scheduled(collection):
                self._found[collection] += await self._find_gone(collection, entries)
        return [*self._common, *(d for drift in self._found.values() for d in drift)]

    async def heal(self) -> list[Drift]:
        """Read again what differs and remove what has gone; returns what could not be mended."""
        await apply_operations(self._writer, list(self._common.values()), "site", self.summary)
        left = []
        for collection, drift in self._found.items():
            mended = await self._heal(collection, drift)
            left += [d for d in drift if number_of(d.ref) not in mended]
        failed = {s.ref for s in self.summary.skipped}
        everything = [*self._common, *(d for drift in self._found.values() for d in drift)]
        return left + [d for d in everything if d.ref in failed and d not in left]

    # ------------------------------------------------------------ listing

    async def _list(self, collection: Collection) -> None:
        self._started[collection] = await self._writer.take_sequence()
        briefs: list[Brief] = []

        async def on_page(page: Page) -> None:
            for raw in page.items:
                if isinstance(raw, dict) and isinstance(raw.get("id"), int):
                    path = self._expected_path(collection, raw)
                    briefs.append(build_brief(collection, raw, page.seq, path))
            briefs.extend(Brief(s.ref, 0, None) for s in page.skipped if s.ref)
            if self._options.deep:
                await self._compare_documents(collection, page)

        light: Params = {"_fields": FIELDS[collection.kind]}
        listing = Listing(
            self.reader,
            collection,
            self._writer.take_sequence,
            concurrency=self._options.concurrency,
            extra=None if self._options.deep else light,
        )
        try:
            await listing.read(on_page)
        except RestError as exc:
            self.missing.append(f"{collection.name}: {exc}")
            return
        self._briefs[collection] = briefs
        self.checked[collection.name] = len(briefs)

    def _expected_path(self, collection: Collection, raw: Json) -> str | None:
        if is_scheduled(collection) and not self.survey.derives_paths(collection):
            return None
        return self._maker.build_path(collection, raw)

    async def _compare_documents(self, collection: Collection, page: Page) -> None:
        operations, _ = await self._maker.make(collection, page.items, page.seq)
        stored = await self._writer.fetch_documents([o.ref for o in operations])
        for operation in operations:
            data = stored.get(operation.ref)
            if data is None or data == operation.json:
                continue
            if not same_document(parse_json(data, "store"), parse_json(operation.json, "site")):
                self._differing[operation.ref] = page.seq

    # ------------------------------------------------------------ comparing

    async def _compare_commons(self, entries: dict[str, Entry]) -> None:
        singles = await plan_singles(
            self._writer, self.survey, with_settings=self.reader.has_credentials
        )
        menus = await plan_menus(self.reader, self._writer, entries)
        if menus.missing:
            self.missing.append(menus.missing)
        planned = [*singles, *menus.operations]
        self.checked["site"] = len(singles)
        self.checked["menus"] = len([o for o in menus.operations if o.op == "put"])
        for operation in await drop_unchanged(self._writer, planned):
            kind: DriftKind = "outdated" if operation.ref in entries else "missing"
            drift = Drift(operation.ref, "gone" if operation.op == "remove" else kind)
            self._common[drift] = operation

    async def _find_gone(self, collection: Collection, entries: dict[str, Entry]) -> list[Drift]:
        """Entries that neither a listing nor a question for the very item shows."""
        scheduled = self._scheduled_of(collection)
        both = (collection, *scheduled)
        listed = {b.ref for c in both for b in self._briefs[c]}
        mine = [e for e in entries.values() if belongs(e, collection)]
        gone = find_gone(listed, mine, min(self._started[c] for c in both))
        if not scheduled:
            gone = await self.mender.without_scheduled(gone)
        present: set[int] = set()
        for start in range(0, len(gone), PER_PAGE):
            ids = ",".join(str(number_of(e.ref)) for e in gone[start : start + PER_PAGE])
            params: Params = {
                "include": ids,
                "per_page": PER_PAGE,
                "_fields": "id",
            }
            for asked in both:
                found = await self.reader.fetch_items(asked, params)
                present |= {i["id"] for i in found.items if isinstance(i, dict) and "id" in i}
        return [Drift(e.ref, "gone", e.path) for e in gone if number_of(e.ref) not in present]

    # ------------------------------------------------------------ mending

    async def _heal(self, collection: Collection, drift: Sequence[Drift]) -> set[int]:
        """Mend one collection; returns the ids that agree now."""
        ids = [number_of(d.ref) for d in drift if d.kind != "gone"]
        gone = [number_of(d.ref) for d in drift if d.kind == "gone"]
        try:
            mended = await self.mender.refresh(collection, ids) if ids else set()
        except SourceError as exc:
            self.missing.append(f"{collection.name}: not mended, because {exc}")
            return set()
        if gone:
            both = [collection, *self._scheduled_of(collection)]
            before = self._started[collection]
            mended |= set(map(number_of, await self.mender.remove_absent(both, gone, before)))
        return mended

    def _scheduled_of(self, collection: Collection) -> list[Collection]:
        """The listed collection of what is scheduled of the same type, if there is one."""
        if collection.kind != "post":
            return []
        return [c for c in self._briefs if is_scheduled(c) and c.type == collection.type]
