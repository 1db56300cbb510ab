"""A session of ``sos dev``, put together: settings in, a server that follows a folder out.

The only module of the package that sees all the parts. It starts and stops what has a lifetime.
"""

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from aiohttp import web
from watchfiles import Change, DefaultFilter, awatch

from sos.dev.bounded import limit_memory
from sos.dev.builds import Build, Builder
from sos.dev.pages import DevPages
from sos.dev.server import DevServer
from sos.dev.trying import Judge, Trying
from sos.errors import SettingsError, TemplateError
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


class Listener(Protocol):
    """Who is told what happens."""

    def tell_ready(self, address: str, build: Build) -> None:
        """Pages are served at ``address``, ``host:port``; this is the first build."""

    def tell_build(self, build: Build) -> None:
        """Somebody has saved something."""

    def tell_problems(self, build: Build, problems: Sequence[TemplateError]) -> None:
        """Some pages of a build that is sound have these problems."""

    def tell_mended(self) -> None:
        """No page has a problem any more."""


class Visible(DefaultFilter):
    """Changes of files that a release may hold: none that is hidden, none of an editor's own."""

    def __call__(self, change: Change, path: str) -> bool:
        """Whether a change counts."""
        name = Path(path).name
        return (
            not name.startswith(".") and not name.endswith("~") and super().__call__(change, path)
        )


class Session:
    """One run of ``sos dev``. ``judge`` finds the problems of a build that only pages show."""

    def __init__(self, settings: Settings, folder: Path, judge: Judge, listener: Listener) -> None:
        self._settings = settings
        self._judge = judge
        self._listener = listener
        self._builder = Builder(folder, _build_default())
        self._stop = asyncio.Event()
        self._content = asyncio.Event()

    async def run(self) -> None:
        """Serve until SIGINT or SIGTERM. Raises SettingsError where the port can't be had."""
        limit_memory()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        build = await asyncio.to_thread(self._builder.build)
        async with contextlib.AsyncExitStack() as stack:
            server = await self._open_server(build, stack)
            trying = Trying(self._judge, lambda *found: self._show_elsewhere(server, *found))
            stack.push_async_callback(trying.aclose)
            address = await self._serve(server.app, stack)
            following = [
                loop.create_task(self._follow_folder(server, trying)),
                loop.create_task(self._follow_content(server)),
            ]
            self._listener.tell_ready(address, build)
            trying.begin(build)
            try:
                await self._stop.wait()
            finally:
                for task in following:
                    task.cancel()
                await asyncio.gather(*following, return_exceptions=True)

    async def _open_server(self, build: Build, stack: contextlib.AsyncExitStack) -> DevServer:
        settings, good = self._settings, self._builder.good
        pages = await stack.enter_async_context(DevPages(settings, good, self._content.set))
        uploads = None
        if settings.uploads_origin:
            uploads = Uploads(settings.uploads_origin)
            stack.push_async_callback(uploads.aclose)
        return DevServer(build, good, pages, hosts=settings.allowed_hosts, uploads=uploads)

    async def _serve(self, app: web.Application, stack: contextlib.AsyncExitStack) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        host, port = parse_address(self._settings.listen, "listen")
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as exc:
            raise SettingsError(f"listen: can't bind {host}:{port}: {exc.strerror}") from exc
        bound = runner.addresses[0]
        return f"{bound[0]}:{bound[1]}"

    async def _follow_folder(self, server: DevServer, trying: Trying) -> None:
        # The theme that a folder extends is watched as well: it may be worked on, or be updated.
        folders = {self._builder.folder.resolve(), find_templates().resolve()}
        changes = awatch(
            *folders,
            watch_filter=Visible(),
            step=SETTLE_MS,
            debounce=10 * SETTLE_MS,
            stop_event=self._stop,
        )
        async for _ in changes:
            build = await asyncio.to_thread(self._builder.build)
            if build.changed or build.problems != server.build.problems:
                server.show(build, self._builder.good)
                trying.begin(build)
                self._listener.tell_build(build)

    async def _follow_content(self, server: DevServer) -> None:
        while True:
            await self._content.wait()
            self._content.clear()
            server.follow_content()
            await asyncio.sleep(CONTENT_SECONDS)

    def _show_elsewhere(
        self, server: DevServer, build: Build, problems: Sequence[TemplateError]
    ) -> None:
        had = bool(server.elsewhere)
        server.show_elsewhere(build, problems)
        if problems:
            self._listener.tell_problems(build, problems)
        elif had:
            self._listener.tell_mended()


def _build_default() -> Release:
    """The theme that comes with sos: what there is to show before a folder was sound."""
    return build_release(read_theme(find_templates()).files)
