"""What the fleet simulation says, as figures, charts and a table in docs/load-balancer.md.

``python -m bench.fleet_chart`` plays every scenario of tests/rollout/fleet_scenarios.py and writes
the files anew. The simulation has a fixed seed and a clock of its own: on every machine the same
bytes come out, and a test compares them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.rollout.fleet_balancers import ADVISED, BALANCERS
from tests.rollout.fleet_scenarios import FLEET, SCENARIOS, Scenario, simulate
from tests.rollout.fleet_simulation import Moment, Outcome

from bench.svg import Drawing

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench/results/fleet_simulation.json"
WORST_CHART = ROOT / "docs/images/fleet-worst.svg"
WORDS_CHART = ROOT / "docs/images/fleet-words.svg"
DOCUMENT = ROOT / "docs/load-balancer.md"
BEGIN, FINISH = "<!-- simulation -->\n", "<!-- end of simulation -->\n"

PERMITTED = 0.2

HEADINGS = {
    "releases": "Releases",
    "bad releases": "Bad releases",
    "S3": "S3",
    "Consul": "Consul",
    "Redis": "Redis",
    "nodes": "Nodes themselves",
    "two at once": "Two at once (no promise)",
}

LIGHT = {
    "ink": "#1f2328",
    "soft": "#59636e",
    "rule": "#d1d9e0",
    "limit": "#b3261e",
    "current": "#0a6ebd",
    "switching": "#8cc8f2",
    "late": "#f2d94e",
    "refused": "#e69f00",
    "unverified": "#b884c9",
    "behind": "#d1440c",
    "starting": "#9aa4ae",
    "off": "#57606a",
    "on-dark": "#ffffff",
    "on-light": "#1f2328",
}
DARK = LIGHT | {
    "ink": "#f0f6fc",
    "soft": "#b1bac4",
    "rule": "#3d444d",
    "limit": "#ff8a80",
    "current": "#2f81d6",
    "off": "#6e7681",
}

RULES = """
.title{font-size:17px;font-weight:600}
.soft{font-size:12px;fill:var(--soft)}
.head{font-size:13px;font-weight:600}
.row{font-size:13px}
.value{font-size:12px;font-weight:600}
.limit-text{font-size:12px;fill:var(--limit);font-weight:600}
.rule{stroke:var(--rule);stroke-width:1;fill:none}
.limit{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:5 3;fill:none}
.on-dark{font-size:11.5px;fill:var(--on-dark);font-weight:600}
.on-light{font-size:11.5px;fill:var(--on-light);font-weight:600}
"""


def main(arguments: list[str] | None = None) -> None:
    """Play every scenario, print a line for each, and write the files."""
    outcomes = {}
    for scenario in SCENARIOS:
        outcome = outcomes[name_of(scenario)] = simulate(scenario)
        shares = "  ".join(f"{percent(n / outcome.size):>6}" for n in outcome.worst)
        print(f"fleet_chart: {shares}  {name_of(scenario)}", flush=True)
    for path, text in build_files(outcomes).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def name_of(scenario: Scenario) -> str:
    """Its name among the figures."""
    return f"{scenario.group}: {scenario.title}"


def build_files(outcomes: Mapping[str, Outcome]) -> dict[Path, str]:
    """Every file that depends on the simulation, with its text."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(FINISH)[2]
    return {
        RESULTS: json.dumps(build_figures(outcomes), indent=2) + "\n",
        WORST_CHART: draw_worst(outcomes),
        WORDS_CHART: draw_words(outcomes),
        DOCUMENT: f"{before}{BEGIN}\n{build_table(outcomes)}\n{FINISH}{after}",
    }


def percent(share: float) -> str:
    """A share for people."""
    if share == 0:
        return "0"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


# ---------------------------------------------------------------- figures and table


