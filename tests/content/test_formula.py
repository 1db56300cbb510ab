"""Formulas: what the math block writes is shown as MathML; anything else never gets past the grammar."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sos.content.formula import put_formulas, take_formulas
from sos.content.sanitize import sanitize_html

from tests.content import markup as judge
from tests.content.corpus import HOSTILE_FILES, read_vectors
from tests.content.markup import Node

ROOT = (
    '<math display="block"><semantics><mrow><mi>x</mi><mo stretchy="false">=</mo><mfrac><mrow>'
    "<mo>&#8722;</mo><mi>b</mi></mrow><mrow><mn>2</mn><mspace width='0.2em'/><mi>a</mi></mrow></mfrac>"
    '</mrow><annotation encoding="application/x-tex">x = \\frac{-b}{2a} &lt; 1</annotation></semantics></math>'
)
WRITTEN = (
    '<math display="block"><mrow><mi>x</mi><mo stretchy="false">=</mo><mfrac><mrow>'
    '<mo>−</mo><mi>b</mi></mrow><mrow><mn>2</mn><mspace width="0.2em"></mspace><mi>a</mi></mrow></mfrac>'
    "</mrow></math>"
)
MATHML = {
    "math", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom",
    "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup",
    "mtable", "mtd", "mtext", "mtr", "munder", "munderover", "none",
}  # fmt: skip


def parse_tree(html: str) -> list[Node]:
    """The tree, its elements by their names alone."""
    return [(d, name.rpartition("}")[2], a, text) for d, name, a, text in judge.parse_tree(html)]


def shown(markup: str) -> str:
    """What editors wrote, with its formulas, as a document keeps it."""
    raw, formulas = take_formulas(markup)
    return put_formulas(sanitize_html(raw), formulas)


def test_formula_of_the_math_block_is_shown_as_such() -> None:
    """Its tree stays; what is only for editors (its source in TeX) goes."""
    assert shown(f'<div class="wp-block-math">{ROOT}</div>') == (
        f'<div class="wp-block-math">{WRITTEN}</div>'
    )
    assert shown(f"<p>Let {ROOT} and {ROOT}.</p>") == f"<p>Let {WRITTEN} and {WRITTEN}.</p>"


def test_formula_written_again_is_the_same() -> None:
    """The grammar reads what it wrote."""
    assert shown(WRITTEN) == WRITTEN


@pytest.mark.parametrize(
    "inside",
    [
        "<script>x</script>",
        "<mi><img src=x onerror=pwned()></mi>",
        "<mtext><p>x</p></mtext>",
        "<mtext><b>x</b></mtext>",
        '<annotation-xml encoding="text/html"><p>x</p></annotation-xml>',
        "<annotation><mi>x</mi></annotation>",
        "<mglyph></mglyph>",
        "<maction>x</maction>",
        "<svg></svg>",
        "<mi>x",
        "<mi>x</mo>",
        "</math><mi>x</mi>",
        "text in a box",
        "<!-- x --><mi>x</mi>",
        "<![CDATA[x]]>",
        "<mi a='<'>x</mi>",
        "<mi><</mi>",
        "<MI>x</MI>",
        "<math><mi>x</mi></math>",
        "<mrow>" * 50 + "</mrow>" * 50,
    ],
)
def test_what_the_grammar_does_not_know_is_left_to_the_sanitiser(inside: str) -> None:
    """Nothing is taken out, or nothing but the part that is a formula by itself."""
    raw, formulas = take_formulas(f"<math>{inside}</math>")
    assert not formulas or formulas == ["<math><mi>x</mi></math>"] or formulas == ["<math></math>"]
    assert "pwned" not in "".join(formulas)
    assert {name for _, name, _, _ in parse_tree(shown(f"<math>{inside}</math>")) if name} <= (
        MATHML | {"b", "p", "img"}
    )
    del raw


def test_attributes_are_those_that_lay_out_a_formula() -> None:
    """No handler, link, style or colour gets through, and no value that could be more than a size."""
    bad = (
        "onclick='x()' href='javascript:x' xlink:href='x' style='color:red' mathcolor='red' id='a'"
    )
    assert shown(f"<math {bad}><mi {bad} mathvariant=normal>x</mi></math>") == (
        '<math><mi mathvariant="normal">x</mi></math>'
    )
    assert shown("<math><mspace width='calc(1px)' height='&quot;'/></math>") == (
        "<math><mspace></mspace></math>"
    )


def test_text_stays_text() -> None:
    """However often it is escaped, and whatever it would be if it were not."""
    source = (
        "<math><mtext>&lt;img src=x onerror=pwned()&gt; &amp;lt;b&amp;gt; &#0;\x01</mtext></math>"
    )
    [(_, name, _, _), (_, token, _, _), (_, _, _, text)] = parse_tree(shown(source))
    assert (name, token) == ("math", "mtext")
    assert text.startswith("<img src=x onerror=pwned()> &lt;b&gt; ")
    assert "\x01" not in text


def test_mark_in_an_attribute_or_text_is_no_mark() -> None:
    """Only a whole element is one; a mark of an editor's own shows a formula of the same text."""
    mark = '<data value="sos-formula-0"></data>'
    quoted = mark.replace("<", "&lt;").replace('"', "&quot;")
    page = shown(
        f'<p title="{quoted}">{quoted}</p><p>{ROOT}</p>{mark}<data value="sos-formula-7"></data>'
    )
    assert page.count("<math") == 2
    [(_, _, attributes, _), *_] = parse_tree(page)
    assert attributes == {"title": mark}


@pytest.mark.parametrize("file", HOSTILE_FILES)
def test_hostile_corpus_wins_nothing_by_formulas(file: str) -> None:
    """A vector in a formula, around one, and beside one: no element but those known."""
    for vector in read_vectors(file):
        for markup in (
            f"<math><mi>{vector.html}</mi></math>",
            f"{ROOT}{vector.html}",
            f"<math><mtext>x</mtext>{vector.html}</math>",
        ):
            tree = parse_tree(shown(markup))
            assert not {"script", "style", "svg", "object"} & {n for _, n, _, _ in tree}, (
                vector.name
            )
            assert not any(k.startswith("on") for _, _, a, _ in tree for k in a), vector.name


_PIECES = ["<math>", "</math>", "<mi>", "</mi>", "<mtext>", "</mtext>", "x", "&lt;", "<p>", "</p>", "<table>", "<td>", "<svg>", "<a href=/x>", "</a>", ROOT, '"', "<mspace/>", "<data value=sos-formula-0></data>"]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_any_mixture_is_well_formed(markup: str) -> None:
    """Another parser finds each formula whole: nothing but MathML is in it."""
    inside = -1
    for depth, name, _, _ in parse_tree(shown(markup)):
        if inside >= 0 and depth <= inside:
            inside = -1
        if name == "math" and inside < 0:
            inside = depth
        elif name and inside >= 0:
            assert name in MATHML
        elif name:
            assert name not in MATHML


@pytest.mark.parametrize("piece", ["<math>", "<math><mi>", "<math " + "a=" * 50, ROOT])
def test_time_is_linear(piece: str) -> None:
    """A megabyte of beginnings, or of formulas, takes no more than seconds."""
    markup = piece * (1_000_000 // len(piece))
    started = time.process_time()
    take_formulas(markup)
    assert time.process_time() - started < 5
