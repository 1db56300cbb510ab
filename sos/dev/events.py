"""What browsers are told: the state of the newest build in, server-sent events out.

Every event is the whole state (HTML, section 9.2), so that a browser which missed some, or comes
back after a restart, knows all the same what to do. Never decides whether a page is loaded again:
the browser compares what it shows with what there is.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256

import msgspec
from aiohttp import web

from sos.dev.builds import Build
from sos.errors import TemplateError

KEEPALIVE_SECONDS = 15.0
"""A comment at this pace shows both sides whether the other is still there."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser compares itself with; see `Build`.

    ``number`` is larger for a later one. ``problems`` counts all, ``trouble`` changes with them.
    ``content`` is the revision of the content, -1 for a page that has none.
    """

    number: int
    ok: bool
    page: str
    styles: str
    sheets: dict[str, str]
    problems: int
    trouble: str
    content: int = 0


def build_state(
    build: Build, content: int = 0, elsewhere: Sequence[TemplateError] = (), after: int = 0
) -> State:
    """The state of a build, with problems that only some pages have.

    ``after`` is the number of the state before.
    """
    problems = [*build.problems, *elsewhere]
    return State(
        number=max(build.number, after + 1),
        ok=build.release is not None,
        page=build.page,
        styles=build.styles,
        sheets=build.sheets,
        problems=len(problems),
        trouble=sha256("\n".join(map(str, problems)).encode()).hexdigest()[:16],
        content=content,
    )


class Events:
    """Tells every open browser the state, at once and whenever it changes."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._changed = asyncio.Event()
        self._closed = False

    def tell(self, state: State) -> None:
        """From now on this is the state."""
        self.state = state
        self._wake()

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """The events, until either side has enough."""
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        await response.write(b"retry: 500\n\n")
        told: State | None = None
        while not self._closed:
            changed, state = self._changed, self.state
            if state != told:
                await response.write(b"data: " + msgspec.json.encode(state) + b"\n\n")
                told = state
                continue
            try:
                async with asyncio.timeout(KEEPALIVE_SECONDS):
                    await changed.wait()
            except TimeoutError:
                await response.write(b": still here\n\n")
        return response
