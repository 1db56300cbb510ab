"""What is to be reached, and whether it was: figures of one run go in, verdicts come out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A ratio of two peers' rates in one case.

    ``than`` is the other's name, or, where none has it, the beginning of it.
    """

    case: str
    peer: str
    than: str
    ratio: float
    floor: float = 0.0


GOALS = (
    Goal("cached", "sos", "nginx", 1.0, floor=0.8),
    Goal("cached", "sos", "varnish", 2.0),
    Goal("cached", "sos", "koa-cached", 5.0),
    Goal("cached", "sos", "next", 50.0),
    Goal("cached-browser", "sos", "nginx", 1.0, floor=0.8),
    Goal("uncached", "sos-uncached", "koa-nunjucks", 1.5, floor=1.0),
    # The same for a Koa that keeps rendered parts, as sos does.
    Goal("uncached", "sos-uncached", "koa-nunjucks-keeping", 1.5, floor=1.0),
)


@dataclass(frozen=True)
class Verdict:
    """A goal with what was measured; ``ratio`` is None where a peer is missing.

    ``by_cost`` is the same ratio by the processor time of a request, which is right as well where
    the load generator, or other work on the machine, kept both from what they can do.
    """

    goal: Goal
    than: str
    ratio: float | None
    by_cost: float | None = None

    @property
    def word(self) -> str:
        """Reached, missed, and what lies between."""
        if self.ratio is None:
            return "not measured"
        # Two figures after the point: that is how well such a ratio can be known.
        if round(self.ratio, 2) >= self.goal.ratio:
            return "reached"
        if self.goal.floor and round(self.ratio, 2) >= self.goal.floor:
            return "floor reached"
        return "**missed**"


def judge(cases: Mapping[str, Any]) -> list[Verdict]:
    """A verdict on each goal. A ratio is the median of those of all rounds."""
    return [_judge(goal, cases.get(goal.case, {}).get("peers", {})) for goal in GOALS]


def _judge(goal: Goal, peers: Mapping[str, Any]) -> Verdict:
    others = [goal.than] if goal.than in peers else []
    others = others or sorted(name for name in peers if name.startswith(goal.than))
    if goal.peer not in peers or not others:
        return Verdict(goal, goal.than, None)
    # Of several with this name, the quickest is the one to beat.
    other = max(others, key=lambda name: float(peers[name]["rate"]))
    own, rival = peers[goal.peer], peers[other]
    by_cost = ratio_of(rival["costs_us"], own["costs_us"])
    return Verdict(goal, other, ratio_of(own["rates"], rival["rates"]), by_cost)


def ratio_of(own: list[float], others: list[float]) -> float | None:
    """The median of the ratios round by round: what slows a round slows both. None without rounds.

    A round in which either failed (0) does not count.
    """
    ratios = sorted(a / b for a, b in zip(own, others, strict=False) if a and b)
    if not ratios:
        return None
    middle = len(ratios) // 2
    if len(ratios) % 2:
        return ratios[middle]
    return (ratios[middle - 1] + ratios[middle]) / 2
