"""What an interrupted import leaves behind, so that the next one goes on where it stopped.

In and out: one small JSON value beside the content it speaks of, so that both are lost together.
Holds progress, never content.
"""

import msgspec

from sos.content.store import ContentWriter

STATE = "import"
"""Name under which the store keeps it."""

MAX_AGE = 24 * 3600
"""Seconds after which an interrupted import is begun anew: too much may have changed."""


class CollectionState(msgspec.Struct):
    """How far one collection is.

    ``seq`` was taken before its listing began; what the store holds of it with an older number when
    the listing is ``complete`` is gone from the site. ``pages`` are done from the first on.
    ``spared`` are references that could not be read, and are not gone for that.
    """

    seq: int
    pages: int = 0
    complete: bool = False
    moved: bool = False
    total: int = 0
    spared: list[str] = []


class ImportState(msgspec.Struct):
    """An import that has not ended: of which site, since when, and into which store.

    ``epoch`` names the store's history; when it is another, what was written is not there any more.
    """

    url: str
    epoch: str
    started: int
    collections: dict[str, CollectionState] = {}


async def fetch_import_state(
    writer: ContentWriter, url: str, epoch: str, now: int
) -> ImportState | None:
    """The state of an import of the same site into the same store, if it is worth resuming."""
    data = await writer.fetch_state(STATE)
    if data is None:
        return None
    try:
        state = msgspec.json.decode(data, type=ImportState)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    same = (state.url, state.epoch) == (url, epoch)
    return state if same and 0 <= now - state.started <= MAX_AGE else None


async def save_import_state(writer: ContentWriter, state: ImportState | None) -> None:
    """Keep the state, or forget it."""
    await writer.save_state(STATE, msgspec.json.encode(state) if state else None)
