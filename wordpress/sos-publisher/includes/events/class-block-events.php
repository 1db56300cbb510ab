<?php
/**
 * What the site editor keeps in posts that nobody visits: synced patterns, navigations, template parts and
 * global styles, from changes of theirs to marks of the documents that are made with them.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks of these types.
 */
final class Block_Events {
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
	 * Hook into WordPress.
	 */
	public function register(): void {
		foreach ( array( 'pre_post_update', 'wp_trash_post', 'untrash_post', 'before_delete_post', 'deleted_post', 'clean_post_cache', 'save_post', 'wp_after_insert_post' ) as $hook ) {
			$this->events->listen( $hook, array( $this, 'changed' ), PHP_INT_MIN, 2 );
		}
	}

	/**
	 * A post changes or has changed, which may be one of these.
	 *
	 * @param mixed $id   The post.
	 * @param mixed $post The post, where the hook tells.
	 */
	public function changed( $id, $post = null ): void {
		$post = $post instanceof \WP_Post ? $post : get_post( (int) $id );
		if ( ! $post instanceof \WP_Post || 'auto-draft' === $post->post_status ) {
			return;
		}
		switch ( $post->post_type ) {
			case 'wp_block':
				$this->events->mark( 'shows:post:' . $post->ID );
				break;
			case 'wp_navigation':
				// The newest one stands in the first place, so that the others may have to leave it.
				$this->events->mark( 'menu:' . $post->ID, 'menus', 'shows:post:' . $post->ID );
				break;
			case 'wp_template':
			case 'wp_template_part':
				// They tell which navigation stands where.
				$this->events->mark( 'menus', 'site' );
				break;
			case 'wp_global_styles':
				// The CSS that comes with a document is made with them. Opening the editor makes an empty one.
				if ( false !== strpos( $post->post_content, '"styles"' ) || false !== strpos( $post->post_content, '"settings"' ) ) {
					$this->events->mark( 'site', 'everything' );
				}
				break;
		}
	}
}
