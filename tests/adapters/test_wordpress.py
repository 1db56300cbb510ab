"""The adapter that reads WordPress over HTTP guards the network, whatever a site or its DNS does."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from sos.adapters.wordpress import WordPressHttp, is_private
from sos.errors import SourceError
from sos.wordpress.source import AnswerTooLargeError, Credentials, PassingSourceError

from tests.servers.fake_wordpress import FixedResolver

OWNER = Credentials("owner", "abcd efgh")


@asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.0.9",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ],
)
def test_addresses_that_are_not_of_the_public_web_are_private(address: str) -> None:
    """Also when IPv6 hides them."""
    assert is_private(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_addresses_of_the_public_web_are_not_private(address: str) -> None:
    """Plain and mapped."""
    assert not is_private(address)


async def test_an_answer_has_its_status_its_headers_and_its_body() -> None:
    """Whatever the status; several Link headers become one."""

    async def handler(request: web.Request) -> web.Response:
        response = web.Response(status=404, body=b"nothing")
        response.headers.add("Link", "<a>; rel=one")
        response.headers.add("Link", "<b>; rel=two")
        response.headers["X-WP-Total"] = "7"
        return response

    async with serving(handler) as url, WordPressHttp(url) as http:
        answer = await http.fetch(url + "x?y=1")
    assert (answer.url, answer.status, answer.body) == (url + "x?y=1", 404, b"nothing")
    assert answer.headers["link"] == "<a>; rel=one, <b>; rel=two"
    assert answer.headers["x-wp-total"] == "7"


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    """Who follows it has rules of its own."""
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with serving(handler) as url, WordPressHttp(url) as http:
        answer = await http.fetch(url)
    assert (answer.status, answer.headers["location"], asked) == (302, "/elsewhere", ["/"])


async def test_no_cookie_is_kept() -> None:
    """A cached or personal answer must not come of an earlier one."""
    cookies = []

    async def handler(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        response = web.Response()
        response.set_cookie("session", "1")
        return response

    async with serving(handler) as url, WordPressHttp(url) as http:
        await http.fetch(url)
        await http.fetch(url)
    assert cookies == [None, None]


async def test_a_public_site_can_not_lead_to_a_private_address_by_name() -> None:
    """A redirect or link to a name whose address is private is refused before anything is sent."""
    resolver = FixedResolver(["93.184.216.34"], ["169.254.169.254"])
    async with WordPressHttp("https://public.example/", resolver=resolver) as http:
        with pytest.raises(SourceError, match=r"private address 169\.254\.169\.254"):
            await http.fetch("http://metadata.public.example/")


async def test_a_name_that_changes_to_a_private_address_is_refused_at_the_connection() -> None:
    """DNS rebinding: the first answer was public, the one that would be connected to is not."""
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    async with serving(handler) as url:
        port = url.rstrip("/").rpartition(":")[2]
        resolver = FixedResolver(["93.184.216.34"], ["127.0.0.1"])
        async with WordPressHttp(f"http://public.example:{port}/", resolver=resolver) as http:
            with pytest.raises(SourceError, match="private address"):
                await http.fetch(f"http://public.example:{port}/")
    assert len(resolver.asked) == 2
    assert asked == []


@pytest.mark.parametrize("literal", ["127.0.0.1", "[::1]", "169.254.169.254", "[::ffff:10.0.0.1]"])
async def test_a_public_site_can_not_lead_to_a_literal_private_address(literal: str) -> None:
    """Literal addresses never reach a resolver; they are checked as well."""
    resolver = FixedResolver(["93.184.216.34"])
    async with WordPressHttp("https://public.example/", resolver=resolver) as http:
        with pytest.raises(SourceError, match="not an address that this site may lead to"):
            await http.fetch(f"http://{literal}/")


@pytest.mark.parametrize("literal", ["2130706433", "127.1", "0x7f.1"])
async def test_old_spellings_of_a_private_address_are_refused(literal: str) -> None:
    """inet_aton(3) would take them for 127.0.0.1."""
    resolver = FixedResolver(["93.184.216.34"], ["127.0.0.1"])
    async with WordPressHttp("https://public.example/", resolver=resolver) as http:
        with pytest.raises(SourceError):
            await http.fetch(f"http://{literal}/")


async def test_a_private_site_is_read_when_it_is_what_was_given() -> None:
    """An intranet or a laptop is fine, by name and by address."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="here")

    async with serving(handler) as url:
        named = url.replace("127.0.0.1", "intranet.example")
        async with WordPressHttp(named, resolver=FixedResolver(["127.0.0.1"])) as http:
            assert (await http.fetch(named)).body == b"here"


