"""The front fed with anything: bytes of a client and moods of a network in, a verdict out.

The connection objects are the real ones, of a real service; only the transport is made up. What the
front writes must be what aiohttp's own protocol object writes to the same bytes, and more: whole
answers, nothing after the end, no error in the log, no more in memory than may wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import re
from collections.abc import Sequence
from typing import Any, cast

from sos.web.front.connection import MAX_HEAD, FrontConnection
from structlog.testing import capture_logs

from tests.front.fake_transport import FakeTransport
from tests.front.two_services import two_services
from tests.front.wire import parse_replies

MARK = b"\xfe\xfe"
"""Parts an input: pieces of what a client sends, each but the first behind a mood.

``P``: the client stops to read. ``R``: it reads again. ``L``: it is gone, and this is the end.
``N``: the piece comes before anything else can happen. Any other: when all is quiet.
"""

CHUNK = 65_536
"""Most bytes that come at once."""

QUIET = 25
"""Rounds of the loop without a byte written, after which nothing more is expected."""

ROUNDS = 3000


async def _settle(transport: FakeTransport) -> None:
    """Let the loop run until nothing is written for a while."""
    quiet = rounds = 0
    while quiet < QUIET and rounds < ROUNDS and not transport.lost:
        before = len(transport.written)
        await asyncio.sleep(0)
        rounds += 1
        quiet = 0 if len(transport.written) != before else quiet + 1


async def _feed(transport: FakeTransport, data: bytes) -> bool:
    """Give bytes to the protocol as it wants them; whether it took all of them."""
    for at in range(0, len(data), CHUNK):
        if transport.paused:
            await _settle(transport)
        if transport.closing or transport.paused:
            return False
        transport.protocol.data_received(data[at : at + CHUNK])
    return True


class FrontTarget:
    """Call `judge` with inputs. It keeps one service for all of them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._note)
        self._errors: list[str] = []
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: self._errors.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)
        self._handler = handler
        self._stack = contextlib.AsyncExitStack()
        self._loop.run_until_complete(self._begin())

    def close(self) -> None:
        """End the service."""
        logging.getLogger().removeHandler(self._handler)
        self._loop.run_until_complete(self._stack.aclose())
        self._loop.close()

    def judge(self, data: bytes) -> None:
        """Raise AssertionError, or whatever is raised within, where something is wrong."""
        self._errors.clear()
        with capture_logs() as events:
            self._loop.run_until_complete(self._judge(data))
        faults = [e for e in events if e["log_level"] in ("error", "critical")]
        assert not faults, faults
        assert not self._errors, self._errors

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._errors.append(repr(context))

    async def _begin(self) -> None:
        sites = await self._stack.enter_async_context(two_services())
        self._ours, self._theirs = sites
        for site in sites:
            for path in ("/", "/post-5/", "/robots.txt", "/nothing/"):
                await site.pages.answer(path, "")

    async def _judge(self, data: bytes) -> None:
        # The end of a head comes at last: aiohttp tells of some faults before it, the front waits.
        first, *others = [*data.split(MARK), b"E\r\n\r\n"]
        parts = [("", first), *((chr(o[0]) if o else "", o[1:]) for o in others)]
        sent = b"".join(piece for _, piece in parts)
        written, closing, whole = await self._run_front(parts)
        replies = parse_replies(written)
        assert len(replies) <= _most_requests(sent), "more answers than requests"
        assert not [r for r in replies[:-1] if r.closes], "an answer after the end"
        if not whole:
            return
        mine = tuple(r.essence for r in replies), closing
        seen = []
        ends = [m.end() for m in re.finditer(rb"\r\n\r\n", sent)]
        for cuts in ([], *(ends[:n] for n in range(len(ends), 0, -1))):
            theirs = await self._run_plain(sent, cuts)
            if theirs == mine:
                return
            seen.append(theirs)
        if replies and replies[-1].status == 431 and _longest_head(sent) > MAX_HEAD - 4:
            return
        shown = [
            ([a[0] for a in answers], "end" if ended else "open")
            for answers, ended in (mine, *seen)
        ]
        raise AssertionError(f"the front says {shown[0]}, aiohttp one of {shown[1:]}")

    async def _run_front(self, parts: list[tuple[str, bytes]]) -> tuple[bytes, bool, bool]:
        """What it wrote, whether it ended the line, and whether it was given all there was."""
        connection = cast("FrontConnection", self._ours.connections())
        transport = FakeTransport()
        transport.protocol = connection
        connection.connection_made(transport)
        whole, full = True, False
        for mood, piece in parts:
            if mood not in ("N", ""):
                await _settle(transport)
            if transport.closing:
                break
            if mood == "L":
                whole = False
                transport.lose()
                break
            if mood == "P" and not full:
                full = True
                connection.pause_writing()
            elif mood == "R" and full:
                full = False
                connection.resume_writing()
            # Two reads at most come before a protocol's wish for no more is heard.
            if not await _feed(transport, piece) and not transport.closing:
                assert full, "reading stays paused"
                connection.resume_writing()
                full = False
                await _settle(transport)
                assert transport.closing or not transport.paused, "reading stays paused"
                whole = False
                break
        if full and not transport.lost:
            connection.resume_writing()
        await _settle(transport)
        assert len(connection._held) <= MAX_HEAD + CHUNK, "too much is held"
        if not transport.closing:
            assert not transport.paused, "reading stays paused"
        closing = transport.closing
        transport.lose()
        await asyncio.sleep(0)
        assert connection not in cast("Any", self._ours.connections)._register._open
        return bytes(transport.written), closing, whole

    async def _run_plain(self, data: bytes, cuts: Sequence[int]) -> tuple[object, ...]:
        protocol = cast("Any", self._theirs.connections())
        transport = FakeTransport()
        transport.protocol = protocol
        protocol.connection_made(transport)
        bounds = [0, *cuts, len(data)]
        for start, stop in itertools.pairwise(bounds):
            if transport.closing or not await _feed(transport, data[start:stop]):
                break
            await asyncio.sleep(0)
        await _settle(transport)
        closing = transport.closing
        transport.lose()
        await asyncio.sleep(0)
        return tuple(r.essence for r in parse_replies(bytes(transport.written))), closing


def _most_requests(data: bytes) -> int:
    """What is after the last empty line may be answered as well, with a refusal."""
    return data.count(b"\n\r\n") + data.count(b"\n\n") + data.count(b"\r\r") + 1


def _longest_head(data: bytes) -> int:
    return max(map(len, data.split(b"\r\n\r\n")))
