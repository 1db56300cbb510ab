"""Callouts and expiry, as both editors and the REST API set them."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import lxml.html
import pytest

from tests.endtoend.pair import NoRedirect
from tests.publisher.desk import Desk

pytestmark = pytest.mark.wordpress

CALLOUTS = "sos-callouts"


def in_hours(hours: float) -> str:
    """A moment as the REST field has it: GMT without a zone."""
    moment = datetime.now(UTC) + timedelta(hours=hours)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def test_callout_needs_a_title_and_nothing_else(desk: Desk) -> None:
    """Published without further ado it is a banner that starts now, with priority 10 and without an end."""
    callout = desk.publish("Polls close at 8 pm", CALLOUTS)
    saved = desk.editor().rest(f"/wp/v2/{CALLOUTS}/{callout}?context=edit")
    assert (
        saved["status"],
        saved["sos_placement"],
        saved["sos_priority"],
        saved["sos_expires"],
    ) == (
        "publish",
        "banner",
        10,
        "",
    )
    document = desk.document(f"post:{callout}")
    assert document is not None
    assert document["sos"]["callout"] == {"placement": "banner", "priority": 10}


def test_callout_is_sent_as_it_was_set(desk: Desk) -> None:
    """Placement, priority and end reach the store."""
    end = in_hours(5)
    callout = desk.publish(
        "Storm", CALLOUTS, sos_placement="takeover", sos_priority=77, sos_expires=end
    )
    document = desk.document(f"post:{callout}")
    assert document is not None
    assert document["sos"]["callout"] == {"placement": "takeover", "priority": 77}
    assert document["sos"]["expires_gmt"] == end


@pytest.mark.parametrize("fields", [{"sos_priority": 101}, {"sos_placement": "everywhere"}])
def test_callout_out_of_bounds_is_refused(desk71: Desk, fields: dict[str, object]) -> None:
    """A placement that is none, or a priority above 100, is an error of the request."""
    with pytest.raises(RuntimeError, match="400"):
        desk71.publish("Odd", CALLOUTS, **fields)


def test_meta_is_clean_whoever_writes_it(desk71: Desk) -> None:
    """What another plugin or the command line writes into the meta is made sound."""
    callout = desk71.publish("Odd", CALLOUTS)
    desk71.php(
        "update_post_meta( $args[0], '_sos_placement', '<b>' );"
        "update_post_meta( $args[0], '_sos_priority', '4000' );"
        "update_post_meta( $args[0], '_sos_expires', 'next week' );",
        callout,
    )
    stored = desk71.value(
        "array_map( fn( $key ) => get_post_meta( $args[0], $key, true ),"
        " array( '_sos_placement', '_sos_priority', '_sos_expires' ) )",
        callout,
    )
    assert [str(value) for value in stored] == ["banner", "100", ""]


def test_only_who_may_publish_pages_may_publish_callouts(desk71: Desk) -> None:
    """An author can't put something on the front page; an editor can."""
    body = {"title": "Mine", "status": "publish"}
    with pytest.raises(RuntimeError, match="403"):
        desk71.editor("author").rest(f"/wp/v2/{CALLOUTS}", body)
    assert desk71.editor("editor").rest(f"/wp/v2/{CALLOUTS}", body)["status"] == "publish"


