"""Requests of every sort, good, odd and hostile, from a seed: the same seed, the same requests.

Out: `Script`s of bytes for one connection each. Nothing here knows what should come back.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.web.serving import HOST

ALIAS = "alias.example.com:8080"
"""Another name that the site answers to."""

EVIL = "evil.test"


@dataclass(frozen=True)
class Script:
    """What is sent on one connection.

    ``steps``: sent one after the other, each when the one before was answered, as each is a plain
    request. ``rest``: sent at once, whatever it is. ``cuts``: places at which it comes in pieces.
    Then comes `SENTINEL`, a request that ends the line.
    """

    steps: tuple[bytes, ...] = ()
    rest: tuple[bytes, ...] = ()
    cuts: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """Requests in it."""
        return len(self.steps) + len(self.rest) + 1


SENTINEL = (
    f"GET /robots.txt?sentinel HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
)


@dataclass(frozen=True)
class Known:
    """What a client may have from an earlier answer."""

    path: str
    tags: tuple[str, ...]
    modified: str


@dataclass(frozen=True)
class Head:
    """A request before it is bytes."""

    method: str
    target: str
    version: str
    fields: tuple[tuple[str, str], ...]
    body: bytes = b""

    def encode(self) -> bytes:
        """As it is sent; a field's value comes with the space before it."""
        lines = [
            f"{self.method} {self.target} {self.version}",
            *(f"{n}:{v}" for n, v in self.fields),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self.body


PATHS = (
    "/", "/post-5/", "/about/", "/caf%c3%a9/", "/category/news/", "/author/jo/", "/2024/05/",
    "/feed/", "/feed/atom/", "/sitemap.xml", "/robots.txt", "/page/2/", "/sitemap-posts-post-1.xml",
)  # fmt: skip

ODD_TARGETS = (
    "/post-5", "/caf%C3%A9/", "/%61bout/", "/about", "/page/1/", "/post-8/", "/post-9/", "/post-9",
    "/?p=5", "/?cat=7&feed=atom", "/?utm_source=x", "/?", "/post-5/?", "/post-5/?x=1", "/?p=x",
    "/favicon.ico", "/favicon.ico?x", "/health-elb", "/health-elb?x", "/health-elb/",
    "/wp-content/uploads/a.jpg", "/wp-content/uploads/a.png", "/wp-content/uploads/../a.png",
    "/wp-content/uploads/%2e%2e/a", "/_assets/", "/_assets/x", "/_assets/x/../y", "/__preview/forged",
    "/__preview/", "/?sosRelease=x", "/a//b", "//", "//evil.test/", "/..", "/../etc/passwd", "/./",
    "/%2e%2e/", "/a%2fb", "/a%5cb", "/a\\b", "/%00", "/%0d%0aX:y", "/%zz", "/%", "/%ff%fe", "/%c3",
    "/x#f", "/#", "/;x", "/post-5/;x", "/post-5/%20", "/post-5/ ", "/\xc3\xa9/", "/\xff", "/caf\xc3\xa9/",
    "/<script>", "/\"", "/'", "/`", "/{}", "/|", "/^", "/\x7f", "/\x01", "*", "", "post-5/", "?", "#",
    f"http://{HOST}/", f"http://{HOST}", f"http://{EVIL}/", f"https://{HOST}/post-5/", "http://[x/",
    f"//{HOST}/", f"{HOST}:443", "evil.test:443", "http:/", "http://", "/:80", "/@", "/post-5/?" + "x" * 3000,
    "/" + "a" * 1999, "/" + "a" * 2500, "/" + "a/" * 900, "/post-5/?a?b#c", "/?%00", "/?\xff",
)  # fmt: skip

ACCEPTED = (
    "gzip", "br", "gzip, br", "gzip, deflate, br, zstd", "identity", "*", "", " ", ",", "br;q=0", "gzip;q=0",
    "*;q=0", "identity;q=0", "gzip;q=0.5, br;q=0.4", "br;q=1.000, gzip;q=1.000", "br;q=1.0000", "gzip; q=1",
    "gzip ;q=1", "gzip;Q=1", "GZIP", "Br", "x-gzip", "x-br", "deflate", "gzip;q=", "gzip;q=2", "gzip;x=1",
    "gzip,gzip;q=0", "identity;q=1, gzip;q=0.5", "*;q=0.5, br;q=0", "gzip\t,\tbr", "br" + "," * 990 + "gzip",
    "x" * 2000 + ",br", "br\xa0", "\xffbr", "b r", "br;q=0.0001", "gzip;q=.5", "compress, *;q=0.1",
)  # fmt: skip

CONNECTIONS = (
    "keep-alive", "Keep-Alive", "close", "Close", "CLOSE", "keep-alive, close", "close, keep-alive", "", "x",
    "Upgrade", "upgrade, keep-alive", "TE", "keep-alive, Upgrade, HTTP2-Settings", "close,", "closed", "\xff",
)  # fmt: skip

HOSTS = (
    HOST, HOST.upper(), ALIAS, ALIAS.upper(), f"{HOST}:80", f"{HOST}:443", f"{HOST}.", f"{HOST}.evil.test",
    EVIL, "", " ", f"user@{HOST}", f"{HOST}@{EVIL}", f"{HOST}/", f"{HOST}/x", f"{HOST}?x", f"{HOST}#x",
    f"{HOST},{EVIL}", f"{HOST} {EVIL}", f"{HOST}:", f"{HOST}:x", "alias.example.com", "127.0.0.1", "[::1]",
    "a\"><script>", f"{HOST}\xff", "\xff", f"{HOST}\x0b", f"{HOST}%00", "localhost", f"http://{HOST}",
)  # fmt: skip

VERSIONS = (
    "HTTP/1.0", "HTTP/1.0", "HTTP/0.9", "HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/2", "HTTP/3.7", "HTTP/1",
    "HTTP/1.", "HTTP/11", "HTTP/1.1 ", " HTTP/1.1", "http/1.1", "HTTP/01.1", "HTTP/1.01", "HTTPS/1.1",
    "HTTP/1,1", "HTTP 1.1", "RTSP/1.0", "ICE/1.0", "", "HTTP/1.1\t", "HTTP/-1.1", "HTTP/1.1 HTTP/1.1",
)  # fmt: skip

METHODS = (
    "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PURGE", "CONNECT", "get", "Get", "head", "GETX", "G",
    "", "M-SEARCH", "PRI", "PROPFIND", "SOURCE", "QUERY", "GET,HEAD", "G\x00T", "G\xc9T", "<script>", "!", "GET\t",
    "LINK", "MKCOL", "LOCK", "DESCRIBE", "BREW", "HEAD,GET", "GET GET",
)  # fmt: skip

BODIES: tuple[tuple[tuple[tuple[str, str], ...], bytes], ...] = (
    ((("Content-Length", " 0"),), b""),
    ((("Content-Length", " 5"),), b"hello"),
    ((("Content-Length", " 5"),), b""),
    ((("Content-Length", " 2"),), b"hello"),
    ((("Content-Length", " +5"),), b"hello"),
    ((("Content-Length", " -0"),), b""),
    ((("Content-Length", " -5"),), b""),
    ((("Content-Length", " 0x5"),), b"hello"),
    ((("Content-Length", " 5 5"),), b"hello"),
    ((("Content-Length", " 5,5"),), b"hello"),
    ((("Content-Length", " 0, 0"),), b""),
    ((("Content-Length", ""),), b""),
    ((("Content-Length", " "),), b""),
    ((("Content-Length", " 00"),), b""),
    ((("Content-Length", " 0 "),), b""),
    ((("Content-Length", " 0\x0b"),), b""),
    ((("Content-Length", " 99999999999999999999999"),), b"hello"),
    ((("Content-Length", " 18446744073709551616"),), b"hello"),
    ((("Content-Length", " 0"), ("Content-Length", " 0")), b""),
    ((("Content-Length", " 5"), ("Content-Length", " 6")), b"hello"),
    ((("Content-Length", " 0"), ("Content-Length", " 5")), b"hello"),
    ((("Content_Length", " 5"),), b"hello"),
    ((("Transfer-Encoding", " chunked"),), b"0\r\n\r\n"),
    ((("Transfer-Encoding", " chunked"),), b"5\r\nhello\r\n0\r\n\r\n"),
    ((("Transfer-Encoding", " chunked"),), b"5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n"),
    ((("Transfer-Encoding", " chunked"),), b"5\nhello\n0\n\n"),
    ((("Transfer-Encoding", " chunked"),), b"0x5\r\nhello\r\n0\r\n\r\n"),
    ((("Transfer-Encoding", " chunked"),), b"-1\r\n\r\n0\r\n\r\n"),
    ((("Transfer-Encoding", " chunked"),), b"ffffffffffffffffff\r\n"),
    ((("Transfer-Encoding", " chunked"),), b"5\r\nhelloXX0\r\n\r\n"),
    ((("Transfer-Encoding", " chunked"),), b"G\r\n"),
    ((("Transfer-Encoding", " Chunked"),), b"0\r\n\r\n"),
    ((("Transfer-Encoding", "\tchunked"),), b"0\r\n\r\n"),
    ((("Transfer-Encoding", " chunked "),), b"0\r\n\r\n"),
    ((("Transfer-Encoding", " identity"),), b""),
    ((("Transfer-Encoding", " gzip, chunked"),), b"0\r\n\r\n"),
    ((("Transfer-Encoding", " chunked, gzip"),), b"0\r\n\r\n"),
    ((("Transfer-Encoding", " chunked, chunked"),), b"0\r\n\r\n"),
    ((("Transfer-Encoding", " xchunked"),), b"0\r\n\r\n"),
    ((("Transfer-Encoding", " \x0bchunked"),), b"0\r\n\r\n"),
    ((("Transfer-Encoding", ""),), b""),
    ((("Transfer-Encoding", " chunked"), ("Transfer-Encoding", " identity")), b"0\r\n\r\n"),
    ((("Transfer-Encoding", " chunked"), ("Content-Length", " 5")), b"0\r\n\r\n"),
    ((("Content-Length", " 5"), ("Transfer-Encoding", " chunked")), b"0\r\n\r\n"),
    ((("Content-Length", " 0"), ("Transfer-Encoding", " chunked")), b"0\r\n\r\n"),
    ((("Transfer_Encoding", " chunked"),), b"0\r\n\r\n"),
    ((("Transfer-Encoding ", " chunked"),), b"0\r\n\r\n"),
    ((("Content-Encoding", " gzip"),), b""),
    ((("Content-Encoding", " gzip"), ("Content-Length", " 5")), b"hello"),
)  # fmt: skip

EXTRA = ( ("User-Agent", " Mozilla/5.0"), ("Accept", " */*"), ("Accept-Language", " de"), ("Cookie", " a=b; c=d"),
    ("Cookie", " wordpress_logged_in_x=admin"), ("Authorization", " Basic eDp5"), ("Origin", f" https://{EVIL}"),
    ("Referer", f" https://{EVIL}/"), ("Pragma", " no-cache"), ("Cache-Control", " no-cache"),
    ("Cache-Control", " only-if-cached"), ("Range", " bytes=0-10"), ("Range", " bytes=999999-"), ("If-Range", ' "x"'),
    ("If-Match", ' "x"'), ("If-Match", " *"), ("If-Unmodified-Since", " Thu, 01 Jan 1970 00:00:00 GMT"),
    ("X-Forwarded-For", " 1.2.3.4"), ("X-Forwarded-Host", f" {EVIL}"), ("X-Forwarded-Proto", " http"),
    ("X-Forwarded-Port", " 444"), ("X-Original-URL", " /admin"), ("X-Rewrite-URL", " /admin"), ("X-Host", f" {EVIL}"),
    ("Forwarded", f" host={EVIL};proto=http"), ("X-HTTP-Method-Override", " DELETE"), ("Via", " 1.1 x"),
    ("Max-Forwards", " 0"), ("TE", " trailers"), ("Trailer", " X"), ("Keep-Alive", " timeout=5"),
    ("Proxy-Connection", " keep-alive"), ("Proxy-Authorization", " Basic eDp5"), ("DNT", " 1"),
    ("Sec-Fetch-Mode", " navigate"), ("Sec-WebSocket-Key", " x"), ("HTTP2-Settings", " AAMAAABk"), ("Early-Data", " 1"),
    ("Upgrade-Insecure-Requests", " 1"), ("Content-Type", " text/html"), ("X", ""), ("X", " "), ("X", "\t y \t"),
    ("x", "z"), ("X-Long", " " + "a" * 4000), ("X", " \xff\xfe"), ("X", " \x0b"), ("If-Modified-Since", " x"),
)  # fmt: skip

BREAKING = (
    ("Expect", " 100-continue"), ("Expect", " x"), ("Expect", ""), ("expect", " 100-Continue"), ("Upgrade", " h2c"),
    ("Upgrade", " websocket"), ("Upgrade", ""), ("upgrade", " x"), ("X ", " y"), (" X", " y"), ("", " y"),
    ("X\x00", " y"), ("X", " a\x00b"), ("X", " a\rb"), ("X", " a\nb"), ("X", " a\r\n b"), ("X", " a\r\n\tb"),
    ("X", " a\x01"), ("X", " \x7f"), ("X\xe9", " y"), ("X(", " y"), ("X\ty", " y"), ("X-Long", " " + "a" * 8200),
    ("X-Long", " " + "a" * 9000), ("Y" * 8300, " y"), ("Host ", f" {EVIL}"), ("Host", f" {EVIL}"), ("host", f" {HOST}"),
    ("Content-Length:", " 5"),
)  # fmt: skip

MORSELS = (
    b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b" ", b"\t", b":", b",", b";", b"\x7f", b"\x80", b"\xff",
    b"\x0b", b"\r\n ", b"\r\n\t", b"\n ", b"HTTP/1.1", b"GET / HTTP/1.1\r\n", b"Host: evil.test\r\n", b"%00", b"\"",
    b"Connection: close\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"X: y\r\n", b"Expect: x\r\n",
)  # fmt: skip


class Generator:
    """Scripts from a seed. ``known``: what a client may have; ``assets``: addresses of files."""

    def __init__(self, seed: str, known: Sequence[Known], assets: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._known = known
        self._assets = assets
        self._unknown = 0

    def make_script(self) -> Script:
        """A few plain requests, then something of another sort, whole or in pieces."""
        choose = self._random
        steps = tuple(
            self.make_plain().encode() for _ in range(choose.choice((0, 1, 2, 3, 4, 6, 9)))
        )
        kind = choose.random()
        if kind < 0.15:
            rest: tuple[bytes, ...] = ()
        elif kind < 0.35:
            rest = tuple(self.make_plain().encode() for _ in range(choose.randint(2, 6)))
        elif kind < 0.6:
            rest = (self.make_odd().encode(),)
        elif kind < 0.9:
            rest = (self.mutate(self.make_any().encode()),)
        else:
            rest = tuple(self._make_piped() for _ in range(choose.randint(2, 5)))
        return Script(steps, rest, self._decide_cuts(sum(map(len, rest)) + len(SENTINEL)))

    def make_plain(self) -> Head:
        """A request of a visitor, or of one whose browser has strange habits."""
        choose = self._random
        fields = [("Host", f" {HOST}")]
        known = choose.choice(self._known)
        target = self._decide_target(known)
        if choose.random() < 0.6:
            fields.append(("Accept-Encoding", " " + choose.choice(ACCEPTED[:4])))
        if choose.random() < 0.35:
            fields += self._decide_conditions(known)
        if choose.random() < 0.2:
            fields.append(("Accept-Encoding", " " + choose.choice(ACCEPTED)))
        fields += choose.sample(EXTRA, choose.choice((0, 0, 1, 2, 5)))
        if choose.random() < 0.15:
            fields.append(("Connection", " " + choose.choice(CONNECTIONS[:2])))
        if choose.random() < 0.3:
            choose.shuffle(fields)
        fields = [self._restyle(name, value) for name, value in fields]
        method = "HEAD" if choose.random() < 0.2 else "GET"
        return Head(method, target, "HTTP/1.1", tuple(fields))

    def make_odd(self) -> Head:
        """A plain request but for one or two things that no browser does."""
        head = self.make_plain()
        for _ in range(self._random.choice((1, 1, 1, 2))):
            head = self._bend(head)
        return head

    def make_any(self) -> Head:
        """Either."""
        return self.make_plain() if self._random.random() < 0.7 else self.make_odd()

    def mutate(self, data: bytes) -> bytes:
        """Some bytes of it changed, lost, doubled, or put elsewhere."""
        choose, changed = self._random, bytearray(data)
        for _ in range(choose.choice((1, 1, 1, 2, 3, 8))):
            at = choose.randrange(len(changed) + 1)
            to = min(len(changed), at + choose.choice((1, 1, 2, 5, 20)))
            match choose.randrange(9):
                case 0:
                    changed[at:to] = b""
                case 1:
                    changed[at:at] = changed[at:to]
                case 2 | 3:
                    changed[at:at] = choose.choice(MORSELS)
                case 4:
                    changed[at:to] = choose.choice(MORSELS)
                case 5:
                    changed[at : at + 1] = bytes((choose.randrange(256),))
                case 6:
                    changed = bytearray(self._mutate_lines(bytes(changed)))
                case 7:
                    changed[:0] = choose.choice(
                        (b"\r\n", b"\n", b"\r", b" ", b"\r\n\r\n", b"\0", b"\xef\xbb\xbf")
                    )
                case _:
                    other = self.make_any().encode()
                    cut = choose.randrange(len(other))
                    changed[at:] = other[cut:]
        return bytes(changed)

    # ------------------------------------------------------------ parts

    def _decide_target(self, known: Known) -> str:
        kind = self._random.random()
        if kind < 0.55:
            return known.path
        if kind < 0.65:
            return f"/post-{self._random.randrange(10, 60)}/"
        if kind < 0.75:
            return self._random.choice(self._assets)
        if kind < 0.85:
            self._unknown += 1
            return f"/unknown-{self._unknown}{self._random.choice(('/', '', '/?x', '.php'))}"
        # Those that are answered without the line being closed.
        return self._random.choice(ODD_TARGETS[:25])

    def _decide_conditions(self, known: Known) -> list[tuple[str, str]]:
        choose = self._random
        tag = choose.choice(known.tags)
        tags = (
            tag, tag, f"W/{tag}", "*", f'"x", {tag}', f'{tag},"y"', f"{tag} ", tag.strip('"'), f" , {tag},,", "",
            '"', f'"x {tag}', f"*, {tag}", "**", f"w/{tag}", f"{tag}\xff", ", ".join(known.tags), f'"\\"{tag}',
            ",".join(f'"{n}"' for n in range(300)), tag.lower(), tag[:-1],
        )  # fmt: skip
        dates = (known.modified, known.modified, known.modified.lower(), known.modified + " ", "0", "",
                 "Tue, 01 Jan 2999 00:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", known.modified[5:])  # fmt: skip
        fields = []
        if choose.random() < 0.75:
            fields.append(("If-None-Match", " " + choose.choice(tags)))
        if choose.random() < 0.15:
            fields.append(("If-None-Match", " " + choose.choice(tags)))
        if choose.random() < 0.4:
            fields.append(("If-Modified-Since", " " + choose.choice(dates)))
        if choose.random() < 0.05:
            fields.append(("If-Modified-Since", " " + choose.choice(dates)))
        return fields

    def _restyle(self, name: str, value: str) -> tuple[str, str]:
        kind = self._random.random()
        if kind < 0.8:
            return name, value
        if kind < 0.9:
            name = self._random.choice((name.upper(), name.lower(), name.swapcase()))
        else:
            value = self._random.choice(("", "\t", "  ", " \t ")) + value.strip(" ")
            value += self._random.choice(("", " ", "\t", " \t"))
        return name, value

    def _bend(self, head: Head) -> Head:
        choose = self._random
        match choose.randrange(10):
            case 0:
                return replace(head, method=choose.choice(METHODS))
            case 1 | 2:
                return replace(head, target=choose.choice(ODD_TARGETS))
            case 3:
                return replace(head, version=choose.choice(VERSIONS))
            case 4 | 5:
                return self._bend_host(head)
            case 6:
                fields, body = choose.choice(BODIES)
                return replace(head, fields=(*head.fields, *fields), body=body)
            case 7:
                return replace(
                    head, fields=(*head.fields, ("Connection", " " + choose.choice(CONNECTIONS)))
                )
            case 8:
                at = choose.randint(0, len(head.fields))
                return replace(
                    head, fields=(*head.fields[:at], choose.choice(BREAKING), *head.fields[at:])
                )
            case _:
                return replace(head, fields=self._make_long(head.fields))

    def _bend_host(self, head: Head) -> Head:
        choose = self._random
        others = tuple(f for f in head.fields if f[0].lower() != "host")
        host = ("Host", " " + choose.choice(HOSTS))
        kind = choose.random()
        if kind < 0.7:
            return replace(head, fields=(host, *others))
        if kind < 0.8:
            return replace(head, fields=others)
        return replace(head, fields=(*head.fields, host))

    def _make_long(self, fields: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        choose = self._random
        match choose.randrange(4):
            case 0:
                more = [
                    (f"X{n}", " a")
                    for n in range(choose.choice((60, 90, 97, 99, 100, 101, 102, 150)))
                ]
            case 1:
                more = [
                    (
                        "X",
                        " "
                        + "a" * choose.choice((8000, 8180, 8186, 8188, 8190, 8192, 8200, 20000)),
                    )
                ]
            case 2:
                more = [(f"X{n}", " " + "a" * 7000) for n in range(choose.choice((3, 4, 5, 6)))]
            case _:
                more = [("X" * choose.choice((1000, 8000, 8189, 8191, 9000)), " a")]
        return (*fields, *more)

    def _mutate_lines(self, data: bytes) -> bytes:
        choose = self._random
        lines = data.split(b"\r\n")
        at = choose.randrange(len(lines))
        match choose.randrange(7):
            case 0:
                lines.insert(at, choose.choice(lines))
            case 1:
                del lines[at]
            case 2:
                choose.shuffle(lines)
            case 3:
                return data.replace(b"\r\n", b"\n")
            case 4:
                return data.replace(b"\r\n", b"\n", choose.randint(1, 3))
            case 5:
                return data.replace(b"\r\n", b"\r")
            case _:
                lines[at] = choose.choice((b" ", b"\t", b"")) + lines[at]
        return b"\r\n".join(lines)

    def _make_piped(self) -> bytes:
        kind = self._random.random()
        if kind < 0.7:
            return self.make_plain().encode()
        return self.make_odd().encode() if kind < 0.9 else self.mutate(self.make_any().encode())

    def _decide_cuts(self, length: int) -> tuple[int, ...]:
        """Mostly none; a few; or, of what is short, every byte for itself."""
        kind = self._random.random()
        if kind < 0.6:
            return ()
        if kind < 0.97 or length > 700:
            return tuple(
                self._random.randrange(1, length) for _ in range(self._random.randint(1, 5))
            )
        return tuple(range(1, length))
