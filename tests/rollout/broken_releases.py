"""Every way to break the theme that a trial must find, and a few changes that are none.

`BROKEN` maps a name to a function from the theme's files to broken ones; `HARMLESS` alike, to files
that must pass. For anything that tells good releases from bad ones: trials, nodes, promises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from sos.release.fixtures import build_fixtures, encode_fixture

Files = dict[str, bytes]
Change = Callable[[Files], Files]

LIVE_SLUG = "the-one-that-breaks"
"""Slug of the post on which `fails_on_one_live_page` fails, unless it is told another."""

WHOLE = "<!DOCTYPE html><html><head><title>{{ page.title }}</title></head><body>%s</body></html>\n"

RARE = encode_fixture(msgspec.structs.replace(build_fixtures()["page full"], title="Rare"))


def append(name: str, text: str) -> Change:
    """Text at the end of a file's content, or a new file."""
    return lambda files: files | {name: files.get(name, b"") + text.encode()}


def replace(name: str, content: str | bytes) -> Change:
    """Another content of a file."""
    data = content if isinstance(content, bytes) else content.encode()
    return lambda files: files | {name: data}


def substitute(name: str, old: str, new: str) -> Change:
    """A file with a piece of it exchanged, which must be there once."""

    def change(files: Files) -> Files:
        text = files[name].decode()
        assert text.count(old) == 1, (name, old)
        return files | {name: text.replace(old, new).encode()}

    return change


def remove(name: str) -> Change:
    """Without a file."""
    return lambda files: {n: content for n, content in files.items() if n != name}


def in_every_page(code: str) -> Change:
    """Code that runs on every page, within its frame."""
    return substitute("layouts/base.html", "<main id", f"{code}\n<main id")


def fails_on_post(slug: str) -> Change:
    """Fails on the page of one post alone, of which no check knows."""
    return in_every_page(
        f"{{% if page.post and page.post.card.slug == '{slug}' %}}{{{{ page.post.previous.url[9999].x }}}}"
        f"{{{{ page.archive.title }}}}{{% endif %}}"
    )


def whole_page(body: str, name: str = "single.html") -> Change:
    """A template that is a page by itself."""
    return replace(name, WHOLE % body)


