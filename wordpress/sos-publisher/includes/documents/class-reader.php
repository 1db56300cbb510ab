<?php
/**
 * WordPress as an anonymous visitor sees it, one document at a time.
 *
 * In: a reference (`post:12`, `term:5`, `user:3`, `menu:2`, `site`, `types`, `taxonomies`). Out: its document, or null
 * where the public must not see it, which means: remove it. Reads WordPress only; the store is never asked.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

use SOS_Publisher\Marks;

defined( 'ABSPATH' ) || exit;

/**
 * The only way from WordPress's objects to documents.
 */
final class Reader {
	/**
	 * Kinds of documents, in the order in which a store is filled.
	 */
	public const KINDS = array( 'site', 'types', 'taxonomies', 'term', 'user', 'attachment', 'post', 'menu' );

	/**
	 * The document as it is now, or null to remove it.
	 *
	 * Many reads are cheaper within one as_anonymous: the object cache is emptied once, before the first.
	 *
	 * @param string $ref Of a document.
	 * @throws \Throwable Whatever a theme or plugin throws while a post is rendered; RuntimeException for what REST refuses.
	 */
	public function read( string $ref ): ?Document {
		return $this->as_anonymous(
			static function () use ( $ref ): ?Document {
				if ( wp_is_recovery_mode() ) {
					throw new \RuntimeException( 'WordPress is in recovery mode, in which types of a paused plugin look gone' );
				}
				list( $kind, $id ) = array_pad( explode( ':', $ref, 2 ), 2, '' );

				$document = self::build( $kind, (int) $id );
				if ( null === $document ) {
					Catalogue::trust();
				}
				return $document;
			}
		);
	}

	/**
	 * Call something as an anonymous visitor of the REST API, with an object cache that is empty at its beginning.
	 *
	 * @param callable $read Reads.
	 * @return mixed What it returned.
	 */
	public function as_anonymous( callable $read ) {
		// Whatever rendering writes, such as a plugin's counters, is nobody's edit.
		return Marks::ignoring(
			static function () use ( $read ) {
				return Surroundings::within( $read );
			}
		);
	}

	/**
	 * References of a kind that may be documents, by id. Some of them may turn out to be none.
	 *
	 * @param string $kind  One of KINDS.
	 * @param int    $after Id after which to go on; 0 at first.
	 * @param int    $limit At most so many.
	 * @return string[]
	 */
	public function refs( string $kind, int $after, int $limit ): array {
		return Catalogue::refs( $kind, $after, $limit );
	}

	/**
	 * How many there may be of a kind.
	 *
	 * @param string $kind One of KINDS.
	 */
	public function count( string $kind ): int {
		return Catalogue::count( $kind );
	}

	/**
	 * One document.
	 *
	 * @param string $kind Of the reference.
	 * @param int    $id   Of the reference; 0 where it has none.
	 */
	private static function build( string $kind, int $id ): ?Document {
		switch ( $kind ) {
			case 'post':
				$post = $id > 0 ? get_post( $id ) : null;
				return $post && Visibility::shows( $post ) ? Post_Document::build( $post ) : null;
			case 'term':
				$term = $id > 0 ? get_term( $id ) : null;
				$is   = $term instanceof \WP_Term && in_array( $term->taxonomy, Visibility::taxonomies(), true );
				return $is ? Term_Document::build( $term ) : null;
			case 'user':
				$user = $id > 0 ? get_userdata( $id ) : null;
				return $user && Visibility::is_author( $id ) ? User_Document::build( $user ) : null;
			case 'menu':
				return $id > 0 ? Menu_Document::build( $id ) : null;
			case 'site':
				return Site_Document::build();
			case 'types':
				return Types_Document::build();
			case 'taxonomies':
				return Taxonomies_Document::build();
		}
		return null;
	}
}
