"""A first look at each collection: how much there is, and whether visitors may see it.

In: collections that may be public. Out: a `Sample` of each that is, and words for a person about
each that is not. Reads one item of each; keeps none.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from sos.errors import SourceError
from sos.wordpress.catalogue import BUILT_IN, USERS
from sos.wordpress.public_pages import is_viewable
from sos.wordpress.rest import INVALID_PARAMETER
from sos.wordpress.site_reader import Collection, Json, Params, SiteReader
from sos.wordpress.source import InvalidAnswerError, PassingSourceError, RestError


class Sample(msgspec.Struct, frozen=True):
    """A collection, how many items it has, and the first of them; ``error`` where it is closed."""

    collection: Collection
    total: int = 0
    first: Json | None = None
    error: str = ""

    @property
    def link(self) -> str:
        """Permalink of the first item, or nothing."""
        link = self.first.get("link") if self.first else ""
        return link if isinstance(link, str) else ""


async def fetch_samples(
    reader: SiteReader, collections: Sequence[Collection], concurrency: int
) -> list[Sample]:
    """A sample of each collection, in their order. Raises PassingSourceError for a failing site."""
    gate = asyncio.Semaphore(concurrency)

    async def sample(collection: Collection) -> Sample:
        async with gate:
            return await fetch_sample(reader, collection)

    return list(await asyncio.gather(*map(sample, collections)))


async def fetch_sample(reader: SiteReader, collection: Collection) -> Sample:
    """The first item of a collection, without its content, and the number of items."""
    light: Params = {"per_page": 1, "_fields": "id,link,slug,parent,date"}
    try:
        try:
            ordered = {**light, "orderby": "id", "order": "asc"}
            found = await reader.fetch_items(collection, ordered)
        except RestError as exc:
            if exc.code != INVALID_PARAMETER:
                raise
            found = await reader.fetch_items(collection, light)
    except RestError as exc:
        return Sample(collection, error=str(exc))
    except InvalidAnswerError:
        return Sample(collection)
    except PassingSourceError as exc:
        if exc.kind != "failed":
            raise
        return Sample(collection)  # its first item may be the one that breaks
    first = found.items[0] if found.items and isinstance(found.items[0], dict) else None
    return Sample(collection, found.total or len(found.items), first)


async def drop_closed(
    reader: SiteReader, samples: Sequence[Sample], missing: list[str]
) -> list[Sample]:
    """The samples of what visitors may see; the others are told of in ``missing``.

    Raises SourceError when that leaves no posts and no pages.
    """
    kept = []
    for sample in samples:
        collection = sample.collection
        if sample.error and collection != USERS:
            missing.append(f"{collection.name}: {sample.error}")
        elif (
            sample.link
            and collection.kind != "user"
            and collection.type not in BUILT_IN
            and not await is_viewable(reader, sample.link)
        ):
            missing.append(f"{collection.name}: not public, {sample.link} answers 404")
        else:
            kept.append(sample)
    if not any(s.collection.type in ("post", "page") for s in kept):
        raise SourceError(
            f"{reader.root}: visitors may read neither posts nor pages ({'; '.join(missing)}); let "
            "anyone read /wp/v2/posts and /wp/v2/pages, then import again"
        )
    return kept
