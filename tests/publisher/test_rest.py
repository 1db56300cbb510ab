"""`sos/v1`: what the sidebar and the page under Tools are told, by whom, and what they may do."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.publisher.desk import NODES, Desk

pytestmark = pytest.mark.wordpress


@pytest.fixture
def up_to_date(desk: Desk) -> Desk:
    """A desk whose store is there and complete, and whose nodes follow."""
    desk.fill()
    return desk


@pytest.fixture
def up_to_date71(desk71: Desk) -> Desk:
    """The same with the newest WordPress alone."""
    desk71.fill()
    return desk71


def tell(status: dict[str, Any]) -> tuple[str, int, int, str]:
    """What of a status most tests look at; the space before a unit is one that does not break."""
    text = status["text"].replace("\N{NO-BREAK SPACE}", " ")
    return status["state"], status["nodes_live"], status["nodes_total"], text


def test_live_post_says_on_how_many_nodes_and_how_soon(up_to_date: Desk) -> None:
    """Seconds run from the save to the moment at which the slowest node had it."""
    desk = up_to_date
    post = desk.publish()
    desk.settle()
    row = desk.row(f"post:{post}")
    revision, saved = row["revision"], row["saved_at"]
    for number, node in enumerate(NODES, 1):
        desk.nodes.report(
            node, seen=[(revision - 1, saved - 60), (revision, saved + 0.04 * number)]
        )
    assert tell(desk.status(post)) == ("live", 8, 8, "Live on 8 of 8 nodes, 0.3 s after saving")
    assert desk.status(post)["url"].startswith(f"{desk.site}/")


def test_node_without_a_history_counts_by_its_revision(up_to_date71: Desk) -> None:
    """A node that does not say since when it follows is live all the same, without seconds."""
    desk = up_to_date71
    post = desk.publish()
    desk.settle()
    desk.nodes.report(seen=[])
    assert tell(desk.status(post)) == ("live", 8, 8, "Live on 8 of 8 nodes")


def test_post_is_partly_live_while_some_nodes_follow(up_to_date71: Desk) -> None:
    """The nodes that lack it are named."""
    desk = up_to_date71
    before = desk.nodes.revision
    post = desk.publish()
    desk.settle()
    desk.nodes.report(*NODES[2:])
    desk.nodes.report(*NODES[:2], revision=before, seen=[(before, desk.nodes.now)])
    status = desk.status(post)
    assert tell(status) == ("partly", 6, 8, "On 6 of 8 nodes so far")
    assert status["detail"] == "Not yet on web-1, web-2."


def test_post_is_pending_until_a_node_follows(up_to_date71: Desk) -> None:
    """Stored, and on its way to the nodes."""
    desk = up_to_date71
    before = desk.nodes.revision
    desk.nodes.report(revision=before)
    post = desk.publish()
    desk.settle()
    assert tell(desk.status(post)) == ("pending", 0, 8, "Being published…")


def test_nodes_that_fell_silent_do_not_count(up_to_date71: Desk) -> None:
    """The register remembers them for a while; whoever reports is what counts."""
    desk = up_to_date71
    post = desk.publish()
    desk.settle()
    desk.nodes.report(*NODES[:3])
    desk.nodes.report(*NODES[3:], at=desk.nodes.now - 400)
    assert tell(desk.status(post))[:3] == ("live", 3, 3)
    desk.nodes.fall_silent()
    assert tell(desk.status(post)) == ("pending", 0, 0, "Stored; no node is running")


def test_what_is_not_public_says_so(up_to_date: Desk) -> None:
    """Drafts, scheduled posts and expired ones are told apart."""
    desk = up_to_date
    draft = desk.publish("Draft", status="draft")
    coming = desk.publish("Coming", date_gmt="2087-03-04T05:06:00")
    over = desk.publish("Over")
    desk.php("update_post_meta( $args[0], '_sos_expires', '2020-01-01 10:00:00' );", over)
    desk.settle()
    desk.nodes.report()
    assert tell(desk.status(draft))[::3] == ("not-public", "Not public")
    status = desk.status(coming)
    assert status["state"] == "scheduled"
    assert "2087" in status["text"]
    assert status["detail"] == "All 8 nodes have it and show it at that second."
    status = desk.status(over)
    assert status["state"] == "not-public"
    assert status["text"].startswith("Went offline on ")


def test_unpublished_post_is_not_public_on_every_node(up_to_date71: Desk) -> None:
    """Back to draft: pending until the nodes have dropped it."""
    desk = up_to_date71
    post = desk.publish()
    desk.settle()
    desk.nodes.report()
    desk.editor().rest(f"/wp/v2/posts/{post}", {"status": "draft"})
    desk.settle()
    assert desk.status(post)["state"] == "pending"
    desk.nodes.report()
    assert tell(desk.status(post))[:3] == ("not-public", 8, 8)


def test_failure_gives_its_reason(up_to_date71: Desk) -> None:
    """Content that a theme can't render is not published, and the editor learns why."""
    desk = up_to_date71
    with desk.broken("Broken") as post:
        status = desk.status(post)
    assert (status["state"], status["text"]) == ("failed", "Could not be published")
    assert "the theme broke" in status["detail"]


