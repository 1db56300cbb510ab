"""From a request target to what it may mean. Pure: no store, no clock.

In: the raw path and query as the client sent them. Out: a `Route` with candidates for the store to
try, or a refusal. Which of the candidates exists, and under which address it really lives, is not
known here: `build` says so, and the handler redirects when the two differ.
"""

import re
from datetime import tzinfo
from functools import lru_cache
from typing import Literal
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from sos.content.store import Candidate
from sos.page.dates import day_span

FeedFormat = Literal["rss", "atom"]

MAX_PATH = 2000
"""Longest path that is looked up, bytes; WordPress can't hold longer ones."""

MAX_REMEMBERED = 256

_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~\-][A-Za-z0-9_~\-.]*)*/?\Z")
"""Paths in their one spelling that nothing needs to be decided about: nearly all."""

_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_LEGAL = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*\Z")
_SITEMAP = re.compile(r"/sitemap-([a-z0-9_-]{1,60})-([1-9]\d{0,4})\.xml\Z")
_NUMBER = re.compile(r"[1-9]\d{0,5}\Z")


class Refusal(msgspec.Struct, frozen=True):
    """A target that names nothing and never will: 400 for nonsense, 404 for the impossible."""

    status: Literal[400, 404]


class PageRoute(msgspec.Struct, frozen=True):
    """A page: its canonical spelling, what it may be, and whether a feed of it is wanted."""

    path: str
    candidates: tuple[Candidate, ...]
    feed: FeedFormat | None = None


class SitemapRoute(msgspec.Struct, frozen=True):
    """The sitemap index (``list`` empty) or page ``number``, from 1, of one list."""

    path: str
    list: str = ""
    number: int = 0


class RobotsRoute(msgspec.Struct, frozen=True):
    """``/robots.txt``."""

    path: str = "/robots.txt"


Route = PageRoute | SitemapRoute | RobotsRoute


def decide_route(raw_path: str, query: str, zone: tzinfo, date_base: str = "/") -> Route | Refusal:
    """What ``raw_path`` and ``query`` may mean on a site in ``zone``.

    ``date_base`` is the path below which the site has its date archives. A route whose ``path``
    differs from ``raw_path`` asks for a redirect.
    """
    # Each of those who have to do with a request asks for its route. Long ones are not remembered.
    decide = _decide_again if len(raw_path) + len(query) <= MAX_REMEMBERED else _decide
    return decide(raw_path, query, zone, date_base)


def _decide(raw_path: str, query: str, zone: tzinfo, date_base: str) -> Route | Refusal:
    path = canonical_path(raw_path)
    if isinstance(path, Refusal):
        return path
    if path == "/robots.txt":
        return RobotsRoute()
    if path in ("/sitemap.xml", "/wp-sitemap.xml"):
        return SitemapRoute("/sitemap.xml")
    if match := _SITEMAP.fullmatch(path):
        return SitemapRoute(path, _sitemap_list(match[1]), int(match[2]))
    by_query = _decide_query(query, zone, date_base) if query and path == "/" else None
    if by_query:
        return by_query
    segments = [s for s in path.split("/") if s]
    feed = _decide_feed(segments)
    if feed:
        form, base = feed
        found = (*_both("feed", base, 1), *_derived(base, 1, zone, date_base))
        return PageRoute(path, found, form)
    return PageRoute(path, _decide_candidates(path, segments, zone, date_base))


_decide_again = lru_cache(maxsize=1024)(_decide)


def canonical_path(raw: str) -> str | Refusal:
    """``raw`` in the one spelling that is stored: escapes lower-case, none that is not needed.

    RFC 3986, section 6.2.2, but for the case of escapes, which WordPress writes in lower case.
    Refused are control characters, encoded slashes and dots, backslashes, empty segments, and
    escapes that are not UTF-8.
    """
    if _PLAIN.match(raw) and 0 < len(raw) <= MAX_PATH:
        return raw
    if not raw.isascii():
        try:
            # Bytes that are not UTF-8 arrive as surrogates, and are found out below.
            raw = "".join(c if c.isascii() else _escape(c) for c in raw)
        except UnicodeEncodeError:
            return Refusal(400)
    if len(raw) > MAX_PATH:
        return Refusal(404)
    if not _LEGAL.match(raw) or raw.count("%") != len(_PERCENT.findall(raw)):
        return Refusal(400)
    try:
        decoded = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return Refusal(400)
    if any(ord(c) < 32 or ord(c) == 127 for c in decoded):
        return Refusal(400)
    lower = raw.lower()
    if "//" in raw or "%2f" in lower or "%5c" in lower or {".", ".."} & set(decoded.split("/")):
        return Refusal(404)
    return _PERCENT.sub(_normal_escape, raw)


