<?php
/**
 * What WordPress has that may be a document: ids of each kind, in order.
 *
 * In: a kind and an id to go on after. Out: references. Reads the database itself, because a query of WordPress would
 * be filtered by plugins and would load what is only counted.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See refs.
 */
final class Catalogue {
	/**
	 * References of a kind, by id.
	 *
	 * @param string $kind  One of Reader::KINDS.
	 * @param int    $after Id after which to go on.
	 * @param int    $limit At most so many.
	 * @return string[]
	 * @throws \RuntimeException When the database does not answer.
	 */
	public static function refs( string $kind, int $after, int $limit ): array {
		$source = self::source( $kind );
		if ( null === $source ) {
			return $after < 1 && $limit > 0 && in_array( $kind, Reader::KINDS, true ) ? array( $kind ) : array();
		}
		global $wpdb;
		list( $column, $from ) = $source;
		// phpcs:ignore WordPress.DB -- Names come from this class, values were prepared.
		$ids  = $wpdb->get_col( $wpdb->prepare( "SELECT DISTINCT $column $from AND $column > %d ORDER BY $column LIMIT %d", max( 0, $after ), max( 0, $limit ) ) );
		$name = 'attachment' === $kind ? 'post' : $kind;
		self::trust();
		return array_map(
			static function ( $id ) use ( $name ): string {
				return $name . ':' . (int) $id;
			},
			$ids
		);
	}

	/**
	 * How many references there are of a kind.
	 *
	 * @param string $kind One of Reader::KINDS.
	 */
	public static function count( string $kind ): int {
		$source = self::source( $kind );
		if ( null === $source ) {
			return in_array( $kind, Reader::KINDS, true ) ? 1 : 0;
		}
		global $wpdb;
		list( $column, $from ) = $source;
		return (int) $wpdb->get_var( "SELECT COUNT( DISTINCT $column ) $from" ); // phpcs:ignore WordPress.DB -- As above.
	}

	/**
	 * Those references of which WordPress knows nothing that may be a document.
	 *
	 * @param string[] $refs Of documents.
	 * @return string[]
	 * @throws \RuntimeException When the database does not answer.
	 */
	public static function unknown( array $refs ): array {
		global $wpdb;
		$wanted = array();
		foreach ( $refs as $ref ) {
			list( $name, $id ) = array_pad( explode( ':', $ref, 2 ), 2, '' );

			$wanted[ $name ][ (int) $id ] = $ref;
		}
		$unknown = array();
		foreach ( $wanted as $name => $ids ) {
			foreach ( 'post' === $name ? array( 'attachment', 'post' ) : array( $name ) as $kind ) {
				$source = self::source( $kind );
				if ( null === $source ) {
					$ids = in_array( $kind, Reader::KINDS, true ) ? array() : $ids;
					continue;
				}
				list( $column, $from ) = $source;
				// phpcs:ignore WordPress.DB -- Names come from this class, ids are numbers.
				$known = $wpdb->get_col( "SELECT DISTINCT $column $from AND $column IN (" . implode( ',', array_merge( array( 0 ), array_keys( $ids ) ) ) . ')' );
				$ids   = array_diff_key( $ids, array_flip( $known ) );
				self::trust();
			}
			$unknown = array_merge( $unknown, array_values( $ids ) );
		}
		return $unknown;
	}

	/**
	 * What the database does not say is not gone: without this check, one that fails would have everything removed.
	 *
	 * @throws \RuntimeException When the last query failed, or nothing would be answered now.
	 */
	public static function trust(): void {
		global $wpdb;
		$error = (string) $wpdb->last_error;
		// phpcs:ignore WordPress.DB -- Nothing to prepare.
		if ( '' !== $error || '1' !== (string) $wpdb->get_var( 'SELECT 1' ) ) {
			throw new \RuntimeException( esc_html( 'the database failed: ' . ( '' !== $error ? $error : (string) $wpdb->last_error ) ) );
		}
	}

	/**
	 * Whether the site has classic menus, which block navigation stands in for where there are none.
	 */
	public static function has_classic_menus(): bool {
		global $wpdb;
		// phpcs:ignore WordPress.DB -- Nothing to prepare.
		return (bool) $wpdb->get_var( "SELECT term_id FROM {$wpdb->term_taxonomy} WHERE taxonomy = 'nav_menu' LIMIT 1" );
	}

	/**
	 * Column of the ids of a kind, and where they are; null for what is there once.
	 *
	 * @param string $kind One of Reader::KINDS.
	 * @return array{0: string, 1: string}|null
	 */
	private static function source( string $kind ): ?array {
		global $wpdb;
		$types = array_diff( Visibility::types(), array( 'attachment' ) );
		switch ( $kind ) {
			case 'term':
				return array( 'term_id', "FROM {$wpdb->term_taxonomy} WHERE taxonomy IN (" . self::quoted( Visibility::taxonomies() ) . ')' );
			case 'user':
				return array( 'post_author', "FROM {$wpdb->posts} WHERE post_status = 'publish' AND post_type IN (" . self::quoted( array_diff( $types, array( Visibility::CALLOUT ) ) ) . ')' );
			case 'attachment':
				return array( 'ID', "FROM {$wpdb->posts} WHERE post_type = 'attachment' AND post_status NOT IN ('trash', 'auto-draft')" );
			case 'post':
				return array( 'ID', "FROM {$wpdb->posts} WHERE post_type IN (" . self::quoted( $types ) . ') AND post_status IN (' . self::quoted( array_merge( Visibility::statuses(), array( 'future' ) ) ) . ')' );
			case 'menu':
				return self::has_classic_menus()
					? array( 'term_id', "FROM {$wpdb->term_taxonomy} WHERE taxonomy = 'nav_menu'" )
					: array( 'ID', "FROM {$wpdb->posts} WHERE post_type = 'wp_navigation' AND post_status = 'publish'" );
		}
		return null;
	}

	/**
	 * Texts for an SQL list.
	 *
	 * @param string[] $texts Any.
	 */
	private static function quoted( array $texts ): string {
		$texts = $texts ? $texts : array( '' );
		return "'" . implode( "','", array_map( 'esc_sql', $texts ) ) . "'";
	}
}
