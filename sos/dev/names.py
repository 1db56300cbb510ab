"""Names that a template may use: types of the page model in, names with types and descriptions out.

What `docs/templates.md` says of a field is what is said here. Pure.
"""

import re
from typing import Any

import msgspec

from sos.page.describe import describe_names, find_structs

SHOWN = 90
"""Longest value that is shown, characters."""


class Name(msgspec.Struct, frozen=True):
    """A name, the type of what it stands for, and what that is."""

    name: str
    type: str
    text: str = ""


def find_struct(name: str) -> type[msgspec.Struct] | None:
    """The type of the page model with this name."""
    return next((s for s in find_structs() if s.__name__ == name), None)


def describe_fields(struct: type[msgspec.Struct]) -> tuple[Name, ...]:
    """The fields of a type of the page model."""
    return tuple(Name(name, _plain(kind), text) for name, kind, text in describe_names(struct))


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
