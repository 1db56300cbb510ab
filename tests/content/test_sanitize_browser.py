"""The sanitiser alone, in Chromium: no hostile vector does anything, and left alone most of them do.

Without a Content-Security-Policy, so that nothing but the sanitiser stands between the two.
"""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext
from sos.content.sanitize import DEFAULT_EMBED_HOSTS, sanitize_html, sanitize_inline

from tests.content.corpus import BENIGN_FILES, HOSTILE_FILES, read_samples, read_vectors
from tests.content.trap import is_harm, set_trap

pytestmark = pytest.mark.browser

_AT_ONCE = 8
"""Sanitised vectors in one page; each is shown alone, too."""


@pytest.mark.parametrize("file", HOSTILE_FILES)
async def test_sanitised_vectors_do_no_harm_in_chromium(
    file: str, browser_context: BrowserContext
) -> None:
    """Served in a page and set by innerHTML: nothing runs, is asked for, moves, frames or changes."""
    vectors = read_vectors(file)
    async with set_trap(browser_context, DEFAULT_EMBED_HOSTS) as trap:
        for start in range(0, len(vectors), _AT_ONCE):
            some = vectors[start : start + _AT_ONCE]
            harm = await trap.judge(*(sanitize_html(vector.html) for vector in some))
            assert harm == set(), [vector.name for vector in some]


@pytest.mark.parametrize("file", HOSTILE_FILES)
async def test_raw_vectors_do_harm_in_chromium(file: str, browser_context: BrowserContext) -> None:
    """The trap catches: every vector marked `live`, unsanitised, does what must never be done."""
    live = [vector for vector in read_vectors(file) if vector.live]
    assert live
    async with set_trap(browser_context, DEFAULT_EMBED_HOSTS) as trap:
        harm = {vector.name: await trap.judge(vector.html, patience=5) for vector in live}
    assert [name for name, found in harm.items() if not any(map(is_harm, found))] == []


async def test_sanitised_titles_do_no_harm_in_chromium(browser_context: BrowserContext) -> None:
    """The phrasing that is left of every vector, all titles of a page at once."""
    titles = [sanitize_inline(v.html) for file in HOSTILE_FILES for v in read_vectors(file)]
    page = "".join(f"<h2>{title}</h2>" for title in titles)
    async with set_trap(browser_context, DEFAULT_EMBED_HOSTS) as trap:
        assert await trap.judge(page) == set()


@pytest.mark.parametrize("file", BENIGN_FILES)
async def test_honest_content_is_read_by_chromium_as_it_was_written(
    file: str, browser_context: BrowserContext
) -> None:
    """The tree in the browser is the one that the sanitiser wrote; players load, nothing else does."""
    page = "\n".join(sanitize_html(sample.html) for sample in read_samples(file))
    async with set_trap(browser_context, DEFAULT_EMBED_HOSTS) as trap:
        harm = await trap.judge(page)
    # Honest pictures and sounds may come from anywhere.
    assert {
        found for found in harm if not found.startswith("fetched https://example.org/")
    } == set()
