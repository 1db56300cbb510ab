"""Every block that real WordPress knows has its place in the default theme, or a reason for none."""

from __future__ import annotations

from pathlib import Path

import pytest
from sos.content.post import parse_body

from tests.servers.wordpress import WordPressServer

CSS = (Path(__file__).parents[2] / "templates" / "assets" / "blocks.css").read_text("utf-8")

STYLED = set(
    """
    accordion accordion-heading accordion-panel archives breadcrumbs button buttons calendar
    categories code column columns cover embed file footnotes gallery group image
    latest-comments latest-posts math media-text navigation page-list playlist playlist-track
    post-author post-date post-template post-title preformatted pullquote query rss separator
    social-link social-links spacer tab-list tab-panel table tabs tag-cloud term-template verse
    comment-date comment-template post-featured-image post-time-to-read
    """.split()
)
"""Blocks with rules of their own, by the class that WordPress gives them."""

ELEMENTS = set("audio details heading list list-item paragraph quote video".split())
"""Blocks that are one element of HTML, and styled as such."""

PARTS = set(
    """
    accordion-item avatar comment-author-name comment-content comments comments-title
    navigation-link navigation-submenu page-list-item post-author-biography post-author-name
    post-excerpt post-terms query-no-results query-title query-total tab-panels term-count
    term-description term-name terms-query text-columns post-comments post-comments-count post-comments-link
    site-logo site-tagline site-title home-link read-more widget-group
    """.split()
)
"""Blocks of plain text and links, which look as such, alone or in others."""

HIDDEN = set(
    """
    comments-pagination loginout post-comments-form query-pagination comment-edit-link
    comment-reply-link comments-pagination-next comments-pagination-numbers
    comments-pagination-previous query-pagination-next query-pagination-numbers
    query-pagination-previous
    """.split()
)
"""Blocks that need a form, an account, or another server: their class, or that around, is hidden."""

GONE = set("icon navigation-overlay-close search".split())
"""Blocks of which the sanitiser leaves nothing to see: a form, a button, a drawing."""

THROUGH = set(
    """
    block freeform html legacy-widget missing more nextpage pattern post-content
    post-navigation-link shortcode template-part
    """.split()
)
"""Blocks that are what is put into them, or part a text."""

EVERY_BLOCK = (
    "echo implode(' ', array_keys(WP_Block_Type_Registry::get_instance()->get_all_registered()));"
)

WRITE = r"""
$blocks = array(
  '<!-- wp:archives {"displayAsDropdown":true} /-->', '<!-- wp:search {"label":"Find"} /-->',
  '<!-- wp:loginout /-->', '<!-- wp:calendar /-->', '<!-- wp:latest-posts {"displayPostDate":true} /-->',
  '<!-- wp:accordion --><div role="group" class="wp-block-accordion"><!-- wp:accordion-item --><div class="wp-block-accordion-item"><!-- wp:accordion-heading --><h3 class="wp-block-accordion-heading"><button type="button" class="wp-block-accordion-heading__toggle"><span>When?</span></button></h3><!-- /wp:accordion-heading --><!-- wp:accordion-panel --><div role="region" class="wp-block-accordion-panel"><!-- wp:paragraph --><p>At nine.</p><!-- /wp:paragraph --></div><!-- /wp:accordion-panel --></div><!-- /wp:accordion-item --></div><!-- /wp:accordion -->',
  '<!-- wp:tabs --><div class="wp-block-tabs"><!-- wp:tab-list --><div role="tablist" class="wp-block-tab-list"><button type="button" role="tab">One</button><button type="button" role="tab">Two</button></div><!-- /wp:tab-list --><!-- wp:tab-panels --><div class="wp-block-tab-panels"><!-- wp:tab-panel --><section role="tabpanel" tabindex="0" class="wp-block-tab-panel"><!-- wp:paragraph --><p>First</p><!-- /wp:paragraph --></section><!-- /wp:tab-panel --><!-- wp:tab-panel --><section role="tabpanel" tabindex="0" class="wp-block-tab-panel"><!-- wp:paragraph --><p>Second</p><!-- /wp:paragraph --></section><!-- /wp:tab-panel --></div><!-- /wp:tab-panels --></div><!-- /wp:tabs -->',
  '<!-- wp:math {"latex":"x^2"} --><div class="wp-block-math"><math display="block"><semantics><msup><mi>x</mi><mn>2</mn></msup><annotation encoding="application/x-tex">x^2</annotation></semantics></math></div><!-- /wp:math -->',
);
wp_set_current_user( 1 );
echo wp_insert_post( array( 'post_title' => 'Blocks', 'post_status' => 'publish', 'post_content' => wp_slash( implode( "\n\n", $blocks ) ) ) );
"""


def test_every_block_of_core_has_its_place(wordpress: WordPressServer) -> None:
    """A block that a new version brings fails this test until somebody has looked at it."""
    names = {
        name.removeprefix("core/")
        for name in wordpress.run_php(EVERY_BLOCK).split()
        if name.startswith("core/")
    }
    assert len(names) > 80
    places = (STYLED, ELEMENTS, PARTS, HIDDEN, GONE, THROUGH)
    assert sorted(names - set.union(*places)) == []
    assert sum(map(len, places)) == len(set.union(*places))


@pytest.mark.parametrize("name", sorted(STYLED))
def test_styled_block_is_in_the_style_sheet(name: str) -> None:
    """By the class that WordPress gives it."""
    assert f".wp-block-{name}" in CSS


def test_real_blocks_work_without_scripts(wordpress71: WordPressServer) -> None:
    """What WordPress 7.1 renders unfolds, switches and counts, and has no control that does nothing."""
    number = wordpress71.run_php(WRITE).strip()
    rendered = wordpress71.rest(f"/wp/v2/posts/{number}").json()["content"]["rendered"]
    assert "<button" in rendered
    body = parse_body(rendered)
    for gone in ("<button", "<form", "<input", "<select", "hidden", "data-wp-"):
        assert gone not in body, gone
    assert "Find" not in body
    assert body.count("<summary>") == 1
    assert "<p>At nine.</p>" in body.replace(' class="wp-block-paragraph"', "")
    assert '-tab-0">One</a>' in body
    assert '-tab-1">Two</a>' in body
    assert '<math display="block"><msup><mi>x</mi><mn>2</mn></msup></math>' in body
