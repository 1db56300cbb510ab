"""The root of an RSS document comes in, violations of the RSS 2.0 specification are reported.

Beyond the specification it demands what makes a feed usable: a guid and a pubDate in each item,
and atom:link rel=self in the channel (RSS Advisory Board, Best Practices Profile).
"""

from typing import Any

from tests.servers.quality.dates import parse_rfc822_date
from tests.servers.quality.documents import (
    check_date,
    check_unique,
    is_absolute_http,
    is_media_type,
    require_one,
    text_of,
)
from tests.servers.quality.problem import Findings

_ATOM_LINK = "{http://www.w3.org/2005/Atom}link"


def judge_rss(root: Any, findings: Findings) -> None:
    """Report what is wrong with the channel, then with each of its items."""
    if root.get("version") != "2.0":
        findings.report(f"rss has version {root.get('version')!r}, not '2.0'", root)
    channels = root.findall("channel")
    if len(channels) != 1:
        findings.report(f"rss has {len(channels)} channels", root)
        return
    channel = channels[0]
    _judge_channel(channel, findings)
    guids: dict[str, int] = {}
    for item in channel.findall("item"):
        _judge_item(item, findings, guids)


def _judge_channel(channel: Any, findings: Findings) -> None:
    for name in ("title", "link", "description"):
        require_one(channel, name, findings)
    _judge_address(channel.find("link"), findings)
    for name in ("pubDate", "lastBuildDate"):
        check_date(channel.find(name), parse_rfc822_date, findings)
    image = channel.find("image")
    if image is not None:
        for name in ("url", "title", "link"):
            require_one(image, name, findings)
        _judge_address(image.find("url"), findings)
    own = [link for link in channel.findall(_ATOM_LINK) if link.get("rel") == "self"]
    if not own:
        findings.report("channel has no atom:link with rel=self", channel)
    for link in own:
        if link.get("href") != findings.url:
            findings.report(f"rel=self names {link.get('href')!r}, not this feed", link)
        if link.get("type") not in (None, "application/rss+xml"):
            findings.report(f"rel=self has the type {link.get('type')!r}", link)


def _judge_item(item: Any, findings: Findings, guids: dict[str, int]) -> None:
    if not text_of(item.find("title")) and not text_of(item.find("description")):
        findings.report("item has neither title nor description", item)
    for name in ("title", "link", "description", "author", "comments", "source"):
        if len(more := item.findall(name)) > 1:
            findings.report(f"item has {len(more)} {name} elements", more[1])
    for name in ("link", "comments"):
        _judge_address(item.find(name), findings)
    check_date(require_one(item, "pubDate", findings), parse_rfc822_date, findings)
    author = item.find("author")
    if author is not None and "@" not in text_of(author):
        findings.report("author is not an e-mail address (use dc:creator for a name)", author)
    _judge_guid(require_one(item, "guid", findings), findings, guids)
    for enclosure in item.findall("enclosure"):
        _judge_enclosure(enclosure, findings)


def _judge_guid(guid: Any | None, findings: Findings, guids: dict[str, int]) -> None:
    if guid is None:
        return
    value = text_of(guid)
    check_unique(guid, value, guids, findings)
    permalink = guid.get("isPermaLink", "true")
    if permalink not in ("true", "false"):
        findings.report(f"isPermaLink is {permalink!r}", guid)
    elif permalink == "true" and not is_absolute_http(value):
        findings.report(f"guid {value!r} claims to be a permalink but is no address", guid)


def _judge_enclosure(enclosure: Any, findings: Findings) -> None:
    if not is_absolute_http(enclosure.get("url", "")):
        findings.report(f"enclosure has the url {enclosure.get('url')!r}", enclosure)
    length = enclosure.get("length", "")
    if not (length.isascii() and length.isdigit()):
        findings.report(f"enclosure has the length {enclosure.get('length')!r}", enclosure)
    if not is_media_type(enclosure.get("type", "")):
        findings.report(f"enclosure has the type {enclosure.get('type')!r}", enclosure)


def _judge_address(element: Any | None, findings: Findings) -> None:
    if element is not None and text_of(element) and not is_absolute_http(text_of(element)):
        findings.report(f"{element.tag} {text_of(element)!r} is not an absolute address", element)
