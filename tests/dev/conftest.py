"""One ``sos dev`` for the tests of a module, whose theme each test leaves as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.dev.running import Dev

# As patient as the other waits of a browser: several of them may run on the machine.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """The command on a copy of the theme, with the sample site."""
    dev = Dev(tmp_path_factory.mktemp("dev"))
    try:
        dev.start()
        yield dev
    finally:
        dev.stop()


@pytest.fixture
def dev(running: Dev) -> Iterator[Dev]:
    """The same; what a test writes into the theme is undone after it."""
    before = {p: p.read_bytes() for p in running.theme.rglob("*") if p.is_file()}
    yield running
    for path in {p for p in running.theme.rglob("*") if p.is_file()} - before.keys():
        path.unlink()
    for path, content in before.items():
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
