"""Templates that never end, or take all memory: a release whose pages are given up.

In: a page model. Out: HTML, or a TemplateError with the line that was reached. A node tries them
in a process with limits; here a template is rendered as it is saved, on the loop that serves.
"""

import contextlib
import resource
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from sos.page.model import PageModel
from sos.release.environment import Release

SECONDS = 3.0
"""How long one page may take; a hundred times what the slowest sound one needs."""

MEMORY = 4 * 1024**3
"""How much memory the process may have, bytes; it needs a tenth of that."""


def limit_memory() -> None:
    """Have what wants more than MEMORY fail, instead of taking it from all else on the machine."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    with contextlib.suppress(ValueError, OSError):  # some systems know no such limit
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class BoundedRelease(Release):
    """Renders as any other, but not for ever."""

    def render(self, page: PageModel) -> str:
        """Return the page as HTML. Raises TemplateError, also for what takes too long."""
        with _bounded():
            return super().render(page)


class _TooLongError(Exception):
    pass


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Raise within, after SECONDS. Only the main thread has signals; others hold up nobody."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(_: int, __: FrameType | None) -> None:
        raise _TooLongError(f"takes longer than {SECONDS:.0f} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
