"""Events of posts: written, corrected, filed, scheduled, withdrawn; in every editor that WordPress has."""

from __future__ import annotations

import re
import urllib.parse

import pytest

from tests.publisher.event_catalogue import event, make_post, paragraph, where
from tests.publisher.event_editor import flatten
from tests.publisher.event_stage import Stage

NOTHING = "nothing that the public sees has changed"


@event("a new post is published in the block editor")
def publish(stage: Stage) -> list[str]:
    page = stage.editor.open("/wp-admin/post-new.php")
    found = re.search(r"""id=['"]post_ID['"][^>]*value=['"](\d+)""", page)
    assert found
    body = {
        "id": int(found[1]),
        "title": "Fresh & “new”",
        "content": paragraph("The text of it."),
        "excerpt": "In short.",
        "status": "publish",
        "categories": [stage.id_of("category_culture")],
        "tags": [stage.id_of("tag_boats")],
        "featured_media": stage.id_of("image_tall"),
    }
    stage.begin()
    post = stage.editor.rest(f"/wp/v2/posts/{found[1]}", body, method="PUT")
    stage.notes["post"] = post["id"]
    stage.notes["path"] = where(stage, post)
    return [stage.notes["path"], "/", "/category/culture/", "/tag/boats/", "/author/admin/"]


@event("a post is corrected in the block editor")
def correct(stage: Stage) -> list[str]:
    body = {"title": "Corrected", "content": paragraph("A better text.")}
    stage.editor.rest(f"/wp/v2/posts/{stage.notes['post']}", body, method="PUT")
    return [stage.notes["path"], "/"]


@event("a post goes from one category to another")
def refile(stage: Stage) -> list[str]:
    body = {"categories": [stage.id_of("category_island")], "tags": []}
    stage.editor.rest(f"/wp/v2/posts/{stage.notes['post']}", body, method="PUT")
    return [
        stage.notes["path"],
        "/category/culture/",
        "/category/region/coast/island/",
        "/category/region/",
        "/tag/boats/",
    ]


@event("a post is made sticky in the block editor")
def stick(stage: Stage) -> list[str]:
    stage.editor.rest(f"/wp/v2/posts/{stage.notes['post']}", {"sticky": True}, method="PUT")
    return ["/", stage.notes["path"]]


@event("a post is not sticky any more")
def unstick(stage: Stage) -> list[str]:
    stage.editor.rest(f"/wp/v2/posts/{stage.notes['post']}", {"sticky": False}, method="PUT")
    return ["/", stage.notes["path"]]


@event("a save of which REST says that it failed, after the row was written")
def failing_meta(stage: Stage) -> list[str]:
    book = stage.id_of("book_2")
    body = {"title": "Saved all the same", "meta": {"pages": 1313}}
    with pytest.raises(RuntimeError, match=" 500 "):
        stage.editor.rest(f"/wp/v2/books/{book}", body, method="PUT")
    return [stage.path_of("book_2"), "/library/"]


@event(
    "boxes of old plugins are saved by a second request",
    writes=2,
    why="the first request's title and the second's field are two changes",
)
def legacy_boxes(stage: Stage) -> list[str]:
    post = stage.id_of("archive_3")
    stage.editor.rest(f"/wp/v2/posts/{post}", {"title": "With a box"}, method="PUT")
    address = f"/wp-admin/post.php?post={post}&action=edit"
    query = "//form[contains(@class,'metabox-base-form')]"
    fields, _, _ = stage.editor.read_form(address, query)
    nonce = stage.login_nonce("meta-box-loader")
    stage.editor.post(
        f"{address}&meta-box-loader=1&meta-box-loader-nonce={nonce}",
        {**dict(fields), "rig_box": "From the box."},
    )
    return [stage.path_of("archive_3")]


@event("an autosave of a public post", writes=0, why=NOTHING)
def autosave(stage: Stage) -> list[str]:
    post = stage.id_of("archive_4")
    body = {"title": "NOT YET", "content": paragraph("NOT YET")}
    stage.editor.rest(f"/wp/v2/posts/{post}/autosaves", body)
    return [stage.path_of("archive_4")]


@event("a draft is written, and saved by itself", writes=0, why=NOTHING)
def draft(stage: Stage) -> list[str]:
    post = make_post(stage, "A draft", status="draft")
    stage.editor.rest(f"/wp/v2/posts/{post['id']}/autosaves", {"title": "Still a draft"})
    stage.editor.rest(f"/wp/v2/posts/{post['id']}", {"status": "pending"}, method="PUT")
    stage.notes["draft"] = post["id"]
    return [f"/?p={post['id']}"]


