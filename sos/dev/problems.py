"""What is wrong, in words for whoever has just saved a file: an error in, an explanation out.

It adds to an error the source around it, what was probably meant, and the names that there are.
Pure; it runs nothing of the template.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping

import msgspec

from sos.dev.builds import Build
from sos.dev.names import (
    Name,
    describe_fields,
    describe_known,
    describe_value,
    find_set_names,
    find_struct,
    list_filters,
    list_tests,
)
from sos.errors import TemplateError

AROUND = 4
"""Lines shown before and after the one in question."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One problem. ``line`` is 1-based, 0 where unknown; ``source`` are numbered lines around it.

    ``meant`` are names that are close to the one that is wrong; ``advice`` says what to do;
    ``owner`` is what ``names`` are the names of; ``local`` are the variables at that line.
    """

    message: str = ""
    file: str = ""
    line: int = 0
    source: tuple[tuple[int, str], ...] = ()
    meant: tuple[str, ...] = ()
    advice: str = ""
    owner: str = ""
    names: tuple[Name, ...] = ()
    local: tuple[Name, ...] = ()

    @property
    def place(self) -> str:
        """File and line, as editors take them."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file


class _Case(msgspec.Struct, frozen=True):
    """What is known when an error is looked up."""

    files: Mapping[str, bytes]
    source: str
    local: Mapping[str, object]


def explain(error: TemplateError, build: Build) -> Problem:
    """The error with all that helps to mend it."""
    message = str(error).removeprefix(f"{error.template}:{error.line}: ")
    file, line = build.theme.locate(error.template, error.line) if error.template else ("", 0)
    content = build.files.get(error.template, b"").decode("utf-8", "replace")
    local = _find_local(error)
    known = _look_up(message, _Case(build.files, content, local))
    return msgspec.structs.replace(
        known,
        message=message,
        file=file,
        line=line,
        source=_cut_source(content, error.line, line),
        local=tuple(describe_value(n, v) for n, v in sorted(local.items())),
    )


# ---------------------------------------------------------------- kinds of errors


def _explain_field(case: _Case, owner: str, wanted: str) -> Problem:
    struct = find_struct(owner)
    names = describe_fields(struct) if struct else ()
    meant = _find_close(wanted, (n.name for n in names))
    if owner == "TemplateModule":
        advice = "A file that replaces one with macros needs all of them; or name another one here."
        return Problem(advice=advice)
    return Problem(owner=owner if struct else "", names=names, meant=meant)


def _explain_none(case: _Case, wanted: str) -> Problem:
    return Problem(advice="What it is asked of is none on this page. Ask first: {% if … %}.")


def _explain_variable(case: _Case, wanted: str) -> Problem:
    known = describe_known(find_set_names(case.source))
    names = [*case.local, *(name.name.partition("(")[0] for name in known)]
    return Problem(meant=_find_close(wanted, names), owner="A template", names=known)


def _explain_template(case: _Case, wanted: str) -> Problem:
    known = [name for name in case.files if name.endswith(".html")]
    advice = ""
    if wanted.startswith("default/"):
        known = [n if n.startswith("default/") else f"default/{n}" for n in known]
        advice = 'default/… is there in a theme whose theme.toml says: extends = "default".'
    return Problem(meant=_find_close(wanted, known), advice=advice)


def _explain_asset(case: _Case, wanted: str) -> Problem:
    known = [n.removeprefix("assets/") for n in case.files if n.startswith("assets/")]
    return Problem(meant=_find_close(wanted, known))


def _explain_filter(case: _Case, kind: str, wanted: str) -> Problem:
    return Problem(meant=_find_close(wanted, list_filters() if kind == "filter" else list_tests()))


def _explain_tag(case: _Case, wanted: str) -> Problem:
    return Problem(meant=_find_close(wanted, _TAGS))


def _explain_block(case: _Case, wanted: str) -> Problem:
    found = (_BLOCK.findall(text.decode("utf-8", "replace")) for text in case.files.values())
    blocks = dict.fromkeys(name for names in found for name in names if name != wanted)
    return Problem(meant=_find_close(wanted, blocks))


_BLOCK = re.compile(r"\{%[-+]?\s*block\s+(\w+)")
_TAGS = (
    "block endblock extends include import from if elif else endif for endfor macro endmacro "
    "call endcall set endset with endwith filter endfilter raw endraw"
).split()

_KINDS: tuple[tuple[re.Pattern[str], Callable[..., Problem]], ...] = (
    (re.compile(r"(\w+) has no field '([^']*)'"), _explain_field),
    (re.compile(r"None'? has no attribute '([^']*)'"), _explain_none),
    (re.compile(r"'(?:[\w.]+\.)?(\w+)(?: object)?' has no attribute '([^']*)'"), _explain_field),
    (re.compile(r"there is no variable '([^']*)'|'([^']*)' is undefined"), _explain_variable),
    (re.compile(r"there is no template '([^']*)'|TemplateNotFound: (\S+)"), _explain_template),
    (
        re.compile(r"there is no asset '([^']*)'|refers to '([^']*)', which does not exist"),
        _explain_asset,
    ),
    (re.compile(r"No (filter|test) named '([^']*)'"), _explain_filter),
    (re.compile(r"unknown tag '([^']*)'"), _explain_tag),
    (re.compile(r"no block '([^']*)'"), _explain_block),
)
"""How messages begin, of `release.check`, of Jinja2 and of page models, and who explains them."""


def _look_up(message: str, case: _Case) -> Problem:
    for pattern, explain_it in _KINDS:
        if match := pattern.search(message):
            return explain_it(case, *(group for group in match.groups() if group is not None))
    return Problem()


# ---------------------------------------------------------------- steps


def _find_close(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Up to three names that are like ``name``."""
    names = list(dict.fromkeys(known))
    near = difflib.get_close_matches(name, names, 3, 0.6)
    ends = [n for n in names if name and n not in near and n.endswith(f"/{name}")]
    return tuple([*ends, *near][:3])


def _find_local(error: TemplateError) -> dict[str, object]:
    """The variables of the template at the line in question, where it ran."""
    step = error.__cause__.__traceback__ if error.__cause__ else None
    found: dict[str, object] = {}
    while step:
        code = step.tb_frame.f_code
        if code.co_filename == error.template and step.tb_lineno == error.line:
            found = {
                name: value
                for name, value in step.tb_frame.f_locals.items()
                if name.isidentifier() and not name.startswith("_")
            }
        step = step.tb_next
    return found


def _cut_source(content: str, line: int, shown: int) -> tuple[tuple[int, str], ...]:
    """The lines around ``line``, which is numbered as ``shown``."""
    if not line:
        return ()
    lines = content.splitlines()
    first = max(1, line - AROUND, line - shown + 1)
    return tuple(enumerate(lines[first - 1 : line + AROUND], first - line + shown))
