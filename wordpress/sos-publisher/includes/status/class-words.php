<?php
/**
 * The words for a state: one sentence, and a second one where there is more to know.
 *
 * In: a verdict and what surrounds it. Out: plain text, translated, not yet escaped. No I/O.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Status;

use SOS_Publisher\Expiry;

defined( 'ABSPATH' ) || exit;

/**
 * Everything that editors read about where their content is.
 */
final class Words {
	/**
	 * The sentence: "Live on 8 of 8 nodes, 0.3 s after saving."
	 *
	 * @param array $verdict From Verdict::decide, with `expires`, `starts` (GMT or '') added.
	 */
	public static function sentence( array $verdict ): string {
		switch ( $verdict['state'] ) {
			case Verdict::LIVE:
				return self::live( $verdict );
			case Verdict::PARTLY:
				/* translators: 1: number of nodes, 2: number of all nodes. */
				return sprintf( __( 'On %1$s of %2$s nodes so far', 'sos-publisher' ), number_format_i18n( $verdict['nodes_live'] ), number_format_i18n( $verdict['nodes_total'] ) );
			case Verdict::SCHEDULED:
				return '' === $verdict['starts'] ? __( 'Scheduled', 'sos-publisher' )
					/* translators: %s: date and time. */
					: sprintf( __( 'Goes live on %s', 'sos-publisher' ), Expiry::in_words( $verdict['starts'] ) );
			case Verdict::NOT_PUBLIC:
				return self::not_public( $verdict );
			case Verdict::FAILED:
				return __( 'Could not be published', 'sos-publisher' );
			case Verdict::OFF:
				return __( 'Publishing is not set up', 'sos-publisher' );
			default:
				return self::pending( $verdict );
		}
	}

	/**
	 * What else there is to know, or ''.
	 *
	 * @param array $verdict As for `sentence`, with `backlog` added: null or array{count: int, seconds: float}.
	 */
	public static function detail( array $verdict ): string {
		if ( Verdict::FAILED === $verdict['state'] ) {
			return self::explain_failure( $verdict['reason'] );
		}
		if ( null !== ( $verdict['backlog'] ?? null ) && Verdict::PENDING === $verdict['state'] ) {
			return self::behind( $verdict['backlog'] );
		}
		if ( Verdict::PARTLY === $verdict['state'] && $verdict['behind'] ) {
			/* translators: %s: names of nodes. */
			return sprintf( __( 'Not yet on %s.', 'sos-publisher' ), self::some( $verdict['behind'] ) );
		}
		if ( Verdict::SCHEDULED === $verdict['state'] && $verdict['nodes_total'] ) {
			return sprintf(
				/* translators: %s: number of nodes. */
				_n( '%s node has it and shows it at that second.', 'All %s nodes have it and show it at that second.', $verdict['nodes_total'], 'sos-publisher' ),
				number_format_i18n( $verdict['nodes_total'] )
			);
		}
		if ( Verdict::LIVE === $verdict['state'] && '' !== ( $verdict['expires'] ?? '' ) ) {
			/* translators: %s: date and time. */
			return sprintf( __( 'Goes offline on %s.', 'sos-publisher' ), Expiry::in_words( $verdict['expires'] ) );
		}
		return '';
	}

	/**
	 * "Publishing is behind: 3 changes, oldest 2 min."
	 *
	 * @param array $backlog Members `count`, `seconds`.
	 */
	public static function behind( array $backlog ): string {
		return sprintf(
			/* translators: 1: "3 changes", 2: a duration such as "2 min". */
			__( 'Publishing is behind: %1$s, oldest %2$s. What you save is kept and goes out by itself.', 'sos-publisher' ),
			self::changes( (int) $backlog['count'] ),
			self::duration( (float) $backlog['seconds'] )
		);
	}

	/**
	 * "3 changes".
	 *
	 * @param int $count How many.
	 */
	public static function changes( int $count ): string {
		/* translators: %s: number of changes. */
		return sprintf( _n( '%s change', '%s changes', $count, 'sos-publisher' ), number_format_i18n( $count ) );
	}

	/**
	 * "under 0.1 s", "0.3 s", "42 s", "2 min", "5 h", "3 days".
	 *
	 * @param float $seconds A duration.
	 */
	public static function duration( float $seconds ): string {
		// No line break between the number and its unit.
		return str_replace( ' ', "\u{a0}", self::measure( $seconds ) );
	}

	/**
	 * The same with plain spaces.
	 *
	 * @param float $seconds A duration.
	 */
	private static function measure( float $seconds ): string {
		if ( $seconds < 0.1 ) {
			/* translators: %s: number of seconds. */
			return sprintf( __( 'under %s s', 'sos-publisher' ), number_format_i18n( 0.1, 1 ) );
		}
		if ( $seconds < 10 ) {
			/* translators: %s: number of seconds. */
			return sprintf( __( '%s s', 'sos-publisher' ), number_format_i18n( round( $seconds, 1 ), 1 ) );
		}
		if ( $seconds < 90 ) {
			/* translators: %s: number of seconds. */
			return sprintf( __( '%s s', 'sos-publisher' ), number_format_i18n( round( $seconds ) ) );
		}
		if ( $seconds < 5400 ) {
			/* translators: %s: number of minutes. */
			return sprintf( __( '%s min', 'sos-publisher' ), number_format_i18n( round( $seconds / 60 ) ) );
		}
		if ( $seconds < 172800 ) {
			/* translators: %s: number of hours. */
			return sprintf( __( '%s h', 'sos-publisher' ), number_format_i18n( round( $seconds / 3600 ) ) );
		}
		/* translators: %s: number of days. */
		return sprintf( _n( '%s day', '%s days', (int) round( $seconds / 86400 ), 'sos-publisher' ), number_format_i18n( round( $seconds / 86400 ) ) );
	}

