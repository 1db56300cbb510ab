"""Marks: written when a hook fires, claimed once, kept through whatever happens in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.publisher.core_site import call, clear, dirty, rows, running
from tests.servers.wordpress import WordPressServer


@pytest.fixture(scope="module")
def site(make_wordpress: Callable[..., WordPressServer]) -> WordPressServer:
    """A WordPress with the plugin, which has no store: nothing is sent."""
    return make_wordpress("6.1", plugin=True)


@pytest.fixture
def wordpress(site: WordPressServer) -> Iterator[WordPressServer]:
    """The same without any marks."""
    clear(site)
    yield site
    clear(site)


def test_a_mark_is_one_statement_and_none_when_it_is_repeated(wordpress: WordPressServer) -> None:
    """However many objects a call names; what was marked a moment ago costs nothing."""
    counts = call(
        wordpress,
        """
        $counts = array();
        foreach ( array( array( 'post:1', 'term:2', 'post:1' ), array( 'term:2', 'post:1' ), array( 'post:1', 'site' ) ) as $refs ) {
            $before = $wpdb->num_queries;
            $marks->mark( ...$refs );
            $counts[] = $wpdb->num_queries - $before;
        }
        return $counts;
        """,
    )
    assert counts == [1, 0, 1]
    assert dirty(wordpress) == {"post:1", "term:2", "site"}
    assert len({row["generation"][:8] for row in rows(wordpress).values()}) == 1


def test_a_long_request_says_it_again(wordpress: WordPressServer) -> None:
    """A second later another process may have read and sent the object, before the change that is marked now."""
    counts = call(
        wordpress,
        """
        $marks->mark( 'post:1' );
        $wpdb->query( "UPDATE $table SET dirty = 0" );
        $before = $wpdb->num_queries;
        $marks->mark( 'post:1' );
        $soon = $wpdb->num_queries - $before;
        usleep( 1100000 );
        $marks->mark( 'post:1' );
        return array( $soon, $wpdb->num_queries - $before, $marks->status( 'post:1' )['dirty'] );
        """,
    )
    assert counts == [0, 1, True]


def test_a_mark_is_kept_when_the_process_is_killed_right_after_it(
    wordpress: WordPressServer,
) -> None:
    """It is in the table before anything else happens."""
    with pytest.raises(RuntimeError):
        call(wordpress, "$marks->mark( 'post:7' ); posix_kill( getmypid(), 9 );")
    assert dirty(wordpress) == {"post:7"}


def test_a_mark_after_the_claim_is_sent_once_more(wordpress: WordPressServer) -> None:
    """What was claimed does not cover what came later, in the same process or in another one."""
    said = call(
        wordpress,
        """
        $marks->mark( 'post:1', 'post:2' );
        $claimed = $marks->claim( 10 );
        $marks->mark( 'post:1' );
        foreach ( $claimed as $mark ) {
            $marks->finish( $mark, new Sent( Sent::APPLIED ) );
        }
        $again = $marks->claim( 10 );
        $marks->finish( $again[0], new Sent( Sent::APPLIED ) );
        return array( array_column( $claimed, 'ref' ), array_column( $again, 'ref' ), $marks->backlog()['count'] );
        """,
    )
    assert said == [["post:1", "post:2"], ["post:1"], 0]


def test_what_became_of_a_mark_is_in_its_row(wordpress: WordPressServer) -> None:
    """Outcome, revision, epoch, lists, times by the store's clock."""
    said = call(
        wordpress,
        """
        $marks->mark( 'post:1' );
        list( $mark )      = $marks->claim( 10 );
        $sent              = new Sent( Sent::APPLIED );
        $sent->revision    = 12345678901;
        $sent->epoch       = '1795324764.459156';
        $sent->sent_at     = $mark->marked_at + 100.25;
        $sent->clock_ahead = 100.0;
        $sent->lists       = array( 'type:post', 'sticky' );
        $marks->finish( $mark, $sent );
        return array( $mark, $marks->status( 'post:1' ), $marks->status( 'post:2' ), $marks->refs_that_show( 'type:post' ), $marks->refs_that_show( 'type:pos' ), $marks->backlog() );
        """,
    )
    mark, row, none, showing, not_showing, backlog = said
    assert none is None
    assert (row["dirty"], row["outcome"], row["revision"]) == (False, "applied", 12345678901)
    assert (row["epoch"], row["lists"]) == ("1795324764.459156", ["type:post", "sticky"])
    assert abs(row["saved_at"] - mark["marked_at"] - 100) < 0.001
    assert abs(row["sent_at"] - row["saved_at"] - 0.25) < 0.001
    assert abs(mark["marked_at"] - time.time()) < 60
    assert (showing, not_showing) == (["post:1"], [])
    assert backlog == {"count": 0, "oldest": None}


