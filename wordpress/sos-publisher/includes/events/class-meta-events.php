<?php
/**
 * Custom fields that documents are made of, of posts, attachments, terms and users: from changes of theirs,
 * which fire no other hook, to marks.
 *
 * Other fields mark nothing: counters of views change with every visit.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks of metadata, before and after each change.
 */
final class Meta_Events {
	/**
	 * Fields of posts that WordPress itself uses.
	 */
	const OF_POSTS = array( '_thumbnail_id', '_wp_page_template', '_wp_attached_file', '_wp_attachment_metadata', '_wp_attachment_image_alt', '_wp_old_slug', '_wp_old_date', 'footnotes' );

	/**
	 * Fields of users.
	 */
	const OF_USERS = array( 'description' );

	/**
	 * How the names of fields of this plugin and of plugins for search engines begin.
	 */
	const PREFIXES = array( '_sos_', '_yoast_wpseo_', 'rank_math_', '_aioseo_', '_seopress_', '_genesis_', '_open_graph_', '_twitter_', '_social_image_', 'autodescription-term-' );

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
		foreach ( array( 'post', 'term', 'user' ) as $kind ) {
			$changed = function ( $ids, $object, $key ) use ( $kind ): void {
				$this->changed( $kind, (int) $object, (string) $key );
			};
			$this->events->listen(
				"add_{$kind}_meta",
				function ( $object, $key ) use ( $kind ): void {
					$this->changed( $kind, (int) $object, (string) $key );
				},
				PHP_INT_MIN,
				2
			);
			foreach ( array( "update_{$kind}_meta", "added_{$kind}_meta", "updated_{$kind}_meta", "delete_{$kind}_meta", "deleted_{$kind}_meta" ) as $hook ) {
				$this->events->listen( $hook, $changed, PHP_INT_MIN, 3 );
			}
		}
		$this->events->listen( 'delete_post_meta', array( $this, 'before_delete_everywhere' ), PHP_INT_MIN, 3 );
	}

	/**
	 * A field is about to be taken from all posts that have a certain value, such as the featured image
	 * that is deleted: the hook names the rows, not the posts.
	 *
	 * @param mixed $ids    Rows.
	 * @param mixed $object 0 in this case.
	 * @param mixed $key    The field.
	 */
	public function before_delete_everywhere( $ids, $object, $key ): void {
		global $wpdb;
		if ( $object || ! $ids || ! $this->matters( 'post', (string) $key, '' ) ) {
			return;
		}
		foreach ( array_chunk( array_map( 'intval', (array) $ids ), 200 ) as $some ) {
			$in = implode( ',', $some );
			// phpcs:ignore WordPress.DB -- Whole numbers only, by the primary key, of rows that are about to go.
			$posts = $wpdb->get_col( "SELECT DISTINCT post_id FROM $wpdb->postmeta WHERE meta_id IN ($in)" );
			foreach ( $posts as $post ) {
				$this->changed( 'post', (int) $post, (string) $key );
			}
		}
	}

	/**
	 * A field changes, or has changed.
	 *
	 * @param string $kind   Of what: post, term, user.
	 * @param int    $object Its id.
	 * @param string $key    The field.
	 */
	private function changed( string $kind, int $object, string $key ): void {
		if ( $object <= 0 ) {
			return;
		}
		if ( 'post' === $kind ) {
			$this->changed_of_post( $object, $key );
		} elseif ( 'user' === $kind && $this->matters( 'user', $key, '' ) && Scope::is_author( $object ) ) {
			$this->events->mark( 'user:' . $object );
		} elseif ( 'term' === $kind ) {
			$term = get_term( $object );
			if ( $term instanceof \WP_Term && Scope::has_taxonomy( $term->taxonomy ) && $this->matters( 'term', $key, $term->taxonomy ) ) {
				$this->events->mark( 'term:' . $object );
			}
		}
	}

	/**
	 * A field of a post changes, or has changed.
	 *
	 * @param int    $id  The post.
	 * @param string $key The field.
	 */
	private function changed_of_post( int $id, string $key ): void {
		$is_of_menu = 0 === strpos( $key, '_menu_item_' );
		$post       = $is_of_menu || $this->matters( 'post', $key, (string) get_post_type( $id ) ) ? get_post( $id ) : null;
		if ( ! $post instanceof \WP_Post ) {
			return;
		}
		if ( $is_of_menu ) {
			$this->events->mark( ...Menu_Events::menus_of_item( $id ) );
		} elseif ( Scope::has_type( $post->post_type ) && Scope::has_status( $post->post_status ) ) {
			$this->events->mark( 'post:' . $id );
			if ( 'attachment' === $post->post_type ) {
				$this->events->mark( ...Media_Events::all_of( $post ) );
			} elseif ( '_thumbnail_id' === $key ) {
				$this->events->mark( 'lists:type:' . $post->post_type );
			}
		}
	}

	/**
	 * Whether documents are made of a field.
	 *
	 * @param string $kind    Of what: post, term, user.
	 * @param string $key     The field.
	 * @param string $subtype Post type or taxonomy.
	 */
	private function matters( string $kind, string $key, string $subtype ): bool {
		if ( 'post' === $kind && in_array( $key, self::OF_POSTS, true ) || 'user' === $kind && in_array( $key, self::OF_USERS, true ) ) {
			return true;
		}
		foreach ( self::PREFIXES as $prefix ) {
			if ( 0 === strpos( $key, $prefix ) ) {
				return true;
			}
		}
		// Of a user, nothing more is public; WordPress registers what it remembers of the editor's panels.
		foreach ( 'user' === $kind ? array() : array_unique( array( '', $subtype ) ) as $of ) {
			$known = get_registered_meta_keys( $kind, $of );
			if ( ! empty( $known[ $key ]['show_in_rest'] ) ) {
				return true;
			}
		}
		/**
		 * Filters whether a custom field is part of what the public sees, so that a change of it alone,
		 * without its object being saved, publishes the object.
		 *
		 * @param bool   $matters False.
		 * @param string $key     Name of the field.
		 * @param string $kind    Kind of object: post, term or user.
		 * @param string $subtype Post type or taxonomy.
		 */
		return (bool) apply_filters( 'sos_publisher_meta_matters', false, $key, $kind, $subtype );
	}
}
