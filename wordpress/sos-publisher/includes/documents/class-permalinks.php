<?php
/**
 * The permalinks of the site that is read, where a request of one site of a network reads another.
 *
 * In: a request in which switch_to_blog() was called, which leaves WordPress's idea of permalinks as it was. Out: that
 * of the site, and the old one afterwards. Elsewhere there is nothing to do.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See swap.
 */
final class Permalinks {
	/**
	 * Options that name the addresses of WordPress's own taxonomies.
	 */
	private const BASES = array(
		'category' => 'category_base',
		'post_tag' => 'tag_base',
	);

	/**
	 * Take those of the current site.
	 *
	 * @return callable Puts the others back.
	 */
	public static function swap(): callable {
		if ( ! is_multisite() || ! ms_is_switched() ) {
			return static function (): void {
			};
		}
		$kept = $GLOBALS['wp_rewrite'];

		$GLOBALS['wp_rewrite'] = new \WP_Rewrite(); // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- Put back by what is returned.
		foreach ( get_taxonomies( array(), 'objects' ) as $name => $taxonomy ) {
			self::add( (string) $name, $taxonomy->rewrite, isset( self::BASES[ $name ] ) ? (string) get_option( self::BASES[ $name ] ) : null );
		}
		foreach ( get_post_types( array( '_builtin' => false ), 'objects' ) as $name => $type ) {
			self::add( (string) $name, $type->rewrite, null );
		}
		return static function () use ( $kept ): void {
			$GLOBALS['wp_rewrite'] = $kept; // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- As it was.
		};
	}

	/**
	 * Add the addresses of a taxonomy or type (WP_Taxonomy::add_rewrite_rules, WP_Post_Type::add_rewrite_rules).
	 *
	 * @param string      $name    Its name.
	 * @param mixed       $rewrite How it was registered.
	 * @param string|null $base    The site's own word for it, '' for WordPress's; null where there can be none.
	 */
	private static function add( string $name, $rewrite, ?string $base ): void {
		if ( false === $rewrite ) {
			return;
		}
		$rewrite = is_array( $rewrite ) ? $rewrite : array();
		$slug    = isset( $rewrite['slug'] ) && '' !== $rewrite['slug'] ? $rewrite['slug'] : $name;
		if ( null !== $base ) {
			$slug                  = '' !== $base ? $base : ( 'post_tag' === $name ? 'tag' : $name );
			$rewrite['with_front'] = '' === $base || $GLOBALS['wp_rewrite']->using_index_permalinks();
		}
		add_permastruct( $name, "$slug/%$name%", $rewrite );
	}
}
