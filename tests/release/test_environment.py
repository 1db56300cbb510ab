"""A release renders pages by its own files alone, and says where it can't."""

import msgspec
import pytest
from sos.errors import ReleaseError, TemplateError
from sos.release.environment import UNAVAILABLE, build_release
from sos.release.sandbox import FILTERS, Sandbox

from tests.page.samples import SAMPLES
from tests.release.theme import release_of, theme_files

PAGE = SAMPLES["single"]


def _error(template: str) -> TemplateError:
    release = release_of(index=template)
    with pytest.raises(TemplateError) as caught:
        release.render(PAGE)
    return caught.value


def test_first_template_that_exists_shows_the_page() -> None:
    """Of the names that the page offers, the most specific one that there is wins."""
    release = release_of(single="single", singular="singular", index="index")
    assert release.render(PAGE) == "single"
    assert release_of(singular="singular").render(PAGE) == "singular"


def test_index_shows_what_no_template_names() -> None:
    """A page is shown even if the theme has none of its templates."""
    assert release_of(index="index").render(SAMPLES["404"]) == "index"


@pytest.mark.parametrize("name", ["parts/menu.html", "layouts/base.html", UNAVAILABLE, "../x.html"])
def test_building_blocks_are_never_chosen_for_a_page(name: str) -> None:
    """An editor's custom template can't reach what is no template of a page."""
    files = {"index.html": b"index", "parts/menu.html": b"x", "layouts/base.html": b"x"}
    release = build_release(files | {UNAVAILABLE: b"x"})
    assert release.render(msgspec.structs.replace(PAGE, templates=(name,))) == "index"


def test_same_files_give_the_same_id_and_the_same_bytes() -> None:
    """The order of the files has no say, and nothing of one rendering is left for the next."""
    files = theme_files()
    one, two = build_release(files), build_release(dict(reversed(files.items())))
    assert one.id == two.id
    assert one.id.startswith("folder-")
    assert len(one.id) == len("folder-") + 8
    for page in SAMPLES.values():
        assert one.render(page) == two.render(page) == one.render(page)


def test_any_changed_byte_changes_the_id() -> None:
    """Two releases that differ can be told apart."""
    assert release_of(single="a").id != release_of(single="b").id
    assert release_of(single="a").id != release_of(page="a").id
    assert build_release({"index.html": b""}, "20260314-092653-abcdef01").id.startswith("2026")


def test_release_keeps_its_files_when_the_caller_changes_his() -> None:
    """A release never changes, so it can be shared by all requests."""
    files = {"index.html": b"before"}
    release = build_release(files)
    files["index.html"] = b"after"
    assert release.files["index.html"] == b"before"
    assert release.render(PAGE) == "before"


def test_error_on_a_page_names_the_innermost_template_and_line() -> None:
    """Whoever reads the error knows which line to mend."""
    release = release_of(
        index="{% include 'part.html' %}",
        part="one\n\n{% macro m(x) %}\n{{ x.none }}{% endmacro %}{{ m(page) }}",
    )
    with pytest.raises(TemplateError) as caught:
        release.render(PAGE)
    assert (caught.value.template, caught.value.line) == ("part.html", 4)
    assert str(caught.value).startswith("part.html:4: UndefinedError: ")
    assert isinstance(caught.value, ReleaseError)


@pytest.mark.parametrize(
    "expression",
    [
        "{{ page.menus.nowhere }}",
        "{% if page.menus.nowhere %}{% endif %}",
        "{% for x in page.menus.nowhere %}{% endfor %}",
        "{{ page.archive.title }}",
    ],
)
def test_undefined_is_an_error_however_it_is_used(expression: str) -> None:
    """A slip never shows as an empty place."""
    assert "UndefinedError" in str(_error(expression))


@pytest.mark.parametrize(
    "expression",
    [
        "{{ 1 / 0 }}",
        "{{ asset(page.title) }}",
        "{% include page.title %}",
        "{{ page.posts + 1 }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 'index.html' %}",
    ],
)
def test_any_failure_of_a_template_is_one_kind_of_error(expression: str) -> None:
    """Whatever a template raises, the caller has one thing to catch."""
    assert _error(expression).template == "index.html"


