"""A sitemap's or sitemap index's bytes come in, violations of sitemap protocol 0.9 go out.

Elements of other namespaces (images, news) are allowed and not judged.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from tests.servers.quality.dates import parse_w3c_date
from tests.servers.quality.documents import (
    check_date,
    check_unique,
    is_absolute_http,
    local_name,
    parse_xml,
    require_one,
    text_of,
)
from tests.servers.quality.problem import Findings, Problem

NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
MAX_ENTRIES = 50_000
MAX_BYTES = 52_428_800
MAX_ADDRESS_CHARACTERS = 2_047
_S = f"{{{NAMESPACE}}}"
_CHILDREN = {"urlset": "url", "sitemapindex": "sitemap"}
_ALLOWED = {
    "url": {f"{_S}loc", f"{_S}lastmod", f"{_S}changefreq", f"{_S}priority"},
    "sitemap": {f"{_S}loc", f"{_S}lastmod"},
}
_FREQUENCIES = {"always", "hourly", "daily", "weekly", "monthly", "yearly", "never"}


def check_sitemap(url: str, body: bytes) -> list[Problem]:
    """Violations of the protocol in a sitemap or a sitemap index.

    ``url`` is its public address; every address in it must have the same scheme, host and port.
    """
    findings = Findings(url)
    if len(body) > MAX_BYTES:
        findings.report(f"has {len(body)} bytes, more than {MAX_BYTES}")
    kind = "sitemapindex" if re.search(rb"<(?:\w+:)?sitemapindex\b", body[:4096]) else "urlset"
    root = parse_xml(body, findings, f"{_S}{kind}")
    if root is None:
        return findings.problems
    if root.getroottree().docinfo.encoding.upper() not in ("UTF-8", "ASCII", "US-ASCII"):
        findings.report(f"is written as {root.getroottree().docinfo.encoding}, not UTF-8", root)
    child_name = _CHILDREN[kind]
    entries = [child for child in root if _in_namespace(child)]
    if not entries:
        findings.report(f"{kind} is empty", root)
    if len(entries) > MAX_ENTRIES:
        findings.report(f"has {len(entries)} entries, more than {MAX_ENTRIES}", root)
    seen: dict[str, int] = {}
    for entry in entries:
        if local_name(entry.tag) != child_name:
            findings.report(f"{kind} contains {local_name(entry.tag)}", entry)
        else:
            _judge_entry(entry, child_name, seen, findings)
    return findings.problems


def _in_namespace(element: Any) -> bool:
    return isinstance(element.tag, str) and etree.QName(element).namespace in (NAMESPACE, None)


def _judge_entry(entry: Any, kind: str, seen: dict[str, int], findings: Findings) -> None:
    for child in filter(_in_namespace, entry):
        if child.tag not in _ALLOWED[kind]:
            findings.report(f"{kind} contains {local_name(child.tag)}", child)
    location = require_one(entry, f"{_S}loc", findings)
    if location is not None:
        _judge_location(location, seen, findings)
    check_date(entry.find(f"{_S}lastmod"), parse_w3c_date, findings)
    frequency, priority = entry.find(f"{_S}changefreq"), entry.find(f"{_S}priority")
    if frequency is not None and text_of(frequency) not in _FREQUENCIES:
        findings.report(f"changefreq is {text_of(frequency)!r}", frequency)
    if priority is not None and not re.fullmatch(r"0(\.\d+)?|1(\.0+)?", text_of(priority)):
        findings.report(f"priority is {text_of(priority)!r}", priority)


def _judge_location(location: Any, seen: dict[str, int], findings: Findings) -> None:
    address = text_of(location)
    if not is_absolute_http(address):
        findings.report(f"loc {address!r} is not an absolute address", location)
        return
    if len(address) > MAX_ADDRESS_CHARACTERS:
        findings.report(f"loc has {len(address)} characters, 2048 or more", location)
    own, theirs = urlsplit(findings.url), urlsplit(address)
    if (theirs.scheme, theirs.netloc) != (own.scheme, own.netloc):
        findings.report(f"loc {address!r} is of another site than the sitemap", location)
    check_unique(location, address, seen, findings)
