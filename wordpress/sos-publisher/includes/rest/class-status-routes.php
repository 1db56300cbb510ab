<?php
/**
 * `sos/v1/status?ref=post:12` and `sos/v1/statuses?refs=post:12,post:13`: where content stands on the public site.
 *
 * In: refs. Out: for each its state and the words for it. For a post one needs the right to edit it, for everything
 * else the right to manage options. Reads only.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Rest;

use SOS_Publisher\Plugin;
use SOS_Publisher\Rest;
use SOS_Publisher\Status\Lookup;

defined( 'ABSPATH' ) || exit;

/**
 * Two routes that read.
 */
final class Status_Routes {
	/**
	 * So many refs are answered at once.
	 */
	private const MOST = 200;

	private const PATTERN = '/^(?:(?:post|term|user|menu):[1-9]\d{0,13}|site|types|taxonomies)$/';

	/**
	 * The plugin's parts.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * Nothing is asked yet.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * Register the routes.
	 */
	public function register(): void {
		register_rest_route(
			Rest::SPACE,
			'/status',
			array(
				'methods'             => 'GET',
				'callback'            => array( $this, 'answer_one' ),
				'permission_callback' => fn( \WP_REST_Request $request ): bool => self::may_see( (string) $request['ref'] ),
				'args'                => array(
					'ref' => array(
						'required'          => true,
						'type'              => 'string',
						'validate_callback' => static fn( $value ): bool => is_string( $value ) && preg_match( self::PATTERN, $value ),
					),
				),
			)
		);
		register_rest_route(
			Rest::SPACE,
			'/statuses',
			array(
				'methods'             => 'GET',
				'callback'            => array( $this, 'answer_many' ),
				'permission_callback' => static fn(): bool => current_user_can( 'edit_posts' ),
				'args'                => array(
					'refs' => array(
						'required' => true,
						'type'     => 'string',
					),
				),
			)
		);
	}

	/**
	 * Where one object stands.
	 *
	 * @param \WP_REST_Request $request With `ref`.
	 */
	public function answer_one( \WP_REST_Request $request ): \WP_REST_Response {
		$ref = (string) $request['ref'];
		return rest_ensure_response( array( 'ref' => $ref ) + ( new Lookup( $this->plugin ) )->one( $ref ) );
	}

	/**
	 * Where objects stand; those that one may not see are left out.
	 *
	 * @param \WP_REST_Request $request With `refs`, separated by commas.
	 */
	public function answer_many( \WP_REST_Request $request ): \WP_REST_Response {
		$refs = array_slice( array_unique( explode( ',', (string) $request['refs'] ) ), 0, self::MOST );
		$refs = array_filter( $refs, static fn( string $ref ): bool => preg_match( self::PATTERN, $ref ) && self::may_see( $ref ) );
		return rest_ensure_response( (object) ( new Lookup( $this->plugin ) )->many( array_values( $refs ) ) );
	}

	/**
	 * Whether the current user may know where an object stands.
	 *
	 * @param string $ref Which.
	 */
	private static function may_see( string $ref ): bool {
		if ( 0 === strpos( $ref, 'post:' ) ) {
			return current_user_can( 'edit_post', (int) substr( $ref, 5 ) );
		}
		return current_user_can( 'manage_options' );
	}
}
