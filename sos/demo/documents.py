"""Articles, terms, users and media go in, documents as in WordPress's REST API (`wp/v2`) come out.

Only what an anonymous visitor is told, without `_links`. Pure: reads no clock and no file but the
sizes of the library's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from sos.content.post import CALLOUT
from sos.demo.article import Article
from sos.demo.blocks import Blocks
from sos.demo.dates import fill_dates, format_gmt, format_local, parse_moment
from sos.demo.inline import Inline, plain_text, texturize
from sos.demo.library import File, Item, Library

Json = dict[str, Any]

EXCERPT_WORDS: Final = 55
TAXONOMY_BASE: Final = {"category": "category", "post_tag": "tag", "district": "district"}
TAXONOMY_FIELD: Final = {"category": "categories", "post_tag": "tags", "district": "district"}


class Names:
    """Who is who: slugs of articles' heads to ids and addresses on one site at one moment."""

    def __init__(self, now: int, library: Library) -> None:
        self.now, self.library, self.site = now, library, library.site
        self.users: dict[str, int] = {}
        self.terms: dict[str, Json] = {}
        self.pages: dict[str, Article] = {}

    def page_link(self, page: Article) -> str:
        """Address of a page below its parents."""
        above = self.page_link(self.pages[page.parent]) if page.parent else f"{self.site}/"
        return f"{above}{slug_of(page)}/"

    def term_ids(self, taxonomy: str, slugs: Sequence[str]) -> list[int]:
        """Ids of terms by slug. Raises KeyError for an unknown one."""
        return [self.terms[f"{taxonomy}:{slug}"]["id"] for slug in slugs]


def slug_of(article: Article) -> str:
    """The slug as WordPress stores it: percent-encoded; of an untitled post its id.

    A slug of digits alone could be a year; `wp_unique_post_slug` appends ``-2`` to it.
    """
    if not article.title:
        return f"{article.id}-2"
    return quote(article.slug).lower()


def build_post(article: Article, kind: str, names: Names) -> Json:
    """A post, page, event or callout (``kind``)."""
    published = parse_moment(article.published, names.now)
    modified = parse_moment(article.updated, names.now) if article.updated else published
    slug = slug_of(article)
    link = names.page_link(article) if kind == "page" else f"{names.site}/{_FOLDER[kind]}{slug}/"
    content = Blocks(names.library).render(fill_dates(article.body, published, names.now))
    document: Json = {
        "id": article.id,
        **_dates(published, modified),
        "guid": {"rendered": f"{names.site}/?{_GUID[kind]}={article.id}"},
        "slug": slug,
        "status": "future" if published > names.now else "publish",
        "type": kind,
        "link": link,
        "title": {"rendered": Inline(names.site).render(article.title)},
        "content": {
            "rendered": "" if article.protected else content,
            "protected": article.protected,
        },
        "excerpt": {
            "rendered": "" if article.protected else _excerpt(article, content),
            "protected": article.protected,
        },
        "featured_media": names.library.items[article.image].id if article.image else 0,
        "comment_status": "closed",
        "ping_status": "closed",
        "template": article.template,
        "meta": {"footnotes": ""},
        **_BUILD_REST[kind](article, names),
    }
    if sos := _own_member(article, names.now):
        document["sos"] = sos
    return document


def build_callout(article: Article, names: Names) -> Json:
    """What the front page says before all else; it has no address of its own."""
    document = build_post(article, CALLOUT, names)
    del document["link"]
    terms = {"placement": article.placement, "priority": article.priority}
    return {**document, "sos": {**document.get("sos", {}), "callout": terms}}


def build_term(term: Mapping[str, Any], counts: Mapping[int, int], site: str, base: str) -> Json:
    """A category, tag or district; ``base`` is the path of its archive."""
    document: Json = {
        "id": term["id"],
        "count": counts.get(term["id"], 0),
        "description": _inline_html(term.get("description", ""), site),
        "link": f"{site}{base}",
        "name": texturize(term["name"]),
        "slug": quote(term["slug"]).lower(),
        "taxonomy": term["taxonomy"],
        "meta": [],
    }
    if term["taxonomy"] != "post_tag":
        document["parent"] = term.get("parent", 0)
    return document


def build_user(user: Mapping[str, Any], site: str) -> Json:
    """A desk that writes."""
    return {
        "id": user["id"],
        "name": user["name"],
        "url": "",
        "description": user["description"],
        "link": f"{site}/author/{user['slug']}/",
        "slug": user["slug"],
        "meta": [],
    }