def test_backlog_counts_from_the_oldest_unsent_change(wordpress: WordPressServer) -> None:
    """A second change does not make a mark younger."""
    first = call(wordpress, "$marks->mark( 'post:1' ); return $marks->backlog();")
    second = call(wordpress, "$marks->mark( 'post:1', 'post:2' ); return $marks->backlog();")
    assert (first["count"], second["count"]) == (1, 2)
    assert first["oldest"] == second["oldest"]


def test_own_marks_come_first_and_alone(wordpress: WordPressServer) -> None:
    """One save is one event: what others left behind comes in a later claim, the oldest first."""
    for ref in ("post:3", "post:2"):
        call(wordpress, f"$marks->mark( '{ref}' );")
    claims = call(
        wordpress,
        """
        $marks->mark( 'post:9', 'site' );
        $claims = array();
        while ( $claimed = $marks->claim( 10 ) ) {
            $claims[] = array_column( $claimed, 'ref' );
        }
        return $claims;
        """,
    )
    assert claims == [["post:9", "site"], ["post:3", "post:2"]]


def test_marks_of_a_request_that_still_runs_are_its_own(
    wordpress: WordPressServer, tmp_path: Path
) -> None:
    """Another process leaves them alone as long as their request lives, and takes them as soon as it does not."""
    claim = "return array_column( $marks->claim( 10 ), 'ref' );"
    with running(wordpress, "$marks->mark( 'post:5' );", tmp_path):
        assert dirty(wordpress) == {"post:5"}
        assert call(wordpress, claim) == []
        assert call(wordpress, "return $marks->is_due();") is False
        # Nobody may hold a mark forever.
        call(wordpress, '$wpdb->query( "UPDATE $table SET marked_at = marked_at - 61" );')
        assert call(wordpress, "return $marks->is_due();") is True
        call(wordpress, '$wpdb->query( "UPDATE $table SET marked_at = marked_at + 61" );')
    assert call(wordpress, claim) == ["post:5"]


def test_what_is_claimed_is_not_claimed_again_until_its_time_is_over(
    wordpress: WordPressServer,
) -> None:
    """A process that died over a mark loses it after half a minute; then it is tried alone."""
    call(wordpress, "$marks->mark( 'post:1', 'post:2' );")
    claim = "return $marks->claim( 10 );"
    first = call(wordpress, claim)
    assert [(mark["ref"], mark["attempts"]) for mark in first] == [("post:1", 0), ("post:2", 0)]
    assert call(wordpress, claim) == []
    call(wordpress, '$wpdb->query( "UPDATE $table SET retry_at = retry_at - 31" );')
    call(wordpress, "$marks->mark( 'post:8' );")
    alone = call(
        wordpress,
        "return array( $marks->claim( 10 ), $marks->claim( 10 ), $marks->claim( 10 ), $marks->claim( 10 ) );",
    )
    assert [[mark["ref"] for mark in claim] for claim in alone] == [
        ["post:1"],
        ["post:2"],
        ["post:8"],
        [],
    ]


