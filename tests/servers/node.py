"""A real node for tests: ``sos serve`` in processes of its own, on ports that nobody chose.

Use `start_node` in a fixture or test and stop it with `Node.stop`; its log is at `Node.log_path`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

START_SECONDS = 20.0
STOP_SECONDS = 45.0
SITE = "http://www.example.org"


class Node:
    """A running node. ``public`` and ``private`` are ``host:port``."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.log_path = folder / "node.log"
        addresses = self._wait_for_addresses()
        self.public: str = addresses["public"]
        self.private: str = addresses["private"]

    def _wait_for_addresses(self) -> dict[str, Any]:
        deadline = time.monotonic() + START_SECONDS
        path = self.folder / "node.json"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the node ended at once:\n{self.log()[-3000:]}")
            if path.exists():
                addresses: dict[str, Any] = json.loads(path.read_bytes())
                return addresses
            time.sleep(0.02)
        raise RuntimeError(f"the node did not start in {START_SECONDS} s:\n{self.log()[-3000:]}")

    def log(self) -> str:
        """What it logged so far."""
        return self.log_path.read_text(errors="replace")

    def fetch_private(self, path: str) -> tuple[int, str]:
        """Status and body of a path on the private port."""
        try:
            with urllib.request.urlopen(f"http://{self.private}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def health(self) -> dict[str, Any]:
        """The JSON of ``/health``, whatever its status."""
        body: dict[str, Any] = json.loads(self.fetch_private("/health")[1])
        return body

    def metric(self, name: str) -> float:
        """Sum of the samples of one metric."""
        lines = self.fetch_private("/metrics")[1].splitlines()
        values = [
            line.rsplit(" ", 1)[1] for line in lines if line.startswith((f"{name} ", f"{name}{{"))
        ]
        return sum(map(float, values))

    def verdict(self) -> tuple[int, str]:
        """Status and word of ``/health-elb``."""
        status, body = self.fetch_private("/health-elb")
        return status, json.loads(body)["status"]

    def wait_in_service(self, seconds: float = START_SECONDS) -> None:
        """Return when ``/health-elb`` says 200."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                if self.verdict()[0] == 200:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"not in service after {seconds} s:\n{self.log()[-3000:]}")

    def wait_healthy(self, seconds: float = START_SECONDS) -> None:
        """Return when ``/health`` says 200."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):  # a busy machine: not listening yet
                if self.fetch_private("/health")[0] == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"not healthy after {seconds} s:\n{self.log()[-3000:]}")

    def stop(self) -> int:
        """Drain and end it; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


def start_node(
    folder: Path,
    redis_url: str,
    *,
    wait: bool = True,
    environ: Mapping[str, str] | None = None,
    **settings: object,
) -> Node:
    """Start a node for SITE with its state in ``folder``; keyword arguments are settings.

    ``environ`` is for what has a name of its own: that of Consul and AWS.
    """
    given = {
        "site": SITE,
        "listen": "127.0.0.1:0",
        "health_listen": "127.0.0.1:0",
        "redis_url": redis_url,
        "state_dir": str(folder),
        "workers": 2,
        "drain_seconds": 0,
        "log_format": "json",
        **settings,
    }
    foreign = ("SOS_", "AWS_", "CONSUL_")
    own = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    own |= environ or {}
    own |= {f"SOS_{name.upper()}": str(value) for name, value in given.items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "node.json").unlink(missing_ok=True)  # of a node that was killed here before
    with (folder / "node.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sos", "serve"],
            env=own,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        node = Node(process, folder)
        if wait:
            node.wait_healthy()
    except BaseException:
        process.kill()
        process.wait()
        raise
    return node
