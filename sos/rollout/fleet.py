"""What is wrong with a fleet, said so that one look is enough. Pure.

In: what nodes said of themselves, and the release that should be live (`Fleet`). Out: a verdict in
one line, what is wrong in the order of its weight, and every node with what it suffers from
(`FleetSummary`). It asks nobody and reads no clock.
"""

import re
from collections import Counter
from typing import Any, Literal

import msgspec

from sos.rollout.fleet_words import HINTS, SAYINGS, describe_age, plain, say_count, say_rate
from sos.rollout.ports import NodeReport

LOST_SECONDS = 300.0
"""How long a node that fell silent without saying that it ends is missed."""

LAG_SECONDS = 5.0
"""Content lag beyond which a node lags: by then a store that came back has been caught up with."""

ERROR_SHARE = 0.01
"""Share of answers with a 5xx status from which a node is bad; fewer are worth a warning."""

GRACE_SECONDS = 60.0
"""Time after a change of the release for which nobody is late who does not say so himself."""

Level = Literal["bad", "warn", "moving", "well"]
LEVELS: tuple[Level, ...] = ("bad", "warn", "moving", "well")

_MOVING = ("starting", "switching", "draining")
_KNOWN = (*_MOVING, "unverified", "first", "current", "refused", "behind", "late")


class Roster(msgspec.Struct, frozen=True):
    """The register at one moment, ``now`` by its own clock (epoch seconds): the nodes that live,
    those that are missed, and how many entries could not be read."""

    now: float
    nodes: tuple[NodeReport, ...]
    lost: tuple[NodeReport, ...] = ()
    unreadable: int = 0


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What the pointer says: ``release`` should be live, ``since`` (epoch seconds, 0: unknown),
    activated ``by`` somebody for a reason (``why``); ``canary`` on ``percent`` of the nodes.

    ``problem`` says why it may say something else by now, or could not be asked.
    """

    release: str | None = None
    since: float = 0.0
    by: str = ""
    why: str = ""
    canary: str = ""
    percent: float = 0.0
    problem: str = ""


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet at one moment, ``now`` (epoch seconds) by the clock of the reports' ``at``.

    ``lost`` are missed nodes, ``unreadable`` counts entries of the register that are no reports.
    ``problem`` says why ``nodes`` are not all. ``site`` is the host of the site, ``seen_by`` the
    node that looks, "" for anybody else.
    """

    nodes: tuple[NodeReport, ...]
    lost: tuple[NodeReport, ...] = ()
    now: float
    live: Live = Live()
    unreadable: int = 0
    problem: str = ""
    site: str = ""
    seen_by: str = ""


class Trouble(msgspec.Struct, frozen=True):
    """One thing that is remarkable about one node: a word for it, and a sentence."""

    level: Level
    word: str
    text: str


