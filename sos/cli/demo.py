"""``sos demo``: a complete site on this machine, with nothing to set up.

In: nothing, or the address of a WordPress site. Out: a node with an embedded store that shows the
sample site, or that site. It wires sample or importer to a node and holds no logic of either.
"""

import asyncio
import getpass
import json
import os
import secrets
import shutil
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec
import structlog
from rich.console import Console
from rich.panel import Panel

from sos.adapters.embedded import EmbeddedValkey
from sos.adapters.redis import RedisStore
from sos.cli.serve import run_node
from sos.errors import ContentError
from sos.log import configure_logging
from sos.settings import Settings, load_settings, parse_address
from sos.web.announce import NodeAddresses

WORKERS = 2

EXPECTED = frozenset({"pointer_missing", "stamina.retry_scheduled"})
"""Events that tell of nothing here: no release was made yet; a site that is away is told once."""

HOW_TO_HAVE_ALL = "With --user NAME and an application password of WordPress, these come too."

console = Console(stderr=True, highlight=False)


@click.command()
@click.option("--from", "source", metavar="URL", help="Show this WordPress site instead.")
@click.option("--user", help="WordPress user, for menus, settings and scheduled posts.")
@click.option("--port", type=click.IntRange(0, 65535), help="Public port; default: 8080 or near.")
def demo(source: str | None, user: str | None, port: int | None) -> None:
    """Show a complete site, everything embedded; with --from, the site at URL.

    The site is read through its public REST API and stays as it is. Runs until Ctrl-C.
    """
    settings = demo_settings(source, port)
    file = write_settings(settings, Path(settings.state_dir) / "sos.toml")
    configure_logging("warning", "console")
    structlog.configure(processors=[drop_expected, *structlog.get_config()["processors"]])
    store = EmbeddedValkey(Path(settings.redis_url.removeprefix("embedded:")))
    store.ensure_running()
    try:
        if source:
            asyncio.run(import_site(source, user, store.url, settings))
            if not (user or os.environ.get("SOS_WP_USER")):
                console.print(HOW_TO_HAVE_ALL)
        else:
            asyncio.run(fill_with_sample(store.url, settings))
        code = run_node(settings, on_ready=lambda where: _announce(where, settings, source, file))
    finally:
        store.stop()
    sys.exit(code)


def demo_settings(source: str | None, port: int | None, folder: str = "demo") -> Settings:
    """Settings of a demo: the user's own, with all that would need a server embedded.

    ``folder`` is the one below the state folder that all of it goes to.
    """
    given, _ = load_settings()
    name = urlsplit(source).netloc.rpartition("@")[2].replace(":", "-") if source else "sample"
    from sos.demo import uploads_folder  # large, and only this needs it

    state = Path(given.state_dir).absolute() / folder / name
    public = free_port(*parse_address(given.listen, "listen"), wanted=port)
    private = free_port(*parse_address(given.health_listen, "health_listen"), without=public)
    host, _ = parse_address(given.listen, "listen")
    uploads = f"file:{uploads_folder()}"
    if source:
        uploads = source.rstrip("/") + "/wp-content/uploads/"
    return msgspec.structs.replace(
        given,
        site=f"http://{host}:{public}",
        hosts=(f"{host}:{public}", f"localhost:{public}"),
        listen=f"{host}:{public}",
        health_listen=f"127.0.0.1:{private}",
        workers=given.workers or WORKERS,
        redis_url=f"embedded:{state / 'valkey'}",
        state_dir=str(state),
        bucket=f"file:{state / 'published'}",
        pointer=f"file:{state / 'pointer'}",
        preview_secret=given.preview_secret or secrets.token_hex(16),
        uploads_origin=given.uploads_origin or uploads,
        drain_seconds=0,
        max_age=0,
        stale_while_revalidate=0,
        log_level="warning",
    )


def write_settings(settings: Settings, path: Path) -> Path:
    """Write what differs from the defaults, so that commands elsewhere mean this demo; the path."""
    default = Settings()
    lines = [
        f"{name} = {json.dumps(list(value) if isinstance(value, tuple) else value)}\n"
        for name, value in msgspec.structs.asdict(settings).items()
        if value != getattr(default, name)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def free_port(host: str, port: int, wanted: int | None = None, *, without: int = 0) -> int:
    """``wanted``, or the first free one of ``port`` and the 50 after it, or any.

    ``without`` is taken, although nobody listens there yet. Raises ClickException.
    """
    candidates = [c for c in range(port, port + 50) if c != without] + [0]
    for candidate in candidates if wanted is None else [wanted]:
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((host, candidate))
            except OSError:
                continue
            bound: int = sock.getsockname()[1]
            return bound
    raise click.ClickException(f"port {wanted} on {host} is taken; choose another with --port")


async def fill_with_sample(url: str, settings: Settings) -> None:
    """Put the sample site into the store at ``url``. Raises ContentError."""
    from sos.demo import sample_site  # large, and only this needs it

    store = RedisStore(url, settings.host, timeout_ms=5000)
    try:
        seq = await store.take_sequence()
        operations = sample_site(int(time.time()), settings.site)
        stamped = [msgspec.structs.replace(o, seq=seq) for o in operations]
        outcomes = await store.apply(stamped)
        for operation, outcome in zip(stamped, outcomes, strict=True):
            if outcome.startswith("error"):
                raise ContentError(f"sample document {operation.ref}: {outcome}")
    finally:
        await store.aclose()


async def import_site(source: str, user: str | None, url: str, settings: Settings) -> None:
    """Put the WordPress site at ``source`` into the store at ``url``. Raises SosError."""
    from sos.cli.content import import_with_progress

    user = user or os.environ.get("SOS_WP_USER")
    password = os.environ.get("SOS_WP_PASSWORD")
    if user and not password:
        password = getpass.getpass(f"Application password of {user}: ")
    store = RedisStore(url, settings.host, timeout_ms=5000)
    try:
        await import_with_progress(source, store, user=user, password=password)
    finally:
        await store.aclose()


def drop_expected(
    logger: object, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """A structlog processor that keeps EXPECTED from whoever runs their first node."""
    if event.get("event") in EXPECTED:
        raise structlog.DropEvent
    return event


def reach_command() -> list[str]:
    """What makes a shell know the command ``sos`` that runs; nothing where it does already.

    A checkout has it in a folder of its own; some systems have another command of that name.
    """
    folder = Path(sys.argv[0]).absolute().parent
    own = folder / "sos"
    if not own.is_file() or shutil.which("sos") == str(own):
        return []
    return [f'export PATH="{folder}:$PATH"']


def _announce(where: NodeAddresses, settings: Settings, source: str | None, file: Path) -> None:
    what = "your site, as sos serves it" if source else "the site"
    lines = [
        f"[bold]{settings.site}/[/bold]   {what}",
        f"http://{where.private}/   how the fleet is (a fleet of one)",
        "",
        "Release templates from another terminal:",
        *(f"  {line}" for line in reach_command()),
        f"  export SOS_CONFIG={file}",
        "  sos release publish     [dim]then, with the id it prints:[/dim]",
        "  sos release activate ID",
        "",
        "Ctrl-C ends it.",
    ]
    if not source:
        lines[2:2] = [
            "",
            "[dim]In a minute a scheduled post goes live: reload the front page then.[/dim]",
            f"What to try next: [bold]{settings.site}/try-this/[/bold]. Edit templates with",
            "[bold]sos dev[/bold], release them and roll them back, kill a worker.",
        ]
    console.print(Panel("\n".join(lines), title="sos demo", expand=False))
