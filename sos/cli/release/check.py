"""``sos release check``: every problem of a release, before nodes find it.

In: a folder, a build, or a published release. Out: each problem with file and line on stdout, what
is remarkable on stderr, and exit code 65 when there is a problem.
"""

import sys

import click
import msgspec

from sos.cli.release.checking import Judgement, judge_source
from sos.cli.release.running import json_option, run_command, say
from sos.cli.release.sources import fetch_source
from sos.cli.release.waiting import waiting
from sos.cli.running import print_json
from sos.settings import Settings

BROKEN = 65


@click.command()
@click.argument("source", required=False, metavar="[ID|FILE|FOLDER]")
@click.option(
    "--live/--no-live",
    default=True,
    show_default=True,
    help="Make pages of live content as well: of the content store, or a node's snapshot.",
)
@json_option
def check(source: str | None, live: bool, as_json: bool) -> None:
    """Look for every problem of a release, or of a folder of templates.

    Templates are read, rendered with made-up pages of every kind, and with pages of the live site,
    in a process with limits, as nodes do it. Exit codes: 0 no problem, 65 problems, 69 the store of
    releases can't be reached.
    """

    async def work(settings: Settings) -> Judgement:
        found = await fetch_source(source, settings)
        with waiting("trying the release"):
            return await judge_source(found, settings, live=live)

    judgement = run_command(work, as_json=as_json)
    if as_json:
        print_json(
            {"ok": not judgement.problems, **msgspec.structs.asdict(judgement)},
        )
    else:
        print_judgement(judgement)
    if judgement.problems:
        sys.exit(BROKEN)


def print_judgement(judgement: Judgement) -> None:
    """Problems on stdout, for an editor to jump to; the rest on stderr."""
    folder = "" if judgement.release else judgement.place.rstrip("/") + "/"
    for problem in judgement.problems:
        # A file of the default theme, which another theme extends, has its whole path already.
        is_own = problem.file and not problem.file.startswith("/")
        click.echo(f"{folder if is_own else ''}{problem}")
    for warning in judgement.warnings:
        say(f"warning: {warning}")
    name = judgement.release or judgement.place
    if count := len(judgement.problems):
        say(f"{count} problem{'s' if count > 1 else ''} in {name}")
        return
    say(
        f"no problem in {name}: {judgement.templates} templates, {judgement.pages} pages in "
        f"{judgement.seconds:.1f} s; live content: {judgement.content}"
    )
