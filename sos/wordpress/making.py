"""From items of a collection to operations for the store: paths, authors and future permalinks.

In: items as REST gave them and the sequence number they were read under. Out: operations, and what
was left out with its reason. Reads only what an item itself does not tell.
"""

from collections.abc import Sequence
from typing import Any

from sos.content.store import ContentWriter, Operation
from sos.errors import SourceError
from sos.wordpress.catalogue import USERS, is_scheduled
from sos.wordpress.listing import Skipped
from sos.wordpress.plain_paths import PlainPaths
from sos.wordpress.site_reader import PER_PAGE, Collection, Json, Params, SiteReader
from sos.wordpress.site_url import build_public_path
from sos.wordpress.source import RestError
from sos.wordpress.survey import Survey
from sos.wordpress.wire import (
    PUBLIC,
    UnusableItemError,
    build_other,
    build_post,
    build_ref,
    describe,
    encode_document,
    read_id,
)

_FUTURE = frozenset({"future"})


class DocumentMaker:
    """Makes documents of one surveyed site; ``paths`` is None where all links tell their path."""

    def __init__(self, reader: SiteReader, survey: Survey, paths: PlainPaths | None) -> None:
        self._reader = reader
        self._survey = survey
        self._paths = paths
        self._authors: set[int] = set()

    async def make(
        self, collection: Collection, items: Sequence[Any], seq: int
    ) -> tuple[list[Operation], list[Skipped]]:
        """A ``put`` for each usable item, and the others with their reasons."""
        operations, skipped = [], []
        paths = await self._future_paths(collection, items)
        for raw in items:
            try:
                operations.append(self._make_one(collection, raw, seq, paths))
            except UnusableItemError as exc:
                ref = _ref_or_nothing(collection, raw)
                skipped.append(Skipped(collection.name, ref, f"{describe(raw)} {exc}".strip()))
        return operations, skipped

    def make_embedded_authors(self, items: Sequence[Any], seq: int) -> list[Operation]:
        """Users whom posts embed, each once, for sites that hide their list of users."""
        operations = []
        for raw in items:
            embedded = raw.get("_embedded") if isinstance(raw, dict) else None
            authors = embedded.get("author") if isinstance(embedded, dict) else None
            for author in authors if isinstance(authors, list) else ():
                if isinstance(author, dict) and isinstance(author.get("name"), str):
                    operations += self._make_author(author, seq)
        return operations

    def build_path(self, collection: Collection, raw: Json) -> str:
        """The path that the store is to hold for an item; empty where it has none."""
        if self._survey.derives_paths(collection) and self._paths is not None:
            return self._paths.take_path(collection, raw)
        link = raw.get("link")
        return build_public_path(link, self._survey.base) if isinstance(link, str) else ""

    # ------------------------------------------------------------ within

    def _make_one(
        self, collection: Collection, raw: Any, seq: int, paths: dict[int, str]
    ) -> Operation:
        ident = read_id(raw)
        path = paths.get(ident, "")
        if self._survey.derives_paths(collection):
            path = self.build_path(collection, raw)
        if collection.kind == "post":
            statuses = _FUTURE if is_scheduled(collection) else PUBLIC
            document = build_post(raw, statuses, path)
        else:
            document = build_other(raw, path)
        return Operation("put", build_ref(collection, ident), seq, encode_document(document))

    def _make_author(self, author: Json, seq: int) -> list[Operation]:
        try:
            ident = read_id(author)
            if ident in self._authors:
                return []
            self._authors.add(ident)
            return [self._make_one(USERS, author, seq, {})]
        except UnusableItemError:
            return []

    async def _future_paths(self, collection: Collection, items: Sequence[Any]) -> dict[int, str]:
        """Paths that scheduled posts will have; their links are plain until they are live."""
        if not is_scheduled(collection) or self._survey.derives_paths(collection):
            return {}
        ids = [i["id"] for i in items if isinstance(i, dict) and isinstance(i.get("id"), int)]
        paths: dict[int, str] = {}
        for start in range(0, len(ids), PER_PAGE):
            params: Params = {
                "include": ",".join(map(str, ids[start : start + PER_PAGE])),
                "per_page": PER_PAGE,
                "context": "edit",
                "_fields": "id,slug,generated_slug,permalink_template",
            }
            try:
                found = await self._reader.fetch_items(collection, params)
            except RestError:
                return paths  # who may see it need not be allowed to edit it
            for raw in found.items:
                link = build_future_link(raw)
                if link:
                    paths[raw["id"]] = build_public_path(link, self._survey.base)
        return paths


def build_future_link(raw: Any) -> str:
    """The permalink that a scheduled post will have (get_sample_permalink); empty if unknown."""
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), int):
        return ""
    template = raw.get("permalink_template")
    slug = raw.get("slug") or raw.get("generated_slug")
    if not isinstance(template, str) or not isinstance(slug, str) or not slug:
        return ""
    return template.replace("%postname%", slug).replace("%pagename%", slug)


async def open_paths(
    reader: SiteReader, survey: Survey, writer: ContentWriter
) -> PlainPaths | None:
    """What is needed to make up paths, where any collection needs it; otherwise None.

    Reads slug and parent of everything hierarchical, and the store's paths.
    """
    collections = [s.collection for s in (*survey.terms, survey.users, *survey.posts)]
    derived = [c for c in collections if survey.derives_paths(c)]
    if not derived:
        return None
    taken = {e.path: e.ref for e in (await writer.fetch_all_entries()).values() if e.path}
    for slug, described in survey.types.items():
        archive = described.get("sos", {}).get("archive_path")
        if archive:
            taken[archive] = f"type:{slug}"
    paths = PlainPaths(taken)
    for collection in derived:
        if collection.hierarchical:
            await _add_parents(reader, collection, paths)
    return paths


async def _add_parents(reader: SiteReader, collection: Collection, paths: PlainPaths) -> None:
    for number in range(1, 1001):
        params: Params = {
            "per_page": PER_PAGE,
            "page": number,
            "orderby": "id",
            "order": "asc",
            "_fields": "id,slug,parent",
        }
        try:
            found = await reader.fetch_items(collection, params)
        except SourceError:
            return  # without its ancestors an item still has a path, only a shorter one
        for raw in found.items:
            if isinstance(raw, dict):
                paths.add_parent(collection, raw)
        if not found.items or number >= (found.pages or number):
            return


def _ref_or_nothing(collection: Collection, raw: Any) -> str:
    try:
        return build_ref(collection, read_id(raw))
    except UnusableItemError:
        return ""
