<?php
/**
 * Links to previews on the homepage tier.
 *
 * In: a post, a time. Out: a signed address that shows it to whoever has the address, until it ends. What it shows is
 * kept in the content store for that long, and nowhere else.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Preview;

use SOS_Publisher\Plugin;
use SOS_Publisher\Store\Refused;

defined( 'ABSPATH' ) || exit;

/**
 * Everything here is static.
 */
final class Links {
	/** How long the editor's own preview is good, seconds. */
	const OWN = 600;

	/** How far the clocks of WordPress and of the nodes may be apart, seconds. */
	private const SKEW = 120;

	/** How much longer the store keeps what a link shows, seconds. */
	private const SPARE = 60;

	/**
	 * A link to what the current user has saved last of a post: their autosave where that is newer.
	 *
	 * Whether they may see it is for the caller to ask (`edit_post`).
	 *
	 * @param \WP_Post $post    Of any type that has pages, or a callout.
	 * @param int      $seconds How long it is good: 1 to 604800.
	 * @return array{url: string, expires: int}
	 * @throws \RuntimeException Unavailable or Refused by the store, or when there is no secret.
	 */
	public static function create( \WP_Post $post, int $seconds ): array {
		return self::create_of( $post, Changes::saved_last( $post, get_current_user_id() ), $seconds );
	}

	/**
	 * As create, with exactly these changes.
	 *
	 * @param \WP_Post $post    As it is in the database.
	 * @param Changes  $changes What is not published of it.
	 * @param int      $seconds How long it is good: 1 to 604800.
	 * @return array{url: string, expires: int}
	 * @throws Refused           When there is no secret, or the store does not take it.
	 * @throws \RuntimeException When the post can't be rendered, or the store is away.
	 */
	public static function create_of( \WP_Post $post, Changes $changes, int $seconds ): array {
		$settings = Plugin::instance()->settings();
		$secret   = $settings->preview_secret();
		if ( '' === $secret || ! $settings->is_configured() ) {
			throw new Refused( __( 'Previews are not set up.', 'sos-publisher' ) ); // phpcs:ignore WordPress.Security.EscapeOutput.ExceptionNotEscaped -- Escaped where it is shown.
		}
		try {
			$json = Payload::build( $post, $changes );
			$id   = Token::make_id();
		} catch ( \RuntimeException $error ) {
			throw $error;
		} catch ( \Throwable $error ) {
			throw new \RuntimeException( $error->getMessage(), 0, $error ); // phpcs:ignore WordPress.Security.EscapeOutput.ExceptionNotEscaped -- Escaped where it is shown.
		}
		$seconds = max( 1, min( $seconds, Token::LONGEST - self::SKEW ) );
		$expires = time() + $seconds;
		$store   = Plugin::instance()->store();
		$store->take_time( true );
		$store->put_preview( $id, $json, $seconds + self::SPARE );
		return array(
			'url'     => $settings->site() . '/__preview/' . Token::sign( $secret, $settings->host(), $id, $expires ),
			'expires' => $expires,
		);
	}
}
