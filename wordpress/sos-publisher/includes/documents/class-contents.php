<?php
/**
 * What a post's content is made of besides itself: pictures and patterns that it shows, lists that it prints.
 *
 * In: a post and its rendered HTML. Out: references of what it shows (`sos.deps`), and names of lists whose change
 * alters its HTML (`sos.lists`). Renders nothing, and follows patterns into patterns.
 *
 * Names of lists are those of the store (docs/content-store.md: `type:post`, `terms:category`, `users`, `menus`) and
 * `comments`, which the store has no list of.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * One post's.
 */
final class Contents {
	/**
	 * Blocks that print posts of the type that their attribute names, by default posts.
	 */
	private const POSTS = array( 'core/latest-posts', 'core/archives', 'core/calendar', 'core/post-navigation-link', 'core/rss' );

	/**
	 * Blocks that print comments.
	 */
	private const COMMENTS = array( 'core/latest-comments', 'core/comments', 'core/post-comments', 'core/post-comments-count', 'core/post-comments-link', 'core/post-comments-form' );

	/**
	 * Blocks that print names or pictures of authors.
	 */
	private const AUTHORS = array( 'core/post-author', 'core/post-author-name', 'core/post-author-biography', 'core/avatar' );

	/**
	 * Attributes of blocks that hold ids of attachments.
	 */
	private const MEDIA = array(
		'core/image'      => 'id',
		'core/cover'      => 'id',
		'core/file'       => 'id',
		'core/audio'      => 'id',
		'core/video'      => 'id',
		'core/media-text' => 'mediaId',
		'core/gallery'    => 'ids',
	);

	/**
	 * Ids of attachments.
	 *
	 * @var array<int, true>
	 */
	private array $media = array();

	/**
	 * Other references.
	 *
	 * @var array<string, true>
	 */
	private array $refs = array();

	/**
	 * Names of lists.
	 *
	 * @var array<string, true>
	 */
	private array $lists = array();

	/**
	 * Look into a post.
	 *
	 * @param \WP_Post $post Of any type.
	 * @param string   $html Its content as WordPress rendered it.
	 */
	public function __construct( \WP_Post $post, string $html ) {
		if ( preg_match_all( '/\bwp-image-(\d+)|\bid=["\']attachment_(\d+)/', $html, $found ) ) {
			$this->add_media( array_merge( $found[1], $found[2] ) );
		}
		$this->look_into( $post->post_content, $post->ID );
	}

	/**
	 * References of what is shown, in a steady order; attachments only while they exist.
	 *
	 * @return string[]
	 */
	public function deps(): array {
		$ids = array_keys( $this->media );
		sort( $ids );
		_prime_post_caches( $ids, false, false );
		$deps = array();
		foreach ( $ids as $id ) {
			if ( 'attachment' === get_post_type( $id ) ) {
				$deps[] = 'post:' . $id;
			}
		}
		$refs = array_keys( $this->refs );
		sort( $refs );
		return array_values( array_unique( array_merge( $deps, $refs ) ) );
	}

	/**
	 * Names of the lists, in a steady order.
	 *
	 * @return string[]
	 */
	public function lists(): array {
		$lists = array_keys( $this->lists );
		sort( $lists );
		return $lists;
	}

	/**
	 * Add what a text of blocks and shortcodes is made of.
	 *
	 * @param string $content As it is stored.
	 * @param int    $parent  Id of the post that it is of.
	 */
	private function look_into( string $content, int $parent ): void {
		if ( preg_match_all( '/\[(?:gallery|playlist)\b([^\]]*)\]/', $content, $codes ) ) {
			foreach ( $codes[1] as $attributes ) {
				if ( preg_match( '/\b(?:ids|include)\s*=\s*["\']?([\d,\s]+)/', $attributes, $ids ) ) {
					$this->add_media( explode( ',', $ids[1] ) );
				} else {
					$this->add_media( self::attached_to( $parent ) );
				}
			}
		}
		if ( has_blocks( $content ) ) {
			$this->add_blocks( parse_blocks( $content ), $parent );
		}
	}

