"""What the plugin reads of a real WordPress: who may see it, and the same bytes each time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.publisher.reading_stage import PLUGINS, Reading
from tests.servers.wordpress import WordPressServer

NUMBERED = re.compile(r"\b(?:wp-container|wp-elements|wp-block-gallery)-[\d-]+\b")


@pytest.fixture(scope="module", params=["6.1", "7.1"])
def reading(
    request: pytest.FixtureRequest, make_wordpress: Callable[..., WordPressServer]
) -> Reading:
    """The oldest and the newest WordPress in turn, each with plugins that misbehave."""
    return Reading(make_wordpress(request.param, plugin=True, mu_plugins=PLUGINS))


@pytest.fixture(scope="module")
def newest(make_wordpress: Callable[..., WordPressServer]) -> Reading:
    return Reading(make_wordpress("7.1", plugin=True, mu_plugins=PLUGINS))


# ---------------------------------------------------------------- who may see it


@pytest.mark.parametrize(
    "key",
    ["draft_post", "pending_post", "private_post", "trashed_post", "deleted_post", "draft_page"],
)
def test_what_is_not_public_is_no_document(reading: Reading, key: str) -> None:
    """Drafts, what waits for review, what is private, in the trash or gone: remove it."""
    ref = f"post:{reading.id(key)}"
    assert reading.raw(ref) == {ref: None}


def test_other_things_that_are_not_public_are_no_documents(reading: Reading) -> None:
    """Revisions, items of types without pages, attachments of what is private, authors without posts, nonsense."""
    php = reading.wordpress.run_php
    ledger = reading.insert("A ledger", post_type="ledger")
    revision = int(php(f"echo wp_save_post_revision( {reading.id('featured_post')} ) ?: 0;") or 0)
    nobody = int(
        php("echo wp_create_user( 'nobody' . wp_rand(), 'x', wp_rand() . '@example.org' );")
    )
    refs = [
        f"post:{ledger}",
        f"post:{revision or 999999}",
        f"post:{reading.id('private_attachment')}",
        f"post:{reading.id('navigation')}",
        f"user:{nobody}",
        f"menu:{reading.id('navigation')}",
        "post:0",
        "post:999999",
        "term:999999",
        "user:999999",
        "menu:999999",
        "comment:1",
    ]
    assert reading.raw(*refs) == dict.fromkeys(refs)


def test_protected_post_keeps_its_secrets(reading: Reading) -> None:
    """Title, path and picture are told; body, excerpt, pictures within and fields of plugins are not."""
    post = reading.post("protected_post")
    assert post["content"] == {"rendered": "", "protected": True}
    assert post["excerpt"] == {"rendered": "", "protected": True}
    assert post["title"]["rendered"] == "For members only"
    assert post["featured_media"] == reading.id("image_wide")
    assert not post.get("meta")
    assert "SECRET" not in json.dumps(post)


def test_cookie_of_an_editor_opens_no_password(reading: Reading) -> None:
    """A browser that has given the password saves a post: its document is as closed as for anybody."""
    cookie = (
        "require_once ABSPATH . WPINC . '/class-phpass.php';"
        "$_COOKIE[ 'wp-postpass_' . COOKIEHASH ] = ( new PasswordHash( 8, true ) )->HashPassword( 'open-sesame' );"
        f"$GLOBALS['post'] = get_post( {reading.id('protected_post')} );"
        "if ( post_password_required( $GLOBALS['post'] ) ) { throw new Exception( 'the cookie is no good' ); }"
    )
    post = reading.document(f"post:{reading.id('protected_post')}", before=cookie)
    assert post["content"]["rendered"] == ""


def test_item_of_a_type_that_rest_hides_is_a_document(reading: Reading) -> None:
    """Public types and taxonomies without REST have pages: their documents are made as if they had it."""
    shelf = int(
        reading.wordpress.run_php(
            "echo wp_insert_term( 'Shelf ' . wp_rand(), 'shelf' )['term_id'];"
        )
    )
    tool = reading.insert("A hammer", "<p>HAMMER</p>", post_type="tool")
    reading.wordpress.run_php(f"wp_set_object_terms( {tool}, {shelf}, 'shelf' );")
    document = reading.document(f"post:{tool}")
    assert document["type"] == "tool"
    assert "HAMMER" in document["content"]["rendered"]
    assert document["shelf"] == [shelf]
    assert reading.document(f"term:{shelf}")["taxonomy"] == "shelf"
    assert reading.document("types")["tool"]["sos"] == {"archive_path": "/tool/"}
    assert reading.document("taxonomies")["shelf"]["name"]


def test_status_of_a_plugin_that_is_public_is_told_as_published(reading: Reading) -> None:
    """The store knows two statuses; WordPress shows everybody what a plugin calls public."""
    assert (
        reading.document(f"post:{reading.insert('F', post_status='featured')}")["status"]
        == "publish"
    )


def test_scheduled_post_has_the_path_that_it_will_have(reading: Reading) -> None:
    """It is sent ahead: nodes show it at its second even when nothing runs in WordPress."""
    post = reading.post("future_post")
    assert post["status"] == "future"
    assert post["date_gmt"] == "2087-03-04T04:06:07"
    assert post["sos"]["path"] == "/2087/03/04/from-the-future/"
    assert "FUTURE-BODY" in post["content"]["rendered"]


def test_plugin_that_closes_rest_is_not_in_the_way(reading: Reading) -> None:
    """Security plugins refuse visitors of the REST API; what is public stays public."""
    refs = [
        f"post:{reading.id('featured_post')}",
        f"user:{reading.id('author_olga')}",
        "term:1",
        "site",
        "types",
    ]
    closed = """
    add_filter( 'rest_authentication_errors', fn() => new WP_Error( 'closed', 'closed', array( 'status' => 401 ) ) );
    add_filter( 'rest_endpoints', fn( $routes ) => array_filter( $routes, fn( $route ) => false === strpos( $route, 'users' ), ARRAY_FILTER_USE_KEY ) );
    add_filter( 'rest_user_query', fn( $query ) => array( 'include' => array( 0 ) ) );
    add_filter( 'user_has_cap', '__return_empty_array' );
    """
    assert reading.raw(*refs, before=closed) == reading.raw(*refs)
    assert None not in reading.raw(*refs).values()


# ---------------------------------------------------------------- what is in it


def test_page_breaks_and_more_survive(reading: Reading) -> None:
    """Comments that split a post stay in its HTML."""
    assert reading.post("paged_post")["content"]["rendered"].count("<!--nextpage-->") == 2
    assert reading.post("paged_block_post")["content"]["rendered"].count("<!--nextpage-->") == 2
    assert "<!--more" in reading.post("more_post")["content"]["rendered"]


def test_no_hypermedia_and_no_copies(reading: Reading) -> None:
    """What only a client of the API needs is left out."""
    for ref, text in reading.everything().items():
        members = json.loads(text) if text else {}
        assert not {"_links", "_embedded", "guid"} & members.keys(), ref
        assert '"_links"' not in (text or ""), ref


def test_dependencies_are_named(reading: Reading) -> None:
    """Pictures, files and synced patterns that a post shows."""
    shown = {
        f"post:{reading.id(k)}"
        for k in ("image_wide", "image_tall", "image_small", "pdf", "sound", "film")
    }
    assert set(reading.post("media_blocks_post")["sos"]["deps"]) == shown
    assert reading.post("pattern_post")["sos"]["deps"] == [f"post:{reading.id('pattern')}"]
    gallery = reading.insert("Gallery", "[gallery]")
    small = reading.id("image_webp")
    reading.wordpress.run_php(
        f"wp_update_post( array( 'ID' => {small}, 'post_parent' => {gallery} ) );"
    )
    assert reading.document(f"post:{gallery}")["sos"]["deps"] == [f"post:{small}"]
    classic = reading.post("classic_post")["sos"]["deps"]
    assert classic == [f"post:{reading.id(k)}" for k in ("image_wide", "image_tall", "image_small")]


def test_lists_that_a_post_prints_are_named(reading: Reading) -> None:
    """Blocks made of other posts, also those within a synced pattern."""
    wanted = [
        "comments",
        "terms:category",
        "terms:post_tag",
        "type:attachment",
        "type:page",
        "type:post",
    ]
    assert reading.post("dynamic_blocks_post")["sos"]["lists"] == wanted
    pattern = reading.insert(
        "P", '<!-- wp:query {"query":{"postType":"book"}} /-->', post_type="wp_block"
    )
    post = reading.insert("Q", f'<!-- wp:block {{"ref":{pattern}}} /-->')
    assert reading.document(f"post:{post}")["sos"]["lists"] == ["sticky", "type:book"]


def test_expiry_is_told_as_the_store_reads_it(reading: Reading) -> None:
    """Nonsense in the field is no expiry, because the store would refuse the document."""
    post = reading.insert("Until", meta_input={"_sos_expires": "2030-02-03 04:05:06"})
    assert reading.document(f"post:{post}")["sos"]["expires_gmt"] == "2030-02-03T04:05:06"
    post = reading.insert("Never", meta_input={"_sos_expires": "2030-02-31 99:00:00"})
    assert "sos" not in reading.document(f"post:{post}")


def test_callout_has_a_place_and_no_path(reading: Reading) -> None:
    """It is shown by the front page, where its placement and priority say."""
    meta = {"_sos_placement": "takeover", "_sos_priority": "70"}
    ident = reading.insert("Storm", "<p>Stay in.</p>", post_type="sos_callout", meta_input=meta)
    callout = reading.document(f"post:{ident}")
    assert callout["sos"]["callout"] == {"placement": "takeover", "priority": 70}
    assert "link" not in callout
    assert "path" not in callout["sos"]
    assert "Stay in." in callout["content"]["rendered"]


def test_former_addresses_are_told(reading: Reading) -> None:
    """A store that is filled anew redirects what WordPress redirects."""
    day = "/2024/03/11"
    assert reading.post("renamed_post")["sos"]["redirects"] == [
        f"{day}/first-name/",
        f"{day}/second-name/",
    ]
    assert reading.post("redated_post")["sos"]["redirects"] == ["/2021/01/31/dated-anew/"]


def test_site_tells_what_rest_keeps_from_visitors(reading: Reading) -> None:
    """Settings of which pages are made, the language, and where date archives are."""
    site = reading.document("site")
    assert site["name"].startswith("Harbour")
    assert site["show_on_front"] == "posts"
    assert site["sos"]["settings"]["posts_per_page"] == 10
    assert site["sos"]["settings"]["wp_attachment_pages_enabled"] in (0, 1)
    assert site["sos"]["language"] == "en-US"
    assert site["sos"]["date_base"] == "/"
    assert not {"routes", "namespaces", "authentication"} & site.keys()
    assert "email" not in site["sos"]["settings"]


def test_menu_is_told_with_its_items(reading: Reading) -> None:
    """In order, with what they lead to, and at their places."""
    menu = reading.document(f"menu:{reading.id('menu_primary')}")
    items = menu["sos"]["items"]
    assert menu["sos"]["locations"] == ["primary"]
    assert [i["menu_order"] for i in items] == sorted(i["menu_order"] for i in items)
    assert items[1]["object_id"] == reading.id("company_page")
    assert {"title", "url", "parent", "target", "classes", "type"} <= items[1].keys()


def test_navigation_of_blocks_stands_in_for_menus(newest: Reading) -> None:
    """On a site without classic menus the newest navigation is the primary menu; labels and levels are kept."""
    hide = "global $wpdb; $wpdb->query( \"UPDATE $wpdb->term_taxonomy SET taxonomy = 'x_nav_menu' WHERE taxonomy = 'nav_menu'\" );"
    back = "$wpdb->query( \"UPDATE $wpdb->term_taxonomy SET taxonomy = 'nav_menu' WHERE taxonomy = 'x_nav_menu'\" );"
    ref = f"menu:{newest.id('navigation')}"
    text = newest.raw(ref, before=hide, after=back)[ref]
    assert text is not None
    menu = json.loads(text)
    found = [(i["title"]["rendered"], i["parent"]) for i in menu["sos"]["items"]]
    assert found == [("Home", 0), ("Company", 0), ("Departments", 2)]
    assert menu["sos"]["locations"] == ["primary"]


# ---------------------------------------------------------------- the same bytes each time


def test_order_of_reading_changes_no_byte(reading: Reading) -> None:
    """WordPress counts classes and players per request; documents have numbers of their own."""
    first, second = reading.everything(), reading.everything("backwards")
    assert {r for r in first if first[r] != second[r]} == set()
    alone = [
        f"post:{reading.id(k)}"
        for k in ("media_blocks_post", "layout_blocks_post", "format_gallery", "format_audio")
    ]
    for ref in alone:
        assert reading.raw(ref)[ref] == first[ref]


def test_request_of_an_editor_changes_no_byte(reading: Reading) -> None:
    """In the admin area, logged in, in another language, with a main query: as an anonymous visitor sees it."""
    ref = f"post:{reading.insert('Where', '[rig_where]')}"
    plain = reading.raw(ref)[ref]
    assert plain is not None
    assert "[locale en_US|admin 0|user 0|cookies 0|request /|agent |nonce" in plain
    editor = """
    define( 'WP_ADMIN', true );
    require_once ABSPATH . 'wp-admin/includes/admin.php';
    set_current_screen( 'edit-post' );
    $_COOKIE['a'] = 'b'; $_SERVER['HTTPS'] = 'on'; $_SERVER['HTTP_USER_AGENT'] = 'Mobile'; $_SERVER['REQUEST_URI'] = '/wp-admin/edit.php?x=1';
    $GLOBALS['wp_query'] = new WP_Query( array( 'post_type' => 'post' ) ); the_post();
    add_filter( 'pre_determine_locale', fn() => $GLOBALS['rig_locale'] ?? null );
    $before = array( get_current_user_id(), is_admin(), $_COOKIE, $_SERVER, get_the_ID(), $GLOBALS['wp_query'], ob_get_level() );
    """
    same = """
    $after = array( get_current_user_id(), is_admin(), $_COOKIE, $_SERVER, get_the_ID(), $GLOBALS['wp_query'], ob_get_level() );
    if ( $before !== $after || ! is_admin() || 1 !== get_current_user_id() ) { throw new Exception( 'not put back' ); }
    """
    assert reading.raw(ref, before=editor, after=same)[ref] == plain


def test_document_speaks_the_language_of_the_site(newest: Reading) -> None:
    """An editor who has WordPress in German saves a post of an English site."""
    languages = newest.wordpress.content / "languages"
    languages.mkdir(exist_ok=True)
    (languages / "de_DE.mo").write_bytes(
        bytes.fromhex("de120495") + b"".join(n.to_bytes(4, "little") for n in (0, 0, 28, 28, 0, 28))
    )
    ref = f"post:{newest.insert('Where', '[rig_where]')}"
    german = """
    update_user_meta( 1, 'locale', 'de_DE' ); switch_to_user_locale( 1 );
    if ( 'de_DE' !== determine_locale() ) { throw new Exception( 'no German' ); }
    """
    after = "if ( 'de_DE' !== determine_locale() ) { throw new Exception( 'not put back' ); } delete_user_meta( 1, 'locale' );"
    text = newest.raw(ref, before=german, after=after)[ref]
    assert text is not None
    assert "[locale en_US|" in text


def test_what_is_printed_or_thrown_stays_within(reading: Reading) -> None:
    """What a shortcode prints is nobody's; what it throws is told, and everything is put back."""
    prints = reading.document(f"post:{reading.insert('Prints', '[rig_print]')}")
    assert "RETURNED" in prints["content"]["rendered"]
    assert "PRINTED" not in json.dumps(prints)
    throws = reading.insert("Throws", "[rig_throw]")
    said = reading.wordpress.run_php(
        "$styles = $GLOBALS['wp_styles'] ?? null; $hook = $GLOBALS['wp_filter']['wp_head']; $level = ob_get_level();"
        f"try {{ SOS_Publisher\\Plugin::instance()->reader()->read( 'post:{throws}' ); }}"
        "catch ( DomainException $error ) { echo $error->getMessage(); }"
        "if ( $hook !== $GLOBALS['wp_filter']['wp_head'] || 1 !== get_current_user_id() || ob_get_level() !== $level ) { echo ' NOT PUT BACK'; }"
    )
    assert said == "the shortcode failed"


