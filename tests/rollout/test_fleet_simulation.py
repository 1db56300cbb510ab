"""No single fault and no release takes more than a fifth of a fleet out of service; and what the
documents say of it is what comes out here."""

import json
from functools import cache, partial
from pathlib import Path

import pytest
from bench.fleet_chart import DOCUMENT, RESULTS, WORDS_CHART, WORST_CHART, build_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rollout.fleet_balancers import ADVISED, BALANCERS
from tests.rollout.fleet_scenarios import NEWCOMERS, SCENARIOS, Scenario, simulate
from tests.rollout.fleet_simulation import Outcome, World

PERMITTED = 0.2
FAST = [n for n, b in enumerate(BALANCERS) if b.rise * b.interval <= 30]
"""Balancers that take nodes back soon after they have recovered."""

SINGLE = [s for s in SCENARIOS if s.group != "two at once"]
BY_TITLE = {f"{s.group}: {s.title}": s for s in SCENARIOS}

play = cache(simulate)


def titles(scenarios: list[Scenario]) -> list[str]:
    """Ids of parametrised tests."""
    return [f"{s.group}: {s.title}" for s in scenarios]


@pytest.mark.parametrize("scenario", SINGLE, ids=titles(SINGLE))
def test_no_single_fault_and_no_release_takes_more_than_a_fifth_out_of_service(
    scenario: Scenario,
) -> None:
    """With any balancer, at any time; nodes that the fault itself takes are not the rule's fault."""
    outcome = play(scenario)
    for b, balancer in enumerate(BALANCERS):
        assert outcome.blamed[b] <= PERMITTED * outcome.size, balancer.name
        others = outcome.worst[b] - scenario.lost * outcome.size
        assert others <= PERMITTED * outcome.size, balancer.name


@pytest.mark.parametrize("scenario", SCENARIOS, ids=titles(list(SCENARIOS)))
def test_fleet_ends_where_the_pointer_is(scenario: Scenario) -> None:
    """Once faults have stopped every node serves what it should, or refuses it, and says yes."""
    outcome = play(scenario)
    served = {r for r in outcome.releases if r not in scenario.ends_with}
    # Who refuses what the pointer names shows the last good release that it had, whichever it was.
    assert served <= ({"older"} if scenario.group == "bad releases" else set())
    assert set(outcome.moments[-1].words) <= {"current", "refused"}
    assert max(outcome.moments[-1].out[b] for b in FAST) == 0


@pytest.mark.parametrize("scenario", SINGLE, ids=titles(SINGLE))
def test_visitors_never_see_the_placeholder_while_the_fleet_has_a_release(
    scenario: Scenario,
) -> None:
    """A newcomer with an empty disk stays out until it has what others have."""
    assert play(scenario).exposed == 0


@pytest.mark.parametrize("group", ["releases", "Consul", "Redis"])
def test_newcomers_join_while_s3_answers(group: str) -> None:
    """Within seconds, whatever else is down; the promise is a minute."""
    for scenario in SCENARIOS:
        if scenario.group == group:
            assert play(scenario).joined <= 15, scenario.title


@pytest.mark.parametrize("share", [1, 50, 100])
def test_local_fault_of_the_store_takes_exactly_its_nodes(share: int) -> None:
    """No fewer, or a node would say yes and serve the wrong release; and no more."""
    by_size = {1: "down for one node", 50: "down for 10 % of the nodes", 100: "down for 20 %"}
    outcome = play(BY_TITLE[f"S3: {by_size[share]}"])
    assert outcome.worst == (share,) * len(BALANCERS)


@pytest.mark.parametrize(
    "title", ["S3: damaged answers to 10 %", "nodes: a worker hangs on 2 % of the nodes"]
)
def test_other_local_faults_take_exactly_their_nodes(title: str) -> None:
    """Bytes that arrive damaged, again and again, are a local fault like any other."""
    outcome = play(BY_TITLE[title])
    assert outcome.worst == ((50,) if "10 %" in title else (10,)) * len(BALANCERS)


@pytest.mark.parametrize(
    "title",
    [
        "releases: 100 releases, one a minute",
        "releases: 100 releases, one every 10 s",
        "releases: the same with a spread of 60 s",
        "bad releases: every node refuses it",
        "bad releases: half of the nodes refuse it",
        "bad releases: it fails on live pages only",
        "S3: down for all",
        "S3: damaged answers to all",
        "Consul: hung",
        "Redis: emptied every 7 s",
    ],
)
def test_what_concerns_the_whole_fleet_takes_nobody_out(title: str) -> None:
    """Not one node, at any balancer."""
    assert play(BY_TITLE[title]).worst == (0,) * len(BALANCERS)


def test_fleet_that_was_restarted_at_once_without_s3_is_back_within_seconds() -> None:
    """Each node would wait at the door for a release that none of them can have."""
    outcome = play(BY_TITLE["two at once: all restarted, S3 down, a release"])
    assert outcome.worst[ADVISED] <= PERMITTED * outcome.size
    assert outcome.blamed == (0,) * len(BALANCERS)


