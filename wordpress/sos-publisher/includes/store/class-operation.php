<?php
/**
 * One thing for apply.lua to do.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

/**
 * See docs/content-store.md of sos, "The one writer".
 */
final class Operation {
	/**
	 * One of put, remove, ready.
	 *
	 * @var string
	 */
	public string $op;

	/**
	 * Name of the document, '' for ready.
	 *
	 * @var string
	 */
	public string $ref;

	/**
	 * Number that was taken before the document was read.
	 *
	 * @var int
	 */
	public int $sequence;

	/**
	 * The document, '' unless it is put.
	 *
	 * @var string
	 */
	public string $json;

	/**
	 * An operation; `put`, `remove` and `ready` make them.
	 *
	 * @param string $op       See above.
	 * @param string $ref      See above.
	 * @param int    $sequence See above.
	 * @param string $json     See above.
	 */
	public function __construct( string $op, string $ref = '', int $sequence = 0, string $json = '' ) {
		$this->op       = $op;
		$this->ref      = $ref;
		$this->sequence = $sequence;
		$this->json     = $json;
	}

	/**
	 * Write a document.
	 *
	 * @param string $ref      Its name.
	 * @param int    $sequence Number that was taken before it was read.
	 * @param string $json     The document.
	 */
	public static function put( string $ref, int $sequence, string $json ): self {
		return new self( 'put', $ref, $sequence, $json );
	}

	/**
	 * Remove a document.
	 *
	 * @param string $ref      Its name.
	 * @param int    $sequence Number that was taken before it was looked for.
	 */
	public static function remove( string $ref, int $sequence ): self {
		return new self( 'remove', $ref, $sequence );
	}

	/**
	 * Call the store complete.
	 */
	public static function ready(): self {
		return new self( 'ready' );
	}

	/**
	 * The four words of the call.
	 *
	 * @return string[]
	 */
	public function words(): array {
		return array( $this->op, $this->ref, 'ready' === $this->op ? '' : (string) $this->sequence, $this->json );
	}
}
