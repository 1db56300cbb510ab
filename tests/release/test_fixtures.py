"""The pages that a release is tried on cover every kind, and every way to be full or empty."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from sos.errors import TemplateError
from sos.page.describe import find_structs
from sos.page.model import Kind, PageModel, PostCard
from sos.release.fixtures import (
    build_fixtures,
    encode_fixture,
    is_fixture,
    parse_fixture,
    parse_fixtures,
)
from sos.release.fixtures.parts import FORMATS
from sos.release.fixtures.thin import MAY_BE_EMPTY, RAW, thin
from sos.release.sandbox import is_template

from tests.page.samples import SAMPLES
from tests.release.theme import theme

PAGES = build_fixtures()
KINDS = get_args(Kind)
LISTS = "home category tag taxonomy author date type".split()


def _structs(value: object) -> Iterator[msgspec.Struct]:
    """Every struct within a value, itself included."""
    if isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from _structs(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _structs(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _structs(item)


def _optional_fields() -> Iterator[tuple[type[msgspec.Struct], str]]:
    for struct in find_structs():
        for field in msgspec.structs.fields(struct):
            has_default = field.default is not msgspec.NODEFAULT
            if has_default or field.name in MAY_BE_EMPTY.get(struct, ()):
                yield struct, field.name


def test_every_kind_is_there_full_sparse_bare_and_hostile() -> None:
    """No kind of page goes live untried."""
    for variant in ("full", "sparse", "bare", "hostile"):
        assert {p.kind for n, p in PAGES.items() if n.endswith(variant)} == set(KINDS)


def test_every_optional_field_is_filled_on_some_page_and_empty_on_another() -> None:
    """A field that was always there, or never, would be tried by half."""
    filled: set[tuple[type, str]] = set()
    empty: set[tuple[type, str]] = set()
    for page in PAGES.values():
        for struct in _structs(page):
            for name in struct.__struct_fields__:
                value = getattr(struct, name)
                default = next(f.default for f in msgspec.structs.fields(struct) if f.name == name)
                is_empty = not value or value == default
                (empty if is_empty else filled).add((type(struct), name))
    wanted = set(_optional_fields())
    assert wanted - filled == set()
    assert wanted - empty == set()
    assert len(wanted) > 40


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"404", "410"}))
def test_full_page_lacks_nothing_that_its_kind_can_have(kind: str) -> None:
    """What is on a full page is all that the page model allows there."""
    page = PAGES[f"{kind} page full" if kind == "front" else f"{kind} full"]
    assert page.breadcrumbs
    assert page.feeds
    assert set(page.menus) == {"primary", "footer", "social", "action"}
    assert page.site.logo
    if page.post:
        lacking = {n for n in page.post.__struct_fields__ if not getattr(page.post, n)}
        singular = {"media", "media_url"}
        assert lacking == ({"parts", "children"} if kind == "attachment" else singular)
        card = page.post.card
        lacking = {n for n in card.__struct_fields__ if not getattr(card, n)} - {"protected"}
        assert lacking == ({"image", "terms"} if kind == "attachment" else set())
    else:
        assert page.pagination
        assert page.posts
        assert page.archive
        expected = {"author": {"term"}, "home": {"term", "author"}}.get(kind, {"author"})
        lacking = {n for n in ("term", "author") if not getattr(page.archive, n)}
        assert lacking == (expected if kind in LISTS[1:5] else {"term", "author"})


@pytest.mark.parametrize("name", [n for n in PAGES if n.endswith(" bare")])
def test_bare_page_has_only_what_every_page_has(name: str) -> None:
    """Whoever counts on an image, an author or a menu falls over here."""
    page = PAGES[name]
    kept = {"status", "post", "archive", "posts", "pagination"}
    for struct in _structs(page):
        for owner, field in _optional_fields():
            if type(struct) is owner and not (owner is PageModel and field in kept):
                default = next(f.default for f in msgspec.structs.fields(owner) if f.name == field)
                assert getattr(struct, field) in ((), "", Markup(), None, default), field
    assert page.menus == {"primary": ()}


def test_sparse_page_has_members_without_anything_optional_in_them() -> None:
    """An image without a size and an author without an address are neither full nor missing."""
    card = PAGES["single sparse"].post.card  # type: ignore[union-attr]
    assert card.image == type(card.image)(url=card.image.url)  # type: ignore[union-attr,call-arg]
    assert (card.author.url, card.author.description) == ("", "")  # type: ignore[union-attr]
    assert len(card.terms) == 1
    assert PAGES["category sparse"].archive.term  # type: ignore[union-attr]
    assert [e.children for e in PAGES["page sparse"].menus["primary"]] == [()]


def test_hostile_page_has_markup_in_every_text() -> None:
    """What prints one text as HTML is found out, whichever it is."""
    page = PAGES["single hostile"]
    assert (page.title, page.site.title, page.post.card.author.name) == (RAW, RAW, RAW)  # type: ignore[union-attr]
    assert page.body_classes[0] == RAW
    assert {c.summary for c in PAGES["404 hostile"].posts} == {RAW}
    assert RAW.encode() not in theme().render(page).encode()
    assert "&lt;sos-raw&gt;" in theme().render(page)


@pytest.mark.parametrize(
    ("found", "where"),
    [
        *((f"single format {name}", lambda p, f=name: p.post.card.format == f) for name in FORMATS),
        ("single first part", lambda p: p.post.parts.current == 1),
        ("single last part", lambda p: p.post.parts.current == p.post.parts.total),
        ("single protected", lambda p: p.post.card.protected and not p.post.content),
        ("single without a title", lambda p: not p.post.card.title and p.post.card.label),
        ("single long words", lambda p: max(map(len, p.post.card.title.split())) > 200),
        ("single right to left", lambda p: p.site.direction == "rtl"),
        ("page with deep ancestors", lambda p: len(p.breadcrumbs) == 10),
        ("attachment video", lambda p: p.post.media is None and p.templates[0] == "video.html"),
        ("taxonomy of a format", lambda p: "post_format" in p.templates[0]),
        ("404 of an empty site", lambda p: not p.posts and not p.url),
        ("410 bare", lambda p: p.status == 410),
        *((f"{kind} empty", lambda p: not p.posts and not p.pagination) for kind in LISTS),
        *((f"{kind} page 2", lambda p: p.pagination.current == 2) for kind in LISTS),
        *((f"{kind} page 13", lambda p: not p.pagination.next) for kind in LISTS),
        *((f"{kind} full", lambda p: not p.pagination.previous) for kind in LISTS),
    ],
)
def test_what_sites_bring_is_there(found: str, where: object) -> None:
    """Each special case has a page of its own, and is what its name says."""
    assert callable(where)
    assert where(PAGES[found])


def test_templates_follow_the_hierarchy() -> None:
    """The most specific name first, and a name that any theme has last."""
    for name, page in PAGES.items():
        assert page.templates[-1] == "index.html", name
        assert len(set(page.templates)) == len(page.templates), name
    assert PAGES["404 full"].templates == SAMPLES["404"].templates
    assert PAGES["tag full"].templates[-3:] == SAMPLES["tag"].templates[-3:]


def test_fixtures_are_the_same_each_time_and_made_at_once() -> None:
    """They cost a trial next to nothing: under 50 ms of processor time."""
    build_fixtures.cache_clear()
    started = time.process_time()
    again = build_fixtures()
    seconds = time.process_time() - started
    print(f"{len(again)} fixtures in {seconds * 1000:.1f} ms")
    assert seconds < 0.05
    assert again == PAGES
    assert list(again) == list(PAGES)
    with pytest.raises(TypeError):
        again["x"] = PAGES["404 full"]  # type: ignore[index]


def test_theme_of_sos_shows_every_fixture() -> None:
    """What comes with sos passes what every release must pass."""
    for name, page in PAGES.items():
        assert theme().render(page).rstrip().endswith("</html>"), name


@given(st.sampled_from(sorted(SAMPLES)), st.sampled_from(["sparse", "bare"]))
def test_thinning_keeps_a_page_whole(name: str, how: str) -> None:
    """A thinned page is still one that the theme can show, and thinning it again changes nothing."""
    page = thin(SAMPLES[name], how)  # type: ignore[arg-type]
    assert thin(page, how) == page  # type: ignore[arg-type]
    assert (page.kind, page.status) == (SAMPLES[name].kind, SAMPLES[name].status)
    assert (page.post is None) == (SAMPLES[name].post is None)
    assert "</html>" in theme().render(page)


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("page", [*PAGES.values(), *SAMPLES.values()], ids=[*PAGES, *SAMPLES])
def test_fixture_file_brings_back_the_same_page(page: PageModel) -> None:
    """Also what is HTML and what is text, or the page would look another way."""
    again = parse_fixture(encode_fixture(page))
    assert again == page
    for before, after in zip(_structs(page), _structs(again), strict=True):
        for name in before.__struct_fields__:
            assert type(getattr(before, name)) is type(getattr(after, name)), name


def test_fields_with_a_default_may_be_left_out() -> None:
    """A fixture need not spell out what it is not about."""
    page = parse_fixture(
        b'{"kind": "404", "templates": ["404.html"], "title": "x", "url": "", "canonical": "",'
        b'"menus": {"primary": []}, "site": {"title": "x", "tagline": "", "url": "https://x.example",'
        b'"language": "en", "direction": "ltr"}}'
    )
    assert (page.kind, page.status, page.posts) == ("404", 200, ())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not a page model: Input data was truncated"),
        (b"[]", "is not a page model: Expected `object`, got `array`"),
        (b"\xff{}", "is not a page model: JSON is malformed"),
        (b'{"kind": "poster"}', "is not a page model: Invalid enum value 'poster'"),
        (b'{"kind": "page"}', "is not a page model: Object missing required field"),
        (b"[" * 5000, "is not a page model: "),
        (b" " * 1_100_000 + b"{}", "is longer than 1,048,576 bytes"),
        (
            encode_fixture(PAGES["tag full"]).replace(b'"archive": {', b'"archive": {"titel": 1,'),
            "Archive has no field 'titel'",
        ),
        (
            encode_fixture(PAGES["tag full"]).replace(b'"primary": [', b'"primary": [{},'),
            "is not a page model: Object missing required field `title` - at `$.menus[...][0]`",
        ),
        (
            encode_fixture(PAGES["single full"]).replace(b'"current": 2', b'"current": "two"'),
            "is not a page model: Expected `int`, got `str` - at `$.post.parts.current`",
        ),
    ],
)
def test_fixture_file_that_is_none_is_named_with_its_problem(content: bytes, problem: str) -> None:
    """Whoever wrote it knows which file to mend, and where in it."""
    with pytest.raises(TemplateError) as caught:
        parse_fixture(content, "fixtures/x.json")
    assert str(caught.value).startswith(f"fixtures/x.json:0: {problem}")


def test_fixtures_of_a_release_are_its_json_files_in_one_folder() -> None:
    """They are neither templates nor assets; one that can't be read does not hide the others."""
    good = encode_fixture(PAGES["page bare"])
    files = {
        "fixtures/a.json": good,
        "fixtures/b.json": b"{",
        "fixtures/c.txt": b"{",
        "data/d.json": b"{",
        "assets/fixtures/e.json": b"{",
    }
    pages, problems = parse_fixtures(files)
    assert pages == {"fixtures/a.json": PAGES["page bare"]}
    assert [p.template for p in problems] == ["fixtures/b.json"]
    assert [n for n in files if is_fixture(n)] == ["fixtures/a.json", "fixtures/b.json"]
    assert not any(map(is_template, files))


def test_markup_within_a_fixture_file_must_be_text() -> None:
    """A number where HTML belongs is a slip, not HTML."""
    content = encode_fixture(PAGES["tag full"]).replace(
        b'"description": "<p>', b'"description": 5, "x": "'
    )
    with pytest.raises(
        TemplateError, match=r"Expected `str`, got `int` - at `\$.archive.description`"
    ):
        parse_fixture(content)


def test_cards_of_lists_show_what_lists_bring() -> None:
    """Among the posts of a list are sticky, untitled and protected ones, and other types."""
    cards = PAGES["home full"].posts
    assert {"sticky", "protected"} <= {
        n for c in cards for n in ("sticky", "protected") if getattr(c, n)
    }
    assert any(not c.title for c in cards)
    assert len({c.type for c in cards}) > 1
    assert get_type_hints(PostCard)["title"] is Markup
