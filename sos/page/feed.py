"""From a page model to its feed: RSS 2.0 or Atom (RFC 4287). Pure; XML by the standard library.

Feeds do not come from templates: readers of machines need the same from every theme.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

import msgspec

from sos.content.sanitize import plain_text
from sos.page.embeds import without_frames
from sos.page.model import PageModel, PostCard
from sos.page.routes import FeedFormat

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
XML = "http://www.w3.org/XML/1998/namespace"

# XML 1.0 can't hold these, escaped or not.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TAG = re.compile(r'<[a-z][^"<>]*(?:"[^"]*"[^"<>]*)*>', re.IGNORECASE)
_ROOTED = re.compile(r'(?<=[\s"])((?:href|src|poster|cite)=")(/(?!/)[^"]*)')
_SRCSET = re.compile(r'(?<=\ssrcset=")[^"]*')

register_namespace("atom", ATOM)
register_namespace("content", CONTENT)
register_namespace("dc", DC)


class Feed(msgspec.Struct, frozen=True):
    """A feed's bytes and media type."""

    body: bytes
    content_type: str


class Enclosure(msgspec.Struct, frozen=True):
    """A media file that belongs to an item; ``length`` in bytes, 0 where unknown."""

    url: str
    type: str
    length: int


def build_feed(page: PageModel, form: FeedFormat, path: str, *, excerpts: bool) -> Feed:
    """The feed of the list on ``page``, which itself is at ``path``."""
    if form == "rss":
        root = _rss(page, path, excerpts=excerpts)
        kind = "application/rss+xml"
    else:
        root = _atom(page, path, excerpts=excerpts)
        kind = "application/atom+xml"
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return Feed(body + b"\n", f"{kind}; charset=utf-8")


def absolute_html(html: str, site_url: str) -> str:
    """``html`` for a feed, which is read elsewhere: paths made absolute, links for frames."""
    html = without_frames(html)

    def absolute_tag(match: re.Match[str]) -> str:
        tag = _ROOTED.sub(lambda m: f"{m[1]}{site_url}{m[2]}", match[0])
        return _SRCSET.sub(
            lambda m: re.sub(r"(?:(?<=,)|^)\s*/(?!/)", f" {site_url}/", m[0]).strip(), tag
        )

    return _TAG.sub(absolute_tag, html) if '"/' in html or ", /" in html else html


def _rss(page: PageModel, path: str, *, excerpts: bool) -> Element:
    site = page.site
    rss = Element("rss", {"version": "2.0"})
    channel = SubElement(rss, "channel")
    _text(channel, "title", _title(page))
    _text(channel, "link", site.url + page.url)
    _text(channel, "description", page.description or site.tagline or site.title)
    _text(channel, "language", site.language)
    link = {"href": site.url + path, "rel": "self", "type": "application/rss+xml"}
    _element(channel, f"{{{ATOM}}}link", link)
    if page.posts:
        latest = max(p.modified.epoch for p in page.posts)
        _text(channel, "lastBuildDate", _rfc822(latest))
    for post in page.posts:
        _rss_item(channel, page, post, excerpts=excerpts)
    return rss


def _rss_item(channel: Element, page: PageModel, post: PostCard, *, excerpts: bool) -> None:
    item = SubElement(channel, "item")
    url = page.site.url + post.url
    _text(item, "title", plain_text(post.label))
    _text(item, "link", url)
    _text(item, "guid", _guid(page, post), isPermaLink="false")
    _text(item, "pubDate", _rfc822(post.published.epoch))
    if post.author:
        _text(item, f"{{{DC}}}creator", post.author.name)
    for term in post.terms:
        _text(item, "category", plain_text(term.name))
    body = absolute_html(post.content, page.site.url)
    summary = absolute_html(post.excerpt, page.site.url)
    _text(item, "description", summary or ("" if post.protected else body))
    if body and not excerpts:
        _text(item, f"{{{CONTENT}}}encoded", body)
    for file in find_enclosures(body)[:1]:  # RSS 2.0 allows one
        attributes = {"url": file.url, "type": file.type, "length": str(file.length)}
        _element(item, "enclosure", attributes)