@event("a draft becomes public")
def publish_draft(stage: Stage) -> list[str]:
    body = {"status": "publish", "date": "2024-05-20T10:00:00"}
    post = stage.editor.rest(f"/wp/v2/posts/{stage.notes['draft']}", body, method="PUT")
    return [where(stage, post), "/"]


@event("an older revision is restored")
def restore_revision(stage: Stage) -> list[str]:
    post = stage.id_of("archive_5")
    for text in ("The first text.", "The second text."):
        stage.editor.rest(f"/wp/v2/posts/{post}", {"content": paragraph(text)}, method="PUT")
    revisions = stage.editor.rest(f"/wp/v2/posts/{post}/revisions")
    older = next(r["id"] for r in revisions if "first text" in r["content"]["rendered"])
    nonce = stage.php("echo wp_create_nonce( 'x' );")  # only a login's own nonces are taken
    assert nonce
    page = stage.editor.open(f"/wp-admin/revision.php?revision={older}")
    found = re.search(
        rf"revision={older}&action=restore&_wpnonce=(\w+)",
        page.replace("\\u0026", "&").replace("&amp;", "&"),
    )
    assert found, "no link to restore"
    stage.begin()
    stage.editor.open(f"/wp-admin/revision.php?revision={older}&action=restore&_wpnonce={found[1]}")
    return [stage.path_of("archive_5")]


@event("a post is published in the classic editor")
def publish_classic(stage: Stage) -> list[str]:
    address = "/wp-admin/post-new.php?classic-editor"
    changes = {
        "post_title": "Classic again",
        "content": "One line\nand another.",
        "post_category[]": ["0", str(stage.id_of("category_news"))],
        "tax_input[post_tag]": "boats, ropes",
        "aa": "2024", "mm": "05", "jj": "21", "hh": "10", "mn": "00", "ss": "00",
    }  # fmt: skip
    stage.begin()
    stage.editor.submit(address, "post", changes, button="publish")
    post = stage.editor.rest("/wp/v2/posts?search=Classic+again")[0]
    stage.notes["classic"] = post["id"]
    stage.notes["classic_path"] = where(stage, post)
    return [stage.notes["classic_path"], "/", "/category/news/", "/tag/ropes/", "/tag/boats/"]


@event("a post is corrected in the classic editor")
def correct_classic(stage: Stage) -> list[str]:
    address = f"/wp-admin/post.php?post={stage.notes['classic']}&action=edit&classic-editor"
    changes = {"content": "Corrected.", "post_title": "Classic, corrected"}
    stage.editor.submit(address, "post", changes, button="save")
    return [stage.notes["classic_path"], "/category/news/"]


@event("quick edit: another title, slug and date")
def quick_edit(stage: Stage) -> list[str]:
    post = stage.notes["classic"]
    nonce = stage.editor.nonce_in("/wp-admin/edit.php", r'id="_inline_edit"[^>]*value="(\w+)"')
    fields = {
        "post_ID": post, "_inline_edit": nonce, "post_type": "post", "screen": "edit-post",
        "post_view": "list", "post_title": "Edited quickly", "post_name": "edited-quickly",
        "mm": "05", "jj": "22", "aa": "2024", "hh": "11", "mn": "00", "ss": "00",
        "post_author": "1", "post_password": "", "post_category[]": [stage.id_of("category_news")],
        "tax_input[post_tag]": "boats", "comment_status": "open", "_status": "publish",
    }  # fmt: skip
    stage.begin()
    stage.editor.ajax("inline-save", fields)
    old = stage.notes["classic_path"]
    return ["/2024/05/22/edited-quickly/", old, "/", "/tag/ropes/", "/category/news/"]


@event("bulk edit: three posts get a category and an author")
def bulk_edit(stage: Stage) -> list[str]:
    keys = ("archive_6", "archive_7", "archive_8")
    fields, action, _ = stage.editor.read_form("/wp-admin/edit.php", "posts-filter")
    kept = {n: v for n, v in fields if n in ("_wpnonce", "post_type", "_wp_http_referer")}
    changes = {
        **kept, "action": "edit", "post[]": [stage.id_of(k) for k in keys],
        "post_category[]": [stage.id_of("category_culture")], "tax_input[post_tag]": "together",
        "post_author": stage.id_of("author_olga"), "comment_status": "", "ping_status": "",
        "_status": "-1", "sticky": "-1", "post_format": "-1", "bulk_edit": "Update",
    }  # fmt: skip
    stage.begin()
    stage.editor.open(f"{action.partition('?')[0]}?{_query(changes)}")
    paths = [stage.path_of(k) for k in keys]
    return [*paths, "/category/culture/", "/tag/together/", "/author/olga/", "/author/admin/"]


