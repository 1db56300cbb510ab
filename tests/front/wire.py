"""A client that sends bytes as they are: pieces in, every byte that came back and the end out.

It never mends what it is told to send, and never loses an answer that came before a reset: plain
sockets on the running loop, read until the other side closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

SECONDS = 10.0
"""How long an answer, or the end of the line, is waited for."""

# aiohttp answers in the version of the request, whichever that claims to be.
_HEAD = re.compile(rb"HTTP/\d\.\d (\d{3}) [^\r\n\0]*\r\n((?:[!-9;-~]+: [^\r\n\0]*\r\n)*)\r\n")


class MalformedAnswerError(AssertionError):
    """What came back is no HTTP."""


@dataclass(frozen=True)
class Reply:
    """One answer. ``fields`` are lower-case names and values in the order in which they came."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
    line: bytes

    def __getitem__(self, name: str) -> str | None:
        found = [v for n, v in self.fields if n == name.lower()]
        assert len(found) <= 1, f"{name} came {len(found)} times"
        return found[0] if found else None

    @property
    def closes(self) -> bool:
        """Whether it says that the line ends after it."""
        said = (self["Connection"] or "").lower()
        return said == "close" or (said != "keep-alive" and not self.line.startswith(b"HTTP/1.1"))

    @property
    def essence(self) -> tuple[object, ...]:
        """All of it but the date and the order of the fields.

        In a refusal also not the version: aiohttp writes that of the request, whichever that claims
        to be, and 1.0 where it could not read it.
        """
        kept = sorted(f for f in self.fields if f[0] != "date")
        line = self.line[8:] if self.status in (400, 431) else self.line
        return line, tuple(kept), self.body


@dataclass(frozen=True)
class Talk:
    """What came back on one line. ``end``: ``closed``, ``reset``, or ``open`` when it went on."""

    raw: bytes
    end: str

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The answers. Raises MalformedAnswerError where it is not answers alone."""
        return parse_replies(self.raw)


def parse_replies(raw: bytes) -> tuple[Reply, ...]:
    """Answers in ``raw``; whether one was to a HEAD is seen by what follows.

    Raises MalformedAnswerError.
    """
    found, at = [], 0
    while at < len(raw):
        reply, at = _parse_reply(raw, at, head=None)
        found.append(reply)
    return tuple(found)


def find_end(raw: bytes, at: int, *, head: bool) -> int | None:
    """Where the answer that begins at ``at`` ends; None while it is not whole."""
    if raw.find(b"\r\n\r\n", at) < 0:
        return None
    try:
        return _parse_reply(raw, at, head=head)[1]
    except _ShortError:
        return None


class _ShortError(MalformedAnswerError):
    """The answer is not whole."""


def _parse_reply(raw: bytes, at: int, head: bool | None) -> tuple[Reply, int]:
    match = _HEAD.match(raw, at)
    if not match:
        raise MalformedAnswerError(f"no head of an answer: {raw[at : at + 300]!r}")
    status, after = int(match[1]), match.end()
    lines = match[2].decode("latin-1").split("\r\n")[:-1]
    fields = tuple((n.lower(), v) for n, _, v in (line.partition(": ") for line in lines))
    named = dict(fields)
    line = raw[at : raw.index(b"\r\n", at)]
    bare = status < 200 or status in (204, 304) or head is True
    # To a HEAD: no body, though a length. No page of ours begins like an answer.
    bare = bare or (head is None and raw[after : after + 5] in (b"", b"HTTP/"))
    if bare:
        return Reply(status, fields, b"", line), after
    if named.get("transfer-encoding") == "chunked":
        end = raw.find(b"0\r\n\r\n", after)
        if end < 0:
            raise _ShortError("a body in chunks without its end")
        return Reply(status, fields, raw[after : end + 5], line), end + 5
    length = int(named.get("content-length", "0"))
    body = raw[after : after + length]
    if len(body) < length:
        raise _ShortError(f"a body of {len(body)} bytes that has {length}")
    return Reply(status, fields, body, line), after + length


def check_dates(replies: Sequence[Reply]) -> None:
    """Each has one date, in the one form that RFC 9110, section 5.6.7, lets a server write."""
    for reply in replies:
        date = reply["Date"]
        assert date is not None
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date), date
        parsedate_to_datetime(date)


class Line:
    """One connection."""

    def __init__(self) -> None:
        self.raw = bytearray()
        self.end = ""
        self._socket = socket.socket()
        self._loop = asyncio.get_running_loop()

    async def open(self, port: int) -> None:
        """Connect to a port of this machine."""
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self._loop.sock_connect(self._socket, ("127.0.0.1", port))

    def close(self) -> None:
        """End it from this side."""
        self._socket.close()

    async def send(self, data: bytes) -> None:
        """Send; that the other side has ended the line is seen when reading."""
        with contextlib.suppress(ConnectionError):
            await self._loop.sock_sendall(self._socket, data)

    async def send_pieces(self, data: bytes, cuts: Sequence[int]) -> None:
        """Send in pieces, of which each is read before the next one comes."""
        if cuts:
            await self._pause()  # until the other side has accepted the connection
        bounds = [0, *sorted({c for c in cuts if 0 < c < len(data)}), len(data)]
        for start, stop in itertools.pairwise(bounds):
            await self.send(data[start:stop])
            await self._pause()

    async def _pause(self) -> None:
        """Both ends live on this loop: a few rounds of it, and the other end has read the piece."""
        for _ in range(3):
            await asyncio.sleep(0)

    async def read(self) -> bool:
        """Read something; False at the end."""
        try:
            data = await self._loop.sock_recv(self._socket, 262_144)
        except ConnectionError:
            self.end = "reset"
            return False
        self.raw += data
        if not data:
            self.end = "closed"
        return bool(data)

    async def read_reply(self, at: int, *, head: bool, seconds: float = SECONDS) -> int | None:
        """Read until the answer that begins at ``at`` is whole; its end, or None without one."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (end := find_end(bytes(self.raw), at, head=head)) is None:
                    if self.end or not await self.read():
                        return None
                return end
        return None

    async def read_all(self, seconds: float = SECONDS) -> Talk:
        """Read until the other side ends the line, or has not for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.end and await self.read():
                    pass
        return Talk(bytes(self.raw), self.end or "open")


async def talk(port: int, data: bytes, *, cuts: Sequence[int] = (), seconds: float = 0.0) -> Talk:
    """Send ``data`` on a line of its own, in pieces, and read until the end of the line.

    ``seconds``: how long it may stay open; 0 waits long for an end that is to come.
    """
    line = Line()
    try:
        await line.open(port)
        await line.send_pieces(data, cuts)
        return await line.read_all(seconds or SECONDS)
    finally:
        line.close()
