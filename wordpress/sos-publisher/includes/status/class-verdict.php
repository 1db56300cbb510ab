<?php
/**
 * What to tell an editor about one object: from its mark, the fleet and the post itself to a state.
 *
 * In: the row of the marks table, the fleet, what kind of post it is. Out: state, counts, seconds. No I/O, no words.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Status;

use SOS_Publisher\Sent;

defined( 'ABSPATH' ) || exit;

/**
 * One decision, always the same for the same facts.
 */
final class Verdict {
	public const LIVE       = 'live';
	public const PARTLY     = 'partly';
	public const PENDING    = 'pending';
	public const FAILED     = 'failed';
	public const SCHEDULED  = 'scheduled';
	public const NOT_PUBLIC = 'not-public';
	public const OFF        = 'off';

	/**
	 * Decide.
	 *
	 * @param array|null      $row    Row of the marks table, null when it was never marked.
	 * @param string          $public What the post is to the public: "public", "scheduled", "expired" or "no".
	 * @param Fleet_View|null $fleet  Null when the store did not answer.
	 * @param string          $epoch  Epoch of the store, '' when unknown. Revisions of another one can't be compared.
	 * @param bool            $stored For what was never marked: whether the store holds it.
	 * @return array{state: string, nodes_live: int, nodes_total: int, seconds: ?float, reason: string, behind: string[]}
	 */
	public static function decide( ?array $row, string $public, ?Fleet_View $fleet, string $epoch, bool $stored ): array {
		$verdict = array(
			'state'       => self::PENDING,
			'nodes_live'  => 0,
			'nodes_total' => null === $fleet ? 0 : $fleet->total(),
			'seconds'     => null,
			'reason'      => '',
			'behind'      => array(),
		);
		if ( null === $row && 'no' === $public ) {
			return array( 'state' => self::NOT_PUBLIC ) + $verdict;
		}
		if ( null !== $row && self::has_failed( $row ) ) {
			return array(
				'state'  => self::FAILED,
				'reason' => (string) $row['error'],
			) + $verdict;
		}
		if ( null !== $row && (int) $row['dirty'] ) {
			return array( 'reason' => 'waiting' ) + $verdict;
		}
		if ( null === $fleet ) {
			return array( 'reason' => 'store' ) + $verdict;
		}
		$known = null !== $row && ( '' === $epoch || '' === (string) $row['epoch'] || $epoch === (string) $row['epoch'] );
		if ( ! $known && ! $stored && 'no' !== $public ) {
			return array( 'reason' => 'never-sent' ) + $verdict;
		}
		$followers             = $fleet->followers( $known ? (int) $row['revision'] : 0 );
		$verdict['nodes_live'] = $followers['live'];
		$verdict['behind']     = $followers['behind'];
		if ( $known && null !== $followers['since'] && (float) $row['saved_at'] > 0 && in_array( $row['outcome'], array( Sent::APPLIED, Sent::REMOVED ), true ) && ! $followers['behind'] ) {
			$verdict['seconds'] = max( 0.0, $followers['since'] - (float) $row['saved_at'] );
		}
		$verdict['state'] = self::state( $public, $followers['live'], $fleet->total() );
		if ( 0 === $fleet->total() ) {
			$verdict['reason'] = 'no-nodes';
		} elseif ( 'expired' === $public ) {
			$verdict['reason'] = 'expired';
		}
		return $verdict;
	}

	/**
	 * Whether it was refused, or can't be read: what time alone does not heal.
	 *
	 * A store that is away is no failure; nor is what was changed again since, until that was tried.
	 *
	 * @param array $row Row of the marks table.
	 */
	public static function has_failed( array $row ): bool {
		return Sent::FAILED === ( $row['outcome'] ?? '' ) && (int) ( $row['attempts'] ?? 1 ) > 0;
	}

	/**
	 * The state of what has been sent.
	 *
	 * @param string $public What the post is to the public.
	 * @param int    $live   Nodes that follow it.
	 * @param int    $total  Nodes that live.
	 */
	private static function state( string $public, int $live, int $total ): string {
		if ( $live < $total ) {
			return 0 === $live ? self::PENDING : self::PARTLY;
		}
		if ( 'scheduled' === $public ) {
			return self::SCHEDULED;
		}
		if ( 'public' !== $public ) {
			return self::NOT_PUBLIC;
		}
		return 0 === $total ? self::PENDING : self::LIVE;
	}
}
