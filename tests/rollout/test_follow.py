"""`Follow` step by step: what each event leads to. What holds whatever happens is shown by
test_follow_stateful."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.rollout.follow import (
    FIRST_RETRY,
    KEPT,
    LONGEST_RETRY,
    REMEMBERED,
    WATCH_SECONDS,
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
    decide_target,
    is_in_cohort,
)
from sos.rollout.pointer import Canary, Pointing

T0 = 100.0


def begin(*kept: str, spread: float = 0.0) -> Follow:
    """A node that kept these releases, the active one first."""
    follow = Follow("node-1", spread)
    follow.begin(kept, T0)
    return follow


def tell(follow: Follow, *events: Event, now: float = T0) -> list[Action]:
    """Send events; what the last one led to."""
    actions: list[Action] = []
    for event in events:
        actions = follow.handle(event, now)
    return actions


def serve(follow: Follow, *releases: str, now: float = T0) -> None:
    """Let the node follow to each release, without any trouble."""
    for release in releases:
        actions = tell(follow, Pointed(release), now=now)
        while actions:
            assert len(actions) == 1
            actions = tell(follow, Done(actions[0].release), now=now)
        assert follow.active == release


# ---------------------------------------------------------------- the way of a release


def test_release_is_fetched_then_tried_then_swapped_then_watched() -> None:
    """Each step begins when the one before is done, and none is left out."""
    follow = begin("a")
    assert tell(follow, Pointed("b")) == [Fetch("b")]
    assert follow.phase == "fetching"
    assert tell(follow, Done("b")) == [Try("b")]
    assert follow.phase == "trying"
    assert tell(follow, Done("b")) == [Swap("b")]
    assert (follow.phase, follow.active) == ("swapping", "a")
    assert tell(follow, Done("b")) == []
    assert (follow.phase, follow.active, follow.previous) == ("watching", "b", "a")
    assert follow.wake_at() == T0 + WATCH_SECONDS
    tell(follow, Tick(), now=T0 + WATCH_SECONDS)
    assert (follow.phase, follow.wake_at()) == ("idle", None)


def test_pointer_that_names_the_active_release_leads_to_nothing() -> None:
    """A return of the pointer's read is not a change."""
    follow = begin("a")
    assert tell(follow, Pointed("a"), Pointed("a"), Tick()) == []
    assert (follow.phase, follow.changed_at) == ("idle", T0)


def test_pointer_that_names_no_release_changes_nothing() -> None:
    """What was wanted before still is."""
    follow = begin("a")
    tell(follow, Pointed("b"))
    assert tell(follow, Pointed(None)) == []
    assert (follow.target, follow.under_way) == ("b", "b")


def test_node_begins_with_what_it_kept() -> None:
    """The first is active, the others are a swap away."""
    follow = begin("a", "b", "c", "d")
    assert (follow.active, follow.loaded, follow.previous) == ("a", ("a", "b", "c"), "b")
    assert tell(follow, Pointed("b")) == [Swap("b")]


def test_fourth_release_kept_on_disk_is_looked_at_before_it_is_believed() -> None:
    """What is not loaded was not kept on purpose."""
    assert tell(begin("a", "b", "c", "d"), Pointed("d")) == [Fetch("d")]


def test_node_without_any_release_shows_the_placeholder_and_does_not_go_back_to_it() -> None:
    """The theme that comes with sos is no release that could be swapped to."""
    follow = Follow("node-1")
    follow.begin((), T0, placeholder="built-in")
    assert follow.active == "built-in"
    assert follow.shows_nothing_good
    serve(follow, "a")
    assert follow.previous is None
    assert not follow.shows_nothing_good
    assert tell(follow, Refused("a", "renderings failed")) == []
    assert (follow.active, follow.phase) == ("a", "idle")


def test_only_as_many_releases_stay_loaded_as_are_kept() -> None:
    """Who comes back to an older one fetches it anew: the disk has forgotten it as well."""
    follow = begin("a")
    serve(follow, "b", "c", "d")
    assert follow.loaded == ("d", "c", "b")
    assert len(follow.loaded) == KEPT
    assert tell(follow, Pointed("a")) == [Fetch("a")]


def test_rollback_to_a_loaded_release_is_one_swap_without_a_wait() -> None:
    """Neither fetched nor tried, and whatever the spread is."""
    follow = begin("a", spread=300.0)
    tell(follow, Pointed("a"))
    assert tell(follow, Pointed("b"), Done("b"), Done("b")) == []
    assert tell(follow, Tick(), now=follow.retry_at) == [Swap("b")]
    tell(follow, Done("b"), now=follow.retry_at)
    assert tell(follow, Pointed("a"), now=follow.retry_at + 1) == [Swap("a")]


