"""Rows of topics as visitors meet them: what an editor changes shows on the front page at once."""

from __future__ import annotations

import re
from typing import Any

from sos.cache.headers import page_headers

from tests.page.documents import ADMIN, entry, make_store, menu, post, site, stamp, term
from tests.page.fake_store import FakeStore
from tests.release.theme import release_of
from tests.web.test_pages import NOW, Service, Start, patience, start

__all__ = ["patience", "start"]

THEME = release_of(
    index="<html>{% for r in page.rows %}[{{ r.term.name }}:{% for p in r.posts %} {{ p.id }}"
    "{% endfor %}]{% endfor %}</html>"
)


def town() -> FakeStore:
    """A front page of one post, and two categories in the menu; the second has no post."""
    posts = [post(n, categories=[5]) for n in range(1, 4)]
    links = (entry(n, f"T{n}", f"{ADMIN}/category/{x}/") for n, x in ((1, "news"), (2, "town")))
    few = site(sos={"settings": {"posts_per_page": 1}})
    return make_store(
        *posts, post(4), post(9), term(5, "News"), term(6, "Town"), menu(*links), site=few
    )


async def shown(service: Service) -> str:
    """The rows of the front page."""
    return re.sub("</?html>", "", await service.text("/"))


async def test_rows_follow_what_editors_do(start: Start) -> None:
    """A post gets a topic, a topic another name, the menu another order; no visitor waits for it."""
    service = await start(town(), release=THEME)
    store = service.store
    assert await shown(service) == "[News: 3 2 1]"
    # Neither on the page nor in a row before: it is the topic's list that tells.
    changes: list[tuple[str, dict[str, Any], str]] = [
        ("post:4", post(4, categories=[6]), "[News: 3 2 1][Town: 4]"),
        ("term:6", {**term(6, "Town"), "name": "City"}, "[News: 3 2 1][City: 4]"),
        ("post:2", post(2, categories=[6]), "[News: 3 1][City: 4 2]"),
        ("menu:1", menu(entry(1, "T", f"{ADMIN}/category/town/")), "[City: 4 2]"),
        ("post:2", post(2), "[City: 4]"),
    ]
    for ref, document, expected in changes:
        store.put(ref, document)
        await service.look()
        assert await shown(service) == expected
    store.remove("post:4")
    await service.look()
    assert await shown(service) == ""


async def test_scheduled_and_expiring_posts_change_rows_at_their_second(start: Start) -> None:
    """Nobody writes anything meanwhile."""
    begin, end = int(NOW) + 100, int(NOW) + 200
    planned = post(2, categories=[5], status="future", at=begin, sos={"expires_gmt": stamp(end)})
    few = site(sos={"settings": {"posts_per_page": 1}})
    link = menu(entry(1, "News", f"{ADMIN}/category/news/"))
    late = post(3, at=begin + 1, status="future")
    store = make_store(post(1, categories=[5]), planned, late, term(5, "News"), link, site=few)
    service = await start(store, release=THEME)
    seen = []
    for now in (NOW, begin - 0.01, begin + 1, end - 0.01, end):
        service.clock.now = now
        await service.look()
        seen.append(await shown(service))
    assert seen == ["[News: 1]", "[News: 1]", "[News: 2 1]", "[News: 2 1]", "[News: 1]"]


async def test_edge_is_told_of_the_topics(start: Start) -> None:
    """Their lists are among the first keys, that of a topic without posts among the last."""
    service = await start(town(), release=THEME)
    answer = await service.ask("/")
    assert answer.entry
    keys = page_headers(answer.entry.page, https=True)["Surrogate-Key"].split()
    assert keys[:4] == ["front", "home", "list-type-sos_callout", "list-term-5"]
    assert {"term-5", "term-6", "list-term-6", "post-1", "post-3"} <= set(keys)
