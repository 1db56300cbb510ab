<?php
/**
 * At the end of a request: lets the response go where PHP can, then has the flusher send what this request
 * marked, and what earlier ones could not. Without marks it costs one small query, while the store is away
 * none at all.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * Everything here is static: a request ends once.
 */
final class Shutdown {
	/** Seconds for sending after the response is gone: a process of the web server is busy meanwhile. */
	const AFTERWARDS = 10.0;

	/** Seconds for sending while somebody waits, because PHP can't let the response go. */
	const HASTY = 0.5;

	/** Seconds for sending where nobody waits. */
	const UNHURRIED = 50.0;

	/** Longest response that is held back to be sent with its length, bytes. */
	const HELD = 1048576;

	/**
	 * The other parts.
	 *
	 * @var Plugin|null
	 */
	private static ?Plugin $plugin = null;

	/**
	 * Level of the output buffer that holds the response back, 0 for none.
	 *
	 * @var int
	 */
	private static int $level = 0;

	/**
	 * Hook into WordPress.
	 *
	 * @param Plugin $plugin The other parts.
	 */
	public static function register( Plugin $plugin ): void {
		self::$plugin = $plugin;
		// The action and not a shutdown function of PHP's: afterwards the object cache is closed.
		add_action( 'shutdown', array( self::class, 'run' ), PHP_INT_MAX );
		if ( self::needs_length() ) {
			ob_start( null, self::HELD );
			self::$level = ob_get_level();
			add_action( 'shutdown', array( self::class, 'keep_held' ), 0 );
		}
	}

	/**
	 * WordPress's shutdown action, after everybody else's. Never throws.
	 */
	public static function run(): void {
		try {
			$sites = self::sites_to_flush();
			if ( ! $sites ) {
				self::send_held( false );
				return;
			}
			ignore_user_abort( true );
			$seconds = self::let_response_go();
			if ( function_exists( 'set_time_limit' ) && (int) ini_get( 'max_execution_time' ) > 0 ) {
				set_time_limit( (int) $seconds + 30 ); // phpcs:ignore Squiz.PHP.DiscouragedFunctions
			}
			foreach ( $sites as $site ) {
				self::flush( $site, $seconds / count( $sites ) );
			}
		} catch ( \Throwable $error ) {
			error_log( 'sos-publisher: ' . $error->getMessage() ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_error_log
		}
	}

	/**
	 * Keep WordPress from ending the buffer that holds the response back: `run` does it, with the response's length.
	 */
	public static function keep_held(): void {
		if ( ob_get_level() >= self::$level && ! headers_sent() ) {
			remove_action( 'shutdown', 'wp_ob_end_flush_all', 1 );
		}
	}

	/**
	 * Sites that have something to send, and a store that may be tried.
	 *
	 * @return int[]
	 */
	private static function sites_to_flush(): array {
		if ( self::is_broken() || wp_installing() ) {
			return array();
		}
		$here  = get_current_blog_id();
		$sites = array();
		foreach ( array_unique( array_merge( Marks::sites_of_this_request(), array( $here ) ) ) as $site ) {
			if ( $site !== $here ) {
				switch_to_blog( $site );
			}
			if ( Installation::is_active_here() && self::$plugin->settings()->is_configured() && self::$plugin->store()->breaker()->allows() && self::$plugin->marks()->is_due() ) {
				$sites[] = $site;
			}
			if ( $site !== $here ) {
				restore_current_blog();
			}
		}
		return $sites;
	}

	/**
	 * Send what is dirty on one site.
	 *
	 * @param int   $site    Its id.
	 * @param float $seconds For how long at most.
	 */
	private static function flush( int $site, float $seconds ): void {
		$elsewhere = get_current_blog_id() !== $site;
		if ( $elsewhere ) {
			switch_to_blog( $site );
		}
		self::$plugin->flusher()->flush( $seconds );
		if ( $elsewhere ) {
			restore_current_blog();
		}
	}

	/**
	 * Whether PHP has died of something: then memory may be gone or the database in the middle of a transaction. The
	 * marks stay, and the next request sends them.
	 */
	private static function is_broken(): bool {
		$last = error_get_last();
		return null !== $last && 0 !== ( $last['type'] & ( E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR ) );
	}

	/**
	 * Send the response, so that nobody waits for what follows.
	 *
	 * @return float Seconds that may be spent now.
	 */
	private static function let_response_go(): float {
		if ( self::nobody_waits() ) {
			self::send_held( false );
			return self::UNHURRIED;
		}
		foreach ( array( 'fastcgi_finish_request', 'litespeed_finish_request' ) as $finish ) {
			if ( function_exists( $finish ) ) {
				// Otherwise the next request of this browser waits for PHP's lock on its session.
				if ( PHP_SESSION_ACTIVE === session_status() ) {
					session_write_close();
				}
				$finish();
				return self::AFTERWARDS;
			}
		}
		return self::send_held( true ) ? self::AFTERWARDS : self::HASTY;
	}

	/**
	 * Whether this is no request of a browser.
	 */
	private static function nobody_waits(): bool {
		return wp_doing_cron() || ( defined( 'WP_CLI' ) && WP_CLI ) || in_array( PHP_SAPI, array( 'cli', 'phpdbg' ), true );
	}

	/**
	 * Whether the response has to be held back to be sent early: there is no other way, and this request may write.
	 */
	private static function needs_length(): bool {
		$method = isset( $_SERVER['REQUEST_METHOD'] ) ? $_SERVER['REQUEST_METHOD'] : ''; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- Compared only.
		// Links of the admin area that change something ("Trash") carry a nonce.
		return ( in_array( $method, array( 'POST', 'PUT', 'PATCH', 'DELETE' ), true ) || isset( $_GET['_wpnonce'] ) ) // phpcs:ignore WordPress.Security.NonceVerification, WordPress.CSRF.NonceVerification.NoNonceVerification -- Whether there is one.
			&& ! self::nobody_waits()
			&& ! function_exists( 'fastcgi_finish_request' )
			&& ! function_exists( 'litespeed_finish_request' )
			&& ! ini_get( 'zlib.output_compression' );
	}

	/**
	 * Send what was held back. With its length, a browser knows that it has all of it, and waits no longer.
	 *
	 * @param bool $with_length Whether to say how long it is.
	 * @return bool Whether nobody waits any more.
	 */
	private static function send_held( bool $with_length ): bool {
		if ( 0 === self::$level || ob_get_level() < self::$level ) {
			return false;
		}
		while ( ob_get_level() > self::$level ) {
			ob_end_flush();
		}
		$with_length = $with_length && ! headers_sent() && ! in_array( http_response_code(), array( 204, 304 ), true );
		if ( $with_length ) {
			header( 'Content-Length: ' . ob_get_length() );
			header( 'Connection: close' );
		}
		while ( ob_get_level() > 0 ) {
			ob_end_flush();
		}
		if ( $with_length ) {
			if ( PHP_SESSION_ACTIVE === session_status() ) {
				session_write_close();
			}
			flush();
		}
		self::$level = 0;
		return $with_length;
	}
}
