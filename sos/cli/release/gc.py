"""``sos release gc``: old releases that nobody can need any more leave the store.

In: store, pointer, history and fleet, all of which must answer. Out: fewer releases, and what was
deleted. In doubt nothing is deleted.
"""

import time
from typing import Any

import click

from sos.cli.parts import open_pointer, open_releases
from sos.cli.release.inventory import fetch_inventory, require_known
from sos.cli.release.running import json_option, run_command, say
from sos.cli.running import print_json
from sos.rollout.collect import NEWEST, RECENT_SECONDS, Known, Plan, collect, plan_collection
from sos.settings import Settings

DAY = 86_400


@click.command()
@click.option(
    "--keep",
    type=click.IntRange(1, 10_000),
    default=NEWEST,
    show_default=True,
    metavar="N",
    help="Keep the newest N.",
)
@click.option(
    "--older-than",
    type=click.FloatRange(0, 3650),
    default=RECENT_SECONDS / DAY,
    show_default=True,
    metavar="DAYS",
    help="Keep what is younger.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@json_option
def gc(keep: int, older_than: float, dry_run: bool, as_json: bool) -> None:
    """Delete old releases from the store.

    Never what is live, a canary, what a rollback leads to, or what a node serves or may go back to;
    nor the newest N, nor what is younger than DAYS. Exit code 69, and nothing is deleted, when
    store, pointer or fleet can't be seen.
    """
    deleted: list[str] = []

    async def work(settings: Settings) -> Plan:
        inventory = await fetch_inventory(settings)
        require_known(inventory, "store", "pointer", "fleet")
        assert inventory.pointing is not None  # noqa: S101 - was asked for in the line above
        known = Known(
            seals=inventory.seals or (),
            pointing=inventory.pointing,
            history=inventory.history or (),
            nodes=inventory.nodes or (),
            now=time.time(),
        )
        plan = plan_collection(known, keep, older_than * DAY)
        if not dry_run:
            async with open_releases(settings) as releases, open_pointer(settings) as pointer:
                await collect(plan, releases, pointer, lambda seal: deleted.append(seal.id))
        return plan

    def interrupted() -> str:
        return f"{len(deleted)} releases were deleted, the others are whole"

    plan = run_command(work, as_json=as_json, on_interrupt=interrupted)
    chosen = [seal.id for seal in plan.delete] if dry_run else deleted
    if as_json:
        sizes = {seal.id: seal.size for seal in plan.delete}
        report: dict[str, Any] = {"dry_run": dry_run, "deleted": chosen, "kept": plan.kept}
        print_json({**report, "bytes": sum(sizes[name] for name in chosen)})
        return
    for name in chosen:
        click.echo(name)
    say(f"{'would delete' if dry_run else 'deleted'} {len(chosen)}, kept {len(plan.kept)}")
