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
		foreach ( array( 'edit_term_taxonomy', 'edited_term_taxonomy', 'edit_term_taxonomies', 'edited_term_taxonomies' ) as $hook ) {
			$on( $hook, array( $this, 'row_changed' ), PHP_INT_MIN, 2 );
		}
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
	 * Rows of terms change or have changed: parent, description, or the number of posts.
	 *
	 * @param mixed $tt_ids   One or more.
	 * @param mixed $taxonomy A name or an object; not told of children that move up.
	 */
	public function row_changed( $tt_ids, $taxonomy = null ): void {
		$name = $taxonomy instanceof \WP_Taxonomy ? $taxonomy->name : (string) $taxonomy;
		if ( '' !== $name && ! Scope::has_taxonomy( $name ) ) {
			return;
		}
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
