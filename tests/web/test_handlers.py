"""What the public port says to visitors, and to those who are none, byte by byte."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import brotli
import pytest
from sos.adapters.redis import RedisStore
from sos.content.store import Operation
from structlog.testing import capture_logs

from tests.page.documents import (
    entry,
    make_store,
    media,
    menu,
    page,
    post,
    reference,
    site,
    term,
    user,
)
from tests.page.fake_store import FakeStore
from tests.web.serving import HOST, Answer, Site, serving

DOCUMENTS = (
    post(5, author=3, categories=[7]),
    post(4, link="https://cms.example.org/caf%C3%A9/", slug="caf%c3%a9"),
    page(6, "about"),
    term(7, "News"),
    user(3, "Jo"),
    menu(entry(1, "About", "/about/")),
)
EVIL = "<script>alert(1)</script>"


@pytest.fixture
async def fake() -> FakeStore:
    return make_store(*DOCUMENTS)


@pytest.fixture
async def web(fake: FakeStore) -> AsyncIterator[Site]:
    async with serving(fake) as running:
        yield running


def fields(head: bytes) -> list[bytes]:
    """Lines of a head that may not differ between two answers to the same."""
    lines = head.split(b"\r\n\r\n")[0].split(b"\r\n")
    return sorted(line for line in lines if not line.startswith(b"Date:"))


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/", 200, "text/html; charset=utf-8"),
        ("/post-5/", 200, "text/html; charset=utf-8"),
        ("/caf%c3%a9/", 200, "text/html; charset=utf-8"),
        ("/about/", 200, "text/html; charset=utf-8"),
        ("/category/news/", 200, "text/html; charset=utf-8"),
        ("/author/jo/", 200, "text/html; charset=utf-8"),
        ("/2024/05/", 200, "text/html; charset=utf-8"),
        ("/feed/", 200, "application/rss+xml; charset=utf-8"),
        ("/feed/atom/", 200, "application/atom+xml; charset=utf-8"),
        ("/category/news/feed/", 200, "application/rss+xml; charset=utf-8"),
        ("/author/jo/feed/atom/", 200, "application/atom+xml; charset=utf-8"),
        ("/2024/feed/", 200, "application/rss+xml; charset=utf-8"),
        ("/sitemap.xml", 200, "application/xml; charset=utf-8"),
        ("/sitemap-posts-post-1.xml", 200, "application/xml; charset=utf-8"),
        ("/sitemap-terms-category-1.xml", 200, "application/xml; charset=utf-8"),
        ("/sitemap-users-1.xml", 200, "application/xml; charset=utf-8"),
        ("/robots.txt", 200, "text/plain; charset=utf-8"),
        ("/nothing/", 404, "text/html; charset=utf-8"),
        ("/page/99/", 404, "text/html; charset=utf-8"),
        ("/post-5/feed/", 404, "text/html; charset=utf-8"),
        ("/sitemap-posts-post-2.xml", 404, "text/html; charset=utf-8"),
        ("/sitemap-posts-attachment-1.xml", 404, "text/html; charset=utf-8"),
        ("/wp-content/uploads/a.jpg", 404, "text/plain; charset=utf-8"),
        ("/_assets/nothing/style.css", 404, "text/plain; charset=utf-8"),
        ("/__preview/forged", 404, "text/plain; charset=utf-8"),
    ],
)  # fmt: skip
async def test_every_kind_of_page_is_answered(web: Site, path: str, status: int, kind: str) -> None:
    """With its type, its length, the release and the revision of the content."""
    answer = await web.fetch(path)
    assert (answer.status, answer["Content-Type"]) == (status, kind)
    assert int(answer["Content-Length"] or 0) == len(answer.body) > 0
    assert answer["Set-Cookie"] is None
    assert answer["X-Content-Type-Options"] == "nosniff"
    if not kind.startswith("text/plain") or path == "/robots.txt":
        assert answer["X-SOS-Release"]
        assert answer["X-SOS-Content-Revision"] == str(web.pages.follower.rev)
        assert answer["Vary"] == "Accept-Encoding"


async def test_a_page_says_how_long_it_may_be_kept(web: Site) -> None:
    """Headers of design section 4; an error page is kept for a shorter time."""
    answer = await web.fetch("/post-5/")
    assert answer["Cache-Control"] == (
        "public, max-age=0, s-maxage=10, stale-while-revalidate=30, stale-if-error=86400"
    )
    assert answer["Surrogate-Control"] == answer["CDN-Cache-Control"]
    keys = (answer["Surrogate-Key"] or "").split()
    assert keys[0] == "post-5"
    assert {"site", "author-3", "term-7", f"rel-{answer['X-SOS-Release']}"} <= set(keys)
    assert answer["Cache-Tag"] == ",".join(keys)
    assert answer["Strict-Transport-Security"]
    assert answer["X-SOS-Stale"] is None
    missing = await web.fetch("/nothing/")
    assert "stale-if-error=60" in (missing["Cache-Control"] or "")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/post-5", "/post-5/"),
        ("/caf%C3%A9/", "/caf%c3%a9/"),
        ("/%61bout/", "/about/"),
        ("/about", "/about/"),
        ("/page/1/", "/"),
        ("/page/1", "/"),
        ("/post-5/1/", "/post-5/"),
        ("/post-5/9/", "/post-5/"),
        ("/category/news", "/category/news/"),
        ("/feed", "/feed/"),
        ("/feed/rdf/", "/feed/"),
        ("/atom/", "/feed/atom/"),
        ("/category/news/feed/rss2", "/category/news/feed/"),
        ("/?p=5", "/post-5/"),
        ("/?page_id=6", "/about/"),
        ("/?cat=7", "/category/news/"),
        ("/?cat=7&feed=atom", "/category/news/feed/atom/"),
        ("/?author=3", "/author/jo/"),
        ("/?feed=rss2", "/feed/"),
        ("/?m=202405", "/2024/05/"),
        ("/?m=202405&feed=rss2", "/2024/05/feed/"),
        ("/?paged=1", "/"),
        ("/wp-sitemap.xml", "/sitemap.xml"),
        ("/2024/05", "/2024/05/"),
    ],
)  # fmt: skip
async def test_there_is_one_address_and_others_lead_to_it(
    web: Site, path: str, location: str
) -> None:
    """301, absolute, on the public host; and the address that it leads to is answered."""
    answer = await web.fetch(path)
    assert (answer.status, answer["Location"]) == (301, f"https://{HOST}{location}")
    assert answer.body == b""
    assert "s-maxage=10" in (answer["Cache-Control"] or "")
    assert (await web.fetch(location)).status == 200


async def test_what_was_removed_is_gone_and_what_moved_is_found(web: Site, fake: FakeStore) -> None:
    """410 for a tombstone, 301 for an old address with its page or part."""
    fake.remove("post:4")
    parts = {"rendered": "<p>1</p><!--nextpage--><p>2</p>"}
    fake.put("post:5", post(5, link="https://cms.example.org/new/", content=parts))
    await web.pages.follower.look()
    assert (await web.fetch("/caf%c3%a9/")).status == 410
    assert (await web.fetch("/post-5/"))["Location"] == f"https://{HOST}/new/"
    assert (await web.fetch("/post-5/2/"))["Location"] == f"https://{HOST}/new/2/"
    assert (await web.fetch("/new/2/")).status == 200


async def test_sitemap_leaves_out_what_is_not_to_be_listed(web: Site, fake: FakeStore) -> None:
    """As soon as a plugin says so, and until it says otherwise; the page itself says it too."""
    listed = f"<loc>https://{HOST}/post-5/</loc>".encode()
    for robots in ("", "noindex", ""):
        fake.put("post:5", post(5, yoast_head_json={"robots": [robots]}))
        await web.pages.follower.look()
        assert (listed in (await web.fetch("/sitemap-posts-post-1.xml")).body) is not bool(robots)
        assert (b'content="noindex' in (await web.fetch("/post-5/")).body) is bool(robots)


# ---------------------------------------------------------------- requests of visitors


@pytest.mark.parametrize(
    "extra",
    [
        ("X-Forwarded-Host: evil.test", "X-Forwarded-Proto: http", "X-Forwarded-For: 1.2.3.4"),
        ("X-Original-URL: /admin", "X-Rewrite-URL: /admin", "Forwarded: host=evil.test"),
        ("Cookie: wordpress_logged_in_x=admin; session=1", "Authorization: Basic eDp5"),
        ("Accept: application/json", "Accept-Language: de", "User-Agent: " + EVIL),
        ("Accept: " + "x" * 5000,),
        ("Origin: https://evil.test", "Referer: https://evil.test/" + EVIL),
        ("Pragma: no-cache", "Cache-Control: no-cache"),
        ("Range: bytes=0-10",),
        ("X-HTTP-Method-Override: DELETE",),
        ("Content-Length: 0",),
        ("Connection: keep-alive, X-Foo",),
        ("If-None-Match: \"x\"", "If-Match: \"y\""),
        ("If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", "If-Unmodified-Since: x"),
        ("TE: trailers, deflate;q=0.5", "Trailer: X"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/post-5/", "/nothing/", "/feed/"])
async def test_what_a_client_adds_changes_nothing(
    web: Site, extra: tuple[str, ...], path: str
) -> None:
    """Forwarded hosts, cookies, odd Accepts: the same bytes as without."""
    plain = await web.fetch(path)
    odd = await web.fetch(path, *extra)
    assert fields(odd.raw) == fields(plain.raw)
    assert odd.body == plain.body
    assert EVIL.encode() not in odd.raw


@pytest.mark.parametrize(
    "query", ["?", "?utm_source=x", f"?x={'a' * 3000}", "?%00", "?s=hello", "?p=x"]
)
async def test_an_unknown_query_changes_nothing(web: Site, query: str) -> None:
    """It is the page without it."""
    for path in ("/", "/post-5/"):
        assert (await web.fetch(path + query)).body == (await web.fetch(path)).body


async def fetch_packed(web: Site, path: str) -> Answer:
    """A page in brotli, which is made when nobody waits."""
    async with asyncio.timeout(10):
        while (found := await web.fetch(path, "Accept-Encoding: br"))["Content-Encoding"] != "br":
            await asyncio.sleep(0.02)
    return found


async def test_codings_are_those_that_the_client_takes(web: Site) -> None:
    """The same text in each, another tag for each."""
    await fetch_packed(web, "/post-5/")
    found = {
        c: await web.fetch("/post-5/", f"Accept-Encoding: {c}") for c in ("gzip", "br", "identity")
    }
    text = found["identity"].body
    assert gzip.decompress(found["gzip"].body) == brotli.decompress(found["br"].body) == text
    assert [a["Content-Encoding"] for a in found.values()] == ["gzip", "br", None]
    assert len({a["ETag"] for a in found.values()}) == 3


async def test_a_head_is_a_get_without_its_body(web: Site) -> None:
    """RFC 9110, section 9.3.2: the same fields."""
    for path in ("/post-5/", "/nothing/", "/feed/", "/robots.txt", "/post-5", "/a//b"):
        get, head = await web.fetch(path), await web.fetch(path, method="HEAD")
        # The length may be left out (RFC 9110, section 8.6), and is where it is 0.
        assert set(fields(get.raw)) - set(fields(head.raw)) <= {b"Content-Length: 0"}
        assert set(fields(head.raw)) <= set(fields(get.raw))
        assert head.body == b""
        assert not head.closed


async def test_what_a_client_has_is_not_sent_again(web: Site) -> None:
    """304 with the fields of RFC 9110, section 15.4.5, and nothing that a cache would misread."""
    full = await web.fetch("/post-5/", "Accept-Encoding: br")
    for held in (full["ETag"], f"W/{full['ETag']}", f'"x", {full["ETag"]}', "*"):
        answer = await web.fetch("/post-5/", "Accept-Encoding: br", f"If-None-Match: {held}")
        assert answer.status == 304
        for name in ("Cache-Control", "ETag", "Vary", "Surrogate-Key", "Surrogate-Control"):
            assert answer[name] == full[name]
        assert answer["Date"]
        for name in ("Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding"):
            assert answer[name] is None, name
        assert not answer.closed


async def test_another_coding_is_another_body(web: Site) -> None:
    """A cache that asks for a client without brotli must not be told to use brotli."""
    packed = await fetch_packed(web, "/post-5/")
    answer = await web.fetch("/post-5/", f"If-None-Match: {packed['ETag']}")
    assert answer.status == 200
    assert answer["Content-Encoding"] is None


async def test_dates_count_when_they_are_ours(web: Site) -> None:
    """If-Modified-Since must be exactly the date that was sent, and is ignored next to a tag."""
    full = await web.fetch("/post-5/")
    date = f"If-Modified-Since: {full['Last-Modified']}"
    assert (await web.fetch("/post-5/", date)).status == 304
    assert (await web.fetch("/post-5/", date, 'If-None-Match: "x"')).status == 200
    assert (
        await web.fetch("/post-5/", "If-Modified-Since: Tue, 01 Jan 2999 00:00:00 GMT")
    ).status == 200
    assert (await web.fetch("/nothing/", "If-None-Match: *")).status == 404


async def test_connections_are_kept_and_pipelined(web: Site) -> None:
    """Two requests at once on one line get two answers in their order."""
    first = f"GET /post-5/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
    second = f"GET /robots.txt HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
    answer = await web.send((first + second).encode())
    assert answer.status == 200
    assert not answer.closed  # the second one follows
    assert (await web.fetch("/post-5/")).closed is False


async def test_an_old_client_is_answered(web: Site) -> None:
    """HTTP/1.0 with a Host; the line is closed after it."""
    answer = await web.send(f"GET /post-5/ HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
    assert (answer.status, answer.closed) == (200, True)


async def test_the_host_may_be_in_capitals(web: Site) -> None:
    """Host names have no case."""
    assert (await web.fetch("/", host=HOST.upper())).status == 200


# ---------------------------------------------------------------- requests of nobody


def raw(
    line: str = "GET / HTTP/1.1", *lines: str, host: str | None = HOST, body: str = ""
) -> bytes:
    head = [line, *([f"Host: {host}"] if host is not None else []), *lines]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode("latin-1")


BAD: dict[str, tuple[bytes, int]] = {
    "a foreign host": (raw(host="evil.test"), 421),
    "a host with markup": (raw(host=f'a">{EVIL}'), 421),
    "the host with another port": (raw(host=f"{HOST}:8080"), 421),
    "the host with a dot": (raw(host=f"{HOST}."), 421),
    "a longer host": (raw(host=f"{HOST}.evil.test"), 421),
    "an empty host": (raw(host=""), 421),
    "two hosts": (raw("GET / HTTP/1.1", f"Host: {HOST}"), 400),
    "two different hosts": (raw("GET / HTTP/1.1", "Host: evil.test"), 400),
    "no host": (raw(host=None), 400),
    "an old client without host": (raw("GET / HTTP/1.0", host=None), 400),
    "an absolute target": (raw(f"GET http://{HOST}/ HTTP/1.1"), 400),
    "an absolute target elsewhere": (raw("GET http://evil.test/ HTTP/1.1"), 400),
    "a broken absolute target": (raw(f"GET http://[{EVIL}/ HTTP/1.1"), 400),
    "an asterisk": (raw("OPTIONS * HTTP/1.1"), 400),
    "a tunnel": (raw("CONNECT evil.test:443 HTTP/1.1"), 400),
    "a control character in the path": (raw("GET /\x01 HTTP/1.1"), 400),
    "NUL in the path": (raw("GET /\x00 HTTP/1.1"), 400),
    "NUL in a field": (raw("GET / HTTP/1.1", f"X: a\x00{EVIL}"), 400),
    "an escaped NUL": (raw("GET /%00 HTTP/1.1"), 400),
    "an escaped line end": (raw("GET /%0d%0aX:y HTTP/1.1"), 400),
    "a bad escape": (raw(f"GET /%zz{'%'}{EVIL} HTTP/1.1"), 400),
    "half an escape": (raw("GET /% HTTP/1.1"), 400),
    "no UTF-8": (raw("GET /%ff%fe HTTP/1.1"), 400),
    "raw bytes": (raw("GET /\xff HTTP/1.1"), 400),
    "markup in the path": (raw(f"GET /{EVIL} HTTP/1.1"), 400),
    "a fragment": (raw(f"GET /#{EVIL} HTTP/1.1"), 400),
    "a space in the path": (raw("GET /a b HTTP/1.1"), 400),
    "a backslash": (raw("GET /a\\b HTTP/1.1"), 400),
    "an odd version": (raw("GET / HTTP/3.7"), 400),
    "HTTP/2 without a word": (raw("GET / HTTP/2.0"), 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "no HTTP": (f"{EVIL}\r\n\r\n".encode(), 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "bare line feeds": (f"GET / HTTP/1.1\nHost: {HOST}\n\n".encode(), 400),
    "a folded field": (raw("GET / HTTP/1.1", "X: a", f" {EVIL}"), 400),
    "a space before the colon": (raw("GET / HTTP/1.1", "X : a"), 400),
    "an unknown method": (raw(f"{EVIL} / HTTP/1.1"), 400),
    "POST": (raw("POST / HTTP/1.1", "Content-Length: 5", body="hello"), 405),
    "POST without a body": (raw("POST / HTTP/1.1"), 405),
    "PUT": (raw("PUT / HTTP/1.1", "Content-Length: 5", body="hello"), 405),
    "DELETE": (raw("DELETE /post-5/ HTTP/1.1"), 405),
    "OPTIONS": (raw("OPTIONS / HTTP/1.1"), 405),
    "TRACE": (raw("TRACE / HTTP/1.1"), 405),
    "PURGE": (raw("PURGE / HTTP/1.1"), 405),
    "a GET with a body": (raw("GET / HTTP/1.1", "Content-Length: 5", body="hello"), 413),
    "a GET in chunks": (raw("GET / HTTP/1.1", "Transfer-Encoding: chunked", body="0\r\n\r\n"), 413),
    "a huge POST": (raw("POST / HTTP/1.1", "Content-Length: 99999999999", body="hello"), 405),
    "conflicting lengths": (raw("GET / HTTP/1.1", "Content-Length: 5", "Content-Length: 6", body="hello"), 400),
    "length and chunks": (
        raw("GET / HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked", body="0\r\n\r\n"), 400),
    "a length with a sign": (raw("GET / HTTP/1.1", "Content-Length: +5", body="hello"), 400),
    "a negative length": (raw("GET / HTTP/1.1", "Content-Length: -5"), 400),
    "an unknown transfer coding": (raw("GET / HTTP/1.1", "Transfer-Encoding: xchunked", body="0\r\n\r\n"), 400),
    "an expectation": (raw("GET / HTTP/1.1", "Expect: 100-continue"), 417),
    "an expectation with a body": (
        raw("POST / HTTP/1.1", "Expect: 100-continue", "Content-Length: 5"), 417),
    "an odd expectation": (raw("GET / HTTP/1.1", f"Expect: {EVIL}"), 417),
    "an upgrade to HTTP/2": (
        raw("GET / HTTP/1.1", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"),
        400),
    "an upgrade to a web socket": (raw("GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"), 400),
    "a long line": (raw(f"GET /{'a' * 9000} HTTP/1.1"), 431),
    "a long field": (raw("GET / HTTP/1.1", f"X: {'a' * 9000}"), 431),
    "many fields": (raw("GET / HTTP/1.1", *(f"X{n}: a" for n in range(150))), 431),
    "much in the head": (raw("GET / HTTP/1.1", *(f"X{n}: {'a' * 8000}" for n in range(5))), 431),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_what_no_visitor_sends_is_refused(
    web: Site, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A short fixed text, not to be kept; nothing of the request in it or in the log; then the end."""
    data, status = BAD[name]
    with caplog.at_level(logging.DEBUG), capture_logs() as events:
        answer = await web.send(data)
    assert answer.status == status
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert len(answer.body) < 50
    assert answer.closed
    assert (answer["Allow"] == "GET, HEAD") == (status == 405)
    assert EVIL.encode() not in answer.raw
    logged = caplog.text + repr(events)
    assert EVIL not in logged
    assert "Traceback" not in logged
    assert "exc_info" not in logged
    assert (await web.fetch("/post-5/")).status == 200


