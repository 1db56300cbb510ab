<?php
/**
 * The content store of sos, as the plugin sees it: sequence numbers, apply.lua, and looks at what is there.
 * Writes content through apply.lua only, and nothing else but previews.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

use SOS_Publisher\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * Connects when it is first asked for something. Every method throws Unavailable or Refused, and nothing else.
 */
final class Store {
	/** Seconds for a call while an editor may be waiting. */
	const PATIENCE = 0.25;

	/** Seconds for a call of apply.lua with up to 2 MiB. */
	const APPLY_PATIENCE = 1.0;

	/** How much longer it may take where nobody waits. */
	const UNHURRIED = 8.0;

	/** Longest report of a node that is read, bytes: as sos itself has it. */
	const LONGEST_REPORT = 16384;

	/** Longest preview, bytes. */
	const LONGEST_PREVIEW = 16777216;

	/**
	 * What all keys begin with.
	 *
	 * @var string
	 */
	private string $prefix;

	/**
	 * Makes the connection: fn( float $patience ): Connection.
	 *
	 * @var callable
	 */
	private $dial;

	/**
	 * The connection, once there is one.
	 *
	 * @var Connection|null
	 */
	private ?Connection $connection = null;

	/**
	 * Remembers failures.
	 *
	 * @var Breaker
	 */
	private Breaker $breaker;

	/**
	 * Factor of all times.
	 *
	 * @var float
	 */
	private float $hurry = 1.0;

	/**
	 * A store that is not connected yet.
	 *
	 * @param string   $host    Name of the site.
	 * @param callable $dial    fn( float $patience ): Connection.
	 * @param Breaker  $breaker Remembers failures.
	 */
	public function __construct( string $host, callable $dial, Breaker $breaker ) {
		$this->prefix  = 'sos:{' . $host . '}:';
		$this->dial    = $dial;
		$this->breaker = $breaker;
	}

	/**
	 * The store of a site. Connects to nothing yet.
	 *
	 * @param Settings $settings Where it is.
	 */
	public static function connect( Settings $settings ): self {
		return new self(
			$settings->host(),
			static fn( float $patience ): Connection => new Dialer( Redis_Url::parse( $settings->redis_url() ), $patience ),
			new Breaker()
		);
	}

	/**
	 * Take more time from now on: no editor waits. Try also while others don't, if somebody wants to know.
	 *
	 * @param bool $insist Whether to try although the store was away moments ago.
	 */
	public function take_time( bool $insist = false ): void {
		if ( 1.0 === $this->hurry ) {
			$this->hurry = self::UNHURRIED;
			$this->close();
		}
		if ( $insist ) {
			$this->breaker->ignore();
		}
	}

	/**
	 * Remembers failures.
	 */
	public function breaker(): Breaker {
		return $this->breaker;
	}

	/**
	 * Hang up; the next call connects again.
	 */
	public function close(): void {
		if ( null !== $this->connection ) {
			$this->connection->close();
		}
		$this->connection = null;
	}

	/**
	 * A number for what is read from WordPress after this call.
	 */
	public function take_sequence(): int {
		return (int) $this->command( 'INCR', $this->prefix . 'seq' );
	}

	/**
	 * Send operations in one call: one revision, one event. At most about 50, or 2 MiB.
	 *
	 * @param Operation[] $operations What to do.
	 * @throws Unavailable When there is no answer: it may have been done, and doing it again does no harm. An error of
	 *                     the store, which has done nothing then, is Refused.
	 */
	public function apply( array $operations ): Applied {
		$script = self::script();
		$words  = array( '1', $this->prefix . 'meta', '' );
		foreach ( $operations as $operation ) {
			array_push( $words, ...$operation->words() );
		}
		$asked   = array(
			array( 'HMGET', $this->prefix . 'meta', 'rev', 'epoch' ),
			array( 'TIME' ),
		);
		$answers = $this->pipeline( array_merge( array( array_merge( array( 'EVALSHA', sha1( $script ) ), $words ) ), $asked ), self::APPLY_PATIENCE );
		if ( $answers[0] instanceof Refused && 'NOSCRIPT' === $answers[0]->kind() ) {
			$answers = $this->pipeline( array_merge( array( array_merge( array( 'EVAL', $script ), $words ) ), $asked ), self::APPLY_PATIENCE );
		}
		foreach ( $answers as $answer ) {
			$this->check( $answer );
		}
		if ( ! is_array( $answers[0] ) || count( $answers[0] ) !== count( $operations ) ) {
			throw new Unavailable( __( 'apply.lua gave an answer that is none', 'sos-publisher' ) ); // phpcs:ignore WordPress.Security.EscapeOutput
		}
		$this->breaker->worked();
		return new Applied( array_map( 'strval', $answers[0] ), (int) $answers[1][0], (string) $answers[1][1], self::seconds( $answers[2] ) );
	}

