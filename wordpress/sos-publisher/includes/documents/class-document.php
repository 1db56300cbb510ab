<?php
/**
 * One document of the content store: what WordPress's REST API tells an anonymous visitor, as bytes.
 *
 * In: the members of a document, and the lists that its HTML was made of. Out: its JSON, the same bytes for the same
 * members. Knows nothing of WordPress's objects, and sends nothing.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * A value; nothing changes it once it is made.
 */
final class Document {
	/**
	 * Its name in the store: `post:12`, `term:5`, `user:3`, `menu:2`, `site`, `types`, `taxonomies`.
	 *
	 * @var string
	 */
	public string $ref;

	/**
	 * What is sent.
	 *
	 * @var string
	 */
	public string $json;

	/**
	 * Names of the lists whose change alters it: `type:post`, `terms:category`, `comments`.
	 *
	 * @var string[]
	 */
	public array $lists;

	/**
	 * What was encoded, for whoever has to look into it (preview).
	 *
	 * @var array<string, mixed>
	 */
	public array $members;

	/**
	 * A document.
	 *
	 * @param string               $ref     Its name in the store.
	 * @param array<string, mixed> $members Its members.
	 * @param string[]             $lists   Lists that it shows.
	 * @throws \RuntimeException When it can't be written as JSON.
	 */
	public function __construct( string $ref, array $members, array $lists = array() ) {
		$this->ref     = $ref;
		$this->members = $members;
		$this->lists   = $lists;
		$this->json    = self::encode( $members );
	}

	/**
	 * The members as JSON: bytes that are no UTF-8 become U+FFFD, because one of them would cost the whole document.
	 *
	 * @param array<string, mixed> $members Of a document.
	 * @throws \RuntimeException When they are nested too deeply, or hold what JSON has no word for.
	 */
	private static function encode( array $members ): string {
		$flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR;
		// A server's own precision would make other bytes of the same number on the command line.
		// phpcs:disable WordPress.PHP.DiscouragedPHPFunctions.runtime_configuration_ini_set -- For the next statement.
		$precision = function_exists( 'ini_set' ) ? ini_set( 'serialize_precision', '-1' ) : false;
		// phpcs:disable WordPress.WP.AlternativeFunctions.json_encode_json_encode -- wp_json_encode() gives up on bad UTF-8 in keys.
		$json = json_encode( (object) $members, $flags, 512 );
		if ( false !== $precision ) {
			ini_set( 'serialize_precision', $precision );
		}
		// phpcs:enable
		if ( ! is_string( $json ) || JSON_ERROR_DEPTH === json_last_error() ) {
			throw new \RuntimeException( 'it can not be written as JSON: ' . json_last_error_msg() );
		}
		return $json;
	}
}
