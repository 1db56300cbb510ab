<?php
/**
 * Signed, expiring names of previews, as every node of the homepage tier checks them.
 *
 * In: a secret that WordPress and the nodes share, the name of a preview, a time. Out: a token. Knows no clock, no
 * store and nothing of WordPress. The twin of sos/content/preview_token.py; docs/previews.md describes the form.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Preview;

defined( 'ABSPATH' ) || exit;

/**
 * Everything here is static.
 */
final class Token {
	/** First line of what is signed: no signature that was made for anything else fits. */
	const PURPOSE = 'sos-preview-of-content-1';

	/** A token that would be good for longer, seconds, is not good at all. */
	const LONGEST = 604800;

	/**
	 * A new name that nobody can guess: 22 characters of base64url.
	 *
	 * @throws \Exception When the system has no randomness.
	 */
	public static function make_id(): string {
		return self::base64url( random_bytes( 16 ) );
	}

	/**
	 * The token of a preview.
	 *
	 * @param string $secret  Shared with the nodes.
	 * @param string $host    Of the public site, without its port.
	 * @param string $id      From make_id.
	 * @param int    $expires Epoch seconds.
	 */
	public static function sign( string $secret, string $host, string $id, int $expires ): string {
		$message = implode( "\n", array( self::PURPOSE, strtolower( $host ), $id, (string) $expires ) ) . "\n";
		$digest  = hash_hmac( 'sha256', $message, $secret, true );
		return $id . '.' . $expires . '.' . self::base64url( $digest );
	}

	/**
	 * Bytes in base64url without padding (RFC 4648, section 5).
	 *
	 * @param string $bytes Any.
	 */
	private static function base64url( string $bytes ): string {
		return rtrim( strtr( base64_encode( $bytes ), '+/', '-_' ), '=' ); // phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions -- It has to fit into an address.
	}
}
