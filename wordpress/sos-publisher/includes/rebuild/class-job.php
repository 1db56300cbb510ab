<?php
/**
 * Where a rebuild is: from one request to the next, and over the death of any of them.
 *
 * In: an option of the site. Out: the same, after each step. One process at a time works on it; the database knows
 * which, and forgets it when that process dies.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Rebuild;

defined( 'ABSPATH' ) || exit;

/**
 * State with a lock. Reads past the object cache, which other processes do not tell of their changes.
 */
final class Job {
	/**
	 * Seconds after which a step tries the lock again.
	 */
	private const PATIENCE = 0;

	/**
	 * Name of the option.
	 *
	 * @var string
	 */
	private string $option;

	/**
	 * A job.
	 *
	 * @param string $option Where it is kept.
	 */
	public function __construct( string $option ) {
		$this->option = $option;
	}

	/**
	 * What is known; empty if there never was one.
	 *
	 * @return array<string, mixed>
	 */
	public function load(): array {
		wp_cache_delete( $this->option, 'options' );
		wp_cache_delete( 'notoptions', 'options' );
		$state = get_option( $this->option );
		return is_array( $state ) ? $state : array();
	}

	/**
	 * Keep it.
	 *
	 * @param array<string, mixed> $state All of it.
	 */
	public function save( array $state ): void {
		wp_cache_delete( $this->option, 'options' );
		wp_cache_delete( 'notoptions', 'options' );
		update_option( $this->option, $state, false );
	}

	/**
	 * Call something as the only process that does.
	 *
	 * @param callable $work Works.
	 * @return bool Whether it was called; false while another process is at it.
	 */
	public function alone( callable $work ): bool {
		global $wpdb;
		$name = 'sos_' . md5( DB_NAME . ' ' . $wpdb->prefix . ' ' . $this->option );
		// phpcs:disable WordPress.DB.DirectDatabaseQuery -- A lock is no data.
		$got = $wpdb->get_var( $wpdb->prepare( 'SELECT GET_LOCK(%s, %d)', $name, self::PATIENCE ) );
		if ( '0' === (string) $got ) {
			return false;
		}
		// Some databases have no locks (null): then two processes may do the same work, in which numbers keep the order.
		try {
			$work();
		} finally {
			$wpdb->query( $wpdb->prepare( 'SELECT RELEASE_LOCK(%s)', $name ) );
		}
		// phpcs:enable
		return true;
	}
}
