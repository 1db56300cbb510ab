"""A WordPress with the plugin, a store and a node, and an editor's browser: for tests of previews.

WordPress is at 127.0.0.1 and the public site at localhost: two hosts, as on a real site, so that no
cookie of one is sent to the other.
"""

from __future__ import annotations

import contextlib
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from playwright.async_api import Page

from tests.endtoend.pair import NoRedirect
from tests.servers.node import Node, start_node
from tests.servers.ports import port_of, reserve_port
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.wordpress import WordPressServer

SECRET = "a secret of sixteen characters or more"
HOST = "localhost"
FILL = """
$plugin = SOS_Publisher\\Plugin::instance();
$plugin->store()->take_time( true );
$plugin->rebuild()->start();
do {
	$progress = $plugin->rebuild()->step( 20.0 );
	if ( '' !== $progress['error'] ) {
		throw new Exception( $progress['error'] );
	}
} while ( $progress['running'] );
"""
CLASSIC = "<?php add_filter( 'use_block_editor_for_post', '__return_false', 99 );\n"


@dataclass
class Stage:
    """All of it; ``site`` is the public address."""

    wordpress: WordPressServer
    valkey: ValkeyProcess
    node: Node
    site: str

    def php(self, code: str, *arguments: object) -> str:
        """Run PHP in WordPress as its administrator."""
        return self.wordpress.run_php(code, *map(str, arguments))

    def public(self, path: str) -> tuple[int, str]:
        """What the public gets, redirects not followed."""
        opener = urllib.request.build_opener(NoRedirect)
        target = path if path.startswith("http:") else self.site + path
        try:
            with opener.open(target, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def follow(self, link: str) -> tuple[int, str]:
        """What somebody without an account gets at a link, its redirect and cookie followed."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(link, timeout=20) as answer:
            return answer.status, answer.read().decode()

    def previews(self) -> int:
        """Previews that are kept now."""
        return len(self.lives())

    def lives(self) -> list[int]:
        """How long each of them lives on, seconds."""
        with redis.Redis.from_url(self.valkey.url) as client:
            keys = list(client.scan_iter(f"sos:{{{HOST}}}:preview:*"))
            return [int(client.ttl(key)) for key in keys]

    def wait_public(self, path: str, holds: Callable[[int, str], bool], seconds: float = 15) -> str:
        """What the public gets once a condition on status and text holds."""
        deadline = time.monotonic() + seconds
        while not holds(*(answer := self.public(path))):
            assert time.monotonic() < deadline, f"{path}: {answer[0]} {answer[1][:300]}"
            time.sleep(0.05)
        return answer[1]

    def use_classic_editor(self, wanted: bool) -> None:
        """Which of the two editors opens posts."""
        file = self.wordpress.content / "mu-plugins" / "classic.php"
        if wanted:
            file.write_text(CLASSIC)
        else:
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def make_stage(wordpress: WordPressServer, folder: Path) -> Iterator[Stage]:
    """The content of ``wordpress`` on a node; all but WordPress ends."""
    valkey = ValkeyProcess(folder / "valkey").start()
    port = reserve_port()
    site = f"http://{HOST}:{port_of(port)}"
    node: Node | None = None
    try:
        wordpress.define(SOS_SITE=site, SOS_REDIS_URL=valkey.url, SOS_PREVIEW_SECRET=SECRET)
        wordpress.run_php(FILL)
        node = start_node(
            folder / "node",
            valkey.url,
            site=site,
            listen=f"127.0.0.1:{port_of(port)}",
            workers=1,
            redis_timeout_ms=2000,
            preview_secret=SECRET,
            bucket=f"file:{folder / 'bucket'}",
            pointer=f"file:{folder / 'pointer'}",
        )
        yield Stage(wordpress, valkey, node, site)
    finally:
        if node:
            node.stop()
        valkey.stop()
        port.close()
        wordpress.define(SOS_SITE=None, SOS_REDIS_URL=None, SOS_PREVIEW_SECRET=None)


async def log_in(page: Page, wordpress: WordPressServer, user: str = "") -> None:
    """As the administrator, or another one with the same password, the way people do."""
    await page.goto(f"{wordpress.url}/wp-login.php")
    await page.fill("#user_login", user or wordpress.admin_user)
    await page.fill("#user_pass", "not a secret")
    await page.click("#wp-submit")
    await page.wait_for_url("**/wp-admin/**")
