"""Whatever goes wrong between an editor and the public: nothing is lost, nothing older stands over newer."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.publisher.publishing import Publishing, start_publishing
from tests.servers.wordpress import WordPressServer

EDITS = 500
OUTAGE_SECONDS = float(os.environ.get("SOS_TEST_OUTAGE_SECONDS", "0"))
"""How long the store is away at least; 600 for the ten minutes that are promised."""

FATAL = """<?php
add_action( 'save_post', function ( $id, $post ) {
	if ( false !== strpos( $post->post_title, 'dies here' ) ) {
		this_function_is_not_there();
	}
}, 1, 2 );
"""


@pytest.fixture(scope="module")
def site(
    make_wordpress: Callable[..., WordPressServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Publishing]:
    """The newest WordPress with the plugin, a store and a node."""
    folder = tmp_path_factory.mktemp("faults")
    plugins = folder / "mu-plugins"
    plugins.mkdir()
    (plugins / "fatal.php").write_text(FATAL)
    wordpress = make_wordpress("7.1", plugin=True, mu_plugins=plugins)
    with start_publishing(wordpress, folder) as publishing:
        yield publishing


class Reader(threading.Thread):
    """Somebody who reads the public pages all the time, and remembers what should not have been."""

    def __init__(self, site: Publishing, paths: list[str]) -> None:
        super().__init__(daemon=True)
        self._site, self._paths = site, paths
        self._ends = threading.Event()
        self.failures: list[str] = []
        self.answers = 0

    def run(self) -> None:
        while not self._ends.is_set():
            for path in self._paths:
                try:
                    status, _ = self._site.from_node(path)
                except OSError as error:
                    self.failures.append(f"{path}: {error}")
                    continue
                self.answers += 1
                if status != 200:
                    self.failures.append(f"{path}: {status}")
            self._ends.wait(0.02)

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self.join()


def some_paths(site: Publishing) -> list[str]:
    """The front page and two posts, each seen once by the node."""
    posts = list(site.rest("/wp/v2/posts?per_page=2")[1])
    paths = ["/", *(site.path(p) for p in posts)]
    for path in paths:
        site.wait_until(lambda p=path: site.from_node(p)[0] == 200, path)
    return paths


def test_five_hundred_edits_while_the_store_is_away_are_all_there_when_it_is_back(
    site: Publishing, capsys: pytest.CaptureFixture[str]
) -> None:
    """The store is killed; editors go on; the public sees last copies; then everything is live."""
    paths = some_paths(site)
    started = time.monotonic()
    with Reader(site, paths) as reader:
        site.valkey.kill()
        by_hand = [site.publish(f"During the outage {n}") for n in range(10)]
        made = site.wordpress.run_php(
            "for ( $n = 0; $n < 90; $n++ ) { $ids[] = wp_insert_post( array( 'post_title' => "
            "\"Bulk $n\", 'post_content' => 'x', 'post_status' => 'publish' ) ); }"
            "for ( $round = 0; $round < 5; $round++ ) { foreach ( array_slice( $ids, 0, 80 ) as $id ) {"
            "wp_update_post( array( 'ID' => $id, 'post_title' => \"Bulk $id round $round\" ) ); } }"
            "echo json_encode( $ids );"
        )
        ids = json.loads(made)
        time.sleep(max(0.0, OUTAGE_SECONDS - (time.monotonic() - started)))
        assert site.backlog() >= 100
        answer = site.wordpress.rest("/sos/v1/overview", auth=True)
        site.valkey.start()
        back = time.monotonic()
        while site.backlog():
            assert time.monotonic() < back + 90, f"{site.backlog()} changes are still not sent"
            site.run_cron()
        took = time.monotonic() - back
    assert answer.status in (200, 404)
    site.wait_for(site.path(by_hand[-1]), "During the outage 9")
    assert site.stored_titles() == site.titles()
    assert site.stored_titles()[ids[0]] == f"Bulk {ids[0]} round 4"
    assert not reader.failures, reader.failures[:5]
    with capsys.disabled():
        print(
            f"\n{EDITS} edits in an outage of {back - started:.0f} s: all live {took:.1f} s after the "
            f"store's return; 0 of {reader.answers} public answers failed"
        )


def test_fatal_error_in_the_middle_of_a_save_loses_nothing(site: Publishing) -> None:
    """Another plugin kills PHP after the row was written; the next request of anybody sends it."""
    post = site.publish("Before the accident")
    site.wait_for(site.path(post), "Before the accident")
    status, _ = site.rest(f"/wp/v2/posts/{post['id']}", {"title": "WordPress dies here"})
    assert status == 500
    assert site.titles()[post["id"]] == "WordPress dies here"
    site.wordpress.fetch("/")
    site.wait_for(site.path(post), "WordPress dies here")


def test_two_editors_of_one_post_leave_what_wordpress_has(site: Publishing) -> None:
    """Whoever WordPress lets win has won on the public site too."""
    posts = [site.publish(f"Contested {n}") for n in range(4)]
    with ThreadPoolExecutor(4) as editors:
        for n in range(6):
            list(
                editors.map(
                    lambda pair: site.rest(f"/wp/v2/posts/{pair[0]['id']}", {"title": pair[1]}),
                    [(post, f"{who} {n}") for post in posts for who in ("Anna", "Ben")],
                )
            )
    site.wait_until(lambda: site.backlog() == 0, "everything is sent")
    titles = site.titles()
    for post in posts:
        site.wait_for(site.path(post), titles[post["id"]])
    assert site.stored_titles() == titles


def test_write_of_an_old_request_that_arrives_late_changes_nothing(site: Publishing) -> None:
    """What was read before somebody else's newer version was sent is stale, and says so."""
    post = site.publish("First version")
    held = site.wordpress.run_php(
        "$p = SOS_Publisher\\Plugin::instance(); $s = $p->store()->take_sequence();"
        "$r = $p->reader(); $d = $r->as_anonymous( fn() => $r->read( $args[0] ) );"
        "echo json_encode( array( $s, base64_encode( $d->json ) ) );",
        f"post:{post['id']}",
    )
    site.rest(f"/wp/v2/posts/{post['id']}", {"title": "Second version"})
    site.wait_for(site.path(post), "Second version")
    sequence, document = json.loads(held)
    outcome = site.wordpress.run_php(
        "$p = SOS_Publisher\\Plugin::instance(); $o = SOS_Publisher\\Store\\Operation::put( $args[0],"
        " (int) $args[1], base64_decode( $args[2] ) ); echo $p->store()->apply( array( $o ) )->outcomes[0];",
        f"post:{post['id']}",
        str(sequence),
        document,
    )
    assert outcome == "stale"
    assert site.document(f"post:{post['id']}")["title"]["rendered"] == "Second version"


def test_wiped_store_is_rebuilt_by_itself_while_the_site_is_read(site: Publishing) -> None:
    """FLUSHALL: last copies are served, the plugin notices and sends everything, edits go on."""
    paths = some_paths(site)
    site.publish("Before the wipe")
    with Reader(site, paths) as reader:
        site.wordpress.run_php(
            "SOS_Publisher\\Plugin::instance()->store();"
            "$s = stream_socket_client( str_replace( 'redis', 'tcp', SOS_REDIS_URL ) );"
            'fwrite( $s, "FLUSHALL\\r\\n" ); fgets( $s );'
        )
        during = site.publish("While it is rebuilt")
        deadline = time.monotonic() + 60
        while site.stored_titles() != site.titles():
            assert time.monotonic() < deadline, "not rebuilt"
            site.run_cron()
        site.wait_for(site.path(during), "While it is rebuilt")
    assert not reader.failures, reader.failures[:5]
    assert reader.answers > 50
