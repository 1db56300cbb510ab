"""What only a site's public pages tell: archives of types, the front page, the language, feeds.

In: a reader, and what REST told. Out: facts that REST keeps from visitors on some versions, read
from a handful of pages. A page that can't be read tells nothing; it is never an error.
"""

import re
from urllib.parse import urljoin, urlsplit

import msgspec

from sos.errors import SourceError
from sos.wordpress.site_reader import PER_PAGE, Collection, Json, Params, SiteReader
from sos.wordpress.site_url import build_base_path, build_public_path
from sos.wordpress.source import PassingSourceError

_BODY = re.compile(r"<body\b[^>]*\bclass=[\"']([^\"']*)", re.IGNORECASE)
_HTML_LANGUAGE = re.compile(r"<html\b[^>]*\blang=[\"']([A-Za-z0-9-]{2,35})", re.IGNORECASE)
_FEED_LANGUAGE = re.compile(r"<language>\s*([A-Za-z0-9-]{2,35})\s*</language>")

_MAX_PROBES = 20

PAGES = Collection(name="pages", kind="post", type="page", route="/wp/v2/pages")


class PublicPage(msgspec.Struct, frozen=True):
    """A public page: its final URL, its status, and WordPress's own classes of its body."""

    url: str
    status: int
    classes: frozenset[str]
    text: str


class FeedFacts(msgspec.Struct, frozen=True):
    """What the site's RSS feed tells; None where it does not."""

    language: str | None = None
    items: int | None = None
    excerpts_only: bool | None = None


async def fetch_public_page(reader: SiteReader, url: str) -> PublicPage | None:
    """A page of the site; None where it can't be read or is on another host."""
    try:
        answer = await reader.fetch_public(url)
    except SourceError:
        return None
    if answer is None:
        return None
    text = answer.body.decode("utf-8", "replace")
    found = _BODY.search(text)
    return PublicPage(answer.url, answer.status, frozenset(found[1].split() if found else ()), text)


async def is_viewable(reader: SiteReader, link: str) -> bool:
    """Whether the page of an item exists for visitors; in doubt, yes (is_post_type_viewable)."""
    page = await fetch_public_page(reader, link)
    return page is None or page.status not in (404, 410)


async def fetch_feed_facts(reader: SiteReader, *, plain: bool) -> FeedFacts:
    """Language, length and kind of the site's RSS feed."""
    home = reader.home.rstrip("/") + "/"
    page = await fetch_public_page(reader, urljoin(home, "?feed=rss2" if plain else "feed/"))
    if page is None or page.status != 200 or "<rss" not in page.text[:2000]:
        return FeedFacts()
    language = _FEED_LANGUAGE.search(page.text)
    items = len(re.findall(r"<item[\s>]", page.text))
    return FeedFacts(
        language[1] if language else None,
        items or None,
        "<content:encoded>" not in page.text if items else None,
    )


def find_html_language(html: str) -> str:
    """The language that a page declares; empty where it does not."""
    found = _HTML_LANGUAGE.search(html[:100_000])
    return found[1] if found else ""


async def find_archive_path(
    reader: SiteReader, slug: str, described: Json, link: str, *, plain: bool
) -> str:
    """Public path of the archive of a post type; empty where it has none.

    REST tells whether there is one and at times where (``has_archive``), older versions neither.
    Candidates come from that, from ``link`` of one of its items, and from its names; the one that
    answers as an archive is taken.
    """
    has_archive = described.get("has_archive")
    if has_archive is False:
        return ""
    home = reader.home.rstrip("/")
    if plain:
        page = await fetch_public_page(reader, f"{home}/?post_type={slug}")
        exists = has_archive if page is None else _shows_archive(page, slug, has_archive)
        return f"/{slug}/" if exists else ""
    item_path = build_public_path(link, build_base_path(home))
    candidates = _archive_candidates(slug, described, item_path)
    answering = ""
    for path in candidates:
        page = await fetch_public_page(reader, home + path)
        if page is None:  # no public pages to ask
            return candidates[0] if has_archive else ""
        if _is_archive(page, slug):
            return path
        stayed = urlsplit(page.url).path.rstrip("/") == urlsplit(home + path).path.rstrip("/")
        if page.status == 200 and stayed and has_archive and not answering:
            answering = path  # a theme without body_class(), perhaps
    return answering


