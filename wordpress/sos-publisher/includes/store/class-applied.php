<?php
/**
 * What a call of apply.lua did.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

/**
 * The answer, and where the store is after it.
 */
final class Applied {
	/**
	 * One for each operation, in their order: applied, unchanged, stale, or "error: why".
	 *
	 * @var string[]
	 */
	public array $outcomes;

	/**
	 * A content revision that has what was sent: the call's own, or a later one.
	 *
	 * @var int
	 */
	public int $revision;

	/**
	 * History that the revision belongs to.
	 *
	 * @var string
	 */
	public string $epoch;

	/**
	 * The store's clock just after the call, epoch seconds.
	 *
	 * @var float
	 */
	public float $time;

	/**
	 * An answer.
	 *
	 * @param string[] $outcomes See above.
	 * @param int      $revision See above.
	 * @param string   $epoch    See above.
	 * @param float    $time     See above.
	 */
	public function __construct( array $outcomes, int $revision, string $epoch, float $time ) {
		$this->outcomes = $outcomes;
		$this->revision = $revision;
		$this->epoch    = $epoch;
		$this->time     = $time;
	}
}
