"""Caching, validation and security headers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.cache.headers import (
    HSTS,
    SECURITY,
    STALE_MAX_AGE,
    Lifetimes,
    cache_headers,
    entity_tag,
    find_held,
    is_not_modified,
    page_headers,
)
from sos.render import RenderedPage

PAGE = RenderedPage(
    status=200,
    content_type="text/html; charset=utf-8",
    body=b"",
    tag="abc",
    depends=("post:1", "site"),
    csp="default-src 'self'",
    release="r1",
)
TEN = Lifetimes(max_age=10, revalidate=30, if_error=86400)


def directives(
    remaining: int | None, *, stale: bool = False, lifetimes: Lifetimes = TEN
) -> dict[str, int]:
    value = cache_headers(lifetimes, remaining=remaining, stale=stale)["Cache-Control"]
    return {k: int(v) for k, v in re.findall(r"([a-z-]+)=(\d+)", value)}


def test_browsers_ask_again_and_edges_keep() -> None:
    """Three headers for three kinds of cache say the same."""
    assert cache_headers(TEN, remaining=None, stale=False) == {
        "Cache-Control": "public, max-age=0, s-maxage=10, stale-while-revalidate=30, "
        "stale-if-error=86400",
        "Surrogate-Control": "max-age=10, stale-while-revalidate=30, stale-if-error=86400",
        "CDN-Cache-Control": "max-age=10, stale-while-revalidate=30, stale-if-error=86400",
    }


@given(
    st.none() | st.integers(-100, 10**9),
    st.booleans(),
    st.builds(Lifetimes, *[st.integers(0, 31_536_000)] * 3),
)
def test_nothing_outlives_the_next_change(
    remaining: int | None, stale: bool, lifetimes: Lifetimes
) -> None:
    """Neither fresh nor while it is revalidated; what is stale stays for a second at most."""
    found = directives(remaining, stale=stale, lifetimes=lifetimes)
    assert 0 <= found["s-maxage"] <= lifetimes.max_age
    assert 0 <= found["stale-while-revalidate"] <= lifetimes.revalidate
    if remaining is not None:
        assert found["s-maxage"] + found["stale-while-revalidate"] <= max(0, remaining)
    if stale:
        assert found["s-maxage"] <= STALE_MAX_AGE
        assert found["stale-while-revalidate"] <= STALE_MAX_AGE
    assert found["max-age"] == 0


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [(0, (0, 0)), (4, (4, 0)), (10, (10, 0)), (25, (10, 15)), (1000, (10, 30)), (-5, (0, 0))],
)
def test_lifetimes_are_cut_at_the_second(remaining: int, expected: tuple[int, int]) -> None:
    """The fresh time first, then the time to revalidate."""
    found = directives(remaining)
    assert (found["s-maxage"], found["stale-while-revalidate"]) == expected


def test_a_page_names_what_it_is_made_of() -> None:
    """For surrogates by space, for others by comma; security headers; HSTS only over https."""
    headers = page_headers(PAGE, https=False)
    assert headers["Surrogate-Key"] == "post-1 site rel-r1"
    assert headers["Cache-Tag"] == "post-1,site,rel-r1"
    assert headers["Vary"] == "Accept-Encoding"
    assert headers["X-SOS-Release"] == "r1"
    assert headers["Content-Security-Policy"] == "default-src 'self'"
    assert headers.items() >= SECURITY.items()
    assert "Strict-Transport-Security" not in headers
    assert page_headers(PAGE, https=True)["Strict-Transport-Security"] == HSTS


def test_each_coding_has_its_own_strong_tag() -> None:
    """RFC 9110, section 8.8.3.3: other bytes, other tag."""
    tags = [entity_tag("abc", c) for c in ("identity", "gzip", "br")]
    assert tags == ['"abc"', '"abc-gzip"', '"abc-br"']
    hasty = [entity_tag("abc", c, "q0123abcd") for c in ("identity", "gzip")]
    assert hasty == ['"abc"', '"abc-gzip-q0123abcd"']


@pytest.mark.parametrize(
    ("held", "tag", "named"),
    [
        ('"a-gzip-q0123abcd"', '"a-gzip"', '"a-gzip-q0123abcd"'),
        ('"a-gzip"', '"a-gzip-q0123abcd"', '"a-gzip"'),
        ('"a-gzip-q89abcdef"', '"a-gzip-q0123abcd"', '"a-gzip-q89abcdef"'),
        ('"a-gzip", "a-gzip-q0123abcd"', '"a-gzip-q0123abcd"', '"a-gzip-q0123abcd"'),
        ("*", '"a-gzip-q0123abcd"', '"a-gzip-q0123abcd"'),
        ('"b-gzip-q0123abcd"', '"a-gzip"', ""),
        ('"a-gzip-q0123"', '"a-gzip"', ""),
        ('"a-br"', '"a-gzip-q0123abcd"', ""),
        (None, '"a-gzip-q0123abcd"', ""),
    ],
)
def test_who_holds_a_hasty_body_needs_no_better_one(held: Any, tag: str, named: str) -> None:
    """A 304 names the tag that the client's own copy has (RFC 9111, section 4.3.4)."""
    assert find_held(held, tag) == named
    assert is_not_modified(held, tag) is bool(named)


@pytest.mark.parametrize(
    ("held", "tag", "expected"),
    [
        (None, '"a"', False),
        ("", '"a"', False),
        ('"a"', '"a"', True),
        ('W/"a"', '"a"', True),
        ("*", '"a"', True),
        (" * ", '"a"', True),
        ('"b", W/"c" ,"a"', '"a"', True),
        ('"b","c"', '"a"', False),
        ('"a-br"', '"a-gzip"', False),
        ('"a-br", "a-gzip"', '"a-gzip"', True),
        ("a", '"a"', False),
        ('"x,"a",y"', '"a"', False),
        ('"a', '"a"', False),
        ('"*"', '"a"', False),
    ],
)
def test_what_a_client_holds_is_compared_weakly(held: Any, tag: str, expected: bool) -> None:
    """Lists, weak tags and the asterisk (RFC 9110, 13.1.2); another coding is another body."""
    assert is_not_modified(held, tag) is expected


@given(st.text(max_size=80))
def test_no_list_of_tags_raises(held: str) -> None:
    """Whatever a client sends."""
    assert is_not_modified(held, '"abc"') in (True, False)
