"""The rules for attribute values: one raw value comes in, a sound one or nothing goes out.

Called by the cleaner for every attribute that the vocabulary knows. A value that is returned is
returned unchanged when it comes again. Pure; never raises, never sees the rest of the tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from sos.content.sanitize_vocabulary import (
    BOOLEANS,
    CSS_DISPLAYS,
    CSS_FUNCTIONS,
    FEATURES,
    REFUSED_IDS,
    RELATIONS,
    RESERVED_ID_PREFIX,
    SANDBOX,
    STYLES,
    words,
)

Rule = Callable[[str], str | None]

LINK_SCHEMES: Final = words("http https mailto tel")
_LOAD_SCHEMES: Final = words("http https")
_MAX_STYLE: Final = 2_000  # characters

CONTROL: Final = re.compile("[\0-\x08\x0b-\x1f\x7f\ufffe\uffff]")
CONTROLS: Final = {
    **dict.fromkeys([*range(9), 11, *range(14, 32), 127, 0xFFFE, 0xFFFF]),
    12: " ",
    13: "\n",
}
"""For str.translate: what XML forbids goes, other line ends become those of HTML."""


def plain(value: str) -> str:
    """A text without the characters that XML and terminals choke on."""
    if value.replace("\n", "").isprintable() or not CONTROL.search(value):  # The first is fast.
        return value
    return value.translate(CONTROLS)


def _matching(pattern: str) -> Rule:
    """A rule that keeps a value, trimmed, if all of it matches; letter case does not count."""
    fullmatch = re.compile(pattern, re.ASCII | re.IGNORECASE).fullmatch

    def keep(value: str) -> str | None:
        if fullmatch(value):
            return value
        return value.strip() if fullmatch(value.strip()) else None

    return keep


def _each_of(allowed: frozenset[str], split: str | None = None, join: str = " ") -> Rule:
    """A rule for a list of words: each known word once, in its order; nothing if none is left."""

    def keep(value: str) -> str | None:
        known = (word.split()[0] for word in value.lower().split(split) if word.strip())
        return join.join(dict.fromkeys(word for word in known if word in allowed)) or None

    return keep


_some_sandbox = _each_of(words(SANDBOX))


def _sandbox(value: str) -> str:
    return _some_sandbox(value) or ""  # An empty one is the strictest.


# ------------------------------------------------------------------------------- URLs

_EDGES: Final = "".join(map(chr, range(33)))
_CUT: Final = re.compile("[\t\n\r]")
_PATH: Final = re.compile(r"[^?#]*")
_SCHEME: Final = re.compile(r"([^/?#:]*):")
_WITH_HOST: Final = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_USUAL: Final = re.compile(r"(?:https?://[a-z0-9]|/[a-z0-9]|[?#]|\Z)[!#-;=?-\[\]_a-z~]*+", re.ASCII)
_QUOTED: Final = {ord(char): f"%{ord(char):02X}" for char in ' "<>`'}


def _url(value: str, schemes: frozenset[str]) -> str | None:
    """The URL as a browser would read it, or None.

    WHATWG URL, "basic URL parser": controls and spaces at the edges, and tabs and newlines
    anywhere, are ignored; a backslash is a slash. A colon in the first segment makes a scheme of
    it here, known or not; `https:host` and `///host`, which no author writes, are refused.
    """
    if _USUAL.fullmatch(value):
        return value
    value = _CUT.sub("", value.strip(_EDGES))
    if CONTROL.search(value):
        return None
    if "\\" in value:
        value = _PATH.sub(lambda path: path[0].replace("\\", "/"), value, count=1)
    scheme = _SCHEME.match(value)
    if scheme:
        name = scheme[1].lower()
        if name not in schemes or (name in _LOAD_SCHEMES and not _WITH_HOST.match(value)):
            return None
    elif value.startswith("///"):
        return None
    return value.translate(_QUOTED)


def _link_url(value: str) -> str | None:
    return _url(value, LINK_SCHEMES)


def _load_url(value: str) -> str | None:
    return _url(value, _LOAD_SCHEMES) or None


_COMMA: Final = re.compile(r",\s+|(?<=\d[wx]),")
_DESCRIPTOR: Final = re.compile(r"\d{1,6}w|\d{1,3}(?:\.\d{1,3})?x", re.ASCII)


def _srcset(value: str) -> str | None:
    """The candidates whose URL and descriptor are sound (HTML, "parse a srcset attribute")."""
    kept = []
    for candidate in _COMMA.split(value):
        parts = candidate.strip(" \t\n\r\f,").split()
        url = _load_url(parts[0].strip(",")) if parts else None
        if url and (len(parts) == 1 or (len(parts) == 2 and _DESCRIPTOR.fullmatch(parts[1]))):
            kept.append(" ".join([url, *parts[1:]]))
    return ", ".join(kept) or None


_EMBED: Final = re.compile(
    r"(?:https?:)?//([a-z0-9.-]+)(?::443)?((?:[/?#][!#-;=?-\[\]_a-z~]*)?)", re.ASCII | re.IGNORECASE
)


def _embed_url(value: str) -> str | None:
    """An absolute URL on a plain host name, as https: no port, user, escape or non-ASCII in it."""
    parts = _EMBED.fullmatch(value.strip(_EDGES))
    return f"https://{parts[1].lower()}{parts[2]}" if parts else None


# ------------------------------------------------------------------------------- names

_NAME: Final = re.compile(r"[^\s\0-\x1f\x7f<>\"'`&\ufffe\uffff]{1,200}")


def _identifier(value: str) -> str | None:
    refused = value in REFUSED_IDS or value.lower().startswith(RESERVED_ID_PREFIX)
    return None if refused or not _NAME.fullmatch(value) else value


def _usemap(value: str) -> str | None:
    return value if value[:1] == "#" and _identifier(value[1:]) else None


# ------------------------------------------------------------------------------- CSS

_CSS_VALUE: Final = re.compile(r"[\w #%.,+*/()!\"'-]{1,500}", re.ASCII)
_CSS_FUNCTION: Final = re.compile(r"([\w-]+)\(", re.ASCII)
_CSS_VARIABLE: Final = re.compile(r"\bvar\( ?--wp--[\w-]+", re.ASCII | re.IGNORECASE)
_CSS_BOX: Final = re.compile(r"(?:margin|padding|border)(?:-[a-z]+){0,3}")
_CSS_SHADOW: Final = re.compile(r"none|var\(--wp--preset--shadow--[\w-]+\)", re.ASCII)
_CSS_OWN: Final = re.compile(r"--wp--style--[a-z0-9-]+")


def _is_sound(name: str, value: str) -> bool:
    """Whether a declaration is known, fetches nothing and stays in its own box."""
    if not _CSS_VALUE.fullmatch(value) or value.count("(") != value.count(")"):
        return False
    bare = _CSS_VARIABLE.sub("(", value).lower()  # without the variables of WordPress
    if not set(_CSS_FUNCTION.findall(bare)) <= CSS_FUNCTIONS - {"var"}:
        return False
    if name == "display":
        return value.lower() in CSS_DISPLAYS
    if name == "box-shadow":  # A literal one could be spread over the whole page.
        return _CSS_SHADOW.fullmatch(value) is not None
    if name.startswith(("margin", "--")):  # Nothing negative: it would lie over its neighbours.
        known = _CSS_BOX.fullmatch(name) or _CSS_OWN.fullmatch(name)
        return known is not None and "-" not in bare
    return name in STYLES or _CSS_BOX.fullmatch(name) is not None


def _style(value: str) -> str | None:
    """The declarations that blocks write, normalised; see WordPress's safecss_filter_attr()."""
    # Long ones are refused here, so that the cache below stays within some megabytes.
    return None if len(value) > _MAX_STYLE else _sound_declarations(value)


