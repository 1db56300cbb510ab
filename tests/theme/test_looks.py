"""Every kind of page looks as it did when somebody last looked, on phones and desks, by day and by
night, from the left and from the right; and the check notices what it is there to notice.

Where the look is meant to change: ``python -m tests.theme.baseline``, and look at the pictures.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.theme.baseline import FOLDER, RENEW, choose_looks, take_all
from tests.theme.compare import Difference, compare_with_baseline, write_report
from tests.theme.pictures import LOOKS, open_studio, take_pictures
from tests.theme.showcase import DEMO, Showcase
from tests.theme.site import SampleSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SPOILED = {
    "a colour is lost": ":root { --accent: var(--ink) }",
    "a column has moved": "main { padding-inline-start: 24px }",
    "lines are lost": "* { border-color: transparent !important }",
    "text is larger": "main { font-size: 1.2em }",
}


def _named(name: str, found: tuple[Difference, ...]) -> list[Difference]:
    return [difference._replace(name=f"{name}, {difference.name}") for difference in found]


async def test_pages_look_as_they_did(pages: Showcase, sample: SampleSite, tmp_path: Path) -> None:
    """No picture differs from the baseline; the report shows those that do, side by side."""
    pages.add_demo(sample.front)
    names = (*pages.names, DEMO)
    assert {folder.name for folder in FOLDER.iterdir()} == set(names), f"renew: {RENEW}"
    differences: list[Difference] = []
    async for name, pictures in take_all(pages, names):
        differences += _named(name, compare_with_baseline(FOLDER / name, pictures))
    if differences:
        report = write_report(tmp_path, differences, RENEW)
        said = "\n".join(f"{d.name}: {d.reason}" for d in differences)
        pytest.fail(f"{said}\nlook at file://{report}; where it is meant so: {RENEW}")


async def test_spoiled_style_sheets_are_noticed(pages: Showcase, tmp_path: Path) -> None:
    """A lost colour, a moved column, lost lines and larger text each fail, with a report to read."""
    looks = [look for look in LOOKS if look.name == "1440-light"]
    async with open_studio() as browser:
        for said, css in SPOILED.items():
            pages.spoil = css.encode()
            try:
                pictures = await take_pictures(browser, pages.url("single-full"), looks)
            finally:
                pages.spoil = b""
            found = compare_with_baseline(FOLDER / "single-full", pictures)
            assert found, said
            report = write_report(tmp_path, found, RENEW).read_text()
            assert report.count("<img ") == 3, said


def test_baseline_is_small() -> None:
    """All pictures together are less than 3 MB, and there is one for each look."""
    files = list(FOLDER.rglob("*.png"))
    assert sum(path.stat().st_size for path in files) < 3_000_000
    for folder in FOLDER.iterdir():
        wanted = {look.name for look in choose_looks(folder.name)}
        assert {path.stem for path in folder.iterdir()} == wanted, folder.name
