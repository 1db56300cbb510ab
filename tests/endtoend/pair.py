"""A real WordPress and a node that shows its content, imported by the command that users type."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.node import SITE, Node, start_node
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.wordpress import WordPressServer

HOST = SITE.removeprefix("http://")


@dataclass
class Pair:
    """A WordPress and the node that shows its content."""

    wordpress: WordPressServer
    valkey: ValkeyProcess
    node: Node | None = None
    summary: dict[str, Any] = field(default_factory=dict)

    def sos(self, *arguments: str, anonymous: bool = False) -> subprocess.CompletedProcess[str]:
        """Run the command ``sos`` on this store, with WordPress's application password or not."""
        given = {
            "SOS_WP_USER": self.wordpress.admin_user,
            "SOS_WP_PASSWORD": self.wordpress.application_password,
        }
        return run_sos(self.valkey.url, *arguments, **({} if anonymous else given))

    def import_site(self, *, anonymous: bool = False) -> dict[str, Any]:
        """``sos content import``; its summary."""
        command = ("content", "import", self.wordpress.url, "--json")
        done = self.sos(*command, anonymous=anonymous)
        assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
        self.summary = json.loads(done.stdout)
        return self.summary

    def from_wordpress(self, path: str) -> tuple[int, str]:
        """Status and page as WordPress renders it for the anonymous public."""
        answer = self.wordpress.fetch(path)
        return answer.status, answer.text

    def from_sos(self, path: str) -> tuple[int, str, dict[str, str]]:
        """Status, page and headers as sos answers."""
        assert self.node
        request = urllib.request.Request(f"http://{self.node.public}{path}", headers={"Host": HOST})
        opener = urllib.request.build_opener(NoRedirect)
        try:
            with opener.open(request, timeout=10) as answer:
                return answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), dict(error.headers)

    def paths(self) -> list[str]:
        """Every path of WordPress's own sitemap."""
        return [u.removeprefix(self.wordpress.url) or "/" for u in self.wordpress.sitemap_urls()]

    def path_of(self, key: str) -> str:
        """Path of an item of the test site."""
        link: str = self.wordpress.fixture[key]["link"]
        return link.removeprefix(self.wordpress.url)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer."""

    def redirect_request(self, *_: Any) -> None:
        return None


def run_sos(
    redis_url: str, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command ``sos`` the way a user does."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SOS_")}
    environ |= {"SOS_SITE": SITE, "SOS_REDIS_URL": redis_url, **environment}
    return subprocess.run(
        [sys.executable, "-m", "sos", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@contextlib.contextmanager
def make_pair(
    wordpress: WordPressServer, folder: Path, *, anonymous: bool = False
) -> Iterator[Pair]:
    """Import ``wordpress`` into a store of its own and start a node; all but WordPress ends."""
    valkey = ValkeyProcess(folder / "valkey").start()
    pair = Pair(wordpress, valkey)
    try:
        pair.import_site(anonymous=anonymous)
        pair.node = start_node(folder / "node", valkey.url, workers=1, redis_timeout_ms=2000)
        yield pair
    finally:
        if pair.node:
            pair.node.stop()
        valkey.stop()
