"""What changed documents refer to: terms, authors and pictures that may have changed with them.

In: references of posts in the store. Out: ids to read again. Reads the store only.
"""

from collections.abc import Mapping, Sequence

import msgspec

from sos.content.store import ContentWriter
from sos.wordpress.rest import parse_json
from sos.wordpress.site_reader import PER_PAGE, Json


class Related(msgspec.Struct):
    """Ids by kind; terms by taxonomy. Users and media are only those that the store lacks."""

    terms: dict[str, set[int]]
    users: set[int]
    media: set[int]


async def fetch_related(
    writer: ContentWriter, refs: Sequence[str], taxonomies: Mapping[str, Json]
) -> Related:
    """What the posts ``refs`` refer to. A term's count changes with them, so all terms are told."""
    fields = {
        t.get("rest_base") or slug: slug for slug, t in taxonomies.items() if isinstance(t, dict)
    }
    found = Related({}, set(), set())
    for start in range(0, len(refs), PER_PAGE):
        for data in (await writer.fetch_documents(refs[start : start + PER_PAGE])).values():
            document = parse_json(data, "the store")
            if isinstance(document, dict):
                _collect(document, fields, found)
    found.users = await _absent(writer, "user", found.users)
    found.media = await _absent(writer, "post", found.media)
    return found


def _collect(document: Json, fields: Mapping[str, str], found: Related) -> None:
    for field, slug in fields.items():
        ids = document.get(field)
        for ident in ids if isinstance(ids, list) else ():
            if isinstance(ident, int):
                found.terms.setdefault(slug, set()).add(ident)
    for name, ids in (("author", found.users), ("featured_media", found.media)):
        ident = document.get(name)
        if isinstance(ident, int) and ident > 0:
            ids.add(ident)


async def _absent(writer: ContentWriter, kind: str, ids: set[int]) -> set[int]:
    stored = await writer.fetch_documents([f"{kind}:{i}" for i in ids])
    return {i for i in ids if f"{kind}:{i}" not in stored}
