<?php
/**
 * Former addresses of a post that WordPress itself still redirects, so that a store that is filled anew knows them.
 *
 * In: a post. Out: paths. WordPress keeps old slugs and dates in meta fields, of types without hierarchy only
 * (wp_check_for_changed_slugs, wp_check_for_changed_dates, wp_old_slug_redirect).
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See of.
 */
final class Former_Paths {
	/**
	 * Paths of one post that are told; the newest.
	 */
	private const MOST = 50;

	/**
	 * Former paths, in a steady order, without the one that it has.
	 *
	 * @param \WP_Post $post Of any type.
	 * @return string[]
	 */
	public static function of( \WP_Post $post ): array {
		$slugs = self::texts( $post, '_wp_old_slug' );
		$dates = self::texts( $post, '_wp_old_date' );
		if ( Paths::are_plain() || 'publish' !== $post->post_status || ( ! $slugs && ! $dates ) ) {
			return array();
		}
		$present = Paths::below_home( (string) get_permalink( $post ) );
		$found   = array();
		foreach ( array_merge( array( $post->post_name ), $slugs ) as $slug ) {
			foreach ( array_merge( array( '' ), $dates ) as $date ) {
				$clone            = clone $post;
				$clone->post_name = $slug;
				if ( '' !== $date ) {
					$clone->post_date = $date . substr( $post->post_date, 10 );
				}
				$link = (string) get_permalink( $clone );
				$path = Paths::below_home( $link );
				if ( $path !== $present && '' === (string) wp_parse_url( $link, PHP_URL_QUERY ) ) {
					$found[ $path ] = true;
				}
			}
		}
		$found = array_map( 'strval', array_keys( $found ) );
		sort( $found );
		return array_slice( $found, 0, self::MOST );
	}

	/**
	 * Values of a meta field.
	 *
	 * @param \WP_Post $post Whose.
	 * @param string   $name Of the field.
	 * @return string[]
	 */
	private static function texts( \WP_Post $post, string $name ): array {
		return array_slice( array_unique( array_filter( (array) get_post_meta( $post->ID, $name ), 'is_string' ) ), -20 );
	}
}
