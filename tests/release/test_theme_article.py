"""Posts and pages in the default theme: what comes first, who wrote it, and how little CSS it takes."""

from __future__ import annotations

import gzip
import re
from typing import Any

import msgspec
import pytest
from markupsafe import Markup
from sos.page.model import PageModel

from tests.page.samples import PARAGRAPHS, SAMPLES, image
from tests.release.theme import theme, theme_files

PICTURE = (
    '<figure class="wp-block-image"><img src="/a.jpg" alt="" width="1024" height="683"></figure>'
)


def show(name: str, /, content: str | None = None, **changes: Any) -> str:
    """A sample page; ``changes`` replaces fields of its post, or of its card by ``card_…``."""
    page: PageModel = SAMPLES[name]
    assert page.post
    card = {k.removeprefix("card_"): v for k, v in changes.items() if k.startswith("card_")}
    post = {k: v for k, v in changes.items() if not k.startswith("card_")}
    if content is not None:
        post["content"] = Markup(content)
    post["card"] = msgspec.structs.replace(page.post.card, **card)
    return theme().render(
        msgspec.structs.replace(page, post=msgspec.structs.replace(page.post, **post))
    )


def pictures(html: str) -> list[str]:
    main = html[html.index("<main") : html.index("</main>")]
    return re.findall(r"<img[^>]*>", main)


def test_lead_picture_comes_first_and_all_others_wait() -> None:
    """One picture of a page is urgent: the featured one, or else the one that the body begins with."""
    featured, *others = pictures(show("single", PICTURE * 2))
    assert 'fetchpriority="high"' in featured
    assert "loading" not in featured
    assert len(others) == 2
    assert all('loading="lazy"' in other and "fetchpriority" not in other for other in others)
    first, second = pictures(show("single", PICTURE * 2, card_image=None))
    assert 'fetchpriority="high"' in first
    assert 'loading="lazy"' in second


def test_lead_picture_stands_on_the_first_part_alone() -> None:
    """Who goes on reading has seen it, and is told where they are."""
    later = show("single_parts", PARAGRAPHS, card_image=image())
    assert 'class="featured"' not in later
    assert "Page 2 of 3" in later
    parts = SAMPLES["single_parts"].post
    assert parts
    assert parts.parts
    first = msgspec.structs.replace(parts.parts, current=1)
    assert 'class="featured"' in show("single_parts", PARAGRAPHS, card_image=image(), parts=first)


def test_author_is_told_of_where_there_is_something_to_tell() -> None:
    """A name alone stands above the post, and needs no box below it."""
    assert '<aside class="about-author"' in show("single")
    author = SAMPLES["single"].post.card.author  # type: ignore[union-attr]
    assert author
    for nobody in (None, msgspec.structs.replace(author, description="")):
        assert '<aside class="about-author"' not in show("single", card_author=nobody)


@pytest.mark.parametrize(
    ("file", "player"),
    [("/film.mp4", "<video controls"), ("/song.MP3", "<audio controls"), ("/tides.pdf", "")],
)
def test_attachment_is_played_where_it_can_be(file: str, player: str) -> None:
    """And can be had as a file in any case."""
    html = show("attachment_file", media_url=file)
    assert ("<video" in html or "<audio" in html) == bool(player)
    assert player in html
    assert f'href="{file}" download' in html


def test_style_sheets_stay_within_their_budget() -> None:
    """Fifteen kilobytes for all of them, seven for every block of WordPress."""
    sizes = {
        name: len(gzip.compress(content, 9))
        for name, content in theme_files().items()
        if name.endswith(".css")
    }
    assert sizes["assets/blocks.css"] <= 7_000
    assert sum(sizes.values()) <= 15_000
