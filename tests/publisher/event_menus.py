"""Events of menus, and of the posts of which nobody sees a page: patterns, navigations, templates, styles."""

from __future__ import annotations

import re

from tests.publisher.event_catalogue import event, make_post, paragraph
from tests.publisher.event_stage import Stage


def _items(stage: Stage) -> list[list[str]]:
    menu = stage.id_of("menu_primary")
    return stage.sql(
        "SELECT p.ID, p.post_title FROM wp_posts p JOIN wp_term_relationships r ON r.object_id = p.ID"
        f" WHERE r.term_taxonomy_id = {menu} ORDER BY p.menu_order"
    )


@event("an item of a menu gets another label, on the screen of menus")
def relabel(stage: Stage) -> list[str]:
    item = next(row[0] for row in _items(stage) if row[1] == "Elsewhere")
    address = f"/wp-admin/nav-menus.php?action=edit&menu={stage.id_of('menu_primary')}"
    stage.editor.submit(address, "update-nav-menu", {f"menu-item-title[{item}]": "Far away"})
    return ["/"]


@event("a page is put into a menu, on the screen of menus")
def add(stage: Stage) -> list[str]:
    menu, page = stage.id_of("menu_primary"), stage.id_of("news_page")
    address = f"/wp-admin/nav-menus.php?action=edit&menu={menu}"
    text = stage.editor.open(address)
    found = re.search(r'name="menu-settings-column-nonce"[^>]*value="(\w+)"', text)
    assert found
    fields = {
        "menu": menu, "menu-settings-column-nonce": found[1], "menu-item[-1][menu-item-object-id]": page,
        "menu-item[-1][menu-item-object]": "page", "menu-item[-1][menu-item-type]": "post_type",
        "menu-item[-1][menu-item-db-id]": 0, "menu-item[-1][menu-item-title]": "News, the page",
    }  # fmt: skip
    said = stage.editor.ajax("add-menu-item", fields)
    item = re.search(r"menu-item-(\d+)", said)
    assert item, said[:300]
    number = item[1]
    sent, action, _ = stage.editor.read_form(address, "update-nav-menu")
    last = 1 + sum(1 for n, _ in sent if n.startswith("menu-item-db-id"))
    more = {
        "db-id": number, "object-id": page, "object": "page", "parent-id": 0, "position": last,
        "type": "post_type", "title": "News, the page", "url": "", "attr-title": "", "classes": "", "xfn": "",
        "description": "", "target": "",
    }  # fmt: skip
    stage.begin()
    stage.editor.post(
        action, {**dict(sent), **{f"menu-item-{n}[{number}]": v for n, v in more.items()}}
    )
    return ["/"]


@event("a label of a menu follows the title of its page")
def follow_title(stage: Stage) -> list[str]:
    page = stage.id_of("departments_page")
    stage.editor.rest(f"/wp/v2/pages/{page}", {"title": "All departments"}, method="PUT")
    return ["/"]


@event("a label of a menu follows the name of its category")
def follow_name(stage: Stage) -> list[str]:
    term = stage.id_of("category_news")
    stage.editor.rest(f"/wp/v2/categories/{term}", {"name": "Latest news"}, method="PUT")
    return ["/", "/category/news/"]


@event("what a menu leads to is withdrawn")
def target_withdrawn(stage: Stage) -> list[str]:
    stage.editor.rest(f"/wp/v2/posts/{stage.id_of('archive_1')}?force=true", method="DELETE")
    return ["/"]


@event("an item is deleted from a menu over REST")
def delete_item(stage: Stage) -> list[str]:
    item = next(row[0] for row in _items(stage) if row[1] == "Far away")
    stage.editor.rest(f"/wp/v2/menu-items/{item}?force=true", method="DELETE")
    return ["/"]


@event("an item is put into a menu by a program")
def add_by_program(stage: Stage) -> list[str]:
    stage.php(
        "wp_update_nav_menu_item( (int) $args[0], 0, array( 'menu-item-title' => 'By a program',"
        " 'menu-item-url' => 'https://example.org/x', 'menu-item-status' => 'publish',"
        " 'menu-item-position' => 99 ) );",
        stage.id_of("menu_primary"),
    )
    return ["/"]


@event("another menu takes the first place")
def locate(stage: Stage) -> list[str]:
    address = "/wp-admin/nav-menus.php?action=locations"
    query = "//form[.//select[starts-with(@name,'menu-locations')]]"
    changes = {"menu-locations[primary]": stage.id_of("menu_footer")}
    stage.editor.submit(address, query, changes)
    return ["/"]


@event("the first menu takes its place again, in the Customizer")
def customize(stage: Stage) -> list[str]:
    stage.php(
        "require_once ABSPATH . WPINC . '/class-wp-customize-manager.php';"
        "$GLOBALS['wp_customize'] = $m = new WP_Customize_Manager( array( 'changeset_uuid' => wp_generate_uuid4() ) );"
        "do_action( 'setup_theme' ); $m->setup_theme(); $m->register_controls(); do_action( 'customize_register', $m );"
        "$m->set_post_value( 'nav_menu_locations[primary]', (int) $args[0] );"
        "$m->set_post_value( 'blogdescription', 'From the Customizer' );"
        "$done = $m->save_changeset_post( array( 'status' => 'publish' ) );"
        "if ( is_wp_error( $done ) ) { throw new Exception( $done->get_error_message() ); }",
        stage.id_of("menu_primary"),
    )
    return ["/"]


@event("a menu is deleted")
def delete(stage: Stage) -> list[str]:
    menu = stage.id_of("menu_unused")
    stage.php("wp_delete_nav_menu( (int) $args[0] );", menu)
    stage.holds_no(f"menu:{menu}")
    return ["/"]


@event("a synced pattern changes, on the posts that show it")
def pattern(stage: Stage) -> list[str]:
    number = stage.id_of("pattern")
    body = {"content": paragraph("Another shared text.")}
    stage.editor.rest(f"/wp/v2/blocks/{number}", body, method="PUT")
    return [stage.path_of("pattern_post")]


@event("a pattern within a pattern changes")
def nested_pattern(stage: Stage) -> list[str]:
    inner = stage.editor.rest(
        "/wp/v2/blocks", {"title": "Inner", "content": paragraph("Inside."), "status": "publish"}
    )
    outer = f'<!-- wp:block {{"ref":{inner["id"]}}} /-->'
    number = stage.id_of("pattern")
    stage.editor.rest(f"/wp/v2/blocks/{number}", {"content": outer}, method="PUT")
    stage.begin()
    body = {"content": paragraph("Deep inside, changed.")}
    stage.editor.rest(f"/wp/v2/blocks/{inner['id']}", body, method="PUT")
    return [stage.path_of("pattern_post")]


@event("a synced pattern goes to the trash")
def trash_pattern(stage: Stage) -> list[str]:
    stage.editor.rest(f"/wp/v2/blocks/{stage.id_of('pattern')}", method="DELETE")
    return [stage.path_of("pattern_post")]


@event("a list of pages in a text gets another page")
def page_list(stage: Stage) -> list[str]:
    make_post(stage, "Zebra crossing", kind="pages")
    return [stage.path_of("dynamic_blocks_post"), "/zebra-crossing/"]
