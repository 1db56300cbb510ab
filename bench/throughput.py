"""How many requests a second each peer answers on one processor, and what one costs.

All peers are up; in each round they are asked one after the other, in an order drawn anew, by wrk
on another processor. Before that, each has to show that its answer is the page. Ratios are taken
round by round.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.check import WrongAnswerError, ask, find_validator, judge_answer
from bench.entrants import Entrant, start_peers
from bench.fixture import HOST, list_paths
from bench.goals import ratio_of
from bench.heads import build_browsers, build_plain
from bench.machine import save
from bench.peers import CACHED, NOT_MODIFIED, UNCACHED, Peer
from bench.processes import (
    choose_cores,
    count_cpu,
    measure_cpu,
    measure_memory,
    wait_idle,
)
from bench.programs import PACKAGES, MissingServerError, find_program
from bench.roster import connections_of, load_peers, suites_of
from bench.stage import POSTS, Theatre, open_theatre
from bench.table import print_case, print_goals
from bench.wrk import CONNECTIONS, Load, run_wrk


@dataclass(frozen=True)
class Case:
    """One way to ask. ``suite`` is what a peer has to take part in; ``baseline`` is 1.0."""

    name: str
    suite: str
    baseline: str
    drift: float = 0.05
    """How far the mean answer may be off the one that was checked, as a share of its size."""
    connections: int = CONNECTIONS


TOLERATED = 0.01
"""Share of failed requests above which a round is worth nothing; fewer are counted and told."""

WARM_TURNS = 4

CASES = (
    Case("cached", CACHED, "nginx"),
    Case("cached-browser", CACHED, "nginx"),
    Case("not-modified", NOT_MODIFIED, "nginx", drift=0.3),
    Case("uncached", UNCACHED, "koa-nunjucks", drift=0.2, connections=8),
)


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int = 5
    seconds: int = 3
    warm_seconds: int = 2
    workers: int = 1
    cases: tuple[str, ...] = tuple(case.name for case in CASES)
    posts: int = POSTS


QUICK = Plan(rounds=2, seconds=1, warm_seconds=1, cases=("cached", "not-modified", "uncached"))


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m bench.throughput", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", help="names, with commas between", default="")
    options = parser.parse_args(arguments or [])
    names = [name for name in options.peers.split(",") if name]
    try:
        peers = load_peers(names)
    except KeyError as exc:
        sys.exit(f"throughput: {exc.args[0]}")
    plan = QUICK if options.quick else Plan()
    if options.quick and not names:
        peers = [peer for peer in peers if not getattr(peer, "slow", False)]
    figures = measure(peers, plan)
    save("throughput_quick" if options.quick or names else "throughput", figures)
    print_goals(figures)


def measure(peers: Sequence[Peer], plan: Plan) -> dict[str, Any]:
    """All cases with all peers that can run here."""
    cores = choose_cores(plan.workers)
    figures: dict[str, Any] = {
        "plan": {"rounds": plan.rounds, "seconds": plan.seconds, "workers": plan.workers},
        "cores": cores.describe(),
        "versions": describe_versions(),
        "left_out": {},
        "cases": {},
    }
    cases = [case for case in CASES if case.name in plan.cases]
    suites = {case.suite for case in cases}
    with open_theatre(cores, plan.posts) as theatre, contextlib.ExitStack() as stack:
        figures["page_bytes"] = len(theatre.pages["/"])
        wanted = [peer for peer in peers if suites & set(suites_of(peer))]
        entrants = start_peers(wanted, theatre, plan.workers, stack, figures["left_out"])
        for case in cases:
            own = [e for e in entrants if case.suite in suites_of(e.peer)]
            own = prepare(case, own, plan, figures["left_out"])
            run_case(case, own, theatre, plan)
            figures["cases"][case.name] = describe_case(case, own)
            print_case(case.name, figures["cases"][case.name])
    return figures


def describe_versions() -> dict[str, str]:
    """What the servers that are not packages of Python say they are; without those not here."""
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(MissingServerError):
            found[name] = find_program(name).version
    return found


# ------------------------------------------------------------ one case


def prepare(
    case: Case, entrants: Sequence[Entrant], plan: Plan, left_out: dict[str, str]
) -> list[Entrant]:
    """Check answers and make requests; those whose answer is wrong are left out, and named."""
    fit = []
    for entrant in entrants:
        try:
            prepare_entrant(case, entrant, plan)
            fit.append(entrant)
        except (WrongAnswerError, OSError) as exc:
            left_out[f"{entrant.peer.name}, {case.name}"] = str(exc)
            print(f"{entrant.peer.title} is left out of {case.name}: {exc}", flush=True)
    return fit


def prepare_entrant(case: Case, entrant: Entrant, plan: Plan) -> None:
    """Raises WrongAnswerError for an answer that is not the page."""
    stage, port, paths = entrant.stage, entrant.running.port, entrant.running.paths
    path = paths.get("/", "/")
    asked = {"/": path}
    if case.suite == UNCACHED:
        asked["/page/2/"] = paths.get("/page/2/", "/page/2/")
    for name, own in asked.items():
        answer = ask(port, own, stage.host)
        differs = getattr(entrant.peer, "differs", "")
        word = judge_answer(answer, stage.pages[name], differs)
        entrant.words[case.name] = f"{word}, {answer.coding}"
    entrant.sizes[case.name] = answer.size
    if case.name == "not-modified":
        fields = find_validator(port, path, stage)
        entrant.requests[case.name] = build_plain([path], HOST, fields)
        held = {name.replace("-", "_"): value for name, value in fields.items()}
        entrant.sizes[case.name] = ask(port, path, stage.host, **held).size
    elif case.name == "cached-browser":
        entrant.requests[case.name] = build_browsers([path], HOST)
    elif case.suite == UNCACHED:
        lists = [paths.get(one, one) for one in list_paths(plan.posts)]
        entrant.requests[case.name] = build_plain(lists, HOST)
    else:
        entrant.requests[case.name] = build_plain([path], HOST)


def run_case(case: Case, entrants: Sequence[Entrant], theatre: Theatre, plan: Plan) -> None:
    """All rounds; programs that compile what is used much are warm before."""
    for entrant in entrants:
        entrant.rounds[case.name] = []
        if plan.warm_seconds:
            warm_up(case, entrant, theatre, plan.warm_seconds)
    for _ in range(plan.rounds):
        for entrant in random.sample(list(entrants), len(entrants)):
            entrant.rounds[case.name].append(ask_load(case, entrant, theatre, plan.seconds))


def warm_up(case: Case, entrant: Entrant, theatre: Theatre, seconds: int) -> None:
    """Ask until each page has been asked for once, as far as that is to be had in a few turns.

    What a server keeps of documents, as all of them do, is there then as in service.
    """
    different = len(entrant.requests[case.name]) if case.suite == UNCACHED else 0
    answers = 0.0
    for _ in range(WARM_TURNS):
        answers += ask_load(case, entrant, theatre, seconds)["answers"]
        if answers >= different:
            return


def ask_load(case: Case, entrant: Entrant, theatre: Theatre, seconds: int) -> dict[str, float]:
    """One run of wrk; its figures, and what the peer's processes cost meanwhile."""
    pids = entrant.running.pids
    before = measure_cpu(pids)
    try:
        load = run_wrk(
            entrant.running.port,
            entrant.requests[case.name],
            seconds=seconds,
            cores=theatre.cores.client,
            connections=connections_of(entrant.peer, case.connections),
        )
    except RuntimeError as exc:  # it is not there any more: the others are
        print(f"{entrant.peer.name}, {case.name}: {exc}", flush=True)
        load = Load(requests=0, seconds=float(seconds), bytes=0, failed=1)
    cpu = count_cpu(before, measure_cpu(pids))
    afterwards = wait_idle(pids)
    answers = max(load.requests, 1)
    size = load.bytes / answers
    expected = entrant.sizes[case.name]
    wrong = load.failed > TOLERATED * answers or abs(size - expected) > max(
        case.drift * expected, 40
    )
    if wrong:
        print(
            f"{entrant.peer.name}, {case.name}: {load.failed} of {load.requests} failed, "
            f"{size:,.0f} bytes an answer instead of {expected:,}",
            flush=True,
        )
    return {
        "rate": 0.0 if wrong else load.rate,
        "answers": load.requests,
        "failed": load.failed,
        "p50_ms": load.p50_ms,
        "p99_ms": load.p99_ms,
        "cpu_us": (cpu + afterwards) / answers * 1e6,
        "busy": cpu / load.seconds / len(theatre.cores.server) if load.seconds else 0.0,
        "load_busy": load.cpu_seconds / load.seconds if load.seconds else 0.0,
        "answer_bytes": size,
    }


