"""A fleet of hundreds of nodes on a fake clock, with load balancers that watch it.

In: a script of releases and faults. Out: how many nodes each balancer had taken out, and what nodes
said, over time. Each node is a real `Watch`, a real `Follow` and the real `decide_verdict`; what is
made up is the world around them: a store of releases, a pointer, a register, and how long things
take. The same seed gives the same run, to the last digit.
"""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal

import msgspec
from sos.rollout.follow import Done, Event, Failed, Fetch, Refused, Swap, Try
from sos.rollout.ports import Quorum

from tests.rollout.fleet_balancers import ADVISED, BALANCERS, Watcher
from tests.rollout.fleet_node import PLACEHOLDER, REPORT_TTL, STEP, Node, Store

PointerStore = Literal["up", "down", "hung"]
Kind = Literal["good", "bad", "fails in flight", "for new nodes"]


class Moment(msgspec.Struct, frozen=True):
    """What nodes said at one time, by word, and how many were out of service at each balancer."""

    at: float
    words: dict[str, int]
    out: tuple[int, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What came of a script. ``worst`` is the largest number of nodes that were out of service at
    once, for each balancer, and ``ruled`` how many of them a rule about releases had taken out: they
    were not off, draining, at fault or starting. ``blamed`` is the largest number of such nodes at
    any moment. ``dead`` is the largest number of nodes that were gone while a balancer still sent them
    visitors. ``exposed`` are nodes that the balancer advised sends visitors to though they show the
    theme that comes with sos, while most of the fleet has a release. ``joined`` is the longest time
    from a newcomer's start to its first 200, infinite if one had none. ``releases`` counts what the
    nodes serve in the end.
    """

    size: int
    worst: tuple[int, ...]
    ruled: tuple[int, ...]
    blamed: tuple[int, ...]
    dead: tuple[int, ...]
    exposed: int
    joined: float
    releases: dict[str, int]
    moments: tuple[Moment, ...]


class World:
    """A fleet, what it depends on, and who watches it. Times are seconds from the start."""

    def __init__(self, size: int = 500, *, seed: int = 1, spread: float = 0.0) -> None:
        self.rng = random.Random(seed)
        self.now = 0.0
        self.spread = spread
        self.kinds: dict[str, Kind] = {}
        self.pointer: str | None = "r0"
        self.last_release = "r0"
        self.pointer_index = 10
        self.pointer_store: PointerStore = "up"
        self.default_store: Store = "up"
        self.register_up = True
        self._register_young_until = 0.0
        self._counts: Counter[str] = Counter()
        self._live = 0
        self._seen: tuple[float, int, dict[str, int]] = (0.0, 0, {})
        self._agenda: defaultdict[int, list[Node]] = defaultdict(list)
        self._script: defaultdict[int, list[Callable[[], None]]] = defaultdict(list)
        self._watchers = [Watcher(b, STEP) for b in BALANCERS]
        self._exposed = 0
        self._moments: list[Moment] = []
        self.nodes: list[Node] = []
        self._is_running = False
        for _ in range(size):
            self.add_node(("r0",), in_service=True)

    # ------------------------------------------------------------ for scripts

    def at(self, time: float, *what: Callable[[], None]) -> None:
        """Do something at a time."""
        step = math.ceil(time / STEP - 1e-9)
        assert step * STEP > self.now or not self._is_running, "that step is over"
        self._script[step].extend(what)

    def release(self, name: str, kind: Kind = "good") -> None:
        """Point at a release."""
        self.kinds[name], self.last_release = kind, name
        self.set_pointer(name)

    def set_pointer(self, value: str | None) -> None:
        """Write the key, or delete it; whoever waits hears of it within half a second or so."""
        self.pointer, self.pointer_index = value, self.pointer_index + 3
        self._wake_all(0.6)

    def set_pointer_store(self, state: PointerStore) -> None:
        """Let Consul fail or come back."""
        self.pointer_store = state
        self._wake_all(0.6)

    def set_store(self, state: Store, nodes: Iterable[Node] | None = None) -> None:
        """Let the store of releases fail, for some nodes or for all."""
        for node in self.nodes if nodes is None else nodes:
            node.store = state

    def set_register(self, *, up: bool) -> None:
        """Let Redis fail, or come back empty."""
        self.register_up = up
        if up:
            self._register_young_until = self.now + REPORT_TTL

    def set_reachable(self, nodes: Iterable[Node], *, reachable: bool) -> None:
        """Cut nodes off from Redis, or connect them again."""
        for node in nodes:
            node.register_reachable = reachable
            self.touch(node)
            if not reachable:
                self.at(self.now + REPORT_TTL, partial(self.forget_if_silent, node))

    def add_node(self, disk: tuple[str, ...], *, in_service: bool = False) -> Node:
        """A node that starts now, or (``in_service``) that has been there for long."""
        node = Node(self, len(self.nodes), disk)
        self.nodes.append(node)
        if in_service:
            node.started -= 3600
            node.served, node.is_new = True, False
        for watcher in self._watchers:
            watcher.add(node, self.rng, in_service=in_service)
        return node

    def restart(self, node: Node, *, drain: float = 15.0, off: float = 8.0) -> None:
        """SIGTERM and a new process, which takes connections again ``off`` seconds after the old one
        stopped to; with ``drain`` 0 the power is cut."""
        if drain:
            node.power = "draining"
            self.touch(node)
            self.at(self.now + drain, node.switch_off)
        else:
            node.switch_off()
        self.at(self.now + drain + off, node.switch_on)

    def pick(self, share: float) -> list[Node]:
        """Some of the nodes, the same ones for the same seed."""
        return self.rng.sample(self.nodes, round(share * len(self.nodes)))

    def run(self, until: float) -> Outcome:
        """Let time pass."""
        self._is_running = True
        for step in range(round(self.now / STEP), round(until / STEP) + 1):
            self.now = step * STEP
            for happen in self._script.pop(step, ()):
                happen()
            for node in self._agenda.pop(step, ()):
                if node.next_step == step:
                    node.next_step = -1
                    node.run()
            if step % 2 == 0:
                self._seen = (self.now, self._live, dict(self._counts))
            for watcher in self._watchers:
                watcher.check(step)
            if step % 4 == 0:
                self._note()
        newcomers = [n for n in self.nodes if n.is_new]
        return Outcome(
            size=len(self.nodes) - len(newcomers),
            worst=tuple(w.worst for w in self._watchers),
            ruled=tuple(w.ruled for w in self._watchers),
            blamed=tuple(w.blamed for w in self._watchers),
            dead=tuple(w.dead for w in self._watchers),
            exposed=self._exposed,
            joined=max((n.joined_at - n.first_started for n in newcomers), default=0.0),
            releases=dict(Counter(n.follow.active or "" for n in self.nodes)),
            moments=tuple(self._moments),
        )

    # ------------------------------------------------------------ for nodes

    def touch(self, node: Node) -> None:
        """Have a node look at its surroundings in the next step."""
        node.stable = None
        self.wake(node, self.now)

    def wake(self, node: Node, time: float) -> None:
        """Have a node run at a time, or earlier if that was planned already."""
        if time == math.inf:
            return
        step = max(math.ceil(time / STEP - 1e-9), round(self.now / STEP))
        if node.next_step < 0 or step < node.next_step:
            node.next_step = step
            self._agenda[step].append(node)

    def report(self, node: Node) -> None:
        """A node says what it serves."""
        release = node.follow.active
        if not node.register_reachable or not self.register_up or release is None:
            return
        if node.registered != release:
            self.forget(node)
            node.registered = release
            self._counts[release] += 1
            self._live += 1

    def forget(self, node: Node) -> None:
        """A node is no longer in the register."""
        if node.registered is not None:
            self._counts[node.registered] -= 1
            self._live -= 1
            node.registered = None

    def forget_if_silent(self, node: Node) -> None:
        """What its time to live does."""
        if node.power == "off" or not node.register_reachable:
            self.forget(node)

    def count(self, node: Node) -> Quorum | None:
        """What the register answered to the node's last report, up to a second ago."""
        if not self.register_up or not node.register_reachable:
            return None
        at, live, counts = self._seen
        target = node.follow.target if node.target_at <= at else node.asked_target
        young = self.now < self._register_young_until
        return Quorum(live, 0 if young or target is None else counts.get(target, 0))

    def find_majority(self, node: Node) -> str | None:
        """What most nodes serve, for one that has nothing."""
        _, _, counts = self._seen
        if not self.register_up or not node.register_reachable or not any(counts.values()):
            return None
        return max(sorted(counts), key=lambda release: counts[release])

    def draw_duration(self, node: Node, action: Fetch | Try | Swap) -> float:
        """How long an action takes, seconds."""
        if isinstance(action, Swap):
            return 0.2
        if isinstance(action, Fetch) and node.store == "slow":
            return self.rng.uniform(4, 20)
        return self.rng.uniform(0.1, 1.2)

    def decide_outcome(self, node: Node, action: Fetch | Try | Swap) -> Event:
        """What comes of an action, by the release and the surroundings of the node."""
        release, kind = action.release, self.kinds.get(action.release, "good")
        if isinstance(action, Fetch):
            if node.store == "down":
                return Failed(release, "the store of releases is down")
            if node.store == "corrupt":
                return Refused(release, "wrong digest", again=True)
            if kind == "for new nodes" and not node.new_code:
                return Refused(release, "made for another page model")
        if isinstance(action, Try) and kind == "bad":
            return Refused(release, "a template is broken")
        return Done(release)

    def _wake_all(self, within: float) -> None:
        for node in self.nodes:
            self.wake(node, self.now + self.rng.uniform(0, within))

    def _note(self) -> None:
        words: Counter[str] = Counter()
        for node in self.nodes:
            verdict = node.judge()
            words[verdict.word if verdict else "off"] += 1
        out = tuple(w.count_out() for w in self._watchers)
        self._moments.append(Moment(self.now, dict(words), out))
        for watcher in self._watchers:
            watcher.count_dead()
        if self._counts[PLACEHOLDER] < self._live / 2:
            shown = self._watchers[ADVISED].find_in_service()
            exposed = sum(n.is_placeholder for n in shown)
            self._exposed = max(self._exposed, exposed)
