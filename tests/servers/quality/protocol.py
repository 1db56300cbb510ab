"""An address comes in, violations of HTTP in how it is served go out.

Real exchanges are made (plain and compressed GET, conditional GET, HEAD), each response is judged
by httplint (notes of level BAD), and the responses are held against each other where HTTP says
that they have to agree. It never judges what the content says.
"""

from collections.abc import Iterable, Iterator

from httplint.note import Note, levels

from tests.servers.quality.exchange import Exchange, fetch_exchange
from tests.servers.quality.problem import Findings, Problem

_CODINGS = ("gzip", "br")
# Below one network packet there is little to win; above it, text goes compressed.
_COMPRESS_FROM_BYTES = 1400
_COMPRESSIBLE = ("text/", "+xml", "/xml", "/json", "+json", "javascript")
# RFC 9110 section 15.4.5; Date is left to httplint.
_KEPT_IN_304 = ("etag", "vary", "content-location")
_SENT_IN_304 = ("cache-control", "expires")
_SAME_IN_HEAD = ("content-type", "etag", "last-modified", "vary", "content-encoding", "location")


async def check_http(url: str, *, host: str = "") -> list[Problem]:
    """Violations of HTTP in the answers of one address; about nine requests.

    ``host`` is the Host field where it differs from the address. The content must be the same
    for each request. Raises ValueError for an address that is not ``http://``.
    """
    return await _Judge(url, host).judge()


class _Judge:
    """Makes the exchanges of one address and collects what is wrong with them."""

    def __init__(self, url: str, host: str) -> None:
        self.url = url
        self.host = host
        self.findings = Findings(url)

    async def judge(self) -> list[Problem]:
        plain = await self._exchange("GET", "GET", ("Accept-Encoding", "identity"))
        if not plain.status:
            return self.findings.problems
        encoded = {coding: await self._judge_coding(plain, coding) for coding in _CODINGS}
        self._compare_etags({"identity": plain, **encoded})
        if plain.status == 200:
            await self._judge_conditional(plain, "identity")
            await self._judge_changed(plain)
        await self._judge_head(plain)
        return self.findings.problems

    async def _exchange(self, label: str, method: str, *fields: tuple[str, str]) -> Exchange:
        exchange = await fetch_exchange(self.url, method=method, fields=fields, host=self.host)
        for fault in exchange.faults:
            self.findings.report(f"{label}: {fault}")
        for note in _bad_notes(exchange.response.notes):
            line = exchange.line_of(note.subject)
            self.findings.report(f"{label}: {note.summary} ({type(note).__name__})", line)
        return exchange

    async def _judge_coding(self, plain: Exchange, coding: str) -> Exchange:
        label = f"GET {coding}"
        answer = await self._exchange(label, "GET", ("Accept-Encoding", coding))
        used = answer.field_value("content-encoding")
        if answer.status != plain.status:
            self.findings.report(f"{label}: status {answer.status}, uncompressed {plain.status}")
        if used is None:
            if coding == "gzip" and _worth_compressing(plain):
                size = len(plain.content)
                self.findings.report(f"{label}: {size} bytes of text were not compressed")
            return answer
        if answer.response.decoded.hash != plain.response.decoded.hash:
            self.findings.report(f"{label}: decodes to other content than the uncompressed answer")
        for each, exchange in ((label, answer), ("GET", plain)):
            varies = (exchange.field_value("vary") or "").lower().replace(" ", "").split(",")
            if not {"accept-encoding", "*"} & set(varies):
                self.findings.report(f"{each}: Vary lacks Accept-Encoding though {used} is offered")
        if answer.status == 200:
            await self._judge_conditional(answer, coding)
        return answer

    def _compare_etags(self, answers: dict[str, Exchange]) -> None:
        """A strong ETag belongs to one encoding's bytes only (RFC 9110 section 8.8.3.3)."""
        owner: dict[str, tuple[str, bytes]] = {}
        for coding, answer in answers.items():
            etag = answer.field_value("etag")
            if etag is None or etag.startswith("W/"):
                continue
            other, content = owner.setdefault(etag, (coding, answer.content))
            if content != answer.content:
                self.findings.report(f"strong ETag {etag} is shared by {other} and {coding}")

    async def _judge_conditional(self, full: Exchange, coding: str) -> None:
        """What we hold is current, so the answer is an empty 304 (RFC 9110 section 15.4.5)."""
        etag, modified = full.field_value("etag"), full.field_value("last-modified")
        if etag is None and modified is None:
            self.findings.report(f"GET {coding}: neither ETag nor Last-Modified")
        for name, value in (("If-None-Match", etag), ("If-Modified-Since", modified)):
            if value is None:
                continue
            label = f"GET {coding} {name}"
            accepted = ("Accept-Encoding", coding)
            answer = await self._exchange(label, "GET", accepted, (name, value))
            if answer.status != 304:
                self.findings.report(
                    f"{label}: {value} is current but the status is {answer.status}"
                )
                continue
            for kept in _KEPT_IN_304:
                if (was := full.field_value(kept)) != (now := answer.field_value(kept)):
                    self.findings.report(
                        f"{label}: {kept} is {now!r} in the 304, {was!r} in the 200"
                    )
            for sent in _SENT_IN_304:
                if full.field_value(sent) and not answer.field_value(sent):
                    self.findings.report(f"{label}: the 304 lacks {sent}, the 200 has it")

    async def _judge_changed(self, plain: Exchange) -> None:
        label = "GET If-None-Match with an old ETag"
        answer = await self._exchange(
            label, "GET", ("Accept-Encoding", "identity"), ("If-None-Match", '"no-such-etag"')
        )
        if (answer.status, answer.content) != (plain.status, plain.content):
            self.findings.report(f"{label}: status {answer.status} instead of the page")

    async def _judge_head(self, plain: Exchange) -> None:
        """HEAD is GET without its content (RFC 9110 section 9.3.2)."""
        head = await self._exchange("HEAD", "HEAD", ("Accept-Encoding", "identity"))
        if head.status != plain.status:
            self.findings.report(f"HEAD: status {head.status}, GET has {plain.status}")
        for name in _SAME_IN_HEAD:
            if (mine := head.field_value(name)) != (gets := plain.field_value(name)):
                self.findings.report(f"HEAD: {name} is {mine!r}, GET has {gets!r}")
        length = head.field_value("content-length")
        if length is not None and length != str(len(plain.content)):
            self.findings.report(f"HEAD: Content-Length {length}, GET sends {len(plain.content)}")


def _bad_notes(notes: Iterable[Note]) -> Iterator[Note]:
    for note in notes:
        if note.level is levels.BAD:
            yield note
        yield from _bad_notes(note.subnotes)


def _worth_compressing(answer: Exchange) -> bool:
    media_type = (answer.field_value("content-type") or "").lower()
    is_text = any(part in media_type for part in _COMPRESSIBLE)
    return is_text and len(answer.content) >= _COMPRESS_FROM_BYTES
