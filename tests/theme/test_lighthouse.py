"""Home, a post and an archive of the sample site, as Lighthouse judges them on a slow phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.quality.lighthouse import run_lighthouse
from tests.theme.site import SampleSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PERFORMANCE = 95


@pytest.mark.parametrize("kind", ["home", "post", "archive"])
def test_lighthouse_finds_nothing(sample: SampleSite, kind: str, tmp_path: Path) -> None:
    """100 in accessibility, best practices and SEO, 95 or more in performance, no layout shift."""
    path = {
        "home": "/",
        "post": sample.find_post(),
        "archive": sample.find_links("/category/")[0],
    }[kind]
    found = run_lighthouse(f"{sample.base}{path}", tmp_path / "runs", performance=PERFORMANCE)
    print(f"{kind} {path}: {found.scores}, {found.milliseconds}, shift {found.layout_shift:.4f}")
    full = {name: found.scores[name] for name in ("accessibility", "best-practices", "seo")}
    assert full == dict.fromkeys(full, 100), "\n".join(found.failed)
    assert found.scores["performance"] >= PERFORMANCE, "\n".join(found.failed)
    assert found.layout_shift == 0
