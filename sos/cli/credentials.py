"""An application password for a WordPress site, from wherever a person may safely leave one.

In: options and environment. Out: credentials, or none. Never from an argument, which other users of
the machine could read, and never from a URL.
"""

import os
import sys
from pathlib import Path

import click

from sos.wordpress.source import Credentials


def read_credentials(user: str | None, password_file: Path | None) -> Credentials | None:
    """Credentials of ``user`` or SOS_WP_USER; None when neither is given.

    The password is the first line of ``password_file``, else SOS_WP_PASSWORD, else it is asked for.
    Raises UsageError when it can't be had, or when there is a password and no user.
    """
    user = user or os.environ.get("SOS_WP_USER", "")
    password = os.environ.get("SOS_WP_PASSWORD", "")
    if password_file is not None:
        password = _read_first_line(password_file)
    if not user:
        if password:
            raise click.UsageError("a password without a user: give --user or set SOS_WP_USER")
        return None
    if not password and sys.stdin.isatty():
        password = click.prompt(f"Application password of {user}", hide_input=True, err=True)
    if not password:
        raise click.UsageError(
            f"no password for {user}: give --password-file or set SOS_WP_PASSWORD"
        )
    return Credentials(user, password)


def _read_first_line(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise click.UsageError(f"can't read --password-file {file}: {exc}") from exc
    password = lines[0].strip() if lines else ""
    if not password:
        raise click.UsageError(f"--password-file {file} is empty")
    return password