def test_what_throws_among_blocks_does_no_harm_to_the_next(reading: Reading) -> None:
    """WordPress takes wpautop() away after blocks (do_blocks) and gives it back after shortcodes, if it gets there."""
    blocks = "<!-- wp:paragraph --><p>[rig_throw]</p><!-- /wp:paragraph -->"
    throws = reading.insert("Throws", blocks)
    classic = reading.insert("Classic", "One.\n\nTwo.")
    fails = (
        f"try {{ $reader->read( 'post:{throws}' ); throw new Exception( 'it did not fail' ); }}"
        "catch ( DomainException $error ) { unset( $error ); }"
    )
    content = reading.document(f"post:{classic}", before=fails)["content"]["rendered"]
    assert content == "<p>One.</p>\n<p>Two.</p>\n"


def test_change_by_sql_is_seen(reading: Reading) -> None:
    """What this request has in memory of a post may be older than the database."""
    ident = reading.insert("By hooks")
    sql = (
        f"get_post( {ident} ); global $wpdb;"
        f"$wpdb->query( \"UPDATE $wpdb->posts SET post_title = 'By SQL' WHERE ID = {ident}\" );"
    )
    assert reading.document(f"post:{ident}", before=sql)["title"]["rendered"] == "By SQL"


def test_silent_database_removes_nothing(reading: Reading) -> None:
    """A query that fails finds nothing; that must not look as if everything were gone."""
    for table, ref in (("posts", "post:1"), ("terms", "term:1"), ("posts", "user:1")):
        said = reading.wordpress.run_php(
            f"global $wpdb; $wpdb->suppress_errors(); $wpdb->{table} = 'gone';"
            f"try {{ SOS_Publisher\\Plugin::instance()->reader()->read( '{ref}' ); echo 'read'; }}"
            "catch ( RuntimeException $error ) { echo $error->getMessage(); }"
            f"$wpdb->{table} = $wpdb->prefix . '{table}';"
        )
        assert said.startswith("the database failed"), (ref, said)


