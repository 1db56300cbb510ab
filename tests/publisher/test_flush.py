"""From a save to the store, on real WordPress: one save is one event, and nothing that goes wrong loses one."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import time
import xmlrpc.client
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.adapters.topologies import client_of
from tests.publisher.core_site import PREFIX, SITE, call, clear, dirty, rows, until
from tests.publisher.store_driver import find_client
from tests.servers.debian import MissingServerError, skip_or_fail
from tests.servers.php_fpm import FpmServer
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.wordpress import WordPressServer

PLUGINS = Path(__file__).parent / "core_plugins"
SLOW = 4.0
"""Seconds for which a page with that word in it is rendered (core.php)."""


@dataclass
class Newsroom:
    """A WordPress with the plugin, and its store."""

    wordpress: WordPressServer
    valkey: ValkeyProcess

    @property
    def store(self) -> redis.Redis:
        """A plain client of the store."""
        client: redis.Redis = client_of(self.valkey)
        return client

    def events(self) -> list[set[str]]:
        """What was touched in each revision."""
        return [set(f["touched"].split()) for _, f in self.store.xrange(f"{PREFIX}events")]  # type: ignore[union-attr]

    def document(self, ref: str) -> dict[str, Any] | None:
        """A document as it is in the store."""
        text = self.store.hget(f"{PREFIX}doc", ref)
        return json.loads(text) if text else None  # type: ignore[arg-type]

    def save(self, content: str = "Text", **fields: Any) -> str:
        """Publish a post as the block editor does, and return its reference."""
        body = {"title": "A title", "content": content, "status": "publish", **fields}
        answer = self.wordpress.rest("/wp/v2/posts", auth=True, method="POST", body=body)
        assert answer.status == 201, answer
        return f"post:{answer.json()['id']}"

    def edit(self, ref: str, content: str) -> int:
        """Change a post as the block editor does; the answer's status."""
        number = ref.partition(":")[2]
        status: int = self.wordpress.rest(
            f"/wp/v2/posts/{number}", auth=True, method="POST", body={"content": content}
        ).status
        return status

    def shows(self, ref: str, text: str) -> bool:
        """Whether the store has that text in a document."""
        return text in json.dumps(self.document(ref) or "")

    def settle(self) -> None:
        """Wait until all that was marked is sent: answers come before that."""
        until(lambda: not dirty(self.wordpress))

    def forget_failures(self) -> None:
        """Let the next request try, although the store was away a moment ago."""
        call(self.wordpress, "$plugin->store()->breaker()->worked();", sends=False)


@contextlib.contextmanager
def newsroom(
    make: Callable[..., WordPressServer], folder: Path, edition: str = "7.1", **options: Any
) -> Iterator[Newsroom]:
    """One with documents of the site in its store."""
    valkey = ValkeyProcess(folder / "valkey").start()
    try:
        wordpress = make(
            edition,
            plugin=True,
            mu_plugins=PLUGINS,
            constants={"SOS_SITE": SITE, "SOS_REDIS_URL": valkey.url},
            **options,
        )
        yield Newsroom(wordpress, valkey)
    finally:
        valkey.stop()


