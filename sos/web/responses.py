"""From an answer to an HTTP response: conditional requests, codings, caching and security headers.

In: an `Answer`, and the request's headers that may matter: If-None-Match and Accept-Encoding,
nothing else. Out: an aiohttp response. Never touches the store.
"""

import time
from email.utils import formatdate
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from aiohttp import hdrs, web

from sos.cache.encodings import Coding, Variants, build_variants, choose, decide_coding
from sos.cache.headers import (
    HSTS,
    IMMUTABLE,
    SECURITY,
    Lifetimes,
    cache_headers,
    entity_tag,
    find_held,
    is_not_modified,
    page_headers,
)
from sos.cache.pages import CachedPage
from sos.release.assets import Asset
from sos.render import RenderedPage
from sos.web.pages import Answer

NEGATIVE = Lifetimes(max_age=10, revalidate=10, if_error=60)
"""Edge lifetimes of redirects and of pages that are not there; seconds."""

RETRY_AFTER = "2"

SERVER = "sos"
"""What answers say of the server: not which version of what it is made of."""

PRIVATE = {
    "Cache-Control": "private, no-store",
    "Surrogate-Control": "no-store",
    "CDN-Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
}
"""Headers of a preview: its address or its cookie holds a token."""

_OPENED = {"Cross-Origin-Opener-Policy": "unsafe-none"}
"""WordPress's editor opens one tab for a post's preview, and finds it again by this alone."""

_REASONS = {
    400: "Bad request",
    404: "Not found",
    405: "Method not allowed",
    408: "The request took too long",
    413: "No request body, please",
    416: "No such range",
    417: "Expectation failed",
    421: "Not a host of this site",
    431: "Too much in the head of the request",
    500: "Something went wrong",
    502: "The origin of this file did not answer",
    503: "Try again shortly",
}


class Reply(NamedTuple):
    """A response that no server has seen yet."""

    status: int
    headers: dict[str, str]
    body: bytes

    def find_held(self, tags: str | None, since: str | None) -> str:
        """The entity tag that a 304 has to name for a client that holds ``tags``, or what was
        current at ``since``; empty where it needs the body.

        RFC 9110, 13.2.2: If-None-Match first; a date counts only when it is exactly ours.
        """
        if self.status != 200:
            return ""
        if tags is not None:
            return find_held(tags, self.headers["ETag"])
        return self.headers["ETag"] if since == self.headers["Last-Modified"] else ""

    def without_body(self, tag: str) -> "Reply":
        """The same as 304 (RFC 9110, section 15.4.5).

        ``tag`` is that of the client's own copy, which may have been compressed otherwise (RFC
        9111, section 4.3.4).
        """
        headers = {n: v for n, v in self.headers.items() if n not in _OF_THE_BODY}
        headers["ETag"] = tag
        return Reply(304, headers, b"")


_OF_THE_BODY = {"Content-Type", "Content-Encoding", "Content-Security-Policy", *SECURITY}


@lru_cache(maxsize=1024)
def format_date(epoch: int) -> str:
    """As HTTP has dates (RFC 9110, section 5.6.7)."""
    return formatdate(epoch, usegmt=True)


