<?php
/**
 * A persistent object cache as a drop-in: files in wp-content/cache. It can flush all or nothing, like older
 * drop-ins, and it is of no use any more once WordPress has closed it.
 *
 * @package SOS_Publisher
 */

/** The cache of one request. */
final class WP_Object_Cache {
	/** @var array<string, mixed> What this request has seen. */
	private array $seen = array();

	/** @var string[] Groups that are kept for this request only. */
	private array $passing = array();

	/** @var string[] Groups of all sites of a network. */
	private array $global = array();

	/** @var int Site of a network. */
	public int $site = 1;

	/** @var bool Whether it may be used. */
	public bool $is_open = true;

	private function name( $key, $group ): string {
		if ( ! $this->is_open ) {
			throw new LogicException( 'the object cache is closed' );
		}
		return ( in_array( $group, $this->global, true ) ? 0 : $this->site ) . ':' . ( $group ? $group : 'default' ) . ':' . $key;
	}

	private function file( string $name ): string {
		return WP_CONTENT_DIR . '/cache/' . sha1( $name );
	}

	public function get( $key, $group, &$found = null ) {
		$name = $this->name( $key, $group );
		if ( ! array_key_exists( $name, $this->seen ) && ! in_array( $group, $this->passing, true ) && is_file( $this->file( $name ) ) ) {
			$this->seen[ $name ] = unserialize( file_get_contents( $this->file( $name ) ) );
		}
		$found = array_key_exists( $name, $this->seen );
		$value = $found ? $this->seen[ $name ] : false;
		return is_object( $value ) ? clone $value : $value;
	}

	public function set( $key, $value, $group ): bool {
		$name                = $this->name( $key, $group );
		$this->seen[ $name ] = is_object( $value ) ? clone $value : $value;
		if ( ! in_array( $group, $this->passing, true ) ) {
			wp_mkdir_p( WP_CONTENT_DIR . '/cache' );
			$scratch = $this->file( $name ) . getmypid();
			file_put_contents( $scratch, serialize( $value ) );
			rename( $scratch, $this->file( $name ) );
		}
		return true;
	}

	public function delete( $key, $group ): bool {
		$name = $this->name( $key, $group );
		unset( $this->seen[ $name ] );
		return @unlink( $this->file( $name ) );
	}

	public function flush(): bool {
		file_put_contents( WP_CONTENT_DIR . '/flushed', 'x', FILE_APPEND );
		$this->seen = array();
		array_map( 'unlink', glob( WP_CONTENT_DIR . '/cache/*' ) );
		return true;
	}

	public function pass( $groups ): void {
		$this->passing = array_merge( $this->passing, (array) $groups );
	}

	public function share( $groups ): void {
		$this->global = array_merge( $this->global, (array) $groups );
	}
}

function wp_cache_init() {
	$GLOBALS['wp_object_cache'] = new WP_Object_Cache();
}
function wp_cache_get( $key, $group = '', $force = false, &$found = null ) {
	return $GLOBALS['wp_object_cache']->get( $key, $group, $found );
}
function wp_cache_set( $key, $data, $group = '', $expire = 0 ) {
	return $GLOBALS['wp_object_cache']->set( $key, $data, $group );
}
function wp_cache_add( $key, $data, $group = '', $expire = 0 ) {
	wp_cache_get( $key, $group, false, $found );
	return ! $found && ! wp_suspend_cache_addition() && wp_cache_set( $key, $data, $group );
}
function wp_cache_replace( $key, $data, $group = '', $expire = 0 ) {
	wp_cache_get( $key, $group, false, $found );
	return $found && wp_cache_set( $key, $data, $group );
}
function wp_cache_delete( $key, $group = '' ) {
	return $GLOBALS['wp_object_cache']->delete( $key, $group );
}
function wp_cache_incr( $key, $offset = 1, $group = '' ) {
	$value = (int) wp_cache_get( $key, $group ) + $offset;
	wp_cache_set( $key, $value, $group );
	return $value;
}
function wp_cache_decr( $key, $offset = 1, $group = '' ) {
	return wp_cache_incr( $key, -$offset, $group );
}
function wp_cache_flush() {
	return $GLOBALS['wp_object_cache']->flush();
}
function wp_cache_close() {
	$GLOBALS['wp_object_cache']->is_open = false;
	return true;
}
function wp_cache_add_global_groups( $groups ) {
	$GLOBALS['wp_object_cache']->share( $groups );
}
function wp_cache_add_non_persistent_groups( $groups ) {
	$GLOBALS['wp_object_cache']->pass( $groups );
}
function wp_cache_switch_to_blog( $site ) {
	$GLOBALS['wp_object_cache']->site = (int) $site;
}
