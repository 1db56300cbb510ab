"""What ``sos content`` shows a person: a progress bar, summaries and tables, all on stderr.

In: progress, summaries, reports. Out: text. Colour and movement on a terminal only.
"""

import contextlib
import re
from collections.abc import Iterator
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from sos.content.explain import Explanation, Part
from sos.wordpress.reconcile import Report
from sos.wordpress.summary import OnProgress, Summary
from sos.wordpress.summary import Progress as ImportProgress
from sos.wordpress.watch import Round

SHOWN = 20
"""Lines of a list that are shown; ``--json`` has them all."""


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _plain(text: str) -> str:
    """Text of a site as text: neither markup of rich nor a command to the terminal."""
    return escape(_CONTROL.sub(" ", text))


def _console() -> Console:
    return Console(stderr=True, highlight=False)


@contextlib.contextmanager
def import_progress() -> Iterator[OnProgress]:
    """A function for `import_site` that draws a bar with rate and time left, on a terminal.

    Elsewhere it writes a line when the import comes to another collection.
    """
    console = _console()
    if not console.is_terminal:
        yield _line_writer(console)
        return
    bar = Progress(
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("looking around", total=None, rate="")

        def show(progress: ImportProgress) -> None:
            speed = bar.tasks[0].speed
            bar.update(
                task,
                description=progress.collection,
                completed=progress.done,
                total=progress.total,
                rate=f"{speed:,.0f}/s" if speed else "",
            )

        yield show


def print_summary(summary: Summary) -> None:
    """What an import came to."""
    console = _console()
    table = Table("", "listed", "written", "unchanged", "newer here", "removed", "skipped")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, c in summary.collections.items():
        numbers = (c.listed, c.applied, c.unchanged, c.stale, c.removed, c.skipped)
        table.add_row(_plain(name), *(str(n) if n else "" for n in numbers))
    console.print(table)
    again = ", resumed" if summary.resumed else ""
    console.print(
        f"{_plain(summary.url)}: {summary.documents} documents in {summary.seconds:.1f} s "
        f"({summary.rate:,.0f}/s){again}"
    )
    if summary.permalinks == "plain":
        console.print("The site has plain permalinks; its documents were given paths.")
    _print_list(console, "Missing", summary.missing)
    skipped = [f"{s.ref or s.collection}: {s.reason}" for s in summary.skipped]
    _print_list(console, "Skipped", skipped, summary.skipped_count)
    _print_list(console, "Note", summary.notes)


def print_report(report: Report, *, healing: bool) -> None:
    """What a verification found, and what it mended."""
    console = _console()
    checked = ", ".join(f"{count} {name}" for name, count in report.checked.items())
    console.print(f"{_plain(report.url)}: compared {_plain(checked)} in {report.seconds:.1f} s")
    _print_list(console, "Not compared", report.missing)
    if not report.drift:
        console.print("[green]The store agrees with the site.[/]")
        return
    table = Table("document", "drift", "detail")
    for drift in report.drift[:SHOWN]:
        table.add_row(drift.ref, drift.kind, _plain(drift.detail))
    console.print(table)
    console.print(f"{len(report.drift)} differences")
    if healing:
        console.print(f"{report.healed} mended, {len(report.left)} left")
    else:
        console.print("Mend them with --heal.")


def print_round(done: Round) -> None:
    """One line for one look at a site."""
    at = datetime.now().astimezone().strftime("%H:%M:%S")
    if done.error:
        words = f"[red]failed[/]: {_plain(done.error)}; next try in {done.wait:.0f} s"
    else:
        words = f"{done.kind}: {done.changed} changed, {done.removed} removed, {done.seconds:.1f} s"
    _console().print(f"{at} {words}", soft_wrap=True)


def print_explanation(explanation: Explanation) -> None:
    """The documents of a page."""
    console = _console()
    console.print(_plain(explanation.words), soft_wrap=True)
    if not explanation.complete:
        console.print("[yellow]The store is not complete; import the site again.[/]")
    if explanation.parts:
        console.print(_build_table("Made of", explanation.parts))
    if explanation.common:
        console.print(_build_table("As on every page", explanation.common))


def _build_table(title: str, parts: tuple[Part, ...]) -> Table:
    columns = ("document", "role", "type", "title", "rev", "path", "lists", "refers to")
    table = Table(*columns, title=title, title_justify="left")
    for part in parts[: SHOWN * 2]:
        lock = " (protected)" if part.protected else ""
        table.add_row(
            part.ref,
            part.role,
            _plain(part.type) + lock,
            _plain(part.title[:40]),
            str(part.revision or ""),
            _plain(part.path),
            _plain(" ".join(part.lists)),
            " ".join(part.deps),
        )
    return table


def _print_list(console: Console, title: str, lines: list[str], total: int = 0) -> None:
    for line in lines[:SHOWN]:
        console.print(f"[yellow]{title}[/] {_plain(line)}", soft_wrap=True)
    more = max(total, len(lines)) - SHOWN
    if more > 0:
        console.print(f"[yellow]{title}[/] … and {more} more; --json lists them")


def _line_writer(console: Console) -> OnProgress:
    last = ""

    def show(progress: ImportProgress) -> None:
        nonlocal last
        if progress.collection != last:
            last = progress.collection
            console.print(f"{progress.done}/{progress.total} {last}", soft_wrap=True)

    return show
