<?php
/**
 * The same over phpredis, where that extension is loaded.
 *
 * Its time-outs count for each piece that arrives, not for the whole answer: it can't do better.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

// phpcs:disable WordPress.PHP.NoSilencedErrors -- A lost connection is told by an exception, not by a warning on a page.

/**
 * One connection, opened by the first command.
 */
final class Phpredis_Connection implements Connection {
	/**
	 * The server.
	 *
	 * @var Endpoint
	 */
	private Endpoint $at;

	/**
	 * Seconds for a call, and for connecting.
	 *
	 * @var float
	 */
	private float $patience;

	/**
	 * Seconds for the next call.
	 *
	 * @var float
	 */
	private float $allowed;

	/**
	 * The driver's object, or null while there is no connection.
	 *
	 * @var \Redis|null
	 */
	private ?\Redis $redis = null;

	/**
	 * Whether it was ever connected: before, phpredis does not tell errors either.
	 *
	 * @var bool
	 */
	private bool $is_open = false;

	/**
	 * Whether phpredis is there, and new enough: 5.3 is the first that takes TLS options and user names.
	 */
	public static function is_possible(): bool {
		return class_exists( '\Redis', false ) && version_compare( (string) phpversion( 'redis' ), '5.3.0', '>=' );
	}

	/**
	 * Connects to nothing yet.
	 *
	 * @param Endpoint $at       The server.
	 * @param float    $patience Seconds for connecting, and for each answer.
	 */
	public function __construct( Endpoint $at, float $patience = 0.25 ) {
		$this->at       = $at;
		$this->patience = $patience;
		$this->allowed  = $patience;
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
	 * See Connection. One after the other: phpredis tells only the last error of a pipeline.
	 *
	 * @param string[][] $commands Commands.
	 */
	public function pipeline( array $commands ): array {
		$allowed       = $this->allowed;
		$this->allowed = $this->patience;
		$redis         = $this->connect();
		$deadline      = hrtime( true ) / 1e9 + $allowed;
		$answers       = array();
		foreach ( $commands as $words ) {
			$left = $deadline - hrtime( true ) / 1e9;
			if ( $left <= 0 ) {
				$this->lose( __( 'it does not answer in time', 'sos-publisher' ) );
			}
			$answers[] = $this->ask(
				static function () use ( $redis, $words, $left ) {
					$redis->setOption( \Redis::OPT_READ_TIMEOUT, $left );
					return $redis->rawCommand( ...$words );
				}
			);
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
	 * See Connection.
	 */
	public function close(): void {
		if ( null !== $this->redis ) {
			try {
				@$this->redis->close();
			} catch ( \RedisException $error ) {
				$error = null; // It is closed either way.
			}
		}
		$this->redis   = null;
		$this->is_open = false;
	}

	/**
	 * Connect and log in, unless that was done.
	 *
	 * @throws Refused When the login is refused.
	 */
	private function connect(): \Redis {
		if ( null !== $this->redis ) {
			return $this->redis;
		}
		$redis       = new \Redis();
		$this->redis = $redis;
		// By phpredis itself, which repeats it when it connects again behind our back.
		$steps = array( fn() => $this->open( $redis ) );
		if ( '' !== $this->at->password || '' !== $this->at->user ) {
			$steps[] = fn() => $redis->auth( '' !== $this->at->user ? array( $this->at->user, $this->at->password ) : $this->at->password );
		}
		if ( $this->at->db ) {
			$steps[] = fn() => $redis->select( $this->at->db );
		}
		foreach ( $steps as $step ) {
			$answer = $this->ask( $step );
			if ( $answer instanceof Refused || null === $answer ) {
				$this->close();
				throw $answer instanceof Refused ? $answer : new Unavailable( __( 'it does not let us in', 'sos-publisher' ) ); // phpcs:ignore WordPress.Security.EscapeOutput
			}
		}
		return $redis;
	}

	/**
	 * Open the connection.
	 *
	 * @param \Redis $redis The driver's object.
	 */
	private function open( \Redis $redis ): bool {
		if ( '' !== $this->at->path ) {
			$done = @$redis->connect( $this->at->path, 0, $this->patience, null, 0, $this->patience );
		} elseif ( $this->at->tls ) {
			$done = @$redis->connect( 'tls://' . $this->at->host, $this->at->port, $this->patience, null, 0, $this->patience, array( 'stream' => $this->at->tls_options() ) );
		} else {
			$done = @$redis->connect( $this->at->host, $this->at->port, $this->patience, null, 0, $this->patience );
		}
		$this->is_open = true;
		if ( defined( '\Redis::OPT_MAX_RETRIES' ) ) {
			$redis->setOption( constant( '\Redis::OPT_MAX_RETRIES' ), 0 );
		}
		return $done;
	}

	/**
	 * Do something with the driver, and have its answer in the form that Connection promises.
	 *
	 * @param callable $step What to do.
	 * @return mixed
	 */
	private function ask( callable $step ) {
		try {
			$error = null;
			if ( $this->is_open ) {
				$this->redis->clearLastError();
			}
			$answer = @$step();
			if ( $this->is_open ) {
				$error = $this->redis->getLastError();
			}
		} catch ( \RedisException $exception ) {
			$error = $exception->getMessage();
			// Errors of the server begin with a word in capitals; the driver's own don't.
			if ( ! preg_match( '/^[A-Z]{2,}[A-Z0-9_]* /', $error ) ) {
				$this->lose( self::reason_of( $error ) );
			}
		}
		return is_string( $error ) ? Refused::from_reply( $error, $this->at->secrets() ) : self::plain( $answer );
	}

	/**
	 * Answers as the other client gives them.
	 *
	 * @param mixed $answer What phpredis makes of an answer.
	 * @return mixed
	 */
	private static function plain( $answer ) {
		if ( is_array( $answer ) ) {
			return array_map( array( self::class, 'plain' ), $answer );
		}
		if ( true === $answer ) {
			return 'OK';
		}
		return false === $answer ? null : $answer;
	}

	/**
	 * Hang up and say why.
	 *
	 * @param string $why Why.
	 * @throws Unavailable Always.
	 */
	private function lose( string $why ): void {
		$this->close();
		throw new Unavailable( $why ); // phpcs:ignore WordPress.Security.EscapeOutput
	}

	/**
	 * What the driver's words mean. Its own might name the address.
	 *
	 * @param string $words Message of an exception of the driver.
	 */
	private static function reason_of( string $words ): string {
		if ( false !== stripos( $words, 'refused' ) ) {
			return __( 'nothing listens at its address', 'sos-publisher' );
		}
		if ( false !== stripos( $words, 'getaddrinfo' ) || false !== stripos( $words, 'name or service' ) ) {
			return __( 'its host name is not known', 'sos-publisher' );
		}
		if ( false !== stripos( $words, 'protocol error' ) ) {
			return __( 'what answers is not a Redis', 'sos-publisher' );
		}
		if ( false !== stripos( $words, 'went away' ) || false !== stripos( $words, 'lost' ) ) {
			return __( 'it closed the connection', 'sos-publisher' );
		}
		return __( 'it does not answer in time', 'sos-publisher' );
	}
}
