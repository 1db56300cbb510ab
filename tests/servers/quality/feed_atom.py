"""The root of an Atom document comes in, violations of RFC 4287 are reported.

Beyond the RFC's MUSTs it demands its SHOULD of a rel=self link, a rel=alternate link in the feed
and in each entry, and that no two entries share an id.
"""

import re
from typing import Any

from tests.servers.quality.dates import parse_rfc3339_date
from tests.servers.quality.documents import (
    check_date,
    check_unique,
    is_absolute_http,
    is_media_type,
    local_name,
    require_one,
    text_of,
)
from tests.servers.quality.problem import Findings

ATOM = "http://www.w3.org/2005/Atom"
_A = f"{{{ATOM}}}"
_XHTML_DIV = "{http://www.w3.org/1999/xhtml}div"
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_TEXTS = ("title", "subtitle", "summary", "rights", "content")


def judge_atom(root: Any, findings: Findings) -> None:
    """Report what is wrong with the feed (section 4.1.1), then with each entry (4.1.2)."""
    ids: dict[str, int] = {}
    _judge_shared(root, findings, ids)
    _at_most_one(root, findings, "generator", "icon", "logo", "rights", "subtitle")
    own = [link for link in root.findall(f"{_A}link") if link.get("rel") == "self"]
    if not own:
        findings.report("feed has no link with rel=self", root)
    for link in own:
        if link.get("href") != findings.url:
            findings.report(f"rel=self names {link.get('href')!r}, not this feed", link)
    feed_has_author = root.find(f"{_A}author") is not None
    for entry in root.findall(f"{_A}entry"):
        _judge_shared(entry, findings, ids)
        _judge_entry(entry, findings, feed_has_author)


def _judge_shared(parent: Any, findings: Findings, ids: dict[str, int]) -> None:
    """What feed and entry have in common: id, title, updated, links, persons, texts."""
    # A post without a title has an empty one here; the RFC demands the element, not the words.
    is_entry = local_name(parent.tag) == "entry"
    require_one(parent, f"{_A}title", findings, may_be_empty=is_entry)
    identifier = require_one(parent, f"{_A}id", findings)
    updated = require_one(parent, f"{_A}updated", findings)
    if identifier is not None and (value := text_of(identifier)):
        if not _IRI.fullmatch(value):
            findings.report(f"id {value!r} is not an absolute IRI", identifier)
        check_unique(identifier, value, ids, findings)
    check_date(updated, parse_rfc3339_date, findings)
    _judge_links(parent, findings)
    for name in ("author", "contributor"):
        for person in parent.findall(f"{_A}{name}"):
            _judge_person(person, findings)
    for name in _TEXTS:
        for text in parent.findall(f"{_A}{name}"):
            _judge_text(text, findings)
    for category in parent.findall(f"{_A}category"):
        if not category.get("term"):
            findings.report("category has no term", category)


def _judge_entry(entry: Any, findings: Findings, feed_has_author: bool) -> None:
    _at_most_one(entry, findings, "content", "published", "rights", "source", "summary")
    check_date(entry.find(f"{_A}published"), parse_rfc3339_date, findings)
    authors = (entry.find(f"{_A}author"), entry.find(f"{_A}source/{_A}author"))
    if not feed_has_author and all(author is None for author in authors):
        findings.report("neither the entry nor the feed has an author", entry)
    content, summary = entry.find(f"{_A}content"), entry.find(f"{_A}summary")
    if content is not None and content.get("src") is not None and summary is None:
        findings.report("content is elsewhere (src) but there is no summary", content)


def _judge_links(parent: Any, findings: Findings) -> None:
    alternates: set[tuple[str | None, str | None]] = set()
    for link in parent.findall(f"{_A}link"):
        if not is_absolute_http(link.get("href", "")):
            findings.report(f"link has the href {link.get('href')!r}", link)
        if "type" in link.attrib and not is_media_type(link.get("type")):
            findings.report(f"link has the type {link.get('type')!r}", link)
        length = link.get("length", "0")
        if not (length.isascii() and length.isdigit()):
            findings.report(f"link has the length {length!r}", link)
        if link.get("rel", "alternate") == "alternate":
            variant = (link.get("type"), link.get("hreflang"))
            if variant in alternates:
                findings.report("a second rel=alternate of the same type and language", link)
            alternates.add(variant)
    if not alternates:
        findings.report(f"{local_name(parent.tag)} has no link with rel=alternate", parent)


def _judge_person(person: Any, findings: Findings) -> None:
    """Section 3.2."""
    require_one(person, f"{_A}name", findings)
    _at_most_one(person, findings, "uri", "email")
    uri, email = person.find(f"{_A}uri"), person.find(f"{_A}email")
    if uri is not None and not _IRI.fullmatch(text_of(uri)):
        findings.report(f"uri {text_of(uri)!r} is not an absolute IRI", uri)
    if email is not None and "@" not in text_of(email):
        findings.report(f"email {text_of(email)!r} is not an e-mail address", email)


def _judge_text(text: Any, findings: Findings) -> None:
    """Sections 3.1 and 4.1.3: html is escaped, xhtml is one div."""
    name, kind = local_name(text.tag), text.get("type", "text")
    elements = [child for child in text if isinstance(child.tag, str)]
    if kind == "xhtml":
        if [child.tag for child in elements] != [_XHTML_DIV]:
            findings.report(f"{name} of type xhtml is not one xhtml:div", text)
    elif kind in ("text", "html"):
        if elements:
            findings.report(f"{name} of type {kind} contains elements", text)
    elif name != "content" or not is_media_type(kind):
        findings.report(f"{name} has the type {kind!r}", text)


def _at_most_one(parent: Any, findings: Findings, *names: str) -> None:
    for name in names:
        if len(found := parent.findall(f"{_A}{name}")) > 1:
            of = local_name(parent.tag)
            findings.report(f"{of} has {len(found)} {name} elements", found[1])
