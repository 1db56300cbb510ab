"""Addresses of a WordPress site: what a person gave, where a redirect may lead, what a path is.

In: URLs as text. Out: URLs and public paths, or a SourceError that says what is wrong. Pure: names
are not resolved here.
"""

import re
from urllib.parse import SplitResult, urljoin, urlsplit

from sos.content.paths import canonical_path
from sos.errors import SourceError

MAX_REDIRECTS = 5
"""Redirects that are followed for one request."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_site_url(text: str) -> str:
    """The address of a site as ``scheme://host[:port]/path/``; https where no scheme is given.

    Raises SourceError for credentials in it, other schemes, and what is no URL.
    """
    given = text.strip()
    parts = _split(given if "://" in given else f"https://{given}")
    if parts.username is not None or parts.password is not None:
        raise SourceError(
            "the URL holds a user name or password; leave them out of it and use --user and "
            "SOS_WP_PASSWORD instead"
        )
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise SourceError(f"not the address of a web site: {given!r}; expected https://host/")
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def decide_redirect(current: str, location: str, *, discovering: bool) -> str:
    """Where a redirect from ``current`` leads, if it stays within the site's own host.

    While a site is being discovered, ``www.`` may come or go and http may become https; afterwards
    only the latter. Raises SourceError otherwise, with the URL to give instead.
    """
    try:
        # It may stand in a message, and so on a terminal.
        target = re.sub(r"[\x00-\x20\x7f-\x9f]", "", urljoin(current, location))
    except ValueError as exc:
        raise SourceError(f"{current} redirects to {location!r}, which is no URL") from exc
    old, new = _split(current), _split(target)
    if new.username is not None or new.scheme not in _DEFAULT_PORTS or not new.hostname:
        raise SourceError(f"{current} redirects to {target!r}, which is no address of a web site")
    if (old.scheme, new.scheme) == ("https", "http"):
        raise SourceError(
            f"{current} redirects from https to {target}; if that is right, give the http address"
        )
    same = is_same_host(current, target)
    variant = _apex(old) == _apex(new) and _ports_fit(old, new)
    if not (same or (discovering and variant)):
        raise SourceError(
            f"{current} redirects to another host, {new.netloc}; if that is where the site lives, "
            f"give {new.scheme}://{new.netloc}/ instead"
        )
    return target


def is_same_host(one: str, other: str) -> bool:
    """Whether both name the same host and port; http's and https's own ports count as the same."""
    a, b = _split(one), _split(other)
    return a.hostname == b.hostname and _ports_fit(a, b)


def is_same_site(one: str, other: str) -> bool:
    """As `is_same_host`, with or without ``www.`` in front."""
    a, b = _split(one), _split(other)
    return _apex(a) == _apex(b) and _ports_fit(a, b)


def is_plain_link(link: str) -> bool:
    """Whether a permalink is a plain one (``/?p=12``), which has no path of its own."""
    return bool(_split(link).query)


def build_public_path(link: str, base: str) -> str:
    """Public path of a permalink on a site below ``base``; empty for a plain one.

    The twin of ``path_of_link`` in apply.lua.
    """
    parts = _split(link)
    if not parts.scheme or parts.query:
        return ""
    path = canonical_path(parts.path)
    if base and f"{path}/".startswith(f"{base}/"):
        path = path[len(base) :] or "/"
    return path


def build_base_path(home: str) -> str:
    """The folder that a site lives in, without a slash at its end; empty at the top of its host."""
    return canonical_path(_split(home).path).removesuffix("/")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as exc:
        raise SourceError(f"not a URL: {url!r}: {exc}") from exc
    return parts


def _apex(parts: SplitResult) -> str:
    return (parts.hostname or "").removeprefix("www.")


def _ports_fit(a: SplitResult, b: SplitResult) -> bool:
    default_a = a.port in (None, _DEFAULT_PORTS.get(a.scheme))
    default_b = b.port in (None, _DEFAULT_PORTS.get(b.scheme))
    if default_a and default_b:
        return True
    return (a.port or _DEFAULT_PORTS.get(a.scheme)) == (b.port or _DEFAULT_PORTS.get(b.scheme))