def test_marks_that_were_given_back_are_there_at_once(wordpress: WordPressServer) -> None:
    """The store was away: that is no fault of theirs, and does not count as an attempt."""
    call(wordpress, "$marks->mark( 'post:1', 'post:2' );")
    said = call(
        wordpress,
        """
        $marks->release( ...$marks->claim( 10 ) );
        return array( $marks->is_due(), $marks->claim( 10 ) );
        """,
    )
    assert said[0] is True
    assert [(mark["ref"], mark["attempts"]) for mark in said[1]] == [("post:1", 0), ("post:2", 0)]


def test_a_failed_reading_is_tried_later_and_later(wordpress: WordPressServer) -> None:
    """10 s, 20 s, 40 s … an hour; a new change of the object is tried at once."""
    waits = call(
        wordpress,
        """
        $marks->mark( 'post:1' );
        $waits = array();
        for ( $n = 0; $n < 12; $n++ ) {
            $marks->finish( $marks->claim( 1 )[0], Sent::failed( 'a plugin fails' ) );
            $waits[] = round( $marks->status( 'post:1' )['retry_at'] - microtime( true ) );
            $wpdb->query( "UPDATE $table SET retry_at = 0" );
        }
        return $waits;
        """,
    )
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]
    row = rows(wordpress)["post:1"]
    assert (row["dirty"], row["outcome"], row["error"]) == ("1", "failed", "a plugin fails")
    call(wordpress, '$wpdb->query( "UPDATE $table SET retry_at = 9999999999" );')
    assert call(wordpress, "return $marks->is_due();") is False
    assert call(wordpress, "$marks->mark( 'post:1' ); return count( $marks->claim( 1 ) );") == 1


def test_a_failure_keeps_what_is_known_of_the_last_success(wordpress: WordPressServer) -> None:
    """Revision and times are those of what is in the store."""
    row = call(
        wordpress,
        """
        $marks->mark( 'post:1' );
        $sent           = new Sent( Sent::APPLIED );
        $sent->revision = 7;
        $sent->sent_at  = 1000.5;
        $marks->finish( $marks->claim( 1 )[0], $sent );
        $marks->mark( 'post:1' );
        $marks->finish( $marks->claim( 1 )[0], Sent::failed( 'no' ) );
        return $marks->status( 'post:1' );
        """,
    )
    assert (row["revision"], row["sent_at"], row["outcome"]) == (7, 1000.5, "failed")


def test_a_late_finish_changes_nothing_of_a_later_one(wordpress: WordPressServer) -> None:
    """Two processes send one object: whoever claimed first and ends last does not make it dirty again, nor older."""
    row = call(
        wordpress,
        """
        $sent = static function ( int $revision, string $outcome ): Sent {
            $sent           = new Sent( $outcome );
            $sent->revision = $revision;
            return $sent;
        };
        $marks->mark( 'post:1' );
        $first = $marks->claim( 1 )[0];
        $marks->mark( 'post:1' );
        $second = $marks->claim( 1 )[0];
        $marks->finish( $second, $sent( 8, Sent::APPLIED ) );
        $marks->finish( $first, $sent( 7, Sent::UNCHANGED ) );
        $marks->finish( $first, Sent::failed( 'late' ) );
        return $marks->status( 'post:1' );
        """,
    )
    assert (row["dirty"], row["revision"], row["outcome"], row["error"]) == (
        False, 8, "applied", "",
    )  # fmt: skip
    assert row["retry_at"] == 0


def test_a_wide_mark_hands_on_its_time_and_goes(wordpress: WordPressServer) -> None:
    """What it stands for is as old as it is, and is claimed next; marked again meanwhile, it stays."""
    said = call(
        wordpress,
        """
        $marks->mark( 'posts-of:term:5', 'shows:post:9' );
        $wide = $marks->claim( 10 );
        usleep( 20000 );
        $marks->mark_in_place_of( $wide[0], 'post:1', 'post:2' );
        $marks->mark( 'shows:post:9' );
        $marks->drop( ...$wide );
        return array( $wide, $marks->claim( 10 ) );
        """,
    )
    wide, found = said
    assert [mark["ref"] for mark in found] == ["post:1", "post:2", "shows:post:9"]
    assert found[0]["marked_at"] == wide[0]["marked_at"]
    assert set(rows(wordpress)) == {"post:1", "post:2", "shows:post:9"}


