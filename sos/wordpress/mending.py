"""Mending the store: single items read again, and what has gone from the site removed.

In: ids that look missing, outdated or gone. Out: documents and removals through the writer. Nothing
is removed that the site still shows when it is asked for by its id, nor anything written since the
listing that did not show it began.
"""

import time
from collections.abc import Sequence

from sos.content.store import ContentWriter, Entry, Operation
from sos.errors import SourceError
from sos.wordpress.batches import apply_operations
from sos.wordpress.catalogue import is_scheduled
from sos.wordpress.listing import Listing, Page
from sos.wordpress.making import DocumentMaker
from sos.wordpress.rest import parse_json
from sos.wordpress.resume import CollectionState
from sos.wordpress.site_reader import PER_PAGE, Collection, Params, SiteReader
from sos.wordpress.summary import Summary

Listed = Sequence[tuple[Collection, CollectionState]]


class Mender:
    """Reads items again and removes absent ones, counting into ``summary``."""

    def __init__(
        self, reader: SiteReader, writer: ContentWriter, maker: DocumentMaker, summary: Summary
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._maker = maker
        self._summary = summary

    async def refresh(self, collection: Collection, ids: Sequence[int]) -> set[int]:
        """Read items by id and write them; returns the ids that the site still has.

        Raises SourceError when the site can't tell.
        """
        present: set[int] = set()
        for start in range(0, len(ids), PER_PAGE):
            wanted = ids[start : start + PER_PAGE]
            seq = await self._writer.take_sequence()
            params: Params = {"include": ",".join(map(str, wanted)), "per_page": PER_PAGE}
            found = await self._reader.fetch_items(collection, params)
            items = [i for i in found.items if isinstance(i, dict) and i.get("id") in wanted]
            present |= {i["id"] for i in items}
            operations, skipped = await self._maker.make(collection, items, seq)
            self._summary.skip(*skipped)
            await apply_operations(self._writer, operations, collection.name, self._summary)
        return present

    async def remove_absent(
        self, collections: Sequence[Collection], ids: Sequence[int], seq: int
    ) -> list[str]:
        """Remove those of ``ids`` that none of ``collections`` shows; returns their references.

        The first collection names them. Those that are shown after all are written again.
        """
        present: set[int] = set()
        try:
            for collection in collections:
                present |= await self.refresh(collection, [i for i in ids if i not in present])
        except SourceError as exc:
            self._summary.notes.append(f"{collections[0].name}: nothing was removed, because {exc}")
            return []
        gone = [f"{collections[0].kind}:{i}" for i in ids if i not in present]
        operations = [Operation("remove", ref, seq) for ref in gone]
        await apply_operations(self._writer, operations, collections[0].name, self._summary)
        return gone

    async def fill_gaps(self, listed: Listed) -> None:
        """Read what slipped between two pages of collections that changed while they were read."""
        for collection, state in listed:
            if not state.moved:
                continue
            # From here on nothing that this listing does not show counts as read before.
            state.seq = await self._writer.take_sequence()
            ids = await fetch_ids(self._reader, self._writer, collection)
            entries = await self._writer.fetch_all_entries()
            refs = {i: f"{collection.kind}:{i}" for i in ids}
            absent = [i for i, ref in refs.items() if ref not in entries]
            if absent:
                await self.refresh(collection, absent)
            state.spared += [ref for ref in refs.values() if ref in entries]

    async def remove_gone(self, listed: Listed) -> None:
        """Remove what the store has of completely listed collections and the site has not."""
        entries = await self._writer.fetch_all_entries()
        scheduled = {c.type: (c, state) for c, state in listed if is_scheduled(c)}
        for collection, state in listed:
            if is_scheduled(collection):
                continue
            also = scheduled.get(collection.type) if collection.kind == "post" else None
            spared = {*state.spared, *(also[1].spared if also else ())}
            before = min(state.seq, also[1].seq) if also else state.seq
            old = [
                e
                for e in entries.values()
                if belongs(e, collection) and e.seq < before and e.ref not in spared
            ]
            if not also:
                old = await self.without_scheduled(old)
            collections = [collection, also[0]] if also else [collection]
            if old:
                await self.remove_absent(collections, [number_of(e.ref) for e in old], before)

    async def without_scheduled(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that a visitor would see; whether others are gone, only the owner could tell."""
        now = int(time.time())
        due = [e for e in entries if e.at <= now]
        kept: list[Entry] = []
        for start in range(0, len(due), PER_PAGE):
            some = due[start : start + PER_PAGE]
            documents = await self._writer.fetch_documents([e.ref for e in some])
            kept += [e for e in some if not _is_future(documents.get(e.ref, b"{}"))]
        return kept


def belongs(entry: Entry, collection: Collection) -> bool:
    """Whether an entry of the store is of this collection."""
    return entry.type == collection.type and entry.ref.startswith(f"{collection.kind}:")


def number_of(ref: str) -> int:
    """The id in a reference such as ``post:12``."""
    return int(ref.partition(":")[2])


async def fetch_ids(
    reader: SiteReader, writer: ContentWriter, collection: Collection, concurrency: int = 4
) -> list[int]:
    """The ids of all items of a collection, ascending."""
    ids: list[int] = []

    async def on_page(page: Page) -> None:
        ids.extend(
            i["id"] for i in page.items if isinstance(i, dict) and isinstance(i.get("id"), int)
        )

    extra: Params = {"_fields": "id"}
    listing = Listing(
        reader, collection, writer.take_sequence, concurrency=concurrency, extra=extra
    )
    await listing.read(on_page)
    return sorted(ids)


def _is_future(data: bytes) -> bool:
    document = parse_json(data, "the store")
    return isinstance(document, dict) and document.get("status") == "future"
