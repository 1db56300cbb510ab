<?php
/**
 * What kills a process must not stop the work for ever: a document at which PHP runs out of memory, or a plugin exits.
 *
 * In: where the work is, kept before each portion. Out: how much to take on. After a process has died, what it had
 * taken on comes one by one; what has killed three processes is passed over.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Rebuild;

defined( 'ABSPATH' ) || exit;

/**
 * Keeps its notes in the state of a job, under `caution`.
 */
final class Caution {
	/**
	 * Processes that may die of the same document.
	 */
	private const DEATHS = 3;

	/**
	 * Before a portion: the state has to be saved afterwards.
	 *
	 * @param array<int|string, mixed> $state Of the job.
	 * @param string                   $place Where it is.
	 * @param int                      $most  How much is usual.
	 * @return int How much to take on; 0 to pass the next one over.
	 */
	public static function before( array &$state, string $place, int $most ): int {
		$notes = ( $state['caution'] ?? array() ) + array(
			'place' => '',
			'times' => 0,
			'alone' => 0,
		);
		$times = $notes['place'] === $place ? $notes['times'] + 1 : 1;
		$alone = $times > 1 ? $most : max( 0, $notes['alone'] - 1 );

		$state['caution'] = array(
			'place' => $place,
			'times' => $times,
			'alone' => $alone,
		);
		if ( $times > self::DEATHS ) {
			return 0;
		}
		return $alone > 0 ? 1 : $most;
	}

	/**
	 * The first one if it is known to kill, else those before the first that is.
	 *
	 * @param string[] $refs   A portion.
	 * @param string[] $deadly What has killed processes.
	 * @return string[]
	 */
	public static function until( array $refs, array $deadly ): array {
		foreach ( $refs as $at => $ref ) {
			if ( in_array( $ref, $deadly, true ) ) {
				return array_slice( $refs, 0, max( 1, $at ) );
			}
		}
		return $refs;
	}

	/**
	 * After a portion, whatever came of it: the process lives.
	 *
	 * @param array<int|string, mixed> $state Of the job.
	 */
	public static function after( array &$state ): void {
		$state['caution'] = array( 'place' => '' ) + ( $state['caution'] ?? array() );
	}
}
