"""Who is in charge of a connection, and when: order, limits, and the end of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp import web
from sos.web.front import connection, register
from sos.web.front import head as heads
from sos.web.protocol import Connection
from structlog.testing import capture_logs

from tests.page.documents import make_store, page, post, term, user
from tests.page.fake_store import FakeStore
from tests.web.serving import HOST, Site, serving

DOCUMENTS = (post(5, author=3, categories=[7]), page(6, "about"), term(7, "News"), user(3, "Jo"))


def ask(target: str, *fields: str, method: str = "GET") -> bytes:
    """A request as most clients send it."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}", *fields, "", ""]
    return "\r\n".join(lines).encode()


@pytest.fixture
async def store() -> FakeStore:
    return make_store(*DOCUMENTS)


@pytest.fixture
async def web_site(store: FakeStore) -> AsyncIterator[Site]:
    async with serving(store, front="on") as running:
        for path in ("/", "/post-5/"):
            await running.fetch(path)
        yield running


class Line:
    """A connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def receive(self, *, head: bool = False) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        async with asyncio.timeout(10):
            fields = await self.reader.readuntil(b"\r\n\r\n")
            length = int(fields.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            body = b"" if head else await self.reader.readexactly(length)
        return int(fields[9:12]), body

    async def is_silent(self, seconds: float = 0.1) -> bool:
        """Whether nothing comes for a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.reader.read(1)
                return False
        return True

    async def wait_for_end(self, seconds: float = 5) -> bytes:
        """What comes until the server ends the connection."""
        async with asyncio.timeout(seconds):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@contextlib.asynccontextmanager
async def line(running: Site) -> AsyncIterator[Line]:
    """A new connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


# ---------------------------------------------------------------- who answers


async def test_a_page_in_memory_is_answered_without_aiohttp(web_site: Site) -> None:
    """It sees neither the request nor the connection."""
    before = web_site.server.requests_count
    async with line(web_site) as client:
        for request in (ask("/"), ask("/post-5/", "Accept-Encoding: gzip"), ask("/?utm_source=x")):
            client.send(request)
            status, body = await client.receive()
            assert status == 200
            assert body
        assert web_site.server.connections == []
    assert web_site.server.requests_count == before


async def test_the_front_takes_a_connection_back(web_site: Site, store: FakeStore) -> None:
    """After an answer of aiohttp's, the next page in memory is answered without it again."""
    async with line(web_site) as client:
        client.send(ask(store.kept["term:7"].path))
        assert (await client.receive())[0] == 200
        before = web_site.server.requests_count
        client.send(ask("/post-5/"))
        assert (await client.receive())[0] == 200
        assert web_site.server.requests_count == before
        client.send(ask("/_assets/nothing/x.css"))
        assert (await client.receive())[0] == 404
        assert web_site.server.requests_count == before + 1


async def test_answers_come_in_the_order_of_the_requests(web_site: Site, store: FakeStore) -> None:
    """A page in memory waits for one before it that has to be made."""
    pages = {path: (await web_site.fetch(path)).body for path in ("/", "/post-5/")}
    archive = store.kept["term:7"].path
    store.gate = asyncio.Event()
    async with line(web_site) as client:
        client.send(ask("/post-5/") + ask(archive) + ask("/") + ask("/post-5/"))
        assert (await client.receive()) == (200, pages["/post-5/"])
        assert await client.is_silent()
        client.send(ask("/"))
        assert await client.is_silent()
        store.gate.set()
        status, body = await client.receive()
        assert (status, b"News" in body) == (200, True)
        for path in ("/", "/post-5/", "/"):
            assert await client.receive() == (200, pages[path])


async def test_a_head_may_come_in_pieces(web_site: Site) -> None:
    """Wherever it is cut."""
    request = ask("/post-5/", "Accept-Encoding: gzip;q=0")
    expected = (await web_site.fetch("/post-5/")).body
    async with line(web_site) as client:
        for cut in range(1, len(request)):
            client.send(request[:cut])
            await asyncio.sleep(0)
            client.send(request[cut:])
            assert await client.receive() == (200, expected)