def test_store_away_is_behind_and_no_error(up_to_date: Desk) -> None:
    """The sidebar says by how much publishing is behind, and that nothing is lost; no call hangs."""
    desk = up_to_date
    desk.away()
    post = desk.publish("Kept")
    desk.age(f"post:{post}", 120)
    begin = time.monotonic()
    status = desk.status(post)
    assert time.monotonic() - begin < 3
    assert (status["state"], status["text"]) == ("pending", "Waiting to be published")
    detail = status["detail"].replace("\N{NO-BREAK SPACE}", " ")
    assert "Publishing is behind: " in detail
    assert "oldest 2 min" in detail
    desk.fill()
    assert tell(desk.status(post))[:3] == ("live", 8, 8)


def test_post_from_before_the_plugin_is_looked_up_in_the_store(up_to_date71: Desk) -> None:
    """What was never marked is live if the store has it, and not there yet if not."""
    desk = up_to_date71
    post = desk.publish()
    desk.settle()
    desk.nodes.report()
    desk.php(
        "global $wpdb; $wpdb->delete( SOS_Publisher\\Installation::table(), array( 'ref' => $args[0] ) );",
        f"post:{post}",
    )
    assert tell(desk.status(post)) == ("live", 8, 8, "Live on 8 of 8 nodes")
    unseen = insert_unseen(desk, "Never seen")
    assert tell(desk.status(unseen))[3] == "Not on the public site yet"
    desk.php("wp_delete_post( $args[0], true );", unseen)


def insert_unseen(desk: Desk, title: str) -> int:
    """A public post that came by SQL, of which no hook told the plugin."""
    code = """
    global $wpdb;
    $row = (array) $wpdb->get_row( "SELECT * FROM $wpdb->posts WHERE post_type = 'post' AND post_status = 'publish' ORDER BY ID LIMIT 1" );
    unset( $row['ID'] );
    $wpdb->insert( $wpdb->posts, array( 'post_title' => $args[0], 'post_name' => sanitize_title( $args[0] ) ) + $row );
    echo $wpdb->insert_id;
    """
    return int(desk.php(code, title))


def test_unconfigured_site_is_off(up_to_date71: Desk) -> None:
    """Without a public site nothing is claimed."""
    desk = up_to_date71
    post = desk.publish()
    desk.settle()
    desk.wordpress.define(SOS_SITE=None)
    assert tell(desk.status(post)) == ("off", 0, 0, "Publishing is not set up")
    desk.back()


def test_status_needs_the_right_to_edit(desk71: Desk) -> None:
    """Strangers, and people who may not edit the post, learn nothing."""
    post = desk71.publish()
    assert desk71.wordpress.rest(f"/sos/v1/status?ref=post:{post}").status == 401
    for path in (f"status?ref=post:{post}", "status?ref=site"):
        with pytest.raises(RuntimeError, match="403"):
            desk71.editor("author").rest(f"/sos/v1/{path}")
    own = desk71.editor("author").rest("/wp/v2/posts", {"title": "Mine", "status": "draft"})["id"]
    found = desk71.editor("author").rest(f"/sos/v1/statuses?refs=post:{own},post:{post},site,x")
    assert list(found) == [f"post:{own}"]


@pytest.mark.parametrize("ref", ["post:0", "post:1;2", "everything", "", "post:999999999999999"])
def test_only_refs_are_refs(desk71: Desk, ref: str) -> None:
    """What names no object is an error of the request."""
    with pytest.raises(RuntimeError, match=r"40[03]"):
        desk71.editor().rest(f"/sos/v1/status?ref={ref}")


def test_preview_link_is_made_for_who_may_edit(up_to_date: Desk) -> None:
    """It leads to the public site and says until when; others get none."""
    desk = up_to_date
    draft = desk.publish("Not yet", status="draft")
    begin = time.time()
    link = desk.editor().rest("/sos/v1/preview-link", {"post": draft, "seconds": 3600})
    assert link["url"].startswith(f"{desk.site}/__preview/")
    assert abs(link["expires"] - begin - 3600) < 30
    assert "without an account" in link["text"]
    with pytest.raises(RuntimeError, match="403"):
        desk.editor("author").rest("/sos/v1/preview-link", {"post": draft})
    with pytest.raises(RuntimeError, match="400"):
        desk.editor().rest("/sos/v1/preview-link", {"post": draft, "seconds": 604801})


def test_preview_link_says_why_there_is_none(up_to_date71: Desk) -> None:
    """No secret, or no store: a sentence for editors."""
    desk = up_to_date71
    draft = desk.publish("Not yet", status="draft")
    desk.wordpress.define(SOS_PREVIEW_SECRET=None)
    with pytest.raises(RuntimeError, match=r"409.*not set up"):
        desk.editor().rest("/sos/v1/preview-link", {"post": draft})
    desk.back()
    desk.away()
    with pytest.raises(RuntimeError, match=r"503.*Try again in a minute"):
        desk.editor().rest("/sos/v1/preview-link", {"post": draft})
    desk.back()


