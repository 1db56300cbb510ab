"""When the whole node had followed each revision of its content: what editors are told in the end.

In: what each worker says that it has followed, whenever that changes. Out: the last few revisions
that every worker had, each with its age. It asks nobody, and one worker that lags, restarts or
follows another store holds all of them back.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

KEPT = 32
"""Revisions that are remembered; a save is one, and a report goes out several times a second."""


class Followed(msgspec.Struct, frozen=True):
    """The revision that a worker has followed, 0 for none yet, and the store's epoch it is of."""

    epoch: str
    revision: int


class ContentSeen:
    """One per node. ``clock`` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._epoch = ""
        self._seen: deque[tuple[int, float]] = deque(maxlen=KEPT)

    def note(self, workers: Sequence[Followed | None]) -> bool:
        """What the workers have followed now, None for one that is not there; whether that is new.

        A revision that is lower than one before means that the store lost some: what was seen of
        those is forgotten, as with another epoch.
        """
        followed = [w for w in workers if w is not None]
        if not followed or len(followed) < len(workers) or len({w.epoch for w in followed}) > 1:
            return False
        epoch, revision = followed[0].epoch, min(w.revision for w in followed)
        last = self._seen[-1][0] if self._seen else 0
        if revision == 0 or (epoch, revision) == (self._epoch, last):
            return False
        if epoch != self._epoch or revision < last:
            self._seen.clear()
            self._epoch = epoch
        self._seen.append((revision, self._clock()))
        return True

    def describe(self) -> tuple[tuple[int, float], ...]:
        """Revisions with their age in seconds, the newest last.

        The node has revision R since the first of them that is R or higher.
        """
        now = self._clock()
        return tuple((revision, round(now - at, 3)) for revision, at in self._seen)
