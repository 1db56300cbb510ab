"""One reader of heads for all connections of a worker: no request changes how the next is read."""

from __future__ import annotations

import pytest
from sos.web.front.head import ACCEPT_ENCODING, HOST, MAX_FIELDS, MAX_PLAIN, Head


def ask(*fields: str, line: str = "GET / HTTP/1.1") -> bytes:
    """A request of somebody."""
    return "\r\n".join((line, "Host: a", *fields, "", "")).encode("latin-1")


PLAIN = ask("Accept-Encoding: br")

OTHERS = {
    "one that ends its connection": ask("Connection: close"),
    "one of two minds": ask("Connection: close, keep-alive"),
    "an old client": ask(line="GET / HTTP/1.0"),
    "an old client that stays": ask("Connection: keep-alive", line="GET / HTTP/1.0"),
    "HTTP/2.0": ask(line="GET / HTTP/2.0"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a length": ask("Content-Length: 5"),
    "no length": ask("Content-Length: 0"),
    "a body": ask("Content-Length: 5") + b"hello",
    "chunks": ask("Transfer-Encoding: chunked"),
    "a tunnel": ask(line="CONNECT a:1 HTTP/1.1"),
    "an upgrade": ask("Connection: Upgrade", "Upgrade: h2c"),
    "an expectation": ask("Expect: 100-continue"),
    "another method": ask(line="POST / HTTP/1.1"),
    "half a line": b"GET / HT",
    "half a head": PLAIN[:-2],
    "two at once": PLAIN + PLAIN,
    "one and a half": PLAIN + PLAIN[:20],
    "an empty line": b"\r\n",
    "nothing": b"",
    "nonsense": b"\0",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00",
    "a folded field": ask("X: y", " z"),
    "two hosts": ask("Host: b"),
    "many fields": ask(*("X: y" for _ in range(MAX_FIELDS))),
    "a long one": ask("X: " + "y" * MAX_PLAIN),
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_next_request_is_read_as_if_it_were_the_first(name: str) -> None:
    """It may be another client's: whatever came before is none of its business."""
    head = Head()
    for _ in range(2):
        assert head.is_plain(PLAIN)
        assert not head.is_plain(OTHERS[name])
    assert head.is_plain(PLAIN)
    assert head.is_whole
    assert (head.url, head.is_head) == (b"/", False)
    assert head.fields == {HOST: b"a", ACCEPT_ENCODING: b"br"}


@pytest.mark.parametrize("before", OTHERS)
def test_nor_is_one_that_is_not_plain_read_otherwise(before: str) -> None:
    """Whether its end is certain is found out from itself alone."""
    for name, data in OTHERS.items():
        alone, after = Head(), Head()
        after.is_plain(OTHERS[before])
        assert (after.is_plain(data), after.is_whole) == (alone.is_plain(data), alone.is_whole), (
            name
        )
