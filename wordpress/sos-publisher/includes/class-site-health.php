<?php
/**
 * Site Health: whether publishing can work, in WordPress's own list of checks.
 *
 * In: settings, marks table, store. Out: for each check good, recommended or critical, with what to do. What needs the
 * store goes by REST after the page is there, so that a black-holed store does not hold it up.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

use SOS_Publisher\Admin\Journal;
use SOS_Publisher\Admin\Tools_Page;
use SOS_Publisher\Status\Fleet_View;
use SOS_Publisher\Status\Lookup;
use SOS_Publisher\Status\Words;

defined( 'ABSPATH' ) || exit;

/**
 * The checks.
 */
final class Site_Health {
	/**
	 * So late a job of WP-Cron may be before it counts as not running. Seconds.
	 */
	private const CRON_SECONDS = 900;

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
	 * Hook into WordPress.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public static function register( Plugin $plugin ): void {
		$checks = new self( $plugin );
		add_filter( 'site_status_tests', array( $checks, 'add' ) );
		add_action( 'rest_api_init', array( $checks, 'register_routes' ) );
	}

	/**
	 * Add the checks to WordPress's.
	 *
	 * @param array $tests WordPress's own.
	 */
	public function add( $tests ) {
		$direct = array(
			'sos_settings' => array( __( 'SOS: settings', 'sos-publisher' ), 'check_settings' ),
			'sos_table'    => array( __( 'SOS: table', 'sos-publisher' ), 'check_table' ),
			'sos_backlog'  => array( __( 'SOS: backlog', 'sos-publisher' ), 'check_backlog' ),
			'sos_cron'     => array( __( 'SOS: WP-Cron', 'sos-publisher' ), 'check_cron' ),
			'sos_own'      => array( __( 'SOS: own Redis', 'sos-publisher' ), 'check_object_cache' ),
			'sos_preview'  => array( __( 'SOS: previews', 'sos-publisher' ), 'check_preview' ),
			'sos_client'   => array( __( 'SOS: phpredis', 'sos-publisher' ), 'check_client' ),
		);
		foreach ( $direct as $name => list( $label, $method ) ) {
			$tests['direct'][ $name ] = array(
				'label' => $label,
				'test'  => array( $this, $method ),
			);
		}
		if ( $this->plugin->settings()->is_configured() ) {
			foreach ( array(
				'store' => __( 'SOS: content store', 'sos-publisher' ),
				'nodes' => __( 'SOS: nodes', 'sos-publisher' ),
			) as $name => $label ) {
				$tests['async'][ "sos_$name" ] = array(
					'label'             => $label,
					'test'              => rest_url( Rest::SPACE . "/health/$name" ),
					'has_rest'          => true,
					'async_direct_test' => array( $this, "check_$name" ),
				);
			}
		}
		return $tests;
	}

	/**
	 * The checks that need the store, one route each.
	 */
	public function register_routes(): void {
		foreach ( array( 'store', 'nodes' ) as $name ) {
			register_rest_route(
				Rest::SPACE,
				"/health/$name",
				array(
					'methods'             => 'GET',
					'callback'            => fn(): array => call_user_func( array( $this, "check_$name" ) ),
					'permission_callback' => static fn(): bool => current_user_can( 'view_site_health_checks' ),
				)
			);
		}
	}

	/**
	 * Whether it was set up.
	 */
	public function check_settings(): array {
		$problems = $this->plugin->settings()->problems();
		if ( $this->plugin->settings()->is_configured() && ! $problems ) {
			return $this->result( 'sos_settings', 'good', __( 'SOS Publisher is set up', 'sos-publisher' ), __( 'It knows the public site and its content store.', 'sos-publisher' ) );
		}
		$status = $this->plugin->settings()->is_configured() ? 'recommended' : 'critical';
		return $this->result( 'sos_settings', $status, __( 'SOS Publisher is not fully set up', 'sos-publisher' ), implode( ' ', $problems ), Tools_Page::url( 'settings' ) );
	}

	/**
	 * Whether the table of marks is there.
	 */
	public function check_table(): array {
		if ( Journal::has_table() ) {
			return $this->result( 'sos_table', 'good', __( 'Changes are remembered until they are published', 'sos-publisher' ), __( 'The table for it is there.', 'sos-publisher' ) );
		}
		return $this->result( 'sos_table', 'critical', __( 'The table of SOS Publisher is missing', 'sos-publisher' ), __( 'Changes may be lost before they are published. Deactivate the plugin and activate it again; if that does not help, the database user may lack the right to create tables.', 'sos-publisher' ), admin_url( 'plugins.php' ) );
	}

