"""Processes of a node that start soon and stay small.

In: a block of imports, and the C library's allocator. Out: the same modules, without the work that
importing does in advance and a node may never need, and a heap with few holes. It changes what is
done when and where, never what a module can do afterwards.
"""

import contextlib
import ctypes
import gc
import ssl
import sys
from collections.abc import Iterator
from typing import Any

LARGE = 32 * 1024
"""Blocks of memory from so many bytes are given back to the system as soon as they are free."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # <malloc.h>, glibc
_ROOM_AT_THE_END = 1024 * 1024


def keep_heap_small() -> None:
    """Have glibc keep few holes: those that pages in the making leave were a tenth of a worker.

    One heap for all threads, of which few work at a time; the text of a page lies outside of it, so
    that nothing small is left in the middle of where one was. To be called before any thread is
    started; does nothing where there is another C library, and what is in the environment
    (``MALLOC_ARENA_MAX`` and the like) is as if it were not there.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, LARGE)
        mallopt(_M_TRIM_THRESHOLD, _ROOM_AT_THE_END)


def give_back() -> None:
    """Give free memory back to the system wherever in the heap it lies (malloc_trim(3), glibc).

    Takes 2 ms for 15 MB of holes and 0.2 ms for none; other threads get no memory meanwhile. A
    snapshot of the content, or a release that is loaded, would leave 30 MB for good.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


@contextlib.contextmanager
def lean_imports() -> Iterator[None]:
    """Import within this; to be used by one thread, before any other runs.

    Left out are the collector's walks over modules that live as long as the process; certificates
    that aiohttp reads for clients which a node may never be, until one connects; and rich, which
    structlog takes for tracebacks in colour that sos does not print. Together a third of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        with _late_certificates(), _hidden("rich"):
            yield
    finally:
        if collecting:
            gc.freeze()
            gc.enable()


class _LateContext(ssl.SSLContext):
    """Trusts the system's certificates, and reads them when a connection begins."""

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        return self._fill().wrap_bio(*args, **options)

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        return self._fill().wrap_socket(*args, **options)

    def _fill(self) -> ssl.SSLContext:
        self.__class__ = ssl.SSLContext  # type: ignore[assignment] # what it was made as
        self.set_default_verify_paths()
        return self


@contextlib.contextmanager
def _late_certificates() -> Iterator[None]:
    """Contexts that are made meanwhile, and should trust the system, read its certificates late."""
    late: list[ssl.SSLContext] = []
    names = ("load_default_certs", "set_default_verify_paths")
    own = {name: vars(ssl.SSLContext)[name] for name in names if name in vars(ssl.SSLContext)}
    for name in names:
        setattr(ssl.SSLContext, name, lambda context, *_: late.append(context))
    try:
        yield
    finally:
        for name in names:
            if name in own:
                setattr(ssl.SSLContext, name, own[name])
            else:
                delattr(ssl.SSLContext, name)
        for context in late:
            context.__class__ = _LateContext


@contextlib.contextmanager
def _hidden(name: str) -> Iterator[None]:
    """A package that is not there for whoever can do without it; once imported, it stays."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment] # the import system's word for "there is none"
    try:
        yield
    finally:
        del sys.modules[name]