# ---------------------------------------------------------------- newer pointers


@pytest.mark.parametrize("steps", [0, 1])
def test_newer_pointer_cancels_what_is_under_way(steps: int) -> None:
    """Fetches and trials of what nobody wants any more are stopped at once."""
    follow = begin("a")
    tell(follow, Pointed("b"), *[Done("b")] * steps)
    assert tell(follow, Pointed("c")) == [Cancel("b"), Fetch("c")]
    assert tell(follow, Done("b"), Failed("b", ""), Refused("b", "")) == []
    assert (follow.phase, follow.under_way) == ("fetching", "c")


def test_newer_pointer_ends_the_wait_for_a_turn() -> None:
    """A release that waits can be called back before anybody has seen it."""
    follow = begin("a", spread=300.0)
    tell(follow, Pointed("a"), Pointed("b"), Done("b"), Done("b"))
    assert follow.phase == "waiting"
    assert tell(follow, Pointed("a")) == [Cancel("b")]
    assert (follow.phase, follow.wake_at()) == ("idle", None)


def test_swap_is_not_cancelled_half_way_and_the_next_begins_when_it_ends() -> None:
    """Workers would differ; and two jobs at once would leave nobody knowing what is shown."""
    follow = begin("a")
    tell(follow, Pointed("b"), Done("b"), Done("b"))
    assert tell(follow, Pointed("c")) == []
    assert (follow.phase, follow.under_way) == ("swapping", "b")
    assert tell(follow, Done("b")) == [Fetch("c")]
    assert follow.active == "b"


def test_back_and_forth_during_a_swap_ends_where_the_pointer_is() -> None:
    """The swap that was under way is undone."""
    follow = begin("a")
    tell(follow, Pointed("b"), Done("b"), Done("b"))
    assert tell(follow, Pointed("a")) == []
    assert tell(follow, Done("b")) == [Swap("a")]
    tell(follow, Done("a"))
    assert follow.active == "a"


def test_new_pointer_is_followed_at_once_after_failures_of_another() -> None:
    """The pause between attempts belongs to a release, not to the node."""
    follow = begin("a")
    for _ in range(6):
        tell(follow, Pointed("b"), Tick(), Failed("b", "down"), now=follow.retry_at + 1)
    assert (follow.attempts, follow.under_way) == (6, None)
    assert tell(follow, Pointed("c"), now=follow.retry_at - 0.1) == [Fetch("c")]
    assert (follow.attempts, follow.failure) == (0, "")


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_failed_step_is_tried_again_after_a_pause(steps: int) -> None:
    """A store that is down, a trial that can't start, a worker that is not ready: patience."""
    follow = begin("a")
    tell(follow, Pointed("b"), *[Done("b")] * steps)
    assert tell(follow, Failed("b", "the store is down")) == []
    assert (follow.active, follow.failure, follow.phase) == ("a", "the store is down", "idle")
    wake = follow.wake_at()
    assert wake is not None
    assert T0 + FIRST_RETRY / 2 <= wake <= T0 + FIRST_RETRY
    assert tell(follow, Tick(), now=wake - 0.01) == []
    assert tell(follow, Tick(), now=wake) == [Fetch("b")]


def test_pauses_grow_to_their_bound_and_differ_by_node() -> None:
    """A fleet that lost its store must not come back to it all at once."""
    pauses: dict[str, list[float]] = {}
    for name in ("node-1", "node-2"):
        follow, now = Follow(name), T0
        follow.begin(("a",), now)
        tell(follow, Pointed("b"), now=now)
        for attempt in range(12):
            tell(follow, Failed("b", "down"), now=now)
            bound = min(LONGEST_RETRY, FIRST_RETRY * 2**attempt)
            pause = follow.retry_at - now
            assert bound / 2 <= pause <= bound
            pauses.setdefault(name, []).append(pause)
            now = follow.retry_at
            tell(follow, Tick(), now=now)
    assert pauses["node-1"] != pauses["node-2"]


def test_failures_are_forgotten_once_the_release_is_live() -> None:
    """What is shown of a node is what is wrong with it now."""
    follow = begin("a")
    tell(follow, Pointed("b"), Failed("b", "the store is down"))
    tell(follow, Tick(), Done("b"), Done("b"), Done("b"), now=T0 + 1)
    assert (follow.active, follow.failure, follow.attempts) == ("b", "", 0)