async def find_date_base(reader: SiteReader, post: Json) -> str:
    """Path below which the site has its date archives; ``post`` is any post of it.

    A permalink structure may begin with words (``/blog/%postname%/``), which then stand before the
    year too, and REST tells none of it (WP_Rewrite::get_date_permastruct).
    """
    home = reader.home.rstrip("/")
    year = str(post.get("date", ""))[:4]
    path = build_public_path(str(post.get("link", "")), build_base_path(home))
    segments = [s for s in path.split("/") if s]
    if not year.isdigit() or len(segments) < 2:
        return "/"
    fronts = [segments[: segments.index(year)]] if year in segments else [[], segments[:1]]
    fronts += [[*fronts[0], "date"]]
    for front in fronts:
        base = "/" + "".join(f"{s}/" for s in front)
        page = await fetch_public_page(reader, f"{home}{base}{year}/")
        if page is None:
            return base
        if page.status == 200 and "date" in page.classes:
            return base
    return "/"


async def find_front_page(reader: SiteReader) -> tuple[int, int]:
    """Ids of the page shown on the front and of the one that lists posts; 0 where there is none.

    For WordPress before 6.8 or so, whose index does not tell. The front page is the one whose link
    is the home page's (get_page_link); the posts page, most often one without text, shows itself by
    its body class. Of large sites only the likeliest pages are asked.
    """
    try:
        pages = await _fetch_pages(reader, "id,link,content")
    except PassingSourceError:
        pages = await _fetch_pages(reader, "id,link")  # some page's content breaks the site
    home = reader.home.rstrip("/")
    front = next((ident for link, ident, _ in pages if link.rstrip("/") == home), 0)
    if not front:
        return 0, 0
    likely = sorted((blank, link.count("/"), ident, link) for link, ident, blank in pages)
    for _, _, ident, link in likely[:_MAX_PROBES]:
        found = await fetch_public_page(reader, link)
        if found and "blog" in found.classes and ident != front:
            return front, ident
    return front, 0


async def _fetch_pages(reader: SiteReader, fields: str) -> list[tuple[str, int, bool]]:
    """Link and id of up to 5,000 pages of a site, and whether each has text."""
    pages = []
    for number in range(1, 51):
        params: Params = {
            "per_page": PER_PAGE,
            "page": number,
            "orderby": "id",
            "order": "asc",
            "_fields": fields,
        }
        found = await reader.fetch_items(PAGES, params)
        pages += [
            (p["link"], p["id"], _has_content(p))
            for p in found.items
            if isinstance(p, dict)
            and isinstance(p.get("link"), str)
            and isinstance(p.get("id"), int)
        ]
        if number >= (found.pages or 1):
            break
    return pages


def _archive_candidates(slug: str, described: Json, item_path: str) -> list[str]:
    has_archive = described.get("has_archive")
    names = [has_archive] if isinstance(has_archive, str) and has_archive else []
    segments = [s for s in item_path.split("/") if s]
    names += ["/".join(segments[:-1]), segments[0]] if len(segments) > 1 else []
    base = described.get("rest_base")
    names += [slug, base if isinstance(base, str) else slug]
    return list(dict.fromkeys(f"/{name.strip('/')}/" for name in names if name))


def _is_archive(page: PublicPage, slug: str) -> bool:
    """Whether get_body_class() called it the archive of this type."""
    return page.status == 200 and f"post-type-archive-{slug}" in page.classes


def _shows_archive(page: PublicPage, slug: str, has_archive: object) -> bool:
    return _is_archive(page, slug) or (bool(has_archive) and page.status == 200)


def _has_content(page: Json) -> bool:
    content = page.get("content")
    rendered = content.get("rendered") if isinstance(content, dict) else ""
    return bool(isinstance(rendered, str) and rendered.strip())
