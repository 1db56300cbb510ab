"""Imported macros run once for the same arguments, and what they give is never another page's."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from sos.page.model import Link, MenuItem, PageModel
from sos.release.environment import Release, build_release
from sos.release.remember import Memory, Room, build_key, find_pure, is_fixed

from tests.page.samples import SAMPLES

PAGE = next(iter(SAMPLES.values()))


def release(**files: str) -> Release:
    """A release of templates; ``a__b`` is the file ``a/b.html``."""
    named = {f"{name.replace('__', '/')}.html": text for name, text in files.items()}
    return build_release({name: text.encode() for name, text in named.items()})


def link(title: str, url: str = "/") -> Link:
    return Link(title=Markup(title), url=url)


def page_of(*links: Link, **changes: Any) -> PageModel:
    return msgspec.structs.replace(PAGE, breadcrumbs=links, templates=("index.html",), **changes)


# ---------------------------------------------------------------- what is told apart


def test_a_text_is_escaped_and_markup_is_not_whoever_came_first() -> None:
    """They are equal as strings."""
    made = release(
        index="{% from 'parts/m.html' import m %}{{ m(page.title) }}|{{ m(page.site.title) }}|"
        "{{ m(page.breadcrumbs[0].title) }}|{{ m(1) }}|{{ m(true) }}|{{ m(1.0) }}|{{ m('1') }}",
        parts__m="{% macro m(x) %}{{ x }}{% endmacro %}",
    )
    for _ in range(2):
        text = made.render(page_of(link("<b>x</b>"), title="<b>x</b>"))
        assert text.split("|")[0] == "&lt;b&gt;x&lt;/b&gt;"
        assert text.split("|")[2:] == ["<b>x</b>", "1", "True", "1.0", "1"]


def test_another_object_with_the_same_address_is_another_argument() -> None:
    """An address is used again as soon as what lay there is gone."""
    made = release(
        index="{% from 'parts/m.html' import m %}{{ m(page.breadcrumbs[0]) }}",
        parts__m="{% macro m(link) %}{{ link.title }}{% endmacro %}",
    )
    for number in range(300):
        assert made.render(page_of(link(f"t{number}"))) == f"t{number}"
        if number % 50 == 0:
            gc.collect()


def test_names_of_keyword_arguments_count() -> None:
    """``m(a=1)`` is not ``m(b=1)``, nor is ``m('a', 1)``."""
    made = release(
        index="{% from 'parts/m.html' import m %}"
        "{{ m(a=1) }},{{ m(b=1) }},{{ m('b', 1) }},{{ m(b='b', a=1) }},{{ m(a=1, b='b') }}",
        parts__m="{% macro m(a=0, b=0) %}{{ a }}{{ b }}{% endmacro %}",
    )
    for _ in range(2):
        assert made.render(page_of()) == "10,01,b1,1b,1b"


plain = st.sampled_from([0, 1, True, False, 1.0, "", "1", "a", Markup("a"), Markup("1"), None])


@given(st.lists(plain, max_size=3), st.lists(plain, max_size=3))
def test_calls_with_different_arguments_have_different_keys(first: Any, second: Any) -> None:
    """Also where their arguments are equal, but print differently."""
    same = [(type(a), a) for a in first] == [(type(a), a) for a in second]
    assert (build_key("m", tuple(first), {}) == build_key("m", tuple(second), {})) is same


# ---------------------------------------------------------------- what is not remembered


def test_what_can_change_is_no_argument_to_remember() -> None:
    """A namespace, alone or within a tuple; a list; a dictionary; a page."""
    for argument in ([], {}, object(), (1, [2]), PAGE):
        assert build_key("m", (argument,), {}) is None
        assert build_key("m", (), {"x": argument}) is None
    assert not is_fixed((1, (2, [3])))
    assert is_fixed((1, (link("x"), Markup("y"))))


def test_a_namespace_that_changes_between_two_calls_is_seen() -> None:
    """Whether it is given as it is or within a tuple."""
    made = release(
        index="{% from 'parts/m.html' import m %}{% set ns = namespace(x=1) %}{% set t = (ns,) %}"
        "{{ m(t) }}{% set ns.x = 2 %}{{ m(t) }}",
        parts__m="{% macro m(t) %}{{ t[0].x }}{% endmacro %}",
    )
    assert made.render(page_of()) == "12"


def test_a_macro_of_the_page_itself_sees_the_page_each_time() -> None:
    """It is made anew for each page, and sees all that the page has."""
    made = release(index="{% macro m(x) %}{{ x }}{{ page.title }}{% endmacro %}{{ m(1) }}")
    assert made.render(page_of(title="a")) == "1a"
    assert made.render(page_of(title="b")) == "1b"


def test_a_file_imported_with_the_context_sees_the_page_each_time() -> None:
    """``with context`` says that it wants to."""
    made = release(
        index="{% from 'parts/m.html' import m with context %}{{ m(1) }}",
        parts__m="{% macro m(x) %}{{ x }}{{ page.title }}{% endmacro %}",
    )
    assert made.render(page_of(title="a")) == "1a"
    assert made.render(page_of(title="b")) == "1b"


def test_a_macro_that_counts_is_run_each_time() -> None:
    """A namespace of its file keeps what it counted, also by way of another file."""
    made = release(
        index="{% from 'parts/m.html' import m %}{{ m(1) }}{{ m(1) }}",
        parts__m="{% from 'parts/n.html' import n %}{% macro m(x) %}{{ n() }}{% endmacro %}",
        parts__n="{% set ns = namespace(x=0) %}"
        "{% macro n() %}{% set ns.x = ns.x + 1 %}{{ ns.x }}{% endmacro %}",
    )
    assert made.render(page_of()) == "12"


def test_what_stands_in_a_call_block_is_run_each_time() -> None:
    """``caller`` is a function, and can't be compared."""
    made = release(
        index="{% from 'parts/m.html' import m %}{% call m(1) %}{{ page.title }}{% endcall %}",
        parts__m="{% macro m(x) %}{{ x }}{{ caller() }}{% endmacro %}",
    )
    assert made.render(page_of(title="a")) == "1a"
    assert made.render(page_of(title="b")) == "1b"


