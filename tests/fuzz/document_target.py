"""Documents of any content: bytes in, a verdict on what the sanitiser and the pages make of them.

The first byte says what the others are: the JSON of a document as it lies in the store, or the HTML
of a field that an editor wrote.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sos.content.document import (
    parse_menu,
    parse_site,
    parse_taxonomies,
    parse_term,
    parse_types,
    parse_user,
)
from sos.content.post import Post, parse_post
from sos.content.sanitize import DEFAULT_EMBED_HOSTS, sanitize_html, sanitize_inline
from sos.content.store import Candidate, Found, Record
from sos.errors import DocumentError
from sos.metrics import Metrics
from sos.page.build import build_page
from sos.page.cards import Library
from sos.page.site import build_site
from sos.produce.documents import DocumentCache
from structlog.testing import capture_logs

from tests.content.markup import find_faults
from tests.page.documents import PUBLIC, entry, media, menu, post, site, term, user
from tests.page.test_any_document import judge as judge_page

PARSERS: tuple[Callable[[bytes], Any], ...] = (
    parse_post, parse_term, parse_user, parse_menu, parse_site, parse_types, parse_taxonomies,
)  # fmt: skip


class DocumentTarget:
    """Call `judge` with inputs."""

    def close(self) -> None:
        """Nothing to end."""

    def judge(self, data: bytes) -> None:
        """Raise AssertionError, or whatever is raised within, where something is wrong."""
        with capture_logs():  # each bad document is told of, which is not the question
            self._judge(data[:1], data[1:])

    def _judge(self, kind: bytes, rest: bytes) -> None:
        match kind:
            case b"{" | b"[":
                self._judge_json(kind + rest)
            case b"h":
                self._judge_html(rest.decode("utf-8", "replace"))
            case b"t":
                self._judge_inline(rest.decode("utf-8", "replace"))
            case _:
                self._judge_pages(rest.decode("utf-8", "replace"))

    def _judge_json(self, data: bytes) -> None:
        for parse in PARSERS:
            try:
                found = parse(data)
            except DocumentError:
                continue
            if isinstance(found, Post):
                for html in (*found.parts, found.excerpt):
                    _judge_markup(html, DEFAULT_EMBED_HOSTS)
        _build({"post:5": data, "term:7": data, "user:3": data, "post:9": data})

    def _judge_html(self, html: str) -> None:
        clean = sanitize_html(html)
        _judge_markup(clean, DEFAULT_EMBED_HOSTS)
        assert sanitize_html(clean) == clean, "sanitised again it changes"

    def _judge_inline(self, html: str) -> None:
        clean = sanitize_inline(html)
        _judge_markup(clean, frozenset())
        assert sanitize_inline(clean) == clean, "sanitised again it changes"

    def _judge_pages(self, text: str) -> None:
        """The same text wherever an editor can write one."""
        both = {"rendered": text, "protected": False}
        written = {"title": both, "content": both, "excerpt": both, "caption": both, "description": both,
                   "alt_text": text, "source_url": text, "link": text, "slug": text, "format": text}  # fmt: skip
        named = {"name": text, "description": text, "slug": text, "link": text}
        documents = {
            "post:5": post(5, **written, author=3, categories=[7], featured_media=9),
            "post:4": post(4, **{**written, "type": "page"}),
            "post:9": media(9, 4, **written),
            "term:7": {**term(7, "T"), **named},
            "user:3": {**user(3, "U"), **named},
            "site": site(name=text, description=text, site_icon_url=text, timezone_string=text),
            "menu:1": menu(entry(1, text, text, description=text, classes=[text], target=text)),
        }
        _build({ref: json.dumps(d).encode() for ref, d in documents.items()})


def _judge_markup(html: str, embed_hosts: frozenset[str]) -> None:
    faults = find_faults(html, embed_hosts)
    assert not faults, faults


def _build(documents: dict[str, bytes]) -> None:
    """Build and render pages of these documents, and judge them."""
    common = {"site": json.dumps(site()).encode(), **documents}
    records = [Record(ref, 1, f"/{ref[5:]}/", data) for ref, data in documents.items()]
    whole, _ = build_site(
        PUBLIC, [Record(r, 1, "", common[r]) for r in common if r[:4] in ("site", "menu")], []
    )
    parsed = DocumentCache(Metrics(), None).parse("e", records)
    library = Library(whole, parsed, {r.ref: r.path for r in records})
    for primary, name in (
        ("post:5", ""),
        ("post:9", ""),
        ("term:7", "term:7"),
        ("user:3", "author:3"),
    ):
        found = Found(
            rev=1,
            epoch="e",
            complete=True,
            status="found",
            candidate=0,
            primary=primary,
            list=name,
            total=2,
            refs=("post:5", "post:4", "post:9") if name else (),
            records=tuple(records),
        )
        built = build_page(library, found, Candidate("page", "/x/"))
        if built is not None:
            judge_page(built)
