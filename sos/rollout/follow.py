"""How one node follows the pointer, as a pure state machine: events in, actions out.

    pointer names a release ──> fetch ──> try ──> wait ──> load ──> swap ──> watch
                                  │        │                 │               │
                                  └────────┴── refused ──────┴───────────────┘

It does no I/O and reads no clock: the driver (`follower`) does what an action says and comes back
with an event. Two things hold whatever happens: once there was an active release there always is
one, and a refused release never becomes active.
"""

import hashlib
import math
from collections.abc import Mapping
from typing import Literal

import msgspec

from sos.rollout.pointer import Pointing

KEPT = 3
"""Releases that stay loaded in every worker, the active one included: a rollback is a swap."""

WATCH_SECONDS = 60.0
"""How long after a swap the release is compared with the one before."""

FIRST_RETRY, LONGEST_RETRY = 0.5, 10.0
"""Bounds of the back-off between attempts to have a release, seconds. The longest is how far nodes
of a fleet come apart when a store that was down is back."""

REMEMBERED = 100
"""Refusals that a node remembers; the store of releases forgets long before."""

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
    those in its workers, the active one first. ``changed_at`` is when the patience of others began:
    at the change of the pointer that found the node where it should be (one that was late already
    gets no more by a newer release), and once again when it has got hold of a release after all.

    After a `Cancel` the driver says nothing more of that job. Of every other action it says how it
    ended; a swap is never cancelled, and there is never more than one job.
    """

    def __init__(self, node: str, spread: float = 0.0) -> None:
        self.node = node
        self.spread = spread
        self.active: str | None = None
        self.loaded: tuple[str, ...] = ()
        self.good: set[str] = set()
        self.target: str | None = None
        self.phase: Phase = "idle"
        self.under_way: str | None = None
        self.changed_at = 0.0
        self.watched_until = 0.0
        self.attempts = 0
        self.retry_at = 0.0
        self.failure = ""
        self._refused: dict[str, Refusal] = {}
        self._starting = True
        self._has_fetched = False
        self._ready_at: float | None = None

    @property
    def refused(self) -> Mapping[str, Refusal]:
        """Releases that were refused here, the latest last; at most `REMEMBERED`."""
        return self._refused

    @property
    def is_refused(self) -> bool:
        """Whether the target was refused here for good: the node is where it should be."""
        refusal = self._refused.get(self.target or "")
        return refusal is not None and not refusal.again_at

    @property
    def shows_nothing_good(self) -> bool:
        """Whether the active release is a placeholder, or was refused and there is no way back.

        Where the pointer is no help either, another node may be.
        """
        return self.active not in self.good and not self._find_ways_back()

    @property
    def previous(self) -> str | None:
        """The release to which this node would go back, if the active one fails on live pages."""
        return next(iter(self._find_ways_back()), None)

    def begin(
        self,
        kept: tuple[str, ...],
        now: float,
        placeholder: str | None = None,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        """Start with what the node kept on disk; the first of them is active.

        Without any, ``placeholder`` is: what workers show that have no release. No way leads back
        to it. ``refused`` are releases that were sent back before, with the reason; they may be
        among ``kept``.
        """
        self._refused = {name: Refusal(reason, now) for name, reason in (refused or {}).items()}
        self.loaded = kept[:KEPT] or ((placeholder,) if placeholder else ())
        self.good = set(kept[:KEPT]) - set(self._refused)
        self.active = next(iter(self.loaded), None)
        self.changed_at = now

    def wake_at(self) -> float | None:
        """When the next `Tick` matters; None when only an event can bring something new."""
        times = []
        if self.phase == "waiting" or (
            self.under_way is None and self._decide_next(-math.inf) is not None
        ):
            times.append(self.retry_at)
        refusal = self._refused.get(self.target or "")
        if refusal and refusal.again_at and self.under_way is None:
            times.append(max(refusal.again_at, self.retry_at))
        if self.phase == "watching":
            times.append(self.watched_until)
        return min(times, default=None)

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take one event; what to do about it, in order."""
        if isinstance(event, Pointed):
            self._point(event.target, now)
        elif isinstance(event, Refused) and event.release == self.active:
            self._send_back(event, now)
        elif not isinstance(event, Tick) and self._is_job_of(event.release):
            if isinstance(event, Refused):
                self._refuse(event, now)
                self.under_way = None
            elif isinstance(event, Failed):
                self._fail(event, now)
                self.under_way = None
            else:
                return [*self._advance(event.release, now), *self._proceed(now)]
        return self._proceed(now)

    # ------------------------------------------------------------ what events mean

    def _point(self, target: str | None, now: float) -> None:
        if target is None or target == self.target:
            return
        if self._is_settled():
            self.changed_at = now
        self.target = target
        self.attempts, self.failure, self.retry_at = 0, "", now

    def _advance(self, release: str, now: float) -> list[Action]:
        """The next step, after one that is done."""
        if self.phase == "fetching":
            self._refused.pop(release, None)  # what was damaged on the way came whole this time
            self.phase = "trying"
            if not self._has_fetched:
                self._has_fetched, self.changed_at = True, now
            return [Try(release)]
        if self.phase == "trying":
            self.good.add(release)
            return self._take_turn(release, now)
        self._activate(release, now)
        return []

    def _activate(self, release: str, now: float) -> None:
        self.active, self.under_way = release, None
        self.loaded = (release, *(r for r in self.loaded if r != release))[:KEPT]
        # The disk keeps no others: to come back to one of those is to fetch it again.
        self.good &= set(self.loaded)
        self.watched_until = now + WATCH_SECONDS
        self.attempts, self.failure, self.retry_at = 0, "", now
        self._has_fetched, self._ready_at = False, None

    def _fail(self, event: Failed, now: float) -> None:
        self.attempts += 1
        self.failure = event.reason
        self.retry_at = now + self._back_off(event.release, FIRST_RETRY)
        lost = event.release not in self.loaded or self.attempts > 1
        if self.phase == "swapping" and event.release == self.target and lost:
            self.good.discard(event.release)  # what lies on disk may be at fault: look at it again

    def _refuse(self, event: Refused, now: float) -> None:
        self.good.discard(event.release)
        again_at = 0.0
        if event.again:
            self.attempts += 1
            self.failure = event.reason
            again_at = now + self._back_off(event.release, 2 * FIRST_RETRY)
        self._refused.pop(event.release, None)
        self._refused[event.release] = Refusal(event.reason, now, again_at)
        if len(self._refused) > REMEMBERED:
            del self._refused[next(iter(self._refused))]

    def _send_back(self, event: Refused, now: float) -> None:
        """The active release fails on live pages. It came whole once: that is for good."""
        if event.release not in self._refused:
            self._refuse(msgspec.structs.replace(event, again=False), now)
            # The way back does not wait for whatever the next release was waiting for.
            self.attempts, self.retry_at, self.watched_until = 0, now, now

    # ------------------------------------------------------------ what follows from the state

    def _proceed(self, now: float) -> list[Action]:
        """Take the next step towards what should be active, unless one is being taken."""
        if self._is_settled():
            self._has_fetched, self._ready_at = False, None
            self._starting = self._starting and self.target is None
        if self.under_way is not None and self.phase == "swapping":
            # It is not stopped half-way: workers would differ. It ends, and then the next begins.
            return []
        wanted = self._decide_next(now)
        actions: list[Action] = []
        if self.under_way is not None and self.under_way != wanted:
            actions.append(Cancel(self.under_way))
            self.under_way = None
        if self.under_way is None and wanted is not None and now >= self.retry_at:
            actions += self._start(wanted, now)
        elif self.under_way is not None and self.phase == "waiting" and now >= self.retry_at:
            actions += self._swap(self.under_way)
        if self.under_way is None:
            self.phase = "watching" if now < self.watched_until else "idle"
        return actions

    def _decide_next(self, now: float) -> str | None:
        """The release to change to; None when the active one is to stay."""
        refusal = self._refused.get(self.target or "")
        usable = refusal is None or 0 < refusal.again_at <= now
        target = self.target if usable else None
        if self.active in self._refused and target not in self.loaded:
            # Back at once, to any that workers have; what has to be fetched first comes later.
            ways = self._find_ways_back()
            if ways:
                return ways[self.attempts % len(ways)]
        return target if target != self.active else None

    def _find_ways_back(self) -> list[str]:
        return [r for r in self.loaded[1:] if r in self.good]

    def _start(self, release: str, now: float) -> list[Action]:
        self.under_way = release
        if release not in self.good:
            self.phase = "fetching"
            return [Fetch(release)]
        return self._swap(release) if release in self.loaded else self._take_turn(release, now)

    def _take_turn(self, release: str, now: float) -> list[Action]:
        """Swap now, or once it is this node's turn.

        The time runs from the first release that could have been swapped to: where releases come
        faster than the spread, every node still follows, each with the latest.
        """
        if self._ready_at is None:
            self._ready_at = now
        turn = self._ready_at + decide_share(self.node, release) * self.spread
        # A node that has just begun has nobody to spare; one that shows nothing good has no time.
        if self._starting or self.active not in self.good or now >= turn:
            return self._swap(release)
        self.phase, self.retry_at = "waiting", turn
        return []

    def _swap(self, release: str) -> list[Action]:
        self.phase = "swapping"
        return [Swap(release)]

    def _is_settled(self) -> bool:
        """Whether the node serves what it should, or can't for a reason that is the release's."""
        return self.target in (None, self.active) or self.is_refused

    def _is_job_of(self, release: str) -> bool:
        return release == self.under_way and self.phase != "waiting"

    def _back_off(self, release: str, first: float) -> float:
        """Seconds until the next attempt: each longer than the one before, different by node."""
        bound = min(LONGEST_RETRY, first * 2.0 ** min(self.attempts - 1, 16))
        return bound * (0.5 + 0.5 * decide_share(self.node, f"{release} {self.attempts}"))


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
