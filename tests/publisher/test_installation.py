"""The plugin comes and goes: its table, its options, its tasks; settings; a network of sites."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.topologies import client_of
from tests.publisher.core_site import call, clear, dirty, rows
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.wordpress import PUBLISHER, WordPressServer

URL = "redis://writer:s3cret@127.0.0.1:1/2"
OWN_OPTIONS = "SELECT option_name FROM $wpdb->options WHERE option_name LIKE 'sos_publisher%'"


@pytest.fixture(scope="module")
def wordpress(make_wordpress: Callable[..., WordPressServer]) -> WordPressServer:
    return make_wordpress("7.1", plugin=True)


@pytest.fixture(autouse=True)
def constants(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test leaves a setting behind."""
    yield
    if "wordpress" in request.fixturenames:
        site: WordPressServer = request.getfixturevalue("wordpress")
        site.define(SOS_SITE=None, SOS_REDIS_URL=None, SOS_PREVIEW_SECRET=None)


def settings(wordpress: WordPressServer) -> dict[str, Any]:
    """What the plugin makes of its settings."""
    said: dict[str, Any] = call(
        wordpress,
        """
        $settings = $plugin->settings();
        return array(
            'site' => $settings->site(), 'host' => $settings->host(), 'configured' => $settings->is_configured(),
            'secret' => $settings->preview_secret(), 'shown' => $settings->redacted_url(),
            'problems' => $settings->problems(), 'sources' => array_map( array( $settings, 'source' ), array( 'site', 'redis_url', 'preview_secret' ) ),
        );
        """,
        sends=False,
    )
    return said


# ---------------------------------------------------------------- settings


def test_settings_come_from_constants_and_else_from_the_option(wordpress: WordPressServer) -> None:
    """A constant wins; the address of the store is shown without its login."""
    call(wordpress, "update_option( 'sos_publisher', array( 'site' => 'https://Option.example/', 'preview_secret' => 'sixteen characters' ) );")  # fmt: skip
    said = settings(wordpress)
    assert (said["site"], said["host"]) == ("https://Option.example", "option.example")
    assert said["sources"] == ["option", "unset", "option"]
    assert said["configured"] is False
    wordpress.define(SOS_SITE="http://constant.example:8080", SOS_REDIS_URL=URL)
    said = settings(wordpress)
    assert (said["site"], said["host"]) == ("http://constant.example:8080", "constant.example")
    assert said["sources"] == ["constant", "constant", "option"]
    assert said["shown"] == "redis://…@127.0.0.1:1/2"
    assert (said["configured"], said["problems"]) == (True, [])
    call(wordpress, "update_option( 'sos_publisher', array() );", sends=False)


@pytest.mark.parametrize(
    ("constants", "names"),
    [
        ({}, ["SOS_SITE", "SOS_REDIS_URL"]),
        ({"SOS_SITE": "www.example.org", "SOS_REDIS_URL": URL}, ["SOS_SITE"]),
        ({"SOS_SITE": "https://www.example.org/blog", "SOS_REDIS_URL": URL}, ["SOS_SITE"]),
        ({"SOS_SITE": "https://www.example.org", "SOS_REDIS_URL": "http://s3cret"}, ["SOS_REDIS_URL"]),
        (
            {"SOS_SITE": "https://a.example", "SOS_REDIS_URL": URL, "SOS_PREVIEW_SECRET": "s3cret"},
            ["SOS_PREVIEW_SECRET"],
        ),
    ],
)  # fmt: skip
def test_settings_that_are_wrong_are_told_without_repeating_them(
    wordpress: WordPressServer, constants: dict[str, str], names: list[str]
) -> None:
    """Each problem names the setting; none of them a value."""
    wordpress.define(**constants)
    said = settings(wordpress)
    assert len(said["problems"]) == len(names)
    assert all(name in problem for name, problem in zip(names, said["problems"], strict=True))
    assert "s3cret" not in "".join([*said["problems"], said["shown"]])
    assert said["secret"] == ""


# ---------------------------------------------------------------- coming and going


def test_what_each_request_asks_for_costs_no_query(wordpress: WordPressServer) -> None:
    """Options of the plugin are autoloaded, so that hooks and the end of a request are cheap."""
    names = call(
        wordpress,
        "return array_values( array_filter( array_keys( wp_load_alloptions( true ) ), fn( $name ) => 0 === strpos( $name, 'sos_publisher' ) ) );",
    )
    assert {"sos_publisher", "sos_publisher_breaker", "sos_publisher_schema"} <= set(names)


