"""What apply.lua does with bad calls, bad JSON and wrong types: it says so, and changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.content.raw_store import HOME, RawStore, assert_sound, page, post, term

# ---------------------------------------------------------------- calls


@pytest.mark.parametrize(
    "words",
    [
        ["put"],
        ["put", "post:1", "1"],
        ["put", "post:1", "1", "{}", "ready"],
    ],
)
def test_call_with_words_missing_is_refused_as_a_whole(raw: RawStore, words: list[str]) -> None:
    """Before anything is written."""
    with pytest.raises(redis.ResponseError, match="does not understand"):
        raw.call(*words)
    assert raw.names() == set()


@pytest.mark.parametrize("now", ["soon", "nan", "inf", "1.5", "1e300"])
def test_call_with_a_bad_time_is_refused(raw: RawStore, now: str) -> None:
    """A time that is no number would hide or show everything."""
    with pytest.raises(redis.ResponseError, match="does not understand"):
        raw.put("post:1", post(1), now=now)
    assert raw.names() == set()


def test_call_with_a_foreign_key_is_refused(raw: RawStore) -> None:
    """Every other key is derived from the first one."""
    with pytest.raises(redis.ResponseError, match="does not understand"):
        raw.client.evalsha(raw._apply, 1, "wordpress:posts", 1)


def test_store_of_another_schema_is_left_alone(raw: RawStore) -> None:
    """A newer writer's store is neither written to nor read."""
    raw.client.hset(raw.key("meta"), "schema", "2")
    with pytest.raises(redis.ResponseError, match="SOS schema 2 is in this store, 1 is spoken"):
        raw.put("post:1", post(1))
    with pytest.raises(redis.ResponseError, match="SOS schema 2 is in this store, 1 is spoken"):
        raw.page("/")
    assert raw.names() == {"meta"}


def test_unknown_operation_is_an_error_of_its_own(raw: RawStore) -> None:
    """The others of the call are done."""
    words = ["drop", "post:1", 1, "", "put", "post:1", 1, json.dumps(post(1)), "", "", "", ""]
    assert raw.call(*words) == ["error: unknown operation", "applied", "error: unknown operation"]
    assert_sound(raw)


@pytest.mark.parametrize(
    "ref",
    [
        *("", "post", "post:", "post:0", "post:01", "post:x", "post:-1", "post:1.0", "post12"),
        *("Post:1", "page:1", "site:1", "site ", "post:1 ", "post:1\n", "post:123456789012345"),
        *("meta", "type:post", "post:١"),
    ],
)
def test_reference_of_no_known_kind_is_refused(raw: RawStore, ref: str) -> None:
    """One document has one name; ``post:01`` would be a second one of the same post."""
    number = "".join(c for c in ref if c.isdigit() and c.isascii())
    document = {**post(1), "id": int(number) if number else 0}
    assert raw.put(ref, document) == "error: unknown kind of document"
    assert raw.remove(ref) == "error: unknown kind of document"
    assert raw.fields("doc") == raw.fields("removed") == {}


# ---------------------------------------------------------------- documents


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "5", '"text"', "true", "[]", '[{"id":1}]', "{", '{"id":1,}', "\0"),
        *('{"id":1,"status":"publish","title":"\\ud800"}', "\ufeff{}", "{'id':1}"),
        "[" * 100_000,
        '{"a":' * 2_000 + "1" + "}" * 2_000,
    ],
)
def test_what_is_no_json_object_is_refused(raw: RawStore, text: str) -> None:
    """For each kind of document alike."""
    for ref in ("post:1", "term:1", "user:1", "menu:1", "site", "types", "taxonomies"):
        assert raw.put(ref, text) == "error: not a JSON object"
    assert raw.fields("doc") == {}


def test_document_must_be_the_one_that_its_reference_names(raw: RawStore) -> None:
    """Also where it has no id, or one that is no number."""
    for ident in (2, "2", None, [], {}, True, 1.5e300, "nan"):
        outcome = raw.put("post:1", {**post(1), "id": ident})
        assert outcome == "error: id differs from reference"
    assert raw.put("post:1", {**post(1), "id": "1"}) == "applied"


