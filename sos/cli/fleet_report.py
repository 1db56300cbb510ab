"""What ``sos fleet`` shows a person: the verdict first, then every node, the troubled ones first.

In: a fleet and its summary. Out: things that rich can print. The words are those of the fleet page;
texts of nodes are never markup.
"""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sos.rollout.fleet import Fleet, FleetSummary
from sos.web.fleet_view import MARKS, Note, Row, View, build_view

STYLES = {"bad": "bold red", "warn": "yellow", "moving": "blue", "well": "green"}

COLUMNS = {
    "word": "state",
    "node": "node",
    "release": "release",
    "content": "content",
    "lag": "lag",
    "workers": "workers",
    "requests": "requests/s",
    "errors": "errors/s",
    "up": "up",
}
"""Columns of nodes that are well, and their headings."""

NARROW = 100
"""Characters of a line below which only the first three columns and the requests are shown."""


def build_report(
    fleet: Fleet, summary: FleetSummary, trouble: str = "", width: int = 120
) -> RenderableType:
    """Everything, as one thing to print. ``trouble`` is why it may be out of date."""
    view = build_view(fleet, summary)
    parts: list[RenderableType] = []
    if trouble:
        parts.append(Text(trouble, style="reverse"))
    parts += _build_findings(view)
    parts += [Text(), *_build_facts(view), Text()]
    rows = {group: [view.rows[n] for n in names] for group, names in view.groups.items()}
    if noted := [*rows["attention"], *rows["moving"]]:
        parts += [*(_build_block(row) for row in noted), Text()]
    if rows["well"]:
        parts.append(_build_table(rows["well"], narrow=width < NARROW))
    return Group(*parts)


def build_line(summary: FleetSummary) -> str:
    """The verdict, for a log."""
    return f"{summary.level}: {summary.verdict}"


def _build_findings(view: View) -> Iterator[RenderableType]:
    first = Note(view.level, view.texts["verdict"], view.texts["hint"])
    for n, note in enumerate((first, *view.findings)):
        line = _mark(note.level).append(note.text, style="bold" if n == 0 else "")
        yield line
        if note.aside:
            yield Padding(Text(note.aside, style="dim"), (0, 0, 0, 2), expand=False)


def _build_facts(view: View) -> Iterator[RenderableType]:
    texts = view.texts
    why = f"“{texts['why']}”" if texts["why"] else ""
    live = " ".join(t for t in (texts["since"], texts["by"], why) if t)
    yield Text.assemble("Should be live  ", (texts["live"], "bold"), f"  {live}")
    if texts["canary"]:
        yield Text(texts["canary"])
    counts = ", ".join(f"{note.aside} {note.text}" for note in view.states)
    yield Text(
        f"Served by {texts['serving']} ({counts}); {texts['requests']} requests/s, "
        f"{texts['errors']} errors/s, content {texts['content']}"
    )


def _build_block(row: Row) -> RenderableType:
    """A node that is not just well: what it suffers from has room."""
    head = _mark(row["level"]).append(f"{row['word']:<10} ", style=STYLES[row["level"]])
    head.append(row["node"], style="bold").append(f"  {row['release']}")
    if row["wanted"]:
        head.append(f", should be {row['wanted']}")
    figures = [
        f"content {row['content']}",
        row["lag"] and f"lag {row['lag']}",
        row["workers"] and f"{row['workers']} workers",
        row["requests"] and f"{row['requests']} requests/s",
        row["errors"] and f"{row['errors']} errors/s",
        row["up"] and f"up {row['up']}",
    ]
    below = [Text(row["why"]), Text(" · ".join(f for f in figures if f), style="dim")]
    return Group(head, *(Padding(text, (0, 0, 0, 13), expand=False) for text in below if text))


def _build_table(rows: list[Row], *, narrow: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    shown = ("word", "node", "release", "requests") if narrow else tuple(COLUMNS)
    for cell in shown:
        words = cell in ("word", "node", "release")
        table.add_column(COLUMNS[cell], justify="left" if words else "right", overflow="fold")
    for row in rows:
        state = _mark(row["level"]).append(row["word"])
        table.add_row(state, *(Text(row[cell]) for cell in shown[1:]))
    return table


def _mark(level: str) -> Text:
    return Text.assemble((MARKS.get(level, " "), STYLES.get(level, "")), " ")
