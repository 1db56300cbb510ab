<?php
/**
 * Long work in words: from what Rebuild and Flusher return to a sentence and a percentage.
 *
 * No I/O.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Status\Words;

defined( 'ABSPATH' ) || exit;

/**
 * Words for rebuild, verify and flush.
 */
final class Progress {
	/**
	 * A rebuild.
	 *
	 * @param array $progress From Rebuild::progress or Rebuild::step.
	 * @return array{running: bool, percent: int, text: string, error: string}
	 */
	public static function describe( array $progress ): array {
		$running = ! empty( $progress['running'] );
		$done    = (int) ( $progress['done'] ?? 0 );
		$total   = (int) ( $progress['total'] ?? 0 );
		$error   = (string) ( $progress['error'] ?? '' );
		if ( $running ) {
			/* translators: 1: number of things, 2: number of all things. */
			$text = $total ? sprintf( __( '%1$s of %2$s sent', 'sos-publisher' ), number_format_i18n( $done ), number_format_i18n( $total ) ) : __( 'Starting…', 'sos-publisher' );
		} elseif ( $done > 0 ) {
			/* translators: %s: number of things. */
			$text = sprintf( __( 'Done: %s things were sent.', 'sos-publisher' ), number_format_i18n( $done ) );
		} else {
			$text = '';
		}
		return array(
			'running' => $running,
			'percent' => $total ? (int) min( 100, floor( 100 * $done / $total ) ) : ( $running ? 0 : 100 ),
			'text'    => $text,
			'error'   => $error,
		);
	}

	/**
	 * A comparison.
	 *
	 * @param array $drift  From Rebuild::verify.
	 * @param bool  $mended Whether it was put right.
	 * @return array{clean: bool, text: string}
	 */
	public static function drift( array $drift, bool $mended ): array {
		$counts = array();
		foreach ( array( 'missing', 'extra', 'different' ) as $name ) {
			$value           = $drift[ $name ] ?? 0;
			$counts[ $name ] = is_array( $value ) ? count( $value ) : (int) $value;
		}
		if ( 0 === array_sum( $counts ) ) {
			return array(
				'clean' => true,
				'text'  => __( 'No difference: the public site has exactly what WordPress has.', 'sos-publisher' ),
			);
		}
		$text = sprintf(
			/* translators: 1-3: numbers. */
			__( '%1$s missing on the public site, %2$s too many, %3$s different.', 'sos-publisher' ),
			number_format_i18n( $counts['missing'] ),
			number_format_i18n( $counts['extra'] ),
			number_format_i18n( $counts['different'] )
		);
		return array(
			'clean' => $mended,
			'text'  => $text . ' ' . ( $mended ? __( 'All of it is being put right.', 'sos-publisher' ) : __( '“Compare and put right” mends it.', 'sos-publisher' ) ),
		);
	}

	/**
	 * A flush.
	 *
	 * @param array $done From Flusher::flush.
	 */
	public static function flush_words( array $done ): string {
		$sent = (int) ( $done['sent'] ?? 0 );
		$left = (int) ( $done['left'] ?? 0 );
		if ( '' !== (string) ( $done['error'] ?? '' ) ) {
			/* translators: %s: a technical message. */
			return sprintf( __( 'Nothing could be sent: %s', 'sos-publisher' ), (string) $done['error'] );
		}
		if ( ! $sent && ! $left ) {
			return __( 'Nothing was waiting.', 'sos-publisher' );
		}
		/* translators: 1: "3 changes" that were sent, 2: "3 changes" that wait. */
		return sprintf( __( 'Sent: %1$s. Still waiting: %2$s.', 'sos-publisher' ), Words::changes( $sent ), Words::changes( $left ) );
	}
}
