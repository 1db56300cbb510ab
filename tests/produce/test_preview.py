"""A preview's page over a real store: what is public stays, with the draft laid over it."""

from __future__ import annotations

import json
import time
from typing import Any

import lxml.etree
import lxml.html
import pytest
from sos.adapters.redis import RedisStore
from sos.content.preview import ContentPreview, parse_preview
from sos.content.sanitize import DEFAULT_EMBED_HOSTS
from sos.errors import DocumentError, StoreUnavailableError, TemplateError
from sos.produce.preview import PreviewedPage, PreviewProducer

from tests.page import documents as fake
from tests.page.documents import make_store
from tests.release.theme import release_of, theme
from tests.servers.content import HOME, batches, build_site
from tests.web.test_content_previews import build_payload, draft

PUBLIC = "https://www.example.org"


async def produce(
    store: RedisStore, preview: ContentPreview, release: Any = None, part: int = 1
) -> PreviewedPage:
    producer = PreviewProducer(PUBLIC, store, DEFAULT_EMBED_HOSTS)
    return await producer.produce(preview, release or theme(), part, lambda n: f"?part={n}")


@pytest.fixture
async def filled(store: RedisStore) -> RedisStore:
    for batch in batches(build_site(posts=30)):
        await store.apply(batch)
    return store


NEIGHBOURS = release_of(
    index="<html>{{ page.post.previous.url if page.post.previous }}"
    "|{{ page.post.next.url if page.post.next }}|{{ page.url }}</html>"
)


async def neighbours(store: RedisStore, **changes: Any) -> str:
    preview = parse_preview(build_payload(draft(**changes), "/a-draft/"))
    made = await produce(store, preview, NEIGHBOURS)
    return made.page.body.decode().removeprefix("<html>").removesuffix("</html>")


async def test_new_post_comes_after_the_newest(filled: RedisStore) -> None:
    """Its neighbour is what it would be if it were published now."""
    assert await neighbours(filled, number=999, at=time.time()) == "/post-129/||/a-draft/"


async def test_backdated_post_has_its_place_among_the_newest(filled: RedisStore) -> None:
    """Between the two posts of its time, which are hours apart."""
    entries = await filled.fetch_entries("type:post", -2, 2, int(time.time()))
    between = (entries[0].at + entries[1].at) / 2
    found = await neighbours(filled, number=999, at=between)
    assert found == f"{entries[0].path}|{entries[1].path}|/a-draft/"
    assert await neighbours(filled, number=999, at=1000) == "||/a-draft/"


async def test_public_post_keeps_its_neighbours(filled: RedisStore) -> None:
    """Those that its public page has."""
    found = await neighbours(filled, number=115, link=f"{HOME}/post-115/")
    assert found == "/post-114/|/post-116/|/a-draft/"


async def test_store_that_is_away_is_told() -> None:
    """Whoever asks says so."""
    away = RedisStore("redis://127.0.0.1:1", "www.example.org", 50)
    with pytest.raises(StoreUnavailableError):
        await produce(away, parse_preview(build_payload(draft(), "/a-draft/")))
    await away.aclose()


async def test_page_without_an_end_is_an_error(filled: RedisStore) -> None:
    """A release may fail on a draft, as on any page."""
    with pytest.raises(TemplateError):
        await produce(
            filled, parse_preview(build_payload(draft(), "/x/")), release_of(index="half")
        )


async def test_empty_store_shows_the_draft_all_the_same(store: RedisStore) -> None:
    """Before anything was published."""
    made = await produce(store, parse_preview(build_payload(draft(), "/a-draft/")))
    assert b"Not yet public." in made.page.body
    assert made.public == ""


async def test_documents_of_a_preview_are_sanitised_like_any_other(filled: RedisStore) -> None:
    """In text, title, excerpt, terms and names alike."""
    evil = (
        '<script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a>'
    )
    payload = build_payload(
        draft(title={"rendered": evil}, content={"rendered": evil}, excerpt={"rendered": evil},
              author=3, categories=[7], sos={"css": "</style>" + evil, "head": {"title": evil}}),
        "/a-draft/",
        ["user:3", "/author/x/", {"id": 3, "name": evil, "slug": "x", "description": evil}],
        ["term:7", "javascript:alert(1)", {"id": 7, "taxonomy": "category", "name": evil, "slug": "x"}],
        ["post:7", '"onclick="alert(1)', {"id": 7, "title": {"rendered": evil}}],
    )  # fmt: skip
    page = lxml.html.fromstring((await produce(filled, parse_preview(payload))).page.body)
    assert not [s for s in page.iter("script") if "alert" in (s.text or "")]
    for element in page.iter(tag=lxml.etree.Element):
        for name, value in element.attrib.items():
            assert not name.startswith("on"), (element.tag, name)
            assert not value.lower().startswith("javascript:"), (element.tag, name)


async def test_any_document_makes_a_page_or_words(filled: RedisStore) -> None:
    """Documents of odd shapes: a page, or an error that has words."""
    for odd in (
        {"id": 99}, {"id": 99, "type": 5, "title": [], "content": None, "author": "x"},
        {"id": 99, "type": "page", "parent": 99}, {"id": 99, "type": "sos_callout", "title": "x"},
        {"id": 99, "type": "attachment", "post": 98}, {"id": 99, "featured_media": 99},
    ):  # fmt: skip
        payload = json.loads(build_payload(draft(), "/x/"))
        payload["documents"] = [["post:99", "/x/", odd]]
        preview = parse_preview(json.dumps(payload).encode())
        try:
            made = await produce(filled, preview)
        except DocumentError:
            continue
        assert b"</html>" in made.page.body, odd


ROWS = release_of(
    index="<html>{% for c in page.callouts %}{{ c.title }}{% endfor %}"
    "{% for r in page.rows %}[{{ r.term.name }}:{% for p in r.posts %} {{ p.id }}{% endfor %}]"
    "{% endfor %}</html>"
)


@pytest.mark.parametrize("front", [{}, {"show_on_front": "page", "page_on_front": 30}])
async def test_preview_of_the_front_page_has_its_rows(front: dict[str, Any]) -> None:
    """Below a callout, and below another version of the page itself; no other draft has any."""
    store = make_store(
        *(fake.post(n, categories=[7]) for n in (1, 2)),
        fake.page(30, "welcome"),
        fake.term(7, "News"),
        fake.menu(fake.entry(1, "News", f"{fake.ADMIN}/category/news/")),
        site=fake.site(**front),
    )
    callout = draft(70, type="sos_callout", sos={"callout": {"placement": "banner"}})
    welcome = {**fake.page(30, "welcome"), "status": "draft"}
    shown = []
    for document, path in ((callout, ""), (welcome, "/"), (draft(99), "/a-draft/")):
        preview = parse_preview(build_payload(document, path))
        made = await PreviewProducer(PUBLIC, store, DEFAULT_EMBED_HOSTS).produce(
            preview, ROWS, 1, lambda n: ""
        )
        shown.append(made.page.body.decode().removeprefix("<html>").removesuffix("</html>"))
    assert shown == ["A draft[News: 2 1]", "[News: 2 1]" if front else "", ""]
