<?php
/**
 * What is kept of a preview for the nodes: the documents of a page that is not public, and what its bar says.
 *
 * In: a post with an editor's changes. Out: JSON, as docs/previews.md has it. Reads WordPress as an anonymous visitor
 * would, but for the one post; sends nothing.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Preview;

use SOS_Publisher\Documents\Document;
use SOS_Publisher\Documents\Paths;
use SOS_Publisher\Documents\Post_Document;
use SOS_Publisher\Documents\Term_Document;
use SOS_Publisher\Documents\User_Document;
use SOS_Publisher\Documents\Visibility;
use SOS_Publisher\Plugin;
use SOS_Publisher\Store\Refused;

defined( 'ABSPATH' ) || exit;

/**
 * See build.
 */
final class Payload {
	/** Longest payload that a node reads, bytes. */
	private const LONGEST = 2097152;

	/** Most parents that are followed. */
	private const DEPTH = 20;

	/**
	 * The payload of a preview. Whatever a theme or plugin throws while it is rendered is passed on.
	 *
	 * @param \WP_Post $post    As it is in the database.
	 * @param Changes  $changes What is not published of it.
	 * @throws Refused Where it is too long.
	 */
	public static function build( \WP_Post $post, Changes $changes ): string {
		$shown     = $changes->apply();
		$documents = Plugin::instance()->reader()->as_anonymous(
			static function () use ( $shown, $changes ): array {
				return $changes->within(
					$shown,
					static function () use ( $shown ): array {
						return self::documents( $shown );
					}
				);
			}
		);
		$json      = self::head( $post, $shown, $changes, $documents[0][1] ) . ',"documents":[' . implode( ',', array_map( array( __CLASS__, 'encode' ), $documents ) ) . ']}';
		if ( strlen( $json ) > self::LONGEST ) {
			throw new Refused( __( 'It is too long for a preview.', 'sos-publisher' ) ); // phpcs:ignore WordPress.Security.EscapeOutput.ExceptionNotEscaped -- Escaped where it is shown.
		}
		return $json;
	}

	/**
	 * What the bar says, as a JSON object that is not closed yet.
	 *
	 * @param \WP_Post $post    As it is in the database.
	 * @param \WP_Post $shown   As it is shown.
	 * @param Changes  $changes What is not published of it.
	 * @param string   $path    Its public path.
	 */
	private static function head( \WP_Post $post, \WP_Post $shown, Changes $changes, string $path ): string {
		$type = get_post_type_object( $post->post_type );
		$user = wp_get_current_user();
		$head = array(
			'ref'     => 'post:' . $post->ID,
			'path'    => $path,
			'title'   => self::plain( $shown->post_title ),
			'status'  => $post->post_status,
			'what'    => $type ? self::plain( (string) $type->labels->singular_name ) : $post->post_type,
			'changed' => $changes->differ(),
			'by'      => $user->exists() ? self::plain( $user->display_name ) : '',
			'made'    => time(),
		);
		return substr( self::json( $head ), 0, -1 );
	}

	/**
	 * The documents of the page, the one that is shown first.
	 *
	 * @param \WP_Post $post As it is shown.
	 * @return array<int, array{0: Document, 1: string}> Each with its public path.
	 */
	private static function documents( \WP_Post $post ): array {
		$first = Post_Document::build( $post );
		$path  = Visibility::CALLOUT === $post->post_type ? '' : Paths::of_post( $post );
		$path  = '' === $path && Visibility::CALLOUT !== $post->post_type ? self::below_home( Paths::link_when_published( $post ) ) : $path;
		$found = array( $first->ref => array( $first, $path ) );

		$author = (int) $post->post_author > 0 ? get_userdata( (int) $post->post_author ) : false;
		if ( $author ) {
			self::add( $found, User_Document::build( $author ) );
		}
		$image = (int) get_post_meta( $post->ID, '_thumbnail_id', true );
		$image = $image > 0 ? get_post( $image ) : null;
		if ( $image instanceof \WP_Post && 'attachment' === $image->post_type ) {
			self::add( $found, Post_Document::build( $image ) );
		}
		foreach ( array_intersect( get_object_taxonomies( $post->post_type ), Visibility::taxonomies() ) as $taxonomy ) {
			$terms = get_the_terms( $post, $taxonomy );
			foreach ( is_array( $terms ) ? $terms : array() as $term ) {
				self::add( $found, Term_Document::build( $term ) );
			}
		}
		self::add_parents( $found, $post );
		return array_values( $found );
	}

