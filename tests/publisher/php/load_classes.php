<?php
/**
 * Declares every class of the plugin without WordPress: `load_classes.php <folder of the plugin>`.
 *
 * Prints {"classes": [those that were declared], "missing": [those whose file does not declare them]}.
 */

define( 'ABSPATH', '/nowhere/' );

// What classes extend or implement where WordPress and WP-CLI are.
foreach ( array( 'WP_REST_Controller', 'WP_List_Table', 'WP_CLI_Command', 'Walker' ) as $name ) {
	eval( "class $name {}" );
}

require $argv[1] . '/includes/autoload.php';

$found = array(
	'classes' => array(),
	'missing' => array(),
);
$files = new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $argv[1] . '/includes' ) );
foreach ( $files as $file ) {
	if ( ! preg_match( '/^(?:class|interface)-.*\.php$/', $file->getFilename() ) ) {
		continue;
	}
	$code = file_get_contents( $file->getPathname() );
	preg_match( '/^namespace ([\w\\\\]+);/m', $code, $namespace );
	preg_match( '/^(?:(?:final|abstract) )*(?:class|interface|trait) (\w+)/m', $code, $name );
	$class = ( $namespace[1] ?? '' ) . '\\' . ( $name[1] ?? '' );
	// The autoloader must find it by its name alone.
	$there = class_exists( $class ) || interface_exists( $class ) || trait_exists( $class );
	$found[ $there ? 'classes' : 'missing' ][] = $class;
}
echo json_encode( $found );
