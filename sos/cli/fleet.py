"""``sos fleet``: every node, what it serves and how it is, from anywhere that reaches the register.

In: settings. Out: a report on stdout, with ``--json`` the JSON of docs/fleet.md. It starts no store
and changes nothing.

Exit codes: 0 all is well or on the way, 1 something is wrong, 69 the register can't be reached, 78
wrong settings.
"""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import click
import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from sos.adapters.embedded import EmbeddedValkey, parse_folder
from sos.cli.fleet_report import build_line, build_report
from sos.cli.parts import open_pointer, open_register
from sos.cli.running import run
from sos.errors import StoreUnavailableError
from sos.rollout.fleet import Fleet, FleetSummary, encode_summary, summarise
from sos.rollout.fleet_window import FleetWindow
from sos.settings import Settings

Show = Callable[[Fleet, FleetSummary, str], None]
"""Shows a fleet, and why what is shown may be out of date."""


@click.command()
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C, a look each second.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with --watch one a line.")
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 3600),
    default=1.0,
    show_default=True,
    help="Seconds between two looks.",
)
def fleet(watch: bool, as_json: bool, interval: float) -> None:
    """Show every node: release, content, state, and what is wrong, worst first.

    Asks the register of nodes, which is in the content store (SOS_REDIS_URL), and the pointer.
    Exit code 0 when all is well, 1 when something is wrong, 69 when the register can't be reached.
    """

    async def work(settings: Settings) -> str:
        async with open_register(settings) as register, open_pointer(settings) as pointer:
            window = FleetWindow(register, pointer, site=settings.host)
            first = await _look_first(window, settings)
            if not watch:
                return _show_once(first, as_json=as_json)
            return await _watch(window, first, interval, as_json=as_json)

    level = run(work, as_json=as_json)
    if level in ("bad", "warn"):
        sys.exit(1)


async def _look_first(window: FleetWindow, settings: Settings) -> Fleet:
    try:
        return await window.look()
    except StoreUnavailableError as exc:
        folder = parse_folder(settings.redis_url)
        if folder is None or await asyncio.to_thread(_is_running, folder):
            raise
        raise StoreUnavailableError(
            f"no node runs here: nobody has started the content store in {folder}. Start a node "
            "with sos serve, or set SOS_REDIS_URL to the store of a fleet"
        ) from exc


def _is_running(folder: Path) -> bool:
    """Whether anybody listens at the socket of an embedded store; never starts it."""
    path = unquote(EmbeddedValkey(folder).url.removeprefix("unix://"))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(1.0)
        try:
            sock.connect(path)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True


def _show_once(found: Fleet, *, as_json: bool) -> str:
    summary = summarise(found)
    if as_json:
        click.echo(msgspec.json.format(encode_summary(found, summary)).decode())
    else:
        console = Console(highlight=False)
        console.print(build_report(found, summary, width=console.width))
    return summary.level


async def _watch(window: FleetWindow, found: Fleet, interval: float, *, as_json: bool) -> str:
    """Look again and again until told to stop; the level of the last look."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with contextlib.ExitStack() as stack:
        show = _show_json if as_json else _show_live(stack)
        seen_at, trouble = time.monotonic(), ""
        while True:
            summary = summarise(found)
            show(found, summary, trouble)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await stop.wait()
            if stop.is_set():
                return summary.level
            try:
                found = await window.look()
                seen_at, trouble = time.monotonic(), ""
            except StoreUnavailableError as exc:
                trouble = f"As of {time.monotonic() - seen_at:.0f} s ago: {exc}"


def _show_json(found: Fleet, summary: FleetSummary, trouble: str) -> None:
    if not trouble:
        click.echo(encode_summary(found, summary))
        sys.stdout.flush()


def _show_live(stack: contextlib.ExitStack) -> Show:
    """The whole report on a terminal, kept up to date; elsewhere a line for each new verdict."""
    console = Console(highlight=False)
    last = ""

    def write_line(_: Fleet, summary: FleetSummary, trouble: str) -> None:
        nonlocal last
        line = trouble.partition(": ")[2] or build_line(summary)
        if line != last:
            last = line
            at = time.strftime("%H:%M:%S")
            console.print(Text(f"{at} {line}"), soft_wrap=True)

    if not console.is_terminal:
        return write_line
    live = stack.enter_context(
        Live(console=console, screen=True, auto_refresh=False, vertical_overflow="ellipsis")
    )

    def update(found: Fleet, summary: FleetSummary, trouble: str) -> None:
        report = build_report(found, summary, trouble, console.width)
        live.update(report, refresh=True)

    return update
