"""Addresses are read one way everywhere: what is given, what is followed, what a path is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.adapters.redis import RedisStore
from sos.content.store import Operation
from sos.errors import SourceError
from sos.wordpress.site_url import (
    build_base_path,
    build_public_path,
    canonical_path,
    decide_redirect,
    is_plain_link,
    is_same_host,
    is_same_site,
    parse_site_url,
)


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("https://Example.org", "https://example.org/"),
        ("example.org", "https://example.org/"),
        ("example.org/blog", "https://example.org/blog/"),
        (" http://example.org/ ", "http://example.org/"),
        ("http://example.org:8080/a/b/", "http://example.org:8080/a/b/"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("https://example.org/?p=1#x", "https://example.org/"),
    ],
)
def test_an_address_is_brought_into_one_form(given_url: str, expected: str) -> None:
    """With a scheme and a slash, without query and fragment."""
    assert parse_site_url(given_url) == expected


@pytest.mark.parametrize(
    "given_url",
    [
        "",
        "https://",
        "ftp://x/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://x:99999/",
        "///",
    ],
)
def test_what_is_no_address_is_refused(given_url: str) -> None:
    """With what was expected."""
    with pytest.raises(SourceError):
        parse_site_url(given_url)


@pytest.mark.parametrize(
    "given_url", ["https://me:pw1@x.example/", "https://me@x.example/", "me:pw1@x"]
)
def test_credentials_in_an_address_are_refused_and_not_repeated(given_url: str) -> None:
    """They would end up in the history of a shell and in logs."""
    with pytest.raises(SourceError, match="SOS_WP_PASSWORD") as caught:
        parse_site_url(given_url)
    assert "pw1" not in str(caught.value)


@pytest.mark.parametrize(
    ("current", "location", "discovering", "target"),
    [
        ("http://x.example/a", "/b", False, "http://x.example/b"),
        ("http://x.example/a", "https://x.example/a", False, "https://x.example/a"),
        ("https://x.example/", "https://x.example:443/b", False, "https://x.example:443/b"),
        ("https://x.example/", "https://www.x.example/", True, "https://www.x.example/"),
        ("http://www.x.example/", "https://x.example/", True, "https://x.example/"),
        ("http://x.example:8080/", "http://x.example:8080/b", False, "http://x.example:8080/b"),
    ],
)
def test_a_redirect_within_the_site_is_followed(
    current: str, location: str, discovering: bool, target: str
) -> None:
    """To https, and while discovering with or without www."""
    assert decide_redirect(current, location, discovering=discovering) == target


@pytest.mark.parametrize(
    ("current", "location", "discovering"),
    [
        ("https://x.example/", "https://www.x.example/", False),
        ("https://x.example/", "https://cms.x.example/", True),
        ("https://x.example/", "https://x.example.evil.example/", True),
        ("https://x.example/", "http://x.example/", True),
        ("https://x.example/", "https://x.example:8443/", True),
        ("http://127.0.0.1:80/", "http://127.0.0.1:6379/", True),
        ("https://x.example/", "https://user@x.example/", True),
        ("https://x.example/", "gopher://x.example/", True),
        ("https://x.example/", "http://[::1", True),
    ],
)
def test_a_redirect_that_leads_away_is_refused(
    current: str, location: str, discovering: bool
) -> None:
    """Other hosts, other ports, and from https to http."""
    with pytest.raises(SourceError):
        decide_redirect(current, location, discovering=discovering)


def test_hosts_are_the_same_with_and_without_their_own_port() -> None:
    """443 is https's own, 80 is http's."""
    assert is_same_host("http://x.example/", "https://x.example:443/")
    assert not is_same_host("http://x.example/", "https://www.x.example/")
    assert is_same_site("http://x.example/", "https://www.x.example/")
    assert not is_same_site("http://x.example/", "https://y.x.example/")


@pytest.mark.parametrize(
    ("link", "base", "path"),
    [
        ("https://x.example/hello/", "", "/hello/"),
        ("https://x.example", "", "/"),
        ("https://x.example/blog/hello/", "/blog", "/hello/"),
        ("https://x.example/blog/", "/blog", "/"),
        ("https://x.example/blogger/", "/blog", "/blogger/"),
        ("https://x.example/?p=12", "", ""),
        ("/relative/", "", ""),
        ("https://x.example/%D0%BF/", "", "/%d0%bf/"),
        ("https://x.example/п/", "", "/%d0%bf/"),
        ("https://x.example/a%2Fb/", "", "/a%2fb/"),
        ("https://x.example/a#top", "", "/a"),
    ],
)
def test_the_path_of_a_permalink_is_canonical(link: str, base: str, path: str) -> None:
    """Without the folder that the site lives in; a plain link has none."""
    assert build_public_path(link, base) == path


def test_a_plain_link_is_one_with_a_query() -> None:
    """`/?p=12`, `/?cat=3`."""
    assert is_plain_link("https://x.example/?p=12")
    assert not is_plain_link("https://x.example/p/12/")


def test_the_folder_of_a_site_has_no_slash_at_its_end() -> None:
    """And is nothing at the top of its host."""
    assert build_base_path("https://x.example/blog/") == "/blog"
    assert build_base_path("https://x.example") == ""


@given(st.text(max_size=40))
def test_a_canonical_path_stays_as_it_is(text: str) -> None:
    """Whatever was in it."""
    path = canonical_path(text)
    assert canonical_path(path) == path
    assert path.startswith("/")
    assert path.isascii()


PATHS = [
    "/plain/",
    "no-slash",
    "/Ünï/ко́д/港/🚤/",
    "/%D0%BF%d0%BF/%7e/%7E/%41/%2f/%00/",
    "/a b/\"<>\\^`{|}/'()*+,;=:@!$&/",
    "/100%/%/%g1/%4/",
    "/\x00\x1f\x7f/",
    "/" + "a" * 1999,
    "/" + "a" * 2000,
    "//double//",
]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
async def test_the_writer_and_the_verifier_have_the_same_idea_of_a_path(
    store: RedisStore, path: str
) -> None:
    """apply.lua derives it from a document, Python from a listing: they must not disagree."""
    import msgspec

    document = {"id": 1, "type": "post", "status": "publish", "sos": {"path": path}}
    document["date_gmt"] = "2024-01-01T00:00:00"
    await store.apply([Operation("put", "post:1", 1, msgspec.json.encode(document))])
    assert (await store.fetch_all_entries())["post:1"].path == canonical_path(path)
