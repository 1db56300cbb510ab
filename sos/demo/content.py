"""The whole sample site: a time and an address go in, the operations that publish it come out.

Everything is derived from the files beside this module; the same time and address always give the
same bytes. Never writes to a store: who asked sends the operations to one.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from sos.content.store import Operation
from sos.demo.article import FOLDER, Article, load_articles
from sos.demo.dates import ZONE, offset_hours, parse_moment
from sos.demo.documents import (
    TAXONOMY_BASE,
    TAXONOMY_FIELD,
    Json,
    Names,
    build_callout,
    build_media,
    build_post,
    build_term,
    build_user,
)
from sos.demo.library import UPLOADS, Item, Library
from sos.demo.menus import build_menu


def uploads_folder() -> Path:
    """The folder that the site serves below ``/wp-content/uploads/``."""
    return UPLOADS


def sample_site(now: int, site: str) -> list[Operation]:
    """Every document of the sample site, in an order in which the writer can take them.

    Args:
        now: epoch seconds; dates are counted from it. One post goes live 60 s after it, one an
            hour later, and one notice is taken down after 15 minutes. A takeover covers the front
            page from the fifth minute to the fifteenth.
        site: public base URL, with or without a slash at its end.

    Returns:
        Puts with sequence number 1, then one ``ready``.
    """
    site = site.rstrip("/")
    plan = tomllib.loads((FOLDER / "site.toml").read_text(encoding="utf-8"))
    library = Library(msgspec.convert(plan["media"], list[Item]), site)
    names = Names(now, library)
    names.users = {user["slug"]: user["id"] for user in plan["users"]}
    names.terms = {f"{term['taxonomy']}:{term['slug']}": term for term in plan["terms"]}
    articles = {kind: load_articles(f"{kind}s") for kind in ("page", "post", "event")}
    names.pages = {page.slug: page for page in articles["page"]}

    documents: list[tuple[str, Json]] = [
        # The writer takes a document apart by the taxonomies that it knows of: those come first.
        ("taxonomies", _taxonomies()),
        ("site", _site(plan, names)),
        ("types", _types()),
    ]
    counts = _count_terms(articles, names)
    for term in plan["terms"]:
        base = _term_path(term, plan["terms"])
        documents.append((f"term:{term['id']}", build_term(term, counts, site, base)))
    documents += [(f"user:{user['id']}", build_user(user, site)) for user in plan["users"]]
    documents += [(f"post:{i.id}", build_media(i, names)) for i in library.items.values()]
    for kind, some in articles.items():
        documents += [(f"post:{a.id}", build_post(a, kind, names)) for a in some]
    callouts = load_articles("callouts")
    documents += [(f"post:{c.id}", build_callout(c, names)) for c in callouts]
    targets = _link_targets(dict(documents))
    documents += [(f"menu:{m['id']}", build_menu(m, targets, site)) for m in plan["menus"]]
    puts = [Operation("put", ref, 1, msgspec.json.encode(json)) for ref, json in documents]
    return [*puts, Operation("ready")]


# ---------------------------------------------------------------- within


def _site(plan: Mapping[str, Any], names: Names) -> Json:
    icon = names.library.items[plan["icon"]]
    return {
        "name": plan["name"],
        "description": plan["description"],
        "url": names.site,
        "home": names.site,
        "gmt_offset": offset_hours(names.now),
        "timezone_string": ZONE.key,
        "page_for_posts": 0,
        "page_on_front": 0,
        "show_on_front": "posts",
        "namespaces": ["oembed/1.0", "wp/v2"],
        "authentication": [],
        "site_logo": names.library.items[plan["logo"]].id,
        "site_icon": icon.id,
        "site_icon_url": names.library.url(icon.full),
        "sos": {
            "settings": {
                "posts_per_page": 10,
                "posts_per_rss": 10,
                "rss_use_excerpt": 0,
                "date_format": "F j, Y",
                "time_format": "g:i a",
                "language": "en_US",
                "blog_public": 1,
            }
        },
    }


def _types() -> Json:
    def describe(
        slug: str, name: str, base: str, taxonomies: list[str], tree: bool = False
    ) -> Json:
        return {
            "description": "",
            "hierarchical": tree,
            "has_archive": slug == "event",
            "name": name,
            "slug": slug,
            "taxonomies": taxonomies,
            "rest_base": base,
            "rest_namespace": "wp/v2",
        }

    event = describe("event", "Events", "event", ["district"])
    return {
        "post": describe("post", "Posts", "posts", ["category", "post_tag", "district"]),
        "page": describe("page", "Pages", "pages", [], tree=True),
        "attachment": describe("attachment", "Media", "media", []),
        "event": {**event, "sos": {"archive_path": "/events/"}},
    }


def _taxonomies() -> Json:
    rows = (
        ("category", "Categories", "Category", ["post"]),
        ("post_tag", "Tags", "Tag", ["post"]),
        ("district", "Districts", "District", ["post", "event"]),
    )
    return {
        slug: {
            "name": plural,
            "slug": slug,
            "description": "",
            "types": types,
            "hierarchical": slug != "post_tag",
            "rest_base": TAXONOMY_FIELD[slug],
            "rest_namespace": "wp/v2",
            "labels": {"name": plural, "singular_name": singular},
        }
        for slug, plural, singular, types in rows
    }


def _count_terms(articles: Mapping[str, Sequence[Article]], names: Names) -> Counter[int]:
    """Published posts of each term, as WordPress counts them: nothing scheduled, nothing gone."""
    counts: Counter[int] = Counter()
    for article in (a for some in articles.values() for a in some):
        if _is_public(article, names.now):
            counts.update(names.term_ids("category", article.categories))
            counts.update(names.term_ids("post_tag", article.tags))
            counts.update(names.term_ids("district", article.district))
    return counts


def _is_public(article: Article, now: int) -> bool:
    over = article.expires and parse_moment(article.expires, now) <= now
    return parse_moment(article.published, now) <= now and not over


def _term_path(term: Mapping[str, Any], terms: Sequence[Mapping[str, Any]]) -> str:
    """Path of a term's archive: below its parents, as WordPress does it for hierarchical ones."""

    parts = [quote(term["slug"]).lower()]
    by_id = {t["id"]: t for t in terms}
    while term.get("parent"):
        term = by_id[term["parent"]]
        parts.insert(0, quote(term["slug"]).lower())
    return f"/{TAXONOMY_BASE[term['taxonomy']]}/{'/'.join(parts)}/"


def _link_targets(documents: Mapping[str, Json]) -> dict[str, Json]:
    """What a menu may name: ``category:budget``, ``page:about``; by the slug."""
    targets = {}
    for document in documents.values():
        kind = document.get("taxonomy") or document.get("type")
        if isinstance(kind, str):
            targets[f"{kind}:{document['slug']}"] = document
    return targets
