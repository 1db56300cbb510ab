"""What is marked when PHP is killed in the middle of a change, and what marks nothing at all.

The process is ended by SIGKILL, inside of WordPress's own hook after it wrote: no shutdown function
runs, so that only what was written when the hook fired is there.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.servers.mariadb import MariaDB
from tests.servers.node import SITE
from tests.servers.wordpress import WordPressServer

pytestmark = [pytest.mark.wordpress, pytest.mark.timeout(180)]

KILL = "function () { posix_kill( getmypid(), SIGKILL ); }"


@dataclass(frozen=True)
class Death:
    """What is done, the hook within which PHP dies, and what must be marked then. ``{key}`` is the id of
    an item of the test site; ``prepare`` runs before, in a process of its own."""

    name: str
    hook: str
    do: str
    marks: str
    prepare: str = ""


DEATHS = [
    Death(
        "post_corrected",
        "edit_post",
        "wp_update_post( array( 'ID' => {archive_1}, 'post_title' => 'X' ) );",
        "post:{archive_1} lists:type:post menus-of:post:{archive_1}",
    ),
    Death(
        "post_inserted",
        "set_object_terms",
        "wp_insert_post( array( 'ID' => 0, 'import_id' => 9001, 'post_title' => 'X',"
        " 'post_status' => 'publish' ) );",
        "post:9001",
    ),
    Death(
        "page_inserted",
        "clean_post_cache",
        "wp_insert_post( array( 'import_id' => 9002, 'post_title' => 'X', 'post_type' => 'page',"
        " 'post_status' => 'publish' ) );",
        "post:9002",
    ),
    Death(
        "post_withdrawn",
        "clean_post_cache",
        "wp_update_post( array( 'ID' => {archive_2}, 'post_status' => 'draft' ) );",
        "post:{archive_2} lists:type:post user:3 term:{category_island} below:post:{archive_2}",
    ),
    Death(
        "post_trashed",
        "clean_post_cache",
        "wp_trash_post( {archive_3} );",
        "post:{archive_3} user:1 below:post:{archive_3}",
    ),
    Death(
        "post_deleted",
        "deleted_post",
        "wp_delete_post( {archive_4}, true );",
        "post:{archive_4} lists:type:post user:2 term:{category_news}",
    ),
    Death(
        "parent_deleted",
        "delete_post",
        "wp_delete_post( {departments_page}, true );",
        "post:{departments_page} post:{engines_page} below:post:{engines_page}"
        " menus-of:post:{engines_page}",
    ),
    Death(
        "parent_renamed",
        "clean_post_cache",
        "wp_update_post( array( 'ID' => {company_page}, 'post_name' => 'x' ) );",
        "post:{company_page} below:post:{company_page} menus-of:post:{company_page}",
    ),
    Death(
        "schedule_fired",
        "clean_post_cache",
        "wp_publish_post( {future_post} );",
        "post:{future_post}",
    ),
    Death(
        "post_refiled",
        "added_term_relationship",
        "wp_set_object_terms( {archive_5}, array( {category_empty} ), 'category' );",
        "post:{archive_5}",
    ),
    Death(
        "category_renamed",
        "edited_terms",
        "wp_update_term( {category_region}, 'category', array( 'slug' => 'x' ) );",
        "term:{category_region} below:term:{category_region} menus-of:term:{category_region}"
        " lists:terms:category",
    ),
    Death(
        "parent_category_deleted",
        "edited_term_taxonomies",
        "wp_delete_term( {category_region}, 'category' );",
        "term:{category_region} term:{category_coast} below:term:{category_coast}",
    ),
    Death(
        "author_deleted",
        "clean_post_cache",
        "wp_delete_user( {author_olga}, 1 );",
        "user:{author_olga} user:1 posts-of:user:1",
    ),
    Death(
        "author_renamed",
        "insert_user_meta",
        "wp_update_user( array( 'ID' => {editor_ines}, 'display_name' => 'X' ) );",
        "user:{editor_ines} lists:users",
    ),
    Death(
        "alternative_text",
        "updated_post_meta",
        "update_post_meta( {image_wide}, '_wp_attachment_image_alt', 'X' );",
        "post:{image_wide} shows:post:{image_wide}",
    ),
    Death(
        "featured_image_deleted",
        "deleted_post_meta",
        "wp_delete_attachment( {image_huge}, true );",
        "post:{image_huge} shows:post:{image_huge} post:{featured_huge_post}",
    ),
    Death(
        "attachment_detached",
        "wp_media_attach_action",
        "$_REQUEST['media'] = array( {protected_attachment} );"
        "wp_media_attach_action( {protected_post}, 'detach' );",
        "post:{protected_attachment}",
    ),
    Death("site_title", "update_option_blogname", "update_option( 'blogname', 'X' );", "site"),
    Death(
        "first_setting_of_the_theme",
        "add_option_theme_mods_twentytwentyone",
        "set_theme_mod( 'nav_menu_locations', array() );",
        "site menus",
        prepare="delete_option( 'theme_mods_twentytwentyone' );",
    ),
    Death(
        "permalinks",
        "update_option_permalink_structure",
        "$GLOBALS['wp_rewrite']->set_permalink_structure( '/x/%postname%/' );",
        "everything site types taxonomies",
    ),
    Death(
        "menu_item",
        "updated_postmeta",
        "$items = wp_get_nav_menu_items( {menu_primary} );"
        "update_post_meta( $items[0]->db_id, '_menu_item_url', '/x' );",
        "menu:{menu_primary}",
    ),
    Death(
        "synced_pattern",
        "clean_post_cache",
        "wp_update_post( array( 'ID' => {pattern}, 'post_content' => 'X' ) );",
        "shows:post:{pattern}",
    ),
]

NOTHING = {
    "draft": "wp_insert_post( array( 'post_title' => 'X', 'post_category' => array( 1 ) ) );",
    "draft_corrected": "wp_update_post( array( 'ID' => {draft_post}, 'post_title' => 'X' ) );",
    "draft_trashed": "wp_trash_post( {pending_post} );",
    "auto_draft": "get_default_post_to_edit( 'post', true );",
    "revision": "_wp_put_post_revision( {archive_1} );",
    "autosave": "wp_create_post_autosave( array( 'post_ID' => {archive_1}, 'post_type' => 'post',"
    " 'content' => 'X', 'post_title' => 'X', 'post_content' => 'X', 'excerpt' => '' ) );",
    "changeset": "wp_insert_post( array( 'post_type' => 'customize_changeset', 'post_status' =>"
    " 'auto-draft', 'post_content' => '{{}}' ) );",
    "cached_embed": "wp_insert_post( array( 'post_type' => 'oembed_cache', 'post_status' => 'publish',"
    " 'post_content' => 'X' ) );",
    "lock": "wp_set_post_lock( {archive_1} );",
    "views": "update_post_meta( {archive_1}, 'views', 1 ); update_post_meta( {archive_1}, '_x', 1 );",
    "transient": "set_transient( 'x', 1, 9 ); set_site_transient( 'x', 1 ); delete_transient( 'x' );",
    "options": "update_option( 'x', 1 ); update_option( 'sos_publisher', array( 'site' => 'https://x.example' ) );",
    "same_value": "update_option( 'blogname', get_option( 'blogname' ) );",
    "theme_not_in_use": "update_option( 'theme_mods_x', array( 'a' => 1 ) );",
    "reader": "wp_update_user( array( 'ID' => {subscriber}, 'display_name' => 'X' ) );",
    "new_user": "wp_insert_user( array( 'user_login' => 'x', 'user_pass' => 'x' ) );",
    "login": "wp_set_auth_cookie( 1 ); do_action( 'wp_login', 'admin', get_userdata( 1 ) );",
    "comment_in_moderation": "wp_insert_comment( array( 'comment_post_ID' => {archive_1},"
    " 'comment_content' => 'X', 'comment_approved' => 0 ) );",
    "private_taxonomy": "wp_insert_term( 'X', 'wp_theme' );",
}


@pytest.fixture(scope="module", params=["6.1", "7.1"])
def wordpress(
    request: pytest.FixtureRequest, make_wordpress: Callable[..., WordPressServer]
) -> Iterator[WordPressServer]:
    """WordPress with the plugin; its store is not there, so that all marks stay."""
    constants = {"SOS_SITE": SITE, "SOS_REDIS_URL": "redis://127.0.0.1:1"}
    server = make_wordpress(
        request.param, theme="twentytwentyone", plugin=True, constants=constants
    )
    yield server
    server.stop()


def fill(wordpress: WordPressServer, text: str) -> str:
    """Ids of items of the test site instead of their keys."""
    return text.format_map({key: item["id"] for key, item in wordpress.fixture.items()})


def fetch_marks(wordpress: WordPressServer, mariadb: MariaDB) -> set[str]:
    """What is marked; then nothing is."""
    statement = "SELECT ref FROM wp_sos_objects WHERE dirty = 1; DELETE FROM wp_sos_objects"
    return set(mariadb.execute(statement, wordpress._database).split())


def test_marks_outlive_a_process_that_is_killed(
    wordpress: WordPressServer, mariadb: MariaDB
) -> None:
    """Whatever WordPress had written when PHP was killed is marked."""
    problems = []
    for death in DEATHS:
        if death.prepare:
            wordpress.run_php(fill(wordpress, death.prepare))
        fetch_marks(wordpress, mariadb)
        code = f"add_action( '{death.hook}', {KILL}, PHP_INT_MIN + 1, 0 );"
        code += fill(wordpress, death.do)
        with pytest.raises(RuntimeError, match=f"status -{signal.SIGKILL.value}"):
            wordpress.run_php(code)
        lacking = set(fill(wordpress, death.marks).split()) - fetch_marks(wordpress, mariadb)
        if lacking:
            problems.append(f"{death.name}: {sorted(lacking)}")
    assert not problems, "\n".join(problems)


def test_what_the_public_never_sees_marks_nothing(
    wordpress: WordPressServer, mariadb: MariaDB
) -> None:
    """Drafts, revisions, autosaves, changesets, locks, counters, transients, readers."""
    wordpress.reset()
    fetch_marks(wordpress, mariadb)
    problems = []
    for name, code in NOTHING.items():
        wordpress.run_php(fill(wordpress, code))
        marks = fetch_marks(wordpress, mariadb)
        if marks:
            problems.append(f"{name}: {sorted(marks)}")
    assert not problems, "\n".join(problems)
