<?php
/**
 * Where the public site and its content store are: from constants, the environment and one option to
 * plain values. Reads only; secrets leave it through the two methods that are named after them.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * Settings of one site. A constant wins over the environment, and that over the option.
 *
 * In a network the constants and variables SOS_SITE and SOS_PREVIEW_SECRET speak of the main site;
 * those of the site with the id 3 are SOS_SITE_3 and SOS_PREVIEW_SECRET_3, because each site needs a
 * name of its own in the store. SOS_REDIS_URL holds for all of them, unless there is a SOS_REDIS_URL_3.
 */
final class Settings {
	const OPTION = 'sos_publisher';

	/** Characters that a secret must have: what the nodes require. */
	const SECRET_LENGTH = 16;

	/**
	 * Public base URL without a slash at its end, such as "https://www.example.org"; '' if it is unset or wrong.
	 */
	public function site(): string {
		$parts = self::parse_site( $this->value( 'site' ) );
		return null === $parts ? '' : $parts['url'];
	}

	/**
	 * Host of the public site, in lower case and without a port: its name in the store. '' if unset.
	 */
	public function host(): string {
		$parts = self::parse_site( $this->value( 'site' ) );
		return null === $parts ? '' : $parts['host'];
	}

	/**
	 * Address of the content store, with its password; see docs/content-store.md. '' if unset.
	 */
	public function redis_url(): string {
		return $this->value( 'redis_url' );
	}

	/**
	 * Key of the signatures of preview links; '' if it is unset or too short to be one.
	 */
	public function preview_secret(): string {
		$secret = $this->value( 'preview_secret' );
		return strlen( $secret ) < self::SECRET_LENGTH ? '' : $secret;
	}

	/**
	 * Whether documents can be sent.
	 */
	public function is_configured(): bool {
		return '' !== $this->host() && '' !== $this->redis_url();
	}

	/**
	 * What is wrong, in sentences for an administrator; none repeats a value.
	 *
	 * @return string[]
	 */
	public function problems(): array {
		$problems = array();
		if ( '' === $this->value( 'site' ) ) {
			$problems[] = __( 'The address of the public site is not set (SOS_SITE).', 'sos-publisher' );
		} elseif ( '' === $this->host() ) {
			$problems[] = __( 'The address of the public site is not one: write it as https://www.example.org, without a path (SOS_SITE).', 'sos-publisher' );
		}
		if ( '' === $this->redis_url() ) {
			$problems[] = __( 'The address of the content store is not set (SOS_REDIS_URL).', 'sos-publisher' );
		} else {
			try {
				Store\Redis_Url::parse( $this->redis_url() );
			} catch ( Store\Unavailable $error ) {
				$problems[] = $error->getMessage();
			}
		}
		$secret = $this->value( 'preview_secret' );
		if ( '' !== $secret && strlen( $secret ) < self::SECRET_LENGTH ) {
			$problems[] = sprintf(
				/* translators: %d: number of characters */
				__( 'The secret for preview links is shorter than %d characters (SOS_PREVIEW_SECRET); there are no previews until it is longer.', 'sos-publisher' ),
				self::SECRET_LENGTH
			);
		}
		return $problems;
	}

	/**
	 * Where a value comes from.
	 *
	 * @param string $name One of site, redis_url, preview_secret.
	 * @return string One of constant, environment, option, unset.
	 */
	public function source( string $name ): string {
		return $this->find( $name )[1];
	}

	/**
	 * The address of the content store as it may be shown: without user name and password.
	 */
	public function redacted_url(): string {
		$url = $this->redis_url();
		if ( '' === $url ) {
			return '';
		}
		try {
			return Store\Redis_Url::parse( $url )->redacted();
		} catch ( Store\Unavailable $error ) {
			return __( '(not readable)', 'sos-publisher' );
		}
	}

	/**
	 * A setting as it was given, without space around it.
	 *
	 * @param string $name One of site, redis_url, preview_secret.
	 */
	private function value( string $name ): string {
		return $this->find( $name )[0];
	}

	/**
	 * A setting and where it was found.
	 *
	 * @param string $name One of site, redis_url, preview_secret.
	 * @return string[]
	 */
	private function find( string $name ): array {
		foreach ( self::words( $name ) as $word ) {
			if ( defined( $word ) && is_string( constant( $word ) ) && '' !== trim( constant( $word ) ) ) {
				return array( trim( constant( $word ) ), 'constant' );
			}
			// Web servers hand variables on in one of two ways.
			$said = getenv( $word );
			$said = false === $said && isset( $_SERVER[ $word ] ) ? $_SERVER[ $word ] : $said; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- No request can set it: what comes from a request begins with HTTP_.
			if ( is_string( $said ) && '' !== trim( $said ) ) {
				return array( trim( $said ), 'environment' );
			}
		}
		$option = get_option( self::OPTION );
		if ( is_array( $option ) && isset( $option[ $name ] ) && is_string( $option[ $name ] ) && '' !== trim( $option[ $name ] ) ) {
			return array( trim( $option[ $name ] ), 'option' );
		}
		return array( '', 'unset' );
	}

	/**
	 * Names of the constants and variables that may hold a setting of this site, the most special one first.
	 *
	 * @param string $name One of site, redis_url, preview_secret.
	 * @return string[]
	 */
	private static function words( string $name ): array {
		$word = 'SOS_' . strtoupper( $name );
		if ( ! is_multisite() ) {
			return array( $word );
		}
		$own = $word . '_' . get_current_blog_id();
		return is_main_site() || 'redis_url' === $name ? array( $own, $word ) : array( $own );
	}

	/**
	 * Take a base URL apart, or null where it is none.
	 *
	 * @param string $url As it was given.
	 * @return array{url: string, host: string}|null
	 */
	private static function parse_site( string $url ): ?array {
		if ( ! preg_match( '~^(https?)://([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:\d{1,5})?/?$~i', $url, $found ) ) {
			return null;
		}
		return array(
			'url'  => rtrim( $url, '/' ),
			'host' => trim( strtolower( $found[2] ), '[]' ),
		);
	}
}