def describe_case(case: Case, entrants: Sequence[Entrant]) -> dict[str, Any]:
    """Medians by peer, and the ratio to the baseline."""
    peers: dict[str, Any] = {}
    for entrant in entrants:
        rounds = entrant.rounds[case.name]
        memory = measure_memory(entrant.running.pids)
        peers[entrant.peer.name] = {
            "title": entrant.peer.title,
            "page": entrant.words[case.name],
            "rates": [round(one["rate"], 1) for one in rounds],
            "costs_us": [round(one["cpu_us"], 2) for one in rounds],
            **{
                name: round(statistics.median(one[name] for one in rounds), digits)
                for name, digits in (
                    ("rate", 1), ("p50_ms", 3), ("p99_ms", 3), ("cpu_us", 2), ("busy", 2),
                    ("load_busy", 2), ("answer_bytes", 0),
                )
            },
            "failed": sum(one["failed"] for one in rounds),
            "memory_mb": round(sum(memory.values()) / 1e6, 1),
            "processes": len(memory),
        }  # fmt: skip
    baseline = peers.get(case.baseline)
    for row in peers.values():
        row["ratio"] = ratio_of(row["rates"], baseline["rates"]) if baseline else None
    return {"baseline": case.baseline, "peers": peers}


if __name__ == "__main__":
    main(sys.argv[1:])
