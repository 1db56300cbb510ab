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
from sos.rollout.follow import (
    Action,
    Cancel,
    Done,
    Event,
    Failed,
    Fetch,
    Follow,
    Pointed,
    Refused,
    Swap,
    Tick,
    Try,
)
from sos.rollout.ports import Quorum
from sos.rollout.verdict import PointerState, Verdict, build_facts, decide_verdict
from sos.rollout.watch import Query, Watch

STEP = 0.5
"""Nothing happens between two steps of the clock, seconds."""

PLACEHOLDER = "built-in"
REPORT_TTL = 5.0
WORKERS_READY = 0.7
"""How long the workers of a node take to start, seconds."""

NOT_BLAMED = ("off", "draining", "unhealthy", "starting")
"""Why nodes are out of service that a rule about releases did not take out."""

Store = Literal["up", "slow", "down", "corrupt"]
PointerStore = Literal["up", "down", "hung"]
Kind = Literal["good", "bad", "fails in flight", "for new nodes"]


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


class Moment(msgspec.Struct, frozen=True):
    """What nodes said at one time, by word, and how many were out of service at each balancer."""

    at: float
    words: dict[str, int]
    out: tuple[int, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What came of a script. ``worst`` is the largest number of nodes that were out of service at
    once, for each balancer; ``blamed`` the same without those that were off, draining, at fault or
    starting. ``dead`` is the largest number of nodes that were gone while a balancer still sent them
    visitors. ``exposed`` are nodes that the balancer advised sends visitors to though they show the
    theme that comes with sos, while most of the fleet has a release. ``joined`` is the longest time
    from a newcomer's start to its first 200, infinite if one had none. ``releases`` counts what the
    nodes serve in the end.
    """

    size: int
    worst: tuple[int, ...]
    blamed: tuple[int, ...]
    dead: tuple[int, ...]
    exposed: int
    joined: float
    releases: dict[str, int]
    moments: tuple[Moment, ...]


class Node:
    """One node. What is true of its surroundings (``store``, ``register_reachable``, ``wedged``)
    may be changed at any time; call `World.touch` after it."""

    def __init__(self, world: "World", index: int, disk: tuple[str, ...]) -> None:
        self.world = world
        self.name = f"node-{index}"
        self.disk = disk
        self.new_code = False
        self.store = world.default_store
        self.register_reachable = True
        self.wedged = False
        self.power: Literal["on", "draining", "off"] = "off"
        self.in_service = [False] * len(BALANCERS)
        self.was_in_service = [False] * len(BALANCERS)
        self.streak = [0] * len(BALANCERS)
        self.reason = ["off"] * len(BALANCERS)
        self.registered: str | None = None
        self.next_step = -1
        self.calm = False
        self.is_new = True
        self.first_started = world.now
        self.joined_at = math.inf
        self.switch_on()

    # ------------------------------------------------------------ life of a process

    def switch_on(self) -> None:
        """A process starts with what the disk has."""
        now = self.world.now
        self.power = "on"
        self.started = now
        self.served = self.outnumbered = False
        self.follow = Follow(self.name, self.world.spread)
        self.follow.begin(self.disk, now, PLACEHOLDER)
        self.watch = Watch()
        self.pointer: PointerState = "reading"
        self.known = bool(self.disk)
        self.query: Query | None = None
        self.asked_at = self.ask_at = now
        self.asked_target: str | None = None
        self.target_at = now
        self.job: Fetch | Try | Swap | None = None
        self.job_ends = self.fails_at = math.inf
        self.stable: Verdict | None = None
        self.world.touch(self)

    def switch_off(self) -> None:
        """The process is gone; the register hears of it only where the node said so before."""
        if self.power == "draining":
            self.world.forget(self)
        elif self.registered is not None:
            self.world.at(self.world.now + REPORT_TTL, partial(self.world.forget_if_silent, self))
        self.power = "off"
        self.job = None
        self.calm = False

    @property
    def is_placeholder(self) -> bool:
        """Whether it shows the theme that comes with sos."""
        return self.follow.active == PLACEHOLDER

    # ------------------------------------------------------------ verdict

    def judge(self) -> Verdict | None:
        """The answer of ``/health-elb``; None when nobody answers."""
        if self.power == "off":
            return None
        if self.stable is not None:
            return self.stable
        now = self.world.now
        starting = now < self.started + WORKERS_READY
        verdict = decide_verdict(
            build_facts(
                self.follow,
                now,
                draining=self.power == "draining",
                faults=("a worker is not ready",) if starting or self.wedged else (),
                pointer=self.pointer,
                placeholder=self.is_placeholder,
                outnumbered=self.outnumbered,
                served=self.served,
                uptime=now - self.started,
                quorum=self.world.count(self),
            )
        )
        if not self.served and verdict.status == 200:
            self.served, self.joined_at = True, min(self.joined_at, now)
        timeless = verdict.word in ("current", "draining", "unverified", "refused")
        if timeless and not self.is_placeholder:
            self.stable = verdict
        return verdict

    # ------------------------------------------------------------ what it does

    def run(self) -> None:
        """Whatever is due."""
        if self.power == "off":
            return
        now, world = self.world.now, self.world
        self.stable, self.calm = None, False
        if self.job is not None and now >= self.job_ends:
            self.finish()
        wake = self.follow.wake_at()
        if wake is not None and now >= wake:
            self.send(Tick())
        self.ask_for_pointer()
        if self.follow.shows_nothing_good:
            majority = world.find_majority(self)
            self.outnumbered = majority not in (None, PLACEHOLDER)
            lost = self.pointer in ("error", "missing") or self.follow.is_refused
            if lost and self.outnumbered:
                self.send(Pointed(majority))
        if self.follow.phase == "watching" and now >= self.fails_at:
            self.fails_at = math.inf
            self.send(Refused(self.follow.active or "", "renderings failed"))
        world.report(self)
        if not self.served:
            self.judge()
        self.plan()

    def plan(self) -> None:
        """When it has to run again."""
        now = self.world.now
        due = [self.job_ends if self.job else math.inf, self.ask_due(), self.fails_at]
        due.append(self.follow.wake_at() or math.inf)
        if not self.served or self.follow.shows_nothing_good:
            due.append(now + STEP)
        self.world.wake(self, max(now + STEP, min(due)))

    def send(self, event: Event) -> None:
        """Do what `Follower` does: hand an event on, and begin what is asked for."""
        before = self.follow.target
        for action in self.follow.handle(event, self.world.now):
            self.perform(action)
        if self.follow.target != before:
            self.asked_target, self.target_at = before, self.world.now

    def perform(self, action: Action) -> None:
        """Begin an action, or stop one."""
        if isinstance(action, Cancel):
            self.job = None
            return
        assert self.job is None
        self.job = action
        self.job_ends = self.world.now + self.world.draw_duration(self, action)

    def finish(self) -> None:
        """End the job as the world is now."""
        job, self.job = self.job, None
        assert job is not None
        event = self.world.decide_outcome(self, job)
        self.send(event)
        if isinstance(job, Swap) and isinstance(event, Done):
            self.disk = tuple(r for r in self.follow.loaded if r != PLACEHOLDER)
            fails = self.world.kinds.get(job.release) == "fails in flight"
            self.fails_at = self.world.now + self.world.rng.uniform(1, 12) if fails else math.inf

    # ------------------------------------------------------------ pointer

    def ask_due(self) -> float:
        """When the read of the pointer ends, or the next begins, if nothing changes meanwhile."""
        if self.query is None:
            return self.ask_at
        if self.world.pointer_store == "hung":
            return self.asked_at + 5 + self.query.wait * 17 / 16
        return self.asked_at + self.query.wait

    def ask_for_pointer(self) -> None:
        """One turn of `PointerWatch`'s loop, or none."""
        now, world = self.world.now, self.world
        if self.query is None and now >= self.ask_at:
            self.query, self.asked_at = self.watch.next_query(now), now
        if self.query is None:
            return
        changed = world.pointer_index > self.query.index
        if world.pointer_store == "down" or (
            world.pointer_store == "hung" and now >= self.ask_due()
        ):
            self.watch, self.query = self.watch.on_failure(), None
            self.pointer = "error"
        elif world.pointer_store == "up" and (changed or now >= self.asked_at + self.query.wait):
            self.watch, believed = self.watch.on_answer(self.query, world.pointer_index, now)
            self.query = None
            if believed:
                self.heed(world.pointer)
        if self.query is None:
            self.ask_at = now + self.watch.decide_pause(world.rng.random())

    def heed(self, value: str | None) -> None:
        """What `PointerWatch` makes of a value."""
        if value is None and not self.known:
            self.pointer = "missing"
        elif value is None or value == "garbage":
            self.pointer = "error"
        else:
            self.known, self.pointer = True, "ok"
            self.send(Pointed(value))


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
        self._buckets: list[list[list[Node]]] = [
            [[] for _ in range(round(b.interval / STEP))] for b in BALANCERS
        ]
        self.out: list[Counter[str]] = [Counter() for _ in BALANCERS]
        self._worst = [0] * len(BALANCERS)
        self._blamed = [0] * len(BALANCERS)
        self._dead = [0] * len(BALANCERS)
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
            node.in_service = [True] * len(BALANCERS)
            node.was_in_service = [True] * len(BALANCERS)
        for buckets in self._buckets:
            self.rng.choice(buckets).append(node)
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
            self._check(step)
            if step % 4 == 0:
                self._note()
        newcomers = [n for n in self.nodes if n.is_new]
        return Outcome(
            size=len(self.nodes) - len(newcomers),
            worst=tuple(self._worst),
            blamed=tuple(self._blamed),
            dead=tuple(self._dead),
            exposed=self._exposed,
            joined=max((n.joined_at - n.first_started for n in newcomers), default=0.0),
            releases=dict(Counter(n.follow.active or "" for n in self.nodes)),
            moments=tuple(self._moments),
        )

    # ------------------------------------------------------------ for nodes

    def touch(self, node: Node) -> None:
        """Have a node look at its surroundings in the next step."""
        node.stable, node.calm = None, False
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

    # ------------------------------------------------------------ for balancers

    def _check(self, step: int) -> None:
        """Every balancer asks the nodes whose turn it is."""
        for b, buckets in enumerate(self._buckets):
            changed = False
            for node in buckets[step % len(buckets)]:
                if not node.calm:
                    changed |= self._check_one(b, node)
            if changed:
                out = self.out[b]
                self._worst[b] = max(self._worst[b], out.total())
                blamed = sum(n for reason, n in out.items() if reason not in NOT_BLAMED)
                self._blamed[b] = max(self._blamed[b], blamed)

    def _check_one(self, b: int, node: Node) -> bool:
        """Ask one node; whether it went out of service."""
        verdict = node.judge()
        well = verdict is not None and verdict.status == 200
        if well == node.in_service[b]:
            node.streak[b] = 0
            node.calm = well and node.stable is not None and not any(node.streak)
            node.calm = node.calm and all(node.in_service)
            return False
        node.streak[b] += 1
        if node.streak[b] < (BALANCERS[b].rise if well else BALANCERS[b].fall):
            return False
        node.streak[b] = 0
        node.in_service[b] = well
        if well:
            if node.was_in_service[b]:
                self.out[b][node.reason[b]] -= 1
            node.was_in_service[b] = True
            return False
        node.reason[b] = verdict.word if verdict else "off"
        self.out[b][node.reason[b]] += 1
        return True

    def _note(self) -> None:
        words: Counter[str] = Counter()
        for node in self.nodes:
            verdict = node.judge()
            words[verdict.word if verdict else "off"] += 1
        self._moments.append(Moment(self.now, dict(words), tuple(out.total() for out in self.out)))
        for b in range(len(BALANCERS)):
            dead = sum(n.power == "off" and n.in_service[b] for n in self.nodes)
            self._dead[b] = max(self._dead[b], dead)
        if self._counts[PLACEHOLDER] < self._live / 2:
            exposed = sum(n.is_placeholder and n.in_service[ADVISED] for n in self.nodes)
            self._exposed = max(self._exposed, exposed)
