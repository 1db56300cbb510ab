"""The judges of HTML, accessibility and HTTP find what was planted for them and pass good pages."""

import asyncio
import contextlib
import gzip
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import formatdate

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, async_playwright

from tests.servers.quality import (
    Problem,
    check_accessibility,
    check_html,
    check_http,
    describe_problems,
)
from tests.servers.quality.node_packages import fetch_node_package, require_program
from tests.servers.quality.planting import assert_clean, assert_found, planted

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

GOOD_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Steps and stones</title>
<style>
body { color: #111; background: #fff }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } a { color: #8cf } }
</style>
</head>
<body>
<header><p><a href="/">Steps</a></p></header>
<main>
<h1>Steps and stones</h1>
<p>A first paragraph. Naïve, déjà vu.</p>
<img src="/dot.png" alt="A dot" width="20" height="20">
</main>
</body>
</html>
"""
# What a page's policy may forbid at its strictest; the judges have to work all the same.
STRICT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-src *"


# --- HTML ------------------------------------------------------------------------------------


def test_html_judge_names_page_line_and_message_of_each_planted_error() -> None:
    """One run over several pages blames the right page and line, and passes the good ones."""
    no_alt = planted(GOOD_PAGE, ' alt="A dot"', "")
    nested = planted(GOOD_PAGE, "</main>", "<main></main></main>")
    problems = check_html(
        {
            "http://site/good/": GOOD_PAGE.encode(),
            "http://site/no-alt/": no_alt.encode(),
            "http://site/nested/": nested.encode(),
            "http://site/latin-1/": GOOD_PAGE.encode("latin-1"),
            "http://site/empty/": b"",
            "http://site/also-good/": GOOD_PAGE.encode(),
        }
    )
    by_page: dict[str, list[Problem]] = {}
    for problem in problems:
        by_page.setdefault(problem.url, []).append(problem)
    assert list(by_page) == [f"http://site/{n}/" for n in ("no-alt", "nested", "latin-1", "empty")]
    assert_found(by_page["http://site/no-alt/"], "line 17: An “img” element must have an “alt”")
    assert any("main" in p.message and p.line == 18 for p in by_page["http://site/nested/"])
    assert any("byte sequence" in p.message for p in by_page["http://site/latin-1/"])
    assert any("doctype" in p.message for p in by_page["http://site/empty/"])


def test_html_judge_survives_absurdly_deep_nesting() -> None:
    """What overflows a default Java stack is judged like any page, and is no error below 513."""

    def nested(depth: int) -> str:
        return planted(GOOD_PAGE, "<p>A first", "<div>" * depth + "</div>" * depth + "<p>A first")

    pages = {
        "http://site/deep/": nested(400),
        "http://site/deep-and-broken/": planted(nested(400), ' alt="A dot"', ""),
        "http://site/too-deep/": nested(5000),
    }
    problems = check_html({url: page.encode() for url, page in pages.items()})
    assert {problem.url for problem in problems} == set(pages) - {"http://site/deep/"}
    assert len(problems) < 20, "the same message for each element was not folded into one"


def test_judges_refuse_to_call_nothing_good() -> None:
    """A judge without anything to judge raises, because an empty list would read as success."""
    with pytest.raises(ValueError, match="no page"):
        check_html({})


def test_broken_checker_raises_instead_of_passing(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Java that prints nothing useful is an error of the rig, not a good page."""
    fetch_node_package("vnu-jar")
    require_program("java", "default-jre-headless")
    for said in ("", '{"messages":[]}'):
        folder = tmp_path_factory.mktemp("bin")
        fake = folder / "java"
        fake.write_text(f"#!/bin/sh\nprintf '%s' '{said}'\n")
        fake.chmod(0o755)
        with monkeypatch.context() as patched:
            patched.setenv("PATH", str(folder), prepend=":")
            with pytest.raises(RuntimeError, match="HTML checker"):
                check_html({"http://site/": GOOD_PAGE.encode()})


def test_missing_tool_skips_here_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names what is missing; a run that must be complete does not pass without it."""
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="java is missing"):
        check_html({"http://site/": GOOD_PAGE.encode()})
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="java is missing"):
        check_html({"http://site/": GOOD_PAGE.encode()})


# --- Accessibility -----------------------------------------------------------------------------


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = require_program("chromium", "chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=flags)
        yield launched
        await launched.close()


@pytest.mark.browser
async def test_accessibility_judge_finds_planted_errors_and_passes_a_good_page(
    browser: Browser, aiohttp_server: Callable[[web.Application], Awaitable[TestServer]]
) -> None:
    """A, AA, AA of 2.2, best practice and dark-only faults are found under a strict policy."""
    small = '<p><a href="/a" style="display:inline-block;width:9px;height:9px">a</a><a href="/b" style="display:inline-block;width:9px;height:9px">b</a></p>'
    pages = {
        "/good": GOOD_PAGE,
        "/no-alt": planted(GOOD_PAGE, ' alt="A dot"', ""),
        "/pale": planted(GOOD_PAGE, "<p>A first", '<p style="color:#bbb">A first'),
        "/small": planted(GOOD_PAGE, "</h1>", f"</h1>{small}"),
        "/outside": planted(GOOD_PAGE, "</header>", "</header><p>In no landmark</p>"),
        "/elsewhere": planted(
            GOOD_PAGE,
            "</h1>",
            '</h1><img src="http://192.0.2.1/" alt="x"><iframe src="http://192.0.2.1/" title="y"></iframe>',
        ),
        "/dark": planted(GOOD_PAGE, "a { color: #8cf }", "a { color: #222 }"),
    }

    async def serve(request: web.Request) -> web.Response:
        body = pages.get(request.path)
        if body is None:
            return web.Response(
                status=404, text=planted(GOOD_PAGE, ' lang="en"', ""), content_type="text/html"
            )
        headers = {"Content-Security-Policy": STRICT_POLICY}
        return web.Response(text=body, content_type="text/html", headers=headers)

    server = await aiohttp_server(one_handler(serve))

    def url(path: str) -> str:
        return str(server.make_url(path))

    began = time.perf_counter()
    light = await check_accessibility(browser, [url(path) for path in [*pages, "/missing"]])
    per_page = (time.perf_counter() - began) / (len(pages) + 1)
    print(f"axe: {per_page:.2f} s a page")
    assert_found(
        light,
        f"{url('/no-alt')}: image-alt (critical)",
        f"{url('/pale')}: color-contrast (serious)",
        '/small: target-size (serious): All touch targets must be 24px large, or leave sufficient space; at a[href="/a"]',
        'target-size (serious): All touch targets must be 24px large, or leave sufficient space; at a[href="/b"]',
        f"{url('/outside')}: region (moderate)",
        f"{url('/missing')}: html-has-lang (serious)",
    )
    dark = await check_accessibility(
        browser, [url("/dark"), url("/good")], color_scheme="dark", viewport=(390, 844)
    )
    assert_found(dark, f"{url('/dark')}: color-contrast")
    assert per_page < 3
    with pytest.raises(ValueError, match="no address"):
        await check_accessibility(browser, [])


@pytest.mark.browser
async def test_accessibility_judge_gives_up_on_a_page_that_stops_it(
    browser: Browser,
    aiohttp_server: Callable[[web.Application], Awaitable[TestServer]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page whose policy leaves axe without timers is an error that names it, not a hang."""

    async def serve(request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": "sandbox"}
        return web.Response(text=GOOD_PAGE, content_type="text/html", headers=headers)

    url = str((await aiohttp_server(one_handler(serve))).make_url("/"))
    monkeypatch.setattr("tests.servers.quality.accessibility.AXE_SECONDS", 1.0)
    with pytest.raises(RuntimeError, match=f"{url}: axe did not finish"):
        await check_accessibility(browser, [url])


# --- HTTP --------------------------------------------------------------------------------------


def one_handler(handler: Handler) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    return app


async def serve_well(request: web.Request) -> web.Response:
    """A long page as HTTP wants it: compressed on demand, validators for each encoding."""
    body = planted(GOOD_PAGE, "A first", "A first " * 300).encode()
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "public, max-age=0, s-maxage=60",
        "Last-Modified": "Mon, 02 Jun 2025 10:00:00 GMT",
        "Vary": "Accept-Encoding",
    }
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, mtime=0)
        headers["Content-Encoding"] = "gzip"
    headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    wanted = request.headers.get("If-None-Match")
    since = request.headers.get("If-Modified-Since")
    if wanted == headers["ETag"] or (not wanted and since == headers["Last-Modified"]):
        kept = {k: headers[k] for k in ("ETag", "Vary", "Cache-Control")}
        return web.Response(status=304, headers=kept)
    return web.Response(body=body, headers=headers)


