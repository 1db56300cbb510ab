<?php
/**
 * Runs a PHP file inside of WordPress, as its administrator: `php run.php <file> [argument ...]`.
 *
 * The file finds its arguments in `$args`. What it prints is the answer; an exception or a fatal error
 * ends with a status other than 0.
 */

$_SERVER['HTTP_HOST']       = '127.0.0.1:' . getenv( 'RIG_PORT' );
$_SERVER['SERVER_NAME']     = '127.0.0.1';
$_SERVER['SERVER_PORT']     = getenv( 'RIG_PORT' );
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REMOTE_ADDR']     = '127.0.0.1';
$_SERVER['REQUEST_METHOD']  = 'GET';
$_SERVER['REQUEST_URI']     = getenv( 'RIG_PREFIX' ) . '/';

if ( 'yes' === getenv( 'RIG_INSTALLING' ) ) {
	define( 'WP_INSTALLING', true );
}

require getenv( 'RIG_CORE' ) . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';

// Without a user, WordPress would filter what an administrator may write as it is.
if ( ! wp_installing() ) {
	wp_set_current_user( 1 );
}

$args = array_slice( $argv, 2 );
require $argv[1];
