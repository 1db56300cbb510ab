"""Events of pages and of items of custom types: their addresses are made of what is above them."""

from __future__ import annotations

from tests.publisher.event_catalogue import event, make_post, where
from tests.publisher.event_stage import Stage


@event("a page is published below another one")
def publish(stage: Stage) -> list[str]:
    page = make_post(stage, "New department", kind="pages", parent=stage.id_of("company_page"))
    stage.notes["page"] = page["id"]
    return [where(stage, page), "/company/"]


@event("a page with three generations below it gets another slug and title")
def rename(stage: Stage) -> list[str]:
    page = stage.id_of("company_page")
    body = {"slug": "firm", "title": "The firm"}
    stage.editor.rest(f"/wp/v2/pages/{page}", body, method="PUT")
    stage.moved = {
        "/company/": "/firm/",
        "/company/departments/": "/firm/departments/",
        "/company/departments/engines/stokers/": "/firm/departments/engines/stokers/",
    }
    return ["/firm/", "/firm/departments/", "/firm/departments/engines/stokers/", "/"]


@event("a page gets another parent")
def move(stage: Stage) -> list[str]:
    page = stage.id_of("engines_page")
    body = {"parent": stage.id_of("cyrillic_page")}
    made = stage.editor.rest(f"/wp/v2/pages/{page}", body, method="PUT")
    path = where(stage, made)
    stage.moved = {"/firm/departments/engines/stokers/": f"{path}stokers/"}
    return [path, f"{path}stokers/", "/"]


@event("a page with a child goes to the trash, by the link in the list")
def trash(stage: Stage) -> list[str]:
    page = stage.id_of("renamed_page")
    stage.editor.follow("/wp-admin/edit.php?post_type=page", rf"post={page}&action=trash")
    return [stage.path_of("renamed_page"), "/"]


@event("a page with a child comes back and is published again")
def restore(stage: Stage) -> list[str]:
    page = stage.id_of("renamed_page")
    stage.php("wp_untrash_post( (int) $args[0] );", page)
    stage.begin()
    stage.editor.rest(f"/wp/v2/pages/{page}", {"status": "publish"}, method="PUT")
    return [stage.path_of("renamed_page"), stage.path_of("child_of_renamed_page")]


@event("a page with a child and a picture is deleted for good: both move up by plain SQL")
def delete_parent(stage: Stage) -> list[str]:
    top = make_post(stage, "Top", kind="pages", slug="top")
    middle = make_post(stage, "Middle", kind="pages", slug="middle", parent=top["id"])
    below = make_post(stage, "Below", kind="pages", slug="below", parent=middle["id"])
    stage.php(
        "wp_update_post( array( 'ID' => (int) $args[0], 'post_parent' => (int) $args[1] ) );",
        stage.id_of("image_webp"), middle["id"],
    )  # fmt: skip
    assert where(stage, below) == "/top/middle/below/"
    stage.begin()
    stage.editor.rest(f"/wp/v2/pages/{middle['id']}?force=true", method="DELETE")
    stage.moved = {"/top/middle/below/": "/top/below/"}
    return ["/top/", "/top/below/", "/top/middle/"]


@event("a page gets another place in the order and another template, by quick edit")
def reorder(stage: Stage) -> list[str]:
    page = stage.notes["page"]
    nonce = stage.editor.nonce_in(
        "/wp-admin/edit.php?post_type=page", r'id="_inline_edit"[^>]*value="(\w+)"'
    )
    fields = {
        "post_ID": page, "_inline_edit": nonce, "post_type": "page", "screen": "edit-page",
        "post_view": "list", "post_title": "First department", "post_name": "new-department",
        "mm": "05", "jj": "01", "aa": "2024", "hh": "10", "mn": "00", "ss": "00",
        "post_author": "1", "post_password": "", "post_parent": stage.id_of("company_page"),
        "menu_order": "1", "page_template": "default", "_status": "publish",
    }  # fmt: skip
    stage.begin()
    stage.editor.ajax("inline-save", fields)
    return ["/firm/new-department/"]


@event("an item of a custom type is published")
def publish_book(stage: Stage) -> list[str]:
    body = {"genres": [stage.id_of("genre_nordic")], "date": "2024-02-02T10:00:00"}
    book = make_post(stage, "A new book", kind="books", **body)
    stage.notes["book"] = book
    return [
        where(stage, book),
        "/library/",
        "/genre/fiction/",
        "/genre/fiction/crime/nordic-crime/",
    ]


@event("an item of a custom type is withdrawn")
def withdraw_book(stage: Stage) -> list[str]:
    book = stage.notes["book"]
    stage.editor.rest(f"/wp/v2/books/{book['id']}", {"status": "draft"}, method="PUT")
    return [where(stage, book), "/library/", "/genre/fiction/crime/nordic-crime/"]


@event("a registered field of a custom type changes in the block editor")
def book_field(stage: Stage) -> list[str]:
    book = stage.id_of("book_4")
    stage.editor.rest(f"/wp/v2/books/{book}", {"meta": {"pages": 4444}}, method="PUT")
    stage.holds(f"post:{book}", "4444")
    return [stage.path_of("book_4")]
