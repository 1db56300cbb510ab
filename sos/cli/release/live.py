"""A sample of live content for a command: the content store, or the snapshot that a node keeps.

In: settings. Out: `LiveContent`, which says where its pages come from, and what was in the way. It
starts a store of its own only where one has been before, and never fails.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from sos.adapters.embedded import parse_folder
from sos.cli.store import open_store
from sos.content.snapshot import Snapshot, SnapshotReader
from sos.content.snapshot_file import FILE, encode_snapshot, read_snapshot, write_snapshot
from sos.content.store import ContentReader
from sos.errors import DocumentError, SosError, StoreUnavailableError
from sos.produce.keep_snapshot import take_snapshot
from sos.settings import Settings

STORE_MS = 2000
"""Time-out of a call to the content store: where it is silent, a snapshot will do."""


class LiveContent(msgspec.Struct, frozen=True):
    """Content to make pages of. ``reader`` and ``snapshot`` are None where there is none; ``file``
    holds the snapshot. ``words`` say where it is from, ``trouble`` why it is not from the store."""

    words: str
    trouble: str = ""
    reader: ContentReader | None = None
    snapshot: Snapshot | None = None
    file: Path | None = None


@asynccontextmanager
async def open_live_content(settings: Settings) -> AsyncIterator[LiveContent]:
    """The site's content, as it is now if the store answers; open for as long as this is."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            folder = parse_folder(settings.redis_url)
            if folder and not await asyncio.to_thread(folder.is_dir):
                raise StoreUnavailableError(f"there is no content store in {folder}")
            store = await stack.enter_async_context(open_store(settings, STORE_MS))
            taken = await take_snapshot(store, settings.site, settings.host, pause=0)
        except SosError as exc:
            yield await asyncio.to_thread(_read_kept, settings, str(exc))
            return
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sos-")))
        await asyncio.to_thread(write_snapshot, place / FILE, encode_snapshot(taken))
        words = f"content store, revision {taken.rev}"
        yield LiveContent(words, "", store, taken, place / FILE)


def _read_kept(settings: Settings, trouble: str) -> LiveContent:
    """What a node on this machine has kept."""
    path = Path(settings.state_dir) / FILE
    try:
        snapshot = read_snapshot(path, settings.host)
    except DocumentError as exc:
        return LiveContent("none", f"{trouble}; and no snapshot in {path}: {exc}")
    at = datetime.fromtimestamp(snapshot.taken_at).astimezone()
    words = f"snapshot of {at:%Y-%m-%d %H:%M}"
    return LiveContent(words, trouble, SnapshotReader(snapshot), snapshot, path)
