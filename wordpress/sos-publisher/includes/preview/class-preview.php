<?php
/**
 * WordPress's own preview buttons lead to the homepage tier: what an editor sees is what the public will get.
 *
 * In: a request for a preview, by somebody who may edit the post. Out: a redirect to a signed link, or words where that
 * can't be had, with a way to WordPress's own preview. WordPress's preview links stay as they are, so that both editors,
 * the list of posts and whatever else makes them go on working.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Preview;

use SOS_Publisher\Plugin;
use SOS_Publisher\Store\Refused;
use SOS_Publisher\Store\Unavailable;

defined( 'ABSPATH' ) || exit;

/**
 * Everything here is static: there is one request.
 */
final class Preview {
	/** With this in its address a preview stays WordPress's own: `sos_preview=off`. */
	const SWITCH_OFF = 'sos_preview';

	/**
	 * Hook into WordPress.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public static function register( Plugin $plugin ): void {
		// Before redirect_canonical() and before callouts are sent to the front page.
		add_action(
			'template_redirect',
			static function () use ( $plugin ): void {
				self::handle( $plugin );
			},
			1
		);
	}

	/**
	 * Show the preview on the homepage tier, if this request is for one.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	private static function handle( Plugin $plugin ): void {
		$post     = self::find_post();
		$settings = $plugin->settings();
		// Before anybody has set it up, WordPress goes on as it was.
		if ( ! $post || ( '' === $settings->host() && '' === $settings->redis_url() ) ) {
			return;
		}
		nocache_headers();
		if ( ! $settings->is_configured() ) {
			self::explain( implode( ' ', $settings->problems() ) );
		}
		if ( '' === $settings->preview_secret() ) {
			self::explain( __( 'Previews on the public site are not set up: SOS_PREVIEW_SECRET is missing. Whoever looks after the site can set it at Tools > SOS.', 'sos-publisher' ) );
		}
		try {
			$link = Links::create_of( $post, Changes::of_request( $post ), Links::OWN );
		} catch ( Unavailable $error ) {
			self::explain( __( 'The content store does not answer, so the preview could not be sent to the public site. Your work is saved. Try again in a minute.', 'sos-publisher' ) );
		} catch ( Refused $error ) {
			/* translators: %s: what the content store said. */
			self::explain( sprintf( __( 'The content store did not take the preview: %s', 'sos-publisher' ), $error->getMessage() ) );
		} catch ( \Throwable $error ) {
			/* translators: %s: message of an error. */
			self::explain( sprintf( __( 'WordPress could not render this post: %s', 'sos-publisher' ), $error->getMessage() ) );
		}
		self::redirect( $link['url'], $settings->host() );
	}

	/**
	 * The post whose preview is asked for by somebody who may edit it; null for any other request.
	 */
	private static function find_post(): ?\WP_Post {
		// Other values of that word are of themes.
		if ( ! is_preview() || 'true' !== get_query_var( 'preview' ) || is_customize_preview() || is_embed() || is_feed() ) {
			return null;
		}
		// phpcs:disable WordPress.Security.NonceVerification.Recommended -- Compared only; the right to edit is asked below.
		$is_off = isset( $_GET[ self::SWITCH_OFF ] ) && 'off' === $_GET[ self::SWITCH_OFF ];
		if ( $is_off || isset( $_GET['wp_theme_preview'] ) ) {
			return null;
		}
		// phpcs:enable
		$found = get_queried_object();
		// Not the object of the query: WordPress has already laid the changes over that.
		$post = $found instanceof \WP_Post ? \WP_Post::get_instance( $found->ID ) : false;
		if ( ! $post instanceof \WP_Post || 'attachment' === $post->post_type || ! current_user_can( 'edit_post', $post->ID ) ) {
			return null;
		}
		return $post;
	}

	/**
	 * Go to the public site, and to no other.
	 *
	 * @param string $url  The link.
	 * @param string $host Of the public site.
	 */
	private static function redirect( string $url, string $host ): void {
		add_filter(
			'allowed_redirect_hosts',
			static function ( $hosts ) use ( $host ) {
				$hosts   = is_array( $hosts ) ? $hosts : array();
				$hosts[] = $host;
				return $hosts;
			}
		);
		wp_safe_redirect( $url, 302, 'SOS Publisher' );
		exit;
	}

	/**
	 * Say why there is no preview, and where WordPress's own one is. Does not return.
	 *
	 * @param string $words A sentence or two, plain text.
	 */
	private static function explain( string $words ): void {
		$own   = add_query_arg( self::SWITCH_OFF, 'off' );
		$html  = '<h1>' . esc_html__( 'No preview on the public site', 'sos-publisher' ) . '</h1><p>' . esc_html( $words ) . '</p>';
		$html .= '<p><a href="' . esc_url( $own ) . '">' . esc_html__( 'Show WordPress’s own preview', 'sos-publisher' ) . '</a></p>';
		wp_die(
			wp_kses_post( $html ),
			esc_html__( 'No preview on the public site', 'sos-publisher' ),
			array( 'response' => 503 )
		);
	}
}
