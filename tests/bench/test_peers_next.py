"""The Next.js peer of the bench: what its page is made of. Its build takes too long for this suite.

`make bench` builds and starts it, and asks it for the page.
"""

from __future__ import annotations

import pytest
from bench.peers.next import split_page

PAGE = b"""<!DOCTYPE html>
<html lang="en-US" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fish &amp; chips</title>
<meta property="og:title" content="Fish &amp; chips">
<link rel="canonical" href="https://www.example.org/?a=1&amp;b=2">
</head>
<body class="home blog">
<p>What a <b>body</b> has</p>
<meta itemprop="name" content="stays where it is">
</body>
</html>
"""


def test_finished_page_is_taken_apart_for_react() -> None:
    """Text without entities, the head's own elements in order, the body as it is."""
    assert split_page(PAGE) == {
        "title": "Fish & chips",
        "head": [
            ["meta", {"property": "og:title", "content": "Fish & chips"}],
            ["link", {"rel": "canonical", "href": "https://www.example.org/?a=1&b=2"}],
        ],
        "bodyClass": "home blog",
        "body": '<p>What a <b>body</b> has</p>\n<meta itemprop="name" content="stays where it is">',
    }


def test_page_without_a_body_is_refused() -> None:
    """It would be measured as a very quick page."""
    with pytest.raises(RuntimeError, match="no body"):
        split_page(b"<title>Nothing</title>")
