"""What ``sos release`` shows: a fleet on a terminal, outcomes in words, who is at work."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import socket
import sys
from pathlib import Path

import pytest
from rich.console import Console
from sos.cli.parts import open_objects, open_pointer, open_register, pointer_prefix
from sos.cli.release.fleet_display import build_table, describe_view
from sos.cli.release.operator import decide_operator
from sos.cli.release.telling import CODES, build_report, describe_interruption, describe_outcome
from sos.errors import SettingsError, StoreUnavailableError
from sos.rollout.acknowledge import NodeView, View
from sos.rollout.change import Outcome
from sos.rollout.pointer import Activation
from sos.settings import Settings

from tests.cli.release_shell import ROOT, ReleaseShell, reporting_nodes, until
from tests.rollout.steering import A, B

NODES = (
    NodeView(node="web-3", standing="serves", release=B, seconds=0.4),
    NodeView(node="web-1", standing="refuses", release=A, reason="single.html:3: \x1b[2J no"),
    NodeView(node="web-2", standing="on the way", release=A, phase="trying"),
    NodeView(node="web-4", standing="leaves", release=A),
)
VIEW = View(release=B, seconds=1.25, nodes=NODES, silent=("web-9",))


def test_who_is_not_there_yet_comes_first() -> None:
    """Refusals on top, whatever does not fit is counted."""
    console = Console(width=120, record=True, file=Path(os.devnull).open("w"))  # noqa: SIM115
    with console.file:
        console.print(build_table(VIEW, 3))
    lines = console.export_text().splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["web-1", "web-2", "web-3", "…"]
    assert "refuses: single.html:3:  [2J no" in lines[1]
    assert "trying" in lines[2]
    assert "0.4 s" in lines[3]


def test_a_line_says_how_far_it_is() -> None:
    """With who refuses, and who fell silent."""
    assert describe_view(VIEW) == (
        f"1 of 3 nodes serve {B}, 1 refuse it (web-1), 1 fell silent (web-9)"
    )
    assert describe_view(View(release=B, seconds=0.0)).startswith("no node")


@pytest.mark.parametrize("result", list(CODES))
def test_every_outcome_has_words_a_code_and_an_object(result: str) -> None:
    """The words name the release; the object says the same."""
    line = Activation(release=B, previous=A, at=1.0, by="ann")
    outcome = Outcome(
        result=result, release=B, live=A, reason="because", view=VIEW, changed=line  # type: ignore[arg-type]
    )  # fmt: skip
    words = describe_outcome(outcome)
    assert B in words[0]
    report = build_report(outcome)
    assert (report["result"], report["exit_code"]) == (result, CODES[outcome.result])
    assert (report["previous"], len(report["nodes"])) == (A, 4)
    if CODES[outcome.result]:
        assert len(words) > 1 or "because" in words[0]


def test_interruption_says_what_is_left_behind() -> None:
    """Nothing, a canary, or a pointer that is set."""
    begun = Activation(release=B, previous=A, at=1.0, kind="canary")
    ended = Activation(release=A, previous=B, at=2.0, kind="canary")
    live = Activation(release=B, previous=A, at=3.0)
    assert describe_interruption([]) == "nothing was changed"
    assert "sos release canary --stop" in describe_interruption([begun])
    assert describe_interruption([begun, ended]) == "the canary was ended"
    assert f"the pointer IS set: {B}" in describe_interruption([begun, live])


def test_operator_is_a_person_or_a_job() -> None:
    """As far as the environment says."""
    github = {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octo", "GITHUB_RUN_ID": "7"}
    assert decide_operator(github) == "octo (GitHub run 7)"
    gitlab = {"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "ann", "CI_JOB_ID": "8"}
    assert decide_operator(gitlab) == "ann (GitLab job 8)"
    assert decide_operator({"JENKINS_URL": "x", "BUILD_TAG": "job-9"}) == "Jenkins (job-9)"
    assert decide_operator({}).endswith(f"@{socket.gethostname()}")


async def test_parts_are_those_that_settings_name(tmp_path: Path) -> None:
    """Nothing is asked of a server before it is needed."""
    s3 = Settings(bucket="s3://some-bucket/www", pointer="consul:a/b/")
    file = Settings(bucket=f"file:{tmp_path}/r", pointer=f"file:{tmp_path}/p")
    assert (pointer_prefix(s3), pointer_prefix(file)) == ("a/b", "")
    async with open_objects(s3) as objects:
        assert type(objects).__name__ == "S3Objects"
    async with open_objects(file) as objects:
        assert await objects.list_names() == ()
    async with open_pointer(file) as pointer:
        assert (await pointer.fetch()).problem == "missing"
    with pytest.raises(SettingsError, match="bucket: 'nonsense'"):
        async with open_objects(Settings(bucket="nonsense")):
            pass


async def test_register_of_an_embedded_store_is_not_started(tmp_path: Path) -> None:
    """Where no store runs there is no node."""
    settings = Settings(redis_url=f"embedded:{tmp_path}/valkey")
    async with open_register(settings) as register:
        with pytest.raises(StoreUnavailableError):
            await register.fetch_nodes()
    assert not (tmp_path / "valkey").exists()


async def test_terminal_asks_before_and_shows_the_fleet(releases: ReleaseShell) -> None:
    """A table that is drawn in place; an answer of no changes nothing."""
    name = await releases.publish()
    async with reporting_nodes(releases, 2):
        refused, text = await in_terminal(releases, b"n\n", "activate", name, "--no-check")
        assert refused == 1
        assert f"Make {name} live? [Y/n]:" in text
        assert "nothing was changed" in text
        assert (await releases.pointer.fetch()).release is None
        code, text = await in_terminal(releases, b"\n", "activate", name, "--no-check")
    assert code == 0, text
    assert re.search(rf"web-2 +{name} +serves +\d\.\d s", text)
    assert f"{name} is live on 2 nodes" in text


async def in_terminal(shell: ReleaseShell, typed: bytes, *arguments: str) -> tuple[int, str]:
    """Exit code and screen of a command on a terminal of its own."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from sos.cli import main; main()", "release", *arguments),
        env={**shell.environment, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"},
        cwd=shell.folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    shell.started.append(process)
    os.close(theirs)
    screen = b""

    def asked() -> bool:
        nonlocal screen
        try:
            screen += os.read(ours, 65536)
        except BlockingIOError:
            pass
        except OSError:  # it has ended
            return True
        return b"[Y/n]" in screen

    try:
        await until(asked)
        os.write(ours, typed)

        def ended() -> bool:
            asked()
            return process.returncode is not None

        await until(ended)
        asked()
    finally:
        os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.decode(errors="replace"))
    return process.returncode or 0, text
