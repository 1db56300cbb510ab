<?php
/**
 * Between rows of the table of marks and plain values: what a row says as SQL, and what the database says with
 * numbers as numbers. Asks nothing.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * Everything here is static. The columns are described in class-marks.php.
 */
final class Mark_Row {
	/**
	 * The row that says what became of a mark, as SQL.
	 *
	 * @param Mark $mark A claimed mark.
	 * @param Sent $sent What became of it.
	 */
	public static function values( Mark $mark, Sent $sent ): string {
		global $wpdb;
		$failed = Sent::FAILED === $sent->outcome;
		$lists  = $sent->lists ? ' ' . implode( ' ', $sent->lists ) . ' ' : '';
		// 10 s, 20 s, 40 s … at most an hour.
		$retry_at = $failed ? microtime( true ) + min( 3600.0, 10.0 * pow( 2, min( $mark->attempts, 10 ) ) ) : 0.0;
		return $wpdb->prepare(
			'(%s, %d, %d, %f, %d, %f, %f, %f, %d, %s, %s, %s, %s)',
			$mark->ref,
			$mark->generation,
			$failed ? 1 : 0,
			$mark->marked_at,
			$failed ? $mark->attempts + 1 : 0,
			$retry_at,
			$sent->sent_at,
			$mark->marked_at + $sent->clock_ahead,
			$sent->revision,
			$sent->epoch,
			$sent->outcome,
			self::storable( $sent->error ),
			self::storable( $lists )
		);
	}

	/**
	 * A row with numbers as numbers.
	 *
	 * @param array<string, string> $row As the database gives it.
	 * @return array<string, mixed>
	 */
	public static function typed( array $row ): array {
		foreach ( array( 'marked_at', 'retry_at', 'sent_at', 'saved_at' ) as $name ) {
			$row[ $name ] = (float) $row[ $name ];
		}
		foreach ( array( 'generation', 'marked_by', 'attempts', 'revision' ) as $name ) {
			$row[ $name ] = (int) $row[ $name ];
		}
		$row['dirty'] = '1' === (string) $row['dirty'];
		$row['lists'] = array_values( array_filter( explode( ' ', $row['lists'] ), 'strlen' ) );
		return $row;
	}

	/**
	 * Text that any table takes: valid, of at most 2,000 bytes, none beyond the Basic Multilingual Plane.
	 *
	 * @param string $text Any bytes.
	 */
	private static function storable( string $text ): string {
		// What is no UTF-8, or cut in the middle of a character, becomes U+FFFD.
		$text = json_decode( (string) json_encode( substr( $text, 0, 2000 ), JSON_INVALID_UTF8_SUBSTITUTE ) ); // phpcs:ignore WordPress.WP.AlternativeFunctions.json_encode_json_encode -- That one takes bad bytes away.
		return (string) preg_replace( '/[\x{10000}-\x{10FFFF}]/u', '?', (string) $text );
	}

	/**
	 * A time as SQL.
	 *
	 * @param float $value Epoch seconds.
	 */
	public static function number( float $value ): string {
		return sprintf( '%.4F', $value );
	}

	/**
	 * Placeholders for a list of texts.
	 *
	 * @param string[] $values The texts.
	 */
	public static function places( array $values ): string {
		return implode( ', ', array_fill( 0, count( $values ), '%s' ) );
	}
}
