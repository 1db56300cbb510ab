"""Every inline block that a page can have is known to the Content-Security-Policy by its hash."""

import base64
import hashlib

import pytest
from markupsafe import Markup
from sos.release.csp import find_inline, style_element, style_hash

from tests.page.samples import SAMPLES
from tests.release.theme import release_of, theme


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_hash_of_a_known_text() -> None:
    """The form is that of CSP Level 3: base64 of the sha256 of the text, in quotes."""
    assert style_hash("") == ""
    assert style_hash("a{}") == _source("a{}")
    assert style_element("") == Markup()


@pytest.mark.parametrize(
    "css",
    [
        "a > b { content: '</style><script>alert(1)</script>' }",
        "</STYLE >",
        "<!-- <style> -->",
        "a\r\nb\rc\nd",
        "\0 ü </",
    ],
)
def test_style_element_holds_what_its_hash_is_of(css: str) -> None:
    """A browser that parses the element hashes the same text, and never leaves it early."""
    import html5lib

    element = style_element(css)
    tree = html5lib.parse(f"<!DOCTYPE html>{element}<p>", namespaceHTMLElements=False)
    assert [e.tag for e in tree.iter()] == ["html", "head", "style", "body", "p"]
    assert style_hash(css) == _source(tree.find(".//style").text)


def test_blocks_of_a_post_bring_one_style_element() -> None:
    """What the page sends is what the policy of the same page allows."""
    page = SAMPLES["front_page"]
    assert page.post
    html = theme().render(page)
    inside = html.partition("<style>")[2].partition("</style>")[0]
    assert style_hash(page.post.css) == _source(inside)
    assert html.count("<style") == 1


def test_fixed_inline_blocks_of_templates_are_hashed() -> None:
    """A theme may have small inline blocks of its own."""
    template = (
        "<script>\r\nlet a\n</script>\n<style media=print>b{}</style>\n"
        "<script type='application/ld+json'>{}</script><script src=x></script>"
    )
    release = release_of(single=template)
    assert release.script_hashes == (_source("\nlet a\n"),)
    assert release.style_hashes == (_source("b{}"),)
    assert "<script>\nlet a\n</script>" in release.render(SAMPLES["single"])
    assert [block.line for block in find_inline(template)] == [1, 4]


def test_theme_has_one_fixed_script_and_one_fixed_style() -> None:
    """What hides announcements that were put away; the page for 503 carries its own style."""
    html = theme().render(SAMPLES["front_callouts"])
    script = html.partition("<script>")[2].partition("</script>")[0]
    assert theme().script_hashes == (_source(script),)
    inside = theme().unavailable.partition("<style>")[2].partition("</style>")[0]
    assert theme().style_hashes == (_source(inside),)
