"""The front answers as aiohttp does, whatever it is sent: tens of thousands of requests to both.

The same scripts go to two services over one store. ``SOS_DIFFERENTIAL_REQUESTS`` sets how many
requests are sent at least, ``SOS_DIFFERENTIAL_SEED`` which.
"""

from __future__ import annotations

import asyncio
import functools
import os
from pathlib import Path

import pytest
import uvloop
from aiohttp.http_parser import SINGLETON_HEADERS

from tests.front.comparing import (
    Difference,
    Outcome,
    Pair,
    answers_in_pieces,
    run,
)
from tests.front.content import make_content
from tests.front.requests import ALIAS, PATHS, Generator, Known, Script
from tests.front.two_services import two_services
from tests.web.serving import HOST, Site, serving

REQUESTS = int(os.environ.get("SOS_DIFFERENTIAL_REQUESTS", "30000"))
SEED = os.environ.get("SOS_DIFFERENTIAL_SEED", "1")
AT_ONCE = 24
"""Connections to each service at a time."""

pytestmark = pytest.mark.timeout(120 + REQUESTS // 50)


async def fetch_known(site: Site) -> list[Known]:
    """What a client has after one visit of each page, in each coding."""
    found = []
    for path in PATHS:
        replies = [
            await site.fetch(path, f"Accept-Encoding: {c}") for c in ("br", "gzip", "identity")
        ]
        assert [r.status for r in replies] == [200, 200, 200]
        tags = tuple(r["ETag"] or "" for r in replies)
        found.append(Known(path, tags, replies[0]["Last-Modified"] or ""))
    return found


async def compare_all(folder: Path) -> tuple[Pair, Difference | None]:
    """Send scripts until there have been REQUESTS, or one is answered differently."""
    async with two_services(folder) as (ours, theirs):
        known = await fetch_known(theirs)
        assets = [*theirs.pages.producer.release.assets, "/wp-content/uploads/a.png"]
        pair = Pair(ours.port, theirs.port)
        make = Generator(SEED, known, assets).make_script
        found: list[Difference] = []

        async def work() -> None:
            while pair.requests < REQUESTS and not found:
                difference = await pair.compare(make())
                if difference is not None:
                    found.append(difference)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(work())
        return pair, await pair.shrink(found[0]) if found else None


def test_the_front_answers_as_aiohttp_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status, fields, body and end of the line, of requests of every sort; on uvloop, as in service."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        pair, difference = runner.run(compare_all(tmp_path))
    with capsys.disabled():
        print(
            f"\nseed {SEED}: {pair.requests} requests to each, answers {dict(sorted(pair.replies.items()))}, "
            f"allowed differences {dict(pair.allowed)}, fields in another order {pair.other_order}"
        )
    assert difference is None, f"SOS_DIFFERENTIAL_SEED={SEED}\n{difference}"
    assert pair.requests >= REQUESTS
    # The requests are of every sort: none of these answers is an accident.
    expected = (200, 206, 301, 304, 400, 404, 405, 410, 412, 413, 416, 417, 421, 431)
    assert {s: n for s in expected if (n := pair.replies[s]) < REQUESTS / 10_000} == {}


async def test_a_difference_is_found_and_made_small(tmp_path: Path) -> None:
    """The comparison is not blind: two sites that answer to other names do differ."""
    async with two_services(tmp_path, hosts=(HOST,)) as (ours, theirs):
        pair = Pair(ours.port, theirs.port)
        make = Generator("x", [Known("/", ('"x"',), "")], ["/_assets/x"]).make_script
        assert await pair.compare(Script()) is None
        while (found := await pair.compare(make())) is None:
            assert pair.requests < 20_000
        small = (await pair.shrink(found)).script
    assert small.count == 2
    sent = b"".join((*small.steps, *small.rest)).lower()
    assert ALIAS.encode() in sent
    assert len(sent) < 200


async def test_what_may_differ_is_not_more_than_was_meant(tmp_path: Path) -> None:
    """aiohttp's answers in pieces are accepted; a lack of answers is not, nor are other ones."""
    good = f"GET /post-5/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    script = Script(rest=(good, good, b"GET / HTTP/1.1\r\nX y\r\n\r\n"))
    async with serving(make_content(), front="off") as theirs:
        ends = len(good), 2 * len(good)
        whole, halved, best = [
            await run(theirs.port, Script(rest=script.rest, cuts=cuts))
            for cuts in ((), ends[:1], ends)
        ]
        assert [[r.status for r in o.replies] for o in (whole, halved, best)] == [
            [400], [200, 400], [200, 200, 400]]  # fmt: skip
        for outcome in (halved, best):
            assert await answers_in_pieces(theirs.port, script, outcome)
        for wrong in (
            Outcome(best.replies[:2], ended=True),
            Outcome(best.replies[1:2] * 2, ended=True),
            Outcome(best.replies, ended=False),
            Outcome((*best.replies, best.replies[0]), ended=True),
        ):
            assert not await answers_in_pieces(theirs.port, script, wrong)


async def test_two_of_a_field_are_judged_alike(tmp_path: Path) -> None:
    """Whether the page is in memory or not, and nothing hangs on the field but how often it comes."""
    async with two_services(tmp_path) as (ours, theirs):
        pair = Pair(ours.port, theirs.port)
        for site in (ours, theirs):
            await site.fetch("/post-5/")
        for name in (*sorted(SINGLETON_HEADERS), "x", "accept-encoding", "if-none-match"):
            for path in ("/post-5/", "/about"):
                fields = "".join(f"{n}: {HOST}\r\n" for n in ("Host", name, name.title()))
                request = f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode()
                assert await pair.compare(Script(rest=(request,))) is None, name
        assert not pair.allowed


async def test_the_talk_with_a_server_that_speaks_no_http_is_a_fault() -> None:
    """Neither a field without a colon nor a body cut short passes for an answer."""
    for raw in (b"HTTP/1.1 200 OK\r\nX\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
                b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n", b"hello"):  # fmt: skip
        server = await asyncio.start_server(functools.partial(_say, raw), "127.0.0.1", 0)
        async with server:
            outcome = await run(server.sockets[0].getsockname()[1], Script())
        assert outcome.fault


async def _say(raw: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(raw)
    writer.close()
