"""What the tests of the sample site share: one site, made once, and a real store to put it in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sos.content.store import Operation
from sos.demo import sample_site

from tests.servers.valkey import store, valkey

__all__ = ["documents", "operations", "store", "valkey"]

NOW = 1_899_999_999
SITE = "http://tidewick.example:8080"


@pytest.fixture(scope="session")
def operations() -> list[Operation]:
    """The sample site as operations."""
    return sample_site(NOW, SITE)


@pytest.fixture(scope="session")
def documents(operations: list[Operation]) -> dict[str, dict[str, Any]]:
    """Its documents, decoded, by reference."""
    return {o.ref: msgspec.json.decode(o.json) for o in operations if o.op == "put"}
