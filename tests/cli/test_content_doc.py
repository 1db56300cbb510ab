"""docs/importing.md and the README speak of commands and options that exist, and of all of them."""

from __future__ import annotations

import re
from pathlib import Path

import click
from sos.cli import cli
from sos.cli.content import content

ROOT = Path(__file__).parent.parent.parent


def test_every_command_and_option_of_content_is_documented() -> None:
    """Who reads the document knows all that `sos content` can do."""
    document = (ROOT / "docs/importing.md").read_text()
    for name, command in content.commands.items():
        assert f"sos content {name}" in document
        for option in command.params:
            if isinstance(option, click.Option):
                assert max(option.opts, key=len) in document, (name, option.opts)


def test_commands_in_the_documents_exist() -> None:
    """Each `sos …` of README and docs is a command of this version."""
    context = click.Context(cli)
    known = set(cli.list_commands(context))
    for file in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for group, command in re.findall(
            r"(?:\$|`)\s?sos ([a-z]+)(?: ([a-z]+))?", file.read_text()
        ):
            assert group in known, (file.name, group)
            if group == "content" and command:
                assert command in content.commands, (file.name, command)


def test_links_between_documents_lead_somewhere() -> None:
    """No relative link of README and docs is dead."""
    for file in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text()):
            assert (file.parent / target).exists(), (file.name, target)
