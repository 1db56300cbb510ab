"""What ``/health-elb`` answers: strict at the door, patient in flight, never fleet-wide. Pure.

In: what a node knows about itself, its pointer and its fleet. Out: a status and a word. The table
it follows is in docs/load-balancer.md; a simulation of whole fleets holds it to its promise.
"""

from typing import Literal

import msgspec

from sos.rollout.ports import Quorum

START_SECONDS = 30.0
"""How long a node that was never in service may wait for the release that it should serve."""

GRACE_SECONDS = 60.0
"""How long after a change of the pointer nobody asks why a node has not followed yet."""

QUORUM = 0.8
"""Share of the live nodes that must have followed before one that has not goes out of service."""

SLOW_SECONDS = 1.0
"""A pointer that did not answer at all within this time after the start counts as in error."""

PointerState = Literal["ok", "reading", "missing", "error"]
Word = Literal[
    "draining",
    "unhealthy",
    "unverified",
    "first",
    "current",
    "refused",
    "starting",
    "switching",
    "behind",
    "late",
]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the verdict depends on. Durations in seconds.

    ``faults`` are those of the workers, ``pointer`` is ``missing`` when the key is not there and
    never was, ``reading`` until the first answer. ``placeholder`` says that the active release is
    the theme that comes with sos, because this node never had another; ``served`` whether this
    process was in service before; ``spread`` is the time over which the fleet changes.
    """

    draining: bool = False
    faults: tuple[str, ...] = ()
    pointer: PointerState = "ok"
    placeholder: bool = False
    active: str | None = None
    target: str | None = None
    refused: bool = False
    served: bool = False
    uptime: float = 0.0
    since_change: float = 0.0
    spread: float = 0.0
    quorum: Quorum | None = None


class Verdict(msgspec.Struct, frozen=True):
    """The answer. ``alarm`` says that somebody should look, whatever the status."""

    status: int
    word: Word
    reason: str = ""
    alarm: bool = False


def decide_verdict(facts: Facts) -> Verdict:
    """The first row of the table that applies."""
    if facts.draining:
        return Verdict(503, "draining", "the node is shutting down")
    if facts.faults or facts.active is None:
        faults = "; ".join(facts.faults) or "there is no active release"
        if _is_fresh(facts):
            return Verdict(503, "starting", faults)
        return Verdict(503, "unhealthy", faults, alarm=True)
    if facts.placeholder and facts.pointer in ("error", "reading") and _is_fresh(facts):
        return Verdict(503, "starting", "no release was ever here, and the pointer can't be read")
    if facts.pointer == "error" or (facts.pointer == "reading" and facts.uptime > SLOW_SECONDS):
        return Verdict(200, "unverified", "the pointer can't be read", alarm=True)
    if facts.pointer == "reading":
        return Verdict(503, "starting", "the pointer has not been read yet")
    if facts.pointer == "missing":
        return Verdict(200, "first", "no release was ever activated")
    if facts.active == facts.target:
        return Verdict(200, "current")
    if facts.refused:
        return Verdict(200, "refused", f"{facts.target} can't be used here", alarm=True)
    return _decide_late(facts)


def _decide_late(facts: Facts) -> Verdict:
    """The node serves another release than it should."""
    reason = f"serves {facts.active}, should serve {facts.target}"
    if _is_fresh(facts):
        return Verdict(503, "starting", reason)
    if facts.since_change < GRACE_SECONDS + facts.spread:
        return Verdict(200, "switching", reason)
    quorum = facts.quorum
    if quorum and quorum.live and quorum.serving >= QUORUM * quorum.live:
        followed = f"{quorum.serving} of {quorum.live} nodes have followed"
        return Verdict(503, "behind", f"{reason}; {followed}", alarm=True)
    return Verdict(200, "late", f"{reason}; the fleet has not followed either", alarm=True)


def _is_fresh(facts: Facts) -> bool:
    """Nobody misses a node that was never in service."""
    return not facts.served and facts.uptime < START_SECONDS
