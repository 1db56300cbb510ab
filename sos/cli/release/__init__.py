"""``sos release``: templates from a folder to every node, and back again.

In: what a person or a script asks for. Out: words on stderr, what a script needs on stdout, an exit
code. One module per command or two, imported when it is asked for.

Exit codes: 0 done, 1 a release is not live, or not on every node, 2 wrong usage, 65 a release is
broken or unknown, 69 store, pointer or fleet can't be seen, 78 wrong settings, 130 interrupted.
"""

import importlib

import click

_COMMANDS = {
    "new": "new",
    "build": "build",
    "check": "check",
    "publish": "publish",
    "activate": "activate",
    "canary": "canary",
    "rollback": "rollback",
    "list": "listing",
    "show": "listing",
    "diff": "diff",
    "preview": "preview",
    "keygen": "keygen",
    "gc": "gc",
}
"""The module of each command, in the order of a release's life."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"sos.cli.release.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, "list_" if cmd_name == "list" else cmd_name)
        return command


@click.group(cls=_Commands)
def release() -> None:
    """Build, check, publish and activate template releases, and go back.

    Releases lie where SOS_BUCKET says, SOS_POINTER says which one is live, and nodes report to the
    register in SOS_REDIS_URL. docs/releases.md tells the whole story.
    """
