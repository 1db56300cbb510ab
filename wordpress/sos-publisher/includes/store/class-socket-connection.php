<?php
/**
 * The plugin's own client, for where phpredis is missing: RESP2 over a Stream, which minds the time.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

/**
 * One connection, opened by the first command.
 */
final class Socket_Connection implements Connection {
	/** Bytes of one text in an answer; no document is as long as this. */
	const LONGEST = 67108864;

	/** Lists within lists. */
	const DEEPEST = 8;

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
	 * The bytes, or null while there is no connection.
	 *
	 * @var Stream|null
	 */
	private ?Stream $stream = null;

	/**
	 * Connects to nothing yet.
	 *
	 * @param Endpoint $at       The server.
	 * @param float    $patience Seconds for connecting with login, and for each call.
	 */
	public function __construct( Endpoint $at, float $patience = 0.25 ) {
		$this->at       = $at;
		$this->patience = $patience;
		$this->allowed  = $patience;
	}

	/**
	 * Hang up.
	 */
	public function __destruct() {
		$this->close();
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
	 * See Connection.
	 *
	 * @param string[][] $commands Commands.
	 * @throws Unavailable When one of them has no answer in time.
	 */
	public function pipeline( array $commands ): array {
		$allowed       = $this->allowed;
		$this->allowed = $this->patience;
		try {
			return $this->exchange( $this->connect(), $commands, $allowed );
		} catch ( Unavailable $error ) {
			$this->close();
			throw $error;
		}
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
		if ( null !== $this->stream ) {
			$this->stream->close();
		}
		$this->stream = null;
	}

	/**
	 * Connect and log in, unless that was done.
	 *
	 * @throws Refused When the login is refused.
	 */
	private function connect(): Stream {
		if ( null !== $this->stream ) {
			return $this->stream;
		}
		$stream = new Stream( $this->at );
		$stream->open( $this->patience );
		$this->stream = $stream;
		foreach ( $this->exchange( $stream, self::login( $this->at ), null ) as $answer ) {
			if ( $answer instanceof Refused ) {
				$this->close();
				throw $answer;
			}
		}
		return $stream;
	}

	/**
	 * Commands that a new connection begins with.
	 *
	 * @param Endpoint $at The server.
	 * @return string[][]
	 */
	private static function login( Endpoint $at ): array {
		$commands = array();
		if ( '' !== $at->user ) {
			$commands[] = array( 'AUTH', $at->user, $at->password );
		} elseif ( '' !== $at->password ) {
			$commands[] = array( 'AUTH', $at->password );
		}
		if ( $at->db ) {
			$commands[] = array( 'SELECT', (string) $at->db );
		}
		return $commands;
	}

	/**
	 * Send commands and read their answers.
	 *
	 * @param Stream     $stream   Where to.
	 * @param string[][] $commands Commands.
	 * @param float|null $seconds  How long that may take; null: what is left of the time for connecting.
	 * @return array
	 */
	private function exchange( Stream $stream, array $commands, ?float $seconds ): array {
		if ( null !== $seconds ) {
			$stream->allow( $seconds );
		}
		$bytes = '';
		foreach ( $commands as $words ) {
			$bytes .= '*' . count( $words ) . "\r\n";
			foreach ( $words as $word ) {
				$bytes .= '$' . strlen( $word ) . "\r\n" . $word . "\r\n";
			}
		}
		$stream->write( $bytes );
		$answers = array();
		foreach ( $commands as $words ) {
			$answers[] = $this->read( $stream, 0 );
		}
		return $answers;
	}

	/**
	 * Read one answer.
	 *
	 * @param Stream $stream Where from.
	 * @param int    $depth  How many lists it is in.
	 * @return mixed
	 */
	private function read( Stream $stream, int $depth ) {
		$line = $stream->read_line();
		$rest = substr( $line, 1 );
		switch ( $line[0] ?? '' ) {
			case '+':
				return $rest;
			case '-':
				return Refused::from_reply( $rest, $this->at->secrets() );
			case ':':
				return (int) $rest;
			case '$':
				return self::read_text( $stream, $rest );
			case '*':
				return $this->read_list( $stream, $rest, $depth );
		}
		return $stream->lose( Stream::nonsense() );
	}

	/**
	 * Read a text of a length that was announced.
	 *
	 * @param Stream $stream    Where from.
	 * @param string $announced Its length, or -1 for nil.
	 */
	private static function read_text( Stream $stream, string $announced ): ?string {
		if ( '-1' === $announced ) {
			return null;
		}
		if ( ! ctype_digit( $announced ) || (int) $announced > self::LONGEST ) {
			$stream->lose( Stream::nonsense() );
		}
		return substr( $stream->read_bytes( (int) $announced + 2 ), 0, -2 );
	}

	/**
	 * Read a list of a length that was announced.
	 *
	 * @param Stream $stream    Where from.
	 * @param string $announced Its length, or -1 for nil.
	 * @param int    $depth     How many lists it is in.
	 */
	private function read_list( Stream $stream, string $announced, int $depth ): ?array {
		if ( '-1' === $announced ) {
			return null;
		}
		if ( ! ctype_digit( $announced ) || $depth >= self::DEEPEST ) {
			$stream->lose( Stream::nonsense() );
		}
		$list = array();
		for ( $left = (int) $announced; $left > 0; $left-- ) {
			$list[] = $this->read( $stream, $depth + 1 );
		}
		return $list;
	}
}
