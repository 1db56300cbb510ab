"""A session of ``sos dev``, put together: settings in, a server that follows a folder out.

The only module of the package that sees all the parts. It starts and stops what has a lifetime.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

from aiohttp import web
from watchfiles import Change, DefaultFilter, awatch

from sos.dev.builds import Build, Builder
from sos.dev.pages import DevPages
from sos.dev.server import DevServer
from sos.release.environment import Release, build_release
from sos.release.folder import find_templates
from sos.release.theme import read_theme
from sos.settings import Settings, parse_address
from sos.web.uploads import Uploads

SETTLE_MS = 20
"""How long after a change another one is waited for, milliseconds: editors write, then rename."""

CONTENT_SECONDS = 1.0
"""Browsers are told of new content at this pace at most: an import changes much at once."""

SHUTDOWN_SECONDS = 0.2


class Visible(DefaultFilter):
    """Changes of files that a release may hold: none that is hidden, none of an editor's own."""

    def __call__(self, change: Change, path: str) -> bool:
        name = Path(path).name
        return (
            not name.startswith(".") and not name.endswith("~") and super().__call__(change, path)
        )


async def run_session(
    settings: Settings,
    folder: Path,
    on_ready: Callable[[str, Build], None] = lambda *_: None,
    on_build: Callable[[Build], None] = lambda _: None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    ``on_ready`` is called with the address, as ``host:port``, and the first build; ``on_build``
    with each later one. Raises SettingsError when the store can't be had, OSError for the port.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    builder = Builder(folder, _build_default())
    build = await asyncio.to_thread(builder.build)
    changed = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        pages = await stack.enter_async_context(DevPages(settings, builder.good, changed.set))
        server = DevServer(
            build,
            builder.good,
            pages,
            hosts=settings.allowed_hosts,
            uploads=_open_uploads(settings, stack),
        )
        address = await _serve(server.app, settings, stack)
        following = [
            loop.create_task(_follow_folder(builder, server, stop, on_build)),
            loop.create_task(_follow_content(server, changed)),
        ]
        on_ready(address, build)
        try:
            await stop.wait()
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)


async def _serve(app: web.Application, settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    host, port = parse_address(settings.listen, "listen")
    site = web.TCPSite(runner, host, port)
    await site.start()
    bound = runner.addresses[0]
    return f"{bound[0]}:{bound[1]}"


async def _follow_folder(
    builder: Builder, server: DevServer, stop: asyncio.Event, on_build: Callable[[Build], None]
) -> None:
    # The theme that a folder extends is watched as well: it may be worked on, or be updated.
    folders = {builder.folder.resolve(), find_templates().resolve()}
    async for _ in awatch(
        *folders,
        watch_filter=Visible(),
        step=SETTLE_MS,
        debounce=10 * SETTLE_MS,
        stop_event=stop,
        recursive=True,
    ):
        build = await asyncio.to_thread(builder.build)
        if build.changed:
            server.show(build, builder.good)
            on_build(build)


async def _follow_content(server: DevServer, changed: asyncio.Event) -> None:
    while True:
        await changed.wait()
        changed.clear()
        server.follow_content()
        await asyncio.sleep(CONTENT_SECONDS)


def _build_default() -> Release:
    """The theme that comes with sos: what there is to show before a folder was sound."""
    return build_release(read_theme(find_templates()).files)


def _open_uploads(settings: Settings, stack: contextlib.AsyncExitStack) -> Uploads | None:
    if not settings.uploads_origin:
        return None
    uploads = Uploads(settings.uploads_origin)
    stack.push_async_callback(uploads.aclose)
    return uploads
