"""What a fleet's reports say about one release: who follows, who refuses, when to go back."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from sos.rollout.acknowledge import (
    ERROR_SECONDS,
    REFUSAL_SECONDS,
    Acknowledgement,
    View,
    decide_revert,
    widen_canary,
)
from sos.rollout.follow import is_in_cohort
from sos.rollout.pointer import Canary, Pointing
from sos.rollout.ports import NodeReport

from tests.rollout.steering import A, B, C

LIVE = Pointing(index=1, release=B)


def node(name: str, release: str | None = B, **changes: Any) -> NodeReport:
    report = NodeReport(
        node=name, private="127.0.0.1:1", state="current", release=release, target=B
    )
    return msgspec.structs.replace(report, **changes)


def refusing(name: str) -> NodeReport:
    return node(name, A, state="refused", refused=B, refusal="index.html:1: broken")


def look(*reports: NodeReport, after: float = 10.0) -> View:
    """What is known at once, and again ``after`` seconds later."""
    known = Acknowledgement(B, 0.0)
    known.look(reports, LIVE, 0.0)
    return known.look(reports, LIVE, after)


def test_complete_when_every_node_serves_it() -> None:
    """And not before; workers that differ are no acknowledgement."""
    assert look(node("a"), node("b")).is_complete
    assert not look(node("a"), node("b", A)).is_complete
    assert not look(node("a"), node("b", None)).is_complete
    assert not look().is_complete


def test_draining_node_is_not_waited_for() -> None:
    """It leaves with what it has."""
    assert look(node("a"), node("b", A, state="draining")).is_complete


def test_node_of_another_canary_is_not_waited_for() -> None:
    """Its cohort keeps what it was given."""
    pointing = Pointing(index=1, release=B, canary=Canary(C, 100))
    view = Acknowledgement(B, 0.0).look([node("a", C)], pointing, 1.0)
    assert view.nodes[0].standing == "other"
    assert not view.is_complete


def test_seconds_are_those_of_the_first_time_it_was_served() -> None:
    """Later looks change nothing; a node that fell back has none."""
    known = Acknowledgement(B, 100.0)
    known.look([node("a", A)], LIVE, 101.0)
    known.look([node("a")], LIVE, 102.5)
    assert known.look([node("a")], LIVE, 109.0).nodes[0].seconds == 2.5
    assert known.look([node("a", A)], LIVE, 110.0).nodes[0].seconds is None


def test_refusal_counts_once_it_lasts() -> None:
    """Bytes that were damaged on the way are fetched again meanwhile."""
    known = Acknowledgement(B, 0.0)
    assert not known.look([refusing("a")], LIVE, 0.0).refusals
    assert not known.look([refusing("a")], LIVE, REFUSAL_SECONDS - 0.1).refusals
    assert known.look([refusing("a")], LIVE, REFUSAL_SECONDS).refusals


def test_refusal_that_ended_begins_anew() -> None:
    """A node that tries again has not refused for that long."""
    known = Acknowledgement(B, 0.0)
    known.look([refusing("a")], LIVE, 0.0)
    known.look([node("a", A, phase="fetching")], LIVE, 1.0)
    assert not known.look([refusing("a")], LIVE, REFUSAL_SECONDS).refusals


def test_node_that_refused_something_else_last_still_refuses_its_target() -> None:
    """Its state says so, though the last release it refused is another."""
    view = look(node("a", A, state="refused", refused=C, refusal="of old"))
    assert view.nodes[0].standing == "refuses"


def test_one_refusal_reverts_a_small_fleet() -> None:
    """Up to ten nodes."""
    reason = decide_revert(look(refusing("a"), *(node(f"n{i}") for i in range(9))))
    assert reason == "1 of 10 nodes refuse it (a): index.html:1: broken"


def test_a_tenth_may_refuse_in_a_large_fleet() -> None:
    """More than that reverts it."""
    many = [node(f"n{i:02}") for i in range(36)]
    assert not decide_revert(look(*many, *(refusing(f"r{i}") for i in range(4))))
    reason = decide_revert(look(*many[:35], *(refusing(f"r{i}") for i in range(5))))
    assert reason.startswith("5 of 40 nodes refuse it (r0, r1, r2 and 2 more)")


def test_any_refusal_ends_a_canary() -> None:
    """However many nodes there are."""
    view = look(refusing("a"), *(node(f"n{i}") for i in range(99)))
    assert not decide_revert(view)
    assert decide_revert(view, canary=True)


def test_silent_node_is_waited_for_a_while() -> None:
    """A register that was emptied must not make one node out of three look like all."""
    known = Acknowledgement(B, 0.0, [node("a", A), node("b", A), node("c", A)])
    view = known.look([node("a")], LIVE, 1.0)
    assert view.silent == ("b", "c")
    assert not view.is_complete
    assert known.look([node("a")], LIVE, 3.5).is_complete


def errors(share: float, name: str = "a", release: str = B) -> NodeReport:
    return node(name, release, requests_per_second=100.0, errors_per_second=100.0 * share)


def test_canary_with_more_errors_than_others_is_in_trouble() -> None:
    """Once that lasts."""
    known = Acknowledgement(B, 0.0, [errors(0.0, release=A)])
    reports = [errors(0.05), errors(0.0, "b", A)]
    assert not known.look(reports, LIVE, 1.0).trouble
    view = known.look(reports, LIVE, 1.0 + ERROR_SECONDS)
    assert view.trouble == "5.0% of the answers are errors on a; 0.0% elsewhere"
    assert decide_revert(view, canary=True) == view.trouble
    assert not decide_revert(view)


def test_errors_that_others_have_too_are_not_the_canarys() -> None:
    """Nor those that its nodes had before."""
    for before, others in ((0.0, 0.05), (0.05, 0.0)):
        known = Acknowledgement(B, 0.0, [errors(before, release=A)])
        for now in range(10):
            view = known.look([errors(0.06), errors(others, "b", A)], LIVE, float(now))
            assert not view.trouble


def test_canary_that_becomes_unhealthy_is_in_trouble() -> None:
    """Its workers hang, say; not where all nodes suffer from something, or where it did before."""
    ill = node("a", healthy=False, reason="worker 1 does not answer")
    well, old = node("b", A), node("a", A)
    for before, other, trouble in (
        (old, well, "a is unhealthy: worker 1 does not answer"),
        (old, msgspec.structs.replace(well, healthy=False), ""),
        (msgspec.structs.replace(old, healthy=False), well, ""),
    ):
        known = Acknowledgement(B, 0.0, [before])
        known.look([ill, other], LIVE, 1.0)
        assert known.look([ill, other], LIVE, 1.0 + ERROR_SECONDS).trouble == trouble


def test_short_burst_of_errors_is_no_trouble() -> None:
    """It has to last three seconds without a pause."""
    known = Acknowledgement(B, 0.0)
    for now in range(20):
        share = 0.5 if now % 3 else 0.0
        assert not known.look([errors(share)], LIVE, float(now)).trouble


@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=40, unique=True),
    st.floats(0.01, 100),
)
def test_widened_canary_has_a_node_and_is_not_wider_than_it_must(
    numbers: list[int], percent: float
) -> None:
    """At least one node; nothing is changed where there is one already."""
    reports = [node(f"web-{n}") for n in numbers]
    wide = widen_canary(reports, B, percent)
    assert wide <= 100
    cohort = [r for r in reports if is_in_cohort(r.node, B, wide)]
    assert cohort
    if wide != percent:
        assert not any(is_in_cohort(r.node, B, percent) for r in reports)
        assert len([r for r in reports if is_in_cohort(r.node, B, wide - 0.02)]) == 0


def test_canary_of_an_empty_fleet_is_as_asked_for() -> None:
    """There is nobody to include; nodes that leave don't count."""
    assert widen_canary([], B, 5.0) == 5.0
    assert widen_canary([node("a", state="draining")], B, 5.0) == 5.0
