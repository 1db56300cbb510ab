"""From the address that a person gave to a site's REST API, as WordPress's handbook describes it.

In: the address of a site or of any page of it. Out: a `Discovered` with the REST root and the page
that led to it; SourceError where there is no WordPress, or it lives on another host.
See developer.wordpress.org, REST API handbook, "Discovery".
"""

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin

import msgspec

from sos.errors import SourceError
from sos.wordpress.fetching import Fetcher, Patience
from sos.wordpress.site_url import is_same_site, parse_site_url
from sos.wordpress.source import (
    Answer,
    InvalidAnswerError,
    PassingSourceError,
    RestError,
    SourceHttp,
)

_RELATION = "https://api.w.org/"
_HEADER = re.compile(r"<([^>]*)>\s*;[^,]*?rel=\"?https://api\.w\.org/\"?")
_LINK = re.compile(r"<link\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(rel|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)


class Discovered(msgspec.Struct, frozen=True):
    """A site's REST root, its index as WordPress gave it, and the HTML of its home page."""

    home: str
    root: str
    index: dict[str, Any]
    html: str


async def discover_site(http: SourceHttp, url: str, patience: Patience | None = None) -> Discovered:
    """The REST API of the WordPress site at ``url``.

    Tried in turn: the Link header, the ``<link>`` element, ``wp-json/`` and ``?rest_route=/``.
    Raises SourceError, with what to do next, when there is none or it is on another host.
    """
    given = parse_site_url(url)
    hurried = msgspec.structs.replace(patience or Patience(), attempts=3)
    fetcher = Fetcher(http, hurried, discovering=True)
    page, refusal = await _read_home(fetcher, given)
    html = _decode_html(page) if page else ""
    folder = page.url if page and page.status == 200 else given
    guesses = (
        urljoin(folder, "wp-json/"),
        urljoin(folder, "?rest_route=/"),
        urljoin(folder, "/wp-json/"),
    )
    roots = [*(find_rest_roots(page, html) if page else ()), *guesses]
    for root in dict.fromkeys(roots):
        if not is_same_site(root, folder):
            raise SourceError(
                f"{given} has its REST API on another host: {root}; if that is the WordPress to "
                "import from, give that host's address instead"
            )
        try:
            return await _read_index(fetcher, root, html)
        except SourceError as exc:
            refusal = refusal or exc
    if isinstance(refusal, PassingSourceError):
        raise refusal
    invalid = isinstance(refusal, InvalidAnswerError | RestError) and not _is_closed(refusal)
    raise (InvalidAnswerError if invalid else SourceError)(
        f"no WordPress REST API that visitors may read at {given}: {refusal}; give the address of "
        "the site's home page, and make sure that anyone can read its /wp-json/wp/v2/posts"
    )


def _is_closed(error: SourceError) -> bool:
    return isinstance(error, RestError) and error.status in (401, 403)


async def _read_home(fetcher: Fetcher, url: str) -> tuple[Answer | None, SourceError | None]:
    """The home page, or why there is none: a site that shows nothing itself may still have REST."""
    try:
        return await fetcher.fetch_text(url), None
    except PassingSourceError as exc:
        if exc.kind == "unreachable":
            raise
        return None, exc
    except SourceError as exc:
        return None, exc


def find_rest_roots(answer: Answer, html: str) -> list[str]:
    """What a page says of where the REST API is: its Link header, then its ``<link>`` element."""
    found = _HEADER.findall(answer.headers.get("link", ""))
    for tag in _LINK.findall(html[:500_000]):
        attributes = {
            name.lower(): unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(tag)
        }
        if attributes.get("rel") == _RELATION:
            found.append(attributes.get("href", ""))
    return [root for f in found if f and (root := _join(answer.url, f))]


def _join(base: str, relative: str) -> str:
    try:
        return urljoin(base, relative)
    except ValueError:
        return ""


async def _read_index(fetcher: Fetcher, root: str, html: str) -> Discovered:
    index, answer = await fetcher.fetch_json(root)
    if not isinstance(index, dict) or not isinstance(index.get("namespaces"), list):
        raise InvalidAnswerError(f"{root} is not the index of a WordPress REST API")
    if "wp/v2" not in index["namespaces"]:
        raise InvalidAnswerError(f"{root} does not offer wp/v2, which posts and pages are read by")
    home = index.get("home") or index.get("url")
    if not isinstance(home, str) or not home.startswith(("http://", "https://")):
        raise InvalidAnswerError(f"{root} does not say where the site is (home, url)")
    return Discovered(home=home, root=answer.url, index=index, html=html)


def _decode_html(answer: Answer) -> str:
    kind = answer.headers.get("content-type", "")
    if "html" not in kind:
        return ""
    charset = re.search(r"charset=[\"']?([\w-]+)", kind)
    try:
        return answer.body.decode(charset[1] if charset else "utf-8", "replace")
    except LookupError:
        return answer.body.decode("utf-8", "replace")
