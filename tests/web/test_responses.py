"""From an answer to a response, without a server."""

from __future__ import annotations

import time

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from sos.cache.encodings import build_variants
from sos.cache.headers import Lifetimes
from sos.cache.pages import CachedPage
from sos.render import RenderedPage
from sos.web.pages import Answer
from sos.web.responses import Responder

RESPONDER = Responder(Lifetimes(10, 30, 86400), https=True)
TEXT = b"<!DOCTYPE html>" + b"text " * 200


def kept(*, until: int = 0, partial: bool = False, status: int = 200) -> CachedPage:
    page = RenderedPage(
        status=status,
        content_type="text/html; charset=utf-8",
        body=TEXT,
        tag="abc",
        depends=("post:1",),
        csp="default-src 'self'",
        release="r1",
    )
    return CachedPage(
        page, build_variants(TEXT), rev=7, changed=1_700_000_000, until=until, partial=partial
    )


def respond(entry: CachedPage, *, stale: bool = False, **headers: str) -> web.Response:
    request = make_mocked_request(
        "GET", "/", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    answer = Answer(entry.page.status, entry, stale=stale)
    return RESPONDER.page(answer, request, revision=9, stale_for=42)


def test_a_page_is_sent_with_all_its_headers() -> None:
    """Validators, caching, keys, release, revision, security."""
    response = respond(kept())
    assert (response.status, response.body) == (200, TEXT)
    headers = response.headers
    assert headers["ETag"] == '"abc"'
    assert headers["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert headers["X-SOS-Content-Revision"] == "9"
    assert headers["X-SOS-Release"] == "r1"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["Referrer-Policy"]
    assert "X-SOS-Stale" not in headers
    assert "Content-Encoding" not in headers
    assert "Set-Cookie" not in headers


def test_a_coding_has_its_name_and_its_tag() -> None:
    """The body that is sent is the one that is named."""
    entry = kept()
    response = respond(entry, Accept_Encoding="gzip")
    assert response.body == entry.variants.gzip
    assert (response.headers["Content-Encoding"], response.headers["ETag"]) == (
        "gzip",
        '"abc-gzip"',
    )


@pytest.mark.parametrize(("ahead", "longest"), [(0.5, 0), (4.9, 4), (10_000, 10), (-5, 0)])
def test_the_edge_does_not_overshoot_the_next_change(ahead: float, longest: int) -> None:
    """Whole seconds, rounded down: a page that ends in half a second is not to be kept."""
    now = time.time()
    response = respond(kept(until=int(now + ahead)))
    seconds = int(response.headers["Surrogate-Control"].split(",")[0].removeprefix("max-age="))
    assert 0 <= seconds <= longest
    assert now + seconds <= max(now, int(now + ahead))


def test_what_is_stale_or_partial_says_so() -> None:
    """With the age of the content, or that some of it is missing; and it is not kept for long."""
    stale, partial = respond(kept(), stale=True), respond(kept(partial=True), stale=True)
    assert (stale.headers["X-SOS-Stale"], partial.headers["X-SOS-Stale"]) == ("42", "partial")
    assert "s-maxage=1," in stale.headers["Cache-Control"]


def test_an_unchanged_page_is_a_304_with_what_a_cache_needs() -> None:
    """And without what describes a body that is not sent."""
    response = respond(kept(), If_None_Match='"abc"')
    assert (response.status, response.body) == (304, None)
    assert {"ETag", "Vary", "Cache-Control", "Last-Modified", "Surrogate-Key"} <= set(
        response.headers
    )
    assert not {"Content-Encoding", "Content-Security-Policy"} & set(response.headers)
    assert respond(kept(), If_None_Match='"abc"', Accept_Encoding="br").status == 200
    assert respond(kept(status=404), If_None_Match="*").status == 404


def test_error_pages_are_not_kept_for_long() -> None:
    """However long the settings let pages be kept."""
    control = respond(kept(status=404)).headers["Cache-Control"]
    assert control == "public, max-age=0, s-maxage=10, stale-while-revalidate=10, stale-if-error=60"


def test_redirects_stay_on_the_site() -> None:
    """Absolute, on the public host, whatever the location is."""
    site = "https://www.example.com"
    for location, expected in {
        "/a/": f"{site}/a/",
        "//evil.test/": f"{site}//evil.test/",
        "https://evil.test/": site,
        "": site,
    }.items():
        assert RESPONDER.redirect(location, site).headers["Location"] == expected


@pytest.mark.parametrize("status", [400, 404, 405, 413, 416, 417, 421, 431, 500, 502, 503, 599])
def test_plain_answers_are_fixed_and_never_kept(status: int) -> None:
    """A word or two; the line ends after what no visitor would have sent."""
    response = RESPONDER.plain(status, Allow="GET, HEAD")
    assert response.status == status
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.text
    assert len(response.text) < 50
    assert (response.keep_alive is False) == (status in (400, 405, 413, 416, 417, 421, 431))


def test_the_page_for_nothing_to_show_may_have_styles_and_nothing_else() -> None:
    """503, with a time to come back."""
    response = RESPONDER.unavailable("<p>soon</p>")
    assert (response.status, response.text) == (503, "<p>soon</p>")
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert response.headers["Retry-After"] == "2"