def test_callout_has_no_page_of_its_own(desk: Desk) -> None:
    """Its address on WordPress leads to the public front page, and no list of callouts is to be had there."""
    callout = desk.publish("Nothing to see", CALLOUTS)
    opener = urllib.request.build_opener(NoRedirect)
    for query in (f"?post_type=sos_callout&p={callout}", "?post_type=sos_callout"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            opener.open(f"{desk.wordpress.url}/{query}", timeout=20)
        assert (caught.value.code, caught.value.headers["Location"]) == (302, f"{desk.site}/")
        caught.value.close()


def test_list_says_which_callout_is_shown_now(desk: Desk) -> None:
    """Live, scheduled and ended are told apart, and one that another outranks says by which."""
    desk.php(
        "foreach ( get_posts( array( 'post_type' => 'sos_callout', 'numberposts' => -1,"
        " 'post_status' => 'any' ) ) as $post ) { wp_delete_post( $post->ID, true ); }"
    )
    names = {
        desk.publish("The one that counts", CALLOUTS, sos_priority=50): ("Live now", ""),
        desk.publish("Newer but weaker", CALLOUTS): ("Not shown", "The one that counts"),
        desk.publish("The whole page", CALLOUTS, sos_placement="takeover"): ("Live now", ""),
        desk.publish("Tomorrow", CALLOUTS, date_gmt=in_hours(24), sos_expires=in_hours(48)): (
            "Scheduled",
            "until",
        ),
    }
    ended = desk.publish("Over", CALLOUTS, sos_priority=99)
    desk.php("update_post_meta( $args[0], '_sos_expires', '2020-01-01 10:00:00' );", ended)
    names[ended] = ("Ended", "2020")
    page = lxml.html.fromstring(desk.editor().open("/wp-admin/edit.php?post_type=sos_callout"))
    for callout, (pill, words) in names.items():
        cell = page.xpath(f"//tr[@id='post-{callout}']/td[contains(@class, 'sos_when')]")[0]
        assert cell.xpath("./span")[0].text_content() == pill
        assert words in cell.text_content()


def test_classic_editor_sets_placement_priority_and_end(desk: Desk) -> None:
    """The fields of the classic editor are saved, the end as a time of the site's own zone."""
    editor = desk.editor()
    desk.php("update_option( 'timezone_string', 'Europe/Berlin' );")
    path = "/wp-admin/post-new.php?post_type=sos_callout&classic"
    editor.submit(
        path,
        "post",
        {
            "post_title": "By hand",
            "sos_placement": "takeover",
            "sos_priority": "33",
            "sos_expires": "2031-07-01T10:00",
        },
        button="publish",
    )
    callout = desk.value(
        "get_posts( array( 'post_type' => 'sos_callout', 'title' => 'By hand' ) )[0]->ID"
    )
    saved = editor.rest(f"/wp/v2/{CALLOUTS}/{callout}?context=edit")
    assert (saved["sos_placement"], saved["sos_priority"], saved["sos_expires"]) == (
        "takeover",
        33,
        "2031-07-01T08:00:00",
    )
    fields, _, _ = editor.read_form(
        f"/wp-admin/post.php?post={callout}&action=edit&classic", "post"
    )
    assert ("sos_expires", "2031-07-01T10:00") in fields


def test_classic_editor_refuses_an_end_that_is_past(desk: Desk) -> None:
    """The page that follows says why; the end stays as it was, everything else is saved."""
    post = desk.publish("Leaves later", sos_expires=in_hours(30))
    before = desk.value("get_post_meta( $args[0], '_sos_expires', true )", post)
    path = f"/wp-admin/post.php?post={post}&action=edit&classic"
    said = desk.editor().submit(
        path, "post", {"post_title": "Renamed", "sos_expires": "2020-01-01T00:00"}, button="save"
    )
    assert "is past, so it was not changed" in said
    after = desk.value(
        "array( get_post_meta( $args[0], '_sos_expires', true ), get_the_title( $args[0] ) )", post
    )
    assert after == [before, "Renamed"]


@pytest.mark.parametrize("kind", ["posts", "pages", "books", "leaflet"])
def test_every_public_type_can_expire(desk71: Desk, kind: str) -> None:
    """Also a type that supports no custom fields; clearing the field takes the expiry back."""
    end = in_hours(3)
    post = desk71.publish("Short-lived", kind, sos_expires=end)
    document = desk71.document(f"post:{post}")
    assert document is not None
    assert document["sos"]["expires_gmt"] == end
    desk71.editor().rest(f"/wp/v2/{kind}/{post}", {"sos_expires": ""})
    assert desk71.value("metadata_exists( 'post', $args[0], '_sos_expires' )", post) is False


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("2020-01-01T00:00:00", "is past"),
        ("soon", "could not be understood"),
        ("2031-02-30T00:00:00", "could not be understood"),
    ],
)
def test_impossible_expiry_is_refused_before_anything_is_saved(
    desk: Desk, end: str, words: str
) -> None:
    """The editor is told in words why, and the post is as it was."""
    post = desk.publish("As it was")
    with pytest.raises(RuntimeError, match=f"400.*{words}"):
        desk.editor().rest(f"/wp/v2/posts/{post}", {"title": "Changed", "sos_expires": end})
    assert desk.value("get_the_title( $args[0] )", post) == "As it was"


def test_end_before_the_start_is_refused(desk71: Desk) -> None:
    """A callout that would end before it starts is not taken."""
    with pytest.raises(RuntimeError, match="before it is published"):
        desk71.publish("Backwards", CALLOUTS, date_gmt=in_hours(10), sos_expires=in_hours(5))


def test_expired_post_can_be_edited_on(desk71: Desk) -> None:
    """An end that is past by now does not keep anybody from correcting the text."""
    post = desk71.publish("Old news")
    desk71.php("update_post_meta( $args[0], '_sos_expires', '2020-01-01 10:00:00' );", post)
    fields = {"title": "Corrected", "sos_expires": "2020-01-01T10:00:00"}
    assert desk71.editor().rest(f"/wp/v2/posts/{post}", fields)["title"]["raw"] == "Corrected"


def test_public_does_not_learn_when_something_leaves(desk71: Desk) -> None:
    """The REST field is for editors only."""
    post = desk71.publish("Short-lived", sos_expires=in_hours(3))
    answer = desk71.wordpress.rest(f"/wp/v2/posts/{post}")
    assert answer.status == 200
    assert not re.search(rb"sos_expires", answer.body)


def test_local_time_is_of_the_day_that_it_names(desk71: Desk) -> None:
    """In winter, an end in summer is an hour earlier in GMT; nonsense and the past are refused."""
    desk71.php("update_option( 'timezone_string', 'Europe/Berlin' );")
    post = desk71.publish("Summer", sos_expires_local="2031-07-02T20:30")
    saved = desk71.editor().rest(f"/wp/v2/posts/{post}?context=edit")
    assert (saved["sos_expires"], saved["sos_expires_local"]) == (
        "2031-07-02T18:30:00",
        "2031-07-02T20:30",
    )
    winter = {"sos_expires_local": "2031-12-02T20:30"}
    assert desk71.editor().rest(f"/wp/v2/posts/{post}", winter)["sos_expires"] == (
        "2031-12-02T19:30:00"
    )
    for wrong, words in (("2020-01-01T10:00", "is past"), ("soon", "could not be understood")):
        with pytest.raises(RuntimeError, match=words):
            desk71.editor().rest(f"/wp/v2/posts/{post}", {"sos_expires_local": wrong})
    assert (
        desk71.editor().rest(f"/wp/v2/posts/{post}", {"sos_expires_local": ""})["sos_expires"] == ""
    )
