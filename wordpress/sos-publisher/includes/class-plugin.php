<?php
/**
 * The plugin put together: one object of each kind, made when it is first asked for.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * The only class that knows all others. Nothing but `register` touches WordPress.
 */
final class Plugin {
	/**
	 * The one of this request.
	 *
	 * @var Plugin|null
	 */
	private static ?Plugin $instance = null;

	/**
	 * What was made, by class, and by site where that matters (multisite).
	 *
	 * @var array<string, object>
	 */
	private array $parts = array();

	/**
	 * The one of this request.
	 */
	public static function instance(): self {
		self::$instance = self::$instance ?? new self();
		return self::$instance;
	}

	/**
	 * Hook into WordPress. Does nothing else: no query, no connection.
	 */
	public function register(): void {
		add_action( 'init', array( self::class, 'load_translations' ) );
		Installation::register();
		Callouts::register();
		Expiry::register();
		Events\Events::register( $this );
		Shutdown::register( $this );
		Cron::register( $this );
		Preview\Preview::register( $this );
		Rest::register( $this );
		if ( is_admin() ) {
			Admin\Admin::register( $this );
		}
		if ( defined( 'WP_CLI' ) && WP_CLI ) {
			Cli\Commands::register( $this );
		}
	}

	/**
	 * Let translations lie in the plugin's own folder too, not only in WordPress's.
	 */
	public static function load_translations(): void {
		load_plugin_textdomain( 'sos-publisher', false, dirname( plugin_basename( PLUGIN_FILE ) ) . '/languages' );
	}

	/**
	 * Where the public site and its store are.
	 */
	public function settings(): Settings {
		return $this->part( Settings::class, static fn() => new Settings() );
	}

	/**
	 * What is dirty, and what became of it.
	 */
	public function marks(): Marks {
		return $this->part( Marks::class, static fn() => new Marks() );
	}

	/**
	 * The content store, behind a circuit breaker.
	 */
	public function store(): Store\Store {
		return $this->part( Store\Store::class, fn() => Store\Store::connect( $this->settings() ) );
	}

	/**
	 * What WordPress has, as an anonymous visitor would see it.
	 */
	public function reader(): Documents\Reader {
		return $this->part( Documents\Reader::class, fn() => new Documents\Reader( $this->settings() ) );
	}

	/**
	 * From marks to the store.
	 */
	public function flusher(): Flusher {
		return $this->part( Flusher::class, fn() => new Flusher( $this ) );
	}

	/**
	 * Everything anew, in steps.
	 */
	public function rebuild(): Rebuild {
		return $this->part( Rebuild::class, fn() => new Rebuild( $this ) );
	}

	/**
	 * One part of this site.
	 *
	 * @param string   $name Its class.
	 * @param callable $make Makes it.
	 */
	private function part( string $name, callable $make ): object {
		$key                 = get_current_blog_id() . ' ' . $name;
		$this->parts[ $key ] = $this->parts[ $key ] ?? $make();
		return $this->parts[ $key ];
	}
}