class Standing(msgspec.Struct, frozen=True):
    """A node as it has to be seen: the word for the worst of its troubles, else of its state.

    ``wanted`` is the release that it should serve.
    """

    report: NodeReport
    level: Level
    word: str
    wanted: str | None
    troubles: tuple[Trouble, ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """Something that is so with some nodes, in a sentence; ``hint`` says what to do about it."""

    level: Level
    word: str
    text: str
    nodes: tuple[str, ...] = ()
    hint: str = ""


class FleetSummary(msgspec.Struct, frozen=True, kw_only=True):
    """``verdict`` is the first finding, or how well things are; ``findings`` are all, the worst
    first. ``standings`` are all nodes, missing ones too, in the same order; ``states`` counts their
    words. ``total`` nodes live, ``serving`` of them serve the release that they should."""

    level: Level
    verdict: str
    findings: tuple[Finding, ...]
    standings: tuple[Standing, ...]
    states: tuple[tuple[str, Level, int], ...]
    releases: tuple[tuple[str | None, int], ...]
    total: int
    serving: int
    requests_per_second: float
    errors_per_second: float
    content_revision: int


def summarise(fleet: Fleet) -> FleetSummary:
    """Judge every node, and the fleet by them."""
    standings = [judge_node(report, fleet) for report in fleet.nodes]
    standings += [_miss(report, fleet) for report in fleet.lost]
    standings.sort(key=_weigh)
    findings = _find(fleet, standings)
    live = fleet.nodes
    # Without a release that should be live nobody serves a wrong one.
    serving = sum(s.word != "missing" and s.wanted in (None, s.report.release) for s in standings)
    level = findings[0].level if findings else "well"
    wrong = level in ("bad", "warn")
    words = Counter((s.word, s.level) for s in standings)
    return FleetSummary(
        level=level,
        verdict=findings[0].text if wrong else _describe_health(fleet, serving, findings),
        findings=findings,
        standings=tuple(standings),
        states=tuple((word, level, n) for (word, level), n in words.items()),
        releases=tuple(Counter(r.release for r in live).most_common()),
        total=len(live),
        serving=serving,
        requests_per_second=sum(r.requests_per_second for r in live),
        errors_per_second=sum(r.errors_per_second for r in live),
        content_revision=max((r.content_revision for r in live), default=0),
    )


def judge_node(report: NodeReport, fleet: Fleet) -> Standing:
    """What a live node suffers from, and the release that it should serve."""
    wanted = report.target if report.canary else (fleet.live.release or report.target)
    troubles = [*_find_faults(report, wanted, fleet), *_find_worries(report, fleet.now)]
    if report.state in _MOVING and not troubles:
        troubles = [Trouble("moving", report.state, report.reason or report.phase)]
    if not troubles:
        return Standing(report, "well", report.state, wanted)
    worst = troubles[0]
    return Standing(report, worst.level, worst.word, wanted, tuple(troubles))


def encode_summary(fleet: Fleet, summary: FleetSummary) -> bytes:
    """The JSON of ``sos fleet --json`` and ``/fleet.json``; its members are in docs/fleet.md."""
    named = ("site", "seen_by", "now", "live", "problem", "unreadable")
    about: dict[str, Any] = {
        "level": summary.level,
        "verdict": summary.verdict,
        **{name: getattr(fleet, name) for name in named},
        **{name: getattr(summary, name) for name in ("total", "serving", "content_revision")},
        "requests_per_second": round(summary.requests_per_second, 3),
        "errors_per_second": round(summary.errors_per_second, 3),
        "states": {word: n for word, _, n in summary.states},
        "releases": [{"release": r, "nodes": n} for r, n in summary.releases],
        "findings": summary.findings,
        "nodes": [_encode_standing(s) for s in summary.standings],
    }
    return msgspec.json.encode(about)


def _encode_standing(standing: Standing) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(standing.report),
        "level": standing.level,
        "word": standing.word,
        "wanted": standing.wanted,
        "troubles": [t.text for t in standing.troubles],
    }


# ---------------------------------------------------------------- one node


def _find_faults(r: NodeReport, wanted: str | None, fleet: Fleet) -> list[Trouble]:
    """What makes a node bad: visitors see errors, or not the release that they should see."""
    faults = []
    if r.errors_per_second >= max(ERROR_SHARE * r.requests_per_second, 1e-9):
        faults.append(Trouble("bad", "errors", _describe_errors(r)))
    if r.state == "unhealthy" or (not r.healthy and r.state not in _KNOWN):
        faults.append(Trouble("bad", "unhealthy", r.reason or "its health check fails"))
    if wanted and (r.refused == wanted or r.state == "refused") and r.release != wanted:
        refused = r.refused or wanted
        faults.append(Trouble("bad", "refused", f"refuses {refused}: {r.refusal or r.reason}"))
    elif r.state in ("behind", "late"):
        faults.append(Trouble("bad", r.state, r.reason or _describe_other(r, wanted)))
    elif wanted and r.release != wanted and r.state not in (*_MOVING, "unhealthy"):
        late = fleet.now - fleet.live.since > GRACE_SECONDS
        text = _describe_other(r, wanted)
        faults.append(
            Trouble("bad", "late", text) if late else Trouble("moving", "switching", text)
        )
    return sorted(faults, key=lambda fault: LEVELS.index(fault.level))


def _find_worries(r: NodeReport, now: float) -> list[Trouble]:
    """What visitors do not notice yet."""
    worries = []
    lag = r.content_lag_seconds
    if r.stale:
        text = "it has never had all content of the store"
        if lag is not None:
            text = f"its content can't be checked, for {describe_age(lag)} now"
        worries.append(Trouble("warn", "stale", text))
    elif lag is not None and lag > LAG_SECONDS:
        worries.append(Trouble("warn", "lagging", f"its content lags by {describe_age(lag)}"))
    if r.state == "unverified":
        text = r.reason or "it can't read which release should be live"
        worries.append(Trouble("warn", "unverified", text))
    if 0 < r.errors_per_second < ERROR_SHARE * r.requests_per_second:
        worries.append(Trouble("warn", "few errors", _describe_errors(r)))
    if r.healthy and r.workers_ready < r.workers:
        text = f"{r.workers_ready} of {r.workers} workers are ready"
        worries.append(Trouble("warn", "workers", text))
    return worries


