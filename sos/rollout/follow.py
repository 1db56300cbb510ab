"""How one node follows the pointer, as a pure state machine: events in, actions out.

    pointer names a release ──> fetch ──> try ──> wait ──> load ──> swap ──> watch
                                  │        │                 │               │
                                  └────────┴── refused ──────┴───────────────┘

It does no I/O and reads no clock: the driver (`follower`) does what an action says and comes back
with an event. Two things hold whatever happens: once there was an active release there always is
one, and a refused release never becomes active.
"""

import hashlib
from collections.abc import Mapping
from typing import Literal

import msgspec

from sos.rollout.pointer import Pointing

KEPT = 3
"""Releases that stay loaded in every worker, the active one included: a rollback is a swap."""

WATCH_SECONDS = 60.0
"""How long after a swap the release is compared with the one before."""

FIRST_RETRY, LONGEST_RETRY = 0.5, 30.0
"""Bounds of the back-off between attempts to have a release, seconds."""

Phase = Literal["idle", "fetching", "trying", "waiting", "swapping", "watching"]

# ---------------------------------------------------------------- actions


class Fetch(msgspec.Struct, frozen=True, tag=True):
    """Have the bundle on this node's disk, its bytes and signature verified."""

    release: str


class Try(msgspec.Struct, frozen=True, tag=True):
    """Have it tried in a process of its own."""

    release: str


class Swap(msgspec.Struct, frozen=True, tag=True):
    """Have every worker load it, then let all of them change to it."""

    release: str


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Stop what is under way for this release; its outcome will not matter."""

    release: str


Action = Fetch | Try | Swap | Cancel

# ---------------------------------------------------------------- events


class Pointed(msgspec.Struct, frozen=True, tag=True):
    """The pointer was read; ``target`` is None when it names no release that could be used."""

    target: str | None


class Done(msgspec.Struct, frozen=True, tag=True):
    """What the last action asked for is done."""

    release: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """It could not be done now; the release may still be good (a store is down, a disk full)."""

    release: str
    reason: str


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The release is not usable. ``again`` says that its bytes may have been damaged on the way, so
    that a later fetch may bring good ones."""

    release: str
    reason: str
    again: bool = False


class Tick(msgspec.Struct, frozen=True, tag=True):
    """Time has passed."""


Event = Pointed | Done | Failed | Refused | Tick


class Refusal(msgspec.Struct, frozen=True):
    """Why a release is not used here, since when, and when it is fetched again (0: never)."""

    reason: str
    at: float
    again_at: float = 0.0