def test_swap_to_a_loaded_release_that_fails_twice_looks_at_the_disk_again() -> None:
    """A rollback must not fail for ever on a file that was lost."""
    follow = begin("a", "b")
    tell(follow, Pointed("b"), Failed("b", "a worker is not ready"))
    assert tell(follow, Tick(), now=T0 + 1) == [Swap("b")]
    tell(follow, Failed("b", "no such file"), now=T0 + 1)
    assert tell(follow, Tick(), now=T0 + 10) == [Fetch("b")]


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_refused_release_leaves_everything_as_it_was(steps: int) -> None:
    """Refused by its digest, by its trial, or by a worker that can't load it."""
    follow = begin("a")
    tell(follow, Pointed("b"), *[Done("b")] * steps)
    assert tell(follow, Refused("b", "line 3: no such filter")) == []
    assert (follow.active, follow.phase, follow.wake_at()) == ("a", "idle", None)
    assert follow.refused["b"].reason == "line 3: no such filter"
    assert follow.is_refused


def test_refused_release_is_never_looked_at_again() -> None:
    """Not by time, and not when the pointer comes back to it."""
    follow = begin("a")
    tell(follow, Pointed("b"), Refused("b", "bad"))
    assert tell(follow, Tick(), now=T0 + 9999) == []
    serve(follow, "c")
    assert tell(follow, Pointed("b")) == []
    assert follow.is_refused


def test_release_after_a_refused_one_is_followed() -> None:
    """The fix of a bad release needs nobody's help."""
    follow = begin("a")
    tell(follow, Pointed("b"), Done("b"), Refused("b", "bad"))
    assert tell(follow, Pointed("c")) == [Fetch("c")]
    assert not follow.is_refused


def test_damaged_release_is_fetched_again_and_shown_as_refused_until_it_comes_whole() -> None:
    """Bytes that were damaged on the way are not the release's fault; a node that keeps getting
    them is not where it should be, and says why."""
    follow = begin("a")
    tell(follow, Pointed("b"), Refused("b", "wrong digest", again=True))
    assert "b" in follow.refused
    assert not follow.is_refused
    assert follow.failure == "wrong digest"
    wake = follow.wake_at()
    assert wake is not None
    assert T0 + FIRST_RETRY <= wake <= T0 + 2 * FIRST_RETRY
    assert tell(follow, Tick(), now=wake - 0.01) == []
    assert tell(follow, Tick(), now=wake) == [Fetch("b")]
    assert "b" in follow.refused
    assert tell(follow, Done("b"), now=wake) == [Try("b")]
    assert not follow.refused


def test_release_damaged_again_and_again_is_asked_for_more_and_more_seldom() -> None:
    """As a store that is down."""
    follow, now = begin("a"), T0
    tell(follow, Pointed("b"))
    for attempt in range(12):
        tell(follow, Refused("b", "wrong digest", again=True), now=now)
        wake = follow.wake_at()
        assert wake is not None
        bound = min(LONGEST_RETRY, 2 * FIRST_RETRY * 2**attempt)
        assert bound / 2 <= wake - now <= bound
        now = wake
        assert tell(follow, Tick(), now=now) == [Fetch("b")]


def test_damaged_release_that_is_pointed_to_again_waits_for_its_time() -> None:
    """Back and forth is no way to hammer a store."""
    follow = begin("a")
    tell(follow, Pointed("b"), Refused("b", "wrong digest", again=True))
    assert tell(follow, Pointed("a"), Pointed("b")) == []
    assert tell(follow, Tick(), now=T0 + 2) == [Fetch("b")]


def test_refusals_are_remembered_in_order_and_not_without_bound() -> None:
    """The last of them is the latest."""
    follow = begin("a")
    for n in range(REMEMBERED + 5):
        tell(follow, Pointed(f"bad-{n}"), Refused(f"bad-{n}", "bad"))
    assert len(follow.refused) == REMEMBERED
    assert list(follow.refused)[-1] == f"bad-{REMEMBERED + 4}"
    assert "bad-0" not in follow.refused


def test_release_that_is_refused_once_more_is_the_latest_again() -> None:
    """Damaged on the way the first time, bad in itself the second."""
    follow = begin("a")
    tell(follow, Pointed("b"), Refused("b", "wrong digest", again=True))
    tell(follow, Pointed("c"), Refused("c", "bad"))
    tell(follow, Pointed("b"), Tick(), Refused("b", "wrong digest", again=True), now=T0 + 5)
    assert list(follow.refused) == ["c", "b"]


