"""When to ask for the pointer, and how: the rules of Consul's blocking queries as a pure machine.

In: the index of each answer, or a failure, with the time. Out: the next `Query`, or a pause. It
asks nobody itself and never sees a value.

Rules (Consul documentation, "Blocking queries"; what real agents add is in docs/releases.md): an
index lower than the one before starts again from 0; an index is at least 1; a return does not mean
a change. On top: after an index that went backwards the value has to be confirmed by the leader,
and at least once a minute a plain read makes up for whatever a waiting one has missed.
"""

import msgspec

WAIT_SECONDS = 55.0
"""Longest blocking query. With Consul's sixteenth on top it stays below a minute."""

PLAIN_SECONDS = 60.0
"""Time after which a read does not wait, seconds."""

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0
"""Bounds of the back-off after failures, seconds."""


class Query(msgspec.Struct, frozen=True):
    """One read of the pointer; see `ports.KeyStore.fetch`."""

    index: int = 0
    wait: float = 0.0
    consistent: bool = False


class Watch(msgspec.Struct, frozen=True):
    """What the watcher knows. Times are monotonic seconds."""

    index: int = 0
    failures: int = 0
    doubted: bool = False
    plain_at: float = 0.0

    def next_query(self, now: float) -> Query:
        """What to ask at ``now``."""
        if self.doubted:
            return Query(consistent=True)
        if self.index == 0 or now >= self.plain_at:
            return Query()
        return Query(self.index, min(WAIT_SECONDS, max(1.0, self.plain_at - now)))

    def on_answer(self, query: Query, index: int, now: float) -> tuple["Watch", bool]:
        """What is known after an answer, and whether its value may be believed.

        Not so when its index went backwards: the store was restored, or replaced, or is another
        server's that lags. The next query then asks the leader.
        """
        if index < self.index and not query.consistent:
            return Watch(doubted=True, plain_at=self.plain_at), False
        plain_at = self.plain_at if query.wait else now + PLAIN_SECONDS
        return Watch(index=max(1, index), plain_at=plain_at), True

    def on_failure(self) -> "Watch":
        """What is known after a failure: nothing but that it failed once more."""
        return Watch(failures=self.failures + 1, doubted=self.doubted)

    def decide_pause(self, draw: float) -> float:
        """Seconds to wait before the next query, with full jitter; ``draw`` is from [0, 1).

        None after an answer. After a failure at least a twentieth of the bound, so that a store
        that refuses at once is not asked in a tight loop.
        """
        if not self.failures:
            return 0.0
        bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.failures - 1, 16))
        return bound * (0.05 + 0.95 * draw)
