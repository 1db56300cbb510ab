"""What the workers of a node offer to those who preview: asked for by a worker, told to all.

In: a worker's wish, at any time, as often as it likes. Out: a list that was made at most a moment
ago. The store of releases is asked only while somebody previews; when it is silent, the list is
what this node knows by itself.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from sos.errors import SosError
from sos.rollout.offers import Offer, list_offers
from sos.rollout.pointer import Pointing

FRESH_SECONDS = 15.0
"""How long a list is good."""

PATIENCE = 3.0
"""How long the store of releases may take, seconds."""


class Offers:
    """One per node."""

    def __init__(
        self,
        fetch_published: Callable[[], Awaitable[Sequence[str]]],
        fetch_known: Callable[[], tuple[Pointing | None, Sequence[str]]],
        tell: Callable[[tuple[Offer, ...]], None],
    ) -> None:
        self._fetch_published = fetch_published
        self._fetch_known = fetch_known
        self._tell = tell
        self._published: tuple[str, ...] = ()
        self._asked_at = -FRESH_SECONDS
        self._task: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Tell all workers, soon; what the node knows by itself is always as of now."""
        loop = asyncio.get_running_loop()
        if self._task and not self._task.done():
            return
        if loop.time() - self._asked_at < FRESH_SECONDS:
            self._tell_all()
            return
        self._asked_at = loop.time()
        self._task = loop.create_task(self._refresh())

    def close(self) -> None:
        """Stop what is under way."""
        if self._task:
            self._task.cancel()

    async def _refresh(self) -> None:
        with contextlib.suppress(SosError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                self._published = tuple(await self._fetch_published())
        self._tell_all()

    def _tell_all(self) -> None:
        pointing, loaded = self._fetch_known()
        self._tell(list_offers(pointing, loaded, self._published))
