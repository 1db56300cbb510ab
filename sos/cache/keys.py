"""Surrogate keys: one map from what a page is made of to the keys on it, and to what is purged.

In: names as the store uses them (``post:12``, ``list:term:5``, ``site``). Out: keys as an edge
cache sees them (``post-12``, ``list-term-5``, ``site``). A page carries the keys of all that it
depends on, a change purges the keys of all that it touched; both come from here, so that the two
cannot disagree.
"""

import re
from functools import lru_cache

MAX_KEYS = 50
"""Most keys on one page. The header stays below 2 kB, which every edge takes."""

_UNSOUND = re.compile(r"[^A-Za-z0-9_.-]")  # a post type may be called anything
_LISTS = {"list:type:post": "home", "list:sticky": "home"}


def surrogate_key(name: str) -> str:
    """The key of a document or list."""
    kind, _, number = name.partition(":")
    # There are more posts than would be worth remembering.
    return (
        f"post-{number}"
        if kind == "post" and number.isdigit() and number.isascii()
        else _build_key(name)
    )


@lru_cache(maxsize=1024)
def _build_key(name: str) -> str:
    if name in _LISTS:
        return _LISTS[name]
    if name.startswith("user:"):
        name = f"author-{name[5:]}"
    return _UNSOUND.sub("-", name)


@lru_cache(maxsize=64)  # each answer that is not written by the front asks for those of its page
def surrogate_keys(names: tuple[str, ...], release: str) -> tuple[str, ...]:
    """Keys of a page, the most important first; the release's own is always among them."""
    keys = dict.fromkeys(map(surrogate_key, names))
    return (*list(keys)[: MAX_KEYS - 1], f"rel-{release}")