@lru_cache(maxsize=1024)
def _sound_declarations(value: str) -> str | None:
    if "\\" in value or "/*" in value:
        return None
    kept = []
    for declaration in value.split(";"):
        name, colon, text = declaration.partition(":")
        name, text = name.strip().lower(), " ".join(text.split())
        if colon and _is_sound(name, text):
            kept.append(f"{name}:{text}")
    return ";".join(kept) or None


# ------------------------------------------------------------------------------- the table

_size = _matching(r"\d{1,5}(?:\.\d{1,3})?%?")
_count = _matching(r"\d{1,4}")
_integer = _matching(r"-?\d{1,9}")
_language = _matching(r"[a-z0-9-]{0,35}")

_RULES: Final[dict[str, Rule]] = {
    "align": _matching("left|right|center|justify|middle|top|bottom"),
    "allow": _each_of(FEATURES, ";", "; "),
    "cite": _load_url,
    "colspan": _count,
    "coords": _matching(r"[\d\s,.-]{1,500}"),
    "datetime": _matching(r"[\w\s:+.,/-]{1,64}"),
    "decoding": _matching("async|auto|sync"),
    "dir": _matching("ltr|rtl|auto"),
    "fetchpriority": _matching("high|low|auto"),
    "height": _size,
    "href": _link_url,
    "hreflang": _language,
    "id": _identifier,
    "kind": _matching("captions|chapters|descriptions|metadata|subtitles"),
    "lang": _language,
    "loading": _matching("lazy|eager"),
    "media": _matching(r"[\w\s():,.<>=/-]{1,500}"),
    "name": _identifier,
    "poster": _load_url,
    "preload": _matching("none|metadata|auto|"),
    "referrerpolicy": _matching("(?:strict-)?origin(?:-when-cross-origin)?|no-referrer"),
    "rel": _each_of(RELATIONS),
    "role": _matching(r"[a-z]+(?:-[a-z]+)?"),
    "rowspan": _count,
    "sandbox": _sandbox,
    "scope": _matching("(?:row|col)(?:group)?"),
    "shape": _matching("rect|circle|poly|default"),
    "sizes": _matching(r"[\w\s().,:%<>=+*/-]{1,500}"),
    "span": _count,
    "src": _load_url,
    "srclang": _language,
    "srcset": _srcset,
    "start": _integer,
    "style": _style,
    "target": lambda value: "_blank" if value.strip().lower() == "_blank" else None,
    "translate": _matching("yes|no"),
    "type": _matching(r"[\w/+.;= \"',-]{1,200}"),
    "usemap": _usemap,
    "valign": _matching("top|middle|bottom|baseline"),
    "width": _size,
    **dict.fromkeys(BOOLEANS, lambda _value: ""),
}


def sound_value(tag: str, name: str, value: str) -> str | None:
    """The value that this attribute may have, or None to drop the attribute."""
    rule = _RULES.get(name)
    if rule is None:
        return _integer(value) if name == "value" and tag == "li" else plain(value)
    if rule is _load_url and tag == "iframe":
        return _embed_url(value)
    return rule(value)
