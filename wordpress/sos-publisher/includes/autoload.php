<?php
/**
 * Finds the file of a class of this plugin by its name: SOS_Publisher\Store\Redis_Url is
 * includes/store/class-redis-url.php, as WordPress's coding standard names files.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

spl_autoload_register(
	static function ( string $name ): void {
		if ( 0 !== strpos( $name, __NAMESPACE__ . '\\' ) ) {
			return;
		}
		$parts = explode( '\\', strtolower( str_replace( '_', '-', substr( $name, strlen( __NAMESPACE__ ) + 1 ) ) ) );
		$last  = array_pop( $parts );
		$path  = __DIR__ . '/' . implode( '', array_map( static fn( string $part ): string => $part . '/', $parts ) );
		foreach ( array( 'class-', 'interface-' ) as $prefix ) {
			if ( is_file( $path . $prefix . $last . '.php' ) ) {
				require_once $path . $prefix . $last . '.php';
				return;
			}
		}
	}
);
