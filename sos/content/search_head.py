"""What plugins for search engines say of an object: members of its document in, one `Head` out.

Where they say it, `search_plugins` knows. Of each thing the first that says it sensibly is heard.
Texts become plain and bounded, addresses http(s) or paths; whatever else comes counts as not said.
Never raises, and never judges what a page makes of it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from sos.content.fields import Json
from sos.content.sanitize import plain_text
from sos.content.sanitize_values import sound_value
from sos.content.search_plugins import find_sources

MAX_RAW = 20_000
"""Characters. Nobody writes a longer title or description on purpose: it is not looked at."""

MAX_TITLE = 300
MAX_DESCRIPTION = 600
MAX_URL = 2_000
MAX_NODES = 100
"""Of a graph of schema.org; what comes after is not looked at."""

MAX_PROFILES = 20

ARTICLE_TYPES = (
    "NewsArticle",
    "BlogPosting",
    "TechArticle",
    "ScholarlyArticle",
    "Report",
    "SatiricalArticle",
    "AdvertiserContentArticle",
    "SocialMediaPosting",
    "Article",
)
"""Types of schema.org that a post may be, the more telling first."""


OpenGraphType = Literal["article", "profile", "website"]
CardSize = Literal["summary", "summary_large_image"]


class HeadImage(msgspec.Struct, frozen=True):
    """A picture for link previews; pixels, 0 where unknown."""

    url: str = ""
    width: int = 0
    height: int = 0
    alt: str = ""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is said to search engines and link previews; empty where nothing is.

    Addresses are those of WordPress, http(s) or a path. ``robots`` are known directives, separated
    by ``, ``; ``schema`` is one of ARTICLE_TYPES; ``profiles`` are of the organisation.
    """

    title: str = ""
    description: str = ""
    canonical: str = ""
    robots: str = ""
    og_type: OpenGraphType | Literal[""] = ""
    og_title: str = ""
    og_description: str = ""
    og_image: HeadImage = HeadImage()
    twitter_card: CardSize | Literal[""] = ""
    twitter_title: str = ""
    twitter_description: str = ""
    twitter_image: str = ""
    twitter_site: str = ""
    schema: str = ""
    profiles: tuple[str, ...] = ()


NO_HEAD = Head()


def parse_head(doc: Json) -> Head:
    """The head of a post, term, user or type as REST gave it."""
    said = find_sources(doc)
    if not said:
        return NO_HEAD

    def first(name: str, clean: Callable[[Any], Any]) -> Any:
        return next((v for s in said if name in s and (v := clean(s[name]))), None)

    canonical = first("canonical", sound_url) or ""
    if canonical == doc.get("link"):
        canonical = ""  # itself: the page knows its own address better
    return Head(
        title=first("title", _title) or "",
        description=first("description", _description) or "",
        canonical=canonical,
        robots=first("robots", _robots) or "",
        og_type=first("og_type", _one_of("article", "website", "profile")) or "",
        og_title=first("og_title", _title) or "",
        og_description=first("og_description", _description) or "",
        og_image=_image(said),
        twitter_card=first("twitter_card", _one_of("summary", "summary_large_image")) or "",
        twitter_title=first("twitter_title", _title) or "",
        twitter_description=first("twitter_description", _description) or "",
        twitter_image=first("twitter_image", sound_url) or "",
        twitter_site=first("twitter_site", _handle) or "",
        schema=first("schema", _article_type) or first("schema_type", _known_type) or "",
        profiles=first("schema", _profiles) or (),
    )


def sound_url(value: object) -> str:
    """The value if it is an http(s) URL without user and password, or a path; else empty."""
    if not isinstance(value, str) or len(value) > MAX_URL:
        return ""
    url = sound_value("a", "href", value.strip()) or ""
    if url.startswith("//"):
        url = f"https:{url}"
    if url.startswith("/"):
        return url
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        return ""
    return url if sound else ""


# ---------------------------------------------------------------- values


def _plain(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > MAX_RAW:
        return ""
    text = plain_text(value)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _title(value: object) -> str:
    return _plain(value, MAX_TITLE)


def _description(value: object) -> str:
    return _plain(value, MAX_DESCRIPTION)


def _one_of(*words: str) -> Callable[[object], str]:
    return lambda value: value if isinstance(value, str) and value in words else ""


_HANDLE = re.compile(r"@?(\w{1,15})", re.ASCII)


def _handle(value: object) -> str:
    match = _HANDLE.fullmatch(value) if isinstance(value, str) else None
    return f"@{match[1]}" if match else ""


_DIRECTIVE = re.compile(
    r"all|none|(?:no)?index|(?:no)?follow|noarchive|nosnippet|noimageindex|nocache|notranslate"
    r"|max-snippet:-?\d{1,6}|max-video-preview:-?\d{1,6}|max-image-preview:(?:none|standard|large)",
    re.IGNORECASE,
)


def _robots(value: object) -> str:
    """Directives that Google and Bing document, each once, in their order."""
    if isinstance(value, str):
        words = re.split(r"[,;\s]+", value[:MAX_URL].replace(": ", ":"))
    elif isinstance(value, dict | list):
        values = list(value.values() if isinstance(value, dict) else value)[:20]
        words = [word.strip() for word in values if isinstance(word, str)]
    else:
        return ""
    return ", ".join(dict.fromkeys(w.lower() for w in words if _DIRECTIVE.fullmatch(w)))


def _image(said: list[Json]) -> HeadImage:
    """The first picture; its size may be told by another source that names the same."""
    found = [image for source in said if (image := _head_image(source.get("og_image"))).url]
    if not found:
        return HeadImage()
    return next((i for i in found if i.url == found[0].url and i.width), found[0])


def _head_image(value: object) -> HeadImage:
    if isinstance(value, list):
        return next((i for v in value[:5] if (i := _head_image(v)).url), HeadImage())
    if isinstance(value, dict):
        url = sound_url(value.get("url"))
        width, height = _pixels(value.get("width")), _pixels(value.get("height"))
        return HeadImage(url, width, height, _title(value.get("alt"))) if url else HeadImage()
    return HeadImage(sound_url(value))


def _pixels(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}", value):
        value = int(value)
    return value if type(value) is int and 0 < value < 100_000 else 0


def _nodes(schema: object) -> Iterator[Json]:
    graph = schema.get("@graph", [schema]) if isinstance(schema, dict) else schema
    for node in graph[:MAX_NODES] if isinstance(graph, list) else ():
        if isinstance(node, dict):
            yield node


def _types(node: Json) -> list[str]:
    kinds = node.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return [kind for kind in kinds if isinstance(kind, str)]


def _article_type(schema: object) -> str:
    types = {kind for node in _nodes(schema) for kind in _types(node)}
    return next((kind for kind in ARTICLE_TYPES if kind in types), "")


def _known_type(value: object) -> str:
    return value if isinstance(value, str) and value in ARTICLE_TYPES else ""


def _profiles(schema: object) -> tuple[str, ...]:
    """Where else the organisation is, as it says itself (schema.org: ``sameAs``)."""
    found: list[str] = []
    for node in _nodes(schema):
        if any(kind.endswith("Organization") for kind in _types(node)):
            same = node.get("sameAs")
            same = same if isinstance(same, list) else [same]
            found += [url for value in same[:MAX_PROFILES] if (url := sound_url(value))]
    return tuple(dict.fromkeys(url for url in found if url.startswith("http")))[:MAX_PROFILES]
