"""The theme's pages on loopback, each kind once: page models in, addresses out.

Kinds are the full pages of the fixtures that every release is tried on, and what these leave out.
Pictures are drawn here. The style sheet can be spoiled, to prove that a test notices.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

import msgspec
from sos.page.model import PageModel
from sos.release.fixtures import build_fixtures

from tests.release.theme import theme

OTHERS = (
    "front without callouts",
    "front with a banner",
    "page protected",
    "single last part",
    "category empty",
    "404 of an empty site",
)
"""Pages that look different from the full page of their kind."""

UNAVAILABLE, DEMO = "unavailable", "demo-front"

_PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="1067" viewBox="0 0 1600 1067">'
    b'<path fill="#8fb0a5" d="M0 0h1600v1067H0z"/><path fill="#c8643c" d="M200 200h400v500H200z"/>'
    b'<path fill="#223f57" d="M0 760h1600v307H0z"/></svg>'
)


@cache
def build_pages() -> Mapping[str, PageModel]:
    """The pages that are looked at, by a name that can stand in a file name."""
    fixtures = build_fixtures()
    names = [name for name in fixtures if name.endswith(" full")]
    return {name.replace(" ", "-"): _apart(fixtures[name]) for name in (*names, *OTHERS)}


def _apart(page: PageModel) -> PageModel:
    """The page with callouts whose text has no name that the post's text has as well."""
    callouts = tuple(
        msgspec.structs.replace(c, content=c.content.replace(' id="lists"', f' id="{c.placement}"'))
        for c in page.callouts
    )
    return msgspec.structs.replace(page, callouts=callouts)


class Showcase:
    """A server on loopback; ``spoil`` is appended to every style sheet."""

    def __init__(self, address: str) -> None:
        self.base = address
        self.spoil = b""
        self._html: dict[str, bytes] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All pages."""
        return (*build_pages(), UNAVAILABLE)

    def add_demo(self, front: bytes) -> None:
        """Show the front page of the sample site too, as a node served it, under `DEMO`; with the
        pictures that all pages here have, so that its few colours are those of the theme."""
        self._html[DEMO] = front

    def add_page(self, name: str, page: PageModel) -> str:
        """Show one more page; its address."""
        self._html[name] = theme().render(page).encode()
        return self.url(name)

    def url(self, name: str) -> str:
        """Where a page is."""
        return f"{self.base}/pages/{quote(name)}"

    def fetch_html(self, name: str) -> bytes:
        """A page as the theme renders it."""
        if name not in self._html:
            pages = build_pages()
            text = theme().unavailable if name == UNAVAILABLE else theme().render(pages[name])
            self._html[name] = text.encode()
        return self._html[name]

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body for a path."""
        if path.startswith("/pages/"):
            name = unquote(path.removeprefix("/pages/"))
            if name in self.names or name in self._html:
                return 200, "text/html; charset=utf-8", self.fetch_html(name)
        if asset := theme().assets.get(path):
            spoil = self.spoil if path.endswith("blocks.css") else b""
            return 200, asset.media_type, asset.content + spoil
        if path.startswith("/wp-content/") or path == "/favicon.ico":
            return 200, "image/svg+xml", _PICTURE
        return 404, "text/html; charset=utf-8", b"<!DOCTYPE html><title>Not here</title>"


@contextmanager
def open_showcase() -> Iterator[Showcase]:
    """The server, for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, media_type, body = showcase.answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    showcase = Showcase(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield showcase
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
