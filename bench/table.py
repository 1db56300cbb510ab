"""Figures of a run as tables: for the terminal, and as Markdown for bench/README.md. Pure but for
`print_case` and `print_goals`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bench.goals import Verdict, judge

BUSY = 0.9
"""A peer that had its processor for less than this share of the time could have done more."""

HEADINGS = {
    "cached": "Cached page",
    "cached-browser": "Cached page, requests of browsers behind a load balancer",
    "not-modified": "Not modified (304)",
    "uncached": "Uncached page",
}
NAMES = {"nginx": "nginx static", "koa-nunjucks": "Koa + nunjucks"}


def build_table(case: Mapping[str, Any]) -> str:
    """One case as Markdown, the quickest first."""
    baseline = NAMES.get(case["baseline"], case["baseline"])
    heads = (
        "", "requests/s", f"x {baseline}", "p50, ms", "p99, ms", "processor, µs/request",
        "memory, MB",
    )  # fmt: skip
    return build_markdown(heads, [build_row(row) for row in sort_peers(case)])


def build_markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose columns but the first are figures, unless nothing stands above them."""
    columns = "".join("---:|" if head else "---|" for head in heads[1:])
    lines = ["| " + " | ".join(heads) + " |", "|---|" + columns]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return re.sub(r"\|  (?=\|)", "| ", "\n".join(lines))


def sort_peers(case: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Rows of a case, the quickest first."""
    return sorted(case["peers"].values(), key=lambda row: -float(row["rate"]))


def build_row(row: Mapping[str, Any]) -> list[str]:
    """Cells of one peer."""
    limited = row["rate"] and row["busy"] < BUSY
    return [
        row["title"],
        ("≥ " if limited else "") + format_rate(row["rate"]),
        format_ratio(row["ratio"]),
        format_ms(row["p50_ms"]),
        format_ms(row["p99_ms"]),
        f"{row['cpu_us']:,.1f}" if row["cpu_us"] < 100 else f"{row['cpu_us']:,.0f}",
        f"{row['memory_mb']:,.0f}",
    ]


def build_goals(verdicts: Sequence[Verdict]) -> str:
    """The goals as Markdown."""
    rows = []
    for verdict in verdicts:
        goal = verdict.goal
        asked = f"{goal.ratio:g} x" + (f" (floor {goal.floor:g})" if goal.floor else "")
        measured = "" if verdict.ratio is None else f"{format_ratio(verdict.ratio)} x"
        what = f"{HEADINGS[goal.case]}: sos to {verdict.than}"
        by_cost = "" if verdict.by_cost is None else f"{format_ratio(verdict.by_cost)} x"
        rows.append([what, asked, measured, by_cost, verdict.word])
    return build_markdown(("", "goal", "measured", "by processor time", ""), rows)


def format_rate(rate: float) -> str:
    """Requests per second; three figures are enough."""
    if not rate:
        return "failed"
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def format_ratio(ratio: float | None) -> str:
    """Three figures, none after the point beyond hundreds."""
    if ratio is None:
        return ""
    if ratio >= 100:
        return f"{ratio:,.0f}"
    if ratio >= 0.1:
        return f"{ratio:.2f}"
    return f"{ratio:.2g}"


def format_ms(value: float) -> str:
    """Milliseconds, as exact as they are worth."""
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


# ------------------------------------------------------------ terminal


def print_case(name: str, case: Mapping[str, Any]) -> None:
    """The same table in columns of spaces."""
    heads = ["", "requests/s", "ratio", "p50 ms", "p99 ms", "µs/request", "MB"]
    rows = [build_row(row) for row in sort_peers(case)]
    widths = [max(len(cells[n]) for cells in [heads, *rows]) for n in range(len(heads))]
    print(f"\n{HEADINGS.get(name, name)} (ratio to {case['baseline']})")
    for cells in [heads, *rows]:
        first = cells[0].ljust(widths[0])
        print("  ".join([first, *(c.rjust(w) for c, w in zip(cells[1:], widths[1:], strict=True))]))
    print(flush=True)


def print_goals(figures: Mapping[str, Any]) -> None:
    """A line for each goal."""
    for verdict in judge(figures["cases"]):
        goal = verdict.goal
        shown = "" if verdict.ratio is None else f"{format_ratio(verdict.ratio)} x "
        floor = f", floor {goal.floor:g}" if goal.floor else ""
        word = verdict.word.strip("*")
        what = f"{HEADINGS[goal.case]}: {goal.peer} to {verdict.than}"
        if verdict.by_cost is not None:
            shown += f"({format_ratio(verdict.by_cost)} x by processor time) "
        print(f"{what:<75} {shown}(goal {goal.ratio:g} x{floor}): {word}")
