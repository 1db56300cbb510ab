<?php
/**
 * Classic menus: from changes of menus and of their items, which are posts, to marks of the menus.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks of menus. Their places in the theme are a theme setting: see Option_Events. Navigation blocks are
 * posts of a type of their own: see Block_Events.
 */
final class Menu_Events {
	/**
	 * Takes the marks.
	 *
	 * @var Events
	 */
	private Events $events;

	/**
	 * Of these events.
	 *
	 * @param Events $events Takes the marks.
	 */
	public function __construct( Events $events ) {
		$this->events = $events;
	}

	/**
	 * Hook into WordPress. `wp_update_nav_menu` fires before the items are saved, and once more after.
	 */
	public function register(): void {
		$on = array( $this->events, 'listen' );
		$on( 'wp_create_nav_menu', array( $this, 'created' ), PHP_INT_MIN );
		foreach ( array( 'wp_update_nav_menu', 'wp_delete_nav_menu', 'wp_update_nav_menu_item', 'wp_add_nav_menu_item' ) as $hook ) {
			$on( $hook, array( $this, 'changed' ), PHP_INT_MIN );
		}
		$on( 'wp_update_term_data', array( $this, 'term_changes' ), PHP_INT_MAX, 3 );
		$on( 'pre_delete_term', array( $this, 'before_delete' ), PHP_INT_MIN, 2 );
		$on( 'set_object_terms', array( $this, 'item_filed' ), PHP_INT_MIN, 6 );
		foreach ( array( 'pre_post_update', 'before_delete_post', 'wp_trash_post', 'untrash_post', 'save_post_nav_menu_item' ) as $hook ) {
			$on( $hook, array( $this, 'item_changed' ), PHP_INT_MIN );
		}
	}

	/**
	 * A menu was changed.
	 *
	 * @param mixed $menu Its id.
	 */
	public function changed( $menu ): void {
		if ( (int) $menu > 0 ) {
			$this->events->mark( 'menu:' . (int) $menu );
		}
	}

	/**
	 * A menu was created: if it is the first one, navigation blocks are no menus any more.
	 *
	 * @param mixed $menu Its id.
	 */
	public function created( $menu ): void {
		$this->events->mark( 'menu:' . (int) $menu, 'menus' );
	}

	/**
	 * A term is about to be renamed, which may be a menu.
	 *
	 * @param mixed $data     Unused.
	 * @param mixed $id       The term.
	 * @param mixed $taxonomy Its taxonomy.
	 */
	public function term_changes( $data, $id, $taxonomy ): void {
		if ( 'nav_menu' === $taxonomy ) {
			$this->changed( $id );
		}
	}

	/**
	 * A term is about to be deleted, which may be a menu; another may then be shown where it was.
	 *
	 * @param mixed $id       The term.
	 * @param mixed $taxonomy Its taxonomy.
	 */
	public function before_delete( $id, $taxonomy ): void {
		if ( 'nav_menu' === $taxonomy ) {
			$this->events->mark( 'menu:' . (int) $id, 'menus' );
		}
	}

	/**
	 * `set_object_terms`: an item was put into a menu, or taken out.
	 *
	 * @param mixed $item     The item.
	 * @param mixed $terms    Unused.
	 * @param mixed $tt_ids   Menus now.
	 * @param mixed $taxonomy Of all objects.
	 * @param mixed $append   Unused.
	 * @param mixed $before   Menus before.
	 */
	public function item_filed( $item, $terms, $tt_ids, $taxonomy, $append, $before ): void {
		if ( 'nav_menu' !== $taxonomy ) {
			return;
		}
		foreach ( array_merge( (array) $tt_ids, (array) $before ) as $tt_id ) {
			$menu = get_term_by( 'term_taxonomy_id', (int) $tt_id );
			$this->changed( $menu instanceof \WP_Term ? $menu->term_id : $tt_id );
		}
	}

	/**
	 * A post changes or has changed, which may be an item of a menu.
	 *
	 * @param mixed $id The post.
	 */
	public function item_changed( $id ): void {
		if ( 'nav_menu_item' === get_post_type( (int) $id ) ) {
			$this->events->mark( ...self::menus_of_item( (int) $id ) );
		}
	}

	/**
	 * References of the menus that an item is in.
	 *
	 * @param int $item Its id.
	 * @return string[]
	 */
	public static function menus_of_item( int $item ): array {
		$menus = get_the_terms( $item, 'nav_menu' );
		return array_map(
			static function ( \WP_Term $menu ): string {
				return 'menu:' . $menu->term_id;
			},
			is_array( $menus ) ? $menus : array()
		);
	}
}
