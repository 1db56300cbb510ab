<?php
/**
 * The plugin's own REST routes, namespace `sos/v1`: what the editor's sidebar and the page under Tools ask.
 *
 * In: requests of signed-in people, WordPress's own nonce checked by WordPress. Out: JSON. Each route asks for the
 * right that it needs; none is public, none changes content.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * Registers the routes of all groups.
 */
final class Rest {
	public const SPACE = 'sos/v1';

	/**
	 * Hook into WordPress.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public static function register( Plugin $plugin ): void {
		add_action(
			'rest_api_init',
			static function () use ( $plugin ): void {
				( new Rest\Status_Routes( $plugin ) )->register();
				( new Rest\Preview_Routes( $plugin ) )->register();
				( new Rest\Tools_Routes( $plugin ) )->register();
			}
		);
		Site_Health::register( $plugin );
	}
}
