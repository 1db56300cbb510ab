"""``sos dev``: edit templates, and see every save in the browser at once.

In: a folder of templates; nothing else, or the address of a WordPress site. Out: one process with
an embedded store that shows the sample site, or that site. It wires the parts and decides nothing.
"""

import asyncio
from pathlib import Path

import click
import msgspec
import uvloop
from rich.console import Console
from rich.panel import Panel

from sos.adapters.embedded import EmbeddedValkey
from sos.cli.demo import demo_settings, fill_with_sample, import_site
from sos.dev.builds import Build
from sos.dev.session import run_session
from sos.errors import SettingsError
from sos.log import configure_logging
from sos.release.folder import find_templates
from sos.release.theme import locate_error
from sos.settings import Settings

console = Console(stderr=True, highlight=False)


@click.command()
@click.option(
    "--templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of templates; default: SOS_TEMPLATES, or the theme that comes with sos.",
)
@click.option("--from", "source", metavar="URL", help="Show this WordPress site instead.")
@click.option("--user", help="WordPress user, for menus, settings and scheduled posts.")
@click.option("--port", type=click.IntRange(0, 65535), help="Public port; default: 8080 or near.")
def dev(templates: Path | None, source: str | None, user: str | None, port: int | None) -> None:
    """Show a site whose templates one edits; every save is in the browser at once.

    With --from, the site at URL is read through its public REST API and stays as it is. Runs until
    Ctrl-C. Exit codes: 0 ended, 69 the site can't be read, 78 a setting is wrong.
    """
    settings = demo_settings(source, port, folder="dev")
    folder = templates or find_templates(settings.templates)
    # What goes wrong is said here and in the page, not by a log of its own.
    configure_logging("critical", "console")
    store = EmbeddedValkey(Path(settings.redis_url.removeprefix("embedded:")))
    store.ensure_running()
    try:
        if source:
            asyncio.run(import_site(source, user, store.url, settings))
        else:
            asyncio.run(fill_with_sample(store.url, settings))
        settings = msgspec.structs.replace(settings, redis_url=store.url)
        _run(settings, folder)
    finally:
        store.stop()


def _run(settings: Settings, folder: Path) -> None:
    try:
        uvloop.run(
            run_session(
                settings,
                folder,
                on_ready=lambda _, build: _announce(settings, folder, build),
                on_build=_tell,
            )
        )
    except OSError as exc:
        raise SettingsError(f"listen: can't serve {settings.listen}: {exc.strerror}") from exc
    except KeyboardInterrupt:  # before the session listens to signals
        return


def _announce(settings: Settings, folder: Path, build: Build) -> None:
    lines = [
        f"[bold]{settings.site}/[/bold]   the site, with the templates of {folder}",
        f"{settings.site}/__gallery/   every block, part and kind of page",
        "",
        "Edit a template or a style sheet, and save: the browser follows.",
        "Ctrl-C ends it.",
    ]
    console.print(Panel("\n".join(lines), title="sos dev", expand=False))
    if build.problems:
        _tell(build)


def _tell(build: Build) -> None:
    """One build in the terminal."""
    names = ", ".join(build.changed[:3]) + (" …" if len(build.changed) > 3 else "")
    if not build.problems:
        console.print(f"[green]{build.seconds * 1000:4.0f} ms[/green]  {names}", markup=True)
        return
    console.print(f"[red]{len(build.problems)} problem(s)[/red]  {names}")
    for problem in build.problems:
        console.print(f"  {locate_error(build.theme, problem)}", markup=False)
