"""What the checks of the theme share: its pages on loopback, and the sample site on a real node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.theme.showcase import Showcase, open_showcase
from tests.theme.site import SampleSite


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleSite]:
    """``sos demo``, running."""
    site = SampleSite(tmp_path_factory.mktemp("sample"))
    try:
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="session")
def pages() -> Iterator[Showcase]:
    """A page of every kind; a test that spoils their style mends it."""
    with open_showcase() as showcase:
        yield showcase
