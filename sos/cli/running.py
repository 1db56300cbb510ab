"""Running what a command does: settings loaded, logs quiet, errors as JSON where asked for.

In: a function of the settings. Out: its result, or the error of sos that ends the command.
"""

import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import click
import msgspec
import uvloop

from sos.errors import SosError
from sos.log import configure_logging
from sos.settings import Settings, load_settings

T = TypeVar("T")


def run(work: Callable[[Settings], Coroutine[Any, Any, T]], *, as_json: bool) -> T:
    """Load settings and run; with ``--json`` an error of sos becomes a JSON object on stdout."""
    with _errors_as_json(as_json):
        settings, _ = load_settings()
        configure_logging("warning", settings.log_format)
        return uvloop.run(work(settings))


def print_json(value: Any) -> None:
    """One JSON object on stdout, indented."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


@contextlib.contextmanager
def _errors_as_json(as_json: bool) -> Iterator[None]:
    try:
        yield
    except SosError as exc:
        if as_json:
            error = {"error": str(exc), "kind": type(exc).__name__, "exit_code": exc.exit_code}
            print_json(error)
        raise
