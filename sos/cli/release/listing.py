"""``sos release list`` and ``show``: what is live, since when, by whom and why.

In: what is known of releases. Out: a table, or one object on stdout. What could not be asked is
said, and the rest shown.
"""

import asyncio
import sys
from typing import Any

import click
import msgspec

from sos.cli.release.inventory import Inventory, Row, build_rows, fetch_inventory
from sos.cli.release.running import json_option, run_command, say
from sos.cli.release.tables import print_history, print_release, print_rows
from sos.cli.running import print_json
from sos.errors import ReleaseError
from sos.settings import Settings

SHOWN = 20
UNSEEN = 69


@click.command("list")
@click.option("--all", "everything", is_flag=True, help="All of them, not just the newest 20.")
@click.option("--history", is_flag=True, help="What was activated, rolled back and reverted.")
@json_option
def list_(everything: bool, history: bool, as_json: bool) -> None:
    """List releases, the newest first: what is live, since when, by whom, and why.

    Exit code 69 when store or pointer can't be reached; what is known is shown all the same.
    """

    async def work(settings: Settings) -> Inventory:
        return await fetch_inventory(settings, store=not history)

    inventory = run_command(work, as_json=as_json)
    rows = build_rows(inventory)
    if as_json:
        print_json(_build_list(inventory, rows))
    elif history:
        print_history(inventory.history or (), everything=everything)
    else:
        shown = rows if everything else _choose(rows)
        print_rows(shown)
        if len(rows) > len(shown):
            say(f"… and {len(rows) - len(shown)} older ones: --all")
    _complain(inventory)
    if inventory.pointing and inventory.pointing.problem == "missing" and not history:
        say("no release is live: sos release activate ID")
    if {"store", "pointer"} & inventory.troubles.keys():
        sys.exit(UNSEEN)


@click.command()
@click.argument("release", metavar="ID")
@json_option
def show(release: str, as_json: bool) -> None:
    """Show all about the release ID: seal, files, activations, and the nodes that serve it.

    Also one that was built and not published. Exit code 65 when there is none.
    """

    async def work(settings: Settings) -> tuple[Inventory, Any]:
        from sos.cli.release.sources import Packed, fetch_source

        inventory, source = await asyncio.gather(
            fetch_inventory(settings), fetch_source(release, settings)
        )
        if not isinstance(source, Packed):
            raise ReleaseError(f"{release} is a folder: sos release build {release}")
        return inventory, source

    inventory, source = run_command(work, as_json=as_json)
    rows = [r for r in build_rows(inventory) if r.id == source.seal.id]
    row = rows[0] if rows else Row(id=source.seal.id, place="unpublished")
    lines = [a for a in inventory.history or () if source.seal.id in (a.release, a.previous)]
    if as_json:
        files = {name: len(content) for name, content in source.files.items()}
        activations = [msgspec.to_builtins(a) for a in lines]
        seal = msgspec.structs.asdict(source.seal)
        about = {**_build_row(row), "seal": seal, "files": files, "activations": activations}
        print_json({**about, "troubles": inventory.troubles})
        return
    print_release(row, source, lines)
    _complain(inventory)


def _choose(rows: list[Row]) -> list[Row]:
    """The newest, and whatever is in use."""
    return [r for place, r in enumerate(rows) if place < SHOWN or r.place or r.nodes]


def _build_list(inventory: Inventory, rows: list[Row]) -> dict[str, Any]:
    pointing = inventory.pointing
    return {
        "live": pointing.release if pointing else None,
        "canary": msgspec.to_builtins(pointing.canary) if pointing else None,
        "problem": pointing.problem if pointing else "",
        "releases": [_build_row(row) for row in rows],
        "history": [msgspec.to_builtins(a) for a in inventory.history or ()],
        "troubles": inventory.troubles,
    }


def _build_row(row: Row) -> dict[str, Any]:
    seal = row.seal
    return {
        "id": row.id,
        "place": row.place,
        "created": seal.created if seal else None,
        "git": seal.git if seal else "",
        "note": seal.note if seal else "",
        "size": seal.size if seal else None,
        "signed_by": seal.key if seal else "",
        "since": row.since or None,
        "by": row.by,
        "why": row.why,
        "nodes": row.nodes,
    }


def _complain(inventory: Inventory) -> None:
    names = {"store": "the store of releases", "pointer": "the pointer", "fleet": "the fleet"}
    for what, trouble in inventory.troubles.items():
        say(f"{names[what]} can't be seen: {trouble}")