async def test_what_is_not_whole_stays_with_aiohttp(web_site: Site) -> None:
    """Nothing that follows a body is taken for a request by anybody else."""
    async with line(web_site) as client:
        client.send(ask("/", "Content-Length: 0"))
        assert (await client.receive())[0] == 200
        before = web_site.server.requests_count
        client.send(ask("/"))
        assert (await client.receive())[0] == 200
        assert web_site.server.requests_count == before + 1


async def test_nonsense_is_refused_at_once(web_site: Site) -> None:
    """Before an end of the head that never comes."""
    for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n", b"GET / HTTP/1.1\nHost: x\n\n"):
        async with line(web_site) as client:
            client.send(nonsense)
            answer = await client.wait_for_end()
            assert answer.startswith(b"HTTP/1."), nonsense
            assert answer[9:12] == b"400"


# ---------------------------------------------------------------- changes


async def test_a_change_is_seen_with_the_next_request(store: FakeStore) -> None:
    """What was kept ready is not sent any more once the follower knows better."""
    async with serving(store, front="on") as running, line(running) as client:
        for number in range(5):
            store.put("post:5", post(5, title={"rendered": f"Title {number}"}))
            running.pages._renewal.on_touched(store.rev, frozenset({"post:5"}))
            running.pages.follower.rev = store.rev
            client.send(ask("/post-5/"))
            status, body = await client.receive()
            assert status == 200
            assert f"Title {number}".encode() in body


