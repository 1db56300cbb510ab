"""Parsed documents: each parsed once, and the last good copy of what can't be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sos.content.document import Term, User
from sos.content.post import Post
from sos.content.store import Record
from sos.metrics import Metrics
from sos.produce.documents import DocumentCache

from tests.page.documents import post, term, user


def record(ref: str, rev: int, document: dict[str, Any] | bytes) -> Record:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Record(ref, rev, "/x/", data)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def cache(metrics: Metrics) -> DocumentCache:
    return DocumentCache(metrics, None, max_bytes=10_000)


def test_each_kind_becomes_its_type(cache: DocumentCache) -> None:
    """What is none of the three is left out."""
    found = cache.parse(
        "e",
        [record("post:5", 1, post(5)), record("term:7", 1, term(7, "News")), record("user:3", 1, user(3, "Jo")),
         record("site", 1, {}), record("menu:1", 1, {"id": 1})],
    )  # fmt: skip
    assert {ref: type(d) for ref, d in found.items()} == {
        "post:5": Post,
        "term:7": Term,
        "user:3": User,
    }


def test_a_document_is_parsed_once_per_revision_and_store(cache: DocumentCache) -> None:
    """The very same object comes back until one of the two changes."""
    first = cache.parse("e", [record("post:5", 1, post(5))])["post:5"]
    assert cache.parse("e", [record("post:5", 1, b"not looked at")])["post:5"] is first
    changed = cache.parse("e", [record("post:5", 2, post(5, slug="x"))])["post:5"]
    assert isinstance(changed, Post)
    assert changed.slug == "x"
    assert cache.parse("other", [record("post:5", 2, post(5))])["post:5"] is not changed


@pytest.mark.parametrize(
    "bad", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"\\ud800"', b"[" * 100_000, b" " * 9_000_000]
)
def test_what_cannot_be_read_is_answered_with_the_last_copy(
    cache: DocumentCache, metrics: Metrics, bad: bytes
) -> None:
    """And counted; without a copy it is left out."""
    good = cache.parse("e", [record("post:5", 1, post(5))])["post:5"]
    found = cache.parse("e", [record("post:5", 2, bad), record("post:6", 1, bad)])
    assert found == {"post:5": good}
    assert metrics.bad_documents.values[()] == [2]
    mended = cache.parse("e", [record("post:5", 3, post(5, slug="y"))])["post:5"]
    assert isinstance(mended, Post)
    assert mended.slug == "y"


def test_memory_is_bounded_by_bytes(metrics: Metrics) -> None:
    """The least recently used documents go first; one that is larger than the bound is kept alone."""
    size = len(json.dumps(post(5)))
    cache = DocumentCache(metrics, None, max_bytes=3 * size + 50)
    first = [cache.parse("e", [record(f"post:{n}", 1, post(n))])[f"post:{n}"] for n in (1, 2, 3)]
    cache.parse("e", [record("post:1", 1, b"")])
    cache.parse("e", [record("post:4", 1, post(4))])
    assert cache.parse("e", [record("post:1", 1, b"")])["post:1"] is first[0]
    assert cache.parse("e", [record("post:2", 1, b"")]) == {}
    large = post(9, content={"rendered": "x" * 10 * size})
    kept = cache.parse("e", [record("post:9", 1, large)])["post:9"]
    assert cache.parse("e", [record("post:9", 1, b"")])["post:9"] is kept
    assert cache.parse("e", [record("post:1", 1, b"")]) == {}


def test_a_document_that_grew_is_counted_anew(metrics: Metrics) -> None:
    """Replacing one a thousand times does not fill the cache."""
    size = len(json.dumps(post(5)))
    cache = DocumentCache(metrics, None, max_bytes=3 * size)
    kept = cache.parse("e", [record("post:1", 1, post(1))])["post:1"]
    for rev in range(1000):
        cache.parse("e", [record("post:5", rev, post(5))])
    assert cache.parse("e", [record("post:1", 1, b"")])["post:1"] is kept


def test_frames_are_those_that_the_site_allows(metrics: Metrics) -> None:
    """The embed hosts of the settings reach the sanitiser."""
    html = '<iframe src="https://films.test/1"></iframe>'
    document = post(5, content={"rendered": html})
    for hosts, shown in ((frozenset({"films.test"}), True), (frozenset({"x.test"}), False)):
        cache = DocumentCache(metrics, hosts)
        found = cache.parse("e", [record("post:5", 1, document)])["post:5"]
        assert isinstance(found, Post)
        assert ("films.test" in found.parts[0]) is shown
