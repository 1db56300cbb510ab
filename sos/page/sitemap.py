"""Sitemaps (sitemaps.org 0.9) and robots.txt (RFC 9309) from list sizes and entries. Pure."""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import msgspec

from sos.content.post import CALLOUT
from sos.content.search_head import parse_head
from sos.content.store import Entry
from sos.page.seo import is_hidden
from sos.page.site import Site

PER_PAGE = 2000
"""URLs in one sitemap, as WordPress has it; the protocol allows 50,000."""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"

UNLISTING_WORDS = ("noindex", '"none"', "_seopress_robots_index")
"""Documents with one of these are worth showing to `find_unlisted`, as plugins write it."""

HIDDEN_TYPES = frozenset({"attachment", CALLOUT})
_YEAR_10000 = 253_402_300_800


def build_sitemap_index(site: Site, sizes: Mapping[str, int]) -> str:
    """The index: one sitemap for each 2,000 entries of each list that has pages."""
    out = [_HEAD, f'<sitemapindex xmlns="{_NAMESPACE}">\n']
    for name, pages in _maps(sizes):
        for number in range(1, pages + 1):
            url = f"{site.view.url}/sitemap-{name}-{number}.xml"
            out.append(f"  <sitemap><loc>{escape(url)}</loc></sitemap>\n")
    out.append("</sitemapindex>\n")
    return "".join(out)


def find_unlisted(documents: Mapping[str, bytes]) -> frozenset[str]:
    """Of documents by reference, those that plugins ask search engines not to list."""
    return frozenset(ref for ref, json in documents.items() if _is_unlisted(json))


def build_sitemap(
    site: Site, entries: Sequence[Entry], *, front: bool, unlisted: Set[str] = frozenset()
) -> str:
    """One sitemap. With ``front``, the front page comes first, whether or not it is a document.

    Of ``entries``, the ``unlisted`` are left out: search engines report what contradicts itself.
    """
    paths: dict[str, int] = {"/": 0} if front else {}
    for entry in entries:
        if entry.ref in unlisted:
            paths.pop(entry.path, None)
        elif entry.path:
            paths[entry.path] = max(entry.modified, paths.get(entry.path, 0))
    out = [_HEAD, f'<urlset xmlns="{_NAMESPACE}">\n']
    for path, modified in paths.items():
        out.append(f"  <url><loc>{escape(site.view.url + path)}</loc>")
        if 0 < modified < _YEAR_10000:
            stamp = datetime.fromtimestamp(modified, UTC).isoformat()
            out.append(f"<lastmod>{stamp}</lastmod>")
        out.append("</url>\n")
    out.append("</urlset>\n")
    return "".join(out)


def build_robots(site: Site) -> str:
    """robots.txt, as WordPress has it from 5.3 on (do_robots).

    A site that search engines are asked to stay away from (``blog_public``) does not shut them out
    here: who may not read a page can't read there that it is not to be listed.
    """
    rules = "User-agent: *\nDisallow: /wp-admin/\n"
    if not site.document.indexable:
        return rules
    return f"{rules}\nSitemap: {site.view.url}/sitemap.xml\n"


def _is_unlisted(json: bytes) -> bool:
    try:
        document = msgspec.json.decode(json)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(document, dict) and is_hidden(parse_head(document).robots)


def _maps(sizes: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Name and number of pages of each sitemap. The first always exists: it has the front page."""
    sizes = {"type:page": 0, **sizes}
    for name in sorted(sizes, key=lambda n: (n != "type:page", n)):
        kind, _, what = name.partition(":")
        pages = -(-sizes[name] // PER_PAGE)
        if kind == "type" and what not in HIDDEN_TYPES:
            yield f"posts-{what}", max(pages, 1 if what == "page" else 0)
        elif kind == "terms":
            yield f"terms-{what}", pages
        elif name == "users":
            yield "users", pages
