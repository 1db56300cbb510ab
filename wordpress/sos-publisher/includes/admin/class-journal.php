<?php
/**
 * What became of the latest changes: from the marks table to rows for people's eyes.
 *
 * Reads only, by the table's indexes, so that it costs the same on a site of any size.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Installation;
use SOS_Publisher\Marks;

defined( 'ABSPATH' ) || exit;

/**
 * What waits, what was sent, what was refused.
 */
final class Journal {
	/**
	 * The changes that wait, the oldest first.
	 *
	 * @param int $most How many at most.
	 * @return array[] Rows with `ref`, `outcome`, `error`, `marked_at`.
	 */
	public static function waiting( int $most ): array {
		global $wpdb;
		$table = Installation::table();
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- A table of our own; always the newest.
		return (array) $wpdb->get_results( $wpdb->prepare( "SELECT ref, outcome, error, attempts, marked_at FROM `$table` WHERE dirty = 1 ORDER BY marked_at LIMIT %d", $most ), ARRAY_A );
	}

	/**
	 * The changes that were sent last, the newest first.
	 *
	 * @param Marks $marks The marks.
	 * @param int   $most  How many at most.
	 * @return array[] Rows.
	 */
	public static function sent( Marks $marks, int $most ): array {
		return array_values( array_filter( $marks->latest( $most ), static fn( array $row ): bool => ! $row['dirty'] && $row['sent_at'] > 0 ) );
	}

	/**
	 * How many changes were refused (100 are counted at most) and the last of them, or null.
	 *
	 * @param Marks $marks The marks.
	 * @return array{count: int, ref: string, error: string}|null
	 */
	public static function failed( Marks $marks ): ?array {
		$rows = $marks->failures( 100 );
		if ( ! $rows ) {
			return null;
		}
		$last = $rows[ count( $rows ) - 1 ];
		return array(
			'count' => count( $rows ),
			'ref'   => (string) $last['ref'],
			'error' => (string) $last['error'],
		);
	}

	/**
	 * Whether the table is there.
	 */
	public static function has_table(): bool {
		global $wpdb;
		$table = Installation::table();
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- A question of the moment.
		return $table === $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $table ) ) );
	}
}
