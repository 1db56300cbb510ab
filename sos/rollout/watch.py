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

BURST, CALM_PAUSE = 10, 1.0
"""Answers that may come at once; from then on about one a second. A wait that ends at once, again
and again, is that of an agent that does not wait, of two stores behind one name, or of a key that
is not there while others are written."""


class Query(msgspec.Struct, frozen=True):
    """One read of the pointer; see `ports.KeyStore.fetch`."""

    index: int = 0
    wait: float = 0.0
    consistent: bool = False


class Watch(msgspec.Struct, frozen=True):
    """What the watcher knows. Times are monotonic seconds.

    ``index`` is that of the last answer that was believed, and outlives failures: a server that
    lags must not be believed because another one failed before. ``hurry`` counts answers above one
    a second.
    """

    index: int = 0
    failures: int = 0
    doubted: bool = False
    plain_at: float = 0.0
    hurry: float = 0.0
    answered_at: float = 0.0

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
        believed = index >= self.index or query.consistent
        hurry = max(0.0, self.hurry - (now - self.answered_at) / CALM_PAUSE) + 1
        return Watch(
            index=max(1, index) if believed else self.index,
            doubted=not believed,
            plain_at=self.plain_at if query.wait or not believed else now + PLAIN_SECONDS,
            hurry=min(hurry, 2.0 * BURST),
            answered_at=now,
        ), believed

    def on_failure(self) -> "Watch":
        """What is known after a failure. The next read does not wait: it tells at once whether the
        store is back."""
        return msgspec.structs.replace(self, failures=self.failures + 1, plain_at=0.0)

    def decide_pause(self, draw: float) -> float:
        """Seconds to wait before the next query, with full jitter; ``draw`` is from [0, 1).

        None after an answer, as long as answers don't come in a rush. After a failure at least a
        twentieth of the bound, so that a store that refuses at once is not asked in a tight loop.
        """
        if not self.failures:
            return CALM_PAUSE * (0.5 + draw) if self.hurry > BURST else 0.0
        bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.failures - 1, 16))
        return bound * (0.05 + 0.95 * draw)
