"""Whatever JSON lies where a document should be, a page comes of it, or none; never an exception."""

from __future__ import annotations

import json
from typing import Any, get_args
from xml.etree.ElementTree import fromstring

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sos.content.store import Brief, Candidate, Found, Record
from sos.metrics import Metrics
from sos.page.build import build_error, build_page
from sos.page.cards import Library
from sos.page.feed import build_feed
from sos.page.frame import BuiltPage
from sos.page.model import Kind
from sos.page.routes import FeedFormat
from sos.page.site import build_site
from sos.produce.documents import DocumentCache
from sos.render import render_page

from tests.page.documents import ADMIN, PUBLIC, entry, media, menu, page, post, site, term, user
from tests.release.theme import theme

FORMS: tuple[FeedFormat, ...] = ("rss", "atom")

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", " ", "<b>", "<script>alert(1)</script>", "&amp;<i>x</i>", '"><img src=x onerror=alert(1)>',
         "]]>", "../../x", "javascript:alert(1)", "http://[", f"{ADMIN}/x/", "//cms.example.org",
         "2024-05-17T12:00:00", "9999-12-31T23:59:59", "0001-01-01T00:00:00", "Europe/Berlin", "ar",
         "{{ 7 * 7 }}", "{% raw %}", "\u202e\u0000\u0007", "<!--nextpage-->", "F j, Y \\", "page"]
    ),
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-5, 12) | st.integers() | st.floats() | TEXTS
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(
        st.sampled_from(["rendered", "protected", "css", "head", "settings", "sizes", "width", "height",
                         "source_url", "archive_path", "items", "locations", "title", "description",
                         "language", "posts_per_page", "date_format", "canonical", "robots", "path"]),
        SCALARS | st.dictionaries(TEXTS, SCALARS, max_size=2), max_size=4),
)  # fmt: skip


def bent(document: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """The document with some of its members, or some that it does not have, changed to anything."""
    names = st.sampled_from(
        [*document, "sos", "media_details", "categories", "featured_media", "parent"]
    )
    return st.dictionaries(names, VALUES, max_size=4).map(
        lambda changes: json.dumps({**document, **changes}, default=str).encode()
    )


BRIEFS = st.builds(
    Brief, st.just("post:4"), st.sampled_from(["", "/x/", "//x"]), TEXTS, st.booleans()
)


@given(st.data())
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_document_makes_a_page_or_none(data: st.DataObject) -> None:
    """Through the whole of it: parse, build, render, feed."""
    draw = data.draw
    records = [
        Record(
            "post:5",
            1,
            "/x/",
            draw(bent(draw(st.sampled_from([post(5), page(5, "x"), media(5, 4)])))),
        ),
        Record("post:4", 1, draw(st.sampled_from(["", "/", "/4/"])), draw(bent(post(4)))),
        Record("post:9", 1, "/9/", draw(bent(media(9)))),
        Record("term:7", 1, draw(st.sampled_from(["", "/t/"])), draw(bent(term(7, "T")))),
        Record("user:3", 1, "/u/", draw(bent(user(3, "U")))),
    ]
    common = [
        Record("site", 1, "", draw(bent(site()))),
        Record("menu:1", 1, "", draw(bent(menu(entry(1, "E", "/e/"))))),
        Record(
            "types",
            1,
            "",
            draw(bent({"post": {"name": "P"}, "x": {"sos": {"archive_path": "/x/"}}})),
        ),
        Record("taxonomies", 1, "", draw(bent({"category": {"rest_base": "categories"}}))),
        Record("post:9", 1, "/9/", draw(bent(media(9)))),
    ]
    whole, _ = build_site(PUBLIC, common, draw(st.lists(BRIEFS, max_size=2)))
    documents = DocumentCache(Metrics(), None).parse("e", records)
    library = Library(whole, documents, {r.ref: r.path for r in records})
    primary = draw(st.sampled_from(["post:5", "post:9", "term:7", "user:3", "type:post", "type:x"]))
    candidate = draw(
        st.sampled_from(
            [Candidate("page", "/x/"), Candidate("page", "/"), Candidate("part", "/x/", 2),
             Candidate("ref", "post:5"), Candidate("feed", "/"), Candidate("page", "/x/", 2),
             Candidate("dates", "0:9@/1970/01/01/"), Candidate("list", "format:aside@/type/aside/")]
        )
    )  # fmt: skip
    listed = primary.startswith(("term", "user", "type")) or candidate.how in ("dates", "list")
    found = Found(
        rev=1,
        epoch="e",
        complete=True,
        status="found",
        candidate=0,
        primary=primary,
        list=draw(st.sampled_from(["type:post", "term:7"])) if listed else "",
        total=draw(st.integers(0, 40)),
        refs=("post:5", "post:4", "post:404"),
        records=tuple(records),
        previous=draw(st.none() | BRIEFS),
        next=draw(st.none() | BRIEFS),
        children=tuple(draw(st.lists(BRIEFS, max_size=2))),
        ancestors=tuple(draw(st.lists(BRIEFS, max_size=2))),
        sticky=draw(st.sampled_from([(), ("post:4",), ("post:77", "post:5")])),
    )
    built = build_page(library, found, candidate)
    for result in (built, build_error(library, 404, "", ("post:5", "post:8"))):
        if result is not None:
            judge(result)


def judge(built: BuiltPage) -> None:
    """What holds for every page."""
    model = built.page
    assert model.kind in get_args(Kind)
    assert model.title
    assert model.site.title
    assert all(c.label for c in model.posts)
    assert all(n == n.strip("/") and n.endswith(".html") and "/" not in n for n in model.templates)
    body = render_page(built, theme()).body
    assert body.rstrip().endswith(b"</html>")
    assert b"<script>alert" not in body
    assert b"onerror=alert(1)>" not in body
    assert b'href="javascript:' not in body
    assert b">49<" not in body
    for form in FORMS:
        fromstring(build_feed(model, form, "/feed/", excerpts=False).body)
