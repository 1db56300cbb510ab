<?php
/**
 * Prints, by file, the functions that it calls and that this WordPress keeps in a file of deprecated ones.
 */

require __DIR__ . '/calls.php';

$deprecated = array();
foreach ( sos_find_files( $args[0] ) as $file ) {
	foreach ( sos_find_calls( $file ) as $name => $line ) {
		if ( ! function_exists( $name ) ) {
			continue;
		}
		$where = (string) ( new ReflectionFunction( $name ) )->getFileName();
		if ( false !== strpos( basename( $where ), 'deprecated' ) ) {
			$deprecated[ substr( $file, strlen( $args[0] ) + 1 ) ][] = "$name (line $line)";
		}
	}
}
echo json_encode( (object) $deprecated );
