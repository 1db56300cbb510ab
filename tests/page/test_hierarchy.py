"""Names of templates and classes."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.page import hierarchy

SOUND = re.compile(r"[a-z0-9_][a-z0-9_-]*\.html\Z")


def fake(**fields: Any) -> Any:
    plain = {"slug": "x", "type": "post", "id": 5, "template": "", "media": None, "format": "standard",
             "taxonomy": "category"}  # fmt: skip
    return SimpleNamespace(**plain | fields)


@pytest.mark.parametrize(
    "text",
    ["../../etc/passwd", "..", ".", "/", "a/b", "a.b", "layouts/base", "parts/head.html", "\\", "\x00",
     "ünïcode", "日本", "A B", "-", "--", "a" * 500, "%2e%2e%2f", "unavailable", "İ", "ﬁ"],
)  # fmt: skip
def test_hostile_names_never_leave_the_folder(text: str) -> None:
    """No slash, no dot, no empty name, whatever a slug, type or template is called."""
    post = fake(slug=text, type=text, template=f"x/{text}.php", format=text)
    term = fake(slug=text, taxonomy=text)
    names = (
        *hierarchy.singular_templates(post),
        *hierarchy.singular_templates(fake(type="page", slug=text, template=text)),
        *hierarchy.singular_templates(fake(type="attachment", media=fake(mime=f"{text}/x"))),
        *hierarchy.term_templates(term),
        *hierarchy.term_templates(fake(slug=text)),
        *hierarchy.author_templates(fake(slug=text)),
        *hierarchy.type_templates(text),
        *hierarchy.format_templates(text),
    )
    assert all(SOUND.match(name) for name in names), names
    classes = (
        *hierarchy.singular_classes(post),
        *hierarchy.term_classes(term),
        *hierarchy.format_classes(text),
    )
    assert all(re.fullmatch(r"[a-z0-9_-]+", c) for c in classes), classes


@given(st.text(max_size=30))
def test_a_safe_name_is_safe(text: str) -> None:
    """Lower-case ASCII letters, digits, hyphens and underscores, or nothing."""
    assert re.fullmatch(r"[a-z0-9_-]*", hierarchy.safe_name(text))


def test_names_are_wordpress_s_own() -> None:
    """The most specific first, `index` last."""
    assert hierarchy.singular_templates(fake(slug="hello")) == (
        "single-post-hello.html", "single-post.html", "single.html", "singular.html", "index.html",
    )  # fmt: skip
    assert hierarchy.singular_templates(fake(type="page", slug="about", template="t/wide.php"), front=True) == (
        "front-page.html", "wide.html", "page-about.html", "page-5.html", "page.html", "singular.html",
        "index.html",
    )  # fmt: skip
    assert hierarchy.singular_templates(fake(type="attachment", media=fake(mime="video/mp4")))[:2] == (
        "video.html", "attachment.html",
    )  # fmt: skip
    assert hierarchy.term_templates(fake(slug="boats", taxonomy="post_tag"))[:3] == (
        "tag-boats.html", "tag-5.html", "tag.html",
    )  # fmt: skip


def test_a_slug_in_another_alphabet_is_no_part_of_a_name() -> None:
    """`page-.html` is nobody's template."""
    names = hierarchy.singular_templates(fake(type="page", slug="о-нас"))
    assert names == ("page-5.html", "page.html", "singular.html", "index.html")
