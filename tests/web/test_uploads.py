"""Files of the media library: from a folder, or passed on from an origin; whole, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web as http
from sos.web import uploads
from structlog.testing import capture_logs

from tests.page.documents import make_store
from tests.web.serving import Site, serving

PREFIX = "/wp-content/uploads/"
PICTURE = bytes(range(256)) * 40


# ---------------------------------------------------------------- a folder


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Site]:
    """A site that serves a folder with a picture, and a secret beside it."""
    media = tmp_path / "media"
    (media / "2024" / "05").mkdir(parents=True)
    (media / "2024" / "05" / "a.jpg").write_bytes(PICTURE)
    (media / "2024" / "05" / "caf\u00e9 1.jpg").write_bytes(b"cafe")
    (media / "x.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")
    for name in ("page.html", "shell.php", ".htaccess", "code.js", "noending"):
        (media / name).write_text("no")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (media / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (media / "outside").symlink_to(tmp_path)
    (media / "in.jpg").symlink_to(media / "2024" / "05" / "a.jpg")
    (media / "ring.jpg").symlink_to(media / "ring.jpg")
    (media / "nowhere.jpg").symlink_to(media / "nothing")
    async with serving(make_store(), uploads_origin=f"file:{media}") as running:
        yield running


async def test_a_file_of_the_folder_is_served(folder: Site) -> None:
    """With its type, a day to keep it, and nothing in it that could run."""
    answer = await folder.fetch(f"{PREFIX}2024/05/a.jpg")
    assert (answer.status, answer.body, answer["Content-Type"]) == (200, PICTURE, "image/jpeg")
    assert answer["Cache-Control"] == "public, max-age=86400"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in (answer["Content-Security-Policy"] or "")
    head = await folder.fetch(f"{PREFIX}2024/05/a.jpg", method="HEAD")
    assert (head.status, head["Content-Length"]) == (200, str(len(PICTURE)))
    part = await folder.fetch(f"{PREFIX}2024/05/a.jpg", "Range: bytes=10-19")
    assert (part.status, part.body) == (206, PICTURE[10:20])
    beyond = await folder.fetch(f"{PREFIX}2024/05/a.jpg", "Range: bytes=99999999-")
    assert beyond.status == 416


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tides.csv", "text/csv"),
        ("signal.mp3", "audio/mpeg"),
        ("signal.WAV", "audio/wav"),
        ("minutes.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("budget.ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ],
)
async def test_files_that_editors_offer_are_served(
    folder: Site, tmp_path: Path, name: str, kind: str
) -> None:
    """Tables, recordings and documents, each as what it is; none of them is run."""
    (tmp_path / "media" / name).write_bytes(b"a;b")
    answer = await folder.fetch(PREFIX + name)
    assert (answer.status, answer.body) == (200, b"a;b")
    assert (answer["Content-Type"] or "").partition(";")[0] == kind
    assert (answer["Content-Security-Policy"] or "").startswith("default-src 'none'")


async def test_names_are_decoded_once(folder: Site) -> None:
    """A space and an accent; a doubly encoded name is another name."""
    assert (await folder.fetch(f"{PREFIX}2024/05/caf%C3%A9%201.jpg")).body == b"cafe"
    assert (await folder.fetch(f"{PREFIX}2024/05/caf%25C3%25A9%25201.jpg")).status == 404


async def test_a_drawing_may_be_shown_and_not_run(folder: Site) -> None:
    """SVG can hold scripts; the policy that comes with it lets none run."""
    answer = await folder.fetch(f"{PREFIX}x.svg")
    assert (answer["Content-Type"] or "").startswith("image/svg+xml")
    assert (answer["Content-Security-Policy"] or "").startswith("default-src 'none'")


@pytest.mark.parametrize(
    "name",
    [
        "", "2024", "2024/", "2024/05/b.jpg", "../secret.jpg", "2024/../../secret.jpg", "%2e%2e/secret.jpg",
        "..%2fsecret.jpg", "..%5csecret.jpg", "%2e%2e%2fsecret.jpg", "%252e%252e/secret.jpg",
        "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "outside/secret.jpg", "out.jpg", "ring.jpg",
        "nowhere.jpg", "a.jpg%00.png", "a\\b.jpg", f"{'a' * 300}.jpg", "/".join(["a"] * 900),
        "page.html", "shell.php", ".htaccess", "code.js", "noending", "2024/05/a.jpg/", "%ff.jpg",
        "2024/05/A.JPG/../a.jpg", "~root", "con", "a.jpg;b",
    ],
)  # fmt: skip
async def test_nothing_else_is_served(folder: Site, name: str) -> None:
    """No way out of the folder, no link out of it, no other types; and never a 500."""
    answer = await folder.fetch(PREFIX + name)
    assert answer.status in (400, 404)
    assert answer["Cache-Control"] in ("no-store", None) or answer.status == 404
    assert b"secret" not in answer.body
    assert b"root:" not in answer.body


async def test_a_link_within_the_folder_is_followed(folder: Site) -> None:
    """It leads to what is served anyway."""
    assert (await folder.fetch(f"{PREFIX}in.jpg")).body == PICTURE


async def test_only_reading_is_allowed(folder: Site) -> None:
    """As everywhere."""
    assert (await folder.fetch(f"{PREFIX}2024/05/a.jpg", method="DELETE")).status == 405


async def test_without_an_origin_there_are_no_files() -> None:
    """They are the edge's business."""
    async with serving(make_store()) as running:
        answer = await running.fetch(f"{PREFIX}2024/05/a.jpg")
        assert (answer.status, answer["Cache-Control"]) == (404, "no-store")


