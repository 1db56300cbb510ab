"""Load balancers of a simulated fleet: they ask each node in their rhythm, and count who is out.

In: nodes that can be asked for their verdict. Out: who is in service, and how many were not at the
worst moment. What a balancer does with requests is left out.
"""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Literal, Protocol

import msgspec
from sos.rollout.verdict import Verdict


class Balancer(msgspec.Struct, frozen=True):
    """How a load balancer asks: every ``interval`` seconds, out after ``fall`` failures in a row,
    back after ``rise`` successes."""

    name: str
    interval: float
    fall: int
    rise: int


BALANCERS = (
    Balancer("5 s, 3 out, 2 back", 5.0, 3, 2),
    Balancer("HAProxy default", 2.0, 3, 2),
    Balancer("Kubernetes default", 10.0, 3, 1),
    Balancer("ALB default", 30.0, 2, 5),
    Balancer("Classic ELB default", 30.0, 2, 10),
)
ADVISED = 0
"""The place of what docs/load-balancer.md advises."""

NOT_BLAMED = ("off", "draining", "unhealthy", "starting")
"""Why nodes are out of service that a rule about releases did not take out."""


class Target(Protocol):
    """A node as balancers know it. ``stable`` is its verdict for as long as that can't change."""

    power: Literal["on", "draining", "off"]
    stable: Verdict | None

    @property
    def is_placeholder(self) -> bool:
        """Whether it shows the theme that comes with sos."""
        ...

    def judge(self) -> Verdict | None:
        """Its answer; None when nobody answers."""
        ...


class Seat:
    """What a balancer knows of one node. ``streak`` counts answers that contradict ``in_service``;
    ``reason`` is why it went out."""

    def __init__(self, node: Target, *, in_service: bool) -> None:
        self.node = node
        self.in_service = self.was_in_service = in_service
        self.streak = 0
        self.reason = "off"


class Watcher:
    """One balancer, and how many nodes it had taken out at the worst moment (``worst``), how many of
    these a rule about releases had (``ruled``), how many such there were at any moment (``blamed``),
    and how many nodes were gone while it still sent them visitors (``dead``)."""

    def __init__(self, balancer: Balancer, step: float) -> None:
        self.worst = self.ruled = self.blamed = self.dead = 0
        self._balancer = balancer
        self._turns: list[list[Seat]] = [[] for _ in range(round(balancer.interval / step))]
        self._out: Counter[str] = Counter()

    def add(self, node: Target, rng: random.Random, *, in_service: bool) -> None:
        """Watch a node from now on, at a moment of its own within the interval."""
        rng.choice(self._turns).append(Seat(node, in_service=in_service))

    def check(self, step: int) -> None:
        """Ask the nodes whose turn it is."""
        went = False
        for seat in self._turns[step % len(self._turns)]:
            stable = seat.node.stable
            if stable is None or stable.status != 200 or not seat.in_service or seat.streak:
                went |= self._ask(seat)
        if went:
            blamed = sum(n for reason, n in self._out.items() if reason not in NOT_BLAMED)
            self.blamed = max(self.blamed, blamed)
            if self._out.total() > self.worst:
                self.worst, self.ruled = self._out.total(), blamed

    def count_out(self) -> int:
        """Nodes that are out of service now, and were in service before."""
        return self._out.total()

    def count_dead(self) -> None:
        """Look for nodes that are gone and still in service."""
        dead = sum(node.power == "off" for node in self.find_in_service())
        self.dead = max(self.dead, dead)

    def find_in_service(self) -> Iterator[Target]:
        """The nodes to which visitors are sent."""
        return (seat.node for turn in self._turns for seat in turn if seat.in_service)

    def _ask(self, seat: Seat) -> bool:
        """Ask one node; whether it goes out of service for that."""
        verdict = seat.node.judge()
        well = verdict is not None and verdict.status == 200
        seat.streak = seat.streak + 1 if well != seat.in_service else 0
        if seat.streak < (self._balancer.rise if well else self._balancer.fall):
            return False
        seat.streak, seat.in_service = 0, well
        if well:
            if seat.was_in_service:
                self._out[seat.reason] -= 1
            seat.was_in_service = True
            return False
        seat.reason = verdict.word if verdict else "off"
        self._out[seat.reason] += 1
        return True