# ---------------------------------------------------------------- the CSS of blocks


def _styled() -> str:
    link = '{"style":{"elements":{"link":{"color":{"text":"#a1b2c3"}}}}}'
    columns = '{"style":{"spacing":{"blockGap":"7px"}}}'
    image = '<figure class="wp-block-image"><img src="/x.jpg" alt=""/></figure>'
    return (
        f'<!-- wp:paragraph {link} -->\n<p class="has-link-color">A <a href="/">link</a></p>\n<!-- /wp:paragraph -->'
        f'<!-- wp:columns {columns} -->\n<div class="wp-block-columns"><!-- wp:column -->\n'
        '<div class="wp-block-column"></div>\n<!-- /wp:column --></div>\n<!-- /wp:columns -->'
        '<!-- wp:gallery {"linkTo":"none"} -->\n<figure class="wp-block-gallery has-nested-images">'
        f"<!-- wp:image -->\n{image}\n<!-- /wp:image --></figure>\n<!-- /wp:gallery -->"
    )


def test_css_of_blocks_comes_along(reading: Reading) -> None:
    """Each rule is for a class of the document's HTML, and two documents never share a number."""
    posts = [reading.insert(t, _styled(), post_excerpt="") for t in ("One", "Two")]
    documents = [reading.document(f"post:{p}") for p in posts]
    seen: list[set[str]] = []
    for document in documents:
        css, html = document["sos"]["css"], document["content"]["rendered"]
        assert "#a1b2c3" in css
        assert "7px" in css
        assert "--wp--style--unstable-gallery-gap" in css
        assert "<" not in css
        numbered = set(NUMBERED.findall(css))
        assert numbered
        assert numbered <= set(NUMBERED.findall(html))
        seen.append(numbered)
    assert not seen[0] & seen[1]