def build_figures(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """What is compared when something changes."""
    return {
        "suite": "fleet_simulation",
        "fleet": FLEET,
        "balancers": {
            b.name: {"interval_seconds": b.interval, "fall": b.fall, "rise": b.rise}
            for b in BALANCERS
        },
        "scenarios": {
            name: {
                "worst_share": _by_balancer(o.worst, o.size),
                "by_rule": _by_balancer(o.blamed, o.size),
                "sent_to_closed_ports": _by_balancer(o.dead, o.size),
                "newcomer_joined_after_seconds": None if o.joined > 1e6 else o.joined,
            }
            for name, o in outcomes.items()
        },
    }


def _by_balancer(counts: Sequence[int], size: int) -> dict[str, float]:
    return {b.name: round(n / size, 4) for b, n in zip(BALANCERS, counts, strict=True)}


def build_table(outcomes: Mapping[str, Outcome]) -> str:
    """The largest share of nodes out of service at any moment, by scenario and balancer."""
    names = " | ".join(b.name for b in BALANCERS)
    lines = [f"| | {names} |", "|---|" + "---:|" * len(BALANCERS)]
    group = ""
    for scenario in SCENARIOS:
        if scenario.group != group:
            group = scenario.group
            lines.append(f"| **{HEADINGS[group]}** |" + " |" * len(BALANCERS))
        outcome = outcomes[name_of(scenario)]
        shares = (n / outcome.size for n in outcome.worst)
        cells = (f"**{percent(s)}**" if s > PERMITTED else percent(s) for s in shares)
        lines.append(f"| {scenario.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- the worst moment of each


class _Bars:
    """Where things are on the chart of the worst moments, in pixels."""

    width, left, right, top, row, heading = 860.0, 300.0, 90.0, 78.0, 21.0, 30.0
    scale = 0.25
    """Share of the fleet at the right end of the axis."""

    def place(self, share: float) -> float:
        """Where a share is on the axis."""
        return self.left + (self.width - self.left - self.right) * share / self.scale


def draw_worst(outcomes: Mapping[str, Outcome]) -> str:
    """A bar for each scenario: the largest share of nodes out of service, as advised."""
    at, advised = _Bars(), BALANCERS[ADVISED]
    bottom = at.top + at.row * len(SCENARIOS) + at.heading * len({s.group for s in SCENARIOS})
    drawing = Drawing(at.width, bottom + 44, *_describe_worst(outcomes))
    drawing.text(0, 20, "Nodes out of service at the worst moment", "title")
    how = (
        f"{FLEET} simulated nodes; a check every {advised.interval:.0f} s, out after {advised.fall}"
        f" failures, back after {advised.rise} successes"
    )
    drawing.text(0, 40, how, "soft")
    drawing.rect(0, 52, 11, 11, "by-rule")
    drawing.text(16, 62, "taken out by the rules of /health-elb", "soft")
    drawing.rect(262, 52, 11, 11, "lost")
    drawing.text(278, 62, "restarting, or at fault itself", "soft")
    for tick in range(0, 26, 5):
        x = at.place(tick / 100)
        drawing.line(x, at.top + 4, x, bottom, "rule")
        drawing.text(x, bottom + 18, f"{tick} %" if tick else "0", "soft", "middle")
    _draw_bars(drawing, at, outcomes)
    limit = at.place(PERMITTED)
    drawing.line(limit, at.top + 4, limit, bottom, "limit")
    drawing.text(limit, at.top - 4, "permitted: 20 %", "limit-text", "middle")
    drawing.text(at.left, bottom + 38, "share of the fleet", "soft")
    rules = ".by-rule{fill:var(--current)}\n.lost{fill:var(--starting)}"
    return drawing.render(LIGHT, DARK, RULES + rules)


def _draw_bars(drawing: Drawing, at: _Bars, outcomes: Mapping[str, Outcome]) -> None:
    y, group = at.top, ""
    for scenario in SCENARIOS:
        if scenario.group != group:
            group, y = scenario.group, y + at.heading
            drawing.text(0, y - 8, HEADINGS[group], "head")
        outcome = outcomes[name_of(scenario)]
        share = outcome.worst[ADVISED] / outcome.size
        ruled = outcome.ruled[ADVISED] / outcome.size
        baseline = y + at.row / 2 + 4.5
        drawing.text(14, baseline, scenario.title, "row")
        length = max(at.place(ruled) - at.left, 1.5)
        drawing.rect(at.left, y + 4, length, at.row - 8, "by-rule")
        if share > ruled:
            start = at.place(ruled)
            drawing.rect(start, y + 4, at.place(share) - start, at.row - 8, "lost")
        drawing.text(at.place(share) + 6, baseline, percent(share), "value")
        y += at.row


def _describe_worst(outcomes: Mapping[str, Outcome]) -> tuple[str, str]:
    parts = [
        f"{name}, {percent(o.worst[ADVISED] / o.size)}"
        for name, o in outcomes.items()
        if o.worst[ADVISED]
    ]
    none = sum(o.worst[ADVISED] == 0 for o in outcomes.values())
    return (
        "Largest share of nodes out of service for each fault",
        f"A bar chart of {len(outcomes)} scenarios. In {none} of them no node is ever out of "
        f"service. The others: {'; '.join(parts)}. Permitted are 20 %.",
    )


# ---------------------------------------------------------------- what nodes say over time

SHOWN = {
    "releases: the same with a spread of 60 s": "100 releases, one every 10 s, spread over 60 s",
    "bad releases: every node refuses it": "A release that every node refuses",
    "bad releases: it fails on live pages only": "A release that fails on live pages only",
    "bad releases: half of the nodes refuse it": "A release that half of the nodes refuse",
    "S3: down for 10 % of the nodes": "S3 is down for a tenth of the nodes",
    "S3: down for all": "S3 is down for all nodes",
    "Consul: hung": "Consul hangs",
    "nodes: restarted in turn, 5 % at a time": "A rolling restart, 5 % at a time",
}
ORDER = {
    "current": "on-dark",
    "switching": "on-light",
    "late": "on-light",
    "refused": "on-light",
    "unverified": "on-light",
    "starting": "on-light",
    "behind": "on-dark",
    "off": "on-dark",
}
"""Words from the bottom to the top, those with status 503 last; how text stands on them."""

SAME = {"draining": "off", "unhealthy": "off"}


def draw_words(outcomes: Mapping[str, Outcome]) -> str:
    """What the nodes of a fleet answer over time, for some scenarios."""
    width, height, gap, top = 416.0, 118.0, 28.0, 92.0
    rows = (len(SHOWN) + 1) // 2
    title = "What the nodes of a fleet answer over time"
    parts = [f"{heading}: {_tell(outcomes[name].moments)}" for name, heading in SHOWN.items()]
    drawing = Drawing(2 * width + gap, top + rows * (height + 62), title, "; ".join(parts) + ".")
    drawing.text(0, 20, "What nodes answer to /health-elb, over time", "title")
    drawing.text(
        0,
        40,
        f"share of {FLEET} nodes by word; a release comes at 0:20, faults last from 0:10 to 3:40",
        "soft",
    )
    _draw_legend(drawing, 58.0)
    for n, (name, heading) in enumerate(SHOWN.items()):
        x = (width + gap) * (n % 2)
        y = top + 22 + (height + 62) * (n // 2)
        drawing.text(x, y - 7, heading, "head")
        _draw_areas(drawing, outcomes[name].moments, (x, y, width, height))
    rules = "".join(f".{word}{{fill:var(--{word})}}\n" for word in ORDER)
    return drawing.render(LIGHT, DARK, RULES + rules)


def _draw_legend(drawing: Drawing, y: float) -> None:
    x = 0.0
    for status, words in ((200, list(ORDER)[:5]), (503, list(ORDER)[5:])):
        drawing.text(x, y + 10, f"{status}:", "value")
        x += 34
        for word in words:
            label = "off, draining" if word == "off" else word
            drawing.rect(x, y, 11, 11, word)
            drawing.text(x + 16, y + 10, label, "soft")
            x += 30 + 6.3 * len(label)
        x += 14


def _draw_areas(
    drawing: Drawing, moments: Sequence[Moment], place: tuple[float, float, float, float]
) -> None:
    left, top, width, height = place
    end = moments[-1].at
    stacks = [_stack(m) for m in moments]
    for n, (word, ink) in enumerate(ORDER.items()):
        if not any(s[n + 1] > s[n] for s in stacks):
            continue
        xs = [left + width * m.at / end for m in moments]
        upper = _corners(
            [(x, top + height * (1 - s[n + 1])) for x, s in zip(xs, stacks, strict=True)]
        )
        lower = _corners([(x, top + height * (1 - s[n])) for x, s in zip(xs, stacks, strict=True)])
        drawing.area([*upper, *reversed(lower)], word)
        _label(
            drawing,
            word,
            ink,
            [(x, s[n], s[n + 1]) for x, s in zip(xs, stacks, strict=True)],
            place,
        )
    drawing.line(left, top + height, left + width, top + height, "rule")
    step = 60 if end <= 500 else 300
    for tick in range(0, int(end) + 1, step):
        x = left + width * tick / end
        drawing.line(x, top + height, x, top + height + 4, "rule")
        anchor = "start" if tick == 0 else "end" if x > left + width - 14 else "middle"
        drawing.text(x, top + height + 17, f"{tick // 60}:{tick % 60:02}", "soft", anchor)


def _label(
    drawing: Drawing,
    word: str,
    ink: str,
    band: Sequence[tuple[float, float, float]],
    place: tuple[float, float, float, float],
) -> None:
    """The word on its area, where there is room for it."""
    _, top, _, height = place
    best: list[tuple[float, float, float]] = []
    run: list[tuple[float, float, float]] = []
    for point in [*band, (0.0, 0.0, 0.0)]:
        if (point[2] - point[1]) * height >= 11:
            run.append(point)
            continue
        best, run = max(best, run, key=_width), []
    if _width(best) < 6.6 * len(word) + 6:
        return
    x = (best[0][0] + best[-1][0]) / 2
    _, low, high = min(best, key=lambda p: abs(p[0] - x))
    drawing.text(x, top + height * (1 - (low + high) / 2) + 4, word, ink, "middle")


def _width(run: Sequence[tuple[float, float, float]]) -> float:
    return run[-1][0] - run[0][0] if run else 0.0


def _stack(moment: Moment) -> list[float]:
    """Where each word's area begins, from 0 to 1, and the end of the last."""
    total = sum(moment.words.values())
    edges = [0.0]
    for word in ORDER:
        count = sum(n for w, n in moment.words.items() if SAME.get(w, w) == word)
        edges.append(edges[-1] + count / total)
    return edges


def _corners(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same line without points in the middle of its level parts."""
    return [
        p
        for n, p in enumerate(points)
        if n in (0, len(points) - 1) or not points[n - 1][1] == p[1] == points[n + 1][1]
    ]


def _tell(moments: Sequence[Moment]) -> str:
    """The most that each word ever had, in words."""
    most: dict[str, float] = {}
    for moment in moments:
        total = sum(moment.words.values())
        for word, n in moment.words.items():
            most[word] = max(most.get(word, 0.0), n / total)
    told = [f"{word} at most {100 * share:.0f} %" for word, share in most.items() if share >= 0.005]
    return ", ".join(told)


if __name__ == "__main__":
    main(sys.argv[1:])
