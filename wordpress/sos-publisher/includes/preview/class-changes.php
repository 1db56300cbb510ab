<?php
/**
 * What an editor has changed and not published: WordPress's own rules of what its preview shows.
 *
 * In: a post, and either a request for its preview or whoever wants a link to it. Out: the post as it would be, and the
 * same values for whatever asks WordPress for them meanwhile. Changes nothing in the database or in any cache.
 *
 * The rules are those of _set_preview(), _wp_preview_terms_filter(), _wp_preview_post_thumbnail_filter() and
 * _wp_preview_meta_filter(), which WordPress itself binds to the request and to its main query.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Preview;

defined( 'ABSPATH' ) || exit;

/**
 * Of one post.
 */
final class Changes {
	/**
	 * Statuses of what has no date of its own until it is published.
	 */
	private const UNDATED = array( 'draft', 'pending', 'auto-draft' );

	/**
	 * The post as it is in the database.
	 *
	 * @var \WP_Post
	 */
	private \WP_Post $post;

	/**
	 * The autosave that is shown in its place, if there is one.
	 *
	 * @var \WP_Post|null
	 */
	private ?\WP_Post $autosave = null;

	/**
	 * Another featured image: its id, '' for none at all, null for the one that is saved.
	 *
	 * @var string|null
	 */
	private ?string $thumbnail = null;

	/**
	 * Another post format: its slug, null for the one that is saved.
	 *
	 * @var string|null
	 */
	private ?string $format = null;

	/**
	 * None yet.
	 *
	 * @param \WP_Post $post As it is in the database.
	 */
	private function __construct( \WP_Post $post ) {
		$this->post = $post;
	}

	/**
	 * What the request for a preview asks for. Without WordPress's own nonce it is what was saved.
	 *
	 * @param \WP_Post $post Whose preview was asked for.
	 */
	public static function of_request( \WP_Post $post ): self {
		$changes = new self( $post );
		// phpcs:disable WordPress.Security.NonceVerification.Recommended -- _show_post_preview() has verified it: else its filter is not there.
		$id = isset( $_GET['preview_id'] ) ? absint( $_GET['preview_id'] ) : 0;
		if ( $id !== $post->ID || false === has_filter( 'the_preview', '_set_preview' ) ) {
			return $changes;
		}
		$changes->autosave = self::find_autosave( $post, get_current_user_id() );
		if ( ! empty( $_GET['_thumbnail_id'] ) ) {
			$thumbnail = (int) sanitize_text_field( wp_unslash( $_GET['_thumbnail_id'] ) );

			$changes->thumbnail = $thumbnail > 0 ? (string) $thumbnail : '';
		}
		if ( ! empty( $_GET['post_format'] ) ) {
			$changes->format = sanitize_key( wp_unslash( $_GET['post_format'] ) );
		}
		// phpcs:enable
		return $changes;
	}

	/**
	 * What somebody has saved last: their autosave where that is newer than the post.
	 *
	 * @param \WP_Post $post Of any type.
	 * @param int      $user Whose autosave; 0 for anybody's.
	 */
	public static function saved_last( \WP_Post $post, int $user ): self {
		$changes  = new self( $post );
		$autosave = self::find_autosave( $post, $user );
		if ( $autosave && strtotime( $autosave->post_modified_gmt ) > strtotime( $post->post_modified_gmt ) ) {
			$changes->autosave = $autosave;
		}
		return $changes;
	}

	/**
	 * Whether what is shown differs from what the public has, or would have.
	 */
	public function differ(): bool {
		$is_public = in_array( $this->post->post_status, array( 'publish', 'inherit' ), true );
		return ! $is_public || null !== $this->autosave || null !== $this->thumbnail || null !== $this->format;
	}

