<?php
/**
 * The configuration of every WordPress server of the tests: from the environment to WordPress's constants.
 *
 * The unpacked WordPress is shared and read-only; what differs between servers comes in RIG_* variables
 * (see tests/servers/wordpress.py). Never used outside of the tests: the keys are public.
 */

// The web server's port is known to PHP only once it runs; on the command line it comes as a variable.
$rig_port = PHP_SAPI === 'cli-server' ? $_SERVER['SERVER_PORT'] : getenv( 'RIG_PORT' );

// What a test wants defined, first: it may replace what follows.
$rig_constants = json_decode( (string) file_get_contents( getenv( 'RIG_CONSTANTS' ) ), true );
foreach ( $rig_constants as $rig_name => $rig_value ) {
	define( $rig_name, $rig_value );
}

define( 'WP_HOME', 'http://127.0.0.1:' . $rig_port . getenv( 'RIG_PREFIX' ) );
define( 'WP_SITEURL', WP_HOME );
define( 'WP_CONTENT_DIR', getenv( 'RIG_CONTENT' ) );
define( 'WP_CONTENT_URL', WP_HOME . '/wp-content' );

define( 'DB_NAME', getenv( 'RIG_DATABASE' ) );
define( 'DB_USER', 'wordpress' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:' . getenv( 'RIG_SOCKET' ) );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
$table_prefix = 'wp_';

// "local" is what makes application passwords work without https.
define( 'WP_ENVIRONMENT_TYPE', 'local' );
defined( 'WP_DEBUG' ) || define( 'WP_DEBUG', false );
defined( 'DISABLE_WP_CRON' ) || define( 'DISABLE_WP_CRON', true );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'DISALLOW_FILE_MODS', true );
define( 'WP_MEMORY_LIMIT', '256M' );

foreach ( array( 'AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE' ) as $rig_name ) {
	define( $rig_name . '_KEY', 'key of the test rig: ' . $rig_name );
	define( $rig_name . '_SALT', 'salt of the test rig: ' . $rig_name );
}

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', getenv( 'RIG_CORE' ) . '/' );
}
require_once ABSPATH . 'wp-settings.php';