def test_two_faults_in_turn_stay_within_a_fifth_where_the_balancer_takes_nodes_back_soon() -> None:
    """The reason for the numbers in docs/load-balancer.md: with those that ALB and Classic ELB have
    by default, a node that recovered is still out when the next ones go."""
    outcome = play(BY_TITLE["two at once: two fifths lose S3 in turn"])
    for b in range(len(BALANCERS)):
        assert (outcome.worst[b] <= PERMITTED * outcome.size) == (b in FAST), BALANCERS[b].name


def test_drain_is_long_enough_for_the_balancer_advised() -> None:
    """Fifteen seconds of 503 and service; slower balancers send visitors to a closed port."""
    outcome = play(BY_TITLE["nodes: restarted in turn, 5 % at a time"])
    assert outcome.dead[ADVISED] == 0
    assert max(outcome.dead) > 0


def test_same_seed_gives_the_same_run() -> None:
    """Or the figures in the documents could not be compared with anything."""
    scenario = BY_TITLE["S3: down for 25 %"]
    assert simulate(scenario) == play(scenario)
    assert simulate(scenario, seed=2).moments != play(scenario).moments


# ---------------------------------------------------------------- whatever happens

releases = st.lists(
    st.tuples(
        st.integers(5, 300),
        st.sampled_from(["good", "good", "good", "bad", "fails in flight", "for new nodes"]),
    ),
    min_size=1,
    max_size=8,
)
shares = st.sampled_from([0.01, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 0.75, 0.9, 1.0])


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    size=st.integers(5, 80),
    seed=st.integers(0, 10_000),
    spread=st.sampled_from([0.0, 0.0, 30.0]),
    releases=releases,
    fault=st.sampled_from(
        ["none", "store down", "store slow", "store corrupt", "pointer down", "pointer hung",
         "pointer lost", "register", "unheard", "wedged", "new code"]
    ),
    share=shares,
    began=st.integers(0, 200),
    lasts=st.integers(5, 250),
    newcomers_at=st.integers(1, 350),
)  # fmt: skip
def test_any_fault_at_any_time_with_any_releases(
    size: int,
    seed: int,
    spread: float,
    releases: list[tuple[int, str]],
    fault: str,
    share: float,
    began: int,
    lasts: int,
    newcomers_at: int,
) -> None:
    """One fault, of any part of the fleet, at any time, and releases good and bad around it: the
    rules never take out more than a fifth, and everybody is back when it is over."""
    world = World(size, seed=seed, spread=spread)
    some = world.pick(share)
    for n, (time, kind) in enumerate(releases):
        world.at(time, partial(world.release, f"r{n + 1}", kind))  # type: ignore[arg-type]
    world.at(began, partial(change, world, fault, some, begins=True))
    world.at(began + lasts, partial(change, world, fault, some, begins=False))
    for n in range(2):
        world.at(newcomers_at, partial(world.add_node, ("older",) if n else ()))
    world.at(500.0, partial(world.release, "last"))
    outcome: Outcome = world.run(640.0 + 3 * spread)
    wedged = len(some) if fault == "wedged" else 0
    for b in FAST:
        assert outcome.blamed[b] <= PERMITTED * (size + 2)
        assert outcome.worst[b] <= PERMITTED * (size + 2) + wedged
    assert outcome.releases == {"last": size + 2}
    assert set(outcome.moments[-1].words) == {"current"}


def change(world: World, fault: str, some: list, *, begins: bool) -> None:  # type: ignore[type-arg]
    """Let a fault begin or end."""
    kind, _, how = fault.partition(" ")
    if kind == "store":
        world.set_store(how if begins else "up", some)  # type: ignore[arg-type]
    elif fault in ("pointer down", "pointer hung"):
        world.set_pointer_store(how if begins else "up")  # type: ignore[arg-type]
    elif fault == "pointer lost":
        world.set_pointer(None if begins else world.last_release)
    elif fault == "register":
        world.set_register(up=not begins)
    elif fault == "unheard":
        world.set_reachable(some, reachable=not begins)
    for node in some:
        node.wedged = fault == "wedged" and begins
        node.new_code = fault == "new code" and begins
        world.touch(node)


# ---------------------------------------------------------------- documents


def test_stored_figures_charts_and_tables_are_those_of_the_simulation() -> None:
    """`python -m bench.fleet_chart` writes them; this says when it has to be run again."""
    files = build_files({f"{s.group}: {s.title}": play(s) for s in SCENARIOS})
    assert set(files) == {RESULTS, WORST_CHART, WORDS_CHART, DOCUMENT}
    for path, text in files.items():
        assert path.read_text(encoding="utf-8") == text, (
            f"{path} is old: python -m bench.fleet_chart"
        )


def test_stored_figures_can_be_read_by_others() -> None:
    """One object for each scenario, shares of the fleet for each balancer."""
    figures = json.loads(Path(RESULTS).read_text(encoding="utf-8"))
    assert set(figures["scenarios"]) == set(BY_TITLE)
    for about in figures["scenarios"].values():
        assert set(about["worst_share"]) == {b.name for b in BALANCERS}
        assert all(0 <= share <= 1 for share in about["worst_share"].values())
    assert NEWCOMERS > 0
