"""Events of categories, tags and terms of custom taxonomies."""

from __future__ import annotations

from tests.publisher.event_catalogue import event, make_post, where
from tests.publisher.event_stage import Stage


@event("a category is added by the form")
def add(stage: Stage) -> list[str]:
    changes = {"tag-name": "Added", "slug": "added", "description": "A new one."}
    stage.editor.submit("/wp-admin/edit-tags.php?taxonomy=category", "addtag", changes)
    terms = stage.editor.rest("/wp/v2/categories?slug=added")
    stage.notes["category"] = terms[0]["id"]
    return ["/category/added/"]


@event("a post is published with a tag that did not exist")
def new_tag(stage: Stage) -> list[str]:
    tag = stage.editor.rest("/wp/v2/tags", {"name": "Quite new"})
    stage.begin()
    body = {
        "tags": [tag["id"]],
        "categories": [stage.notes["category"]],
        "date": "2024-04-20T10:00:00",
    }
    post = make_post(stage, "With a new tag", **body)
    stage.notes["tagged"] = post
    return [where(stage, post), "/tag/quite-new/", "/category/added/"]


@event("a category gets another name and description by the form")
def edit(stage: Stage) -> list[str]:
    term = stage.id_of("category_culture")
    address = f"/wp-admin/term.php?taxonomy=category&tag_ID={term}"
    stage.editor.submit(address, "edittag", {"name": "Culture & more", "description": "All of it."})
    return ["/category/culture/", "/"]


@event("a category gets another slug, with categories below it")
def rename(stage: Stage) -> list[str]:
    term = stage.id_of("category_region")
    stage.editor.rest(f"/wp/v2/categories/{term}", {"slug": "district"}, method="PUT")
    stage.moved = {"/category/region/coast/island/": "/category/district/coast/island/"}
    return ["/category/district/", "/category/district/coast/", "/category/district/coast/island/"]


@event("a category gets another parent")
def move(stage: Stage) -> list[str]:
    term = stage.id_of("category_island")
    stage.editor.rest(f"/wp/v2/categories/{term}", {"parent": 0}, method="PUT")
    return ["/category/island/", "/category/district/", "/category/district/coast/"]


@event("quick edit of a tag")
def quick_edit(stage: Stage) -> list[str]:
    term = stage.id_of("tag_boats")
    nonce = stage.editor.nonce_in(
        "/wp-admin/edit-tags.php?taxonomy=post_tag", r'id="_inline_edit"[^>]*value="(\w+)"'
    )
    fields = {
        "_inline_edit": nonce, "taxonomy": "post_tag", "tax_ID": term, "post_type": "post",
        "name": "Boats & ships", "slug": "boats",
    }  # fmt: skip
    stage.begin()
    stage.editor.ajax("inline-save-tax", fields)
    return ["/tag/boats/"]


@event("a category with posts is deleted: they fall to the default category")
def delete(stage: Stage) -> list[str]:
    address = "/wp-admin/edit-tags.php?taxonomy=category"
    term = stage.notes["category"]
    stage.editor.follow(address, rf"action=delete&.*tag_ID={term}&")
    return ["/category/added/", "/category/uncategorized/", where(stage, stage.notes["tagged"])]


@event("a category with categories below it is deleted: they move up by plain SQL")
def delete_parent(stage: Stage) -> list[str]:
    stage.editor.rest(
        f"/wp/v2/categories/{stage.id_of('category_region')}?force=true", method="DELETE"
    )
    stage.moved = {"/category/district/coast/": "/category/coast/"}
    return ["/category/coast/", "/category/district/"]


@event("a tag is deleted")
def delete_tag(stage: Stage) -> list[str]:
    stage.editor.rest(f"/wp/v2/tags/{stage.id_of('tag_weather')}?force=true", method="DELETE")
    return ["/tag/weather/", stage.path_of("archive_1")]


@event("a term of a custom taxonomy gets another slug")
def rename_genre(stage: Stage) -> list[str]:
    term = stage.id_of("genre_fiction")
    stage.editor.rest(f"/wp/v2/genres/{term}", {"slug": "novels", "name": "Novels"}, method="PUT")
    return ["/genre/novels/", "/genre/novels/crime/", "/genre/novels/crime/nordic-crime/", "/"]


@event("a term is taken from a post by a program")
def take_away(stage: Stage) -> list[str]:
    stage.php(
        "wp_remove_object_terms( (int) $args[0], (int) $args[1], 'genre' );",
        stage.id_of("book_1"), stage.id_of("genre_fiction"),
    )  # fmt: skip
    return [stage.path_of("book_1"), "/genre/novels/"]


@event("terms are set while their counting is put off")
def deferred(stage: Stage) -> list[str]:
    stage.php(
        "wp_defer_term_counting( true );"
        "wp_set_object_terms( (int) $args[0], array( (int) $args[1] ), 'category' );"
        "wp_defer_term_counting( false );",
        stage.id_of("archive_20"), stage.id_of("category_empty"),
    )  # fmt: skip
    return ["/category/nothing-in-it/", stage.path_of("archive_20")]


@event("several tags are deleted in bulk")
def delete_tags(stage: Stage) -> list[str]:
    address = "/wp-admin/edit-tags.php?taxonomy=post_tag"
    fields, action, _ = stage.editor.read_form(address, "posts-filter")
    kept = {n: v for n, v in fields if n in ("_wpnonce", "taxonomy", "post_type")}
    terms = [stage.id_of("tag_chinese"), stage.id_of("tag_cpp")]
    stage.begin()
    stage.editor.post(action, {**kept, "action": "delete", "delete_tags[]": terms})
    return ["/tag/c-c/", stage.path_of("tag_chinese"), stage.path_of("chinese_post")]


@event("a category is written over XML-RPC")
def xmlrpc(stage: Stage) -> list[str]:
    login = (1, "admin", "not a secret")
    term = stage.xmlrpc.wp.newTerm(*login, {"name": "Far", "taxonomy": "category", "slug": "far"})
    stage.begin()
    content = {"taxonomy": "category", "name": "Further"}
    stage.xmlrpc.wp.editTerm(*login, term, content)
    return ["/category/far/"]
