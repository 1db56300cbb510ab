"""Pictures and their sizes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.content.post import Media, Size
from sos.page.images import build_image
from sos.page.rewrite import Rewriter

CMS = Rewriter("https://www.example.com", "https://cms.example.org")
BASE = "https://cms.example.org/u"


def media(*sizes: Size, **changes: Any) -> Media:
    fields: dict[str, Any] = {
        "url": f"{BASE}/a.jpg", "mime": "image/jpeg", "alt": "", "caption": "", "width": 1200,
        "height": 800, "bytes": 1, "sizes": sizes,
    }  # fmt: skip
    return Media(**fields | changes)


def test_sizes_that_show_the_whole_picture_are_offered() -> None:
    """Sorted by width, each once; a square crop and a size of another shape are not among them."""
    found = build_image(
        CMS,
        media(
            Size(f"{BASE}/m.jpg", 300, 200),
            Size(f"{BASE}/t.jpg", 150, 150),
            Size(f"{BASE}/r.jpg", 301, 200),
            Size(f"{BASE}/m2.jpg", 300, 200),
            Size(f"{BASE}/z.jpg", 0, 0),
        ),
    )
    assert found.srcset == "/u/m2.jpg 300w, /u/r.jpg 301w, /u/a.jpg 1200w"


def test_a_picture_of_one_size_has_no_srcset() -> None:
    """There is nothing to choose from."""
    assert build_image(CMS, media()).srcset == ""
    assert build_image(CMS, media(Size(f"{BASE}/m.jpg", 300, 200), width=0, height=0)).srcset == ""


def test_separators_of_srcset_are_escaped_in_addresses() -> None:
    """A comma or a space in a file name does not begin another candidate."""
    found = build_image(CMS, media(Size(f"{BASE}/a, b.jpg", 300, 200), url=f"{BASE}/a,b 2.jpg"))
    assert found.srcset == "/u/a%2c%20b.jpg 300w, /u/a%2cb%202.jpg 1200w"
    assert found.url == "/u/a%2cb%202.jpg"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:image/png;base64,x", "http://["])
def test_what_is_no_address_is_no_picture(url: str) -> None:
    """Neither as the picture nor among its sizes."""
    found = build_image(CMS, media(Size(url, 300, 200), Size(f"{BASE}/m.jpg", 600, 400), url=url))
    assert found.url == ""
    assert "script" not in found.srcset
    assert "data:" not in found.srcset


@given(st.text(max_size=50), st.integers(0, 10**9), st.integers(0, 10**9))
def test_any_picture_is_built(url: str, width: int, height: int) -> None:
    """Whatever was uploaded."""
    found = build_image(CMS, media(Size(url, width, height), url=url, width=height, height=width))
    assert " " not in found.url
