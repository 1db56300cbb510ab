"""HTTP headers of a page: caching for browsers, edges and surrogates, and security. Pure.

Sources: RFC 9111 (Cache-Control), RFC 5861 (stale-while-revalidate, stale-if-error), RFC 9213
(CDN-Cache-Control), the Edge Architecture Specification (Surrogate-Control), RFC 6797 (HSTS).
"""

import re

import msgspec

from sos.cache.keys import surrogate_keys
from sos.render import RenderedPage


class Lifetimes(msgspec.Struct, frozen=True):
    """How long an edge may keep a page, seconds; from the settings."""

    max_age: int
    revalidate: int
    if_error: int


STALE_MAX_AGE = 1
"""Edge lifetime of what was rendered from stale or partial content, seconds."""

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HSTS = "max-age=31536000"
IMMUTABLE = "public, max-age=31536000, immutable"

_OPAQUE_TAG = re.compile(r'"[^"]*"')
_MARK = re.compile(r'-q[0-9a-f]{8}"\Z')


def page_headers(page: RenderedPage, *, https: bool) -> dict[str, str]:
    """Headers that stay the same as long as the page does."""
    keys = surrogate_keys(page.depends, page.release)
    headers = {
        "Content-Type": page.content_type,
        "Vary": "Accept-Encoding",
        "Surrogate-Key": " ".join(keys),
        "Cache-Tag": ",".join(keys),
        "X-SOS-Release": page.release,
        "Content-Security-Policy": page.csp,
        **SECURITY,
    }
    if https:
        headers["Strict-Transport-Security"] = HSTS
    return headers


def cache_headers(lifetimes: Lifetimes, *, remaining: int | None, stale: bool) -> dict[str, str]:
    """Caching headers. ``remaining`` is the time until the page changes by itself, seconds.

    Until then the edge may keep it, not a second longer: neither fresh nor while it revalidates.
    """
    max_age, revalidate = lifetimes.max_age, lifetimes.revalidate
    if stale:
        max_age, revalidate = min(max_age, STALE_MAX_AGE), min(revalidate, STALE_MAX_AGE)
    if remaining is not None:
        max_age = max(0, min(max_age, remaining))
        revalidate = max(0, min(revalidate, remaining - max_age))
    tail = f"stale-while-revalidate={revalidate}, stale-if-error={lifetimes.if_error}"
    return {
        "Cache-Control": f"public, max-age=0, s-maxage={max_age}, {tail}",
        "Surrogate-Control": f"max-age={max_age}, {tail}",
        "CDN-Cache-Control": f"max-age={max_age}, {tail}",
    }


def entity_tag(tag: str, coding: str, mark: str = "") -> str:
    """Strong entity tag of one coding of a page (RFC 9110, section 8.8.3.3).

    ``mark`` is that of the `Variants` which the body is one of: other bytes have another tag.
    """
    if coding == "identity":
        return f'"{tag}"'
    return f'"{tag}-{coding}-{mark}"' if mark else f'"{tag}-{coding}"'


def is_not_modified(if_none_match: str | None, tag: str) -> bool:
    """Whether a client holds the body with the entity tag ``tag`` (RFC 9110, section 13.1.2).

    Only the coding that it would be sent counts: a cache that asks with the tags of all codings it
    has, for a client that takes one of them, sends on the one that the answer names. Within a
    coding, it is the same whether it was compressed in haste or at leisure.
    """
    return bool(find_held(if_none_match, tag))


def find_held(if_none_match: str | None, tag: str) -> str:
    """The one of the client's tags that a 304 has to name; empty where it needs the body."""
    if not if_none_match:
        return ""
    if if_none_match.strip() == "*":
        return tag
    held = _OPAQUE_TAG.findall(if_none_match)
    if tag in held:
        return tag
    plain = _MARK.sub('"', tag)
    return next((t for t in held if _MARK.sub('"', t) == plain), "")
