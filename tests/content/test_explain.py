"""A page is explained by the documents that it is made of, or by why there is none."""

from __future__ import annotations

from sos.adapters.redis import RedisStore
from sos.content.explain import Explanation, explain_path
from sos.content.store import Operation

from tests.servers.fake_wordpress import FakeSite, serve_fake
from tests.wordpress.importing import run_import


async def explain(store: RedisStore, path: str, site: FakeSite | None = None) -> Explanation:
    async with serve_fake(site or FakeSite().fill(posts=12)) as url:
        await run_import(url, store)
    return await explain_path(store, store, path)


def roles(explanation: Explanation) -> dict[str, str]:
    return {p.ref: p.role for p in explanation.parts}


async def test_a_post_is_explained_by_itself_its_author_its_terms_and_its_neighbours(
    store: RedisStore,
) -> None:
    """With what the writer derived: path, lists and what it refers to."""
    found = await explain(store, "/2020/post-101/")
    assert (found.status, found.words) == ("found", "/2020/post-101/ is post:101")
    assert roles(found) == {
        "post:101": "primary",
        "user:1": "author",
        "term:1": "term",
        "post:9": "media",
        "post:100": "previous",
        "post:102": "next",
    }
    primary = found.parts[0]
    assert (primary.ref, primary.type, primary.title) == ("post:101", "post", "Post 101")
    assert primary.revision > 0
    assert "type:post" in primary.lists
    assert set(primary.deps) == {"user:1", "term:1", "post:9"}
    assert found.complete


async def test_a_list_is_explained_by_its_posts(store: RedisStore) -> None:
    """A category, with its number of posts in all."""
    found = await explain(store, "/category/news/")
    assert (found.list, found.total) == ("term:1", 12)
    assert list(roles(found).values()).count("listed") == 10
    assert roles(found)["term:1"] == "primary"
    assert "10 of 12" in found.words


async def test_callouts_are_told_apart_on_the_front_page(store: RedisStore) -> None:
    """Whoever wonders where a banner comes from finds its number."""
    await explain(store, "/")
    body = b'{"id": 700, "type": "sos_callout", "status": "publish", "title": "Storm"}'
    await store.apply([Operation("put", "post:700", await store.take_sequence(), body)])
    found = await explain_path(store, store, "/")
    (callout,) = [p for p in found.parts if p.role == "callout"]
    assert (callout.ref, callout.title, callout.path) == ("post:700", "Storm", "")


async def test_what_stands_on_every_page_is_told_apart(store: RedisStore) -> None:
    """Site, types, taxonomies, and pages in place of a menu."""
    found = await explain(store, "/")
    assert {p.ref: p.role for p in found.common} == {
        "site": "every page",
        "types": "every page",
        "taxonomies": "every page",
        "post:50": "menu of pages",
        "post:51": "menu of pages",
    }


async def test_a_whole_url_will_do_in_any_spelling(store: RedisStore) -> None:
    """Its path is what counts."""
    found = await explain(store, "https://www.example.org/2020/p%6Fst-101/?x=1")
    assert (found.path, found.status) == ("/2020/post-101/", "found")


async def test_a_moved_page_leads_to_its_new_path(store: RedisStore) -> None:
    """As visitors are redirected."""
    site = FakeSite().fill()
    await explain(store, "/", site)
    site.edit("posts", 101, slug="elsewhere")
    found = await explain(store, "/2020/post-101/", site)
    assert (found.status, found.target) == ("moved", "/2020/elsewhere/")
    assert found.words == "/2020/post-101/ has moved to /2020/elsewhere/"


async def test_a_removed_page_is_told_apart_from_one_that_never_was(store: RedisStore) -> None:
    """410 and 404."""
    site = FakeSite().fill()
    await explain(store, "/", site)
    site.remove("posts", 101)
    found = await explain(store, "/2020/post-101/", site)
    assert found.status == "gone"
    assert "410" in found.words
    assert (await explain_path(store, store, "/never/")).words.startswith("/never/ does not exist")


async def test_an_empty_store_is_said_to_be_incomplete(store: RedisStore) -> None:
    """Rather than that the page does not exist."""
    found = await explain_path(store, store, "/x/")
    assert (found.status, found.complete) == ("none", False)
    assert "import the site first" in found.words


async def test_a_protected_page_is_marked(store: RedisStore) -> None:
    """So that nobody wonders where its text is."""
    site = FakeSite().fill()
    site.edit("posts", 101, content={"rendered": "", "protected": True})
    found = await explain(store, "/2020/post-101/", site)
    assert found.parts[0].protected
