"""``sos content``: bring a WordPress site into the content store, and keep it there.

In: a site's address and settings. Out: words and tables on stderr, with ``--json`` one object on
stdout. Wires the importer to its adapters, and holds no logic of either.

Exit codes: 0 done, 1 drift was found, 2 wrong usage, 65 the site answered nonsense, 69 the site or
the store can't be reached, 78 wrong settings.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from sos.adapters.wordpress import WordPressHttp
from sos.cli.content_report import (
    import_progress,
    print_explanation,
    print_report,
    print_round,
    print_summary,
)
from sos.cli.content_snapshot import snapshot
from sos.cli.credentials import read_credentials
from sos.cli.running import print_json, run
from sos.cli.store import open_store
from sos.content.explain import explain_path
from sos.content.store import ContentWriter
from sos.settings import Settings
from sos.wordpress.importer import ImportOptions, import_site
from sos.wordpress.reconcile import Report, VerifyOptions, verify_site
from sos.wordpress.site_url import parse_site_url
from sos.wordpress.source import Credentials
from sos.wordpress.summary import Summary
from sos.wordpress.watch import Round, WatchOptions, watch_site

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def content() -> None:
    """Import a WordPress site, verify it, watch it, and explain its pages.

    The store is the one of the settings: SOS_REDIS_URL, under the host of SOS_SITE.
    """


def source_options(command: Command) -> Command:
    """The options of every command that reads a WordPress site."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout."),
        click.option(
            "--posts-per-page",
            type=click.IntRange(1, 100),
            default=None,
            help="Posts on a page of an archive, where the site does not tell. Default: 10.",
        ),
        click.option(
            "--concurrency",
            type=click.IntRange(1, 32),
            default=4,
            show_default=True,
            help="Requests to the site at a time.",
        ),
        click.option(
            "--password-file",
            type=click.Path(path_type=Path, dir_okay=False),
            help="File whose first line is the application password; else SOS_WP_PASSWORD is "
            "taken, or it is asked for.",
        ),
        click.option(
            "--user",
            metavar="NAME",
            help="WordPress user, for menus, settings and scheduled posts; else SOS_WP_USER.",
        ),
    ):
        command = option(command)
    return command


@content.command("import")
@click.argument("url")
@source_options
@click.option("--restart", is_flag=True, help="Begin anew where an earlier import stopped.")
def import_(
    url: str,
    user: str | None,
    password_file: Path | None,
    concurrency: int,
    posts_per_page: int | None,
    as_json: bool,
    restart: bool,
) -> None:
    """Import the WordPress site at URL through its public REST API.

    An import that was interrupted goes on where it stopped; a second one brings what is new and
    removes what has gone. Without an application password there are no menus and no settings.
    """
    options = ImportOptions(
        credentials=read_credentials(user, password_file),
        concurrency=concurrency,
        posts_per_page=posts_per_page or 0,
        restart=restart,
    )

    async def work(settings: Settings) -> Summary:
        async with open_store(settings) as store:
            return await _import(url, store, options)

    summary = run(work, as_json=as_json)
    if as_json:
        print_json(summary.to_json())
    else:
        print_summary(summary)


@content.command()
@click.argument("url")
@source_options
@click.option("--deep", is_flag=True, help="Compare whole documents, not just their dates.")
@click.option("--heal", is_flag=True, help="Mend what differs.")
def verify(
    url: str,
    user: str | None,
    password_file: Path | None,
    concurrency: int,
    posts_per_page: int | None,
    as_json: bool,
    deep: bool,
    heal: bool,
) -> None:
    """Compare the store with what the WordPress site at URL lists now.

    Exit code 1 when they differ; with --heal only when something could not be mended.
    """
    options = VerifyOptions(
        credentials=read_credentials(user, password_file),
        concurrency=concurrency,
        posts_per_page=posts_per_page or 0,
        deep=deep,
        heal=heal,
    )

    async def work(settings: Settings) -> Report:
        async with open_store(settings) as store, _open_http(url) as http:
            return await verify_site(url, store, http, options)

    report = run(work, as_json=as_json)
    if as_json:
        print_json(msgspec.to_builtins(report))
    else:
        print_report(report, healing=heal)
    if report.left if heal else report.drift:
        sys.exit(1)


@content.command()
@click.argument("url")
@source_options
@click.option(
    "--interval",
    type=click.FloatRange(1, 86_400),
    default=30.0,
    show_default=True,
    help="Seconds between two looks.",
)
def watch(
    url: str,
    user: str | None,
    password_file: Path | None,
    concurrency: int,
    posts_per_page: int | None,
    as_json: bool,
    interval: float,
) -> None:
    """Follow the WordPress site at URL until Ctrl-C, for sites without the plugin.

    Fills the store first if need be. With --json, a line for each look.
    """
    options = WatchOptions(
        credentials=read_credentials(user, password_file),
        concurrency=concurrency,
        posts_per_page=posts_per_page or 0,
        interval=interval,
    )

    def on_round(done: Round) -> None:
        if as_json:
            click.echo(msgspec.json.encode(done).decode())
        else:
            print_round(done)

    async def work(settings: Settings) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with open_store(settings) as store, _open_http(url) as http:
            await watch_site(url, store, http, options, on_round, stop)

    run(work, as_json=as_json)


@content.command()
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def show(path: str, as_json: bool) -> None:
    """Explain which documents the page at PATH is made of, or why there is none.

    PATH is a public path such as /hello-world/ or a whole URL of the site.
    """

    async def work(settings: Settings) -> Any:
        async with open_store(settings) as store:
            return await explain_path(store, store, path)

    explanation = run(work, as_json=as_json)
    if as_json:
        print_json(msgspec.to_builtins(explanation))
    else:
        print_explanation(explanation)


async def import_with_progress(
    url: str, store: ContentWriter, *, user: str | None = None, password: str | None = None
) -> Summary:
    """Import a site as ``sos content import`` does, with a progress bar and a summary on stderr.

    Raises what `import_site` raises.
    """
    credentials = Credentials(user, password) if user and password else None
    summary = await _import(url, store, ImportOptions(credentials=credentials))
    print_summary(summary)
    return summary


async def _import(url: str, store: ContentWriter, options: ImportOptions) -> Summary:
    async with _open_http(url) as http:
        with import_progress() as progress:
            return await import_site(url, store, http, options, progress)


def _open_http(url: str) -> WordPressHttp:
    """The HTTP side of what a person gave as the address of a site."""
    return WordPressHttp(parse_site_url(url))


content.add_command(snapshot)
