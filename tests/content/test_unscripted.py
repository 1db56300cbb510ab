"""Blocks that wait for a script in WordPress work without one here."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sos.content.sanitize import sanitize_html
from sos.content.unscripted import link_tabs, without_scripts

from tests.content.corpus import HOSTILE_FILES, read_vectors
from tests.content.markup import find_faults, parse_tree, serialise_tree

ITEM = (
    '<div class="wp-block-accordion-item{opened}"><h3 class="wp-block-accordion-heading">'
    '<button type="button" class="wp-block-accordion-heading__toggle"><span>Question</span></button>'
    '</h3>\n<div role="region" aria-labelledby="a" class="wp-block-accordion-panel"><p>Answer</p>'
    "<div>More</div></div></div>"
)
PICTURE = (
    '<figure class="wp-block-image wp-lightbox-container"><img src="/a-300x200.jpg" alt="A lake"'
    ' srcset="/a-300x200.jpg 300w, /a.jpg 1600w, /a-768x512.jpg 768w"></figure>'
)
TABS = (
    '<div class="wp-block-tabs"><div class="wp-block-tab-list" role="tablist">'
    '<button type="button" role="tab" id="tab__t-0" aria-controls="t-0">One <em>tab</em></button>'
    '<button type="button" role="tab" id="tab__t-1" aria-controls="t-1">Two</button></div>'
    '<div class="wp-block-tab-panels"><section class="wp-block-tab-panel" role="tabpanel" id="t-0"'
    ' aria-labelledby="tab__t-0"><p>First</p></section></div></div>'
)


def shown(markup: str) -> str:
    return without_scripts(sanitize_html(link_tabs(markup)))


def test_accordion_unfolds_by_itself() -> None:
    """Each item is details, its heading the summary; the one that is open stays open."""
    page = shown(ITEM.format(opened="") + ITEM.format(opened=" is-open"))
    assert page.count("<details") == page.count("</details>") == page.count("<summary>") == 2
    assert page.count(' open=""') == 1
    assert (
        '<summary><h3 class="wp-block-accordion-heading"><span>Question</span></h3></summary>'
        in page
    )
    assert 'class="wp-block-accordion-panel"><p>Answer</p><div>More</div></div></details>' in page
    assert "aria-labelledby" not in page


@pytest.mark.parametrize(
    "item",
    [
        '<div class="wp-block-accordion-item"><p>No heading</p></div>',
        '<div class="wp-block-accordion-item"><h3>Another heading</h3></div>',
        '<div class="wp-block-accordion-item"><h3 class="wp-block-accordion-heading"><div>x<h3>y</h3></div></h3></div>',
        '<div class="wp-block-accordion-item"></div>',
        '<p class="wp-block-accordion-item">x</p>',
        "<p>wp-block-accordion-item</p>",
    ],
)
def test_item_of_another_shape_is_left_alone(item: str) -> None:
    """Its content is all there, unfolded."""
    assert "<details" not in shown(item)
    assert shown(item) == sanitize_html(item)


def test_picture_with_a_lightbox_leads_to_the_whole_picture() -> None:
    """The largest file of the set, or the one that there is; a picture without a name does not."""
    assert '<a href="/a.jpg"><img ' in shown(PICTURE)
    single = '<figure class="wp-lightbox-container"><img src="/a.jpg" alt="A lake"></figure>'
    assert shown(single) == single.replace("<img", '<a href="/a.jpg"><img').replace(
        "</fig", "</a></fig"
    )
    for other in (
        single.replace("A lake", ""),
        single.replace("wp-lightbox-container", "x"),
        f'<a href="/x">{single}</a>',
    ):
        assert shown(other) == sanitize_html(other)


def test_tabs_are_links_to_their_panels() -> None:
    """Each label leads to its panel, which is named by it; nothing claims to be a set of tabs."""
    page = shown(TABS)
    assert (
        '<a id="tab__t-0" href="#t-0">One <em>tab</em></a><a id="tab__t-1" href="#t-1">Two</a>'
        in page
    )
    assert 'id="t-0" aria-labelledby="tab__t-0"' in page
    assert "tablist" not in page
    assert "button" not in page


def test_other_buttons_and_roles_are_left_alone() -> None:
    """A button elsewhere, or one that names no panel, becomes its text as before."""
    for markup in (
        '<p><button role="tab" aria-controls="x">x</button></p>',
        '<div role="tablist">x</div>',
    ):
        assert shown(markup) == sanitize_html(markup)
    assert "<a" not in shown('<div class="wp-block-tab-list"><button role="tab">x</button></div>')
    assert "<a" not in shown(
        '<div class="wp-block-tab-list"><button aria-controls="x">x</button></div>'
    )


@pytest.mark.parametrize("file", HOSTILE_FILES)
@pytest.mark.parametrize("around", [ITEM.format(opened=""), PICTURE, TABS])
def test_hostile_corpus_within_these_blocks_is_inert_and_well_formed(
    file: str, around: str
) -> None:
    """Whatever stands in a heading, panel, figure or tab, the tree is the one that was written."""
    for vector in read_vectors(file):
        for place in ("Question", "Answer", "<img ", "One "):
            if place in around:
                page = shown(around.replace(place, vector.html + place, 1))
                assert find_faults(page, frozenset()) == find_faults(
                    sanitize_html(link_tabs(around.replace(place, vector.html + place, 1))),
                    frozenset(),
                ), vector.name


_PIECES = [ITEM.format(opened=""), PICTURE, TABS, "<div>", "</div>", '<div class="wp-block-accordion-item">', '<h3 class="wp-block-accordion-heading">', "</h3>", "<p>", "</p>", "<a href=/x>", "</a>", "<table>", "<td>", "<details>", "</details>", "x"]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=10).map("".join))
def test_any_mixture_is_read_as_it_was_written(markup: str) -> None:
    """Another parser finds the tree that this one wrote."""
    page = shown(markup)
    assert serialise_tree(page) == page
    assert find_faults(page, frozenset()) == []
    assert {name for _, name, _, _ in parse_tree(page)} <= {
        *(
            "",
            "a",
            "details",
            "div",
            "em",
            "figure",
            "h3",
            "img",
            "p",
            "section",
            "span",
            "summary",
        ),
        *("table", "tbody", "td", "tr"),
    }


@pytest.mark.parametrize("piece", [ITEM.format(opened=""), PICTURE, TABS, "<div>", '<div class="wp-block-accordion-item">', '<div class="wp-block-tab-list">', "<button role=tab ", "<button role=tab aria-controls=x>"])  # fmt: skip
def test_time_is_linear(piece: str) -> None:
    """Half a megabyte of them takes no more than seconds."""
    seed = ITEM.format(opened="") + PICTURE + TABS
    markup = seed + piece * (500_000 // len(piece))
    started = time.process_time()
    without_scripts(link_tabs(markup))
    assert time.process_time() - started < 5
