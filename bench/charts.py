"""Charts of bench/README.md: figures of a run go in, SVG comes out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.svg import Drawing
from bench.table import BUSY, HEADINGS, format_ms, format_rate, format_ratio, sort_peers

LIGHT = {
    "ink": "#1f2328",
    "soft": "#59636e",
    "rule": "#d1d9e0",
    "limit": "#b3261e",
    "own": "#0a6ebd",
    "own-too": "#6cb2e8",
    "other": "#9aa4ae",
}
DARK = LIGHT | {
    "ink": "#f0f6fc",
    "soft": "#b1bac4",
    "rule": "#3d444d",
    "limit": "#ff8a80",
    "own": "#4aa3f0",
    "own-too": "#2f6f9f",
    "other": "#6e7681",
}
RULES = """
.title{font-size:17px;font-weight:600}
.head{font-size:14px;font-weight:600}
.row,.value{font-size:13px}
.soft{font-size:12px;fill:var(--soft)}
.rule{stroke:var(--rule);stroke-width:1;fill:none}
.limit{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:4 3;fill:none}
.limit-text{font-size:12px;fill:var(--limit)}
.own{fill:var(--own)}
.own-too{fill:var(--own-too)}
.other{fill:var(--other)}
"""

WIDTH, LEFT, RIGHT, ROW, HEADING, TOP = 860.0, 345.0, 150.0, 24.0, 44.0, 48.0
CHARTED = ("cached", "uncached")


def draw_rates(cases: Mapping[str, Any]) -> str:
    """A bar for each peer: requests a second, from the cache and made anew; a scale for each."""
    shown = [
        (name, sort_peers(cases[name])) for name in CHARTED if cases.get(name, {}).get("peers")
    ]
    height = TOP + sum(HEADING + ROW * len(rows) for _, rows in shown) + 8
    title = "Requests per second on one processor"
    drawing = Drawing(WIDTH, height, title, describe_rates(shown))
    drawing.text(0, 20, title, "title")
    note = "all with the same page; the load comes from another processor; medians of all rounds"
    drawing.text(0, 40, note, "soft")
    y = TOP
    for name, rows in shown:
        drawing.text(0, y + 32, HEADINGS[name], "head")
        y += HEADING
        most = max(float(row["rate"]) for row in rows) or 1.0
        for row in rows:
            draw_bar(drawing, y, row, row["rate"] / most)
            y += ROW
    return drawing.render(LIGHT, DARK, RULES)


def draw_bar(drawing: Drawing, y: float, row: Mapping[str, Any], share: float) -> None:
    """One peer; ``share`` is how much of the longest bar it has."""
    baseline = y + ROW / 2 + 4.5
    drawing.text(LEFT - 10, baseline, row["title"], "row", "end")
    length = max(1.5, (WIDTH - LEFT - RIGHT) * share)
    look = "other"
    if row["title"].startswith("sos"):
        look = "own-too" if "off" in row["title"] else "own"
    drawing.rect(LEFT, y + 3, length, ROW - 6, look)
    words = format_rate(row["rate"])
    if row["rate"] and row["busy"] < BUSY:
        words = f"≥ {words}"
    if row["ratio"] is not None:
        words += f"  ({format_ratio(row['ratio'])} x)"
    drawing.text(LEFT + length + 6, baseline, words, "value")


def describe_rates(shown: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> str:
    """The chart in words."""
    parts = [
        f"{HEADINGS[name]}: "
        + ", ".join(f"{row['title']} {format_rate(row['rate'])}" for row in rows)
        for name, rows in shown
    ]
    return "; ".join(parts) + "."


def draw_latencies(figures: Mapping[str, Any]) -> str:
    """Half and 99 in 100 of the answers at a fixed rate, for each run; the goal is a line."""
    runs = list(figures["runs"].values())
    goal = float(figures["goal_ms"])
    most = max([goal * 1.2, *(float(run["p99_ms"]) for run in runs)])
    scale = min(most, goal * 4)
    height = TOP + 34 + ROW * len(runs) + 8
    title = f"Latency at {figures['rate']:,} requests per second and processor"
    parts = [f"{label_run(run)}: {run['p50_ms']} and {run['p99_ms']} ms" for run in runs]
    drawing = Drawing(WIDTH, height, title, "Median and p99. " + "; ".join(parts) + ".")
    drawing.text(0, 20, title, "title")
    drawing.rect(0, 31, 11, 11, "own")
    drawing.text(16, 41, "half of the answers", "soft")
    drawing.rect(150, 31, 11, 11, "own-too")
    drawing.text(166, 41, "99 in 100; from the moment at which a request was due", "soft")
    y, width = TOP + 34, WIDTH - LEFT - RIGHT
    for run in runs:
        baseline = y + ROW / 2 + 4.5
        drawing.text(LEFT - 10, baseline, label_run(run), "row", "end")
        long = width * min(1.0, run["p99_ms"] / scale)
        drawing.rect(LEFT, y + 3, max(1.5, long), ROW - 6, "own-too")
        half = width * min(1.0, run["p50_ms"] / scale)
        drawing.rect(LEFT, y + 3, max(1.5, half), ROW - 6, "own")
        words = f"{format_ms(run['p50_ms'])} · {format_ms(run['p99_ms'])} ms"
        drawing.text(LEFT + width + 8, baseline, words, "value")
        y += ROW
    place = LEFT + width * goal / scale
    drawing.line(place, TOP + 26, place, y, "limit")
    drawing.text(place, TOP + 20, f"goal for p99: {goal:g} ms", "limit-text", "middle")
    return drawing.render(LIGHT, DARK, RULES)


def label_run(run: Mapping[str, Any]) -> str:
    """A run in few words."""
    who = "front off, " if run["peer"] == "sos-no-front" else ""
    return f"{who}{run['traffic']}, {run['disturbance']}"
