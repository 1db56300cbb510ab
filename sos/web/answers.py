"""What the page service says: an answer to send, or what has to be made before there is one.

Types only: they know neither how a page is made nor how it is sent.
"""

from typing import Literal

import msgspec

from sos.cache.pages import CachedPage, Missing

Made = CachedPage | Missing
CacheUse = Literal["hit", "miss", "stale", "negative", "none"]
Lane = Literal["visitor", "heavy", "spare"]
"""Who asks for a page to be made: a visitor; a visitor, or an editor, for what takes long; nobody,
it is made ahead."""


class Answer(msgspec.Struct, frozen=True):
    """What to send. Without ``entry``, a redirect to ``location`` or a bare status.

    503 without an entry is `REFUSED`: too much is asked for just now. It wants the short fixed
    text, and ``Retry-After``.
    """

    status: int
    entry: CachedPage | None = None
    location: str = ""
    cache: CacheUse = "none"
    stale: bool = False
    kind: str = "page"


REFUSED = Answer(503, kind="unavailable")


class Wanted(msgspec.Struct, frozen=True):
    """What has to be made first: the page of ``key``, or the one for an error ``status``.

    ``entry`` is a copy that is not what it should be.
    """

    key: str
    entry: CachedPage | None = None
    status: int = 0
    use: CacheUse = "none"
    lane: Lane = "visitor"
