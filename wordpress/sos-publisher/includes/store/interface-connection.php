<?php
/**
 * A connection to one server of the content store: commands go in, answers come out, in time.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

/**
 * Answers are plain: text and status as string, integer as int, nil as null, lists as arrays. All methods
 * throw Unavailable when the server can't be reached or is too slow; the connection is closed then, and the
 * next command opens another one.
 */
interface Connection {
	/**
	 * Send a command and wait for its answer.
	 *
	 * @param string ...$words The command and its arguments.
	 * @return mixed
	 * @throws Unavailable When there is no answer in time.
	 * @throws Refused     When the answer is an error.
	 */
	public function command( string ...$words );

	/**
	 * Send several commands at once. Not atomic.
	 *
	 * @param string[][] $commands Commands.
	 * @return array One answer for each; a Refused stands where it is an error.
	 * @throws Unavailable When one of them has no answer in time.
	 */
	public function pipeline( array $commands ): array;

	/**
	 * How long the answers to the next call may take altogether; afterwards it is the usual time again.
	 *
	 * @param float $seconds Seconds.
	 */
	public function allow( float $seconds ): void;

	/**
	 * Hang up. The next command connects again.
	 */
	public function close(): void;
}
