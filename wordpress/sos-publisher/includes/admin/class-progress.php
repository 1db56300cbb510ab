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
	 * So many things that differ are named.
	 */
	private const NAMED = 5;

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
		$text    = '';
		if ( $running ) {
			/* translators: 1: number of things, 2: number of all things. */
			$text = $total ? sprintf( __( '%1$s of %2$s sent', 'sos-publisher' ), number_format_i18n( $done ), number_format_i18n( $total ) ) : __( 'Starting…', 'sos-publisher' );
		} elseif ( $done > 0 ) {
			/* translators: 1: number of things, 2: date and time. */
			$text = sprintf( __( 'Done: %1$s sent, %2$s.', 'sos-publisher' ), number_format_i18n( $done ), Words::moment( (float) ( $progress['finished'] ?? 0 ) ) );
		}
		if ( ! empty( $progress['failed'] ) ) {
			/* translators: 1: number of things, 2: a technical message. */
			$text .= ' ' . sprintf( __( '%1$s could not be sent: %2$s', 'sos-publisher' ), number_format_i18n( (int) $progress['failed'] ), (string) ( $progress['failure'] ?? '' ) );
		}
		return array(
			'running' => $running,
			'percent' => $total ? (int) min( 100, floor( 100 * $done / $total ) ) : ( $running ? 0 : 100 ),
			'text'    => trim( $text ),
			'error'   => $error,
		);
	}

	/**
	 * A step of a comparison, added to what the steps before it found.
	 *
	 * @param array $drift  From Rebuild::verify.
	 * @param bool  $mended Whether what differs is put right.
	 * @param array $before Member `found` of the step before, or nothing.
	 * @return array{complete: bool, clean: bool, found: array, text: string}
	 */
	public static function drift( array $drift, bool $mended, array $before = array() ): array {
		$found = array( 'names' => array_slice( array_map( 'strval', (array) ( $before['names'] ?? array() ) ), 0, self::NAMED ) );
		foreach ( array( 'missing', 'extra', 'different', 'failed' ) as $name ) {
			$refs           = (array) ( $drift[ $name ] ?? array() );
			$found[ $name ] = (int) ( $before[ $name ] ?? 0 ) + count( $refs );
			$found['names'] = array_slice( array_merge( $found['names'], array_map( 'strval', $refs ) ), 0, self::NAMED );
		}
		$sum      = $found['missing'] + $found['extra'] + $found['different'] + $found['failed'];
		$complete = ! empty( $drift['complete'] );
		$text     = '';
		if ( ! $complete ) {
			/* translators: 1: number of things, 2: number of all things. */
			$text = sprintf( __( '%1$s of %2$s compared.', 'sos-publisher' ), number_format_i18n( (int) ( $drift['checked'] ?? 0 ) ), number_format_i18n( (int) ( $drift['total'] ?? 0 ) ) ) . ' ';
		}
		return array(
			'complete' => $complete,
			'clean'    => 0 === $sum || $mended,
			'found'    => $found,
			'text'     => trim( $text . ( 0 === $sum ? ( $complete ? __( 'No difference: the public site has exactly what WordPress has.', 'sos-publisher' ) : '' ) : self::difference( $found, $mended ) ) ),
		);
	}

	/**
	 * What differs.
	 *
	 * @param array $found  Counts, and `names`: some refs.
	 * @param bool  $mended Whether it is put right.
	 */
	private static function difference( array $found, bool $mended ): string {
		$text = sprintf(
			/* translators: 1-3: numbers. */
			__( '%1$s missing on the public site, %2$s too many, %3$s different', 'sos-publisher' ),
			number_format_i18n( $found['missing'] ),
			number_format_i18n( $found['extra'] ),
			number_format_i18n( $found['different'] )
		);
		if ( $found['failed'] ) {
			/* translators: %s: number of things. */
			$text .= sprintf( __( ', %s could not be read', 'sos-publisher' ), number_format_i18n( $found['failed'] ) );
		}
		/* translators: 1: how many things differ, 2: names of some of them. */
		$text = sprintf( __( '%1$s, such as %2$s.', 'sos-publisher' ), $text, implode( ', ', array_map( array( Ref_Name::class, 'text' ), $found['names'] ) ) );
		return $text . ' ' . ( $mended ? __( 'All of it is being put right.', 'sos-publisher' ) : __( '“Compare and put right” mends it.', 'sos-publisher' ) );
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