def test_custom_css_of_a_block_comes_along_each_time(newest: Reading) -> None:
    """WordPress says the same CSS once per request; every document with such a block needs it."""
    block = '<!-- wp:paragraph {"style":{"css":"letter-spacing:3px"}} -->\n<p>Wide</p>\n<!-- /wp:paragraph -->'
    refs = [f"post:{newest.insert(t, block)}" for t in ("One", "Two")]
    for text in newest.raw(*refs).values():
        assert text is not None
        assert "letter-spacing" in json.loads(text)["sos"]["css"]


def test_style_variation_comes_along(newest: Reading) -> None:
    """The outline of a button is a style of the theme that WordPress numbers per block."""
    css = newest.post("layout_blocks_post")["sos"]["css"]
    assert f"is-style-outline--{newest.id('layout_blocks_post')}-1" in css


def test_captions_of_the_same_picture_keep_their_ids(reading: Reading) -> None:
    """WordPress 7 counts them in the whole request."""
    caption = '[caption id="attachment_7" width="50"]<img src="/x.jpg" width="50" height="50"/> Words[/caption]'
    ref = f"post:{reading.insert('Captions', caption * 2)}"
    texts = {reading.raw(ref, ref, before="$reader->read( 'post:1' );")[ref] for _ in range(2)}
    texts |= {reading.raw(ref, before=f"$reader->read( '{ref}' );")[ref]}
    assert len(texts) == 1
    html = json.loads(texts.pop() or "{}")["content"]["rendered"]
    assert 'id="attachment_7"' in html
    assert "sosmark" not in html


