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

HOST, ACCEPT_ENCODING, IF_NONE_MATCH, IF_MODIFIED_SINCE = range(1, 5)
_ONCE: Final = (
    b"content-location",
    b"content-range",
    b"content-type",
    b"etag",
    b"max-forwards",
    b"server",
    b"user-agent",
)
"""Fields that mean nothing to sos, and of which aiohttp refuses a second one."""
_CONNECTION, _FRAMING = 100, 101

_MEANINGS: Final = {
    b"host": HOST,
    b"accept-encoding": ACCEPT_ENCODING,
    b"if-none-match": IF_NONE_MATCH,
    b"if-modified-since": IF_MODIFIED_SINCE,
    **{name: number for number, name in enumerate(_ONCE, 5)},
    b"connection": _CONNECTION,
    # There is more to come than a head, or another protocol is wanted.
    b"content-length": _FRAMING,
    b"transfer-encoding": _FRAMING,
    b"expect": _FRAMING,
    b"upgrade": _FRAMING,
}

_UNUSUAL, _NO_END = 1, 2
"""Oddities of a request: aiohttp has to look at it; where it ends is not certain."""

_MOST_NAMES: Final = 2048


class Head:
    """Reads heads, one after the other.

    After `is_plain`: ``url`` is the target, ``fields`` has the values of those fields that matter
    to a page: HOST, ACCEPT_ENCODING, IF_NONE_MATCH, IF_MODIFIED_SINCE.
    """

    __slots__ = (
        "_feed",
        "_known",
        "_oddities",
        "_parser",
        "_requests",
        "fields",
        "is_head",
        "url",
    )

    def __init__(self) -> None:
        # Names as clients spell them; a flood of made-up ones is not remembered.
        self._known = dict(_MEANINGS)
        self.url = b""
        self.fields: dict[int, bytes] = {}
        self.is_head = False
        self._oddities = self._requests = 0
        self._renew()

    def is_plain(self, data: bytes) -> bool:
        """Whether ``data`` is one whole request for a page, and nothing else.

        That is a GET or HEAD in HTTP/1.1 that keeps the connection, without a body, with each field
        that matters at most once.
        """
        self.url = b""
        self.fields.clear()
        self._oddities = self._requests = 0
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._oddities = _NO_END
            self._renew()
            return False
        # The end makes sure that there is no beginning of another one.
        if self._requests != 1 or not data.endswith(b"\r\n\r\n"):
            self._oddities = _NO_END
            self._renew()
            return False
        if self._oddities or len(data) > MAX_PLAIN or not self._is_for_a_page(data):
            # To a parser, one that ends its connection is the last one: the next is of another.
            self._renew()
            return False
        return True

    def _is_for_a_page(self, data: bytes) -> bool:
        method = self._parser.get_method()
        self.is_head = method == b"HEAD"
        # What llhttp has found sound is compared here, which costs less than asking for its parts.
        return (
            (method == b"GET" or self.is_head)
            and data.startswith(b" HTTP/1.1\r\n", len(method) + 1 + len(self.url))
            and (len(data) < 4 * MAX_LINES or data.count(b"\n") <= MAX_LINES)
        )

    @property
    def is_whole(self) -> bool:
        """Whether the last one was at least one whole request without a body, and nothing else."""
        return self._oddities < _NO_END

    def may_go_on(self, data: bytes) -> bool:
        """Read a part of a request; whether it is sound so far, and has no end yet."""
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return False
        return self._requests == 0

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
            if not meaning:
                return
        if meaning >= _CONNECTION or meaning in self.fields:
            self._oddities |= _decide_oddity(meaning, value)
        self.fields[meaning] = value

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._requests += 1

    def _learn(self, name: bytes) -> int:
        meaning = _MEANINGS.get(name.lower(), 0)
        if len(self._known) < _MOST_NAMES:
            self._known[name] = meaning
        return meaning


def _decide_oddity(meaning: int, value: bytes) -> int:
    if meaning == _FRAMING:
        return _NO_END
    return 0 if meaning == _CONNECTION and value.lower() == b"keep-alive" else _UNUSUAL
