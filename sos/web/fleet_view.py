"""What the fleet page shows, as plain texts: the same for its HTML and for its live updates.

In: a `Fleet`. Out: a `View` of short strings, and what of it differs from the one before. It writes
no HTML: who shows these strings escapes them, every one, because nodes wrote parts of them.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from sos.rollout.fleet import LEVELS, Fleet, FleetSummary, Level, Standing
from sos.rollout.fleet_words import describe_age, plain, say_rate

Row = dict[str, str]
"""One node: texts by the name of their cell, ``level`` and ``href`` among them."""

RELEASES_SHOWN = 5

_ADDRESS = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")


class Note(msgspec.Struct, frozen=True, array_like=True):
    """A line of findings, states or releases: a level, a text, and something beside it."""

    level: str
    text: str
    aside: str = ""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page that changes. ``groups`` are the nodes' names, in order;
    ``bar`` how many nodes are of each level, the worst first."""

    level: Level
    title: str
    texts: dict[str, str]
    findings: tuple[Note, ...]
    states: tuple[Note, ...]
    releases: tuple[Note, ...]
    bar: tuple[tuple[Level, int], ...]
    groups: dict[str, tuple[str, ...]]
    rows: dict[str, Row]


GROUPS: dict[str, tuple[Level, ...]] = {
    "attention": ("bad", "warn"),
    "moving": ("moving",),
    "well": ("well",),
}

MARKS: dict[str, str] = {"bad": "✕", "warn": "!", "moving": "↻", "well": "✓"}


def build_view(fleet: Fleet, summary: FleetSummary) -> View:
    """The page's texts. ``summary`` is of the same fleet."""
    rows: dict[str, Row] = {}
    groups: dict[str, list[str]] = {name: [] for name in GROUPS}
    for standing in summary.standings:
        row = build_row(standing, fleet.now, summary.content_revision)
        if row["node"] not in rows:
            group = next(name for name, levels in GROUPS.items() if standing.level in levels)
            groups[group].append(row["node"])
            rows[row["node"]] = row
    counts = {level: sum(s.level == level for s in summary.standings) for level in LEVELS}
    return View(
        level=summary.level,
        title=f"{MARKS[summary.level]} {plain(summary.verdict, 80)}",
        texts=_build_texts(fleet, summary, groups),
        findings=tuple(Note(f.level, plain(f.text), f.hint) for f in summary.findings[1:])
        if summary.level in ("bad", "warn")
        else (),
        states=tuple(Note(level, plain(word, 40), f"{n:,}") for word, level, n in summary.states),
        releases=tuple(_list_releases(fleet, summary)),
        bar=tuple((level, n) for level, n in counts.items() if n),
        groups={name: tuple(names) for name, names in groups.items()},
        rows=rows,
    )


def build_row(standing: Standing, now: float, newest: int) -> Row:
    """One node. ``newest`` is the highest content revision of the fleet."""
    r = standing.report
    release = r.release or "differs between workers"
    behind = newest - r.content_revision
    lag = r.content_lag_seconds
    row: Row = {
        "level": standing.level,
        "word": plain(standing.word, 40),
        "node": plain(r.node, 128) or "?",
        "href": decide_link(r.private),
        "release": plain(release, 80),
        "wanted": plain(standing.wanted or "", 80) if standing.wanted != r.release else "",
        "content": f"{r.content_revision:,}" + (f" ({behind:,} behind)" if behind > 0 else ""),
        # Tenths of a second would flicker and tell nothing.
        "lag": "?" if lag is None else "<1 s" if 0 <= lag < 1 else describe_age(lag),
        "workers": f"{r.workers_ready} of {r.workers}",
        "requests": say_rate(r.requests_per_second),
        "errors": say_rate(r.errors_per_second),
        "up": describe_age(now - r.started) if r.started else "?",
        "why": plain("; ".join(t.text for t in standing.troubles if t.text)),
    }
    if standing.word == "missing":  # its last words, which are nothing to go by
        row |= dict.fromkeys(("lag", "workers", "requests", "errors", "up"), "")
    return row


def decide_link(private: str) -> str:
    """The address of a node's own /health; "" for what is not ``host:port``."""
    return f"http://{private}/health" if _ADDRESS.fullmatch(private) else ""


def build_delta(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a view that changed, of rows only the cells; both as plain dicts.

    A node that left is in no group any more.
    """
    delta = {k: v for k, v in after.items() if k != "rows" and before.get(k) != v}
    known: Mapping[str, Row] = before.get("rows", {})
    rows: dict[str, Row] = {}
    for node, row in after["rows"].items():
        old = known.get(node, {})
        if changed := {cell: text for cell, text in row.items() if old.get(cell) != text}:
            rows[node] = changed
    return {**delta, "rows": rows} if rows else delta


def _build_texts(
    fleet: Fleet, summary: FleetSummary, groups: Mapping[str, list[str]]
) -> dict[str, str]:
    live, now = fleet.live, fleet.now
    word = "node" if summary.total == 1 else "nodes"
    first = summary.findings[0] if summary.findings else None
    return {
        "site": plain(fleet.site, 253),
        "seen_by": plain(fleet.seen_by, 128),
        "at": _say_time(now, now),
        "verdict": plain(summary.verdict),
        "hint": first.hint if first and summary.level in ("bad", "warn") else "",
        "live": plain(live.release or ("unknown" if live.problem else "not set yet"), 80),
        "since": f"for {describe_age(now - live.since)}, since {_say_time(live.since, now)}"
        if live.since
        else "",
        "by": f"by {plain(live.by, 80)}" if live.by else "",
        "why": plain(live.why, 200),
        "canary": f"Canary on {live.percent:g} %: {plain(live.canary, 80)}" if live.canary else "",
        "serving": f"{summary.serving:,} of {summary.total:,} {word}",
        "requests": say_rate(summary.requests_per_second),
        "errors": say_rate(summary.errors_per_second),
        "content": f"{summary.content_revision:,}",
        **{f"count_{name}": f"{len(names):,}" for name, names in groups.items()},
    }


def _list_releases(fleet: Fleet, summary: FleetSummary) -> list[Note]:
    notes = []
    for release, n in summary.releases[:RELEASES_SHOWN]:
        level = "well" if release and release == fleet.live.release else "moving"
        kind = "live" if level == "well" else "canary" if release == fleet.live.canary else ""
        text = plain(release or "differs between workers", 80)
        notes.append(Note(kind, text, f"{n:,} node{'s' if n > 1 else ''}"))
    if more := summary.releases[RELEASES_SHOWN:]:
        nodes = sum(n for _, n in more)
        notes.append(Note("", f"{len(more)} other releases", f"{nodes:,} nodes"))
    return notes


def _say_time(seconds: float, now: float) -> str:
    """A moment; its day where that was not today."""
    try:
        at, today = (datetime.fromtimestamp(s, UTC) for s in (seconds, now))
    except (OverflowError, ValueError, OSError):
        return "?"
    return at.strftime("%H:%M:%S UTC" if at.date() == today.date() else "%Y-%m-%d %H:%M UTC")
