<?php
/**
 * Who may see it: whether an anonymous visitor of WordPress would be shown a post, a term or an author.
 *
 * In: objects of WordPress. Out: yes or no. Asks WordPress's own functions, and never the current user.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * Everything here is static, and reads only.
 */
final class Visibility {
	/**
	 * The plugin's own type, which has no pages but is shown by the front page.
	 */
	public const CALLOUT = 'sos_callout';

	/**
	 * Types whose items may be documents: those with public pages, callouts, and attachments even where a plugin has
	 * taken their pages away, because other pages show them.
	 *
	 * @return string[]
	 */
	public static function types(): array {
		$found = array();
		foreach ( get_post_types( array(), 'objects' ) as $name => $type ) {
			if ( is_post_type_viewable( $type ) || self::CALLOUT === $name || 'attachment' === $name ) {
				$found[] = (string) $name;
			}
		}
		return $found;
	}

	/**
	 * Taxonomies whose terms have archives. Formats have them, but no terms that REST would tell of.
	 *
	 * @return string[]
	 */
	public static function taxonomies(): array {
		$found = array();
		foreach ( get_taxonomies( array(), 'objects' ) as $name => $taxonomy ) {
			if ( 'post_format' !== $name && is_taxonomy_viewable( $taxonomy ) ) {
				$found[] = (string) $name;
			}
		}
		return $found;
	}

	/**
	 * Statuses of what everybody may read now, such as `publish`.
	 *
	 * @return string[]
	 */
	public static function statuses(): array {
		return array_values( get_post_stati( array( 'public' => true ) ) );
	}

	/**
	 * Whether a post is a document: shown now, or at its time (`future`).
	 *
	 * @param \WP_Post $post Of any type.
	 */
	public static function shows( \WP_Post $post ): bool {
		if ( ! in_array( $post->post_type, self::types(), true ) ) {
			return false;
		}
		if ( 'inherit' === $post->post_status ) {
			return 'attachment' === $post->post_type && self::shows_parent( $post );
		}
		return 'future' === $post->post_status || in_array( $post->post_status, self::statuses(), true );
	}

	/**
	 * Whether what an attachment hangs on lets it be seen (WP_REST_Posts_Controller::check_read_permission).
	 *
	 * @param \WP_Post $post An attachment.
	 */
	private static function shows_parent( \WP_Post $post ): bool {
		for ( $step = 0; $step < 10; $step++ ) {
			$parent = $post->post_parent > 0 ? get_post( $post->post_parent ) : null;
			if ( ! $parent || in_array( $parent->post_status, self::statuses(), true ) ) {
				return true;
			}
			if ( 'inherit' !== $parent->post_status ) {
				return false;
			}
			$post = $parent;
		}
		return false;
	}

	/**
	 * Whether somebody has published anything that has a page, which is what makes them an author.
	 *
	 * @param int $user Id.
	 */
	public static function is_author( int $user ): bool {
		if ( is_multisite() && ! is_user_member_of_blog( $user ) ) {
			return false;
		}
		$types = array_diff( self::types(), array( 'attachment', self::CALLOUT ) );
		return $types && (int) count_user_posts( $user, $types, true ) > 0;
	}
}