@pytest.mark.parametrize(
    ("ref", "document", "why"),
    [
        ("post:1", {**post(1), "status": None}, "error: no status"),
        ("post:1", {**post(1), "status": ""}, "error: no status"),
        ("post:1", {**post(1), "status": {"a": 1}}, "error: no status"),
        ("post:1", {**post(1), "type": 5}, "error: bad type"),
        ("post:1", {**post(1), "type": "a b"}, "error: bad type"),
        ("post:1", {**post(1), "type": "x" * 61}, "error: bad type"),
        ("term:1", {**term(1), "taxonomy": None}, "error: bad taxonomy"),
        ("term:1", {**term(1), "taxonomy": "a:b"}, "error: bad taxonomy"),
    ],
)
def test_document_without_what_lists_are_named_after_is_refused(
    raw: RawStore, ref: str, document: dict[str, Any], why: str
) -> None:
    """The last good copy stays."""
    good = post(1) if ref == "post:1" else term(1)
    raw.put(ref, good)
    assert raw.put(ref, document) == why
    assert json.loads(raw.fields("doc")[ref]) == good


def test_very_long_document_is_taken(raw: RawStore) -> None:
    """Eight megabytes, which is what readers take."""
    body = {"rendered": "x" * (8 * 1024 * 1024 - 1000)}
    assert raw.put("post:1", post(1, content=body)) == "applied"
    assert_sound(raw)


# ---------------------------------------------------------------- any documents at all

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["1", "2", "-1", "nan", "inf", "0x10", "publish", "page", "2020-01-01T00:00:00"]),
)  # fmt: skip
WILD = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=4), inner, max_size=3),
        st.fixed_dictionaries({"rendered": inner, "protected": inner}),
    ),
    max_leaves=6,
)
SMALL = st.integers(1, 4)
PATHS = st.sampled_from(["/a/", "/b/", "/c", "/A%2f/", "//x/", "/日/", "/%/", "", "/"])
LINKS = st.one_of(PATHS.map(lambda p: HOME + p), st.just(f"{HOME}/?p=1"))
DATES = st.sampled_from(["2020-01-01T00:00:00", "2040-01-01T00:00:00", "2023-02-30T00:00:00"])

SOUND_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(["post", "page", "attachment", "book"]),
    "status": st.sampled_from(["publish", "publish", "future", "inherit", "draft"]),
    "link": LINKS,
    "date_gmt": DATES,
    "modified_gmt": DATES,
    "parent": st.integers(0, 4),
    "post": SMALL,
    "menu_order": st.integers(-3, 3),
    "author": SMALL,
    "featured_media": SMALL,
    "site_logo": SMALL,
    "sticky": st.booleans(),
    "format": st.sampled_from(["standard", "video"]),
    "title": st.text(max_size=6),
    "name": st.text(max_size=6),
    "categories": st.lists(SMALL, max_size=3),
    "taxonomy": st.sampled_from(["category", "genre"]),
    "show_on_front": st.sampled_from(["page", "posts"]),
    "page_on_front": SMALL,
    "home": st.sampled_from([HOME, f"{HOME}/a"]),
    "rest_base": st.sampled_from(["categories", "genres"]),
    "sos": st.fixed_dictionaries(
        {},
        optional={
            "path": PATHS,
            "expires_gmt": st.one_of(DATES, st.none()),
            "redirects": st.lists(PATHS, max_size=2),
            "deps": st.lists(st.sampled_from(["post:1", "post:2", "menu:1", "x", ""]), max_size=3),
            "archive_path": PATHS,
            "items": st.lists(
                st.fixed_dictionaries(
                    {"type": st.sampled_from(["post_type", "taxonomy"]), "object_id": SMALL}
                ),
                max_size=2,
            ),
        },
    ),
}
FIELDS = {name: st.one_of(sound, sound, sound, WILD) for name, sound in SOUND_FIELDS.items()}
DOCUMENTS = st.fixed_dictionaries({}, optional=FIELDS)
CATALOGUES = st.dictionaries(st.sampled_from(["book", "post", "genre", "é"]), DOCUMENTS, max_size=2)
REFS = st.one_of(
    st.tuples(st.sampled_from(["post", "post", "post", "term", "user", "menu"]), SMALL).map(
        lambda pair: f"{pair[0]}:{pair[1]}"
    ),
    st.sampled_from(["site", "types", "taxonomies", "post:01", "nonsense"]),
)


