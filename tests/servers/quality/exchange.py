"""One request goes out over a fresh connection, the response comes in byte by byte for httplint.

The connection is kept alive like a browser's, so that a server answers on its usual path; after
the response it is closed on our side, and whatever still arrives is a fault of the server's.
It judges framing only; what the header fields mean is judged in ``protocol``.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from httplint import HttpRequestLinter, HttpResponseLinter
from thor.http.common import Delimiters, HttpMessageHandler, States
from thor.http.error import HttpError

Fields = list[tuple[bytes, bytes]]

_ANSWER_SECONDS = 10.0
_CLOSE_SECONDS = 1.0
_NO_CONTENT = (b"204", b"304")


@dataclass(slots=True)
class Exchange:
    """A request that was made and what came of it.

    ``faults`` are violations of the message syntax or framing; with one, the response may be
    incomplete and ``status`` is 0 when not even its head could be read.
    """

    request: HttpRequestLinter
    response: HttpResponseLinter
    fields: Fields = field(default_factory=list)
    content: bytes = b""
    faults: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The status code, 0 if there was none."""
        return self.response.status_code or 0

    def field_value(self, name: str) -> str | None:
        """A field's lines joined with commas (RFC 9110 section 5.3), None when it is absent."""
        wanted = name.lower().encode()
        lines = [value for key, value in self.fields if key.lower() == wanted]
        return b", ".join(lines).decode("latin-1").strip() if lines else None

    def line_of(self, subject: str) -> int:
        """The line of the response head that an httplint subject points at, 0 when it is none."""
        if subject == "status":
            return 1
        if subject.startswith("offset-"):  # the index of one field line
            return int(subject.removeprefix("offset-")) + 2
        names = {word.removeprefix("field-").encode() for word in subject.split()}
        lines = (n for n, (name, _) in enumerate(self.fields, 2) if name.lower() in names)
        return next(lines, 0)


class _ResponseReader(HttpMessageHandler):
    """Feeds an Exchange's linter from the bytes of one connection (framing: RFC 9112)."""

    default_state = States.QUIET  # after the response, anything more is an error

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._input_state = States.WAITING
        self.exchange = exchange
        self.complete = False

    def input_start(
        self,
        top_line: bytes,
        hdr_tuples: Fields,
        conn_tokens: list[bytes],
        transfer_codes: list[bytes],
        content_length: int | None,
    ) -> tuple[bool, bool]:
        """Take the head; an interim response (1xx) is passed over."""
        version, _, rest = top_line.partition(b" ")
        status, _, phrase = rest.partition(b" ")
        if not version.startswith(b"HTTP/"):
            raise self._refusal(f"not a status line: {top_line[:80]!r}")
        if status.startswith(b"1"):
            return False, False
        exchange = self.exchange
        exchange.fields = hdr_tuples
        exchange.response.start_time = time.time()
        exchange.response.process_response_topline(version[5:], status, phrase)
        exchange.response.process_headers(hdr_tuples)
        return not exchange.response.is_head_response and status not in _NO_CONTENT, True

    def _refusal(self, why: str) -> ValueError:
        self.exchange.faults.append(why)
        return ValueError(why)

    def input_body(self, chunk: bytes) -> None:
        """Take a piece of content, without its transfer coding."""
        self.exchange.content += chunk
        self.exchange.response.feed_content(chunk)

    def input_end(self, trailers: Fields) -> None:
        """The response is complete."""
        self.complete = True
        self.exchange.response.finish_content(True, trailers)

    def input_error(self, err: HttpError) -> None:
        """Note a syntax error; the parser stops by itself where it cannot go on."""
        self.exchange.faults.append(f"{err.desc}: {err.detail}" if err.detail else err.desc)

    def end_of_connection(self) -> None:
        """The server closed: the proper end of some responses, a fault in all others."""
        head_done = self._input_state == States.HEADERS_DONE
        if head_done and self._input_delimit == Delimiters.CLOSE:
            self.input_end([])
        elif not self.complete and not self.exchange.faults:
            self.exchange.faults.append("the connection ended before the response did")

    def output(self, data: bytes) -> None:
        """Not used: the request is written as it is."""

    def output_done(self) -> None:
        """Not used: the request is written as it is."""


async def fetch_exchange(
    url: str, *, method: str = "GET", fields: Iterable[tuple[str, str]] = (), host: str = ""
) -> Exchange:
    """Make one HTTP/1.1 request and read the whole answer, at most 10 s.

    ``host`` is the Host field where it differs from the address. Raises ValueError for an
    address that is not ``http://``, OSError when nothing listens there.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"not an http:// address: {url}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = [("Host", host or parts.netloc), ("User-Agent", "sos-page-quality"), *fields]
    exchange = Exchange(_lint_request(method, url, sent), HttpResponseLinter())
    exchange.response.request = exchange.request
    exchange.response.is_head_response = method == "HEAD"
    head = "".join(f"{name}: {value}\r\n" for name, value in sent)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
        await _read_answer(reader, writer, _ResponseReader(exchange))
    finally:
        writer.transport.abort()
    return exchange


def _lint_request(method: str, url: str, fields: Iterable[tuple[str, str]]) -> HttpRequestLinter:
    request = HttpRequestLinter(start_time=time.time())
    request.process_request_topline(method.encode(), url.encode(), b"1.1")
    request.process_headers([(name.encode(), value.encode("latin-1")) for name, value in fields])
    request.finish_content(True)
    return request


async def _read_answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parser: _ResponseReader
) -> None:
    faults = parser.exchange.faults
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            while not parser.complete and not faults and (received := await reader.read(65536)):
                parser.handle_input(received)
    except TimeoutError:
        faults.append(f"no complete answer within {_ANSWER_SECONDS:.0f} s")
        return
    if not parser.complete:
        parser.end_of_connection()
        return
    # A well-behaved server has nothing more to say and closes when we do.
    writer.write_eof()
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            while not faults and (surplus := await reader.read(65536)):
                parser.handle_input(surplus)
    except (TimeoutError, ConnectionResetError):
        pass
