"""The head of a request, read by llhttp: bytes in, the few facts that matter to a page out.

It decides whether a request is *plain*: one that can only be answered with a page or a short text.
All other fields are ignored, as they are everywhere in sos.
"""

from typing import Final

import httptools

MAX_PLAIN: Final = 8190
"""Longest request that is looked at, bytes: below it neither line nor field can be too long."""

MAX_LINES: Final = 102
"""Most lines of one: 100 fields, the request line and the empty line at the end."""

_HOST, _ACCEPT, _MATCH, _SINCE, _CONNECTION, _FRAMING = range(1, 7)

_MEANINGS: Final = {
    b"host": _HOST,
    b"accept-encoding": _ACCEPT,
    b"if-none-match": _MATCH,
    b"if-modified-since": _SINCE,
    b"connection": _CONNECTION,
    # There is more to come than a head, or another protocol is wanted.
    b"content-length": _FRAMING,
    b"transfer-encoding": _FRAMING,
    b"expect": _FRAMING,
    b"upgrade": _FRAMING,
}

_MOST_NAMES: Final = 2048


class Head:
    """Reads heads, one after the other.

    After `read`: ``whole`` says that the bytes were exactly one request without a body, that wants
    no other protocol; ``plain`` that it is besides a GET or HEAD in HTTP/1.1 that keeps the
    connection, with each field that matters at most once. ``url`` is its target, ``host``,
    ``accept`` (Accept-Encoding), ``match`` (If-None-Match) and ``since`` (If-Modified-Since) are
    values, None where the field is absent.
    """

    __slots__ = (
        "_count",
        "_feed",
        "_framing",
        "_known",
        "_parser",
        "_single",
        "accept",
        "host",
        "is_head",
        "match",
        "plain",
        "since",
        "url",
        "whole",
    )

    def __init__(self) -> None:
        # Names as clients spell them; a flood of made-up ones is not remembered.
        self._known = dict(_MEANINGS)
        self.url = b""
        self.host: bytes | None = None
        self.accept: bytes | None = None
        self.match: bytes | None = None
        self.since: bytes | None = None
        self.whole = self.plain = self.is_head = self._framing = False
        self._single = True
        self._count = 0
        self._renew()

    def read(self, data: bytes) -> bool:
        """Read bytes that begin with a request; whether they are a plain one and nothing else."""
        self.url = b""
        self.host = self.accept = self.match = self.since = None
        self.whole = self.plain = self.is_head = self._framing = False
        self._single = True
        self._count = 0
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._renew()
            return False
        # The end makes sure that there is no beginning of another one.
        if self._count != 1 or not data.endswith(b"\r\n\r\n"):
            self._renew()
            return False
        if self._framing:
            return False
        self.whole = True
        if not self._single:
            return False
        method = self._parser.get_method()
        if method != b"GET":
            if method != b"HEAD":
                return False
            self.is_head = True
        # What llhttp has found sound is compared here, which costs less than asking for its parts.
        self.plain = (
            data.startswith(b" HTTP/1.1\r\n", len(method) + 1 + len(self.url))
            and len(data) <= MAX_PLAIN
            and (len(data) < 4 * MAX_LINES or data.count(b"\n") <= MAX_LINES)
        )
        return self.plain

    def may_go_on(self, data: bytes) -> bool:
        """Read a part of a request; whether it is sound so far, and has no end yet."""
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return False
        return self._count == 0

    def _renew(self) -> None:
        """Begin with a parser that has seen nothing."""
        self._parser = httptools.HttpRequestParser(self)
        self._feed = self._parser.feed_data

    # ------------------------------------------------------------ what llhttp calls

    def on_url(self, url: bytes) -> None:
        """A part of the target; the whole of it, unless there are several requests."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field."""
        meaning = self._known.get(name)
        if not meaning:
            if meaning == 0:
                return
            meaning = self._learn(name)
        if meaning == _HOST:
            self._single = self._single and self.host is None
            self.host = value
        elif meaning == _ACCEPT:
            self._single = self._single and self.accept is None
            self.accept = value
        elif meaning == _MATCH:
            self._single = self._single and self.match is None
            self.match = value
        elif meaning == _SINCE:
            self._single = self._single and self.since is None
            self.since = value.rstrip(b" \t")  # llhttp leaves the white space at the end
        elif meaning == _CONNECTION:
            self._single = self._single and value.lower() == b"keep-alive"
        elif meaning == _FRAMING:
            self._framing = True

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._count += 1

    def _learn(self, name: bytes) -> int:
        meaning = _MEANINGS.get(name.lower(), 0)
        if len(self._known) < _MOST_NAMES:
            self._known[name] = meaning
        return meaning
