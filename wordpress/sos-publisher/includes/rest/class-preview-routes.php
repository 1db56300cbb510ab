<?php
/**
 * `sos/v1/preview-link`: a link to a preview for somebody without an account.
 *
 * In: a post and how long the link is to live. Out: the link and when it ends. Needs the right to edit the post. What
 * it shows is the latest of what this person saved: their autosave where that is newer than the post.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Rest;

use SOS_Publisher\Expiry;
use SOS_Publisher\Plugin;
use SOS_Publisher\Preview\Links;
use SOS_Publisher\Rest;
use SOS_Publisher\Store\Refused;

defined( 'ABSPATH' ) || exit;

/**
 * One route.
 */
final class Preview_Routes {
	private const LONGEST = 604800;

	/**
	 * The plugin's parts.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * Nothing is asked yet.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * Register the route.
	 */
	public function register(): void {
		register_rest_route(
			Rest::SPACE,
			'/preview-link',
			array(
				'methods'             => 'POST',
				'callback'            => array( $this, 'create' ),
				'permission_callback' => static fn( \WP_REST_Request $request ): bool => current_user_can( 'edit_post', (int) $request['post'] ),
				'args'                => array(
					'post'    => array(
						'required' => true,
						'type'     => 'integer',
						'minimum'  => 1,
					),
					'seconds' => array(
						'type'    => 'integer',
						'minimum' => 60,
						'maximum' => self::LONGEST,
						'default' => DAY_IN_SECONDS,
					),
				),
			)
		);
	}

	/**
	 * Make the link.
	 *
	 * @param \WP_REST_Request $request With `post`, `seconds`.
	 * @return \WP_REST_Response|\WP_Error
	 */
	public function create( \WP_REST_Request $request ) {
		$post = get_post( (int) $request['post'] );
		if ( ! $post instanceof \WP_Post ) {
			return new \WP_Error( 'sos_no_post', __( 'There is nothing to preview.', 'sos-publisher' ), array( 'status' => 404 ) );
		}
		if ( ! $this->plugin->settings()->is_configured() || '' === $this->plugin->settings()->preview_secret() ) {
			return new \WP_Error( 'sos_no_preview', __( 'Previews are not set up. Whoever looks after the site can do that at Tools > SOS.', 'sos-publisher' ), array( 'status' => 409 ) );
		}
		try {
			$link = Links::create( $post, (int) $request['seconds'] );
		} catch ( Refused $problem ) {
			return new \WP_Error( 'sos_preview_refused', $problem->getMessage(), array( 'status' => 400 ) );
		} catch ( \RuntimeException $problem ) {
			return new \WP_Error( 'sos_preview_failed', __( 'The link could not be made because the content store does not answer. Try again in a minute.', 'sos-publisher' ), array( 'status' => 503 ) );
		}
		$until = Expiry::in_words( gmdate( 'Y-m-d H:i:s', (int) $link['expires'] ) );
		return rest_ensure_response(
			array(
				'url'     => (string) $link['url'],
				'expires' => (int) $link['expires'],
				/* translators: %s: date and time. */
				'text'    => sprintf( __( 'Works until %s, without an account. It shows what was last saved.', 'sos-publisher' ), $until ),
			)
		);
	}
}