@st.composite
def puts(draw: st.DrawFn) -> tuple[str, str, int, str]:
    """A put of something that may be a document; most are nearly right."""
    ref = draw(REFS)
    document: Any = draw(CATALOGUES if ref in ("types", "taxonomies") else DOCUMENTS)
    _, _, number = ref.partition(":")
    if number:
        document = {"status": "publish", "taxonomy": "category", **document, "id": int(number)}
    return "put", ref, draw(st.integers(0, 6)), json.dumps(document)


OPERATIONS = st.one_of(
    puts(),
    puts(),
    puts(),
    st.tuples(st.just("remove"), REFS, st.integers(0, 6), st.just("")),
    st.just(("ready", "", "", "")),
    st.tuples(st.sampled_from(["put", "x", ""]), REFS, SCALARS.map(str), WILD.map(json.dumps)),
)
CALLS = st.lists(st.lists(OPERATIONS, min_size=1, max_size=4), min_size=1, max_size=8)
OUTCOMES = {"applied", "unchanged", "stale"}


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(calls=CALLS)
def test_no_sequence_of_operations_makes_a_store_unsound(
    valkey_client: redis.Redis, calls: list[list[tuple[Any, ...]]]
) -> None:
    """Any JSON in any field, in any order: the script never errs and its laws hold throughout."""
    store = RawStore(valkey_client)
    for operations in calls:
        rev = store.rev()
        outcomes = store.call(*(_word(word) for op in operations for word in op))
        assert len(outcomes) == len(operations)
        assert all(o in OUTCOMES or o.startswith("error: ") for o in outcomes)
        assert store.rev() == rev + ("applied" in outcomes)
        assert_sound(store)
    assert "ready" not in store.meta() or any(op[0] == "ready" for ops in calls for op in ops)
    store.forget()


def _word(word: object) -> object:
    return word.encode("utf-8", "replace") if isinstance(word, str) else word


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=CALLS, seed=st.randoms(use_true_random=False))
def test_lists_follow_from_the_documents_alone_in_whatever_order_they_came(
    valkey_client: redis.Redis, calls: list[list[tuple[Any, ...]]], seed: Any
) -> None:
    """A store built from the documents that another has now, shuffled, has the same lists."""
    first, second = RawStore(valkey_client), RawStore(valkey_client)
    for operations in calls:
        first.call(*(_word(word) for op in operations for word in op))
    documents = list(first.fields("doc").items())
    # Both know site, types and taxonomies before the rest, as any publisher has to see to. Media
    # are left out: they have a path, and are listed, where no other document came first.
    singles = [pair for pair in documents if ":" not in pair[0]]
    others = [p for p in documents if ":" in p[0] and first.entry(p[0]).type != "attachment"]
    for store in (first, second):
        seed.shuffle(others)
        for ref, document in (*singles, *others):
            store.put(ref, document, seq=9)
    left, right = (_lists(store) for store in (first, second))
    first.forget()
    second.forget()
    assert left == right


def _lists(store: RawStore) -> dict[str, list[tuple[bytes, float]]]:
    return {
        name: store.client.zrange(store.key(name), 0, -1, withscores=True)
        for name in store.names()
        if name.startswith("list:") and name != "list:type:attachment"
    }


def test_page_and_term_helpers_make_documents_that_are_taken(raw: RawStore) -> None:
    """The other tests of this folder rely on it."""
    assert raw.put("post:1", page(1)) == raw.put("term:2", term(2)) == "applied"
