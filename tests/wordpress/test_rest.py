"""REST URLs are built for both forms of the API, and its answers are told apart."""

from __future__ import annotations

import pytest
from sos.wordpress.rest import (
    build_rest_url,
    check_status,
    parse_count,
    parse_json,
    parse_rest_answer,
    parse_retry_after,
)
from sos.wordpress.source import Answer, InvalidAnswerError, PassingSourceError, RestError

JSON = {"content-type": "application/json; charset=UTF-8"}


def answer(status: int = 200, body: bytes = b"[]", **headers: str) -> Answer:
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    return Answer("https://x.example/wp-json/", status, {**JSON, **named}, body)


@pytest.mark.parametrize(
    ("root", "url"),
    [
        ("https://x.example/wp-json/", "https://x.example/wp-json/wp/v2/posts?page=2&include=1,2"),
        (
            "https://x.example/a/wp-json",
            "https://x.example/a/wp-json/wp/v2/posts?page=2&include=1,2",
        ),
        (
            "https://x.example/?rest_route=/",
            "https://x.example/?rest_route=/wp/v2/posts&page=2&include=1,2",
        ),
        (
            "https://x.example/index.php?rest_route=/&lang=de",
            "https://x.example/index.php?rest_route=/wp/v2/posts&lang=de&page=2&include=1,2",
        ),
        (
            "https://x.example/wp-json/?lang=de",
            "https://x.example/wp-json/wp/v2/posts?lang=de&page=2&include=1,2",
        ),
    ],
)
def test_a_route_is_found_below_either_form_of_root(root: str, url: str) -> None:
    """As get_rest_url() would build it."""
    assert build_rest_url(root, "/wp/v2/posts", {"page": 2, "include": "1,2"}) == url


def test_an_answer_is_its_json() -> None:
    """Whatever JSON type the server calls it."""
    assert parse_rest_answer(answer(body=b'[{"id": 1}]')) == [{"id": 1}]
    assert parse_rest_answer(answer(body=b"{}", content_type="application/hal+json")) == {}


@pytest.mark.parametrize("kind", ["text/html", "", "text/plain", "image/png", "application/jsonx"])
def test_what_does_not_call_itself_json_is_none(kind: str) -> None:
    """Even when it looks like it."""
    with pytest.raises(InvalidAnswerError, match="instead of JSON"):
        parse_rest_answer(answer(content_type=kind))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, "busy"), (503, "busy"), (500, "failed"), (520, "failed"), (502, "slow"), (504, "slow")],
)
def test_passing_failures_are_told_apart(status: int, kind: str) -> None:
    """Who is busy is not asked for less, who is slow is."""
    for check in (parse_rest_answer, check_status):
        with pytest.raises(PassingSourceError) as caught:
            check(answer(status, b"", retry_after="7"))
        assert (caught.value.kind, caught.value.retry_after) == (kind, 7)


def test_a_refusal_of_wordpress_has_its_code_and_its_words() -> None:
    """Without markup or control characters, which could end up on a terminal."""
    body = b'{"code": "rest_forbidden", "message": "<b>Sorry</b>,\\u001b[2J no."}'
    with pytest.raises(RestError) as caught:
        parse_rest_answer(answer(403, body))
    assert (caught.value.status, caught.value.code) == (403, "rest_forbidden")
    assert str(caught.value).endswith("answered 403 rest_forbidden: Sorry,[2J no.")
    assert caught.value.forbidden


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"x"', b'{"code": {}, "message": []}'])
def test_a_refusal_without_words_is_still_one(body: bytes) -> None:
    """Its status is all there is."""
    with pytest.raises(RestError) as caught:
        parse_rest_answer(answer(404, body))
    assert caught.value.code == ""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("5", 5.0), ("0", 0.0), ("Fri, 01 Jan 2027 00:00:00 GMT", None), ("-1", None)],
)
def test_only_seconds_are_read_of_retry_after(value: str, seconds: float | None) -> None:
    """A date would need the site's clock."""
    assert parse_retry_after(answer(retry_after=value)) == seconds


@pytest.mark.parametrize(("value", "count"), [("12", 12), (" 0 ", 0), ("-1", None), ("many", None)])
def test_a_count_is_a_whole_number_or_nothing(value: str, count: int | None) -> None:
    """Headers pass through many hands."""
    assert parse_count(answer(x_wp_total=value), "X-WP-Total") == count
    assert parse_count(answer(), "X-WP-Total") is None


def test_json_is_read_past_what_php_puts_around_and_into_it() -> None:
    """A byte order mark, white space, half of a surrogate pair."""
    assert parse_json(b'\xef\xbb\xbf\r\n{"a": 1}\n', "x") == {"a": 1}
    assert parse_json(rb'{"a": "\ud83d"}', "x") == {"a": "�"}
    assert parse_json(rb'{"a": "\ud83d\ude00"}', "x") == {"a": "😀"}


@pytest.mark.parametrize(
    "body", [b"", b"<br />Warning", b"[1", b"[" * 100_000, b'{"a": NaN}x', b"\xff\xfe"]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """With its beginning, so that one can see what it was."""
    with pytest.raises(InvalidAnswerError, match="invalid JSON"):
        parse_json(body, "https://x.example/")