def test_activating_again_changes_nothing(wordpress: WordPressServer) -> None:
    """Rows stay, and WordPress's dbDelta finds nothing to alter."""
    clear(wordpress)
    call(wordpress, "$marks->mark( 'post:1' );")
    altered = call(
        wordpress,
        """
        $altered = array();
        add_filter( 'query', function ( $sql ) use ( &$altered ) {
            if ( preg_match( '/^\\s*(ALTER|CREATE|DROP)/i', $sql ) ) { $altered[] = $sql; }
            return $sql;
        } );
        Installation::activate();
        return $altered;
        """,
    )
    assert altered == []
    assert dirty(wordpress) == {"post:1"}


def test_deactivating_stops_tasks_and_keeps_what_is_known(wordpress: WordPressServer) -> None:
    """No task of the plugin is planned any more; marks and settings are there when it comes back."""
    call(wordpress, "$marks->mark( 'post:1' );")
    planned = "return array( wp_next_scheduled( 'sos_publisher_minute' ), wp_next_scheduled( 'sos_publisher_hour' ) );"
    plain = "global $wpdb; echo json_encode( ( function () use ( $wpdb ) { %s } )() );"
    assert all(call(wordpress, planned))
    wordpress.run_php("deactivate_plugins( 'sos-publisher/sos-publisher.php' );")
    assert wordpress.run_php(plain % planned) == "[false,false]"
    count = 'return (int) $wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->prefix}sos_objects" );'
    assert int(wordpress.run_php(plain % count)) >= 1
    wordpress.run_php("activate_plugin( 'sos-publisher/sos-publisher.php' );")
    assert "post:1" in dirty(wordpress)
    assert all(call(wordpress, planned))


def test_deleting_it_takes_its_table_options_and_tasks(wordpress: WordPressServer) -> None:
    """Nothing of the plugin is left in the database but posts that were written with it."""
    wordpress.run_php(
        "update_option( 'sos_publisher', array( 'site' => 'https://a.example' ) );"
        "wp_insert_post( array( 'post_type' => 'sos_callout', 'post_title' => 'Kept', 'post_status' => 'publish' ) );"
    )
    wordpress.run_php(
        "deactivate_plugins( 'sos-publisher/sos-publisher.php' );"
        "uninstall_plugin( 'sos-publisher/sos-publisher.php' );"
    )
    left = wordpress.run_php(
        "global $wpdb; echo json_encode( array("
        "$wpdb->get_col( \"SHOW TABLES LIKE '%sos%'\" ),"
        f'$wpdb->get_col( "{OWN_OPTIONS}" ),'
        "array_filter( _get_cron_array(), fn( $at ) => preg_grep( '/sos_publisher/', array_keys( $at ) ) ),"
        "$wpdb->get_var( \"SELECT COUNT(*) FROM $wpdb->posts WHERE post_type = 'sos_callout'\" ) ) );"
    )
    assert left == '[[],[],[],"1"]'
    wordpress.run_php("activate_plugin( 'sos-publisher/sos-publisher.php' );")
    call(wordpress, "$marks->mark( 'post:1' );")
    assert "post:1" in dirty(wordpress)


def test_apply_lua_and_every_file_come_with_the_plugin() -> None:
    """Nothing outside of its folder is needed."""
    names = {path.name for path in PUBLISHER.rglob("*")}
    assert {"apply.lua", "uninstall.php", "sos-publisher.php", "autoload.php"} <= names


# ---------------------------------------------------------------- a network of sites

