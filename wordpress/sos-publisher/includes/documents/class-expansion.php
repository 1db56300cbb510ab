<?php
/**
 * Wide marks: from `below:post:30`, `posts-of:term:5`, `shows:post:55`, `menus-of:post:12`,
 * `lists:type:post`, `menus` and `everything` to the objects that they stand for, in portions.
 *
 * Asks the database when marks are flushed, after the response was sent; reads no content.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

use SOS_Publisher\Plugin;

/**
 * Everything here is static. It may name too many objects, but none too few: one that has not changed is
 * read once more, and nobody is told.
 */
final class Expansion {
	/**
	 * Objects that one query names at most.
	 */
	const PORTION = 200;

	/**
	 * Generations below a page, and patterns within patterns, that are followed at most.
	 */
	const DEPTH = 20;

	/**
	 * Statuses of posts that have no document.
	 */
	const WITHOUT = array( 'auto-draft', 'draft', 'pending', 'trash', 'private' );

	/**
	 * Mark what a wide mark stands for.
	 *
	 * @param string   $wide The mark.
	 * @param callable $mark Gets references, concrete ones, any number at a time, more than once.
	 */
	public static function expand( string $wide, callable $mark ): void {
		$words = explode( ':', $wide, 3 );
		$of    = $words[1] ?? '';
		$id    = (int) ( $words[2] ?? 0 );
		switch ( $words[0] ) {
			case 'posts-of':
				self::posts_of( $of, $id, $mark );
				break;
			case 'below':
				'term' === $of ? self::below_term( $id, $mark ) : self::below_post( $id, $mark );
				break;
			case 'shows':
				self::shows( $id, $mark );
				break;
			case 'menus-of':
				self::menus_of( $of, array( $id ), $mark );
				break;
			case 'lists':
				self::portions( Plugin::instance()->marks()->refs_that_show( substr( $wide, strlen( 'lists:' ) ) ), '', $mark );
				break;
			case 'menus':
				self::menus( $mark );
				break;
			case 'everything':
				Plugin::instance()->rebuild()->start();
				break;
		}
	}

	/**
	 * Posts of a term and of all terms below it, or of an author, and the menus that lead to them.
	 *
	 * @param string   $of   `term` or `user`.
	 * @param int      $id   Which.
	 * @param callable $mark Gets references.
	 */
	private static function posts_of( string $of, int $id, callable $mark ): void {
		global $wpdb;
		if ( 'user' === $of ) {
			self::each_post( $wpdb->prepare( 'p.post_author = %d', $id ), '', $mark );
			return;
		}
		$terms = implode( ',', array_map( 'intval', array_merge( array( $id ), self::terms_below( $id ) ) ) );
		$join  = "JOIN $wpdb->term_relationships r ON r.object_id = p.ID JOIN $wpdb->term_taxonomy t ON t.term_taxonomy_id = r.term_taxonomy_id";
		self::each_post( "t.term_id IN ($terms)", $join, $mark );
	}

	/**
	 * Pages and attachments below a post, at any depth, and the menus that lead to them.
	 *
	 * @param int      $id   The post.
	 * @param callable $mark Gets references.
	 */
	private static function below_post( int $id, callable $mark ): void {
		$parents = array( $id );
		$seen    = array( $id => true );
		for ( $depth = 0; $parents && $depth < self::DEPTH; $depth++ ) {
			$children = array();
			foreach ( array_chunk( $parents, self::PORTION ) as $some ) {
				$found    = self::each_post( 'p.post_parent IN (' . implode( ',', $some ) . ')', '', $mark );
				$children = array_merge( $children, $found );
			}
			$parents = array();
			foreach ( $children as $child ) {
				if ( ! isset( $seen[ $child ] ) ) {
					$seen[ $child ] = true;
					$parents[]      = $child;
				}
			}
		}
	}

	/**
	 * Terms below a term, and the menus that lead to them.
	 *
	 * @param int      $id   The term.
	 * @param callable $mark Gets references.
	 */
	private static function below_term( int $id, callable $mark ): void {
		$terms = self::terms_below( $id );
		self::portions( $terms, 'term:', $mark );
		foreach ( array_chunk( $terms, self::PORTION ) as $some ) {
			self::menus_of( 'term', $some, $mark );
		}
	}

