<?php
/**
 * From the text of SOS_REDIS_URL to where the content store is. Opens nothing. A message never repeats a
 * part of the URL: a password that was not escaped may end up in any part.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

/**
 * A URL taken apart, as docs/content-store.md of sos ("Addresses") has it.
 */
final class Redis_Url {
	const PORTS = array(
		'redis'          => 6379,
		'rediss'         => 6379,
		'redis+cluster'  => 6379,
		'redis+sentinel' => 26379,
		'unix'           => 0,
	);

	const QUERY = array(
		'redis'          => array( 'db' ),
		'rediss'         => array( 'db', 'ca' ),
		'redis+cluster'  => array( 'ca', 'tls' ),
		'redis+sentinel' => array( 'db', 'ca', 'tls' ),
		'unix'           => array( 'db' ),
	);

	/**
	 * One of the keys of PORTS.
	 *
	 * @var string
	 */
	public string $scheme;

	/**
	 * Servers, Sentinels, or nodes of a cluster, in their order; for unix one with a path.
	 *
	 * @var Endpoint[]
	 */
	public array $endpoints = array();

	/**
	 * The service that Sentinels are asked for.
	 *
	 * @var string
	 */
	public string $service = '';

	/**
	 * Take a URL apart.
	 *
	 * @param string $url As an operator writes it.
	 * @throws Unavailable When it can't be understood, or its `ca` is no file.
	 */
	public static function parse( string $url ): self {
		$pattern = '~^(?<scheme>[a-z+]+)://(?:(?<user>[^/?#]*)@)?(?<hosts>[^/?#@]*)(?<path>[^?#]*)(?:\?(?<query>[^#]*))?$~D';
		if ( ! preg_match( $pattern, $url, $found ) || ! isset( self::PORTS[ $found['scheme'] ] ) ) {
			self::fail( __( 'it is none of redis://, rediss://, redis+sentinel://, redis+cluster:// and unix://, or not sound; special characters of a user name or password must be percent-encoded', 'sos-publisher' ) );
		}
		$address         = new self();
		$address->scheme = $found['scheme'];
		$query           = self::parse_query( $address->scheme, $found['query'] ?? '' );
		$path            = rawurldecode( $found['path'] );
		$login           = explode( ':', $found['user'], 2 );

		$server           = new Endpoint();
		$server->user     = rawurldecode( $login[0] );
		$server->password = rawurldecode( $login[1] ?? '' );
		$server->tls      = 'rediss' === $address->scheme || isset( $query['tls'] ) || isset( $query['ca'] );
		$server->ca       = $query['ca'] ?? '';

		if ( 'unix' === $address->scheme ) {
			if ( '' !== $found['hosts'] || '/' !== substr( $path, 0, 1 ) ) {
				self::fail( __( 'unix:// has no host and needs the absolute path of a socket: unix:///path', 'sos-publisher' ) );
			}
			$server->path = $path;
			$db           = '';
		} elseif ( 'redis+sentinel' === $address->scheme ) {
			list( $service, $db ) = array_pad( explode( '/', trim( $path, '/' ), 2 ), 2, '' );
			$address->service     = '' === $service ? 'mymaster' : $service;
		} else {
			$db = trim( $path, '/' );
		}
		if ( 'redis+cluster' === $address->scheme && '' !== $db ) {
			self::fail( __( 'a cluster has no numbered databases and no path', 'sos-publisher' ) );
		}
		$server->db         = self::parse_db( $query['db'] ?? $db );
		$address->endpoints = 'unix' === $address->scheme ? array( $server ) : self::parse_hosts( $found['hosts'], $address->scheme, $server );
		return $address;
	}

	/**
	 * The address as it may be shown: without login and query.
	 */
	public function redacted(): string {
		$first = $this->endpoints[0];
		$login = '' !== $first->user . $first->password ? '…@' : '';
		if ( 'unix' === $this->scheme ) {
			return 'unix://' . $login . $first->path . ( $first->db ? '?db=' . $first->db : '' );
		}
		$hosts = array_map(
			static fn( Endpoint $at ): string => ( false === strpos( $at->host, ':' ) ? $at->host : "[$at->host]" ) . ':' . $at->port,
			$this->endpoints
		);
		$path  = '' === $this->service ? '' : '/' . $this->service;
		return $this->scheme . '://' . $login . implode( ',', $hosts ) . $path . ( $first->db ? '/' . $first->db : '' );
	}

	/**
	 * What stands behind the question mark.
	 *
	 * @param string $scheme Scheme.
	 * @param string $text   The query.
	 * @return array<string, string>
	 */
	private static function parse_query( string $scheme, string $text ): array {
		$query = array();
		foreach ( '' === $text ? array() : explode( '&', $text ) as $part ) {
			list( $name, $value )        = array_pad( explode( '=', $part, 2 ), 2, '' );
			$query[ urldecode( $name ) ] = urldecode( $value );
		}
		if ( array_diff( array_keys( $query ), self::QUERY[ $scheme ] ) ) {
			self::fail(
				sprintf(
					/* translators: %s: names, such as "db, ca" */
					__( 'after ? this kind of URL may have %s; special characters of a user name or password must be percent-encoded', 'sos-publisher' ),
					implode( ', ', self::QUERY[ $scheme ] )
				)
			);
		}
		if ( isset( $query['ca'] ) && ! is_file( $query['ca'] ) ) {
			self::fail( __( 'ca: there is no such file', 'sos-publisher' ) );
		}
		return $query;
	}

	/**
	 * Number of a database.
	 *
	 * @param string $text Digits, or nothing.
	 */
	private static function parse_db( string $text ): int {
		if ( ! preg_match( '/^\d{0,5}$/D', $text ) ) {
			self::fail( __( 'the database is not a number', 'sos-publisher' ) );
		}
		return (int) $text;
	}

	/**
	 * Hosts and ports of "h1,h2:6380,[::1]:6381".
	 *
	 * @param string   $text   Hosts.
	 * @param string   $scheme Scheme.
	 * @param Endpoint $server What all of them have in common.
	 * @return Endpoint[]
	 */
	private static function parse_hosts( string $text, string $scheme, Endpoint $server ): array {
		$endpoints = array();
		foreach ( explode( ',', $text ) as $host ) {
			$known = preg_match( '~^(?:([A-Za-z0-9_.-]+)|\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)\])(?::(\d{1,5}))?$~D', $host, $found );
			$port  = $known ? (int) ( $found[3] ?? self::PORTS[ $scheme ] ) : 0;
			if ( $port < 1 || $port > 65535 ) {
				self::fail( __( 'a host or port is missing or malformed; special characters of a user name or password must be percent-encoded', 'sos-publisher' ) );
			}
			$endpoints[] = $server->at( '' !== $found[1] ? $found[1] : $found[2], $port );
		}
		if ( count( $endpoints ) > 1 && in_array( $scheme, array( 'redis', 'rediss' ), true ) ) {
			self::fail( __( 'more than one host; see redis+sentinel and redis+cluster', 'sos-publisher' ) );
		}
		return $endpoints;
	}

	/**
	 * It can't be used.
	 *
	 * @param string $why What is wrong.
	 * @throws Unavailable Always.
	 */
	private static function fail( string $why ): void {
		/* translators: %s: what is wrong with it */
		throw new Unavailable( sprintf( __( 'The address of the content store (SOS_REDIS_URL) can\'t be used: %s.', 'sos-publisher' ), $why ) ); // phpcs:ignore WordPress.Security.EscapeOutput
	}
}
