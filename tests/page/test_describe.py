"""The documentation of the page model is generated, complete, and up to date."""

import re
from pathlib import Path

import pytest
from sos.page import model
from sos.page.describe import describe, find_structs
from sos.page.model import PageModel
from sos.release.environment import build_release
from sos.release.sandbox import FILTERS

from tests.page.samples import SAMPLES

DOCUMENT = Path(__file__).parents[2] / "docs" / "templates.md"


def test_document_is_up_to_date() -> None:
    """Whoever changes the page model runs ``python -m sos.page.describe > docs/templates.md``."""
    assert DOCUMENT.read_text(encoding="utf-8") == describe()


def test_every_type_and_field_is_described() -> None:
    """No type of the model is left out, and no field is without a sentence."""
    names = {s.__name__ for s in find_structs()}
    assert names == {n for n, v in vars(model).items() if isinstance(v, type(PageModel))}
    for struct in find_structs():
        section = describe().partition(f"\n### {struct.__name__}\n")[2].partition("\n### ")[0]
        for field in struct.__struct_fields__:
            assert re.search(rf"^\| `{field}` \| [^|]+ \| \S.* \|$", section, re.MULTILINE), field


def test_every_link_leads_to_a_type() -> None:
    """A type in a table can be clicked."""
    anchors = {heading.lower() for heading in re.findall(r"^### (\w+)$", describe(), re.MULTILINE)}
    linked = set(re.findall(r"\]\(#(\w+)\)", describe()))
    assert linked == anchors


def test_every_kind_and_filter_is_in_the_introduction() -> None:
    """What a theme can be asked to show, and what it may use."""
    introduction = describe().partition("## The page model")[0]
    for kind in PageModel.__annotations__["kind"].__args__[0].__args__:
        assert f"| `{kind}` |" in introduction
    for name in (*FILTERS, "asset", "range", "namespace"):
        assert re.search(rf"`[^`]*\b{name}\b[^`]*`", introduction)


@pytest.mark.parametrize("name", SAMPLES)
def test_example_of_the_introduction_works(name: str) -> None:
    """What a reader copies shows every page."""
    example = describe().partition("```jinja\n")[2].partition("```")[0]
    release = build_release({"index.html": example.encode(), "assets/style.css": b""})
    assert "<h1>" in release.render(SAMPLES[name])
