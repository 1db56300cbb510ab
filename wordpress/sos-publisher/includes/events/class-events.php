<?php
/**
 * Where all hooks of editorial events meet: a group of hooks says which objects changed, and this marks
 * them, at once and with few statements. It reads nothing, sends nothing, and never throws into WordPress.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

use SOS_Publisher\Plugin;

/**
 * Registers the groups of hooks and takes their marks.
 *
 * A change is marked before WordPress makes it, where a hook allows, so that PHP may die in between, and
 * again afterwards, so that a long request may; Marks writes neither twice within moments.
 */
final class Events {
	/**
	 * Takes the marks.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * Of this plugin.
	 *
	 * @param Plugin $plugin Takes the marks.
	 */
	private function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * Hook all groups into WordPress.
	 *
	 * @param Plugin $plugin Takes the marks.
	 */
	public static function register( Plugin $plugin ): void {
		$events = new self( $plugin );
		foreach ( array( Post_Events::class, Filing_Events::class, Meta_Events::class, Term_Events::class, User_Events::class, Menu_Events::class, Option_Events::class, Media_Events::class, Block_Events::class, Import_Events::class ) as $group ) {
			( new $group( $events ) )->register();
		}
	}

	/**
	 * Have a callback called by an action or a filter; whatever it throws ends here, and a filtered value
	 * stays as it is.
	 *
	 * @param string   $hook     Name of the action or filter.
	 * @param callable $callback Gets the hook's arguments.
	 * @param int      $priority As WordPress's.
	 * @param int      $count    How many arguments it gets.
	 */
	public function listen( string $hook, callable $callback, int $priority = 10, int $count = 1 ): void {
		add_filter(
			$hook,
			static function ( ...$given ) use ( $hook, $callback ) {
				try {
					$callback( ...$given );
				} catch ( \Throwable $error ) {
					self::report( $hook, $error );
				}
				return $given[0] ?? null;
			},
			$priority,
			$count
		);
	}

	/**
	 * Mark objects of the current site as changed.
	 *
	 * @param string ...$refs Concrete or wide.
	 */
	public function mark( string ...$refs ): void {
		$this->plugin->marks()->mark( ...array_values( array_unique( $refs ) ) );
	}

	/**
	 * Tell the log what went wrong in a hook.
	 *
	 * @param string     $hook  Where.
	 * @param \Throwable $error What.
	 */
	private static function report( string $hook, \Throwable $error ): void {
		// phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_error_log -- Nobody else would hear of it.
		error_log( sprintf( 'sos-publisher: %s: %s in %s:%d', $hook, $error->getMessage(), basename( $error->getFile() ), $error->getLine() ) );
	}
}
