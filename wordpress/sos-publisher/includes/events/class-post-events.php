<?php
/**
 * Posts, pages and items of custom types: from saving, publishing, trashing and deleting them to marks of
 * the post and of whatever else says something about it. Their terms are heard by Filing_Events.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks of posts. Types and statuses that the public never sees mark nothing: autosaves, revisions,
 * drafts, changesets, cached embeds.
 */
final class Post_Events {
	/**
	 * Columns that a post's address may be made of.
	 */
	const OF_ADDRESS = array( 'post_name', 'post_parent', 'post_status', 'post_type', 'post_date', 'post_author' );

	/**
	 * Takes the marks.
	 *
	 * @var Events
	 */
	private Events $events;

	/**
	 * The post whose comments are being counted: this cleans its cache and changes nothing of it.
	 *
	 * @var int
	 */
	private int $counted = 0;

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
		$on( 'pre_post_update', array( $this, 'before_update' ), PHP_INT_MIN, 2 );
		foreach ( array( 'wp_trash_post', 'publish_future_post' ) as $hook ) {
			$on( $hook, array( $this, 'before_transition' ), PHP_INT_MIN );
		}
		$on( 'before_delete_post', array( $this, 'before_delete' ), PHP_INT_MIN );
		$on( 'transition_post_status', array( $this, 'transitioned' ), PHP_INT_MIN, 3 );
		$on( 'post_updated', array( $this, 'updated' ), PHP_INT_MIN, 3 );
		foreach ( array( 'save_post', 'wp_after_insert_post' ) as $hook ) {
			$on( $hook, array( $this, 'saved' ), PHP_INT_MIN, 2 );
			$on( $hook, array( $this, 'saved' ), PHP_INT_MAX, 2 );
		}
		$on( 'deleted_post', array( $this, 'deleted' ), PHP_INT_MIN, 2 );
		$on( 'pre_wp_update_comment_count_now', array( $this, 'counting' ), PHP_INT_MAX, 3 );
		$on( 'wp_update_comment_count', array( $this, 'counted' ), PHP_INT_MIN, 0 );
		$on( 'edit_comment', array( $this, 'comment_edited' ), PHP_INT_MIN, 0 );
		$on( 'clean_post_cache', array( $this, 'cleaned' ), PHP_INT_MIN, 2 );
	}

	/**
	 * `pre_post_update`: the row is about to be replaced.
	 *
	 * @param mixed $id   The post.
	 * @param mixed $data What its row will hold.
	 */
	public function before_update( $id, $data ): void {
		$post = Scope::find( $id );
		if ( ! $post ) {
			return;
		}
		$will_be = new \WP_Post( (object) ( wp_unslash( (array) $data ) + get_object_vars( $post ) ) );
		$this->compare( $post, $will_be );
	}

	/**
	 * `post_updated`: the row was replaced.
	 *
	 * @param mixed $id     The post.
	 * @param mixed $after  As it is.
	 * @param mixed $before As it was.
	 */
	public function updated( $id, $after, $before ): void {
		if ( $after instanceof \WP_Post && $before instanceof \WP_Post && Scope::has_type( $after->post_type ) ) {
			$this->compare( $before, $after );
		}
	}

	/**
	 * A post is about to be trashed, or published on time.
	 *
	 * @param mixed $id The post.
	 */
	public function before_transition( $id ): void {
		$post = Scope::find( $id );
		if ( $post && Scope::has_status( $post->post_status ) ) {
			$this->events->mark( ...$this->all_of( $post ) );
		}
	}

	/**
	 * `transition_post_status`: fires for every save, first of all hooks after the row was written.
	 *
	 * @param mixed $now    Status.
	 * @param mixed $before Status.
	 * @param mixed $post   The post.
	 */
	public function transitioned( $now, $before, $post ): void {
		if ( ! $post instanceof \WP_Post || ! Scope::has_type( $post->post_type ) ) {
			return;
		}
		if ( Scope::has_status( $now ) || Scope::has_status( $before ) ) {
			$this->events->mark( ...( $now === $before ? $this->text_of( $post ) : $this->all_of( $post ) ) );
		}
	}

	/**
	 * A post was saved, and perhaps its terms and fields.
	 *
	 * @param mixed $id   The post.
	 * @param mixed $post The post.
	 */
	public function saved( $id, $post ): void {
		$post = Scope::find( $post instanceof \WP_Post ? $post : $id );
		if ( $post && Scope::has_status( $post->post_status ) ) {
			$this->events->mark( ...$this->text_of( $post ) );
		}
	}

	/**
	 * `before_delete_post`: its terms, fields and children are still known. What is below it moves up by
	 * plain SQL, its attachments without any further hook, so that they are named one by one here.
	 *
	 * @param mixed $id The post.
	 */
	public function before_delete( $id ): void {
		$post = Scope::find( $id );
		if ( ! $post ) {
			return;
		}
		if ( Scope::has_status( $post->post_status ) ) {
			$this->events->mark( ...$this->all_of( $post ) );
		}
		foreach ( $this->fetch_children( $post ) as $ids ) {
			$refs = array();
			foreach ( $ids as $child ) {
				$refs[] = 'post:' . $child;
				$refs[] = 'below:post:' . $child;
				$refs[] = 'menus-of:post:' . $child;
			}
			$this->events->mark( ...$refs );
		}
	}

	/**
	 * `deleted_post`: the row is gone.
	 *
	 * @param mixed $id   The post.
	 * @param mixed $post As it was.
	 */
	public function deleted( $id, $post ): void {
		if ( $post instanceof \WP_Post && Scope::has_type( $post->post_type ) && Scope::has_status( $post->post_status ) ) {
			$this->events->mark( 'post:' . $post->ID, 'lists:type:' . $post->post_type, 'user:' . $post->post_author );
		}
	}

	/**
	 * `clean_post_cache`: all that tells of changes by plain SQL, such as those of a deleted author or parent.
	 *
	 * @param mixed $id   The post.
	 * @param mixed $post The post.
	 */
	public function cleaned( $id, $post ): void {
		if ( (int) $id === $this->counted || ! $post instanceof \WP_Post ) {
			return;
		}
		if ( Scope::has_type( $post->post_type ) && Scope::has_status( $post->post_status ) ) {
			$this->events->mark( 'post:' . $post->ID );
		}
	}

	/**
	 * Comments of a post are about to be counted.
	 *
	 * @param mixed $count   Filtered; unused.
	 * @param mixed $before  Unused.
	 * @param mixed $post_id The post.
	 */
	public function counting( $count, $before, $post_id ): void {
		$this->counted = (int) $post_id;
	}

	/**
	 * They were, because one was approved, removed or written.
	 */
	public function counted(): void {
		$this->counted = 0;
		$this->comment_edited();
	}

	/**
	 * `edit_comment`: its text may have changed. Comments are shown by blocks only.
	 */
	public function comment_edited(): void {
		$this->events->mark( 'lists:comments' );
	}

	/**
	 * Mark a change from one state of a post to another.
	 *
	 * @param \WP_Post $before As it was.
	 * @param \WP_Post $after  As it is or will be.
	 */
	private function compare( \WP_Post $before, \WP_Post $after ): void {
		if ( ! Scope::has_status( $before->post_status ) && ! Scope::has_status( $after->post_status ) ) {
			return;
		}
		$refs = $this->text_of( $after );
		foreach ( self::OF_ADDRESS as $column ) {
			if ( (string) $before->$column !== (string) $after->$column ) {
				$refs[] = 'below:post:' . $after->ID;
			}
		}
		if ( $before->post_status !== $after->post_status ) {
			$refs = array_merge( $refs, $this->all_of( $before ) );
		}
		if ( (int) $before->post_author !== (int) $after->post_author ) {
			$refs[] = 'user:' . $before->post_author;
			$refs[] = 'user:' . $after->post_author;
		}
		if ( $before->post_type !== $after->post_type ) {
			$refs[] = 'lists:type:' . $before->post_type;
		}
		$this->events->mark( ...$refs );
	}

	/**
	 * What says something about a post's text, title or address.
	 *
	 * @param \WP_Post $post The post.
	 * @return string[]
	 */
	private function text_of( \WP_Post $post ): array {
		$refs = array( 'post:' . $post->ID, 'lists:type:' . $post->post_type );
		return 'sos_callout' === $post->post_type ? $refs : array_merge( $refs, array( 'menus-of:post:' . $post->ID ) );
	}

	/**
	 * What depends on whether a post is public: its author (who has a page if anything), the numbers of its
	 * terms, and what is below it: an attachment is public when its post is.
	 *
	 * @param \WP_Post $post The post.
	 * @return string[]
	 */
	private function all_of( \WP_Post $post ): array {
		$refs = $this->text_of( $post );
		if ( 'sos_callout' === $post->post_type ) {
			return $refs;
		}
		$refs[] = 'below:post:' . $post->ID;
		if ( $post->post_author ) {
			$refs[] = 'user:' . $post->post_author;
		}
		return array_merge( $refs, Scope::terms_of( $post ) );
	}

	/**
	 * Ids of the children of a post that move when it is deleted, in portions.
	 *
	 * @param \WP_Post $post The post.
	 * @return iterable<string[]>
	 */
	private function fetch_children( \WP_Post $post ): iterable {
		global $wpdb;
		$last = 0;
		do {
			// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- By an index, of rows that are about to change.
			$ids   = $wpdb->get_col( $wpdb->prepare( "SELECT ID FROM $wpdb->posts WHERE post_parent = %d AND ID > %d AND post_type IN (%s, 'attachment') ORDER BY ID LIMIT 60", $post->ID, $last, $post->post_type ) );
			$last  = (int) end( $ids );
			$count = count( $ids );
			if ( $ids ) {
				yield $ids;
			}
		} while ( 60 === $count );
	}
}