def test_an_error_is_not_remembered() -> None:
    """Nor does it keep others from being remembered."""
    memory, calls = Memory(), []

    def macro(x: int) -> str:
        calls.append(x)
        if len(calls) == 1:
            raise ValueError("once")
        return str(x)

    with pytest.raises(ValueError, match="once"):
        memory.call(macro, (1,), {})
    assert [memory.call(macro, (1,), {}) for _ in range(3)] == ["1"] * 3
    assert calls == [1, 1]


@pytest.mark.parametrize(
    ("text", "pure"),
    [
        ("{% macro m() %}{% endmacro %}", True),
        ("{% macro m() %}{{ namespace(x=1).x }}{% endmacro %}", False),
        ("{% import 'pure.html' as p %}", True),
        ('{%- from "pure.html" import p -%}', True),
        ("{% import 'counts.html' as p %}", False),
        ("{% include name %}", False),
        ("{% include ['pure.html', 'counts.html'] %}", False),
        ("{% include 'pure.html' if x else 'counts.html' %}", False),
        ("{% include 'pu' ~ 're.html' %}", False),
        ("{% extends 'counts.html' %}", False),
    ],
)
def test_a_file_that_might_count_is_not_pure(text: str, pure: bool) -> None:
    """One that can't be judged counts as one that does."""
    files = {
        "index.html": "{% import 'm.html' as m %}",
        "m.html": text,
        "pure.html": "",
        "counts.html": "{% set ns = namespace() %}",
    }
    assert ("m.html" in find_pure(files)) is pure


# ---------------------------------------------------------------- what is


