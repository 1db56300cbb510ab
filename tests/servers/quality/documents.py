"""The bytes of an XML document come in, its root element with line numbers goes out, or a problem.

Shared by the judges of feeds and sitemaps. Nothing outside the bytes is read: no DTD, no entity
from elsewhere, no network.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from tests.servers.quality.problem import Findings

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:\s*;.*)?", re.ASCII)


def parse_xml(body: bytes, findings: Findings, root_tag: str) -> Any | None:
    """The root element when the bytes are well-formed XML with that root, else None and a report."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        findings.report(f"not well-formed XML: {error.msg}", error.lineno)
        return None
    if root.tag != root_tag:
        findings.report(f"the root element is {root.tag}, not {root_tag}", root)
        return None
    if root.getroottree().docinfo.doctype:
        findings.report("has a document type, which readers refuse", root)
    return root


def text_of(element: Any | None) -> str:
    """An element's character data without surrounding space; empty for a missing element."""
    return str(element.xpath("string()")).strip() if element is not None else ""


def require_one(
    parent: Any, tag: str, findings: Findings, *, may_be_empty: bool = False
) -> Any | None:
    """The only child of that name; a missing, empty or second one is reported."""
    children = parent.findall(tag)
    name, of = local_name(tag), local_name(parent.tag)
    if not children:
        findings.report(f"{of} has no {name}", parent)
        return None
    if len(children) > 1:
        findings.report(f"{of} has {len(children)} {name} elements", children[1])
    if not may_be_empty and not text_of(children[0]):
        findings.report(f"the {name} of {of} is empty", children[0])
    return children[0]


def check_unique(element: Any, value: str, seen: dict[str, int], findings: Findings) -> None:
    """Report a value that an earlier element had; ``seen`` keeps the line of each first use."""
    if value in seen:
        name = local_name(element.tag)
        findings.report(f"{name} {value!r} was used before, on line {seen[value]}", element)
    else:
        seen[value] = element.sourceline


def check_date(element: Any | None, parse: Callable[[str], datetime], findings: Findings) -> None:
    """Report a date element that its format's parser refuses; a missing or empty one is not ours."""
    if element is None or not text_of(element):
        return
    try:
        parse(text_of(element))
    except ValueError as error:
        findings.report(f"{local_name(element.tag)}: {error}", element)


def is_absolute_http(address: str) -> bool:
    """Whether this is an absolute http or https address, written without spaces."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    written_well = not re.search(r"[\s<>\"]", address)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and written_well


def is_media_type(text: str) -> bool:
    """Whether this is ``type/subtype``, with or without parameters."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def local_name(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]
