"""What a site has to offer, before anything is read in bulk: its description and its collections.

In: a reader. Out: a `Survey` with the ``site``, ``types`` and ``taxonomies`` documents, and every
collection that visitors may see with its size. What can't be read is named, not guessed silently.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from sos.wordpress.catalogue import (
    BUILT_IN,
    USERS,
    build_scheduled,
    build_taxonomy_collections,
    build_type_collections,
    uses_plain_permalinks,
)
from sos.wordpress.public_pages import find_archive_path, find_date_base
from sos.wordpress.sampling import Sample, drop_closed, fetch_samples
from sos.wordpress.site_document import check_credentials, fetch_site_document
from sos.wordpress.site_reader import Collection, Json, SiteReader
from sos.wordpress.site_url import build_base_path, is_plain_link
from sos.wordpress.source import InvalidAnswerError
from sos.wordpress.wire import build_catalogue


class Survey(msgspec.Struct, kw_only=True):
    """All of it. ``seq`` was taken before the first read; ``missing`` is for a person to read.

    ``scheduled`` is empty without credentials. ``posts`` begins with media.
    """

    seq: int
    site: Json
    types: Json
    taxonomies: Json
    permalinks: Literal["plain", "pretty"]
    base: str
    terms: list[Sample]
    users: Sample
    posts: list[Sample]
    scheduled: list[Collection]
    missing: list[str]

    def derives_paths(self, collection: Collection) -> bool:
        """Whether the items of a collection have no path in their links and need one made up."""
        if self.permalinks == "plain":
            return True
        if collection.type in BUILT_IN or collection.kind == "user":
            return False
        samples = [*self.terms, *self.posts]
        mine = [s for s in samples if _key(s.collection) == _key(collection)]
        return any(s.link and is_plain_link(s.link) for s in mine)


async def survey_site(
    reader: SiteReader,
    take_sequence: Callable[[], Awaitable[int]],
    *,
    html: str = "",
    posts_per_page: int = 0,
    concurrency: int = 4,
) -> Survey:
    """Look at the site that ``reader`` reads; ``html`` is its home page, where that was read.

    ``posts_per_page`` is for sites that keep it to themselves; 0 takes WordPress's default, 10.
    Raises SourceError when posts and pages are closed to visitors, or credentials are refused.
    """
    seq = await take_sequence()
    missing: list[str] = []
    await check_credentials(reader)
    types = await _fetch_catalogue(reader, "/wp/v2/types")
    taxonomies = await _fetch_catalogue(reader, "/wp/v2/taxonomies")
    found = [*build_taxonomy_collections(taxonomies), USERS, *build_type_collections(types)]
    samples = await fetch_samples(reader, found, concurrency)
    samples = await drop_closed(reader, samples, missing)
    posts = [s for s in samples if s.collection.kind == "post"]
    terms = [s for s in samples if s.collection.kind == "term"]
    plain = _uses_plain_permalinks(posts, terms, reader)
    await _add_archives(reader, types, posts, plain=plain)
    of_posts = next((s for s in posts if s.collection.type == "post"), None)
    site = await fetch_site_document(
        reader,
        html,
        posts_per_page,
        missing,
        posts=of_posts.total if of_posts else 0,
        plain=plain,
    )
    if of_posts and of_posts.first and not plain:
        site["sos"]["date_base"] = await find_date_base(reader, of_posts.first)
    return Survey(
        seq=seq,
        site=site,
        types=types,
        taxonomies=taxonomies,
        permalinks="plain" if plain else "pretty",
        base=build_base_path(reader.home),
        terms=terms,
        users=next(s for s in samples if s.collection == USERS),
        posts=posts,
        scheduled=_list_scheduled(reader, posts, missing),
        missing=missing,
    )


async def _fetch_catalogue(reader: SiteReader, route: str) -> Json:
    value = await reader.fetch_value(route)
    if not isinstance(value, dict):
        # PHP writes an empty object as an empty list.
        if value == []:
            return {}
        raise InvalidAnswerError(f"{reader.root}: {route} answered with no object")
    return build_catalogue(value)


async def _add_archives(
    reader: SiteReader, types: Json, posts: list[Sample], *, plain: bool
) -> None:
    for sample in posts:
        slug = sample.collection.type
        if slug in BUILT_IN or slug not in types:
            continue
        path = await find_archive_path(reader, slug, types[slug], sample.link, plain=plain)
        if path:
            types[slug]["sos"] = {"archive_path": path}


def _uses_plain_permalinks(posts: list[Sample], terms: list[Sample], reader: SiteReader) -> bool:
    order = ("post", "page", "category")
    found = {s.collection.type: s.link for s in (*posts, *terms) if s.collection.type in BUILT_IN}
    links = [found[t] for t in order if found.get(t)]
    return uses_plain_permalinks(links, reader.home, reader.root)


def _list_scheduled(
    reader: SiteReader, posts: list[Sample], missing: list[str]
) -> list[Collection]:
    if not reader.has_credentials:
        missing.append("scheduled posts: need an application password")
        return []
    kinds = [s.collection for s in posts if s.collection.type != "attachment"]
    return [build_scheduled(c) for c in kinds]


def _key(collection: Collection) -> tuple[str, str]:
    return collection.kind, collection.type
