"""``sos dev`` as its user starts it, on a copy of the theme that comes with sos."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sos.release.folder import find_templates

START_SECONDS = 60.0
STOP_SECONDS = 20.0


class Dev:
    """The command, running in a folder of its own; ``theme`` is what it shows."""

    def __init__(self, place: Path, *options: str, theme: str = "theme", port: int = 0) -> None:
        self.place = place
        self.theme = place / theme
        self._options = options
        self._port = port
        self._log = place / "out.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> None:
        """Start it, and wait until it says that it runs."""
        if not self.theme.exists():
            shutil.copytree(find_templates(), self.theme)
        environ = {k: v for k, v in os.environ.items() if not k.startswith("SOS_")}
        arguments = (
            "dev",
            "--templates",
            self.theme.name,
            "--port",
            str(self._port),
            *self._options,
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sos", *arguments],
                cwd=self.place,
                env=environ | {"COLUMNS": "200"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C" not in self.said():
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)
        found = re.search(r"(http://127\.0\.0\.1:(\d+))/   the site", self.said())
        assert found, self.said()
        self.url, self._port = found[1], int(found[2])

    def stop(self) -> int:
        """End it as Ctrl-C does; its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(2)
        try:
            return self._process.wait(STOP_SECONDS)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            self._process = None

    def said(self) -> str:
        """All that it has said in the terminal."""
        return self._log.read_text(errors="replace")

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Save a changed file, as an editor does."""
        path = self.theme / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