async def test_the_date_is_of_now(web_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A response that was kept ready ends with its second."""
    answers = web_site.service._answers
    assert answers is not None
    request = ask("/")
    first = answers.find(request)
    assert first is not None
    async with asyncio.timeout(5):
        while (second := answers.find(request)) == first:
            await asyncio.sleep(0.01)
    assert second is not None
    assert first.split(b"Date: ")[0] == second.split(b"Date: ")[0]


# ---------------------------------------------------------------- counting


async def test_the_front_counts_as_aiohttp_does() -> None:
    """The same requests give the same metrics."""
    counted = {}
    for front in ("on", "off"):
        async with serving(make_store(*DOCUMENTS), front=front) as running:
            tag = (await running.fetch("/post-5/"))["ETag"]
            for _ in range(3):
                await running.fetch("/post-5/")
                await running.fetch("/post-5/", method="HEAD")
                await running.fetch("/post-5/", f"If-None-Match: {tag}")
                await running.fetch("/nothing/")
            running.service.status()
            metrics = running.context.metrics
            seconds = {k: sum(v[:-1]) for k, v in metrics.request_seconds.values.items()}
            entry = running.pages.cache.peek("/post-5/")
            assert entry is not None
            counted[front] = (metrics.requests.values, seconds, entry.hits)
    assert counted["on"] == counted["off"]


async def test_one_request_in_so_many_is_logged(store: FakeStore) -> None:
    """Whoever answers it; with its path, and no word of the query."""
    async with serving(store, front="on", access_log_every=2) as running:
        with capture_logs() as logs:
            for _ in range(6):
                await running.fetch("/post-5/?email=jo@example.org")
                await running.fetch("/_assets/nothing")
    lines = [entry for entry in logs if entry["event"] == "request"]
    assert {entry["path"] for entry in lines} == {"/post-5/", "/_assets/nothing"}
    assert 5 <= len(lines) <= 6
    assert "jo@" not in str(logs)


# ---------------------------------------------------------------- limits


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short deadlines."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.4)
    monkeypatch.setattr(connection, "WRITE_SECONDS", 0.6)
    monkeypatch.setattr(register, "KEEPALIVE_SECONDS", 1.0)
    monkeypatch.setattr(register, "SWEEP_SECONDS", 0.05)


@pytest.mark.usefixtures("hasty")
async def test_a_head_has_a_deadline(store: FakeStore) -> None:
    """From its first byte, however steadily more of them come."""
    async with serving(store, front="on") as running, line(running) as client:
        began = time.monotonic()
        end = asyncio.create_task(client.wait_for_end())
        with capture_logs() as logs:
            for byte in ask("/", f"X: {'x' * 1000}"):
                if end.done():
                    break
                client.send(bytes([byte]))
                await asyncio.sleep(0.02)
        answer = await end
        assert time.monotonic() - began < 2
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"no-store" in answer
    assert b"Connection: close" in answer
    assert running.context.metrics.rejected_requests.values[("slow_head",)] == [1.0]
    assert [e["slow_head"] for e in logs if e["event"] == "clients_cut_off"] == [1]


@pytest.mark.usefixtures("hasty")
async def test_an_idle_connection_ends_after_a_while(store: FakeStore) -> None:
    """Without a word: a client may be about to use it; with an answer it would be the wrong one."""
    async with serving(store, front="on") as running, line(running) as client:
        client.send(ask("/"))
        await client.receive()
        began = time.monotonic()
        assert await client.wait_for_end() == b""
        assert time.monotonic() - began > 0.5


@pytest.mark.usefixtures("hasty")
async def test_who_reads_nothing_is_cut_off(web_site: Site) -> None:
    """And takes no more memory meanwhile than a few answers."""
    async with line(web_site) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(10):
                while not client.writer.transport.is_closing():
                    client.send(ask("/") * 50)
                    await client.writer.drain()
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await client.wait_for_end(10)
    assert web_site.context.metrics.rejected_requests.values[("slow_reader",)] == [1.0]


async def test_a_head_that_is_too_large_is_refused_before_its_end(web_site: Site) -> None:
    async with line(web_site) as client:
        client.send(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 6000)
        answer = await client.wait_for_end()
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_the_idlest_connections_make_room(store: FakeStore) -> None:
    """A newcomer is served; of those that idle the oldest are closed."""
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(serving(store, front="on", max_connections=16))
        lines = [await stack.enter_async_context(line(running)) for _ in range(16)]
        for client in lines:
            client.send(ask("/"))
            assert (await client.receive())[0] == 200
        newcomer = await stack.enter_async_context(line(running))
        newcomer.send(ask("/"))
        assert (await newcomer.receive())[0] == 200
        ended = [c for c in lines if not await c.is_silent(0.05)]
        assert 1 <= len(ended) <= 2
        assert len(running.connections) <= 16


async def test_no_room_is_said_at_once(store: FakeStore) -> None:
    """Where every connection is at work, a newcomer gets a short 503."""
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(serving(store, front="on", max_connections=16))
        for _ in range(16):
            busy = await stack.enter_async_context(line(running))
            busy.send(b"GET / HTTP/1.1\r\n")
        await asyncio.sleep(0.1)
        newcomer = await stack.enter_async_context(line(running))
        answer = await newcomer.wait_for_end()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: " in answer
    assert running.context.metrics.rejected_requests.values[("connections",)] == [1.0]


# ---------------------------------------------------------------- what is relied upon


async def test_aiohttp_reports_each_answer_after_its_last_byte() -> None:
    """`Connection.finish_response` is the one place where aiohttp is relied upon beyond its documents:
    it is called once for each request, and what it wrote is with the transport when it returns."""
    reports: list[tuple[bool, int]] = []
    written = 0

    class Counting(Connection):
        """Counts what reaches the transport."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            assert self.transport is not None
            self.transport = Counted(self.transport)  # type: ignore[assignment]

    class Counted:
        def __init__(self, transport: asyncio.Transport) -> None:
            self._transport = transport

        def __getattr__(self, name: str) -> object:
            return getattr(self._transport, name)

        def write(self, data: bytes) -> None:
            nonlocal written
            written += len(data)
            self._transport.write(data)

        def writelines(self, chunks: Sequence[bytes]) -> None:
            self.write(b"".join(chunks))

    async def answer(request: web.BaseRequest) -> web.Response:
        response = web.Response(body=b"x" * 1000)
        if request.path == "/end":
            response.force_close()
        return response

    server = web.Server(answer)
    loop = asyncio.get_running_loop()

    def connect() -> Connection:
        return Counting(
            lambda status, _: web.Response(status=status),
            server,
            lambda keep: reports.append((keep, written)),
            loop=loop,
        )

    listening = await loop.create_server(connect, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
    for target in ("/", "/", "/end"):
        writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(1000)
    assert await reader.read() == b""
    writer.close()
    listening.close()
    await server.shutdown()
    assert [keep for keep, _ in reports] == [True, True, False]
    assert [total >= 1000 * n for n, (_, total) in enumerate(reports, 1)] == [True] * 3


def test_a_flood_of_field_names_is_not_remembered() -> None:
    """The names that are known stay few."""
    head = heads.Head()
    for number in range(5000):
        assert head.is_plain(f"GET / HTTP/1.1\r\nX-{number}: y\r\n\r\n".encode())
        assert head.is_plain(f"GET / HTTP/1.1\r\n{_spell(number)}: y\r\n\r\n".encode())
    assert len(head._ignored) + len(head._spelled) <= 2048


def _spell(number: int) -> str:
    """The name of a field that matters, in one of its many spellings."""
    return "".join(
        letter.upper() if number >> place & 1 else letter
        for place, letter in enumerate("accept-encoding")
    )


@pytest.mark.parametrize("name", ["host", "HOST", "hOsT"])
def test_field_names_have_no_case(name: str) -> None:
    head = heads.Head()
    assert head.is_plain(f"GET / HTTP/1.1\r\n{name}: a.example\r\n\r\n".encode())
    assert head.fields[heads.HOST] == b"a.example"


async def test_media_is_no_page(web_site: Site) -> None:
    """Paths that sos keeps for itself are never looked up among the pages."""
    answers = web_site.service._answers
    assert answers is not None
    for path in (
        "/health-elb",
        "/favicon.ico",
        "/_assets/x",
        "/wp-content/uploads/x",
        "/?sos_release=x",
    ):
        assert answers.find(ask(path)) is None


OTHERS = {
    "another method": ask("/").replace(b"GET", b"PUT"),
    "an older version": ask("/").replace(b"1.1", b"1.0"),
    "the beginning of another one": ask("/") + b"G",
    "another one": ask("/") * 2,
    "a client that leaves": ask("/", "Connection: close"),
    "a length": ask("/", "Content-Length: 0"),
    "another host": ask("/").replace(b"\r\nHost: ", b"\r\nHost: x"),
    "a second host": ask("/", "Host: x"),
    "a coding named like the host": ask("/").replace(b"\r\nHost: ", b"\r\nAccept-Encoding: "),
    "no end": ask("/")[:-2],
    "too many fields": ask("/", *["X: y"] * heads.MAX_FIELDS),
    "too much": ask("/", "X: " + "y" * heads.MAX_PLAIN),
}


@pytest.mark.parametrize("name", OTHERS)
async def test_what_is_known_of_a_request_answers_no_other(web_site: Site, name: str) -> None:
    """One that differs from a known one in what matters is never taken for it."""
    answers = web_site.service._answers
    assert answers is not None
    await web_site.fetch("/")
    for _ in range(2):
        assert answers.find(ask("/")) is not None
        assert answers.find(OTHERS[name]) is None
    bare = answers.find(ask("/", method="HEAD"))
    assert bare is not None
    assert bare.endswith(b"\r\n\r\n")
    full = answers.find(ask("/"))
    assert full is not None
    assert len(full) > len(bare)


async def test_nothing_is_known_any_more_when_the_worker_leaves(web_site: Site) -> None:
    """From then on all requests are aiohttp's, which says that the connection ends."""
    answers = web_site.service._answers
    assert answers is not None
    await web_site.fetch("/")
    assert answers.find(ask("/")) is not None
    answers.stop()
    assert answers.find(ask("/")) is None


async def test_requests_that_look_for_something_new_each_keep_no_record(web_site: Site) -> None:
    """However many differ in what matters, what has to be counted stays as little."""
    answers = web_site.service._answers
    assert answers is not None
    await web_site.fetch("/")
    requests = web_site.context.metrics.requests
    answers.count()
    before = sum(v[0] for v in requests.values.values())
    for number in range(500):
        assert answers.find(ask(f"/?x={number}", f'If-None-Match: "{number}"')) is not None
        assert answers.find(ask(f"/?x={number}", "If-None-Match: *")) is not None
    assert len(answers._by_page) <= 2
    answers.count()
    assert sum(v[0] for v in requests.values.values()) == before + 1000
