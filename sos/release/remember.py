"""Macros that are not run twice for the same arguments: a memory of what they gave, per release.

In: a macro that a template imported, and its arguments. Out: the text it gave for these very
arguments before. A macro of an imported file sees its arguments, its own file and nothing else (no
`page`, no clock), so that the same arguments always give the same text: `is_pure` says of which
files this is known. It never judges by anything but the arguments, and forgets what is not used.
"""

import re
from collections.abc import Callable, Mapping
from sys import getsizeof
from typing import Any
from weakref import ref

import msgspec
from markupsafe import Markup

from sos.page import model

MAX_BYTES = 16 * 1024 * 1024
"""What is kept. The cards of ten thousand posts fit in, where each has about 900 characters."""

OVERHEAD = 400
"""What a text costs beyond itself, bytes; measured."""

PLAIN = frozenset({str, Markup, int, float, bool, type(None)})
"""Types of arguments that are compared by value. (A string that is HTML is another than one that
is not, and 1 is another than true: the type counts.)"""

PER_PAGE = frozenset({model.PageModel, model.PostView, model.Archive, model.Pagination})
"""Parts that are made anew for each page: what is made of them never comes again."""

STRUCTS = (
    frozenset(
        kind
        for kind in vars(model).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    )
    - PER_PAGE
)
"""Types of arguments that are the same only if they are the same object. They never change."""

_COUNTS = re.compile(r"\bnamespace\b")
_REFERENCE = re.compile(
    r"{%[-+]?\s*(include|import|from|extends)\b\s*"
    r"(?:(['\"])([^'\"]*)\2\s*(?:(?:as|import|ignore|with|without)\b|[-+]?%}))?"
)

Key = tuple[object, ...]
Kept = tuple[Any, ...]
"""A text, and what it was made of: tuples, and structs which it keeps nobody from forgetting."""


class Memory:
    """Texts by macro and arguments, bounded; of one release."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._kept: dict[Key, Kept] = {}
        self._within = False

    @property
    def size(self) -> int:
        """Bytes that count against the bound."""
        return self._size

    def call(
        self, macro: Callable[..., str], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> str:
        """What ``macro`` gives for these arguments, now or before."""
        # What a remembered macro calls is part of what is remembered.
        key = None if self._within else build_key(macro, args, kwargs)
        if key is None:
            return macro(*args, **kwargs)
        kept = self._kept.pop(key, None)
        if kept is not None:
            # A key has the addresses of arguments: as long as they are alive, it is these.
            if all(type(held) is not ref or held() is not None for held in kept[1:]):
                self._kept[key] = kept  # to the end: the first was not used for longest
                known: str = kept[0]
                return known
            self._size -= _weigh(kept)
        self._within = True
        try:
            text = macro(*args, **kwargs)
        finally:
            self._within = False
        arguments = (*args, *kwargs.values())
        held = [ref(a) if type(a) in STRUCTS else a for a in arguments if type(a) not in PLAIN]
        kept = (text, *held)
        self._size += _weigh(kept)
        old = self._kept.pop(key, None)  # another thread's (previews are rendered in their own)
        self._size -= _weigh(old) if old else 0
        self._kept[key] = kept
        while self._size > self._max_bytes and len(self._kept) > 1:
            gone = self._kept.pop(next(iter(self._kept)), None)
            self._size -= _weigh(gone) if gone else 0
        return text


def _weigh(kept: Kept) -> int:
    return getsizeof(kept[0]) + OVERHEAD


def build_key(macro: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Key | None:
    """What tells one call from another; None where an argument may change, or can't be told.

    Plain values stand behind their type and keyword arguments behind their name: no two calls
    have the same key.
    """
    key: list[object] = [macro]
    for argument in args:
        kind = type(argument)
        if kind in STRUCTS:
            key.append(id(argument))
        elif kind in PLAIN:
            key += (kind, argument)
        elif kind is tuple and is_fixed(argument):
            key.append(id(argument))
        else:
            return None
    if kwargs:
        for name, argument in kwargs.items():
            own = build_key(name, (argument,), {})
            if own is None:
                return None
            key += own
    return tuple(key)


def is_fixed(value: object) -> bool:
    """Whether nothing within a tuple can ever change."""
    if type(value) is tuple:
        return all(map(is_fixed, value))
    return type(value) in PLAIN or type(value) in STRUCTS


def find_pure(files: Mapping[str, str]) -> frozenset[str]:
    """The imported ones of the templates ``files`` whose macros give the same for the same.

    One that uses a namespace might count; so might one that is made of such a one, or of others
    that only show when it is rendered.
    """
    made_of: dict[str, set[str]] = {}
    imported: set[str] = set()
    impure: set[str] = set()
    for name, text in files.items():
        references = list(_REFERENCE.finditer(text))
        made_of[name] = {match[3] for match in references}
        imported.update(m[3] for m in references if m[1] in ("import", "from"))
        if None in made_of[name] or _COUNTS.search(text):
            impure.add(name)
    while more := {n for n in made_of.keys() - impure if made_of[n] & impure}:
        impure |= more
    return frozenset(imported & files.keys() - impure)
