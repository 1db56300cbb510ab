<?php
/**
 * Public paths where a link does not tell them: of what is scheduled, and of sites with plain permalinks.
 *
 * In: objects of WordPress. Out: a path such as `/2038/soon/`, below the site's own folder, or '' where the link tells
 * it. The same object always gets the same path. Writes nothing.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * Paths are made up by the rules of the importer (sos/wordpress/plain_paths.py), so that both agree.
 */
final class Paths {
	/**
	 * First segments that mean something else on a WordPress site, whatever posts are called.
	 */
	private const RESERVED = array( 'attachment', 'author', 'category', 'comments', 'embed', 'feed', 'page', 'search', 'sitemap', 'tag', 'wp-admin', 'wp-content', 'wp-includes', 'wp-json', '_assets', '__preview' );

	/**
	 * Whether links of this site say nothing but an id.
	 */
	public static function are_plain(): bool {
		return '' === (string) get_option( 'permalink_structure' );
	}

	/**
	 * The path that `sos.path` is to tell; '' where `link` does.
	 *
	 * @param \WP_Post $post Published, scheduled, or to be previewed as if it were published.
	 */
	public static function of_post( \WP_Post $post ): string {
		if ( Visibility::CALLOUT === $post->post_type || ! is_post_type_viewable( $post->post_type ) ) {
			return '';
		}
		if ( self::are_plain() || self::is_plain( self::link_when_published( $post ) ) ) {
			return self::is_front_page( $post ) ? '/' : self::made_up( $post );
		}
		if ( in_array( $post->post_status, Visibility::statuses(), true ) || 'inherit' === $post->post_status ) {
			return '';
		}
		return self::below_home( self::link_when_published( $post ) );
	}

	/**
	 * The permalink that a post has, or will have once it is published.
	 *
	 * @param \WP_Post $post Of any status.
	 */
	public static function link_when_published( \WP_Post $post ): string {
		if ( 'attachment' === $post->post_type || 'publish' === $post->post_status ) {
			return (string) get_permalink( $post );
		}
		$clone              = clone $post;
		$clone->post_status = 'publish';
		if ( '' === $clone->post_name ) {
			$slug             = sanitize_title( $clone->post_title );
			$clone->post_name = '' !== $slug ? $slug : (string) $clone->ID;
		}
		if ( '0000-00-00 00:00:00' === $clone->post_date ) {
			$clone->post_date = current_time( 'mysql' );
		}
		return (string) get_permalink( $clone );
	}

	/**
	 * As of_post, of a term.
	 *
	 * @param \WP_Term $term Of a public taxonomy.
	 */
	public static function of_term( \WP_Term $term ): string {
		$link = get_term_link( $term );
		if ( ! self::are_plain() && ( is_wp_error( $link ) || ! self::is_plain( $link ) ) ) {
			return '';
		}
		$prefixes = array(
			'category' => 'category',
			'post_tag' => 'tag',
		);
		$slugs    = array( '' !== $term->slug ? $term->slug : $term->taxonomy . '-' . $term->term_id );
		$parent   = is_taxonomy_hierarchical( $term->taxonomy ) ? (int) $term->parent : 0;
		for ( $step = 0; $parent > 0 && $step < 20; $step++ ) {
			$above = get_term( $parent, $term->taxonomy );
			if ( ! $above instanceof \WP_Term ) {
				break;
			}
			array_unshift( $slugs, '' !== $above->slug ? $above->slug : 'p-' . $above->term_id );
			$parent = (int) $above->parent;
		}
		return '/' . ( $prefixes[ $term->taxonomy ] ?? $term->taxonomy ) . '/' . implode( '/', $slugs ) . '/';
	}

	/**
	 * As of_post, of an author.
	 *
	 * @param \WP_User $user An author.
	 */
	public static function of_user( \WP_User $user ): string {
		return self::are_plain() ? '/author/' . $user->user_nicename . '/' : '';
	}

