"""Public paths for a site with plain permalinks (``/?p=12``), which have none of their own.

In: REST objects, and what is taken already. Out: paths such as ``/hello/`` and ``/category/news/``,
each given to one document only. The same objects always get the same paths while the store lives.
"""

from collections.abc import Mapping

from sos.content.paths import canonical_path
from sos.wordpress.site_reader import Collection, Json

# First segments that mean something else on a WordPress site, whatever posts are called.
_RESERVED = frozenset(
    "attachment author category comments embed feed page search sitemap tag wp-admin wp-content "
    "wp-includes wp-json _assets __preview".split()
)

_PREFIXES = {"post": "", "page": "", "category": "category/", "post_tag": "tag/"}


class PlainPaths:
    """Gives out paths. ``taken`` holds path and reference of what the store has already.

    ``parents`` holds slug and parent id of everything hierarchical, by kind, type and id.
    """

    def __init__(self, taken: Mapping[str, str]) -> None:
        self._taken = dict(taken)
        self._parents: dict[tuple[str, str, int], tuple[str, int]] = {}

    def add_parent(self, collection: Collection, raw: Json) -> None:
        """Remember the place of a page or term among its kind."""
        ident, parent = raw.get("id"), raw.get("parent")
        if isinstance(ident, int):
            place = (_slug(raw), parent if isinstance(parent, int) else 0)
            self._parents[(collection.kind, collection.type, ident)] = place

    def take_path(self, collection: Collection, raw: Json) -> str:
        """The path of an item. It is the item's own from now on."""
        ident = raw["id"]
        ref = f"{collection.kind}:{ident}"
        slug = _slug(raw) or f"{'p' if collection.kind == 'post' else collection.type}-{ident}"
        ancestors = self._ancestors(collection, raw)
        if not ancestors and collection.type in ("post", "page") and _is_ambiguous(slug):
            slug = f"{slug}-{ident}"
        prefix = _prefix(collection)
        path = canonical_path(f"/{prefix}{''.join(a + '/' for a in ancestors)}{slug}/")
        path = path or f"/{prefix}p-{ident}/"
        if self._taken.setdefault(path, ref) != ref:
            path = f"{path[:-1]}-{ident}/"
            self._taken[path] = ref
        return path

    def _ancestors(self, collection: Collection, raw: Json) -> list[str]:
        slugs: list[str] = []
        parent = raw.get("parent") if collection.hierarchical else 0
        while isinstance(parent, int) and parent > 0 and len(slugs) < 20:
            place = self._parents.get((collection.kind, collection.type, parent))
            if place is None:
                break
            slugs.insert(0, place[0] or f"p-{parent}")
            parent = place[1]
        return slugs


def _prefix(collection: Collection) -> str:
    if collection.kind == "user":
        return "author/"
    return _PREFIXES.get(collection.type, f"{collection.type}/")


def _slug(raw: Json) -> str:
    slug = raw.get("slug")
    return slug.strip("/") if isinstance(slug, str) else ""


def _is_ambiguous(slug: str) -> bool:
    """Numbers are years to WordPress, and page numbers within posts (wp_unique_post_slug)."""
    return slug in _RESERVED or slug.isdigit()
