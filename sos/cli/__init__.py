"""The command ``sos``: one module per command group, each a thin shell over the packages below.

An error of sos ends the command with its own exit code (sysexits.h) and one line on stderr; with
``--json`` that line is a JSON object.
"""

import sys

import click

from sos import __version__
from sos.errors import SosError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sos")
def cli() -> None:
    """Secretary of Stateless: render a WordPress site from Redis, on nodes that hold no state."""


def main() -> None:
    """Run the command; an error of sos becomes its exit code and one line that says what to do."""
    from sos.cli import content

    cli.add_command(content.content)
    try:
        cli(standalone_mode=True)
    except SosError as exc:
        click.echo(f"sos: {exc}", err=True)
        sys.exit(exc.exit_code)