	/**
	 * Path of the archive of a type; '' where it has none.
	 *
	 * @param \WP_Post_Type $type Of the site.
	 */
	public static function of_archive( \WP_Post_Type $type ): string {
		if ( ! $type->has_archive || in_array( $type->name, array( 'post', 'page', 'attachment' ), true ) || ! is_post_type_viewable( $type ) ) {
			return '';
		}
		$link = (string) get_post_type_archive_link( $type->name );
		return self::are_plain() || self::is_plain( $link ) ? '/' . $type->name . '/' : self::below_home( $link );
	}

	/**
	 * What a link says below the address of the site.
	 *
	 * @param string $link A URL of this site.
	 */
	public static function below_home( string $link ): string {
		$path = (string) wp_parse_url( $link, PHP_URL_PATH );
		$base = rtrim( (string) wp_parse_url( home_url(), PHP_URL_PATH ), '/' );
		if ( '' !== $base && 0 === strpos( $path . '/', $base . '/' ) ) {
			$path = substr( $path, strlen( $base ) );
		}
		return '' === $path ? '/' : $path;
	}

	/**
	 * Whether a link has no path of its own.
	 *
	 * @param string $link A URL of this site.
	 */
	private static function is_plain( string $link ): bool {
		return '' !== (string) wp_parse_url( $link, PHP_URL_QUERY );
	}

	/**
	 * Whether it is the static front page.
	 *
	 * @param \WP_Post $post Of any type.
	 */
	private static function is_front_page( \WP_Post $post ): bool {
		return 'page' === get_option( 'show_on_front' ) && (int) get_option( 'page_on_front' ) === $post->ID;
	}

	/**
	 * A path for what has none.
	 *
	 * @param \WP_Post $post Of a public type.
	 */
	private static function made_up( \WP_Post $post ): string {
		$slug   = '' !== $post->post_name ? $post->post_name : 'p-' . $post->ID;
		$above  = array();
		$parent = $post->post_parent > 0 && is_post_type_hierarchical( $post->post_type ) ? get_post( $post->post_parent ) : null;
		// What is above, but only as far as visitors know of it.
		for ( $step = 0; $parent instanceof \WP_Post && $step < 20; $step++ ) {
			if ( $parent->ID === $post->ID || ! in_array( $parent->post_status, Visibility::statuses(), true ) ) {
				break;
			}
			array_unshift( $above, '' !== $parent->post_name ? $parent->post_name : 'p-' . $parent->ID );
			$parent = $parent->post_parent > 0 ? get_post( $parent->post_parent ) : null;
		}
		if ( 'post' !== $post->post_type && 'page' !== $post->post_type ) {
			return '/' . $post->post_type . '/' . implode( '/', array_merge( $above, array( $slug ) ) ) . '/';
		}
		if ( ! $above && self::is_ambiguous( $slug, $post ) ) {
			$slug .= '-' . $post->ID;
		}
		return '/' . implode( '/', array_merge( $above, array( $slug ) ) ) . '/';
	}

	/**
	 * Whether a first segment is a year to WordPress, a place of its own, or another document's.
	 *
	 * @param string   $slug As in the database.
	 * @param \WP_Post $post Whose it is.
	 */
	private static function is_ambiguous( string $slug, \WP_Post $post ): bool {
		if ( in_array( $slug, self::RESERVED, true ) || ctype_digit( $slug ) ) {
			return true;
		}
		$type = get_post_type_object( $slug );
		if ( $type && '' !== self::of_archive( $type ) ) {
			return true;
		}
		if ( 'page' !== $post->post_type ) {
			return false;
		}
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- A path follows from what is there now.
		return (bool) $wpdb->get_var( $wpdb->prepare( "SELECT ID FROM {$wpdb->posts} WHERE post_name = %s AND post_type = 'post' AND post_status IN ( 'publish', 'future' ) LIMIT 1", $slug ) );
	}
}
