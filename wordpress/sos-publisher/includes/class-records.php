<?php
/**
 * What is known of objects that were ever marked: rows of the plugin's table, for whoever shows them. Writes
 * nothing, and never throws.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * The part of Marks that reads. Of the current site of a network, whichever that is.
 */
abstract class Records {
	/** Rows of one statement at most. */
	const CHUNK = 500;

	/**
	 * How much was not sent yet.
	 *
	 * @return array{count: int, oldest: float|null} How many marks, and when the oldest was made: epoch seconds.
	 */
	public function backlog(): array {
		$rows = Quiet_Database::rows( 'SELECT COUNT(*) AS count, MIN(marked_at) AS oldest FROM ' . Installation::table() . ' WHERE dirty = 1' );
		return array(
			'count'  => (int) ( $rows[0]['count'] ?? 0 ),
			'oldest' => isset( $rows[0]['oldest'] ) ? (float) $rows[0]['oldest'] : null,
		);
	}

	/**
	 * What is known of an object: its row, or null if it was never marked.
	 *
	 * @param string $ref Such as "post:12".
	 * @return array<string, mixed>|null As `statuses`.
	 */
	public function status( string $ref ): ?array {
		return $this->statuses( array( $ref ) )[ $ref ] ?? null;
	}

	/**
	 * What is known of objects.
	 *
	 * @param string[] $refs Such as "post:12".
	 * @return array<string, array<string, mixed>> Rows by reference: the columns, with numbers as numbers, dirty as a
	 *                                             boolean, and lists as an array of names.
	 */
	public function statuses( array $refs ): array {
		global $wpdb;
		$found = array();
		foreach ( array_chunk( array_values( $refs ), self::CHUNK ) as $chunk ) {
			$rows = Quiet_Database::rows( $wpdb->prepare( 'SELECT * FROM ' . Installation::table() . ' WHERE ref IN (' . Mark_Row::places( $chunk ) . ')', $chunk ) ); // phpcs:ignore WordPress.DB.PreparedSQL, WordPress.DB.PreparedSQLPlaceholders
			foreach ( $rows as $row ) {
				$found[ $row['ref'] ] = Mark_Row::typed( $row );
			}
		}
		return $found;
	}

	/**
	 * What was sent last, the latest first.
	 *
	 * @param int $limit How many rows at most.
	 * @return array<int, array<string, mixed>> As the values of `statuses`.
	 */
	public function latest( int $limit ): array {
		return array_map( array( Mark_Row::class, 'typed' ), Quiet_Database::rows( 'SELECT * FROM ' . Installation::table() . " WHERE outcome <> '' ORDER BY sent_at DESC LIMIT " . max( 1, $limit ) ) );
	}

	/**
	 * What can't be sent, and why; the oldest first.
	 *
	 * @param int $limit How many rows at most.
	 * @return array<int, array<string, mixed>> As the values of `statuses`.
	 */
	public function failures( int $limit ): array {
		return array_map( array( Mark_Row::class, 'typed' ), Quiet_Database::rows( 'SELECT * FROM ' . Installation::table() . " WHERE dirty = 1 AND outcome = 'failed' ORDER BY marked_at LIMIT " . max( 1, $limit ) ) );
	}

	/**
	 * References of documents which show a list.
	 *
	 * @param string $name Such as "type:post".
	 * @return string[]
	 */
	public function refs_that_show( string $name ): array {
		global $wpdb;
		return array_column( Quiet_Database::rows( $wpdb->prepare( 'SELECT ref FROM ' . Installation::table() . ' WHERE lists LIKE %s', '% ' . $wpdb->esc_like( $name ) . ' %' ) ), 'ref' ); // phpcs:ignore WordPress.DB.PreparedSQL
	}
}
