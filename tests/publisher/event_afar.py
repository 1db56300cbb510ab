"""Events that no screen of WordPress makes: other clients, batches, programs, comments of visitors."""

from __future__ import annotations

import xmlrpc.client

import pytest

from tests.publisher.event_catalogue import event, make_post, paragraph, where
from tests.publisher.event_media import picture
from tests.publisher.event_posts import NOTHING
from tests.publisher.event_stage import Stage


@event("a post is published over XML-RPC")
def publish_xmlrpc(stage: Stage) -> list[str]:
    content = {
        "post_title": "From afar", "post_content": "Sent by a telephone.", "post_status": "publish",
        "terms_names": {"category": ["Culture"], "post_tag": ["afar"]},
    }  # fmt: skip
    stage.begin()
    number = stage.xmlrpc.wp.newPost(1, "admin", "not a secret", content)
    post = stage.editor.rest(f"/wp/v2/posts/{number}")
    stage.notes["xmlrpc"] = (number, where(stage, post))
    return [where(stage, post), "/", "/tag/afar/", "/category/culture/"]


@event("a post is corrected over XML-RPC")
def correct_xmlrpc(stage: Stage) -> list[str]:
    number, path = stage.notes["xmlrpc"]
    content = {"post_title": "From nearby", "terms": {"category": [stage.id_of("category_news")]}}
    stage.xmlrpc.wp.editPost(1, "admin", "not a secret", number, content)
    return [path, "/", "/category/culture/", "/category/news/"]


@event("a post is deleted over XML-RPC")
def delete_xmlrpc(stage: Stage) -> list[str]:
    number, path = stage.notes["xmlrpc"]
    stage.xmlrpc.wp.deletePost(1, "admin", "not a secret", number)
    return [path, "/", "/category/news/", "/tag/afar/"]


@event("a program inserts ten posts in one request")
def insert_many(stage: Stage) -> list[str]:
    stage.php(
        "for ( $i = 1; $i <= 10; $i++ ) { wp_insert_post( array( 'post_title' => \"Made $i\", 'post_name'"
        " => \"made-$i\", 'post_content' => 'By a program.', 'post_status' => 'publish',"
        " 'post_date' => \"2018-01-$i 10:00:00\", 'post_category' => array( 1 ) ) ); }"
    )
    return ["/2018/", "/2018/01/07/made-7/", "/category/uncategorized/"]


@event("a program writes into the table and cleans the cache")
def raw_write(stage: Stage) -> list[str]:
    stage.php(
        "global $wpdb; $id = (int) $args[0];"
        "$wpdb->update( $wpdb->posts, array( 'post_title' => 'By plain SQL' ), array( 'ID' => $id ) );"
        "clean_post_cache( $id );",
        stage.id_of("archive_17"),
    )
    return [stage.path_of("archive_17")]


@event("a program turns a page into a post")
def retype(stage: Stage) -> list[str]:
    page = make_post(stage, "Not a page", kind="pages", date="2017-01-01T10:00:00")
    stage.begin()
    stage.php("set_post_type( (int) $args[0], 'post' );", page["id"])
    return [where(stage, page), "/2017/01/01/not-a-page/", "/2017/"]


@event("a registered field is changed alone, by a program")
def lone_field(stage: Stage) -> list[str]:
    stage.php("update_post_meta( (int) $args[0], 'pages', 7 );", stage.id_of("book_3"))
    stage.holds(f"post:{stage.id_of('book_3')}", '"pages":7')
    return [stage.path_of("book_3")]


@event("counters, locks and notes in custom fields", writes=0, why=NOTHING)
def unrelated_fields(stage: Stage) -> list[str]:
    stage.php(
        "foreach ( array( 'views', '_edit_lock', '_oembed_x' ) as $key )"
        " { update_post_meta( (int) $args[0], $key, time() ); }"
        "set_transient( 'rig', time() ); delete_transient( 'rig' ); update_option( 'rig_counter', time() );",
        stage.id_of("archive_19"),
    )
    assert stage.dirty() == []
    return [stage.path_of("archive_19")]


@event("a page is published over XML-RPC, with a picture that is uploaded so")
def upload_xmlrpc(stage: Stage) -> list[str]:
    login = (1, "admin", "not a secret")
    bits = {"name": "afar.png", "type": "image/png", "bits": xmlrpc.client.Binary(picture(200))}
    made = stage.xmlrpc.wp.uploadFile(*login, bits)
    stage.holds(f"post:{made['id']}", "afar")
    content = {"title": "Page from afar", "description": "Hello.", "wp_slug": "from-afar-page"}
    stage.begin()
    stage.xmlrpc.wp.newPage(*login, content, True)
    return ["/from-afar-page/", "/"]


@event("a batch of REST: two terms and a post in one request")
def batch(stage: Stage) -> list[str]:
    requests = [
        {"path": "/wp/v2/tags", "method": "POST", "body": {"name": "One of two"}},
        {"path": "/wp/v2/tags", "method": "POST", "body": {"name": "Two of two"}},
        {
            "path": f"/wp/v2/posts/{stage.id_of('archive_24')}",
            "method": "PUT",
            "body": {"title": "In a batch", "content": paragraph("All at once.")},
        },
    ]
    stage.editor.rest("/batch/v1", {"requests": requests})
    return [stage.path_of("archive_24")]


@event("a program saves another post while a post is saved")
def nested(stage: Stage) -> list[str]:
    stage.php(
        "$other = (int) $args[1]; add_action( 'save_post', function ( $id ) use ( $other ) {"
        " static $once = false; if ( ! $once ) { $once = true;"
        " wp_update_post( array( 'ID' => $other, 'post_title' => 'Inner' ) ); } } );"
        "wp_update_post( array( 'ID' => (int) $args[0], 'post_title' => 'Outer' ) );",
        stage.id_of("archive_25"), stage.id_of("archive_26"),
    )  # fmt: skip
    return [stage.path_of("archive_25"), stage.path_of("archive_26")]


@event("a program dies while it saves a post")
def fatal(stage: Stage) -> list[str]:
    with pytest.raises(RuntimeError):
        stage.php(
            "add_action( 'set_object_terms', function () { rig_undefined_function(); } );"
            "wp_update_post( array( 'ID' => (int) $args[0], 'post_title' => 'Before the end',"
            " 'post_category' => array( 1 ) ) );",
            stage.id_of("archive_27"),
        )
    assert f"post:{stage.id_of('archive_27')}" in stage.dirty()
    stage.php("SOS_Publisher\\Plugin::instance()->flusher()->flush( 20 );")
    return [stage.path_of("archive_27"), "/category/uncategorized/"]


@event("a comment waits for approval", writes=0, why=NOTHING)
def pending_comment(stage: Stage) -> list[str]:
    fields = {
        "comment": "I like it.", "author": "Ada", "email": "ada@example.org",
        "comment_post_ID": stage.id_of("archive_28"), "comment_parent": 0,
    }  # fmt: skip
    stage.visitor.post("/wp-comments-post.php", fields)
    return [stage.path_of("archive_28"), stage.path_of("dynamic_blocks_post")]


@event("a comment goes to the trash, on a page that shows the latest comments")
def trash_comment(stage: Stage) -> list[str]:
    stage.editor.rest(f"/wp/v2/comments/{stage.id_of('comment_pending')}", method="DELETE")
    return [stage.path_of("dynamic_blocks_post")]
