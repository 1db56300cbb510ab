"""Proves that the S3 of the tests, and what stands before it, are what other tests take them for."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import IncompleteRead

import pytest

from tests.servers.s3 import *  # noqa: F403 - fixtures
from tests.servers.s3 import S3
from tests.servers.s3_faults import *  # noqa: F403 - fixtures
from tests.servers.s3_faults import FullBacklog, S3Faults

CONTENT = bytes(range(256)) * 40


def fetch(url: str, timeout: float = 5.0) -> bytes:
    """The body of a public object. Raises OSError, or IncompleteRead."""
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        content: bytes = answer.read()
        return content


@pytest.fixture
def path(s3: S3) -> str:
    """The path of an object that anybody may read."""
    s3.request("PUT", f"/{s3.bucket}/object", CONTENT, x_amz_acl="public-read")
    return f"/{s3.bucket}/object"


def test_buckets_of_two_tests_are_two(s3: S3, path: str) -> None:
    """What one test puts, the next does not see."""
    assert fetch(s3.url + path) == CONTENT
    first, second = s3.bucket, s3.create_bucket()
    assert first != second
    assert b"<Key>" not in s3.request("GET", f"/{second}")
    assert b"<Key>" in s3.request("GET", f"/{first}")


def test_killed_refuses_connections_and_comes_back_empty_on_its_port(s3: S3, path: str) -> None:
    """moto keeps nothing; the bucket is made anew."""
    s3.kill()
    with pytest.raises(urllib.error.URLError, match="refused"):
        fetch(s3.url + path)
    before = s3.url
    s3.restart()
    assert s3.url == before
    with pytest.raises(urllib.error.HTTPError):
        fetch(s3.url + path)
    assert b"<Key>" not in s3.request("GET", f"/{s3.bucket}")


def test_paused_says_nothing_until_it_is_resumed(s3: S3, path: str) -> None:
    """And has lost nothing then."""
    s3.pause()
    with pytest.raises(TimeoutError):
        fetch(s3.url + path, timeout=0.3)
    s3.resume()
    assert fetch(s3.url + path) == CONTENT


@pytest.mark.parametrize("harm", ["kill", "pause"])
def test_next_test_gets_a_server_that_runs(s3: S3, harm: str) -> None:
    """Whatever the last one left behind."""
    getattr(s3, harm)()
    s3.ensure_running()
    s3.create_bucket()
    assert s3.answers()


def test_condition_is_decided_by_the_server(s3: S3, path: str) -> None:
    """412 for an object that is there."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        s3.request("PUT", path, b"other", If_None_Match="*")
    caught.value.close()
    assert caught.value.code == 412
    assert fetch(s3.url + path) == CONTENT


# ---------------------------------------------------------------- faults


@pytest.fixture
def url(s3_faults: S3Faults, path: str) -> Iterator[str]:
    """The object of `path` behind the proxy; when the test ends, it is reachable again."""
    assert fetch(s3_faults.url + path) == CONTENT
    yield s3_faults.url + path
    s3_faults.set("pass")
    assert fetch(s3_faults.url + path) == CONTENT


def test_down_refuses_connections(s3_faults: S3Faults, url: str) -> None:
    """As a server that is not there; again and again on the same port."""
    for _ in range(3):
        s3_faults.set("down")
        with pytest.raises(urllib.error.URLError, match="refused"):
            fetch(url)
        s3_faults.set("pass")
        assert fetch(url) == CONTENT


def test_black_hole_takes_a_request_and_says_nothing(s3_faults: S3Faults, url: str) -> None:
    """For as long as one waits."""
    s3_faults.set("black_hole")
    with pytest.raises(TimeoutError):
        fetch(url, timeout=0.5)


def test_truncated_announces_more_than_it_sends(s3_faults: S3Faults, url: str) -> None:
    """Half, then the end of the connection."""
    s3_faults.set("truncated")
    with pytest.raises(IncompleteRead) as caught:
        fetch(url)
    assert caught.value.partial == CONTENT[: len(CONTENT) // 2]


def test_stalled_falls_silent_half_way(s3_faults: S3Faults, url: str) -> None:
    """The first half is there at once."""
    s3_faults.set("stalled")
    with urllib.request.urlopen(url, timeout=0.5) as answer:
        half = len(CONTENT) // 2
        assert answer.read(half) == CONTENT[:half]
        with pytest.raises(TimeoutError):
            answer.read(1)


def test_corrupt_has_the_length_and_other_bytes(s3_faults: S3Faults, url: str) -> None:
    """Nothing in the head tells."""
    s3_faults.set("corrupt")
    content = fetch(url)
    assert len(content) == len(CONTENT)
    assert content != CONTENT


def test_trickle_sends_a_byte_a_second(s3_faults: S3Faults, url: str) -> None:
    """After the head, or instead of it."""
    s3_faults.set("trickle")
    started = time.monotonic()
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert answer.read(2) == CONTENT[:2]
    assert 1.5 < time.monotonic() - started < 5
    s3_faults.set("trickle_head")
    with pytest.raises(TimeoutError):
        fetch(url, timeout=0.5)


def test_slow_lets_everything_wait(s3_faults: S3Faults, url: str) -> None:
    """And then it is as it should be."""
    s3_faults.delay = 0.4
    s3_faults.set("slow")
    started = time.monotonic()
    assert fetch(url) == CONTENT
    assert time.monotonic() - started >= 0.4


def test_fault_is_of_some_objects_only(s3: S3, s3_faults: S3Faults, url: str) -> None:
    """By a part of the path, by the method."""
    s3_faults.set("truncated", only="bundle.tar.gz")
    assert fetch(url) == CONTENT
    s3_faults.set("truncated", method="PUT")
    assert fetch(url) == CONTENT
    s3_faults.set("truncated", only="object", method="GET")
    with pytest.raises(IncompleteRead):
        fetch(url)


def test_who_is_kept_waiting_is_cut_off_when_the_mode_changes(
    s3_faults: S3Faults, url: str
) -> None:
    """So that no connection of an old fault outlives it."""
    s3_faults.set("stalled")
    with urllib.request.urlopen(url, timeout=5) as answer:
        s3_faults.set("pass")
        with pytest.raises(IncompleteRead):
            answer.read()


def test_full_queue_makes_no_connection() -> None:
    """The client waits for as long as it likes."""
    with FullBacklog() as nowhere:
        started = time.monotonic()
        with pytest.raises(urllib.error.URLError, match="timed out"):
            fetch(nowhere.url, timeout=0.5)
        assert time.monotonic() - started >= 0.5
