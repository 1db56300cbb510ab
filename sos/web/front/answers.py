"""Answers that can be written at once: the bytes of a request in, the bytes of its response out.

A response is kept ready until its second ends, or anything changes that could make it another one:
then all of them are built anew, from the same page service and by the same `Responder` as for
aiohttp. What it counted until then goes to the metrics.
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
    Head,
)
from sos.web.front.wire import Wire
from sos.web.handlers import Handlers
from sos.web.pages import Pages
from sos.web.responses import Responder

MAX_BYTES: Final = 16 * 1024 * 1024
"""Most bytes that are kept ready, where nobody says anything."""

_TARGET_OVERHEAD: Final = 200
_FASTEST: Final = FAST[0]
_MOST_CODINGS: Final = 1024


class Ready:
    """One answer, with its bytes in each coding that was asked for."""

    __slots__ = ("answer", "entry", "fast_seconds", "known", "slow", "wires")

    def __init__(self, answer: Answer, entry: CachedPage) -> None:
        self.answer = answer
        self.entry = entry
        self.wires: dict[Coding, Wire] = {}
        self.slow = 0
        self.fast_seconds = 0.0
        # The page service has counted the first one when it gave the answer.
        self.known = 1


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
        self._max_bytes = max_bytes
        self._handlers = handlers
        self._pages = pages
        self._responder = responder
        self._metrics = metrics
        self._access_log = access_log
        self._unlogged = access_log.every
        self._hosts = frozenset(h.encode() for h in hosts)
        self._clock = clock
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
        head = self.head
        fields = head.fields
        if not head.is_plain(data) or fields.get(HOST) not in self._hosts:
            return None
        ready = self._ready.get(head.url)
        if ready is None:
            answer = self._ask(head.url)
            if answer is REFUSED:
                return self._refuse(started)
            if answer is None or answer.entry is None:
                return None
            ready = self._prepare(head.url, answer, answer.entry)
        accept = fields.get(ACCEPT_ENCODING)
        coding = self._codings.get(accept) or self._learn_coding(accept)
        wire = ready.wires.get(coding) or self._build(ready, coding)
        if len(fields) - (accept is not None) == 1:  # the Host alone: it holds nothing
            wire.sent += 1
            sent = wire.bare if head.is_head else wire.full
        else:
            match, since = fields.get(IF_NONE_MATCH), fields.get(IF_MODIFIED_SINCE)
            sent = wire.choose(match, since, is_head=head.is_head)
        seconds = perf_counter() - started
        if seconds < _FASTEST:
            ready.fast_seconds += seconds
        else:
            ready.slow += 1
            self._metrics.request_seconds.observe(seconds, ready.answer.cache)
        self._unlogged -= 1
        if self._unlogged <= 0:
            self._log(ready.answer, sent, seconds)
        return sent

    def refusal(self, status: int) -> bytes:
        """A short fixed response that ends the connection."""
        return Wire(self._responder.refusal(status), self._date).full

    def stop(self) -> None:
        """Leave all requests to aiohttp from now on: it tells clients that the end is near."""
        self._hosts = frozenset()

    def count(self) -> None:
        """Tell the metrics and the page service what was answered since the last time."""
        for ready in self._by_page.values():
            self._count_one(ready)

    def _count_one(self, ready: Ready) -> None:
        answer, total = ready.answer, 0
        for wire in ready.wires.values():
            for status, times in ((wire.reply.status, wire.sent), (304, wire.spared)):
                if times:
                    total += times
                    self._metrics.requests.inc(answer.kind, str(status), answer.cache, by=times)
            wire.sent = wire.spared = 0
        if total:
            self._pages.count(answer, total - ready.known)
            self._metrics.request_seconds.add_fastest(
                total - ready.slow, ready.fast_seconds, answer.cache
            )
            ready.known, ready.slow, ready.fast_seconds = 0, 0, 0.0

    def _begin_anew(self) -> None:
        self.count()
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
        if self._size > self._max_bytes:
            self._begin_anew()
        page = (id(entry), answer.kind, answer.cache, answer.stale)
        ready = self._by_page.get(page)
        if ready is None:
            ready = self._by_page[page] = Ready(answer, entry)
        else:
            ready.known += 1
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
            self._log(REFUSED, sent, seconds)
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

    def _log(self, answer: Answer, sent: bytes, seconds: float) -> None:
        self._unlogged = self._access_log.every
        self._access_log.write(
            self.head.url.decode("ascii"),
            "HEAD" if self.head.is_head else "GET",
            int(sent[9:12]),
            answer.kind,
            answer.cache,
            seconds,
        )
