"""Answers that can be written at once: the bytes of a request in, the bytes of its response out.

A response is kept ready until its second ends, or anything changes that could make it another one:
then all of them are built anew, from the same page service and by the same `Responder` as for
aiohttp. So is what the gist of a request leads to, which is all that most requests need. What was
counted until then goes to the metrics.
"""

import time
from collections.abc import Callable
from email.utils import formatdate
from time import perf_counter
from typing import Final

from sos.cache.encodings import Coding, decide_coding
from sos.cache.pages import CachedPage
from sos.metrics import FAST, Metrics
from sos.web.access_log import AccessLog
from sos.web.answers import REFUSED, Answer
from sos.web.front.head import (
    ACCEPT_ENCODING,
    HOST,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    MAX_PLAIN,
    Gist,
    Head,
)
from sos.web.front.wire import Wire
from sos.web.handlers import Handlers
from sos.web.pages import Pages
from sos.web.responses import Responder

MAX_BYTES: Final = 16 * 1024 * 1024
"""Most bytes that are kept ready, where nobody says anything."""

_TARGET_OVERHEAD: Final = 200
_KNOWN_OVERHEAD: Final = 400
_FASTEST: Final = FAST[0]
_MOST_CODINGS: Final = 1024


class Tally:
    """How often one answer was given with one status since the last count, and how long it took.

    ``seconds`` are those of all but the ``slow`` ones, whose time the metrics have.
    """

    __slots__ = ("answer", "seconds", "slow", "status", "times")

    def __init__(self, answer: Answer, status: int) -> None:
        self.answer = answer
        self.status = status
        self.times = self.slow = 0
        self.seconds = 0.0


class Ready:
    """One answer, with its bytes in each coding that was asked for."""

    __slots__ = ("answer", "asked", "entry", "tallies", "wires")

    def __init__(self, answer: Answer, entry: CachedPage) -> None:
        self.answer = answer
        self.entry = entry
        self.wires: dict[Coding, Wire] = {}
        self.tallies: dict[int, Tally] = {}
        # How often the page service gave the answer, and counted that itself.
        self.asked = 0


class Known:
    """What requests with one gist get: ``sent``, as far as they begin with ``line``."""

    __slots__ = ("line", "sent", "tally")

    def __init__(self, line: bytes, sent: bytes, tally: Tally) -> None:
        self.line = line
        self.sent = sent
        self.tally = tally