	/**
	 * Documents whose content shows a post: an attachment as picture, file, gallery or featured image, a
	 * synced pattern, a navigation.
	 *
	 * @param int      $id   The attachment or pattern.
	 * @param callable $mark Gets references.
	 */
	private static function shows( int $id, callable $mark ): void {
		global $wpdb;
		$wanted = array( $id );
		$seen   = array( $id => true );
		for ( $depth = 0; $wanted && $depth < self::DEPTH; $depth++ ) {
			$next = array();
			foreach ( $wanted as $one ) {
				$patterns = self::each_post( self::shows_where( $one ), '', $mark, array( 'wp_block' ) );
				foreach ( array_diff( $patterns, array_keys( $seen ) ) as $pattern ) {
					$seen[ $pattern ] = true;
					$next[]           = $pattern;
				}
			}
			$wanted = $next;
		}
		$featured = "JOIN $wpdb->postmeta m ON m.post_id = p.ID AND m.meta_key = '_thumbnail_id'";
		self::each_post( $wpdb->prepare( 'm.meta_value = %s', (string) $id ), $featured, $mark );
		// A gallery that names no pictures shows those that are attached to its post.
		$parent = (int) get_post_field( 'post_parent', $id );
		if ( $parent ) {
			self::each_post( $wpdb->prepare( 'p.ID = %d', $parent ), '', $mark );
		}
	}

	/**
	 * SQL condition for content that names a post.
	 *
	 * @param int $id The post.
	 */
	private static function shows_where( int $id ): string {
		global $wpdb;
		$like = array();
		foreach ( array( "wp-image-$id", "\"id\":$id,", "\"id\":$id}", "\"ref\":$id,", "\"ref\":$id}", "\"mediaId\":$id,", "\"mediaId\":$id}", "attachment_$id\"" ) as $text ) {
			$like[] = $wpdb->prepare( 'p.post_content LIKE %s', '%' . $wpdb->esc_like( $text ) . '%' );
		}
		// Galleries and playlists name them in a row: ids="1,2,3" in shortcodes, "ids":[1,2,3] in older blocks.
		$like[] = "(p.post_content LIKE '%ids%' AND p.post_content REGEXP 'ids\"?[=:][^]>]*[^0-9]{$id}[^0-9]')";
		return '(' . implode( ' OR ', $like ) . ')';
	}

	/**
	 * Menus with an item that leads to one of several posts or terms: its label and address follow them.
	 *
	 * @param string   $of   `post` or `term`.
	 * @param int[]    $ids  Which.
	 * @param callable $mark Gets references.
	 */
	private static function menus_of( string $of, array $ids, callable $mark ): void {
		global $wpdb;
		if ( ! $ids ) {
			return;
		}
		$in   = "'" . implode( "','", array_map( 'intval', $ids ) ) . "'";
		$type = 'term' === $of ? 'taxonomy' : 'post_type';
		// phpcs:ignore WordPress.DB -- Whole numbers only.
		$menus = $wpdb->get_col( "SELECT DISTINCT t.term_id FROM $wpdb->postmeta o JOIN $wpdb->postmeta k ON k.post_id = o.post_id AND k.meta_key = '_menu_item_type' AND k.meta_value = '$type' JOIN $wpdb->term_relationships r ON r.object_id = o.post_id JOIN $wpdb->term_taxonomy t ON t.term_taxonomy_id = r.term_taxonomy_id AND t.taxonomy = 'nav_menu' WHERE o.meta_key = '_menu_item_object_id' AND o.meta_value IN ($in)" );
		self::portions( $menus, 'menu:', $mark );
		$like = array();
		foreach ( array_slice( $ids, 0, self::PORTION ) as $id ) {
			$like[] = $wpdb->prepare( 'post_content LIKE %s OR post_content LIKE %s', '%"id":' . (int) $id . ',%', '%"id":' . (int) $id . '}%' );
		}
		// phpcs:ignore WordPress.DB -- Prepared above.
		$navigations = $wpdb->get_col( "SELECT ID FROM $wpdb->posts WHERE post_type = 'wp_navigation' AND post_status = 'publish' AND (" . implode( ' OR ', $like ) . ')' );
		self::portions( $navigations, 'menu:', $mark );
	}