	/**
	 * What hangs on a post: a gallery that names no pictures shows those.
	 *
	 * @param int $parent Id of the post.
	 * @return int[]
	 */
	private static function attached_to( int $parent ): array {
		return get_posts(
			array(
				'post_type'        => 'attachment',
				'post_status'      => 'inherit',
				'post_parent'      => $parent,
				'fields'           => 'ids',
				'numberposts'      => 200,
				'suppress_filters' => true,
			)
		);
	}

	/**
	 * Add what blocks show.
	 *
	 * @param array<int, array<string, mixed>> $blocks As parse_blocks() made them.
	 * @param int                              $parent Id of the post that they are of.
	 */
	private function add_blocks( array $blocks, int $parent ): void {
		foreach ( $blocks as $block ) {
			$name       = (string) ( $block['blockName'] ?? '' );
			$attributes = is_array( $block['attrs'] ?? null ) ? $block['attrs'] : array();
			if ( isset( self::MEDIA[ $name ] ) ) {
				$this->add_media( (array) ( $attributes[ self::MEDIA[ $name ] ] ?? array() ) );
			}
			$this->add_lists( $name, $attributes );
			$shown = in_array( $name, array( 'core/block', 'core/navigation' ), true ) ? (int) ( $attributes['ref'] ?? 0 ) : 0;
			if ( $shown > 0 && ! isset( $this->refs[ 'post:' . $shown ] ) ) {
				$this->refs[ 'post:' . $shown ] = true;

				$pattern = get_post( $shown );
				if ( $pattern instanceof \WP_Post && 'publish' === $pattern->post_status ) {
					$this->look_into( $pattern->post_content, $parent );
				}
			}
			if ( ! empty( $block['innerBlocks'] ) ) {
				$this->add_blocks( $block['innerBlocks'], $parent );
			}
		}
	}

	/**
	 * Add the lists that one block prints.
	 *
	 * @param string               $name       Of the block.
	 * @param array<string, mixed> $attributes Its attributes.
	 */
	private function add_lists( string $name, array $attributes ): void {
		if ( in_array( $name, self::AUTHORS, true ) || ! empty( $attributes['displayAuthor'] ) ) {
			$this->lists['users'] = true;
		}
		if ( 'core/post-featured-image' === $name || ! empty( $attributes['displayFeaturedImage'] ) ) {
			$this->lists['type:attachment'] = true;
		}
		if ( in_array( $name, self::POSTS, true ) ) {
			$this->lists['type:post'] = true;
		} elseif ( in_array( $name, self::COMMENTS, true ) ) {
			$this->lists['comments'] = true;
		} elseif ( 'core/query' === $name ) {
			$query = is_array( $attributes['query'] ?? null ) ? $attributes['query'] : array();
			$type  = is_string( $query['postType'] ?? null ) ? sanitize_key( $query['postType'] ) : 'post';

			$this->lists[ 'type:' . $type ] = true;

			$this->lists['sticky'] = true;
		} elseif ( 'core/post-terms' === $name && is_string( $attributes['term'] ?? null ) ) {
			$this->lists[ 'terms:' . sanitize_key( $attributes['term'] ) ] = true;
		} elseif ( in_array( $name, array( 'core/categories', 'core/tag-cloud', 'core/terms-query' ), true ) ) {
			$taxonomy = $attributes['taxonomy'] ?? $attributes['termQuery']['taxonomy'] ?? null;
			$default  = 'core/tag-cloud' === $name ? 'post_tag' : 'category';

			// Which terms are empty, and how many posts the others have, changes with the posts.
			$this->lists[ 'terms:' . ( is_string( $taxonomy ) ? sanitize_key( $taxonomy ) : $default ) ] = true;

			$this->lists['type:post'] = true;
		} elseif ( 'core/page-list' === $name ) {
			$this->lists['type:page'] = true;
		} elseif ( 'core/navigation' === $name ) {
			$this->lists['menus'] = true;
		}
	}

	/**
	 * Add attachments.
	 *
	 * @param array<int, mixed> $ids As they were found.
	 */
	private function add_media( array $ids ): void {
		foreach ( $ids as $id ) {
			if ( is_numeric( $id ) && (int) $id > 0 ) {
				$this->media[ (int) $id ] = true;
			}
		}
	}
}
