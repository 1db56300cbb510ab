<?php
/**
 * Pictures and other files: from uploading, editing, replacing, attaching and deleting them to marks of
 * the attachment and of whatever shows it.
 *
 * Fields of attachments, which tell of replaced files and alternative texts, are heard by Meta_Events.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks of attachments.
 */
final class Media_Events {
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
		$on = array( $this->events, 'listen' );
		$on( 'add_attachment', array( $this, 'added' ), PHP_INT_MIN );
		foreach ( array( 'pre_post_update', 'edit_attachment', 'attachment_updated', 'delete_attachment', 'clean_attachment_cache' ) as $hook ) {
			$on( $hook, array( $this, 'changed' ), PHP_INT_MIN );
		}
		$on( 'wp_media_attach_action', array( $this, 'attached' ), PHP_INT_MIN, 3 );
	}

	/**
	 * `add_attachment`: nothing shows it yet.
	 *
	 * @param mixed $id The attachment.
	 */
	public function added( $id ): void {
		$post = get_post( (int) $id );
		if ( $post instanceof \WP_Post ) {
			$this->events->mark( 'post:' . $post->ID, 'lists:type:attachment' );
		}
	}

	/**
	 * An attachment changes, has changed, or is about to be deleted.
	 *
	 * @param mixed $id A post.
	 */
	public function changed( $id ): void {
		$post = get_post( (int) $id );
		if ( $post instanceof \WP_Post && 'attachment' === $post->post_type ) {
			$this->events->mark( ...self::all_of( $post ) );
		}
	}

	/**
	 * `wp_media_attach_action`: attached or detached by plain SQL.
	 *
	 * @param mixed $action Unused.
	 * @param mixed $id     The attachment.
	 * @param mixed $parent The post.
	 */
	public function attached( $action, $id, $parent ): void {
		$this->events->mark( 'post:' . (int) $id, 'shows:post:' . (int) $id, 'post:' . (int) $parent );
	}

	/**
	 * What says something about an attachment.
	 *
	 * @param \WP_Post $post The attachment.
	 * @return string[]
	 */
	public static function all_of( \WP_Post $post ): array {
		$refs = array( 'post:' . $post->ID, 'shows:post:' . $post->ID, 'menus-of:post:' . $post->ID );
		if ( in_array( $post->ID, array( (int) get_option( 'site_icon' ), (int) get_theme_mod( 'custom_logo' ) ), true ) ) {
			$refs[] = 'site';
		}
		return $refs;
	}
}
