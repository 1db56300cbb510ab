"""A real node in processes of its own, on free ports, with the service of `small_service`.

It ends with the test: the supervisor is ended by its handle, and its workers end with it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import psutil

ROOT = Path(__file__).parents[2]
SERVICE = "tests.web.small_service:create_service"

T = TypeVar("T")


def wait_for(condition: Callable[[], T], seconds: float = 15.0) -> T:
    """The first true value of ``condition``, asked again and again until the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {condition}"
        time.sleep(0.02)
    return value


def has_ended(pid: int) -> bool:
    """Whether the process is gone, or only its entry is left for its new parent to collect."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    return True


class NodeProcess:
    """One running ``sos serve``."""

    def __init__(
        self,
        folder: Path,
        service: str = SERVICE,
        environ: Mapping[str, str] | None = None,
        **settings: object,
    ) -> None:
        self.folder = folder
        self.log = folder / "log.jsonl"
        own = {k: v for k, v in os.environ.items() if not k.startswith(("SOS_", "DD_"))}
        own |= environ or {}
        own |= {
            "PYTHONPATH": str(ROOT),
            "SOS_LISTEN": "127.0.0.1:0",
            "SOS_HEALTH_LISTEN": "127.0.0.1:0",
            "SOS_REDIS_URL": "unix:///nowhere.sock",
            "SOS_STATE_DIR": str(folder),
            "SOS_WORKERS": "2",
            "SOS_DRAIN_SECONDS": "0",
            "SOS_LOG_FORMAT": "json",
        }
        own |= {f"SOS_{name.upper()}": str(value) for name, value in settings.items()}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sos", "serve", "--service", service],
                cwd=folder,
                env=own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def events(self, name: str) -> list[dict[str, Any]]:
        """Everything logged under this event so far, oldest first."""
        lines = self.log.read_text().splitlines()
        found = []
        for line in lines:
            with contextlib.suppress(json.JSONDecodeError):
                record = json.loads(line)
                if isinstance(record, dict) and record.get("event") == name:
                    found.append(record)
        return found

    def wait_until_ready(self) -> "NodeProcess":
        """Return once every worker is ready, or fail with the log."""
        wait_for(lambda: self.events("node_ready") or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()
        return self

    @property
    def public(self) -> tuple[str, int]:
        return self._address("public")

    @property
    def private(self) -> tuple[str, int]:
        return self._address("private")

    def _address(self, which: str) -> tuple[str, int]:
        host, _, port = self.events("node_started")[0][which].rpartition(":")
        return host.strip("[]"), int(port)

    def fetch(self, path: str, private: bool = True) -> tuple[int, str]:
        """Status and body of a path on the private (or public) port."""
        address = self.events("node_started")[0]["private" if private else "public"]
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def health(self, path: str = "/health") -> tuple[int, dict[str, Any]]:
        status, body = self.fetch(path)
        return status, json.loads(body)

    def workers(self) -> list[int]:
        """Process ids of the workers, by their place."""
        return [worker["pid"] for worker in self.health()[1]["workers"]]

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = 15) -> int:
        """The exit code, once it has ended."""
        return self.process.wait(seconds)


@contextlib.contextmanager
def running_node(
    folder: Path,
    service: str = SERVICE,
    environ: Mapping[str, str] | None = None,
    **settings: object,
) -> Iterator[NodeProcess]:
    """A node that is ready, ended with SIGKILL at the latest when this closes."""
    node = NodeProcess(folder, service, environ, **settings)
    children: list[psutil.Process] = []
    try:
        yield node.wait_until_ready()
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(node.process.pid).children(recursive=True)
        node.process.kill()
        node.process.wait()
        wait_for(lambda: all(has_ended(child.pid) for child in children))