	/**
	 * Whether changes wait for long.
	 */
	public function check_backlog(): array {
		$backlog = ( new Lookup( $this->plugin ) )->backlog();
		if ( null === $backlog || $backlog['seconds'] <= Lookup::BEHIND_SECONDS ) {
			return $this->result( 'sos_backlog', 'good', __( 'Publishing keeps up', 'sos-publisher' ), __( 'No change waits to be published.', 'sos-publisher' ) );
		}
		$status = $backlog['seconds'] > 10 * MINUTE_IN_SECONDS ? 'critical' : 'recommended';
		return $this->result( 'sos_backlog', $status, __( 'Publishing is behind', 'sos-publisher' ), Words::behind( $backlog ), Tools_Page::url() );
	}

	/**
	 * Whether WP-Cron runs: it sends what a request could not.
	 */
	public function check_cron(): array {
		$late = 0;
		foreach ( (array) _get_cron_array() as $time => $jobs ) {
			foreach ( array_keys( (array) $jobs ) as $hook ) {
				if ( 0 === strpos( (string) $hook, 'sos_' ) ) {
					$late = max( $late, time() - (int) $time );
				}
			}
		}
		if ( $late <= self::CRON_SECONDS ) {
			return $this->result( 'sos_cron', 'good', __( 'WP-Cron does what SOS Publisher leaves to it', 'sos-publisher' ), __( 'What could not be published at once is tried again every minute.', 'sos-publisher' ) );
		}
		return $this->result(
			'sos_cron',
			'recommended',
			__( 'WP-Cron does not run', 'sos-publisher' ),
			/* translators: %s: duration such as "20 min". */
			sprintf( __( 'A job is late by %s. What can’t be published at once then waits until somebody opens WordPress. Have the system’s cron call wp-cron.php every minute.', 'sos-publisher' ), Words::duration( $late ) )
		);
	}

	/**
	 * Whether the settings of the object cache name the same server.
	 */
	public function check_object_cache(): array {
		if ( ! $this->is_shared_with_object_cache() ) {
			return $this->result( 'sos_own', 'good', __( 'Content and object cache do not share a Redis', 'sos-publisher' ), __( 'No constant of a cache plugin names the content store.', 'sos-publisher' ) );
		}
		return $this->result( 'sos_own', 'critical', __( 'Content and object cache share a Redis', 'sos-publisher' ), __( 'Cache plugins empty their Redis, and all published content with it. Give the content store an instance of its own.', 'sos-publisher' ), Tools_Page::url( 'settings' ) );
	}

	/**
	 * Whether previews work.
	 */
	public function check_preview(): array {
		if ( '' !== $this->plugin->settings()->preview_secret() ) {
			return $this->result( 'sos_preview', 'good', __( 'Previews are signed', 'sos-publisher' ), __( 'The secret for previews is set and long enough.', 'sos-publisher' ) );
		}
		return $this->result( 'sos_preview', 'recommended', __( 'Previews don’t show the public site', 'sos-publisher' ), __( 'Set a secret of at least 16 characters, the same as SOS_PREVIEW_SECRET on the nodes. Until then WordPress shows its own previews.', 'sos-publisher' ), Tools_Page::url( 'settings' ) );
	}

	/**
	 * Whether phpredis is there.
	 */
	public function check_client(): array {
		if ( class_exists( '\Redis' ) ) {
			return $this->result( 'sos_client', 'good', __( 'The PHP extension phpredis is there', 'sos-publisher' ), __( 'It keeps its connection between requests.', 'sos-publisher' ) );
		}
		return $this->result( 'sos_client', 'recommended', __( 'The PHP extension phpredis is missing', 'sos-publisher' ), __( 'Publishing works without it, with a client of its own. With the extension, each save takes a little less time.', 'sos-publisher' ) );
	}

	/**
	 * Whether the store answers, keeps everything, and is this plugin's alone.
	 */
	public function check_store(): array {
		try {
			$facts = $this->plugin->store()->facts();
			$meta  = $this->plugin->store()->meta();
		} catch ( \RuntimeException $problem ) {
			/* translators: %s: a technical message. */
			return $this->result( 'sos_store', 'critical', __( 'The content store does not answer', 'sos-publisher' ), sprintf( __( 'Changes wait until it does: %s', 'sos-publisher' ), $problem->getMessage() ), Tools_Page::url() );
		}
		if ( ! in_array( $facts['policy'], array( null, 'noeviction' ), true ) ) {
			/* translators: %s: name of a policy of Redis. */
			return $this->result( 'sos_store', 'critical', __( 'The content store throws content away when its memory is full', 'sos-publisher' ), sprintf( __( 'Its maxmemory-policy is %s. Set it to noeviction.', 'sos-publisher' ), $facts['policy'] ) );
		}
		if ( ! empty( $facts['shared'] ) ) {
			return $this->result( 'sos_store', 'recommended', __( 'The content store holds things of others', 'sos-publisher' ), __( 'Whoever empties it for another reason empties the public site’s content, too. Give the content store an instance of its own.', 'sos-publisher' ) );
		}
		if ( empty( $meta['ready'] ) ) {
			return $this->result( 'sos_store', 'recommended', __( 'The content store is not complete yet', 'sos-publisher' ), __( '“Rebuild everything” sends the whole site once.', 'sos-publisher' ), Tools_Page::url() );
		}
		/* translators: %s: duration such as 0.4 ms. */
		return $this->result( 'sos_store', 'good', __( 'The content store answers', 'sos-publisher' ), sprintf( __( 'It answers in %s and keeps everything.', 'sos-publisher' ), Words::milliseconds( (float) $facts['latency_ms'] ) ) );
	}

