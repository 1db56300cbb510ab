"""Every row of the table of ``/health-elb``, in its order, and what no combination of facts can
lead to."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.rollout.follow import Follow, Pointed, Refused
from sos.rollout.ports import Quorum
from sos.rollout.verdict import (
    GRACE_SECONDS,
    QUORUM_PERCENT,
    SETTLE_SECONDS,
    SLOW_SECONDS,
    START_SECONDS,
    Facts,
    Verdict,
    build_facts,
    decide_verdict,
)

LATE = GRACE_SECONDS + 1
ALL, MOST, FEW = Quorum(500, 499), Quorum(500, 400), Quorum(500, 399)
NODE = Facts(active="b", target="b", served=True, uptime=9999.0, since_change=9999.0)


def judge(**facts: Any) -> tuple[int, str]:
    """Status and word for a node in service that serves what it should, but for ``facts``."""
    verdict = decide_verdict(msgspec.structs.replace(NODE, **facts))
    return verdict.status, verdict.word


# ---------------------------------------------------------------- the table, row by row

ROWS: list[tuple[str, dict[str, Any], tuple[int, str]]] = [
    ("draining", {"draining": True}, (503, "draining")),
    ("a worker is at fault", {"faults": ("worker 0 does not answer",)}, (503, "unhealthy")),
    ("nothing is active", {"active": None}, (503, "unhealthy")),
    ("the pointer can't be read", {"pointer": "error"}, (200, "unverified")),
    ("no release was ever activated", {"pointer": "missing", "target": None}, (200, "first")),
    ("it serves what it should", {}, (200, "current")),
    ("it refused the release", {"active": "a", "refused": True}, (200, "refused")),
    (
        "it was never in service and may still catch up",
        {"active": "a", "served": False, "uptime": 2.0, "since_change": 2.0},
        (503, "starting"),
    ),
    ("the release has just changed", {"active": "a", "since_change": 5.0}, (200, "switching")),
    (
        "most others have followed",
        {"active": "a", "since_change": LATE, "quorum": MOST},
        (503, "behind"),
    ),
    ("nobody else has", {"active": "a", "since_change": LATE, "quorum": FEW}, (200, "late")),
    ("nobody knows", {"active": "a", "since_change": LATE, "quorum": None}, (200, "late")),
]


@pytest.mark.parametrize(("facts", "answer"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_row_of_the_table(facts: dict[str, Any], answer: tuple[int, str]) -> None:
    """Each row by itself."""
    assert judge(**facts) == answer


PRECEDENCE: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"draining": True}, (503, "draining")),
    ({"faults": ("worker 1 hangs",)}, (503, "unhealthy")),
    ({"pointer": "error"}, (200, "unverified")),
    ({"target": "a"}, (200, "current")),
    ({"refused": True}, (200, "refused")),
    ({"served": False, "uptime": 1.0}, (503, "starting")),
    ({"since_change": 1.0, "served": True}, (200, "switching")),
    ({"since_change": LATE, "quorum": ALL}, (503, "behind")),
]


@pytest.mark.parametrize("first", range(len(PRECEDENCE)))
def test_earlier_row_wins_over_all_that_follow(first: int) -> None:
    """The facts of a row, with those of every later row that do not contradict it."""
    facts: dict[str, Any] = {"active": "a", "target": "b"}
    for row, _ in reversed(PRECEDENCE[first:]):
        facts |= row
    assert judge(**facts) == PRECEDENCE[first][1]


@pytest.mark.parametrize("word", ["unhealthy", "unverified", "refused", "behind", "late"])
def test_word_that_needs_somebody_to_look_raises_an_alarm(word: str) -> None:
    """Also where the status is 200: a node that serves on is no reason to stay silent."""
    found = {
        decide_verdict(msgspec.structs.replace(NODE, **facts)).alarm
        for _, facts, answer in ROWS
        if answer[1] == word
    }
    assert found == {True}


@pytest.mark.parametrize("word", ["draining", "first", "current", "starting", "switching"])
def test_word_of_everyday_life_raises_none(word: str) -> None:
    """An alarm at every release is one that nobody reads."""
    found = {
        decide_verdict(msgspec.structs.replace(NODE, **facts)).alarm
        for _, facts, answer in ROWS
        if answer[1] == word
    }
    assert found == {False}


# ---------------------------------------------------------------- bounds


def test_patience_lasts_for_the_grace_and_the_spread() -> None:
    """And not a moment longer."""
    facts = {"active": "a", "quorum": ALL, "spread": 100.0}
    assert judge(**facts, since_change=GRACE_SECONDS + 99.9) == (200, "switching")
    assert judge(**facts, since_change=GRACE_SECONDS + 100.0) == (503, "behind")


@pytest.mark.parametrize(
    ("live", "serving", "word"),
    [
        (1, 0, "late"),
        (2, 1, "late"),
        (4, 3, "late"),
        (5, 4, "behind"),
        (9, 7, "late"),
        (10, 8, "behind"),
        (15, 12, "behind"),
        (35, 28, "behind"),
        (499, 399, "late"),
        (499, 400, "behind"),
        (500, 400, "behind"),
        (0, 0, "late"),
    ],
)
def test_quorum_is_four_fifths_of_the_live_nodes(live: int, serving: int, word: str) -> None:
    """Exactly; so that in a fleet of fewer than five nobody is ever behind."""
    facts = {"active": "a", "since_change": LATE, "quorum": Quorum(live, serving)}
    assert judge(**facts)[1] == word


def test_pointer_that_has_not_answered_yet_counts_as_in_error_after_a_second() -> None:
    """A start with everything down takes no longer than that."""
    fresh = {"pointer": "reading", "target": None, "served": False}
    assert judge(**fresh, uptime=SLOW_SECONDS) == (503, "starting")
    assert judge(**fresh, uptime=SLOW_SECONDS + 0.01) == (200, "unverified")


@pytest.mark.parametrize(("pointer", "target"), [("missing", "b"), ("ok", None), ("reading", None)])
def test_node_that_can_t_know_what_is_live_goes_on_as_it_is(
    pointer: str, target: str | None
) -> None:
    """The key was lost, or has not been read; what others serve is a guess, and no reason to go."""
    facts = {"pointer": pointer, "target": target, "active": "a", "quorum": ALL}
    assert judge(**facts) == (200, "unverified")


# ---------------------------------------------------------------- at the door

DOOR = {"active": "a", "served": False, "uptime": 10.0, "since_change": 10.0}


@pytest.mark.parametrize(
    ("live", "serving", "status"),
    [(500, 499, 503), (500, 400, 503), (500, 399, 200), (2, 1, 503), (3, 2, 503), (500, 0, 200)],
)
def test_fresh_node_waits_at_the_door_while_others_do_the_work(
    live: int, serving: int, status: int
) -> None:
    """Four fifths of the others. Where the whole fleet was started anew and can't follow, or is
    itself only on its way, the door is open: nobody would be left."""
    assert judge(**DOOR, quorum=Quorum(live, serving))[0] == status


def test_fresh_node_waits_while_nobody_knows_the_fleet() -> None:
    """At most half a minute."""
    assert judge(**DOOR, quorum=None) == (503, "starting")
    late = DOOR | {"uptime": START_SECONDS, "since_change": START_SECONDS}
    assert judge(**late, quorum=None) == (200, "switching")


def test_fresh_node_does_not_believe_a_fleet_that_had_no_time_to_answer() -> None:
    """A register says nothing of a release that it was not asked about, or just after it was
    emptied."""
    early = DOOR | {"since_change": SETTLE_SECONDS - 0.1}
    assert judge(**early, quorum=Quorum(500, 0)) == (503, "starting")


def test_node_that_was_never_in_service_gets_no_patience() -> None:
    """It has shown nobody the old release, and there is no reason to begin."""
    facts = DOOR | {"uptime": 31.0, "since_change": 31.0}
    assert judge(**facts, quorum=ALL) == (503, "behind")
    assert judge(**facts, quorum=FEW) == (200, "switching")
    assert judge(**facts | {"served": True}, quorum=ALL) == (200, "switching")


def test_quorum_just_after_a_change_counts_for_nothing() -> None:
    """It may be that of the release before: a node at the door waits for a better one."""
    facts = DOOR | {"uptime": 40.0, "since_change": SETTLE_SECONDS - 0.1}
    assert judge(**facts, quorum=ALL) == (503, "starting")
    assert judge(**facts, quorum=FEW) == (503, "starting")
    assert judge(**facts | {"served": True}, quorum=ALL) == (200, "switching")


def test_node_that_was_in_service_before_does_not_wait_at_the_door() -> None:
    """It would be missed."""
    assert judge(**DOOR | {"served": True}, quorum=ALL) == (200, "switching")


def test_start_lasts_no_longer_than_half_a_minute() -> None:
    """Then a small fleet takes what it can get."""
    facts = DOOR | {"uptime": START_SECONDS, "since_change": LATE}
    assert judge(**facts, quorum=Quorum(2, 1)) == (200, "late")


# ---------------------------------------------------------------- the placeholder

BARE = {"placeholder": True, "active": "built-in", "served": False}


@pytest.mark.parametrize("pointer", ["error", "reading"])
def test_node_without_any_release_waits_for_the_pointer(pointer: str) -> None:
    """Half a minute; then the theme that comes with sos is better than nothing."""
    facts = BARE | {"pointer": pointer, "target": None}
    assert judge(**facts, uptime=START_SECONDS - 0.1) == (503, "starting")
    assert judge(**facts, uptime=START_SECONDS) == (200, "unverified")


def test_node_without_any_release_stays_out_while_others_have_one() -> None:
    """Whatever the reason: the pointer, the store, or a release that is not for this version."""
    late = {"uptime": LATE, "since_change": LATE, "quorum": Quorum(2, 1)}
    assert judge(**BARE | late) == (503, "behind")
    assert judge(**BARE | late, refused=True) == (503, "behind")
    assert judge(**BARE | late, pointer="error") == (503, "behind")
    assert judge(**BARE | late, pointer="missing") == (503, "behind")
    early = {"uptime": 20.0, "since_change": 20.0, "quorum": FEW}
    assert judge(**BARE | early) == (503, "starting")
    assert judge(**BARE | early, refused=True) == (503, "starting")


@pytest.mark.parametrize("pointer", ["ok", "error", "missing"])
def test_node_without_any_release_stays_out_while_it_is_outnumbered(pointer: str) -> None:
    """Also where nobody serves the target: others show the release before, it shows none at all."""
    facts = BARE | {"outnumbered": True, "pointer": pointer, "quorum": Quorum(500, 0)}
    facts["target"] = "b" if pointer == "ok" else None
    assert judge(**facts, uptime=5.0) == (503, "starting")
    assert judge(**facts, uptime=LATE) == (503, "behind")


def test_node_without_any_release_that_is_in_service_stays_there() -> None:
    """Because it was there first, or for want of others: now it would be missed."""
    facts = BARE | {"served": True, "uptime": LATE, "outnumbered": True}
    assert judge(**facts, quorum=FEW)[0] == 200
    assert judge(**facts, pointer="error") == (200, "unverified")
    assert judge(**facts, quorum=MOST) == (503, "behind")


def test_fleet_without_any_release_is_in_service_before_the_first() -> None:
    """A first start shows the theme that comes with sos, at once."""
    assert judge(**BARE, pointer="missing", target=None, uptime=0.5) == (200, "first")


def test_fleet_of_nodes_without_any_release_is_in_service_after_half_a_minute() -> None:
    """All of them were replaced at once, and the store of releases is down."""
    facts = BARE | {"uptime": 40.0, "since_change": 40.0, "quorum": Quorum(500, 0)}
    assert judge(**facts) == (200, "switching")


# ---------------------------------------------------------------- for all facts

names = st.sampled_from([None, "a", "b"])
seconds = st.one_of(
    st.floats(0, 400),
    st.sampled_from([0.0, SLOW_SECONDS, SETTLE_SECONDS, START_SECONDS, GRACE_SECONDS]),
)
quorums = st.one_of(
    st.none(),
    st.integers(0, 600).flatmap(
        lambda live: st.builds(Quorum, st.just(live), st.integers(0, live))
    ),
)
all_facts = st.builds(
    Facts,
    draining=st.booleans(),
    faults=st.sampled_from([(), ("worker 0 hangs",)]),
    pointer=st.sampled_from(["ok", "reading", "missing", "error"]),
    placeholder=st.booleans(),
    outnumbered=st.booleans(),
    active=names,
    target=names,
    refused=st.booleans(),
    served=st.booleans(),
    uptime=seconds,
    since_change=seconds,
    spread=st.sampled_from([0.0, 30.0, 300.0]),
    quorum=quorums,
)


@given(all_facts)
def test_only_a_few_situations_are_no(facts: Facts) -> None:
    """503 is for draining, faults, a start, or a node that the fleet can do without; never for a
    dependency alone."""
    verdict = decide_verdict(facts)
    assert (verdict.status == 503) == (
        verdict.word in ("draining", "unhealthy", "starting", "behind")
    )
    if verdict.word == "draining":
        assert facts.draining
    if verdict.word == "unhealthy":
        assert facts.faults or facts.active is None
    if verdict.word == "starting":
        assert not facts.served
        assert facts.uptime <= START_SECONDS or facts.since_change < SETTLE_SECONDS
    if verdict.word == "behind":
        bare = facts.placeholder and not facts.served
        counted = facts.quorum.live - bare if facts.quorum else 0
        followed = facts.quorum and 100 * facts.quorum.serving >= QUORUM_PERCENT * counted > 0
        assert followed or (bare and facts.outnumbered)
        assert facts.active != facts.target


@given(all_facts)
def test_node_in_service_leaves_it_only_when_the_fleet_can_do_without(facts: Facts) -> None:
    """Nothing but its own fault, its end, or four fifths of the fleet."""
    facts = msgspec.structs.replace(facts, draining=False, faults=(), active="a", served=True)
    if decide_verdict(facts).status == 503:
        quorum = facts.quorum
        assert quorum is not None
        assert 5 * quorum.serving >= 4 * quorum.live > 0
        assert facts.since_change >= SETTLE_SECONDS
        if facts.pointer == "ok":
            assert facts.since_change >= GRACE_SECONDS + facts.spread


@given(all_facts)
def test_node_that_serves_what_it_should_is_in_service(facts: Facts) -> None:
    """Once it knows so."""
    sound = msgspec.structs.replace(
        facts, draining=False, faults=(), active="a", target="a", pointer="ok"
    )
    assert decide_verdict(sound) == Verdict(200, "current")


@given(all_facts)
def test_no_more_than_a_fifth_of_a_fleet_can_be_behind(facts: Facts) -> None:
    """Whatever a node thinks of itself, with a true quorum: those behind do not serve the target,
    and so many serve it that the others are a fifth at most."""
    facts = msgspec.structs.replace(facts, served=True)
    if decide_verdict(facts).word == "behind":
        assert facts.quorum is not None
        not_serving = facts.quorum.live - facts.quorum.serving
        assert not_serving <= facts.quorum.live / 5


def test_facts_are_those_of_the_follower() -> None:
    """A release that was damaged on the way is no excuse; one that is bad is."""
    follow = Follow("node-1", spread=30.0)
    follow.begin(("a",), 100.0)
    follow.handle(Pointed("a"), 100.0)
    follow.handle(Pointed("b"), 200.0)
    own: dict[str, Any] = {
        "draining": False,
        "faults": (),
        "active": "a",
        "pointer": "ok",
        "placeholder": False,
        "served": True,
        "uptime": 150.0,
        "quorum": ALL,
    }
    expected = Facts(
        active="a",
        target="b",
        served=True,
        uptime=150.0,
        since_change=50.0,
        spread=30.0,
        quorum=ALL,
    )
    assert build_facts(follow, 250.0, **own) == expected
    follow.handle(Refused("b", "wrong digest", again=True), 250.0)
    assert not build_facts(follow, 250.0, **own).refused
    follow.handle(Pointed("c"), 260.0)
    follow.handle(Refused("c", "bad"), 261.0)
    assert build_facts(follow, 261.0, **own).refused
