"""nginx and PHP-FPM show the same WordPress as PHP's own web server, and let a response go early."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.servers.debian import MissingServerError, skip_or_fail
from tests.servers.php_fpm import FpmServer
from tests.servers.wordpress import WordPressServer

pytestmark = pytest.mark.wordpress


@pytest.fixture(scope="module")
def fpm(wordpress71: WordPressServer) -> Iterator[FpmServer]:
    """The newest WordPress behind nginx."""
    try:
        server = FpmServer(wordpress71)
    except MissingServerError as error:
        skip_or_fail(str(error))
    with server:
        yield server


def test_pages_files_and_rest_are_those_of_the_other_server(
    fpm: FpmServer, wordpress71: WordPressServer
) -> None:
    """A page, an asset, a route and a redirect are the same on both ports, each with its own address."""
    for path in (
        "/",
        "/wp-json/wp/v2/posts?per_page=2",
        "/wp-includes/js/wp-embed.js",
        "/wp-admin/",
    ):
        one, other = wordpress71.fetch(path), fpm.fetch(path)
        assert one.status == other.status
        length = len(one.body.replace(wordpress71.url.encode(), fpm.url.encode()))
        assert abs(length - len(other.body)) < 200
    assert fpm.fetch("/nothing-of-that-name/").status == 404


def test_who_signs_in_may_write(fpm: FpmServer) -> None:
    """An application password reaches WordPress through nginx."""
    made = fpm.fetch(
        "/wp-json/wp/v2/posts", auth=True, method="POST", body={"title": "Behind nginx"}
    )
    assert made.status == 201
    assert fpm.fetch(f"/wp-json/wp/v2/posts/{made.json()['id']}").status in (401, 403)


def test_a_stopped_server_leaves_neither_port_nor_folder(wordpress71: WordPressServer) -> None:
    """After `stop` nobody listens, and the folder is gone."""
    try:
        server = FpmServer(wordpress71).start()
    except MissingServerError as error:
        skip_or_fail(str(error))
    server.stop()
    server.stop()
    assert not server.folder.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0