def test_active_release_is_refused_for_good_whatever_is_said() -> None:
    """It came whole once; to fetch it again would change nothing."""
    follow = begin("a")
    serve(follow, "b")
    tell(follow, Refused("b", "renderings failed", again=True), Done("a"))
    assert follow.is_refused
    assert tell(follow, Tick(), now=T0 + 9999) == []


# ---------------------------------------------------------------- sent back


def test_release_that_fails_on_live_pages_is_sent_back_at_once() -> None:
    """Back is one swap, and the release counts as refused from then on."""
    follow = begin("a")
    serve(follow, "b")
    assert tell(follow, Refused("b", "9 of 10 renderings failed")) == [Swap("a")]
    tell(follow, Done("a"))
    assert (follow.active, follow.target, follow.previous) == ("a", "b", None)
    assert follow.is_refused
    assert tell(follow, Tick(), now=T0 + 9999) == []


def test_way_back_goes_past_releases_that_were_refused() -> None:
    """Never from one bad release to another."""
    follow = begin("a")
    serve(follow, "b")
    tell(follow, Refused("b", "bad"), Done("a"))
    serve(follow, "c")
    assert follow.loaded == ("c", "a", "b")
    tell(follow, Refused("c", "bad"))
    assert follow.under_way == "a"


def test_way_back_that_fails_is_tried_again_with_each_release_that_is_loaded() -> None:
    """One of them may be lost from the disk; the bad one must not stay for that."""
    follow = begin("a", "b")
    serve(follow, "c")
    assert tell(follow, Refused("c", "bad")) == [Swap("a")]
    assert tell(follow, Failed("a", "no such file")) == []
    assert tell(follow, Tick(), now=T0 + 1) == [Swap("b")]
    tell(follow, Failed("b", "a worker is not ready"), now=T0 + 1)
    assert tell(follow, Tick(), now=T0 + 10) == [Swap("a")]


def test_release_without_a_way_back_stays_and_is_not_sent_back_twice() -> None:
    """Something is better than nothing; the next release takes its place."""
    follow = begin("a")
    tell(follow, Pointed("a"))
    assert tell(follow, Refused("a", "bad")) == []
    assert (follow.active, follow.phase) == ("a", "idle")
    assert follow.shows_nothing_good
    serve(follow, "b")
    assert follow.previous is None
    assert not follow.shows_nothing_good


def test_sent_back_in_favour_of_a_newer_release_that_is_loaded_goes_forward() -> None:
    """The pointer has moved on: no way round."""
    follow = begin("a", "b")
    serve(follow, "c")
    tell(follow, Pointed("b"))
    assert follow.under_way == "b"
    assert tell(follow, Refused("c", "bad")) == []
    tell(follow, Done("b"))
    assert follow.active == "b"


def test_way_back_leads_to_the_target_where_workers_have_that() -> None:
    """Even after an attempt that failed."""
    follow = begin("a", "b")
    serve(follow, "c")
    tell(follow, Pointed("b"), Failed("b", "a worker is not ready"))
    assert tell(follow, Refused("c", "bad")) == [Swap("b")]


def test_sent_back_while_the_next_release_is_on_its_way_goes_back_first() -> None:
    """To fetch and try may take long; visitors see errors meanwhile."""
    follow = begin("a")
    serve(follow, "b")
    tell(follow, Pointed("c"))
    assert tell(follow, Refused("b", "bad")) == [Cancel("c"), Swap("a")]
    assert tell(follow, Done("a")) == [Fetch("c")]


def test_way_back_does_not_wait_for_a_store_that_is_down() -> None:
    """The pause between attempts to have the next release is not one of those who see errors."""
    follow = begin("a", "b")
    serve(follow, "c")
    tell(follow, Pointed("d"), Failed("d", "the store is down"))
    assert tell(follow, Refused("c", "bad")) == [Swap("a")]
    assert tell(follow, Refused("c", "bad"), Refused("c", "bad")) == []
    tell(follow, Failed("a", "a worker is not ready"))
    assert tell(follow, Refused("c", "bad")) == [], "saying it again is no reason to hurry"


def test_release_goes_on_being_watched_after_another_one_failed_to_come() -> None:
    """A refused release must not end the watch over the one before."""
    follow = begin("a")
    serve(follow, "b")
    tell(follow, Pointed("c"), Refused("c", "bad"), now=T0 + 10)
    assert (follow.phase, follow.wake_at()) == ("watching", T0 + WATCH_SECONDS)


