"""``sos release activate``: a published release goes live on every node, watched.

In: the id of a release. Out: the pointer changed, the fleet on a terminal until every node has
followed, and an exit code. A release that nodes refuse goes back by itself.
"""

import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click

from sos.cli.parts import open_pointer, open_register
from sos.cli.release.fleet_display import FleetDisplay
from sos.cli.release.operator import decide_operator
from sos.cli.release.readiness import require_ready
from sos.cli.release.running import (
    change_options,
    find_start,
    json_option,
    run_command,
    say,
)
from sos.cli.release.telling import CODES, build_report, describe_interruption, tell
from sos.cli.running import print_json
from sos.release.bundle import is_release_id
from sos.rollout.activation import activate as make_live
from sos.rollout.activation import follow
from sos.rollout.change import Controls, Order, Outcome, require_first
from sos.rollout.fleet_watch import FleetWatch
from sos.rollout.pointer import Activation, Pointing
from sos.settings import Settings

WAIT_SECONDS = 90.0


@click.command()
@click.argument("release", metavar="ID")
@change_options
@click.option(
    "--canary",
    "percent",
    type=click.FloatRange(0, 100, min_open=True),
    metavar="PERCENT",
    help="First on so much of the fleet, at least one node.",
)
@click.option(
    "--canary-seconds",
    type=click.FloatRange(0, 86_400),
    default=30.0,
    show_default=True,
    help="How long the canary has to be well.",
)
@click.option(
    "--wait",
    type=click.FloatRange(0, 86_400),
    help="How long nodes may take; 0: don't watch. Default: 90 and SOS_RELEASE_SPREAD_SECONDS.",
)
@click.option("--no-check", is_flag=True, help="Only see that it is published.")
@click.option("--yes", is_flag=True, help="Don't ask before.")
@json_option
def activate(
    release: str,
    why: str,
    by: str | None,
    percent: float | None,
    canary_seconds: float,
    wait: float | None,
    no_check: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Make the published release ID live on every node, and watch until it is.

    It is checked first as `sos release check` does. When a node of a small fleet refuses it, or
    more than a tenth of a large one, the pointer goes back by itself. If it is live already, the
    fleet is only watched. Exit codes: 0 live on every node; 1 not live, or not everywhere; 65 the
    release is broken or unknown; 69 store or pointer can't be reached, or the pointer is set and
    the fleet can't be seen; 130 interrupted, which leaves the pointer as it is.
    """
    if percent and wait == 0:
        raise click.UsageError("--canary has to be watched: leave out --wait 0")
    if not is_release_id(release):
        raise click.UsageError(f"{release!r} is not the id of a release")
    asks = not (yes or as_json) and sys.stdin.isatty() and sys.stderr.isatty()
    changes: list[Activation] = []

    async def prepare(settings: Settings) -> Pointing:
        async with open_pointer(settings) as pointer:
            found = await pointer.fetch(consistent=True)
            await require_first(pointer, release, found, find_start())
        if found.release != release:
            await require_ready(release, settings, check=not no_check)
        return found

    async def work(settings: Settings) -> Outcome:
        order = Order(
            release=release,
            by=by or decide_operator(),
            why=why,
            wait=WAIT_SECONDS + settings.release_spread_seconds if wait is None else wait,
            percent=percent or 0.0,
            canary_seconds=canary_seconds,
        )
        async with open_controls(settings, changes, quiet=as_json) as controls:
            if before.release == release:
                return await follow(controls, order, None, before)
            return await make_live(controls, order, before)

    before = run_command(prepare, as_json=as_json)
    if before.release == release:
        say(f"{release} is live already; watching the fleet")
    else:
        _note_canary(before, release)
        if asks and not _ask(release, before):
            say("nothing was changed")
            sys.exit(1)
    outcome = run_command(
        work, as_json=as_json, on_interrupt=lambda: describe_interruption(changes)
    )
    end(outcome, as_json=as_json)


@asynccontextmanager
async def open_controls(
    settings: Settings, changes: list[Activation], *, quiet: bool
) -> AsyncIterator[Controls]:
    """What a change is made and watched with; ``changes`` gets each one that was made."""
    async with contextlib.AsyncExitStack() as stack:
        pointer = await stack.enter_async_context(open_pointer(settings))
        register = await stack.enter_async_context(open_register(settings))
        display = stack.enter_context(FleetDisplay(quiet=quiet))
        yield Controls(
            pointer=pointer,
            watch=FleetWatch(pointer, register, display.show),
            on_change=changes.append,
            on_note=display.note,
        )


def end(outcome: Outcome, *, as_json: bool) -> None:
    """Say what came of it, and end with its exit code."""
    if as_json:
        print_json(build_report(outcome))
    tell(outcome)
    sys.exit(CODES[outcome.result])


def _note_canary(before: Pointing, release: str) -> None:
    canary = before.canary
    if canary and canary.release != release:
        say(
            f"the canary {canary.release} stays on {canary.percent:g} % of the nodes; "
            "end it with `sos release canary --stop`"
        )


def _ask(release: str, before: Pointing) -> bool:
    instead = f" instead of {before.release}" if before.release else ""
    return click.confirm(f"Make {release} live{instead}?", default=True, err=True)
