"""Names that a template may use: types of the page model in, names with types and descriptions out.

What `docs/templates.md` says of a field is what is said here. Pure.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import msgspec

from sos.page.describe import describe_names, find_structs
from sos.release.sandbox import Sandbox

SHOWN = 90
"""Longest value that is shown, characters."""

_SET = re.compile(
    r"\{%[-+]?\s*(?:set\s+(?P<set>\w+(?:\s*,\s*\w+)*)|for\s+(?P<each>\w+(?:\s*,\s*\w+)*)\s+in\b"
    r"|macro\s+(?P<macro>\w+)|import\s+(?:'[^']*'|\"[^\"]*\")\s+as\s+(?P<module>\w+)"
    r"|from\s+(?:'[^']*'|\"[^\"]*\")\s+import\s+(?P<names>[^%]*))"
)
_IMPORTED = re.compile(r"(?:\w+\s+as\s+)?(\w+)\s*(?:,|\Z)")


class Name(msgspec.Struct, frozen=True):
    """A name, the type of what it stands for, and what that is."""

    name: str
    type: str
    text: str = ""


EVERYWHERE: Final = (
    Name("page", "PageModel", "The page, with all that it shows"),
    Name("asset('…')", "function", "The address of a file in assets/"),
    Name("range(…)", "function", "Numbers to loop over"),
    Name("namespace(…)", "function", "Variables that a loop may set for what comes after it"),
    Name("loop", "of a loop", "Where one is in a loop: loop.first, loop.last, loop.index …"),
    Name(
        "super()", "function", "Within a block: what the template that this one extends has there"
    ),
)
"""What every template may name."""


@cache
def list_filters() -> tuple[str, ...]:
    """Names of all filters that a template may use."""
    return tuple(sorted(Sandbox({}, {}).filters))


@cache
def list_tests() -> tuple[str, ...]:
    """Names of all tests that a template may use."""
    return tuple(sorted(Sandbox({}, {}).tests))


def find_struct(name: str) -> type[msgspec.Struct] | None:
    """The type of the page model with this name."""
    return next((s for s in find_structs() if s.__name__ == name), None)


def describe_fields(struct: type[msgspec.Struct]) -> tuple[Name, ...]:
    """The fields of a type of the page model."""
    return tuple(Name(n, _plain(kind), _plain(text)) for n, kind, text in describe_names(struct))


def describe_known(own: Iterable[str]) -> tuple[Name, ...]:
    """What a template may name that sets ``own``."""
    return (*EVERYWHERE, *(Name(name, "set here") for name in own))


def find_set_names(source: str) -> tuple[str, ...]:
    """Names that a template sets, imports or loops with."""
    found: list[str] = []
    for match in _SET.finditer(source):
        several = match["set"] or match["each"]
        if several:
            found += re.findall(r"\w+", several)
        elif match["names"]:
            found += _IMPORTED.findall(re.sub(r"\s+with(out)?\s+context\s*", "", match["names"]))
        else:
            found.append(match["macro"] or match["module"])
    return tuple(dict.fromkeys(found))


def describe_value(name: str, value: Any) -> Name:
    """A variable, and what it is just now."""
    kind = type(value).__name__
    if isinstance(value, msgspec.Struct):
        text = next((str(getattr(value, n)) for n in ("url", "kind") if hasattr(value, n)), "")
    elif isinstance(value, tuple | list | dict):
        kind, text = f"{kind} of {len(value)}", ""
    elif callable(value):
        kind, text = "function", ""
    else:
        text = str(value)
    return Name(name, kind, text[:SHOWN] + ("…" if len(text) > SHOWN else ""))


def _plain(markdown: str) -> str:
    """Without the marks of Markdown."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", lambda m: m[1] or "", markdown)