	/**
	 * All menus, classic ones and navigation blocks.
	 *
	 * @param callable $mark Gets references.
	 */
	private static function menus( callable $mark ): void {
		global $wpdb;
		// phpcs:disable WordPress.DB -- Nothing to prepare.
		self::portions( $wpdb->get_col( "SELECT term_id FROM $wpdb->term_taxonomy WHERE taxonomy = 'nav_menu'" ), 'menu:', $mark );
		self::portions( $wpdb->get_col( "SELECT ID FROM $wpdb->posts WHERE post_type = 'wp_navigation' AND post_status = 'publish'" ), 'menu:', $mark );
		// phpcs:enable
	}

	/**
	 * Mark the posts that a condition finds, with the menus that lead to them.
	 *
	 * @param string   $where SQL condition; posts are `p`.
	 * @param string   $join  More tables.
	 * @param callable $mark  Gets references.
	 * @param string[] $also  Types without documents whose ids are wanted, too.
	 * @return int[] Ids of all posts of types without documents; where none are asked for, of all posts.
	 */
	private static function each_post( string $where, string $join, callable $mark, array $also = array() ): array {
		global $wpdb;
		$types = "'" . implode( "','", array_map( 'esc_sql', array_merge( Visibility::types(), $also, array( 'wp_navigation' ) ) ) ) . "'";
		$last  = 0;
		$ids   = array();
		do {
			// phpcs:ignore WordPress.DB -- Conditions are prepared by whoever gives them; ids go up, so that portions do not overlap.
			$rows  = $wpdb->get_results( "SELECT DISTINCT p.ID, p.post_type, p.post_status FROM $wpdb->posts p $join WHERE p.ID > $last AND p.post_type IN ($types) AND ($where) ORDER BY p.ID LIMIT " . self::PORTION );
			$posts = array();
			$menus = array();
			$rows  = is_array( $rows ) ? $rows : array();
			$count = count( $rows );
			foreach ( $rows as $row ) {
				$last = (int) $row->ID;
				if ( 'wp_navigation' === $row->post_type ) {
					$menus[] = $last;
					continue;
				}
				$is_wanted = $also ? in_array( $row->post_type, $also, true ) : true;
				if ( $is_wanted ) {
					$ids[] = $last;
				}
				if ( ! in_array( $row->post_type, $also, true ) && ! in_array( $row->post_status, self::WITHOUT, true ) ) {
					$posts[] = $last;
				}
			}
			self::portions( $posts, 'post:', $mark );
			self::portions( $menus, 'menu:', $mark );
			self::menus_of( 'post', $posts, $mark );
		} while ( self::PORTION === $count );
		return $ids;
	}

	/**
	 * Ids of all terms below a term; none when it does not exist any more.
	 *
	 * @param int $id The term.
	 * @return int[]
	 */
	private static function terms_below( int $id ): array {
		$term = get_term( $id );
		if ( ! $term instanceof \WP_Term || ! is_taxonomy_hierarchical( $term->taxonomy ) ) {
			return array();
		}
		$found = get_term_children( $id, $term->taxonomy );
		return is_array( $found ) ? array_map( 'intval', $found ) : array();
	}

	/**
	 * Mark many, in portions.
	 *
	 * @param array<int|string> $names  Ids or references.
	 * @param string            $prefix What makes references of them.
	 * @param callable          $mark   Gets references.
	 */
	private static function portions( array $names, string $prefix, callable $mark ): void {
		foreach ( array_chunk( $names, self::PORTION ) as $some ) {
			$refs = array();
			foreach ( $some as $name ) {
				$refs[] = $prefix . $name;
			}
			$mark( ...$refs );
		}
	}
}
