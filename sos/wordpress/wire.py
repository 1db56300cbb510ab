"""From WordPress's REST objects to documents of the store: what is kept, and what is never kept.

In: one item as REST gave it. Out: the JSON of its document, or the reason why there is none. Pure.
Nothing is sanitised here; that is done once, when a document is read (`document`).
"""

from typing import Any

import msgspec

from sos.content.fields import MAX_BYTES
from sos.wordpress.site_reader import Collection, Json

# Hypermedia, the database's own identity, and a plugin's second copy of what it also gives as JSON.
_DROPPED = frozenset({"_links", "_embedded", "guid", "yoast_head"})

# All that REST itself tells of a protected post; a plugin's fields may quote its body.
_PROTECTED_FIELDS = frozenset(
    "id date date_gmt modified modified_gmt slug status type link title content excerpt author "
    "featured_media parent menu_order comment_status ping_status template format sticky "
    "class_list generated_slug permalink_template sos".split()
)

_INDEX_DROPPED = frozenset({"routes", "authentication", "namespaces", "_links"})

PUBLIC = frozenset({"publish", "inherit"})
"""Statuses that an anonymous visitor may see; the second is that of media."""


class UnusableItemError(ValueError):
    """An item that can't become a document; the message says why."""


def read_id(raw: object) -> int:
    """The id of a REST object. Raises UnusableItemError when there is none."""
    ident = raw.get("id") if isinstance(raw, dict) else None
    if not isinstance(ident, int) or isinstance(ident, bool) or not 0 < ident < 2**53:
        raise UnusableItemError("it has no id")
    return ident


def build_post(raw: Json, statuses: frozenset[str], path: str = "") -> Json:
    """The document of a post, page, attachment or item of a custom type.

    ``path`` is its public path where the link does not tell. Raises UnusableItemError for a status
    not in ``statuses``. A protected one loses body, excerpt and whatever plugins add.
    """
    status = raw.get("status")
    if status not in statuses:
        raise UnusableItemError(f"its status is {status!r}, which is not public")
    document = {k: v for k, v in raw.items() if k not in _DROPPED}
    if is_protected(raw):
        document = {k: v for k, v in document.items() if k in _PROTECTED_FIELDS or _is_ids(v)}
        for field in ("content", "excerpt"):
            if field in document:
                document[field] = {"rendered": "", "protected": True}
    return _with_path(document, path)


def build_other(raw: Json, path: str = "") -> Json:
    """The document of a term or a user."""
    return _with_path({k: v for k, v in raw.items() if k not in _DROPPED}, path)


def build_index(index: Json) -> Json:
    """The REST index without what only a client of the API needs."""
    return {k: v for k, v in index.items() if k not in _INDEX_DROPPED}


def build_catalogue(objects: Json) -> Json:
    """Types or taxonomies by slug, each without its links."""
    return {
        slug: {k: v for k, v in value.items() if k != "_links"}
        for slug, value in objects.items()
        if isinstance(value, dict)
    }


def encode_document(document: Json) -> bytes:
    """The bytes that are stored. Raises UnusableItemError when no node would read them."""
    try:
        data = msgspec.json.encode(document)
    except (msgspec.EncodeError, UnicodeEncodeError, RecursionError) as exc:
        raise UnusableItemError(f"it can't be written as JSON: {exc}") from exc
    if len(data) > MAX_BYTES:
        raise UnusableItemError(
            f"it is {len(data) / 1024 / 1024:.1f} MB long; at most {MAX_BYTES // 1024 // 1024} MB "
            "are read"
        )
    return data


def is_protected(raw: Json) -> bool:
    """Whether a visitor needs a password for it (WP_REST_Posts_Controller: ``protected``)."""
    fields = (raw.get("content"), raw.get("excerpt"))
    return any(isinstance(f, dict) and f.get("protected") is True for f in fields)


def build_ref(collection: Collection, ident: int) -> str:
    """Reference of an item of a collection in the store."""
    return f"{collection.kind}:{ident}"


def describe(raw: object) -> str:
    """A link or slug of an item, for a person; empty where it has neither."""
    if not isinstance(raw, dict):
        return ""
    for field in ("link", "slug"):
        value = raw.get(field)
        if isinstance(value, str) and value:
            return value[:200]
    return ""


def _with_path(document: Json, path: str) -> Json:
    if path:
        known = document.get("sos")
        document["sos"] = {**(known if isinstance(known, dict) else {}), "path": path}
    return document


def _is_ids(value: Any) -> bool:
    return isinstance(value, list) and all(type(v) is int for v in value)
