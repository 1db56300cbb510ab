<?php
/**
 * Authors: from changes of their names and addresses, and from deleting them, to marks. Users who wrote
 * nothing that is public mark nothing: shops and forums have thousands.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks of users.
 */
final class User_Events {
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
		$on( 'wp_pre_insert_user_data', array( $this, 'before_edit' ), PHP_INT_MAX, 3 );
		$on( 'profile_update', array( $this, 'changed' ), PHP_INT_MIN );
		$on( 'delete_user', array( $this, 'before_delete' ), PHP_INT_MIN, 2 );
		$on( 'deleted_user', array( $this, 'deleted' ), PHP_INT_MIN, 2 );
		$on( 'remove_user_from_blog', array( $this, 'before_removal' ), PHP_INT_MIN, 3 );
	}

	/**
	 * `wp_pre_insert_user_data`: the row is about to be written.
	 *
	 * @param mixed $data      Its columns.
	 * @param mixed $is_update Whether the user exists.
	 * @param mixed $id        The user, if so.
	 */
	public function before_edit( $data, $is_update, $id ): void {
		$user = $is_update ? get_userdata( (int) $id ) : false;
		if ( ! $user || ! Scope::is_author( $user->ID ) ) {
			return;
		}
		$refs = $this->names_of( $user->ID );
		if ( (string) ( $data['user_nicename'] ?? $user->user_nicename ) !== $user->user_nicename && Scope::is_in_permalinks( '%author%' ) ) {
			$refs[] = 'posts-of:user:' . $user->ID;
		}
		$this->events->mark( ...$refs );
	}

	/**
	 * `profile_update`: it was.
	 *
	 * @param mixed $id The user.
	 */
	public function changed( $id ): void {
		if ( Scope::is_author( (int) $id ) ) {
			$this->events->mark( ...$this->names_of( (int) $id ) );
		}
	}

	/**
	 * `delete_user`: posts go to somebody else by plain SQL, or are deleted one by one.
	 *
	 * @param mixed $id   The user.
	 * @param mixed $heir Who gets the posts, or null.
	 */
	public function before_delete( $id, $heir ): void {
		if ( ! Scope::is_author( (int) $id ) ) {
			return;
		}
		$refs = $this->names_of( (int) $id );
		if ( $heir ) {
			array_push( $refs, 'user:' . (int) $heir, 'posts-of:user:' . (int) $heir );
		}
		$this->events->mark( ...$refs );
	}

	/**
	 * `deleted_user`: also where nothing of the user was left to be seen before.
	 *
	 * @param mixed $id   The user.
	 * @param mixed $heir Who got the posts, or null.
	 */
	public function deleted( $id, $heir ): void {
		if ( $heir && Scope::is_author( (int) $heir ) ) {
			$this->events->mark( 'user:' . (int) $id, 'user:' . (int) $heir, 'posts-of:user:' . (int) $heir );
		}
	}

	/**
	 * `remove_user_from_blog`, in a network: posts go to somebody else by plain SQL.
	 *
	 * @param mixed $id   The user.
	 * @param mixed $site From which site.
	 * @param mixed $heir Who gets the posts, or 0; since WordPress 5.4.
	 */
	public function before_removal( $id, $site, $heir = 0 ): void {
		if ( get_current_blog_id() === (int) $site ) {
			$this->before_delete( $id, $heir );
		}
	}

	/**
	 * What says something about an author's name.
	 *
	 * @param int $id The user.
	 * @return string[]
	 */
	private function names_of( int $id ): array {
		return array( 'user:' . $id, 'lists:users' );
	}
}