# ---------------------------------------------------------------- search engines

SEO: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "yoast": (
        {},
        {
            "title": "Yoast title of {id} - Site",
            "description": "Yoast description",
            "robots": "noindex, follow",
            "canonical": "https://example.org/canonical/",
            "og_title": "Shared title",
            "og_description": "Shared description",
            "og_type": "article",
            "og_image": "https://example.org/shared.jpg",
            "twitter_card": "summary_large_image",
        },
    ),
    "rank_math": (
        {
            "rank_math_description": "About %title%",
            "rank_math_robots": ["noindex", "nofollow"],
            "rank_math_facebook_image": "https://example.org/shared.jpg",
        },
        {
            "title": "Found - Site",
            "description": "About Found",
            "robots": "noindex, nofollow",
            "og_image": "https://example.org/shared.jpg",
        },
    ),
    "aioseo": (
        {},
        {
            "title": "AIOSEO title of {id}",
            "description": "AIOSEO description of {id}",
            "robots": "noindex",
            "canonical": "https://example.org/canonical/",
            "og_image": "https://example.org/shared.jpg",
        },
    ),
    "seopress": (
        {
            "_seopress_titles_title": "%%post_title%% %%sep%% more",
            "_seopress_titles_desc": "With %%unknown%%",
            "_seopress_robots_index": "yes",
            "_seopress_robots_canonical": "https://example.org/canonical/",
        },
        {
            "title": "Found - more",
            "robots": "noindex",
            "canonical": "https://example.org/canonical/",
        },
    ),
    "tsf": (
        {"_genesis_noindex": "1", "_social_image_url": "https://example.org/shared.jpg"},
        {
            "title": "TSF title of {id}",
            "description": "TSF description",
            "robots": "noindex",
            "og_image": "https://example.org/shared.jpg",
        },
    ),
    "broken": ({}, {}),
}


