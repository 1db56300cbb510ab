"""Responses of ``sos dev``: pages, words and files in; out comes what nobody may keep."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from sos.cache.headers import SECURITY, page_headers
from sos.dev.builds import Build
from sos.dev.error_page import build_error_page
from sos.dev.events import State
from sos.dev.injection import insert_client
from sos.dev.problems import explain
from sos.errors import TemplateError
from sos.render import RenderedPage

PRIVATE: Final = {**SECURITY, "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
ERROR_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; "
    "connect-src 'self'; frame-ancestors 'self'"
)


def answer_page(
    page: RenderedPage, state: State, *, good: bool = False, until: float = 0.0
) -> web.Response:
    """A page that follows, under the policy that it has on the public site.

    For ``good`` and ``until`` see `build_tag`.
    """
    headers = {**page_headers(page, https=False), **PRIVATE}
    body = page.body
    if page.content_type.startswith("text/html"):
        body = insert_client(body, state, good=good, until=until)
    return web.Response(status=page.status, body=body, headers=headers)


def answer_problems(
    build: Build,
    state: State,
    problems: Sequence[TemplateError],
    *,
    good: str = "",
    overview: bool = False,
) -> web.Response:
    """What is wrong, as a page. ``good`` leads to the last good one; an ``overview`` is of all that
    is wrong, and is no failure itself."""
    explained = [explain(problem, build) for problem in problems]
    html = build_error_page(explained, state, good=good, overview=overview)
    return answer_html(html, ERROR_POLICY, status=200 if overview else 500)


def answer_html(html: str, policy: str, status: int = 200) -> web.Response:
    """A page of our own."""
    headers = {**PRIVATE, "Content-Security-Policy": policy}
    return web.Response(status=status, text=html, content_type="text/html", headers=headers)


def answer_file(content: bytes, media_type: str, caching: str = "no-store") -> web.Response:
    """A file, which is shown as nothing but what it is."""
    headers = {**PRIVATE, "Cache-Control": caching, "Content-Type": media_type}
    return web.Response(body=content, headers=headers)


def answer_redirect(location: str, status: int = 302) -> web.Response:
    """To another address of this site."""
    return web.Response(status=status, headers={**PRIVATE, "Location": location})


def answer_plain(status: int, text: str) -> web.Response:
    """A line of text."""
    return web.Response(status=status, text=f"{text}\n", headers=PRIVATE)
