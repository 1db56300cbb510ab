<?php
/**
 * A mark that was claimed: which object is to be sent, and which of its changes that will cover.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * Made by Marks::claim, given back to Marks::finish or Marks::release.
 */
final class Mark {
	/**
	 * Such as "post:12", or a wide one such as "posts-of:term:5".
	 *
	 * @var string
	 */
	public string $ref;

	/**
	 * One more with each mark; what is marked again after the claim stays dirty.
	 *
	 * @var int
	 */
	public int $generation;

	/**
	 * When the oldest change that was not sent was made: epoch seconds by this server's clock.
	 *
	 * @var float
	 */
	public float $marked_at;

	/**
	 * How often it was claimed before and neither sent nor given back: the process died, or its reading failed.
	 *
	 * @var int
	 */
	public int $attempts;

	/**
	 * A claimed mark.
	 *
	 * @param string $ref        See above.
	 * @param int    $generation See above.
	 * @param float  $marked_at  See above.
	 * @param int    $attempts   See above.
	 */
	public function __construct( string $ref, int $generation, float $marked_at, int $attempts = 0 ) {
		$this->ref        = $ref;
		$this->generation = $generation;
		$this->marked_at  = $marked_at;
		$this->attempts   = $attempts;
	}

	/**
	 * Whether it stands for an object; otherwise it is a wide mark, to be expanded.
	 */
	public function is_concrete(): bool {
		return 1 === preg_match( '/^(?:(?:post|term|user|menu):[1-9]\d{0,13}|site|types|taxonomies)$/D', $this->ref );
	}
}
