<?php
/**
 * The database for hooks: errors are logged once and thrown never, nobody waits for locked rows, and whoever called
 * the hook finds $wpdb as it was.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * Everything here is static, and for the plugin's own table only.
 */
final class Quiet_Database {
	/** Seconds for which nothing is written after a row was locked; the end of the request tries once more. */
	const LOCKED = 10.0;

	/**
	 * Whether an error was logged in this request.
	 *
	 * @var bool
	 */
	private static bool $complained = false;

	/**
	 * When a row was found locked by somebody's long transaction: until then no hook waits for another one.
	 *
	 * @var float
	 */
	private static float $is_locked_until = 0.0;

	/**
	 * Whether a row was locked moments ago: then hooks had better not wait for another one.
	 */
	public static function is_locked(): bool {
		return microtime( true ) < self::$is_locked_until;
	}

	/**
	 * Run a statement. Whoever called the hook finds $wpdb as it was, and sees no error.
	 *
	 * @param string $sql The statement.
	 */
	public static function run( string $sql ): void {
		self::quietly(
			static function () use ( $sql ) {
				return self::run_without_waiting( $sql );
			}
		);
	}

	/**
	 * Run a statement which gives up after a second when rows are locked. Hooks run within other plugins' transactions,
	 * and their rows stay locked until those end: nobody's save may wait for that, for up to 50 s by default.
	 *
	 * @param string $sql The statement.
	 * @return int|bool As wpdb's.
	 */
	private static function run_without_waiting( string $sql ) {
		global $wpdb;
		// phpcs:disable WordPress.DB -- The statements were prepared by whoever calls.
		if ( preg_match( '/(\d+)\.(\d+)\.\d+-mariadb/i', $wpdb->db_server_info(), $found ) && version_compare( "$found[1].$found[2]", '10.1', '>=' ) ) {
			return $wpdb->query( 'SET STATEMENT innodb_lock_wait_timeout = 1 FOR ' . $sql );
		}
		$wpdb->query( 'SET @sos_wait = @@SESSION.innodb_lock_wait_timeout, SESSION innodb_lock_wait_timeout = 1' );
		$answer = $wpdb->query( $sql );
		$error  = $wpdb->last_error;
		$wpdb->query( 'SET SESSION innodb_lock_wait_timeout = @sos_wait' );
		$wpdb->last_error = $error;
		// phpcs:enable
		return $answer;
	}

	/**
	 * Rows of a query; none when it fails.
	 *
	 * @param string $sql The query.
	 * @return array<int, array<string, string>>
	 */
	public static function rows( string $sql ): array {
		$rows = self::quietly(
			static function () use ( $sql ) {
				global $wpdb;
				$found = $wpdb->get_results( $sql, ARRAY_A ); // phpcs:ignore WordPress.DB
				if ( '' !== $wpdb->last_error ) {
					return false;
				}
				return $found;
			}
		);
		return is_array( $rows ) ? $rows : array();
	}

	/**
	 * Ask the database; where the table is missing, make it and ask again. Logs the first error of a request.
	 *
	 * @param callable $ask Returns false when it failed.
	 * @return mixed What it returned.
	 */
	private static function quietly( callable $ask ) {
		global $wpdb;
		$seen = array();
		foreach ( array( 'insert_id', 'last_error', 'last_query', 'last_result', 'num_rows', 'rows_affected' ) as $name ) {
			$seen[ $name ] = $wpdb->$name ?? null;
		}
		$before = $wpdb->suppress_errors( true );
		$answer = false;
		$why    = '';
		try {
			$answer = $ask();
			if ( false === $answer ) {
				$why     = (string) $wpdb->last_error;
				$is_lost = (int) get_option( Installation::OPTION ) !== Installation::SCHEMA || false !== strpos( $why, "doesn't exist" );
				if ( $is_lost && Installation::is_active_here() ) {
					Installation::install();
				}
				if ( false !== strpos( $why, 'Lock wait timeout' ) ) {
					self::$is_locked_until = microtime( true ) + self::LOCKED;
				} else {
					$answer = $ask();
				}
				$why = false === $answer ? (string) $wpdb->last_error : '';
			}
		} catch ( \Throwable $error ) {
			$why = $error->getMessage();
		}
		$wpdb->suppress_errors( $before );
		foreach ( $seen as $name => $value ) {
			$wpdb->$name = $value;
		}
		if ( '' !== $why && ! self::$complained ) {
			self::$complained = true;
			error_log( 'sos-publisher: the table of marks is not usable: ' . $why ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_error_log
		}
		return $answer;
	}
}
