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
from weakref import WeakSet, ref

import msgspec
from isal import isal_zlib
from markupsafe import Markup

from sos.page import model

MAX_BYTES = 16 * 1024 * 1024
"""What all memories of a process keep, unless it is told otherwise."""

HOT_SHARE = 16
"""One part in so many is for texts as they are; beyond, what was not used lately is packed."""

TURNS = 8
"""Where there is no room, one text in so many takes the place of what was not used for longest, and
the others go themselves: who reads a whole site would otherwise drive out each text shortly before
it is used again."""

OVERHEAD = 380
"""What a text costs beyond itself, bytes; measured."""

WORTH_PACKING = 200
"""Characters. Shorter texts stay as they are."""

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


class Room:
    """How much the memories of a process may keep together: ``max_bytes``.

    Each release has a memory of its own, and several are loaded: the one that was not used for
    longest makes room for the others.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.moment = 0
        self._memories = WeakSet["Memory"]()

    @property
    def size(self) -> int:
        """Bytes that count against the bound."""
        return sum(memory.size for memory in self._memories)

    def enter(self, memory: "Memory") -> None:
        """Count ``memory`` as long as it lives."""
        self._memories.add(memory)

    def shrink(self, used: "Memory") -> None:
        """Forget so much that the rest fits in; ``used`` has something new."""
        self.moment += 1
        while self.size > self.max_bytes:
            least = min(self._memories, key=_last_use)
            if not least.forget_one(newest=least is used and self.moment % TURNS > 0):
                return


ROOM = Room(MAX_BYTES)
"""That of this process."""


class _Held(ref[Any]):
    """An argument that may go, and what was remembered of it then."""

    __slots__ = ("key",)
    key: Key


class Memory:
    """Texts by macro and arguments; of one release.

    The latest are kept as they are, the others packed: the cards of a site differ in a few words,
    and the first of them, known to both sides, leaves a fifth of the others.
    """

    def __init__(self, room: Room | None = None) -> None:
        self.moment = 0
        self._room = room or ROOM
        self._size = self._hot_size = 0
        self._hot: dict[Key, Kept] = {}
        self._cold: dict[Key, Kept] = {}
        self._samples: dict[object, bytes] = {}
        self._within = False
        self._room.enter(self)

    def __len__(self) -> int:
        return len(self._hot) + len(self._cold)

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
        self.moment = self._room.moment
        known = self._find(key)
        if known is not None:
            return known
        self._within = True
        try:
            text = macro(*args, **kwargs)
        finally:
            self._within = False
        self._keep(key, text, (*args, *kwargs.values()))
        return text

    def forget_one(self, *, newest: bool) -> bool:
        """Forget what was not used for longest, or what was packed last; False without any."""
        for kept in (self._cold, self._hot):
            for key in reversed(kept) if newest and kept is self._cold else kept:
                self._forget(key)
                return True
        return False

    def _find(self, key: Key) -> str | None:
        for texts in (self._hot, self._cold):
            kept = texts.pop(key, None)
            if kept is None:
                continue
            # A key has the addresses of arguments: as long as they are alive, it is these.
            if all(type(held) is not _Held or held() is not None for held in kept[1:]):
                texts[key] = kept  # to the end: the first was not used for longest
                text: str = kept[0]
                return self._unpack(key, kept[0]) if type(kept[0]) is bytes else text
            texts[key] = kept
            self._forget(key)
        return None

    def _keep(self, key: Key, text: str, arguments: tuple[Any, ...]) -> None:
        self._forget(key)  # another thread's (previews are rendered in their own)
        kept = (text, *(self._hold(key, a) for a in arguments if type(a) not in PLAIN))
        self._hot[key] = kept
        self._count(_weigh(kept), hot=True)
        while self._hot_size > self._room.max_bytes // HOT_SHARE and len(self._hot) > 1:
            self._cool(next(iter(self._hot)))
        self._room.shrink(self)

    def _hold(self, key: Key, argument: object) -> object:
        if type(argument) not in STRUCTS:
            return argument
        held = _Held(argument, self._lose)
        held.key = key
        return held

    def _lose(self, held: ref[Any]) -> None:
        """Nobody can ask for it any more."""
        try:
            if isinstance(held, _Held):
                self._forget(held.key)
        except TypeError:  # the interpreter ends, and takes the names of this module along
            return

    def _cool(self, key: Key) -> None:
        kept = self._hot.pop(key, None)
        if kept is None:
            return
        self._count(-_weigh(kept), hot=True)
        text = kept[0]
        if type(text) is Markup and len(text) >= WORTH_PACKING:
            kept = (self._pack(key[0], text), *kept[1:])
        self._cold[key] = kept
        self._count(_weigh(kept))

    def _forget(self, key: Key) -> None:
        kept = self._hot.pop(key, None)
        if kept is not None:
            self._count(-_weigh(kept), hot=True)
        kept = self._cold.pop(key, None)
        if kept is not None:
            self._count(-_weigh(kept))

    def _count(self, size: int, *, hot: bool = False) -> None:
        self._size += size
        if hot:
            self._hot_size += size

    def _pack(self, macro: object, text: Markup) -> bytes:
        content = text.encode("utf-8", "surrogatepass")
        sample = self._samples.get(macro)
        if sample is None:
            sample = self._samples[macro] = content[-_WINDOW:]
            self._count(len(sample))
        packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW, zdict=sample)
        packed: bytes = packer.compress(content) + packer.flush()
        return packed

    def _unpack(self, key: Key, packed: bytes) -> Markup:
        content = isal_zlib.decompressobj(_RAW, zdict=self._samples[key[0]]).decompress(packed)
        return Markup(content.decode("utf-8", "surrogatepass"))  # noqa: S704 - it was before


_WINDOW = 32 * 1024
_RAW = -15  # zlib's window bits for deflate without a head
_LEVEL = 1


def _weigh(kept: Kept) -> int:
    return getsizeof(kept[0]) + OVERHEAD


def _last_use(memory: Memory) -> tuple[bool, int]:
    return not len(memory), memory.moment


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
