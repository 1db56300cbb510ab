<?php
/**
 * Posts and their terms: from filing a post under a term, or taking it away, to marks of both.
 *
 * REST sets terms after a post was saved, deleting a term takes it from each post, and programs do as they like.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks of the relationships between posts and terms.
 */
final class Filing_Events {
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
		$on( 'add_term_relationship', array( $this, 'before_filing' ), PHP_INT_MIN, 3 );
		$on( 'delete_term_relationships', array( $this, 'before_filing' ), PHP_INT_MIN, 3 );
		$on( 'deleted_term_relationships', array( $this, 'unfiled' ), PHP_INT_MIN, 3 );
		$on( 'set_object_terms', array( $this, 'filed' ), PHP_INT_MIN, 6 );
	}

	/**
	 * Terms of a post are about to be added or taken away.
	 *
	 * @param mixed $id       The object.
	 * @param mixed $tt_ids   Unused.
	 * @param mixed $taxonomy Of the terms.
	 */
	public function before_filing( $id, $tt_ids, $taxonomy ): void {
		$post = $this->find_filed( $id, $taxonomy );
		if ( $post ) {
			$this->events->mark( 'post:' . $post->ID );
		}
	}

	/**
	 * `deleted_term_relationships`: terms were taken away.
	 *
	 * @param mixed $id       The object.
	 * @param mixed $tt_ids   Of these terms.
	 * @param mixed $taxonomy Theirs.
	 */
	public function unfiled( $id, $tt_ids, $taxonomy ): void {
		$this->filed( $id, array(), array(), $taxonomy, false, (array) $tt_ids );
	}

	/**
	 * `set_object_terms`: terms were set; tells of those before, too.
	 *
	 * @param mixed $id       The object.
	 * @param mixed $terms    Unused.
	 * @param mixed $tt_ids   Now.
	 * @param mixed $taxonomy Theirs.
	 * @param mixed $append   Whether those before stay.
	 * @param mixed $before   Ids before.
	 */
	public function filed( $id, $terms, $tt_ids, $taxonomy, $append, $before ): void {
		$now     = array_map( 'intval', (array) $tt_ids );
		$before  = array_map( 'intval', (array) $before );
		$changed = array_merge( array_diff( $now, $before ), $append ? array() : array_diff( $before, $now ) );
		$post    = $changed ? $this->find_filed( $id, $taxonomy ) : null;
		if ( ! $post ) {
			return;
		}
		$refs = array( 'post:' . $post->ID, 'lists:type:' . $post->post_type );
		if ( Scope::has_taxonomy( $taxonomy ) ) {
			foreach ( $changed as $tt_id ) {
				$term   = get_term_by( 'term_taxonomy_id', $tt_id );
				$refs[] = 'term:' . ( $term instanceof \WP_Term ? $term->term_id : $tt_id );
			}
			if ( Scope::is_in_permalinks( "%$taxonomy%" ) ) {
				$refs[] = 'below:post:' . $post->ID;
				$refs[] = 'menus-of:post:' . $post->ID;
			}
		}
		$this->events->mark( ...$refs );
	}

	/**
	 * The post whose terms change, if it is public.
	 *
	 * @param mixed $id       An object that has terms; not always a post.
	 * @param mixed $taxonomy Of the terms.
	 */
	private function find_filed( $id, $taxonomy ): ?\WP_Post {
		$known = is_string( $taxonomy ) ? get_taxonomy( $taxonomy ) : false;
		if ( ! $known || ! array_filter( (array) $known->object_type, array( Scope::class, 'has_type' ) ) ) {
			return null;
		}
		$post = Scope::find( (int) $id );
		return $post && Scope::has_status( $post->post_status ) ? $post : null;
	}
}