def test_release_that_was_sent_back_before_a_restart_is_not_taken_again() -> None:
    """It lies on the disk, and a trial finds nothing wrong with it."""
    follow = Follow("node-1")
    follow.begin(("a", "b"), T0, refused={"b": "renderings failed"})
    assert tell(follow, Pointed("b")) == []
    assert (follow.active, follow.is_refused, follow.previous) == ("a", True, None)


# ---------------------------------------------------------------- spread


def test_node_waits_for_its_share_of_the_spread() -> None:
    """From when it could have swapped."""
    follow = begin("a", spread=100.0)
    tell(follow, Pointed("a"))
    tell(follow, Pointed("b"), now=T0 + 10)
    tell(follow, Done("b"), Done("b"), now=T0 + 15)
    turn = T0 + 15 + 100 * decide_share("node-1", "b")
    assert (follow.phase, follow.wake_at()) == ("waiting", turn)
    assert tell(follow, Tick(), now=turn - 0.01) == []
    assert tell(follow, Tick(), now=turn) == [Swap("b")]


def test_node_that_has_just_started_does_not_wait() -> None:
    """It is not in service, so nobody is spared by its waiting."""
    follow = begin("a", spread=100.0)
    assert tell(follow, Tick(), Pointed("b"), Done("b"), Done("b")) == [Swap("b")]


def test_node_that_shows_nothing_good_does_not_wait() -> None:
    """The theme that comes with sos, or a release that fails: every second counts."""
    bare = Follow("node-1", spread=100.0)
    bare.begin((), T0, placeholder="built-in")
    tell(bare, Pointed("b"), Refused("b", "bad"))
    assert tell(bare, Pointed("c"), Done("c"), Done("c")) == [Swap("c")]
    failing = begin("a", spread=100.0)
    tell(failing, Pointed("a"), Refused("a", "renderings failed"))
    assert tell(failing, Pointed("b"), Done("b"), Done("b")) == [Swap("b")]


def test_each_swap_is_followed_by_a_turn_of_its_own() -> None:
    """Also where the pointer moved on while workers were changing."""
    follow = begin("a", spread=100.0)
    tell(follow, Pointed("a"), Pointed("b"), Done("b"), Done("b"))
    turn = follow.retry_at
    tell(follow, Tick(), Pointed("c"), now=turn)
    assert tell(follow, Done("b"), now=turn) == [Fetch("c")]
    tell(follow, Done("c"), Done("c"), now=turn)
    assert (follow.phase, follow.retry_at) == (
        "waiting",
        turn + 100 * decide_share("node-1", "c"),
    )


def test_tried_release_that_nobody_saw_yet_still_waits_when_the_pointer_comes_back_to_it() -> None:
    """Back and forth is no way round the spread."""
    follow = begin("a", spread=100.0)
    tell(follow, Pointed("a"), Pointed("b"), Done("b"), Done("b"), Pointed("a"))
    assert tell(follow, Pointed("b"), now=T0 + 50) == []
    assert (follow.phase, follow.under_way) == ("waiting", "b")
    assert follow.retry_at == T0 + 50 + 100 * decide_share("node-1", "b")


def test_releases_faster_than_the_spread_don_t_starve_a_node() -> None:
    """Its time runs on from the first release that it could have swapped to."""
    follow = begin("a", spread=100.0)
    tell(follow, Pointed("a"))
    swaps = []
    for n in range(60):
        began = T0 + 10 * n
        tell(follow, Pointed(f"r{n}"), Done(f"r{n}"), Done(f"r{n}"), now=began)
        for second in range(10):
            tell(follow, Tick(), now=began + second)
            if follow.phase == "swapping":
                tell(follow, Done(f"r{n}"), now=began + second)
                swaps.append(began + second)
    pauses = [after - before for before, after in pairwise([T0, *swaps])]
    assert max(pauses) <= 100 + 10
    assert len(swaps) < 60


def test_swap_that_failed_in_its_turn_does_not_wait_for_another() -> None:
    """The turn is not lost."""
    follow = begin("a", spread=100.0)
    tell(follow, Pointed("a"), Pointed("b"), Done("b"), Done("b"))
    turn = follow.retry_at
    tell(follow, Tick(), Failed("b", "a worker is not ready"), now=turn)
    again = follow.retry_at
    assert tell(follow, Tick(), now=again) == [Fetch("b")]
    tell(follow, Done("b"), now=again)
    assert tell(follow, Done("b"), now=again) == [Swap("b")]