def test_a_row_that_was_made_anew_is_not_taken_for_the_old_one(wordpress: WordPressServer) -> None:
    """A slow process that drops, or finishes, what it claimed long ago leaves alone what was marked since."""
    said = call(
        wordpress,
        """
        $marks->mark( 'shows:post:9', 'post:1' );
        $slow = $marks->claim( 10 );
        $wpdb->query( "DELETE FROM $table" );
        usleep( 2000 );
        $marks->mark( 'shows:post:9', 'post:1' );
        $marks->drop( $slow[1] );
        $marks->finish( $slow[0], new Sent( Sent::APPLIED ) );
        $marks->finish( new Mark( 'post:1', 1, 0.0 ), new Sent( Sent::APPLIED ) );
        return array( $slow[1]->ref, $marks->backlog()['count'] );
        """,
    )
    assert said == ["shows:post:9", 2]


def test_a_transaction_that_is_rolled_back_loses_no_mark_of_what_came_after(
    wordpress: WordPressServer,
) -> None:
    """Somebody's ROLLBACK takes the row away; the request sends all that it marked, rows or no rows."""
    refs = call(
        wordpress,
        """
        $wpdb->query( 'START TRANSACTION' );
        $marks->mark( 'post:1' );
        $wpdb->query( 'ROLLBACK' );
        $marks->mark( 'post:1' );
        return array_column( $marks->claim( 10 ), 'ref' );
        """,
    )
    assert refs == ["post:1"]


@pytest.mark.parametrize("server", ["10.11.6-MariaDB", "8.0.36"])
def test_somebodys_long_transaction_holds_nobodys_save(
    wordpress: WordPressServer, tmp_path: Path, server: str
) -> None:
    """A row that another request keeps locked costs a second once, not 50 for each hook, and is sent all the same."""
    hold = "$wpdb->query( 'START TRANSACTION' ); $marks->mark( 'site' );"
    with running(wordpress, hold, tmp_path):
        said = call(
            wordpress,
            """
            $real = $wpdb;
            // How statements are written depends on what the server calls itself.
            $GLOBALS['wpdb'] = new class( $args[0] ) extends wpdb {
                public string $said;
                public function __construct( string $said ) {
                    $this->said = $said;
                    parent::__construct( DB_USER, DB_PASSWORD, DB_NAME, DB_HOST );
                }
                public function db_server_info() {
                    return $this->said;
                }
            };
            global $wpdb;
            $wpdb->set_prefix( $real->prefix );
            $before = $wpdb->get_var( 'SELECT @@SESSION.innodb_lock_wait_timeout' );
            $began  = microtime( true );
            $marks->mark( 'site', 'post:1' );
            $marks->mark( 'post:2' );
            $marks->mark( 'post:3' );
            $waited = microtime( true ) - $began;
            $refs   = array_column( $marks->claim( 10 ), 'ref' );
            sort( $refs );
            return array( $waited, $refs, $before === $wpdb->get_var( 'SELECT @@SESSION.innodb_lock_wait_timeout' ) );
            """,
            server,
        )
    assert 0.5 < said[0] < 2
    assert said[1:] == [["post:1", "post:2", "post:3", "site"], True]


def test_own_marks_are_claimed_although_another_process_has_sent_them(
    wordpress: WordPressServer,
) -> None:
    """Its reading may have been before this request's last change."""
    refs = call(
        wordpress,
        """
        $marks->mark( 'post:1' );
        $wpdb->query( "UPDATE $table SET dirty = 0" );
        return array_column( $marks->claim( 10 ), 'ref' );
        """,
    )
    assert refs == ["post:1"]
    assert dirty(wordpress) == {"post:1"}


