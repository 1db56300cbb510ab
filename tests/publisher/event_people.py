"""Events of authors: who has something public has a page, and nobody else."""

from __future__ import annotations

from tests.publisher.event_catalogue import event, make_post
from tests.publisher.event_stage import Stage


@event("an author gets another name and description by the form")
def edit(stage: Stage) -> list[str]:
    address = f"/wp-admin/user-edit.php?user_id={stage.id_of('editor_ines')}"
    changes = {"nickname": "Inés", "display_name": "Inés", "description": "Has a new life."}
    stage.editor.submit(address, "your-profile", changes)
    return ["/author/ines/"]


@event("an author gets another address")
def rename(stage: Stage) -> list[str]:
    user = stage.id_of("author_olga")
    stage.editor.rest(f"/wp/v2/users/{user}", {"slug": "olga-p"}, method="PUT")
    return ["/author/olga-p/"]


@event("somebody's first post makes them an author")
def first_post(stage: Stage) -> list[str]:
    user = stage.id_of("author_idle")
    post = make_post(stage, "My first", author=user, date="2016-05-05T10:00:00")
    stage.notes["first"] = post["id"]
    return ["/author/idle/"]


@event("somebody's last post is withdrawn")
def last_post(stage: Stage) -> list[str]:
    stage.editor.rest(f"/wp/v2/posts/{stage.notes['first']}", {"status": "draft"}, method="PUT")
    stage.holds_no(f"user:{stage.id_of('author_idle')}")
    return ["/2016/05/05/my-first/"]


@event(
    "a reader without posts changes their profile, and logs in",
    writes=0,
    why="they are nobody's author",
)
def reader(stage: Stage) -> list[str]:
    stage.php(
        "wp_update_user( array( 'ID' => (int) $args[0], 'display_name' => 'Reads' ) );"
        "update_user_meta( (int) $args[0], 'session_tokens', array() );",
        stage.id_of("subscriber"),
    )
    assert stage.dirty() == []
    return ["/"]


@event("an author is deleted and somebody else gets the posts, by plain SQL")
def delete(stage: Stage) -> list[str]:
    user, heir = stage.id_of("author_rami"), stage.id_of("author_idle")
    fields, action, _ = stage.editor.read_form(
        f"/wp-admin/users.php?action=delete&user={user}&_wpnonce={_nonce(stage)}",
        "updateusers",
    )
    # WordPress 7 asks for each of several users; before, it asked once.
    each = f"[{user}]" if f"reassign_user[{user}]" in dict(fields) else ""
    changes = {**dict(fields), f"delete_option{each}": "reassign", f"reassign_user{each}": heir}
    stage.begin()
    stage.editor.post(action, changes)
    return ["/author/rami/", "/author/idle/", stage.path_of("rami_post")]


@event("an author is deleted with all posts")
def delete_with_posts(stage: Stage) -> list[str]:
    stage.php("wp_delete_user( (int) $args[0] );", stage.id_of("author_idle"))
    return ["/author/idle/", stage.path_of("rami_post"), "/"]


def _nonce(stage: Stage) -> str:
    return stage.editor.nonce_in("/wp-admin/users.php", r'name="_wpnonce"[^>]*value="(\w+)"')
