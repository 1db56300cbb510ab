"""A reply as the bytes of an HTTP/1.1 response. Pure."""

from http import HTTPStatus
from typing import Final

from sos.web.responses import Reply

_PHRASES: Final = {s.value: s.phrase for s in HTTPStatus}


class Wire:
    """One reply in one coding: ``full`` for GET, ``bare`` for HEAD."""

    __slots__ = ("_date", "bare", "full", "reply")

    def __init__(self, reply: Reply, date: str) -> None:
        self.reply = reply
        self._date = date
        self.bare = build_head(reply, date)
        self.full = self.bare + reply.body

    def choose(self, match: bytes | None, since: bytes | None, *, is_head: bool) -> bytes:
        """What a client gets, according to the values of If-None-Match and If-Modified-Since."""
        holds = match is not None or since is not None
        if holds and (tag := self.reply.find_held(_text(match), _text(since))):
            return build_head(self.reply.without_body(tag), self._date)
        return self.bare if is_head else self.full


def build_head(reply: Reply, date: str) -> bytes:
    """Status line and fields, as aiohttp writes them.

    Raises ValueError for a field that would end before its time.
    """
    fields = [f"{name}: {value}" for name, value in reply.headers.items()]
    if reply.status != 304:
        fields.append(f"Content-Length: {len(reply.body)}")
    fields.append(f"Date: {date}")
    text = "\r\n".join(fields)
    if text.count("\n") != len(fields) - 1 or text.count("\r") != len(fields) - 1:
        raise ValueError("a line break in a field of a response")
    return f"HTTP/1.1 {reply.status} {_PHRASES[reply.status]}\r\n{text}\r\n\r\n".encode()


def _text(value: bytes | None) -> str | None:
    # llhttp leaves the white space at the end of a value, which is none of it.
    return None if value is None else value.rstrip(b" \t").decode("utf-8", "surrogateescape")
