"""Links to the host that editors work on become links to the host that the public sees. Pure.

In: sanitised HTML or a URL out of a document. Out: the same, on the public site. An installation
in a sub-folder loses the folder: its home is the root of the public site.
"""

import re
import string
from collections.abc import Iterator
from typing import Literal
from urllib.parse import quote, urlsplit

from sos.content.sanitize_values import sound_value

Kind = Literal["plain", "json", "query", "bare"]
"""How a host is written: in a link of HTML, in JSON, in the query of another link, by itself."""

_SEPARATORS: dict[Kind, str] = {"plain": "//", "json": "\\/\\/", "query": "%2f%2f"}
_COLONS: dict[Kind, str] = {"plain": ":", "json": ":", "query": "%3a"}
_WORD = re.compile(r"[\w.@-]")
_NAME_WITH_DOT = re.compile(r"(?=.*\.)[\w.-]*[a-z][\w-]*(?::\d+)?\Z")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Rewriter:
    """Rewrites links of one WordPress site, known by its ``home`` and ``url``, to ``public``."""

    def __init__(self, public: str, *bases: str) -> None:
        self.public = public
        self._key = (public, bases)
        sites = [s for b in bases if (s := _split(b)) and s[0]]
        self._base = sites[0][1] if sites else ""
        own = urlsplit(public).netloc
        self._replacements: dict[Kind, str] = {
            "plain": public,
            "json": public.replace("/", "\\/"),
            "query": quote(public, safe=""),
            "bare": own,
        }
        # Both spellings of a host count, as WordPress's own redirects treat them as one.
        self._roots = {host.removeprefix("www.") for host, _ in sites}
        # The public host is among the hosts for the sake of http: and of the sub-folder.
        hosts = set(self._roots)
        if hosts and own.lower().removeprefix("www.") not in hosts:
            hosts.add(own.lower())
        self._names = tuple(hosts)
        self._hosts = tuple((h, re.compile(re.escape(h))) for h in sorted(hosts))
        # A bare name is only taken for the host where nothing else has it: not "wordpress", not
        # 127.0.0.1.
        self._bare = {h for h in self._roots if _NAME_WITH_DOT.match(h)}
        self._tails = {kind: _tail(kind, self._base) for kind in self._replacements}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rewriter) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def html(self, text: str) -> str:
        """``text`` with every mention of the admin host replaced by the public one."""
        low = text.lower()
        if len(low) != len(text):  # a letter that is two in lower case: places would not agree
            low = text.translate(_LOWER)
        if not any(name in low for name in self._names):  # the usual case, and a fast search
            return text
        found = sorted(self._find(low))
        out, last = [], 0
        for start, end, kind in found:
            if start >= last:
                out += [text[last:start], self._replacements[kind]]
                last = end
        return "".join((*out, text[last:]))

    def absolute(self, url: str) -> str:
        """An absolute URL on the public site, or of another one as it was."""
        if url.startswith("/") and not url.startswith("//"):
            return self.public + url
        return self.html(url)

    def path(self, url: str) -> str:
        """``url`` as a path where it is on this site, else as it was; ``""`` for unsafe schemes."""
        url = sound_value("a", "href", url) or ""
        if url.startswith("/") and not url.startswith("//"):
            rest = url.removeprefix(self._base)
            return url if rest and rest[0] not in "/?#" else "/" + rest.removeprefix("/")
        if _split(url) is None:
            return ""
        url = self.html(url)
        if url.startswith(self.public):
            rest = url[len(self.public) :]
            if not rest or rest[0] in "/?#":
                return rest if rest.startswith("/") else f"/{rest}"
        return url

    def _find(self, low: str) -> Iterator[tuple[int, int, Kind]]:
        """Where hosts stand in a text of lower-case letters, with scheme, port and folder."""
        for host, pattern in self._hosts:
            for match in pattern.finditer(low):
                start = match.start()
                if host in self._roots and low.startswith("www.", start - 4) and start >= 4:
                    start -= 4
                kind = _kind_at(low, start)
                tail = self._tails[kind].match(low, match.end())
                if tail is None:
                    continue
                if kind == "bare":
                    if host in self._bare and not (start and _WORD.match(low[start - 1])):
                        yield start, tail.end(), kind
                else:
                    yield _scheme_start(low, start, kind), tail.end(), kind


def _kind_at(low: str, start: int) -> Kind:
    for kind, separator in _SEPARATORS.items():
        if low.endswith(separator, max(0, start - len(separator)), start):
            return kind
    return "bare"


def _scheme_start(low: str, start: int, kind: Kind) -> int:
    """Where the link to the host at ``start`` begins: at its scheme, or at its slashes."""
    start -= len(_SEPARATORS[kind])
    for scheme in (f"https{_COLONS[kind]}", f"http{_COLONS[kind]}"):
        if low.endswith(scheme, max(0, start - len(scheme)), start):
            return start - len(scheme)
    return start


def _split(url: str) -> tuple[str, str] | None:
    """Host, in lower case with its port, and path of a URL; None for what is none."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    default = ":443" if parts.scheme == "https" else ":80"
    return parts.netloc.lower().removesuffix(default), parts.path.rstrip("/")


def _tail(kind: Kind, base: str) -> re.Pattern[str]:
    """What may follow a host, and what not: `wp.example.org.evil.test` and `:8443` are others."""
    end = r"(?![\w-]|\.\w)"
    if kind == "bare":
        return re.compile(rf"{end}(?!:\d)")
    slash = {"plain": "/", "json": "\\/", "query": "%2f"}[kind]
    more = "" if kind == "query" else "(?!%)"
    folder = re.escape(base.lower().replace("/", slash)) + more + end
    return re.compile(rf"(?:{_COLONS[kind]}(?:80|443))?{end}(?!:\d|%3a\d)(?:{folder})?")
