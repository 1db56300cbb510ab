"""What an import came to: counts, what was left out and why, and how far it is while it runs.

In: outcomes as they happen. Out: a `Summary` for people and for ``--json``, `Progress` for a bar.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from sos.wordpress.listing import Skipped


class Count(msgspec.Struct):
    """Documents of one collection by what became of them.

    ``stale`` are those of which the store has something newer, ``listed`` all that were read.
    """

    listed: int = 0
    applied: int = 0
    unchanged: int = 0
    stale: int = 0
    removed: int = 0
    skipped: int = 0


class Progress(msgspec.Struct, frozen=True):
    """How far an import is: ``done`` of about ``total`` documents, now at ``collection``."""

    collection: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]

MAX_SKIPPED = 1000
"""Skipped items that are told one by one; the others are only counted."""


class Summary(msgspec.Struct, kw_only=True):
    """An import. ``seconds`` is this run's time, ``documents`` what this run read.

    ``missing`` names what could not be had, and ``resumed`` an import that went on where an
    earlier one had stopped.
    """

    url: str
    name: str = ""
    resumed: bool = False
    complete: bool = False
    permalinks: str = "pretty"
    seconds: float = 0.0
    documents: int = 0
    collections: dict[str, Count] = {}
    skipped: list[Skipped] = []
    missing: list[str] = []
    notes: list[str] = []

    @property
    def rate(self) -> float:
        """Documents per second."""
        return self.documents / self.seconds if self.seconds else 0.0

    @property
    def skipped_count(self) -> int:
        """Everything that was left out, told or not."""
        return sum(count.skipped for count in self.collections.values())

    def count(self, collection: str) -> Count:
        """The counts of a collection, to add to."""
        return self.collections.setdefault(collection, Count())

    def skip(self, *items: Skipped) -> None:
        """Note what was left out."""
        for item in items:
            self.count(item.collection).skipped += 1
            if len(self.skipped) < MAX_SKIPPED:
                self.skipped.append(item)

    def to_json(self) -> dict[str, Any]:
        """For ``--json``; a superset of the fields."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return {**found, "rate": round(self.rate, 1), "skipped_count": self.skipped_count}
