<?php
/**
 * The document `site`: REST's index, the settings of which pages are made, and what only WordPress's code tells.
 *
 * In: the site. Out: the document. Other settings stay where they are: plugins keep keys among those that REST shows to
 * owners.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See build.
 */
final class Site_Document {
	private const DROPPED = array( 'routes', 'authentication', 'namespaces', '_links' );

	private const SETTINGS = array( 'title', 'description', 'timezone', 'date_format', 'time_format', 'start_of_week', 'language', 'use_smilies', 'default_category', 'default_post_format', 'posts_per_page', 'show_on_front', 'page_on_front', 'page_for_posts', 'site_logo', 'site_icon' );

	/**
	 * The document.
	 *
	 * @throws \RuntimeException When it can't be made.
	 */
	public static function build(): Document {
		list( $members ) = Rendering::of( 'site', array( self::class, 'index' ) );

		$members += array(
			'show_on_front'  => (string) get_option( 'show_on_front' ),
			'page_on_front'  => (int) get_option( 'page_on_front' ),
			'page_for_posts' => (int) get_option( 'page_for_posts' ),
		);

		$members['sos'] = array(
			'settings'   => self::settings(),
			'language'   => str_replace( '_', '-', get_locale() ),
			'permalinks' => Paths::are_plain() ? 'plain' : 'pretty',
			'styles'     => (object) Global_Styles::build(),
		);
		if ( ! Paths::are_plain() ) {
			$members['sos']['date_base'] = self::date_base();
		}
		return new Document( 'site', $members );
	}

	/**
	 * REST's index without what only a client of the API needs.
	 *
	 * @return array<string, mixed>
	 */
	public static function index(): array {
		$request = new \WP_REST_Request( 'GET', '/' );
		$request->set_param( 'context', 'view' );
		$index = rest_get_server()->get_index( $request );
		return array_diff_key( (array) rest_ensure_response( $index )->get_data(), array_flip( self::DROPPED ) );
	}

	/**
	 * Settings of which pages are made, as REST gives them to an owner.
	 *
	 * @return array<string, mixed>
	 */
	private static function settings(): array {
		$request = new \WP_REST_Request( 'GET', '/wp/v2/settings' );
		$all     = ( new \WP_REST_Settings_Controller() )->get_item( $request );
		$found   = is_array( $all ) ? array_intersect_key( $all, array_flip( self::SETTINGS ) ) : array();
		return array_merge(
			$found,
			array(
				'posts_per_page'              => (int) get_option( 'posts_per_page' ),
				'posts_per_rss'               => (int) get_option( 'posts_per_rss' ),
				'rss_use_excerpt'             => (bool) get_option( 'rss_use_excerpt' ),
				'blog_public'                 => (int) get_option( 'blog_public' ),
				// From WordPress 6.4 on; before, attachments always had pages.
				'wp_attachment_pages_enabled' => (int) get_option( 'wp_attachment_pages_enabled', 1 ),
			)
		);
	}

	/**
	 * Path below which the date archives are (WP_Rewrite::get_date_permastruct).
	 */
	private static function date_base(): string {
		global $wp_rewrite;
		$structure = (string) $wp_rewrite->get_date_permastruct();
		$base      = '/' . ltrim( (string) strstr( $structure, '%year%', true ), '/' );
		return false === strpos( $structure, '%year%' ) || false !== strpos( $base, '%' ) ? '/' : $base;
	}
}