BROKEN: Mapping[str, Change] = {
    # What shows without a page.
    "syntax_error": append("single.html", "{% if page %}"),
    "unknown_filter": in_every_page("{{ page.title|shout }}"),
    "undefined_name": in_every_page("{{ titel }}"),
    "undefined_field": in_every_page("{{ page.post.card.nickname }}"),
    "missing_include": in_every_page("{% include 'parts/none.html' %}"),
    "missing_asset": in_every_page("{{ asset('none.css') }}"),
    "missing_index": remove("index.html"),
    "escaping_off": in_every_page("{% autoescape false %}{{ page.title }}{% endautoescape %}"),
    "marked_as_safe": in_every_page("{{ page.title|safe }}"),
    "inline_script_changes": in_every_page("<script>let a = {{ page.title|tojson }};</script>"),
    "not_utf8": replace("parts/footer.html", b"<footer>\xff\xfe</footer>"),
    "broken_stylesheet": append("assets/style.css", "body { background: url(none.png) }"),
    "field_of_a_bare_post": append("parts/post-card.html", "{{ card.author.name }}"),
    # What shows on a page.
    "undefined_in_a_rare_branch": append(
        "parts/media.html",
        "{% macro m(x) %}{{ x.no_such_field }}{% endmacro %}"
        "{% if page.post.media and not page.post.media.alt %}{{ m(page) }}{% endif %}",
    ),
    "menu_that_is_not_there": in_every_page("{{ page.menus.sidebar[0].title }}"),
    "missing_include_by_name": in_every_page("{% include 'parts/' ~ page.kind ~ '.html' %}"),
    "missing_asset_by_name": in_every_page("{{ asset(page.kind ~ '.css') }}"),
    "include_cycle": append("parts/feeds.html", "{% include 'parts/footer.html' %}"),
    "extends_itself": replace("single.html", "{% extends 'single.html' %}"),
    "division_by_zero_on_page_2": append(
        "parts/posts.html",
        "{% if page.pagination %}{{ 1 // (page.pagination.current - 2) }}{% endif %}",
    ),
    "macro_without_end": append(
        "parts/words.html", "{% macro again(n) %}{{ again(n + 1) }}{% endmacro %}{{ again(0) }}"
    ),
    "wrong_type": in_every_page("{{ page.posts + 1 }}"),
    "text_as_css": in_every_page("{{ page.title|style }}"),
    "template_of_one_slug": whole_page("{{ page.post.card.author.name }}", "page-imprint.html"),
    "unavailable_uses_a_page": append("unavailable.html", "{{ page.title }}"),
    "unavailable_is_cut": replace(
        "unavailable.html", "<!DOCTYPE html><html><title>Soon</title>" * 9
    ),
    "fails_on_a_fixture_of_its_own": lambda files: in_every_page(
        "{% if page.title == 'Rare' %}{{ page.archive.title }}{% endif %}"
    )(files | {"fixtures/rare.json": RARE}),
    "fixture_that_is_none": replace("fixtures/none.json", '{"kind": "page"}'),
    # What comes out is no page.
    "empty_output": replace("single.html", "{# nothing #}"),
    "blank_output": replace("single.html", "\n" * 500),
    "output_without_end": substitute("layouts/base.html", "</html>", ""),
    "output_cut_short": replace("category.html", "<!DOCTYPE html><html><body>" + "<p>x</p>" * 90),
    "output_of_10_mb": whole_page("{% for i in range(99999) %}" + "<p>x</p>" * 13 + "{% endfor %}"),
    # What takes too much.
    "endless_loop": in_every_page(
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}"
        "{% endfor %}{% endfor %}{% endfor %}"
    ),
    "endless_loop_out_of_reach": in_every_page(
        # Lists within lists, compared by C code that looks at no signal.
        "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(64) %}"
        "{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}"
    ),
    "endless_power": in_every_page("{{ 9 ** (9 ** (9 + page.posts[:0]|length)) }}"),
    "endless_power_when_compiled": in_every_page("{{ 9 ** (9 ** 9) }}"),
    "endless_filter": in_every_page("{{ ('<>' * (9999999 + page.posts[:0]|length))|striptags }}"),
    "constant_of_20_mb": in_every_page("{{ ('a.' * 9999999)|upper }}"),
    "slow_page": in_every_page(
        "{% for a in range(300) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    ),
    "gigabyte_of_output": in_every_page("{{ 'x' * 10 ** 9 }}"),
    "gigabyte_of_pieces": in_every_page(
        "{% for a in range(99999) %}{% for b in range(99999) %}xxxxxxxxxx{{ a }}{% endfor %}{% endfor %}"
    ),
    "gigabyte_of_padding": in_every_page("{{ page.title|center(999999999) }}"),
    "gigabyte_of_joins": in_every_page("{{ range(99999)|join('x' * 99999)|length }}"),
    "memory_bomb": in_every_page(
        "{% set ns = namespace(a=['x']) %}{% for i in range(60) %}{% set ns.a = ns.a + ns.a %}{% endfor %}"
    ),
    "memory_bomb_of_lists": in_every_page(
        "{% set a = range(99999)|list %}{% set b = [] %}"
        "{% set c = range(9999)|map('string')|list|batch(1)|list %}"
        "{% for i in range(99999) %}{% set x = ([c] * 99999)|map('list')|list %}{% endfor %}"
    ),
    "expanding_format": in_every_page("{{ '%0999999999d'|format(1) }}"),
    # Ways out of the sandbox.
    "class_of_a_tuple": in_every_page("{{ ().__class__.__base__.__subclasses__() }}"),
    "attr_filter": in_every_page("{{ page|attr('__class__')|attr('__mro__') }}"),
    "format_field": in_every_page("{{ '{0.__class__.__init__.__globals__}'.format(page) }}"),
    "format_map": in_every_page("{{ '{p.__class__}'.format_map({'p': page}) }}"),
    "attribute_by_map": in_every_page("{{ [page]|map(attribute='__class__')|first }}"),
    "globals_of_a_function": in_every_page("{{ asset.__globals__ }}"),
    "change_of_the_page": in_every_page("{{ page.menus.clear() }}"),
    "fails_on_one_live_page": fails_on_post(LIVE_SLUG),
}
"""Each must be refused; the last one only by who has live pages to try, one of them of LIVE_SLUG."""

HARMLESS: Mapping[str, Change] = {
    "as_it_is": dict,
    "another_colour": append("assets/style.css", "h1 { color: teal }"),
    "another_comment": append("parts/words.html", "{# nothing is said #}"),
    "template_of_one_slug": whole_page("{{ page.post.content }}", "page-imprint.html"),
    "template_of_an_editor": whole_page("{{ page.post.content }}", "landing.html"),
    "fixture_of_its_own": replace(
        "fixtures/page.json", encode_fixture(build_fixtures()["page full"])
    ),
    "optional_include": in_every_page("{% include 'parts/none.html' ignore missing %}"),
    "only_an_index": lambda files: {"index.html": (WHOLE % "{{ page.url }}").encode()},
    "many_files": lambda files: files | {f"assets/{n}.txt": b"x" for n in range(500)},
}
"""None of these may be refused."""
