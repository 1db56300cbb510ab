"""Events of settings, of the theme's settings and of the theme, and what touches everything at once."""

from __future__ import annotations

from tests.publisher.event_catalogue import event, make_post, paragraph
from tests.publisher.event_stage import Stage


@event("the site gets another title and tagline by the form")
def title(stage: Stage) -> list[str]:
    changes = {"blogname": "The Quay", "blogdescription": "News of a harbour"}
    _options(stage, "general", changes)
    return ["/", stage.path_of("archive_2"), "/category/news/"]


@event("other numbers of posts on a page")
def per_page(stage: Stage) -> list[str]:
    _options(stage, "reading", {"posts_per_page": "7"})
    return ["/", "/page/2/", "/page/8/", "/category/news/page/2/", "/author/admin/"]


@event("a page becomes the front page")
def static_front(stage: Stage) -> list[str]:
    changes = {
        "show_on_front": "page",
        "page_on_front": stage.id_of("front_page"),
        "page_for_posts": stage.id_of("posts_page"),
    }
    _options(stage, "reading", changes)
    return ["/", "/journal/", "/journal/page/2/", "/welcome/", stage.path_of("archive_2")]


@event("the front page is corrected")
def edit_front(stage: Stage) -> list[str]:
    page = stage.id_of("front_page")
    body = {"content": paragraph("Come in."), "title": "Ahoy"}
    stage.editor.rest(f"/wp/v2/pages/{page}", body, method="PUT")
    return ["/"]


@event("another page shows the posts")
def other_posts_page(stage: Stage) -> list[str]:
    page = make_post(stage, "Log book", kind="pages", slug="log-book")
    stage.begin()
    _options(stage, "reading", {"page_for_posts": page["id"]})
    return ["/log-book/", "/journal/", "/"]


@event("the latest posts are on the front page again")
def posts_front(stage: Stage) -> list[str]:
    _options(stage, "reading", {"show_on_front": "posts"})
    return ["/", "/journal/", "/log-book/", "/welcome/"]


@event("the site gets a logo: the first save of a setting of the theme")
def logo(stage: Stage) -> list[str]:
    stage.php("set_theme_mod( 'custom_logo', (int) $args[0] );", stage.id_of("image_tall"))
    stage.holds("site", f'"site_logo":{stage.id_of("image_tall")}')
    return ["/"]


@event("the site gets an icon")
def icon(stage: Stage) -> list[str]:
    stage.editor.rest("/wp/v2/settings", {"site_icon": stage.id_of("image_tall")})
    stage.holds("site", f'"site_icon":{stage.id_of("image_tall")}')
    return ["/"]


@event(
    "settings that the public never sees", writes=0, why="nothing that the public sees has changed"
)
def unrelated(stage: Stage) -> list[str]:
    stage.php(
        "update_option( 'default_ping_status', 'closed' ); update_option( 'thumbnail_size_w', 151 );"
        "update_option( 'sos_rig', 1 ); set_site_transient( 'rig', 1 ); delete_option( 'sos_rig' );"
        "update_option( 'blogname', get_option( 'blogname' ) );"
    )
    assert stage.dirty() == []
    return ["/"]


EVERYTHING = "the site at once, then each portion of a rebuild that finds something changed"


@event("another permalink structure", writes=-1, why=EVERYTHING)
def permalinks(stage: Stage) -> list[str]:
    _permalinks(stage, "/%category%/%postname%/")
    stage.rebuild()
    return [*_links(stage, "archive_2", "archive_26", "archive_40"), "/", "/category/culture/"]


@event("a category that stands in the addresses of posts gets another slug")
def rename_in_permalinks(stage: Stage) -> list[str]:
    term = stage.id_of("category_news")
    stage.editor.rest(f"/wp/v2/categories/{term}", {"slug": "headlines"}, method="PUT")
    return [*_links(stage, "archive_4", "archive_40", "sticky_old"), "/category/headlines/", "/"]


@event("a post goes to another category that stands in its address")
def refile_in_permalinks(stage: Stage) -> list[str]:
    post = stage.id_of("archive_40")
    body = {"categories": [stage.id_of("category_cyrillic")]}
    stage.editor.rest(f"/wp/v2/posts/{post}", body, method="PUT")
    return [*_links(stage, "archive_40"), "/category/headlines/"]


