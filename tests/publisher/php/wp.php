<?php
/**
 * `wp` with the stand-in for WP-CLI: `php wp.php sos status --url=http://…`.
 *
 * Loads WordPress as WP-CLI does: as a command line, with the constant WP_CLI, for the site of --url.
 */

define( 'WP_CLI', true );
require __DIR__ . '/wp_cli_double.php';

$words = array_slice( $argv, 1 );
$url   = 'http://127.0.0.1:' . getenv( 'RIG_PORT' ) . getenv( 'RIG_PREFIX' ) . '/';
foreach ( $words as $index => $word ) {
	if ( 0 === strpos( $word, '--url=' ) ) {
		$url = substr( $word, 6 );
		unset( $words[ $index ] );
	}
}
$parts = parse_url( $url );

$_SERVER['HTTP_HOST']       = $parts['host'] . ( isset( $parts['port'] ) ? ':' . $parts['port'] : '' );
$_SERVER['SERVER_NAME']     = $parts['host'];
$_SERVER['SERVER_PORT']     = (string) ( $parts['port'] ?? 80 );
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REQUEST_METHOD']  = 'GET';
$_SERVER['REQUEST_URI']     = $parts['path'] ?? '/';

require getenv( 'RIG_CORE' ) . '/wp-load.php';
WP_CLI::run( array_values( $words ) );
