"""Every test that sends HTTP to a site of its own does so with the front, and without it."""

from __future__ import annotations

import pytest

from tests.web import serving


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run those whose module serves a site once for each of FRONTS."""
    if getattr(metafunc.module, "serving", None) is serving.serving:
        metafunc.parametrize("served_by", serving.FRONTS, indirect=True)


@pytest.fixture(autouse=True)
def served_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whose the connections of the sites of this test are; empty where it serves none."""
    front = str(getattr(request, "param", ""))
    if front:
        monkeypatch.setattr(serving, "default_front", front)
    return front
