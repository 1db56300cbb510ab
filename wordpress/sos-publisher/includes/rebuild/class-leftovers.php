<?php
/**
 * What the store has and WordPress lacks.
 *
 * In: the names of all documents in the store. Out: references of which WordPress knows nothing. Whoever gets them reads
 * each once more before it is removed.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Rebuild;

use SOS_Publisher\Documents\Catalogue;
use SOS_Publisher\Plugin;

defined( 'ABSPATH' ) || exit;

/**
 * See find.
 */
final class Leftovers {
	/**
	 * How many references are looked for in WordPress at a time.
	 */
	private const CHUNK = 500;

	/**
	 * References without anything behind them.
	 *
	 * @param Plugin   $plugin The plugin.
	 * @param int      $most   How many are wanted.
	 * @param string[] $except Which are known already.
	 * @return string[]
	 * @throws \SOS_Publisher\Store\Unavailable When the store is away.
	 * @throws \SOS_Publisher\Store\Refused     When the store refuses.
	 */
	public static function find( Plugin $plugin, int $most, array $except = array() ): array {
		$found  = array();
		$chunk  = array();
		$except = array_flip( $except );
		$look   = static function () use ( &$found, &$chunk ): void {
			foreach ( Catalogue::unknown( $chunk ) as $ref ) {
				$found[ $ref ] = true;
			}
			$chunk = array();
		};
		$plugin->store()->scan_refs(
			static function ( string $ref ) use ( &$found, &$chunk, $look, $most, $except ): bool {
				if ( ! isset( $except[ $ref ] ) ) {
					$chunk[] = $ref;
				}
				if ( count( $chunk ) >= self::CHUNK ) {
					$look();
				}
				return count( $found ) < $most;
			}
		);
		$look();
		return array_map( 'strval', array_slice( array_keys( $found ), 0, $most ) );
	}
}
