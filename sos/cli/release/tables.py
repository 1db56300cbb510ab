"""Releases as tables for people, on stdout: text of others is shown as text.

In: rows, history, one release. Out: tables as wide as the terminal, or 160 columns in a pipe.
"""

import sys
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sos.cli.release.inventory import Row
from sos.cli.release.sources import Packed
from sos.rollout.fleet_words import plain
from sos.rollout.pointer import Activation

HISTORY_SHOWN = 20
PIPE_COLUMNS = 160

_STYLES = {"live": "bold green", "canary": "yellow", "previous": "cyan", "unpublished": "red"}


def print_rows(rows: Sequence[Row]) -> None:
    """Releases, one a line."""
    table = _table("release", "", "nodes", "since", "by", "why", "git", "note", "kB", "signed")
    for row in rows:
        seal = row.seal
        table.add_row(
            Text(row.id, style=_STYLES.get(row.place, "")),
            Text(row.place, style=_STYLES.get(row.place, "")),
            str(len(row.nodes) or ""),
            _time(row.since) if row.since else Text("never live", style="dim"),
            _text(row.by, 30),
            _text(row.why, 40),
            Text(_short_git(seal.git)) if seal else "",
            _text(seal.note, 40) if seal else "",
            f"{seal.size / 1000:,.0f}" if seal else "",
            _text(seal.key[:8]) if seal else "",
        )
    if rows:
        _console().print(table)
    else:
        _console().print("no release was published yet: sos release publish")


def print_history(history: Sequence[Activation], *, everything: bool) -> None:
    """What was made live, the newest first."""
    table = _table("when", "", "release", "instead of", "by", "why")
    for line in history if everything else history[:HISTORY_SHOWN]:
        table.add_row(
            _time(line.at),
            Text(line.kind, style="red" if line.kind == "revert" else ""),
            Text(line.release),
            Text(line.previous),
            _text(line.by, 40),
            _text(line.why, 200),
        )
    _console().print(table if history else "nothing was activated yet")


def print_release(row: Row, source: Packed, lines: Sequence[Activation]) -> None:
    """All about one release."""
    seal, console = source.seal, _console()
    facts = {
        "release": seal.id,
        "now": row.place or "not in use",
        "created": _time(seal.created),
        "git": seal.git or "-",
        "note": seal.note or "-",
        "signed by": seal.key or "not signed",
        "page model": str(seal.page_model),
        "size": f"{seal.size:,} bytes, {seal.files} files",
        "sha256": seal.sha256,
        "found in": source.place,
        "nodes": ", ".join(row.nodes[:10]) + (" …" if len(row.nodes) > 10 else "") or "-",
    }
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(plain(str(value), 1000)))
    console.print(table)
    if lines:
        console.print()
        print_history(lines, everything=True)
    files = _table("file", "bytes")
    for name, content in source.files.items():
        files.add_row(Text(name), f"{len(content):,}")
    console.print()
    console.print(files)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        numeric = column in ("nodes", "kB", "bytes")
        fixed = column in ("release", "instead of", "since", "when", "file")
        table.add_column(column, justify="right" if numeric else "left", no_wrap=fixed)
    return table


def _console() -> Console:
    width = None if sys.stdout.isatty() else PIPE_COLUMNS
    return Console(highlight=False, markup=False, width=width)


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S}"


def _text(text: str, longest: int = 80) -> Text:
    return Text(plain(text, longest))


def _short_git(git: str) -> str:
    commit, dash, dirty = git.partition("-")
    return f"{commit[:8]}{dash}{dirty}"