@event("another base of categories", writes=-1, why=EVERYTHING)
def category_base(stage: Stage) -> list[str]:
    _permalinks(stage, "/%year%/%monthnum%/%day%/%postname%/", "topics")
    stage.rebuild()
    return ["/topics/culture/", "/topics/headlines/", *_links(stage, "archive_2", "archive_40")]


@event("global styles of a block theme", writes=-1, why=EVERYTHING)
def global_styles(stage: Stage) -> list[str]:
    post = stage.php(
        "echo wp_insert_post( array( 'post_type' => 'wp_global_styles', 'post_status' => 'publish',"
        " 'post_content' => '{\"version\":2,\"isGlobalStylesUserThemeJSON\":true}' ) );"
    )
    assert not stage.is_rebuilding(), "an empty one comes with the first look at the editor"
    stage.php(
        "wp_update_post( array( 'ID' => (int) $args[0], 'post_content' =>"
        ' \'{"version":2,"isGlobalStylesUserThemeJSON":true,"styles":{}}\' ) );',
        post,
    )
    assert stage.is_rebuilding()
    stage.rebuild()
    return ["/"]


@event("an import, with the hooks of the cache suspended", writes=-1, why=EVERYTHING)
def imported(stage: Stage) -> list[str]:
    stage.php(
        "define( 'WP_IMPORTING', true ); do_action( 'import_start' ); wp_suspend_cache_invalidation( true );"
        "$a = wp_insert_post( array( 'post_title' => 'Imported', 'post_name' => 'imported', 'post_type' => 'page',"
        " 'post_status' => 'publish', 'post_content' => 'Brought in.', 'post_date' => '2015-01-01 10:00:00' ) );"
        "$b = wp_insert_post( array( 'post_title' => 'Below', 'post_name' => 'imported-below', 'post_type' => 'page',"
        " 'post_status' => 'publish', 'post_content' => 'Too.', 'post_date' => '2015-01-02 10:00:00' ) );"
        "global $wpdb; $wpdb->update( $wpdb->posts, array( 'post_parent' => $a ), array( 'ID' => $b ) );"
        "$wpdb->query( \"UPDATE $wpdb->posts SET post_content = REPLACE( post_content, 'Too.', 'Also.' )\" );"
        "wp_suspend_cache_invalidation( false ); do_action( 'import_end' );"
    )
    stage.rebuild()
    return ["/imported/", "/imported/imported-below/"]


@event(
    "text is replaced in the tables, of which no hook tells, and the hourly comparison finds it",
    writes=-1,
    why="a comparison sends what differs in portions",
)
def replaced(stage: Stage) -> list[str]:
    stage.sql(
        "UPDATE wp_posts SET post_content = REPLACE( post_content, 'harbour', 'HAVEN' )"
        " WHERE post_type = 'post'"
    )
    stage.php(
        "$plugin = SOS_Publisher\\Plugin::instance(); $plugin->rebuild()->verify( 90, true, true );"
        "$plugin->flusher()->flush( 20 );"
    )
    return _links(stage, "archive_2", "archive_22", "archive_26")


@event("a plugin is deactivated whose shortcode stood in texts", writes=-1, why=EVERYTHING)
def plugin(stage: Stage) -> list[str]:
    folder = stage.wordpress.content / "plugins"
    (folder / "rig-shortcode.php").write_text(
        "<?php\n/* Plugin Name: Rig */\nadd_shortcode( 'rig', fn() => 'FROM-THE-PLUGIN' );\n"
    )
    stage.php("activate_plugin( 'rig-shortcode.php' );")
    stage.rebuild()
    body = {"content": paragraph("Here: [rig].")}
    post = stage.id_of("archive_23")
    stage.editor.rest(f"/wp/v2/posts/{post}", body, method="PUT")
    stage.begin()
    stage.php("deactivate_plugins( 'rig-shortcode.php' );")
    stage.rebuild()
    return [stage.path_of("archive_23")]


