<?php
/**
 * Reads from a PHP file which functions it calls by name, and which of them it asks for before.
 *
 * Methods, own functions and language constructs do not count.
 */

/**
 * The functions that a file calls.
 *
 * @param string $file A PHP file.
 * @return array<string, int> Name (without a leading backslash) to the line of its first call.
 */
function sos_find_calls( string $file ): array {
	$tokens = array_values(
		array_filter(
			token_get_all( file_get_contents( $file ) ),
			static function ( $token ) {
				return ! is_array( $token ) || ! in_array( $token[0], array( T_WHITESPACE, T_COMMENT, T_DOC_COMMENT ), true );
			}
		)
	);
	$names  = array( T_STRING );
	if ( defined( 'T_NAME_FULLY_QUALIFIED' ) ) {
		$names[] = T_NAME_FULLY_QUALIFIED;
	}
	$not_calls = array( T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION, T_NEW, T_FN, T_NS_SEPARATOR );
	$calls     = array();
	foreach ( $tokens as $index => $token ) {
		if ( ! is_array( $token ) || ! in_array( $token[0], $names, true ) || '(' !== ( $tokens[ $index + 1 ] ?? '' ) ) {
			continue;
		}
		$before = $tokens[ $index - 1 ];
		// PHP 7.4 reads \name as two tokens; Some\name( never is a function here.
		if ( is_array( $before ) && T_NS_SEPARATOR === $before[0] && ! is_array( $tokens[ $index - 2 ] ) ) {
			$before = $tokens[ $index - 2 ];
		}
		if ( ! is_array( $before ) || ! in_array( $before[0], $not_calls, true ) ) {
			$name           = ltrim( $token[1], '\\' );
			$calls[ $name ] = $calls[ $name ] ?? $token[2];
		}
	}
	return $calls;
}

/**
 * Every PHP file of a folder, without its own tests.
 *
 * @param string $folder A folder.
 * @return string[]
 */
function sos_find_files( string $folder ): array {
	$found = array();
	foreach ( new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $folder, FilesystemIterator::SKIP_DOTS ) ) as $file ) {
		if ( 'php' === $file->getExtension() ) {
			$found[] = $file->getPathname();
		}
	}
	return $found;
}