@pytest.mark.parametrize("plugin", SEO)
def test_plugins_for_search_engines_are_heard(newest: Reading, plugin: str) -> None:
    """Doubles with the public API of each; one that has changed beyond recognition says nothing."""
    meta, wanted = SEO[plugin]
    ident = newest.insert("Found", meta_input=meta)
    newest.wordpress.run_php(f"update_option( 'rig_seo', '{plugin}' );")
    try:
        head = newest.document(f"post:{ident}").get("sos", {}).get("head", {})
        secret = newest.post("protected_post").get("sos", {}).get("head", {})
    finally:
        newest.wordpress.run_php("delete_option( 'rig_seo' );")
    assert head == {k: v.format(id=ident) for k, v in wanted.items()}
    assert not {"title", "description", "og_description"} & secret.keys()


TERM_SEO: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "yoast": ({}, {"title": "Yoast title of {id} - Site", "robots": "noindex, follow"}),
    "rank_math": (
        {"rank_math_description": "About %term%", "rank_math_robots": ["noindex"]},
        {"title": "{name} - Archive", "description": "About {name}", "robots": "noindex"},
    ),
    "aioseo": ({}, {"title": "AIOSEO title of {name}"}),
    "seopress": (
        {"_seopress_titles_title": "%%term_title%% %%sep%% more", "_seopress_robots_index": "yes"},
        {"title": "{name} - more", "robots": "noindex"},
    ),
    "tsf": (
        {"autodescription-term-settings": {"noindex": 1, "og_title": "Shared", "canonical": ""}},
        {
            "title": "TSF title of {id}",
            "description": "TSF description",
            "robots": "noindex",
            "og_title": "Shared",
        },
    ),
    "broken": ({}, {}),
}


