<?php
/**
 * What people call an object: from a ref such as `post:12` to its title, and to where it is edited.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * Names for refs, concrete and wide ones.
 */
final class Ref_Name {
	/**
	 * As plain text: "Page “About us”".
	 *
	 * @param string $ref The ref.
	 */
	public static function text( string $ref ): string {
		list( $kind, $id ) = array_pad( explode( ':', $ref, 2 ), 2, '' );
		switch ( $kind ) {
			case 'post':
				return self::post( (int) $id );
			case 'term':
			case 'menu':
				$post = 'menu' === $kind ? get_post( (int) $id ) : null;
				$term = get_term( (int) $id );
				if ( $term instanceof \WP_Term ) {
					$taxonomy = get_taxonomy( $term->taxonomy );
					return self::quoted( $taxonomy ? $taxonomy->labels->singular_name : $term->taxonomy, $term->name );
				}
				return $post ? self::post( $post->ID ) : $ref;
			case 'user':
				$user = get_userdata( (int) $id );
				return self::quoted( __( 'Author', 'sos-publisher' ), $user ? $user->display_name : $id );
			case 'site':
				return __( 'Site settings', 'sos-publisher' );
			case 'types':
				return __( 'Content types', 'sos-publisher' );
			case 'taxonomies':
				return __( 'Taxonomies', 'sos-publisher' );
			case 'menus':
				return __( 'All menus', 'sos-publisher' );
			case 'everything':
				return __( 'Everything', 'sos-publisher' );
			case 'posts-of':
			case 'below':
			case 'shows':
			case 'menus-of':
				/* translators: %s: what was changed, such as: Category “News”. */
				return sprintf( __( 'Whatever depends on: %s', 'sos-publisher' ), self::text( $id ) );
			case 'lists':
				return __( 'Pages that show lists', 'sos-publisher' );
			default:
				return $ref;
		}
	}

	/**
	 * Where it is edited, or ''.
	 *
	 * @param string $ref The ref.
	 */
	public static function edit_url( string $ref ): string {
		list( $kind, $id ) = array_pad( explode( ':', $ref, 2 ), 2, '' );
		if ( 'post' === $kind && get_post( (int) $id ) ) {
			return (string) get_edit_post_link( (int) $id, 'raw' );
		}
		if ( 'term' === $kind && get_term( (int) $id ) instanceof \WP_Term ) {
			return (string) get_edit_term_link( (int) $id );
		}
		return 'user' === $kind && get_userdata( (int) $id ) ? (string) get_edit_user_link( (int) $id ) : '';
	}

	/**
	 * A post.
	 *
	 * @param int $id The post.
	 */
	private static function post( int $id ): string {
		$post = get_post( $id );
		if ( ! $post ) {
			/* translators: %s: number of a post that was deleted. */
			return sprintf( __( 'Deleted content %s', 'sos-publisher' ), (string) $id );
		}
		$type  = get_post_type_object( $post->post_type );
		$title = trim( wp_strip_all_tags( $post->post_title ) );
		return self::quoted( $type ? $type->labels->singular_name : $post->post_type, '' === $title ? __( '(no title)', 'sos-publisher' ) : $title );
	}

	/**
	 * Kind and name.
	 *
	 * @param string $kind What it is.
	 * @param string $name What it is called.
	 */
	private static function quoted( string $kind, string $name ): string {
		/* translators: 1: kind of thing, 2: its name. */
		return sprintf( _x( '%1$s “%2$s”', 'a thing and its name', 'sos-publisher' ), $kind, html_entity_decode( $name, ENT_QUOTES, 'UTF-8' ) );
	}
}