async def drop_vary(request: web.Request) -> web.Response:
    response = await serve_well(request)
    del response.headers["Vary"]
    return response


async def share_etag(request: web.Request) -> web.Response:
    response = await serve_well(request)
    response.headers["ETag"] = '"same"'
    return (
        web.Response(status=304, headers=response.headers)
        if request.headers.get("If-None-Match") == '"same"'
        else response
    )


async def send_wrong_gzip(request: web.Request) -> web.Response:
    response = await serve_well(request)
    if response.headers.get("Content-Encoding"):
        response.body = gzip.compress(b"another page", mtime=0)
    return response


async def never_compress(request: web.Request) -> web.Response:
    return await serve_well(
        request.clone(headers={k: v for k, v in request.headers.items() if k != "Accept-Encoding"})
    )


async def ignore_conditions(request: web.Request) -> web.Response:
    return await serve_well(
        request.clone(headers={k: v for k, v in request.headers.items() if not k.startswith("If-")})
    )


async def always_unchanged(request: web.Request) -> web.Response:
    response = await serve_well(request)
    conditional = "If-None-Match" in request.headers
    return (
        web.Response(
            status=304, headers={k: response.headers[k] for k in ("ETag", "Vary", "Cache-Control")}
        )
        if conditional
        else response
    )


