"""What was built before, for who builds the same again: a bounded memory of parts of page models.

In: a key, and all that a part is made of. Out: the very part that was made of equal things, so that
it can be told by its identity that nothing has changed. It never decides what a part looks like:
without it, or when it has forgotten, the same is built anew.
"""

from collections import OrderedDict
from typing import Any

MAX_BYTES = 1024 * 1024
"""Characters of the parts that are kept, about, where nobody says anything: what they are made of
is not counted."""


class Memo:
    """Parts by key, the least recently used ones dropped beyond ``max_bytes``."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._kept: OrderedDict[object, tuple[tuple[object, ...], int, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes that count against the bound."""
        return self._size

    def find(self, key: object, made_of: tuple[object, ...]) -> Any:
        """The part of ``key``, if it was made of just this; else None."""
        kept = self._kept.get(key)
        # Tuples compare by identity first: what is the same document costs no look into it.
        if kept is None or kept[0] != made_of:
            return None
        self._kept.move_to_end(key)
        return kept[2]

    def keep(self, key: object, made_of: tuple[object, ...], part: object, size: int) -> None:
        """Remember ``part``, of about ``size`` bytes, in place of what ``key`` stood for."""
        old = self._kept.pop(key, None)
        self._size += size - (old[1] if old else 0)
        self._kept[key] = (made_of, size, part)
        while self._size > self._max_bytes and len(self._kept) > 1:
            _, (_, gone, _) = self._kept.popitem(last=False)
            self._size -= gone
