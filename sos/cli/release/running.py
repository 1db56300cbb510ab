"""What all commands of ``sos release`` share: options, interruption, words for a person.

In: what a command does. Out: its result; Ctrl-C becomes exit code 130, and a word about what has
been changed by then.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from sos.cli.running import run
from sos.settings import Settings

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])

INTERRUPTED = 130

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def run_command(
    work: Callable[[Settings], Coroutine[Any, Any, T]],
    *,
    as_json: bool,
    on_interrupt: Callable[[], str] = lambda: "nothing was changed",
) -> T:
    """Run; at Ctrl-C say what ``on_interrupt`` says and end with exit code 130."""
    try:
        return run(work, as_json=as_json)
    except KeyboardInterrupt:
        say(f"interrupted: {on_interrupt()}")
        sys.exit(INTERRUPTED)


def find_start() -> float:
    """When this command was given, epoch seconds: Python needs a while before it gets to our code.

    Ten milliseconds' resolution on Linux (proc_pid_stat(5), ``starttime``); elsewhere now.
    """
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
        ticks = int(fields.rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        age = 0.0
    return time.time() - max(0.0, age)


def say(text: str) -> None:
    """A line for a person, on stderr. Text of others can't command the terminal."""
    click.echo(_CONTROL.sub(" ", text), err=True)


def json_option(command: Command) -> Command:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")(
        command
    )


def change_options(command: Command) -> Command:
    """``--why`` and ``--by`` of what goes into the history."""
    for option in (
        click.option("--by", metavar="NAME", help="Who does it; default: you, or the CI job."),
        click.option("--why", metavar="TEXT", default="", help="Why, for the history."),
    ):
        command = option(command)
    return command