_NETWORK = """
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
foreach ( $wpdb->tables( 'ms_global' ) as $name => $full ) { $wpdb->$name = $full; }
install_network();
$host = '127.0.0.1:' . getenv( 'RIG_PORT' );
$said = populate_network( 1, $host, 'admin@example.org', 'Network', '/', false );
return is_wp_error( $said ) ? $said->get_error_codes() : true;
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyProcess]:
    server = ValkeyProcess(tmp_path_factory.mktemp("network") / "valkey").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def network(
    make_wordpress: Callable[..., WordPressServer], store: ValkeyProcess
) -> WordPressServer:
    """Three sites of one network: the plugin is active on the first and the second only."""
    wordpress = make_wordpress("7.1", plugin=True)
    call(wordpress, _NETWORK, sends=False)
    host = f"127.0.0.1:{wordpress.port}"
    wordpress.define(
        MULTISITE=True, SUBDOMAIN_INSTALL=False, DOMAIN_CURRENT_SITE=host, PATH_CURRENT_SITE="/",
        SITE_ID_CURRENT_SITE=1, BLOG_ID_CURRENT_SITE=1, SOS_SITE="https://one.example",
        SOS_SITE_2="https://two.example", SOS_REDIS_URL=store.url,
    )  # fmt: skip
    call(
        wordpress,
        f"""
        foreach ( array( 'two', 'three' ) as $name ) {{
            wpmu_create_blog( '{host}', "/$name/", $name, 1, array( 'public' => 1 ) );
        }}
        switch_to_blog( 2 );
        activate_plugin( 'sos-publisher/sos-publisher.php' );
        restore_current_blog();
        """,
        sends=False,
    )
    return wordpress


def test_each_site_of_a_network_has_its_own_name_table_and_marks(
    network: WordPressServer, store: ValkeyProcess
) -> None:
    """A request that changes posts of three sites sends those of two, each under the name of its site."""
    said = call(
        network,
        """
        $ids = array();
        foreach ( array( 1, 2, 3 ) as $site ) {
            switch_to_blog( $site );
            $ids[] = array( $plugin->settings()->host(), wp_insert_post( array( 'post_title' => "Of $site", 'post_status' => 'publish', 'post_content' => 'x' ) ) );
            restore_current_blog();
        }
        return $ids;
        """,
    )
    assert [host for host, _ in said] == ["one.example", "two.example", ""]
    admin = client_of(store)
    for host, number in said[:2]:
        text = admin.hget(f"sos:{{{host}}}:doc", f"post:{number}")
        assert text is not None
        assert f"Of {'1' if host == 'one.example' else '2'}" in text
    tables = call(
        network, "return $wpdb->get_col( \"SHOW TABLES LIKE '%sos_objects'\" );", sends=False
    )
    assert sorted(tables) == ["wp_2_sos_objects", "wp_sos_objects"]
    assert f"post:{said[0][1]}" in rows(network)


def test_only_who_runs_a_network_says_where_its_sites_are_published(
    network: WordPressServer,
) -> None:
    """The administrator of one site could otherwise give the address of another, and write its content."""
    said = call(
        network,
        """
        $user = wpmu_create_user( 'local', 'not a secret', 'local@example.org' );
        add_user_to_blog( 2, $user, 'administrator' );
        switch_to_blog( 2 );
        $answers = array();
        foreach ( array( $user, 1 ) as $who ) {
            wp_set_current_user( $who );
            $asked = new WP_REST_Request( 'POST', '/sos/v1/test-connection' );
            $seen  = rest_do_request( new WP_REST_Request( 'GET', '/sos/v1/overview' ) )->get_status();
            $answers[] = array( $seen, rest_do_request( $asked )->get_status(), SOS_Publisher\\Admin\\Settings_Form::is_allowed() );
        }
        restore_current_blog();
        return $answers;
        """,
    )
    assert said == [[200, 403, False], [200, 200, True]]


def test_a_deleted_site_takes_its_table_along(network: WordPressServer) -> None:
    """WordPress drops the tables of a site that is deleted; the plugin's is one of them."""
    tables = call(
        network,
        """
        require_once ABSPATH . 'wp-admin/includes/ms.php';
        wpmu_delete_blog( 2, true );
        return $wpdb->get_col( "SHOW TABLES LIKE '%sos_objects'" );
        """,
    )
    assert tables == ["wp_sos_objects"]


def test_deleting_it_from_a_network_cleans_every_site(network: WordPressServer) -> None:
    """Whatever sites there are."""
    call(network, "switch_to_blog( 3 ); activate_plugin( 'sos-publisher/sos-publisher.php' );")
    network.run_php(
        "foreach ( array( 1, 3 ) as $site ) { switch_to_blog( $site );"
        "deactivate_plugins( 'sos-publisher/sos-publisher.php' ); restore_current_blog(); }"
    )
    left = network.run_php(
        "uninstall_plugin( 'sos-publisher/sos-publisher.php' ); global $wpdb;"
        "$left = $wpdb->get_col( \"SHOW TABLES LIKE '%sos_objects'\" );"
        f'foreach ( array( 1, 3 ) as $site ) {{ switch_to_blog( $site ); $left = array_merge( $left, $wpdb->get_col( "{OWN_OPTIONS}" ) ); restore_current_blog(); }}'
        "echo json_encode( $left );"
    )
    assert left == "[]"


def test_ready_to_read_files(tmp_path: Path) -> None:
    """No file of the plugin prints anything when it is only read: no byte before <?php, none after ?>."""
    for file in PUBLISHER.rglob("*.php"):
        text = file.read_text()
        assert text.startswith("<?php\n"), file.name
        assert not text.rstrip().endswith("?>"), file.name