class Responder:
    """Builds the responses of one site."""

    def __init__(self, lifetimes: Lifetimes, *, https: bool) -> None:
        self._lifetimes = lifetimes
        self._https = https
        self._assets: dict[str, tuple[str, Variants]] = {}

    def page(
        self, answer: Answer, request: web.BaseRequest, *, revision: int, stale_for: int
    ) -> web.Response:
        """The response for an answer that has a page. ``stale_for`` is in seconds."""
        if answer.entry is None:
            return self.plain(answer.status)
        coding = decide_coding(request.headers.get(hdrs.ACCEPT_ENCODING))
        reply = self.build_reply(
            answer, answer.entry, coding, revision=revision, stale_for=stale_for
        )
        held = _held_tags(request) if hdrs.IF_NONE_MATCH in request.headers else None
        if tag := reply.find_held(held, request.headers.get(hdrs.IF_MODIFIED_SINCE)):
            reply = reply.without_body(tag)
        body = reply.body or None
        return web.Response(status=reply.status, body=body, headers=reply.headers)

    def build_reply(
        self, answer: Answer, entry: CachedPage, coding: Coding, *, revision: int, stale_for: int
    ) -> Reply:
        """The page of ``entry`` in ``coding``, or the nearest that there is."""
        page = entry.page
        lifetimes = self._lifetimes if answer.status == 200 else NEGATIVE
        remaining = max(0, int(entry.until - time.time())) if entry.until else None
        headers = page_headers(page, https=self._https)
        headers.update(cache_headers(lifetimes, remaining=remaining, stale=answer.stale))
        headers["X-SOS-Content-Revision"] = str(revision)
        if answer.stale:
            headers["X-SOS-Stale"] = "partial" if entry.partial else str(stale_for)
        coding, body = choose(entry.variants, coding)
        headers["ETag"] = entity_tag(page.tag, coding, entry.variants.mark)
        headers["Last-Modified"] = format_date(entry.changed)
        if coding != "identity":
            headers["Content-Encoding"] = coding
        headers["Server"] = SERVER
        return Reply(answer.status, headers, body)

    def redirect(self, location: str, site: str) -> web.Response:
        """A permanent redirect to a path of this site."""
        headers = {**self._security(), **cache_headers(NEGATIVE, remaining=None, stale=False)}
        headers["Location"] = site + location if location.startswith("/") else site
        return web.Response(status=301, headers=headers)

    def plain(self, status: int, **headers: str) -> web.Response:
        """A short fixed text; nothing of the request is in it, and nobody may keep it."""
        reply = self.build_plain(status)
        response = web.Response(
            status=status, body=reply.body, headers={**reply.headers, **headers}
        )
        if 400 <= status < 500 and status != 404:
            response.force_close()
        return response

    def refusal(self, status: int) -> Reply:
        """The same, as the last word on a connection."""
        reply = self.build_plain(status)
        reply.headers["Connection"] = "close"
        return reply

    def build_plain(self, status: int) -> Reply:
        """A short fixed text."""
        fields = {
            **self._security(),
            "Cache-Control": "no-store",
            "Content-Type": "text/plain; charset=utf-8",
            "Server": SERVER,
        }
        if status == 503:
            fields["Retry-After"] = RETRY_AFTER
        return Reply(status, fields, f"{_REASONS.get(status, 'Error')}\n".encode())

    def preview(self, entry: CachedPage) -> web.Response:
        """A page that is for one reader alone."""
        return self._private(entry.page, {})

    def content_preview(self, page: RenderedPage) -> web.Response:
        """A page with a draft, for one reader alone."""
        return self._private(page, _OPENED)

    def preview_words(self, status: int, html: str, policy: str) -> web.Response:
        """Why there is no page, as a page of its own."""
        headers = {**self._security(), **PRIVATE, **_OPENED, "Content-Security-Policy": policy}
        if status == 503:
            headers["Retry-After"] = RETRY_AFTER
        return web.Response(status=status, text=html, content_type="text/html", headers=headers)

    def preview_redirect(self, location: str) -> web.Response:
        """To the address at which a preview is shown: a path of this site."""
        headers = {**self._security(), **PRIVATE, **_OPENED, "Location": location}
        return web.Response(status=303, headers=headers)

    def moved_preview(self, location: str, query: str) -> web.Response:
        """The same preview at another path of this site."""
        headers = {**self._security(), **PRIVATE, "Location": f"{location}?{query}"}
        return web.Response(status=302, headers=headers)

    def failed_preview(self, reason: str) -> web.Response:
        """Why the previewed release can't show this page."""
        fields = {**self._security(), **PRIVATE}
        return web.Response(status=500, text=f"{reason}\n", headers=fields)

    def verdict(self, status: int, word: str) -> web.Response:
        """The answer to a load balancer."""
        fields = {**self._security(), "Cache-Control": "no-store"}
        return web.Response(status=status, text=f"{word}\n", headers=fields)

    def unavailable(self, html: str) -> web.Response:
        """503 with the release's own page."""
        headers = {
            **self._security(),
            "Cache-Control": "no-store",
            "Retry-After": RETRY_AFTER,
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        }
        return web.Response(status=503, text=html, content_type="text/html", headers=headers)

    def asset(self, asset: Asset, request: web.BaseRequest) -> web.Response:
        """A static file of a release: it never changes under its address."""
        headers = {
            **self._security(),
            "Cache-Control": IMMUTABLE,
            "Content-Type": asset.media_type,
            "Vary": "Accept-Encoding",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        tag, variants = self._packed(asset)
        coding = decide_coding(request.headers.get(hdrs.ACCEPT_ENCODING))
        coding, body = choose(variants, coding)
        headers["ETag"] = entity_tag(tag, coding)
        if is_not_modified(_held_tags(request), headers["ETag"]):
            headers.pop("Content-Type")
            return web.Response(status=304, headers=headers)
        if coding != "identity":
            headers["Content-Encoding"] = coding
        return web.Response(body=body, headers=headers)

    def _packed(self, asset: Asset) -> tuple[str, Variants]:
        """Entity tag and codings of an asset; made once. Pictures and fonts are packed already."""
        packed = self._assets.get(asset.url)
        if packed is None:
            text = asset.media_type.startswith(("text/", "image/svg", "application/json"))
            variants = build_variants(asset.content) if text else Variants(asset.content)
            packed = (blake2b(asset.content, digest_size=12).hexdigest(), variants)
            self._assets[asset.url] = packed
        return packed

    def _private(self, page: RenderedPage, more: dict[str, str]) -> web.Response:
        headers = page_headers(page, https=self._https) | PRIVATE | more
        for name in ("Surrogate-Key", "Cache-Tag", "Vary"):
            headers.pop(name, None)
        return web.Response(status=page.status, body=page.body, headers=headers)

    def _security(self) -> dict[str, str]:
        return {**SECURITY, **({"Strict-Transport-Security": HSTS} if self._https else {})}


def _held_tags(request: web.BaseRequest) -> str:
    return ",".join(request.headers.getall(hdrs.IF_NONE_MATCH, ()))
