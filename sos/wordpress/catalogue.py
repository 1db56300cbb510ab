"""Which collections a site has: from its types and taxonomies to what is worth reading. Pure.

In: the REST objects of ``/wp/v2/types`` and ``/wp/v2/taxonomies``. Out: `Collection`s in the order
in which they are imported. Whether visitors may see each of them is for `survey` to find out.
"""

from urllib.parse import parse_qsl, urlsplit

from sos.content.post import CALLOUT
from sos.wordpress.site_reader import Collection, Json

# WordPress's own furniture, which has no public pages (create_initial_post_types,
# create_initial_taxonomies). Callouts are the plugin's to send: REST shows visitors none of them,
# and what is not looked for is never taken for gone.
_INTERNAL_TYPES = frozenset(
    "nav_menu_item wp_block wp_template wp_template_part wp_global_styles wp_navigation "
    "wp_font_family wp_font_face revision custom_css customize_changeset oembed_cache "
    "user_request".split()
) | {CALLOUT}
_INTERNAL_TAXONOMIES = frozenset(
    "nav_menu link_category wp_theme wp_template_part_area wp_pattern_category".split()
)

BUILT_IN = frozenset({"post", "page", "attachment", "category", "post_tag"})
"""Types and taxonomies that every WordPress shows to the public."""

USERS = Collection(name="users", kind="user", type="user", route="/wp/v2/users")

_ORDER = {"attachment": 0, "post": 1, "page": 2}


def build_taxonomy_collections(taxonomies: Json) -> list[Collection]:
    """A collection of terms for each taxonomy that may be public."""
    return [
        c for slug in taxonomies if (c := _build("term", slug, taxonomies, _INTERNAL_TAXONOMIES))
    ]


def build_type_collections(types: Json) -> list[Collection]:
    """A collection for each post type that may be public: media, posts, pages, then the others."""
    found = [c for slug in types if (c := _build("post", slug, types, _INTERNAL_TYPES))]
    return sorted(found, key=lambda c: (_ORDER.get(c.type, 9), c.type))


def build_scheduled(collection: Collection) -> Collection:
    """What of a type is scheduled; only the site's owner may see it."""
    return Collection(
        name=f"scheduled {collection.name}",
        kind="post",
        type=collection.type,
        route=collection.route,
        params=(("status", "future"),),
        authenticated=True,
        hierarchical=collection.hierarchical,
    )


def is_scheduled(collection: Collection) -> bool:
    """Whether it was made by `build_scheduled`."""
    return ("status", "future") in collection.params


def uses_plain_permalinks(links: list[str], home: str, root: str) -> bool:
    """Whether a site has plain permalinks, judged by links of its posts, pages and categories.

    A link to the home page says nothing; a site without any other is judged by its REST root.
    """
    for link in links:
        names = {k for k, _ in parse_qsl(urlsplit(link).query)}
        if names & {"p", "page_id", "cat", "attachment_id"}:
            return True
        if not names and link.rstrip("/") != home.rstrip("/"):
            return False
    return "rest_route" in {k for k, _ in parse_qsl(urlsplit(root).query)}


def _build(kind: str, slug: str, described: Json, internal: frozenset[str]) -> Collection | None:
    description = described[slug]
    base = description.get("rest_base") or slug
    # A base with a pattern in it, as of font faces, is no list of its own.
    if slug in internal or not isinstance(base, str) or "(" in base:
        return None
    namespace = description.get("rest_namespace") or "wp/v2"
    return Collection(
        name=base,
        kind="post" if kind == "post" else "term",
        type=slug,
        route=f"/{namespace}/{base}",
        hierarchical=description.get("hierarchical") is True,
    )