@pytest.mark.parametrize(
    "expression",
    [
        "{% macro m(x) %}{{ x.__class__ }}{% endmacro %}{{ m(page) }}",
        "{% macro m(x) %}{{ x['__class__'] }}{% endmacro %}{{ m(page) }}",
        "{% macro m(x) %}{{ x.__struct_fields__ }}{% endmacro %}{{ m(page) }}",
        "{{ page|attr('__class__') }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ page.title.format.__globals__ }}",
        "{{ '{0.__class__}'.format(page) }}",
        "{{ '{p.__class__}'.format_map({'p': page}) }}",
        "{{ asset.__closure__ }}",
        "{{ asset.__globals__ }}",
        "{{ page.menus.update({}) }}",
        "{{ page.menus.clear() }}",
        "{% import 'words.html' as words %}{{ words.__class__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{% set bound = page.title.encode %}{{ bound.__self__ }}",
        "{{ [page]|map(attribute='__class__')|first }}",
    ],
)
def test_sandbox_refuses_ways_out(expression: str) -> None:
    """A template reaches the page model and nothing behind it."""
    release = release_of(index=expression, words="")
    with pytest.raises(TemplateError, match=r"SecurityError|UndefinedError"):
        release.render(PAGE)


@pytest.mark.parametrize("name", ["safe", "random", "pprint"])
def test_filters_that_break_a_promise_are_withdrawn(name: str) -> None:
    """Text stays escaped, and two renderings stay equal."""
    with pytest.raises(TemplateError, match=f"No filter named '{name}'"):
        release_of(index=f"{{{{ page.title|{name} }}}}")


@pytest.mark.parametrize("name", ["lipsum", "cycler", "joiner", "dict", "now", "request", "config"])
def test_nothing_but_the_documented_names_is_there(name: str) -> None:
    """No clock, no chance, no request."""
    with pytest.raises(TemplateError, match=f"there is no variable '{name}'"):
        release_of(index=f"{{{{ {name} }}}}")


def test_text_is_escaped_and_html_is_not() -> None:
    """What editors wrote as text can't become markup; what was sanitised is left alone."""
    release = release_of(index="{{ page.site.title }}|{{ page.archive.title }}")
    site = msgspec.structs.replace(PAGE.site, title="<b>&\"'")
    page = msgspec.structs.replace(SAMPLES["tag"], site=site)
    assert release.render(page) == "&lt;b&gt;&amp;&#34;&#39;|Boats &amp; nets"


def test_missing_asset_is_named() -> None:
    """A computed name can only be judged on a page, and then it is."""
    assert "there is no asset 'low-tide-1" in str(_error("{{ asset(page.title) }}"))


def test_absolute_makes_paths_absolute_and_leaves_addresses() -> None:
    """Link previews need whole addresses."""
    template = "{{ '/a/?b=1'|absolute(page.site) }} {{ 'https://o.example/'|absolute(page.site) }}"
    expected = "https://www.harbour.example/a/?b=1 https://o.example/"
    assert release_of(index=template).render(PAGE) == expected
    assert set(FILTERS) == {"absolute", "fitted", "style"}


def test_unavailable_page_is_rendered_without_a_page_model() -> None:
    """The page for the worst moment is ready before it is needed, whatever the theme has."""
    assert release_of().unavailable.startswith("<!DOCTYPE html>")
    assert release_of(unavailable="soon").unavailable == "soon"
    with pytest.raises(TemplateError, match=r"^unavailable\.html:1: "):
        release_of(unavailable="{{ page.title }}")


def test_short_way_through_the_sandbox_is_for_fields_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no field of the page model is still judged by Jinja2's own sandbox."""
    judged: list[str] = []

    def record(self: Sandbox, obj: object, attribute: str, value: object) -> bool:
        judged.append(attribute)
        return False

    monkeypatch.setattr(Sandbox, "is_safe_attribute", record)
    environment = Sandbox({}, {})
    assert environment.getattr(PAGE, "title") == PAGE.title
    environment.getattr(PAGE, "__class__")
    environment.getattr(PAGE, "__struct_fields__")
    environment.getattr("", "upper")
    assert judged == ["__class__", "__struct_fields__", "upper"]