@pytest.mark.parametrize(
    "path", ["overview", "flush", "rebuild", "rebuild/step", "verify", "test-connection"]
)
def test_tools_are_for_administrators(desk71: Desk, path: str) -> None:
    """An editor may publish and preview, but not rebuild or see where the store is."""
    body = None if path == "overview" else {}
    with pytest.raises(RuntimeError, match="403"):
        desk71.editor("editor").rest(f"/sos/v1/{path}", body)


def test_rebuild_goes_by_steps_to_its_end(up_to_date: Desk) -> None:
    """Each step says how far it is; at the end everything was sent, and nothing differs."""
    editor = up_to_date.editor()
    progress = editor.rest("/sos/v1/rebuild", {})
    assert progress["running"]
    percents = []
    for _ in range(100):
        progress = editor.rest("/sos/v1/rebuild/step", {})
        percents.append(progress["percent"])
        if not progress["running"]:
            break
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert progress["error"] == ""
    assert progress["text"].startswith("Done: ")
    assert compare(up_to_date, mend=False)["clean"]


def compare(desk: Desk, *, mend: bool) -> dict[str, Any]:
    """Compare to the end, as the page does."""
    found = None
    for _ in range(100):
        drift: dict[str, Any] = desk.editor().rest("/sos/v1/verify", {"mend": mend, "found": found})
        if drift["complete"]:
            return drift
        found = drift["found"]
    raise AssertionError("the comparison does not end")


def test_comparison_names_what_differs_and_mends_it(up_to_date: Desk) -> None:
    """What no hook told of is counted and named; put right, it is published."""
    desk = up_to_date
    post = insert_unseen(desk, "Came by SQL")
    drift = compare(desk, mend=False)
    assert not drift["clean"]
    assert drift["text"].startswith("1 missing on the public site, 0 too many, ")
    assert "Came by SQL" in drift["text"]
    assert compare(desk, mend=True)["clean"]
    desk.php("SOS_Publisher\\Plugin::instance()->flusher()->flush( 20.0 );")
    assert desk.document(f"post:{post}") is not None


def test_connection_is_tried_without_disturbing_publishing(up_to_date71: Desk) -> None:
    """A mistyped address is told without its password, and what is published meanwhile goes out at once."""
    desk = up_to_date71
    desk.wordpress.define(SOS_REDIS_URL=None)
    desk.php("update_option( 'sos_publisher', array( 'redis_url' => $args[0] ) );", desk.redis_url)
    editor = desk.editor()
    answer = editor.rest(
        "/sos/v1/test-connection", {"redis_url": "redis://me:very-secret@127.0.0.1:1/0"}
    )
    assert not answer["ok"]
    assert "127.0.0.1:1" in answer["text"]
    assert "very-secret" not in answer["text"]
    answer = editor.rest("/sos/v1/test-connection", {"redis_url": desk.redis_url})
    assert answer["ok"], answer["text"]
    post = desk.publish("Meanwhile")
    assert desk.document(f"post:{post}") is not None
    desk.php("delete_option( 'sos_publisher' );")
    desk.back()


def test_revisions_are_compared_within_one_history_of_the_store(up_to_date71: Desk) -> None:
    """After a wipe, revisions begin anew: an old, higher one must not make everything look pending."""
    code = """
    $fleet = new SOS_Publisher\\Status\\Fleet_View( array( 'now' => 100.0, 'nodes' => array(
        array( 'node' => 'a', 'at' => 100.0, 'ttl' => 5, 'content_revision' => 7, 'content_seen' => array( array( 6, 50.0 ), array( 7, 20.5 ) ) ),
        array( 'node' => 'b', 'at' => 99.0, 'ttl' => 5, 'content_revision' => 9, 'content_seen' => array( array( 9, 10 ) ) ),
        array( 'node' => 'gone', 'at' => 90.0, 'ttl' => 5, 'content_revision' => 9 ),
        'no report',
    ) ) );
    $row = array( 'dirty' => 0, 'outcome' => 'applied', 'error' => '', 'revision' => 500, 'epoch' => 'old', 'saved_at' => 79.0, 'attempts' => 0 );
    $decide = fn( $row, $epoch, $stored ) => SOS_Publisher\\Status\\Verdict::decide( $row, 'public', $fleet, $epoch, $stored )['state'];
    echo wp_json_encode( array(
        $decide( $row, 'old', false ), $decide( $row, 'new', true ), $decide( $row, 'new', false ),
        $fleet->total(), $fleet->followers( 7 ), $fleet->followers( 9 ), $fleet->followers( 8 ),
    ) );
    """
    old, new, lost, total, seven, nine, eight = json.loads(up_to_date71.php(code))
    assert (old, new, lost, total) == ("pending", "live", "pending", 2)
    # Node b remembers nothing of 7: when it had it can't be told.
    assert (seven["live"], seven["behind"], seven["since"]) == (2, [], None)
    assert (nine["live"], nine["behind"], nine["since"]) == (1, ["a"], 89.0)
    assert (eight["live"], eight["behind"], eight["since"]) == (1, ["a"], None)
