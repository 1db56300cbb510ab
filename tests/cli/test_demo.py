"""``sos demo``: what a visitor of the repository types first."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from sos.cli.demo import demo_settings, reach_command

START_SECONDS = 60.0


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, started in an empty folder."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SOS_")}
    with (tmp_path / "out.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sos", "demo"],
            cwd=tmp_path,
            env=environ | {"COLUMNS": "120"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def test_demo_shows_a_complete_site_and_ends_with_ctrl_c(
    demo: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """It prints an address that answers at once, with pictures, and leaves with code 0."""
    log = tmp_path / "out.log"
    deadline = time.monotonic() + START_SECONDS
    while "Ctrl-C" not in log.read_text():
        assert demo.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    node = json.loads(next(tmp_path.glob("var/demo/*/node.json")).read_text())
    assert f"http://{node['public']}/" in log.read_text()
    assert "warning" not in log.read_text(), "the first thing that a visitor sees is no trouble"
    with urllib.request.urlopen(f"http://{node['public']}/", timeout=10) as answer:
        page = answer.read().decode()
    assert "Tidewick Together" in page
    picture = page.split('src="/wp-content/uploads/')[1].split('"')[0]
    with urllib.request.urlopen(
        f"http://{node['public']}/wp-content/uploads/{picture}", timeout=10
    ) as answer:
        assert answer.headers["Content-Type"].startswith("image/")
    demo.send_signal(signal.SIGINT)
    assert demo.wait(30) == 0


def test_demo_beside_another_has_two_ports_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the public port is taken, the next one is the default of the private address."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SOS_LISTEN", f"127.0.0.1:{taken}")
        monkeypatch.setenv("SOS_HEALTH_LISTEN", f"127.0.0.1:{taken + 1}")
        settings = demo_settings(None, None)
        assert settings.listen != f"127.0.0.1:{taken}"
        assert settings.health_listen != settings.listen
    monkeypatch.setenv("SOS_HEALTH_LISTEN", settings.listen)
    wanted = demo_settings(None, int(settings.listen.rpartition(":")[2]))
    assert wanted.listen == settings.listen != wanted.health_listen


def test_demo_tells_a_shell_that_does_not_know_the_command_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `make demo` in a checkout; or where the system has another command `sos`."""
    for folder in ("own", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sos").touch(mode=0o755)
    own = tmp_path / "own"
    monkeypatch.setattr(sys, "argv", [str(own / "sos"), "demo"])
    for path in ("/nowhere", str(tmp_path / "other")):
        monkeypatch.setenv("PATH", path)
        assert reach_command() == [f'export PATH="{own}:$PATH"']
    monkeypatch.setenv("PATH", f"{own}:/nowhere")
    assert reach_command() == []
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "__main__.py"), "demo"])
    assert reach_command() == []
