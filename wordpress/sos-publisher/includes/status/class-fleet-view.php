<?php
/**
 * The fleet as the status of a post needs it: from the nodes' reports to which of them follow a revision.
 *
 * In: what Store::nodes() returns. Out: counts, names and times. No I/O, no words.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Status;

defined( 'ABSPATH' ) || exit;

/**
 * The nodes that live, at one moment.
 */
final class Fleet_View {
	/**
	 * Reports of the nodes that live, by name.
	 *
	 * @var array<string, array>
	 */
	private array $reports = array();

	/**
	 * The register's time, seconds since 1970.
	 *
	 * @var float
	 */
	private float $now;

	/**
	 * Made of Store::nodes().
	 *
	 * @param array $answer Members `now` and `nodes`.
	 */
	public function __construct( array $answer ) {
		$this->now = (float) ( $answer['now'] ?? microtime( true ) );
		foreach ( (array) ( $answer['nodes'] ?? array() ) as $report ) {
			if ( is_array( $report ) && is_string( $report['node'] ?? null ) && $this->lives( $report ) ) {
				$this->reports[ $report['node'] ] = $report;
			}
		}
		ksort( $this->reports, SORT_NATURAL );
	}

	/**
	 * How many live.
	 */
	public function total(): int {
		return count( $this->reports );
	}

	/**
	 * The register's time, seconds since 1970.
	 */
	public function now(): float {
		return $this->now;
	}

	/**
	 * The reports, by name of the node.
	 *
	 * @return array<string, array>
	 */
	public function reports(): array {
		return $this->reports;
	}

	/**
	 * Who follows a revision, and since when.
	 *
	 * @param int $revision Revision of the content.
	 * @return array{live: int, behind: string[], since: ?float} Count; names of those that do not; moment at which the
	 *                                                          last of them did, null when a node can't tell any more.
	 */
	public function followers( int $revision ): array {
		$live   = 0;
		$behind = array();
		$since  = 0.0;
		foreach ( $this->reports as $name => $report ) {
			$seen = self::seen( $report, $revision );
			if ( false === $seen ) {
				$behind[] = (string) $name;
				continue;
			}
			++$live;
			$since = null === $since || null === $seen ? null : max( $since, $seen );
		}
		return array(
			'live'   => $live,
			'behind' => $behind,
			'since'  => $live ? $since : null,
		);
	}

	/**
	 * When a node had a revision: a moment, null when it can't tell any more, false when it has not.
	 *
	 * @param array $report   The node's report.
	 * @param int   $revision Revision of the content.
	 * @return float|null|false
	 */
	private static function seen( array $report, int $revision ) {
		$entries = is_array( $report['content_seen'] ?? null ) ? array_values( $report['content_seen'] ) : array();
		foreach ( $entries as $index => $entry ) {
			if ( ! is_array( $entry ) || ! is_numeric( $entry[0] ?? null ) || ! is_numeric( $entry[1] ?? null ) || (int) $entry[0] < $revision ) {
				continue;
			}
			// What is older than the oldest entry was seen at some earlier moment.
			if ( 0 === $index && (int) $entry[0] > $revision ) {
				return null;
			}
			return (float) ( $report['at'] ?? 0 ) - (float) $entry[1];
		}
		return (int) ( $report['content_revision'] ?? -1 ) >= $revision ? null : false;
	}

	/**
	 * Whether a report still counts.
	 *
	 * @param array $report The report.
	 */
	private function lives( array $report ): bool {
		if ( isset( $report['live'] ) && ! $report['live'] ) {
			return false;
		}
		if ( ! is_numeric( $report['at'] ?? null ) || ! is_numeric( $report['ttl'] ?? null ) ) {
			return true;
		}
		return $this->now - (float) $report['at'] <= (float) $report['ttl'];
	}
}
