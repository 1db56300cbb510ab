"""A feed's bytes come in, what its format's specification forbids or misses goes out.

feedparser reads it first, as an outside opinion; then the rules of the format itself apply
(``feed_rss``, ``feed_atom``).
"""

import io
from email.message import Message
from typing import Literal

import feedparser

from tests.servers.quality.documents import parse_xml
from tests.servers.quality.feed_atom import ATOM, judge_atom
from tests.servers.quality.feed_rss import judge_rss
from tests.servers.quality.problem import Findings, Problem

_EXPECTED = {
    "rss": ("rss20", "application/rss+xml"),
    "atom": ("atom10", "application/atom+xml"),
}


def check_feed(
    url: str, body: bytes, kind: Literal["rss", "atom"], *, content_type: str | None = None
) -> list[Problem]:
    """Violations of RSS 2.0 or of RFC 4287 in a feed.

    ``url`` is the feed's public address: its link with rel=self must name exactly it.
    ``content_type`` is the Content-Type field it was served with; None leaves that unjudged.
    """
    findings = Findings(url)
    root = parse_xml(body, findings, "rss" if kind == "rss" else f"{{{ATOM}}}feed")
    if root is None:
        return findings.problems
    if content_type is not None:
        _judge_content_type(kind, content_type, root.getroottree().docinfo.encoding, findings)
    _judge_with_feedparser(kind, body, content_type, findings)
    if kind == "rss":
        judge_rss(root, findings)
    else:
        judge_atom(root, findings)
    return findings.problems


def _judge_content_type(kind: str, content_type: str, encoding: str, findings: Findings) -> None:
    served = Message()
    served["Content-Type"] = content_type
    expected = _EXPECTED[kind][1]
    if served.get_content_type() != expected:
        findings.report(f"served as {content_type}, not {expected}")
    # RFC 7303 section 3: the field wins over the declaration, so they have to agree.
    charset = served.get_content_charset()
    if charset is not None and charset != encoding.lower():
        findings.report(f"served as {charset} but written as {encoding}")


def _judge_with_feedparser(
    kind: str, body: bytes, content_type: str | None, findings: Findings
) -> None:
    expected, usual_type = _EXPECTED[kind]
    headers = {"content-location": findings.url, "content-type": content_type or usual_type}
    read = feedparser.parse(io.BytesIO(body), response_headers=headers)
    if read.bozo:
        error = read.bozo_exception
        line = error.getLineNumber() if hasattr(error, "getLineNumber") else None
        findings.report(f"feedparser: {type(error).__name__}: {error}", line)
    if read.version != expected:
        findings.report(f"feedparser sees {read.version or 'no feed'}, not {expected}")
