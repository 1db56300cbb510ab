<?php
/**
 * `sos/v1/overview`, `flush`, `rebuild`, `verify`, `test-connection`: what the page under Tools does without reloading.
 *
 * In: requests of administrators. Out: JSON, the overview as a piece of HTML that the page itself would print too.
 * Long work goes in steps of a few seconds, so that no proxy cuts it off.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Rest;

use SOS_Publisher\Admin\Connection_Test;
use SOS_Publisher\Admin\Overview;
use SOS_Publisher\Admin\Progress;
use SOS_Publisher\Admin\Settings_Form;
use SOS_Publisher\Plugin;
use SOS_Publisher\Rest;

defined( 'ABSPATH' ) || exit;

/**
 * The routes of the page under Tools.
 */
final class Tools_Routes {
	/**
	 * How long one step of long work takes, seconds.
	 */
	private const STEP_SECONDS = 2.0;

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
		$this->route( 'GET', '/overview', array( $this, 'overview' ) );
		$this->route( 'POST', '/flush', array( $this, 'flush' ) );
		$this->route( 'POST', '/rebuild', array( $this, 'start_rebuild' ) );
		$this->route( 'POST', '/rebuild/step', array( $this, 'step' ) );
		$this->route(
			'POST',
			'/verify',
			array( $this, 'verify' ),
			array(
				'mend'  => array(
					'type'    => 'boolean',
					'default' => false,
				),
				'found' => array(
					'type'    => array( 'object', 'null' ),
					'default' => null,
				),
			)
		);
		$text = array(
			'type'    => 'string',
			'default' => '',
		);
		$this->route(
			'POST',
			'/test-connection',
			array( $this, 'test_connection' ),
			array(
				'site'      => $text,
				'redis_url' => $text,
			),
			array( Settings_Form::class, 'is_allowed' )
		);
	}

	/**
	 * The state of everything, as HTML.
	 */
	public function overview(): \WP_REST_Response {
		list( $above, $below ) = ( new Overview( $this->plugin ) )->html();
		return rest_ensure_response(
			array(
				'above' => $above,
				'below' => $below,
			)
		);
	}

	/**
	 * Send what waits.
	 */
	public function flush(): \WP_REST_Response {
		$done = $this->plugin->flusher()->flush_now( self::STEP_SECONDS );
		return rest_ensure_response(
			array(
				'sent' => (int) ( $done['sent'] ?? 0 ),
				'left' => (int) ( $done['left'] ?? 0 ),
				'text' => Progress::flush_words( $done ),
			)
		);
	}

	/**
	 * Begin to send everything anew.
	 *
	 * @return \WP_REST_Response|\WP_Error
	 */
	public function start_rebuild() {
		return $this->attempt(
			function (): array {
				$this->plugin->rebuild()->start();
				return Progress::describe( $this->plugin->rebuild()->progress() );
			}
		);
	}

	/**
	 * A few seconds of it.
	 *
	 * @return \WP_REST_Response|\WP_Error
	 */
	public function step() {
		return $this->attempt( fn(): array => Progress::describe( $this->plugin->rebuild()->step( self::STEP_SECONDS ) ) );
	}

	/**
	 * Compare the store with WordPress, a few seconds of it: from the beginning, or with `found` from where it stopped.
	 *
	 * @param \WP_REST_Request $request With `mend`, and `found` of the step before.
	 * @return \WP_REST_Response|\WP_Error
	 */
	public function verify( \WP_REST_Request $request ) {
		$mend   = (bool) $request['mend'];
		$before = is_array( $request['found'] ) ? $request['found'] : null;
		return $this->attempt( fn(): array => Progress::drift( $this->plugin->rebuild()->verify( self::STEP_SECONDS, $mend, null === $before ), $mend, (array) $before ) );
	}

	/**
	 * Try an address before it is saved.
	 *
	 * @param \WP_REST_Request $request With `site`, `redis_url`; what is empty is taken from the settings.
	 */
	public function test_connection( \WP_REST_Request $request ): \WP_REST_Response {
		return rest_ensure_response( Connection_Test::run( trim( (string) $request['site'] ), trim( (string) $request['redis_url'] ) ) );
	}

	/**
	 * Do something that needs the store, and say it in words when that is away.
	 *
	 * @param callable $work Returns what is to be answered.
	 * @return \WP_REST_Response|\WP_Error
	 */
	private function attempt( callable $work ) {
		try {
			return rest_ensure_response( $work() );
		} catch ( \RuntimeException $problem ) {
			return new \WP_Error( 'sos_store', $problem->getMessage(), array( 'status' => 503 ) );
		} catch ( \Throwable $problem ) {
			return new \WP_Error( 'sos_failed', $problem->getMessage(), array( 'status' => 500 ) );
		}
	}

	/**
	 * Register one route for administrators.
	 *
	 * @param string        $method GET or POST.
	 * @param string        $path   Below the name space.
	 * @param callable      $work   What answers.
	 * @param array         $args   Its arguments.
	 * @param callable|null $may    Who may; nobody but administrators unless told.
	 */
	private function route( string $method, string $path, callable $work, array $args = array(), ?callable $may = null ): void {
		register_rest_route(
			Rest::SPACE,
			$path,
			array(
				'methods'             => $method,
				'callback'            => $work,
				'permission_callback' => $may ?? static fn(): bool => current_user_can( 'manage_options' ),
				'args'                => $args,
			)
		);
	}
}
