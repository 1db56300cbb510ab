"""Every problem of a theme is found at once, by file and line, before a page is made."""

import pytest
from sos.errors import TemplateError
from sos.release.environment import build_release, check_release

from tests.release.theme import theme_files


def _problems(template: str | bytes, **others: str) -> list[str]:
    files = {f"{name}.html": text.encode() for name, text in others.items()}
    content = template.encode() if isinstance(template, str) else template
    found = check_release(files | {"index.html": content, "assets/a.css": b""})
    return [str(problem) for problem in found]


def test_theme_of_sos_has_no_problem() -> None:
    """What comes with sos passes its own check."""
    assert check_release(theme_files()) == []


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("\n{% if page %}", "index.html:2: Unexpected end of template"),
        ("\n{{ page.title|shout }}", "index.html:2: No filter named 'shout'"),
        ("{{ page.title is loud }}", "index.html:1: No test named 'loud'"),
        ("\n{% include 'none.html' %}", "index.html:2: there is no template 'none.html'"),
        ("{% extends 'a.txt' %}", "index.html:1: there is no template 'a.txt'"),
        ("{% import 'none.html' as n %}", "index.html:1: there is no template 'none.html'"),
        ("{% from 'none.html' import n %}", "index.html:1: there is no template 'none.html'"),
        ("\n\n{{ asset('b.css') }}", "index.html:3: there is no asset 'b.css' in assets/"),
        ("{{ titel }}", "index.html:1: there is no variable 'titel'"),
        ("\n{{ page.titel }}", "index.html:2: PageModel has no field 'titel'"),
        ("{{ page['titel'] }}", "index.html:1: PageModel has no field 'titel'"),
        ("{{ page.post.card.titel }}", "index.html:1: PostCard has no field 'titel'"),
        ("{{ page.menus.primary[0].titel }}", "index.html:1: MenuItem has no field 'titel'"),
        (
            "{% for card in page.posts %}\n{{ card.titel }}{% endfor %}",
            "index.html:2: PostCard has no field 'titel'",
        ),
        (
            "{% set view = page.post %}{% set card = view.card %}\n{{ card.author.mail }}",
            "index.html:2: Author has no field 'mail'",
        ),
        (
            "\n{% autoescape false %}{{ page.title }}{% endautoescape %}",
            "index.html:2: escaping can't be switched on or off",
        ),
        (
            "\n<style>a { color: {{ page.title }} }</style>",
            "index.html:2: inline <style> changes from page to page",
        ),
        (
            "<SCRIPT type='module'>let a = {{ page.title|tojson }}</SCRIPT>",
            "index.html:1: inline <script> changes from page to page",
        ),
        (b"\n\xff", "index.html:2: is not UTF-8"),
        ("{{ " + "(" * 3000 + " }}", "index.html:0: can't be compiled"),
    ],
)
def test_problem_is_named_with_file_and_line(template: str | bytes, problem: str) -> None:
    """Each kind of slip has its own plain message."""
    found = _problems(template)
    assert len(found) == 1
    assert found[0].startswith(problem)


@pytest.mark.parametrize(
    "template",
    [
        "{% include 'none.html' ignore missing %}",
        "{% for key, items in page.menus.items() %}{{ key }}{% endfor %}",
        "{{ page.menus.get('footer', ())|length }}",
        "{% set ns = namespace(seen=0) %}{% set ns.seen = 1 %}{{ ns.seen }}",
        "{% macro m(post) %}{{ post.anything }}{{ caller() }}{% endmacro %}{% call m(page) %}{% endcall %}",
        "{% if page.post %}{% set x = page.post %}{% else %}{% set x = page.site %}{% endif %}{{ x.card }}",
        "{% for page_ in page.posts %}{% if not loop.first %}{{ loop.previtem.title }}{% endif %}{% endfor %}",
        "{% for page in page.posts %}{{ page.label }}{% endfor %}",
        "{% for number, url in page.pagination.links %}{{ url.upper() }}{% endfor %}",
        "{% block a scoped %}{{ self.a }}{% endblock %}",
        "{% set text %}a{% endset %}{{ text }}",
        "<script type='application/ld+json'>{{ page.title|tojson }}</script><script src=x></script>",
        "<style>a { color: red }</style><!-- <style>{{ page.title }}</style> -->",
        "{# <script>{{ x }}</script> #}",
        "{% from 'part.html' import m as n %}{% import 'part.html' as p %}{{ n }}{{ p.x }}",
    ],
)
def test_what_is_right_is_not_reported(template: str) -> None:
    """A check that cries wolf would be switched off."""
    assert _problems(template, part="{% macro m() %}{% endmacro %}") == []


def test_variable_of_an_including_template_is_known() -> None:
    """A part may use what the template around it sets."""
    assert _problems("{% set card = 1 %}{% include 'part.html' %}", part="{{ card }}") == []
    assert _problems("{% include 'part.html' %}", part="\n{{ card }}") == [
        "part.html:2: there is no variable 'card'"
    ]


def test_all_problems_are_reported_not_just_the_first() -> None:
    """One run is enough to mend a theme; they come in the order of files and lines."""
    files = {
        "a.html": b"{{ page.nope }}\n{{ page.neither }}",
        "b.html": b"{% if %}",
        "assets/style.css": b"\nbody { background: url(none.png) }",
    }
    assert [(p.template, p.line) for p in check_release(files)] == [
        ("a.html", 1),
        ("a.html", 2),
        ("assets/style.css", 2),
        ("b.html", 1),
        ("index.html", 0),
    ]
    with pytest.raises(TemplateError, match=r"^a\.html:1: PageModel has no field 'nope'$"):
        build_release(files)


def test_release_without_index_is_refused() -> None:
    """There must be a template that can show any page."""
    with pytest.raises(TemplateError, match=r"^index\.html:0: is missing"):
        build_release({})
    with pytest.raises(TemplateError, match=r"^index\.html:0: is missing"):
        build_release({"single.html": b"", "assets/index.html": b""})