# ---------------------------------------------------------------- an origin

Handler = Callable[[http.Request], Awaitable[http.StreamResponse]]


class Origin:
    """A web server of a media library, with what it was asked."""

    def __init__(self) -> None:
        self.asked: list[http.Request] = []
        self.answer: Handler = self.picture

    async def picture(self, request: http.Request) -> http.StreamResponse:
        headers = {"ETag": '"o"', "Set-Cookie": "x=1", "X-Powered-By": "PHP", "Server": "origin"}
        if request.headers.get("If-None-Match") == '"o"':
            return http.Response(status=304, headers=headers)
        wanted = request.http_range
        if request.headers.get("Range"):
            body = PICTURE[wanted]
            headers["Content-Range"] = f"bytes 0-{len(body) - 1}/{len(PICTURE)}"
            return http.Response(status=206, body=body, content_type="image/jpeg", headers=headers)
        return http.Response(body=PICTURE, content_type="image/jpeg", headers=headers)

    async def handle(self, request: http.Request) -> http.StreamResponse:
        self.asked.append(request)
        return await self.answer(request)


@contextlib.asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    runner = http.ServerRunner(http.Server(handler), shutdown_timeout=0.1)  # type: ignore[arg-type]
    await runner.setup()
    place = http.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.fixture
async def origin() -> Origin:
    return Origin()


@pytest.fixture
async def web(origin: Origin) -> AsyncIterator[Site]:
    async with listening(origin.handle) as port:
        url = f"http://127.0.0.1:{port}/base/uploads/"
        async with serving(make_store(), uploads_origin=url) as running:
            yield running


def answering(origin: Origin, **options: object) -> None:
    async def answer(_request: http.Request) -> http.StreamResponse:
        return http.Response(**options)  # type: ignore[arg-type]

    origin.answer = answer


async def test_a_file_of_the_origin_is_passed_on(web: Site, origin: Origin) -> None:
    """Its bytes, type, length and tag; no cookie, no name of a server, none of the visitor's."""
    answer = await web.fetch(
        f"{PREFIX}2024/05/a.jpg?w=300",
        "Cookie: a=1",
        "Authorization: Basic x",
        "X-Forwarded-For: 1.2.3.4",
    )
    assert (answer.status, answer.body) == (200, PICTURE)
    assert (answer["Content-Type"], answer["ETag"]) == ("image/jpeg", '"o"')
    assert answer["Content-Length"] == str(len(PICTURE))
    assert answer["Cache-Control"] == "public, max-age=86400"
    assert answer["Set-Cookie"] is None
    assert answer["X-Powered-By"] is None
    asked = origin.asked[0]
    assert asked.raw_path == "/base/uploads/2024/05/a.jpg"
    assert not {"Cookie", "Authorization", "X-Forwarded-For"} & set(asked.headers)


async def test_parts_and_conditions_are_the_origin_s_business(web: Site, origin: Origin) -> None:
    """Range with If-Range, If-None-Match, HEAD."""
    part = await web.fetch(f"{PREFIX}a.jpg", "Range: bytes=0-9", 'If-Range: "o"')
    assert (part.status, part.body) == (206, PICTURE[:10])
    assert part["Content-Range"] == f"bytes 0-9/{len(PICTURE)}"
    assert origin.asked[0].headers["If-Range"] == '"o"'
    same = await web.fetch(f"{PREFIX}a.jpg", 'If-None-Match: "o"')
    assert (same.status, same.body, same["ETag"], same.closed) == (304, b"", '"o"', False)
    head = await web.fetch(f"{PREFIX}a.jpg", method="HEAD")
    assert (head.status, head["Content-Length"]) == (200, str(len(PICTURE)))
    assert origin.asked[-1].method == "HEAD"


