"""Surrogate keys."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.cache.keys import MAX_KEYS, surrogate_key, surrogate_keys


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("post:12", "post-12"),
        ("term:5", "term-5"),
        ("user:3", "author-3"),
        ("list:type:post", "home"),
        ("list:sticky", "home"),
        ("list:term:5", "list-term-5"),
        ("list:author:3", "list-author-3"),
        ("site", "site"),
        ("front", "front"),
        ("list:type:my type\r\nX: y", "list-type-my-type--X--y"),
        ("list:type:типы", "list-type-----"),
    ],
)
def test_a_name_has_one_key(name: str, key: str) -> None:
    """As an edge cache can have it in a header."""
    assert surrogate_key(name) == key


@given(st.lists(st.text(max_size=20)), st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True))
def test_keys_are_few_distinct_and_sound(names: list[str], release: str) -> None:
    """At most 50, no separator in any, the release's own among them."""
    keys = surrogate_keys(tuple(names), release)
    assert len(keys) == len(set(keys)) <= MAX_KEYS
    assert keys[-1] == f"rel-{release}" or f"rel-{release}" in keys
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]*", k) for k in keys)


def test_the_most_important_keys_are_kept() -> None:
    """Names come in the order of their importance; the header stays short."""
    names = ["front", "list:type:post", "site", *(f"post:{n}" for n in range(1000))]
    keys = surrogate_keys(tuple(names), "r1")
    assert keys[:4] == ("front", "home", "site", "post-0")
    assert (len(keys), keys[-1]) == (MAX_KEYS, "rel-r1")
    assert len(" ".join(keys)) < 2000
