"""Following a site that has no plugin: it is asked again and again, and the store kept like it.

In: a site, a store, and an interval. Out: documents as they change, and a `Round` each time. Light
rounds look at what was modified last; full ones compare everything. A failing site or store is
waited for, never an error.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import msgspec

from sos.content.fields import parse_time
from sos.content.store import ContentWriter
from sos.errors import SosError
from sos.wordpress.catalogue import USERS
from sos.wordpress.discovery import discover_site
from sos.wordpress.fetching import Patience
from sos.wordpress.importer import ImportOptions, import_site
from sos.wordpress.reconcile import Reconciler, VerifyOptions
from sos.wordpress.related import fetch_related
from sos.wordpress.site_reader import Collection, Params, SiteReader
from sos.wordpress.source import Credentials, RestError, SourceHttp

MAX_DELAY = 600.0
"""Longest wait after failures, seconds."""

_MAX_PAGES = 50


class WatchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to watch. Every ``full_every``-th round compares everything; ``interval`` is seconds."""

    credentials: Credentials | None = None
    concurrency: int = 4
    posts_per_page: int = 0
    interval: float = 30.0
    full_every: int = 20
    patience: Patience = Patience()


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the site: how many documents changed, and how long until the next, seconds."""

    kind: Literal["import", "full", "light"]
    changed: int = 0
    removed: int = 0
    error: str = ""
    seconds: float = 0.0
    wait: float = 0.0


class _Mark(msgspec.Struct):
    """Where a collection was last seen: its newest change, what has that time, and its length."""

    modified: int = 0
    ids: set[int] = set()
    total: int = -1


async def watch_site(
    url: str,
    writer: ContentWriter,
    http: SourceHttp,
    options: WatchOptions,
    on_round: Callable[[Round], None],
    stop: asyncio.Event,
) -> None:
    """Keep the store like the site at ``url`` until ``stop`` is set.

    A store that is not complete is filled first. Raises nothing but what is a mistake in calling.
    """
    watcher = _Watcher(url, writer, http, options)
    failures = 0
    while not stop.is_set():
        started = time.monotonic()
        try:
            found = await _unless(stop, watcher.look())
            if found is None:
                return
            done, failures = found, 0
        except SosError as exc:
            failures += 1
            watcher.reset()
            done = Round(kind="full", error=str(exc))
        wait = decide_wait(options.interval, failures, random.random())
        seconds = round(time.monotonic() - started, 3)
        on_round(msgspec.structs.replace(done, seconds=seconds, wait=round(wait, 1)))
        try:
            await asyncio.wait_for(stop.wait(), wait)
        except TimeoutError:
            continue


async def _unless(stop: asyncio.Event, look: Coroutine[Any, Any, Round]) -> Round | None:
    """The round, or None when ``stop`` is set first; what was under way is cancelled then."""
    looking = asyncio.ensure_future(look)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({looking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return await looking if looking.done() else None
    finally:
        for task in (looking, stopping):
            task.cancel()
        await asyncio.wait({looking, stopping})


def decide_wait(interval: float, failures: int, chance: float) -> float:
    """Seconds until the next round; after failures longer and longer, and never in step."""
    if not failures:
        return interval
    longest = max(MAX_DELAY, interval)
    return min(interval * 2.0 ** min(failures, 20), longest) * (0.5 + chance / 2)


class _Watcher:
    """What is known of the site between two rounds."""

    def __init__(
        self, url: str, writer: ContentWriter, http: SourceHttp, options: WatchOptions
    ) -> None:
        self._url = url
        self._writer = writer
        self._http = http
        self._options = options
        self._reconciler: Reconciler | None = None
        self._marks: dict[Collection, _Mark] = {}
        self._identity: list[object] = []
        self._rounds = 0

    def reset(self) -> None:
        """Begin with a full round next time."""
        self._reconciler = None

    async def look(self) -> Round:
        """One round: an import into an incomplete store, a full comparison, or a light look."""
        if (await self._writer.fetch_meta()).get("ready") != "1":
            return await self._import()
        due = self._rounds % self._options.full_every == 0
        self._rounds += 1
        if due or self._reconciler is None:
            return await self._compare()
        return await self._glance(self._reconciler)

    async def _import(self) -> Round:
        options = ImportOptions(
            credentials=self._options.credentials,
            concurrency=self._options.concurrency,
            posts_per_page=self._options.posts_per_page,
            patience=self._options.patience,
        )
        summary = await import_site(self._url, self._writer, self._http, options)
        counts = summary.collections.values()
        self._rounds = 0
        return Round(
            kind="import",
            changed=sum(c.applied for c in counts),
            removed=sum(c.removed for c in counts),
        )

    async def _compare(self) -> Round:
        """A full round, after which light ones know what they have seen."""
        o = self._options
        found = await discover_site(self._http, self._url, o.patience)
        reader = SiteReader(self._http, found, o.credentials, o.patience)
        options = VerifyOptions(
            credentials=o.credentials,
            concurrency=o.concurrency,
            posts_per_page=o.posts_per_page,
            patience=o.patience,
        )
        self._identity = _identify(found.index)
        reconciler = await Reconciler.open(reader, self._writer, options, found.html)
        survey = reconciler.survey
        marks = {}
        for collection in (*(s.collection for s in survey.posts), *survey.scheduled):
            marks[collection] = await self._fetch_mark(reader, collection)
        drift = await reconciler.find_drift()
        left = await reconciler.heal()
        self._reconciler = reconciler
        self._marks = {c: m for c, m in marks.items() if m is not None}
        gone = sum(d.kind == "gone" for d in drift if d not in left)
        return Round(kind="full", changed=len(drift) - len(left) - gone, removed=gone)

    async def _glance(self, reconciler: Reconciler) -> Round:
        """A light round; anything that it can't explain asks for a full one."""
        reader = reconciler.reader
        if _identify(await reader.fetch_value("/")) != self._identity:
            return await self._compare()
        changed = 0
        for collection, mark in self._marks.items():
            ids, total = await self._fetch_changed(reader, collection, mark)
            if total != mark.total:
                return await self._compare()
            if ids:
                changed += len(await reconciler.mender.refresh(collection, ids))
                changed += await self._refresh_related(reconciler, ids)
        return Round(kind="light", changed=changed)

    async def _refresh_related(self, reconciler: Reconciler, ids: list[int]) -> int:
        """Read the terms of changed posts again, and the authors and pictures that are new."""
        refs = [f"post:{i}" for i in ids]
        survey = reconciler.survey
        related = await fetch_related(self._writer, refs, survey.taxonomies)
        changed = 0
        for sample in survey.terms:
            terms = related.terms.get(sample.collection.type, set())
            if terms:
                await reconciler.mender.refresh(sample.collection, sorted(terms))
        if related.users and not survey.users.error:
            changed += len(await reconciler.mender.refresh(USERS, sorted(related.users)))
        media = [s.collection for s in survey.posts if s.collection.type == "attachment"]
        if related.media and media:
            changed += len(await reconciler.mender.refresh(media[0], sorted(related.media)))
        return changed

    async def _fetch_mark(self, reader: SiteReader, collection: Collection) -> _Mark | None:
        """Where a collection is now; None where its latest changes can't be asked for."""
        mark = _Mark()
        try:
            _, mark.total = await self._fetch_changed(reader, collection, mark, pages=1)
        except RestError:
            return None
        return mark

    async def _fetch_changed(
        self, reader: SiteReader, collection: Collection, mark: _Mark, pages: int = _MAX_PAGES
    ) -> tuple[list[int], int]:
        """Ids modified since ``mark``, which moves on, and the length of the collection."""
        newest, ids, total = mark.modified, set(mark.ids), mark.total
        changed: list[int] = []
        for number in range(1, pages + 1):
            params: Params = {
                "orderby": "modified",
                "order": "desc",
                "per_page": 20,
                "page": number,
                "_fields": "id,modified_gmt",
            }
            found = await reader.fetch_items(collection, params)
            total = found.total if found.total is not None and number == 1 else total
            items = [i for i in found.items if isinstance(i, dict) and isinstance(i.get("id"), int)]
            times = [(i["id"], parse_time(i.get("modified_gmt")) or 0) for i in items]
            fresh = [(i, at) for i, at in times if at > mark.modified or i not in mark.ids]
            fresh = [(i, at) for i, at in fresh if at >= mark.modified]
            changed += [i for i, _ in fresh]
            for ident, at in fresh:
                if at > newest:
                    newest, ids = at, set()
                if at == newest:
                    ids.add(ident)
            if len(fresh) < len(times) or number >= (found.pages or 1):
                break
        mark.modified, mark.ids = newest, ids
        return changed, total


def _identify(index: object) -> list[object]:
    """What of a REST index stands on every page."""
    fields = (
        "name description url home gmt_offset timezone_string show_on_front page_on_front "
        "page_for_posts site_logo site_icon_url"
    )
    return [index.get(f) if isinstance(index, dict) else None for f in fields.split()]
