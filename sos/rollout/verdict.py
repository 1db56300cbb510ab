"""What ``/health-elb`` answers: strict at the door, patient in flight, never fleet-wide. Pure.

In: what a node knows about itself, its pointer and its fleet. Out: a status and a word. The table
it follows is in docs/load-balancer.md; a simulation of whole fleets holds it to its promise.
"""

from typing import Literal

import msgspec

from sos.rollout.follow import Follow
from sos.rollout.ports import Quorum

START_SECONDS = 30.0
"""How long a node that was never in service may wait for the release that it should serve."""

GRACE_SECONDS = 60.0
"""How long after a change of the pointer nobody asks why a node has not followed yet."""

QUORUM_PERCENT = 80
"""Part of the live nodes that must have followed before one that has not goes out of service."""

SETTLE_SECONDS = 6.0
"""A quorum younger than this after a change says nothing yet: others have not had the time to
follow, and a register that was just emptied has not heard of everybody (it needs 5 s)."""

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
    the theme that comes with sos, because this node never had another, and ``outnumbered`` that
    most live nodes have one; ``refused`` that the target was refused here for good; ``served``
    whether this process was in service before; ``since_change`` is the time since
    `Follow.changed_at`; ``spread`` is the time over which the fleet changes.
    """

    draining: bool = False
    faults: tuple[str, ...] = ()
    pointer: PointerState = "ok"
    placeholder: bool = False
    outnumbered: bool = False
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


def build_facts(
    state: Follow,
    now: float,
    *,
    draining: bool,
    faults: tuple[str, ...],
    active: str | None,
    pointer: PointerState,
    placeholder: bool,
    outnumbered: bool = False,
    served: bool,
    uptime: float,
    quorum: Quorum | None,
) -> Facts:
    """The facts of a node that follows a pointer; ``now`` by the clock of its `Follow`.

    ``active`` is what its workers serve, or another release that one of them serves.
    """
    return Facts(
        draining=draining,
        faults=faults,
        pointer=pointer,
        placeholder=placeholder,
        outnumbered=outnumbered,
        active=active,
        target=state.target,
        refused=state.is_refused,
        served=served,
        uptime=uptime,
        since_change=now - state.changed_at,
        spread=state.spread,
        quorum=quorum,
    )


def decide_verdict(facts: Facts) -> Verdict:
    """The first row of the table that applies."""
    if facts.draining:
        return Verdict(503, "draining", "the node is shutting down")
    if facts.faults or facts.active is None:
        faults = "; ".join(facts.faults) or "there is no active release"
        return Verdict(503, "unhealthy", faults, alarm=not _is_fresh(facts))
    if facts.placeholder and not facts.served:
        return _decide_bare(facts)
    return _decide_by_pointer(facts)


def _decide_bare(facts: Facts) -> Verdict:
    """A node that has no release and was never in service: nobody needs it while others have one.

    Where no release was ever activated, or where all nodes are like this one, the theme that comes
    with sos is better than nothing.
    """
    reason = f"has no release, should serve {facts.target or 'what others serve'}"
    followed = "most nodes have a release" if facts.outnumbered else _describe_majority(facts)
    waits = facts.pointer != "missing" or facts.target is not None
    if facts.active != facts.target and (waits or followed):
        if _is_fresh(facts):
            return Verdict(503, "starting", reason)
        if followed:
            return Verdict(503, "behind", f"{reason}; {followed}", alarm=True)
    return _decide_by_pointer(facts)


def _decide_by_pointer(facts: Facts) -> Verdict:
    """A node without faults: what the pointer says, and whether the node serves it."""
    if facts.pointer == "missing" and facts.target is None:
        return Verdict(200, "first", "no release was ever activated")
    if facts.pointer != "ok" or facts.target is None:
        if facts.pointer == "reading" and facts.uptime <= SLOW_SECONDS and not facts.served:
            return Verdict(503, "starting", "the pointer has not been read yet")
        return Verdict(200, "unverified", "the pointer can't be read", alarm=True)
    if facts.active == facts.target:
        return Verdict(200, "current")
    if facts.refused:
        return Verdict(200, "refused", f"{facts.target} can't be used here", alarm=True)
    return _decide_late(facts)


def _decide_late(facts: Facts) -> Verdict:
    """The node serves another release than it should."""
    reason = f"serves {facts.active}, should serve {facts.target}"
    followed = _describe_majority(facts)
    known = facts.quorum is not None and facts.since_change >= SETTLE_SECONDS
    # At the door it waits for as long as others do the work, or may. Where the fleet as a whole
    # has not followed, as when all of it was started anew while the store of releases is down,
    # nobody would be left.
    if _is_fresh(facts) and (followed or not known):
        return Verdict(503, "starting", reason)
    patient = facts.since_change < GRACE_SECONDS + facts.spread
    # What was never in service has nothing to be patient about.
    if patient and (facts.served or not followed):
        return Verdict(200, "switching", reason)
    if followed:
        return Verdict(503, "behind", f"{reason}; {followed}", alarm=True)
    return Verdict(200, "late", f"{reason}; the fleet has not followed either", alarm=True)


def _is_fresh(facts: Facts) -> bool:
    """Whether it may wait at the door: nobody misses a node that was never in service."""
    young = facts.uptime < START_SECONDS or facts.since_change < SETTLE_SECONDS
    return young and not facts.served


def _describe_majority(facts: Facts) -> str:
    """How many serve the target, when they are so many that this node can be done without.

    A node that may still wait at the door, or has nothing to show, takes nothing away by staying
    out: then only the others count, and two are a fleet.
    """
    if facts.quorum is None or facts.since_change < SETTLE_SECONDS:
        return ""
    live, serving = facts.quorum.live, facts.quorum.serving
    spare = not facts.served and (_is_fresh(facts) or facts.placeholder)
    counted = live - 1 if spare else live
    enough = counted > 0 and 100 * serving >= QUORUM_PERCENT * counted
    return f"{serving} of {live} nodes have followed" if enough else ""