@event(
    "authors stand in the addresses of posts, and one gets another address",
    writes=-1,
    why=EVERYTHING,
)
def author_in_permalinks(stage: Stage) -> list[str]:
    _permalinks(stage, "/%author%/%postname%/", "topics")
    stage.rebuild()
    stage.begin()
    body = {"slug": "ines-the-editor"}
    stage.editor.rest(f"/wp/v2/users/{stage.id_of('editor_ines')}", body, method="PUT")
    stage.settle()
    return [*_links(stage, "archive_22", "archive_28", "archive_40"), "/author/ines-the-editor/"]


@event("another theme, made of blocks, and the first one again", writes=-1, why=EVERYTHING)
def theme(stage: Stage) -> list[str]:
    stage.php("switch_theme( $args[0] );", stage.wordpress.edition.block_theme)
    assert stage.is_rebuilding()
    stage.rebuild()
    stage.php("switch_theme( 'twentytwentyone' );")
    stage.rebuild()
    return ["/", stage.path_of("company_page").replace("company", "firm")]


@event(
    "the last menu is deleted in a theme of blocks, and navigation blocks take its place",
    writes=-1,
    why=EVERYTHING,
)
def last_menu(stage: Stage) -> list[str]:
    stage.php("switch_theme( $args[0] );", stage.wordpress.edition.block_theme)
    stage.rebuild()
    stage.php("foreach ( wp_get_nav_menus() as $menu ) { wp_delete_nav_menu( $menu->term_id ); }")
    stage.holds(f"menu:{stage.id_of('navigation')}", "Departments")
    return []


@event("a navigation block gets another item")
def navigation(stage: Stage) -> list[str]:
    number = stage.id_of("navigation")
    item = stage.editor.rest(f"/wp/v2/navigation/{number}?context=edit")
    link = (
        '<!-- wp:navigation-link {"label":"Added here","url":"https://example.org/n",'
        '"kind":"custom"} /-->'
    )
    stage.begin()
    body = {"content": item["content"]["raw"] + link}
    stage.editor.rest(f"/wp/v2/navigation/{number}", body, method="PUT")
    stage.holds(f"menu:{number}", "Added here")
    return []


@event("a newer navigation takes the first place")
def newer_navigation(stage: Stage) -> list[str]:
    link = '<!-- wp:navigation-link {"label":"Newer","url":"https://example.org/n","kind":"custom"} /-->'
    body = {"title": "Newer", "content": link, "status": "publish"}
    made = stage.editor.rest("/wp/v2/navigation", body)
    stage.holds(f"menu:{made['id']}", '"primary"')
    stage.holds(f"menu:{stage.id_of('navigation')}", '"locations":[]')
    return []


@event(
    "the header of a theme of blocks is changed",
    writes=0,
    why="no document is made of it: the node has its own header",
)
def template_part(stage: Stage) -> list[str]:
    theme = stage.wordpress.edition.block_theme
    body = {"slug": "header", "theme": theme, "content": paragraph("Another header.")}
    stage.editor.rest(f"/wp/v2/template-parts/{theme}//header", body, method="PUT")
    return []


@event("the first classic menu is made, and navigation blocks are no menus any more")
def first_menu(stage: Stage) -> list[str]:
    stage.php("wp_create_nav_menu( 'Made anew' );")
    stage.holds_no(f"menu:{stage.id_of('navigation')}")
    return []


def _options(stage: Stage, screen: str, changes: dict[str, object]) -> None:
    address = f"/wp-admin/options-{screen}.php"
    stage.editor.submit(address, "//form[@action='options.php']", changes)


def _permalinks(stage: Stage, structure: str, base: str = "") -> None:
    changes = {"selection": "custom", "permalink_structure": structure, "category_base": base}
    stage.editor.submit(
        "/wp-admin/options-permalink.php", "//form[@action='options-permalink.php']", changes
    )


def _links(stage: Stage, *keys: str) -> list[str]:
    said = stage.php(
        'foreach ( $args as $id ) { echo get_permalink( (int) $id ), "\\n"; }',
        *[stage.id_of(key) for key in keys],
    )
    return [stage.path(link) for link in said.split()]
