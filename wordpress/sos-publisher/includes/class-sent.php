<?php
/**
 * What became of a claimed mark: what the row of its object will say.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * Given to Marks::finish.
 */
final class Sent {
	/** The store has something new, and nodes were told. */
	const APPLIED = 'applied';

	/** The store had it already. */
	const UNCHANGED = 'unchanged';

	/** It is not public (any more), and the store does not have it. */
	const REMOVED = 'removed';

	/** It could not be read, or was refused; `error` says why. It stays dirty and is tried again. */
	const FAILED = 'failed';

	/**
	 * One of the above.
	 *
	 * @var string
	 */
	public string $outcome;

	/**
	 * Content revision which has it: a node that has followed this one or a later one shows it.
	 *
	 * @var int
	 */
	public int $revision = 0;

	/**
	 * History of the store that the revision belongs to.
	 *
	 * @var string
	 */
	public string $epoch = '';

	/**
	 * When it was in the store: epoch seconds by the store's clock.
	 *
	 * @var float
	 */
	public float $sent_at = 0.0;

	/**
	 * Store's clock minus this server's, seconds.
	 *
	 * @var float
	 */
	public float $clock_ahead = 0.0;

	/**
	 * Lists that its content shows, such as "type:post".
	 *
	 * @var string[]
	 */
	public array $lists = array();

	/**
	 * Why it failed, else ''.
	 *
	 * @var string
	 */
	public string $error = '';

	/**
	 * An outcome; the rest is set where it is known.
	 *
	 * @param string $outcome One of the constants.
	 */
	public function __construct( string $outcome ) {
		$this->outcome = $outcome;
	}

	/**
	 * It failed.
	 *
	 * @param string $error Why, without secrets.
	 */
	public static function failed( string $error ): self {
		$sent        = new self( self::FAILED );
		$sent->error = $error;
		return $sent;
	}
}
