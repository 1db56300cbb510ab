<?php
/**
 * Prints, by file, the functions that it calls and that are not in this WordPress on this PHP.
 *
 * A file that names a function in function_exists() or is_callable() may call it.
 */

require __DIR__ . '/calls.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . WPINC . '/ms-blogs.php';
require_once ABSPATH . WPINC . '/ms-functions.php';
require_once ABSPATH . WPINC . '/ms-site.php';

$unknown = array();
foreach ( sos_find_files( $args[0] ) as $file ) {
	$code = file_get_contents( $file );
	foreach ( sos_find_calls( $file ) as $name => $line ) {
		$asked = preg_match( '/(?:function_exists|is_callable)\( \'\\\\{0,2}' . preg_quote( $name, '/' ) . '\' \)/', $code );
		if ( ! function_exists( $name ) && ! $asked && ! preg_match( '/function &?' . $name . '\(/', $code ) ) {
			$unknown[ substr( $file, strlen( $args[0] ) + 1 ) ][] = "$name (line $line)";
		}
	}
}
echo json_encode( (object) $unknown );
