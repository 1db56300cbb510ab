"""``sos serve``: run a node until it is told to stop.

In: settings. Out: a process that serves, and its exit code. It wires adapters to the supervisor and
decides nothing itself.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sos.lean import lean_imports

with lean_imports():  # only what it takes to start workers: the rest is imported beside them
    import msgspec
    import uvloop

    from sos.adapters.embedded import EmbeddedValkey, parse_folder
    from sos.log import configure_logging
    from sos.settings import Settings, load_settings
    from sos.web.announce import NodeAddresses
    from sos.web.service import DEFAULT_FACTORY
    from sos.web.supervisor import Supervisor

if TYPE_CHECKING:
    from sos.rollout.steps import Parts

EMBEDDED_CHECK_SECONDS = 1.0


@click.command()
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Settings file instead of config/sos.toml.",
)
@click.option("--service", default=DEFAULT_FACTORY, hidden=True, help="module:callable")
def serve(file: Path | None, service: str) -> None:
    """Run a node: a supervisor, its workers, and the private health port.

    SIGTERM or Ctrl-C drains it; a second Ctrl-C stops it at once. Exit codes: 0 drained,
    78 a setting is wrong, 130 interrupted, others as in docs/running.md.
    """
    settings, _ = load_settings(file=file)
    configure_logging(settings.log_level, settings.log_format)
    sys.exit(run_node(settings, service))


def run_node(
    settings: Settings,
    service: str = DEFAULT_FACTORY,
    on_ready: Callable[[NodeAddresses], None] | None = None,
) -> int:
    """Run a node in this process until it is told to stop; its exit code.

    Starts the embedded content store when ``redis_url`` asks for one, keeps it running, and stops
    it last. ``on_ready`` is called once every worker answers. Raises SettingsError when a port or
    the store can't be had.
    """
    with contextlib.ExitStack() as stack:
        store = None
        if folder := parse_folder(settings.redis_url):
            store = EmbeddedValkey(folder)
            stack.callback(store.stop)
            store.ensure_running()
            settings = msgspec.structs.replace(settings, redis_url=store.url)
        try:
            return uvloop.run(_run(settings, service, on_ready, store))
        except KeyboardInterrupt:  # before the supervisor listens to signals
            return 130


async def _run(
    settings: Settings,
    service: str,
    on_ready: Callable[[NodeAddresses], None] | None,
    store: EmbeddedValkey | None,
) -> int:
    supervisor = Supervisor(settings, service, on_ready, partial(_open_parts, settings))
    companions: list[Coroutine[Any, Any, None]] = []
    if store:
        companions.append(_keep_running(store, supervisor))
    if settings.pointer.startswith("consul:"):
        companions.append(_keep_registered(supervisor))
    if os.environ.get("DD_AGENT_HOST"):
        companions.append(_keep_pushing(supervisor))
    try:
        return await supervisor.run(*companions)
    finally:
        for companion in companions:
            companion.close()  # one that was never begun would complain


@contextlib.asynccontextmanager
async def _open_parts(settings: Settings) -> "AsyncIterator[Parts]":
    """What the node follows releases with. Raises SettingsError."""
    from sos.cli.parts import open_pointer, open_register, open_releases
    from sos.rollout.shelf import Shelf
    from sos.rollout.steps import Parts
    from sos.rollout.trial import Trials

    async with contextlib.AsyncExitStack() as stack:
        trials = Trials()
        stack.push_async_callback(trials.aclose)
        yield Parts(
            pointer=await stack.enter_async_context(open_pointer(settings)),
            releases=await stack.enter_async_context(open_releases(settings)),
            register=await stack.enter_async_context(open_register(settings)),
            shelf=Shelf(Path(settings.state_dir), settings.release_public_key),
            trials=trials,
        )


async def _keep_pushing(supervisor: Supervisor) -> None:
    from sos.adapters.statsd import create_statsd_push  # a slow import that few need

    if push := create_statsd_push(os.environ):
        await push.run(supervisor.snapshot)


async def _keep_registered(supervisor: Supervisor) -> None:
    from sos.cli.consul_service import keep_registered  # a slow import that few need

    if supervisor.rollout:
        await keep_registered(supervisor.rollout.terms)


async def _keep_running(store: EmbeddedValkey, supervisor: Supervisor) -> None:
    while True:
        await asyncio.sleep(EMBEDDED_CHECK_SECONDS)
        if await asyncio.to_thread(store.ensure_running):
            supervisor.metrics.embedded_restarts.inc()
