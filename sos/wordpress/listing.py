"""A whole collection, page by page and several at once, whatever single items do to the site.

In: a collection. Out: pages of items, each with the sequence number that was taken before it was
read. A page that can't be read is halved until only the item that breaks it is left out. Never
keeps more pages than are being read.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from sos.errors import SosError, SourceError
from sos.wordpress.rest import END_OF_PAGES, INVALID_PARAMETER
from sos.wordpress.site_reader import PER_PAGE, Collection, SiteReader
from sos.wordpress.source import InvalidAnswerError, PassingSourceError, RestError

MAX_PAGES = 20_000
"""Pages after which a collection is taken for endless: two million items."""

_FAILURES = 10
"""Items that may fail in a row before the site is asked whether it is well at all."""


class Skipped(msgspec.Struct, frozen=True):
    """Something that was left out. ``ref`` is empty where not even its id could be read."""

    collection: str
    ref: str
    reason: str


class Page(msgspec.Struct, frozen=True):
    """Page ``number``, from 1, of a collection; ``seq`` was taken before it was read."""

    number: int
    seq: int
    items: list[Any]
    skipped: tuple[Skipped, ...]
    total: int | None
    pages: int | None


class Listed(msgspec.Struct):
    """What a listing came to. ``moved`` means that items appeared or went meanwhile."""

    total: int = 0
    moved: bool = False


OnPage = Callable[[Page], Awaitable[None]]


class Listing:
    """Reads one collection with up to ``concurrency`` requests at a time.

    ``extra`` are parameters for every page, such as ``_fields``.
    """

    def __init__(
        self,
        reader: SiteReader,
        collection: Collection,
        take_sequence: Callable[[], Awaitable[int]],
        *,
        concurrency: int = 4,
        extra: dict[str, str | int] | None = None,
    ) -> None:
        self._reader = reader
        self._collection = collection
        self._take_sequence = take_sequence
        self._concurrency = concurrency
        self._params = {"orderby": "id", "order": "asc", **(extra or {})}
        self._seen: set[int] = set()
        self._failures = 0
        self._last = MAX_PAGES
        self._result = Listed()

    async def read(self, on_page: OnPage, start: int = 1) -> Listed:
        """Hand each page from ``start`` on to ``on_page``, in no particular order.

        Raises RestError when WordPress refuses the collection as a whole, SourceError when the
        site fails or never ends.
        """
        try:
            await self._read_page(start, on_page)
        except RestError as exc:
            if exc.code != INVALID_PARAMETER:
                raise
            # A controller of a plugin's own that sorts its items its own way.
            del self._params["orderby"], self._params["order"]
            await self._read_page(start, on_page)
        numbers = iter(range(start + 1, MAX_PAGES + 1))

        async def work() -> None:
            for number in numbers:
                if number > self._last:
                    return
                await self._read_page(number, on_page)

        if self._last > start:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(self._concurrency, self._last - start)):
                        group.create_task(work())
            except BaseExceptionGroup as group_error:
                raise _first_error(group_error) from group_error
        if self._last >= MAX_PAGES:
            raise InvalidAnswerError(f"{self._collection.name}: more than {MAX_PAGES} pages")
        return self._result

    async def _read_page(self, number: int, on_page: OnPage) -> None:
        seq = await self._take_sequence()
        try:
            page = await self._fetch(number, seq)
        except RestError as exc:
            if number > 1 and exc.status == 400 and exc.code == END_OF_PAGES:
                self._last = min(self._last, number - 1)
                return
            raise
        self._note(page)
        if page.number <= self._last:
            await on_page(page)

    async def _fetch(self, number: int, seq: int) -> Page:
        params = {**self._params, "per_page": PER_PAGE, "page": number}
        try:
            found = await self._reader.fetch_items(self._collection, params)
        except (PassingSourceError, InvalidAnswerError) as exc:
            if not _may_split(exc):
                raise
            items, skipped = await self._split((number - 1) * PER_PAGE, PER_PAGE, exc)
            return Page(number, seq, items, tuple(skipped), None, None)
        return Page(number, seq, found.items, (), found.total, found.pages)

    def _note(self, page: Page) -> None:
        """Learn how far the collection goes, and whether it changed while it was read."""
        if page.pages is not None:
            self._last = min(self._last, max(page.pages, 1))
        elif not page.items and not page.skipped:
            self._last = min(self._last, page.number - 1)
        if page.total is not None:
            self._result.moved |= self._result.total not in (0, page.total)
            self._result.total = page.total
        ids = {i["id"] for i in page.items if isinstance(i, dict) and isinstance(i.get("id"), int)}
        again = ids & self._seen
        if ids and again == ids:
            raise InvalidAnswerError(
                f"{self._collection.name}: page {page.number} holds what earlier pages held; a "
                "cache or a plugin ignores the parameter 'page'"
            )
        self._result.moved |= bool(again)
        self._seen |= ids

    # ------------------------------------------------------------ what breaks

    async def _split(
        self, offset: int, count: int, error: SourceError
    ) -> tuple[list[Any], list[Skipped]]:
        """Items from ``offset`` in two halves, after asking for all at once ended in ``error``."""
        if count == 1:
            return await self._skip(offset, error)
        items: list[Any] = []
        skipped: list[Skipped] = []
        half = (count + 1) // 2
        for start, size in ((offset, half), (offset + half, count - half)):
            params = {**self._params, "per_page": size, "offset": start}
            try:
                found = await self._reader.fetch_items(self._collection, params, attempts=2)
            except (PassingSourceError, InvalidAnswerError) as exc:
                if not _may_split(exc):
                    raise
                more, left_out = await self._split(start, size, exc)
                items += more
                skipped += left_out
            else:
                items += found.items
                self._failures = 0
                if not found.items:
                    break
        return items, skipped

    async def _skip(self, offset: int, error: SourceError) -> tuple[list[Any], list[Skipped]]:
        """Leave one item out, unless the site as a whole is unwell."""
        self._failures += 1
        if self._failures % _FAILURES == 0:
            await self._reader.fetch_value("/wp/v2/types")
        ref = await self._find_ref(offset)
        return [], [Skipped(self._collection.name, ref, str(error))]

    async def _find_ref(self, offset: int) -> str:
        """The item at ``offset`` by its id alone, which WordPress can tell without rendering it."""
        params = {**self._params, "per_page": 1, "offset": offset, "_fields": "id"}
        try:
            found = await self._reader.fetch_items(self._collection, params, attempts=1)
        except SourceError:
            return ""
        item = found.items[0] if found.items else None
        ident = item.get("id") if isinstance(item, dict) else None
        return f"{self._collection.kind}:{ident}" if isinstance(ident, int) else ""


def _may_split(error: SourceError) -> bool:
    """Whether fewer items at once might help; a site that is busy or away is not asked more."""
    return not isinstance(error, PassingSourceError) or error.kind in ("failed", "slow")


def _first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that ended a group of tasks: the first of sos's own, or else the first."""
    for error in group.exceptions:
        if isinstance(error, SosError):
            return error
    first = group.exceptions[0]
    return _first_error(first) if isinstance(first, BaseExceptionGroup) else first