	/**
	 * Add what the post is below: drafts, too.
	 *
	 * @param array<string, array{0: Document, 1: string}> $found What there is, by reference.
	 * @param \WP_Post                                     $post  As it is shown.
	 */
	private static function add_parents( array &$found, \WP_Post $post ): void {
		$parent = $post->post_parent > 0 ? get_post( $post->post_parent ) : null;
		for ( $step = 0; $step < self::DEPTH && $parent instanceof \WP_Post; $step++ ) {
			if ( isset( $found[ 'post:' . $parent->ID ] ) ) {
				return;
			}
			$document = self::parent_document( $parent );

			$found[ $document->ref ] = array( $document, self::below_home( Paths::link_when_published( $parent ) ) );

			$parent = $parent->post_parent > 0 ? get_post( $parent->post_parent ) : null;
		}
	}

	/**
	 * As much of a parent as a link to it needs.
	 *
	 * @param \WP_Post $parent Of any status.
	 */
	private static function parent_document( \WP_Post $parent ): Document {
		$title   = apply_filters( 'the_title', $parent->post_title, $parent->ID ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals -- WordPress's own filter.
		$members = array(
			'id'     => $parent->ID,
			'type'   => $parent->post_type,
			'status' => 'publish',
			'title'  => $title,
			'parent' => $parent->post_parent,
		);
		return new Document( 'post:' . $parent->ID, $members );
	}

	/**
	 * Add a document with the path that it tells itself.
	 *
	 * @param array<string, array{0: Document, 1: string}> $found    What there is, by reference.
	 * @param Document                                     $document Another one.
	 */
	private static function add( array &$found, Document $document ): void {
		$sos  = $document->members['sos'] ?? array();
		$path = is_array( $sos ) && is_string( $sos['path'] ?? null ) ? $sos['path'] : '';
		$link = $document->members['link'] ?? '';
		if ( '' === $path && is_string( $link ) ) {
			$path = self::below_home( $link );
		}
		$found[ $document->ref ] = array( $document, $path );
	}

	/**
	 * What a link says below the address of the site; '' where it says nothing but a query.
	 *
	 * @param string $link A URL of this site.
	 */
	private static function below_home( string $link ): string {
		$query = wp_parse_url( $link, PHP_URL_QUERY );
		return '' === $link || ( is_string( $query ) && '' !== $query ) ? '' : Paths::below_home( $link );
	}

	/**
	 * One entry of the member `documents`.
	 *
	 * @param array{0: Document, 1: string} $entry A document and its path.
	 */
	private static function encode( array $entry ): string {
		return '[' . self::json( $entry[0]->ref ) . ',' . self::json( $entry[1] ) . ',' . $entry[0]->json . ']';
	}

	/**
	 * A value as JSON; bytes that are no UTF-8 become U+FFFD.
	 *
	 * @param mixed $value Text, or an array of texts.
	 */
	private static function json( $value ): string {
		// phpcs:ignore WordPress.WP.AlternativeFunctions.json_encode_json_encode -- wp_json_encode() gives up on bad UTF-8.
		return (string) json_encode( $value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR );
	}

	/**
	 * Text of one line, without markup.
	 *
	 * @param string $html As WordPress has it.
	 */
	private static function plain( string $html ): string {
		return html_entity_decode( wp_strip_all_tags( $html, true ), ENT_QUOTES, 'UTF-8' );
	}
}
