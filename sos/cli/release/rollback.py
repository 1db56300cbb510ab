"""``sos release rollback``: back to the release before, without a thought, as fast as can be.

In: nothing, or the id of a release. Out: the pointer changed with one compare-and-set; the fleet is
looked at afterwards. It needs neither the store of releases nor that of content.
"""

import sys

import click

from sos.cli.parts import open_pointer
from sos.cli.release.operator import decide_operator
from sos.cli.release.running import (
    change_options,
    find_start,
    json_option,
    run_command,
    say,
)
from sos.cli.running import print_json
from sos.errors import StoreError
from sos.release.bundle import is_release_id
from sos.rollout.acknowledge import View
from sos.rollout.activation import follow
from sos.rollout.change import Controls, Order, Outcome
from sos.rollout.fleet_watch import FleetWatch, Pace
from sos.rollout.pointer import Activation, Pointer, Pointing
from sos.rollout.rollback import roll_back
from sos.settings import Settings

WAIT_SECONDS = 10.0

PACE = Pace(look=0.1, blind=2.0, empty=2.0)


@click.command()
@click.argument("release", metavar="[ID]", required=False)
@change_options
@click.option("--force", is_flag=True, help="Also when somebody else has just changed something.")
@click.option(
    "--wait",
    type=click.FloatRange(0, 86_400),
    default=WAIT_SECONDS,
    show_default=True,
    help="How long to watch the nodes; 0: don't.",
)
@json_option
def rollback(
    release: str | None, why: str, by: str | None, force: bool, wait: float, as_json: bool
) -> None:
    """Go back to the release that was live before, or to ID.

    What was changed last is undone: a canary is ended, an activation goes back. Nothing is checked,
    and neither S3 nor Redis is needed. A second rollback goes further back; to go forth again,
    activate. Exit codes: 0 the pointer is set, also when the fleet can't be seen then; 1 nothing
    was changed, or not every node has followed in time; 69 the pointer can't be changed.
    """
    if release is not None and not is_release_id(release):
        raise click.UsageError(f"{release!r} is not the id of a release")
    changes: list[Activation] = []

    async def work(settings: Settings) -> Outcome:
        order = Order(release=release or "", by=by or decide_operator(), why=why, wait=wait)
        async with open_pointer(settings) as pointer:

            async def guess(live: str | None) -> str | None:
                return await _ask_nodes(settings, live)

            controls = Controls(
                pointer=pointer, watch=FleetWatch(pointer, None), on_change=changes.append
            )
            done = await roll_back(controls, order, guess, began=find_start(), force=force)
            _announce(done)
            if not wait or done.result != "pointed":
                return done
            return await _watch(pointer, settings, done, wait, quiet=as_json)

    outcome = run_command(work, as_json=as_json, on_interrupt=lambda: _describe(changes))
    if as_json:
        from sos.cli.release.telling import build_report

        print_json({**build_report(outcome), "exit_code": _code(outcome)})
    _tell(outcome)
    sys.exit(_code(outcome))


def _announce(done: Outcome) -> None:
    """At once: the rest of the command only looks."""
    if done.result == "canary ended":
        say(f"the canary {done.release} has ended; {done.live} is live on every node")
    elif done.changed is None:
        say(f"{done.release} is live already; nothing was changed")
    else:
        say(f"rolled back from {done.changed.previous or 'nothing'} to {done.release}")


def _tell(outcome: Outcome) -> None:
    if outcome.result == "live":
        seconds = max((n.seconds or 0.0 for n in outcome.nodes), default=0.0)
        count = len(outcome.view.select("serves")) if outcome.view else 0
        say(f"live on {count} node{'s' if count != 1 else ''} after {seconds:.1f} s")
    elif outcome.result == "unseen":
        say(f"the pointer is set; the fleet can't be seen: {outcome.reason}")
    elif outcome.result == "empty":
        say("the pointer is set; no node has reported")
    elif outcome.result in ("late", "refused"):
        say(f"the pointer is set, and not every node has followed: {outcome.reason}")
        say("look with `sos fleet`")
    elif outcome.result == "overtaken":
        say(f"somebody else has activated {outcome.live} since: sos release list --history")


def _code(outcome: Outcome) -> int:
    return 1 if outcome.result in ("late", "refused", "overtaken") else 0


def _describe(changes: list[Activation]) -> str:
    if not changes:
        return "nothing was changed"
    return f"the pointer IS set to {changes[-1].release}; look with `sos fleet`"


async def _watch(
    pointer: Pointer, settings: Settings, done: Outcome, wait: float, *, quiet: bool
) -> Outcome:
    """See the nodes follow. What this needs is imported only now."""
    from sos.cli.parts import open_register
    from sos.cli.release.fleet_display import FleetDisplay

    async with open_register(settings) as register:
        with FleetDisplay(quiet=quiet) as display:
            show = display.show if done.changed else _show_nothing
            controls = Controls(pointer=pointer, watch=FleetWatch(pointer, register, show, PACE))
            order = Order(release=done.release, wait=wait)
            pointing = Pointing(index=1, release=done.release)
            return await follow(controls, order, done.changed, pointing)


def _show_nothing(view: View) -> None:
    """For a rollback that changed nothing."""


async def _ask_nodes(settings: Settings, live: str | None) -> str | None:
    """What most nodes served before: for a pointer without a history."""
    from collections import Counter

    from sos.cli.parts import open_register

    async with open_register(settings) as register:
        try:
            reports = await register.fetch_nodes()
        except StoreError as exc:
            say(f"warning: nodes can't be asked: {exc}")
            return None
    before = Counter(r.previous for r in reports if r.previous and r.previous != live)
    return before.most_common(1)[0][0] if before else None
