"""Fills bench/README.md: results go in, tables and charts come out, and no figure is typed by hand.

Between ``<!-- NAME -->`` and ``<!-- end of NAME -->`` stands what `SECTIONS` makes of the results;
all other text stays as it is. A suite without results is named as not measured yet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.charts import draw_latencies, draw_rates
from bench.goals import judge
from bench.machine import RESULTS
from bench.table import HEADINGS, build_goals, build_markdown, build_table, format_ms, format_rate
from bench.tables_of_suites import (
    build_changes,
    build_import,
    build_memory,
    build_publish,
    build_saves,
    build_scale,
    build_starts,
    build_workers,
)

FOLDER = Path(__file__).parent
README = FOLDER / "README.md"
CHARTS = FOLDER / "charts"
Json = Mapping[str, Any]


def write_report() -> None:
    """Write README and charts anew from the results that are there."""
    for path, text in build_files(load_results(), README.read_text(encoding="utf-8")).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def load_results() -> dict[str, Json]:
    """All results by suite, without those of quick runs."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(RESULTS.glob("*.json"))
        if not path.stem.endswith("_quick")
    }


def build_files(results: Mapping[str, Json], readme: str) -> dict[Path, str]:
    """Path and text of each file."""
    files = {}
    if "throughput" in results:
        cases = results["throughput"]["figures"]["cases"]
        files[CHARTS / "rates.svg"] = draw_rates(cases)
    if "steady" in results:
        files[CHARTS / "latencies.svg"] = draw_latencies(results["steady"]["figures"])
    for name, (suite, build) in SECTIONS.items():
        text = f"Not measured yet: `make bench ARGS={suite}`."
        if suite in results:
            text = build(results[suite]).strip()
            if suite != "throughput":  # which says more on what it was measured on
                text += f"\n\n{describe_moment(results[suite])}"
        readme = fill(readme, name, text)
    files[README] = readme
    return files