	/**
	 * "under 0.1 ms", "0.4 ms", "12 ms".
	 *
	 * @param float $milliseconds A duration.
	 */
	public static function milliseconds( float $milliseconds ): string {
		if ( $milliseconds < 0.1 ) {
			/* translators: %s: number of milliseconds. */
			return sprintf( __( 'under %s ms', 'sos-publisher' ), number_format_i18n( 0.1, 1 ) );
		}
		/* translators: %s: number of milliseconds. */
		return sprintf( __( '%s ms', 'sos-publisher' ), number_format_i18n( $milliseconds, $milliseconds < 10 ? 1 : 0 ) );
	}

	/**
	 * "14:03:12", with the day where it is another one.
	 *
	 * @param float $epoch Seconds since 1970.
	 */
	public static function moment( float $epoch ): string {
		$time = (string) wp_date( 'H:i:s', (int) $epoch );
		if ( wp_date( 'Y-m-d', (int) $epoch ) === wp_date( 'Y-m-d' ) ) {
			return $time;
		}
		/* translators: 1: date, 2: time. */
		return sprintf( _x( '%1$s, %2$s', 'date and time', 'sos-publisher' ), (string) wp_date( (string) get_option( 'date_format' ), (int) $epoch ), $time );
	}

	/**
	 * At most three of the names, and how many more.
	 *
	 * @param string[] $names Names of nodes.
	 */
	private static function some( array $names ): string {
		$shown = implode( ', ', array_slice( $names, 0, 3 ) );
		$more  = count( $names ) - 3;
		/* translators: 1: names of nodes, 2: number of nodes that are not named. */
		return $more > 0 ? sprintf( __( '%1$s and %2$s more', 'sos-publisher' ), $shown, number_format_i18n( $more ) ) : $shown;
	}

	/**
	 * Live.
	 *
	 * @param array $verdict The verdict.
	 */
	private static function live( array $verdict ): string {
		$live  = number_format_i18n( $verdict['nodes_live'] );
		$total = number_format_i18n( $verdict['nodes_total'] );
		if ( null === $verdict['seconds'] ) {
			/* translators: 1: number of nodes, 2: number of all nodes. */
			return sprintf( _n( 'Live on %1$s of %2$s node', 'Live on %1$s of %2$s nodes', $verdict['nodes_total'], 'sos-publisher' ), $live, $total );
		}
		return sprintf(
			/* translators: 1: number of nodes, 2: number of all nodes, 3: duration such as "0.3 s". */
			_n( 'Live on %1$s of %2$s node, %3$s after saving', 'Live on %1$s of %2$s nodes, %3$s after saving', $verdict['nodes_total'], 'sos-publisher' ),
			$live,
			$total,
			self::duration( $verdict['seconds'] )
		);
	}

	/**
	 * Not public: never was, not any more, or expired.
	 *
	 * @param array $verdict The verdict.
	 */
	private static function not_public( array $verdict ): string {
		if ( 'expired' === $verdict['reason'] && '' !== $verdict['expires'] ) {
			/* translators: %s: date and time. */
			return sprintf( __( 'Went offline on %s', 'sos-publisher' ), Expiry::in_words( $verdict['expires'] ) );
		}
		return __( 'Not public', 'sos-publisher' );
	}

	/**
	 * On its way.
	 *
	 * @param array $verdict The verdict.
	 */
	private static function pending( array $verdict ): string {
		switch ( $verdict['reason'] ) {
			case 'never-sent':
				return __( 'Not on the public site yet', 'sos-publisher' );
			case 'no-nodes':
				return __( 'Stored; no node is running', 'sos-publisher' );
			case 'store':
				return __( 'Where this is live can’t be told just now', 'sos-publisher' );
			default:
				return null === ( $verdict['backlog'] ?? null ) ? __( 'Being published…', 'sos-publisher' ) : __( 'Waiting to be published', 'sos-publisher' );
		}
	}

	/**
	 * Why the store or WordPress refused it, for people.
	 *
	 * @param string $reason What the store or the exception said.
	 */
	private static function explain_failure( string $reason ): string {
		if ( false !== strpos( $reason, 'longer than' ) ) {
			return __( 'It is too long. Move a part of it to a page of its own.', 'sos-publisher' );
		}
		/* translators: %s: a technical message. */
		return sprintf( __( 'Show this to whoever looks after the site: %s', 'sos-publisher' ), $reason );
	}
}
