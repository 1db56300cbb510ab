"""What is said of a fleet: the worst first, in one line, whatever its nodes report."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.rollout.fleet import (
    LEVELS,
    Fleet,
    FleetSummary,
    Live,
    encode_summary,
    judge_node,
    summarise,
)
from sos.rollout.fleet_words import HINTS, LONGEST, SAYINGS, describe_age, plain, say_rate
from sos.rollout.ports import NodeReport
from sos.rollout.verdict import Word

from tests.rollout.fleets import (
    CANARY,
    FAILING,
    LATE,
    LIVE,
    NEW,
    NOW,
    OLD,
    REASON,
    REFUSED,
    STALE,
    SWITCHING,
    UNHEALTHY,
    a_broken_fleet,
    a_fleet,
    a_node,
)


def verdict(*nodes: NodeReport, **changes: Any) -> tuple[str, str]:
    """Level and verdict of a fleet."""
    summary = summarise(a_fleet(*nodes, **changes))
    return summary.level, summary.verdict


# ---------------------------------------------------------------- verdicts


def test_healthy_fleet_is_said_in_one_line() -> None:
    """How many serve what."""
    assert verdict(well=8) == ("well", f"8 of 8 nodes serve {NEW}")
    assert verdict(well=1) == ("well", f"1 of 1 node serves {NEW}")
    assert summarise(a_fleet(well=8)).findings == ()


@pytest.mark.parametrize(
    ("nodes", "level", "said"),
    [
        ([REFUSED, REFUSED], "bad", f"2 of 8 nodes refuse {NEW}: {REASON}"),
        ([REFUSED], "bad", f"1 of 8 nodes refuses {NEW}: {REASON}"),
        ([REFUSED] * 8, "bad", f"All 8 nodes refuse {NEW}: {REASON}"),
        (
            [UNHEALTHY],
            "bad",
            "1 of 8 nodes is unhealthy (web-1:8081): worker 1 does not answer",
        ),
        (
            [LATE, LATE],
            "bad",
            f"2 of 8 nodes are late (web-1:8081, web-2:8081): serves {OLD}, should serve {NEW}",
        ),
        ([FAILING], "bad", "1 of 8 nodes answers with errors: 14 of 120 requests/s, on web-1:8081"),
        (
            [STALE] * 3,
            "warn",
            "3 of 8 nodes can't check content against the store, for up to 47 s now",
        ),
        (
            [{"content_lag_seconds": 12.0}],
            "warn",
            "1 of 8 nodes lags behind the content store (web-1:8081), by up to 12 s",
        ),
        (
            [{"state": "unverified", "reason": "the pointer can't be read", "healthy": False}] * 8,
            "warn",
            "All 8 nodes can't verify the release: the pointer can't be read",
        ),
        (
            [{"errors_per_second": 0.3}],
            "warn",
            "1 of 8 nodes answers with a few errors: 0.3 of 120 requests/s, on web-1:8081",
        ),
        (
            [{"workers_ready": 1}],
            "warn",
            "1 of 8 nodes lacks workers: 1 of 2 are ready on web-1:8081",
        ),
        ([SWITCHING] * 3, "moving", f"5 of 8 nodes serve {NEW}; 3 of 8 nodes are on the way"),
        (
            [{"state": "starting", "healthy": False}],
            "moving",
            f"8 of 8 nodes serve {NEW}; 1 of 8 nodes is starting",
        ),
    ],
)
def test_verdict_says_what_is_wrong(nodes: list[dict[str, Any]], level: str, said: str) -> None:
    """How many nodes, which, and why, as most of them say it."""
    reports = [a_node(n, **changes) for n, changes in enumerate(nodes, 1)]
    assert verdict(*reports, well=8 - len(reports)) == (level, said)


def test_what_is_wrong_comes_in_the_order_of_its_weight() -> None:
    """Visitors that see errors before nodes that are away, before what nobody notices yet."""
    summary = summarise(a_broken_fleet())
    assert [f.word for f in summary.findings] == [
        "errors", "unhealthy", "missing", "refused", "stale", "switching",
    ]  # fmt: skip
    assert [s.word for s in summary.standings] == [
        "errors", "unhealthy", "missing", "refused", "refused", "stale", "switching",
        "current", "current",
    ]  # fmt: skip
    assert summary.verdict == summary.findings[0].text
    assert [f.nodes for f in summary.findings if f.word == "refused"] == [
        ("web-1:8081", "web-2:8081")
    ]
    assert (summary.total, summary.serving) == (8, 5)
    assert dict(summary.releases) == {NEW: 5, OLD: 3}


def test_node_is_in_every_finding_that_is_about_it() -> None:
    """Its own word is the worst."""
    standing = judge_node(a_node(1, **{**REFUSED, **STALE, **FAILING}), a_fleet())
    assert standing.word == "errors"
    assert [t.word for t in standing.troubles] == ["errors", "refused", "stale"]


def test_nodes_are_in_the_order_that_people_count() -> None:
    """web-2 before web-10."""
    summary = summarise(a_fleet(a_node(10), a_node(2), a_node(1)))
    assert [s.report.node for s in summary.standings] == ["web-1:8081", "web-2:8081", "web-10:8081"]


def test_the_reason_is_the_one_that_most_nodes_give() -> None:
    """One odd node does not hide it."""
    odd = {**REFUSED, "refusal": "the disk is full"}
    _, said = verdict(a_node(1, **odd), a_node(2, **REFUSED), a_node(3, **REFUSED))
    assert said == f"All 3 nodes refuse {NEW}: {REASON}"


def test_every_word_of_the_health_verdict_is_understood() -> None:
    """None of them falls through to a default."""
    levels = {
        word: judge_node(
            a_node(state=word, release=OLD, healthy=False, refused=NEW * (word == "refused")),
            a_fleet(),
        ).level
        for word in get_args(Word)
    }
    assert levels == {
        "draining": "moving", "starting": "moving", "switching": "moving",
        "unhealthy": "bad", "refused": "bad", "behind": "bad", "late": "bad",
        # These claim to be well, or don't know, and serve something else for long.
        "unverified": "bad", "first": "bad", "current": "bad",
    }  # fmt: skip


def test_word_of_a_newer_version_is_believed_by_its_health() -> None:
    """A rolling upgrade alarms nobody, unless a node is not well."""
    assert judge_node(a_node(state="resting"), a_fleet()).level == "well"
    assert judge_node(a_node(state="resting", healthy=False), a_fleet()).word == "unhealthy"


# ---------------------------------------------------------------- releases


def test_node_that_has_not_noticed_a_change_is_on_the_way_and_then_late() -> None:
    """It says that it is current; what the pointer names tells otherwise."""
    node = a_node(release=OLD, target=OLD)
    fresh = msgspec.structs.replace(LIVE, since=NOW - 5)
    assert judge_node(node, a_fleet(live=fresh)).word == "switching"
    assert judge_node(node, a_fleet(live=LIVE)).word == "late"
    assert judge_node(node, a_fleet(live=LIVE)).wanted == NEW


def test_canary_is_judged_by_what_it_should_serve() -> None:
    """It is not late for serving another release than the others."""
    canary = a_node(1, canary=True, release=CANARY, target=CANARY)
    assert verdict(canary, well=7) == ("well", "8 of 8 nodes serve what they should, 1 the canary")
    stuck = a_node(1, canary=True, release=NEW, target=CANARY, refused=CANARY, refusal=REASON)
    assert verdict(stuck, well=7) == ("bad", f"1 of 8 nodes refuses {CANARY}: {REASON}")


def test_refusal_of_the_past_is_no_trouble() -> None:
    """What a node refused once is remembered; what it should serve now, it serves."""
    assert verdict(a_node(1, refused=OLD, refusal=REASON), well=7)[0] == "well"


def test_without_a_pointer_nodes_are_judged_by_their_own_targets() -> None:
    """And the summary says that nobody knows better."""
    live = Live(problem="No cluster leader")
    level, said = verdict(well=8, live=live)
    assert (level, said) == (
        "warn",
        "It can't be read which release should be live: No cluster leader",
    )
    assert judge_node(a_node(), a_fleet(live=live)).level == "well"
    assert verdict(well=2, live=Live()) == (
        "well",
        f"No release is activated; all 2 nodes serve {NEW}",
    )


def test_before_the_first_release_nobody_serves_a_wrong_one() -> None:
    """Nodes show the theme that comes with sos."""
    nodes = [a_node(n, state="first", release="folder-1", target=None) for n in (1, 2)]
    summary = summarise(a_fleet(*nodes, live=Live()))
    assert (summary.level, summary.serving) == ("well", 2)
    assert summary.verdict == "No release is activated; all 2 nodes serve folder-1"


def test_store_that_was_never_complete_is_told_from_one_that_went_away() -> None:
    """There is no time since when."""
    empty = {**STALE, "content_lag_seconds": None}
    assert verdict(a_node(**empty)) == (
        "warn",
        "The only node has never had all content of the store: it is empty, or does not answer",
    )


# ---------------------------------------------------------------- absences


def test_nodes_that_fell_silent_are_missing() -> None:
    """Named, with how long nobody heard from them; not counted among those that live."""
    summary = summarise(a_fleet(well=8, lost=(a_node(9, at=NOW - 132),)))
    assert (summary.level, summary.total) == ("bad", 8)
    assert summary.verdict == (
        "1 node is missing (web-9:8081): silent for 2 min, without saying that it ends"
    )
    many = summarise(a_fleet(well=8, lost=tuple(a_node(n, at=NOW - 9) for n in range(5))))
    assert many.verdict.startswith("5 nodes are missing (web-0:8081, web-1:8081, web-2:8081 and 2 ")


def test_empty_fleet_is_bad() -> None:
    """Nobody serves, as far as anybody knows."""
    assert verdict() == ("bad", "No node has reported")


def test_silent_register_is_said_before_what_is_well() -> None:
    """One node that is well is not a fleet that is well; one that is bad comes first."""
    problem = "the register of nodes did not answer: timed out"
    level, said = verdict(a_node(), problem=problem)
    assert (level, said) == ("warn", f"Not all nodes are shown: {problem}")
    assert verdict(a_node(**UNHEALTHY), problem=problem)[0] == "bad"
    summary = summarise(a_fleet(a_node(**UNHEALTHY), problem=problem))
    assert [f.word for f in summary.findings] == ["unhealthy", "register"]


def test_unreadable_entries_are_told() -> None:
    """They may be nodes of another version."""
    assert verdict(well=2, unreadable=3) == ("warn", "3 entries of the register can't be read")


# ---------------------------------------------------------------- whatever comes


def texts() -> st.SearchStrategy[str]:
    return st.one_of(st.text(max_size=30), st.sampled_from(["", "current", "late", "\x1b[2J", NEW]))


def numbers() -> st.SearchStrategy[float]:
    return st.one_of(
        st.floats(), st.sampled_from([0.0, -1.0, 1e308, -1e308, float("inf"), float("nan")])
    )


reports = st.builds(
    NodeReport,
    node=texts(),
    private=texts(),
    state=texts(),
    reason=texts(),
    healthy=st.booleans(),
    release=st.none() | texts(),
    target=st.none() | texts(),
    refused=texts(),
    refusal=texts(),
    canary=st.booleans(),
    content_revision=st.integers(-(2**63), 2**63),
    content_lag_seconds=st.none() | numbers(),
    stale=st.booleans(),
    workers=st.integers(-5, 10**9),
    workers_ready=st.integers(-5, 10**9),
    requests_per_second=numbers(),
    errors_per_second=numbers(),
    started=numbers(),
    at=numbers(),
)


@given(st.lists(reports, max_size=6), st.lists(reports, max_size=3), numbers())
def test_any_reports_become_a_summary(
    nodes: list[NodeReport], lost: list[NodeReport], now: float
) -> None:
    """Nodes may say what they like: nobody is left out, and every sentence can be shown."""
    fleet = Fleet(nodes=tuple(nodes), lost=tuple(lost), now=now, live=Live(release=NEW))
    summary = summarise(fleet)
    assert len(summary.standings) == len(nodes) + len(lost)
    assert sum(n for *_, n in summary.states) == len(summary.standings)
    levels = [LEVELS.index(s.level) for s in summary.standings]
    assert levels == sorted(levels)
    for text in [summary.verdict, *(f.text for f in summary.findings)]:
        assert text == plain(text)
    json.loads(encode_summary(fleet, summary))


@given(numbers())
def test_any_number_can_be_said(number: float) -> None:
    """Also infinite ones, and none."""
    assert describe_age(number)
    assert say_rate(number)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0.0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (99.4, "99 s"), (100, "2 min"),
        (5_900, "98 min"), (6_000, "1 h 40 min"), (90_000, "25 h"), (200_000, "2 d 7 h"),
        (9_000_000, "104 d"), (float("inf"), "?"),
    ],
)  # fmt: skip
def test_durations_have_as_much_precision_as_one_needs(seconds: float, said: str) -> None:
    """One unit, two where the second one matters."""
    assert describe_age(seconds) == said


@pytest.mark.parametrize(
    ("rate", "said"),
    [(0, "0"), (0.01, "<0.1"), (0.34, "0.3"), (9.96, "10"), (1204.4, "1,204"), (1e300, "?")],
)
def test_rates_have_a_decimal_where_there_are_few(rate: float, said: str) -> None:
    """A rare error is not nothing."""
    assert say_rate(rate) == said


def test_text_of_another_node_is_one_line_without_commands() -> None:
    """To a terminal, or to the direction of the text after it."""
    assert plain("a\x1b[2J\r\nb\u202ec\x00") == "a [2J b c"
    assert plain("x" * 1000) == "x" * (LONGEST - 1) + "…"


def test_every_hint_is_about_something_that_can_be_said() -> None:
    """A renamed word takes its hint along."""
    assert set(HINTS) <= {*SAYINGS, "register", "pointer", "empty"}


def test_json_has_everything() -> None:
    """Each member of each report, what is made of it, and the fleet's own figures."""
    fleet = a_broken_fleet()
    told = json.loads(encode_summary(fleet, summarise(fleet)))
    assert told["verdict"].startswith("1 of 8 nodes answers with errors")
    assert told["live"]["release"] == NEW
    assert told["releases"] == [{"release": NEW, "nodes": 5}, {"release": OLD, "nodes": 3}]
    assert told["states"]["refused"] == 2
    node = next(n for n in told["nodes"] if n["node"] == "web-1:8081")
    assert set(NodeReport.__struct_fields__) <= set(node)
    assert (node["level"], node["word"], node["wanted"]) == ("bad", "refused", NEW)
    assert node["troubles"] == [f"refuses {NEW}: {REASON}"]
    assert {f["word"] for f in told["findings"]} >= {"missing", "refused"}


def test_large_fleet_is_summarised_whole() -> None:
    """Nobody is left out of 500 nodes and one that is missing."""
    fleet = a_broken_fleet(500)
    summary: FleetSummary = summarise(fleet)
    assert (summary.total, len(summary.standings)) == (500, 501)
