"""A block that nobody sees is found, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from sos.release.check import check_release
from sos.release.environment import build_release
from sos.release.folder import find_templates, read_folder

BASE = "<p>{% block main %}{% block inner %}{% endblock %}{% endblock %}</p>"


def find_lost(**texts: str) -> list[str]:
    """What is said of these templates beside a layout."""
    files = {f"{name}.html": text.encode() for name, text in texts.items()}
    return [str(p) for p in check_release({"index.html": BASE.encode(), **files})]


@pytest.mark.parametrize(
    "text",
    [
        "{% extends 'index.html' %}{% block main %}x{% endblock %}",
        "{% extends 'index.html' %}{% block inner %}x{% endblock %}",
        "{% extends 'index.html' %}{% block main %}{% block own %}x{% endblock %}{% endblock %}",
        "{% block alone %}x{% endblock %}",
        "{% extends page.templates[0] %}{% block any %}x{% endblock %}",
        "{% extends 'index.html' %}{% block a %}x{% endblock %}"
        "{% block main %}{{ self.a() }}{% endblock %}",
    ],
)
def test_block_that_may_be_seen_is_no_problem(text: str) -> None:
    """Also where only a page can tell."""
    assert not find_lost(x=text)


def test_block_without_a_place_is_a_problem_with_its_line() -> None:
    """Through several templates that extend each other."""
    middle = (
        "{% extends 'index.html' %}{% block main %}{% block side %}{% endblock %}{% endblock %}"
    )
    child = (
        "{% extends 'middle.html' %}\n{% block side %}{% endblock %}\n{% block sid %}{% endblock %}"
    )
    (said,) = find_lost(middle=middle, child=child)
    assert said.startswith("child.html:3: there is no block 'sid' in 'middle.html'")


def test_nodes_go_on_showing_a_release_with_a_lost_block() -> None:
    """It was fine when it was released: an update of sos takes nothing out of service."""
    text = "{% extends 'index.html' %}{% block lost %}x{% endblock %}"
    assert find_lost(x=text)
    build_release({"index.html": BASE.encode(), "x.html": text.encode()})


def test_circle_of_templates_ends() -> None:
    """It is a problem of another kind, and found when a page is made."""
    one = "{% extends 'two.html' %}{% block a %}{% endblock %}"
    assert not find_lost(one=one, two=one.replace("two", "one"))


def test_default_theme_has_no_lost_block() -> None:
    """Every block that it fills is seen somewhere."""
    assert not check_release(read_folder(find_templates()))