	/**
	 * The post as it would be if it were published now.
	 */
	public function apply(): \WP_Post {
		$post = clone $this->post;
		if ( $this->autosave ) {
			$post->post_title   = $this->autosave->post_title;
			$post->post_content = $this->autosave->post_content;
			$post->post_excerpt = $this->autosave->post_excerpt;
		}
		if ( in_array( $post->post_status, self::UNDATED, true ) && '0000-00-00 00:00:00' === $post->post_date_gmt ) {
			$post->post_date         = current_time( 'mysql' );
			$post->post_date_gmt     = current_time( 'mysql', true );
			$post->post_modified     = $post->post_date;
			$post->post_modified_gmt = $post->post_date_gmt;
		}
		if ( '' === $post->post_name ) {
			$slug            = sanitize_title( $post->post_title );
			$slug            = '' !== $slug ? $slug : (string) $post->ID;
			$post->post_name = wp_unique_post_slug( $slug, $post->ID, 'publish', $post->post_type, $post->post_parent );
		}
		if ( 'inherit' !== $post->post_status ) {
			$post->post_status = 'publish';
		}
		return $post;
	}

	/**
	 * Call something while WordPress's functions say of the post what `apply` says.
	 *
	 * @param \WP_Post $shown What `apply` gave.
	 * @param callable $read  Reads.
	 * @return mixed What it returned.
	 */
	public function within( \WP_Post $shown, callable $read ) {
		$title = static function ( $title, $id = 0 ) use ( $shown ) {
			return (int) $id === $shown->ID ? $shown->post_title : $title;
		};
		$meta  = function ( $value, $id, $key, $single = false ) {
			return (int) $id === $this->post->ID ? $this->find_meta( $value, (string) $key, (bool) $single ) : $value;
		};
		$terms = function ( $terms, $id, $taxonomy ) {
			return 'post_format' === $taxonomy && (int) $id === $this->post->ID ? $this->find_format( $terms ) : $terms;
		};
		add_filter( 'the_title', $title, PHP_INT_MIN, 2 );
		add_filter( 'get_post_metadata', $meta, 10, 4 );
		add_filter( 'get_the_terms', $terms, 10, 3 );
		try {
			return $read();
		} finally {
			remove_filter( 'the_title', $title, PHP_INT_MIN );
			remove_filter( 'get_post_metadata', $meta, 10 );
			remove_filter( 'get_the_terms', $terms, 10 );
		}
	}

	/**
	 * Meta of the post, as it would be.
	 *
	 * @param mixed  $value  What a filter before said; null for nothing.
	 * @param string $key    Name of the meta.
	 * @param bool   $single Whether one value is wanted.
	 * @return mixed
	 */
	private function find_meta( $value, string $key, bool $single ) {
		if ( '_thumbnail_id' === $key && null !== $this->thumbnail ) {
			return $single ? $this->thumbnail : array( $this->thumbnail );
		}
		// Since WordPress 6.4 some meta belongs to a revision, such as footnotes.
		$is_revised = $this->autosave && '' !== $key && function_exists( 'wp_post_revision_meta_keys' )
			&& in_array( $key, wp_post_revision_meta_keys( $this->post->post_type ), true );
		if ( ! $is_revised ) {
			return $value;
		}
		$found = get_post_meta( $this->autosave->ID, $key, $single );
		// The first of what a filter gives is taken where one value is wanted.
		return $single ? array( $found ) : $found;
	}

	/**
	 * Terms of the taxonomy of formats, as they would be.
	 *
	 * @param mixed $terms Those that are saved.
	 * @return mixed
	 */
	private function find_format( $terms ) {
		if ( null === $this->format ) {
			return $terms;
		}
		$term = 'standard' === $this->format ? null : get_term_by( 'slug', 'post-format-' . $this->format, 'post_format' );
		return $term instanceof \WP_Term ? array( $term ) : array();
	}

	/**
	 * The autosave of a user, or of anybody where that user has none.
	 *
	 * @param \WP_Post $post Of any type.
	 * @param int      $user Id, or 0.
	 */
	private static function find_autosave( \WP_Post $post, int $user ): ?\WP_Post {
		$found = $user > 0 ? wp_get_post_autosave( $post->ID, $user ) : false;
		$found = $found instanceof \WP_Post ? $found : wp_get_post_autosave( $post->ID );
		return $found instanceof \WP_Post ? $found : null;
	}
}