@pytest.fixture(scope="module")
def house(
    make_wordpress: Callable[..., WordPressServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Newsroom]:
    with newsroom(make_wordpress, tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def news(house: Newsroom) -> Iterator[Newsroom]:
    """One in which nothing is marked, and whose store answers."""
    clear(house.wordpress)
    yield house
    house.valkey.resume()
    house.valkey.start() if house.valkey.process and house.valkey.process.poll() is not None else None
    clear(house.wordpress)


def test_one_save_is_one_event(news: Newsroom) -> None:
    """Post, author, term and lists go in one call, and the row of each says so."""
    news.settle()
    before = len(news.events())
    ref = news.save("First words", categories=[1])
    news.settle()
    assert news.shows(ref, "First words")
    events = news.events()[before:]
    assert len(events) == 1
    assert {ref, "list:type:post", "list:term:1"} <= events[0]
    row = rows(news.wordpress)[ref]
    assert (row["outcome"], row["dirty"]) == ("applied", "0")
    assert int(row["revision"]) == before + 1
    assert row["epoch"] == news.store.hget(f"{PREFIX}meta", "epoch")
    assert 0 < float(row["sent_at"]) - float(row["saved_at"]) < 5


def test_phpredis_does_the_same(
    make_wordpress: Callable[..., WordPressServer], tmp_path: Path
) -> None:
    """With the extension loaded, it is used."""
    try:
        find_client("phpredis")
    except MissingServerError as error:
        skip_or_fail(str(error))
    with newsroom(make_wordpress, tmp_path, phpredis=True) as news:
        assert call(news.wordpress, "return extension_loaded( 'redis' );") is True
        ref = news.save("Over phpredis")
        news.settle()
        assert news.shows(ref, "Over phpredis")
        news.valkey.pause()
        began = time.monotonic()
        news.edit(ref, "Later words")
        assert time.monotonic() - began < 5
        assert ref in dirty(news.wordpress)
        news.valkey.resume()
        news.forget_failures()
        news.wordpress.fetch("/")
        until(lambda: news.shows(ref, "Later words"))


def test_many_changes_of_one_request_are_one_event(news: Newsroom) -> None:
    """Ten posts of one bulk edit."""
    ids = call(
        news.wordpress,
        "return array_map( fn( $n ) => wp_insert_post( array( 'post_title' => \"Bulk $n\", 'post_status' => 'publish' ) ), range( 1, 10 ) );",
    )
    before = len(news.events())
    call(
        news.wordpress,
        "foreach ( json_decode( $args[0] ) as $id ) { wp_update_post( array( 'ID' => $id, 'post_content' => 'Edited' ) ); }",
        json.dumps(ids),
    )
    events = news.events()[before:]
    assert len(events) == 1
    assert {f"post:{number}" for number in ids} <= events[0]


def test_what_is_unpublished_is_removed(news: Newsroom) -> None:
    """Its row says so, and a later draft stays out."""
    ref = news.save("Soon gone")
    news.settle()
    number = ref.partition(":")[2]
    news.wordpress.rest(f"/wp/v2/posts/{number}", auth=True, method="DELETE")
    until(lambda: news.document(ref) is None)
    news.settle()
    assert rows(news.wordpress)[ref]["outcome"] == "removed"


def test_an_answer_does_not_wait_for_the_sending(news: Newsroom) -> None:
    """Reading a slow page takes long; the editor has the answer before, and it is whole."""
    ref = news.save("Text")
    news.settle()
    began = time.monotonic()
    assert news.edit(ref, "SLOW text") == 200
    assert time.monotonic() - began < SLOW
    assert not news.shows(ref, "SLOW text")
    until(lambda: news.shows(ref, "SLOW text"))
    news.edit(ref, "Text")
    news.settle()


def test_with_fpm_the_answer_is_complete_before_anything_is_sent(news: Newsroom) -> None:
    """fastcgi_finish_request: FPM itself calls the request ended, and goes on."""
    try:
        with FpmServer(news.wordpress) as fpm:

            def post(route: str, body: dict[str, str]) -> Any:
                return fpm.fetch(
                    f"/wp-json/wp/v2/posts{route}", auth=True, method="POST", body=body
                )

            ref = f"post:{post('', {'content': 'x', 'status': 'publish'}).json()['id']}"
            until(lambda: news.shows(ref, "x"))
            began = time.monotonic()
            slow = post(f"/{ref[5:]}", {"content": "SLOW over FPM"})
            assert slow.json()["content"]["raw"] == "SLOW over FPM"
            assert time.monotonic() - began < SLOW
            assert not news.shows(ref, "SLOW over FPM")
            until(lambda: news.shows(ref, "SLOW over FPM"))
            post(f"/{ref[5:]}", {"content": "x"})
            until(lambda: not news.shows(ref, "SLOW"))
    except MissingServerError as error:
        skip_or_fail(str(error))


def test_a_document_that_can_not_be_read_keeps_no_other(news: Newsroom) -> None:
    """It failed, with the words of whoever threw; others of the same request are sent; mended, it goes as well."""
    good = news.save("Good")
    bad = news.save("POISON-THROW")
    until(lambda: rows(news.wordpress)[bad]["outcome"] == "failed")
    row = rows(news.wordpress)[bad]
    assert row["dirty"] == "1"
    assert re.fullmatch(r"this gallery is broken \(.*core\.php:\d+\)", row["error"])
    assert dirty(news.wordpress) == {bad}
    other = news.save("Another one")
    until(lambda: news.shows(other, "Another one"))
    assert news.shows(good, "Good")
    news.edit(bad, "Mended")
    until(lambda: news.shows(bad, "Mended"))
    news.settle()


@pytest.mark.parametrize("poison", ["POISON-EXIT", "POISON-FATAL"])
def test_a_document_that_kills_the_process_keeps_no_other(news: Newsroom, poison: str) -> None:
    """Who exits, or runs out of memory, while a page is rendered: the mark stays, and is tried alone later."""
    bad = news.save(poison)
    until(lambda: int(rows(news.wordpress)[bad]["attempts"]) > 0)
    other = news.save("Another one")
    until(lambda: news.shows(other, "Another one"))
    assert bad in dirty(news.wordpress)
    # Half a minute later, with others around: it takes down only whoever tries it.
    call(news.wordpress, '$wpdb->query( "UPDATE $table SET retry_at = 0" );', sends=False)
    third = news.save("A third one")
    until(lambda: news.shows(third, "A third one"))
    assert bad in dirty(news.wordpress)
    news.edit(bad, "Mended")
    until(lambda: news.shows(bad, "Mended"))
    until(lambda: not dirty(news.wordpress) or not news.wordpress.fetch("/"), 40)


def test_a_fatal_error_in_the_middle_of_a_save_loses_nothing(news: Newsroom) -> None:
    """The row was changed, PHP died: the next request sends it, whatever that request is."""
    ref = news.save("Before")
    news.settle()
    with contextlib.suppress(http.client.HTTPException):
        assert news.edit(ref, "FATAL-SAVE after") >= 500
    assert ref in dirty(news.wordpress)
    news.wordpress.fetch("/")
    until(lambda: news.shows(ref, "FATAL-SAVE after"))
    news.settle()


def test_a_plugin_that_exits_after_the_save_loses_nothing(news: Newsroom) -> None:
    """exit() runs what WordPress does at the end of each request."""
    ref = news.save("Before")
    news.settle()
    news.edit(ref, "EXIT-SAVE after")
    until(lambda: news.shows(ref, "EXIT-SAVE after"))
    news.settle()


def test_xml_rpc_admin_ajax_cron_and_the_command_line_send_as_well(news: Newsroom) -> None:
    """Each of them ends in its own way."""
    wordpress = news.wordpress
    proxy = xmlrpc.client.ServerProxy(f"{wordpress.url}/xmlrpc.php")
    content = {"post_title": "X", "post_content": "By XML-RPC", "post_status": "publish"}
    password = wordpress.application_password
    number = proxy.wp.newPost(1, wordpress.admin_user, password, content)
    until(lambda: news.shows(f"post:{number}", "By XML-RPC"))
    number = call(wordpress, "return wp_insert_post( array( 'post_content' => 'By PHP', 'post_status' => 'publish', 'post_title' => 'P' ) );")  # fmt: skip
    assert news.shows(f"post:{number}", "By PHP")
    call(
        wordpress,
        "wp_schedule_single_event( time() - 5, 'publish_future_post', array( (int) $args[0] ) );"
        "$wpdb->update( $wpdb->posts, array( 'post_status' => 'future', 'post_date_gmt' => '2024-01-01 00:00:00' ), array( 'ID' => $args[0] ) );"
        "clean_post_cache( (int) $args[0] );",
        str(number),
    )
    before = len(news.events())
    assert wordpress.fetch("/wp-cron.php?doing_wp_cron").status == 200
    until(lambda: len(news.events()) > before)
    news.settle()
    assert (news.document(f"post:{number}") or {})["status"] == "publish"


@pytest.mark.parametrize("fault", ["dead", "silent"])
def test_edits_while_the_store_is_away_are_sent_when_it_is_back(news: Newsroom, fault: str) -> None:
    """No answer is slower than the store's time-outs, none is an error; the next request after it sends all."""
    refs = [news.save(f"Before {n}") for n in range(5)]
    news.settle()
    if fault == "dead":
        news.valkey.kill()
    else:
        news.valkey.pause()
    seconds = []
    for n, ref in enumerate(refs):
        began = time.monotonic()
        assert news.edit(ref, f"After {n}") == 200
        seconds.append(time.monotonic() - began)
    assert max(seconds) < 5
    assert set(refs) <= dirty(news.wordpress)
    state = call(news.wordpress, "return $plugin->store()->breaker()->state();")
    assert state["kind"] == "unavailable"
    if fault == "dead":
        news.valkey.start()
    else:
        news.valkey.resume()
    until(lambda: news.wordpress.fetch("/") and not dirty(news.wordpress), 30)
    assert all(news.shows(ref, f"After {n}") for n, ref in enumerate(refs))
    assert call(news.wordpress, "return $plugin->store()->breaker()->state();")["kind"] == ""


def test_five_hundred_edits_of_an_outage_are_all_there_afterwards(news: Newsroom) -> None:
    """Each object is marked once, however often it was edited, and what is sent is the last state."""
    ids = call(
        news.wordpress,
        "return array_map( fn( $n ) => wp_insert_post( array( 'post_title' => \"Outage $n\", 'post_status' => 'publish' ) ), range( 1, 60 ) );",
    )
    news.valkey.kill()
    call(
        news.wordpress,
        """
        $ids = json_decode( $args[0] );
        for ( $n = 0; $n < 500; $n++ ) {
            $id = $ids[ $n % count( $ids ) ];
            wp_update_post( array( 'ID' => $id, 'post_content' => "Edit $n of $id" ) );
        }
        """,
        json.dumps(ids),
    )
    assert {f"post:{number}" for number in ids} <= dirty(news.wordpress)
    began = len(news.events()) if news.valkey.start() else 0
    until(lambda: news.wordpress.fetch("/") and not dirty(news.wordpress), 30)
    for position, number in enumerate(ids):
        last = position + 60 * ((499 - position) // 60)
        assert news.shows(f"post:{number}", f"Edit {last} of {number}")
    assert len(news.events()) - began <= 4


def test_two_editors_of_one_post_leave_the_last_text_in_the_store(news: Newsroom) -> None:
    """Saves that run at the same time may be sent in any order: the store has what WordPress has."""
    ref = news.save("Before")
    news.settle()
    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(lambda n: news.edit(ref, f"Version {n}"), range(24))) == {200}
    news.settle()
    text = news.wordpress.rest(f"/wp/v2/posts/{ref[5:]}").json()["content"]["rendered"]
    assert (news.document(ref) or {})["content"]["rendered"] == text


def test_a_store_that_is_away_costs_requests_no_query_and_no_connection(news: Newsroom) -> None:
    """While the breaker is open, a request with nothing marked does nothing at all at its end."""
    call(news.wordpress, "$marks->mark( 'post:1' );")
    news.valkey.kill()
    said = call(
        news.wordpress,
        """
        $plugin->store()->breaker()->failed( 'x' );
        $before = $wpdb->num_queries;
        $began  = microtime( true );
        SOS_Publisher\\Shutdown::run();
        return array( $wpdb->num_queries - $before, microtime( true ) - $began );
        """,
    )
    assert said[0] == 0
    assert said[1] < 0.1


def test_a_full_store_leaves_the_marks_and_its_words(news: Newsroom) -> None:
    """OOM: told to administrators in the store's own words, and over when there is room."""
    ref = news.save("Before")
    news.settle()
    news.store.config_set("maxmemory", "1")
    news.edit(ref, "After")
    said = call(news.wordpress, "return $plugin->flusher()->flush( 5 );")
    assert said["sent"] == 0
    assert said["left"] >= 1
    assert said["error"].startswith("OOM")
    assert call(news.wordpress, "return $plugin->store()->breaker()->state();")["kind"] == "refused"
    news.store.config_set("maxmemory", "0")
    news.wordpress.fetch("/")
    until(lambda: news.shows(ref, "After"))


def test_a_write_that_comes_too_late_is_read_again(news: Newsroom) -> None:
    """Somebody wrote the document with a higher number, perhaps an older text: ours is read and sent once more."""
    ref = news.save("Before")
    news.settle()
    document = news.document(ref)
    number = int(news.store.get(f"{PREFIX}seq")) + 2  # type: ignore[arg-type]
    words = [
        ["put", ref, number, json.dumps({**(document or {}), "content": {"rendered": "theirs"}})]
    ]
    applied = find_client("socket").run(news.valkey.url, ["apply", words]).values[0]
    assert applied["outcomes"] == ["applied"]
    assert news.shows(ref, "theirs")
    news.edit(ref, "Ours")
    until(lambda: news.shows(ref, "Ours"))
    news.settle()
    assert rows(news.wordpress)[ref]["outcome"] == "applied"


def test_an_old_requests_late_write_never_replaces_a_newer_one(news: Newsroom) -> None:
    """A process that hangs with an old text in its hands finds that it is too late, and reads again."""
    ref = news.save("Before")
    news.settle()
    hold = news.wordpress.content / "hold"
    hold.touch()
    try:
        news.edit(ref, "HELD old text")
        until(lambda: int(rows(news.wordpress)[ref]["attempts"]) > 0)
        news.edit(ref, "New text")
        until(lambda: news.shows(ref, "New text"))
    finally:
        hold.unlink()
    number = int(news.store.get(f"{PREFIX}seq"))  # type: ignore[arg-type]
    until(lambda: int(news.store.get(f"{PREFIX}seq")) > number)  # type: ignore[arg-type]
    news.settle()
    assert news.shows(ref, "New text")
    touched = [event for event in news.events() if ref in event]
    assert len(touched) == 2


def test_what_plugins_write_while_they_render_is_not_sent_again_and_again(news: Newsroom) -> None:
    """And what they print meanwhile is in nobody's answer."""
    ref = news.save("COUNT-VIEWS")
    news.settle()
    before = len(news.events())
    answer = news.wordpress.fetch("/?p=" + ref.partition(":")[2])
    until(lambda: not dirty(news.wordpress))
    said = call(news.wordpress, f"$marks->mark( '{ref}' ); ob_start(); $said = $plugin->flusher()->flush( 5 ); return array( $said['left'], ob_get_clean() );")  # fmt: skip
    assert said == [0, ""]
    assert answer.status in (200, 301)
    assert len(news.events()) - before < 5


def test_two_megabytes_are_one_call_and_more_are_two(news: Newsroom) -> None:
    """Redis serves nobody else meanwhile."""
    before = len(news.events())
    call(
        news.wordpress,
        "for ( $n = 0; $n < 5; $n++ ) { wp_insert_post( array( 'post_title' => 'Long', 'post_status' => 'publish', 'post_content' => str_repeat( 'long words ', 60000 ) ) ); }",
    )
    news.settle()
    assert len(news.events()) - before == 2


def test_time_for_sending_is_limited(news: Newsroom) -> None:
    """What is not read in time stays marked; at least one document goes."""
    said = call(
        news.wordpress,
        """
        foreach ( get_posts( array( 'numberposts' => 20, 'fields' => 'ids' ) ) as $id ) {
            $marks->mark( "post:$id" );
        }
        $first = $plugin->flusher()->flush( 0.0 );
        return array( $first, $plugin->flusher()->flush( 20.0 ) );
        """,
    )
    assert said[0] == {"sent": 1, "left": 19, "error": ""}
    assert said[1] == {"sent": 19, "left": 0, "error": ""}


def test_somebody_who_asks_has_everything_tried_at_once(news: Newsroom) -> None:
    """What failed and would wait, and a store that was away a moment ago."""
    ref = news.save("Text")
    news.settle()
    said = call(
        news.wordpress,
        f"""
        $marks->mark( '{ref}' );
        $marks->finish( $marks->claim( 1 )[0], Sent::failed( 'x' ) );
        $plugin->store()->breaker()->failed( 'away' );
        return array( $plugin->flusher()->flush( 5 ), $plugin->flusher()->flush_now( 5 ) );
        """,
        sends=False,
    )
    assert said[0]["sent"] == 0
    assert said[1] == {"sent": 1, "left": 0, "error": ""}


def test_each_minute_what_was_left_is_sent(news: Newsroom) -> None:
    """WP-Cron's task, where no request comes."""
    assert call(news.wordpress, "return array( (bool) wp_next_scheduled( 'sos_publisher_minute' ), (bool) wp_next_scheduled( 'sos_publisher_hour' ) );") == [True, True]  # fmt: skip
    ref = news.save("Text")
    news.settle()
    before = rows(news.wordpress)[ref]["generation"]
    call(
        news.wordpress,
        f"$marks->mark( '{ref}' ); $plugin->store()->breaker()->failed( 'x' );",
    )
    assert dirty(news.wordpress) == {ref}
    call(
        news.wordpress,
        "$plugin->store()->breaker()->worked(); do_action( 'sos_publisher_minute' );",
    )
    assert dirty(news.wordpress) == set()
    assert rows(news.wordpress)[ref]["generation"] > before


def test_a_store_that_was_wiped_is_noticed_and_filled_again(news: Newsroom) -> None:
    """The minute's task sees another history than that of the last document it sent."""
    minute = (
        "do_action( 'sos_publisher_minute' ); return $plugin->rebuild()->progress()['running'];"
    )
    news.save("Text")
    news.settle()
    until(lambda: not call(news.wordpress, minute), 120)
    assert news.store.hget(f"{PREFIX}meta", "ready") == "1"
    count = int(news.store.hget(f"{PREFIX}meta", "docs"))  # type: ignore[arg-type]
    news.store.flushall()
    until(lambda: not call(news.wordpress, minute), 120)
    assert news.store.hget(f"{PREFIX}meta", "ready") == "1"
    assert int(news.store.hget(f"{PREFIX}meta", "docs")) == count  # type: ignore[arg-type]


@pytest.mark.parametrize("edition", ["6.1", "7.1"])
def test_with_a_persistent_object_cache_it_is_the_same(
    make_wordpress: Callable[..., WordPressServer], tmp_path: Path, edition: str
) -> None:
    """A drop-in that keeps everything: what is sent is what was saved, and nobody's cache is flushed for it."""
    with newsroom(make_wordpress, tmp_path, edition=edition) as news:
        drop_in = Path(__file__).parent / "php/object-cache.php"
        (news.wordpress.content / "object-cache.php").symlink_to(drop_in)
        ref = news.save("First")
        until(lambda: news.shows(ref, "First"))
        for text in ("Second", "Third"):
            assert news.edit(ref, text) == 200
            until(lambda text=text: news.shows(ref, text))  # type: ignore[misc]
        news.settle()
        news.valkey.kill()
        news.edit(ref, "Fourth")
        news.edit(ref, "Fifth")
        assert ref in dirty(news.wordpress)
        news.valkey.start()
        until(lambda: news.wordpress.fetch("/") and news.shows(ref, "Fifth"))
        assert not (news.wordpress.content / "flushed").exists()
        log = news.wordpress.error_log
        assert "closed" not in (log.read_text() if log.exists() else "")


def test_without_settings_nothing_is_sent_and_it_says_why(
    make_wordpress: Callable[..., WordPressServer],
) -> None:
    """Marks are kept until there is somewhere to send them."""
    wordpress = make_wordpress("6.1", plugin=True)
    call(wordpress, "$marks->mark( 'post:1' );")
    said = call(wordpress, "return $plugin->flusher()->flush( 1 );")
    assert said["sent"] == 0
    assert said["left"] >= 1
    assert "SOS_SITE" in said["error"]
    assert "SOS_REDIS_URL" in said["error"]
