"""``sos demo`` as its user starts it: the sample site on ports that nobody chose."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

START_SECONDS = 90.0
STOP_SECONDS = 30.0


class SampleSite:
    """The running command. ``front`` is its front page as it was when it started: soon after, a
    scheduled post goes live."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "demo.log"
        environ = {k: v for k, v in os.environ.items() if not k.startswith("SOS_")}
        environ |= {"COLUMNS": "200", "SOS_HEALTH_LISTEN": "127.0.0.1:0"}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sos", "demo", "--port", "0"],
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait()
            found = re.search(r"http://127\.0\.0\.1:\d+", self._said())
            assert found, self._said()
            self.base = found[0]
            self.front = self.fetch("/")
        except BaseException:
            self.stop()
            raise

    def fetch(self, path: str) -> bytes:
        """The body of a page. Raises OSError for any status but 200."""
        with urllib.request.urlopen(f"{self.base}{path}", timeout=20) as answer:
            body: bytes = answer.read()
            return body

    def find_links(self, part: str = "") -> list[str]:
        """Paths that the front page leads to and that hold ``part``, in its order, each once."""
        links = re.findall(r'href="(/[^"#?]*/)"', self.front.decode())
        return [link for link in dict.fromkeys(links) if part in link]

    def find_post(self) -> str:
        """Path of a post with a picture: the first of the feed."""
        found = re.search(r"<item>.*?<link>https?://[^/]+(/[^<]+)</link>", self._feed(), re.DOTALL)
        assert found, "the feed has no post"
        return found[1]

    def _feed(self) -> str:
        return self.fetch("/feed/").decode()

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        if self._process.poll() is None:
            self._process.send_signal(2)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C" not in self._said():
            assert self._process.poll() is None, self._said()
            assert time.monotonic() < deadline, self._said()
            time.sleep(0.05)

    def _said(self) -> str:
        return self._log.read_text(errors="replace")
