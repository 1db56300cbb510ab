<?php
/**
 * The request as an anonymous visitor of the REST API would have made it, for as long as something is read.
 *
 * In: any request of WordPress (an editor's save, cron, WP-CLI, a page that is being shown). Out: the same request,
 * untouched. In between nobody is logged in, no cookie opens a password, the site's own language is spoken, nothing
 * is "in the admin area", and the object cache holds nothing that raw SQL has made stale.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * Goes in and comes out again, whatever is thrown in between.
 */
final class Surroundings {
	/**
	 * How often it was gone in, of calls within calls.
	 *
	 * @var int
	 */
	private static int $depth = 0;

	/**
	 * Variables that rendering a post reads or writes.
	 */
	private const LOOP = array( 'post', 'id', 'authordata', 'currentday', 'currentmonth', 'page', 'pages', 'multipage', 'more', 'numpages', 'wp_query', 'wp_the_query', 'current_screen' );

	/**
	 * What of a request a theme or plugin may take for the visitor's.
	 */
	private const VISITOR = array( 'HTTP_USER_AGENT', 'HTTP_REFERER', 'HTTP_ACCEPT', 'HTTP_ACCEPT_LANGUAGE', 'HTTP_COOKIE', 'HTTP_X_REQUESTED_WITH', 'QUERY_STRING', 'PATH_INFO', 'HTTP_SAVE_DATA' );

	/**
	 * Read something in it. Calls within it are as cheap as the call itself.
	 *
	 * @param callable $read Reads.
	 * @return mixed What it returned.
	 */
	public static function within( callable $read ) {
		if ( self::$depth > 0 ) {
			return $read();
		}
		++self::$depth;
		$leave = self::enter();
		try {
			return $read();
		} finally {
			--self::$depth;
			foreach ( array_reverse( $leave ) as $undo ) {
				$undo();
			}
		}
	}

	/**
	 * What one document left behind, away with it.
	 */
	public static function reset(): void {
		foreach ( array( 'post', 'id', 'authordata', 'currentday', 'currentmonth', 'pages', 'more', 'page', 'numpages', 'multipage' ) as $name ) {
			unset( $GLOBALS[ $name ] );
		}
		if ( function_exists( 'wp_high_priority_element_flag' ) ) {
			// One picture of a request may be called urgent: of each document, the first.
			wp_high_priority_element_flag( true );
		}
		self::put_paragraphs_first();
	}

	/**
	 * After a text of blocks, WordPress adds wpautop() anew, and so behind shortcode_unautop(), which then takes no
	 * paragraphs from around shortcodes for the rest of the process (_restore_wpautop_hook). Pages of the site are made
	 * in processes of their own.
	 */
	private static function put_paragraphs_first(): void {
		$hook = $GLOBALS['wp_filter']['the_content'] ?? null;
		if ( ! $hook instanceof \WP_Hook || ! isset( $hook->callbacks[10]['wpautop'], $hook->callbacks[10]['shortcode_unautop'] ) ) {
			return;
		}
		$names = array_keys( $hook->callbacks[10] );
		if ( array_search( 'wpautop', $names, true ) < array_search( 'shortcode_unautop', $names, true ) ) {
			return;
		}
		$ordered = array();
		foreach ( $hook->callbacks[10] as $name => $callback ) {
			if ( 'shortcode_unautop' === $name ) {
				$ordered['wpautop'] = $hook->callbacks[10]['wpautop'];
			}
			if ( 'wpautop' !== $name ) {
				$ordered[ $name ] = $callback;
			}
		}
		$hook->callbacks[10] = $ordered;
	}

	/**
	 * Go in.
	 *
	 * @return callable[] What undoes it, to be called from the last to the first.
	 */
	private static function enter(): array {
		self::forget();
		return array( Permalinks::swap(), self::swap_globals(), self::swap_request(), self::become_nobody(), self::speak(), self::filter(), self::listen() );
	}

	/**
	 * What is printed meanwhile is nobody's.
	 */
	private static function listen(): callable {
		ob_start();
		$level = ob_get_level();
		return static function () use ( $level ): void {
			while ( ob_get_level() >= $level && ob_end_clean() ) {
				continue;
			}
		};
	}

	/**
	 * Whatever this request knows of the database may be older than a statement that no hook told of.
	 */
	private static function forget(): void {
		if ( function_exists( 'wp_cache_supports' ) && wp_cache_supports( 'flush_runtime' ) ) {
			wp_cache_flush_runtime();
		} elseif ( ! wp_using_ext_object_cache() ) {
			wp_cache_flush();
		}
	}

	/**
	 * An empty main query, and no admin screen.
	 */
	private static function swap_globals(): callable {
		$kept = array();
		foreach ( self::LOOP as $name ) {
			if ( array_key_exists( $name, $GLOBALS ) ) {
				$kept[ $name ] = $GLOBALS[ $name ];
			}
			unset( $GLOBALS[ $name ] );
		}
		// phpcs:disable WordPress.WP.GlobalVariablesOverride -- This is what it is for; all of it is put back.
		$GLOBALS['wp_the_query'] = new \WP_Query();
		$GLOBALS['wp_query']     = $GLOBALS['wp_the_query'];
		if ( is_admin() ) {
			require_once ABSPATH . 'wp-admin/includes/class-wp-screen.php';
			require_once ABSPATH . 'wp-admin/includes/screen.php';
			$GLOBALS['current_screen'] = \WP_Screen::get( 'front' );
		}
		// phpcs:enable
		return static function () use ( $kept ): void {
			foreach ( self::LOOP as $name ) {
				unset( $GLOBALS[ $name ] );
				if ( array_key_exists( $name, $kept ) ) {
					$GLOBALS[ $name ] = $kept[ $name ];
				}
			}
		};
	}