class Follow:
    """The state of one node. Times are monotonic seconds of the caller's clock.

    ``good`` are the releases that this node has on disk and that have passed its trial; ``loaded``
    those in its workers, the active one first.
    """

    def __init__(self, node: str, spread: float = 0.0) -> None:
        self.node = node
        self.spread = spread
        self.active: str | None = None
        self.previous: str | None = None
        self.loaded: tuple[str, ...] = ()
        self.good: set[str] = set()
        self.target: str | None = None
        self.phase: Phase = "idle"
        self.under_way: str | None = None
        self.changed_at = 0.0
        self.swapped_at = 0.0
        self.attempts = 0
        self.retry_at = 0.0
        self.failure = ""
        self._refused: dict[str, Refusal] = {}

    @property
    def refused(self) -> Mapping[str, Refusal]:
        """Releases that were refused here."""
        return self._refused

    @property
    def is_behind(self) -> bool:
        """Whether another release should be active, and was not refused."""
        return self.target not in (None, self.active) and self.target not in self._refused

    def begin(self, kept: tuple[str, ...], now: float) -> None:
        """Start with what the node kept on disk; the first of them is active."""
        self.loaded, self.good = kept[:KEPT], set(kept)
        self.active = kept[0] if kept else None
        self.previous = kept[1] if len(kept) > 1 else None
        self.changed_at = self.swapped_at = now

    def wake_at(self) -> float | None:
        """When the next `Tick` matters; None when only an event can bring something new."""
        times = [r.again_at for n, r in self._refused.items() if n == self.target and r.again_at]
        if self.phase == "waiting" or (self.phase == "idle" and self.is_behind):
            times.append(self.retry_at)
        if self.phase == "watching":
            times.append(self.swapped_at + WATCH_SECONDS)
        return min(times, default=None)

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take one event; what to do about it, in order."""
        if isinstance(event, Pointed):
            return self._point(event.target, now)
        if isinstance(event, Tick):
            return self._tick(now)
        if isinstance(event, Refused) and event.release == self.active:
            return self._send_back(event, now)
        if event.release != self.under_way:
            return []  # of something that was cancelled
        if isinstance(event, Refused):
            return self._refuse(event, now)
        if isinstance(event, Failed):
            return self._fail(event, now)
        return self._advance(event.release, now)

    # ------------------------------------------------------------ what events do

    def _point(self, target: str | None, now: float) -> list[Action]:
        if target is None or target == self.target:
            return []
        self.target = target
        self.changed_at = now
        self.attempts, self.failure = 0, ""
        actions = self._cancel()
        return [*actions, *self._start(now)]

    def _tick(self, now: float) -> list[Action]:
        refusal = self._refused.get(self.target or "")
        if refusal and refusal.again_at and now >= refusal.again_at and self.under_way is None:
            del self._refused[self.target or ""]
        if self.phase == "watching" and now >= self.swapped_at + WATCH_SECONDS:
            self.phase = "idle"
        if self.phase == "waiting" and now >= self.retry_at and self.under_way:
            self.phase = "swapping"
            return [Swap(self.under_way)]
        if self.under_way is None and now >= self.retry_at:
            return self._start(now)
        return []

    def _start(self, now: float) -> list[Action]:
        if not self.is_behind or self.target is None:
            return []
        self.under_way = self.target
        if self.target in self.good:
            self.phase = "swapping"
            return [Swap(self.target)]
        self.phase = "fetching"
        return [Fetch(self.target)]

    def _advance(self, release: str, now: float) -> list[Action]:
        if self.phase == "fetching":
            self.phase = "trying"
            return [Try(release)]
        if self.phase == "trying":
            self.good.add(release)
            pause = decide_share(self.node, release) * self.spread
            # A node that shows nothing yet has nobody to spare.
            if pause and self.active is not None:
                self.phase, self.retry_at = "waiting", now + pause
                return []
            self.phase = "swapping"
            return [Swap(release)]
        if self.phase == "swapping":
            self._activate(release, now)
            self.phase, self.under_way = "watching", None
            # It may be a way back that ended on what is not wanted any more.
            return self._start(now)
        return []

    def _activate(self, release: str, now: float) -> None:
        if release != self.active:
            self.previous = self.active
        self.active, self.swapped_at = release, now
        self.loaded = (release, *(r for r in self.loaded if r != release))[:KEPT]
        self.attempts, self.failure = 0, ""

    def _fail(self, event: Failed, now: float) -> list[Action]:
        self.attempts += 1
        self.failure = event.reason
        bound = min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(self.attempts - 1, 16))
        share = decide_share(self.node, f"{event.release} {self.attempts}")
        self.retry_at = now + bound * (0.5 + 0.5 * share)
        if self.phase == "swapping" and event.release != self.target:
            # A way back must not depend on what failed; what is active stays.
            self.good.discard(event.release)
        self.phase, self.under_way = "idle", None
        return []

    def _refuse(self, event: Refused, now: float) -> list[Action]:
        self._note_refusal(event, now)
        self.phase, self.under_way = "idle", None
        return self._start(now)

    def _send_back(self, event: Refused, now: float) -> list[Action]:
        """The active release fails on live pages: back to the one before, if there is one."""
        back = next((r for r in self.loaded[1:] if r in self.good and r not in self._refused), None)
        if back is None:
            return []
        actions = self._cancel()
        self._note_refusal(event, now)
        self.phase, self.under_way = "swapping", back
        return [*actions, Swap(back)]

    def _note_refusal(self, event: Refused, now: float) -> None:
        self.good.discard(event.release)
        again_at = 0.0
        if event.again:
            self.attempts += 1
            again_at = now + min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(self.attempts, 16))
        self._refused[event.release] = Refusal(event.reason, now, again_at)

    def _cancel(self) -> list[Action]:
        # A swap is not cancelled half-way: workers would differ. It ends, and then the next begins.
        if self.under_way is None or self.phase == "swapping":
            return []
        cancelled, self.under_way, self.phase = self.under_way, None, "idle"
        return [Cancel(cancelled)]


def decide_target(pointing: Pointing, node: str) -> str | None:
    """The release that ``node`` should serve: the canary's where it is of its cohort."""
    canary = pointing.canary
    if canary is not None and is_in_cohort(node, canary.release, canary.percent):
        return canary.release
    return pointing.release


def is_in_cohort(node: str, release: str, percent: float) -> bool:
    """Whether a canary of ``percent`` (0 to 100) of the fleet includes this node.

    Which nodes these are differs from release to release, so that none is always the first.
    """
    return decide_share(node, release) * 100 < percent


def decide_share(node: str, what: str) -> float:
    """A number from [0, 1) that is always the same for this node and thing, and evenly spread."""
    digest = hashlib.sha256(f"{node}\0{what}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