def build_media(item: Item, names: Names) -> Json:
    """An attachment, with its sizes."""
    published = parse_moment(item.published, names.now)
    library, link = names.library, f"{names.site}/{item.slug}/"
    picture = item.mime.startswith("image/")
    words = f"<p>{_inline_html(item.caption, names.site)}</p>\n" if item.caption else ""
    shown = f'<p class="attachment"><a href="{library.url(item.full)}">{{}}</a></p>\n'
    inside = library.tag(item.slug, "medium", "attachment-medium size-medium") if picture else ""
    about = f"<p>{_inline_html(item.description, names.site)}</p>\n" if item.description else ""
    return {
        "id": item.id,
        **_dates(published, published),
        "guid": {"rendered": library.url(item.full)},
        "slug": item.slug,
        "status": "inherit",
        "type": "attachment",
        "link": link,
        "title": {"rendered": texturize(item.title)},
        "author": names.users[item.author],
        "featured_media": 0,
        "comment_status": "closed",
        "ping_status": "closed",
        "template": "",
        "meta": [],
        "description": {"rendered": shown.format(inside or texturize(item.title)) + about},
        "caption": {"rendered": words},
        "alt_text": item.alt,
        "media_type": "image" if picture else "file",
        "mime_type": item.mime,
        "media_details": _media_details(item, library, picture),
        "post": None,
        "source_url": library.url(item.full),
    }


# ---------------------------------------------------------------- within

_FOLDER: Final = {"post": "", "event": "events/", CALLOUT: ""}
_GUID: Final = {"post": "p", "page": "page_id", "event": "post_type=event&#038;p", CALLOUT: "p"}


def _post_fields(article: Article, names: Names) -> Json:
    fields: Json = {
        "author": names.users[article.author],
        "sticky": article.sticky,
        "format": article.format,
        "categories": names.term_ids("category", article.categories),
        "tags": names.term_ids("post_tag", article.tags),
        "district": names.term_ids("district", article.district),
    }
    slugs = {"category": article.categories, "tag": article.tags, "district": article.district}
    fields["class_list"] = [
        f"post-{article.id}",
        "post",
        "type-post",
        "status-publish",
        f"format-{article.format}",
        *(["has-post-thumbnail"] if article.image else []),
        "hentry",
        *(f"{base}-{quote(slug).lower()}" for base, own in slugs.items() for slug in own),
    ]
    return fields


def _page_fields(article: Article, names: Names) -> Json:
    parent = names.pages[article.parent].id if article.parent else 0
    author = names.users[article.author]
    return {"author": author, "parent": parent, "menu_order": article.order}


def _event_fields(article: Article, names: Names) -> Json:
    return {"district": names.term_ids("district", article.district)}


def _callout_fields(article: Article, names: Names) -> Json:
    return {}


_BUILD_REST: Final = {
    "post": _post_fields,
    "page": _page_fields,
    "event": _event_fields,
    CALLOUT: _callout_fields,
}


def _dates(published: int, modified: int) -> Json:
    return {
        "date": format_local(published),
        "date_gmt": format_gmt(published),
        "modified": format_local(modified),
        "modified_gmt": format_gmt(modified),
    }


def _excerpt(article: Article, content: str) -> str:
    """The editor's excerpt, or the first words as `wp_trim_excerpt` takes them."""
    if article.excerpt:
        return f"<p>{texturize(article.excerpt)}</p>\n"
    words = plain_text(content.partition("<!--more-->")[0]).split()
    if not words:
        return ""
    dots = " [&hellip;]" if len(words) > EXCERPT_WORDS else ""
    return f"<p>{' '.join(words[:EXCERPT_WORDS])}{dots}</p>\n"


def _own_member(article: Article, now: int) -> Json:
    """What a plugin would add: the time of unpublishing, and addresses of old."""
    sos: Json = {}
    if article.expires:
        sos["expires_gmt"] = format_gmt(parse_moment(article.expires, now))
    if article.redirects:
        sos["redirects"] = list(article.redirects)
    return sos


def _inline_html(text: str, site: str) -> str:
    return Inline(site).render(text)


def _media_details(item: Item, library: Library, picture: bool) -> Json:
    full = item.full
    if not picture:
        return {"filesize": full.size, "sizes": {}}

    def describe(file: File) -> Json:
        return {
            "file": file.path.rpartition("/")[2],
            "width": file.width,
            "height": file.height,
            "filesize": file.size,
            "mime_type": item.mime,
            "source_url": library.url(file),
        }

    sizes = {name: describe(file) for name, file in {**item.sizes, "full": full}.items()}
    del sizes["full"]["filesize"]
    return {
        "width": full.width,
        "height": full.height,
        "file": full.path,
        "filesize": full.size,
        "sizes": sizes,
        "image_meta": {},
    }
