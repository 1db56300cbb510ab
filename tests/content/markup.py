"""Looks at sanitised markup with another parser: a fragment in, its tree or its faults out.

The rules here are written down again, from what a browser does, not imported from the sanitiser:
a hole in its lists must not be a hole in its judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import html5lib
from html5lib import constants, html5parser

# html5lib is older than these members of HTML's category "special".
_HTML = "http://www.w3.org/1999/xhtml"
_SPECIAL = constants.specialElements | {
    (_HTML, name) for name in ("figcaption", "hgroup", "main", "search", "summary", "template")
}

setattr(html5parser, "specialElements", _SPECIAL)  # noqa: B010 - the stubs do not know it

Node = tuple[int, str, dict[str, str], str]
"""Depth, name (empty for text), attributes, text."""

_HARMLESS = set(
    """
    a abbr address area article aside audio b bdi bdo blockquote br caption cite code col colgroup
    data dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr
    i img ins kbd li map mark nav ol p picture pre q rp rt ruby s samp section small source span
    strong sub summary sup table tbody td tfoot th thead time tr track u ul var video wbr
    """.split()
)
_LOADED = {"http", "https", ""}
_URLS = {
    "cite": _LOADED,
    "href": _LOADED | {"mailto", "tel"},
    "poster": _LOADED,
    "src": _LOADED,
}
_INERT = re.compile(r"[a-z]+|aria-[a-z]+|data-(?:align|fn|id|label|language)")
_REFUSED = {"action", "background", "formaction", "hidden", "is", "ping", "slot", "srcdoc", "xmlns"}
# The word alone is nothing: a function's name ends with its bracket (CSS Syntax 3, section 4.3.4).
_CSS_VALUE = re.compile(
    r"(?:url|expression|image-set|element|attr)\s*\(|import|\\|/\*|[<>@{}:]", re.IGNORECASE
)
_CSS_NAME = re.compile(
    "position|inset.*|top|left|right|bottom|z-index|transform|opacity|cursor|content|behavior"
    "|filter|mask.*|animation.*|transition.*|all|outline.*|--(?!wp--style--).*",
    re.IGNORECASE,
)


def parse_tree(html: str) -> list[Node]:
    """The fragment as html5lib sees it inside a `div`, in document order."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    return list(_walk(parser.parseFragment(html, container="div"), 0))


def _walk(element: Any, depth: int) -> Iterator[Node]:
    if element.text:
        yield depth, "", {}, element.text
    for child in element:
        yield depth, str(child.tag), {str(name): value for name, value in child.attrib.items()}, ""
        yield from _walk(child, depth + 1)
        if child.tail:
            yield depth, "", {}, child.tail


def serialise_tree(html: str) -> str:
    """The fragment, parsed by html5lib and written as HTML says ("serializing HTML fragments")."""
    out: list[str] = []
    open_elements: list[str] = []
    for depth, name, attributes, text in parse_tree(html):
        while len(open_elements) > depth:
            out.append(f"</{open_elements.pop()}>")
        if not name:
            out.append(_escape(text).replace("<", "&lt;").replace(">", "&gt;"))
            continue
        values = (
            f' {key}="{_escape(value).replace(chr(34), "&quot;")}"'
            for key, value in attributes.items()
        )
        out.append(f"<{name}{''.join(values)}>")
        if name not in constants.voidElements:
            open_elements.append(name)
            continue
    while open_elements:
        out.append(f"</{open_elements.pop()}>")
    return "".join(out)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("\xa0", "&nbsp;")


def find_faults(html: str, embed_hosts: frozenset[str]) -> list[str]:
    """What of the fragment could do something, one line each; empty if nothing can."""
    faults = []
    for _, name, attributes, _ in parse_tree(html):
        if name == "iframe":
            faults += _find_frame_faults(attributes, embed_hosts)
        elif name and name not in _HARMLESS:
            faults.append(f"<{name}>")
        faults += [
            f"<{name} {attribute}={value[:60]!r}>"
            for attribute, value in attributes.items()
            if _is_bad(name, attribute, value)
        ]
    return faults


def _find_frame_faults(attributes: dict[str, str], embed_hosts: frozenset[str]) -> list[str]:
    src = attributes.get("src", "")
    host = re.fullmatch(r"https://([a-z0-9.-]+)(?:[/?#][\x21-\x7e]*)?", src)
    faults = []
    if not host or host[1] not in embed_hosts or "\\" in src:
        faults.append(f"<iframe src={src!r}>")
    sandbox = attributes.get("sandbox")
    if sandbox is None or "top-navigation" in sandbox or "modals" in sandbox:
        faults.append(f"<iframe sandbox={sandbox!r}>")
    if re.search("camera|microphone|geolocation|payment|[*']", attributes.get("allow", "")):
        faults.append(f"<iframe allow={attributes['allow']!r}>")
    return faults


def _is_bad(name: str, attribute: str, value: str) -> bool:
    if attribute.startswith("on") or attribute in _REFUSED or not _INERT.fullmatch(attribute):
        return True
    if re.search("[\0-\x08\x0b-\x1f\x7f\ufffe\uffff]", value):
        return True
    if attribute == "style":
        return any(map(_is_bad_declaration, value.split(";")))
    if attribute == "name":
        return name not in ("a", "map", "details")
    if attribute == "target":
        return value != "_blank"
    if attribute == "srcset":
        return any(_has_bad_scheme(url.strip(","), {"http", "https", ""}) for url in value.split())
    return attribute in _URLS and _has_bad_scheme(value, _URLS[attribute])


def _is_bad_declaration(declaration: str) -> bool:
    name, _, value = declaration.partition(":")
    return bool(_CSS_NAME.fullmatch(name.strip()) or _CSS_VALUE.search(value))


def _has_bad_scheme(url: str, good: set[str]) -> bool:
    """Reads the URL as WHATWG's basic URL parser begins: edges and breaks do not count."""
    url = re.sub("[\t\n\r]", "", url.strip("".join(map(chr, range(33)))))
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", url, re.IGNORECASE)
    if (scheme[1].lower() if scheme else "") not in good or "\\" in url.partition("?")[0]:
        return True
    is_web = scheme is not None and scheme[1].lower() in ("http", "https")
    return is_web and not re.match("https?://[^/?#]", url, re.IGNORECASE)