@event("bulk edit: three posts go to the trash")
def bulk_trash(stage: Stage) -> list[str]:
    keys = ("archive_6", "archive_7", "archive_8")
    nonce = stage.editor.nonce_in("/wp-admin/edit.php", r'id="_wpnonce"[^>]*value="(\w+)"')
    query = {"action": "trash", "_wpnonce": nonce, "post[]": [stage.id_of(k) for k in keys]}
    stage.begin()
    stage.editor.open(f"/wp-admin/edit.php?{_query(query)}")
    return [*[stage.path_of(k) for k in keys], "/category/culture/", "/tag/together/", "/"]


@event("a post comes back from the trash, as a draft", writes=0, why=NOTHING)
def untrash(stage: Stage) -> list[str]:
    stage.editor.follow(
        "/wp-admin/edit.php?post_status=trash", rf"post={stage.id_of('archive_6')}&action=untrash"
    )
    return [stage.path_of("archive_6")]


@event("what came back is published again")
def publish_untrashed(stage: Stage) -> list[str]:
    post = stage.id_of("archive_6")
    stage.editor.rest(f"/wp/v2/posts/{post}", {"status": "publish"}, method="PUT")
    return [stage.path_of("archive_6"), "/category/culture/"]


@event("a trashed post is deleted for good", writes=0, why="it was gone already")
def delete_trashed(stage: Stage) -> list[str]:
    stage.editor.follow(
        "/wp-admin/edit.php?post_status=trash", rf"post={stage.id_of('archive_7')}&action=delete"
    )
    return [stage.path_of("archive_7")]


@event("a public post is deleted for good at once")
def delete(stage: Stage) -> list[str]:
    stage.editor.rest(f"/wp/v2/posts/{stage.id_of('archive_9')}?force=true", method="DELETE")
    return [
        stage.path_of("archive_9"),
        "/",
        "/page/2/",
        "/category/region/coast/",
        "/author/admin/",
    ]


@event("a post is scheduled")
def schedule(stage: Stage) -> list[str]:
    post = make_post(stage, "Draft to come", status="draft")
    body = {"status": "future", "date": "2087-01-02T03:04:05", "title": "To come"}
    stage.begin()
    stage.editor.rest(f"/wp/v2/posts/{post['id']}", body, method="PUT")
    stage.notes["future"] = post["id"]
    stage.holds(f"post:{post['id']}", "To come")
    return ["/", "/2087/01/02/to-come/"]


@event("a scheduled post goes live by WP-Cron")
def go_live(stage: Stage) -> list[str]:
    post = stage.notes["future"]
    stage.sql(
        "UPDATE wp_posts SET post_date = '2024-05-25 12:00:00', post_date_gmt = '2024-05-25 10:00:00'"
        f" WHERE ID = {post}"
    )
    stage.php(
        "wp_clear_scheduled_hook( 'publish_future_post', array( (int) $args[0] ) );"
        "wp_schedule_single_event( time() - 60, 'publish_future_post', array( (int) $args[0] ) );",
        post,
    )
    stage.begin()
    stage.editor.open("/wp-cron.php?doing_wp_cron")
    return ["/2024/05/25/to-come/", "/"]


@event("a scheduled post is withdrawn before its time")
def unschedule(stage: Stage) -> list[str]:
    post = make_post(stage, "Never to come", status="future", date="2087-02-03T04:05:06")
    stage.begin()
    stage.editor.rest(f"/wp/v2/posts/{post['id']}", {"status": "draft"}, method="PUT")
    stage.holds_no(f"post:{post['id']}")
    return ["/"]


@event("a public post is withdrawn")
def unpublish(stage: Stage) -> list[str]:
    stage.editor.rest(
        f"/wp/v2/posts/{stage.id_of('archive_10')}", {"status": "draft"}, method="PUT"
    )
    return [stage.path_of("archive_10"), "/page/2/", "/page/3/", "/category/region/coast/island/"]


@event("a public post becomes private")
def make_private(stage: Stage) -> list[str]:
    post = stage.id_of("archive_11")
    stage.editor.rest(f"/wp/v2/posts/{post}", {"status": "private"}, method="PUT")
    return [stage.path_of("archive_11"), "/page/2/"]


