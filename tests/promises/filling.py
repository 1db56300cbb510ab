"""Content for the nodes of the promise tests."""

from __future__ import annotations

from sos.adapters.redis import RedisStore
from sos.content.store import Operation

from tests.servers.content import batches
from tests.servers.node import SITE

HOST = SITE.removeprefix("http://")


async def fill(url: str, operations: list[Operation]) -> None:
    """Write operations to the store at ``url``; none may fail."""
    store = RedisStore(url, HOST, timeout_ms=5000)
    try:
        for batch in batches(operations):
            outcomes = await store.apply(batch)
            assert not [o for o in outcomes if o.startswith("error")]
    finally:
        await store.aclose()
