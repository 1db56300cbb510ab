"""Which releases somebody who previews may want to look with: a short list to choose from.

In: what the pointer says, what a node has loaded, the names in the store of releases. Out:
releases, each with what it is. Pure.
"""

from collections.abc import Iterable, Sequence

import msgspec

from sos.rollout.pointer import Pointing

NEWEST = 10
"""Published releases that are offered besides those that are in use."""


class Offer(msgspec.Struct, frozen=True, array_like=True):
    """A release, and what it is: ``live``, ``canary``, ``previous``, or nothing of the kind."""

    release: str
    word: str = ""


def list_offers(
    pointing: Pointing | None, loaded: Sequence[str], published: Iterable[str]
) -> tuple[Offer, ...]:
    """What is live, the canary, what was live before (``loaded``, the active one first), and the
    newest of those that are published; ids begin with their time."""
    words: dict[str, str] = {}
    if pointing and pointing.release:
        words[pointing.release] = "live"
    if pointing and pointing.canary:
        words.setdefault(pointing.canary.release, "canary")
    for release in loaded:
        words.setdefault(release, "previous")
    for release in sorted(published, reverse=True)[:NEWEST]:
        words.setdefault(release, "")
    return tuple(Offer(release, word) for release, word in words.items())