async def test_bytes_are_not_compressed_on_the_way(web: Site, origin: Origin) -> None:
    """The origin is asked for none; one that does it all the same is an error, not a broken file."""
    await web.fetch(f"{PREFIX}a.jpg", "Accept-Encoding: gzip, br")
    assert origin.asked[0].headers["Accept-Encoding"] == "identity"
    answering(
        origin,
        body=gzip.compress(b"<svg/>"),
        content_type="image/svg+xml",
        headers={"Content-Encoding": "gzip"},
    )
    assert (await web.fetch(f"{PREFIX}a.svg")).status == 502


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (301, {"Location": "http://169.254.169.254/"}, 404),
        (302, {"Location": "/base/uploads/b.jpg"}, 404),
        (404, {}, 404),
        (403, {}, 404),
        (410, {}, 404),
        (416, {}, 416),
        (500, {}, 502),
        (503, {"Retry-After": "9"}, 502),
        (201, {}, 404),
        (204, {}, 404),
    ],
)
async def test_what_is_no_file_is_not_passed_on(
    web: Site, origin: Origin, status: int, headers: dict[str, str], expected: int
) -> None:
    """No redirect is followed, no error page of the origin is shown, nothing of it is kept."""
    answering(origin, status=status, headers={"Content-Type": "image/jpeg", **headers})
    answer = await web.fetch(f"{PREFIX}a.jpg")
    assert (answer.status, answer["Cache-Control"]) == (expected, "no-store")
    assert len(origin.asked) == 1
    assert answer["Location"] is None


@pytest.mark.parametrize(
    "kind",
    ["text/html", "application/javascript", "application/xhtml+xml", "text/xml", "IMAGEX/x", ""],
)
async def test_other_types_are_not_passed_on(web: Site, origin: Origin, kind: str) -> None:
    """Only media; a login page is none."""
    answering(origin, body=b"<script>", headers={"Content-Type": kind} if kind else None)
    answer = await web.fetch(f"{PREFIX}a.jpg")
    assert answer.status == 404
    assert b"<script>" not in answer.body


async def test_a_type_may_be_in_capitals_and_have_parameters(web: Site, origin: Origin) -> None:
    """It is a type all the same."""
    answering(origin, body=b"x", headers={"Content-Type": "Image/JPEG; charset=binary"})
    assert (await web.fetch(f"{PREFIX}a.jpg")).status == 200


async def test_a_file_that_is_too_large_is_not_passed_on(
    web: Site, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the origin says how large it is; one that does not is cut, so that it shows."""
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)
    assert (await web.fetch(f"{PREFIX}a.jpg")).status == 404

    async def endless(request: http.Request) -> http.StreamResponse:
        response = http.StreamResponse(headers={"Content-Type": "image/jpeg"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(10_000):
                await response.write(PICTURE)
        return response

    origin.answer = endless
    with capture_logs() as events:
        status, body, whole = await read_chunks(web, f"{PREFIX}a.jpg")
    assert (status, whole) == (200, False)
    assert len(body) < 200_000
    assert [e["event"] for e in events] == ["media_cut"]


async def test_an_origin_that_fails_half_way_is_not_taken_for_the_end(
    web: Site, origin: Origin
) -> None:
    """The line is cut: no second head within the body, no end that is none."""

    async def half(request: http.Request) -> http.StreamResponse:
        response = http.StreamResponse(headers={"Content-Type": "image/jpeg"})
        await response.prepare(request)
        await response.write(PICTURE)
        assert request.transport
        request.transport.abort()
        return response

    origin.answer = half
    status, body, whole = await read_chunks(web, f"{PREFIX}a.jpg")
    assert (status, whole) == (200, False)
    assert b"HTTP/1.1" not in body
    assert (await web.fetch("/robots.txt")).status == 200


async def test_an_origin_that_is_not_there_is_a_bad_gateway(unused_tcp_port: int) -> None:
    """Not to be kept, and not our fault."""
    url = f"http://127.0.0.1:{unused_tcp_port}/uploads"
    async with serving(make_store(), uploads_origin=url) as running:
        answer = await running.fetch(f"{PREFIX}a.jpg")
        assert (answer.status, answer["Cache-Control"]) == (502, "no-store")
        assert b"127.0.0.1" not in answer.body


@pytest.mark.parametrize(
    "reply",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nX: \x00\r\n\r\n",
        b"",
    ],
)
async def test_an_origin_that_speaks_nonsense_is_a_bad_gateway(reply: bytes) -> None:
    """Whatever it says."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, serving(make_store(), uploads_origin=url) as running:
        assert (await running.fetch(f"{PREFIX}a.jpg")).status == 502


async def read_chunks(site: Site, target: str) -> tuple[int, bytes, bool]:
    """Status, what came of the body, and whether it had its proper end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: www.example.com\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    body, whole = b"", False
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ValueError):
        async with asyncio.timeout(10):
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            whole = True
    writer.close()
    return int(head.split()[1]), body, whole
