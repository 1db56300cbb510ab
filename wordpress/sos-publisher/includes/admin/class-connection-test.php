<?php
/**
 * Tries a content store: from an address, as typed or as set, to one sentence about it.
 *
 * Asks the server for its facts and writes nothing.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Settings;
use SOS_Publisher\Status\Words;
use SOS_Publisher\Store\Breaker;
use SOS_Publisher\Store\Connection;
use SOS_Publisher\Store\Dialer;
use SOS_Publisher\Store\Redis_Url;
use SOS_Publisher\Store\Store;

defined( 'ABSPATH' ) || exit;

/**
 * One try.
 */
final class Connection_Test {
	/**
	 * Try it. What is empty, or fixed elsewhere, is taken from the settings.
	 *
	 * @param string $site      Address of the public site, or ''.
	 * @param string $redis_url Address of the content store, or ''.
	 * @return array{ok: bool, text: string}
	 */
	public static function run( string $site, string $redis_url ): array {
		$option = get_option( Settings::OPTION );
		$option = array_filter(
			array(
				'site'      => $site,
				'redis_url' => $redis_url,
			)
		) + ( is_array( $option ) ? $option : array() );
		return Settings_Form::with_option( $option, array( __CLASS__, 'ask' ) );
	}

	/**
	 * Ask the store of some settings.
	 *
	 * @param Settings $settings The settings.
	 * @return array{ok: bool, text: string}
	 */
	public static function ask( Settings $settings ): array {
		if ( ! $settings->is_configured() ) {
			return self::answer( false, implode( ' ', $settings->problems() ) );
		}
		try {
			$address = Redis_Url::parse( $settings->redis_url() );
			// With a breaker that remembers nothing: a mistyped address must not hold up what is published meanwhile.
			$breaker = new Breaker( static fn(): array => array(), static fn() => null );
			$store   = new Store( $settings->host(), static fn( float $patience ): Connection => new Dialer( $address, $patience ), $breaker );
			$facts   = $store->facts();
			$store->close();
		} catch ( \RuntimeException $problem ) {
			/* translators: 1: address without its password, 2: a technical message. */
			return self::answer( false, sprintf( __( '%1$s does not answer as it should: %2$s', 'sos-publisher' ), $settings->redacted_url(), $problem->getMessage() ) );
		}
		$text = sprintf(
			/* translators: 1: address without its password, 2: name and version of the server, 3: duration such as 0.4 ms */
			__( '%1$s answers: %2$s, in %3$s.', 'sos-publisher' ),
			$settings->redacted_url(),
			Overview::server_name( $facts ),
			Words::milliseconds( (float) $facts['latency_ms'] )
		);
		if ( ! in_array( $facts['policy'], array( null, 'noeviction' ), true ) ) {
			/* translators: %s: name of a policy of Redis. */
			$text .= ' ' . sprintf( __( 'But its maxmemory-policy is %s: it would throw content away when its memory is full. Set it to noeviction.', 'sos-publisher' ), $facts['policy'] );
			return self::answer( false, $text );
		}
		return self::answer( true, $text );
	}

	/**
	 * The answer.
	 *
	 * @param bool   $ok   Whether all is well.
	 * @param string $text The sentence.
	 * @return array{ok: bool, text: string}
	 */
	private static function answer( bool $ok, string $text ): array {
		return array(
			'ok'   => $ok,
			'text' => $text,
		);
	}
}
