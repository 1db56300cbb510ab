"""The head of a request, read by llhttp: bytes in, the few facts that matter to a page out.

It decides whether a request is *plain*: one that can only be answered with a page or a short text.
All other fields are ignored, as they are everywhere in sos.
"""

from collections.abc import Callable
from typing import Final

import httptools

MAX_PLAIN: Final = 8190
"""Longest request that is looked at, bytes: below it neither line nor field can be too long."""

MAX_FIELDS: Final = 100
"""Most fields of one."""

HOST: Final = b"host"
ACCEPT_ENCODING: Final = b"accept-encoding"
IF_NONE_MATCH: Final = b"if-none-match"
IF_MODIFIED_SINCE: Final = b"if-modified-since"
_CONNECTION: Final = b"connection"

_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
"""There is more to come than a head, or another protocol is wanted."""

_ONCE: Final = frozenset(
    {
        b"content-location",
        b"content-range",
        b"content-type",
        b"etag",
        b"max-forwards",
        b"server",
        b"user-agent",
    }
)
"""Fields that mean nothing to sos, and of which aiohttp refuses a second one."""

_MATTER: Final = _ONCE | _FRAMING | {
    HOST,
    ACCEPT_ENCODING,
    IF_NONE_MATCH,
    IF_MODIFIED_SINCE,
    _CONNECTION,
}  # fmt: skip

_UNUSUAL, _NO_END = 1, 2
"""Oddities of a request: aiohttp has to look at it; where it ends is not certain."""

_MOST_NAMES: Final = 2048

_EMPTY_LINE: Final = b"\r\n\r\n"

Gist = tuple[bytes | None, ...]
"""What of requests matters to their answers, as it came: the target, fields that matter (names in
lower case; the value after each, but for those of `_ONCE`), and None where a request ends."""


class Head:
    """Reads heads, one after the other: `read`, then `judge`.

    After `judge`: ``url`` is the target, ``line`` the whole first line, ``fields`` has the values
    of those fields that matter to a page: HOST, ACCEPT_ENCODING, IF_NONE_MATCH, IF_MODIFIED_SINCE.
    """

    __slots__ = (
        "_ignored",
        "_oddities",
        "_renew",
        "_spelled",
        "fields",
        "is_head",
        "line",
        "may_go_on",
        "read",
        "url",
    )

    read: Callable[[bytes], Gist]
    """The gist of some bytes; the empty one where they can't be read. Whole requests for pages
    with the same gist and the same first line get the same answer."""

    may_go_on: Callable[[bytes], bool]
    """Read a part of a request; whether it is sound so far, and has no end yet."""

    _renew: Callable[[], None]
    """Begin with a parser that has seen nothing."""

    def __init__(self) -> None:
        self.url = self.line = b""
        self.fields: dict[bytes, bytes] = {}
        self.is_head = False
        self._oddities = 0
        # Names as clients spell them; a flood of made-up ones is not remembered.
        self._ignored: set[bytes] = set()
        self._spelled: dict[bytes, bytes] = {}
        self._listen()

    def is_plain(self, data: bytes) -> bool:
        """Whether ``data`` is one whole request for a page, and nothing else.

        That is a GET or HEAD in HTTP/1.1 that keeps the connection, without a body, with each field
        that matters at most once.
        """
        return self.judge(data, self.read(data))

    def judge(self, data: bytes, gist: Gist) -> bool:
        """The same; ``gist`` is what `read` said of ``data`` just now."""
        self.url = self.line = b""
        self.fields = {}
        self._oddities = _NO_END
        # The end makes sure that there is no beginning of another one.
        if gist.count(None) == 1 and gist[-1] is None and data.endswith(_EMPTY_LINE):
            self._oddities = self._look(gist)
        if self._oddities or len(data) > MAX_PLAIN or not self._is_for_a_page(data):
            # To a parser, one that ends its connection is the last one: the next is of another.
            self._renew()
            return False
        return True

    @property
    def is_whole(self) -> bool:
        """Whether the last one was at least one whole request without a body, and nothing else."""
        return self._oddities < _NO_END

    def _look(self, gist: Gist) -> int:
        """Take the facts of one request; its oddities."""
        oddities = 0
        parts = (part or b"" for part in gist[:-1])
        self.url = next(parts)
        for name in parts:
            value = b"" if name in _ONCE else next(parts)
            if name in _FRAMING:
                oddities |= _NO_END
            elif name == _CONNECTION:
                oddities |= 0 if value.lower() == b"keep-alive" else _UNUSUAL
            elif name in self.fields:
                oddities |= _UNUSUAL
            self.fields[name] = value
        return oddities

    def _is_for_a_page(self, data: bytes) -> bool:
        self.is_head = data.startswith(b"HEAD")
        # What llhttp has found sound is compared here, which costs less than asking for its parts.
        self.line = b"%b %b HTTP/1.1\r\n" % (b"HEAD" if self.is_head else b"GET", self.url)
        return data.startswith(self.line)

    def _learn(self, name: bytes) -> bytes:
        """The name in lower case; empty for one that does not matter."""
        field = name.lower()
        has_room = len(self._ignored) + len(self._spelled) < _MOST_NAMES
        if field not in _MATTER:
            if has_room:
                self._ignored.add(name)
            return b""
        if has_room:
            self._spelled[name] = field
        return field

    def _listen(self) -> None:
        """Make the functions that run for each request and each of its fields.

        They have cells instead of attributes, which costs less, and there is no other reason.
        """
        gist: list[bytes | None] = []
        note, ignored, spelled, learn = gist.append, self._ignored, self._spelled, self._learn
        fields = 0

        def on_header(name: bytes, value: bytes) -> None:
            nonlocal fields
            fields += 1
            if name in ignored:
                return
            field = spelled.get(name) or learn(name)
            if field:
                note(field)
                if field not in _ONCE:
                    note(value)

        listener = _Listener(note, on_header, lambda: note(None))
        feed = httptools.HttpRequestParser(listener).feed_data

        def renew() -> None:
            nonlocal feed
            feed = httptools.HttpRequestParser(listener).feed_data

        def read(data: bytes) -> Gist:
            nonlocal fields
            fields = 0
            gist.clear()
            try:
                feed(data)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade):
                return ()
            return tuple(gist) if fields <= MAX_FIELDS else ()

        def may_go_on(data: bytes) -> bool:
            try:
                feed(data)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade):
                return False
            return None not in gist

        self._renew, self.read, self.may_go_on = renew, read, may_go_on


class _Listener:
    """What llhttp calls."""

    __slots__ = ("on_header", "on_message_complete", "on_url")

    def __init__(
        self,
        on_url: Callable[[bytes], None],
        on_header: Callable[[bytes, bytes], None],
        on_message_complete: Callable[[], None],
    ) -> None:
        self.on_url = on_url
        self.on_header = on_header
        self.on_message_complete = on_message_complete
