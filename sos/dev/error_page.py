"""The page that stands in for one that a template can't make: problems in, HTML out.

Everything that comes from files or pages is escaped. Pure.
"""

from collections.abc import Sequence
from html import escape

from sos.dev.events import State
from sos.dev.injection import STATIC, build_tag
from sos.dev.names import Name, describe_fields
from sos.dev.problems import Problem
from sos.page.model import PageModel


def build_error_page(
    problems: Sequence[Problem], state: State, *, good: str = "", overview: bool = False
) -> str:
    """The page. ``good`` is the address of the last good page, empty where there is none.

    An ``overview`` may be of no problem at all.
    """
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    first = f": {problems[0].place}" if problems else ""
    note = "This page follows: mend the file, save it, and it goes away."
    if overview:
        note = "This list follows: it is that of the newest build, on pages of every kind."
    link = f'<p class="way"><a href="{escape(good)}">The last good page</a></p>' if good else ""
    tag = build_tag(state, trouble=overview)
    return (
        '<!DOCTYPE html>\n<html lang="en" data-sos-dev="problems"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(count + first)}</title>"
        f'<link rel="stylesheet" href="{STATIC}problems.css">{tag}</head>'
        f'<body><main><h1>{escape(count)}</h1><p class="note">{note}</p>'
        f"{link}{''.join(map(_build_problem, problems))}</main></body></html>\n"
    )


def _build_problem(problem: Problem) -> str:
    parts = ['<section class="problem">']
    if problem.place:
        parts.append(f'<p class="place">{escape(problem.place)}</p>')
    parts.append(f"<h2>{escape(problem.message)}</h2>")
    if problem.meant:
        names = " or ".join(f"<code>{escape(name)}</code>" for name in problem.meant)
        parts.append(f'<p class="meant">Did you mean {names}?</p>')
    if problem.advice:
        parts.append(f'<p class="meant">{escape(problem.advice)}</p>')
    if problem.source:
        parts.append(_build_source(problem))
    if problem.names:
        parts.append(_build_names(f"{problem.owner} has", problem.names, is_open=True))
    if problem.local:
        parts.append(_build_names("Names at this line", problem.local, is_open=not problem.names))
    if problem.file and problem.owner != "PageModel" and problem.file.endswith(".html"):
        parts.append(_build_names("page has", describe_fields(PageModel)))
    return "".join([*parts, "</section>"])


def _build_source(problem: Problem) -> str:
    lines = "".join(
        f'<li value="{number}"{" class=here" if number == problem.line else ""}>'
        f"<code>{escape(text) or ' '}</code></li>"
        for number, text in problem.source
    )
    return f'<ol class="source">{lines}</ol>'


def _build_names(title: str, names: Sequence[Name], *, is_open: bool = False) -> str:
    rows = "".join(
        f"<tr><th scope=row><code>{escape(n.name)}</code></th><td>{escape(n.type)}</td>"
        f"<td>{escape(n.text)}</td></tr>"
        for n in names
    )
    return (
        f"<details{' open' if is_open else ''}><summary>{escape(title)}</summary>"
        f'<div class="scroll"><table>{rows}</table></div></details>'
    )
