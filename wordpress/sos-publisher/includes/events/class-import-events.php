<?php
/**
 * Imports and updates: from changes that WordPress makes wholesale, mostly by plain SQL and with its cache
 * hooks suspended, to one mark of everything at their end.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks of importers and of the upgrader. What an importer saves is also marked item by item.
 */
final class Import_Events {
	/**
	 * Takes the marks.
	 *
	 * @var Events
	 */
	private Events $events;

	/**
	 * Of these events.
	 *
	 * @param Events $events Takes the marks.
	 */
	public function __construct( Events $events ) {
		$this->events = $events;
	}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		$this->events->listen( 'import_end', array( $this, 'imported' ), PHP_INT_MIN, 0 );
		$this->events->listen( 'upgrader_process_complete', array( $this, 'upgraded' ), PHP_INT_MIN, 2 );
	}

	/**
	 * `import_end`: parents, addresses of files and featured images were put right by plain SQL.
	 */
	public function imported(): void {
		$this->events->mark( 'everything' );
	}

	/**
	 * `upgrader_process_complete`: another version of WordPress, a theme or a plugin may render otherwise.
	 *
	 * @param mixed $upgrader Unused.
	 * @param mixed $what     What was upgraded.
	 */
	public function upgraded( $upgrader, $what ): void {
		if ( in_array( is_array( $what ) ? $what['type'] ?? '' : '', array( 'core', 'plugin', 'theme' ), true ) ) {
			$this->events->mark( 'everything' );
		}
	}
}
