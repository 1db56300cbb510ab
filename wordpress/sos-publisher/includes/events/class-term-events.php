<?php
/**
 * Categories, tags and terms of custom taxonomies: from creating, editing, moving and deleting them to
 * marks of the term, of what lies below it, and of the posts whose address it is part of.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks of terms, classic menus aside.
 */
final class Term_Events {
	/**
	 * Takes the marks.
	 *
	 * @var Events
	 */
	private Events $events;

	/**
	 * How many posts terms had before they were counted again.
	 *
	 * @var array<int, int>
	 */
	private array $counts = array();

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
		$on( 'wp_update_term_data', array( $this, 'before_edit' ), PHP_INT_MAX, 4 );
		foreach ( array( 'created_term', 'edited_term', 'delete_term' ) as $hook ) {
			$on( $hook, array( $this, 'changed' ), PHP_INT_MIN, 3 );
		}
		foreach ( array( 'edit_term_taxonomies', 'edited_term_taxonomies' ) as $hook ) {
			$on( $hook, array( $this, 'children_moved' ), PHP_INT_MIN );
		}
		$on( 'edit_term_taxonomy', array( $this, 'before_count' ), PHP_INT_MIN, 2 );
		$on( 'edited_term_taxonomy', array( $this, 'counted' ), PHP_INT_MIN, 2 );
		$on( 'pre_delete_term', array( $this, 'before_delete' ), PHP_INT_MIN, 2 );
	}

	/**
	 * `wp_update_term_data`: name, slug and parent are about to be replaced; tells the new ones.
	 *
	 * @param mixed $data     Columns name, slug, term_group.
	 * @param mixed $id       The term.
	 * @param mixed $taxonomy Its taxonomy.
	 * @param mixed $args     As given, with parent.
	 */
	public function before_edit( $data, $id, $taxonomy, $args ): void {
		$term = Scope::has_taxonomy( (string) $taxonomy ) ? get_term( (int) $id, $taxonomy ) : null;
		if ( ! $term instanceof \WP_Term ) {
			return;
		}
		$refs     = $this->names_of( $term->term_id, $taxonomy );
		$is_moved = (int) ( $args['parent'] ?? $term->parent ) !== (int) $term->parent;
		if ( $is_moved || (string) ( $data['slug'] ?? $term->slug ) !== $term->slug ) {
			$refs[] = 'below:term:' . $term->term_id;
			if ( Scope::is_in_permalinks( "%$taxonomy%" ) ) {
				$refs[] = 'posts-of:term:' . $term->term_id;
			}
		}
		$this->events->mark( ...$refs );
	}

	/**
	 * A term was created, edited or deleted.
	 *
	 * @param mixed $id       The term.
	 * @param mixed $tt_id    Unused.
	 * @param mixed $taxonomy Its taxonomy.
	 */
	public function changed( $id, $tt_id, $taxonomy ): void {
		if ( Scope::has_taxonomy( (string) $taxonomy ) ) {
			$this->events->mark( ...$this->names_of( (int) $id, $taxonomy ) );
		}
	}

	/**
	 * Children of a deleted term move up, or have moved.
	 *
	 * @param mixed $tt_ids Theirs.
	 */
	public function children_moved( $tt_ids ): void {
		$refs = array();
		foreach ( (array) $tt_ids as $tt_id ) {
			$term = get_term_by( 'term_taxonomy_id', (int) $tt_id );
			if ( $term instanceof \WP_Term && Scope::has_taxonomy( $term->taxonomy ) ) {
				$refs[] = 'term:' . $term->term_id;
			}
		}
		if ( $refs ) {
			$this->events->mark( ...$refs );
		}
	}

	/**
	 * `edit_term_taxonomy`: the posts of a term are about to be counted.
	 *
	 * @param mixed $tt_id    Of the term.
	 * @param mixed $taxonomy A name or an object.
	 */
	public function before_count( $tt_id, $taxonomy ): void {
		$name = $taxonomy instanceof \WP_Taxonomy ? $taxonomy->name : (string) $taxonomy;
		if ( Scope::has_taxonomy( $name ) ) {
			$this->counts[ (int) $tt_id ] = $this->fetch_count( (int) $tt_id );
		}
	}

	/**
	 * `edited_term_taxonomy`: they were counted, and may be as many as before, such as after any save of a draft.
	 *
	 * @param mixed $tt_id    Of the term.
	 * @param mixed $taxonomy A name or an object.
	 */
	public function counted( $tt_id, $taxonomy ): void {
		$before = $this->counts[ (int) $tt_id ] ?? -1;
		unset( $this->counts[ (int) $tt_id ] );
		if ( $before >= 0 && $this->fetch_count( (int) $tt_id ) !== $before ) {
			$term = get_term_by( 'term_taxonomy_id', (int) $tt_id );
			if ( $term instanceof \WP_Term ) {
				$this->events->mark( 'term:' . $term->term_id );
			}
		}
	}

	/**
	 * How many posts a term has; caches may tell the number before.
	 *
	 * @param int $tt_id Of the term.
	 */
	private function fetch_count( int $tt_id ): int {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- One row by the primary key.
		return (int) $wpdb->get_var( $wpdb->prepare( "SELECT count FROM $wpdb->term_taxonomy WHERE term_taxonomy_id = %d", $tt_id ) );
	}

	/**
	 * `pre_delete_term`: its children are still known; they move up by plain SQL, and so do the addresses
	 * of all that is below them. Its posts are told one by one, as their terms are set.
	 *
	 * @param mixed $id       The term.
	 * @param mixed $taxonomy Its taxonomy.
	 */
	public function before_delete( $id, $taxonomy ): void {
		if ( ! Scope::has_taxonomy( (string) $taxonomy ) ) {
			return;
		}
		$refs     = $this->names_of( (int) $id, $taxonomy );
		$children = is_taxonomy_hierarchical( $taxonomy ) ? get_terms(
			array(
				'taxonomy'   => $taxonomy,
				'parent'     => (int) $id,
				'hide_empty' => false,
				'fields'     => 'ids',
			)
		) : array();
		foreach ( is_array( $children ) ? $children : array() as $child ) {
			array_push( $refs, 'term:' . $child, 'below:term:' . $child, 'menus-of:term:' . $child );
			if ( Scope::is_in_permalinks( "%$taxonomy%" ) ) {
				$refs[] = 'posts-of:term:' . $child;
			}
		}
		$this->events->mark( ...$refs );
	}

	/**
	 * What says something about a term's name.
	 *
	 * @param int    $id       The term.
	 * @param string $taxonomy Its taxonomy.
	 * @return string[]
	 */
	private function names_of( int $id, string $taxonomy ): array {
		return array( 'term:' . $id, 'menus-of:term:' . $id, 'lists:terms:' . $taxonomy );
	}
}