def test_whoever_called_the_hook_finds_the_database_as_it_was(wordpress: WordPressServer) -> None:
    """insert_id, last_error, rows and counts of $wpdb belong to the caller."""
    same = call(
        wordpress,
        """
        $wpdb->insert( $wpdb->terms, array( 'name' => 'x', 'slug' => 'x' ) );
        $seen = static fn() => array( $wpdb->insert_id, $wpdb->last_error, $wpdb->last_query, $wpdb->rows_affected, $wpdb->num_rows, $wpdb->last_result, $wpdb->suppress_errors );
        $before = $seen();
        $marks->mark( 'post:1', 'post:2' );
        return array( $before === $seen(), $before[0] > 0 );
        """,
    )
    assert same == [True, True]


def test_marking_never_throws_and_complains_once(wordpress: WordPressServer) -> None:
    """A table that can't be written is told in the log, once a request; what it marked is sent all the same."""
    call(wordpress, '$wpdb->query( "ALTER TABLE $table CHANGE marked_by other bigint NOT NULL" );')
    log = wordpress.error_log
    before = log.read_text() if log.exists() else ""
    try:
        said = call(
            wordpress,
            """
            ob_start();
            $wpdb->show_errors();
            $marks->mark( 'post:1' );
            $marks->mark( 'post:2' );
            return array( ob_get_clean(), $wpdb->last_error, array_column( $marks->claim( 5 ), 'ref' ), $marks->backlog()['count'], $marks->statuses( array( 'post:1' ) ) );
            """,
        )
    finally:
        call(wordpress, '$wpdb->query( "ALTER TABLE $table CHANGE other marked_by bigint(20) unsigned NOT NULL DEFAULT 0" );')  # fmt: skip
    assert said == ["", "", ["post:1", "post:2"], 0, []]
    told = log.read_text().removeprefix(before)
    assert told.count("the table of marks is not usable") == 1


def test_a_lost_table_is_made_again_by_the_first_mark(wordpress: WordPressServer) -> None:
    """Nothing has to be done by hand."""
    call(wordpress, '$wpdb->query( "DROP TABLE $table" ); $marks->mark( "post:1" );')
    assert dirty(wordpress) == {"post:1"}


def test_what_is_no_reference_is_not_marked(wordpress: WordPressServer) -> None:
    """Names that no table takes, or that could be read as something else, are dropped."""
    call(
        wordpress,
        "$marks->mark( '', 'post:1\\n', \"a'b\", str_repeat( 'x', 65 ), 'lists:type:my-type_2', 'Ä' );",
    )
    assert dirty(wordpress) == {"lists:type:my-type_2"}


def test_marks_made_by_reading_are_not_taken(wordpress: WordPressServer) -> None:
    """A counter of views, or a cache of embeds, would have its post read again forever."""
    call(
        wordpress, "Marks::ignoring( fn() => $marks->mark( 'post:1' ) ); $marks->mark( 'post:2' );"
    )
    assert dirty(wordpress) == {"post:2"}


def test_each_claim_takes_what_earlier_ones_left(wordpress: WordPressServer) -> None:
    """Whoever works on a backlog takes a part of it, and the next one another part."""
    call(wordpress, '$marks->mark( ...array_map( fn( $n ) => "post:$n", range( 1, 400 ) ) );')
    seen = call(
        wordpress,
        """
        $seen = array();
        for ( $n = 0; $n < 10; $n++ ) {
            $seen = array_merge( $seen, array_column( $marks->claim( 50 ), 'ref' ) );
        }
        return $seen;
        """,
    )
    assert len(seen) == len(set(seen)) == 400


def test_errors_in_any_bytes_are_kept_as_text(wordpress: WordPressServer) -> None:
    """Broken UTF-8, emoji, quotes, percent signs and a megabyte of words don't keep a mark from being finished."""
    row = call(
        wordpress,
        """
        $marks->mark( 'post:1' );
        $marks->finish( $marks->claim( 1 )[0], Sent::failed( "100% 'ä' 😀 \\xff" . str_repeat( 'ö', 500000 ) ) );
        return $marks->status( 'post:1' );
        """,
    )
    assert row["outcome"] == "failed"
    assert row["error"].startswith("100% 'ä' ? ")
    assert len(row["error"]) <= 2000