@pytest.mark.parametrize("plugin", TERM_SEO)
def test_plugins_for_search_engines_are_heard_of_terms(newest: Reading, plugin: str) -> None:
    """What they call the archive of a category, and whether it is to be found."""
    meta, wanted = TERM_SEO[plugin]
    ident = newest.id("category_news")
    ref = f"term:{ident}"
    name = newest.document(ref)["name"]
    code = f"update_option( 'rig_seo', '{plugin}' );"
    for key, value in meta.items():
        php = f"json_decode( '{json.dumps(value)}', true )"
        code += f"update_term_meta( {ident}, '{key}', {php} );"
    newest.wordpress.run_php(code)
    try:
        head = newest.document(ref).get("sos", {}).get("head", {})
    finally:
        forget = "".join(f"delete_term_meta( {ident}, '{key}' );" for key in meta)
        newest.wordpress.run_php(f"delete_option( 'rig_seo' ); {forget}")
    expected = {k: v.format(id=ident, name=name) for k, v in wanted.items()}
    assert {k: v for k, v in head.items() if k in expected} == expected
    assert bool(head) == bool(expected)
    assert newest.document(ref).get("sos", {}).get("head") is None


# ---------------------------------------------------------------- addresses


def test_plain_permalinks_get_paths(make_wordpress: Callable[..., WordPressServer]) -> None:
    """They have none of their own: the same as the importer makes up."""
    plain = Reading(make_wordpress("7.1", plugin=True, permalink_structure="", mu_plugins=PLUGINS))
    paths = {
        key: plain.post(key)["sos"]["path"]
        for key in ("featured_post", "stokers_page", "numeric_slug_post")
    }
    assert paths["featured_post"] == "/with-a-featured-image/"
    assert paths["stokers_page"].count("/") > 3
    assert paths["numeric_slug_post"] == f"/1984-{plain.id('numeric_slug_post')}/"
    assert plain.post("child_of_draft_page")["sos"]["path"] == "/orphan/"
    assert plain.post("future_post")["sos"]["path"] == "/from-the-future/"
    assert plain.document(f"term:{plain.id('category_news')}")["sos"]["path"] == "/category/news/"
    assert plain.document("types")["book"]["sos"]["archive_path"] == "/book/"
    assert plain.document("site")["sos"]["permalinks"] == "plain"


