"""Several requests on one line: each is answered once, in order, whatever makes the answers.

An answer that is at hand must never come before one that has to be made first.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import cast

import pytest

from tests.front.content import POSTS
from tests.front.fake_transport import FakeTransport
from tests.front.wire import SECONDS, Line, Reply, Talk, check_dates, parse_replies, talk
from tests.page.fake_store import FakeStore
from tests.web.serving import HOST, Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

MISSES = itertools.count()


def ask(target: str, *fields: str, method: str = "GET", version: str = "HTTP/1.1") -> bytes:
    """One request."""
    return "\r\n".join((f"{method} {target} {version}", f"Host: {HOST}", *fields, "", "")).encode()


LAST = ask("/robots.txt", "Connection: close")


def hit(number: int = 5) -> bytes:
    """A page that is in memory, after `warm`."""
    return ask(f"/post-{number}/")


def miss() -> bytes:
    """A page that nobody has asked for, and that does not exist."""
    return ask(f"/nothing-{next(MISSES)}/")


async def warm(web: Site) -> dict[str, str]:
    """Have the pages of these tests in memory; what tells each of them from the others."""
    for path in ("/post-5/", "/post-10/", "/post-11/", "/robots.txt", "/nothing/"):
        await web.fetch(path)
    tags = {p: (await web.fetch(p))["ETag"] or "" for p in ("/post-5/", "/robots.txt")}
    asset = next(u for u in web.pages.producer.release.assets if u.endswith("style.css"))
    return {**tags, "asset": asset}


def shape(reply: Reply) -> str:
    """A reply in a word: its status, and which page it is."""
    named = {
        b"Body of 5.": "post-5", b"Body of 10.": "post-10", b"Body of 11.": "post-11", b"User-agent": "robots",
    }  # fmt: skip
    what = next((name for text, name in named.items() if text in reply.body), "")
    kind = (reply["Content-Type"] or "").partition(";")[0].partition("/")[2]
    return f"{reply.status} {what or (kind if reply.body else 'empty')}"


async def answers(web: Site, *requests: bytes, cuts: tuple[int, ...] = ()) -> list[str]:
    """What comes of requests that are sent at once, or in pieces."""
    heard = await talk(web.port, b"".join(requests), cuts=cuts)
    check_dates(heard.replies)
    assert heard.end == "closed"
    return [shape(r) for r in heard.replies]


def orders(known: dict[str, str]) -> dict[str, tuple[tuple[bytes, ...], list[str]]]:
    """Requests, and what they get."""
    tag = known["/post-5/"]
    unchanged, changed = (
        ask("/post-5/", f"If-None-Match: {tag}"),
        ask("/post-5/", 'If-None-Match: "x"'),
    )
    asset, head = ask(known["asset"]), ask("/post-5/", method="HEAD")
    five, css, none = "200 post-5", "200 css", "200 empty"
    return {
        "hits": ((hit(), hit(10), hit(11), hit()), [five, "200 post-10", "200 post-11", five]),
        "a miss and a hit": ((miss(), hit()), ["404 html", five]),
        "a hit and a miss": ((hit(), miss()), [five, "404 html"]),
        "misses and hits": ((miss(), hit(), miss(), hit(10), miss()),
                            ["404 html", five, "404 html", "200 post-10", "404 html"]),
        "a file and a hit": ((asset, hit()), [css, five]),
        "hits and files": ((hit(), asset, hit(10), asset), [five, css, "200 post-10", css]),
        "HEAD and GET": ((head, hit()), [none, five]),
        "GET and HEAD": ((hit(), head, head, hit(10)), [five, none, none, "200 post-10"]),
        "HEAD of a miss and a hit": ((ask("/no-1/", method="HEAD"), hit()), ["404 empty", five]),
        "HEAD of a file and a hit": ((ask(known["asset"], method="HEAD"), hit()), [none, five]),
        "304 and 200": ((unchanged, hit()), ["304 empty", five]),
        "200 and 304": ((hit(), unchanged, changed, unchanged), [five, "304 empty", five, "304 empty"]),
        "304 and a miss": ((unchanged, miss(), unchanged), ["304 empty", "404 html", "304 empty"]),
        "304 of a file and a hit": ((ask(known["asset"], "If-None-Match: *"), hit()), ["304 empty", five]),
        "a redirect and a hit": ((ask("/post-5"), hit()), ["301 empty", five]),
        "an icon, health and a hit": ((ask("/favicon.ico"), ask("/health-elb"), hit()), ["301 empty", "503 plain", five]),
        "an error without a page": ((ask("/_assets/x"), hit(), ask("/__preview/x"), hit(10)),
                                    ["404 plain", five, "404 plain", "200 post-10"]),
        "an old client that stays": ((ask("/post-10/", "Connection: keep-alive", version="HTTP/1.0"), hit()),
                                     ["200 post-10", five]),
        "empty lines between them": ((b"\r\n", hit(), b"\r\n\r\n", hit(10)), [five, "200 post-10"]),
        "many": ((hit(), miss(), asset, head, unchanged, ask("/post-5"), hit(10)) * 8,
                 [five, "404 html", css, none, "304 empty", "301 empty", "200 post-10"] * 8),
    }  # fmt: skip


NAMES = tuple(orders(dict.fromkeys(("/post-5/", "asset"), "")))


@pytest.mark.parametrize("pieces", ["whole", "requests", "bytes"])
@pytest.mark.parametrize("name", NAMES)
async def test_answers_come_in_order_and_once(web: Site, name: str, pieces: str) -> None:
    """Sent at once, request by request without waiting, and byte by byte."""
    requests, expected = orders(await warm(web))[name]
    ends = [sum(map(len, requests[:n])) for n in range(1, len(requests) + 1)]
    cuts = {"whole": (), "requests": tuple(ends), "bytes": tuple(range(ends[-1]))}[pieces]
    assert await answers(web, *requests, LAST, cuts=cuts) == [*expected, "200 robots"]


async def test_a_cut_at_any_place_changes_nothing(web: Site) -> None:
    """A hit, a miss and another hit in two pieces, for every place where they can be cut."""
    await warm(web)
    requests = hit(), miss(), hit(10), LAST
    for cut in range(1, sum(map(len, requests))):
        found = await answers(web, *requests, cuts=(cut,))
        assert found == ["200 post-5", "404 html", "200 post-10", "200 robots"], cut


REFUSED = {
    "POST": (ask("/", method="POST"), 405),
    "a body": (ask("/", "Content-Length: 5") + b"hello", 413),
    "a foreign host": (hit().replace(HOST.encode(), b"evil.test"), 421),
    "two hosts": (ask("/post-5/", f"Host: {HOST}"), 400),
    "an upgrade": (ask("/post-5/", "Upgrade: h2c"), 400),
    "an expectation": (ask("/post-5/", "Expect: 100-continue"), 417),
    "nonsense": (b"nonsense\r\n\r\n", 400),
    "a bad field": (ask("/post-5/", "X : y"), 400),
    "a long line": (ask("/" + "a" * 9000), 431),
    "the end": (ask("/post-10/", "Connection: close"), 200),
    "an old client": (ask("/post-10/", version="HTTP/1.0"), 200),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_nothing_is_answered_after_what_ends_the_line(web: Site, name: str) -> None:
    """What came before it is, if it came in a piece of its own; what comes after it never is."""
    await warm(web)
    bad, status = REFUSED[name]
    before = hit(), miss()
    ends = len(before[0]), len(before[0] + before[1]), len(b"".join(before) + bad)
    data = b"".join((*before, bad, hit(11), LAST))
    heard = await talk(web.port, data, cuts=ends)
    assert [r.status for r in heard.replies] == [200, 404, status]
    assert heard.end != "open"
    assert b"Body of 11." not in heard.raw
    heard = await talk(web.port, data)
    statuses = [r.status for r in heard.replies]
    assert statuses in ([200, 404, status], [200, 404, 400], [status], [400])
    assert b"Body of 11." not in heard.raw


async def test_what_is_at_hand_waits_for_what_has_to_be_made(web: Site, store: FakeStore) -> None:
    """While the store is silent nothing is sent; then all of it, in order, and no client else waits."""
    await warm(web)
    store.gate = asyncio.Event()
    line = Line()
    try:
        await line.open(web.port)
        await line.send(miss() + hit() + miss() + hit(10) * 20 + LAST)
        assert await line.read_reply(0, head=False, seconds=0.2) is None
        assert line.raw == b""
        other = await talk(web.port, hit() + LAST)
        assert [shape(r) for r in other.replies] == ["200 post-5", "200 robots"]
        store.gate.set()
        heard = await line.read_all()
    finally:
        store.gate = None
        line.close()
    expected = ["404 html", "200 post-5", "404 html", *["200 post-10"] * 20, "200 robots"]
    assert [shape(r) for r in heard.replies] == expected


@pytest.mark.parametrize("every", [97, 100_000], ids=["now and then a miss", "one miss"])
@pytest.mark.parametrize("count", [300, 8000])
async def test_thousands_of_requests_at_once_are_answered_in_order(
    web: Site, count: int, every: int
) -> None:
    """More than any buffer holds: hits that wait for a miss before them, and more behind them."""
    await warm(web)
    numbers = [10 + n % 2 for n in range(count)]
    requests = [hit(n) if index % every else miss() + hit(n) for index, n in enumerate(numbers)]
    heard = await send_and_read(web, b"".join((*requests, LAST)))
    bodies = [s for s in map(shape, heard.replies) if s != "404 html"]
    assert bodies == [*(f"200 post-{n}" for n in numbers), "200 robots"]


async def test_a_long_queue_that_ends_within_a_request_is_read_on(web: Site) -> None:
    """Reading pauses while much is waiting, and goes on when only the half of a request is left."""
    tag = (await warm(web))["/post-5/"]
    unchanged = ask("/post-5/", f"If-None-Match: {tag}")
    count = 40_000 // len(unchanged)
    data = b"".join((miss(), *[unchanged] * count, LAST))
    heard = await talk(web.port, data, cuts=(len(data) - len(LAST) // 2,))
    assert [r.status for r in heard.replies] == [404, *[304] * count, 200]


async def test_no_more_is_read_than_can_wait(web: Site, store: FakeStore) -> None:
    """A client that sends and sends fills its own buffers and the system's, not the worker's."""
    await warm(web)
    store.gate = asyncio.Event()
    line = Line()
    try:
        await line.open(web.port)
        data = miss() + b"".join((hit() * 30 + miss()) for _ in range(20_000))
        sending = asyncio.ensure_future(line.send(data))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(sending), 0.5)
        assert not sending.done()
        sending.cancel()
    finally:
        store.gate.set()
        store.gate = None
        line.close()


async def send_and_read(web: Site, data: bytes) -> Talk:
    """Both at the same time: neither side could send all of it before the other one reads."""
    line = Line()
    try:
        await line.open(web.port)
        sending = asyncio.ensure_future(line.send(data))
        heard = await line.read_all(30)
        await sending
        return heard
    finally:
        line.close()


async def test_a_client_with_many_requests_does_not_make_the_others_wait(web: Site) -> None:
    """Of what comes at once only so much is answered before it is somebody else's turn."""
    await warm(web)
    one = len((await web.fetch("/post-5/")).raw)
    transport, count = FakeTransport(), 1000
    transport.protocol = cast("asyncio.Protocol", web.connections())
    transport.protocol.connection_made(transport)
    transport.protocol.data_received(hit() * count)
    most = len(transport.written)
    async with asyncio.timeout(SECONDS):
        while (before := len(transport.written)) < count * one:
            await asyncio.sleep(0)
            most = max(most, len(transport.written) - before)
    assert [shape(r) for r in parse_replies(bytes(transport.written))] == ["200 post-5"] * count
    assert 0 < most <= 64 * one
    transport.lose()


