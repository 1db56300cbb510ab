"""WordPress's REST documents, made in one line, for tests of what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sos.content.store import Candidate
from sos.metrics import Metrics
from sos.page.build import build_page
from sos.page.cards import Library
from sos.page.frame import BuiltPage
from sos.page.routes import PageRoute, Refusal, decide_route
from sos.page.site import build_site
from sos.produce.documents import DocumentCache
from sos.produce.reading import decide_candidates

from tests.page.fake_store import FakeStore

ADMIN = "https://cms.example.org"
PUBLIC = "https://www.example.com"
NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)

Json = dict[str, Any]


def stamp(epoch: float) -> str:
    """A time as WordPress writes it, in UTC."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def site(**changes: Any) -> Json:
    """The `site` document."""
    return {
        "name": "The Example",
        "description": "All about it",
        "home": ADMIN,
        "url": ADMIN,
        "timezone_string": "",
        "gmt_offset": 0,
        "show_on_front": "posts",
        **changes,
    }


def post(number: int, **changes: Any) -> Json:
    """Post ``number``, published ``number`` minutes after NOON, with a body of its own."""
    at = changes.pop("at", NOON.timestamp() + 60 * number)
    return {
        "id": number,
        "type": "post",
        "status": "publish",
        "slug": f"post-{number}",
        "link": f"{ADMIN}/post-{number}/",
        "date": stamp(at),
        "date_gmt": stamp(at),
        "modified_gmt": stamp(at),
        "title": {"rendered": f"Post {number}"},
        "content": {"rendered": f"<p>Body of {number}.</p>", "protected": False},
        "excerpt": {"rendered": f"<p>Excerpt of {number}.</p>", "protected": False},
        **changes,
    }


def page(number: int, slug: str, **changes: Any) -> Json:
    """A page at ``/slug/``."""
    fields = {"type": "page", "slug": slug.rpartition("/")[2], "link": f"{ADMIN}/{slug}/"}
    return post(number, **{**fields, "title": {"rendered": slug.title()}, **changes})


def protected(document: Json) -> Json:
    """The same document as REST gives it to who has no password, were it to forget its duty."""
    return {
        **document,
        "content": {"rendered": "<p>TOP SECRET body</p>", "protected": True},
        "excerpt": {"rendered": "<p>TOP SECRET excerpt</p>", "protected": True},
    }


def media(number: int, parent: int = 0, **changes: Any) -> Json:
    """A picture of the media library, with three sizes."""
    base = f"{ADMIN}/wp-content/uploads/2024/05/picture-{number}"
    sizes = {
        "medium": {"source_url": f"{base}-300x200.jpg", "width": 300, "height": 200},
        "thumbnail": {"source_url": f"{base}-150x150.jpg", "width": 150, "height": 150},
    }
    return {
        **post(number, type="attachment", slug=f"picture-{number}"),
        "link": f"{ADMIN}/picture-{number}/",
        "status": "inherit",
        "post": parent or None,
        "mime_type": "image/jpeg",
        "alt_text": f"Alternative {number}",
        "source_url": f"{base}.jpg",
        "caption": {"rendered": f"<p>Caption {number}</p>"},
        "description": {"rendered": f"<p>Description {number}</p>"},
        "media_details": {"width": 1200, "height": 800, "filesize": 123456, "sizes": sizes},
        **changes,
    }


def term(number: int, name: str, taxonomy: str = "category", **changes: Any) -> Json:
    """A term with its archive at ``/taxonomy/name/``."""
    slug = name.lower().replace(" ", "-")
    return {
        "id": number,
        "name": name,
        "slug": slug,
        "taxonomy": taxonomy,
        "link": f"{ADMIN}/{taxonomy}/{slug}/",
        "description": "",
        "parent": 0,
        **changes,
    }


def user(number: int, name: str, **changes: Any) -> Json:
    """An author with an archive."""
    slug = name.lower().replace(" ", "-")
    return {"id": number, "name": name, "slug": slug, "link": f"{ADMIN}/author/{slug}/", **changes}


def menu(*items: Json, locations: tuple[str, ...] = ("primary",), number: int = 1) -> Json:
    """A menu at these locations of the theme."""
    return {
        "id": number,
        "slug": f"menu-{number}",
        "sos": {"locations": list(locations), "items": list(items)},
    }


def entry(number: int, title: str, url: str, parent: int = 0, **changes: Any) -> Json:
    """An entry of a menu, in the order of its number."""
    return {
        "id": number,
        "title": {"rendered": title},
        "url": url,
        "parent": parent,
        "menu_order": number,
        **changes,
    }


def make_store(*documents: Json, **common: Json) -> FakeStore:
    """A complete store of a site with these documents; ``site``, ``types`` … are ``common``."""
    store = FakeStore()
    for ref, document in {"site": site(), **common}.items():
        store.put(ref, document)
    for document in documents:
        store.put(reference(document), document)
    store.ready = True
    return store


def reference(document: Json) -> str:
    """``post:12`` of a document that says itself what it is."""
    if "taxonomy" in document:
        return f"term:{document['id']}"
    if "sos" in document and "items" in document["sos"]:
        return f"menu:{document['id']}"
    return f"post:{document['id']}" if "type" in document else f"user:{document['id']}"


async def build_at(
    store: FakeStore, path: str, query: str = "", *, now: float = 0, public: str = PUBLIC
) -> BuiltPage | None:
    """The page that ``path`` shows, by the pure functions alone; None where there is none."""
    first = await store.fetch_page([Candidate("page", "/")], int(now or store.now), -1)
    whole, unreadable = build_site(public, first.common, first.top_pages, first.hidden)
    assert not unreadable
    route = decide_route(path, query, whole.zone, whole.document.date_base)
    assert not isinstance(route, Refusal)
    assert isinstance(route, PageRoute)
    candidates = decide_candidates(route, whole)
    found = await store.fetch_page(candidates, int(now or store.now), -1)
    if found.status != "found":
        return None
    documents = DocumentCache(Metrics(), None).parse(found.epoch, found.records)
    library = Library(whole, documents, {r.ref: r.path for r in found.records})
    return build_page(library, found, candidates[found.candidate])
