"""Following the store: from its revisions to names that were touched, and a state that is honest.

In: a `ContentReader`. Out: calls of ``on_touched`` and ``on_due`` (names), of ``on_everything``
(the store can't tell), and a state that says whether what is in memory is known to be current.
Never writes, never gives up, never takes an empty store for an empty site.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence, Set
from typing import Literal, Protocol

import structlog

from sos.content.store import ContentReader, Due
from sos.errors import StoreUnavailableError

log = structlog.get_logger()

BLOCK_MS = 400
"""How long one look waits for an event. Short, so that a silent server is noticed within 1 s."""

REBUILD = "run `sos content import URL` to rebuild it; last copies are served"
"""What an operator is told when the store lacks keys."""

MAX_DUE = 200
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_BEYOND_ALL = 2**53 - 1  # what a sorted set's score can hold exactly

State = Literal["starting", "current", "unavailable", "incomplete"]


class Listener(Protocol):
    """Who keeps something that was made of content."""

    def on_touched(self, rev: int, names: Set[str]) -> None:
        """Documents and lists of these names changed in revision ``rev`` or before."""
        ...

    def on_due(self, names: Set[str]) -> None:
        """Time alone has changed documents and lists of these names."""
        ...

    def on_everything(self, rev: int) -> None:
        """Another store has taken the place of the one before: anything may have changed."""
        ...

    def on_start(self, rev: int) -> None:
        """The first look found the store at ``rev``; what was read before may be older."""
        ...

    def on_upcoming(self, upcoming: Sequence[Due]) -> None:
        """These are the next changes that time alone will bring."""
        ...

    def on_state(self, state: State) -> None:
        """The follower's state changed."""
        ...


class ContentFollower:
    """Keeps one worker's knowledge of the store current.

    ``state`` is ``current`` while the last look succeeded on a complete store. ``current_at`` is
    the time of that look, ``rev`` and ``epoch`` what it saw.
    """

    def __init__(
        self,
        reader: ContentReader,
        listener: Listener,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reader = reader
        self._listener = listener
        self._clock = clock
        self.state: State = "starting"
        self.rev = -1
        self.epoch = ""
        self.current_at = 0.0
        self.upcoming: tuple[Due, ...] = ()
        self._due_from = -1

    @property
    def is_current(self) -> bool:
        """Whether what follows the store is known to be what the store has."""
        return self.state == "current"

    def next_change(self, names: Set[str]) -> int:
        """Epoch second at which time alone changes something made of ``names``; 0 for never."""
        return next((d.at for d in self.upcoming if not d.touched.isdisjoint(names)), 0)

    async def run(self) -> None:
        """Follow until cancelled, whatever happens."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self.look(BLOCK_MS if self.state == "current" else 0)
                pause = _FIRST_PAUSE
                if self.state == "incomplete":
                    # Its events are past the revision that is known: waiting for one returns at
                    # once, over and over, while a store is being filled.
                    await asyncio.sleep(BLOCK_MS / 1000)
                continue
            except StoreUnavailableError as exc:
                self._enter("unavailable", reason=str(exc))
            except Exception as exc:
                # A mistake in what listens would otherwise leave this worker stale for ever.
                log.exception("content_follow_failed")
                self._enter("unavailable", reason=f"{type(exc).__name__} while following it")
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def look(self, block_ms: int = 0) -> None:
        """One look at the store. Raises StoreUnavailableError."""
        block_ms = min(block_ms, self._until_due_ms())
        first = self.rev < 0
        # The first look asks for nothing that changed: all that ever did is no news.
        since = _BEYOND_ALL if first else self.rev
        changes = await self._reader.fetch_changes(since, self.epoch, block_ms)
        now = self._clock()
        # A store that lost its keys has nothing to say about what changed: what is kept stays.
        if changes.complete:
            if first:
                self._listener.on_start(changes.rev)
            elif changes.everything:
                log.warning("content_store_replaced", rev=changes.rev, was=self.rev)
                self._listener.on_everything(changes.rev)
            elif changes.touched:
                self._listener.on_touched(changes.rev, changes.touched)
            if changes.rev != self.rev or changes.epoch != self.epoch:
                self._due_from = -1
            self.rev, self.epoch, self.current_at = changes.rev, changes.epoch, now
            self._pass_due(int(now))
            if self._due_from < 0 or (not self.upcoming and now - self._due_from > 60):
                await self._fetch_due(int(now))
            self._enter("current")
        else:
            self._enter("incomplete")

    async def _fetch_due(self, now: int) -> None:
        self.upcoming = await self._reader.fetch_due(now, MAX_DUE)
        self._due_from = now
        self._listener.on_upcoming(self.upcoming)

    def _pass_due(self, now: int) -> None:
        """What became due since the last look is a change like any other."""
        due = [d for d in self.upcoming if d.at <= now]
        if due:
            self.upcoming = tuple(d for d in self.upcoming if d.at > now)
            self._due_from = -1
            self._listener.on_due(frozenset().union(*(d.touched for d in due)))

    def _until_due_ms(self) -> int:
        if not self.upcoming:
            return BLOCK_MS
        return max(1, int((self.upcoming[0].at - self._clock()) * 1000) + 1)

    def _enter(self, state: State, reason: str = "") -> None:
        if state == self.state:
            return
        if state == "incomplete":
            log.error("content_store_incomplete", action=REBUILD)
        elif state == "unavailable":
            log.error("content_store_unavailable", reason=reason, action="last copies are served")
        else:
            log.info("content_current", rev=self.rev, was=self.state)
        self.state = state
        self._listener.on_state(state)
