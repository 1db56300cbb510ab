<?php
/**
 * Finds the server that takes writes: directly, through Sentinels, or in a cluster, and stays with it until
 * it moves. Logs in nowhere but there.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

/**
 * A connection to whichever server it is just now. All keys of a site are in one slot of a cluster, so one
 * connection is enough.
 */
final class Dialer implements Connection {
	/** How often a call is sent to yet another server. */
	const HOPS = 3;

	/**
	 * Where to begin.
	 *
	 * @var Redis_Url
	 */
	private Redis_Url $url;

	/**
	 * Seconds for connecting, and for each call.
	 *
	 * @var float
	 */
	private float $patience;

	/**
	 * Seconds for the next call, or null for the usual time.
	 *
	 * @var float|null
	 */
	private ?float $allowed = null;

	/**
	 * Makes a connection: fn( Endpoint, float ): Connection.
	 *
	 * @var callable
	 */
	private $make;

	/**
	 * Where the connection leads.
	 *
	 * @var Endpoint|null
	 */
	private ?Endpoint $at = null;

	/**
	 * The connection, or null while there is none.
	 *
	 * @var Connection|null
	 */
	private ?Connection $open = null;

	/**
	 * Connects to nothing yet.
	 *
	 * @param Redis_Url     $url      Where to begin.
	 * @param float         $patience Seconds for connecting, and for each call.
	 * @param callable|null $make     fn( Endpoint, float ): Connection; phpredis if it is loaded, unless told.
	 */
	public function __construct( Redis_Url $url, float $patience = 0.25, ?callable $make = null ) {
		$this->url      = $url;
		$this->patience = $patience;
		$this->make     = $make ?? array( self::class, 'connection' );
	}

	/**
	 * A connection of the better kind that there is.
	 *
	 * @param Endpoint $at       The server.
	 * @param float    $patience Seconds for connecting, and for each call.
	 */
	public static function connection( Endpoint $at, float $patience ): Connection {
		return Phpredis_Connection::is_possible() ? new Phpredis_Connection( $at, $patience ) : new Socket_Connection( $at, $patience );
	}

	/**
	 * See Connection.
	 *
	 * @param string ...$words The command and its arguments.
	 * @return mixed
	 * @throws Refused When the answer is an error.
	 */
	public function command( string ...$words ) {
		$answer = $this->pipeline( array( $words ) )[0];
		if ( $answer instanceof Refused ) {
			throw $answer;
		}
		return $answer;
	}

	/**
	 * See Connection. Everything is sent again to where the server says that the keys are.
	 *
	 * @param string[][] $commands Commands.
	 * @throws Unavailable When one of them has no answer in time.
	 */
	public function pipeline( array $commands ): array {
		$allowed       = $this->allowed;
		$this->allowed = null;
		$answers       = array();
		for ( $hop = 0; $hop < self::HOPS; $hop++ ) {
			try {
				$this->open = $this->open ?? $this->dial();
				if ( null !== $allowed ) {
					$this->open->allow( $allowed );
				}
				$answers = $this->open->pipeline( $commands );
			} catch ( Unavailable $error ) {
				$this->close();
				throw $error;
			}
			if ( ! $this->has_moved( $answers ) ) {
				return $answers;
			}
		}
		return $answers;
	}

	/**
	 * See Connection.
	 *
	 * @param float $seconds Seconds.
	 */
	public function allow( float $seconds ): void {
		$this->allowed = $seconds;
	}

	/**
	 * See Connection. The next command looks for the server again.
	 */
	public function close(): void {
		if ( null !== $this->open ) {
			$this->open->close();
		}
		$this->open = null;
		$this->at   = null;
	}

	/**
	 * Whether the answers say that another server is in charge; the next call goes there.
	 *
	 * @param array $answers Answers of a pipeline.
	 */
	private function has_moved( array $answers ): bool {
		foreach ( $answers as $answer ) {
			if ( ! $answer instanceof Refused ) {
				continue;
			}
			if ( 'MOVED' === $answer->kind() && preg_match( '/^MOVED \d+ (.*):(\d+)$/', $answer->getMessage(), $found ) ) {
				$at = $this->at->at( '' === $found[1] ? $this->at->host : trim( $found[1], '[]' ), (int) $found[2] );
				$this->close();
				$this->enter( $at );
				return true;
			}
			if ( 'READONLY' === $answer->kind() && '' !== $this->url->service ) {
				// It was the master a moment ago.
				$this->close();
				return true;
			}
		}
		return false;
	}

	/**
	 * Find the server.
	 *
	 * @throws Unavailable When none answers.
	 * @throws Refused     When a Sentinel refuses to tell, and no other one does.
	 */
	private function dial(): Connection {
		if ( 1 === count( $this->url->endpoints ) && '' === $this->url->service ) {
			return $this->enter( $this->url->endpoints[0] );
		}
		// All of them have to fit into one call: the first ones may be silent.
		$patience = $this->patience / max( 1, count( $this->url->endpoints ) - 1 );
		$why      = new Unavailable( __( 'no Sentinel knows a service of this name', 'sos-publisher' ) );
		foreach ( $this->url->endpoints as $at ) {
			$asked = call_user_func( $this->make, '' === $this->url->service ? $at : $at->anonymous(), $patience );
			try {
				if ( '' === $this->url->service ) {
					$asked->command( 'PING' );
					$asked->close();
					return $this->enter( $at );
				}
				$found = $asked->command( 'SENTINEL', 'get-master-addr-by-name', $this->url->service );
				$asked->close();
				if ( is_array( $found ) && 2 === count( $found ) ) {
					return $this->enter( $at->at( (string) $found[0], (int) $found[1] ) );
				}
			} catch ( Unavailable $error ) {
				$why = $error;
			} catch ( Refused $error ) {
				$why = $error;
			}
		}
		throw $why;
	}

	/**
	 * Stay with a server.
	 *
	 * @param Endpoint $at The server.
	 */
	private function enter( Endpoint $at ): Connection {
		$this->at   = $at;
		$this->open = call_user_func( $this->make, $at, $this->patience );
		return $this->open;
	}
}
