<?php
/**
 * The document of a post, page, attachment, item of a custom type, or callout.
 *
 * In: a post that may be seen, now or at its time. Out: its document: REST's members, and in `sos` what REST does not
 * tell. Of a protected one body, excerpt and whatever plugins add are left out.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See build.
 */
final class Post_Document {
	/**
	 * All that is told of a protected post; a plugin's fields may quote its body (sos/wordpress/wire.py).
	 */
	private const PROTECTED_FIELDS = array( 'id', 'date', 'date_gmt', 'modified', 'modified_gmt', 'slug', 'status', 'type', 'link', 'title', 'content', 'excerpt', 'author', 'featured_media', 'parent', 'menu_order', 'comment_status', 'ping_status', 'template', 'format', 'sticky', 'class_list', 'sos' );

	/**
	 * The document of a post.
	 *
	 * @param \WP_Post $post That Visibility shows, or that is previewed as if it did.
	 * @throws \RuntimeException When it can't be rendered.
	 */
	public static function build( \WP_Post $post ): Document {
		list( $members, $css ) = Rendering::of(
			(string) $post->ID,
			static function () use ( $post ): array {
				return Rest_Call::of_post( $post );
			}
		);

		$members = self::with_hidden_taxonomies( $members, $post );
		$html    = self::rendered( $members['content'] ?? $members['description'] ?? '' );
		$shown   = new Contents( $post, $html );
		$hidden  = '' !== $post->post_password || self::is_protected( $members );
		if ( $hidden ) {
			$members = self::without_secrets( $members );
		}
		if ( in_array( $post->post_status, Visibility::statuses(), true ) ) {
			$members['status'] = 'publish';
		}
		if ( Visibility::CALLOUT === $post->post_type || ! is_post_type_viewable( $post->post_type ) ) {
			unset( $members['link'] );
		}
		$lists = $hidden ? array() : $shown->lists();
		$more  = array(
			'path'        => Paths::of_post( $post ),
			'redirects'   => Former_Paths::of( $post ),
			'expires_gmt' => self::expires( $post ),
			'callout'     => self::callout( $post ),
			'deps'        => $hidden ? array() : $shown->deps(),
			'lists'       => $lists,
			'css'         => $hidden ? '' : $css,
			'head'        => Seo_Head::of_post( $post ),
		);
		$more  = array_filter( $more );
		if ( $more ) {
			$members['sos'] = $more;
		}
		return new Document( 'post:' . $post->ID, $members, $lists );
	}

	/**
	 * HTML of a member, as REST gives it.
	 *
	 * @param mixed $member Text, or an object with `rendered`.
	 */
	private static function rendered( $member ): string {
		$html = is_array( $member ) ? ( $member['rendered'] ?? '' ) : $member;
		return is_string( $html ) ? $html : '';
	}

	/**
	 * Ids of terms of public taxonomies that REST does not show; their archives list the post all the same.
	 *
	 * @param array<string, mixed> $members Of the document.
	 * @param \WP_Post             $post    Whose they are.
	 * @return array<string, mixed>
	 */
	private static function with_hidden_taxonomies( array $members, \WP_Post $post ): array {
		foreach ( array_intersect( get_object_taxonomies( $post->post_type ), Visibility::taxonomies() ) as $name ) {
			$taxonomy = get_taxonomy( $name );
			$base     = $taxonomy && $taxonomy->rest_base ? $taxonomy->rest_base : $name;
			if ( $taxonomy && ! $taxonomy->show_in_rest && ! isset( $members[ $base ] ) ) {
				$terms            = get_the_terms( $post, $name );
				$members[ $base ] = is_array( $terms ) ? array_values( wp_list_pluck( $terms, 'term_id' ) ) : array();
			}
		}
		return $members;
	}

	/**
	 * Whether a visitor needs a password for it.
	 *
	 * @param array<string, mixed> $members Of the document.
	 */
	private static function is_protected( array $members ): bool {
		foreach ( array( 'content', 'excerpt' ) as $name ) {
			if ( is_array( $members[ $name ] ?? null ) && ! empty( $members[ $name ]['protected'] ) ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Members of a protected post.
	 *
	 * @param array<string, mixed> $members All of them.
	 * @return array<string, mixed>
	 */
	private static function without_secrets( array $members ): array {
		$kept = array();
		foreach ( $members as $name => $value ) {
			$ids = is_array( $value ) && array_values( $value ) === $value && count( array_filter( $value, 'is_int' ) ) === count( $value );
			if ( $ids || in_array( $name, self::PROTECTED_FIELDS, true ) ) {
				$kept[ $name ] = $value;
			}
		}
		foreach ( array( 'content', 'excerpt' ) as $name ) {
			if ( isset( $kept[ $name ] ) ) {
				$kept[ $name ] = array(
					'rendered'  => '',
					'protected' => true,
				);
			}
		}
		return $kept;
	}

	/**
	 * When it disappears, as the store reads it; '' for never.
	 *
	 * @param \WP_Post $post Of any type.
	 */
	private static function expires( \WP_Post $post ): string {
		$expires = get_post_meta( $post->ID, '_sos_expires', true );
		$date    = is_string( $expires ) ? \DateTimeImmutable::createFromFormat( '!Y-m-d H:i:s', $expires, new \DateTimeZone( 'UTC' ) ) : false;
		return $date && $date->format( 'Y-m-d H:i:s' ) === $expires ? $date->format( 'Y-m-d\TH:i:s' ) : '';
	}

	/**
	 * Where a callout stands, and before which others; empty for anything else.
	 *
	 * @param \WP_Post $post Of any type.
	 * @return array<string, mixed>
	 */
	private static function callout( \WP_Post $post ): array {
		if ( Visibility::CALLOUT !== $post->post_type ) {
			return array();
		}
		return array(
			'placement' => 'takeover' === get_post_meta( $post->ID, '_sos_placement', true ) ? 'takeover' : 'banner',
			'priority'  => max( 0, min( 100, (int) get_post_meta( $post->ID, '_sos_priority', true ) ) ),
		);
	}
}
