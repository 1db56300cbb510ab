"""What a password keeps is on no page, in no list, feed, description or link preview."""

from __future__ import annotations

import pytest
from sos.page.feed import build_feed
from sos.render import render_page

from tests.page.documents import (
    ADMIN,
    build_at,
    entry,
    make_store,
    media,
    menu,
    page,
    post,
    protected,
    term,
    user,
)
from tests.release.theme import theme

SECRET = "TOP SECRET"

KEPT = protected(
    post(
        5,
        author=3,
        categories=[7],
        featured_media=9,
        title={"rendered": "Protected: Plans"},
        sos={
            "head": {"description": f"{SECRET} description", "og_description": SECRET},
            "deps": [],
        },
    )
)
STORE_OF = (
    KEPT,
    post(4),
    page(30, "about"),
    protected(page(31, "about/plans", parent=30, title={"rendered": "Plans"})),
    media(9, parent=5, alt_text=f"{SECRET} picture", caption={"rendered": f"<p>{SECRET}</p>"}),
    media(10, parent=5, source_url=f"{ADMIN}/wp-content/uploads/TOP SECRET.jpg"),
    media(11, parent=777),
    media(12, parent=4),
    term(7, "News"),
    user(3, "Jo"),
    menu(entry(1, "Plans", f"{ADMIN}/post-5/")),
)
PATHS = ("/", "/post-5/", "/post-4/", "/category/news/", "/author/jo/", "/about/", "/about/plans/",
         "/2024/05/")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_no_page_tells_what_a_password_keeps(path: str) -> None:
    """Neither the page model nor the HTML of the theme, head and link preview included."""
    built = await build_at(make_store(*STORE_OF), path)
    assert built is not None
    assert SECRET not in repr(built.page)
    assert SECRET not in render_page(built, theme()).body.decode()


@pytest.mark.parametrize("path", ["/", "/category/news/", "/author/jo/"])
@pytest.mark.parametrize("excerpts", [True, False])
@pytest.mark.parametrize("form", ["rss", "atom"])
async def test_no_feed_tells_what_a_password_keeps(path: str, excerpts: bool, form: str) -> None:
    """Title and address are public, body and excerpt are not."""
    built = await build_at(make_store(*STORE_OF), path)
    assert built is not None
    feed = build_feed(built.page, form, f"{path}feed/", excerpts=excerpts)  # type: ignore[arg-type]
    assert b"Plans" in feed.body
    assert SECRET.encode() not in feed.body


@pytest.mark.parametrize("path", ["/picture-9/", "/picture-10/", "/picture-11/"])
async def test_attachments_of_a_protected_or_missing_post_do_not_exist(path: str) -> None:
    """Their words and file names belong to the text that they were put into."""
    assert await build_at(make_store(*STORE_OF), path) is None


async def test_attachments_of_public_posts_and_of_none_are_shown() -> None:
    """The rule is about what they hang on."""
    store = make_store(*STORE_OF, media(13))
    assert await build_at(store, "/picture-12/") is not None
    assert await build_at(store, "/picture-13/") is not None


async def test_what_is_public_of_a_protected_post_is_shown() -> None:
    """It has a page with its title, in the lists it belongs to, and it says what it is."""
    built = await build_at(make_store(*STORE_OF), "/post-5/")
    assert built is not None
    assert built.page.post
    card = built.page.post.card
    assert card.protected
    assert (card.title, built.page.description, card.image) == ("Protected: Plans", "", None)
    home = await build_at(make_store(*STORE_OF), "/")
    assert home is not None
    assert "/post-5/" in [p.url for p in home.page.posts]


@pytest.mark.parametrize("state", ["draft", "private", "trash", "pending", "auto-draft"])
async def test_a_document_that_says_it_is_protected_is_believed(state: str) -> None:
    """One of the two marks is enough: the other field of the same document is kept back too."""
    half = post(5, status=state, excerpt={"rendered": f"<p>{SECRET}</p>", "protected": False},
                content={"rendered": f"<p>{SECRET}</p>", "protected": True})  # fmt: skip
    built = await build_at(make_store(half), "/post-5/")
    assert built is not None
    assert SECRET not in repr(built.page)
