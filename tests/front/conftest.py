"""Sites for tests by raw socket, with the front and without it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.front.content import make_content
from tests.page.fake_store import FakeStore
from tests.web.serving import FRONTS, Site, serving


@pytest.fixture(scope="module", params=FRONTS)
def front(request: pytest.FixtureRequest) -> str:
    """Whether the front is ``on`` or ``off``."""
    return str(request.param)


@pytest.fixture(scope="module")
def store(front: str) -> FakeStore:
    """What the site shows; each site has one of its own."""
    return make_content()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def web(front: str, store: FakeStore) -> AsyncIterator[Site]:
    """One site for all tests of a module: its connections are the front's, or aiohttp's."""
    async with serving(store, front=front) as running:
        yield running
