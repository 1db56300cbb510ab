"""Whether a peer shows the page that is measured: its answer goes in, a word on it comes out.

Pure but for `ask`, which fetches one page.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from bench.peers import Stage
from bench.peers.starting import fetch

SIZE_TOLERANCE = 0.1
_TITLE = re.compile(rb'class="card-title"><a href="[^"]*">([^<]+)<')


class WrongAnswerError(RuntimeError):
    """A peer does not show what the others show."""


@dataclass(frozen=True)
class Answer:
    """One answer: the body as it came, what it was packed with, and the length of all of it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def coding(self) -> str:
        """gzip, or identity."""
        return self.headers.get("content-encoding", "identity")

    @property
    def size(self) -> int:
        """Bytes on the wire, head included, if fields come in the shortest form."""
        fields = sum(len(name) + len(value) + 4 for name, value in self.headers.items())
        return len("HTTP/1.1 200 OK\r\n") + fields + 2 + len(self.body)

    def decode(self) -> bytes:
        """The page. Raises WrongAnswerError for a coding that was not asked for."""
        if self.coding == "identity":
            return self.body
        if self.coding != "gzip":
            raise WrongAnswerError(f"its answer is packed with {self.coding}")
        return zlib.decompress(self.body, wbits=31)


def ask(port: int, path: str, host: str, **fields: str) -> Answer:
    """One answer of a peer."""
    return Answer(*fetch(port, path, host, **fields))


def judge_answer(answer: Answer, page: bytes, differs: str = "") -> str:
    """What a peer's answer is, in few words. Raises WrongAnswerError where it is not the page.

    ``differs`` is the reason of a peer that has another page: then it only has to be one.
    """
    if answer.status != 200:
        raise WrongAnswerError(f"it answers {answer.status}")
    body = answer.decode()
    if body == page:
        return "the same bytes"
    if differs:
        return f"another page: {differs}"
    if abs(len(body) - len(page)) > SIZE_TOLERANCE * len(page):
        raise WrongAnswerError(f"its page has {len(body):,} bytes instead of {len(page):,}")
    wanted = _TITLE.findall(page)
    lacking = [title for title in wanted if title not in body]
    if lacking or not wanted:
        raise WrongAnswerError(f"{len(lacking)} of {len(wanted)} posts are not on its page")
    return f"the same posts, {len(body) / len(page):.2f} times the size"


def find_validator(port: int, path: str, stage: Stage) -> dict[str, str]:
    """Fields that a peer answers with 304. Raises WrongAnswerError where it never does."""
    first = ask(port, path, stage.host)
    fields = {}
    if tag := first.headers.get("etag"):
        fields["If-None-Match"] = tag
    elif moment := first.headers.get("last-modified"):
        fields["If-Modified-Since"] = moment
    if fields:
        again = fetch(port, path, stage.host, **{n.replace("-", "_"): v for n, v in fields.items()})
        if again[0] == 304:
            return fields
    raise WrongAnswerError("it never answers 304")
