"""Two services side by side: the same script to both, and what differs in their answers.

In: a `Script`. Out: a `Difference`, made as small as it gets, or None. What may differ is
`ALLOWED`, each with its reason; all else is a fault of one of the two.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sos.web.front.connection import MAX_HEAD

from tests.front.requests import SENTINEL, Script
from tests.front.wire import Line, MalformedAnswerError, Reply, check_dates, parse_replies

OPEN_SECONDS = 3.0
"""How long the end of a line is waited for: an unread body is read for a second before it."""

SHRINK_SECONDS = 10.0
"""How long it is tried to find what can be left out of a script."""


@dataclass(frozen=True)
class Outcome:
    """What came of a script. ``fault``: why what came is no HTTP."""

    replies: tuple[Reply, ...]
    ended: bool
    fault: str = ""

    @property
    def essence(self) -> tuple[object, ...]:
        """What must be the same."""
        return tuple(r.essence for r in self.replies), self.ended, self.fault


@dataclass
class Difference:
    """A script that two services answer differently."""

    script: Script
    ours: Outcome
    theirs: Outcome

    def __str__(self) -> str:
        lines = [f"{self.script!r}"]
        for name, outcome, other in (
            ("with the front", self.ours, self.theirs),
            ("without it", self.theirs, self.ours),
        ):
            lines.append(f"{name}: {outcome.fault or ('the end' if outcome.ended else 'open')}")
            lines += _describe(outcome, other)
        return "\n".join(lines)


def _describe(outcome: Outcome, other: Outcome) -> Iterator[str]:
    """The answers, and of their fields those that the other side's do not have."""
    for n, reply in enumerate(outcome.replies):
        theirs = other.replies[n].fields if n < len(other.replies) else ()
        fields = [f for f in reply.fields if f not in theirs]
        yield f"  {reply.line!r} {fields} + {len(reply.body)} bytes {reply.body[:40]!r}"


async def answers_in_pieces(port: int, script: Script, ours: Outcome) -> bool:
    """Whether that is what aiohttp answers to the same bytes in pieces that end where heads do.

    aiohttp forgets the good requests that came in one piece with something malformed: its parser
    gives the error, not what it read before that. All of them are answered with one 400 then, and
    the line ends: nothing wrong was said, a client sends them again. The front reads head by head.
    """
    sent = b"".join(script.rest) + SENTINEL
    ends = [m.end() for m in re.finditer(rb"\r\n\r\n", sent)]
    for count in range(1, len(ends) + 1):
        theirs = await run(port, replace(script, cuts=tuple(ends[:count])))
        if theirs.essence == ours.essence:
            return True
    return False


async def ends_an_endless_head(port: int, script: Script, ours: Outcome) -> bool:
    """Whether the front has ended a head of which 32 kB had come without an end of it.

    aiohttp has no bound for a head as a whole: it reads on, and finds other faults in it, or sos
    counts names and values alone, which are fewer bytes.
    """
    sent = b"".join(script.rest) + SENTINEL
    if not ours.ended or not ours.replies or ours.replies[-1].status != 431:
        return False
    if max(map(len, sent.split(b"\r\n\r\n"))) <= MAX_HEAD - 4:
        return False
    ends = tuple(m.end() for m in re.finditer(rb"\r\n\r\n", sent))
    before = [r.essence for r in ours.replies[:-1]]
    for cuts in ((), ends):
        theirs = await run(port, replace(script, cuts=cuts))
        if before == [r.essence for r in theirs.replies[: len(before)]]:
            return True
    return False


ALLOWED = (answers_in_pieces, ends_an_endless_head)


@dataclass
class Pair:
    """The services: ports of one with the front, and of one without."""

    ours: int
    theirs: int
    requests: int = 0
    replies: Counter[int] = field(default_factory=Counter)
    allowed: Counter[str] = field(default_factory=Counter)
    other_order: int = 0

    async def compare(self, script: Script) -> Difference | None:
        """Send it to both."""
        ours, theirs = await asyncio.gather(run(self.ours, script), run(self.theirs, script))
        self.requests += script.count
        self.replies.update(r.status for r in theirs.replies)
        if ours.essence == theirs.essence:
            self.other_order += any(
                _names(a) != _names(b) for a, b in zip(ours.replies, theirs.replies, strict=True)
            )
            return None
        for rule in ALLOWED:
            if not ours.fault and await rule(self.theirs, script, ours):
                self.allowed[rule.__name__] += 1
                return None
        return Difference(script, ours, theirs)

    async def shrink(self, found: Difference) -> Difference:
        """Leave out what the difference does not need."""
        until = time.monotonic() + SHRINK_SECONDS
        while True:
            for smaller in _smaller(found.script):
                if time.monotonic() > until:
                    return found
                again = await self.compare(smaller)
                if again is not None:
                    found = again
                    break
            else:
                return found


def _names(reply: Reply) -> list[str]:
    return [name for name, _ in reply.fields]


def _smaller(script: Script) -> Iterator[Script]:
    for n in range(len(script.steps)):
        yield replace(script, steps=script.steps[:n] + script.steps[n + 1 :])
    for n in range(len(script.rest)):
        yield replace(script, rest=script.rest[:n] + script.rest[n + 1 :])
    if script.cuts:
        yield replace(script, cuts=())
    for name in ("steps", "rest"):
        data = getattr(script, name)
        for n, request in enumerate(data):
            for size in (1024, 256, 64, 16, 4):
                for at in range(0, len(request), size):
                    if size < len(request):
                        cut = request[:at] + request[at + size :]
                        # A step is waited for: it has to stay a whole request.
                        whole = (
                            cut[:4] in (b"GET ", b"HEAD") and cut.find(b"\r\n\r\n") == len(cut) - 4
                        )
                        if name == "steps" and not whole:
                            continue
                        yield replace(script, **{name: (*data[:n], cut, *data[n + 1 :])})


async def run(port: int, script: Script) -> Outcome:
    """Send a script to a port."""
    line = Line()
    try:
        await line.open(port)
        at: int | None = 0
        for step in script.steps:
            await line.send(step)
            before, at = at or 0, await line.read_reply(at or 0, head=step.startswith(b"HEAD "))
            if at is None or parse_replies(bytes(line.raw[before:at]))[0].closes:
                break
        else:
            await line.send_pieces(b"".join(script.rest) + SENTINEL, script.cuts)
        heard = await line.read_all(OPEN_SECONDS)
        check_dates(heard.replies)
        return Outcome(heard.replies, heard.end != "open")
    except MalformedAnswerError as exc:
        return Outcome((), False, str(exc))
    finally:
        line.close()
