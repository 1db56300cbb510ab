"""What a worker may keep in memory, divided among all that keep something.

One number in, bounds out. Pure. Who keeps something counts what it takes and stays within its
share; nobody borrows from others, so that the sum is a bound as well.
"""

from typing import NamedTuple

MIB = 1024 * 1024

PARSED = 2
"""Documents take about so many times as much memory as their JSON; a part of a page as much as its
text and what it was made of."""


class Shares(NamedTuple):
    """Bytes for each of those who keep something, in their own measure.

    ``pages``: finished pages, compressed. ``answers``: the same with their heads, for a second.
    ``listed``: posts as lists show them. ``texts``: what macros gave, of all releases that are
    loaded. ``documents``: JSON of those that are kept parsed. ``parts``: text of parts of pages.
    """

    pages: int
    answers: int
    listed: int
    texts: int
    documents: int
    parts: int

    @property
    def memory(self) -> int:
        """What they take together at most, bytes, about."""
        held = self.pages + self.answers + self.listed + self.texts
        return held + PARSED * (self.documents + self.parts)


def divide(cache_mb: int, pages_percent: int) -> Shares:
    """Divide ``cache_mb`` MiB; ``pages_percent`` of it is for finished pages.

    Most of the rest is for lists: their posts take a little more than twice as much as the cards
    that were made of them.
    """
    total = cache_mb * MIB
    pages = total * pages_percent // 100
    rest = total - pages
    return Shares(
        pages=pages,
        answers=rest * 4 // 100,
        listed=rest * 62 // 100,
        texts=rest * 27 // 100,
        documents=rest * 5 // 100 // PARSED,
        parts=rest * 2 // 100 // PARSED,
    )
