"""A WordPress that publishes by the plugin alone: its store, nodes that show it, and an editor's REST calls."""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from tests.endtoend.pair import HOST
from tests.servers.node import SITE, Node, start_node
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.wordpress import WordPressServer

REBUILD = """
$rebuild = SOS_Publisher\\Plugin::instance()->rebuild();
$rebuild->start();
do {
	$state = $rebuild->step( 20 );
} while ( $state['running'] && '' === $state['error'] );
echo json_encode( $state );
"""


@dataclass
class Publishing:
    """All of it. The nodes show what the plugin sent, and nothing else."""

    wordpress: WordPressServer
    valkey: ValkeyProcess
    nodes: list[Node]

    def rest(self, path: str, body: Any = None) -> tuple[int, Any]:
        """A call of WordPress's REST API as an editor, with its status."""
        answer = self.wordpress.rest(path, auth=True, method="POST" if body else "GET", body=body)
        return answer.status, json.loads(answer.text) if answer.text.startswith(("{", "[")) else {}

    def publish(self, title: str, content: str = "") -> dict[str, Any]:
        """A new post, live in WordPress."""
        status, post = self.rest(
            "/wp/v2/posts", {"title": title, "content": content or title, "status": "publish"}
        )
        assert status == 201, post
        found: dict[str, Any] = post
        return found

    def path(self, post: dict[str, Any]) -> str:
        """Public path of a post."""
        return str(post["link"]).removeprefix(self.wordpress.url)

    def from_node(self, path: str, node: int = 0) -> tuple[int, str]:
        """Status and page as a node answers now."""
        request = urllib.request.Request(
            f"http://{self.nodes[node].public}{path}", headers={"Host": HOST}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def wait_for(self, path: str, text: str, seconds: float = 15.0) -> None:
        """Return when every node shows ``text`` at ``path``."""
        for number in range(len(self.nodes)):
            self.wait_until(lambda n=number: text in self.from_node(path, n)[1], path, seconds)

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
        """Poll a condition with a deadline."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.02)

    def backlog(self) -> int:
        """Changes that were not sent."""
        said = self.wordpress.run_php(
            "echo SOS_Publisher\\Plugin::instance()->marks()->backlog()['count'];"
        )
        return int(said)

    def run_cron(self) -> None:
        """What WP-Cron does once a minute."""
        self.wordpress.run_php("do_action( 'sos_publisher_minute' );")

    def rebuild(self) -> dict[str, Any]:
        """Everything anew; the state at its end."""
        state: dict[str, Any] = json.loads(self.wordpress.run_php(REBUILD))
        assert not state["error"], state
        return state

    def document(self, ref: str) -> dict[str, Any]:
        """What the store holds of an object."""
        with contextlib.closing(redis.Redis.from_url(self.valkey.url)) as client:
            found = client.hget(f"sos:{{{HOST}}}:doc", ref)
        assert isinstance(found, bytes), f"{ref} is not in the store"
        document: dict[str, Any] = json.loads(found)
        return document

    def titles(self) -> dict[int, str]:
        """Titles of all published posts in WordPress's database, by id."""
        said = self.wordpress.run_php(
            'global $wpdb; echo json_encode( $wpdb->get_results( "SELECT ID, post_title FROM '
            "$wpdb->posts WHERE post_type = 'post' AND post_status = 'publish'\" ) );"
        )
        return {int(row["ID"]): row["post_title"] for row in json.loads(said)}

    def stored_titles(self) -> dict[int, str]:
        """As above, of the store; a title with more than letters, digits and spaces is WordPress's own."""
        with contextlib.closing(redis.Redis.from_url(self.valkey.url)) as client:
            found = client.hgetall(f"sos:{{{HOST}}}:doc")
        assert isinstance(found, dict)
        documents = [json.loads(v) for k, v in found.items() if k.startswith(b"post:")]
        own = self.titles()
        return {
            p["id"]: p["title"]["rendered"]
            if is_plain(own.get(p["id"], ""))
            else own.get(p["id"], "?")
            for p in documents
            if p["type"] == "post" and p["status"] == "publish"
        }


def is_plain(title: str) -> bool:
    """Whether WordPress's filters leave a title as it is."""
    return re.fullmatch(r"\w[\w ]*", title) is not None


@contextlib.contextmanager
def start_publishing(
    wordpress: WordPressServer, folder: Path, *, nodes: int = 1, workers: int = 2
) -> Iterator[Publishing]:
    """The site of ``wordpress``, which has the plugin, on nodes; all but WordPress ends."""
    valkey = ValkeyProcess(folder / "valkey").start()
    publishing = Publishing(wordpress, valkey, [])
    try:
        wordpress.define(SOS_SITE=SITE, SOS_REDIS_URL=valkey.url)
        publishing.rebuild()
        for number in range(nodes):
            node = start_node(folder / f"node{number}", valkey.url, workers=workers)
            publishing.nodes.append(node)
        yield publishing
    finally:
        for node in publishing.nodes:
            node.stop()
        valkey.stop()
        wordpress.define(SOS_SITE=None, SOS_REDIS_URL=None)