async def forget_in_304(request: web.Request) -> web.Response:
    response = await serve_well(request)
    if response.status == 304:
        del response.headers["Cache-Control"]
    return response


async def differ_in_head(request: web.Request) -> web.Response:
    response = await serve_well(request)
    if request.method == "HEAD":
        response.headers["Content-Type"] = "text/plain"
    return response


async def send_no_validator(request: web.Request) -> web.Response:
    response = await serve_well(request)
    for name in ("ETag", "Last-Modified"):
        response.headers.popall(name, None)
    return response


async def send_bad_field(request: web.Request) -> web.Response:
    response = await serve_well(request)
    response.headers["Cache-Control"] = "max-age=sixty"
    return response


async def test_http_judge_passes_a_well_served_page(
    aiohttp_server: Callable[[web.Application], Awaitable[TestServer]],
) -> None:
    """Plain, gzip, conditional and HEAD requests of a page that does all of it right."""
    server = await aiohttp_server(one_handler(serve_well))
    assert_clean(await check_http(str(server.make_url("/page/?x=1"))))


@pytest.mark.parametrize(
    ("handler", "fragments"),
    [
        (drop_vary, ["Vary lacks Accept-Encoding"]),
        (share_etag, ['strong ETag "same" is shared by identity and gzip']),
        (send_wrong_gzip, ["decodes to other content"]),
        (never_compress, ["bytes of text were not compressed"]),
        (ignore_conditions, ["If-None-Match", "If-Modified-Since"]),
        (always_unchanged, ["status 304 instead of the page"]),
        (forget_in_304, ["the 304 lacks cache-control"]),
        (differ_in_head, ["HEAD: content-type is 'text/plain'"]),
        (send_no_validator, ["neither ETag nor Last-Modified"]),
        (send_bad_field, ["max-age cache directive's value is incorrect"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_http_judge_finds_each_planted_error(
    aiohttp_server: Callable[[web.Application], Awaitable[TestServer]],
    handler: Handler,
    fragments: list[str],
) -> None:
    """One violation each, made by a server that does everything else right."""
    server = await aiohttp_server(one_handler(handler))
    problems = await check_http(str(server.make_url("/")))
    for fragment in fragments:
        assert any(fragment in problem.message for problem in problems), describe_problems(problems)
    strangers = [p for p in problems if not any(fragment in p.message for fragment in fragments)]
    assert_clean(strangers)


@contextlib.asynccontextmanager
async def raw_server(answer: bytes, head_answer: bytes | None = None) -> AsyncIterator[str]:
    """Sends the same bytes to each request (NOW becomes the date); ``head_answer`` to HEAD."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            is_head = head.startswith(b"HEAD ")
            chosen = head_answer if is_head and head_answer is not None else answer
            writer.write(chosen.replace(b"NOW", formatdate(usegmt=True).encode()))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}/"


RAW_HEAD = (
    b"HTTP/1.1 404 Not Found\r\nDate: NOW\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
)


@pytest.mark.parametrize(
    ("answer", "head_answer", "fragment"),
    [
        (RAW_HEAD + b"Content-Length: 2\r\n\r\nhi", RAW_HEAD + b"Content-Length: 2\r\n\r\n", None),
        (
            RAW_HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            RAW_HEAD + b"\r\n",
            None,
        ),
        (RAW_HEAD + b"Content-Length: 2\r\n\r\nhi", None, "HEAD: Extra data was sent"),
        (RAW_HEAD + b"Content-Length: 9\r\n\r\nhi", None, "connection ended before the response"),
        (
            RAW_HEAD + b"Content-Length: 2\r\n\r\nhi",
            RAW_HEAD + b"Content-Length: 3\r\n\r\n",
            "HEAD: Content-Length 3, GET sends 2",
        ),
        (RAW_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", None, "Content-Length"),
        (b"<p>hi</p>\r\n\r\n", None, "not a status line"),
        (b"", None, "connection ended before the response"),
    ],
)
async def test_http_judge_reads_framing_from_the_bytes(
    answer: bytes, head_answer: bytes | None, fragment: str | None
) -> None:
    """Content after HEAD, short content and unreadable heads are found; good framing passes."""
    async with raw_server(answer, head_answer) as url:
        problems = await check_http(url)
    if fragment is None:
        assert_clean(problems)
    else:
        assert any(fragment in problem.message for problem in problems), describe_problems(problems)
        assert all(problem.url == url for problem in problems)


async def test_http_judge_names_the_line_of_the_response_head() -> None:
    """A bad field is blamed by its line in the head, the status line being line 1."""
    answer = RAW_HEAD + b"Expires: tomorrow\r\nContent-Length: 2\r\n\r\nhi"
    async with raw_server(answer, RAW_HEAD + b"Expires: tomorrow\r\n\r\n") as url:
        problems = await check_http(url)
    assert {problem.line for problem in problems} == {5}, describe_problems(problems)


async def test_http_judge_sends_the_host_it_is_told() -> None:
    """A node that is reached by number can be asked for the site's public name."""
    hosts: list[str] = []

    async def note_host(request: web.Request) -> web.Response:
        hosts.append(request.headers["Host"])
        return await serve_well(request)

    async with TestServer(one_handler(note_host)) as server:
        assert_clean(await check_http(str(server.make_url("/")), host="www.example.org"))
    assert set(hosts) == {"www.example.org"}