def fill(readme: str, name: str, text: str) -> str:
    """The document with ``text`` in the place called ``name``. Raises ValueError without one."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = readme.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"bench/README.md has no place for {name}")
    return f"{before}{begin}\n{text}\n\n{end}{after}"


# ------------------------------------------------------------ sections


def build_throughput(result: Json) -> str:
    """Chart, tables, goals, and what was left out."""
    figures = result["figures"]
    parts = ["![Requests per second of each peer](charts/rates.svg)", describe_run(result)]
    for name, case in figures["cases"].items():
        if case["peers"]:
            parts += [f"**{HEADINGS[name]}**", build_table(case)]
    parts.append(
        "≥: this server had its processor for less than nine tenths of the time; it could do more."
    )
    failed = {
        f"{row['title']} ({name})": row["failed"]
        for name, case in figures["cases"].items()
        for row in case["peers"].values()
        if row["failed"]
    }
    if failed:
        words = ", ".join(f"{count:,.0f} of {who}" for who, count in failed.items())
        parts.append(f"Requests that failed, in all rounds together: {words}.")
    parts += ["**Goals**", build_goals(judge(figures["cases"]))]
    if figures["left_out"]:
        rows = [f"- {name}: {reason}" for name, reason in figures["left_out"].items()]
        parts += ["Left out:", "\n".join(rows)]
    return "\n\n".join(parts)


def describe_run(result: Json) -> str:
    """What was measured on, in a paragraph."""
    machine, figures = result["machine"], result["figures"]
    plan, cores = figures["plan"], figures["cores"]
    where = "with the load on the same processors" if cores["shared"] else "the load on another"
    if cores.get("threads_of_one_core"):
        where += " (two threads of one core)"
    versions = "; ".join(figures["versions"].values())
    return (
        f"{machine['measured']}: {machine['cores']} cores of {machine['cpu']}, Linux "
        f"{machine['kernel']}, Python {machine['python']}, aiohttp "
        f"{machine['packages']['aiohttp']}; {versions}; load of the machine before "
        f"{machine['load_before']:.1f}. Server on one processor, {where}; medians "
        f"of {plan['rounds']} rounds of {plan['seconds']} s in random order, ratios taken round "
        f"by round; the page has {figures['page_bytes']:,} bytes."
    )


def describe_moment(result: Json) -> str:
    """Day and machine, in a line; the load says whether there was other work."""
    machine = result["machine"]
    return (
        f"*{machine['measured']}, {machine['cores']} cores of {machine['cpu']}, Python "
        f"{machine['python']}, load {machine['load_before']:.1f}.*"
    )


def build_steady(result: Json) -> str:
    """Chart and table of latencies at a fixed rate."""
    figures = result["figures"]
    heads = (
        "", "answers/s", "p50, ms", f"p99, ms (goal: {figures['goal_ms']:g})", "p99.9, ms",
        "longest, ms", "p99 from sending, ms", "generator late, p99, ms", "not 200", "processor",
        "changes / releases",
    )  # fmt: skip
    rows = []
    for name, run in figures["runs"].items():
        wrong = run["broken"] + sum(n for status, n in run["statuses"].items() if status != "200")
        rows.append(
            [
                name,
                format_rate(run["answered_per_second"]),
                *(format_ms(run[key]) for key in LATENCIES),
                f"{wrong:,}",
                f"{run['busy']:.0%}".replace("%", " %"),
                f"{run.get('edits', 0)} / {run.get('releases', 0)}",
            ]
        )
    chart = "![Latency at a fixed rate](charts/latencies.svg)"
    words = [
        f"{name}: {'reached' if run['p99_ms'] < figures['goal_ms'] else '**missed**'}"
        for name, run in figures["runs"].items()
        if run["peer"] == "sos" and "releases" in run["disturbance"]
    ]
    goal = (
        f"Goal, p99 under {figures['goal_ms']:g} ms with {figures['edits_per_second']:g} changed "
        f"posts a second and a release every {figures['release_every_seconds']:g} s: "
        f"{'; '.join(words)}."
    )
    return f"{chart}\n\n{goal}\n\n{build_markdown(heads, rows)}"


LATENCIES = (
    "p50_ms",
    "p99_ms",
    "p99.9_ms",
    "max_ms",
    "since_sent_p99_ms",
    "generator_late_p99_ms",
)


def build_mixed(result: Json) -> str:
    """Rates of mixed traffic."""
    figures = result["figures"]
    heads = (
        "", "requests/s", "x nginx static", "p50, ms", "p99, ms", "processor, µs/request",
        "memory, MB",
    )  # fmt: skip
    rows = [
        [
            row["title"] + (", one page" if name == "nginx" else ""),
            format_rate(row["rate"]),
            "" if row["ratio"] is None else f"{row['ratio']:.2f}",
            format_ms(row["p50_ms"]),
            format_ms(row["p99_ms"]),
            f"{row['cpu_us']:,.1f}",
            f"{row['memory_mb']:,.0f}",
        ]
        for name, row in figures["peers"].items()
    ]
    failed = sum(row["failed"] for row in figures["peers"].values())
    note = f"{figures['edits']} posts were changed meanwhile; {failed} requests failed."
    return f"{build_markdown(heads, rows)}\n\n{note}"


SECTIONS: dict[str, tuple[str, Callable[[Json], str]]] = {
    "throughput": ("throughput", build_throughput),
    "steady": ("steady", build_steady),
    "mixed": ("mixed", build_mixed),
    "workers": ("workers", build_workers),
    "worker_memory": ("worker_memory", build_memory),
    "publish_to_live": ("publish_to_live", build_publish),
    "import_speed": ("import_speed", build_import),
    "render_scale": ("render_scale", build_scale),
    "starts": ("start_and_flip", build_starts),
    "changes": ("start_and_flip", build_changes),
    "save_request": ("save_request", build_saves),
}
"""Each place's suite, and what is made of its results."""
