<?php
/**
 * WordPress's REST controllers, asked without a request: what they would tell an anonymous visitor of one object.
 *
 * In: an object of WordPress. Out: the members of its REST representation in context `view`, filters of plugins
 * (`rest_prepare_*`, register_rest_field) included. No permission is asked and no route is called, so that a plugin
 * that closes REST to visitors is not in the way: what may be read is for Visibility to say.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See of_post, of_term, of_user.
 */
final class Rest_Call {
	/**
	 * Hypermedia, the database's own identity, and a plugin's second copy of what it also gives as JSON.
	 */
	private const DROPPED = array( '_links', '_embedded', 'guid', 'yoast_head' );

	/**
	 * Controllers that WordPress itself does not keep, by class and name.
	 *
	 * @var array<string, object>
	 */
	private static array $controllers = array();

	/**
	 * Members of a post of any type, also of one that REST does not show.
	 *
	 * @param \WP_Post $post Of any status.
	 * @return array<string, mixed>
	 * @throws \RuntimeException When its controller refuses.
	 */
	public static function of_post( \WP_Post $post ): array {
		$type       = get_post_type_object( $post->post_type );
		$controller = $type && $type->show_in_rest ? $type->get_rest_controller() : null;
		if ( ! $controller instanceof \WP_REST_Posts_Controller ) {
			$class      = 'attachment' === $post->post_type ? \WP_REST_Attachments_Controller::class : \WP_REST_Posts_Controller::class;
			$controller = self::controller( $class, $post->post_type );
		}
		return self::prepare( $controller, $post, (string) rest_get_route_for_post( $post ), $post->ID );
	}

	/**
	 * Members of a term of any taxonomy.
	 *
	 * @param \WP_Term $term Of a taxonomy of the site.
	 * @return array<string, mixed>
	 * @throws \RuntimeException When its controller refuses.
	 */
	public static function of_term( \WP_Term $term ): array {
		$taxonomy   = get_taxonomy( $term->taxonomy );
		$controller = $taxonomy && $taxonomy->show_in_rest ? $taxonomy->get_rest_controller() : null;
		if ( ! $controller instanceof \WP_REST_Terms_Controller ) {
			$controller = self::controller( \WP_REST_Terms_Controller::class, $term->taxonomy );
		}
		return self::prepare( $controller, $term, (string) rest_get_route_for_term( $term ), $term->term_id );
	}

	/**
	 * Members of a user, as a visitor sees them.
	 *
	 * @param \WP_User $user An author.
	 * @return array<string, mixed>
	 * @throws \RuntimeException When the controller refuses.
	 */
	public static function of_user( \WP_User $user ): array {
		return self::prepare( self::controller( \WP_REST_Users_Controller::class, '' ), $user, '/wp/v2/users/' . $user->ID, $user->ID );
	}

	/**
	 * Members of what any controller prepares.
	 *
	 * @param \WP_REST_Controller $controller That knows such objects.
	 * @param object              $item       The object.
	 * @param string              $route      Where REST has it.
	 * @param int                 $id         Its id, or 0.
	 * @return array<string, mixed>
	 * @throws \RuntimeException When the controller refuses.
	 */
	public static function prepare( \WP_REST_Controller $controller, $item, string $route, int $id = 0 ): array {
		rest_get_server(); // Plugins add their fields when the server is first made.
		$request = new \WP_REST_Request( 'GET', $route );
		$request->set_param( 'context', 'view' );
		if ( $id > 0 ) {
			$request->set_url_params( array( 'id' => $id ) );
		}
		$response = rest_ensure_response( $controller->prepare_item_for_response( $item, $request ) );
		if ( is_wp_error( $response ) ) {
			throw new \RuntimeException( $response->get_error_message() );
		}
		return array_diff_key( (array) $response->get_data(), array_flip( self::DROPPED ) );
	}

	/**
	 * A controller of WordPress's own.
	 *
	 * @param string $name  Its class.
	 * @param string $about Post type or taxonomy; '' for controllers of neither.
	 */
	public static function controller( string $name, string $about ): \WP_REST_Controller {
		$key = $name . ' ' . $about;
		if ( ! isset( self::$controllers[ $key ] ) ) {
			self::$controllers[ $key ] = '' === $about ? new $name() : new $name( $about );
		}
		return self::$controllers[ $key ];
	}
}