	/**
	 * Where the store is: fields of `meta`; empty for an empty store.
	 *
	 * @return array<string, string>
	 */
	public function meta(): array {
		return self::pairs( $this->command( 'HGETALL', $this->prefix . 'meta' ) );
	}

	/**
	 * What the store derived from documents.
	 *
	 * @param string[] $refs Names of documents.
	 * @return array<string, array<string, mixed>|null> Entries by name; null for what is not there.
	 */
	public function entries( array $refs ): array {
		return array_map(
			static function ( $json ): ?array {
				$entry = is_string( $json ) ? json_decode( $json, true ) : null;
				return is_array( $entry ) ? $entry : null;
			},
			$this->fields( 'entry', $refs )
		);
	}

	/**
	 * Documents as they were sent.
	 *
	 * @param string[] $refs Names of documents.
	 * @return array<string, string|null> JSON by name; null for what is not there.
	 */
	public function documents( array $refs ): array {
		return $this->fields( 'doc', $refs );
	}

	/**
	 * Go through the names of all documents. One may come twice.
	 *
	 * @param callable $each fn( string $ref, array $entry ); false ends it.
	 */
	public function scan_refs( callable $each ): void {
		$cursor = '0';
		do {
			list( $cursor, $pairs ) = $this->command( 'HSCAN', $this->prefix . 'entry', (string) $cursor, 'COUNT', '500' );
			foreach ( self::pairs( $pairs ) as $ref => $json ) {
				$entry = json_decode( $json, true );
				if ( false === $each( (string) $ref, is_array( $entry ) ? $entry : array() ) ) {
					return;
				}
			}
		} while ( '0' !== (string) $cursor );
	}

	/**
	 * The fleet: reports of all nodes that live, see docs/fleet.md of sos.
	 *
	 * @return array{now: float, nodes: array<int, array<string, mixed>>} The store's clock, and the reports by name.
	 */
	public function nodes(): array {
		$answers = $this->pipeline( array( array( 'HGETALL', $this->prefix . 'nodes' ), array( 'TIME' ) ), self::PATIENCE );
		foreach ( $answers as $answer ) {
			$this->check( $answer );
		}
		$now   = self::seconds( $answers[1] );
		$nodes = array();
		foreach ( self::pairs( $answers[0] ) as $name => $json ) {
			$report = strlen( $json ) <= self::LONGEST_REPORT ? json_decode( $json, true ) : null;
			if ( is_array( $report ) && isset( $report['at'], $report['ttl'] ) && $now - (float) $report['at'] <= (float) $report['ttl'] ) {
				$nodes[ $name ] = $report;
			}
		}
		ksort( $nodes );
		return array(
			'now'   => $now,
			'nodes' => array_values( $nodes ),
		);
	}

	/**
	 * Keep a preview for a while.
	 *
	 * @param string $id      Its name: 22 characters of base64url.
	 * @param string $json    What is previewed.
	 * @param int    $seconds For how long.
	 * @throws Refused When it is too long.
	 */
	public function put_preview( string $id, string $json, int $seconds ): void {
		if ( strlen( $json ) > self::LONGEST_PREVIEW ) {
			throw new Refused( __( 'The preview is too long.', 'sos-publisher' ) ); // phpcs:ignore WordPress.Security.EscapeOutput
		}
		$this->pipeline( array( array( 'SETEX', $this->prefix . 'preview:' . $id, (string) $seconds, $json ) ), self::APPLY_PATIENCE, true );
	}

