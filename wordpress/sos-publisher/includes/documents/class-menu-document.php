<?php
/**
 * The document of a menu: a classic one with its items, or a navigation of the block editor in the same shape.
 *
 * In: the id of a menu, or of a `wp_navigation` post where the site has no classic menu at all. Out: its document, or
 * null. Items whose target is gone are left out, as on the site.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See build.
 */
final class Menu_Document {
	/**
	 * The document of a menu.
	 *
	 * @param int $id Of a term or post.
	 * @throws \RuntimeException When it can't be made.
	 */
	public static function build( int $id ): ?Document {
		$menu = get_term( $id, 'nav_menu' );
		if ( $menu instanceof \WP_Term ) {
			return self::of_menu( $menu );
		}
		$post = Catalogue::has_classic_menus() ? null : get_post( $id );
		if ( ! $post || 'wp_navigation' !== $post->post_type || 'publish' !== $post->post_status ) {
			return null;
		}
		return self::of_navigation( $post );
	}

	/**
	 * A classic menu, as WP_REST_Menus_Controller and WP_REST_Menu_Items_Controller tell it to an owner.
	 *
	 * @param \WP_Term $menu Of taxonomy `nav_menu`.
	 */
	private static function of_menu( \WP_Term $menu ): Document {
		$id              = $menu->term_id;
		list( $members ) = Rendering::of(
			'menu-' . $id,
			static function () use ( $menu, $id ): array {
				$members   = Rest_Call::prepare( Rest_Call::controller( \WP_REST_Menus_Controller::class, 'nav_menu' ), $menu, '/wp/v2/menus/' . $id, $id );
				$locations = $members['locations'] ?? array();

				$members['sos'] = array(
					'items'     => self::items( $id ),
					'locations' => is_array( $locations ) ? array_values( $locations ) : array(),
				);
				return $members;
			}
		);
		return new Document( 'menu:' . $id, $members );
	}

	/**
	 * Items of a classic menu, in order.
	 *
	 * @param int $menu Term id.
	 * @return array<int, array<string, mixed>>
	 */
	private static function items( int $menu ): array {
		// phpcs:disable WordPress.DB.SlowDBQuery, WordPress.VIP.SlowDBQuery -- Items of one menu; there is no other way.
		$wanted = array(
			'post_type'        => 'nav_menu_item',
			'post_status'      => 'publish',
			'numberposts'      => Navigation::MOST,
			'orderby'          => array(
				'menu_order' => 'ASC',
				'ID'         => 'ASC',
			),
			'suppress_filters' => true,
			'tax_query'        => array(
				array(
					'taxonomy' => 'nav_menu',
					'field'    => 'term_id',
					'terms'    => $menu,
				),
			),
		);
		// phpcs:enable
		$controller = Rest_Call::controller( \WP_REST_Menu_Items_Controller::class, 'nav_menu_item' );
		$items      = array();
		foreach ( get_posts( $wanted ) as $post ) {
			$item = Rest_Call::prepare( $controller, $post, '/wp/v2/menu-items/' . $post->ID, $post->ID );
			if ( empty( $item['invalid'] ) ) {
				$items[] = $item;
			}
		}
		return $items;
	}

	/**
	 * A navigation of the block editor; the newest stands at `primary`, as in WordPress (WP_Navigation_Fallback).
	 *
	 * @param \WP_Post $post Of type `wp_navigation`.
	 */
	private static function of_navigation( \WP_Post $post ): Document {
		list( $members ) = Rendering::of(
			'menu-' . $post->ID,
			static function () use ( $post ): array {
				return Rest_Call::of_post( $post );
			}
		);
		global $wpdb;
		// phpcs:ignore WordPress.DB -- Nothing to prepare, and it must be what is there now.
		$newest = (int) $wpdb->get_var( "SELECT ID FROM {$wpdb->posts} WHERE post_type = 'wp_navigation' AND post_status = 'publish' ORDER BY post_date DESC, ID DESC LIMIT 1" );
		return new Document(
			'menu:' . $post->ID,
			array(
				'id'   => $post->ID,
				'name' => (string) ( $members['title']['rendered'] ?? '' ),
				'slug' => (string) ( $members['slug'] ?? '' ),
				'sos'  => array(
					'items'     => Navigation::items( (string) ( $members['content']['rendered'] ?? '' ) ),
					'locations' => $newest === $post->ID ? array( 'primary' ) : array(),
				),
			)
		);
	}
}
