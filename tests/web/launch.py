"""Run one ``sos`` command in a process of its own, with the exit codes of ``sos.cli.main``."""

import sys

import click
from sos.cli.config import config
from sos.cli.serve import serve
from sos.errors import SosError

if __name__ == "__main__":
    try:
        click.Group(commands=[serve, config])()
    except SosError as exc:
        click.echo(f"sos: {exc}", err=True)
        sys.exit(exc.exit_code)
