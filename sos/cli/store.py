"""The content store of the settings, for a command that needs it and then ends.

In: settings. Out: an open `RedisStore`. An embedded store is started where none runs, and stopped
with the command.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sos.adapters.embedded import EmbeddedValkey, parse_folder
from sos.adapters.redis import RedisStore
from sos.settings import Settings

TIMEOUT_MS = 5000
"""Time-out of a call; a command can wait longer than a page can."""


@asynccontextmanager
async def open_store(settings: Settings, timeout_ms: int = TIMEOUT_MS) -> AsyncIterator[RedisStore]:
    """The store of ``settings.redis_url``, under the name of the site's host.

    Raises SettingsError when an embedded store can't be started.
    """
    async with contextlib.AsyncExitStack() as stack:
        url = settings.redis_url
        folder = parse_folder(url)
        if folder is not None:
            embedded = EmbeddedValkey(folder)
            stack.push_async_callback(asyncio.to_thread, embedded.stop)
            await asyncio.to_thread(embedded.ensure_running)
            url = embedded.url
        store = RedisStore(url, settings.host, timeout_ms=timeout_ms)
        stack.push_async_callback(store.aclose)
        yield store