# ---------------------------------------------------------------- patience


def test_patience_begins_when_the_pointer_changes() -> None:
    """For a node that was where it should be."""
    follow = begin("a")
    tell(follow, Pointed("a"), now=T0 + 5)
    tell(follow, Pointed("b"), now=T0 + 50)
    assert follow.changed_at == T0 + 50


def test_node_that_is_late_already_gets_no_new_patience_by_newer_releases() -> None:
    """Or a node that can't fetch anything would never be late in a fleet that releases often."""
    follow = begin("a")
    tell(follow, Pointed("a"), Pointed("b"))
    for n in range(10):
        tell(follow, Pointed(f"c{n}"), now=T0 + 30 * (n + 1))
    assert follow.changed_at == T0


def test_patience_begins_anew_when_the_node_has_caught_up_or_refused() -> None:
    """What it shows then is what it should."""
    follow = begin("a")
    tell(follow, Pointed("a"), Pointed("b"), Failed("b", "the store is down"))
    serve(follow, "c", now=T0 + 40)
    tell(follow, Pointed("d"), now=T0 + 50)
    assert follow.changed_at == T0 + 50
    tell(follow, Refused("d", "bad"), now=T0 + 60)
    tell(follow, Pointed("e"), now=T0 + 70)
    assert follow.changed_at == T0 + 70


def test_patience_begins_anew_when_the_release_has_come_after_all() -> None:
    """After a long outage of the store, all that a node lacks is time: for the trial, and for its
    turn in the spread. But only once."""
    follow = begin("a", spread=100.0)
    tell(follow, Pointed("a"), Pointed("b"), Failed("b", "the store is down"))
    assert follow.changed_at == T0
    tell(follow, Tick(), Done("b"), now=T0 + 500)
    assert (follow.phase, follow.changed_at) == ("trying", T0 + 500)
    tell(follow, Failed("b", "no memory for a trial"), now=T0 + 501)
    tell(follow, Tick(), Done("b"), Done("b"), now=T0 + 520)
    assert (follow.phase, follow.changed_at) == ("waiting", T0 + 500)
    tell(follow, Pointed("c"), Done("c"), Done("c"), now=T0 + 530)
    assert follow.changed_at == T0 + 500


# ---------------------------------------------------------------- cohorts and shares


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_share_is_stable_and_below_one(node: str, what: str) -> None:
    """The same for every process that computes it."""
    assert decide_share(node, what) == decide_share(node, what)
    assert 0 <= decide_share(node, what) < 1


def test_shares_are_evenly_spread_over_a_fleet_and_differ_by_release() -> None:
    """Or a spread would not spread, and the same node would always be the first."""
    nodes = [f"node-{n}" for n in range(1000)]
    shares = sorted(decide_share(n, "r1") for n in nodes)
    assert all(abs(share - n / 1000) < 0.06 for n, share in enumerate(shares))
    first = {r: min(nodes, key=lambda n: decide_share(n, r)) for r in ("r1", "r2", "r3", "r4")}
    assert len(set(first.values())) > 1


@pytest.mark.parametrize("percent", [1, 5, 50])
def test_canary_reaches_its_percentage_of_the_fleet(percent: float) -> None:
    """About, in a fleet of a thousand."""
    chosen = sum(is_in_cohort(f"node-{n}", "r1", percent) for n in range(1000))
    assert abs(chosen - 10 * percent) < 40


def test_canary_of_a_hundred_percent_is_everybody_and_grows_without_changing_sides() -> None:
    """A node that had the canary keeps it when the percentage is raised."""
    nodes = [f"node-{n}" for n in range(200)]
    assert all(is_in_cohort(n, "r1", 100) for n in nodes)
    assert {n for n in nodes if is_in_cohort(n, "r1", 5)} < {
        n for n in nodes if is_in_cohort(n, "r1", 20)
    }


def test_target_is_the_canary_s_release_in_its_cohort_alone() -> None:
    """Everybody else serves what is live; nobody serves anything when the pointer has a problem."""
    live = Pointing(index=1, release="r1", canary=Canary("r2", 30.0))
    for n in range(100):
        expected = "r2" if is_in_cohort(f"node-{n}", "r2", 30.0) else "r1"
        assert decide_target(live, f"node-{n}") == expected
    assert decide_target(Pointing(index=1, problem="invalid"), "node-1") is None