def _miss(report: NodeReport, fleet: Fleet) -> Standing:
    silent = describe_age(fleet.now - report.at)
    trouble = Trouble("bad", "missing", f"silent for {silent}, without saying that it ends")
    return Standing(report, "bad", "missing", report.target, (trouble,))


def _describe_errors(r: NodeReport) -> str:
    rates = f"{say_rate(r.errors_per_second)} of {say_rate(r.requests_per_second)}"
    return f"answers {rates} requests/s with an error"


def _describe_other(r: NodeReport, wanted: str | None) -> str:
    return f"serves {r.release or 'different releases'}, should serve {wanted or 'none'}"


# ---------------------------------------------------------------- the fleet


def _find(fleet: Fleet, standings: list[Standing]) -> tuple[Finding, ...]:
    """What is to be said, the worst first."""
    findings = []
    if fleet.problem:
        findings.append(Finding("warn", "register", f"Not all nodes are shown: {fleet.problem}"))
    elif not standings:
        findings.append(Finding("bad", "empty", "No node has reported"))
    if fleet.live.problem:
        text = f"It can't be read which release should be live: {fleet.live.problem}"
        findings.append(Finding("warn", "pointer", text))
    if n := fleet.unreadable:
        text = f"{n} {'entry' if n == 1 else 'entries'} of the register can't be read"
        findings.append(Finding("warn", "unreadable", text))
    affected: dict[tuple[Level, str, str], list[Standing]] = {}
    for standing in standings:
        for trouble in standing.troubles:
            about = standing.wanted or "" if trouble.word == "refused" else ""
            affected.setdefault((trouble.level, trouble.word, about), []).append(standing)
    for (level, word, _), those in affected.items():
        text = _say(word, those, fleet)
        findings.append(Finding(level, word, text, tuple(s.report.node for s in those)))
    findings.sort(key=lambda f: (LEVELS.index(f.level), _rank(f.word)))
    return tuple(msgspec.structs.replace(f, hint=HINTS.get(f.word, "")) for f in findings)


def _say(word: str, those: list[Standing], fleet: Fleet) -> str:
    """A sentence about nodes that share a trouble; the reason is the one that most of them give."""
    reasons = Counter(t.text for s in those for t in s.troubles if t.word == word)
    reports = [s.report for s in those]
    if word == "missing":
        subject = f"{len(those)} node{'s' if len(those) > 1 else ''}"
    else:
        subject = say_count(len(those), len(fleet.nodes))
    saying = SAYINGS.get(word, SAYINGS[""])
    text = saying(reports, reasons.most_common(1)[0][0])
    verb, _, rest = text.partition(" ")
    singular, _, plural = verb.partition("|")
    return plain(f"{subject} {singular if len(those) == 1 else plural} {rest}")


def _describe_health(fleet: Fleet, serving: int, findings: tuple[Finding, ...]) -> str:
    total = len(fleet.nodes)
    serves = "serves" if total == 1 else "serve"
    canaries = sum(r.canary and r.release == r.target for r in fleet.nodes)
    if fleet.live.release is None:
        shown = Counter(r.release or "none" for r in fleet.nodes).most_common(1)[0][0]
        subject = say_count(total, total)
        text = f"No release is activated; {subject[0].lower()}{subject[1:]} {serves} {shown}"
    elif canaries:
        text = f"{serving} of {total} nodes serve what they should, {canaries} the canary"
    else:
        text = f"{serving} of {total} node{'s' if total > 1 else ''} {serves} {fleet.live.release}"
    return "; ".join([text, *(f.text[:1].lower() + f.text[1:] for f in findings[:1])])


def _rank(word: str) -> int:
    order = list(SAYINGS)
    return order.index(word) if word in SAYINGS else -1


def _weigh(standing: Standing) -> tuple[Any, ...]:
    """The worst first; the same by name, with web-2 before web-10."""
    name = standing.report.node
    parts = tuple((int(p[:15]), "") if p.isdecimal() else (-1, p) for p in re.split(r"(\d+)", name))
    return LEVELS.index(standing.level), _rank(standing.word), parts