async def test_a_private_site_can_not_lead_to_the_public_web() -> None:
    """Its name must stay private, or a password could leave the network unencrypted."""
    resolver = FixedResolver(["10.0.0.1"], ["93.184.216.34"])
    async with WordPressHttp("http://intranet.example/", resolver=resolver) as http:
        with pytest.raises(SourceError, match="public address"):
            await http.fetch("http://intranet.example/", OWNER)


async def test_a_password_is_not_sent_in_the_clear_over_a_public_network() -> None:
    """Refused before a connection is made."""
    resolver = FixedResolver(["93.184.216.34"])
    async with WordPressHttp("http://public.example/", resolver=resolver) as http:
        with pytest.raises(SourceError, match="over https only") as caught:
            await http.fetch("http://public.example/", OWNER)
    assert "efgh" not in str(caught.value)


async def test_a_password_is_sent_to_a_private_site_when_asked_for_only() -> None:
    """As HTTP Basic (RFC 7617), in UTF-8."""
    headers = []

    async def handler(request: web.Request) -> web.Response:
        headers.append(request.headers.get("Authorization"))
        return web.Response()

    async with serving(handler) as url, WordPressHttp(url) as http:
        await http.fetch(url)
        await http.fetch(url, Credentials("José", "pass word"))
    assert headers == [None, "Basic Sm9zw6k6cGFzcyB3b3Jk"]


def test_credentials_do_not_show_their_password() -> None:
    """Neither in a log nor in a traceback."""
    assert "abcd" not in f"{OWNER!r} {OWNER}"


async def test_an_endless_answer_is_cut_off() -> None:
    """A site can't fill the memory."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 65_536)
        except ConnectionError:
            return response

    async with serving(handler) as url, WordPressHttp(url, max_bytes=2_000_000) as http:
        with pytest.raises(AnswerTooLargeError, match="more than 1 MB"):
            await http.fetch(url)


async def test_a_compressed_answer_is_measured_by_what_it_unpacks_to() -> None:
    """Ten megabytes of zeros are ten kilobytes on the wire."""
    bomb = gzip.compress(b"\0" * 10_000_000)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with serving(handler) as url, WordPressHttp(url, max_bytes=2_000_000) as http:
        with pytest.raises(AnswerTooLargeError):
            await http.fetch(url)


async def test_a_silent_site_is_slow() -> None:
    """It is given up after the silence that was allowed."""
    over = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with serving(handler) as url, WordPressHttp(url, silence=0.2, timeout=5) as http:
        started = time.monotonic()
        with pytest.raises(PassingSourceError, match="did not answer in time") as caught:
            await http.fetch(url)
        over.set()
    assert caught.value.kind == "slow"
    assert time.monotonic() - started < 3


async def test_an_answer_that_trickles_is_given_up_at_the_deadline() -> None:
    """A byte now and then does not keep it alive."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.05)
        except (ConnectionError, asyncio.CancelledError):
            return response

    async with serving(handler) as url, WordPressHttp(url, silence=5, timeout=0.5) as http:
        with pytest.raises(PassingSourceError) as caught:
            await http.fetch(url)
    assert caught.value.kind == "slow"


async def test_a_closed_port_is_unreachable() -> None:
    """The message names the URL."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
        async with WordPressHttp(url) as http:
            with pytest.raises(PassingSourceError, match=url) as caught:
                await http.fetch(url)
    assert caught.value.kind == "unreachable"


async def test_a_connection_that_breaks_off_fails() -> None:
    """Half an answer is none."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving(handler) as url, WordPressHttp(url) as http:
        with pytest.raises(PassingSourceError) as caught:
            await http.fetch(url)
    assert caught.value.kind == "failed"


async def test_closing_twice_is_fine() -> None:
    """And a closed one opens again when it is asked."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="x")

    async with serving(handler) as url:
        http = WordPressHttp(url)
        await http.fetch(url)
        await http.aclose()
        await http.aclose()
        assert (await http.fetch(url)).body == b"x"
        await http.aclose()
