<?php
/**
 * What a hook may skip: from a post, a status, a taxonomy or a user to whether it can have a document.
 * Coarser than Documents\Visibility, which decides when the document is read.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

use SOS_Publisher\Documents\Visibility;

/**
 * Answers from WordPress's registers; only `is_author` and `terms_of` may ask the database.
 */
final class Scope {
	/**
	 * Whether items of a post type have documents.
	 *
	 * @param string $type Its name.
	 */
	public static function has_type( string $type ): bool {
		return in_array( $type, Visibility::types(), true );
	}

	/**
	 * The post of an id or object if its type has documents, else null.
	 *
	 * @param mixed $post Id or object.
	 */
	public static function find( $post ): ?\WP_Post {
		$post = get_post( $post );
		return $post instanceof \WP_Post && self::has_type( $post->post_type ) ? $post : null;
	}

	/**
	 * Whether a post of this status may have a document: what is scheduled is sent ahead of its time.
	 *
	 * @param string $status Post status.
	 */
	public static function has_status( string $status ): bool {
		return in_array( $status, array( 'future', 'inherit' ), true ) || in_array( $status, Visibility::statuses(), true );
	}

	/**
	 * Whether the terms of a taxonomy have documents.
	 *
	 * @param string $taxonomy Its name.
	 */
	public static function has_taxonomy( string $taxonomy ): bool {
		return in_array( $taxonomy, Visibility::taxonomies(), true );
	}

	/**
	 * References of a post's terms.
	 *
	 * @param \WP_Post $post The post.
	 * @return string[]
	 */
	public static function terms_of( \WP_Post $post ): array {
		$refs = array();
		foreach ( array_filter( get_object_taxonomies( $post ), array( self::class, 'has_taxonomy' ) ) as $taxonomy ) {
			$terms = get_the_terms( $post, $taxonomy );
			foreach ( is_array( $terms ) ? $terms : array() as $term ) {
				$refs[] = 'term:' . $term->term_id;
			}
		}
		return $refs;
	}

	/**
	 * Whether a user may have a document: only authors of what is or will be public have.
	 *
	 * @param int $user Its id.
	 */
	public static function is_author( int $user ): bool {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- One row by an index; WP_Query would prime caches.
		return (bool) $wpdb->get_var( $wpdb->prepare( "SELECT 1 FROM $wpdb->posts WHERE post_author = %d AND post_status IN ('publish', 'future') LIMIT 1", $user ) );
	}

	/**
	 * Whether the addresses of posts contain something, such as a term or an author.
	 *
	 * @param string $tag Such as `%category%`.
	 */
	public static function is_in_permalinks( string $tag ): bool {
		global $wp_rewrite;
		// Not WP_Rewrite's own: it stays that of the first site when a request switches to another one.
		$patterns = array( (string) get_option( 'permalink_structure' ) );
		if ( ! $wp_rewrite instanceof \WP_Rewrite || '' === $patterns[0] ) {
			return false;
		}
		foreach ( $wp_rewrite->extra_permastructs as $name => $known ) {
			// The archive of a taxonomy has its own name in its pattern.
			if ( ! taxonomy_exists( $name ) ) {
				$patterns[] = is_array( $known ) ? (string) ( $known['struct'] ?? '' ) : (string) $known;
			}
		}
		foreach ( $patterns as $pattern ) {
			if ( false !== strpos( $pattern, $tag ) ) {
				return true;
			}
		}
		return false;
	}
}