def test_the_same_arguments_are_run_once() -> None:
    """Cards, menus and words; other arguments are run for themselves."""
    memory, calls = Memory(), []

    def macro(*args: Any, **kwargs: Any) -> str:
        calls.append(args)
        return f"{len(calls)}"

    menu = (MenuItem(title=Markup("x"), url="/"),)
    entry = link("x")
    first = memory.call(macro, (menu, entry, "x"), {"y": True})
    assert memory.call(macro, (menu, entry, "x"), {"y": True}) == first
    assert memory.call(macro, (menu, link("x"), "x"), {"y": True}) != first
    assert len(calls) == 2


def test_it_stays_within_its_bound_and_keeps_nobody_alive() -> None:
    """What was used lately stays; a card that is gone elsewhere is gone here."""
    memory, calls = Memory(Room(20_000)), []

    def macro(x: object) -> str:
        calls.append(x)
        return "x" * 100

    for number in range(1_000):
        memory.call(macro, (number,), {})
        memory.call(macro, ("often",), {})
        assert memory.size <= 20_000
    assert calls.count("often") == 1
    assert len(calls) == 1_001
    entry = link("x")
    memory.call(lambda x: "y", (entry,), {})
    alive = weakref.ref(entry)
    del entry
    assert alive() is None


CARD = "<article><h2>{}</h2><p>" + "words " * 60 + "</p></article>"


def test_what_was_packed_comes_back_as_it_was() -> None:
    """Letter by letter, and still as HTML; the last texts and the short ones were never packed."""
    memory, calls = Memory(Room(100_000)), []

    def macro(x: str) -> Markup:
        calls.append(x)
        return Markup(CARD).format(Markup(x))

    names = [("<b>Größe</b> {}" if n % 3 else "x\ud800 {}").format(n) for n in range(100)]
    first = [memory.call(macro, (name,), {}) for name in names]
    again = [memory.call(macro, (name,), {}) for name in names]
    assert again == first
    assert {type(text) for text in again} == {Markup}
    assert calls == names
    # The bound would hold half of them as they are.
    assert sum(map(len, first)) > 40_000
    assert memory.size < 80_000


def test_what_nobody_can_ask_for_again_takes_no_room() -> None:
    """Cards that were made for one page go with it."""
    memory = Memory(Room(100_000))

    def macro(entry: Link) -> Markup:
        return Markup(CARD).format(entry.title)

    entries = [link(f"t{number}") for number in range(100)]
    for entry in entries:
        memory.call(macro, (entry,), {})
    size = memory.size
    assert len(memory) == 100
    del entry, entries[50:]
    assert len(memory) == 50
    assert memory.size < 0.6 * size
    entries.clear()
    assert len(memory) == 0
    assert memory.size <= len(CARD) + 10  # what the others were packed with


def test_a_release_that_is_not_used_any_more_makes_room_for_the_one_that_is() -> None:
    """The bound is that of the process, however many releases are loaded."""
    room = Room(50_000)
    old, new = Memory(room), Memory(room)

    def macro(x: int) -> Markup:
        return Markup(CARD).format(x)

    for number in range(200):
        old.call(macro, (number,), {})
    assert 40_000 < old.size <= room.max_bytes
    for number in range(200):
        new.call(macro, (number,), {})
        assert room.size <= room.max_bytes
    assert new.size > 40_000
    kept = len(new)
    del new
    gc.collect()
    assert room.size == old.size < 10_000
    assert kept > 50


def test_a_text_costs_no_more_than_is_counted() -> None:
    """The bound in bytes holds in real memory."""
    memory = Memory(Room(10**9 // 100))
    entries = [link(f"t{number}") for number in range(5_000)]

    def macro(entry: Link) -> Markup:
        return Markup(CARD).format(entry.title)

    gc.collect()
    tracemalloc.start()
    try:
        for entry in entries:
            memory.call(macro, (entry,), {})
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    print(taken, memory.size, len(memory))
    assert 0.7 * memory.size < taken <= memory.size
