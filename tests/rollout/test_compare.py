"""What changes on live pages from one release to the next."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sos.produce.keep_snapshot import take_snapshot
from sos.release.environment import build_release
from sos.rollout.compare import (
    Comparison,
    PagePair,
    choose_paths,
    diff_files,
    diff_lines,
    group_hunks,
    split_change,
)

from tests.page.documents import page, post
from tests.page.fake_store import FakeStore
from tests.rollout.trying import HOST, SITE, small_site

BASE = (
    "<!doctype html>\n<html>\n<body class=\"{{ page.body_classes|join(' ') }}\">\n"
    "<h1>{{ page.title }}</h1>\n<hr>\n</body>\n</html>"
)


def compare(store: FakeStore, before: str, after: str) -> Comparison:
    releases = (build_release({"index.html": text.encode()}) for text in (before, after))
    return Comparison(SITE, store, *releases, now=store.now)


async def test_same_templates_change_nothing() -> None:
    """Every page is compared, and is the same to the byte."""
    pairs = await compare(small_site(), BASE, BASE).compare(("/", "/about/", "404"))
    assert [p.path for p in pairs] == ["/", "/about/", "404"]
    assert not any(p.is_changed for p in pairs)
    assert group_hunks(pairs) == ()


async def test_change_in_a_layout_is_told_once_for_all_pages() -> None:
    """Though what surrounds it differs from page to page."""
    after = BASE.replace("<body ", '<body data-x="1" ')
    pairs = await compare(small_site(), BASE, after).compare(("/", "/about/", "404"))
    hunks = group_hunks(pairs)
    assert len(hunks) == 1
    assert hunks[0].pages == ("/", "/about/", "404")
    assert hunks[0].lines[0].startswith('-<body class="home')
    assert hunks[0].lines[1].startswith('+<body data-x="1" class="home')


async def test_different_changes_are_told_apart() -> None:
    """What most pages have comes first."""
    only_pages = "{% if page.kind == 'page' %}<p>p</p>\n{% endif %}</body>"
    after = BASE.replace("</body>", only_pages).replace("<h1>", "<h1 id=a>")
    pairs = await compare(small_site(), BASE, after).compare(("/", "/about/"))
    assert [(len(h.lines), h.pages) for h in group_hunks(pairs)] == [
        (2, ("/", "/about/")),
        (1, ("/about/",)),
    ]


async def test_page_that_fails_with_one_release_is_told_with_the_place() -> None:
    """It is a difference, and no error of the comparison."""
    after = BASE.replace("{{ page.title }}", "{{ page.title[200].x }}")
    (pair,) = await compare(small_site(), BASE, after).compare(("/",))
    assert pair.before
    assert pair.after == pair.before_failure == ""
    assert pair.after_failure.startswith("index.html:4: ")
    assert pair.is_changed


async def test_path_without_a_page_is_left_out() -> None:
    """So is a feed, which no template makes, and what no path can be."""
    store = small_site()
    assert await compare(store, BASE, "x" + BASE).compare(("/nope/", "//", "nonsense")) == ()


async def test_some_of_each_kind_are_chosen() -> None:
    """The front page and an error page first, one of each kind before the second of any."""
    store = small_site(page(41, "team"), page(42, "contact"))
    snapshot = await take_snapshot(store, SITE, HOST, lambda: store.now, pause=0)
    paths = choose_paths(snapshot)
    assert paths[:2] == ("/", "404")
    pages = [p for p in paths if p in ("/about/", "/team/", "/contact/")]
    assert len(pages) == 2
    assert len(paths) == len(set(paths))
    assert any(p.startswith("/category/") for p in paths)
    assert any(p.startswith("/author/") for p in paths)
    pairs = await compare(store, BASE, BASE).compare(paths)
    assert [p.path for p in pairs] == list(paths)


async def test_content_that_appears_by_time_is_the_same_for_both() -> None:
    """Both make their pages of the same second."""
    store = small_site(post(99, date_gmt="2099-01-01T00:00:00"))
    titles = BASE.replace("</body>", "{% for p in page.posts %}{{ p.title }}{% endfor %}</body>")
    (pair,) = await compare(store, titles, titles).compare(("/",))
    assert not pair.is_changed


def test_files_are_compared_by_name() -> None:
    """Text with its lines, what is no text by its size."""
    before = {"a.html": b"1\n2\n", "gone.html": b"x", "b.png": b"\x89\0"}
    after = {"a.html": b"1\n3\n", "new.html": b"y", "b.png": b"\x89\0\0"}
    changes = {c.name: c for c in diff_files(before, after)}
    assert [(n, c.word) for n, c in changes.items()] == [
        ("a.html", "changed"), ("b.png", "changed"), ("gone.html", "removed"), ("new.html", "added"),
    ]  # fmt: skip
    assert changes["a.html"].lines[-2:] == ("-2", "+3")
    assert (changes["b.png"].lines, changes["b.png"].before, changes["b.png"].after) == ((), 2, 3)
    assert diff_files(before, before) == ()


def test_latin_1_is_no_text() -> None:
    """Its bytes differ, and that is all there is to say."""
    (change,) = diff_files({"a.html": b"\xe9"}, {"a.html": b"\xe8"})
    assert change.lines == ()


@given(st.text("ab<", max_size=12), st.text("ab<", max_size=12))
def test_common_ends_of_two_lines_never_overlap(before: str, after: str) -> None:
    """What is left in the middle, put into the one, gives the other."""
    start, end = split_change(before, after)
    assert start + end <= min(len(before), len(after))
    middle = after[start : len(after) - end]
    assert before[:start] + middle + before[len(before) - end :] == after


def a_pair(path: str, before: str, after: str, **changes: Any) -> PagePair:
    return PagePair(path=path, before=before, after=after, **changes)


def test_failures_are_no_hunks() -> None:
    """They are told by themselves."""
    assert group_hunks([a_pair("/", "a", "", after_failure="broken")]) == ()


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_every_difference_is_in_some_hunk(before: list[str], after: list[str]) -> None:
    """No line that was added or removed is lost in the grouping."""
    old, new = "\n".join(before), "\n".join(after)
    hunks = group_hunks([a_pair("/", old, new)])
    told = sum(len(h.lines) for h in hunks)
    lines = [line for line in diff_lines(old, new, 0) if not line.startswith("@@")]
    assert bool(told) == bool(lines)
    assert {line for h in hunks for line in h.lines} <= set(lines)
