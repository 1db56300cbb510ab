"""Rendering: the same page model and release always give the same bytes."""

from __future__ import annotations

import msgspec
import pytest
from sos.errors import TemplateError
from sos.page.frame import BuiltPage
from sos.release.environment import style_hash
from sos.render import build_rendered, render_page

from tests.page.samples import SAMPLES
from tests.release.theme import release_of, theme


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_same_input_gives_the_same_bytes(name: str) -> None:
    """Body, tag, policy: nothing of the clock or of chance is in them."""
    built = BuiltPage(SAMPLES[name], ("site",))
    first, second = render_page(built, theme()), render_page(built, theme())
    assert first == second
    assert first.body.rstrip().endswith(b"</html>")
    assert first.status == SAMPLES[name].status
    assert first.release == theme().id
    assert first.depends == ("site",)


def test_the_tag_is_that_of_the_bytes() -> None:
    """Other bytes, other tag; other dependencies or release, the same."""
    tags = {body: build_rendered(body, (), theme()).tag for body in (b"", b"a", b"b")}
    assert len(set(tags.values())) == 3
    assert build_rendered(b"a", ("x",), release_of()).tag == tags[b"a"]
    assert '"' not in tags[b"a"]


def test_css_of_a_page_is_allowed_by_its_hash_and_nothing_else_inline() -> None:
    """The policy names the very style element that the page has."""
    built = BuiltPage(SAMPLES["front_page"], ())
    assert built.page.post
    css = built.page.post.css
    assert css
    rendered = render_page(built, theme())
    directives = dict(d.split(" ", 1) for d in rendered.csp.split("; "))
    assert style_hash(css) in directives["style-src"]
    assert "unsafe" not in directives["style-src"] + directives["script-src"]
    assert directives["object-src"] == directives["base-uri"] == "'none'"
    plain = render_page(BuiltPage(SAMPLES["single"], ()), theme())
    assert style_hash(css) not in plain.csp


def test_css_of_a_site_is_allowed_by_its_hash_after_the_style_sheets() -> None:
    """The palette that its editors chose wins over the theme's, on each kind of page."""
    css = ".has-brand-color{color:var(--wp--preset--color--brand)!important}"
    for name in ("single", "front_page", "404"):
        page = SAMPLES[name]
        page = msgspec.structs.replace(page, site=msgspec.structs.replace(page.site, css=css))
        rendered = render_page(BuiltPage(page, ()), theme())
        assert style_hash(css) in rendered.csp
        head = rendered.body.decode().partition("</head>")[0]
        assert head.rindex('rel="stylesheet"') < head.index(f"<style>{css}</style>")
    assert style_hash(css) not in render_page(BuiltPage(SAMPLES["single"], ()), theme()).csp


def test_what_no_template_made_may_do_nothing() -> None:
    """Feeds and sitemaps have a policy that forbids everything."""
    rendered = build_rendered(b"<rss/>", ("site",), theme(), content_type="application/rss+xml")
    assert (rendered.csp, rendered.status) == ("default-src 'none'", 200)


def test_half_a_character_does_not_fail_a_page() -> None:
    """A lone surrogate becomes a question mark."""
    page = msgspec.structs.replace(SAMPLES["single"], title="a\ud800b")
    rendered = render_page(BuiltPage(page, ()), release_of(index="{{ page.title }}"))
    assert rendered.body == b"a?b"


def test_a_template_that_fails_names_itself() -> None:
    """Name and line, for whoever has to mend it."""
    broken = release_of(index="{% if page %}\n{{ page.title + 1 }}{% endif %}")
    with pytest.raises(TemplateError) as failure:
        render_page(BuiltPage(SAMPLES["404"], ()), broken)
    assert (failure.value.template, failure.value.line) == ("index.html", 2)
