"""Tables of the suites that compare sos with its goals alone: results in, Markdown out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.table import build_markdown, format_rate, format_ratio

Json = Mapping[str, Any]

FAULTS = {
    "up": "all is there",
    "refused": "Redis, Consul and S3 refuse connections",
    "silent": "they take connections and say nothing",
}


def build_import(result: Json) -> str:
    """Speed and memory of an import."""
    figures = result["figures"]
    rows = [
        ["documents", f"{figures['documents']:,}"],
        [
            "first import",
            f"{figures['documents_per_second']:,.0f} documents/s (goal: {figures['target']:,})",
        ],
        [
            "second import, nothing changed",
            f"{figures['unchanged_documents_per_second']:,.0f} documents/s",
        ],
        ["peak memory of the importer", f"{figures['peak_mb']} MB"],
    ]
    return build_markdown(("", ""), rows)


SCALE = {
    "documents_per_second": "write documents, per second",
    "publish_ms": "publish one more post, ms",
    "home_ms": "front page, ms",
    "page 5_ms": "page 5 of the posts, ms",
    "post_ms": "a post, ms",
    "category_ms": "page of a category, ms",
}


def build_scale(result: Json) -> str:
    """Times by size of the site."""
    figures = result["figures"]
    sizes = [f"{int(size):,}" for size in figures]
    rows = []
    for key, words in SCALE.items():
        form = "{:,.0f}" if key.endswith("second") else "{:.2f}"
        rows.append([words, *(form.format(own[key]) for own in figures.values())])
    return build_markdown(("", f"{sizes[0]} posts", *sizes[1:]), rows)


def build_starts(result: Json) -> str:
    """Seconds until a node is in service."""
    figures = result["figures"]
    rows = []
    for posts, faults in figures["starts"].items():
        for fault, own in faults.items():
            medians = [f"{row['median']:.2f}" for row in own.values()]
            cpu = " / ".join(f"{row['cpu_median']:.2f}" for row in own.values())
            what = f"{FAULTS[fault]}, {int(posts):,} posts"
            rows.append([what, *medians, cpu, f"{figures['goals'][fault]:.1f}"])
    heads = ("Start, seconds", "1 worker", "2 workers", "processor time, 1 / 2", "goal")
    return build_markdown(heads, rows)


def build_changes(result: Json) -> str:
    """Seconds until the last worker shows another release."""
    figures = result["figures"]
    changes, goals = figures["changes"], figures["goals"]
    rows = [
        [words, *(f"{own[kind]['median']:.2f}" for own in changes.values()), f"{goals[kind]:.1f}"]
        for kind, words in (("flip", "a release that was never there"), ("rollback", "rollback"))
    ]
    nodes = [f"{count} node" + ("" if count == "1" else "s") for count in changes]
    return build_markdown(("From the pointer to the last worker, seconds", *nodes, "goal"), rows)


def build_saves(result: Json) -> str:
    """Milliseconds of a save in WordPress, by state of Redis and by kind of server."""
    servers = {k: v for k, v in result["figures"].items() if isinstance(v, dict)}
    heads = [""]
    for server in servers:
        heads += [f"{server}: median", "p95", "added", "processor"]
    rows = []
    for state in next(iter(servers.values())):
        row = [state]
        for own in (figures[state] for figures in servers.values()):
            row += [f"{own['median_ms']:.0f}", f"{own['p95_ms']:.0f}"]
            added = own["added_in_turn_ms"], own["added_processor_ms"]
            row += ["", ""] if not any(added) else [f"{value:+.1f}" for value in added]
        rows.append(row)
    return build_markdown(heads, rows)


def build_workers(result: Json) -> str:
    """Rates and processor time of one worker and of two."""
    by_count = result["figures"]
    counts = list(by_count)
    first, last = by_count[counts[0]], by_count[counts[-1]]
    rows = []
    for case, own in first["cases"].items():
        for name, row in own["peers"].items():
            other = last["cases"][case]["peers"].get(name)
            if other is None or not row["rate"]:
                continue
            rows.append(
                [
                    f"{row['title']}, {case}",
                    format_rate(row["rate"]),
                    format_rate(other["rate"]),
                    format_ratio(other["rate"] / row["rate"]),
                    f"{row['cpu_us']:,.1f} / {other['cpu_us']:,.1f}",
                    f"{row['memory_mb']:,.0f} / {other['memory_mb']:,.0f}",
                ]
            )
    heads = (
        "Requests/s", f"{counts[0]} worker", f"{counts[-1]} workers", "times",
        f"processor, µs/request, {counts[0]} / {counts[-1]}", "memory, MB",
    )  # fmt: skip
    table = build_markdown(heads, rows)
    if last["cores"]["shared"]:
        table += (
            f"\n\nThis machine has no processor to spare for the load of {counts[-1]} workers: it "
            "took part of theirs, so that the rates of cached pages can't double here. Of scaling "
            "the processor time of a request tells: the same for both means that nothing is shared "
            "that would be waited for."
        )
    return table


def build_memory(result: Json) -> str:
    """Megabytes of a worker."""
    figures = result["figures"]
    rows = [
        [
            f"{row['posts']:,} posts, `cache_mb` = {row['cache_mb']}",
            f"{row['worker_mb_at_start']:.0f}",
            f"{row['worker_mb']:.0f}",
            f"{row['pages']:,}",
            f"{row['supervisor_mb']:.0f}",
            f"{row['all_mb']:.0f}",
        ]
        for row in figures["rows"]
    ]
    heads = (
        "MB", "a worker at the start", f"afterwards (goal: {figures['goal_mb']})",
        "pages asked for", "supervisor", "all processes",
    )  # fmt: skip
    return build_markdown(heads, rows)


def build_publish(result: Json) -> str:
    """Milliseconds from a write to the last worker."""
    figures = result["figures"]
    rows = [
        [what, *(f"{row[key]:.0f}" for key in ("median_ms", "p99_ms", "max_ms"))]
        for what, row in figures["kinds"].items()
    ]
    heads = (
        f"{figures['publishes']} of each, {figures['nodes']} nodes of {figures['workers']} workers",
        "median, ms", f"p99, ms (goal: {figures['goal_p99_ms']})", "longest, ms",
    )  # fmt: skip
    return build_markdown(heads, rows)