def test_categories_in_permalinks_and_a_folder(
    make_wordpress: Callable[..., WordPressServer],
) -> None:
    """A site in a folder, with categories in its addresses: a scheduled post's path is below the folder."""
    folder = Reading(
        make_wordpress(
            "7.1",
            plugin=True,
            subfolder="/blog",
            permalink_structure="/read/%category%/%postname%/",
        )
    )
    news = folder.id("category_news")
    ident = folder.insert(
        "Soon", post_status="future", post_date="2087-01-01 00:00:00", post_category=[news]
    )
    assert folder.document(f"post:{ident}")["sos"]["path"] == "/read/news/soon/"
    assert folder.document("site")["sos"]["date_base"] == "/read/"
    assert folder.document("types")["book"]["sos"]["archive_path"] == "/read/library/"


def test_picture_without_a_page_of_its_own_is_a_document(reading: Reading) -> None:
    """A plugin takes the pages of attachments away; pages that show them still need them."""
    hide = "get_post_type_object( 'attachment' )->public = false; get_post_type_object( 'attachment' )->publicly_queryable = false; get_post_type_object( 'attachment' )->_builtin = false;"
    picture = reading.document(f"post:{reading.id('image_wide')}", before=hide)
    assert picture["source_url"].endswith("harbour-wide.jpg")
    assert "link" not in picture
    assert "path" not in picture.get("sos", {})


_NETWORK = """
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
foreach ( $wpdb->tables( 'ms_global' ) as $name => $full ) { $wpdb->$name = $full; }
install_network();
populate_network( 1, '127.0.0.1:' . getenv( 'RIG_PORT' ), 'admin@example.org', 'Network', '/', false );
"""

_OTHER_SITE = """
switch_to_blog( 2 );
update_option( 'permalink_structure', '/%postname%/' );
update_option( 'category_base', 'topics' );
$author = wp_create_user( 'second', wp_generate_password(), 'second@example.org' );
add_user_to_blog( 2, $author, 'author' );
$tool = wp_insert_post( array( 'post_title' => 'Saw', 'post_type' => 'tool', 'post_status' => 'publish', 'post_author' => $author ) );
$soon = wp_insert_post( array( 'post_title' => 'Soon', 'post_status' => 'future', 'post_date' => '2087-01-01 00:00:00' ) );
$refs = array( "post:$tool", "post:$soon", 'term:1', "user:$author", 'types', 'site' );
$found = array();
$reader = SOS_Publisher\\Plugin::instance()->reader();
foreach ( $refs as $ref ) { $found[] = json_decode( $reader->read( $ref )->json ); }
restore_current_blog();
$stranger = SOS_Publisher\\Plugin::instance()->reader()->read( "user:$author" );
echo "\\n" . json_encode( array( 'found' => $found, 'stranger' => $stranger, 'restored' => get_post_permalink( 1 ) ) );
"""


def test_other_site_of_a_network_is_read_with_its_own_addresses(
    make_wordpress: Callable[..., WordPressServer],
) -> None:
    """A request of the first site that changed the second: the second's permalinks, folder and authors."""
    wordpress = make_wordpress("7.1", plugin=True, mu_plugins=PLUGINS)
    wordpress.run_php(_NETWORK)
    host = f"127.0.0.1:{wordpress.port}"
    wordpress.define(
        MULTISITE=True,
        SUBDOMAIN_INSTALL=False,
        DOMAIN_CURRENT_SITE=host,
        PATH_CURRENT_SITE="/",
        SITE_ID_CURRENT_SITE=1,
        BLOG_ID_CURRENT_SITE=1,
    )
    wordpress.run_php(
        f"wpmu_create_blog( '{host}', '/second/', 'Second', 1, array( 'public' => 1 ) );"
    )
    said = json.loads(wordpress.run_php(_OTHER_SITE).rpartition("\n")[2])
    tool, soon, term, user, types, site = said["found"]
    assert tool["link"] == f"http://{host}/second/tool/saw/"
    assert soon["sos"]["path"] == "/soon/"
    assert term["link"] == f"http://{host}/second/topics/uncategorized/"
    assert user["link"] == f"http://{host}/second/author/second/"
    assert types["tool"]["sos"]["archive_path"] == "/tool/"
    assert site["home"] == f"http://{host}/second"
    assert said["stranger"] is None
