"""A request within a request: it is never answered, and nobody else gets an answer to it.

Each case is sent whole and byte by byte. A chain of proxies in front of sos may see the borders
between requests elsewhere; what matters here is that sos, in doubt, answers once and ends the line.
"""

from __future__ import annotations

import asyncio
import io
import logging
from dataclasses import dataclass

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from tests.front.wire import SECONDS, Line, Reply, Talk, check_dates, talk
from tests.page.fake_store import FakeStore
from tests.web.serving import HOST, Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

INNER = f"GET /smuggled/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
"""The request that is hidden in another one."""

CHUNKED = f"{len(INNER):x}\r\n{INNER}\r\n0\r\n\r\n"


def make(*fields: str, line: str = "GET / HTTP/1.1", body: str = INNER, host: str = HOST) -> bytes:
    """A request with these fields after its Host, and a body in which another request is."""
    return ("\r\n".join([line, f"Host: {host}", *fields]) + "\r\n\r\n" + body).encode("latin-1")


def post(*fields: str, body: str = INNER) -> bytes:
    """The same by POST."""
    return make(*fields, line="POST / HTTP/1.1", body=body)


N = len(INNER)
TE = "Transfer-Encoding: chunked"

PIECES = ("whole", "in bytes")

CASES: dict[str, tuple[bytes, int]] = {
    # Lengths
    "a length on a GET": (make(f"Content-Length: {N}"), 413),
    "a length that is too short": (make("Content-Length: 5"), 413),
    "a length that is too long": (make("Content-Length: 4000"), 413),
    "a length on a HEAD": (make(f"Content-Length: {N}", line="HEAD / HTTP/1.1", body=""), 413),
    "two lengths": (make("Content-Length: 0", f"Content-Length: {N}"), 400),
    "two lengths the other way round": (make(f"Content-Length: {N}", "Content-Length: 0"), 400),
    "the same length twice": (make(f"Content-Length: {N}", f"Content-Length: {N}"), 400),
    "two lengths that are none": (make("Content-Length: 0", "Content-Length: 0"), 400),
    "a list of lengths": (make(f"Content-Length: {N}, {N}"), 400),
    "a list of lengths that begins with none": (make(f"Content-Length: 0, {N}"), 400),
    "a length with a plus": (make(f"Content-Length: +{N}"), 400),
    "a length with a minus": (make("Content-Length: -1"), 400),
    "a length in hexadecimal": (make(f"Content-Length: 0x{N:x}"), 400),
    "a length in letters": (make("Content-Length: a"), 400),
    "a length with a point": (make(f"Content-Length: {N}.0"), 400),
    "a length with an underscore": (make("Content-Length: 1_0"), 400),
    "a length with a space in it": (make("Content-Length: 0 5"), 400),
    "an empty length": (make("Content-Length:"), 400),
    "a length of spaces": (make("Content-Length:   "), 400),
    "a length with a tab in it": (make("Content-Length: 0\t5"), 400),
    "a length with a vertical tab": (make(f"Content-Length: \x0b{N}"), 400),
    "a length with NUL": (make(f"Content-Length: 0\x00{N}"), 400),
    "a length beyond 64 bits": (make("Content-Length: 18446744073709551616"), 400),
    "a length of many digits": (make(f"Content-Length: {'9' * 100}"), 400),
    "a length after a space": (make(f"Content-Length : {N}"), 400),
    "a length on a folded line": (make("Content-Length:", f" {N}"), 400),
    "a length folded into another field": (make("X: y", f" Content-Length: {N}"), 400),
    "a length behind a bare line feed": (make(f"X: y\nContent-Length: {N}"), 400),
    "a length behind a bare return": (make(f"X: y\rContent-Length: {N}"), 400),
    "a length without a name's end": (make(f"Content-Length {N}"), 400),
    "a POST with a length": (post(f"Content-Length: {N}"), 405),
    "a POST with a length that is too short": (post("Content-Length: 3"), 405),
    "a POST with two lengths": (post("Content-Length: 0", f"Content-Length: {N}"), 400),
    "a body that is not packed as it says": (make("Content-Encoding: gzip", f"Content-Length: {N}"), 413),
    "a POST that is not packed as it says": (post("Content-Encoding: br", f"Content-Length: {N}"), 405),
    # Both
    "length and chunks": (make("Content-Length: 4", TE, body="0\r\n\r\n" + INNER), 400),
    "chunks and length": (make(TE, f"Content-Length: {N + 5}", body="0\r\n\r\n" + INNER), 400),
    "no length and chunks": (make("Content-Length: 0", TE, body="0\r\n\r\n" + INNER), 400),
    "length and chunks by POST": (post("Content-Length: 4", TE, body="0\r\n\r\n" + INNER), 400),
    "chunks and length by POST": (post(TE, "Content-Length: 4", body="0\r\n\r\n" + INNER), 400),
    "chunks in another case and a length": (post("tRANSFER-eNCODING: CHUNKED", "content-length: 4", body=CHUNKED), 400),
    # Codings
    "chunks on a GET": (make(TE, body=CHUNKED), 413),
    "chunks that end at once": (make(TE, body="0\r\n\r\n"), 413),
    "chunks with a request behind them": (make(TE, body="0\r\n\r\n" + INNER), 413),
    "chunks by HTTP/1.0": (make(TE, line="GET / HTTP/1.0", body="0\r\n\r\n" + INNER), 413),
    "an unknown coding": (make("Transfer-Encoding: xchunked", body=CHUNKED), 400),
    "an unknown coding by POST": (post("Transfer-Encoding: xchunked", body=CHUNKED), 400),
    "chunks twice": (make("Transfer-Encoding: chunked, chunked", body=CHUNKED), 400),
    "chunks in two fields": (make(TE, TE, body=CHUNKED), 400),
    "chunks that are no chunks": (make("Transfer-Encoding: chunked, identity", body=CHUNKED), 400),
    "chunks and then another coding": (make(TE, "Transfer-Encoding: identity", body=CHUNKED), 400),
    "another coding and then chunks": (make("Transfer-Encoding: identity", TE, body=CHUNKED), 400),
    "no coding": (make("Transfer-Encoding: identity"), 400),
    "an empty coding": (make("Transfer-Encoding:"), 413),
    "a coding in quotes": (make('Transfer-Encoding: "chunked"', body=CHUNKED), 400),
    "a coding with a parameter": (make("Transfer-Encoding: chunked;x=y", body=CHUNKED), 400),
    "a coding with a vertical tab": (make("Transfer-Encoding: \x0bchunked", body=CHUNKED), 400),
    "a coding with a vertical tab behind it": (make("Transfer-Encoding: chunked\x0b", body=CHUNKED), 400),
    "a coding with NUL": (make("Transfer-Encoding: chunked\x00", body=CHUNKED), 400),
    "a coding with a bare return": (make("Transfer-Encoding: chunked\r", body=CHUNKED), 400),
    "a coding after a space": (make("Transfer-Encoding : chunked", body=CHUNKED), 400),
    "a coding after a tab": (make("Transfer-Encoding\t: chunked", body=CHUNKED), 400),
    "a coding on a folded line": (make("Transfer-Encoding:", " chunked", body=CHUNKED), 400),
    "a coding folded into another field": (make("X: y", " Transfer-Encoding: chunked", body=CHUNKED), 400),
    "a coding behind a bare line feed": (make("X: y\nTransfer-Encoding: chunked", body=CHUNKED), 400),
    "a coding behind a bare return": (make("X: y\rTransfer-Encoding: chunked", body=CHUNKED), 400),
    "a coding with a space before it": (make(" Transfer-Encoding: chunked", body=CHUNKED), 400),
    "a coding in a field with 8-bit letters": (make("Transfer\xadEncoding: chunked", body=CHUNKED), 400),
    # Chunks
    "a chunk of signed size": (post(TE, body=f"+{N:x}\r\n{INNER}\r\n0\r\n\r\n"), 405),
    "a chunk of odd size": (post(TE, body=f"0x{N:x}\r\n{INNER}\r\n0\r\n\r\n"), 405),
    "a chunk of endless size": (post(TE, body=f"{'f' * 17}\r\n{INNER}"), 405),
    "a chunk of negative size": (post(TE, body=f"-1\r\n{INNER}"), 405),
    "a chunk with a bare line feed": (post(TE, body=f"{N:x}\n{INNER}\n0\n\n"), 405),
    "a chunk whose extension has a line feed": (post(TE, body=f"0;a\nb\r\n\r\n{INNER}"), 405),
    "a chunk whose extension is a request": (post(TE, body=f"0;{INNER}"), 405),
    "a chunk that is longer than it says": (post(TE, body=f"1\r\n{INNER}\r\n0\r\n\r\n"), 405),
    "a chunk that is shorter than it says": (post(TE, body=f"{N + 9:x}\r\n{INNER}\r\n0\r\n\r\n"), 405),
    "a trailer with a length": (post(TE, body=f"0\r\nContent-Length: {N}\r\n\r\n{INNER}"), 405),
    "a request as a trailer": (post(TE, body=f"0\r\n{INNER}"), 405),
    # Heads
    "a head with bare line feeds": (f"GET / HTTP/1.1\nHost: {HOST}\n\n{INNER}".encode(), 400),
    "a head with bare returns": (f"GET / HTTP/1.1\rHost: {HOST}\r\r{INNER}".encode(), 400),
    "a head that ends with a bare line feed": (f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\n{INNER}".encode(), 400),
    "a field name with NUL": (make("X\x00: y"), 400),
    "a field with NUL": (make("X: a\x00b"), 400),
    "a field without a name": (make(": y"), 400),
    "a field without a colon": (make("X"), 400),
    "a folded field": (make("X: a", " b"), 400),
    "a field that is folded by a tab": (make("X: a", "\tb"), 400),
    "a field that begins with a space": (f"GET / HTTP/1.1\r\n X: y\r\nHost: {HOST}\r\n\r\n{INNER}".encode(), 400),
    "a request in a field": (make(f"X: {INNER}".removesuffix("\r\n\r\n"), body=INNER), 400),
    # Ways to another protocol
    "an upgrade to HTTP/2": (make("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"), 400),
    "an upgrade to a web socket": (
        make("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA=="), 400),
    "an upgrade without a connection for it": (make("Upgrade: h2c"), 400),
    "a tunnel": (make(line="CONNECT evil.test:443 HTTP/1.1"), 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + INNER.encode(), 400),
    "an expectation": (make("Expect: 100-continue", f"Content-Length: {N}"), 417),
    "HTTP/0.9": (b"GET /\r\n" + INNER.encode(), 400),
    "HTTP/0.9 with its version": (make(line="GET / HTTP/0.9"), 400),
    "an old client that would go on": (make("Connection: keep-alive, x", line="GET / HTTP/2.0"), 400),
    # The end of the line
    "a client that has enough": (make("Connection: close"), 200),
    "an old client": (make(line="GET / HTTP/1.0"), 200),
}  # fmt: skip


def assert_refused(reply: Reply) -> None:
    """Short, fixed, and for nobody to keep."""
    assert reply["Cache-Control"] == "no-store"
    assert reply["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.closes
    assert len(reply.body) < 60


@dataclass
class Heard:
    """What came of each case, by its name and by how it was sent, and what was logged then."""

    talks: dict[tuple[str, str], Talk]
    log: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def heard(web: Site) -> Heard:
    """All cases, many at a time."""
    slots = asyncio.Semaphore(24)

    async def send(name: str, pieces: str) -> Talk:
        data = CASES[name][0]
        async with slots:
            return await talk(web.port, data, cuts=range(len(data)) if pieces == "in bytes" else ())

    keys = [(name, pieces) for name in CASES for pieces in PIECES]
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    logging.getLogger().addHandler(handler)
    try:
        with capture_logs() as events:
            talks = await asyncio.gather(*(send(*k) for k in keys))
    finally:
        logging.getLogger().removeHandler(handler)
    return Heard(dict(zip(keys, talks, strict=True)), f"{text.getvalue()}{events}")


@pytest.mark.parametrize("pieces", PIECES)
@pytest.mark.parametrize("name", CASES)
async def test_a_request_in_a_request_is_not_answered(heard: Heard, name: str, pieces: str) -> None:
    """One answer, short and for nobody to keep, then the end of the line.

    What comes in one piece with a request may be found malformed before that is answered: 400.
    """
    status = CASES[name][1]
    found = heard.talks[name, pieces]
    check_dates(found.replies)
    statuses = [r.status for r in found.replies]
    assert statuses == [status] or (pieces == "whole" and statuses == [400])
    assert found.end != "open"
    if statuses != [200]:
        assert_refused(found.replies[0])
    assert b"smuggled" not in found.raw


async def test_no_page_was_looked_for_where_a_hidden_request_points(
    web: Site, store: FakeStore, heard: Heard
) -> None:
    """The store was not asked, and nothing of it is remembered."""
    assert len(heard.talks) == len(CASES) * len(PIECES)
    assert "smuggled" not in repr(store.asked)
    assert web.pages.cache.find_missing("/smuggled/") is None
    assert (await web.fetch("/smuggled/")).status == 404
    assert "smuggled" in repr(store.asked)  # it would have been seen


async def test_a_client_s_mistakes_leave_no_traceback_in_the_log(heard: Heard) -> None:
    """They are counted, and told of now and then; not a word of theirs is repeated."""
    for word in ("Traceback", "Unhandled", "exc_info", "smuggled", "'error'"):
        assert word not in heard.log
    assert "request_unreadable" in heard.log


@pytest.mark.parametrize("name", CASES)
async def test_the_next_client_gets_its_own_answer(web: Site, name: str) -> None:
    """At once, on a line of its own, while the other one is still open."""
    async with asyncio.timeout(SECONDS):
        line = Line()
        await line.open(web.port)
        await line.send(CASES[name][0])
        replies = [await web.fetch(path) for path in ("/robots.txt", "/post-5/", "/nothing/")]
        line.close()
    assert [r.status for r in replies] == [200, 200, 404]
    assert replies[0]["Content-Type"] == "text/plain; charset=utf-8"
    assert b"Body of 5." in replies[1].body
