<?php
/**
 * What a plugin for search engines says of a document. Placeholder for all of them; see of_post.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See of_post.
 */
final class Seo_Head {
	/**
	 * Head data of a post.
	 *
	 * @param \WP_Post $post Of any type.
	 * @return array<string, string>
	 */
	public static function of_post( \WP_Post $post ): array {
		return array();
	}

	/**
	 * Head data of the front page that lists posts.
	 *
	 * @return array<string, string>
	 */
	public static function of_site(): array {
		return array();
	}
}
