"""A sign that something is under way: a spinner on a terminal, nothing elsewhere."""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show what is done for as long as it is."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # 0.1 s, and only terminals need it

    with Console(stderr=True, highlight=False).status(f"{what} …"):
        yield
