"""Honest content survives the sanitiser: each element and attribute that blocks and players need."""

from __future__ import annotations

import pytest
from sos.content.sanitize import sanitize_html
from sos.content.sanitize_balance import balance

from tests.content.corpus import BENIGN_FILES, Sample, read_all_samples, read_samples
from tests.content.markup import Node, find_faults, parse_tree

_SAMPLES = [pytest.param(sample, id=sample.name) for sample in read_all_samples()]


def _elements(html: str) -> list[Node]:
    """The tree with its styles spelt alike, and without the white space between blocks."""
    nodes = []
    for depth, name, attributes, text in parse_tree(html):
        if "style" in attributes:
            pairs = (part.partition(":") for part in attributes["style"].split(";"))
            declarations = [f"{key.strip()}:{' '.join(value.split())}" for key, _, value in pairs]
            attributes = attributes | {"style": ";".join(declarations)}
        nodes.append((depth, name, attributes, text))
    return nodes


@pytest.mark.parametrize("sample", _SAMPLES)
def test_honest_markup_survives_element_by_element(sample: Sample) -> None:
    """Every element, attribute, value and text is there, in its place, and nothing else."""
    assert _elements(sanitize_html(sample.html)) == _elements(sample.expected)


@pytest.mark.parametrize("sample", _SAMPLES)
def test_honest_markup_is_stable(sample: Sample) -> None:
    """What came out comes out again unchanged, balanced for its size or not."""
    clean = sanitize_html(sample.html)
    assert sanitize_html(clean) == clean
    assert balance(clean) == clean


@pytest.mark.parametrize("file", BENIGN_FILES)
def test_honest_markup_survives_in_a_large_document(file: str) -> None:
    """Content long enough to be balanced first comes out as its pieces do."""
    pieces = [sample.html for sample in read_samples(file) if "never closed" not in sample.name]
    whole = "\n".join(pieces)
    copies = 70_000 // len(whole) + 1
    document = "\n".join([whole] * copies)
    expected = "\n".join(["\n".join(map(sanitize_html, pieces))] * copies)
    assert _elements(sanitize_html(document)) == _elements(expected)


def test_every_element_of_core_is_in_the_samples() -> None:
    """The corpus is complete: each element that may stay stays in at least one sample."""
    from sos.content.sanitize_vocabulary import ATTRIBUTES, TAGS

    seen: dict[str, set[str]] = {}
    for sample in read_all_samples():
        for _, name, attributes, _ in parse_tree(sanitize_html(sample.html)):
            seen.setdefault(name, set()).update(attributes)
    assert sorted(TAGS - set(seen)) == []
    own = {tag: names - {"align", "valign"} for tag, names in ATTRIBUTES.items() if tag != "*"}
    missing = {tag: sorted(names - seen[tag]) for tag, names in own.items() if names - seen[tag]}
    assert missing == {}


def test_samples_hold_nothing_that_the_judge_would_refuse() -> None:
    """What survives here is no fault there: the two corpora do not contradict each other."""
    from sos.content.sanitize import DEFAULT_EMBED_HOSTS

    for sample in read_all_samples():
        assert find_faults(sanitize_html(sample.html), DEFAULT_EMBED_HOSTS) == [], sample.name