def _atom(page: PageModel, path: str, *, excerpts: bool) -> Element:
    site = page.site
    feed = Element("feed", {"xmlns": ATOM, f"{{{XML}}}lang": site.language})
    _text(feed, "id", site.url + page.url)
    _text(feed, "title", _title(page))
    if site.tagline:
        _text(feed, "subtitle", site.tagline)
    latest = max((p.modified.epoch for p in page.posts), default=0)
    _text(feed, "updated", _rfc3339(latest))
    _element(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": site.url + path})
    _element(feed, "link", {"rel": "alternate", "type": "text/html", "href": site.url + page.url})
    _text(SubElement(feed, "author"), "name", site.title)
    for post in page.posts:
        _atom_entry(feed, page, post, excerpts=excerpts)
    return feed


def _atom_entry(feed: Element, page: PageModel, post: PostCard, *, excerpts: bool) -> None:
    entry = SubElement(feed, "entry")
    url = page.site.url + post.url
    _text(entry, "id", _guid(page, post))
    _text(entry, "title", plain_text(post.label))
    _element(entry, "link", {"rel": "alternate", "type": "text/html", "href": url})
    _text(entry, "published", _rfc3339(post.published.epoch))
    _text(entry, "updated", _rfc3339(post.modified.epoch))
    author = SubElement(entry, "author")
    _text(author, "name", post.author.name if post.author else page.site.title)
    for term in post.terms:
        label = {"term": term.slug or str(term.id), "label": plain_text(term.name)}
        _element(entry, "category", label)
    body = absolute_html(post.content, page.site.url)
    summary = absolute_html(post.excerpt, page.site.url)
    if summary or not body:
        _text(entry, "summary", summary, type="html")
    if body and not excerpts:
        _text(entry, "content", body, type="html")
    for file in find_enclosures(body):
        attributes = {"rel": "enclosure", "href": file.url, "type": file.type}
        _element(entry, "link", attributes)


_MEDIA = re.compile(
    r'<(?:(?:audio|video|source)\s[^>]*?(?<=\s)src|a\s[^>]*?(?<=\s)href)="(https?://[^"]+)"',
    re.IGNORECASE,
)
_MIME = {
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg", "oga": "audio/ogg",
    "wav": "audio/wav", "flac": "audio/flac", "mp4": "video/mp4", "m4v": "video/mp4",
    "webm": "video/webm", "ogv": "video/ogg", "mov": "video/quicktime",
}  # fmt: skip


def find_enclosures(html: str) -> tuple[Enclosure, ...]:
    """Audio and video files in ``html``, embedded or linked to, each once (do_enclose).

    Pictures are none, featured ones neither: WordPress's own feeds have them in the text only.
    """
    found = {}
    for match in _MEDIA.finditer(html):
        url = match[1].replace("&amp;", "&")
        mime = _MIME.get(re.split("[?#]", url, maxsplit=1)[0].rpartition(".")[2].lower())
        if mime:
            found[url] = Enclosure(url, mime, 0)
    return tuple(found.values())


def _guid(page: PageModel, post: PostCard) -> str:
    """An id that stays when the address changes; WordPress's own guid tells the admin host."""
    return f"{page.site.url}/?p={post.id}"


def _title(page: PageModel) -> str:
    """What the list is called; the posts index has the site's name (get_wp_title_rss)."""
    return page.title if page.archive and page.kind != "home" else page.site.title


def _text(parent: Element, tag: str, text: str, **attributes: str) -> None:
    _element(parent, tag, attributes).text = _legal(text)


def _element(parent: Element, tag: str, attributes: dict[str, str]) -> Element:
    return SubElement(parent, tag, {name: _legal(value) for name, value in attributes.items()})


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", str(text))


def _rfc822(epoch: int) -> str:
    return format_datetime(datetime.fromtimestamp(epoch, UTC), usegmt=True)


def _rfc3339(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat().replace("+00:00", "Z")
