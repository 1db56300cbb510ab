"""``sos config``: the effective settings, where each came from, secrets redacted.

In: environment and settings file. Out: a table or JSON. It starts nothing and writes nothing.
"""

from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from sos.settings import Source, load_settings


@click.command()
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Settings file instead of config/sos.toml.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, a member per setting.")
def config(file: Path | None, as_json: bool) -> None:
    """Show the settings that a node would run with, and where each came from.

    Passwords in URLs are shown as ***. Exit code 78 when a setting is unknown or invalid.
    """
    _, sources = load_settings(file=file)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(build_listing(sources))))
    else:
        _show(sources)


def build_listing(sources: tuple[Source, ...]) -> dict[str, dict[str, Any]]:
    """Settings by name, each with ``value``, ``origin`` and ``description``. Pure."""
    return {
        s.name: {"value": s.value, "origin": s.origin, "description": s.description}
        for s in sources
    }


def _show(sources: tuple[Source, ...]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("setting", no_wrap=True)
    # A value is never cut: it is there to be copied.
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    for source in sources:
        style = "dim" if source.origin == "default" else ""
        table.add_row(source.name, _format(source.value), source.origin, style=style)
    Console(highlight=False, markup=False, soft_wrap=False).print(table)


def _format(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text or "-"