	/**
	 * What an administrator should know of the server; null where it may not be asked.
	 *
	 * @return array{version: string|null, server: string|null, policy: string|null, max_memory: int|null,
	 *               used_memory: int|null, append_only: bool|null, role: string|null, shared: bool|null,
	 *               latency_ms: float, client: string}
	 */
	public function facts(): array {
		$this->command( 'PING' );
		$begin = hrtime( true );
		$this->command( 'PING' );
		$latency = ( hrtime( true ) - $begin ) / 1e6;
		$info    = array();
		$answers = $this->pipeline( array( array( 'INFO' ), array( 'SCAN', '0', 'COUNT', '500' ) ), self::PATIENCE );
		preg_match_all( '/^([a-z_]+):(.*?)\r?$/m', is_string( $answers[0] ) ? $answers[0] : '', $found, PREG_SET_ORDER );
		foreach ( $found as $pair ) {
			$info[ $pair[1] ] = $pair[2];
		}
		$shared = null;
		if ( is_array( $answers[1] ) ) {
			$foreign = array_filter( (array) $answers[1][1], static fn( $key ): bool => 0 !== strpos( (string) $key, 'sos:{' ) );
			$shared  = array() !== $foreign;
		}
		$known = static fn( string $name ): ?string => $info[ $name ] ?? null;
		return array(
			'version'     => $known( 'valkey_version' ) ?? $known( 'redis_version' ),
			'server'      => $info ? ( isset( $info['valkey_version'] ) ? 'Valkey' : 'Redis' ) : null,
			'policy'      => $known( 'maxmemory_policy' ),
			'max_memory'  => isset( $info['maxmemory'] ) ? (int) $info['maxmemory'] : null,
			'used_memory' => isset( $info['used_memory'] ) ? (int) $info['used_memory'] : null,
			'append_only' => isset( $info['aof_enabled'] ) ? '1' === $info['aof_enabled'] : null,
			'role'        => $known( 'role' ),
			'shared'      => $shared,
			'latency_ms'  => $latency,
			'client'      => Phpredis_Connection::is_possible() ? 'phpredis ' . phpversion( 'redis' ) : 'sos-publisher',
		);
	}

	/**
	 * Text of apply.lua.
	 */
	private static function script(): string {
		static $script = '';
		if ( '' !== $script ) {
			return $script;
		}
		$script = (string) file_get_contents( __DIR__ . '/apply.lua' ); // phpcs:ignore WordPress.WP.AlternativeFunctions
		return $script;
	}

	/**
	 * Fields of one of the site's hashes.
	 *
	 * @param string   $key  Last word of its key.
	 * @param string[] $refs Fields.
	 * @return array<string, string|null>
	 */
	private function fields( string $key, array $refs ): array {
		$refs = array_values( array_unique( $refs ) );
		if ( ! $refs ) {
			return array();
		}
		return array_combine( $refs, $this->command( 'HMGET', $this->prefix . $key, ...$refs ) );
	}

	/**
	 * One command, in the usual time.
	 *
	 * @param string ...$words The command and its arguments.
	 * @return mixed
	 */
	private function command( string ...$words ) {
		return $this->pipeline( array( $words ), self::PATIENCE, true )[0];
	}

	/**
	 * Ask, unless the store was away moments ago, and remember how that went.
	 *
	 * @param string[][] $commands Commands.
	 * @param float      $seconds  How long their answers may take altogether.
	 * @param bool       $strict   Whether an error is thrown; otherwise it stands among the answers.
	 * @throws Unavailable When there is no answer.
	 * @throws Refused     When connecting, or a command of a strict call, is refused.
	 */
	private function pipeline( array $commands, float $seconds, bool $strict = false ): array {
		if ( ! $this->breaker->allows() ) {
			throw new Unavailable( $this->breaker->state()['reason'] ); // phpcs:ignore WordPress.Security.EscapeOutput
		}
		$this->connection = $this->connection ?? call_user_func( $this->dial, self::PATIENCE * $this->hurry );
		$this->connection->allow( $seconds * $this->hurry );
		try {
			$answers = $this->connection->pipeline( $commands );
		} catch ( Unavailable $error ) {
			$this->breaker->failed( $error->getMessage() );
			throw $error;
		} catch ( Refused $error ) {
			$this->breaker->refused( $error->getMessage() );
			throw $error;
		}
		if ( 'unavailable' === $this->breaker->state()['kind'] ) {
			$this->breaker->worked();
		}
		if ( $strict ) {
			$this->check( $answers[0] );
		}
		return $answers;
	}

	/**
	 * Throw an answer that is an error, and remember it.
	 *
	 * @param mixed $answer An answer.
	 * @throws Refused If it is one.
	 */
	private function check( $answer ): void {
		if ( $answer instanceof Refused ) {
			$this->breaker->refused( $answer->getMessage() );
			throw $answer;
		}
	}

	/**
	 * A flat list of names and values as an array.
	 *
	 * @param mixed $list Names and values in turn.
	 * @return array<string, string>
	 */
	private static function pairs( $list ): array {
		$pairs = array();
		foreach ( array_chunk( is_array( $list ) ? $list : array(), 2 ) as $pair ) {
			$pairs[ (string) $pair[0] ] = (string) ( $pair[1] ?? '' );
		}
		return $pairs;
	}

	/**
	 * The answer to TIME in seconds.
	 *
	 * @param mixed $answer Seconds and microseconds.
	 */
	private static function seconds( $answer ): float {
		return is_array( $answer ) ? (float) $answer[0] + (float) $answer[1] / 1e6 : 0.0;
	}
}
