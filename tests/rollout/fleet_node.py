"""One node of a simulated fleet: real state machines, driven as their drivers drive them.

In: what is true around it, and time. Out: what it serves, and what it answers to a balancer. How
long things take and how they end is the world's business (`fleet_simulation`).
"""

import math
from functools import partial
from typing import TYPE_CHECKING, Literal

from sos.rollout.follow import (
    Action,
    Cancel,
    Done,
    Event,
    Fetch,
    Follow,
    Pointed,
    Refused,
    Swap,
    Tick,
    Try,
)
from sos.rollout.verdict import PointerState, Verdict, build_facts, decide_verdict
from sos.rollout.watch import Query, Watch

if TYPE_CHECKING:
    from tests.rollout.fleet_simulation import World

STEP = 0.5
"""Nothing happens between two steps of the clock, seconds."""

PLACEHOLDER = "built-in"
REPORT_TTL = 5.0
WORKERS_READY = 0.7
"""How long the workers of a node take to start, seconds."""

Store = Literal["up", "slow", "down", "corrupt"]


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
        self.registered: str | None = None
        self.next_step = -1
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
        self.job = self.stable = None

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
                active=self.follow.active,
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
        self.stable = None
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
