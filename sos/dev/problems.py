"""What is wrong, in words for whoever has just saved a file: an error in, an explanation out.

It adds to an error the source around it, what was probably meant, and the names that there are.
Pure; it runs nothing of the template.
"""

import difflib
import re
from collections.abc import Mapping

import msgspec

from sos.dev.builds import Build
from sos.dev.names import Name, describe_fields, describe_value, find_struct
from sos.errors import TemplateError

AROUND = 4
"""Lines shown before and after the one in question."""

_FIELD = re.compile(r"(\w+) has no field '([^']*)'")
_ATTRIBUTE = re.compile(r"'(?:[\w.]+\.)?(\w+)(?: object)?' has no attribute '([^']*)'")
_OF_NONE = re.compile(r"None has no attribute '([^']*)'")
_VARIABLE = re.compile(r"there is no variable '([^']*)'|'([^']*)' is undefined")
_TEMPLATE = re.compile(r"there is no template '([^']*)'|TemplateNotFound: (\S+)")
_ASSET = re.compile(r"there is no asset '([^']*)'|refers to '([^']*)', which does not exist")
_FILTER = re.compile(r"No (filter|test) named '([^']*)'")

FILTERS = tuple(
    "abs absolute attr batch capitalize center count d default dictsort e escape filesizeformat "
    "first float forceescape format groupby indent int items join last length list lower map max "
    "min reject rejectattr replace reverse round select selectattr slice sort string striptags "
    "style sum title tojson trim truncate unique upper urlencode urlize wordcount wordwrap "
    "xmlattr".split()
)
TESTS = tuple(
    "boolean callable defined divisibleby eq escaped even false filter float ge gt in integer "
    "iterable le lower lt mapping ne none number odd sameas sequence string test true undefined "
    "upper".split()
)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One problem. ``line`` is 1-based, 0 where unknown; ``source`` are numbered lines around it.

    ``meant`` are names that are close to the one that is wrong; ``advice`` says what to do;
    ``owner`` is what ``names`` are the names of.
    """

    message: str
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


def explain(error: TemplateError, build: Build) -> Problem:
    """The error with all that helps to mend it."""
    message = str(error).removeprefix(f"{error.template}:{error.line}: ")
    file, line = build.theme.locate(error.template, error.line) if error.template else ("", 0)
    local = _find_local(error)
    known = _look_up(message, build.files, local)
    return msgspec.structs.replace(
        known,
        message=message,
        file=file,
        line=line,
        source=_cut_source(build.files.get(error.template, b""), error.line, line),
        local=tuple(describe_value(n, v) for n, v in sorted(local.items())),
    )


def _look_up(message: str, files: Mapping[str, bytes], local: Mapping[str, object]) -> Problem:
    if match := (_FIELD.search(message) or _ATTRIBUTE.search(message)):
        struct = find_struct(match[1])
        names = describe_fields(struct) if struct else ()
        return Problem(
            message="",
            owner=match[1] if struct else "",
            names=names,
            meant=_close(match[2], [n.name for n in names]),
        )
    if match := _OF_NONE.search(message):
        return Problem(message="", advice="It is none on this page: ask first, with {% if … %}.")
    if match := _VARIABLE.search(message):
        known = [*local, "page", "asset", "range", "namespace", "loop", "super", "caller"]
        return Problem(message="", meant=_close(match[1] or match[2], known))
    if match := _TEMPLATE.search(message):
        return Problem(
            message="",
            meant=_close(match[1] or match[2], [n for n in files if n.endswith(".html")]),
        )
    if match := _ASSET.search(message):
        assets = [n.removeprefix("assets/") for n in files if n.startswith("assets/")]
        return Problem(message="", meant=_close(match[1] or match[2], assets))
    if match := _FILTER.search(message):
        return Problem(
            message="", meant=_close(match[2], FILTERS if match[1] == "filter" else TESTS)
        )
    return Problem(message="")


def _close(name: str, known: object) -> tuple[str, ...]:
    """Up to three names that are like ``name``."""
    names = list(dict.fromkeys(known))  # type: ignore[call-overload]
    near = difflib.get_close_matches(name, names, 3, 0.6)
    more = [n for n in names if name and n not in near and n.endswith(f"/{name}")]
    return tuple([*near, *more][:3])


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


def _cut_source(content: bytes, line: int, shown: int) -> tuple[tuple[int, str], ...]:
    """The lines around ``line``, which is numbered as ``shown``."""
    if not line:
        return ()
    lines = content.decode("utf-8", "replace").splitlines()
    first = max(1, line - AROUND, line - shown + 1)
    return tuple(enumerate(lines[first - 1 : line + AROUND], first - line + shown))
