"""The command ``sos``: one module per command group, each a thin shell over the packages below.

An error of sos ends the command with its own exit code (sysexits.h) and one line on stderr.
"""

import importlib
import sys

import click

from sos import __version__
from sos.errors import SosError

COMMANDS = {
    "demo": "sos.cli.demo:demo",
    "serve": "sos.cli.serve:serve",
    "dev": "sos.cli.dev:dev",
    "release": "sos.cli.release:release",
    "fleet": "sos.cli.fleet:fleet",
    "content": "sos.cli.content:content",
    "config": "sos.cli.config:config",
}
"""Where each command lives; a command's imports are paid for by that command only."""


class LazyGroup(click.Group):
    """Imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sos")
def cli() -> None:
    """Secretary of Stateless: render a WordPress site from Redis, on nodes that hold no state."""


def main() -> None:
    """Run the command; an error of sos becomes its exit code and a line that says what to do."""
    try:
        cli()
    except SosError as exc:
        click.echo(f"sos: {exc}", err=True)
        sys.exit(exc.exit_code)