def _escape(char: str) -> str:
    return "".join(f"%{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))


def _normal_escape(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char.isascii() and (char.isalnum() or char in "-._~") else match[0].lower()


def _both(
    how: Literal["page", "part", "feed"], segments: list[str], number: int
) -> tuple[Candidate, ...]:
    """The path of ``segments`` with and without a slash at its end: sites have either."""
    if not segments:
        return (Candidate(how, "/", number),)
    path = "/" + "/".join(segments)
    return (Candidate(how, path + "/", number), Candidate(how, path, number))


def _decide_candidates(
    path: str, segments: list[str], zone: tzinfo, date_base: str
) -> tuple[Candidate, ...]:
    found: list[Candidate] = [Candidate("page", path)]
    if len(segments) >= 2 and segments[-2] == "page" and _NUMBER.match(segments[-1]):
        base, number = segments[:-2], int(segments[-1])
        found += _both("page", base, number)
        found += _derived(base, number, zone, date_base)
        if not base:
            found.append(Candidate("part", "/", number))
    elif segments and _NUMBER.match(segments[-1]):
        found += _both("part", segments[:-1], int(segments[-1]))
    found += _derived(segments, 1, zone, date_base)
    return tuple(found)


def _derived(
    segments: list[str], number: int, zone: tzinfo, date_base: str
) -> tuple[Candidate, ...]:
    """Archives that no document stands for: of dates, and of post formats."""
    return (*_dates(segments, number, zone, date_base), *_formats(segments, number, date_base))


def _formats(segments: list[str], number: int, base: str) -> tuple[Candidate, ...]:
    """``/type/aside/``: below the same base as the dates (register_taxonomy of post_format)."""
    front = [s for s in base.split("/") if s]
    if segments[:-1] != [*front, "type"] or not segments[-1].isalpha():
        return ()
    path = "/" + "/".join(segments) + "/"
    return (Candidate("list", f"format:{segments[-1]}@{path}", number),)


def _dates(segments: list[str], number: int, zone: tzinfo, date_base: str) -> tuple[Candidate, ...]:
    base = [s for s in date_base.split("/") if s]
    parts = segments[len(base) :]
    if segments[: len(base)] != base or not 1 <= len(parts) <= 3:
        return ()
    lengths = (4, 2, 2)
    if not all(
        p.isascii() and p.isdigit() and len(p) == n and int(p)
        for p, n in zip(parts, lengths, strict=False)
    ):
        return ()
    span = day_span(zone, *map(int, parts))
    path = "/" + "/".join(segments) + "/"
    return (Candidate("dates", f"{span[0]}:{span[1]}@{path}", number),) if span else ()


_FEEDS: dict[str, FeedFormat] = {
    "feed": "rss", "rss2": "rss", "rss": "rss", "rdf": "rss", "atom": "atom",
}  # fmt: skip


def _decide_feed(segments: list[str]) -> tuple[FeedFormat, list[str]] | None:
    """RSS 2.0 and Atom at WordPress's addresses; its older formats are answered with RSS 2.0.

    No post can have one of these names for a slug (wp_unique_post_slug).
    """
    form = _FEEDS.get(segments[-1]) if segments else None
    if form is None:
        return None
    base = segments[:-1]
    return form, base[:-1] if base[-1:] == ["feed"] else base


# WordPress's public query variables that name an object or a list by number.
_QUERY_REFS = {
    "p": "post", "page_id": "post", "attachment_id": "post", "cat": "term", "author": "user",
}  # fmt: skip


def _decide_query(query: str, zone: tzinfo, date_base: str) -> Route | None:
    """What ``/?p=12`` and its like ask for; None for a query that changes nothing."""
    try:
        pairs = dict(parse_qsl(query, max_num_fields=20, strict_parsing=False))
    except ValueError:
        return None
    feed = _FEEDS.get(pairs.get("feed", ""))
    number = next((int(v) for n in ("paged", "page") if _NUMBER.match(v := pairs.get(n, ""))), 1)
    for name, kind in _QUERY_REFS.items():
        value = pairs.get(name, "")
        if value.isascii() and value.isdigit() and int(value[:15]) > 0:
            found = Candidate("ref", f"{kind}:{int(value[:15])}", number)
            # What WordPress calls the feed of a post is one of its comments.
            return PageRoute("?", (found,), None if kind == "post" else feed)
    dates = _dates(_queried_date(pairs, date_base), number, zone, date_base)
    if dates:
        return PageRoute("?", dates, feed)
    if feed:
        return PageRoute("?", (Candidate("feed", "/"),), feed)
    if _NUMBER.match(pairs.get("paged", "")):
        return PageRoute("?", (Candidate("page", "/", number),))
    return None


def _queried_date(pairs: dict[str, str], date_base: str) -> list[str]:
    """Segments of the archive that ``m=202405`` or ``year=2024&monthnum=5`` means."""
    m = pairs.get("m", "")
    parts = [m[:4], m[4:6], m[6:8]] if m else [pairs.get("year", "")]
    if not m:
        parts += [pairs.get(name, "").zfill(2) for name in ("monthnum", "day") if name in pairs]
    return [*(s for s in date_base.split("/") if s), *(p for p in parts if p)]


def _sitemap_list(name: str) -> str:
    kind, _, rest = name.partition("-")
    return (
        "users"
        if name == "users"
        else f"{ {'posts': 'type', 'terms': 'terms'}.get(kind, '?') }:{rest}"
    )
