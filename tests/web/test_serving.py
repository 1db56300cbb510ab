"""The rig of these tests: what it says of itself is so."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sos.web.front.port import FrontPort

from tests.page.documents import make_store
from tests.web.serving import Site, serving


@pytest.fixture
async def web() -> AsyncIterator[Site]:
    async with serving(make_store()) as running:
        yield running


async def test_a_site_is_served_by_whom_its_test_is_named_after(web: Site, served_by: str) -> None:
    """Else the suite would run twice with the same."""
    assert served_by in ("on", "off")
    assert web.context.settings.front is (served_by == "on")
    assert isinstance(web.connections, FrontPort) is (served_by == "on")
