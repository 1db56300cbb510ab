"""The site of these tests: some of everything that has an address."""

from __future__ import annotations

from tests.page.documents import entry, make_store, menu, page, post, term, user
from tests.page.fake_store import FakeStore

POSTS = 40
"""Posts of the site, the last of which are on the front page."""


def make_content() -> FakeStore:
    """Posts, pages, a term, an author, a menu, something that moved, and something gone."""
    posts = [post(n, author=3, categories=[7]) for n in range(10, 10 + POSTS)]
    store = make_store(
        *posts,
        post(5, author=3, categories=[7]),
        post(4, link="https://cms.example.org/caf%C3%A9/", slug="caf%c3%a9"),
        page(6, "about"),
        post(8),
        post(9),
        term(7, "News"),
        user(3, "Jo"),
        menu(entry(1, "About", "/about/")),
    )
    store.remove("post:8")
    store.put("post:9", post(9, link="https://cms.example.org/moved/"))
    return store