async def test_a_client_that_leaves_early_harms_nobody(web: Site, store: FakeStore) -> None:
    """In the middle of a request, of an answer, or while one is made."""
    await warm(web)
    store.gate = asyncio.Event()
    try:
        for data in (b"GET", hit()[:-2], hit() * 500, miss() + hit(), hit() + miss(), b"\0", b""):
            line = Line()
            await line.open(web.port)
            await line.send_pieces(data, (1,))
            line.close()
    finally:
        store.gate.set()
        store.gate = None
    assert await answers(web, hit(), miss(), LAST) == ["200 post-5", "404 html", "200 robots"]


async def test_a_page_that_was_never_made_is_made_once_for_all_who_ask(
    web: Site, store: FakeStore
) -> None:
    """Many lines, each with the same misses between hits; nobody gets the answer of another."""
    await warm(web)
    numbers = range(12, 10 + POSTS)
    for n in numbers:
        web.pages.cache.forget(f"/post-{n}/")
    before = store.reads
    data = b"".join(hit(n) + hit() for n in numbers) + LAST
    for heard in await asyncio.gather(*(talk(web.port, data) for _ in range(8))):
        bodies = [r.body for r in heard.replies]
        assert len(bodies) == 2 * len(numbers) + 1
        for index, n in enumerate(numbers):
            assert f"Body of {n}.".encode() in bodies[2 * index]
            assert b"Body of 5." in bodies[2 * index + 1]
    assert store.reads - before == len(numbers)
