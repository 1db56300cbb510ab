"""``sos release canary``: a release on a part of the fleet, until it is activated or ended.

In: an id and a percentage, or ``--stop``. Out: the canary's key changed, its nodes watched.
"""

import sys

import click

from sos.cli.release.activate import WAIT_SECONDS, end, open_controls
from sos.cli.release.operator import decide_operator
from sos.cli.release.readiness import require_ready
from sos.cli.release.running import change_options, json_option, run_command, say
from sos.cli.release.telling import build_report, describe_interruption
from sos.cli.running import print_json
from sos.errors import ActivationError
from sos.release.bundle import is_release_id
from sos.rollout.canary import end_canary, run_canary
from sos.rollout.change import Order, Outcome
from sos.rollout.pointer import Activation
from sos.settings import Settings


@click.command()
@click.argument("release", metavar="ID", required=False)
@click.option(
    "--percent",
    type=click.FloatRange(0, 100, min_open=True),
    help="How much of the fleet; at least one node.",
)
@click.option("--stop", is_flag=True, help="End the canary: all nodes serve what is live.")
@click.option(
    "--wait",
    type=click.FloatRange(0, 86_400),
    default=WAIT_SECONDS,
    show_default=True,
    help="How long its nodes may take; 0: don't watch.",
)
@click.option("--no-check", is_flag=True, help="Only see that it is published.")
@change_options
@json_option
def canary(
    release: str | None,
    percent: float | None,
    stop: bool,
    wait: float,
    no_check: bool,
    why: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Give the published release ID to a part of the fleet, or end that with --stop.

    Which nodes these are differs from release to release. It stands until it is activated, ended,
    or rolled back; when one of its nodes refuses it, it ends by itself. Exit codes as of activate.
    """
    if stop == (release is not None) or stop == (percent is not None):
        raise click.UsageError("give an ID and --percent, or --stop")
    changes: list[Activation] = []

    async def work(settings: Settings) -> Outcome:
        who = by or decide_operator()
        async with open_controls(settings, changes, quiet=as_json) as controls:
            before = await controls.pointer.fetch(consistent=True)
            if release is None:
                return await end_canary(controls, who, why or "stopped", before)
            if before.release == release:
                raise ActivationError(f"{release} is live on every node already")
            if before.release is None:
                raise ActivationError("there is no live release yet to compare a canary with")
            await require_ready(release, settings, check=not no_check)
            order = Order(release=release, by=who, why=why, wait=wait, percent=percent or 0.0)
            return await run_canary(controls, order, before)

    if release is not None and not is_release_id(release):
        raise click.UsageError(f"{release!r} is not the id of a release")
    outcome = run_command(
        work, as_json=as_json, on_interrupt=lambda: describe_interruption(changes)
    )
    if not stop:
        end(outcome, as_json=as_json)
    if as_json:
        print_json({**build_report(outcome), "exit_code": 0})
    say(f"the canary {outcome.release} has ended; {outcome.live} is live on every node")
    sys.exit(0)
