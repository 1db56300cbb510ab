"""The plugin's store classes for tests in Python: steps go to a PHP of their own, what became of them comes back."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import php
from tests.servers.wordpress import PUBLISHER

DRIVER = Path(__file__).parent / "php/store.php"
HOST = "www.example.org"


@dataclass(frozen=True)
class Client:
    """A PHP command; `name` is "socket" for the plugin's own client, "phpredis" for that extension."""

    name: str
    command: tuple[str, ...]

    def run(self, url: str, *steps: Sequence[Any], host: str = HOST) -> Run:
        """Carry the steps out, one after the other, in one process."""
        return self.begin(url, *steps, host=host)()

    def begin(self, url: str, *steps: Sequence[Any], host: str = HOST) -> Callable[[], Run]:
        """Begin to carry the steps out; the function that is returned waits for the end."""
        process = subprocess.Popen(
            [*self.command, str(DRIVER), str(PUBLISHER)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        text = json.dumps({"url": url, "host": host, "steps": steps}).encode()
        said: list[bytes] = []
        reader = threading.Thread(target=lambda: said.extend(process.communicate(text, 60)))
        reader.start()

        def wait() -> Run:
            reader.join(70)
            if reader.is_alive():
                process.kill()
                reader.join()
            assert (process.returncode, said[1]) == (0, b""), said
            answer = json.loads(said[0])
            assert answer["phpredis"] == (self.name == "phpredis")
            return Run(answer["steps"], answer["writes"])

        return wait


@dataclass(frozen=True)
class Run:
    """What became of each step, and what the breaker wrote."""

    steps: list[dict[str, Any]]
    writes: list[dict[str, Any]]

    @property
    def values(self) -> list[Any]:
        """What each step returned; fails if one of them was not carried out."""
        assert all("value" in step for step in self.steps), self.steps
        return [step["value"] for step in self.steps]

    @property
    def reasons(self) -> list[str]:
        """Why each step was not carried out; fails if one of them was."""
        return [step.get("unavailable") or step["refused"] for step in self.steps]


def find_client(name: str) -> Client:
    """The PHP of this system with that client. Raises MissingServerError."""
    found = (php.find_php(), "-d", "display_errors=stderr")
    if name == "socket":
        return Client(name, found)
    words = [word for file in php.find_phpredis() for word in ("-d", f"extension={file}")]
    return Client(name, (*found, *words))
