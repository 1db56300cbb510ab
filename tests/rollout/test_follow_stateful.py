"""Whatever happens to a node, in whatever order: it has a release, a good one, and in the end the
right one. Hypothesis invents the world around `Follow`; time is passed in."""

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sos.rollout.follow import (
    KEPT,
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
    decide_share,
)

NODE = "node-7"
GOOD = ("good-1", "good-2", "good-3", "good-4", "slow-1")
REFUSED_BY_TRIAL = ("bad-1", "bad-2")
FORGED = ("forged-1",)
DAMAGED = ("damaged-1", "damaged-2")
BROKEN_LIVE = ("broken-live-1", "broken-live-2")
RELEASES = GOOD + REFUSED_BY_TRIAL + FORGED + DAMAGED + BROKEN_LIVE

CONVERGES_WITHIN = 200.0
"""Two back-offs of a minute at most, the spread, and the work itself; seconds."""

SECONDS = st.sampled_from([0.1, 0.5, 1.0, 3.0, 10.0, 30.0, 90.0])


class Job(msgspec.Struct):
    """What the node does just now, and when that will be over."""

    action: Fetch | Try | Swap
    ends_at: float


class NodeInItsWorld(RuleBasedStateMachine):
    """One node, driven as `Follower` drives it, but woken only when it asked for that."""

    @initialize(
        spread=st.sampled_from([0.0, 0.0, 20.0]),
        kept=st.lists(st.sampled_from(GOOD), unique=True, max_size=5),
    )
    def start(self, spread: float, kept: list[str]) -> None:
        self.now = 1000.0
        self.spread = spread
        self.store_is_up = self.trials_work = self.swaps_work = True
        self.damaged = dict.fromkeys(DAMAGED, 2)
        self.refused_for_good: set[str] = set()
        self.sent_back: dict[str, str] = {}
        self.begin(tuple(kept))

    def begin(self, kept: tuple[str, ...]) -> None:
        """A process starts with what lies on disk; `start` and `restart` share it."""
        self.follow = Follow(NODE, self.spread)
        self.follow.begin(kept, self.now, "placeholder", self.sent_back)
        self.job: Job | None = None
        self.cancelled: set[str] = set()
        self.passed = set(kept)
        self.shown = self.follow.active
        self.ready_at: float | None = None
        self.was_settled = False
        self.send(Tick())

    # ------------------------------------------------------------ the driver

    def send(self, event: Event) -> list[Action]:
        if isinstance(event, Pointed) and self.ready_at is None:
            was_tried = event.target in self.follow.good and event.target != self.follow.active
            self.ready_at = self.now if was_tried else None
        actions = self.follow.handle(event, self.now)
        for action in actions:
            self.check(action)
            if isinstance(action, Cancel):
                self.cancelled.add(action.release)
                self.job = None
            else:
                assert self.job is None, "a second job began before the first had ended"
                slow = isinstance(action, Fetch) and action.release.startswith("slow")
                takes = 4.0 if slow else 0.4
                self.job = Job(action, self.now + takes)
        return actions

    def check(self, action: Action) -> None:
        """What must be true of every action."""
        if isinstance(action, Cancel):
            assert self.job is None or not isinstance(self.job.action, Swap), "half a swap"
            return
        assert action.release not in self.refused_for_good, f"{action} of a refused release"
        if isinstance(action, Swap):
            assert action.release in self.passed, f"{action} of what never passed a trial here"
            new = action.release not in self.follow.loaded
            shows_good = self.shown in self.passed - self.refused_for_good
            if new and self.was_settled and shows_good and self.spread:
                assert self.ready_at is not None
                share = decide_share(NODE, action.release)
                assert self.now >= self.ready_at + share * self.spread - 1e-6, "out of its turn"

    def finish(self) -> None:
        """The job ends as the world is now; the node hears of it."""
        assert self.job is not None
        action, self.job = self.job.action, None
        event = self.decide_outcome(action)
        if isinstance(action, Try) and isinstance(event, Done):
            self.passed.add(action.release)
            if self.ready_at is None:
                self.ready_at = self.now
        if isinstance(action, Swap) and isinstance(event, Done):
            self.shown = action.release
        if isinstance(event, Refused) and not event.again:
            self.refused_for_good.add(event.release)
        self.send(event)
        if isinstance(action, Swap) and isinstance(event, Done):
            # The disk keeps what is loaded; a way back to anything else begins with a fetch.
            self.passed &= set(self.follow.loaded)

    def decide_outcome(self, action: Fetch | Try | Swap) -> Event:
        release = action.release
        if isinstance(action, Fetch):
            if not self.store_is_up:
                return Failed(release, "the store of releases is down")
            if release in FORGED:
                return Refused(release, "wrong signature")
            if self.damaged.get(release):
                self.damaged[release] -= 1
                return Refused(release, "wrong digest", again=True)
            return Done(release)
        if isinstance(action, Try):
            if not self.trials_work:
                return Failed(release, "no memory for a trial")
            return Refused(release, "bad") if release in REFUSED_BY_TRIAL else Done(release)
        return Done(release) if self.swaps_work else Failed(release, "a worker is not ready")

    def pass_time(self, seconds: float) -> None:
        """Let jobs end, and wake the node when it asked to be woken: at no other moment."""
        end = self.now + seconds
        for _ in range(500):
            wake = self.follow.wake_at()
            due = [t for t in (wake, self.job.ends_at if self.job else None) if t is not None]
            if not due or min(due) > end:
                self.now = end
                return
            self.now = max(self.now, min(due))
            if self.job and self.job.ends_at <= self.now:
                self.finish()
            else:
                self.send(Tick())
            self.note()
        raise AssertionError("the node is never at rest")

    def note(self) -> None:
        """Keep up with whether the node is where it should be: a new turn begins with that."""
        f = self.follow
        if f.target is not None and (f.target == f.active or f.target in self.refused_for_good):
            self.was_settled, self.ready_at = True, None

    # ------------------------------------------------------------ what may happen

    @rule(release=st.sampled_from(RELEASES))
    def point(self, release: str) -> None:
        swapping = self.job is not None and isinstance(self.job.action, Swap)
        loaded = release in self.follow.good & set(self.follow.loaded)
        news = release not in (self.follow.target, self.follow.active)
        actions = self.send(Pointed(release))
        if loaded and news and not swapping:
            assert actions[-1:] == [Swap(release)], (
                "a release that is loaded has to wait for nothing"
            )
        self.note()

    @rule(release=st.sampled_from(RELEASES), seconds=SECONDS)
    def release_in_peace(self, release: str, seconds: float) -> None:
        """What happens most: a release, and nothing else for a while."""
        self.point(release)
        self.pass_time(seconds)

    @rule(release=st.sampled_from(BROKEN_LIVE), seconds=SECONDS)
    def release_what_fails_on_live_pages(self, release: str, seconds: float) -> None:
        self.release_in_peace(release, 3.0)
        if self.shown == release and self.follow.phase == "watching":
            self.live_pages_fail(seconds)

    @rule()
    def point_at_nothing_usable(self) -> None:
        assert self.send(Pointed(None)) == []

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule()
    def tick_for_no_reason(self) -> None:
        self.send(Tick())
        self.note()

    @rule(up=st.booleans())
    def store_changes(self, up: bool) -> None:
        self.store_is_up = up

    @rule(work=st.booleans())
    def trials_change(self, work: bool) -> None:
        self.trials_work = work

    @rule(work=st.booleans())
    def swaps_change(self, work: bool) -> None:
        self.swaps_work = work

    @rule(release=st.sampled_from(DAMAGED), times=st.integers(0, 3))
    def damage(self, release: str, times: int) -> None:
        self.damaged[release] = times

    @precondition(lambda self: self.shown in BROKEN_LIVE and self.follow.phase == "watching")
    @rule(seconds=SECONDS)
    def live_pages_fail(self, seconds: float) -> None:
        release = self.shown
        assert release is not None
        has_way_back = self.follow.previous is not None
        self.refused_for_good.add(release)
        self.sent_back[release] = "renderings failed"
        self.send(Refused(release, "renderings failed"))
        self.note()
        self.pass_time(seconds)
        if has_way_back and self.swaps_work and seconds > 0.5:
            assert self.shown != release, "it goes on to show what fails"

    @rule(release=st.sampled_from(RELEASES))
    def hear_of_a_job_that_was_cancelled(self, release: str) -> None:
        if release in self.cancelled and not (self.job and self.job.action.release == release):
            for event in (Done(release), Failed(release, "late"), Refused(release, "late")):
                if release != self.follow.active:
                    assert self.send(event) == []

    @rule()
    def restart(self) -> None:
        """What is on disk is what was loaded; what was sent back before is remembered there."""
        kept = tuple(r for r in self.follow.loaded if r != "placeholder")
        self.refused_for_good = set(self.sent_back)
        self.begin(kept)

    # ------------------------------------------------------------ what always holds

    @invariant()
    def there_is_a_release(self) -> None:
        assert self.follow.active is not None
        assert self.follow.active == self.shown, "workers show something else than the node thinks"

    @invariant()
    def what_is_refused_is_left(self) -> None:
        """The only refused release that may be active is one on the way back from, or without a way
        back."""
        f = self.follow
        if f.active in self.refused_for_good:
            assert f.active in self.sent_back
            leaving = self.job is not None and isinstance(self.job.action, Swap)
            assert leaving or f.previous is None or f.wake_at() is not None

    @invariant()
    def loaded_releases_are_few_and_true(self) -> None:
        f = self.follow
        assert len(f.loaded) <= KEPT
        assert f.loaded[0] == f.active
        assert len(set(f.loaded)) == len(f.loaded)
        assert not f.good & self.refused_for_good
        assert f.good <= self.passed

    @invariant()
    def what_is_under_way_will_end(self) -> None:
        """There is a job, or a time to wake at, whenever the node is not where it should be."""
        f = self.follow
        if self.job:
            assert f.under_way == self.job.action.release
        elif f.target not in (None, f.active) and f.target not in self.refused_for_good:
            assert f.wake_at() is not None

    @invariant()
    def it_is_refused_only_for_good(self) -> None:
        assert self.follow.is_refused == (self.follow.target in self.refused_for_good)

    @rule(release=st.sampled_from(GOOD + DAMAGED))
    def heal(self, release: str) -> None:
        """Faults stop: within minutes the node serves what it should."""
        self.store_is_up = self.trials_work = self.swaps_work = True
        self.send(Pointed(release))
        self.pass_time(CONVERGES_WITHIN)
        assert self.follow.active == self.shown == release

    def teardown(self) -> None:
        if hasattr(self, "follow"):
            self.heal("good-1")


NodeInItsWorld.TestCase.settings = settings(
    max_examples=400,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
TestNodeInItsWorld = NodeInItsWorld.TestCase
