"""The sample site in a real Valkey: it is taken whole, and every address in it leads somewhere."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest_asyncio
from sos.adapters.redis import RedisStore
from sos.content.store import Candidate, Found, Operation

from tests.demo.conftest import NOW, SITE

# What a tour of all kinds of pages leads to.
ON_PURPOSE = {"/the-tuba/": ("none",), "/late-boat-canceled-tonight/": ("gone",)}

Documents = dict[str, dict[str, Any]]

# Answered by the node itself, not by a document.
OF_THE_NODE = ("/feed/", "/sitemap.xml", "/?p=", "/wp-content/uploads/", "/page/", "/20")


@pytest_asyncio.fixture
async def filled(store: RedisStore, operations: list[Operation]) -> RedisStore:
    """A store that holds the sample site."""
    outcomes = await store.apply(operations)
    assert set(outcomes) == {"applied"}
    return store


async def fetch(store: RedisStore, path: str, now: int) -> Found:
    return await store.fetch_page([Candidate("page", path)], now, -1)


async def test_first_application_applies_all_and_the_second_changes_nothing(
    filled: RedisStore, operations: list[Operation]
) -> None:
    """Restarting the demo with the same documents is no event."""
    before = await filled.fetch_meta()
    later = [msgspec.structs.replace(o, seq=2) for o in operations]
    assert set(await filled.apply(later)) == {"unchanged"}
    assert (await filled.fetch_meta())["rev"] == before["rev"]


async def test_store_is_complete_and_every_document_has_its_path(
    filled: RedisStore, documents: Documents
) -> None:
    """No two documents want the same path, and none that should have one is without."""
    meta = await filled.fetch_meta()
    assert meta["ready"] == "1"
    assert int(meta["docs"]) == len(documents)
    entries = await filled.fetch_all_entries()
    for ref, doc in documents.items():
        expected = doc["link"].removeprefix(SITE) if "link" in doc else ""
        assert entries[ref].path == expected, ref
        if expected:
            found = await fetch(filled, expected, NOW + 3600)
            gone = "expires_gmt" in doc.get("sos", {})
            assert (found.status, found.primary or ref) == ("gone" if gone else "found", ref)


async def test_every_link_in_the_site_leads_to_something(
    filled: RedisStore, documents: Documents
) -> None:
    """Content, descriptions and menus link only to pages that exist, or that moved to one."""
    links = set()
    for doc in documents.values():
        for field in ("content", "excerpt", "description", "caption"):
            value = doc.get(field)
            markup = value["rendered"] if isinstance(value, dict) else value or ""
            links |= set(re.findall(r'href="([^"#]+)', markup))
        for item in doc.get("sos", {}).get("items", []) if "locations" in doc else []:
            links.add(item["url"])
    own = [link.removeprefix(SITE) for link in links if link.startswith(SITE)]
    assert len(own) > 60
    for path in own:
        if not path.startswith(OF_THE_NODE):
            assert urlsplit(path).query == ""
            whole = re.sub(r"/\d/$", "/", path)  # a part of a post
            found = await fetch(filled, whole, NOW + 61)
            expected = ON_PURPOSE.get(path, ("found", "moved"))
            assert found.status in expected, path
    foreign = {link for link in links if not link.startswith((SITE, "#"))}
    assert all(urlsplit(link).netloc.endswith("example.org") for link in foreign), foreign


async def test_front_page_shows_the_scheduled_post_at_its_second(filled: RedisStore) -> None:
    """One moment before it is not there, and then it stands on top."""
    before, after = await fetch(filled, "/", NOW + 59), await fetch(filled, "/", NOW + 60)
    assert before.sticky == after.sticky == ("post:1044",)
    assert "post:1047" not in before.refs
    assert after.refs[0] == "post:1047"
    assert after.total == before.total + 1
    assert (await fetch(filled, "/the-heron-is-back/", NOW + 59)).status == "none"
    assert (await fetch(filled, "/the-heron-is-back/", NOW + 60)).status == "found"


async def test_notice_takes_itself_down_and_is_gone(filled: RedisStore) -> None:
    """After its last second it is neither listed nor found."""
    path = "/water-off-in-quay-street/"
    assert (await fetch(filled, path, NOW + 899)).status == "found"
    assert (await fetch(filled, path, NOW + 900)).status == "gone"
    assert "post:1046" not in (await fetch(filled, "/", NOW + 900)).refs


async def test_takeover_comes_after_five_minutes_and_goes_after_fifteen(
    filled: RedisStore,
) -> None:
    """The banner is there from the beginning; neither stands anywhere but on the front page."""
    banner, takeover = "post:401", "post:402"
    for moment, shown in ((0, {banner}), (299, {banner}), (300, {banner, takeover})):
        assert set((await fetch(filled, "/", NOW + moment)).callouts) == shown, moment
    assert set((await fetch(filled, "/", NOW + 899)).callouts) == {banner, takeover}
    assert set((await fetch(filled, "/", NOW + 900)).callouts) == {banner}
    assert (await fetch(filled, "/are-you-on-the-roll/", NOW + 400)).status == "none"


async def test_old_addresses_move_to_the_new_ones(filled: RedisStore) -> None:
    """Redirects that a document carries are in the store."""
    found = await fetch(filled, "/get-in-touch/", NOW)
    assert (found.status, found.path) == ("moved", "/contact/")


async def test_archives_list_what_their_terms_hold(filled: RedisStore) -> None:
    """A parent category shows the posts of those below it; events and districts have archives."""
    for path, least in (
        ("/category/town-hall/", 8),
        ("/category/harbor/", 13),
        ("/category/town-hall/elections/results/", 2),
        ("/tag/nature/", 8),
        ("/district/old-harbor/", 10),
        ("/author/harbor-desk/", 10),
        ("/events/", 10),
    ):
        found = await fetch(filled, path, NOW)
        assert (found.status, found.total >= least) == ("found", True), (path, found.total)


async def test_pages_know_their_parents_and_children(filled: RedisStore) -> None:
    """The tree of pages is three levels deep."""
    deepest = await fetch(filled, "/about/team/our-harbor-desk/", NOW)
    assert [a.path for a in deepest.ancestors] == ["/about/", "/about/team/"]
    about = await fetch(filled, "/about/", NOW)
    assert [c.title for c in about.children] == [
        "Who does what",
        "How we decide",
        "Our history",
        "Tidewick at a glance",
    ]