	/**
	 * Whether nodes report.
	 */
	public function check_nodes(): array {
		try {
			$fleet = new Fleet_View( $this->plugin->store()->nodes() );
		} catch ( \RuntimeException $problem ) {
			return $this->result( 'sos_nodes', 'recommended', __( 'Whether nodes run is not known', 'sos-publisher' ), __( 'The content store does not answer.', 'sos-publisher' ), Tools_Page::url() );
		}
		$ill = array_filter( $fleet->reports(), static fn( array $report ): bool => empty( $report['healthy'] ) );
		if ( 0 === $fleet->total() ) {
			return $this->result( 'sos_nodes', 'critical', __( 'No node serves the public site', 'sos-publisher' ), __( 'None has reported in the last seconds. Look at `sos fleet`.', 'sos-publisher' ), Tools_Page::url() );
		}
		if ( $ill ) {
			/* translators: %s: names of nodes. */
			return $this->result( 'sos_nodes', 'recommended', __( 'Some nodes are not well', 'sos-publisher' ), sprintf( __( 'Not well: %s. Look at `sos fleet`.', 'sos-publisher' ), implode( ', ', array_slice( array_map( 'strval', array_keys( $ill ) ), 0, 10 ) ) ), Tools_Page::url() );
		}
		/* translators: %s: number of nodes. */
		return $this->result( 'sos_nodes', 'good', __( 'Nodes serve the public site', 'sos-publisher' ), sprintf( _n( '%s node is well.', '%s nodes are well.', $fleet->total(), 'sos-publisher' ), number_format_i18n( $fleet->total() ) ) );
	}

	/**
	 * Whether a constant of a cache plugin names one of the content store's servers.
	 */
	private function is_shared_with_object_cache(): bool {
		$url = $this->plugin->settings()->redis_url();
		if ( '' === $url || ! ( defined( 'WP_REDIS_HOST' ) || defined( 'WP_REDIS_PATH' ) ) ) {
			return false;
		}
		try {
			$address = Store\Redis_Url::parse( $url );
		} catch ( Store\Unavailable $problem ) {
			return false;
		}
		$local = array( 'localhost', '127.0.0.1', '::1' );
		$host  = defined( 'WP_REDIS_HOST' ) ? strtolower( (string) constant( 'WP_REDIS_HOST' ) ) : '';
		$port  = defined( 'WP_REDIS_PORT' ) ? (int) constant( 'WP_REDIS_PORT' ) : 6379;
		foreach ( $address->endpoints as $endpoint ) {
			if ( '' !== $endpoint->path && defined( 'WP_REDIS_PATH' ) && constant( 'WP_REDIS_PATH' ) === $endpoint->path ) {
				return true;
			}
			$same = strtolower( $endpoint->host ) === $host || ( in_array( $endpoint->host, $local, true ) && in_array( $host, $local, true ) );
			if ( '' !== $host && $same && $endpoint->port === $port ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * One result as WordPress wants it.
	 *
	 * @param string $name   Name of the check.
	 * @param string $status good, recommended or critical.
	 * @param string $label  What is so.
	 * @param string $text   What it means and what to do.
	 * @param string $url    Where to do it, or ''.
	 */
	private function result( string $name, string $status, string $label, string $text, string $url = '' ): array {
		return array(
			'label'       => $label,
			'status'      => $status,
			'badge'       => array(
				'label' => __( 'Publishing', 'sos-publisher' ),
				'color' => 'good' === $status ? 'blue' : ( 'critical' === $status ? 'red' : 'orange' ),
			),
			'description' => '<p>' . esc_html( $text ) . '</p>',
			'actions'     => '' === $url || 'good' === $status ? '' : sprintf( '<p><a href="%s">%s</a></p>', esc_url( $url ), esc_html__( 'Go there', 'sos-publisher' ) ),
			'test'        => $name,
		);
	}
}
