<?php
/**
 * What happens without anybody's request: each minute what was left is sent and a rebuild goes on, each hour
 * WordPress and the store are compared, because a search-and-replace in the database tells nobody.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

use SOS_Publisher\Store\Refused;
use SOS_Publisher\Store\Unavailable;

defined( 'ABSPATH' ) || exit;

/**
 * Two tasks of WP-Cron.
 */
final class Cron {
	const MINUTE = 'sos_publisher_minute';
	const HOUR   = 'sos_publisher_hour';

	/** Where the store was when a rebuild was begun because of it. */
	const OPTION = 'sos_publisher_rebuilt_for';

	/** Seconds of a task's parts. */
	const FLUSH     = 20.0;
	const REBUILD   = 25.0;
	const RECONCILE = 40.0;

	/** Seconds for which removed objects are remembered. */
	const REMEMBER = 2592000.0;

	/**
	 * The other parts.
	 *
	 * @var Plugin|null
	 */
	private static ?Plugin $plugin = null;

	/**
	 * Hook into WordPress.
	 *
	 * @param Plugin $plugin The other parts.
	 */
	public static function register( Plugin $plugin ): void {
		self::$plugin = $plugin;
		add_filter( 'cron_schedules', array( self::class, 'add_minute' ) ); // phpcs:ignore WordPress.WP.CronInterval -- A notice that says "behind" should not be true for long.
		add_action( 'init', array( self::class, 'schedule' ), 20 );
		add_action( self::MINUTE, array( self::class, 'run_minute' ) );
		add_action( self::HOUR, array( self::class, 'run_hour' ) );
	}

	/**
	 * The interval of a minute.
	 *
	 * @param array $schedules Known intervals.
	 */
	public static function add_minute( $schedules ) {
		$schedules                 = is_array( $schedules ) ? $schedules : array();
		$schedules[ self::MINUTE ] = array(
			'interval' => MINUTE_IN_SECONDS,
			'display'  => __( 'Once a minute', 'sos-publisher' ),
		);
		return $schedules;
	}

	/**
	 * Make sure that both tasks are planned. Looks at one autoloaded option.
	 */
	public static function schedule(): void {
		if ( ! wp_next_scheduled( self::MINUTE ) ) {
			wp_schedule_event( time() + MINUTE_IN_SECONDS, self::MINUTE, self::MINUTE );
		}
		if ( ! wp_next_scheduled( self::HOUR ) ) {
			wp_schedule_event( time() + 5 * MINUTE_IN_SECONDS, 'hourly', self::HOUR );
		}
	}

	/**
	 * Plan nothing any more.
	 */
	public static function unschedule(): void {
		wp_clear_scheduled_hook( self::MINUTE );
		wp_clear_scheduled_hook( self::HOUR );
	}

	/**
	 * Each minute. Never throws.
	 */
	public static function run_minute(): void {
		self::quietly(
			static function (): void {
				$plugin = self::$plugin;
				$plugin->store()->take_time();
				$plugin->flusher()->flush( self::FLUSH );
				self::look_after_store();
				if ( ! empty( $plugin->rebuild()->progress()['running'] ) ) {
					$plugin->rebuild()->step( self::REBUILD );
				}
			}
		);
	}

	/**
	 * Each hour. Never throws.
	 */
	public static function run_hour(): void {
		self::quietly(
			static function (): void {
				$plugin = self::$plugin;
				$plugin->store()->take_time();
				$plugin->marks()->prune( self::REMEMBER );
				if ( empty( $plugin->rebuild()->progress()['running'] ) ) {
					$plugin->rebuild()->verify( self::RECONCILE, true );
					$plugin->flusher()->flush( self::FLUSH );
				}
			}
		);
	}

	/**
	 * Begin a rebuild when the store is not the one that documents were sent to: wiped, replaced, or gone back to what
	 * it was before a failover. Once for each such state.
	 */
	private static function look_after_store(): void {
		$plugin = self::$plugin;
		$latest = $plugin->marks()->latest( 1 );
		if ( ! $latest || 0 === $latest[0]['revision'] ) {
			return;
		}
		$meta  = $plugin->store()->meta();
		$epoch = $meta['epoch'] ?? '';
		if ( $epoch === $latest[0]['epoch'] && (int) ( $meta['rev'] ?? 0 ) >= $latest[0]['revision'] && '1' === ( $meta['ready'] ?? '' ) ) {
			return;
		}
		$state = implode( ' ', array( $epoch, $latest[0]['epoch'], $latest[0]['revision'] ) );
		if ( get_option( self::OPTION ) !== $state && empty( $plugin->rebuild()->progress()['running'] ) ) {
			update_option( self::OPTION, $state, false );
			$plugin->rebuild()->start();
		}
	}

	/**
	 * Do something on a configured site; the store's errors are known to its breaker, others are logged.
	 *
	 * @param callable $work What to do.
	 */
	private static function quietly( callable $work ): void {
		if ( ! self::$plugin->settings()->is_configured() ) {
			return;
		}
		try {
			$work();
		} catch ( Unavailable $error ) {
			return;
		} catch ( Refused $error ) {
			return;
		} catch ( \Throwable $error ) {
			error_log( 'sos-publisher: ' . $error->getMessage() ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_error_log
		}
	}
}
