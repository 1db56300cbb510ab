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
from rich.markup import escape
from rich.panel import Panel

from sos.adapters.embedded import EmbeddedValkey
from sos.adapters.redis import RedisStore
from sos.cli.demo import demo_settings, fill_with_sample, import_site
from sos.errors import SettingsError, TemplateError
from sos.log import configure_logging
from sos.release.folder import find_templates
from sos.settings import Settings

try:
    from sos.dev.builds import Build
    from sos.dev.session import Session
    from sos.dev.terminal import Terminal
except ModuleNotFoundError as missing:
    if missing.name != "watchfiles":
        raise
    raise SettingsError(
        "sos dev needs the extra [demo]: pip install 'secretary-of-stateless[demo]'"
    ) from missing

console = Console(stderr=True, highlight=False)


@click.command()
@click.option(
    "--templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Folder of templates; default: SOS_TEMPLATES, or the theme that comes with sos.",
)
@click.option("--from", "source", metavar="URL", help="Show this WordPress site instead.")
@click.option("--user", help="WordPress user, for menus, settings and scheduled posts.")
@click.option("--port", type=click.IntRange(0, 65535), help="Public port; default: 8080 or near.")
@click.option("--again", is_flag=True, help="Read the site at URL anew; default: only once.")
def dev(
    templates: Path | None, source: str | None, user: str | None, port: int | None, again: bool
) -> None:
    """Show a site whose templates one edits; every save is in the browser at once.

    An error in a template is shown in the page, and here. With --from, the site at URL is read
    through its public REST API and stays as it is. Runs until Ctrl-C. Exit codes: 0 ended, 65 or 69
    the site can't be read, 78 a setting is wrong.
    """
    settings = demo_settings(source, port, folder="dev")
    folder = templates or find_templates(settings.templates)
    # What goes wrong is said here and in the page, not by a log of its own.
    configure_logging("critical", "console")
    store = EmbeddedValkey(Path(settings.redis_url.removeprefix("embedded:")))
    store.ensure_running()
    try:
        if source:
            asyncio.run(_import(source, user, store.url, settings, again=again))
        else:
            asyncio.run(fill_with_sample(store.url, settings))
        uvloop.run(_serve(msgspec.structs.replace(settings, redis_url=store.url), folder))
    except KeyboardInterrupt:  # before the session listens to signals
        return
    finally:
        store.stop()


async def _import(
    source: str, user: str | None, url: str, settings: Settings, *, again: bool
) -> None:
    """Have the site in the store: reading it may take minutes, and templates need it but once."""
    reader = RedisStore(url, settings.host, timeout_ms=5000)
    try:
        known = (await reader.fetch_meta()).get("ready") == "1"
    finally:
        await reader.aclose()
    if known and not again:
        console.print(f"{source} as it was read before; --again reads it anew", markup=False)
        return
    await import_site(source, user, url, settings)


async def _serve(settings: Settings, folder: Path) -> None:
    async def judge(build: Build) -> list[TemplateError]:
        return await _judge(build, settings)

    await Session(settings, folder, judge, Told(settings, folder)).run()


async def _judge(build: Build, settings: Settings) -> list[TemplateError]:
    """What `sos release check` finds on pages of every kind."""
    from sos.cli.release.checking import judge_source
    from sos.cli.release.sources import Folder

    source = Folder(files=build.files, place=str(build.theme.folder))
    judgement = await judge_source(source, settings, live=False)
    return [
        TemplateError(f"{p.message} [{p.page}]" if p.page else p.message, p.file, p.line)
        for p in judgement.problems
    ]


class Told(Terminal):
    """The terminal of one session."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(console)
        self._settings = settings
        self._folder = folder

    def tell_ready(self, address: str, build: Build) -> None:
        """Where to look, and what to do."""
        site = self._settings.site
        lines = [
            f"[bold]{site}/[/bold]   the site, with the templates of {escape(str(self._folder))}",
            f"{site}/__gallery/   every block, part and kind of page",
            "",
            "Edit a template or a style sheet, and save: the browser follows.",
            "Ctrl-C ends it.",
        ]
        console.print(Panel("\n".join(lines), title="sos dev", expand=False))
        if build.problems:
            self.tell_build(build)