@event("a private post becomes public, with what is attached to it")
def make_public(stage: Stage) -> list[str]:
    post = stage.id_of("private_post")
    stage.editor.rest(f"/wp/v2/posts/{post}", {"status": "publish"}, method="PUT")
    stage.holds(f"post:{stage.id_of('private_attachment')}", "Attachment of a private post")
    return [stage.path_of("private_post"), "/"]


@event("what is attached goes with its post")
def withdraw_parent(stage: Stage) -> list[str]:
    post = stage.id_of("private_post")
    stage.editor.rest(f"/wp/v2/posts/{post}", {"status": "private"}, method="PUT")
    stage.holds_no(f"post:{stage.id_of('private_attachment')}")
    return [stage.path_of("private_post"), "/"]


@event("a password is set")
def lock(stage: Stage) -> list[str]:
    post = stage.id_of("archive_12")
    stage.editor.rest(f"/wp/v2/posts/{post}", {"password": "sesame"}, method="PUT")
    return [stage.path_of("archive_12")]


@event("a password is taken away")
def unlock(stage: Stage) -> list[str]:
    post = stage.id_of("archive_12")
    stage.editor.rest(f"/wp/v2/posts/{post}", {"password": ""}, method="PUT")
    return [stage.path_of("archive_12")]


@event("a post gets another slug")
def rename(stage: Stage) -> list[str]:
    post = stage.id_of("archive_13")
    made = stage.editor.rest(f"/wp/v2/posts/{post}", {"slug": "another-name"}, method="PUT")
    return [where(stage, made), stage.path_of("archive_13"), "/page/2/"]


@event("a post gets another date")
def redate(stage: Stage) -> list[str]:
    post = stage.id_of("archive_14")
    body = {"date": "2024-03-30T08:00:00"}
    made = stage.editor.rest(f"/wp/v2/posts/{post}", body, method="PUT")
    return [where(stage, made), "/", "/2024/", "/2020/"]


@event("a post gets another author")
def reassign(stage: Stage) -> list[str]:
    post = stage.id_of("archive_15")
    body = {"author": stage.id_of("author_rami")}
    stage.editor.rest(f"/wp/v2/posts/{post}", body, method="PUT")
    return ["/author/rami/", "/author/admin/", "/author/ines/", "/author/olga/"]


@event("a post gets another format")
def reformat(stage: Stage) -> list[str]:
    post = stage.id_of("archive_16")
    stage.editor.rest(f"/wp/v2/posts/{post}", {"format": "aside"}, method="PUT")
    return ["/type/aside/", stage.path_of("archive_16")]


@event("an autosave of the classic editor, by its heartbeat", writes=0, why=NOTHING)
def heartbeat(stage: Stage) -> list[str]:
    post = stage.id_of("archive_4")
    data = {"post_id": post, "post_type": "post", "post_title": "NOT YET", "content": "NOT YET"}
    data["_wpnonce"] = stage.login_nonce(f"update-post_{post}")
    fields = {f"data[wp_autosave][{name}]": value for name, value in data.items()}
    nonce = stage.login_nonce("heartbeat-nonce")
    stage.editor.ajax(
        "heartbeat", {"_nonce": nonce, "screen_id": "post", "has_focus": "true", **fields}
    )
    return [stage.path_of("archive_4")]


@event("the trash is emptied", writes=0, why="all of it was gone already")
def empty_trash(stage: Stage) -> list[str]:
    address = "/wp-admin/edit.php?post_status=trash&post_type=post"
    fields, action, _ = stage.editor.read_form(address, "posts-filter")
    kept = {
        n: v for n, v in fields if n in ("_wpnonce", "post_type", "post_status", "_wp_http_referer")
    }
    stage.begin()
    stage.editor.open(f"{action.partition('?')[0]}?{_query({**kept, 'delete_all': 'Empty'})}")
    assert not stage.sql(
        "SELECT ID FROM wp_posts WHERE post_status = 'trash' AND post_type = 'post'"
    )
    return [stage.path_of("archive_8")]


@event("a comment is approved, on a page that shows the latest comments")
def approve(stage: Stage) -> list[str]:
    stage.editor.rest(
        f"/wp/v2/comments/{stage.id_of('comment_pending')}", {"status": "approved"}, method="PUT"
    )
    return [stage.path_of("dynamic_blocks_post")]


@event("a new post on a page that shows the latest posts")
def latest(stage: Stage) -> list[str]:
    make_post(stage, "The very latest")
    return [stage.path_of("dynamic_blocks_post"), "/"]


def _query(fields: dict[str, object]) -> str:
    return urllib.parse.urlencode(flatten(fields))