	/**
	 * A request of nothing in particular, at the scheme and host of the site.
	 */
	private static function swap_request(): callable {
		// phpcs:disable WordPress.CSRF.NonceVerification, WordPress.Security.NonceVerification -- Nothing of them is used.
		$kept = array( $_SERVER, $_GET, $_POST, $_REQUEST, $_COOKIE );
		// phpcs:enable
		$home    = wp_parse_url( (string) get_option( 'home' ) );
		$port    = isset( $home['port'] ) ? ':' . $home['port'] : '';
		$request = array(
			'REQUEST_METHOD' => 'GET',
			'REQUEST_URI'    => ( $home['path'] ?? '' ) . '/',
			'HTTP_HOST'      => ( $home['host'] ?? 'localhost' ) . $port,
			'SERVER_NAME'    => $home['host'] ?? 'localhost',
			'HTTPS'          => 'https' === ( $home['scheme'] ?? '' ) ? 'on' : 'off',
		);
		$_SERVER = array_merge( array_diff_key( $_SERVER, array_flip( self::VISITOR ) ), $request );

		$_GET     = array();
		$_POST    = array();
		$_REQUEST = array();
		$_COOKIE  = array();
		return static function () use ( $kept ): void {
			// phpcs:ignore WordPress.CSRF.NonceVerification, WordPress.Security.NonceVerification -- As they were.
			list( $_SERVER, $_GET, $_POST, $_REQUEST, $_COOKIE ) = $kept;
		};
	}

	/**
	 * Nobody is logged in.
	 */
	private static function become_nobody(): callable {
		$user = get_current_user_id();
		wp_set_current_user( 0 );
		return static function () use ( $user ): void {
			wp_set_current_user( $user );
		};
	}

	/**
	 * The site's language, not the editor's.
	 */
	private static function speak(): callable {
		// Where WordPress speaks another language for a moment, get_locale() would tell that one.
		$switcher = array( $GLOBALS['wp_locale_switcher'] ?? null, 'filter_locale' );
		$filtered = is_object( $switcher[0] ) && remove_filter( 'locale', $switcher );
		$locale   = get_locale();
		if ( $filtered ) {
			add_filter( 'locale', $switcher );
		}
		$switched = switch_to_locale( $locale );
		return static function () use ( $switched ): void {
			if ( $switched ) {
				restore_previous_locale();
			}
		};
	}

	/**
	 * What depends on the hour, or on which of WordPress's files are loaded, would make another document each time: a
	 * nonce, which says nothing of an anonymous visitor, and labels that only the admin area knows.
	 */
	private static function filter(): callable {
		$life    = static function (): int {
			return 1000 * YEAR_IN_SECONDS;
		};
		$states  = static function (): array {
			return array();
		};
		$shorten = self::trim_excerpts_as_for_visitors();
		add_filter( 'nonce_life', $life, PHP_INT_MAX );
		add_filter( 'display_post_states', $states, PHP_INT_MAX );
		return static function () use ( $life, $states, $shorten ): void {
			$shorten();
			remove_filter( 'nonce_life', $life, PHP_INT_MAX );
			remove_filter( 'display_post_states', $states, PHP_INT_MAX );
		};
	}

	/**
	 * In the admin area, and in REST before WordPress 7.0, wp-includes/blocks/post-excerpt.php has every excerpt made
	 * longer than visitors see it. Depending on the version it does so by a function or a closure.
	 */
	private static function trim_excerpts_as_for_visitors(): callable {
		$leave = self::keep_hook( 'excerpt_length' );
		$hook  = $GLOBALS['wp_filter']['excerpt_length'] ?? null;
		foreach ( $hook instanceof \WP_Hook ? $hook->callbacks[ PHP_INT_MAX ] ?? array() : array() as $callback ) {
			$call = $callback['function'];
			if ( $call instanceof \Closure || ( is_string( $call ) && function_exists( $call ) ) ) {
				$file = wp_normalize_path( (string) ( new \ReflectionFunction( $call ) )->getFileName() );
				if ( '/blocks/post-excerpt.php' === substr( $file, -24 ) ) {
					remove_filter( 'excerpt_length', $call, PHP_INT_MAX );
				}
			}
		}
		return $leave;
	}

	/**
	 * Let a hook be changed for a while, by us or by what is rendered.
	 *
	 * @param string $name Of the hook.
	 * @return callable Puts it back as it was.
	 */
	public static function keep_hook( string $name ): callable {
		$kept = $GLOBALS['wp_filter'][ $name ] ?? null;
		if ( ! $kept instanceof \WP_Hook ) {
			return static function (): void {};
		}
		// phpcs:ignore WordPress.WP.GlobalVariablesOverride -- Whoever is in the middle of the hook has the one that is kept.
		$GLOBALS['wp_filter'][ $name ] = clone $kept;
		return static function () use ( $name, $kept ): void {
			$GLOBALS['wp_filter'][ $name ] = $kept; // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- As it was.
		};
	}
}
