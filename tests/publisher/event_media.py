"""Events of pictures and files, of which most are changes of custom fields only."""

from __future__ import annotations

import re
import struct
import zlib

from tests.publisher.event_catalogue import event, make_post, where
from tests.publisher.event_stage import Stage


def picture(red: int) -> bytes:
    """A PNG of 64 by 40 pixels in one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + bytes((red, 80, 120)) * 64 for _ in range(40))
    head = struct.pack(">IIBBBBB", 64, 40, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@event("a picture is uploaded by the form")
def upload(stage: Stage) -> list[str]:
    nonce = stage.editor.nonce_in("/wp-admin/media-new.php", r'name="_wpnonce"[^>]*value="(\w+)"')
    stage.begin()
    said = stage.editor.send_files(
        "/wp-admin/async-upload.php",
        {"_wpnonce": nonce, "short": "1", "name": "new-quay.png"},
        {"async-upload": ("new-quay.png", picture(30))},
    )
    stage.notes["picture"] = int(re.findall(r"\d+", said)[0])
    stage.holds(f"post:{stage.notes['picture']}", "new-quay")
    return ["/"]


@event("a post is published with that picture, in its text and featured")
def use(stage: Stage) -> list[str]:
    number = stage.notes["picture"]
    item = stage.editor.rest(f"/wp/v2/media/{number}")
    image = (
        f'<!-- wp:image {{"id":{number}}} -->\n<figure class="wp-block-image"><img src="{item["source_url"]}"'
        f' alt="" class="wp-image-{number}"/></figure>\n<!-- /wp:image -->\n\n<!-- wp:paragraph --><p>With it.</p><!-- /wp:paragraph -->'
    )
    stage.begin()
    body = {"content": image, "featured_media": number, "date": "2024-04-22T10:00:00"}
    post = make_post(stage, "With a picture", **body)
    stage.notes["illustrated"] = post
    return [where(stage, post), "/"]


@event("a picture gets an alternative text in the media library")
def alt_text(stage: Stage) -> list[str]:
    number = stage.notes["picture"]
    said = stage.editor.ajax("get-attachment", {"id": number})
    found = re.search(r'"update":"(\w+)"', said)
    assert found, said[:300]
    fields = {"id": number, "nonce": found[1], "post_id": 0, "changes[alt]": "A quay in red"}
    stage.begin()
    stage.editor.ajax("save-attachment", fields)
    stage.holds(f"post:{number}", "A quay in red")
    return [where(stage, stage.notes["illustrated"])]


@event("a picture gets another title and caption on its own screen")
def describe(stage: Stage) -> list[str]:
    number = stage.notes["picture"]
    address = f"/wp-admin/post.php?post={number}&action=edit"
    stage.editor.submit(
        address, "post", {"post_title": "New quay", "excerpt": "At dawn"}, button="save"
    )
    stage.holds(f"post:{number}", "At dawn")
    return [where(stage, stage.notes["illustrated"])]


@event("a picture is turned in the image editor")
def turn(stage: Stage) -> list[str]:
    number = stage.notes["picture"]
    said = stage.editor.ajax("get-attachment", {"id": number})
    found = re.search(r'"edit":"(\w+)"', said)
    assert found, said[:300]
    fields = {
        "_ajax_nonce": found[1], "postid": number, "history": '[{"r":90}]', "target": "all",
        "context": "", "do": "save",
    }  # fmt: skip
    stage.begin()
    stage.editor.ajax("image-editor", fields)
    stage.holds(f"post:{number}", '"width":40')
    return [where(stage, stage.notes["illustrated"])]


@event("the file of a picture is replaced by a program")
def replace(stage: Stage) -> list[str]:
    number = stage.id_of("image_wide")
    stage.php(
        "require_once ABSPATH . 'wp-admin/includes/image.php';"
        "$id = (int) $args[0]; $new = dirname( get_attached_file( $id ) ) . '/harbour-2.jpg';"
        "copy( get_attached_file( $id ), $new ); update_attached_file( $id, $new );"
        "wp_update_attachment_metadata( $id, wp_generate_attachment_metadata( $id, $new ) );",
        number,
    )
    stage.holds(f"post:{number}", "harbour-2")
    return [stage.path_of("media_blocks_post"), stage.path_of("featured_post")]


@event("a post gets a featured image in the classic editor, at once")
def feature(stage: Stage) -> list[str]:
    post = stage.id_of("archive_21")
    nonce = stage.login_nonce(f"set_post_thumbnail-{post}")
    stage.begin()
    stage.editor.ajax(
        "set-post-thumbnail",
        {"post_id": post, "thumbnail_id": stage.id_of("image_tall"), "_ajax_nonce": nonce},
    )
    stage.holds(f"post:{post}", f'"featured_media":{stage.id_of("image_tall")}')
    return [stage.path_of("archive_21")]


@event("a file is attached to a post from the media library, by plain SQL")
def attach(stage: Stage) -> list[str]:
    number, post = stage.id_of("image_icon"), stage.id_of("archive_22")
    nonce = stage.editor.nonce_in(
        "/wp-admin/upload.php?mode=list", r'id="_wpnonce"[^>]*value="(\w+)"'
    )
    stage.begin()
    stage.editor.open(
        f"/wp-admin/upload.php?mode=list&_wpnonce={nonce}&found_post_id={post}&media[]={number}&action=attach"
    )
    stage.holds(f"post:{number}", f'"post":{post}')
    return [stage.path_of("archive_22")]


@event("a featured picture is deleted for good")
def delete(stage: Stage) -> list[str]:
    number = stage.notes["picture"]
    stage.editor.rest(f"/wp/v2/media/{number}?force=true", method="DELETE")
    stage.holds_no(f"post:{number}")
    stage.holds(f"post:{stage.notes['illustrated']['id']}", '"featured_media":0')
    return [where(stage, stage.notes["illustrated"]), "/"]
