<?php
/**
 * The content store answered with an error. Its message is the store's own words, and names no secret.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

/**
 * What was asked was not done. The message begins with the kind, such as "OOM" or "NOAUTH".
 */
final class Refused extends \RuntimeException {
	/**
	 * An error reply in words that may be shown and stored: one line of ASCII, at most 300 characters, without the login.
	 *
	 * @param string   $reply   The reply, without its minus sign.
	 * @param string[] $secrets What must not appear.
	 */
	public static function from_reply( string $reply, array $secrets = array() ): self {
		foreach ( $secrets as $secret ) {
			if ( '' !== $secret ) {
				$reply = str_replace( $secret, '***', $reply );
			}
		}
		$reply = (string) preg_replace( array( '/[\x00-\x1f\x7f]+/', '/[\x80-\xff]/' ), array( ' ', '?' ), $reply );
		return new self( trim( substr( $reply, 0, 300 ) ) );
	}

	/**
	 * The first word.
	 */
	public function kind(): string {
		return explode( ' ', $this->getMessage(), 2 )[0];
	}
}