@pytest.mark.parametrize("path", ["/a//b", "//evil.test/", "/../etc/passwd", "/a%2fb", "/a%5cb", "/./",
                                  "/%2e%2e/", f"/{'a' * 2500}"])  # fmt: skip
async def test_what_no_page_is_called_is_not_found(web: Site, fake: FakeStore, path: str) -> None:
    """404 with the page for it; the store is not asked what is there, and nothing is echoed."""
    await web.fetch("/nothing/")
    before = fake.reads
    answer = await web.fetch(path)
    assert (answer.status, fake.reads) == (404, before)
    assert b"evil" not in answer.raw
    assert b"aaaaaaaa" not in answer.raw


async def test_a_flood_of_nonsense_is_logged_once(web: Site) -> None:
    """And counted: an attacker does not fill the disk."""
    with capture_logs() as events:
        for _ in range(20):
            await web.send(b"nonsense\r\n\r\n")
    assert [e["event"] for e in events] == ["request_unreadable"]
    assert web.context.metrics.rejected_requests.values[("syntax",)] == [20]


# ---------------------------------------------------------------- when things fail


async def test_a_fault_within_is_a_short_500(web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the fault is sent, all of it is logged, the query is not."""

    async def fail(*_: Any) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(web.pages, "answer", fail)
    with capture_logs() as events:
        answer = await web.fetch("/x/?token=abc")
    assert (answer.status, answer["Cache-Control"]) == (500, "no-store")
    assert b"secret" not in answer.raw
    assert [(e["event"], e["path"]) for e in events] == [("request_failed", "/x/")]
    assert events[0]["exc_info"]


async def test_with_nothing_to_show_it_says_when_to_come_back(web: Site, fake: FakeStore) -> None:
    """503 of the release's own, not to be kept."""
    fake.unavailable = True
    answer = await web.fetch("/about-x/")
    assert (answer.status, answer["Cache-Control"], answer["Retry-After"]) == (503, "no-store", "2")
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert b"</html>" in answer.body


async def test_an_outage_is_marked_and_shown_from_memory(web: Site, fake: FakeStore) -> None:
    """What was kept is served with a short life and the age of its content."""
    fresh = await web.fetch("/post-5/")
    fake.unavailable = True
    fake.happened.set()
    web.pages.follower._enter("unavailable")
    stale = await web.fetch("/post-5/")
    assert (stale.status, stale.body) == (200, fresh.body)
    assert (stale["X-SOS-Stale"] or "").isdigit()
    assert "s-maxage=1," in (stale["Cache-Control"] or "")


async def test_the_icon_that_browsers_ask_for_is_the_site_s(fake: FakeStore) -> None:
    """Or the theme's where the site has none, or one on another host."""
    for url, expected in {
        "https://cms.example.org/icon.png": f"https://{HOST}/icon.png",
        "https://cdn.test/icon.png": "/_assets/",
        "": "/_assets/",
    }.items():
        fake.put("site", site(site_icon_url=url))
        async with serving(fake) as running:
            answer = await running.fetch("/favicon.ico")
        assert answer.status == 301
        assert expected in (answer["Location"] or "")
        assert (answer["Location"] or "").startswith(f"https://{HOST}/")


async def test_assets_never_change_under_their_address(web: Site) -> None:
    """Kept for ever, by browsers too; conditional and coded like pages."""
    url = next(u for u in web.pages.producer.release.assets if u.endswith("style.css"))
    answer = await web.fetch(url, "Accept-Encoding: gzip")
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert gzip.decompress(answer.body)
    again = await web.fetch(url, "Accept-Encoding: gzip", f"If-None-Match: {answer['ETag']}")
    assert (again.status, again["Cache-Control"]) == (304, answer["Cache-Control"])
    assert (await web.fetch(url, method="HEAD")).status == 200
    assert (await web.fetch(url + "?x=1")).status == 200


# ---------------------------------------------------------------- with a real store


async def test_the_same_site_from_a_real_store(store: RedisStore) -> None:
    """The fake store is no better than the real one: the same pages to the byte."""
    made = make_store(*DOCUMENTS, media(9))
    operations = [
        Operation("put", ref, n, json.dumps(document).encode())
        for n, (ref, document) in enumerate(
            [("site", site()), *((reference(d), d) for d in (*DOCUMENTS, media(9)))]
        )
    ]
    outcomes = await store.apply([*operations, Operation("ready")])
    assert set(outcomes) == {"applied"}
    async with serving(made) as ours_web, serving(store) as real:
        for path in ("/", "/post-5/", "/caf%c3%a9/", "/about/", "/category/news/", "/author/jo/",
                     "/2024/05/", "/feed/", "/feed/atom/", "/sitemap.xml", "/sitemap-posts-page-1.xml",
                     "/robots.txt", "/nothing/", "/post-5", "/?p=5", "/picture-9/", "/page/2/"):  # fmt: skip
            ours, theirs = await ours_web.fetch(path), await real.fetch(path)
            assert (ours.status, ours["Location"], ours.body) == (
                theirs.status, theirs["Location"], theirs.body), path  # fmt: skip
            assert set((ours["Surrogate-Key"] or "").split()) == set(
                (theirs["Surrogate-Key"] or "").split()
            )
