"""Parts of a theme for the gallery: files below ``parts/`` in, templates that show each alone out.

A part that prints something is included; of one that holds macros each macro is called, with what
its parameters' names ask for. Works on text: it knows templates no better than their authors do.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from sos.dev.gallery.items import Item, build_slug
from sos.page.model import PageModel
from sos.release.fixtures import build_fixtures

FOLDER = "parts/"
LAYOUT = "layouts/base.html"
TEMPLATES = "gallery:"
"""How the templates that show a part begin: no file of a theme has such a name."""

START, END = '<div data-sos-part="">', "</div><!-- end of the part -->"

TRIED = (
    "single full",
    "front of posts full",
    "front page full",
    "category page 2",
    "author full",
    "attachment full",
    "404 full",
)
"""Pages that a part is tried on, in turn, until it says something."""

ARGUMENTS = {
    "card": "page.post.card",
    "post": "page.post.card",
    "posts": "page.posts",
    "cards": "page.posts",
    "callout": "page.callouts[0]",
    "picture": "page.post.card.image",
    "image": "page.post.card.image",
    "items": "page.menus.primary",
    "menu": "page.menus.primary",
    "entries": "page.menus.primary",
    "term": "page.post.card.terms[0]",
    "terms": "page.post.card.terms",
    "author": "page.post.card.author",
    "moment": "page.post.card.published",
    "row": "page.rows[0]",
    "page": "page",
    "site": "page.site",
    "pagination": "page.pagination",
    "label": "'Label'",
    "title": "'Title'",
    "name": "'Name'",
    "group": "'group'",
    "text": "'Text'",
    "count": "3",
    "total": "13",
    "number": "2",
    "current": "2",
    "depth": "1",
    "level": "2",
}
"""What stands for a parameter of a macro, by its name."""

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_MACRO = re.compile(
    r"\{%[-+]?\s*macro\s+(?P<name>\w+)\s*\((?P<parameters>.*?)\)\s*[-+]?%\}"
    r"(?P<body>.*?)\{%[-+]?\s*endmacro\b",
    re.DOTALL,
)
_MACRO_WHOLE = re.compile(r"\{%[-+]?\s*macro\b.*?\{%[-+]?\s*endmacro\b.*?%\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%.*?%\}", re.DOTALL)
_BLOCK = re.compile(r"\{%[-+]?\s*block\s+(\w+)")
_SET_BLOCK = re.compile(r"\{%[-+]?\s*set\s+\w+\s*[-+]?%\}.*?\{%[-+]?\s*endset\b.*?%\}", re.DOTALL)

# What the templates of singular pages and of lists call the post at hand.
_CARD = "{% set card = page.post.card if page.post else (page.posts[0] if page.posts else none) %}"


def find_parts(files: Mapping[str, bytes]) -> Iterator[tuple[Item, str, str]]:
    """Yield an item for each part, the name of the template that shows it, and that template."""
    for file in sorted(files):
        if not (file.startswith(FOLDER) and file.endswith(".html")):
            continue
        text = _COMMENT.sub("", files[file].decode("utf-8", "replace"))
        name = file.removeprefix(FOLDER).removesuffix(".html")
        if _prints(text):
            yield _build(files, name, f"{{% include '{file}' %}}")
        for macro in _MACRO.finditer(text):
            if macro["name"].startswith("_") or "<" not in macro["body"]:
                continue  # a few words: whoever says them is shown
            call, missing = _call(macro["name"], macro["parameters"])
            shown = f"{name}: {macro['name']}"
            if not missing:
                body = f"{{% from '{file}' import {macro['name']} %}}{call}"
                yield _build(files, shown, body)


def _prints(text: str) -> bool:
    """Whether a template has more to it than macros and variables."""
    rest = _MACRO_WHOLE.sub("", text)
    rest = _STATEMENT.sub("", _SET_BLOCK.sub("", rest))
    return bool(rest.strip())


def _call(name: str, parameters: str) -> tuple[str, tuple[str, ...]]:
    """A call of a macro, and the parameters for which there is nothing to give."""
    given, missing = [], []
    for parameter in filter(None, map(str.strip, parameters.split(","))):
        word, _, default = parameter.partition("=")
        word = word.strip()
        if word in ARGUMENTS and not default:
            given.append(f"{word}={ARGUMENTS[word]}")
        elif not default:
            missing.append(word)
    return f"{{{{ {name}({', '.join(given)}) }}}}", tuple(missing)


def _build(files: Mapping[str, bytes], title: str, body: str) -> tuple[Item, str, str]:
    slug = build_slug("part", title)
    template = f"{TEMPLATES}{slug}.html"
    item = Item(slug=slug, title=title, pages=tuple(_build_pages(template)))
    return item, template, _wrap(files, body)


def _build_pages(template: str) -> Iterator[PageModel]:
    fixtures = build_fixtures()
    for name in TRIED:
        yield msgspec.structs.replace(fixtures[name], templates=(template,))


def _wrap(files: Mapping[str, bytes], body: str) -> str:
    """A template that shows ``body`` in the middle of the theme's own layout, if it has one."""
    marked = f"{_CARD}{START}{body}{END}"
    if LAYOUT in files:
        # What a layout has besides the main block would stand around every part.
        text = b"".join(files.get(name, b"") for name in (LAYOUT, f"default/{LAYOUT}")).decode()
        others = dict.fromkeys(name for name in _BLOCK.findall(text) if name != "main")
        empty = "".join(f"{{% block {name} %}}{{% endblock %}}" for name in others)
        return f"{{% extends '{LAYOUT}' %}}{{% block main %}}{marked}{{% endblock %}}{empty}"
    head = "{% include 'parts/head.html' %}" if "parts/head.html" in files else ""
    return (
        '<!DOCTYPE html><html lang="{{ page.site.language }}" dir="{{ page.site.direction }}">'
        f"<head>{head}</head><body><main>{marked}</main></body></html>"
    )