class Answers:
    """The answers of one worker that are at hand.

    ``head`` says what the last request was that `find` did not answer. Call `count` before metrics
    are read.
    """

    def __init__(
        self,
        handlers: Handlers,
        pages: Pages,
        responder: Responder,
        metrics: Metrics,
        access_log: AccessLog,
        hosts: frozenset[str],
        clock: Callable[[], float] = time.time,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.head = Head()
        self._read = self.head.read
        self._max_bytes = max_bytes
        self._handlers = handlers
        self._pages = pages
        self._responder = responder
        self._metrics = metrics
        self._access_log = access_log
        self._unlogged = access_log.every
        self._hosts = frozenset(h.encode() for h in hosts)
        self._clock = clock
        self._known: dict[Gist, Known] = {}
        # By target, and by what it leads to: a query that means nothing leads to the same page.
        self._ready: dict[bytes, Ready] = {}
        self._by_page: dict[tuple[int, str, str, bool], Ready] = {}
        self._refusal: Wire | None = None
        self._size = 0
        self._codings: dict[bytes | None, Coding] = {None: "identity"}
        self._cache = pages.cache
        self._follower = pages.follower
        self._version = self._rev = -1
        self._ends = 0.0
        self._date = ""

    def find(self, data: bytes) -> bytes | None:
        """The response to ``data``; None where it is not one plain request for what is at hand."""
        started = perf_counter()
        if (
            started >= self._ends
            or self._cache.version != self._version
            or self._follower.rev != self._rev
        ):
            self._begin_anew()
        gist = self._read(data)
        known = self._known.get(gist)
        if (
            known is None
            or not data.startswith(known.line)
            or data[-4:] != b"\r\n\r\n"  # else it may be the beginning of another one
            or len(data) > MAX_PLAIN
        ):
            if not self.head.judge(data, gist) or self.head.fields.get(HOST) not in self._hosts:
                return None
            found = self._find_out(gist, len(data))
            if found is REFUSED:
                return self._refuse(started)
            if not isinstance(found, Known):
                return None
            known = found
        tally = known.tally
        tally.times += 1
        seconds = perf_counter() - started
        if seconds < _FASTEST:
            tally.seconds += seconds
        else:
            tally.slow += 1
            self._metrics.request_seconds.observe(seconds, tally.answer.cache)
        self._unlogged -= 1
        if self._unlogged <= 0:
            self._log(known.line, tally.answer, tally.status, seconds)
        return known.sent

    def _find_out(self, gist: Gist, size: int) -> Known | Answer | None:
        """What the request of ``size`` bytes gets that ``head`` has judged."""
        head = self.head
        if head.is_head:
            gist = (b"HEAD", *gist)
            if known := self._known.get(gist):
                return known
        if self._size > self._max_bytes:
            self._begin_anew()
        ready = self._ready.get(head.url)
        if ready is None:
            answer = self._ask(head.url)
            if answer is None or answer.entry is None:
                return answer
            ready = self._prepare(head.url, answer, answer.entry)
        accept = head.fields.get(ACCEPT_ENCODING)
        coding = self._codings.get(accept) or self._learn_coding(accept)
        wire = ready.wires.get(coding) or self._build(ready, coding)
        match, since = head.fields.get(IF_NONE_MATCH), head.fields.get(IF_MODIFIED_SINCE)
        sent = wire.choose(match, since, is_head=head.is_head)
        status = int(sent[9:12])
        tally = ready.tallies.get(status)
        if tally is None:
            tally = ready.tallies[status] = Tally(ready.answer, status)
        known = self._known[gist] = Known(head.line, sent, tally)
        self._size += size + _KNOWN_OVERHEAD
        return known

    def refusal(self, status: int) -> bytes:
        """A short fixed response that ends the connection."""
        return Wire(self._responder.refusal(status), self._date).full

    def stop(self) -> None:
        """Leave all requests to aiohttp from now on: it tells clients that the end is near."""
        self._hosts = frozenset()
        self._begin_anew()

    def count(self) -> None:
        """Tell the metrics and the page service what was answered since the last time."""
        for ready in self._by_page.values():
            self._count_one(ready)

    def _count_one(self, ready: Ready) -> None:
        answer, total = ready.answer, 0
        for tally in ready.tallies.values():
            if tally.times:
                total += tally.times
                fast = tally.times - tally.slow
                self._metrics.requests.inc(
                    answer.kind, str(tally.status), answer.cache, by=tally.times
                )
                self._metrics.request_seconds.add_fastest(fast, tally.seconds, answer.cache)
                tally.times = tally.slow = 0
                tally.seconds = 0.0
        if total:
            self._pages.count(answer, total - ready.asked)
            ready.asked = 0

    def _begin_anew(self) -> None:
        self.count()
        self._known.clear()
        self._ready.clear()
        self._by_page.clear()
        self._refusal = None
        self._size = 0
        self._version, self._rev = self._cache.version, self._follower.rev
        now = self._clock()
        self._ends = perf_counter() + 1.0 - now % 1.0
        self._date = formatdate(int(now), usegmt=True)

    def _ask(self, url: bytes) -> Answer | None:
        return self._handlers.answer_now(url.decode("ascii")) if url.isascii() else None

    def _prepare(self, url: bytes, answer: Answer, entry: CachedPage) -> Ready:
        page = (id(entry), answer.kind, answer.cache, answer.stale)
        ready = self._by_page.get(page)
        if ready is None:
            ready = self._by_page[page] = Ready(answer, entry)
        ready.asked += 1
        self._ready[url] = ready
        self._size += len(url) + _TARGET_OVERHEAD
        return ready

    def _refuse(self, started: float) -> bytes:
        """What most requests get under overload: it costs next to nothing, and is never kept."""
        wire = self._refusal
        if wire is None:
            wire = self._refusal = Wire(self._responder.build_plain(503), self._date)
        sent = wire.bare if self.head.is_head else wire.full
        seconds = perf_counter() - started
        self._metrics.requests.inc(REFUSED.kind, "503", REFUSED.cache)
        self._metrics.request_seconds.observe(seconds, REFUSED.cache)
        self._unlogged -= 1
        if self._unlogged <= 0:
            self._log(self.head.line, REFUSED, REFUSED.status, seconds)
        return sent

    def _build(self, ready: Ready, coding: Coding) -> Wire:
        revision, stale_for = self._handlers.describe(ready.answer)
        reply = self._responder.build_reply(
            ready.answer, ready.entry, coding, revision=revision, stale_for=stale_for
        )
        wire = ready.wires[coding] = Wire(reply, self._date)
        self._size += len(wire.full) + len(wire.bare)
        return wire

    def _learn_coding(self, accept: bytes | None) -> Coding:
        coding = decide_coding(accept.decode("utf-8", "surrogateescape") if accept else None)
        if len(self._codings) < _MOST_CODINGS:
            self._codings[accept] = coding
        return coding

    def _log(self, line: bytes, answer: Answer, status: int, seconds: float) -> None:
        self._unlogged = self._access_log.every
        method, target, _ = line.decode("ascii").split(" ")
        self._access_log.write(target, method, status, answer.kind, answer.cache, seconds)
